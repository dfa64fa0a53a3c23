"""What a crash would lose: it is kept while one works, offered at the next start, and gone after a clean end."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMessageBox

from mlp_studio.app import make_application, make_window
from mlp_studio.core.project import open_project
from mlp_studio.ui import recovery
from mlp_studio.ui.dialogs import saving
from mlp_studio.ui.places import Label, left_behind, new_place, projects_elsewhere, read_label
from mlp_studio.ui.work import same, work_of
from tests import crash_training
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status

ENDLESS = 1_000_000
Buttons = QMessageBox.StandardButton


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recovery"


@pytest.fixture
def start(qapp, qtbot, tmp_path, folder, monkeypatch):
    """Start a window that keeps its work; each has settings of its own. They are closed in the end."""
    monkeypatch.setattr(recovery, "SECONDS", 0.2)
    make_application()
    windows = []

    def started():
        settings = QSettings(str(tmp_path / f"{len(windows)}.ini"), QSettings.Format.IniFormat)
        window = make_window(settings)
        windows.append(window)
        window.show()
        qtbot.waitUntil(lambda: run_of(window).raster is not None, timeout=SECONDS)
        window.keep_safe(folder)
        return window

    yield started
    for window in windows:
        assert window.studio.shut_down(20_000)
        window.close()
        window.deleteLater()


@pytest.fixture
def crashed(qtbot, folder):
    """What a window leaves behind whose process is gone: its files, and a lock that nobody holds."""

    def crash(window):
        """As though the window's process had been killed; the window itself is put out of the way."""
        window.recovery._due.stop()
        qtbot.waitUntil(lambda: not window.recovery._is_writing, timeout=SECONDS)
        place, window.recovery._place = window.recovery._place, None
        window.recovery.postpone()  # the locks of what it offered end with it as well
        place.leave()
        return place

    return crash


def is_kept(window):
    """Whether all that there is now is kept."""
    kept = window.recovery._kept
    return kept is not None and not window.recovery._is_writing and same(kept, work_of(state_of(window)))


def train(qtbot, window, epochs):
    window.studio.set("train.epochs", epochs)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")


# --- keeping ------------------------------------------------------------------------------------------------------


def test_a_window_in_which_nothing_was_done_keeps_nothing(qtbot, start, folder):
    window = start()
    window.studio.show_part("validation", True)
    qtbot.wait(500)
    assert list(folder.glob("*.mlps")) == []


def test_work_is_kept_soon_after_it_changed_and_not_again_while_nothing_changes(qtbot, start):
    window = start()
    train(qtbot, window, 20)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    kept = open_project(window.recovery._place.work)
    assert kept.run.epoch == 20
    label = window.recovery._place.label
    assert (label.name, label.data, label.epochs, label.is_saved) == ("Spiral", "Spiral", 20, False)
    assert (datetime.now(UTC) - datetime.fromisoformat(label.saved)).total_seconds() < 30
    written = window.recovery._place.work.stat().st_mtime_ns
    window.studio.show_part("validation", True)
    qtbot.wait(600)
    assert window.recovery._place.work.stat().st_mtime_ns == written


def test_a_training_is_kept_again_and_again_while_it_runs(qtbot, start):
    window = start()
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    epochs = []
    for _ in range(3):
        before = epochs[-1] if epochs else 0
        qtbot.waitUntil(lambda before=before: window.recovery._place.label.epochs > before, timeout=SECONDS)
        epochs.append(open_project(window.recovery._place.work).run.epoch)
    assert epochs == sorted(set(epochs))
    assert run_of(window).status == "running"
    window.studio.interrupt("stopped")
    wait_for_status(qtbot, window, "stopped")


def test_a_clean_end_leaves_nothing(qtbot, start, folder):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    window.close()
    window.desk.question.button(Buttons.Discard).click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)
    assert list(folder.iterdir()) == []


def test_work_that_was_given_up_for_new_is_not_kept_any_more(qtbot, start, folder):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    window.commands["new"].trigger()
    window.desk.question.button(Buttons.Discard).click()
    qtbot.waitUntil(lambda: not list(folder.glob("*.mlps*")), timeout=SECONDS)


def test_what_is_taken_down_while_other_data_load_belongs_together(qtbot, start):
    window = start()
    before = state_of(window)
    window.studio.set("data.rows", 400_000)
    assert state_of(window).loading
    taken = []
    window.desk.scribe.take_down(taken.append)
    assert taken[0].work.experiment.data == before.experiment.data
    assert taken[0].prepared is before.prepared


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(qtbot, start, folder):
    folder.write_text("not a folder")
    window = start()
    train(qtbot, window, 5)
    assert window.recovery.offers == ()


