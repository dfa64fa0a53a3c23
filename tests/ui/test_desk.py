"""What is open: the star, saving, opening, and the one question before unsaved work would be lost."""

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QMessageBox

from mlp_studio.app import make_window
from mlp_studio.core import project as core_project
from mlp_studio.core.boundary import Box
from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.core.project import Project, open_project, save_project
from mlp_studio.core.scene import Slice
from mlp_studio.ui import desk, project_files
from mlp_studio.ui.dialogs import saving
from tests.ui.helpers import SECONDS, drop, run_of, state_of, wait_for_epoch, wait_for_status

ENDLESS = 1_000_000
FIRST = LESSONS[FIRST_LESSON].experiment()
Buttons = QMessageBox.StandardButton


@pytest.fixture
def save_to(monkeypatch, tmp_path):
    """Choose where Save as saves to."""

    def choose(name):
        path = tmp_path / name
        monkeypatch.setattr(saving, "ask_save", lambda *_: path)
        return path

    return choose


@pytest.fixture
def project(qtbot, window, save_to):
    """A window with a project that was trained and saved."""
    path = save_to("spiral.mlps")
    window.studio.set("train.epochs", 30)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    save(qtbot, window)
    return path


def save(qtbot, window, command="save"):
    window.commands[command].trigger()
    qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)


def opened(qtbot, window, path):
    """Open a project and wait until it is there, discarding what was not saved."""
    window.open_file(path)
    if window.desk.question is not None:
        answer(window, "Discard")
    qtbot.waitUntil(lambda: not state_of(window).loading and not window.studio.is_busy, timeout=SECONDS)


def answer(window, button):
    window.desk.question.button(getattr(Buttons, button)).click()


def has_star(window):
    assert window.isWindowModified() == window.desk.is_modified
    return window.isWindowModified()


def params_of(run):
    return [array for layer in run.snapshot.params for array in layer]


