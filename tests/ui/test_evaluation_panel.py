"""The evaluation panel: its figures, the confusion matrix and its clicks, copies and files."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from sklearn.metrics import classification_report, confusion_matrix

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.evaluate import score
from mlp_studio.core.prepare import prepare
from mlp_studio.ui import theme
from mlp_studio.ui.panels import tables
from mlp_studio.ui.panels.evaluation import PARTS, UNTRAINED, EvaluationPanel, brief_names, score_table
from mlp_studio.ui.store import Cell, Evaluation, Run, Snapshot

SECONDS = 20_000


@pytest.fixture
def panel(qtbot, studio):
    made = EvaluationPanel(studio)
    qtbot.addWidget(made)
    made.resize(420, 330)
    made.show()
    return made


@pytest.fixture
def trained(qtbot, studio):
    """A run that has some points wrong."""
    studio.data.start(with_settings(Experiment(), {"train.epochs": 25, "data.rows": 600}))
    studio.train()
    qtbot.waitUntil(lambda: studio.store.state.run.status == "finished" and not studio.is_busy, timeout=SECONDS)
    return studio.store.state.run


def evaluated(names, rows=400, seed=0, wrong=0.3, split=None):
    """A run on random data with an evaluation in which a share of the predictions is wrong."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % len(names)
    data = Dataset("made up", rng.normal(size=(rows, 2)), y, ("X1", "X2"), tuple(names))
    experiment = with_settings(Experiment(), split or {})
    prepared = prepare(data, experiment.split, rng)
    return Run(experiment, prepared, "running", Snapshot(7, ()), evaluation=evaluation_of(prepared, rng, wrong))


def evaluation_of(prepared, rng, wrong=0.3, epoch=7):
    def guess(y):
        return np.where(rng.random(len(y)) < wrong, rng.integers(0, prepared.dataset.classes, len(y)), y)

    scores = {name: score(part.y, guess(part.y), prepared.dataset.classes) for name, part in prepared.parts.items()}
    return Evaluation(epoch, scores)


def texts(view):
    """The cells as they are shown, by the title of their row."""
    model = view.model()
    titles = [model.headerData(row, Qt.Orientation.Vertical) for row in range(model.rowCount())]
    return {
        title: [model.index(row, column).data() for column in range(model.columnCount())]
        for row, title in enumerate(titles)
    }


def column_titles(view):
    model = view.model()
    return [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]


