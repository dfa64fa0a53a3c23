"""What a person does with the real window, from data to evaluation."""

import threading
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QMessageBox

from mlp_studio.app import write_picture
from mlp_studio.core.backends.numpy_mlp import NumpyMLP
from mlp_studio.core.boundary import GRID_LEAST
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.predict import predict
from mlp_studio.core.table import read_table
from mlp_studio.core.trainer import Training
from mlp_studio.ui import main_window
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.runner import GRID_WHILE_RUNNING
from mlp_studio.ui.store import Cell, Slice
from tests.ui.helpers import SECONDS, drop, run_of, state_of, wait_for_epoch, wait_for_status

ENDLESS = 1_000_000


def click(qtbot, window, command):
    """Press a toolbar button with the mouse."""
    bar = window.commands[command].associatedObjects()
    button = next(item for item in bar if hasattr(item, "widgetForAction")).widgetForAction(window.commands[command])
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_into(qtbot, window, path, text):
    control = window.experiment.fields[path].control
    edit = control.lineEdit() if hasattr(control, "lineEdit") else control._edit
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def point_in(plot, u, v):
    """Where (u, v) of the plane lies in the plot widget, in pixels."""
    place = plot.view_box.mapViewToScene(QPointF(u, v))
    return plot.widget.mapFromScene(place)


