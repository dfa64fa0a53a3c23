"""The charts draw the run's figures exactly, hold still while they grow, and read out what is under the cursor."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsItem, QLabel

from mlp_studio.core.axis import log_ticks, plain_number, step_up
from mlp_studio.core.config import with_setting
from mlp_studio.core.history import COLUMNS, best_epoch
from mlp_studio.core.palette import DARK, LIGHT
from mlp_studio.ui import theme
from mlp_studio.ui.plots.curves import (
    CurvesPanel,
    accuracy_text,
    better_epoch,
    last_epoch_shown,
    loss_span,
    loss_text,
)
from mlp_studio.ui.plots.plot import Axis
from mlp_studio.ui.store import NO_CURVES

SECONDS = 20_000


@pytest.fixture
def studio(studio):
    """With the first data, in light colours."""
    theme.apply_scheme("light")
    studio.data.start()
    return studio


@pytest.fixture
def panel(studio, qtbot):
    made = CurvesPanel(studio)
    qtbot.addWidget(made)
    made.resize(480, 420)
    made.show()
    qtbot.waitExposed(made)
    return made


def history(epochs, seed=0):
    """Made-up curves: falling losses, rising accuracies, some noise."""
    rng, t = np.random.default_rng(seed), np.arange(1, epochs + 1)
    falling = np.exp(-t / 400)
    columns = [falling + 0.03, 0.99 - 0.6 * falling, falling + 0.06, 0.97 - 0.6 * falling]
    return np.stack(columns, axis=1) + 0.01 * rng.random((epochs, 4))


def show(studio, curves, epochs=None):
    """Let the run have these curves, and the weights of their last epoch."""
    run = studio.store.state.run
    experiment = run.experiment if epochs is None else with_setting(run.experiment, "train.epochs", epochs)
    snapshot = replace(run.snapshot, epoch=len(curves))
    studio.store.update(run=replace(run, snapshot=snapshot, curves=curves, experiment=experiment))


def drawn(chart, part):
    return chart.curves[part].getData()


def column(curves, name):
    return curves[:, COLUMNS.index(name)]


def pixel_of(chart, epoch, value):
    """Where a value at an epoch lies in the plot's viewport."""
    return chart.plot.mapFromScene(chart.view.mapViewToScene(QPointF(epoch, value)))


def point_at(qtbot, chart, epoch):
    bottom, top = chart.view.viewRange()[1]
    qtbot.mouseMove(chart.plot.viewport(), pixel_of(chart, epoch, (bottom + top) / 2))


def labels(axis, first, last, pixels=400):
    spacing, values = axis.tickValues(first, last, pixels)[0]
    return axis.tickStrings([value for value in values if first <= value <= last], 1.0, spacing)


# --- what is drawn ------------------------------------------------------------------------------------------


def test_a_real_training_is_drawn_as_its_history_has_it(studio, panel, qtbot):
    studio.set("train.epochs", 40)
    studio.train()
    qtbot.waitUntil(lambda: studio.store.state.run.epoch == 40 and not studio.is_busy, timeout=SECONDS)
    curves = studio.store.state.run.curves
    for chart, name in ((panel.loss, "loss"), (panel.accuracy, "accuracy")):
        for part in ("train", "val"):
            x, y = drawn(chart, part)
            assert np.array_equal(x, np.arange(1, 41))
            assert np.array_equal(y, column(curves, f"{part}_{name}"))


def test_long_curves_keep_their_extremes_at_every_zoom(studio, panel):
    curves = history(100_000)
    curves[65_432, 2] = 0.9  # a spike of one epoch
    show(studio, curves, 100_000)
    assert drawn(panel.loss, "val")[1].max() == column(curves, "val_loss").max()
    assert drawn(panel.loss, "train")[1].min() == column(curves, "train_loss").min()
    for first, last in ((60_000, 70_000), (65_000, 66_000), (65_430, 65_440)):
        panel.loss.view.setXRange(first, last, padding=0)
        x, y = drawn(panel.loss, "val")
        assert y[(x >= first) & (x <= last)].max() == 0.9
    inside = (x >= 65_430) & (x <= 65_440)
    assert np.array_equal(x[inside], np.arange(65_430, 65_441))
    assert np.array_equal(y[inside], column(curves, "val_loss")[65_429:65_440])