def assert_same_run(one, other):
    assert one.experiment == other.experiment
    assert one.epoch == other.epoch
    assert one.snapshot.epoch == other.snapshot.epoch
    np.testing.assert_array_equal(one.curves, other.curves)
    for mine, theirs in zip(params_of(one), params_of(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


# --- the star -----------------------------------------------------------------------------------------------------


def test_a_new_window_is_called_after_its_data_and_has_no_star(window):
    assert window.windowTitle() == "Spiral[*] — MLP Studio"
    assert not has_star(window)


def test_settings_data_and_epochs_bring_the_star_and_going_back_takes_it_away(qtbot, window):
    window.studio.set("train.learning_rate", 0.5)
    assert has_star(window)
    window.studio.set("train.learning_rate", FIRST.train.learning_rate)
    assert not has_star(window)
    window.studio.set("data.source", "moons")
    assert has_star(window)
    window.studio.set_experiment(FIRST)
    assert not has_star(window)
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    assert has_star(window)
    window.studio.reset()
    assert has_star(window)  # what was trained is in the list of runs
    window.studio.runs.delete({1})
    assert not has_star(window)


def test_undoing_back_to_what_was_saved_takes_the_star_away(qtbot, window, project):
    window.studio.set("train.learning_rate", 0.5)
    assert has_star(window)
    window.commands["undo"].trigger()
    assert not has_star(window)
    window.commands["redo"].trigger()
    assert has_star(window)


def test_earlier_runs_and_their_notes_are_saved_and_come_back(qtbot, window, project):
    window.studio.reset()
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    (earlier,) = state_of(window).runs
    assert has_star(window)
    save(qtbot, window)
    assert not has_star(window)
    window.studio.runs.annotate(earlier.number, "the first")
    assert has_star(window)
    save(qtbot, window)
    opened(qtbot, window, project)
    (again,) = state_of(window).runs
    assert (again.number, again.note, again.epoch, again.begun) == (
        earlier.number,
        "the first",
        earlier.epoch,
        earlier.begun,
    )
    np.testing.assert_array_equal(again.state.curves, earlier.state.curves)
    assert not has_star(window)


def test_the_view_is_no_change(window):
    window.studio.show_part("validation", True)
    window.studio.ask_at(0.1, 0.1)
    window.studio.show_side_by_side(True)
    assert not has_star(window)


def test_saving_takes_the_star_away_and_names_the_window(window, project):
    assert window.windowTitle() == "spiral.mlps[*] — MLP Studio"
    assert not has_star(window)
    assert state_of(window).saving == "Saved spiral.mlps"
    assert window.status.hint.text() == "Saved spiral.mlps"
    assert window.memory.recent[0] == str(project)


def test_a_trained_run_is_a_change_until_it_is_saved_again(qtbot, window, project):
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    assert has_star(window)
    save(qtbot, window)
    assert not has_star(window)
    assert open_project(project).run.epoch == 31


def test_a_star_in_a_name_is_shown_as_it_is(qtbot, window, save_to):
    save_to("a[*]b.mlps")
    save(qtbot, window)
    assert window.windowTitle() == "a[*][*]b.mlps[*] — MLP Studio"


# --- saving -------------------------------------------------------------------------------------------------------


def test_save_as_ends_in_mlps_and_a_dismissed_dialog_saves_nothing(qtbot, window, save_to, monkeypatch, tmp_path):
    save_to("without")
    save(qtbot, window, "save_as")
    assert window.desk.path == tmp_path / "without.mlps"
    monkeypatch.setattr(saving, "ask_save", lambda *_: None)
    window.studio.set("seed", 7)
    window.commands["save_as"].trigger()
    assert has_star(window)
    assert [file.name for file in tmp_path.glob("*.mlps")] == ["without.mlps"]


def test_saving_goes_on_beside_a_training_and_holds_what_was_trained_then(qtbot, window, save_to):
    path = save_to("running.mlps")
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 10)
    save(qtbot, window)
    epoch = run_of(window).epoch
    wait_for_epoch(qtbot, window, epoch + 5)
    assert run_of(window).status == "running"
    assert has_star(window)
    window.studio.interrupt("paused")
    wait_for_status(qtbot, window, "paused")
    kept = open_project(path).run
    assert 10 <= kept.epoch <= run_of(window).epoch
    assert kept.status == "paused"
    np.testing.assert_array_equal(kept.state.curves, run_of(window).curves[: kept.epoch])


def test_a_training_that_ends_while_it_is_taken_down_is_saved_with_its_end(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    taken = []
    window.desk.scribe.take_down(taken.append)
    window.desk.scribe._poll.stop()  # as though the window were busy
    qtbot.waitUntil(lambda: window.studio.runner.standing is not None, timeout=SECONDS)
    wait_for_epoch(qtbot, window, run_of(window).epoch + 5)
    window.studio.interrupt("paused")
    wait_for_status(qtbot, window, "paused")
    window.desk.scribe._look()
    assert taken[0].run.epoch == run_of(window).epoch == len(taken[0].work.curves)


def test_what_is_typed_and_not_entered_is_saved_as_well(qtbot, window, save_to):
    path = save_to("typed.mlps")
    edit = window.experiment.fields["train.learning_rate"].control.lineEdit()
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "0.25")
    save(qtbot, window)
    assert open_project(path).experiment.train.learning_rate == 0.25


def test_a_save_that_fails_says_so_and_leaves_the_star(qtbot, window, project):
    project.unlink()
    folder = project.parent
    window.desk.path = folder / "vanished" / "spiral.mlps"
    window.studio.set("train.learning_rate", 0.5)
    save(qtbot, window)
    assert has_star(window)
    assert state_of(window).notice.is_error
    assert "spiral.mlps" in window.notice.text.text()
    assert not window.studio.is_busy


def test_a_full_disk_leaves_the_old_file_and_the_star(qtbot, window, project, monkeypatch):
    before = project.read_bytes()
    monkeypatch.setattr(os, "fsync", _full)
    window.studio.set("train.learning_rate", 0.5)
    save(qtbot, window)
    assert has_star(window)
    assert "No space left" in window.notice.text.text()
    assert project.read_bytes() == before


def _full(_file):
    raise OSError(28, "No space left on device")


def test_a_file_that_somebody_else_changed_is_not_overwritten_unasked(qtbot, window, project, save_to):
    other = open_project(project)
    save_project(project, Project(with_settings(other.experiment, {"train.l2": 0.5}), other.prepared, None, (), {}))
    window.studio.set("train.learning_rate", 0.5)
    window.commands["save"].trigger()
    assert "was changed by another window" in window.desk.question.text()
    answer(window, "Cancel")
    assert open_project(project).experiment.train.l2 == 0.5
    assert has_star(window)
    elsewhere = save_to("mine.mlps")
    window.commands["save"].trigger()
    answer(window, "SaveAll")
    qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)
    assert window.desk.path == elsewhere
    assert open_project(project).experiment.train.l2 == 0.5
    window.desk.path, window.desk.stamp = project, None
    window.commands["save"].trigger()
    answer(window, "Save")
    qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)
    assert open_project(project).experiment.train.learning_rate == 0.5


