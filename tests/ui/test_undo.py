"""Undo and redo over everything that a person changes, with the gestures that change it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from mlp_studio.core.config import Experiment
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.scene import Slice
from mlp_studio.core.trainer import initial_params
from mlp_studio.ui import steps as steps_module
from mlp_studio.ui.steps import MOST_STEPS, lightened
from tests.ui.helpers import SECONDS, drop, run_of, state_of, wait_for_epoch, wait_for_status
from tests.ui.test_painting import EMPTY, press_button, strip_of, stroke, taken

ENDLESS = 1_000_000
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL, BOTH = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
)


@dataclass(frozen=True, eq=False)
class Seen:
    """What undo has to give back. `has_own_scaling`: not that of a run which goes on with other points."""

    experiment: Experiment
    prepared: Prepared
    has_own_scaling: bool


def seen(window):
    state = state_of(window)
    return Seen(state.experiment, state.prepared, not window.studio.data.loaded.keeps_scaler)


def assert_same(one, other):
    assert one.experiment == other.experiment
    a, b = one.prepared, other.prepared
    assert np.array_equal(a.dataset.X, b.dataset.X)
    assert np.array_equal(a.dataset.y, b.dataset.y)
    assert a.dataset.class_names == b.dataset.class_names
    for name, part in a.parts.items():
        assert np.array_equal(part.rows, b.parts[name].rows)
        if one.has_own_scaling and other.has_own_scaling:
            assert np.array_equal(part.X, b.parts[name].X)
    first, second = initial_params(one.experiment, a), initial_params(other.experiment, b)
    for layers in zip(first, second, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(*layers, strict=True))


def settle(qtbot, window):
    """Wait until the data that were asked for are there."""

    def is_settled():
        state = state_of(window)
        is_due = window.studio.painter._timer.isActive()
        return not (state.loading or is_due) and (state.painting is None or state.painting.waiting or taken(window))

    qtbot.waitUntil(is_settled, timeout=SECONDS)


def undo(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)


def redo(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Z, BOTH)
    settle(qtbot, window)


def field(window, path):
    return window.experiment.fields[path]


def enter(qtbot, window, path, text):
    """Type a number and press Return."""
    control = field(window, path).control
    edit = control if not hasattr(control, "lineEdit") else control.lineEdit()
    edit = getattr(control, "_edit", edit)
    control.setFocus()
    edit.selectAll()
    qtbot.keyClicks(control.focusProxy() or control, text)
    qtbot.keyClick(control.focusProxy() or control, Qt.Key.Key_Return)


def choose(window, path, name):
    box = field(window, path).control
    box.setCurrentIndex(box.findData(name))
    box.activated.emit(box.currentIndex())


def drag(window, path, start, end):
    """Drag a slider's handle over these shares of its length."""
    slider = field(window, path).slider
    y = slider.height() // 2
    places = [QPoint(round(share * slider.width()), y) for share in np.linspace(start, end, 12)]
    QTest.mousePress(slider, LEFT, pos=places[0])
    for place in places:
        QTest.mouseMove(slider, place)
        QTest.qWait(12)
    QTest.mouseRelease(slider, LEFT, pos=places[-1])


def table(path: Path, rows=60, shift=0.0):
    path.write_text("a,b,kind\n" + "".join(f"{i % 9 + shift},{i % 7}.25,{'uv'[i % 2]}\n" for i in range(rows)))
    return path


def rows_of(window):
    return state_of(window).prepared.dataset.rows


# --- one step -------------------------------------------------------------------------------------------------------


def test_a_setting_is_undone_by_its_name_and_done_again(qtbot, window):
    assert not window.commands["undo"].isEnabled()
    enter(qtbot, window, "train.learning_rate", "0.5")
    assert window.commands["undo"].text() == "&Undo Learning rate"
    undo(qtbot, window)
    assert state_of(window).experiment.train.learning_rate == 1
    assert field(window, "train.learning_rate").control.text() == "1"
    assert window.commands["redo"].text() == "R&edo Learning rate"
    assert not window.commands["undo"].isEnabled()
    redo(qtbot, window)
    assert state_of(window).experiment.train.learning_rate == 0.5
    assert not window.commands["redo"].isEnabled()


