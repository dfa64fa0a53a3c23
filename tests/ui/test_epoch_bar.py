"""Looking back over the epochs of the present run."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.predict import predict
from mlp_studio.core.trainer import Training
from mlp_studio.ui.main_window import SLIP_SECONDS
from mlp_studio.ui.panels.status import status_text
from mlp_studio.ui.plots.curves import loss_text
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status
from tests.ui.test_run_list import train, train_a_while


def bar_of(window):
    return window.epochs


def drag_to(window, share):
    """Drag the handle from where it is to a share of the slider's length."""
    slider = bar_of(window).slider
    start = slider.value() / slider.maximum()
    y, width = slider.height() // 2, slider.width() - 12
    places = [QPoint(6 + round(at * width), y) for at in np.linspace(start, share, 6)]
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places:
        QTest.mouseMove(slider, place)
        QTest.qWait(15)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=places[-1])
    QTest.qWait(60)


def wait_for_past(qtbot, window):
    """Wait until regions and figures are those of the epoch that is looked at."""

    def is_there():
        past = state_of(window).seen_past
        made = past is not None and past.evaluation is not None and past.raster is not None
        return made and past.evaluation.epoch == past.raster.epoch == past.snapshot.epoch

    qtbot.waitUntil(is_there, timeout=SECONDS)
    return state_of(window).seen_past


def test_there_is_nothing_to_look_back_at_before_the_first_epoch(window):
    assert not bar_of(window).slider.isEnabled()
    assert not bar_of(window).live.isEnabled()
    assert bar_of(window).label.text() == "epoch 0"


def test_dragging_shows_the_network_as_it_was(qtbot, window):
    train(qtbot, window, 60)
    window.studio.ask(np.array([0.3, -0.4]))
    now = run_of(window)
    drag_to(window, 0.3)
    past = wait_for_past(qtbot, window)
    epoch = past.snapshot.epoch
    assert 5 < epoch < 35
    alone = Training(now.experiment, now.prepared)
    list(alone.run(epoch))
    for mine, its in zip(past.snapshot.params, alone.backend.params(), strict=True):
        assert np.array_equal(mine.W, its.W)
        assert np.array_equal(mine.b, its.b)
    params, activation = alone.backend.params(), now.experiment.model.activation
    told = predict(params, activation, now.prepared.inputs, np.array([0.3, -0.4]))
    assert np.array_equal(window.prediction.prediction.probabilities, told.probabilities)
    assert window.prediction.input.text().startswith(f"epoch {epoch} ·")
    assert f"epoch {epoch}" in window.evaluation.summary.text()
    assert window.evaluation.accuracy.text() == f"{evaluate(params, activation, now.prepared)['test'].accuracy:.3f}"
    assert bar_of(window).label.text() == f"epoch {epoch}"
    assert window.boundary._run.raster is past.raster
    assert run_of(window) is now  # nothing is changed by it
    bar_of(window).live.click()
    assert state_of(window).past is None
    assert bar_of(window).label.text() == "epoch 60"
    assert window.boundary._run.raster is now.raster


def test_keys_go_from_one_kept_epoch_to_the_next_and_end_comes_back(qtbot, window):
    train(qtbot, window, 500)  # of which every fourth or eighth is kept
    slider, pages = bar_of(window).slider, [page.epoch for page in window.studio.runner.album]
    slider.setFocus()
    for place in (-2, -3):
        qtbot.keyClick(slider, Qt.Key.Key_Left)
        assert state_of(window).seen_past.snapshot.epoch == pages[place] == slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == pages[-2]
    qtbot.keyClick(slider, Qt.Key.Key_PageDown)
    assert slider.value() == pages[-12]
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert slider.value() == 0
    assert wait_for_past(qtbot, window).snapshot.epoch == 0
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert state_of(window).past is None
    qtbot.wait(round(1000 * SLIP_SECONDS) + 50)  # until then, Space is taken for a late pause
    qtbot.keyClick(slider, Qt.Key.Key_Space)
    assert run_of(window).active


def test_training_goes_on_while_an_earlier_epoch_is_looked_at(qtbot, window):
    train_a_while(qtbot, window)
    wait_for_epoch(qtbot, window, 200)
    window.studio.past.look_at(50)
    past = wait_for_past(qtbot, window)
    wait_for_epoch(qtbot, window, run_of(window).epoch + 200)
    assert state_of(window).seen_past.snapshot is past.snapshot
    assert bar_of(window).label.text() == f"epoch {past.snapshot.epoch}"
    assert bar_of(window).slider.maximum() >= 400
    assert window.boundary._run.snapshot is past.snapshot
    window.studio.past.live()
    qtbot.waitUntil(lambda: window.boundary._run is run_of(window), timeout=SECONDS)