def click(qtbot, view, row, column):
    place = view.visualRect(view.model().index(row, column)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def fits(view):
    """Whether all columns are seen without scrolling sideways."""
    return view.horizontalScrollBar().maximum() == 0


def test_before_training_one_sentence_says_what_to_do(panel, studio):
    assert panel.sentence.isVisible()
    assert panel.sentence.text() == UNTRAINED
    studio.data.start()
    assert panel.sentence.isVisible()
    assert not panel.accuracy.isVisible()


@pytest.mark.parametrize("part", PARTS)
def test_the_figures_are_those_of_scikit_learn(qtbot, panel, trained, part):
    qtbot.mouseClick(panel.parts.buttons[part], Qt.MouseButton.LeftButton)
    y, predicted = trained.prepared.parts[part].y, trained.evaluation.parts[part].predicted
    names = list(trained.prepared.dataset.class_names)
    report = classification_report(y, predicted, target_names=names, output_dict=True, zero_division=0)
    assert (y != predicted).any()
    shown = texts(panel.scores)
    assert column_titles(panel.scores) == ["Precision", "Recall", "F1", "Support"]
    assert list(shown) == ["Weighted", "Macro", *names]
    expected = {"Weighted": report["weighted avg"], "Macro": report["macro avg"]}
    expected |= {name: report[name] for name in names}
    for title, figures in expected.items():
        three = [f"{figures[key]:.3f}" for key in ("precision", "recall", "f1-score")]
        assert shown[title] == [*three, f"{int(figures['support']):,}"]
    assert panel.accuracy.text() == f"{report['accuracy']:.3f}"
    assert panel.summary.text() == f"{len(y):,} rows · epoch 25"


def test_the_confusion_matrix_counts_and_shares(qtbot, panel, trained):
    part = trained.prepared.test
    counts = confusion_matrix(part.y, trained.evaluation.parts["test"].predicted)
    assert [list(map(int, row)) for row in texts(panel.matrix).values()] == counts.tolist()
    qtbot.mouseClick(panel.modes.buttons["truth"], Qt.MouseButton.LeftButton)
    shares = np.array([list(map(float, row)) for row in texts(panel.matrix).values()])
    np.testing.assert_allclose(shares, 100 * counts / counts.sum(axis=1, keepdims=True), atol=0.051)
    qtbot.mouseClick(panel.modes.buttons["predicted"], Qt.MouseButton.LeftButton)
    shares = np.array([list(map(float, row)) for row in texts(panel.matrix).values()])
    np.testing.assert_allclose(shares, 100 * counts / counts.sum(axis=0, keepdims=True), atol=0.051)


def test_a_share_of_a_class_that_was_never_predicted_is_no_number(qtbot, panel, studio):
    run = evaluated(("a", "b"))
    truth = run.prepared.test.y
    scores = {"test": score(truth, np.zeros_like(truth), 2)}
    studio.store.update(run=replace(run, evaluation=Evaluation(1, scores)))
    qtbot.mouseClick(panel.modes.buttons["predicted"], Qt.MouseButton.LeftButton)
    assert texts(panel.matrix)["a"] == ["50.0", "–"]
    panel.grab()


def test_a_click_on_a_cell_selects_its_points_and_a_second_one_ends_it(qtbot, panel, studio, trained):
    click(qtbot, panel.matrix, 0, 2)
    assert studio.store.state.cell == Cell("test", 0, 2)
    assert panel.matrix.marked == (0, 2)
    click(qtbot, panel.matrix, 0, 2)
    assert studio.store.state.cell is None
    assert panel.matrix.marked is None


def test_enter_chooses_a_cell_too(qtbot, panel, studio, trained):
    panel.matrix.setFocus()
    panel.matrix.setCurrentIndex(panel.matrix.model().index(1, 1))
    qtbot.keyClick(panel.matrix, Qt.Key.Key_Return)
    assert studio.store.state.cell == Cell("test", 1, 1)


def test_a_selected_cell_is_outlined_in_its_own_part_only(qtbot, panel, studio, trained):
    click(qtbot, panel.matrix, 1, 0)
    qtbot.mouseClick(panel.parts.buttons["train"], Qt.MouseButton.LeftButton)
    assert panel.matrix.marked is None
    assert studio.store.state.cell == Cell("test", 1, 0)
    qtbot.mouseClick(panel.parts.buttons["test"], Qt.MouseButton.LeftButton)
    assert panel.matrix.marked == (1, 0)


def test_frames_of_the_training_leave_selection_and_scrolling_alone(qtbot, panel, studio):
    run = evaluated([f"class {k}" for k in range(40)], rows=2000)
    studio.store.update(run=run)
    qtbot.mouseClick(panel.parts.buttons["train"], Qt.MouseButton.LeftButton)
    click(qtbot, panel.matrix, 0, 1)
    for view in (panel.scores, panel.matrix):
        view.verticalScrollBar().setValue(55)
    panel.matrix.horizontalScrollBar().setValue(33)
    widths = [panel.matrix.columnWidth(column) for column in range(40)]
    resets, changes = [], []
    panel.matrix.model().modelReset.connect(lambda: resets.append(1))
    panel.matrix.model().dataChanged.connect(lambda: changes.append(1))

    for rate in range(30):
        studio.store.update_run(rate=float(rate), snapshot=Snapshot(rate, ()))
    assert not changes  # the same evaluation: nothing is done
    rng = np.random.default_rng(1)
    for epoch in range(5):
        studio.store.update_run(evaluation=evaluation_of(run.prepared, rng, epoch=epoch))
    assert len(changes) == 5
    assert not resets
    assert panel.matrix.marked == (0, 1)
    assert panel.parts.value == "train"
    assert [view.verticalScrollBar().value() for view in (panel.scores, panel.matrix)] == [55, 55]
    assert panel.matrix.horizontalScrollBar().value() == 33
    assert [panel.matrix.columnWidth(column) for column in range(40)] == widths


def test_render_tells_nobody_anything(panel, studio, trained):
    told = []
    studio.store.changed.connect(told.append)
    panel.render(replace(studio.store.state, cell=Cell("test", 0, 0)))
    panel.render(studio.store.state)
    assert told == []


def test_a_part_without_rows_says_so(qtbot, panel, studio):
    studio.store.update(run=evaluated(("a", "b"), split={"split.validation": 0.0, "split.test": 0.3}))
    assert panel.accuracy.isVisible()
    qtbot.mouseClick(panel.parts.buttons["validation"], Qt.MouseButton.LeftButton)
    assert panel.sentence.isVisible()
    assert panel.sentence.text().startswith("There are no validation rows")
    assert not panel.accuracy.isVisible()
    panel.scores_menu.copy_tsv.trigger()  # nothing to copy, and nothing happens


def test_three_classes_fit_360_pixels(panel, studio):
    studio.store.update(run=evaluated(("c1", "c2", "c3")))
    panel.resize(360, 330)
    assert panel.minimumSizeHint().width() <= 360
    assert fits(panel.scores)
    assert fits(panel.matrix)
    for view in (panel.scores, panel.matrix):
        assert view.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("classes", [2, 100])
def test_from_two_to_a_hundred_classes(panel, studio, classes):
    studio.store.update(run=evaluated([f"class {k}" for k in range(classes)], rows=20 * classes))
    assert panel.matrix.model().rowCount() == classes
    assert panel.sizeHint().height() == 330
    panel.grab()


def test_every_figure_is_explained(panel, studio, trained):
    tips = [
        panel.scores.model().headerData(section, side, Qt.ItemDataRole.ToolTipRole)
        for side, sections in ((Qt.Orientation.Horizontal, 4), (Qt.Orientation.Vertical, 2))
        for section in range(sections)
    ]
    for tip, word in zip(tips, ("Precision", "Recall", "F1", "Support", "Weighted", "Macro"), strict=True):
        assert f"{word} is" in tip


def test_names_are_shown_as_they_are(panel, studio):
    studio.store.update(run=evaluated(("<b>x</b>", "=cmd", "a&b")))
    assert list(texts(panel.scores))[2:] == ["<b>x</b>", "=cmd", "a&b"]
    assert column_titles(panel.matrix) == ["<b>x</b>", "=cmd", "a&b"]
    tip = panel.matrix.model().index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;x&lt;/b&gt;" in tip
    assert "a&amp;b" in tip
    assert "<b>" not in tip
    assert "<b>" not in panel.scores.model().headerData(2, Qt.Orientation.Vertical, Qt.ItemDataRole.ToolTipRole)


def test_copy_puts_the_scores_on_the_clipboard(panel, studio):
    run = evaluated(("c1", "=cmd"))
    studio.store.update(run=run)
    panel.copy_classes()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    scores = run.evaluation.parts["test"]
    assert lines[0] == ["Class", "Precision", "Recall", "F1", "Support"]
    assert [line[0] for line in lines[1:]] == ["Accuracy", "Weighted", "Macro", "c1", "'=cmd"]
    assert float(lines[1][3]) == scores.accuracy
    assert list(map(float, lines[4][1:])) == [
        scores.precision[0],
        scores.recall[0],
        scores.f1[0],
        scores.support[0],
    ]


def test_copy_as_markdown_escapes_names(panel, studio):
    studio.store.update(run=evaluated(("a|b", "<b>x</b>")))
    panel.matrix_menu.copy_markdown.trigger()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == r"| truth ↓ predicted → | a\|b | \<b\>x\</b\> |"
    assert lines[1] == "| --- | ---: | ---: |"
    assert len(lines) == 4


def test_save_writes_the_matrix_as_csv(panel, studio, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tables, "ask_path", lambda _parent, name: asked.append(name) or tmp_path / "m.csv")
    run = evaluated(("=cmd", "-1", "plain"))
    studio.store.update(run=run)
    panel.matrix_menu.save.trigger()
    assert asked == ["confusion-matrix-test.csv"]
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    assert header[1:] == [
        "'=cmd",
        "-1",
        "plain",
    ]  # text that begins like a formula, and a name that is a number
    counts = [[int(cell) for cell in row[1:]] for row in rows]
    assert counts == run.evaluation.parts["test"].confusion.tolist()
    assert studio.store.state.notice.text == "The table was saved as m.csv."


def test_a_file_that_cannot_be_written_is_told_of(panel, studio, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ask_path", lambda *_: tmp_path / "no such folder" / "m.csv")
    studio.store.update(run=evaluated(("a", "b")))
    panel.scores_menu.save.trigger()
    assert studio.store.state.notice.is_error
    assert "m.csv could not be written" in studio.store.state.notice.text


def test_a_cancelled_save_does_nothing(panel, studio, monkeypatch):
    monkeypatch.setattr(tables, "ask_path", lambda *_: None)
    studio.store.update(run=evaluated(("a", "b")))
    panel.scores_menu.save.trigger()
    assert studio.store.state.notice is None


@pytest.fixture
def set_scheme():
    yield theme.apply_scheme
    theme.apply_scheme("system")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cells_take_the_colours_of_the_scheme_and_stay_readable(qtbot, panel, studio, set_scheme, scheme):
    studio.store.update(run=evaluated(("a", "b"), wrong=0.0))
    set_scheme(scheme)
    qtbot.waitUntil(lambda: panel.palette().highlight().color().name() == theme.colours().accent)
    view, palette = panel.matrix, panel.palette()
    image = view.viewport().grab().toImage()
    corner = view.visualRect(view.model().index(0, 0)).topLeft()
    hit = image.pixelColor(corner.x() + 4, corner.y() + 4)
    corner = view.visualRect(view.model().index(0, 1)).topLeft()
    miss = image.pixelColor(corner.x() + 4, corner.y() + 4)
    tone = theme.colours()
    assert tables.contrast(hit, QColor(tone.accent)) < 1.05
    assert tables.contrast(miss, QColor(tone.base)) < 1.05
    for share in np.linspace(0, 1, 21):
        ground = tables.shade(palette, share)
        assert tables.contrast(tables.readable(QColor(tone.text), ground), ground) >= 4.5


@pytest.mark.parametrize(
    ("names", "brief"),
    [
        (("class 7", "class 12"), ("7", "12")),
        (("very_good", "very_bad"), ("good", "bad")),
        (("cat", "cow"), ("", "")),
        (("class 7", "cow 7"), ("", "")),
        (("7", "71"), ("", "")),
    ],
)
def test_titles_of_narrow_columns_leave_out_what_all_classes_begin_with(names, brief):
    assert brief_names(names) == brief


def test_with_many_classes_in_the_narrowest_dock_every_score_is_in_view(qtbot, studio):
    rng = np.random.default_rng(0)
    names, y = tuple(f"class {k}" for k in range(20)), rng.integers(0, 20, 2000)
    view = tables.TableView("Scores of each class")
    qtbot.addWidget(view)
    view.resize(330 - 2 * theme.UNIT, 160)
    view.show_table(score_table(score(y, rng.integers(0, 20, 2000), 20), names))
    view.show()
    assert view.horizontalScrollBar().maximum() == 0
    assert view.verticalScrollBar().maximum() > 0
    assert all(view.columnWidth(column) > 30 for column in range(4))
