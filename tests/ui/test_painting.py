"""Paint mode, with real mouse events on the boundary plot."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.core.painting import MOST_CLASSES, from_text
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.panels.status import status_text
from tests.ui.helpers import SECONDS, drop, run_of, state_of, wait_for_epoch, wait_for_status

ENDLESS = 1_000_000
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
EMPTY = (0.7, -0.8)  # a place on the spiral's plane without points
APART = 15  # milliseconds from one move of the mouse to the next: pyqtgraph drops those that come sooner


def plot_of(window, index=0):
    return window.boundary.plots[index]


def pixel_at(plot, place):
    return plot.widget.mapFromScene(plot.view_box.mapViewToScene(QPointF(*place)))


def place_at(plot, pixel):
    place = plot.view_box.mapSceneToView(plot.widget.mapToScene(pixel))
    return place.x(), place.y()


def stroke(window, *places, button=LEFT, index=0):
    """Press at the first place, lead the mouse over the others, release at the last."""
    plot = plot_of(window, index)
    viewport, pixels = plot.widget.viewport(), [pixel_at(plot, place) for place in places]
    QTest.mouseMove(viewport, pixels[0])
    QTest.qWait(APART)
    QTest.mousePress(viewport, button, pos=pixels[0])
    for pixel in pixels[1:]:
        QTest.qWait(APART)
        QTest.mouseMove(viewport, pixel)
    QTest.qWait(APART)
    QTest.mouseRelease(viewport, button, pos=pixels[-1])
    QTest.qWait(APART)


def press_button(qtbot, button):
    qtbot.mouseClick(button, LEFT)


def canvas_of(window):
    return state_of(window).painting.canvas


def strip_of(window):
    return window.boundary.paint_bar


def rows_of(window):
    return state_of(window).prepared.dataset.rows


def taken(window):
    """Whether the data are what the canvas shows."""
    return state_of(window).painting.points is None


@pytest.fixture
def painting(qtbot, window):
    """The window in Paint mode, the mouse pressed on its button."""
    press_button(qtbot, window.boundary.paint_button)
    assert state_of(window).painting is not None
    return window


@pytest.fixture
def training(qtbot, window):
    """The window in Paint mode while a network trains on the spiral."""
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    press_button(qtbot, window.boundary.paint_button)
    return window


# --- the mode -------------------------------------------------------------------------------------------------------


def test_paint_is_a_button_a_command_and_a_key_and_leaves_the_data_alone(qtbot, window):
    before = state_of(window)
    assert not strip_of(window).isVisible()
    press_button(qtbot, window.boundary.paint_button)
    assert strip_of(window).isVisible()
    assert window.commands["paint"].isChecked()
    assert state_of(window).prepared is before.prepared
    assert len(canvas_of(window)) == 1500
    assert not window.commands["undo"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert state_of(window).painting is None
    assert not window.boundary.paint_button.isChecked()
    assert not strip_of(window).isVisible()
    assert state_of(window).experiment == before.experiment


def test_while_painting_a_drag_paints_and_without_it_moves_the_view(painting):
    box = plot_of(painting).box
    stroke(painting, (-0.5, 0.5), (0.3, 0.3), (0.5, 0.5))
    assert plot_of(painting).box == box
    assert state_of(painting).probe is None
    painting.studio.painter.turn(False)
    stroke(painting, (-0.5, 0.5), (0.3, 0.3), (0.5, 0.5))
    assert plot_of(painting).box != box


def test_the_wheel_still_zooms(painting):
    plot = plot_of(painting)
    before, viewport, at = plot.box, plot.widget.viewport(), QPointF(pixel_at(plot, EMPTY))
    kinds = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    event = QWheelEvent(at, QPointF(viewport.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 240), *kinds)
    QApplication.sendEvent(viewport, event)
    assert plot.box.u_high - plot.box.u_low < before.u_high - before.u_low


def test_every_share_is_shown_while_painting(qtbot, painting):
    assert state_of(painting).shown.parts == {"train", "validation", "test"}
    painting.studio.painter.turn(False)
    assert state_of(painting).shown.parts == {"train", "test"}
    painting.studio.painter.turn(True)
    painting.studio.show_part("test", False)  # what a person chooses meanwhile stays
    painting.studio.painter.turn(False)
    assert state_of(painting).shown.parts == {"train", "validation"}


def test_a_stroke_that_turning_paint_off_cuts_short_is_kept_and_the_next_one_begins_anew(painting):
    plot = plot_of(painting)
    QTest.mousePress(plot.widget.viewport(), LEFT, pos=pixel_at(plot, EMPTY))
    painting.studio.painter.turn(False)
    QTest.mouseRelease(plot.widget.viewport(), LEFT, pos=pixel_at(plot, EMPTY))
    assert rows_of(painting) == 1501
    painting.studio.painter.turn(True)
    stroke(painting, (0.9, -0.8))
    assert len(canvas_of(painting)) == 1502
    assert state_of(painting).undo == "Brush stroke"


# --- tools ----------------------------------------------------------------------------------------------------------


def test_a_click_adds_one_point_of_the_chosen_class_where_it_is(qtbot, painting):
    press_button(qtbot, strip_of(painting).chips.buttons[1])
    pixel = pixel_at(plot_of(painting), EMPTY)
    stroke(painting, EMPTY)
    canvas = canvas_of(painting)
    assert len(canvas) == 1501
    assert canvas.y[-1] == 1
    np.testing.assert_allclose(canvas.X[-1], place_at(plot_of(painting), pixel))
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    data = state_of(painting).prepared.dataset
    assert data.rows == 1501
    assert np.array_equal(data.X, canvas.X)


def test_every_other_point_keeps_its_share_and_new_ones_are_shared_out(qtbot, painting):
    def shares():
        prepared = state_of(painting).prepared
        return {
            tuple(prepared.dataset.X[row]): name for name, part in prepared.parts.items() for row in part.rows.tolist()
        }

    before = shares()
    strip_of(painting).brush.setValue(40)
    stroke(painting, (0.55, -0.9), (0.75, -0.8), (0.95, -0.9), (0.75, -0.7))
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    after = shares()
    assert {place: after[place] for place in before} == before
    new = [name for place, name in after.items() if place not in before]
    assert {"train", "validation", "test"} == set(new)
    assert new.count("train") > len(new) / 2


def test_a_larger_brush_lays_more_points_within_its_ring(painting):
    strip_of(painting).brush.setValue(40)
    plot = plot_of(painting)
    middle = pixel_at(plot, EMPTY)
    stroke(painting, EMPTY)
    added = canvas_of(painting).X[1500:]
    assert len(added) == 5
    pixels = [pixel_at(plot, place) - middle for place in added]
    assert max(np.hypot(pixel.x(), pixel.y()) for pixel in pixels) <= 42
    assert plot.surface.ring.isVisible()
    assert plot.surface.ring.rect().width() == 80


def test_points_are_on_the_screen_in_the_course_of_the_stroke(painting):
    plot = plot_of(painting)
    viewport, start = plot.widget.viewport(), pixel_at(plot, EMPTY)
    QTest.mouseMove(viewport, start)
    QTest.qWait(APART)
    drawn = sum(plot.drawn_points(part) for part in ("train", "test", "validation"))
    QTest.mousePress(viewport, LEFT, pos=start)
    for step in range(1, 6):
        QTest.qWait(APART)
        QTest.mouseMove(viewport, start + QPoint(10 * step, 0))
    assert len(canvas_of(painting)) == 1507  # one, and another each 8 pixels
    assert sum(plot.drawn_points(part) for part in ("train", "test", "validation")) == drawn + 7
    QTest.mouseRelease(viewport, LEFT, pos=start + QPoint(50, 0))
    assert len(canvas_of(painting)) == 1507


@pytest.mark.parametrize("how", ["right button", "eraser"])
def test_erasing_takes_what_is_under_the_brush(qtbot, painting, how):
    strip_of(painting).brush.setValue(30)
    if how == "eraser":
        press_button(qtbot, strip_of(painting).tools["erase"])
    canvas, plot = canvas_of(painting), plot_of(painting)
    places = [(-0.2, 0.6), (0.2, 0.7)]
    stroke(painting, *places, button=RIGHT if how == "right button" else LEFT)
    rest = canvas_of(painting)
    gone = {tuple(x) for x in canvas.X} - {tuple(x) for x in rest.X}
    assert len(gone) == len(canvas) - len(rest) > 10
    ends = [pixel_at(plot, place) for place in places]

    def distance(place):
        pixel, (first, last) = pixel_at(plot, place), ends
        way, gap = np.array([(last - first).x(), (last - first).y()]), pixel - first
        share = np.clip((way @ [gap.x(), gap.y()]) / (way @ way), 0, 1)
        return np.hypot(*(np.array([gap.x(), gap.y()]) - share * way))

    assert max(distance(place) for place in gone) <= 32
    assert min(distance(place) for place in rest.X) >= 26  # a row of dabs has a scalloped edge


def test_a_drag_with_move_takes_the_point_along_and_nothing_else(qtbot, painting):
    press_button(qtbot, strip_of(painting).tools["move"])
    canvas, plot = canvas_of(painting), plot_of(painting)
    target = place_at(plot, pixel_at(plot, EMPTY))
    point = int(np.argmin(((canvas.X - [-0.4, -0.85]) ** 2).sum(axis=1)))
    start = place_at(plot, pixel_at(plot, canvas.X[point]))
    stroke(painting, canvas.X[point], (0.2, 0.0), EMPTY)
    moved = canvas_of(painting)
    changed = np.flatnonzero((moved.X != canvas.X).any(axis=1))
    assert len(changed) == 1
    np.testing.assert_allclose(moved.X[changed[0]] - canvas.X[changed[0]], np.subtract(target, start), atol=1e-9)
    assert np.array_equal(moved.tickets, canvas.tickets)
    stroke(painting, (0.98, -0.98), (0.0, 0.0))  # nothing there to be moved
    assert canvas_of(painting) is moved


def test_keys_choose_classes(qtbot, painting):
    qtbot.keyClick(painting, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: state_of(painting).painting.label == 2, timeout=SECONDS)
    qtbot.keyClick(painting, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: state_of(painting).painting.label == 0, timeout=SECONDS)
    assert strip_of(painting).chips.buttons[0].isChecked()
    assert not strip_of(painting).chips.buttons[2].isChecked()


def test_both_pictures_of_the_side_by_side_view_can_be_painted_on(qtbot, painting):
    painting.studio.show_side_by_side(True)
    qtbot.wait(50)
    stroke(painting, EMPTY, index=1)
    assert len(canvas_of(painting)) == 1501
    stroke(painting, EMPTY, button=RIGHT, index=0)
    assert len(canvas_of(painting)) == 1500


# --- undo -----------------------------------------------------------------------------------------------------------


def test_undo_goes_back_to_the_data_as_they_were_and_redo_forth_again(qtbot, painting):
    before = state_of(painting)
    seen = [canvas_of(painting)]
    stroke(painting, EMPTY, (0.9, -0.8), (0.9, -0.6))  # one stroke, however long
    seen.append(canvas_of(painting))
    stroke(painting, (0.2, 0.7), (-0.2, 0.6), button=RIGHT)
    seen.append(canvas_of(painting))
    press_button(qtbot, strip_of(painting).chips.new)
    seen.append(canvas_of(painting))
    stroke(painting, (0.0, -0.95))
    seen.append(canvas_of(painting))
    assert [len(canvas) for canvas in seen[1:3]] != [1500, 1500]
    assert state_of(painting).experiment.data.source == "painted"
    for canvas in reversed(seen[:-1]):
        qtbot.keyClick(painting, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert canvas_of(painting) is canvas
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    assert not painting.commands["undo"].isEnabled()
    assert state_of(painting).experiment == before.experiment
    assert state_of(painting).prepared.dataset is before.prepared.dataset
    for name, part in before.prepared.parts.items():
        assert np.array_equal(state_of(painting).prepared.parts[name].X, part.X)
    for canvas in seen[1:]:
        press_button(qtbot, strip_of(painting).redo)
        assert canvas_of(painting) is canvas
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    assert np.array_equal(state_of(painting).prepared.dataset.X, seen[-1].X)
    assert not painting.commands["redo"].isEnabled()


def test_undo_keys_stay_with_a_field_that_is_typed_in(qtbot, painting):
    stroke(painting, EMPTY)
    field = painting.prediction.row
    field.setFocus()
    qtbot.keyClicks(field, "0.5")
    assert state_of(painting).painting.label == 0
    assert field.text().endswith("0.5")
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(canvas_of(painting)) == 1501


def test_the_keys_are_those_that_people_know(window):
    assert window.commands["undo"].shortcut() == QKeySequence("Ctrl+Z")
    assert window.commands["redo"].shortcut() == QKeySequence("Ctrl+Shift+Z")


# --- training -------------------------------------------------------------------------------------------------------


def test_a_point_of_a_known_class_does_not_stop_or_restart_the_training(qtbot, training):
    runner, scaler = training.studio._runner, state_of(training).prepared.scaler
    epoch = run_of(training).epoch
    stroke(training, EMPTY, (0.9, -0.8))
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    assert run_of(training).status == "running"
    wait_for_epoch(qtbot, training, epoch + 20)
    qtbot.waitUntil(lambda: runner.training.prepared is state_of(training).prepared, timeout=SECONDS)
    assert training.studio._runner is runner
    assert runner.isRunning()
    assert runner.training.prepared.dataset.rows == len(canvas_of(training)) > 1500
    assert run_of(training).prepared is state_of(training).prepared
    assert state_of(training).prepared.scaler is scaler
    assert strip_of(training).note.text() == "Training goes on with these points; the scaling stays."
    # the tables judge the new points, too
    total = len(canvas_of(training))
    qtbot.waitUntil(
        lambda: sum(part.samples for part in run_of(training).evaluation.parts.values()) == total, timeout=SECONDS
    )


def test_the_network_learns_the_points_that_are_painted(qtbot, training):
    training.studio.set("train.learning_rate", 0.5)
    strip_of(training).brush.setValue(25)
    press_button(qtbot, strip_of(training).chips.buttons[1])
    for _ in range(3):
        stroke(training, (0.5, -0.85), (0.8, -0.85), (0.9, -0.7))

    def answer():
        run = run_of(training)
        if run.raster is None:
            return -1
        box, cells = run.raster.box, run.raster.indices
        column = int((0.75 - box.u_low) / (box.u_high - box.u_low) * cells.shape[1])
        row = int((-0.85 - box.v_low) / (box.v_high - box.v_low) * cells.shape[0])
        return int(cells[row, column]) // (256 // 3)

    qtbot.waitUntil(lambda: answer() == 1, timeout=SECONDS)
    assert run_of(training).status == "running"


def test_a_class_added_while_training_starts_the_training_anew_and_says_so(qtbot, training):
    runner = training.studio._runner
    press_button(qtbot, strip_of(training).chips.new)
    assert canvas_of(training).class_names == ("c1", "c2", "c3", "c4")
    wait_for_epoch(qtbot, training, run_of(training).epoch + 5)
    assert training.studio._runner is runner  # a class without points changes nothing yet
    stroke(training, EMPTY, (0.9, -0.8))
    qtbot.waitUntil(lambda: training.studio._runner is not runner, timeout=SECONDS)
    assert strip_of(training).note.text() == "A new class needs a new output: training started anew."
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    state = state_of(training)
    assert state.prepared.dataset.class_names == ("c1", "c2", "c3", "c4")
    assert state.run.snapshot.params[-1].b.shape == (4,)
    wait_for_epoch(qtbot, training, 10)
    assert run_of(training).status == "running"
    # further points of that class go on with the new run
    runner = training.studio._runner
    stroke(training, (0.9, -0.6))
    wait_for_epoch(qtbot, training, run_of(training).epoch + 5)
    assert training.studio._runner is runner


def test_without_a_training_a_new_class_waits_for_train(qtbot, window):
    window.studio.set("train.epochs", 5)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    press_button(qtbot, window.boundary.paint_button)
    stroke(window, EMPTY)
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    assert strip_of(window).note.text() == "Train goes on with these points; the scaling stays."
    assert run_of(window).epoch == 5
    press_button(qtbot, strip_of(window).chips.new)
    stroke(window, (0.9, -0.8))
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    assert strip_of(window).note.text() == "A new class needs a new output: Train starts anew."
    assert run_of(window).status == "ready"
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).snapshot.params[-1].b.shape == (4,)


def test_training_that_is_paused_goes_on_with_the_new_points(qtbot, training):
    training.studio.toggle()
    wait_for_status(qtbot, training, "paused")
    epoch = run_of(training).epoch
    stroke(training, EMPTY)
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    qtbot.waitUntil(lambda: run_of(training).evaluation is not None, timeout=SECONDS)
    assert run_of(training).status == "paused"
    assert sum(part.samples for part in run_of(training).evaluation.parts.values()) == 1501
    training.studio.toggle()
    wait_for_epoch(qtbot, training, epoch + 5)
    assert training.studio._runner.training.prepared.dataset.rows == 1501


def test_reset_scales_the_painted_points_by_themselves_and_is_what_their_experiment_gives(qtbot, training):
    strip_of(training).brush.setValue(60)
    stroke(training, EMPTY, (0.9, -0.8), (0.9, -0.5))
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    assert run_of(training).is_mixed
    assert "points changed on the way" in status_text(state_of(training))
    training.studio.reset()
    state = state_of(training)
    assert state.run.status == "ready"
    assert not state.run.is_mixed
    assert "points changed" not in status_text(state)
    rows = state.prepared.train.rows
    np.testing.assert_allclose(state.prepared.scaler.mean, canvas_of(training).X[rows].mean(axis=0))
    again = load_dataset(state.experiment.data, generator(state.experiment.seed, Stream.DATA))
    assert np.array_equal(again.X, canvas_of(training).X)
    assert np.array_equal(again.tickets, canvas_of(training).tickets)


def test_a_lesson_does_not_judge_a_run_whose_points_changed_on_the_way(qtbot, window):
    window.studio.lessons.open("scratch" if "scratch" in LESSONS else FIRST_LESSON)
    experiment = state_of(window).experiment
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 3)
    window.studio.painter.turn(True)
    stroke(window, EMPTY)
    window.studio.undo.undo()
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    window.studio.set("train.epochs", experiment.train.epochs)
    wait_for_status(qtbot, window, "finished")
    assert state_of(window).experiment == experiment
    assert state_of(window).lesson not in state_of(window).verdicts


# --- what cannot be trained on, or painted on -----------------------------------------------------------------------


def test_an_empty_canvas_pauses_the_training_until_there_are_two_classes(qtbot, training):
    press_button(qtbot, strip_of(training).clear)
    wait_for_status(qtbot, training, "paused")
    qtbot.waitUntil(lambda: state_of(training).painting.waiting, timeout=SECONDS)
    assert strip_of(training).note.text() == "Paint points of two classes to have something to learn."
    assert plot_of(training).drawn_points("train") == 0
    assert not training.commands["train"].isEnabled()
    for place in ((-0.5, 0.5), (-0.5, 0.3), (-0.4, 0.4)):
        stroke(training, place)
    assert not training.commands["train"].isEnabled()
    for label in (1, 2):
        press_button(qtbot, strip_of(training).chips.buttons[label])
        for place in ((label / 4, -0.5), (label / 4, -0.3), (label / 4, -0.4)):
            stroke(training, place)
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    assert rows_of(training) == 9
    assert training.commands["train"].isEnabled()


def test_leaving_an_empty_canvas_brings_the_points_before_back(qtbot, painting):
    press_button(qtbot, strip_of(painting).clear)
    qtbot.waitUntil(lambda: state_of(painting).painting.waiting, timeout=SECONDS)
    press_button(qtbot, painting.boundary.paint_button)
    assert state_of(painting).painting is None
    assert plot_of(painting).drawn_points("train") == 1050
    assert painting.commands["train"].isEnabled()
    assert "less than two classes" in state_of(painting).notice.text


def test_wide_data_give_way_to_an_example_and_undo_brings_them_back(qtbot, window):
    window.studio.set("data.source", "iris")
    qtbot.waitUntil(lambda: rows_of(window) == 150 and not state_of(window).loading, timeout=SECONDS)
    wanted = state_of(window).experiment
    press_button(qtbot, window.boundary.paint_button)
    assert state_of(window).prepared.dataset.features == 2
    assert state_of(window).notice.text.startswith("Painting takes two features, not 4: here is a small example")
    stroke(window, (0.0, 0.0))
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    assert rows_of(window) == len(canvas_of(window)) == 121
    for _ in range(2):
        qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.wait(150)
    qtbot.waitUntil(lambda: rows_of(window) == 150 and not state_of(window).loading, timeout=SECONDS)
    assert state_of(window).experiment == wanted
    assert state_of(window).painting is None


def test_other_data_are_painted_on_as_they_come(qtbot, painting):
    stroke(painting, EMPTY)
    painting.studio.set("data.source", "moons")
    assert len(canvas_of(painting)) == 1500
    assert canvas_of(painting).class_names == ("c1", "c2")
    assert state_of(painting).undo == "Source"
    painting.studio.set("seed", 77)
    assert np.array_equal(canvas_of(painting).X, state_of(painting).prepared.dataset.X)
    stroke(painting, (0.0, 0.0))
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    before = canvas_of(painting)
    painting.studio.set("split.train", 0.5)  # the painted points stay, and what was done can be undone
    assert canvas_of(painting) is before
    assert state_of(painting).undo == "Shares"
    assert len(state_of(painting).prepared.train) == pytest.approx(750, abs=60)


def test_painted_points_as_a_source_begin_with_the_present_ones(qtbot, window):
    window.studio.set("data.rows", 200)
    window.studio.set("data.source", "painted")
    state = state_of(window)
    assert state.painting is not None
    assert state.experiment.data.source == "painted"
    assert len(from_text(state.experiment.data.drawing)) == 200
    stroke(window, EMPTY)
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    window.studio.set("data.source", "spiral")
    assert rows_of(window) == 200
    window.studio.set("data.source", "painted")
    assert rows_of(window) == 201  # they were kept


def test_painted_points_come_back_with_the_next_window(qtbot, painting, settings):
    stroke(painting, EMPTY)
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    experiment = state_of(painting).experiment
    memory = Memory(settings)
    memory.remember_experiment(experiment)
    memory.sync()
    assert Memory(settings).experiment(with_settings(experiment, {"seed": 1})) == experiment


def test_there_can_be_twenty_classes_and_no_more(qtbot, painting):
    chips = strip_of(painting).chips
    for _ in range(MOST_CLASSES):
        if chips.new.isEnabled():
            press_button(qtbot, chips.new)
    assert len(chips.buttons) == MOST_CLASSES
    assert not chips.new.isEnabled()
    assert "20 classes are the most" in chips.new.toolTip()
    painting.resize(1024, 700)
    qtbot.waitUntil(lambda: all(not chip.visibleRegion().isEmpty() for chip in chips.buttons), timeout=SECONDS)
    assert painting.minimumSizeHint().width() <= 1024


def test_class_names_are_shown_as_they_are(qtbot, painting):
    canvas = replace(canvas_of(painting), class_names=("<b>x</b>", "a & b", "c"))
    painting.studio.painter._done(canvas)
    chips = strip_of(painting).chips
    assert "&lt;b&gt;" in chips.buttons[0].toolTip()
    assert chips.buttons[1].text() in ("a && b", "")
    QApplication.processEvents()


def test_pytorch_goes_on_with_painted_points_as_well(qtbot, window):
    window.studio.set("model.backend", "torch")
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 3)
    runner = window.studio._runner
    window.studio.painter.turn(True)
    stroke(window, EMPTY, (0.9, -0.8))
    qtbot.waitUntil(lambda: taken(window), timeout=SECONDS)
    epoch = run_of(window).epoch
    wait_for_epoch(qtbot, window, epoch + 5)
    assert window.studio._runner is runner
    qtbot.waitUntil(lambda: runner.training.prepared is state_of(window).prepared, timeout=SECONDS)


def test_derived_inputs_are_made_of_painted_points_too(qtbot, training):
    training.studio.set("split.derived", ("square", "product"))
    qtbot.waitUntil(lambda: len(state_of(training).prepared.scaler.mean) > 2, timeout=SECONDS)
    training.studio.train()
    wait_for_epoch(qtbot, training, 5)
    runner = training.studio._runner
    stroke(training, EMPTY, (0.9, -0.8))
    qtbot.waitUntil(lambda: taken(training), timeout=SECONDS)
    wait_for_epoch(qtbot, training, run_of(training).epoch + 5)
    assert training.studio._runner is runner
    assert runner.training.prepared.train.X.shape[1] > 2


def test_painted_points_outlast_a_file_that_cannot_be_painted_on_and_its_rows_are_told(qtbot, painting, tmp_path):
    stroke(painting, EMPTY)
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    painted = state_of(painting).prepared.dataset.X
    path = tmp_path / "wide.csv"
    path.write_text("a,b,c,kind\n" + "".join(f"{i}.5,{i % 7}.25,{i % 5}.5,{'uv'[i % 2]}\n" for i in range(60)))
    drop(painting, path)
    qtbot.waitUntil(lambda: rows_of(painting) == 60, timeout=SECONDS)
    assert painting.notice.text.text() == (
        "Painting has ended. Painting takes two features, not 3. 60 rows read, 60 used."
    )
    assert painting.notice.button.text() == "Change import…"
    painting.studio.set("data.source", "painted")
    qtbot.waitUntil(lambda: rows_of(painting) == len(painted), timeout=SECONDS)
    np.testing.assert_array_equal(state_of(painting).prepared.dataset.X, painted)


@pytest.mark.parametrize("columns", ["a,b", "a,b,c"])
def test_a_file_of_other_classes_has_them_in_picture_and_legend_after_painting(qtbot, painting, tmp_path, columns):
    stroke(painting, EMPTY)
    qtbot.waitUntil(lambda: taken(painting), timeout=SECONDS)
    path = tmp_path / "many.csv"
    rows = (f"{i % 11}.5{f',{i % 7}.5' * columns.count(',')},{'pqrstuvw'[i % 8]}\n" for i in range(160))
    path.write_text(f"{columns},kind\n" + "".join(rows))
    painting.studio.open_file(path, label="kind")
    qtbot.waitUntil(lambda: rows_of(painting) == 160, timeout=SECONDS)
    legend = painting.boundary.legend
    assert legend._names == tuple("pqrstuvw")
    assert len(plot_of(painting)._clouds["train"].symbols) == 8