def click_plane(qtbot, window, u, v):
    plot = window.boundary.plots[0]
    place = point_in(plot, u, v)
    qtbot.mouseMove(plot.widget.viewport(), place)
    qtbot.mouseClick(plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_first_window_shows_the_spiral_and_untrained_regions(window):
    state = state_of(window)
    assert state.prepared.dataset.rows == 1500
    assert [len(part) for part in state.prepared.parts.values()] == [1050, 225, 225]
    assert run_of(window).status == "ready"
    assert "1,500 rows × 2 features" in window.experiment.data_summary.text()
    assert "603 parameters" in window.experiment.model_summary.text()


def test_train_reaches_the_last_epoch_and_solves_the_spiral(qtbot, window):
    click(qtbot, window, "train")
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    assert run.epoch == 1000
    assert run.curves[-1, 0] < 0.05
    assert run.evaluation.epoch == 1000
    assert run.evaluation.parts["test"].accuracy > 0.95
    assert run.raster.indices.shape[0] > GRID_WHILE_RUNNING


def test_regions_are_repainted_while_epochs_run_on_at_least_100_by_100_cells(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 20)
    first = run_of(window).raster
    qtbot.waitUntil(lambda: run_of(window).raster.epoch > first.epoch, timeout=SECONDS)
    assert run_of(window).status == "running"
    assert min(run_of(window).raster.indices.shape) >= GRID_LEAST
    # what is on the screen is what the state says
    shown = window.boundary.plots[0].image.image
    assert np.shares_memory(shown, run_of(window).raster.indices)


def test_painted_pixels_are_the_regions_colours(qtbot, window):
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    window.studio.show_part("train", False)
    window.studio.show_part("test", False)
    plot = window.boundary.plots[0]
    picture = plot.widget.grab().toImage()
    run = run_of(window)
    table = plot.image.colours.astype(int)
    box, size = run.raster.box, run.raster.indices.shape[0]
    cells = run.raster.indices.astype(int)
    compared = 0
    for u, v in ((u, v) for u in np.linspace(-0.8, 0.8, 17) for v in np.linspace(-0.8, 0.8, 17)):
        column = int((u - box.u_low) / (box.u_high - box.u_low) * size)
        row = int((v - box.v_low) / (box.v_high - box.v_low) * size)
        if np.ptp(cells[row - 2 : row + 3, column - 2 : column + 3]) > 2:
            continue  # a border or a slope, where neighbouring cells blend
        pixel = picture.pixelColor(point_in(plot, u, v))
        seen = np.array([pixel.red(), pixel.green(), pixel.blue()], dtype=int)
        assert np.abs(seen - table[cells[row, column]]).max() <= 3, (u, v)
        compared += 1
    assert compared > 100


def test_pause_freezes_the_epoch_count_and_train_goes_on_from_there(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait_for_epoch(qtbot, window, 10)
    click(qtbot, window, "train")
    wait_for_status(qtbot, window, "paused")
    epoch = run_of(window).epoch
    qtbot.wait(200)
    assert run_of(window).epoch == epoch
    assert window.studio._runner.training.epoch == epoch
    click(qtbot, window, "train")
    wait_for_epoch(qtbot, window, epoch + 5)


def test_space_trains_but_presses_the_box_that_has_the_focus(qtbot, window):
    box = window.experiment.fields["split.class_weights"].control
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert state_of(window).experiment.split.class_weights
    assert run_of(window).status == "ready"
    window.experiment.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert run_of(window).active


def test_step_adds_exactly_one_epoch(qtbot, window):
    for epoch in (1, 2, 3):
        click(qtbot, window, "step")
        wait_for_status(qtbot, window, "paused")
        assert run_of(window).epoch == epoch
        assert run_of(window).snapshot.epoch == epoch


def test_stop_ends_within_100_ms_and_keeps_the_weights(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 50)
    start = perf_counter()
    click(qtbot, window, "stop")
    assert window.studio._runner.wait(5000)
    assert perf_counter() - start < 0.1
    wait_for_status(qtbot, window, "stopped")
    run = run_of(window)
    assert run.epoch >= 50
    for shown, trained in zip(run.snapshot.params, window.studio._runner.training.backend.params(), strict=True):
        assert np.array_equal(shown.W, trained.W)


def test_stop_is_prompt_within_a_long_epoch(qtbot, window):
    window.studio.set("data.rows", 40_000)
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    window.studio.set("train.batch_size", 1)
    window.studio.train()
    qtbot.waitUntil(lambda: window.studio._runner.training is not None, timeout=SECONDS)
    qtbot.wait(100)
    start = perf_counter()
    window.studio.stop()
    assert window.studio._runner.wait(5000)
    assert perf_counter() - start < 0.5  # the last frame's evaluation of 40,000 rows included


def test_reset_brings_back_the_weights_of_the_first_start(qtbot, window):
    first = run_of(window).snapshot.params
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    assert not np.array_equal(run_of(window).snapshot.params[0].W, first[0].W)
    click(qtbot, window, "reset")
    run = run_of(window)
    assert run.epoch == 0
    assert all(np.array_equal(a.W, b.W) for a, b in zip(run.snapshot.params, first, strict=True))
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    assert run_of(window).epoch == 1


def test_a_finished_run_goes_on_when_more_epochs_are_asked_for(qtbot, window):
    window.studio.set("train.epochs", 20)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    before = run_of(window).curves.copy()
    type_into(qtbot, window, "train.epochs", "50")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    assert run.epoch == 50
    assert np.array_equal(run.curves[:20], before)


def test_train_on_a_finished_run_asks_for_as_many_epochs_again(qtbot, window):
    window.studio.set("train.epochs", 20)
    for total in (20, 40, 60):
        click(qtbot, window, "train")
        wait_for_status(qtbot, window, "finished")
        assert run_of(window).epoch == total
        assert state_of(window).experiment.train.epochs == total


def test_starting_twice_starts_once(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    runner = window.studio._runner
    window.studio.train()
    window.studio.step()
    assert window.studio._runner is runner
    wait_for_epoch(qtbot, window, 5)
    assert run_of(window).status == "running"


def test_weights_are_bit_equal_with_and_without_the_window(qtbot, window):
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    alone = Training(run.experiment, run.prepared)
    for _ in alone.run():
        pass
    for shown, headless in zip(run.snapshot.params, alone.backend.params(), strict=True):
        assert shown.W.tobytes() == headless.W.tobytes()
        assert shown.b.tobytes() == headless.b.tobytes()


def test_a_click_shows_class_probabilities_and_input_and_follows_the_weights(qtbot, window):
    click_plane(qtbot, window, 0.1, 0.1)
    state = state_of(window)
    assert state.probe == pytest.approx([0.1, 0.1], abs=0.01)
    before = window.prediction.prediction.probabilities
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    after = window.prediction.prediction
    oracle = predict(run.snapshot.params, "relu", run.prepared.scaler, state.probe)
    assert after.probabilities == pytest.approx(oracle.probabilities)
    assert not np.allclose(before, after.probabilities)
    assert window.prediction.answer.text().startswith("c1 · 9")
    assert "X1 = 0.1" in window.prediction.input.text()
    assert window.prediction.bars.probabilities == pytest.approx(oracle.probabilities.tolist())


def test_a_click_while_training_is_answered_within_50_ms(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 100)
    delays = []
    for u in np.linspace(-0.5, 0.5, 9):
        place = point_in(window.boundary.plots[0], u, 0.2)
        start = perf_counter()
        qtbot.mouseClick(window.boundary.plots[0].widget.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert state_of(window).probe[0] == pytest.approx(u, abs=0.02)
        assert window.prediction.prediction.x is state_of(window).probe
        delays.append(perf_counter() - start)
        qtbot.wait(40)
    assert run_of(window).status == "running"
    assert sorted(delays)[len(delays) // 2] < 0.05


def test_a_typed_row_does_the_same_as_a_click(qtbot, window):
    qtbot.keyClicks(window.prediction.row, "X1 = 0.1, X2 = 0.1")
    qtbot.keyClick(window.prediction.row, Qt.Key.Key_Return)
    assert state_of(window).probe.tolist() == [0.1, 0.1]
    window.prediction.row.clear()
    qtbot.keyClicks(window.prediction.row, "X1 = abc")
    qtbot.keyClick(window.prediction.row, Qt.Key.Key_Return)
    assert window.prediction.error.text() == "“abc” is not a number for X1."
    assert state_of(window).probe.tolist() == [0.1, 0.1]


def test_changing_data_while_training_ends_that_run_and_shows_the_new_data(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 20)
    window.studio.set("data.source", "moons")
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    state = state_of(window)
    assert state.prepared.dataset.classes == 2
    assert run_of(window).status == "ready"
    assert run_of(window).epoch == 0
    qtbot.waitUntil(lambda: run_of(window).raster is not None, timeout=SECONDS)
    assert run_of(window).snapshot.params[-1].b.size == 2


def test_changing_the_model_while_training_stops_and_says_so_and_keeps_the_run(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 20)
    type_into(qtbot, window, "model.hidden", "16, 8")
    wait_for_status(qtbot, window, "stopped")
    assert run_of(window).epoch >= 20
    assert "Train starts a new run" in window.status.hint.text()
    window.studio.train()
    wait_for_epoch(qtbot, window, 1)
    assert [layer.W.shape for layer in run_of(window).snapshot.params] == [(2, 16), (16, 8), (8, 3)]


def test_the_learning_rate_changes_while_training_without_a_restart(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 20)
    type_into(qtbot, window, "train.learning_rate", "0.5")
    epoch = run_of(window).epoch
    wait_for_epoch(qtbot, window, epoch + 20)
    assert run_of(window).status == "running"
    assert window.studio._runner.training.experiment.train.learning_rate == 0.5


def test_an_exception_in_the_worker_is_shown_and_survived(qtbot, window, monkeypatch):
    real = NumpyMLP.step

    def broken(self, rows, settings):
        if self._updates >= 5:
            raise RuntimeError("the roof fell in")
        return real(self, rows, settings)

    monkeypatch.setattr(NumpyMLP, "step", broken)
    window.studio.train()
    wait_for_status(qtbot, window, "failed")
    assert "the roof fell in" in window.notice.text.text()
    assert run_of(window).epoch == 5
    monkeypatch.undo()
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 1000


def test_a_diverging_learning_rate_is_told_and_the_last_sound_weights_are_back(qtbot, window):
    window.studio.set_experiment(
        with_settings(
            state_of(window).experiment,
            {"model.activation": "linear", "train.learning_rate": 1e6, "model.initialization": "he_normal"},
        )
    )
    window.studio.train()
    wait_for_status(qtbot, window, "diverged")
    assert "lower the learning rate" in window.notice.text.text()
    assert all(np.isfinite(layer.W).all() for layer in run_of(window).snapshot.params)


def test_a_bad_value_is_explained_in_place_and_changes_nothing(qtbot, window):
    field = window.experiment.fields["model.hidden"]
    type_into(qtbot, window, "model.hidden", "0")
    assert field.error.isVisible()
    assert field.error.text() == "Hidden layers goes from 1 to 512; 0 is outside."
    assert state_of(window).experiment.model.hidden == (100,)
    type_into(qtbot, window, "model.hidden", "64, 32")
    assert not field.error.isVisible()
    assert state_of(window).experiment.model.hidden == (64, 32)


def test_missing_files_are_told_and_the_data_stay(qtbot, window, tmp_path):
    window.open_file(tmp_path / "nothing.csv")
    assert "nothing.csv" in window.notice.text.text()
    assert state_of(window).prepared.dataset.rows == 1500


def test_a_csv_is_dropped_its_label_chosen_and_trained(qtbot, window, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "table.csv"
    lines = ["width,height,kind"]
    for k in range(90):
        x, y = rng.normal((0, 3, 6)[k % 3], 0.3, 2)
        lines.append(f"{x},{y},{'abc'[k % 3]}")
    path.write_text("\n".join(lines))
    assert drop(window, path).isAccepted()
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == 90, timeout=SECONDS)
    data = state_of(window).prepared.dataset
    assert data.feature_names == ("width", "height")
    assert data.class_names == ("a", "b", "c")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).evaluation.parts["test"].accuracy > 0.9


@pytest.mark.parametrize("source", ["iris", "wine", "breast_cancer", "digits"])
def test_wide_samples_load_train_and_say_which_slice_is_shown(qtbot, window, source):
    with qtbot.waitSignal(window.studio.store.changed, timeout=SECONDS):
        window.studio.set("data.source", source)
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.features > 2, timeout=60_000)
    assert "principal components" in window.boundary.caption.text()
    window.studio.set_experiment(
        with_settings(
            state_of(window).experiment,
            {
                "train.epochs": 60,
                "train.optimizer": "adam",
                "train.learning_rate": 0.01,
                "model.initialization": "he_normal",
            },
        )
    )
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).evaluation.parts["test"].accuracy > 0.85
    bar = window.boundary.slices
    bar.kind.setCurrentIndex(0)
    bar.kind.activated.emit(0)
    assert "held at their training mean" in window.boundary.caption.text()
    click_plane(qtbot, window, *np.array(state_of(window).plane.project(state_of(window).prepared.dataset.X[:1]))[0])
    assert bar.held.count() == 2
    bar.held.setCurrentIndex(1)
    bar.held.activated.emit(1)
    assert "held at the values of row" in window.boundary.caption.text()
    qtbot.waitUntil(lambda: run_of(window).raster.plane is state_of(window).plane, timeout=SECONDS)


def test_side_by_side_shows_training_and_test_apart(qtbot, window):
    qtbot.mouseClick(window.boundary.side_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.boundary.plots) == 2, timeout=SECONDS)
    left, right = window.boundary.plots
    assert left.widget.isVisible()
    assert right.widget.isVisible()
    assert (left.drawn_points("train"), left.drawn_points("test")) == (1050, 0)
    assert (right.drawn_points("train"), right.drawn_points("test")) == (0, 225)
    assert right.image.isVisible()
    assert np.shares_memory(right.image.image, run_of(window).raster.indices)


def test_a_cell_of_the_confusion_matrix_highlights_its_points(qtbot, window):
    window.studio.lessons.open("linear")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    scores = run_of(window).evaluation.parts["test"]
    window.studio.select(Cell("test", 0, 1))
    ringed = window.boundary.plots[0].chosen["test"].data
    assert len(ringed) == scores.confusion[0, 1] > 0


def test_wrong_points_are_outlined(qtbot, window):
    window.studio.lessons.open("linear")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    for part in ("train", "test"):
        wrong = (run.evaluation.parts[part].predicted != run.prepared.parts[part].y).sum()
        assert len(window.boundary.plots[0].wrong[part].data) == wrong > 0


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_each_lesson_is_one_click(qtbot, window, lesson):
    action = next(a for a in window.menus["&Lessons"].actions() if a.text() == LESSONS[lesson].title)
    action.trigger()
    assert state_of(window).experiment == LESSONS[lesson].experiment()


def test_closing_while_training_asks_once_then_closes_when_the_thread_has_ended(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 10)
    window.close()
    question = window.desk.question
    window.close()
    assert window.desk.question is question
    assert window.isVisible()
    assert run_of(window).active
    question.button(QMessageBox.StandardButton.Discard).click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=3000)
    assert not window.studio.is_busy


