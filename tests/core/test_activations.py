import numpy as np
import pytest
import torch

from mlp_studio.core.activations import ACTIVATIONS, RUN, SATURATED, Region, regions

EVERY = pytest.mark.parametrize("name", ACTIVATIONS)
Z = np.concatenate([np.linspace(-8, 8, 401), [-1000.0, -50.0, -1e-300, 1e-300, 50.0, 1000.0]])


def torch_function(name):
    torch_name = ACTIVATIONS[name].torch_name
    return getattr(torch.nn.functional, torch_name) if torch_name else lambda z: z


def torch_value_and_slope(name, z):
    z = torch.tensor(z, requires_grad=True)
    a = torch_function(name)(z)
    a.sum().backward()
    return a.detach().numpy(), z.grad.numpy()


@EVERY
def test_values_are_those_of_torch(name):
    value, _ = torch_value_and_slope(name, Z)
    np.testing.assert_allclose(ACTIVATIONS[name].f(Z.copy()), value, rtol=1e-12, atol=1e-15)


@EVERY
def test_derivative_is_that_of_torch_autograd_also_at_the_kink(name):
    entry = ACTIVATIONS[name]
    z = np.append(Z, 0.0)
    _, slope = torch_value_and_slope(name, z)
    found = entry.derivative(z, entry.f(z.copy()), np.full_like(z, np.nan))
    np.testing.assert_allclose(found, slope, rtol=1e-10, atol=1e-14)


@EVERY
def test_derivative_reads_no_more_than_it_is_given_and_leaves_it_alone(name):
    entry = ACTIVATIONS[name]
    a = entry.f(Z.copy())
    z_given, a_given = Z.copy(), a.copy()
    out = np.full_like(Z, np.nan)
    assert np.isfinite(entry.derivative(z_given, a_given, out)).all()
    np.testing.assert_array_equal(z_given, Z)
    np.testing.assert_array_equal(a_given, a)


@EVERY
def test_derivative_reads_z_only_where_the_row_says_so(name):
    entry = ACTIVATIONS[name]
    a = entry.f(Z.copy())
    without_z = entry.derivative(np.full_like(Z, np.nan), a, np.empty_like(Z))
    assert np.isfinite(without_z).all() != entry.uses_z


@EVERY
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_precision_and_shape_are_kept(name, precision):
    entry = ACTIVATIONS[name]
    z = np.linspace(-3, 3, 12, dtype=precision).reshape(4, 3)
    a = entry.f(z.copy())
    slope = np.ones_like(z) * entry.derivative(z, a, np.empty_like(z))
    assert (a.dtype, a.shape, slope.dtype, slope.shape) == (z.dtype, z.shape, z.dtype, z.shape)


@EVERY
@pytest.mark.parametrize("shape", [(3, 5), (100, 700), (2, RUN), (1, 1), (0, 4)])
@pytest.mark.parametrize("order", ["contiguous", "transposed", "every other"])
def test_values_do_not_hang_on_size_or_layout(name, shape, order):
    z = np.random.default_rng(0).normal(size=(*shape, 2))
    z = {"contiguous": z[..., 0].copy(), "transposed": z[..., 0].T.copy().T, "every other": z[..., 0]}[order]
    given, expected = z.copy(), torch_function(name)(torch.tensor(z)).numpy()
    f = ACTIVATIONS[name].f
    np.testing.assert_allclose(f(z), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(f(given[:1]), expected[:1], rtol=1e-12, atol=1e-15)


@EVERY
def test_gain_is_torchs_or_one_where_torch_knows_none(name):
    try:
        expected = torch.nn.init.calculate_gain(name, 0.01 if name == "leaky_relu" else None)
    except ValueError:
        expected = 1.0
    assert ACTIVATIONS[name].gain == pytest.approx(expected, abs=1e-12)


@EVERY
def test_every_row_has_a_label_and_a_formula(name):
    assert ACTIVATIONS[name].label
    assert ACTIVATIONS[name].formula.startswith("f(z) = ")


@EVERY
def test_every_row_says_in_a_sentence_when_to_use_it(name):
    assert ACTIVATIONS[name].advice[0].isupper()
    assert ACTIVATIONS[name].advice.endswith(".")


@EVERY
def test_curve_gives_value_and_slope_and_leaves_its_argument_alone(name):
    z = Z.copy()
    value, slope = ACTIVATIONS[name].curve(z)
    np.testing.assert_array_equal(z, Z)
    for found, expected in zip((value, slope), torch_value_and_slope(name, Z), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_regions_without_a_gradient_are_where_the_derivative_says():
    edge = np.log(1 / SATURATED)  # ELU: f' = e^z
    ends = {name: regions(entry) for name, entry in ACTIVATIONS.items()}
    assert ends["relu"] == (Region("dying", -5.0, 0.0),)
    assert ends["linear"] == ends["leaky_relu"] == ()  # a leak is small, but it does not vanish
    assert [(kind, low) for kind, low, _ in ends["elu"]] == [("saturated", -5.0)]
    assert ends["elu"][0].high == pytest.approx(-edge, abs=2e-3)
    left, right = ends["tanh"]
    assert (left.kind, left.low, right.high) == ("saturated", -5.0, 5.0)
    assert -left.high == right.low == pytest.approx(np.arctanh(np.sqrt(1 - SATURATED)), abs=2e-3)
    # the bottom of GELU's dip is level as well, but no end
    (gelu,) = ends["gelu"]
    assert gelu.high < -2


def test_an_end_that_is_dead_only_further_out_is_both():
    hard_swish = ACTIVATIONS["relu"].__class__(
        "Hard swish",
        "",
        lambda z: z * np.clip(z + 3, 0, 6) / 6,
        lambda z, _a, _out: np.where(z <= -3, 0, np.where(z < -2.9, 0.01, np.where(z < 3, (2 * z + 3) / 6, 1))),
        True,
        "",
        1.0,
        "",
        lambda _op, z: z,
    )
    dying, saturated = regions(hard_swish)
    assert dying == Region("dying", -5.0, -3.0)
    assert (saturated.kind, saturated.low, round(saturated.high, 2)) == ("saturated", -3.0, -2.9)