# --- opening ------------------------------------------------------------------------------------------------------


def test_opening_shows_exactly_what_was_saved(qtbot, window, project):
    window.studio.show_part("validation", True)
    window.studio.ask_at(0.1, 0.2)
    window.boundary.show_box(Box(-0.5, 0.25, -0.25, 0.5))
    window.curves.log_button.click()
    before, run = state_of(window), run_of(window)
    save(qtbot, window)
    window.commands["new"].trigger()
    window.studio.set("data.source", "moons")
    assert window.desk.path is None
    opened(qtbot, window, project)
    after = state_of(window)
    assert after.experiment == before.experiment
    np.testing.assert_array_equal(after.prepared.dataset.X, before.prepared.dataset.X)
    for part in before.prepared.parts:
        np.testing.assert_array_equal(after.prepared.parts[part].rows, before.prepared.parts[part].rows)
    assert_same_run(run_of(window), run)
    assert run_of(window).status == "finished"
    assert after.shown == before.shown
    np.testing.assert_array_equal(after.probe, before.probe)
    box = window.boundary.box
    assert (box.u_low, box.u_high) == pytest.approx((-0.5, 0.25), abs=1e-9)
    assert window.curves.log_button.isChecked()
    assert run_of(window).evaluation.epoch == run.snapshot.epoch
    assert not has_star(window)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_going_on_with_an_opened_run_equals_never_having_saved(qtbot, window, save_to, backend):
    path = save_to("half.mlps")
    settings = {"model.backend": backend, "train.batch_size": 32, "model.dropout": 0.2, "train.optimizer": "adam"}
    window.studio.set_experiment(with_settings(FIRST, settings | {"model.hidden": "16", "train.epochs": ENDLESS}))
    window.studio.train()
    wait_for_epoch(qtbot, window, 3)
    window.studio.interrupt("paused")  # within an epoch
    wait_for_status(qtbot, window, "paused")
    save(qtbot, window)
    last = run_of(window).epoch + 4
    window.studio.set("train.epochs", last)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    never_saved = run_of(window)
    opened(qtbot, window, path)
    assert run_of(window).status == "paused"
    window.studio.set("train.epochs", last)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert_same_run(run_of(window), never_saved)


def test_an_opened_run_that_was_never_gone_on_with_is_saved_as_it_was(qtbot, window, project, save_to):
    opened(qtbot, window, project)
    again = save_to("again.mlps")
    save(qtbot, window, "save_as")
    one, other = open_project(project).run, open_project(again).run
    np.testing.assert_array_equal(one.state.present.weights, other.state.present.weights)
    np.testing.assert_array_equal(one.state.curves, other.state.curves)
    assert (one.status, one.seconds) == (other.status, other.seconds)


def test_wide_data_come_back_on_the_same_slice(qtbot, window, save_to, tmp_path):
    path = save_to("wide.mlps")
    rng = np.random.default_rng(0)
    lines = [",".join(f"{x:.3f}" for x in rng.normal(k % 2, 0.3, 4)) + f",{'xy'[k % 2]}" for k in range(60)]
    (tmp_path / "wide.csv").write_text("\n".join(["a,b,c,d,kind", *lines]))
    window.studio.open_file(tmp_path / "wide.csv")
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.features == 4, timeout=SECONDS)
    window.studio.slicing.choose(Slice("columns", (2, 1), held_row=7))
    save(qtbot, window)
    window.studio.slicing.choose(Slice("principal"))
    opened(qtbot, window, path)
    assert state_of(window).shown.slice == Slice("columns", (2, 1), held_row=7)
    assert "row 8" in state_of(window).plane.description


def test_labels_that_were_shuffled_can_be_put_right_after_opening(qtbot, window, save_to):
    path = save_to("shuffled.mlps")
    window.studio.set("data.shuffle_labels", True)
    save(qtbot, window)
    opened(qtbot, window, path)
    window.studio.set("data.shuffle_labels", False)
    true = state_of(window).prepared.dataset.y.copy()
    window.studio.set_experiment(with_settings(FIRST, {"seed": 1}))
    window.studio.set_experiment(FIRST)
    np.testing.assert_array_equal(state_of(window).prepared.dataset.y, true)