def test_a_new_change_forgets_what_was_undone(qtbot, window):
    enter(qtbot, window, "train.learning_rate", "0.5")
    undo(qtbot, window)
    enter(qtbot, window, "model.hidden", "7")
    assert state_of(window).redo == ""
    assert state_of(window).undo == "Hidden layers"


def test_one_drag_of_a_slider_is_one_step_and_the_next_drag_another(qtbot, window):
    before = seen(window)
    drag(window, "data.rows", 0.3, 0.8)
    middle = seen(window)
    assert middle.experiment.data.rows != 1500
    drag(window, "data.rows", 0.8, 0.1)
    assert state_of(window).undo == "Rows"
    undo(qtbot, window)
    assert_same(seen(window), middle)
    undo(qtbot, window)
    assert_same(seen(window), before)
    assert state_of(window).undo == ""


def test_a_drag_that_loads_in_a_job_is_one_step_too(qtbot, window, monkeypatch):
    monkeypatch.setattr("mlp_studio.ui.data_loader.is_quick", lambda *_: False)
    before = seen(window)
    drag(window, "data.noise", 0.2, 0.9)
    settle(qtbot, window)
    assert state_of(window).experiment.data.noise > 0.5
    assert state_of(window).undo == "Noise"
    undo(qtbot, window)
    assert_same(seen(window), before)
    assert state_of(window).undo == ""


def test_a_drag_that_ends_where_it_began_is_no_step(qtbot, window):
    window.studio.undo.hold("seed")
    for seed in (5, 6, 1234):
        window.studio.set("seed", seed)
    window.studio.undo.let_go()
    assert state_of(window).undo == ""


def test_arrow_keys_in_quick_succession_are_one_step(qtbot, window):
    box = field(window, "data.classes").control
    box.setFocus()
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Up)
        qtbot.wait(60)
    assert state_of(window).experiment.data.classes == 6
    enter(qtbot, window, "model.hidden", "7")
    undo(qtbot, window)
    undo(qtbot, window)
    assert state_of(window).experiment.data.classes == 3
    assert state_of(window).undo == ""


def test_a_field_that_is_typed_in_keeps_its_own_undo_and_one_that_is_not_leaves_it_to_the_window(qtbot, window):
    enter(qtbot, window, "model.hidden", "7")
    box = field(window, "train.learning_rate").control
    box.setFocus()
    box.lineEdit().selectAll()
    qtbot.keyClicks(box, "0.3")
    qtbot.keyClick(box, Qt.Key.Key_Z, CONTROL)
    assert state_of(window).experiment.model.hidden == (7,)
    qtbot.keyClick(box, Qt.Key.Key_Z, CONTROL)
    assert state_of(window).experiment.model.hidden == (100,)
    assert state_of(window).undo == ""


def test_new_samples_come_back_with_their_seeds(qtbot, window):
    first = seen(window)
    window.new_sample()
    second = seen(window)
    window.previous_sample()
    assert [step.name for step in window.studio.undo._steps.past] == ["New sample", "Previous sample"]
    undo(qtbot, window)
    assert_same(seen(window), second)
    assert state_of(window).earlier_seeds == (1234,)
    undo(qtbot, window)
    assert_same(seen(window), first)
    assert state_of(window).earlier_seeds == ()


def test_what_is_on_its_way_is_given_up(qtbot, window, monkeypatch, tmp_path):
    enter(qtbot, window, "model.hidden", "7")
    before = seen(window)
    monkeypatch.setattr("mlp_studio.ui.data_loader.is_quick", lambda *_: False)
    window.studio.open_file(table(tmp_path / "t.csv", 20_000), label="kind")
    assert state_of(window).loading
    assert window.commands["undo"].text() == "&Undo loading"
    undo(qtbot, window)
    assert_same(seen(window), before)
    assert state_of(window).undo == "Hidden layers"


# --- files ----------------------------------------------------------------------------------------------------------