def test_what_cannot_be_kept_is_said_once(qtbot, start, folder, monkeypatch):
    window = start()
    monkeypatch.setattr(recovery, "write_project", _refuse)
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: state_of(window).notice is not None, timeout=SECONDS)
    assert "would be lost in a crash" in window.notice.text.text()
    window.studio.dismiss()
    window.studio.set("train.learning_rate", 0.5)
    qtbot.wait(600)
    assert state_of(window).notice is None


def _refuse(*_arguments, **_choices):
    raise recovery.ProjectError("No space left on device.")


def test_large_rows_are_written_once_and_come_back(qtbot, start, crashed, folder):
    window = start()
    window.studio.set("data.rows", 200_000)
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    rows = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.rows")}
    assert len(rows) == 3  # features, labels and which of them are trained on
    window.studio.step()
    qtbot.waitUntil(lambda: is_kept(window) and run_of(window).epoch == 2, timeout=SECONDS)
    assert {file.name: file.stat().st_mtime_ns for file in folder.glob("*.rows")} == rows
    X = state_of(window).prepared.dataset.X
    crashed(window)
    again = start()
    again.recovery_bar.restore_button.click()
    qtbot.waitUntil(lambda: run_of(again).epoch == 2, timeout=SECONDS)
    np.testing.assert_array_equal(state_of(again).prepared.dataset.X, X)
    again.commands["new"].trigger()
    again.desk.question.button(Buttons.Discard).click()
    qtbot.waitUntil(lambda: list(folder.glob("*.rows")) == [], timeout=SECONDS)


# --- offering -----------------------------------------------------------------------------------------------------


def test_what_was_left_behind_is_offered_and_comes_back_as_it_was(qtbot, start, crashed):
    window = start()
    train(qtbot, window, 25)
    window.studio.ask_at(0.1, 0.1)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    place = crashed(window)
    again = start()
    bar = again.recovery_bar
    assert bar.isVisible()
    assert not bar.list.isVisible()
    assert bar.text.text().startswith("MLP Studio ended unexpectedly. “Spiral” with 25 epochs, as it was at ")
    qtbot.waitUntil(lambda: bar.width() == again.boundary.width(), timeout=SECONDS)
    bar.restore_button.click()
    qtbot.waitUntil(lambda: run_of(again).epoch == 25 and not again.studio.is_busy, timeout=SECONDS)
    assert not bar.isVisible()
    np.testing.assert_array_equal(run_of(again).curves, run_of(window).curves)
    np.testing.assert_array_equal(run_of(again).snapshot.params[0].W, run_of(window).snapshot.params[0].W)
    assert again.isWindowModified()
    assert again.windowTitle() == "Spiral[*] — MLP Studio"
    assert again.notice.text.text().startswith("Restored: “Spiral” with 25 epochs")
    assert again.recovery._place.work == place.work
    again.studio.step()
    qtbot.waitUntil(lambda: place.label.epochs == 26, timeout=SECONDS)


def test_a_saved_project_comes_back_as_that_project(qtbot, start, crashed, tmp_path, monkeypatch):
    path = tmp_path / "mine.mlps"
    monkeypatch.setattr(saving, "ask_save", lambda *_: path)
    window = start()
    train(qtbot, window, 5)
    window.commands["save"].trigger()
    qtbot.waitUntil(lambda: window.desk.path == path, timeout=SECONDS)
    window.studio.step()
    qtbot.waitUntil(lambda: is_kept(window) and window.recovery._place.label.epochs == 6, timeout=SECONDS)
    assert window.recovery._place.label.project == str(path)
    crashed(window)
    again = start()
    assert "“mine.mlps” with 6 epochs of “Spiral”" in again.recovery_bar.text.text()
    again.recovery_bar.restore_button.click()
    qtbot.waitUntil(lambda: again.desk.path == path, timeout=SECONDS)
    assert again.isWindowModified()
    again.commands["save"].trigger()
    qtbot.waitUntil(lambda: not again.isWindowModified(), timeout=SECONDS)
    assert again.desk.question is None
    assert open_project(path).run.epoch == 6


def test_several_are_a_list_and_each_is_restored_or_discarded(qtbot, start, crashed, folder):
    for epochs in (3, 4, 5):
        window = start()
        train(qtbot, window, epochs)
        qtbot.waitUntil(lambda window=window: is_kept(window), timeout=SECONDS)
        crashed(window)
    again = start()
    bar = again.recovery_bar
    assert bar.text.text() == "MLP Studio ended unexpectedly. This was kept:"
    lines = [bar.list.item(row).text() for row in range(bar.list.count())]
    assert ["5 epochs" in lines[0], "4 epochs" in lines[1], "3 epochs" in lines[2]] == [True] * 3
    bar.list.setCurrentRow(1)
    bar.discard_button.click()
    assert len(list(folder.glob("*.mlps"))) == 2
    bar.list.setCurrentRow(1)
    bar.restore_button.click()
    qtbot.waitUntil(lambda: run_of(again).epoch == 3, timeout=SECONDS)
    assert "5 epochs" in bar.text.text()
    bar.later_button.click()
    assert not bar.isVisible()
    third = start()
    assert "5 epochs" in third.recovery_bar.text.text()