def test_settings_that_were_changed_after_the_run_stay_so(qtbot, window, project):
    window.studio.set("model.hidden", "7")
    follow_up = state_of(window).follow_up
    assert follow_up
    save(qtbot, window)
    opened(qtbot, window, project)
    assert state_of(window).experiment.model.hidden == (7,)
    assert run_of(window).experiment.model.hidden == FIRST.model.hidden
    assert state_of(window).follow_up == follow_up


def test_a_file_that_is_no_project_says_so_and_all_stays(qtbot, window, tmp_path):
    path = tmp_path / "broken.mlps"
    path.write_bytes(b"nothing of the kind")
    before = state_of(window)
    opened(qtbot, window, path)
    assert "broken.mlps" in window.notice.text.text()
    assert state_of(window).notice.is_error
    assert state_of(window).experiment == before.experiment
    assert run_of(window).snapshot is before.run.snapshot
    assert window.desk.path is None


def test_opening_can_be_cancelled(qtbot, window, project):
    window.commands["new"].trigger()
    window.open_file(project)
    window.studio.data.cancel()
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert window.desk.path is None
    assert "“spiral.mlps” was cancelled" in window.notice.text.text()


def test_a_project_is_opened_by_drop_and_from_the_recent_files(qtbot, window, project):
    window.commands["new"].trigger()
    drop(window, project)
    qtbot.waitUntil(lambda: window.desk.path == project, timeout=SECONDS)
    window.commands["new"].trigger()
    window._recent_menu.aboutToShow.emit()
    window._recent_menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: window.desk.path == project, timeout=SECONDS)


def test_a_dropped_table_is_data_for_what_is_open(qtbot, window, project, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b,kind\n" + "".join(f"{k},{k * k},{'uv'[k % 2]}\n" for k in range(40)))
    drop(window, table)
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.name == "table.csv", timeout=SECONDS)
    assert window.desk.path == project
    assert has_star(window)


# --- the question -------------------------------------------------------------------------------------------------


def test_new_and_open_ask_once_and_cancel_keeps_everything(qtbot, window, project):
    window.studio.set("train.learning_rate", 0.5)
    for act in (window.commands["new"].trigger, lambda: window.open_file(project)):
        act()
        assert window.desk.question.text() == "“spiral.mlps” has changes that are not saved. Save them?"
        assert window.desk.question.textFormat() == Qt.TextFormat.PlainText
        answer(window, "Cancel")
        assert window.desk.question is None
        assert state_of(window).experiment.train.learning_rate == 0.5
        assert window.desk.path == project


def test_save_before_new_saves_and_then_begins_anew(qtbot, window, project):
    window.studio.set("train.learning_rate", 0.5)
    window.commands["new"].trigger()
    answer(window, "Save")
    qtbot.waitUntil(lambda: window.desk.path is None, timeout=SECONDS)
    assert open_project(project).experiment.train.learning_rate == 0.5
    assert state_of(window).experiment == FIRST
    assert run_of(window).status == "ready"
    assert not has_star(window)


def test_closing_saves_all_that_was_trained_and_then_closes(qtbot, window, project):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 40)
    window.close()
    assert "still training" in window.desk.question.informativeText()
    answer(window, "Save")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)
    kept = open_project(project).run
    assert kept.epoch == run_of(window).epoch >= 40
    np.testing.assert_array_equal(kept.snapshot.params[0].W, run_of(window).snapshot.params[0].W)


def test_closing_stays_open_where_saving_fails(qtbot, window, project):
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    window.desk.path = project.parent / "vanished" / "spiral.mlps"
    window.close()
    answer(window, "Save")
    qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)
    assert window.isVisible()
    assert has_star(window)
    assert state_of(window).notice.is_error


def test_closing_what_was_saved_asks_nothing(qtbot, window, project):
    window.close()
    assert window.desk.question is None
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)


def test_settings_alone_come_back_with_the_next_session_so_nobody_is_asked(qtbot, window):
    window.studio.set("train.learning_rate", 0.5)
    assert has_star(window)
    window.close()
    assert window.desk.question is None
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)


def test_closing_while_it_is_saved_waits_for_that(qtbot, window, save_to):
    path = save_to("late.mlps")
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    window.commands["save"].trigger()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)
    assert open_project(Path(path)).run.epoch == 1


