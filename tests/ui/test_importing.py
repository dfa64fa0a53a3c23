"""Files in the window: how far they are read, cancelling, and what becomes of the data that were there."""

import pytest
from PySide6.QtCore import Qt

from mlp_studio.ui.panels.status import STEPS
from tests.ui.helpers import SECONDS, state_of


@pytest.fixture(scope="module")
def long_table(tmp_path_factory):
    """A file that takes a second or two: its quotes want the row by row reading."""
    path = tmp_path_factory.mktemp("tables") / "long.csv"
    path.write_text("x,y,label\n" + "".join(f'"{i}",{i % 7}.5,k{i % 2}\n' for i in range(300_000)))
    return path


def wait_for_some_of_it(qtbot, window):
    qtbot.waitUntil(lambda: 0 < state_of(window).loading_share < 1, timeout=SECONDS)


def test_loading_shows_how_much_of_the_file_is_read_and_ends_with_its_data(qtbot, window, long_table):
    bar = window.run_bar
    assert not bar.cancel.isVisible()
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    share = state_of(window).loading_share
    assert bar.label.text() == f"Loading long.csv … {share:.0%}"
    qtbot.waitUntil(lambda: bar.progress.maximum() == STEPS and 0 < bar.progress.value() < STEPS, timeout=SECONDS)
    assert bar.cancel.isVisible()
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == 300_000, timeout=SECONDS)
    assert state_of(window).loading_share == 0
    assert not bar.cancel.isVisible()
    assert bar.label.text().startswith("epoch 0")


@pytest.mark.parametrize("by", ["button", "key"])
def test_cancelling_keeps_the_data_that_were_there(qtbot, window, long_table, by):
    before = state_of(window)
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    if by == "button":
        qtbot.mouseClick(window.run_bar.cancel, Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert state_of(window).loading == ""
    assert window.notice.text.text() == "Loading “long.csv” was cancelled."
    assert not state_of(window).notice.is_error
    assert state_of(window).prepared is before.prepared
    assert state_of(window).experiment == before.experiment
    assert window.commands["train"].isEnabled()
    qtbot.waitUntil(lambda: not window.studio.jobs.busy("data"), timeout=2_000)  # the thread ends, too, and soon
    assert state_of(window).prepared is before.prepared


def test_other_data_asked_for_end_the_reading_of_a_file(qtbot, window, long_table):
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    window.studio.set("data.source", "moons")
    assert state_of(window).prepared.dataset.name == "Moons"
    qtbot.waitUntil(lambda: not window.studio.jobs.busy("data"), timeout=2_000)
    assert state_of(window).prepared.dataset.name == "Moons"
    assert state_of(window).notice is None