def test_a_spike_of_one_epoch_in_a_hundred_thousand_is_seen(studio, panel, qapp):
    curves = np.full((100_000, 4), 0.5)
    curves[70_000, 0] = 0.95
    show(studio, curves, 100_000)
    qapp.processEvents()
    picture = panel.loss.plot.grab().toImage()
    at = pixel_of(panel.loss, 70_001, 0.94)
    near = [picture.pixelColor(at.x() + step, at.y()).name() for step in (-1, 0, 1)]
    assert QColor(theme.colours().train).name() in near


def test_a_jagged_dashed_curve_has_no_holes(studio, panel, qapp):
    curves = history(100_000)
    curves[:, 2] = 0.5 + 0.4 * np.random.default_rng(0).random(100_000)
    curves[:, 0] = 0.1
    show(studio, curves, 100_000)
    qapp.processEvents()
    picture = panel.loss.plot.grab().toImage()
    full = QColor(theme.colours().validation)
    ground = QColor(theme.colours().window)
    start, stop = pixel_of(panel.loss, 2_000, 0.7).x(), pixel_of(panel.loss, 98_000, 0.7).x()
    row = [picture.pixelColor(x, pixel_of(panel.loss, 1, 0.7).y()) for x in range(start, stop)]
    assert all(colour != ground for colour in row)
    assert 0.3 < sum(colour == full for colour in row) / len(row) < 0.7  # in turns of full and faint colour


def test_growing_curves_are_drawn_as_if_shown_at_once(studio, panel, qtbot):
    curves = history(30_000)
    for epochs in range(0, 30_001, 777):
        show(studio, curves[:epochs], 100_000)
    show(studio, curves, 100_000)
    other = CurvesPanel(studio)
    qtbot.addWidget(other)
    other.resize(panel.size())
    other.show()
    qtbot.waitExposed(other)
    for chart, twin in zip(panel.charts, other.charts, strict=True):
        twin.view.setXRange(*chart.view.viewRange()[0], padding=0)
        for part in ("train", "val"):
            for grown, whole in zip(drawn(chart, part), drawn(twin, part), strict=True):
                assert np.array_equal(grown, whole)


def test_the_first_epoch_alone_is_drawn_as_a_dot(studio, panel, qapp):
    show(studio, np.array([[0.6, 0.5, 0.7, 0.4]]), 10)
    qapp.processEvents()
    at = pixel_of(panel.loss, 1, 0.6)
    assert panel.loss.plot.grab().toImage().pixelColor(at).name() == theme.colours().train.lower()


def test_without_validation_rows_only_training_is_shown(studio, panel):
    curves = history(50)
    curves[:, 2:] = np.nan
    show(studio, curves)
    for chart in panel.charts:
        assert chart.readings["train"].isVisible()
        assert not chart.readings["val"].isVisible()
        assert np.isnan(drawn(chart, "val")[1]).all()
    assert panel.loss.best.epoch == column(curves, "train_loss").argmin() + 1


def test_values_that_are_not_numbers_stay_out_of_the_ranges(studio, panel, qapp):
    curves = history(200)
    curves[10, 0], curves[11, 2], curves[12, 0], curves[13, 0] = np.inf, -np.inf, np.nan, 1e308
    show(studio, curves)
    for log in (False, True):
        panel.set_log(log)
        qapp.processEvents()
        assert np.isfinite(panel.loss.view.viewRange()).all()
    show(studio, np.full((5, 4), np.nan))
    qapp.processEvents()
    assert np.isfinite(panel.loss.view.viewRange()).all()
    assert panel.loss.readings["train"].value.text() == "–"