def test_no_thread_is_left_when_the_run_is_replaced(qtbot, window):
    before = threading.active_count()
    for _ in range(5):
        window.studio.set("train.epochs", ENDLESS)
        window.studio.train()
        wait_for_epoch(qtbot, window, 2)
        window.studio.reset()
        qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert threading.active_count() <= before
    assert window.studio._retired == []


def test_every_command_has_help_and_a_slot(window):
    for command in main_window.COMMANDS:
        assert command.help
        assert callable(getattr(window, command.slot))


def test_dropping_a_folder_or_text_is_told(qtbot, window, tmp_path):
    drop(window, tmp_path)
    qtbot.waitUntil(window.notice.isVisible, timeout=SECONDS)
    assert str(tmp_path) in window.notice.text.text()


def test_the_square_picture_stays_square(qtbot, window):
    for size in ((1024, 700), (1600, 900)):
        window.resize(*size)
        qtbot.wait(50)
        widget = window.boundary.plots[0].widget
        assert abs(widget.width() - widget.height()) <= 1
        assert widget.mapTo(window, QPoint(0, 0)).x() > 0


# --- what a review of the first version found ---------------------------------------------------------------------


def test_the_newest_choice_of_data_wins_over_one_that_loads_longer(qtbot, window):
    window.studio.set("data.source", "digits")
    window.studio.set("data.source", "moons")
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=60_000)
    assert state_of(window).prepared.dataset.name == "Moons"
    assert state_of(window).experiment.data.source == "moons"
    assert state_of(window).loading == ""


