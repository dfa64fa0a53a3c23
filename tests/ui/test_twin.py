"""The twin window and the uncertainty layer, by clicking."""

import math
import re

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from mlp_studio.core.backends import numpy_mlp
from mlp_studio.core.boundary import restrict
from mlp_studio.core.palette import region_table
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.twin import SAME
from mlp_studio.core.uncertainty import dropout_spread
from mlp_studio.ui import theme
from mlp_studio.ui.dialogs.twin import CHANGED, TwinDialog
from mlp_studio.ui.plots.regions import FULL_SPREAD
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status


def open_twins(window):
    window.commands["twin"].trigger()
    return window.findChild(TwinDialog)


def finish(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog.is_training and not dialog._timer.isActive(), timeout=SECONDS)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def set_epochs(qtbot, dialog, epochs):
    dialog.epochs.setFocus()
    dialog.epochs.selectAll()
    qtbot.keyClicks(dialog.epochs, str(epochs))
    qtbot.keyClick(dialog.epochs, Qt.Key.Key_Return)


def largest_gap(dialog):
    return max(row.difference for row in dialog._course.rows)


# --- twin proof -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", ["numpy-mlp", "pytorch-mlp"])
def test_one_click_proves_a_lesson_over_100_epochs(qtbot, window, lesson):
    window.studio.lessons.open(lesson)
    dialog = open_twins(window)
    assert dialog.isVisible()
    assert not dialog.isModal()
    finish(qtbot, dialog)
    rows = dialog._course.rows
    assert [row.epoch for row in rows] == list(range(1, 101))
    assert 0 < largest_gap(dialog) <= SAME
    assert re.fullmatch(r"max \|Δ\| (\d·)?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+ after 100 epochs: the same network\.", dialog.verdict.text())
    # both curves over one another, and the difference on its logarithmic axis
    for place, curve in enumerate(dialog.loss.curves):
        np.testing.assert_array_equal(curve.xData, np.arange(1, 101))
        np.testing.assert_array_equal(curve.yData, [row.losses[place] for row in rows])
    above = np.array([row.difference for row in rows]) > 0
    drawn = dialog.gap.curves[0].yData
    np.testing.assert_allclose(10 ** drawn[above], [row.difference for row in rows if row.difference])
    assert np.isnan(drawn[~above]).all()
    low, high = dialog.gap.view.viewRange()[1]
    assert low <= drawn[above].min()
    assert drawn[above].max() <= high
    assert low < math.log10(SAME) < high
    # both boundaries, which are the same
    ours, theirs = (picture.regions.image for picture in dialog.pictures)
    assert ours.isVisible()
    assert theirs.isVisible()
    assert ours.image.shape == theirs.image.shape
    assert (ours.image != theirs.image).mean() < 1e-3
    # and the seconds
    for picture, seconds in zip(dialog.pictures, rows[-1].seconds, strict=True):
        assert picture.time.text() == f"{seconds:.2f}\N{NO-BREAK SPACE}s"
        assert seconds > 0


def test_the_main_window_is_left_alone(qtbot, window):
    qtbot.waitUntil(lambda: not window.studio.is_busy)  # the first picture of the regions is drawn
    before = state_of(window)
    finish(qtbot, open_twins(window))
    assert state_of(window) is before