# --- following a run ----------------------------------------------------------------------------------------


def test_before_training_a_sentence_says_what_will_be_here(studio, panel):
    assert panel.empty.isVisible()
    assert "Train" in panel.empty.text()
    assert not panel.export_button.isEnabled()
    assert "train first" in panel.export_button.toolTip()
    show(studio, history(3))
    assert not panel.empty.isVisible()
    assert panel.export_button.isEnabled()


def test_reset_clears_the_charts(studio, panel, qtbot):
    studio.step()
    qtbot.waitUntil(lambda: studio.store.state.run.epoch == 1 and not studio.is_busy, timeout=SECONDS)
    assert len(drawn(panel.loss, "train")[0]) == 1
    studio.reset()
    for chart in panel.charts:
        assert len(drawn(chart, "train")[0]) == 0
        assert chart.best.epoch == 0
        assert chart.readings["train"].value.text() == "–"
    assert panel.empty.isVisible()


def test_epochs_taken_back_after_divergence_are_taken_off(studio, panel):
    curves = history(300)
    curves[200:, 0] = 9_000.0
    show(studio, curves)
    assert panel.loss.view.viewRange()[1][1] >= 9_000
    show(studio, curves[:200].copy())
    assert np.array_equal(drawn(panel.loss, "train")[1], curves[:200, 0])
    assert panel.loss.view.viewRange()[1][1] < 3


def test_axes_hold_still_while_epochs_grow(studio, panel):
    curves, changes = history(3_000), []
    for chart in panel.charts:
        chart.view.sigRangeChanged.connect(lambda *_: changes.append(1))
    show(studio, curves[:1], 3_000)
    changes.clear()
    for epochs in range(1, 3_001, 20):
        show(studio, curves[:epochs], 3_000)
    assert len(changes) <= 6  # 1,000 → 2,000 → 3,000 in both charts; the losses never leave their range
    changes.clear()
    panel.log_button.click()
    for chart_range in range(3_000, 3_050):
        show(studio, np.vstack([curves, curves[: chart_range - 3_000]]), 3_050)
    assert len(changes) <= 4


def test_the_loss_axis_widens_when_it_is_left_and_only_then(studio, panel):
    show(studio, np.full((1, 4), 0.7))
    assert panel.loss.view.viewRange()[1] == pytest.approx([-0.03 * 0.8, 0.8])
    show(studio, np.full((2, 4), 0.7) * [[1], [0.1]])
    assert panel.loss.view.viewRange()[1] == pytest.approx([-0.03 * 0.8, 0.8])
    show(studio, np.full((3, 4), 0.7) * [[1], [0.1], [10]])
    assert panel.loss.view.viewRange()[1] == pytest.approx([-0.03 * 8, 8.0])


@pytest.mark.parametrize(
    ("epochs", "target", "end"),
    [
        (0, 100, 100),
        (1, 1_000, 1_000),
        (0, 100_000, 1_000),
        (1_001, 100_000, 2_000),
        (60_000, 100_000, 100_000),
        (1_001, 1_001, 2_000),
        (1, 1, 1),
        (3, 3, 5),
        (1_500, 1_600, 1_600),
    ],
)
def test_the_axis_of_epochs_ends_where_training_does_or_at_a_round_number(epochs, target, end):
    assert last_epoch_shown(epochs, target) == end


def test_a_state_with_the_same_curves_draws_nothing(studio, panel, monkeypatch):
    show(studio, history(100))
    monkeypatch.setattr(panel.loss, "draw", lambda: pytest.fail("drawn again"))
    studio.store.update(follow_up="something else")
    run = studio.store.state.run
    studio.store.update(run=replace(run, curves=run.curves[:], rate=5.0))  # another view of the same rows