def test_rows_of_a_file_that_changed_or_is_gone_come_back(qtbot, window, tmp_path):
    path = table(tmp_path / "t & u.csv")
    drop(window, path)
    qtbot.waitUntil(lambda: rows_of(window) == 60, timeout=SECONDS)
    first = seen(window)
    assert window.commands["undo"].text() == "&Undo Open t && u.csv"
    table(path, 80, shift=0.5)
    window.reload()
    qtbot.waitUntil(lambda: rows_of(window) == 80, timeout=SECONDS)
    settle(qtbot, window)
    second = seen(window)
    assert state_of(window).undo == "Reload t & u.csv"
    undo(qtbot, window)
    assert_same(seen(window), first)
    qtbot.wait(600)  # the watch sees that the file is another, and that this is no news
    assert_same(seen(window), first)
    path.unlink()
    redo(qtbot, window)
    assert_same(seen(window), second)
    undo(qtbot, window)
    undo(qtbot, window)
    assert rows_of(window) == 1500
    redo(qtbot, window)
    assert_same(seen(window), first)


def test_a_slice_that_was_chosen_stays(qtbot, window):
    choose(window, "data.source", "iris")
    settle(qtbot, window)
    chosen = Slice("columns", (0, 2))
    window.studio.slicing.choose(chosen)
    enter(qtbot, window, "seed", "77")
    settle(qtbot, window)
    undo(qtbot, window)
    assert state_of(window).experiment.seed == 1234
    assert state_of(window).shown.slice == state_of(window).scene.slice == chosen


# --- training -------------------------------------------------------------------------------------------------------