def test_settings_changed_while_data_load_are_kept(qtbot, window):
    window.studio.set("data.source", "iris")
    assert state_of(window).loading
    window.studio.set("model.hidden", "7")
    window.studio.set("split.train", "0.6")
    window.studio.reset()
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=60_000)
    assert state_of(window).prepared.dataset.name == "Iris"
    assert state_of(window).experiment.model.hidden == (7,)
    assert len(state_of(window).prepared.train) == 90
    assert run_of(window).snapshot.params[0].W.shape == (4, 7)


def test_refused_data_bring_back_the_settings_of_those_that_stay(qtbot, window, tmp_path):
    window.studio.set("data.source", "moons")
    (tmp_path / "one.csv").write_text("a,b,label\n1,2,x\n3,4,x\n")
    window.studio.open_file(tmp_path / "one.csv", label="label")
    window.studio.set("model.hidden", "7")
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=60_000)
    state = state_of(window)
    assert "one class" in window.notice.text.text()
    assert state.experiment.data.source == "moons"
    assert state.experiment.model.hidden == (7,)
    assert state.prepared.dataset.name == "Moons"


def test_a_held_row_does_not_outlive_its_data(qtbot, window, tmp_path):
    rng = np.random.default_rng(0)
    for name, rows in (("long.csv", 200), ("short.csv", 40)):
        lines = ["a,b,c,kind"]
        lines += [",".join(f"{x:.3f}" for x in rng.normal(k % 2, 0.3, 3)) + f",{'xy'[k % 2]}" for k in range(rows)]
        (tmp_path / name).write_text("\n".join(lines))
    for name, rows in (("long.csv", 200), ("short.csv", 40)):
        window.studio.open_file(tmp_path / name)
        qtbot.waitUntil(lambda rows=rows: state_of(window).prepared.dataset.rows == rows, timeout=60_000)
        window.studio.slicing.choose(Slice("columns", (0, 1), held_row=rows - 1))
    assert state_of(window).loading == ""
    assert "row 40" in state_of(window).plane.description


