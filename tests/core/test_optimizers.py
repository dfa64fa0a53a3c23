import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier

from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.network import Layer, init_params
from mlp_studio.core.optimizers import OPTIMIZERS, Vectors

STEPS, MOMENTUM = 200, 0.9
RATES = {"sgd": 0.1, "momentum": 0.05, "nesterov": 0.05, "rmsprop": 0.005, "adam": 0.01}
TORCH = {
    "sgd": lambda groups, rate: torch.optim.SGD(groups, lr=rate),
    "momentum": lambda groups, rate: torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM),
    "nesterov": lambda groups, rate: torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, nesterov=True),
    "rmsprop": lambda groups, rate: torch.optim.RMSprop(groups, lr=rate),
    "adam": lambda groups, rate: torch.optim.Adam(groups, lr=rate),
}
EVERY = pytest.mark.parametrize("name", OPTIMIZERS)
BOTH = pytest.mark.parametrize("backend", BACKENDS)


def tolerance(name):
    return 1e-10 if name == "sgd" else 1e-8


def test_every_optimizer_has_its_counterpart_in_torch():
    assert set(TORCH) == set(RATES) == set(OPTIMIZERS)


@EVERY
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_flat_vectors_move_as_torch_optim_moves_them(name, kind):
    rng = np.random.default_rng(0)
    start = rng.normal(size=50)
    gradients = rng.normal(size=(STEPS, 50)) * np.logspace(-6, 2, 50)

    xp, as_kind = (np, np.array) if kind == "numpy" else (torch, torch.tensor)
    w, entry = as_kind(start), OPTIMIZERS[name]
    memory = tuple(as_kind(np.zeros(50)) for _ in range(entry.memory))
    scratch = as_kind(np.full(50, np.nan))
    expected = torch.tensor(start, requires_grad=True)
    torch_optimizer = TORCH[name]([expected], RATES[name])
    for t, gradient in enumerate(gradients, start=1):
        entry.update(Vectors(xp, w, as_kind(gradient), memory, scratch), t, RATES[name], MOMENTUM)
        expected.grad = torch.tensor(gradient)
        torch_optimizer.step()
    np.testing.assert_allclose(np.asarray(w), expected.detach().numpy(), rtol=0, atol=tolerance(name))
    assert np.abs(np.asarray(w) - start).max() > 0.1


@EVERY
def test_an_update_works_in_place_and_leaves_the_gradient_alone(name):
    w, gradient = np.ones(5), np.arange(5.0)
    memory = tuple(np.zeros(5) for _ in range(OPTIMIZERS[name].memory))
    g = gradient.copy()
    assert OPTIMIZERS[name].update(Vectors(np, w, g, memory, np.empty(5)), 1, 0.1, MOMENTUM) is None
    np.testing.assert_array_equal(g, gradient)
    assert (w[1:] < 1).all()
    assert all(vector[1:].all() for vector in memory)


def torch_network(params):
    layers = []
    for W, b in params:
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.copy_(torch.tensor(b))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def torch_trained(name, prepared, params, l2):
    network = torch_network(params)
    weights = [part for key, part in network.named_parameters() if key.endswith("weight")]
    biases = [part for key, part in network.named_parameters() if key.endswith("bias")]
    groups = [{"params": weights, "weight_decay": l2}, {"params": biases, "weight_decay": 0.0}]
    optimizer = TORCH[name](groups, RATES[name])
    X, y = torch.tensor(prepared.train.X), torch.tensor(prepared.train.y)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(X), y).backward()
        optimizer.step()
    arrays = [part.detach().numpy() for part in network.parameters()]
    return tuple(Layer(W.T, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))


@BOTH
@EVERY
@pytest.mark.parametrize("l2", [0.0, 0.01], ids=["free", "decayed"])
def test_a_network_moves_as_with_torch_optim_and_weight_decay_on_its_weights(small_spiral, backend, name, l2):
    experiment = with_settings(
        Experiment(),
        {
            "model.backend": backend,
            "model.hidden": (16, 8),
            "train.optimizer": name,
            "train.learning_rate": RATES[name],
            "train.momentum": MOMENTUM,
            "train.l2": l2,
            "train.precision": "float64",
        },
    )
    params = init_params(experiment.model, 2, 3, np.random.default_rng(0))
    running = BACKENDS[backend].make(experiment, small_spiral, params)
    for _ in range(STEPS):
        running.step(None, experiment.train)
    expected = torch_trained(name, small_spiral, params, l2)
    for layer, layer_expected in zip(running.params(), expected, strict=True):
        for part, part_expected in zip(layer, layer_expected, strict=True):
            np.testing.assert_allclose(part, part_expected, rtol=0, atol=tolerance(name))
    assert np.abs(running.params()[0].W - params[0].W).max() > 0.05


@pytest.mark.parametrize(("activation", "sklearn_name"), [("relu", "relu"), ("tanh", "tanh"), ("sigmoid", "logistic")])
def test_gradient_descent_walks_the_path_of_scikit_learns_classifier(small_spiral, activation, sklearn_name):
    experiment = with_settings(
        Experiment(),
        {
            "model.hidden": (16, 8),
            "model.activation": activation,
            "train.optimizer": "sgd",
            "train.learning_rate": 0.3,
            "train.precision": "float64",
        },
    )
    params = init_params(experiment.model, 2, 3, np.random.default_rng(0))
    running = BACKENDS["numpy"].make(experiment, small_spiral, params)
    X, y = small_spiral.train.X, small_spiral.train.y
    judge = MLPClassifier(
        (16, 8),
        activation=sklearn_name,
        solver="sgd",
        alpha=0,
        batch_size=len(y),
        learning_rate_init=0.3,
        momentum=0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )
    judge.partial_fit(X, y, classes=[0, 1, 2])  # makes its arrays; our weights then take their place
    for (W, b), W_judge, b_judge in zip(params, judge.coefs_, judge.intercepts_, strict=True):
        W_judge[:], b_judge[:] = W, b
    for _ in range(STEPS):
        scores = running.step(None, experiment.train)
        judge.partial_fit(X, y)
        assert scores.loss == pytest.approx(judge.loss_curve_[-1], abs=1e-10)
    for (W, b), W_judge, b_judge in zip(running.params(), judge.coefs_, judge.intercepts_, strict=True):
        np.testing.assert_allclose(W, W_judge, rtol=0, atol=1e-10)
        np.testing.assert_allclose(b, b_judge, rtol=0, atol=1e-10)


@EVERY
def test_every_row_has_a_label_and_a_formula(name):
    assert OPTIMIZERS[name].label
    assert "w ← w − α" in OPTIMIZERS[name].formula