def test_rendering_changes_no_state(studio, panel, qtbot):
    with qtbot.assertNotEmitted(studio.store.changed):
        panel.render(replace(studio.store.state, run=replace(studio.store.state.run, curves=history(5_000))))


# --- marks, figures, labels ---------------------------------------------------------------------------------


def test_the_best_epoch_is_marked_in_both_charts(studio, panel):
    curves = history(500)
    curves[411, 2] = 0.001
    show(studio, curves)
    assert (panel.loss.best.epoch, panel.loss.best.text) == (412, "best 412")
    assert panel.accuracy.best.epoch == 412


@pytest.mark.parametrize("seed", range(40))
def test_the_best_epoch_is_found_from_what_is_new_alone(seed):
    rng = np.random.default_rng(seed)
    curves = np.round(rng.random((60, 4)), 1)  # with ties
    curves[rng.random(60) < rng.choice([0, 0.3, 1.0]), 2] = np.nan
    best = known = 0
    for epochs in np.sort(rng.integers(1, 61, 8)):
        best = better_epoch(curves[:epochs], best, known)
        known = int(epochs)
        assert best == best_epoch(curves[:epochs])


def test_no_epoch_is_best_where_no_loss_is_a_number():
    assert better_epoch(np.full((4, 4), np.nan), 0, 0) == 0
    assert better_epoch(NO_CURVES, 0, 0) == 0


def test_the_header_shows_the_newest_figures(studio, panel):
    curves = history(412)
    show(studio, curves)
    assert panel.epoch.text() == "epoch 412"
    assert panel.loss.readings["train"].value.text() == loss_text(curves[411, 0])
    assert panel.accuracy.readings["val"].value.text() == accuracy_text(curves[411, 3])


def test_the_cursor_reads_out_the_nearest_epoch_in_both_charts(studio, panel, qtbot):
    curves = history(1_000)
    show(studio, curves)
    point_at(qtbot, panel.loss, 412)
    qtbot.waitUntil(lambda: panel.loss.pointer.epoch > 0)
    epoch = panel.loss.pointer.epoch
    assert abs(epoch - 412) <= 2  # a pixel is more than an epoch wide
    assert panel.accuracy.pointer.epoch == epoch
    assert panel.epoch.text() == f"epoch {epoch}"
    for chart, name, text in ((panel.loss, "loss", loss_text), (panel.accuracy, "accuracy", accuracy_text)):
        for part in ("train", "val"):
            value = column(curves, f"{part}_{name}")[epoch - 1]
            assert chart.readings[part].value.text() == text(value)
    show(studio, history(1_050)[:1_050], 2_000)  # goes on, the read-out stays where it is
    assert panel.epoch.text() == f"epoch {panel.loss.pointer.epoch:,}"


def test_the_read_out_is_exact_where_each_epoch_can_be_seen(studio, panel, qtbot):
    curves = history(20)
    show(studio, curves, 20)
    for epoch in (1, 7, 20):
        point_at(qtbot, panel.accuracy, epoch)
        qtbot.waitUntil(lambda: panel.epoch.text() == f"epoch {epoch}")  # noqa: B023
        assert panel.loss.readings["train"].value.text() == loss_text(curves[epoch - 1, 0])


def test_beside_the_plot_the_newest_figures_are_back(studio, panel, qtbot):
    show(studio, history(1_000))
    point_at(qtbot, panel.loss, 300)
    qtbot.waitUntil(lambda: panel.loss.pointer.epoch > 0)
    qtbot.mouseMove(panel.loss.plot.viewport(), QPoint(3, 20))  # over the labels of the axis
    qtbot.waitUntil(lambda: panel.loss.pointer.epoch == 0)
    assert panel.epoch.text() == "epoch 1,000"


def test_epoch_labels_are_whole_and_exact():
    axis = Axis("bottom", least=1.0)
    assert labels(axis, 0, 1_000) == ["0", "200", "400", "600", "800", "1,000"]
    assert labels(axis, 2.6, 6.2) == ["3", "4", "5", "6"]
    assert labels(axis, 11.1, 11.9) == []
    for last in (3, 10, 77, 12_345, 100_000):
        shown = labels(axis, 0, last)
        assert shown
        assert all(label.replace(",", "").isdigit() for label in shown)