def test_what_is_typed_counts_when_train_is_clicked(qtbot, window):
    control = window.experiment.fields["train.epochs"].control
    control.lineEdit().setFocus()
    control.lineEdit().selectAll()
    qtbot.keyClicks(control.lineEdit(), "50")
    click(qtbot, window, "train")
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 50


def test_train_does_not_begin_over_a_value_that_is_wrong(qtbot, window):
    control = window.experiment.fields["train.epochs"].control
    control.lineEdit().setFocus()
    control.lineEdit().selectAll()
    qtbot.keyClicks(control.lineEdit(), "none")
    click(qtbot, window, "train")
    assert run_of(window).status == "ready"
    assert window.experiment.fields["train.epochs"].error.isVisible()


def test_return_enters_a_value_and_space_then_trains(qtbot, window):
    type_into(qtbot, window, "train.epochs", "50")
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Space)
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 50


def test_train_goes_on_after_stepping_to_the_last_epoch(qtbot, window):
    window.studio.set("train.epochs", 1)
    window.studio.step()
    wait_for_status(qtbot, window, "paused", "finished")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 2


def test_a_lesson_begins_at_its_beginning(qtbot, window):
    window.studio.lessons.open("numpy-mlp")
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    window.studio.lessons.open("numpy-mlp")
    assert run_of(window).epoch == 0


