"""The panel of runs, with mouse and keys."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from mlp_studio.ui.panels import runs as runs_module
from mlp_studio.ui.panels.runs import COLUMNS, NOTE
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_status
from tests.ui.test_run_list import numbers, train

TITLES = [column.title for column in COLUMNS]


@pytest.fixture
def panel(qtbot, window):
    """The panel, opened by its command, with three runs of the list and a present one."""
    for hidden in ("20", "30", "4"):
        window.studio.set("model.hidden", hidden)
        train(qtbot, window, 15)
        window.reset()
    train(qtbot, window, 10)
    window.commands["runs"].trigger()
    qtbot.waitUntil(lambda: len(state_of(window).run_scores) == 3, timeout=SECONDS)
    return window.runs


def shown(panel, title):
    column = TITLES.index(title)
    return [panel.model.index(row, column).data() for row in range(panel.model.rowCount())]


def press(panel, key):
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(panel.view, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))


def test_every_run_has_a_row_with_what_differs_and_how_well_it_does(panel, window):
    assert shown(panel, "Run") == ["4", "3", "2", "1"]
    assert shown(panel, "Epochs") == ["10", "15", "15", "15"]
    assert shown(panel, "Differs by") == [
        "Hidden layers 4 · Epochs 10",
        "Hidden layers 4 · Epochs 15",
        "Hidden layers 30 · Epochs 15",
        "Hidden layers 20 · Epochs 15",
    ]
    scores = state_of(window).run_scores[1]
    assert shown(panel, "Test")[3] == f"{100 * scores.test:.2f} %"
    assert shown(panel, "Status") == ["finished"] * 4


def test_columns_sort_and_the_present_run_stays_first(qtbot, panel):
    panel.view.sortByColumn(TITLES.index("Run"), Qt.SortOrder.AscendingOrder)
    assert shown(panel, "Run") == ["4", "1", "2", "3"]
    panel.view.sortByColumn(TITLES.index("Test"), Qt.SortOrder.DescendingOrder)
    best = [float(text.split()[0]) for text in shown(panel, "Test")[1:]]
    assert best == sorted(best, reverse=True)


def test_chosen_runs_lay_their_curves_below_the_present_ones(qtbot, panel, window):
    panel.view.selectRow(2)
    assert state_of(window).compared == (2,)
    chart = window.curves.loss
    series, curve = chart._others[0]
    assert len(series) == 15
    assert curve.isVisible()
    assert panel.model.index(2, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    low, high = chart.view.viewRange()[0]
    assert low <= 1
    assert high >= 15
    panel.view.clearSelection()
    assert chart._others == []


def test_return_brings_the_chosen_run_back(qtbot, panel, window):
    panel.view.selectRow(3)
    press(panel, Qt.Key.Key_Return)
    assert run_of(window).number == 1
    assert state_of(window).experiment.model.hidden == (20,)
    assert shown(panel, "Run")[0] == "1"
    assert sorted(numbers(window)) == [2, 3, 4]
    assert state_of(window).undo == "Bring back run 1"


def test_delete_asks_first(qtbot, panel, window):
    panel.view.selectRow(1)
    press(panel, Qt.Key.Key_Delete)
    assert panel.question is not None
    panel.question.reject()
    assert numbers(window) == [1, 2, 3]
    qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert "run 3" in panel.question.text()
    qtbot.mouseClick(panel.question.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    assert numbers(window) == [1, 2]
    assert shown(panel, "Run") == ["4", "2", "1"]
    assert panel.question is None


@pytest.mark.parametrize("row", [0, 2])
def test_a_note_is_written_into_the_table_and_stays_plain_text(qtbot, panel, window, row):
    index = panel.model.index(row, NOTE)
    panel.model.setData(index, "<b>wide</b>\tone\n& “quick”")
    assert shown(panel, "Note")[row] == "<b>wide</b> one & “quick”"
    number = panel.model.rows[row].number
    assert "&lt;b&gt;" in panel.model.index(row, NOTE).data(Qt.ItemDataRole.ToolTipRole)
    window.studio.reset()
    kept = {run.number: run.note for run in state_of(window).runs}
    assert kept[number] == "<b>wide</b> one & “quick”"


def test_the_table_is_copied_as_it_is_shown(qtbot, panel, window):
    panel.model.setData(panel.model.index(1, NOTE), "=1+1 | x")
    panel.menu.copy_as_tsv()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:3] == ["Run", "Differs by", "Test"]
    assert lines[2].split("\t")[-1] == "'=1+1 | x"
    panel.menu.copy_as_markdown()
    assert r"=1+1 \| x" in QGuiApplication.clipboard().text()


def test_a_run_that_has_not_begun_is_shown_as_new_and_cannot_be_annotated(qtbot, panel, window):
    window.studio.reset()
    assert shown(panel, "Run")[0] == "new"
    assert not panel.model.flags(panel.model.index(0, NOTE)) & Qt.ItemFlag.ItemIsEditable


def test_it_fits_the_narrowest_window(qtbot, panel, window):
    window.resize(1024, 700)
    qtbot.wait(50)
    assert window.minimumSizeHint().width() <= 1024
    assert panel.view.height() > 100


def test_runs_of_the_list_are_made_known_once(qtbot, window):
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    window.reset()
    qtbot.waitUntil(lambda: "Run 1 is kept" in window.notice.text.text(), timeout=SECONDS)
    window.notice.button.click()
    assert window.docks["runs"].isVisible()
    assert runs_module.EMPTY not in window.runs.empty.text() or not window.runs.empty.isVisible()