def test_loss_and_accuracy_labels():
    assert labels(Axis("left"), 0, 2.0, 130) == ["0.0", "0.5", "1.0", "1.5", "2.0"]
    assert labels(Axis("left", scale=100, unit=" %"), -0.03, 1.03, 150)[-1] == "100 %"
    assert [plain_number(10.0**value) for value in log_ticks(-2, 0.1, 4)] == ["0.01", "0.1", "1"]
    assert [plain_number(10.0**value) for value in log_ticks(-1.4, -1.2, 4)] == ["0.04", "0.05", "0.06"]
    assert plain_number(5e-6) == "5·10⁻⁶"
    assert plain_number(1e-5) == "10⁻⁵"
    assert plain_number(20_000.0) == "20,000"


@pytest.mark.parametrize(("value", "step"), [(1, 1), (1.01, 2), (0.03, 0.05), (999, 1_000), (2e-9, 2e-9)])
def test_step_up(value, step):
    assert step_up(value) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0421034, "0.042103"),
        (1.0986, "1.0986"),
        (0.0, "0.0000"),
        (12_345.0, "12345"),
        (1.5e-6, "1.500e−06"),
        (2e33, "2.000e+33"),
        (np.nan, "–"),
        (np.inf, "∞"),
    ],
)
def test_losses_are_written_with_the_digits_that_count(value, text):
    assert loss_text(value) == text


def test_names_are_plain_text(panel):
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in panel.findChildren(QLabel))


def test_left_axes_line_up_whatever_their_figures(studio, panel, qapp):
    curves = history(100)
    curves[50, 0] = 123_456.0
    show(studio, curves)
    qapp.processEvents()
    rects = [chart.view.sceneBoundingRect() for chart in panel.charts]
    assert (rects[0].left(), rects[0].right()) == (rects[1].left(), rects[1].right())


# --- gestures -----------------------------------------------------------------------------------------------


def test_a_click_on_log_shows_the_logarithm_of_the_loss(studio, panel, qtbot):
    curves = history(300)
    curves[5, 0], curves[6, 2] = 0.0, np.nan
    show(studio, curves)
    qtbot.mouseClick(panel.log_button, Qt.MouseButton.LeftButton)
    expected = np.full(300, np.nan)
    usable = curves[:, 0] > 0
    expected[usable] = np.log10(curves[usable, 0])
    assert np.array_equal(drawn(panel.loss, "train")[1], expected, equal_nan=True)
    bottom, top = panel.loss.view.viewRange()[1]
    assert bottom <= np.nanmin(expected)
    assert top >= np.nanmax(expected)
    assert np.array_equal(drawn(panel.accuracy, "train")[1], curves[:, 1])  # the accuracy stays as it is
    qtbot.mouseClick(panel.log_button, Qt.MouseButton.LeftButton)
    assert np.array_equal(drawn(panel.loss, "train")[1], curves[:, 0])


def test_a_loss_of_nothing_but_zeros_has_a_logarithmic_axis_too():
    assert loss_span(np.nan, np.nan, True) == pytest.approx((-1, np.log10(2)), abs=1)
    assert np.isfinite(loss_span(1e-320, 1e308, True)).all()
    assert np.isfinite(loss_span(0.0, 0.0, False)).all()


