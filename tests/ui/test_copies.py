"""Everything that the window shows can be copied: tables as TSV and Markdown, plots as pictures and figures."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QWidget

from mlp_studio.core.history import COLUMNS
from mlp_studio.core.lessons import LESSONS
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu, TableView
from mlp_studio.ui.plots import export
from mlp_studio.ui.plots.export import ExportButton
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_status


def clipboard() -> list[list[str]]:
    """The cells of what was copied for a spreadsheet."""
    return [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]


@pytest.fixture
def holder(qtbot, qapp):
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(300, 200)
    return made


def test_ctrl_c_copies_the_table_that_has_the_focus_and_no_other(holder, qtbot):
    views = []
    for name in ("one", "two"):
        table = Table("", (Heading("row"),), (Heading(name, figures=".1f"),), [[1.23456]])
        view = TableView(name, parent=holder)
        view.show_table(table)
        menu = TableMenu(lambda table=table: table, lambda: "x", lambda *_: None, holder)
        menu.serve(view)
        view.move(0, 100 * len(views))
        views.append(view)
    with qtbot.waitActive(holder):
        holder.show()
        holder.activateWindow()
    for view, name in zip(views, ("one", "two"), strict=True):
        QGuiApplication.clipboard().clear()
        view.setFocus()
        qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert clipboard() == [["", name], ["row", "1.23456"]]


def test_a_plot_s_figures_are_copied_as_tsv_and_markdown(holder, qtbot):
    button = ExportButton(holder, lambda: (["x", "=name"], [[1, 0.123456789], [2, float("nan")]]), "squares")
    qtbot.addWidget(button)
    button.copy_tsv()
    assert clipboard() == [["x", "'=name"], ["1", "0.123456789"], ["2", ""]]
    button.copy_markdown()
    assert QGuiApplication.clipboard().text().splitlines() == [
        "| x | =name |",
        "| ---: | ---: |",
        "| 1 | 0.12346 |",
        "| 2 | – |",
    ]


def test_more_figures_than_the_clipboard_should_hold_are_refused_with_a_sentence(holder, qtbot):
    button = ExportButton(holder, lambda: (["x"], ([n] for n in range(10**9))), "many")
    qtbot.addWidget(button)
    QGuiApplication.clipboard().setText("before")
    with qtbot.waitSignal(button.failed) as told:
        button.copy_tsv()
    assert "save them as CSV instead" in told.args[0]
    assert QGuiApplication.clipboard().text() == "before"


def test_every_plot_of_the_window_can_be_copied_and_saved_from_a_button_in_view(window, qtbot, tmp_path, monkeypatch):
    window._raise_dock("math")
    window.commands["step"].trigger()
    wait_for_status(qtbot, window, "paused")
    for name in ("twin", "activations"):
        window.commands[name].trigger()
    twin = next(child for child in window.findChildren(QWidget) if type(child).__name__ == "TwinDialog")
    qtbot.waitUntil(lambda: bool(twin._drawn), timeout=SECONDS)
    twin.train_button.click()  # stops
    qtbot.waitUntil(lambda: twin.export_button.isEnabled() and not window.studio.jobs.active, timeout=SECONDS)
    monkeypatch.setattr(export, "ask_path", lambda _parent, _title, suggestion, _kinds: tmp_path / suggestion.name)
    buttons = {button._name: button for button in window.findChildren(ExportButton)}

    assert set(buttons) == {"boundary", "curves", "network", "twin-proof", "activations"}
    for name, button in buttons.items():
        assert button.isVisible(), name
        button.save_png()
        button.save_svg()
        button.save_csv()
        qtbot.waitUntil(lambda button=button: not button.is_busy, timeout=SECONDS)
        assert {file.suffix for file in tmp_path.glob(f"{name}*")} == {".png", ".svg", ".csv"}
    twin.close()


def test_the_network_s_picture_is_drawn_for_paper_and_its_weights_are_figures(window, qtbot):
    window.set_scheme("dark")
    window._raise_dock("math")
    diagram, button = window.math.diagram, window.math.export_button
    qtbot.waitUntil(lambda: window.math.trace is not None, timeout=SECONDS)
    before = diagram.grab().toImage()
    picture = button._image()
    assert picture.pixelColor(1, 1) == QColor("white")
    drawn = {
        picture.pixelColor(x, y).lightness() for x in range(0, picture.width(), 3) for y in range(picture.height())
    }
    assert min(drawn) < 100  # names and outlines, dark
    assert diagram.grab().toImage() == before

    header, rows = diagram.figures()
    rows = list(rows)
    params = run_of(window).snapshot.params
    assert header == ("layer", "from", "to", "weight")
    assert len(rows) == sum(W.size + b.size for W, b in params)
    assert rows[0] == (1, "X1", "unit 1", float(params[0].W[0, 0]))
    assert rows[2] == (1, "bias", "unit 1", float(params[0].b[0]))
    assert rows[-1][:3] == (2, "bias", "c3")


def test_every_quantity_of_the_math_view_can_be_copied(window, qtbot):
    window._raise_dock("math")
    qtbot.waitUntil(lambda: window.math.trace is not None, timeout=SECONDS)
    for step in range(6):
        window.math.go_to(step)
        for card in (card for card in window.math.cards if card.isVisibleTo(window.math)):
            card.menu.copy_as_tsv()
            head, *lines = clipboard()
            grid = card.quantity.grid
            assert head[0] == card.quantity.symbol
            np.testing.assert_array_equal(np.array([line[1:] for line in lines], float), grid.astype(float))
    assert window.math.cards[0].menu.toolTip()


def test_prediction_and_held_features_can_be_copied(window, qtbot):
    window.studio.ask_at(0.1, 0.1)
    window.prediction.menu.copy_as_tsv()
    head, *lines = clipboard()
    assert head == ["Class", "Probability"]
    assert {line[0] for line in lines} == {"c1", "c2", "c3"}
    assert sum(float(line[1]) for line in lines) == pytest.approx(1)

    window.studio.set("data.source", "iris")
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.features == 4, timeout=SECONDS)
    window._raise_dock("features")
    window.features.held._to_columns()
    qtbot.waitUntil(lambda: window.features.held.table() is not None, timeout=SECONDS)
    window.features.held.menu.copy_as_tsv()
    head, *lines = clipboard()
    assert head == ["Feature", "Held at", "Mean", "Lowest", "Highest"]
    assert [line[0] for line in lines] == list(state_of(window).prepared.dataset.feature_names[2:])
    assert all(float(line[3]) <= float(line[1]) <= float(line[4]) for line in lines)


def test_the_activations_can_be_copied_with_their_values(window, qtbot):
    window.commands["activations"].trigger()
    explorer = next(child for child in window.findChildren(QWidget) if type(child).__name__ == "ActivationExplorer")
    explorer.input.setValue(-1.0)
    explorer.menu.copy_as_tsv()
    head, *lines = clipboard()
    assert head == ["Activation", "f(-1)", "f′(-1)", "Formula"]
    relu = next(line for line in lines if line[0] == "ReLU")
    assert list(map(float, relu[1:3])) == [0, 0]


def test_a_comparison_s_losses_and_last_figures_can_be_copied(window, qtbot, tmp_path, monkeypatch):
    name = next(name for name, lesson in LESSONS.items() if lesson.compares)
    window.open_lesson(name)
    window.studio.lessons.comparer.start(name)
    view = window.lesson.comparison
    qtbot.waitUntil(lambda: view.table() is not None, timeout=SECONDS)
    qtbot.waitUntil(
        lambda: min(len(run.result.curves) for run in state_of(window).comparison.runs) > 2, timeout=SECONDS
    )
    window.studio.lessons.comparer.cancel()
    qtbot.waitUntil(lambda: not window.studio.jobs.active, timeout=SECONDS)
    runs = state_of(window).comparison.runs
    view.menu.copy_as_tsv()
    head, *lines = clipboard()
    assert head[:3] == ["Run", "Epochs", "Training loss"]
    assert [line[0] for line in lines] == [LESSONS[name].runs[run.name].title for run in runs]
    assert [int(line[1]) for line in lines] == [len(run.result.curves) for run in runs]

    monkeypatch.setattr(export, "ask_path", lambda *_: tmp_path / "runs.csv")
    view.export_button.save_csv()
    qtbot.waitUntil(lambda: not view.export_button.is_busy, timeout=SECONDS)
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert len(header) == 1 + 2 * len(runs)
    assert len(rows) == max(len(run.result.curves) for run in runs)
    first = runs[0].result.curves[:, COLUMNS.index("train_loss")]
    assert [float(row[1]) for row in rows[: len(first)]] == first.tolist()
