"""Every trap of a table, dropped on the window: its sentence is shown there, and the data that were there stay."""

import pytest

from tests.traps import NOTED, REFUSED
from tests.ui.helpers import SECONDS, drop, state_of

# what the offscreen platform says of every dialog that opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")


def wait_for_answer(qtbot, window, before):
    """Whatever the window makes of a dropped file: a dialog, a notice, other data."""

    def answered():
        state = state_of(window)
        at_rest = not state.loading and not window.studio.is_busy
        return window.importing.dialog or (at_rest and (state.notice or state.prepared is not before))

    qtbot.waitUntil(lambda: bool(answered()), timeout=SECONDS)
    return window.importing.dialog


@pytest.mark.parametrize("trap", REFUSED.values(), ids=REFUSED)
def test_a_refused_file_is_told_in_its_own_words_and_the_data_stay(qtbot, window, tmp_path, trap):
    before = state_of(window)
    drop(window, trap.write(tmp_path))
    dialog = wait_for_answer(qtbot, window, before.prepared)
    if dialog is not None:
        assert dialog.sentence.text() == trap.sentence
        assert not dialog.ok.isEnabled()
        dialog.reject()
    else:
        assert window.notice.text.text() == trap.sentence
        assert state_of(window).notice.is_error
        assert window.notice.isVisible()
    assert state_of(window).prepared is before.prepared
    assert state_of(window).experiment == before.experiment


@pytest.mark.parametrize("trap", NOTED.values(), ids=NOTED)
def test_what_was_decided_about_a_file_is_told(qtbot, window, tmp_path, trap):
    before = state_of(window)
    drop(window, trap.write(tmp_path))
    asked, dialog = "", wait_for_answer(qtbot, window, before.prepared)
    if dialog is not None:
        asked = dialog.notes.text()
        dialog.accept()
        qtbot.waitUntil(lambda: state_of(window).prepared is not before.prepared, timeout=SECONDS)
    assert trap.sentence in asked + window.notice.text.text()
    assert state_of(window).prepared is not before.prepared
