"""The spread of dropout passes: nothing without dropout, else what brute force gives."""

import numpy as np
import pytest

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.boundary import Box
from mlp_studio.core.config import ModelConfig
from mlp_studio.core.network import Layer, init_params, softmax
from mlp_studio.core.uncertainty import dropout_spread

BOX = Box(-2.0, 1.0, 0.5, 3.0)
SIZE = 23


def network(hidden=(20,), classes=3, activation="relu", dtype=np.float64, seed=1):
    model = ModelConfig(hidden=hidden, activation=activation)
    params = init_params(model, 2, classes, np.random.default_rng(seed))
    return tuple(Layer(W.astype(dtype), (b + 0.1).astype(dtype)) for W, b in params)


def brute_force(params, activation, dropout, passes, rng):
    """Every pass by itself, over all points: masks on the hidden activations, then mean and spread at the end."""
    step = np.array([BOX.u_high - BOX.u_low, BOX.v_high - BOX.v_low]) / SIZE
    across, upward = BOX.u_low + (np.arange(SIZE) + 0.5) * step[0], BOX.v_low + (np.arange(SIZE) + 0.5) * step[1]
    X = np.array([(u, v) for v in upward for u in across])
    answers = []
    for _ in range(passes):
        a = X
        for W, b in params[:-1]:
            a = ACTIVATIONS[activation].f(a @ W + b) * (rng.random(len(b)) < 1 - dropout) / (1 - dropout)
        answers.append(softmax(a @ params[-1].W + params[-1].b))
    return np.array(answers).std(axis=0).mean(axis=1).reshape(SIZE, SIZE)


@pytest.mark.parametrize(("hidden", "activation"), [((20,), "relu"), ((16, 8), "tanh"), ((8, 8, 8), "gelu")])
@pytest.mark.parametrize("classes", [2, 5])
def test_it_is_that_of_brute_force_with_the_same_generator(hidden, activation, classes):
    params = network(hidden, classes, activation)
    found = dropout_spread(params, activation, 0.3, BOX, SIZE, 12, np.random.default_rng(5))
    assert found.shape == (SIZE, SIZE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, brute_force(params, activation, 0.3, 12, np.random.default_rng(5)), atol=1e-6)
    assert found.max() > 0.01


def test_blocks_make_no_difference(monkeypatch):
    params = network()
    whole = dropout_spread(params, "relu", 0.2, BOX, SIZE, 5, np.random.default_rng(0))
    monkeypatch.setattr("mlp_studio.core.uncertainty.BLOCK_POINTS", 60)
    pieces = dropout_spread(params, "relu", 0.2, BOX, SIZE, 5, np.random.default_rng(0))
    np.testing.assert_allclose(whole, pieces, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_zero_without_dropout_and_without_hidden_units(dtype):
    assert not dropout_spread(network(dtype=dtype), "relu", 0.0, BOX, SIZE, 8, np.random.default_rng(0)).any()
    assert not dropout_spread(network((), dtype=dtype), "relu", 0.5, BOX, SIZE, 8, np.random.default_rng(0)).any()


def test_one_pass_has_no_spread_and_none_goes_beyond_a_half():
    assert not dropout_spread(network(), "relu", 0.5, BOX, SIZE, 1, np.random.default_rng(0)).any()
    wild = tuple(Layer(100 * W, b) for W, b in network(classes=2))
    found = dropout_spread(wild, "relu", 0.5, BOX, SIZE, 40, np.random.default_rng(0))
    assert 0.3 < found.max() <= 0.5


def test_a_network_out_of_all_bounds_gives_numbers():
    broken = tuple(Layer(W * np.inf, b) for W, b in network())
    assert np.isfinite(dropout_spread(broken, "relu", 0.5, BOX, SIZE, 4, np.random.default_rng(0))).all()