# --- files of data ------------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    """A table in a folder of its own."""
    path = tmp_path / "data" / "table.csv"
    path.parent.mkdir()
    path.write_text("a,b,kind\n" + "".join(f"{k},{k * k},{'uv'[k % 2]}\n" for k in range(40)))
    return path


@pytest.fixture
def with_table(qtbot, window, table):
    """The window with the table loaded."""
    window.studio.open_file(table)
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.name == "table.csv", timeout=SECONDS)
    return window


def test_the_place_of_a_data_file_is_known_again_after_opening(qtbot, with_table, save_to, table):
    window, path = with_table, save_to("table.mlps")
    save(qtbot, window)
    assert str(table.parent).encode() not in path.read_bytes()
    window.commands["new"].trigger()
    opened(qtbot, window, path)
    assert state_of(window).experiment.data.path == str(table)
    assert not has_star(window)
    qtbot.wait(500)  # longer than the watch of the file waits: nothing is read again by itself
    assert run_of(window).status == "ready"
    assert state_of(window).notice is None
    table.write_text(table.read_text() + "50,60,u\n")
    window.commands["reload"].trigger()
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == 41, timeout=SECONDS)
    assert has_star(window)


def test_a_project_opens_where_its_data_file_is_gone_or_another(qtbot, with_table, save_to, table):
    window, path = with_table, save_to("table.mlps")
    save(qtbot, window)
    window.commands["new"].trigger()
    table.write_text("other,columns\n1,x\n2,y\n")
    opened(qtbot, window, path)
    assert state_of(window).prepared.dataset.rows == 40
    assert state_of(window).experiment.data.path == "table.csv"
    qtbot.wait(500)
    assert state_of(window).prepared.dataset.rows == 40


def test_large_data_are_kept_or_referred_to_as_the_person_wants(qtbot, with_table, save_to, monkeypatch, table):
    window = with_table
    monkeypatch.setattr(desk, "LARGE", 100)
    for choice, by_reference in (("Yes", False), ("No", True)):
        path = save_to(f"{choice}.mlps")
        window.commands["save_as"].trigger()
        assert "take up" in window.desk.question.text()
        answer(window, choice)
        qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)
        assert window.desk.path == path
        assert open_project(path, lambda *_: table).data_by_reference == by_reference
    window.studio.set("train.learning_rate", 0.5)
    save(qtbot, window)  # the choice is remembered with the project
    assert open_project(path, lambda *_: table).data_by_reference
    window.commands["save_as"].trigger()
    assert window.desk.question.defaultButton().text() == "Refer to the file"
    answer(window, "Cancel")


def test_data_that_a_project_refers_to_and_that_moved_are_asked_for_once(
    qtbot, with_table, save_to, monkeypatch, table
):
    window, path = with_table, save_to("referring.mlps")
    monkeypatch.setattr(desk, "LARGE", 100)
    window.commands["save_as"].trigger()
    answer(window, "No")
    qtbot.waitUntil(lambda: not window.desk.is_saving, timeout=SECONDS)
    window.commands["new"].trigger()
    moved = table.with_name("moved.csv")
    table.rename(moved)
    opened(qtbot, window, path)
    assert "“table.csv”" in window.desk.question.text()
    answer(window, "Cancel")
    assert state_of(window).prepared.dataset.name == "Spiral"
    opened(qtbot, window, path)
    monkeypatch.setattr(saving, "ask_for_data", lambda *_: moved)
    answer(window, "Open")
    qtbot.waitUntil(lambda: window.desk.path == path, timeout=SECONDS)
    assert state_of(window).prepared.dataset.rows == 40
    assert state_of(window).experiment.data.path == str(moved)


def test_projects_end_alike_in_the_window_and_below_it():
    assert project_files.SUFFIX == core_project.SUFFIX


def test_a_project_that_is_named_at_the_start_is_opened(qapp, qtbot, window, project, tmp_path):
    save(qtbot, window)
    epoch = run_of(window).epoch
    started = make_window(QSettings(str(tmp_path / "other.ini"), QSettings.Format.IniFormat))
    started.show()
    started.open_file(project)  # before anything else has happened, as `mlp-studio FILE` does
    qtbot.waitUntil(lambda: started.desk.path == project and not started.studio.is_busy, timeout=SECONDS)
    assert run_of(started).epoch == epoch
    assert not started.isWindowModified()
    assert started.studio.shut_down(20_000)
    started.close()
    started.deleteLater()