def test_the_view_moves_with_the_regions_of_that_epoch(qtbot, window):
    train(qtbot, window, 60)
    window.studio.past.look_at(20)
    before = wait_for_past(qtbot, window)
    window.boundary.plots[0].plot_item.vb.scaleBy((0.5, 0.5))
    qtbot.waitUntil(lambda: state_of(window).seen_past.raster is not before.raster, timeout=SECONDS)
    assert state_of(window).seen_past.raster.epoch == before.snapshot.epoch


@pytest.mark.parametrize("how", ["reset", "new sample"])
def test_another_run_is_shown_as_it_is(qtbot, window, how):
    train(qtbot, window, 60)
    window.studio.past.look_at(20)
    wait_for_past(qtbot, window)
    window.reset() if how == "reset" else window.new_sample()
    assert state_of(window).seen_past is None
    assert bar_of(window).label.text() == "epoch 0"


def test_a_run_that_was_brought_back_can_be_looked_back_at(qtbot, window):
    train(qtbot, window, 60)
    window.reset()
    window.studio.runs.bring_back(1)
    window.studio.past.look_at(20)
    assert wait_for_past(qtbot, window).snapshot.epoch == 20


def test_curves_and_steps_follow_the_epoch_that_is_looked_at(qtbot, window):
    window._raise_dock("math")
    train(qtbot, window, 60)
    qtbot.waitUntil(lambda: "epoch 60" in window.math.subject.text(), timeout=SECONDS)
    present = window.math.trace.params
    window.studio.past.look_at(20)
    past = wait_for_past(qtbot, window)
    assert past.snapshot.epoch == 20
    assert "epoch 20" in window.math.subject.text()
    for ours, theirs in zip(window.math.trace.params, past.snapshot.params, strict=True):
        np.testing.assert_array_equal(ours.W, theirs.W)
    window.math.go_to(5)
    assert not window.math.once_more.isEnabled()  # it would train the present weights
    loss = run_of(window).curves[19, COLUMNS.index("train_loss")]
    for chart in window.curves.charts:
        assert chart.pointer.epoch == 20
        assert chart.pointer.isVisible()
    assert window.curves.epoch.text() == "epoch 20"
    assert window.curves.loss.readings["train"].value.text() == loss_text(float(loss))

    window.studio.past.live()
    qtbot.waitUntil(lambda: "epoch 60" in window.math.subject.text(), timeout=SECONDS)
    for ours, theirs in zip(window.math.trace.params, present, strict=True):
        np.testing.assert_array_equal(ours.W, theirs.W)
    assert window.math.once_more.isEnabled()
    assert not any(chart.pointer.isVisible() for chart in window.curves.charts)
    assert window.curves.epoch.text() == "epoch 60"


def test_the_start_can_be_looked_at_which_has_no_figures(qtbot, window):
    train(qtbot, window, 60)
    window.studio.past.look_at(0)
    assert wait_for_past(qtbot, window).snapshot.epoch == 0
    assert window.curves.epoch.text() == "epoch 0"
    assert not any(chart.pointer.isVisible() for chart in window.curves.charts)
    assert {reading.value.text() for reading in window.curves.loss.readings.values()} == {loss_text(math.nan)}


def test_after_early_stopping_everything_is_of_the_best_epoch_and_later_ones_can_be_looked_at(qtbot, window):
    window.studio.set("train.learning_rate", 5.0)  # the loss goes up and down
    window.studio.set("train.early_stopping", 3)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    run = run_of(window)
    best, last = run.snapshot.epoch, run.epoch
    assert best == last - 3
    assert bar_of(window).label.text() == window.curves.epoch.text() == f"epoch {best:,}"
    assert {chart.pointer.epoch for chart in window.curves.charts} == {best}
    loss = float(run.curves[best - 1, COLUMNS.index("train_loss")])
    assert window.curves.loss.readings["train"].value.text() == loss_text(loss)
    assert f"weights of epoch {best} · loss {loss:.4f}" in status_text(state_of(window))

    window.studio.past.look_at(last)
    assert wait_for_past(qtbot, window).snapshot.epoch == last
    assert bar_of(window).label.text() == window.curves.epoch.text() == f"epoch {last:,}"
    window.studio.past.look_at(best)
    assert state_of(window).seen_past is None
    window.studio.past.step(1)
    assert wait_for_past(qtbot, window).snapshot.epoch == best + 1
    window.studio.past.step(-1)
    assert state_of(window).seen_past is None
