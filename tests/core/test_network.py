from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import special

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import ModelConfig
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.network import forward, init_params, layer_sizes, log_softmax, parameter_count, softmax

DEEP = ModelConfig(hidden=(7, 6, 5))


def torch_network(params, activation):
    torch_name = ACTIVATIONS[activation].torch_name
    f = getattr(torch.nn.functional, torch_name) if torch_name else lambda z: z

    def run(X):
        a = torch.tensor(X)
        for W, b in params[:-1]:
            a = f(torch.nn.functional.linear(a, torch.tensor(W.T), torch.tensor(b)))
        W, b = params[-1]
        return torch.nn.functional.linear(a, torch.tensor(W.T), torch.tensor(b)).numpy()

    return run


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_gives_the_logits_that_torch_gives(activation):
    rng = np.random.default_rng(0)
    params = init_params(ModelConfig(hidden=(7, 6, 5), initialization="torch_default"), 3, 4, rng)
    X = rng.normal(size=(50, 3))
    expected = torch_network(params, activation)(X)
    np.testing.assert_allclose(forward(params, activation, X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_changes_neither_samples_nor_weights(activation):
    rng = np.random.default_rng(0)
    params = init_params(DEEP, 3, 4, rng)
    X = rng.normal(size=(50, 3))
    X_before, before = X.copy(), [(W.copy(), b.copy()) for W, b in params]
    forward(params, activation, X)
    np.testing.assert_array_equal(X, X_before)
    for (W, b), (W_before, b_before) in zip(params, before, strict=True):
        np.testing.assert_array_equal(W, W_before)
        np.testing.assert_array_equal(b, b_before)


def test_softmax_is_that_of_scipy_and_survives_huge_logits():
    logits = np.array([[1.0, 2.0, 3.0], [1e4, 0.0, -1e4], [-1e300, -1e300, 0.0], [5.0, 5.0, 5.0]])
    np.testing.assert_allclose(softmax(logits), special.softmax(logits, axis=1), rtol=1e-14)
    np.testing.assert_allclose(softmax(logits[:2].astype(np.float32)).sum(axis=1), 1, rtol=1e-6)


def test_log_softmax_is_that_of_scipy_where_the_probability_underflows():
    logits = np.array([[1.0, 2.0, 3.0], [1e4, 0.0, -1e4]])
    np.testing.assert_allclose(log_softmax(logits), special.log_softmax(logits, axis=1), rtol=1e-14)
    assert log_softmax(logits)[1, 2] == -2e4


def test_layer_sizes_run_from_features_to_classes():
    assert layer_sizes(DEEP, features=3, classes=4) == (3, 7, 6, 5, 4)


def test_the_lessons_network_has_603_parameters():
    assert parameter_count((2, 100, 3)) == 603


@pytest.mark.parametrize("hidden", [(1,), (100,), (7, 6, 5), (8, 8, 8, 8, 8, 8)])
def test_parameter_count_is_that_of_the_network_and_of_torchs(hidden):
    sizes = (2, *hidden, 3)
    params = init_params(ModelConfig(hidden=hidden), 2, 3, np.random.default_rng(0))
    layers = [torch.nn.Linear(fan_in, fan_out) for fan_in, fan_out in pairwise(sizes)]
    in_torch = sum(p.numel() for layer in layers for p in layer.parameters())
    assert parameter_count(sizes) == sum(W.size + b.size for W, b in params) == in_torch


@pytest.mark.parametrize("initialization", INITIALIZERS)
def test_first_weights_have_the_layers_shapes_and_full_precision(initialization):
    params = init_params(ModelConfig(hidden=(7, 6, 5), initialization=initialization), 3, 4, np.random.default_rng(0))
    assert [W.shape for W, _ in params] == [(3, 7), (7, 6), (6, 5), (5, 4)]
    assert [b.shape for _, b in params] == [(7,), (6,), (5,), (4,)]
    assert {part.dtype for layer in params for part in layer} == {np.dtype(np.float64)}


def test_activations_gain_scales_the_hidden_layers_but_not_the_output():
    def spreads(activation):
        model = ModelConfig(hidden=(200, 200), activation=activation, initialization="xavier_normal")
        return [W.std() for W, _ in init_params(model, 200, 200, np.random.default_rng(0))]

    ratio = np.divide(spreads("tanh"), spreads("linear"))
    np.testing.assert_allclose(ratio, [5 / 3, 5 / 3, 1], rtol=1e-12)


def test_xavier_keeps_the_variance_of_tanh_activations_level_where_small_weights_let_it_vanish():
    X = np.random.default_rng(0).normal(size=(500, 256))

    def spread_after_five_layers(initialization):
        model = ModelConfig(hidden=(256,) * 5, activation="tanh", initialization=initialization)
        params = init_params(model, 256, 256, np.random.default_rng(1))
        return forward(params, "tanh", X).std()

    assert 0.3 < spread_after_five_layers("xavier_normal") < 3
    assert spread_after_five_layers("small_normal") < 1e-3
