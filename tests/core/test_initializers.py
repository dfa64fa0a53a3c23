import numpy as np
import pytest
import torch
from scipy import stats

from mlp_studio.core.initializers import INITIALIZERS

FAN_IN, FAN_OUT, GAIN = 300, 200, 5 / 3


def torch_linear():
    return torch.nn.Linear(FAN_IN, FAN_OUT, dtype=torch.float64)


def torch_weights(fill):
    layer = torch_linear()
    fill(layer.weight)
    return layer.weight.detach().numpy()


TORCH = {
    "small_normal": lambda: torch_weights(lambda W: torch.nn.init.normal_(W, std=0.01)),
    "large_normal": lambda: torch_weights(lambda W: torch.nn.init.normal_(W, std=1.0)),
    "xavier_normal": lambda: torch_weights(lambda W: torch.nn.init.xavier_normal_(W, GAIN)),
    "xavier_uniform": lambda: torch_weights(lambda W: torch.nn.init.xavier_uniform_(W, GAIN)),
    "he_normal": lambda: torch_weights(lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu")),
    "he_uniform": lambda: torch_weights(lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="relu")),
    "torch_default": lambda: torch_linear().weight.detach().numpy(),
    "zeros": lambda: torch_weights(torch.nn.init.zeros_),
}
EVERY = pytest.mark.parametrize("name", INITIALIZERS)
DRAWN = pytest.mark.parametrize("name", [name for name in INITIALIZERS if name != "zeros"])


def weights(name, seed=0):
    return INITIALIZERS[name].weights(FAN_IN, FAN_OUT, GAIN, np.random.default_rng(seed))


def test_every_initializer_has_its_counterpart_in_torch():
    assert set(TORCH) == set(INITIALIZERS)


@EVERY
def test_weights_have_torchs_spread_about_zero(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        expected = TORCH[name]()
    W = weights(name)
    assert W.shape == (FAN_IN, FAN_OUT)
    assert W.std() == pytest.approx(expected.std(), rel=0.02)
    assert abs(W.mean()) <= 5 * expected.std() / np.sqrt(W.size)


@DRAWN
def test_weights_come_from_torchs_distribution(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        expected = TORCH[name]()
    assert stats.ks_2samp(weights(name).ravel(), expected.ravel()).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("xavier_uniform", GAIN * np.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("he_uniform", np.sqrt(6 / FAN_IN)),
        ("torch_default", 1 / np.sqrt(FAN_IN)),
    ],
)
def test_uniform_weights_fill_their_bounds_and_keep_within(name, bound):
    W = weights(name)
    assert 0.999 * bound < np.abs(W).max() <= bound


@pytest.mark.parametrize("name", ["xavier_normal", "xavier_uniform"])
def test_gain_scales_xavier(name):
    plain = INITIALIZERS[name].weights(FAN_IN, FAN_OUT, 1.0, np.random.default_rng(0))
    np.testing.assert_allclose(weights(name), GAIN * plain, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["small_normal", "he_normal", "he_uniform", "torch_default"])
def test_gain_does_not_touch_the_others(name):
    plain = INITIALIZERS[name].weights(FAN_IN, FAN_OUT, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(weights(name), plain)


@EVERY
def test_biases_start_at_zero_unless_torch_draws_them(name):
    b = INITIALIZERS[name].bias(FAN_IN, 20_000, np.random.default_rng(0))
    assert b.shape == (20_000,)
    if name == "torch_default":
        bound = 1 / np.sqrt(FAN_IN)
        assert stats.kstest(b, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
    else:
        assert not b.any()


@DRAWN
def test_equal_generators_draw_equal_weights(name):
    np.testing.assert_array_equal(weights(name, seed=3), weights(name, seed=3))
    assert (weights(name, seed=3) != weights(name, seed=4)).any()


@EVERY
def test_every_row_has_a_label_and_a_help_sentence(name):
    assert INITIALIZERS[name].label
    assert INITIALIZERS[name].help.endswith(".")
