"""The trace of one step and the gradient check: against torch's autograd, differences and the training itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.numpy_mlp import NumpyMLP
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.gradcheck import TOLERANCE, gradient_check, has_kink, point_sample, row_sample
from mlp_studio.core.network import Layer, init_params
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.trace import NONE, SAMPLES, STEPS, trace, training_batch

N, D, C = 40, 3, 4
CLASS_WEIGHTS = np.array([0.1, 2.0, 0.5, 1.0])
EVERY_ACTIVATION = pytest.mark.parametrize("activation", ACTIVATIONS)
HIDDEN = pytest.mark.parametrize("hidden", [(7,), (7, 6), (7, 6, 5)])


def experiment(**settings):
    settings = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(Experiment(seed=3), {"train.precision": "float64", "model.hidden": (7, 6), **settings})


def weights(setting, seed=0):
    params = init_params(setting.model, D, C, np.random.default_rng(seed))
    rng = np.random.default_rng(seed + 1)
    return tuple(Layer(W, rng.normal(size=b.shape)) for W, b in params)


@pytest.fixture
def prepared(as_prepared):
    rng = np.random.default_rng(0)
    return as_prepared(rng.normal(size=(N, D)), rng.integers(0, C, N), classes=C)


@pytest.fixture
def weighted(prepared):
    return replace(prepared, class_weights=CLASS_WEIGHTS)


def torch_pass(setting, prepared, params, batch):
    """What torch makes of the same pass: every z, a, their gradients, and those of the parameters."""
    name = ACTIVATIONS[setting.model.activation].torch_name
    f = getattr(torch.nn.functional, name) if name else lambda z: z
    leaves = [(torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)) for W, b in params]
    a, z_all, a_all = torch.tensor(batch.X), [], []
    for layer, (W, b) in enumerate(leaves, start=1):
        z = a @ W + b
        z.retain_grad()
        z_all.append(z)
        a = f(z) if layer < len(leaves) else torch.softmax(z, dim=1)
        a_all.append(a)
    class_weights = None if prepared.class_weights is None else torch.tensor(prepared.class_weights)
    loss = cross_entropy(z_all[-1], torch.tensor(batch.y), weight=class_weights)
    loss.backward()
    return leaves, z_all, a_all, loss


@EVERY_ACTIVATION
@HIDDEN
@pytest.mark.parametrize("with_weights", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("one", [False, True], ids=["batch", "sample"])
def test_every_number_is_the_one_that_torch_finds(prepared, weighted, activation, hidden, with_weights, one):
    data = weighted if with_weights else prepared
    setting = experiment(model__activation=activation, model__hidden=hidden)
    params = weights(setting)
    batch = row_sample(data, 5) if one else data.train
    made = trace(setting, data, params, batch)
    leaves, z_all, a_all, loss = torch_pass(setting, data, params, batch)
    last = len(params)
    for layer in range(1, last + 1):
        (W, b), z, a = leaves[layer - 1], z_all[layer - 1], a_all[layer - 1]
        np.testing.assert_allclose(made[f"z{layer}"].values, z.detach(), atol=1e-12)
        np.testing.assert_allclose(made[f"a{layer}" if layer < last else "y_hat"].values, a.detach(), atol=1e-12)
        np.testing.assert_allclose(made[f"delta{layer}"].values, z.grad, atol=1e-12)
        np.testing.assert_allclose(made[f"dW{layer}"].values, W.grad, atol=1e-12)
        np.testing.assert_allclose(made[f"db{layer}"].values, b.grad, atol=1e-12)
    assert float(made["J"].values) == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(made["p"].values, np.exp(-made["losses"].values), atol=1e-12)


@EVERY_ACTIVATION
@pytest.mark.parametrize("with_weights", [False, True], ids=["plain", "weighted"])
def test_differences_agree_with_the_gradients_beside_them(prepared, weighted, activation, with_weights):
    data = weighted if with_weights else prepared
    setting = experiment(model__activation=activation)
    made = trace(setting, data, weights(setting))
    compared = 0
    for quantity in made.steps[3]:
        assert quantity.gradient
        for index in np.ndindex(*quantity.shape):
            if sum(index) % 3:
                continue
            found = made.difference(quantity, index)
            assert found.analytic == pytest.approx(quantity.values[index], abs=1e-15)
            if not found.kinked:
                assert found.error < 1e-6, (quantity.key, index, found)
                compared += 1
    assert compared > 100


def test_a_wrong_gradient_is_noticed(monkeypatch, prepared):
    setting = experiment(model__activation="tanh")
    entry = ACTIVATIONS["tanh"]
    monkeypatch.setitem(ACTIVATIONS, "tanh", replace(entry, derivative=lambda z, a, out: 1 - 0.999 * a * a))
    check = gradient_check(setting, prepared, weights(setting))
    assert not check.passed
    assert check.layer < 3


def test_a_switch_of_a_unit_between_the_two_losses_is_told(as_prepared):
    data = as_prepared(np.array([[1.0, 0.0]]), np.array([0]), classes=2)
    params = (
        Layer(np.array([[2e-6], [1.0]]), np.zeros(1)),
        Layer(np.array([[1.0, -1.0]]), np.zeros(2)),
    )
    setting = experiment(model__activation="relu", model__hidden=(1,))
    made = trace(setting, data, params)
    assert made.difference(made["dW1"], (0, 0)).kinked
    assert made.difference(made["delta1"], (0, 0)).kinked
    assert not made.difference(made["dW2"], (0, 0)).kinked
    check = gradient_check(setting, data, params)
    assert check.passed
    assert (check.left_out, check.skipped, check.checked) == (0, 3, 4)


@EVERY_ACTIVATION
@HIDDEN
@pytest.mark.parametrize("with_weights", [False, True], ids=["plain", "weighted"])
def test_the_whole_network_passes_the_check(prepared, weighted, activation, hidden, with_weights):
    data = weighted if with_weights else prepared
    setting = experiment(model__activation=activation, model__hidden=hidden)
    params = weights(setting)
    for sample in (None, row_sample(data, 3)):
        check = gradient_check(setting, data, params, sample)
        assert check.worst.error < 1e-6 == TOLERANCE
        assert check.passed
        assert check.checked + check.skipped == check.parameters


def test_rows_near_a_kink_are_left_out_and_counted(spiral_prepared):
    setting = with_settings(Experiment(), {"model.initialization": "small_normal"})
    params = init_params(setting.model, 2, 3, np.random.default_rng(0))
    check = gradient_check(setting, spiral_prepared, params)
    assert check.passed
    assert 0 < check.left_out < 1050
    assert check.samples + check.left_out == 1050
    assert check.checked == check.parameters == 603


def test_zeros_leave_only_the_last_layer_to_check(prepared):
    setting = experiment(model__initialization="zeros")
    params = init_params(setting.model, D, C, np.random.default_rng(0))
    check = gradient_check(setting, prepared, params)
    assert check.passed
    assert check.checked == 6 * C + C


def test_a_large_network_is_checked_in_part_and_a_check_can_be_stopped(spiral_prepared):
    setting = with_settings(Experiment(), {"model.hidden": (256, 256)})
    params = init_params(setting.model, 2, 3, np.random.default_rng(0))
    check = gradient_check(setting, spiral_prepared, params, row_sample(spiral_prepared, 0))
    assert check.passed
    assert 100 <= check.checked < check.parameters
    calls = iter(range(10))
    stopped = gradient_check(setting, spiral_prepared, params, None, lambda: next(calls) == 7)
    assert stopped.checked == 7


def test_kinks_are_found_from_the_slopes():
    assert {name for name in ACTIVATIONS if has_kink(name)} == {"relu", "leaky_relu", "elu"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_update_is_the_one_that_training_makes_next(prepared, optimizer, backend):
    """After some steps, so that the optimizer has a memory."""
    setting = experiment(
        train__optimizer=optimizer, model__backend=backend, train__l1=0.01, train__l2=0.02, train__learning_rate=0.05
    )
    network = BACKENDS[backend].make(setting, prepared, weights(setting))
    for _ in range(5):
        network.step(None, setting.train)
    made = trace(setting, prepared, network.params(), checkpoint=network.checkpoint())
    if backend == "numpy":
        twin = network
    else:
        twin = NumpyMLP(setting, prepared, network.params())
        twin.restore(network.checkpoint())
    old = twin.params()
    loss = twin.step(None, setting.train).loss
    assert made.before.loss == loss
    for layer, ((W, b), (W_old, b_old)) in enumerate(zip(twin.params(), old, strict=True), start=1):
        np.testing.assert_array_equal(made[f"new_W{layer}"].values, W)
        np.testing.assert_array_equal(made[f"new_b{layer}"].values, b)
        np.testing.assert_array_equal(made[f"change_W{layer}"].values, W - W_old)
        np.testing.assert_array_equal(made[f"change_b{layer}"].values, b - b_old)
    assert float(made["J.after"].values) == twin.backward(None).loss


def test_plain_descent_is_minus_alpha_times_the_gradient(prepared):
    setting = experiment(train__optimizer="sgd", train__learning_rate=0.5)
    made = trace(setting, prepared, weights(setting))
    np.testing.assert_allclose(made["change_W2"].values, -0.5 * made["dW2"].values, atol=1e-15)
    assert "−α dW₂" in made["change_W2"].formula
    assert float(made["J.change"].values) < 0


def test_the_trace_of_the_first_weights_says_how_they_were_drawn(spiral_prepared):
    from mlp_studio.core.trainer import initial_params

    setting = Experiment()
    start = initial_params(setting, spiral_prepared)
    made = trace(setting, spiral_prepared, start)
    assert [quantity.key for quantity in made.steps[0]] == ["W1.start", "b1.start", "W2.start", "b2.start"]
    assert "He normal" in made["W1.start"].formula
    float32 = tuple(Layer(W.astype(np.float32), b.astype(np.float32)) for W, b in start)
    assert len(trace(setting, spiral_prepared, float32).steps[0]) == 4
    moved = tuple(Layer(W + 0.5, b) for W, b in start)
    later = trace(setting, spiral_prepared, moved)
    np.testing.assert_array_equal(later["W1.start"].values, start[0].W)
    np.testing.assert_array_equal(later["W1"].values, moved[0].W)
    assert any("memory" in note for note in later.notes)
    assert not made.notes


def test_notes_say_what_differs_from_training(prepared):
    setting = experiment(model__backend="torch", model__dropout=0.5, train__optimizer="sgd")
    made = trace(setting, prepared, weights(setting))
    assert any("PyTorch" in note for note in made.notes)
    assert any("Dropout is off" in note for note in made.notes)
    plain = trace(experiment(train__optimizer="sgd"), prepared, weights(setting))
    np.testing.assert_array_equal(made["y_hat"].values, plain["y_hat"].values)


def test_shapes_axes_and_words_fit(prepared):
    setting = experiment()
    made = trace(setting, prepared, weights(setting))
    sizes = (D, 7, 6, C)
    assert len(made.steps) == len(STEPS) == 6
    keys = [quantity.key for step in made.steps for quantity in step]
    assert len(set(keys)) == len(keys)
    for step in made.steps:
        for quantity in step:
            rows, columns = quantity.grid.shape
            for axis, length in ((quantity.rows, rows), (quantity.columns, columns)):
                if axis >= 0:
                    assert length == sizes[axis], quantity.key
                elif axis == SAMPLES:
                    assert length == N
                else:
                    assert axis == NONE
            assert quantity.help.endswith(".")
            assert not quantity.values.flags.writeable
    assert [len(units) for units in made.activity] == list(sizes)


def test_a_large_batch_is_cut_and_the_trace_says_so(as_prepared):
    rng = np.random.default_rng(0)
    data = as_prepared(rng.normal(size=(5000, D)), rng.integers(0, C, 5000), classes=C)
    setting = experiment(model__hidden=(200, 200))
    params = init_params(setting.model, D, C, rng)
    assert 100 < len(training_batch(data, params)) < 1000
    assert any("first" in note for note in trace(setting, data, params).notes)


def test_a_clicked_point_takes_the_class_of_the_nearest_training_row(spiral_prepared):
    row = spiral_prepared.train.rows[7]
    sample = point_sample(spiral_prepared, spiral_prepared.dataset.X[row] + 1e-6)
    assert sample.y[0] == spiral_prepared.dataset.y[row]
    np.testing.assert_allclose(sample.X[0], spiral_prepared.train.X[7], atol=1e-5)
    assert len(sample) == 1
