"""Inputs made from features, in the real window: check boxes, network, boundary, prediction."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from mlp_studio.core.boundary import confidence_levels
from mlp_studio.core.config import with_settings
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.network import forward
from mlp_studio.ui.panels.data_summary import scaling_table
from mlp_studio.ui.panels.experiment import why_not_derived
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status


def list_of(window):
    return window.experiment.fields["split.derived"].control


def tick(qtbot, window, name):
    """Click a check box, which may have to be scrolled to."""
    box = list_of(window).boxes[name]
    window.experiment.ensureWidgetVisible(box)
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))


def set_up(qtbot, window, **settings):
    """Change settings, named with two underscores for the dot, and wait for data and regions."""
    made = {path.replace("__", "."): value for path, value in settings.items()}
    window.studio.set_experiment(with_settings(state_of(window).experiment, made))
    qtbot.waitUntil(lambda: not state_of(window).loading and not window.studio.is_busy, timeout=SECONDS)


def offered(window):
    return [name for name, box in list_of(window).boxes.items() if box.isVisibleTo(list_of(window))]


@pytest.fixture
def circles(qtbot, window):
    """A linear model of two rings."""
    set_up(qtbot, window, data__source="circles", data__classes=2, model__activation="linear", train__epochs=150)
    return window


def test_every_derivation_has_a_box_with_its_formula_and_what_it_makes(window):
    boxes = list_of(window).boxes
    assert list(boxes) == list(DERIVATIONS)
    assert [box.text() for box in boxes.values()] == [entry.label for entry in DERIVATIONS.values()]
    assert offered(window) == list(DERIVATIONS)
    assert not any(box.isChecked() for box in boxes.values())
    assert "2 more inputs: X1², X2²." in boxes["square"].toolTip()


def test_a_linear_model_learns_rings_once_squares_are_ticked(qtbot, circles):
    circles.studio.train()
    wait_for_status(qtbot, circles, "finished")
    assert run_of(circles).evaluation.parts["test"].accuracy < 0.7
    tick(qtbot, circles, "square")
    assert state_of(circles).experiment.split.derived == ("square",)
    assert run_of(circles).status == "ready"
    assert run_of(circles).snapshot.params[0].W.shape[0] == 4
    assert "1,500 rows × 4 inputs" in circles.experiment.data_summary.text()
    assert circles.experiment.model_summary.text().startswith("4 → ")
    circles.studio.train()
    wait_for_status(qtbot, circles, "finished")
    assert run_of(circles).evaluation.parts["test"].accuracy > 0.95


def test_ticking_and_unticking_goes_to_the_state_and_back(qtbot, circles):
    before = run_of(circles).snapshot.params
    for name in ("sine", "product"):
        tick(qtbot, circles, name)
    assert state_of(circles).experiment.split.derived == ("product", "sine")
    assert [name for name, box in list_of(circles).boxes.items() if box.isChecked()] == ["product", "sine"]
    for name in ("sine", "product"):
        tick(qtbot, circles, name)
    assert state_of(circles).experiment.split.derived == ()
    for old, new in zip(before, run_of(circles).snapshot.params, strict=True):
        np.testing.assert_array_equal(old.W, new.W)


def test_the_boundary_is_what_the_network_says_of_the_derived_inputs(qtbot, circles):
    for name in ("square", "product", "radius"):
        tick(qtbot, circles, name)
    circles.studio.train()
    wait_for_status(qtbot, circles, "finished")
    run = run_of(circles)
    qtbot.waitUntil(lambda: run_of(circles).raster.epoch == 150, timeout=SECONDS)
    raster = run_of(circles).raster
    size, box = len(raster.indices), raster.box
    steps = (np.arange(size) + 0.5) / size
    u, v = box.u_low + steps * (box.u_high - box.u_low), box.v_low + steps * (box.v_high - box.v_low)
    X = np.column_stack([np.tile(u, size), np.repeat(v, size)])
    logits = forward(run.snapshot.params, "linear", run.prepared.inputs(X).astype(np.float32))
    agrees = raster.indices.ravel() // confidence_levels(2) == logits.argmax(axis=1)
    assert agrees[np.abs(logits[:, 0] - logits[:, 1]) > 1e-3].all()
    assert 0.2 < logits.argmax(axis=1).mean() < 0.95  # a ring, and not one class everywhere


def test_a_point_is_asked_about_by_its_features_alone(qtbot, circles):
    tick(qtbot, circles, "square")
    circles.studio.train()
    wait_for_status(qtbot, circles, "finished")
    circles.studio.ask_text("X1 = 0.05, X2 = 0.9")
    panel = circles.prediction
    assert panel.prediction.x.tolist() == [0.05, 0.9]
    assert panel.answer.text().startswith("c2 ")
    assert "X1²" not in panel.input.toolTip()


def test_painted_points_get_their_derived_inputs_while_the_network_goes_on(qtbot, circles):
    tick(qtbot, circles, "square")
    circles.studio.set("train.epochs", 1_000_000)
    circles.studio.train()
    wait_for_epoch(qtbot, circles, 5)
    qtbot.mouseClick(circles.boundary.paint_button, Qt.MouseButton.LeftButton)
    runner, scaler = circles.studio._runner, state_of(circles).prepared.scaler
    plot = circles.boundary.plots[0]
    place = plot.widget.mapFromScene(plot.view_box.mapViewToScene(QPointF(0.0, 0.0)))
    qtbot.mouseClick(plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: state_of(circles).prepared.dataset.rows == 1501, timeout=SECONDS)
    prepared = state_of(circles).prepared
    assert prepared.scaler is scaler
    assert prepared.train.X.shape[1] == 4
    qtbot.waitUntil(lambda: runner.training.prepared is prepared, timeout=SECONDS)
    wait_for_epoch(qtbot, circles, runner.training.epoch + 5)
    assert circles.studio._runner is runner
    tick(qtbot, circles, "product")  # other inputs take another network
    qtbot.waitUntil(lambda: state_of(circles).prepared.input_count == 5, timeout=SECONDS)
    assert state_of(circles).prepared.dataset.rows == 1501
    assert run_of(circles).snapshot.params[0].W.shape[0] == 5
    circles.studio.stop()
    qtbot.waitUntil(lambda: not circles.studio.is_busy, timeout=SECONDS)


def test_importance_is_that_of_features_whatever_is_made_from_them(qtbot, window):
    set_up(qtbot, window, data__source="iris", split__derived=("square", "product"), train__epochs=60)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert window.studio.importance.measure() == ""
    qtbot.waitUntil(lambda: run_of(window).weighed is not None, timeout=SECONDS)
    drop = run_of(window).weighed.figures.accuracy_drop.mean(axis=1)
    assert drop.shape == (4,)
    assert drop[2:].min() > drop[:2].max()  # petals say more than sepals


def test_network_picture_shapes_and_scaling_speak_of_inputs(qtbot, circles):
    for name in ("square", "product"):
        tick(qtbot, circles, name)
    circles.docks["math"].raise_()
    qtbot.waitUntil(lambda: circles.math is not None, timeout=SECONDS)
    view = circles.math
    qtbot.waitUntil(lambda: view.trace is not None and view.trace.prepared.derived != (), timeout=SECONDS)
    names = [view.diagram._name(0, unit) for unit in range(5)]
    assert names == ["X1", "X2", "X1²", "X2²", "X1·X2"]
    assert view.trace["X"].values.shape[1] == 5
    columns = [heading.text for heading in scaling_table(state_of(circles).prepared, None).columns]
    assert columns == names
    assert view.trace["dW1"].values.shape[0] == 5


def test_the_spread_of_dropout_passes_is_measured_over_derived_inputs(qtbot, circles):
    set_up(qtbot, circles, model__dropout=0.3)
    for name in ("square", "sine"):
        tick(qtbot, circles, name)
    circles.studio.train()
    wait_for_status(qtbot, circles, "finished")
    circles.studio.show_uncertainty(True)
    qtbot.waitUntil(lambda: run_of(circles).uncertainty is not None, timeout=SECONDS)
    assert run_of(circles).uncertainty.spread.max() > 0.01


def test_the_lesson_about_a_point_shows_how_its_inputs_are_made(qtbot, window):
    window.studio.lessons.open("inference")
    tick(qtbot, window, "square")
    window.studio.ask(np.array([0.1, 0.1]))
    panel = window.lesson
    qtbot.waitUntil(lambda: not panel.walk.isHidden(), timeout=SECONDS)
    text = panel.walk.toPlainText().replace("\N{NO-BREAK SPACE}", " ")
    assert "1 · Derived inputs" in text
    assert "x² = (0.010, 0.010)" in text
    assert "2 · Scaler" in text


def test_a_wide_table_is_offered_squares_and_products_with_how_many_they_make(qtbot, window):
    set_up(qtbot, window, data__source="iris")
    assert offered(window) == ["square", "product"]
    assert [list_of(window).boxes[name].text() for name in ("square", "product")] == ["x² (+4)", "x·y (+6)"]
    tick(qtbot, window, "product")
    assert "Iris: 150 × 10 inputs" in window.experiment.data_summary.text()
    assert run_of(window).snapshot.params[0].W.shape[0] == 10


def test_what_would_make_too_many_inputs_cannot_be_ticked_and_says_why(qtbot, window):
    set_up(qtbot, window, data__source="digits")
    boxes = list_of(window).boxes
    assert boxes["square"].isEnabled()
    assert not boxes["product"].isEnabled()
    assert "It would make 2,080 inputs, and 2,000 are the most." in boxes["product"].toolTip()
    assert why_not_derived(1, "product", ()) == "It takes two features, and the data have one."


def test_data_that_are_too_wide_for_what_is_ticked_are_refused_and_the_others_stay(qtbot, circles):
    tick(qtbot, circles, "product")
    set_up(qtbot, circles, data__source="digits")
    state = state_of(circles)
    assert state.notice.is_error
    assert state.notice.text == (
        "64 features would become 2,080 inputs, and 2,000 are the most. Leave out the products (2,016 inputs)."
    )
    assert state.experiment.data.source == "circles"
    assert state.experiment.split.derived == ("product",)
    assert list_of(circles).boxes["product"].isChecked()


def test_another_choice_of_inputs_reads_no_file_again(qtbot, window, tmp_path):
    path = tmp_path / "points.csv"
    rows = np.random.default_rng(0).normal(size=(60, 2))
    path.write_text("a,b,kind\n" + "".join(f"{x},{y},{'in' if x * x + y * y < 1 else 'out'}\n" for x, y in rows))
    window.studio.open_file(path)
    qtbot.waitUntil(lambda: state_of(window).experiment.data.source == "file", timeout=SECONDS)
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    path.unlink()
    tick(qtbot, window, "square")
    state = state_of(window)
    assert state.notice is None or not state.notice.is_error
    assert state.prepared.input_names == ("a", "b", "a²", "b²")


def test_boxes_that_stay_ticked_for_a_wide_table_fit_the_form(qtbot, window):
    everything = ",".join(DERIVATIONS)
    set_up(qtbot, window, split__derived=everything, data__source="breast_cancer")
    assert offered(window) == list(DERIVATIONS)
    boxes, view = list_of(window).boxes, window.experiment.viewport()
    assert "435 more inputs" in boxes["product"].toolTip()
    qtbot.waitUntil(lambda: window.experiment.widget().width() <= view.width(), timeout=SECONDS)
    assert all(box.mapTo(view, QPoint(box.width(), 0)).x() <= view.width() for box in boxes.values())
    set_up(qtbot, window, split__derived="square")
    assert boxes["square"].text() == "x² (+30)"
    assert offered(window) == ["square", "product"]
    qtbot.waitUntil(lambda: window.experiment.widget().width() <= view.width(), timeout=SECONDS)