def test_notices_of_a_run_go_with_it(qtbot, window):
    window.studio.tell("Training diverged.", is_error=True)
    window.studio.reset()
    assert state_of(window).notice is None


def test_large_networks_show_their_epochs_as_they_come(qtbot, window):
    window.studio.set("model.hidden", "512, 512, 512")
    window.studio.train()
    qtbot.waitUntil(lambda: run_of(window).epoch >= 2, timeout=10_000)
    start = perf_counter()
    epoch = run_of(window).epoch
    qtbot.waitUntil(lambda: run_of(window).epoch > epoch, timeout=SECONDS)
    assert perf_counter() - start < 2
    start = perf_counter()
    window.studio.stop()
    assert window.studio._runner.wait(5000)
    assert perf_counter() - start < 0.5


def test_the_window_fits_a_small_screen(window):
    assert window.minimumSizeHint().width() <= 1024
    assert window.minimumSizeHint().height() <= 700


def test_the_main_path_needs_no_scrolling_at_1280_by_800(window):
    assert window.experiment.verticalScrollBar().maximum() == 0


def test_choosing_a_file_as_the_source_asks_which(qtbot, window, monkeypatch):
    asked = []
    monkeypatch.setattr(main_window, "ask_open", lambda parent, folder: asked.append(folder) or "")
    box = window.experiment.fields["data.source"].control
    box.setCurrentIndex(box.findData("file"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: bool(asked), timeout=SECONDS)
    assert state_of(window).experiment.data.source == "spiral"
    assert box.currentData() == "spiral"


def test_fixed_rows_and_classes_are_those_of_the_data(qtbot, window):
    window.studio.set("data.source", "digits")
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=60_000)
    fields = window.experiment.fields
    assert [fields[f"data.{name}"].control.text() for name in ("rows", "classes", "noise")] == ["1797", "10", "–"]
    window.studio.set("data.source", "spiral")
    assert [fields[f"data.{name}"].control.text() for name in ("rows", "classes", "noise")] == ["1500", "3", "0.2"]


