"""The Math view: its numbers, its steps by clicks and keys, what hovering does, and the gradient check."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QLabel
from torch.nn.functional import cross_entropy

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import prepare
from mlp_studio.core.trace import STEPS
from mlp_studio.ui import theme
from mlp_studio.ui.fresh_run import fresh_run
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.panels import math_view
from mlp_studio.ui.panels.math_view import MathView
from mlp_studio.ui.panels.matrix_view import MatrixView, common_form, number, ramp
from mlp_studio.ui.panels.network_diagram import GAP, Mark

SECONDS = 20_000
SMALL = {"model.hidden": (4, 3), "data.rows": 90, "train.precision": "float64", "train.epochs": 3}


@pytest.fixture
def view(qtbot, studio):
    made = MathView(studio)
    qtbot.addWidget(made)
    made.resize(560, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def begin(qtbot, studio, view, **settings):
    experiment = with_settings(Experiment(), SMALL | {key.replace("__", "."): value for key, value in settings.items()})
    studio.data.start(experiment)
    qtbot.waitUntil(lambda: view.trace is not None and view.trace.experiment == experiment, timeout=SECONDS)
    return studio.store.state.run


def train(qtbot, studio, view):
    studio.train()
    qtbot.waitUntil(lambda: studio.store.state.run.status == "finished" and not studio.is_busy, timeout=SECONDS)
    assert_follows(qtbot, studio, view)
    return studio.store.state.run


def assert_follows(qtbot, studio, view):
    """Whether the trace has the newest weights."""

    def check():
        newest = studio.store.state.run.snapshot.params
        return all(np.array_equal(a.W, b.W.astype(np.float64)) for a, b in zip(view.trace.params, newest, strict=True))

    qtbot.waitUntil(check, timeout=SECONDS)


def choose(qtbot, view, sample):
    qtbot.mouseClick(view.samples.buttons[sample], Qt.MouseButton.LeftButton)


def click_step(qtbot, view, step):
    qtbot.mouseClick(view.steps, Qt.MouseButton.LeftButton, pos=view.steps.step_area(step).center().toPoint())


def shown(view):
    """The cards that are shown, by key."""
    return {card.quantity.key: card for card in view.cards if card.isVisibleTo(view)}


def hover(qtbot, view, matrix: MatrixView, row, column):
    qtbot.wait(20)  # until the layout has settled
    view.area.ensureWidgetVisible(matrix)
    qtbot.wait(20)
    qtbot.mouseMove(matrix, matrix.cell_area(row, column).center().toPoint())


def torch_pass(run, batch):
    f = getattr(torch, run.experiment.model.activation)
    leaves = [
        (
            torch.tensor(W, dtype=torch.float64, requires_grad=True),
            torch.tensor(b, dtype=torch.float64, requires_grad=True),
        )
        for W, b in run.snapshot.params
    ]
    a, z_all = torch.tensor(batch.X), []
    for layer, (W, b) in enumerate(leaves, start=1):
        z_all.append(a @ W + b)
        z_all[-1].retain_grad()
        a = f(z_all[-1]) if layer < len(leaves) else torch.softmax(z_all[-1], dim=1)
    weights = None if run.prepared.class_weights is None else torch.tensor(run.prepared.class_weights)
    loss = cross_entropy(z_all[-1], torch.tensor(batch.y), weight=weights)
    loss.backward()
    return leaves, z_all, a, loss


def test_without_data_one_sentence_says_so(view):
    assert view.sentence.isVisible()
    assert not view.area.isVisible()
    assert view.trace is None


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("hidden", [(5,), (4, 3), (4, 3, 3)])
@pytest.mark.parametrize("sample", ["row", "batch"])
def test_the_numbers_on_the_cards_are_torchs(qtbot, studio, view, activation, hidden, sample):
    begin(
        qtbot,
        studio,
        view,
        model__activation=activation,
        model__hidden=hidden,
        split__class_weights=True,
        train__learning_rate=0.1,
    )
    run = train(qtbot, studio, view)
    choose(qtbot, view, sample)
    batch = view.trace.batch
    assert len(batch) == (len(run.prepared.train) if sample == "batch" else 1)
    leaves, z_all, y_hat, loss = torch_pass(run, batch)
    click_step(qtbot, view, 1)
    cards = shown(view)
    for layer, z in enumerate(z_all, start=1):
        np.testing.assert_allclose(cards[f"z{layer}"].matrix.values, z.detach(), atol=1e-10)
    np.testing.assert_allclose(cards["y_hat"].matrix.values, y_hat.detach(), atol=1e-10)
    click_step(qtbot, view, 2)
    assert float(shown(view)["J"].matrix.values[0, 0]) == pytest.approx(loss.item(), abs=1e-10)
    click_step(qtbot, view, 3)
    cards = shown(view)
    for layer, ((W, b), z) in enumerate(zip(leaves, z_all, strict=True), start=1):
        np.testing.assert_allclose(cards[f"dW{layer}"].matrix.values, W.grad, atol=1e-10)
        np.testing.assert_allclose(cards[f"db{layer}"].matrix.values[0], b.grad, atol=1e-10)
        np.testing.assert_allclose(cards[f"delta{layer}"].matrix.values, z.grad, atol=1e-10)


def test_a_gradient_shows_the_measured_slope_beside_it(qtbot, studio, view):
    begin(qtbot, studio, view, model__activation="tanh")
    click_step(qtbot, view, 3)
    card = shown(view)["dW2"]
    hover(qtbot, view, card.matrix, 2, 1)
    assert card.entry == (2, 1)
    found = card.difference()
    assert found.analytic == view.trace["dW2"].values[2, 1]
    assert found.numeric == pytest.approx(found.analytic, rel=1e-5, abs=1e-9)
    assert found.error < 1e-6
    assert "by hand" in card.gradient_text()
    assert "measured" in card.gradient_text()
    assert card.gradient_text().endswith("✓")
    assert card.value_text().startswith("dW₂[unit 3 → unit 2] = ")


@pytest.mark.parametrize("width", [330, 420])
def test_what_stands_beneath_a_gradient_has_room_in_a_narrow_dock(qtbot, studio, view, width):
    begin(qtbot, studio, view, model__hidden=(100,), data__rows=300)
    view.resize(width, 600)
    choose(qtbot, view, "batch")
    assert all(button.width() >= button.sizeHint().width() for button in view.samples.buttons.values())
    click_step(qtbot, view, 3)
    metrics = QFontMetrics(theme.number_font())
    for card in shown(view).values():
        for line in (card.value_line, card.gradient_line):
            assert metrics.horizontalAdvance(line.text()) <= line.width(), line.text()


def test_steps_go_both_ways_by_clicks(qtbot, studio, view):
    begin(qtbot, studio, view)
    assert not view.back.isEnabled()
    for step in range(1, 6):
        qtbot.mouseClick(view.next, Qt.MouseButton.LeftButton)
        assert view.step == step
        assert STEPS[step].title in view.title.text()
    assert not view.next.isEnabled()
    assert "J.after" in shown(view)
    for step in range(4, -1, -1):
        qtbot.mouseClick(view.back, Qt.MouseButton.LeftButton)
        assert view.step == step
    assert set(shown(view)) == {f"{kind}{layer}.start" for kind in "Wb" for layer in (1, 2, 3)}


def test_steps_go_both_ways_by_keys(qtbot, studio, view):
    begin(qtbot, studio, view)
    for widget in (view.steps, view.next, view.check_button, view.diagram):
        view.go_to(2)
        qtbot.keyClick(widget, Qt.Key.Key_Right)
        assert view.step == 3
        qtbot.keyClick(widget, Qt.Key.Key_Left)
        assert view.step == 2
    view.row.setFocus()
    qtbot.mouseClick(view.title, Qt.MouseButton.LeftButton)
    assert view.focusWidget() is view.steps
    qtbot.keyClick(view.steps, Qt.Key.Key_End)
    qtbot.keyClick(view.steps, Qt.Key.Key_Right)
    assert view.step == 5
    qtbot.keyClick(view.steps, Qt.Key.Key_Home)
    qtbot.keyClick(view.steps, Qt.Key.Key_Left)
    assert view.step == 0
    qtbot.keyClick(view.next, Qt.Key.Key_Right)
    assert view.step == 1


def test_hovering_a_weight_highlights_it_in_the_picture_and_the_other_cards(qtbot, studio, view):
    begin(qtbot, studio, view)
    click_step(qtbot, view, 4)
    cards = shown(view)
    hover(qtbot, view, cards["change_W2"].matrix, 3, 1)
    assert view.diagram.mark == Mark(2, 1, 3)
    assert cards["new_W2"].matrix.mark == (3, 1)
    assert cards["new_W2"].entry == (3, 1)
    assert cards["new_W1"].matrix.mark == (None, None)
    hover(qtbot, view, cards["change_b1"].matrix, 0, 2)
    assert view.diagram.mark == Mark(1, 2)
    assert cards["new_W1"].matrix.mark == (None, 2)
    assert cards["new_W2"].matrix.mark == (2, None)
    cards["change_b1"].matrix.hovered.emit(-1, -1)
    assert view.diagram.mark is None
    assert cards["new_W1"].matrix.mark == (None, None)


def test_hovering_the_picture_highlights_in_the_cards(qtbot, studio, view):
    begin(qtbot, studio, view)
    click_step(qtbot, view, 3)
    before = view.diagram.grab().toImage()
    qtbot.mouseMove(view.diagram, view.diagram.place(1, 2).toPoint())
    assert view.diagram.mark == Mark(1, 2)
    cards = shown(view)
    assert cards["db1"].matrix.mark == (None, 2)
    assert cards["dW2"].matrix.mark == (2, None)
    assert view.diagram.grab().toImage() != before
    start, end = view.diagram.place(0, 0), view.diagram.place(1, 0)
    qtbot.mouseMove(view.diagram, (start + 0.4 * (end - start)).toPoint())
    mark = view.diagram.mark
    assert mark is not None
    assert mark.layer == 1
    assert mark.source is not None
    assert cards["dW1"].matrix.mark == (mark.source, mark.unit)


def test_a_unit_that_is_not_drawn_is_drawn_when_it_is_pointed_at(qtbot, studio, view):
    begin(qtbot, studio, view, model__hidden=(100,))
    assert len([unit for unit in view.diagram.columns()[1] if unit != GAP]) <= 16
    click_step(qtbot, view, 1)
    hover(qtbot, view, shown(view)["z1"].matrix, 0, 47)
    assert view.diagram.mark.unit == 47
    assert 47 not in view.diagram.columns()[1]
    place = view.diagram.place(1, 47)
    image = view.diagram.grab().toImage()
    ring = QColor(theme.colours().outline)
    near = [image.pixelColor(int(place.x()) + dx, int(place.y()) - 5) for dx in (-1, 0, 1)]
    assert any(abs(colour.lightness() - ring.lightness()) < 60 for colour in near)


def test_row_point_and_batch(qtbot, studio, view):
    run = begin(qtbot, studio, view)
    assert not view.samples.buttons["point"].isEnabled()
    assert "Click a point" in view.samples.buttons["point"].toolTip()
    view.row.setValue(17)
    np.testing.assert_allclose(view.trace.batch.X, run.prepared.scaler(run.prepared.dataset.X[[16]]))
    assert view.trace.batch.y[0] == run.prepared.dataset.y[16]
    assert view.subject.text().startswith("Row 17 (")
    studio.ask(np.array([0.1, 0.2]))
    choose(qtbot, view, "point")
    np.testing.assert_allclose(view.trace.batch.X, run.prepared.scaler(np.array([[0.1, 0.2]])))
    assert "nearest training row" in view.notes.text()
    assert not view.row.isVisible()
    studio.ask(np.array([0.3, 0.2]))
    np.testing.assert_allclose(view.trace.batch.X, run.prepared.scaler(np.array([[0.3, 0.2]])))
    choose(qtbot, view, "batch")
    assert len(view.trace.batch) == 63
    choose(qtbot, view, "point")
    studio.ask(None)
    assert view.samples.value == "row"
    assert len(view.trace.batch) == 1
    assert "Row 17" in view.subject.text()


@pytest.mark.parametrize("sample", ["row", "batch"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_gradient_check_is_a_button(qtbot, studio, view, sample, activation):
    begin(qtbot, studio, view, model__activation=activation)
    choose(qtbot, view, sample)
    qtbot.mouseClick(view.check_button, Qt.MouseButton.LeftButton)
    assert not view.check_button.isEnabled()
    qtbot.waitUntil(lambda: view.result is not None, timeout=SECONDS)
    assert view.check_button.isEnabled()
    assert view.result.worst.error < 1e-6
    assert view.check_result.text().startswith("✓ Gradients are right: worst relative error ")
    assert " at d" in view.check_result.text()
    choose(qtbot, view, "row" if sample == "batch" else "batch")
    assert view.result is None
    assert not view.check_result.isVisible()


def test_a_check_of_what_is_no_longer_shown_is_dropped(qtbot, studio, view):
    begin(qtbot, studio, view)
    qtbot.mouseClick(view.check_button, Qt.MouseButton.LeftButton)
    choose(qtbot, view, "batch")
    qtbot.waitUntil(view.check_button.isEnabled, timeout=SECONDS)
    assert view.result is None
    assert not view.check_result.isVisible()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_update_shown_is_the_one_that_the_next_epoch_makes(qtbot, studio, view, optimizer):
    begin(qtbot, studio, view, train__optimizer=optimizer)
    train(qtbot, studio, view)
    choose(qtbot, view, "batch")
    assert not any("memory" in note for note in view.trace.notes)
    click_step(qtbot, view, 4)
    promised = [layer.W for layer in view.trace.updated]
    np.testing.assert_array_equal(shown(view)["new_W1"].matrix.values, promised[0])
    click_step(qtbot, view, 5)
    qtbot.mouseClick(view.once_more, Qt.MouseButton.LeftButton)
    assert view.step == 1
    qtbot.waitUntil(lambda: studio.store.state.run.epoch == 4 and not studio.is_busy, timeout=SECONDS)
    for (W, _), W_promised in zip(studio.store.state.run.snapshot.params, promised, strict=True):
        np.testing.assert_array_equal(W, W_promised)
    assert_follows(qtbot, studio, view)


def test_a_run_in_torch_is_traced_and_says_so(qtbot, studio, view):
    begin(qtbot, studio, view, model__backend="torch", train__optimizer="adam")
    run = train(qtbot, studio, view)
    assert "NumPy network" in view.notes.text()
    assert "memory" not in view.notes.text()
    choose(qtbot, view, "batch")
    np.testing.assert_array_equal(view.trace.params[0].W, run.snapshot.params[0].W)
    promised = view.trace.updated
    studio.step()
    qtbot.waitUntil(lambda: studio.store.state.run.epoch == 4 and not studio.is_busy, timeout=SECONDS)
    np.testing.assert_allclose(studio.store.state.run.snapshot.params[0].W, promised[0].W, atol=1e-10)


def test_dropout_is_off_and_the_view_says_so(qtbot, studio, view):
    begin(qtbot, studio, view, model__dropout=0.5)
    assert "Dropout is off" in view.notes.text()


def test_identical_inputs_draw_nothing_and_hidden_it_waits(qtbot, studio, view, monkeypatch):
    begin(qtbot, studio, view)
    made = view.trace
    studio.tell("Something else.")
    assert view.trace is made
    view.hide()
    studio.set("model.hidden", (5,))
    assert view.trace is made
    view.show()
    qtbot.waitUntil(lambda: len(view.trace.params) == 2, timeout=SECONDS)


def test_while_training_it_looks_at_most_twice_a_second(qtbot, studio, view, monkeypatch):
    run = begin(qtbot, studio, view)
    count = [0]
    real = math_view.trace

    def counted(*args, **kwargs):
        count[0] += 1
        return real(*args, **kwargs)

    now = [1e9]
    monkeypatch.setattr(math_view, "trace", counted)
    monkeypatch.setattr(math_view, "monotonic", lambda: now[0])
    active = replace(run, status="running")
    for _ in range(61):  # two seconds
        now[0] += 1 / 30
        snapshot = replace(active.snapshot, epoch=active.snapshot.epoch + 1)
        active = replace(active, snapshot=snapshot)
        view.render(replace(studio.store.state, run=active))
    assert 3 <= count[0] <= 5
    view.render(replace(studio.store.state, run=replace(active, status="paused")))
    assert count[0] <= 6
    assert "epoch 61" in view.subject.text()


def test_names_from_files_stay_plain(qtbot, studio, view):
    rng = np.random.default_rng(0)
    names = ("<b>a</b>", "b & c")
    data = Dataset("made up", rng.normal(size=(60, 2)), np.arange(60) % 2, ("<i>x</i>", "y"), names)
    experiment = with_settings(Experiment(), SMALL)
    prepared = prepare(data, experiment.split, rng)
    studio.store.update(experiment=experiment, prepared=prepared, run=fresh_run(experiment, prepared))
    assert "<b>a</b>" in view.subject.text() or "b & c" in view.subject.text()
    for label in view.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    click_step(qtbot, view, 1)
    assert "<i>x</i>" in shown(view)["X"].value_text() or "y" in shown(view)["X"].value_text()


def test_every_card_explains_itself(qtbot, studio, view):
    begin(qtbot, studio, view)
    for step in range(6):
        click_step(qtbot, view, step)
        for card in shown(view).values():
            assert card.quantity.help.rstrip(".") in card.toolTip().replace("&#x27;", "'").replace("&gt;", ">")
            assert card.shape.text()
            assert card.accessibleName()
            card.grab()


def test_small_is_figures_and_large_a_heat_map(qtbot, studio, view):
    begin(qtbot, studio, view, model__hidden=(40,))
    click_step(qtbot, view, 1)
    assert shown(view)["X"].matrix.as_figures
    assert shown(view)["y_hat"].matrix.as_figures
    heat = shown(view)["z1"]
    assert not heat.matrix.as_figures
    assert heat.scale.isVisible()
    image = heat.matrix.grab().toImage()
    most = heat.matrix.values[0].argmax()
    place = heat.matrix.cell_area(0, int(most)).center()
    value, top = heat.matrix.values[0, most], np.abs(heat.matrix.values).max()
    wanted = ramp(theme.is_dark())[round(127 + 127 * value / top)]
    assert image.pixelColor(place.toPoint()).name() == wanted.name()
    hover(qtbot, view, heat.matrix, 0, 7)
    assert heat.value_text() == f"z₁[row 1, unit 8] = {number(heat.matrix.values[0, 7], 5)}"


def test_a_matrix_tells_its_cells(qtbot):
    matrix = MatrixView()
    qtbot.addWidget(matrix)
    matrix.resize(300, 100)
    matrix.show_values(np.arange(3000.0).reshape(30, 100), str, str)
    for cell in ((0, 0), (29, 99), (13, 50)):
        assert matrix.cell_at(matrix.cell_area(*cell).center()) == cell
    assert matrix.cell_at(QPointF(-1, 5)) is None
    matrix.show_values(np.full((2, 2), np.nan), lambda row: "", lambda column: "")
    matrix.grab()
    matrix.show_values(np.zeros((1, 200)), lambda row: "", lambda column: "")
    matrix.grab()
    assert matrix.cell_at(QPointF(QPoint(0, 0))) == (0, 0)


@pytest.mark.parametrize(
    ("values", "form"),
    [([0.0], (0, 1)), ([0.5, -3.0], (0, 3)), ([0.02], (0, 4)), ([2e-5], (-5, 3)), ([1234.0], (0, 0)), ([3e7], (7, 3))],
)
def test_figures_of_a_matrix_share_one_form(values, form):
    assert common_form(np.array(values)) == form


def test_figures_have_a_true_minus_and_powers():
    assert number(-0.5) == "−0.5"
    assert number(2.5e-9, 2) == "2.5·10⁻⁹"


def test_in_the_window_it_waits_behind_another_dock(qtbot, studio, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(studio, settings)
    qtbot.addWidget(window)
    window.show()
    studio.data.start(with_settings(Experiment(), SMALL))
    qtbot.wait(50)
    assert not hasattr(window, "math")
    window.docks["math"].raise_()
    qtbot.waitUntil(lambda: hasattr(window, "math") and window.math.trace is not None, timeout=SECONDS)
