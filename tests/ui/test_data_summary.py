"""The data panel: what was loaded, its classes, the split and the scaling."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from sklearn.preprocessing import StandardScaler

from mlp_studio.core.config import Experiment, SplitConfig, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.prepare import prepare
from mlp_studio.ui.panels import data_summary
from mlp_studio.ui.panels.data_summary import NOTHING, VIEWS, DataSummaryPanel, format_for

SECONDS = 20_000


@pytest.fixture
def panel(qtbot, studio):
    made = DataSummaryPanel(studio)
    qtbot.addWidget(made)
    made.resize(360, 330)
    made.show()
    return made


def loaded(studio, **settings):
    studio.data.start(with_settings(Experiment(), {path.replace("__", "."): v for path, v in settings.items()}))
    return studio.store.state.prepared


def use(studio, dataset, split=None):
    prepared = prepare(dataset, split or SplitConfig(), np.random.default_rng(0))
    studio.store.update(prepared=prepared)
    return prepared


def look_at(qtbot, panel, view):
    qtbot.mouseClick(panel.views.buttons[view], Qt.MouseButton.LeftButton)


def titles(panel, orientation=Qt.Orientation.Vertical):
    model = panel.view.model()
    count = model.rowCount() if orientation == Qt.Orientation.Vertical else model.columnCount()
    return [model.headerData(section, orientation) for section in range(count)]


def cells(panel):
    model = panel.view.model()
    return [[model.index(row, k).data() for k in range(model.columnCount())] for row in range(model.rowCount())]


def test_without_data_one_sentence_says_what_to_do(panel):
    assert panel.sentence.isVisible()
    assert panel.sentence.text() == NOTHING


def test_name_and_shape(panel, studio):
    loaded(studio)
    assert panel.name.text() == "Spiral"
    assert panel.shape.text() == "1,500 rows × 2 features, 3 classes"
    assert not panel.notes.isVisible()


def test_the_first_rows_are_in_original_units(panel, studio):
    data = loaded(studio).dataset
    assert titles(panel) == [data.class_names[label] for label in data.y[:10]]
    assert titles(panel, Qt.Orientation.Horizontal) == ["X1", "X2"]
    np.testing.assert_allclose(np.array(cells(panel), dtype=float), data.X[:10], atol=5.1e-5)


def test_classes_with_code_counts_and_weight(qtbot, panel, studio):
    prepared = loaded(studio, split__class_weights=True)
    look_at(qtbot, panel, "classes")
    assert titles(panel) == ["c1", "c2", "c3"]
    assert titles(panel, Qt.Orientation.Horizontal) == ["Label", "Rows", "Train", "Val.", "Test", "Weight"]
    for label, row in enumerate(cells(panel)):
        counts = [int((part.y == label).sum()) for part in prepared.parts.values()]
        assert row == [str(label), "500", *map(str, counts), f"{1 / counts[0]:.3g}"]


def test_class_weights_are_off_when_they_are_not_used(qtbot, panel, studio):
    loaded(studio)
    look_at(qtbot, panel, "classes")
    assert {row[-1] for row in cells(panel)} == {"off"}
    assert panel.caption.text() == "Class weights are off: every row counts the same."


def test_the_split(qtbot, panel, studio):
    loaded(studio)
    look_at(qtbot, panel, "split")
    assert titles(panel) == ["Training", "Validation", "Test", "All"]
    assert cells(panel) == [["1,050", "70.0"], ["225", "15.0"], ["225", "15.0"], ["1,500", "100.0"]]


def test_scaling_shows_what_scikit_learn_makes_of_it(qtbot, panel, studio):
    prepared = loaded(studio)
    look_at(qtbot, panel, "scaling")
    data = prepared.dataset
    scaler = StandardScaler().fit(data.X[prepared.train.rows])
    expected = []
    for part in prepared.parts.values():
        scaled = scaler.transform(data.X[part.rows])
        expected += [scaled.mean(axis=0), scaled.std(axis=0)]
    expected += [scaler.mean_, scaler.scale_]
    shown = np.array([[float(cell) for cell in row] for row in cells(panel)])
    np.testing.assert_allclose(shown, expected, atol=5.1e-4)
    assert cells(panel)[:2] == [["0.000", "0.000"], ["1.000", "1.000"]]
    assert "Scaled by" in panel.caption.text()


def test_without_standardising_it_says_so(qtbot, panel, studio):
    loaded(studio, split__standardize=False)
    look_at(qtbot, panel, "scaling")
    assert panel.caption.text().startswith("Standardise is off")
    assert cells(panel)[-2:] == [["0", "0"], ["1", "1"]]


def test_a_share_without_rows_has_no_mean(qtbot, panel, studio):
    loaded(studio, split__validation=0.0, split__test=0.3)
    look_at(qtbot, panel, "scaling")
    assert cells(panel)[2:4] == [["–", "–"], ["–", "–"]]
    panel.grab()


def test_large_data_are_averaged_off_the_gui_thread(qtbot, panel, studio, monkeypatch):
    monkeypatch.setattr(data_summary, "QUICK_VALUES", 10)
    loaded(studio)
    look_at(qtbot, panel, "scaling")
    assert cells(panel)[0] == ["…", "…"]
    widths = [panel.view.columnWidth(column) for column in range(2)]
    qtbot.waitUntil(lambda: cells(panel)[0] == ["0.000", "0.000"], timeout=SECONDS)
    assert [panel.view.columnWidth(column) for column in range(2)] == widths


def test_notes_and_names_are_plain_text(qtbot, panel, studio):
    names, classes = ("<i>a</i>", "=cmd()"), ("<b>x</b>", "&y")
    notes = ("<b>3 rows</b> were dropped.", "Second note.")
    X = np.random.default_rng(0).normal(size=(40, 2))
    use(studio, Dataset("<u>data</u>.csv", X, np.arange(40) % 2, names, classes, notes))
    assert panel.notes.toPlainText() == "<b>3 rows</b> were dropped.\nSecond note."
    assert panel.notes.isVisible()
    assert panel.name.text() == "<u>data</u>.csv"
    assert "<u>" not in panel.name.toolTip()
    assert titles(panel, Qt.Orientation.Horizontal) == list(names)
    tip = panel.view.model().headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "&lt;i&gt;" in tip
    look_at(qtbot, panel, "classes")
    assert titles(panel) == list(classes)
    panel.menu.copy_tsv.trigger()
    assert QGuiApplication.clipboard().text().splitlines()[1].startswith("<b>x</b>\t0\t20\t14\t")
    look_at(qtbot, panel, "rows")
    panel.menu.copy_tsv.trigger()
    assert QGuiApplication.clipboard().text().splitlines()[0] == "Class\t<i>a</i>\t'=cmd()"


@pytest.mark.parametrize("source", ["spiral", "file"])
def test_the_shape_is_read_whole_beside_the_buttons_in_330_pixels(qtbot, panel, studio, source):
    panel.resize(330, 330)
    loaded(studio)
    experiment = studio.store.state.experiment
    studio.store.update(experiment=replace(experiment, data=replace(experiment.data, source=source)), prepared=None)
    use(
        studio,
        Dataset(
            "t.csv",
            np.zeros((12_345, 20)) + np.arange(12_345)[:, None],
            np.arange(12_345) % 10,
            tuple(f"x{k}" for k in range(20)),
            tuple(f"c{k}" for k in range(10)),
        ),
    )
    panel.grab()
    assert panel.import_button.isVisible() == (source == "file")
    assert panel.shape.text() == "12,345 rows × 20 features, 10 classes"
    assert panel.shape.width() >= panel.shape.sizeHint().width()


@pytest.mark.parametrize("view", VIEWS)
def test_three_classes_fit_360_pixels(qtbot, panel, studio, view):
    loaded(studio, split__class_weights=True)
    look_at(qtbot, panel, view)
    assert panel.minimumSizeHint().width() <= 360
    assert panel.view.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("view", VIEWS)
def test_five_hundred_columns_and_a_hundred_classes(qtbot, panel, studio, view):
    rng = np.random.default_rng(0)
    names, classes = tuple(f"x{k}" for k in range(500)), tuple(f"class {k}" for k in range(100))
    use(studio, Dataset("wide", rng.normal(size=(1000, 500)), np.arange(1000) % 100, names, classes))
    look_at(qtbot, panel, view)
    assert panel.minimumSizeHint().width() <= 360
    panel.grab()


def test_training_frames_leave_the_table_alone(panel, studio):
    loaded(studio)
    panel.view.verticalScrollBar().setValue(9)
    told = []
    panel.view.model().modelReset.connect(lambda: told.append("reset"))
    panel.view.model().dataChanged.connect(lambda: told.append("changed"))
    for rate in range(30):
        studio.store.update_run(rate=float(rate))
    assert told == []
    assert panel.view.verticalScrollBar().value() == 9


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((1.0, 200.0), "200"),
        ((5.1, 4.9), "4.9"),
        ((0.123456, -0.5), "-0.5000"),
        ((12345.678, 2.0), "2"),
        ((1234.5678, 2.0), "2.0"),
        ((1e-9, 2e-9), "2e-09"),
        ((1e12, 5.0), "5"),
        ((0.0, 0.0), "0"),
        ((0.0, -1e-17), "-1e-17"),
    ],
)
def test_columns_get_as_many_decimals_as_they_need(values, shown):
    assert format(values[-1], format_for(np.array(values))) == shown