def turn_wheel(qapp, chart, epoch, value, clicks):
    at = QPointF(pixel_of(chart, epoch, value))
    viewport = chart.plot.viewport()
    event = QWheelEvent(
        at,
        viewport.mapToGlobal(at),
        QPoint(0, 0),
        QPoint(0, 120 * clicks),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    qapp.sendEvent(viewport, event)


def test_the_wheel_zooms_both_charts_and_view_all_goes_back(studio, panel, qapp, qtbot):
    curves = history(1_000)
    show(studio, curves, 2_000)
    whole = panel.loss.view.viewRange()
    assert not panel.all_button.isEnabled()
    turn_wheel(qapp, panel.loss, 500, 0.5, 3)
    zoomed = panel.loss.view.viewRange()
    assert zoomed[0][1] - zoomed[0][0] < 0.8 * (whole[0][1] - whole[0][0])
    assert panel.accuracy.view.viewRange()[0] == zoomed[0]
    show(studio, history(1_500)[:1_500], 2_000)  # what follows moves nothing
    show(studio, np.vstack([curves, 5 * curves]), 2_000)
    assert panel.loss.view.viewRange() == zoomed
    qtbot.mouseClick(panel.all_button, Qt.MouseButton.LeftButton)
    assert panel.loss.view.viewRange()[0] == panel.accuracy.view.viewRange()[0] == [0, 2_000 * 1.02]
    assert not panel.all_button.isEnabled()
    assert "in view" in panel.all_button.toolTip()


def test_dragging_moves_both_charts(studio, panel, qtbot, qapp):
    show(studio, history(1_000))
    turn_wheel(qapp, panel.accuracy, 500, 0.5, 5)
    before = panel.accuracy.view.viewRange()[0]
    viewport, start = panel.accuracy.plot.viewport(), pixel_of(panel.accuracy, 500, 0.5)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 9):
        qtbot.mouseMove(viewport, start + QPoint(-10 * step, 0), delay=15)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(-80, 0))
    after = panel.accuracy.view.viewRange()[0]
    assert after[0] > before[0]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    assert panel.loss.view.viewRange()[0] == after


def test_one_cannot_get_lost_beyond_the_run(studio, panel, qapp):
    show(studio, history(1_000))
    turn_wheel(qapp, panel.loss, 500, 0.5, -30)
    assert panel.loss.view.viewRange()[0] == pytest.approx([0, 1_020])


def test_a_new_run_is_followed_again(studio, panel, qapp):
    show(studio, history(1_000))
    turn_wheel(qapp, panel.loss, 500, 0.5, 3)
    studio.reset()
    assert panel.loss.view.viewRange()[0] == [0, 1_020]
    assert not panel.all_button.isEnabled()


def test_where_epochs_stand_apart_each_is_a_dot(studio, panel, qapp):
    curves = history(1_000)
    show(studio, curves)
    panel.loss.view.setRange(xRange=(500, 510), yRange=(0, 1), padding=0)
    qapp.processEvents()
    at = pixel_of(panel.loss, 505, curves[504, 0])
    picture = panel.loss.plot.grab().toImage()
    assert picture.pixelColor(at + QPoint(0, 1)).name() == theme.colours().train.lower()
    assert picture.pixelColor(at - QPoint(0, 1)).name() == theme.colours().train.lower()


def test_light_turns_to_dark(studio, panel, qapp):
    show(studio, history(100))
    theme.apply_scheme("dark")
    qapp.processEvents()
    for chart in panel.charts:
        assert chart.plot.backgroundBrush().color().name() == DARK.window
        assert chart.curves["train"].opts["pen"].color().name() == DARK.train.lower()
        assert chart.readings["val"].swatch.pen.color().name() == DARK.validation.lower()
    theme.apply_scheme("light")
    QApplication.processEvents()
    assert panel.loss.plot.backgroundBrush().color().name() == LIGHT.window


def test_a_window_that_grows_shows_each_label_of_an_axis_once(qtbot, window):
    for width, height in ((1024, 700), (1920, 1600)):
        window.resize(width, height)
        qtbot.wait(300)
    for plot in window.curves.findChildren(pg.PlotWidget):
        kept = plot.grab().toImage()
        plot.getAxis("left").setCacheMode(QGraphicsItem.CacheMode.NoCache)
        assert kept == plot.grab().toImage()