def test_unsaved_work_is_asked_about_before_other_work_is_restored(qtbot, start, crashed):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    crashed(window)
    again = start()
    train(qtbot, again, 3)
    again.recovery_bar.restore_button.click()
    again.desk.question.button(Buttons.Cancel).click()
    assert run_of(again).epoch == 3
    assert again.recovery_bar.isVisible()
    again.recovery_bar.restore_button.click()
    again.desk.question.button(Buttons.Discard).click()
    qtbot.waitUntil(lambda: run_of(again).epoch == 5, timeout=SECONDS)


def test_what_cannot_be_opened_says_so_and_the_window_goes_on(qtbot, start, crashed):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    place = crashed(window)
    place.work.write_bytes(b"half a file")
    again = start()
    again.recovery_bar.restore_button.click()
    qtbot.waitUntil(lambda: state_of(again).notice is not None, timeout=SECONDS)
    assert again.notice.text.text().startswith("What was kept of “Spiral” cannot be opened: ")
    assert run_of(again).status == "ready"
    again.studio.step()
    wait_for_epoch(qtbot, again, 1)
    again.recovery_bar.discard_button.click()
    assert not again.recovery_bar.isVisible()


# --- two windows --------------------------------------------------------------------------------------------------


def test_the_work_of_a_living_window_is_never_offered(qtbot, start):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    beside = start()
    assert beside.recovery.offers == ()
    assert beside.recovery._place.work != window.recovery._place.work


def test_what_one_window_offers_no_other_does(qtbot, start, crashed):
    window = start()
    train(qtbot, window, 5)
    qtbot.waitUntil(lambda: is_kept(window), timeout=SECONDS)
    crashed(window)
    assert len(start().recovery.offers) == 1
    assert start().recovery.offers == ()


def test_a_project_that_is_open_in_another_window_says_so(qtbot, start, tmp_path, monkeypatch, folder):
    path = tmp_path / "both.mlps"
    monkeypatch.setattr(saving, "ask_save", lambda *_: path)
    window = start()
    window.commands["save"].trigger()
    qtbot.waitUntil(lambda: projects_elsewhere(folder, None) == [str(path)], timeout=SECONDS)
    beside = start()
    beside.open_file(path)
    qtbot.waitUntil(lambda: state_of(beside).notice is not None, timeout=SECONDS)
    assert "“both.mlps” is open in another window as well" in beside.notice.text.text()
    beside.studio.step()
    wait_for_status(qtbot, beside, "paused")
    beside.commands["save"].trigger()
    qtbot.waitUntil(lambda: not beside.isWindowModified(), timeout=SECONDS)
    window.studio.set("train.learning_rate", 0.5)
    window.commands["save"].trigger()
    assert "was changed by another window" in window.desk.question.text()
    window.desk.question.button(Buttons.Cancel).click()
    assert open_project(path).run.epoch == 1


# --- places -------------------------------------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from mlp_studio.ui.places import Label, new_place
application = QCoreApplication([])
place = new_place(Path(sys.argv[1]))
place.tell(Label("Killed", epochs=7))
place.work.write_bytes(b"work")
print("held", flush=True)
sys.stdin.read()
"""


def test_the_place_of_a_process_that_was_killed_is_left_behind(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        assert left_behind(tmp_path) == []
        process.kill()
        process.wait()
    (place,) = left_behind(tmp_path)
    assert place.label == Label("Killed", epochs=7)
    assert left_behind(tmp_path) == []  # as it is held now
    place.clear()
    place.leave()
    assert list(tmp_path.iterdir()) == []


def test_the_program_itself_restores_what_a_kill_left_of_its_training(tmp_path):
    assert crash_training.check(tmp_path, kills=2, longest=4.0, seed=1, every=0.5) == 0


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"name": 1, "epochs": "many", "is_saved": 1}', "[" * 100_000])
def test_a_broken_label_is_as_good_as_none(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    assert read_label(path) == Label()
    assert read_label(path).contents == "“work”"


def test_a_label_says_what_there_is_in_words():
    assert Label("mine.mlps", "/a/mine.mlps", data="Iris", epochs=1).contents == "“mine.mlps” with 1 epoch of “Iris”"
    assert Label("Spiral", data="Spiral", epochs=1200).contents == "“Spiral” with 1,200 epochs"
    assert Label("Spiral", saved="2021-03-04T12:00:00+00:00").contents.startswith("“Spiral”, as it was on 4 March 2021")
    assert Label(stamp="12:34").file_stamp == (12, 34)
    assert Label(stamp="a:b").file_stamp is None


def test_a_place_needs_a_folder_that_can_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    assert new_place(tmp_path / "file" / "below") is None
