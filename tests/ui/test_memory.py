"""What comes back with the next window, and what does not keep it from coming."""

import json

import pytest
from PySide6.QtWidgets import QMessageBox

from mlp_studio.app import make_application, make_window
from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.ui.memory import Memory
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_status

FIRST = LESSONS[FIRST_LESSON].experiment()


@pytest.fixture
def window_with(qapp, qtbot, settings):
    """Open a window with these settings, once its data are there; it is closed in the end."""
    make_application()
    windows = []

    def opened():
        window = make_window(settings)
        windows.append(window)
        window.show()
        qtbot.waitUntil(lambda: not state_of(window).loading and not window.studio.is_busy, timeout=SECONDS)
        return window

    yield opened
    for window in windows:
        assert window.studio.shut_down(20_000)
        window.close()
        window.deleteLater()


def closed(qtbot, window):
    window.close()
    qtbot.waitUntil(window.isHidden, timeout=SECONDS)


def test_the_first_start_shows_the_spiral_and_the_lessons(window_with):
    window = window_with()
    assert state_of(window).experiment == FIRST
    assert not window.lesson.visibleRegion().isEmpty()


def test_layout_and_scheme_are_back_in_the_next_window(qtbot, window_with):
    window = window_with()
    window.docks["data"].close()
    window.set_scheme("dark")
    closed(qtbot, window)
    again = window_with()
    assert again.schemes["dark"].isChecked()
    assert again.docks["data"].isHidden()
    assert again.memory.geometry is not None
    again.restore_layout()
    assert not again.docks["data"].isHidden()
    again.set_scheme("system")


def test_the_last_experiment_and_the_look_of_it_are_back(qtbot, window_with):
    window = window_with()
    changed = {"seed": 5, "data.source": "moons", "model.hidden": "8, 4", "train.optimizer": "sgd", "train.l2": 0.25}
    window.studio.set_experiment(with_settings(FIRST, changed | {"split.train": 0.5, "split.test": 0.35}))
    window.studio.show_part("validation", True)
    window.studio.show_part("train", False)
    window.studio.show_side_by_side(True)
    window.curves.log_button.click()
    wanted = state_of(window)
    closed(qtbot, window)
    again = window_with()
    assert state_of(again).experiment == wanted.experiment
    assert state_of(again).shown == wanted.shown
    assert again.curves.log_button.isChecked()
    assert run_of(again).epoch == 0


def test_a_file_is_back_and_is_read_after_the_window_is_there(qtbot, window_with, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,kind\n" + "".join(f"{k},{k * k},{'uv'[k % 2]}\n" for k in range(40)))
    window = window_with()
    window.studio.open_file(path)
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.name == "table.csv", timeout=SECONDS)
    closed(qtbot, window)
    again = window_with()
    assert state_of(again).prepared.dataset.rows == 40
    closed(qtbot, again)
    path.unlink()
    third = window_with()
    assert state_of(third).prepared.dataset.name == "Spiral"
    sentence = f"There is no file “{path}”. The spiral is shown instead."
    assert third.notice.text.text() == sentence
    third.studio.train()
    wait_for_status(qtbot, third, "finished")


def test_what_is_asked_for_before_the_last_data_are_read_wins(qtbot, settings):
    make_application()
    Memory(settings).remember_experiment(with_settings(FIRST, {"data.rows": 400_000}))
    window = make_window(settings)
    assert state_of(window).loading
    window.studio.set("data.source", "moons")
    window.studio.set("data.rows", 200)
    qtbot.waitUntil(lambda: not state_of(window).loading and not window.studio.is_busy, timeout=SECONDS)
    qtbot.wait(500)  # longer than the first data wait
    assert state_of(window).prepared.dataset.rows == 200
    window.close()
    assert window.studio.shut_down(20_000)
    window.deleteLater()


@pytest.mark.parametrize("broken", ["", "{", "[1, 2]", "null", '"text"', "\u0000", '{"train.epochs": {"a": [1]}}'])
def test_a_broken_value_is_as_good_as_none(window_with, settings, broken):
    for name in ("experiment", "view", "recent", "folder", "scheme", "geometry", "layout"):
        settings.setValue(name, broken)
    window = window_with()
    assert state_of(window).experiment == FIRST
    assert state_of(window).prepared.dataset.rows == 1500
    assert window.schemes["system"].isChecked()


def test_of_outdated_settings_those_that_still_mean_something_are_taken(window_with, settings):
    saved = {
        "seed": 7,
        "model.hidden": [16, 16],
        "model.activation": "an activation of next year",
        "train.epochs": "many",
        "train.learning_rate": 0.5,
        "split.train": 0.9,
        "no.such": 1,
        "elsewhere": None,
    }
    settings.setValue("experiment", json.dumps(saved))
    settings.setValue("view", json.dumps({"parts": ["test", "elsewhere"], "side_by_side": "perhaps", "log_loss": 1}))
    window = window_with()
    wanted = {"seed": 7, "model.hidden": (16, 16), "train.learning_rate": 0.5}
    assert state_of(window).experiment == with_settings(FIRST, wanted)
    assert state_of(window).shown.parts == {"test"}
    assert not window.curves.log_button.isChecked()


def test_a_new_experiment_is_that_of_the_first_start(qtbot, window_with):
    window = window_with()
    window.studio.set_experiment(with_settings(FIRST, {"data.source": "moons", "train.epochs": 5}))
    window.studio.show_side_by_side(True)
    window.studio.ask_at(0.1, 0.1)
    window.curves.log_button.click()
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    window.commands["new"].trigger()
    window.desk.question.button(QMessageBox.StandardButton.Discard).click()
    state = state_of(window)
    assert state.experiment == FIRST
    assert state.prepared.dataset.name == "Spiral"
    assert (run_of(window).status, run_of(window).epoch, state.probe) == ("ready", 0, None)
    assert not state.shown.side_by_side
    assert not window.curves.log_button.isChecked()


def test_the_list_of_recent_files_can_be_cleared(window_with, tmp_path):
    window = window_with()
    for name in ("a&b.csv", "c.csv"):
        window.memory.remember_file(tmp_path / name)
    menu = window._recent_menu
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()][:2] == [str(tmp_path / "c.csv"), f"{tmp_path}/a&&b.csv"]
    menu.actions()[-1].trigger()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["No files yet"]