def test_a_space_that_comes_just_after_the_end_starts_nothing(qtbot, window):
    window.studio.set("train.epochs", 20)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    window._ended_at = perf_counter()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert run_of(window).status == "finished"
    assert state_of(window).experiment.train.epochs == 20


def test_a_picture_from_the_command_line_shows_the_point_asked_about(qtbot, tmp_path, monkeypatch):
    experiment = with_settings(LESSONS["numpy-mlp"].experiment(), {"train.epochs": 3})
    training = Training(experiment, load_prepared(experiment))
    for _ in training.run():
        pass
    seen = []
    grab = MainWindow.grab

    def look(window):
        seen.append((window.prediction.answer.text(), window.boundary.plots[0].probe.pos().toTuple()))
        return grab(window)

    monkeypatch.setattr(MainWindow, "grab", look)
    write_picture(tmp_path / "picture.png", training, "finished", np.array([0.1, 0.2]))
    ((answer, place),) = seen
    said = predict(training.backend.params(), "relu", training.prepared.scaler, np.array([0.1, 0.2]))
    assert answer == f"c{said.label + 1} · {said.probabilities.max():.1%}".replace("%", " %")
    assert place == (0.1, 0.2)
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_the_points_are_saved_as_a_table_that_opens_again(qtbot, window, tmp_path, monkeypatch):
    path, suggested = tmp_path / "points.csv", []
    monkeypatch.setattr(main_window, "ask_path", lambda _parent, name: suggested.append(name) or path)
    window.commands["save_points"].trigger()
    qtbot.waitUntil(lambda: state_of(window).notice is not None, timeout=SECONDS)
    assert suggested == ["Spiral.csv"]
    assert window.notice.text.text() == f"1,500 rows written to {path}."
    data = state_of(window).prepared.dataset
    again = read_table(path)
    assert np.array_equal(again.X, data.X)
    assert np.array_equal(again.y, data.y)
    assert again.class_names == data.class_names


def test_points_that_cannot_be_saved_are_told(qtbot, window, tmp_path, monkeypatch):
    path = tmp_path / "no such folder" / "points.csv"
    monkeypatch.setattr(main_window, "ask_path", lambda *_: path)
    window.commands["save_points"].trigger()
    qtbot.waitUntil(lambda: state_of(window).notice is not None, timeout=SECONDS)
    assert window.notice.text.text() == f"{path} could not be written: No such file or directory."
    assert state_of(window).notice.is_error


def test_a_file_that_changed_on_the_disk_is_read_when_it_is_opened_again(qtbot, window, tmp_path):
    path = tmp_path / "table.csv"
    for rows in (30, 40):
        path.write_text("a,b,kind\n" + "".join(f"{k},{k * k},{'uv'[k % 2]}\n" for k in range(rows)))
        window.studio.open_file(path, label="kind")
        qtbot.waitUntil(lambda rows=rows: state_of(window).prepared.dataset.rows == rows, timeout=SECONDS)


def test_the_question_on_closing_changes_when_the_training_ends_meanwhile(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    window.close()
    question = window.desk.question
    assert question.text() == "“Spiral” has changes that are not saved. Save them?"
    assert "still training" in question.informativeText()
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")
    assert "training" not in question.informativeText()
    question.button(QMessageBox.StandardButton.Discard).click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=3000)