@pytest.fixture
def training(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    return window


def test_a_live_setting_is_undone_while_training_goes_on(qtbot, training):
    runner = training.studio._runner
    training.studio.set("train.learning_rate", 0.5)
    wait_for_epoch(qtbot, training, run_of(training).epoch + 3)
    undo(qtbot, training)
    wait_for_epoch(qtbot, training, run_of(training).epoch + 3)
    assert run_of(training).status == "running"
    assert training.studio._runner is runner
    assert runner.training.experiment.train.learning_rate == 1


def test_undo_back_to_the_settings_of_the_run_makes_it_current_again(qtbot, training):
    enter(qtbot, training, "model.hidden", "7")
    wait_for_status(qtbot, training, "stopped")
    assert state_of(training).follow_up
    epoch = run_of(training).epoch
    undo(qtbot, training)
    assert state_of(training).follow_up == ""
    assert training.commands["train"].text() == "Go on"
    training.studio.train()
    wait_for_epoch(qtbot, training, epoch + 5)


def test_undo_of_a_setting_that_is_not_live_stops_the_run(qtbot, window):
    enter(qtbot, window, "model.hidden", "7")
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    undo(qtbot, window)  # Epochs, live
    wait_for_status(qtbot, window, "finished")
    undo(qtbot, window)
    assert state_of(window).follow_up == "Settings changed: Train starts a new run."


def test_a_stroke_is_undone_after_paint_mode_was_left_and_training_goes_on(qtbot, training):
    runner, before = training.studio._runner, seen(training)
    press_button(qtbot, training.boundary.paint_button)
    stroke(training, EMPTY, (0.9, -0.8))
    settle(qtbot, training)
    press_button(qtbot, training.boundary.paint_button)
    training.studio.set("train.learning_rate", 0.02)
    undo(qtbot, training)
    undo(qtbot, training)
    assert_same(seen(training), before)
    assert state_of(training).painting is not None
    wait_for_epoch(qtbot, training, run_of(training).epoch + 3)
    assert training.studio._runner is runner
    redo(qtbot, training)
    assert rows_of(training) > 1500
    assert state_of(training).redo == "Learning rate"
    assert training.studio._runner is runner


# --- a session ------------------------------------------------------------------------------------------------------


def session(qtbot, window, tmp_path):
    """Gestures, each of which is one step."""
    path, wide = table(tmp_path / "t.csv"), tmp_path / "wide.csv"
    wide.write_text("a,b,c,kind\n" + "".join(f"{i}.5,{i % 7}.2,{i % 5}.5,{'uv'[i % 2]}\n" for i in range(70)))
    paint, studio = window.boundary.paint_button, window.studio

    def train(epochs):
        studio.train()
        wait_for_status(qtbot, window, "finished")

    def opened(file, rows):
        drop(window, file)
        qtbot.waitUntil(lambda: rows_of(window) == rows, timeout=SECONDS)

    def lead(*shares, button=LEFT):
        """A stroke over places that are in view, whatever the sample: shares of the picture."""
        box = window.boundary.plots[0].box
        across, upward = box.u_high - box.u_low, box.v_high - box.v_low
        places = [(box.u_low + a * across, box.v_low + b * upward) for a, b in shares]
        stroke(window, *places, button=button)

    def press(*buttons):
        for button in buttons:
            press_button(qtbot, button)

    return [
        lambda: enter(qtbot, window, "train.epochs", "20"),
        lambda: enter(qtbot, window, "model.hidden", "9, 5"),
        lambda: drag(window, "data.rows", 0.3, 0.2),
        lambda: choose(window, "model.activation", "tanh"),
        lambda: (train(20), window.new_sample()),
        window.new_sample,
        window.previous_sample,
        field(window, "split.derived").control.boxes["square"].click,
        lambda: enter(qtbot, window, "split.train", "0.5"),
        lambda: (press(paint), lead((0.7, 0.2), (0.9, 0.2))),
        lambda: (
            strip_of(window).brush.setValue(40),
            stroke(window, (0.2, 0.7), (-0.2, 0.6), button=Qt.MouseButton.RightButton),
        ),
        lambda: press(strip_of(window).chips.new),
        lambda: lead((0.8, 0.3)),
        lambda: (train(20), lead((0.7, 0.4))),
        lambda: (studio.reset(), enter(qtbot, window, "train.learning_rate", "0.03")),
        lambda: press(strip_of(window).clear),
        lambda: lead((0.6, 0.6), (0.8, 0.8)),
        lambda: (press(strip_of(window).chips.buttons[1]), lead((0.4, 0.6), (0.2, 0.8))),
        lambda: (press(paint), window.open_lesson("dropout")),
        lambda: opened(path, 60),
        lambda: studio.shuffle_labels(True),
        lambda: (wait_for_status(qtbot, window, "finished"), table(path, 90), window.reload()),
        lambda: (settle(qtbot, window), studio.open_file(path, label="kind", features=("a",))),
        lambda: opened(wide, 70),
        lambda: press(paint),  # a small example to paint on
        lambda: lead((0.5, 0.5)),
        lambda: (press(paint), choose(window, "data.source", "iris")),
        lambda: choose(window, "data.source", "moons"),
        lambda: studio.begin_anew(LESSONS[FIRST_LESSON].experiment()),
        lambda: choose(window, "model.backend", "torch"),
    ]


def test_undo_to_the_start_and_redo_to_the_end_of_a_session_give_equal_states(qtbot, window, tmp_path):
    states, names = [seen(window)], []
    for number, gesture in enumerate(session(qtbot, window, tmp_path), 1):
        gesture()
        settle(qtbot, window)
        past = window.studio.undo._steps.past
        assert len(past) == number, [step.name for step in past]
        states.append(seen(window))
        names.append(past[-1].name)
    assert len(set(names)) > 20
    for state, name in zip(reversed(states[:-1]), reversed(names), strict=True):
        assert state_of(window).undo == name
        undo(qtbot, window)
        assert_same(seen(window), state)
    assert not window.commands["undo"].isEnabled()
    for state, name in zip(states[1:], names, strict=True):
        assert state_of(window).redo == name
        redo(qtbot, window)
        assert_same(seen(window), state)
    assert not window.commands["redo"].isEnabled()


# --- random sessions ------------------------------------------------------------------------------------------------


def random_gestures(qtbot, window, rng, path):
    """Changes through the studio, each a step or none; training goes on or ends in between."""
    studio, painter = window.studio, window.studio.painter

    def paint():
        painter.turn(True)
        if state_of(window).painting is None:
            return
        painter.choose_class(int(rng.integers(3)))
        start, pixel = rng.uniform(-1, 1, 2), np.array([0.005, 0.005])
        painter.press(start, pixel, erasing=bool(rng.random() < 0.3))
        for _ in range(3):
            painter.drag(start + rng.uniform(-0.3, 0.3, 2))
        painter.release()

    def slide():
        studio.undo.hold("data.noise")
        for noise in rng.uniform(0, 1, 4).round(3):
            studio.set("data.noise", float(noise))
        studio.undo.let_go()

    def train():
        studio.train()
        qtbot.wait(int(rng.integers(5, 60)))

    def stop():
        studio.stop()
        qtbot.waitUntil(lambda: not studio.is_training, timeout=SECONDS)

    return [
        lambda: studio.set("model.hidden", str(rng.integers(2, 9))),
        lambda: studio.set("train.learning_rate", float(rng.choice([0.1, 0.2, 0.3]))),
        lambda: studio.set("train.epochs", int(rng.integers(1, 2000))),
        lambda: studio.set("split.train", float(rng.choice([0.5, 0.6, 0.7]))),
        lambda: studio.set("split.derived", str(rng.choice(["", "square", "product"]))),
        lambda: studio.set("data.source", str(rng.choice(["moons", "circles", "spiral"]))),
        lambda: studio.set("data.source", "painted"),
        lambda: (studio.open_file(table(path, int(rng.integers(40, 90))), label="kind"), settle(qtbot, window)),
        lambda: (studio.reload(), settle(qtbot, window)),
        lambda: studio.lessons.open(str(rng.choice(["linear", "fit", "dropout"]))),
        lambda: painter.turn(False),
        lambda: studio.runs.bring_back(int(rng.integers(1, 9))),
        lambda: studio.begin_anew(LESSONS[FIRST_LESSON].experiment()),
        painter.clear,
        painter.add_class,
        studio.new_sample,
        studio.previous_sample,
        studio.reset,
        paint,
        paint,
        paint,
        slide,
        train,
        train,
        stop,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_undo_and_redo_of_random_sessions_give_equal_states(qtbot, window, tmp_path, seed):
    rng = np.random.default_rng(seed)
    window.studio.set("data.rows", 60)
    gestures = random_gestures(qtbot, window, rng, tmp_path / "t.csv")
    after = {}  # by the number of steps
    for _ in range(40):
        gestures[rng.integers(len(gestures))]()
        settle(qtbot, window)
        after[len(window.studio.undo._steps.past)] = seen(window)
    window.studio.stop()
    settle(qtbot, window)
    count = len(window.studio.undo._steps.past)
    assert count > 10
    kept = {run.number for run in state_of(window).runs}
    for number in range(count - 1, -1, -1):
        window.undo()
        settle(qtbot, window)
        if number in after:
            assert_same(seen(window), after[number])
    for number in range(1, count + 1):
        window.redo()
        settle(qtbot, window)
        if number in after:
            assert_same(seen(window), after[number])
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    present = run_of(window).number
    assert kept <= {run.number for run in state_of(window).runs} | {present}


# --- memory ---------------------------------------------------------------------------------------------------------


def test_the_oldest_steps_are_forgotten(qtbot, window):
    for seed in range(MOST_STEPS + 20):
        window.studio.set("model.dropout", seed / 1000)
    past = window.studio.undo._steps.past
    assert len(past) == MOST_STEPS
    assert past[0].version.experiment.model.dropout == 0.019


def test_data_of_old_steps_are_drawn_or_read_again_where_they_are_too_large_to_keep(
    qtbot, window, monkeypatch, tmp_path
):
    monkeypatch.setattr(steps_module, "MOST_BYTES", 300_000)
    first = seen(window)
    window.studio.open_file(table(tmp_path / "t.csv"), label="kind")
    settle(qtbot, window)
    opened = seen(window)
    window.studio.set("data.source", "moons")
    for noise in (0.1, 0.3, 0.4):
        window.studio.set("data.noise", noise)
    past = window.studio.undo._steps.past
    assert past[0].version.loaded is None
    assert past[-1].version.loaded is not None
    held = {key: size for step in past for key, size in step.version.sizes.items()}
    assert sum(held.values()) < 300_000 + 2 * sum(window.studio.undo.present.sizes.values())
    for _ in range(4):
        undo(qtbot, window)
    assert_same(seen(window), opened)
    undo(qtbot, window)
    assert_same(seen(window), first)


def test_steps_hold_the_same_data_once(qtbot, window):
    for rate in (0.1, 0.2, 0.3):
        window.studio.set("train.learning_rate", rate)
    steps = window.studio.undo._steps
    assert all(step.version.loaded is not None for step in lightened(steps, 0).past)
    window.studio.new_sample()
    steps = window.studio.undo._steps
    assert len(steps.past) == 4
    assert all(step.version.loaded is None for step in lightened(steps, 0).past)
    assert all(step.version.loaded is not None for step in lightened(steps).past)