def test_names_and_line_styles_tell_the_twins_apart(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    assert [picture.label.text() for picture in dialog.pictures] == ["NumPy from scratch", "PyTorch"]
    styles = [curve.opts["pen"].style() for curve in dialog.loss.curves]
    assert styles == [Qt.PenStyle.SolidLine, Qt.PenStyle.CustomDashLine]


def test_dropout_is_named_as_the_reason(qtbot, window):
    window.studio.set("model.dropout", 0.2)
    dialog = open_twins(window)
    finish(qtbot, dialog)
    assert largest_gap(dialog) > 1e-3
    assert "Dropout is on (0.2): each backend switches off units of its own choice" in dialog.verdict.text()


def test_float32_is_one_click_and_says_why_it_parts(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    click(qtbot, dialog.precision.buttons["float32"])
    assert dialog.is_training
    finish(qtbot, dialog)
    assert largest_gap(dialog) > SAME
    assert "In float32 each operation rounds" in dialog.verdict.text()


def test_other_epochs_are_trained_on_demand_with_changed_settings(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    assert dialog.hint.text() == ""
    window.studio.set("model.hidden", (8,))
    assert dialog.hint.text() == CHANGED
    set_epochs(qtbot, dialog, 7)
    click(qtbot, dialog.train_button)
    assert dialog.hint.text() == ""
    finish(qtbot, dialog)
    assert len(dialog._course.rows) == 7
    assert dialog._course.experiment.model.hidden == (8,)
    assert "after 7 epochs: the same network." in dialog.verdict.text()


def test_stopping_midway_keeps_what_there_is(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    set_epochs(qtbot, dialog, 5000)
    click(qtbot, dialog.train_button)
    assert dialog.train_button.text() == "Stop"
    qtbot.waitUntil(lambda: len(dialog._course.rows) > 5, timeout=SECONDS)
    click(qtbot, dialog.train_button)
    finish(qtbot, dialog)
    assert 5 < len(dialog._course.rows) < 5000
    assert dialog.verdict.text().startswith("Stopped: max |Δ|")
    assert dialog.train_button.text() == "Train the twins"
    assert dialog.pictures[1].regions.image.isVisible()


def test_closing_midway_ends_the_training(qtbot, window):
    dialog = open_twins(window)
    dialog.epochs.setValue(5000)
    finish(qtbot, dialog)
    click(qtbot, dialog.train_button)
    course = dialog._course
    qtbot.waitUntil(lambda: len(course.rows) > 2, timeout=SECONDS)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not window.studio.jobs.busy("twin"), timeout=SECONDS)
    assert len(course.rows) < 5000
    qtbot.waitUntil(lambda: window.findChild(TwinDialog) is None, timeout=SECONDS)
    assert open_twins(window).isVisible()  # and it opens anew


def test_shutting_down_midway_does_not_wait_for_the_last_epoch(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    dialog.epochs.setValue(5000)
    click(qtbot, dialog.train_button)
    qtbot.waitUntil(lambda: len(dialog._course.rows) > 2, timeout=SECONDS)
    assert window.studio.shut_down(2000)
    assert len(dialog._course.rows) < 5000


def test_a_diverging_training_says_so(qtbot, window):
    window.studio.set("train.learning_rate", 1e6)
    dialog = open_twins(window)
    finish(qtbot, dialog)
    assert "diverged" in dialog.verdict.text()


def test_a_fault_of_a_backend_is_a_sentence(qtbot, window, monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(numpy_mlp, "NumpyMLP", broken)
    dialog = open_twins(window)
    finish(qtbot, dialog)
    assert "did not work (MemoryError)" in dialog.verdict.text()
    assert not dialog.export_button.isEnabled()


def test_figures_can_be_exported(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    header, rows = dialog._table()
    assert header == ["epoch", "numpy_loss", "torch_loss", "max_difference", "numpy_seconds", "torch_seconds"]
    assert len(rows) == 100
    assert all(len(row) == len(header) for row in rows)


def test_pictures_have_the_main_pictures_colours_in_both_schemes(qtbot, window):
    dialog = open_twins(window)
    finish(qtbot, dialog)
    for scheme in ("light", "dark"):
        window.set_scheme(scheme)
        ink = QColor(theme.colours().text)
        qtbot.waitUntil(lambda ink=ink: dialog.gap.curves[0].opts["pen"].color() == ink, timeout=SECONDS)
        for picture in dialog.pictures:
            np.testing.assert_array_equal(picture.regions.image.colours, region_table(3, theme.colours()))


# --- uncertainty ----------------------------------------------------------------------------------------------


def train_with_dropout(qtbot, window, dropout=0.2, epochs=150):
    window.studio.set("model.dropout", dropout)
    window.studio.set("train.epochs", epochs)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")


def wait_for_uncertainty(qtbot, window):
    qtbot.waitUntil(
        lambda: run_of(window).uncertainty is not None and not window.studio.jobs.busy("uncertainty"), timeout=SECONDS
    )
    return run_of(window).uncertainty


def test_without_dropout_the_toggle_says_why_it_cannot_act(qtbot, window):
    button = window.boundary.uncertainty_button
    assert not button.isEnabled()
    assert "set Dropout above 0" in button.toolTip()
    window.studio.set("model.dropout", 0.1)
    assert button.isEnabled()
    window.studio.set("model.dropout", 0.0)
    assert not button.isEnabled()


def test_one_click_lays_the_spread_over_the_regions_and_another_takes_it_away(qtbot, window):
    train_with_dropout(qtbot, window)
    boundary = window.boundary
    assert not boundary.plots[0].veil.isVisible()
    click(qtbot, boundary.uncertainty_button)
    measured = wait_for_uncertainty(qtbot, window)
    run = run_of(window)
    assert measured.epoch == 150
    params = restrict(run.snapshot.params, run.prepared.scaler, measured.plane)
    rng = generator(run.experiment.seed, Stream.DROPOUT)
    expected = dropout_spread(params, "relu", 0.2, measured.box, len(measured.spread), measured.passes, rng)
    np.testing.assert_array_equal(measured.spread, expected)
    assert expected.max() > 0.05
    veil = boundary.plots[0].veil
    assert veil.isVisible()
    np.testing.assert_allclose(
        veil.image / 256 * FULL_SPREAD, np.minimum(expected, FULL_SPREAD), atol=FULL_SPREAD / 200
    )
    assert boundary.caption.text() == "Grey: spread of 30 passes with dropout on, from 0 (clear) to 0.25 (thickest)"
    click(qtbot, boundary.uncertainty_button)
    assert not veil.isVisible()
    assert not boundary.caption.isVisible()


def test_it_follows_the_training_and_ends_at_its_last_weights(qtbot, window):
    window.studio.set("model.dropout", 0.2)
    window.studio.set("train.epochs", 1_000_000)
    click(qtbot, window.boundary.uncertainty_button)
    first = wait_for_uncertainty(qtbot, window)
    assert first.epoch == 0
    window.studio.train()
    wait_for_epoch(qtbot, window, 20)
    qtbot.waitUntil(lambda: run_of(window).uncertainty.epoch > 0, timeout=SECONDS)
    assert run_of(window).status == "running"
    window.studio.interrupt("paused")
    wait_for_status(qtbot, window, "paused")
    qtbot.waitUntil(lambda: run_of(window).uncertainty.epoch == run_of(window).epoch, timeout=SECONDS)
    window.studio.reset()
    assert run_of(window).uncertainty is None
    assert wait_for_uncertainty(qtbot, window).epoch == 0


def test_it_does_not_flicker(qtbot, window):
    train_with_dropout(qtbot, window, epochs=20)
    window.studio.show_uncertainty(True)
    first = wait_for_uncertainty(qtbot, window)
    window.studio.show_uncertainty(False)
    window.studio.show_uncertainty(True)
    qtbot.waitUntil(lambda: run_of(window).uncertainty is not first, timeout=SECONDS)
    np.testing.assert_array_equal(first.spread, run_of(window).uncertainty.spread)


def test_it_moves_with_the_view_and_goes_with_dropout(qtbot, window):
    train_with_dropout(qtbot, window, epochs=20)
    click(qtbot, window.boundary.uncertainty_button)
    wait_for_uncertainty(qtbot, window)
    plot = window.boundary.plots[0]
    plot.view_box.setRange(xRange=(-0.2, 0.2), yRange=(-0.2, 0.2), padding=0)
    qtbot.waitUntil(lambda: run_of(window).uncertainty.box == plot.box, timeout=SECONDS)
    window.studio.set("model.dropout", 0.0)
    window.studio.reset()
    assert not plot.veil.isVisible()
    assert not window.boundary.uncertainty_button.isChecked()
