"""The features panel in the real window: held values and their regions, and importance on demand."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from mlp_studio.core.boundary import raster, restrict
from mlp_studio.core.importance import permutation_importance, permutations
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.scene import Slice
from mlp_studio.ui.importance import REPEATS
from mlp_studio.ui.panels.features import ALL_SHOWN, PRINCIPAL
from mlp_studio.ui.runner import GRID_WHILE_RUNNING
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_status

ENDLESS = 1_000_000


def write_wide(path: Path, features: int, classes: int = 3, rows: int = 400) -> Path:
    rng = np.random.default_rng(features)
    y = rng.integers(0, classes, rows)
    X = rng.normal(size=(rows, features)) + rng.normal(size=(classes, features))[y]
    X[:, -1] = 4.0
    lines = [",".join([*(f"f{column}" for column in range(features)), "label"])]
    lines += [",".join([*map(repr, x), f"k{label}"]) for x, label in zip(X.round(3).tolist(), y, strict=True)]
    path.write_text("\n".join(lines))
    return path


def open_wide(qtbot, window, path, chosen=None):
    window.studio.open_file(path, label="label")
    qtbot.waitUntil(
        lambda: state_of(window).prepared.dataset.name == path.name and not state_of(window).loading, timeout=SECONDS
    )
    window.studio.slicing.choose(chosen or Slice("columns", (0, 1)))
    settle(qtbot, window)
    window.docks["features"].show()
    window.docks["features"].raise_()
    qtbot.waitUntil(lambda: hasattr(window, "features") and window.features.isVisible(), timeout=SECONDS)
    return window.features


def settle(qtbot, window):
    """The regions are those of the present plane, drawn finely."""
    qtbot.waitUntil(
        lambda: (
            not window.studio.is_busy
            and run_of(window).raster is not None
            and run_of(window).raster.plane is state_of(window).plane
            and len(run_of(window).raster.indices) > GRID_WHILE_RUNNING
        ),
        timeout=SECONDS,
    )


def expected(window, held):
    """The regions as the network has them with the other features at `held` (D,)."""
    run, drawn = run_of(window), run_of(window).raster
    across, up = state_of(window).shown.slice.columns
    plane = drawn.plane
    for place in ((0.0, 0.0), (1.0, 2.0)):
        x = np.array(held, dtype=float)
        x[across], x[up] = place
        np.testing.assert_allclose(plane.point(*place), x, atol=1e-12)
    params = restrict(run.snapshot.params, run.prepared.scaler, plane)
    return raster(params, run.experiment.model.activation, drawn.box, len(drawn.indices))


def test_two_features_leave_nothing_to_hold_and_components_say_why(qtbot, window, tmp_path):
    window.docks["features"].raise_()
    qtbot.waitUntil(lambda: hasattr(window, "features"), timeout=SECONDS)
    assert window.features.held.sentence.text() == ALL_SHOWN
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6), Slice("principal"))
    assert panel.held.sentence.text() == PRINCIPAL
    assert panel.held.sentence.isVisible()
    qtbot.mouseClick(panel.held.show_columns, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert state_of(window).shown.slice.kind == "columns"
    assert [row.feature for row in panel.held.list.rows if row.isVisible()] == [2, 3, 4, 5]


def test_dragging_a_slider_moves_the_regions_and_the_plane_says_so(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6))
    window.studio.set("train.epochs", 60)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    settle(qtbot, window)
    before, points = run_of(window).raster.indices, state_of(window).scene.points
    slider = panel.held.list.row_of(3).slider
    handle = QPoint(round(slider.width() * slider.value() / slider.maximum()), slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle)
    for x in np.linspace(handle.x(), slider.width() - 2, 6).round().astype(int).tolist():
        qtbot.mouseMove(slider, QPoint(x, handle.y()))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 2, handle.y()))
    settle(qtbot, window)
    state = state_of(window)
    assert state.shown.slice.held[3] == pytest.approx(state.scene.high[3], rel=0.1)
    held = state.scene.mean.copy()
    held[3] = state.shown.slice.held[3]
    assert (run_of(window).raster.indices == expected(window, held)).all()
    assert (run_of(window).raster.indices != before).any()
    assert "the other 4 held at the values set under Features" in window.boundary.caption.text()
    assert state.scene.points is points
    assert panel.held.list.row_of(3).number.text() == f"{held[3]:.6g}"


def test_the_regions_follow_while_the_network_trains(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6))
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    qtbot.waitUntil(lambda: run_of(window).epoch > 5, timeout=SECONDS)
    for step in (100, 500, 900):
        panel.held.list.row_of(2).slider.setValue(step)
        qtbot.waitUntil(lambda: run_of(window).raster.plane is state_of(window).plane, timeout=SECONDS)
        assert window.boundary.plots[0].image.isVisible()
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")


def test_a_typed_value_a_row_and_the_means(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6))
    number = panel.held.list.row_of(4).number
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "-12.5")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert state_of(window).shown.slice.held[4] == -12.5
    number.selectAll()
    qtbot.keyClicks(number, "<b>x</b>")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert panel.held.error.text() == "“<b>x</b>” is not a number for f4."
    assert number.text() == "-12.5"
    panel.held.row.setValue(17)
    settle(qtbot, window)
    data = state_of(window).prepared.dataset
    assert (run_of(window).raster.indices == expected(window, data.X[16])).all()
    assert "row 17" in panel.held.caption.text()
    assert number.text() == f"{data.X[16, 4]:.6g}"
    qtbot.mouseClick(panel.held.means, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert (run_of(window).raster.indices == expected(window, state_of(window).scene.mean)).all()
    assert not panel.held.means.isEnabled()


def test_down_goes_to_the_next_number_and_a_constant_feature_has_no_slider(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 60))
    panel.held.list.row_of(2).number.setFocus()
    for feature in range(3, 60):
        qtbot.keyClick(QGuiApplication.focusObject(), Qt.Key.Key_Down)
        assert panel.held.list.row_of(feature).number.hasFocus()
    assert not panel.held.list.row_of(59).slider.isEnabled()
    assert panel.held.list.row_of(58).slider.isEnabled()


def test_five_hundred_features_have_rows_only_for_those_in_view_and_a_filter(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 500, rows=60))
    shown = panel.held.list
    assert len(shown.features) == 498
    assert len(shown.rows) < 40
    shown.verticalScrollBar().setValue(shown.verticalScrollBar().maximum())
    last = shown.row_of(499)
    assert last.number.text() == "4"
    assert shown.viewport().rect().contains(last.geometry())
    qtbot.keyClicks(panel.held.filter, "F49")
    assert shown.features == [49, *range(490, 500)]
    assert "11 listed" in panel.held.caption.text()
    panel.held.list.row_of(49).slider.setValue(700)
    low, high = state_of(window).scene.low[49], state_of(window).scene.high[49]
    assert state_of(window).shown.slice.held[49] == pytest.approx(low + 0.7 * (high - low))


def test_importance_is_measured_on_the_test_rows_and_says_with_which_weights(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6))
    window.studio.set("train.epochs", 40)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    page = panel.importance
    qtbot.mouseClick(panel.views.buttons["importance"], Qt.MouseButton.LeftButton)
    assert page.table() is None
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run_of(window).weighed is not None, timeout=SECONDS)
    run, test = run_of(window), run_of(window).prepared.test
    orders = permutations(len(test), REPEATS, generator(run.experiment.seed, Stream.IMPORTANCE))
    known = permutation_importance(run.snapshot.params, "relu", test.X, test.y, orders, lambda _: True)
    means = dict(zip(run.prepared.dataset.feature_names, known.accuracy_drop.mean(axis=1).tolist(), strict=True))
    assert dict(zip(page.bars.ranking.names, page.bars.ranking.mean.tolist(), strict=True)) == pytest.approx(means)
    assert page.bars.ranking.mean.tolist() == sorted(means.values(), reverse=True)
    assert f"{len(test)} test rows" in page.caption.text()
    assert page.caption.text().endswith("weights of epoch 40")
    qtbot.mouseClick(page.measures.buttons["loss"], Qt.MouseButton.LeftButton)
    assert page.bars.ranking.mean[0] == pytest.approx(known.loss_rise.mean(axis=1).max())
    page.menu.copy_as_tsv()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "Feature\tLoss rise (nats)\tStandard deviation"
    name, mean, spread = lines[1].split("\t")
    assert name == page.bars.ranking.names[0]
    assert (float(mean), float(spread)) == (page.bars.ranking.mean[0], page.bars.ranking.spread[0])
    window.studio.step()
    wait_for_status(qtbot, window, "paused", "finished")
    assert page.caption.text().endswith("weights of epoch 40, which have changed since")
    window.studio.reset()
    assert page.table() is None


def test_a_measurement_is_cancelled_by_its_button_and_by_other_data(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 400, rows=3000))
    window.studio.set("model.hidden", (512,))
    qtbot.mouseClick(panel.views.buttons["importance"], Qt.MouseButton.LeftButton)
    page = panel.importance
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (run_of(window).weighing or 0) > 0, timeout=SECONDS)
    assert page.start.text() == "Cancel"
    assert page.progress.isVisible()
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    assert page.start.text() == "Measure"
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert run_of(window).weighed is None
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    window.studio.set("data.source", "spiral")
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert run_of(window).weighed is None
    assert run_of(window).weighing is None


def test_without_test_rows_the_button_says_why_it_cannot_act(qtbot, window, tmp_path):
    panel = open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 6))
    qtbot.mouseClick(panel.views.buttons["importance"], Qt.MouseButton.LeftButton)
    window.studio.set("split.test", 0.0)
    qtbot.waitUntil(lambda: len(run_of(window).prepared.test) == 0, timeout=SECONDS)
    assert not panel.importance.start.isEnabled()
    assert "no test rows" in panel.importance.start.toolTip()


def test_of_many_classes_the_most_probable_come_first_and_stay_in_place_while_training(qtbot, window, tmp_path):
    open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 5, classes=12, rows=600))
    bars = window.prediction.bars
    window.studio.set("train.epochs", 40)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    window.studio.ask_at(0.3, -0.2)
    falling = [bars.probabilities[index] for index in bars.order]
    assert falling == sorted(bars.probabilities, reverse=True)
    order = bars.order
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    asked = run_of(window).epoch
    qtbot.waitUntil(lambda: run_of(window).epoch > asked + 20, timeout=SECONDS)
    assert bars.order == order
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")


def test_the_choice_of_a_slice_takes_two_rows_where_there_is_no_room_for_one(qtbot, window, tmp_path):
    open_wide(qtbot, window, write_wide(tmp_path / "wide.csv", 5))
    bar = window.boundary.slices
    window.resize(1400, 900)
    qtbot.waitUntil(lambda: bar.across.y() == bar.held.y(), timeout=SECONDS)
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: bar.across.y() > bar.held.y(), timeout=SECONDS)
    assert min(box.width() for box in (bar.kind, bar.across, bar.upward, bar.held)) > 100
