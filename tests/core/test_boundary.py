from itertools import pairwise

import numpy as np
import pytest
from scipy import special
from sklearn.decomposition import PCA

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.boundary import (
    COLOURS,
    Box,
    Rasterizer,
    bounds,
    column_plane,
    confidence_levels,
    principal_plane,
    raster,
    restrict,
)
from mlp_studio.core.config import ModelConfig, SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.network import Layer, forward, init_params
from mlp_studio.core.prepare import prepare


def wide(D=5, classes=4, n=200, seed=0):
    """D correlated features of very different size, around different places."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) @ rng.normal(size=(D, D)) * np.logspace(-2, 2, D) + np.linspace(-50, 50, D)
    names = tuple(f"f{column}" for column in range(D))
    dataset = Dataset("wide", X, rng.integers(0, classes, n), names, tuple("abcdefgh"[:classes]))
    return prepare(dataset, SplitConfig(), rng)


def network(features, classes, precision="float64", hidden=(12, 9), seed=0):
    rng = np.random.default_rng(seed)
    params = init_params(ModelConfig(hidden=hidden, initialization="he_normal"), features, classes, rng)
    return tuple(Layer((2 * W).astype(precision), rng.normal(size=b.shape).astype(precision)) for W, b in params)


def cell_centres(box, size):
    """The samples in the middle of each cell, (size, size, 2): first index v from low to high, second u."""
    u = np.linspace(box.u_low, box.u_high, 2 * size + 1)[1::2]
    v = np.linspace(box.v_low, box.v_high, 2 * size + 1)[1::2]
    return np.stack(np.meshgrid(u, v), axis=-1)


def expected_raster(params, activation, prepared, plane, box, size):
    """Class and confidence of every cell, by way of the samples themselves."""
    X = np.array([plane.point(u, v) for u, v in cell_centres(box, size).reshape(-1, 2)])
    exact = tuple(Layer(W.astype(np.float64), b.astype(np.float64)) for W, b in params)
    probabilities = special.softmax(forward(exact, activation, prepared.scaler(X)), axis=1)
    shape = (size, size)
    return probabilities.argmax(axis=1).reshape(shape), probabilities.max(axis=1).reshape(shape)


def assert_raster(indices, classes, winner, confidence, wrong=0.0):
    """The raster names the winners (but for a share `wrong`, on edges) and their confidence to one step."""
    levels = confidence_levels(classes)
    right = indices // levels == winner
    assert right.mean() >= 1 - wrong
    step = (confidence - 1 / classes) / (1 - 1 / classes) * levels
    difference = np.abs(indices % levels - np.clip(np.floor(step), 0, levels - 1))[right]
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.98
    assert len(np.unique(winner)) > 1


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_raster_is_the_network_on_the_mesh(small_spiral, activation, precision):
    params = network(2, 3, precision)
    params[-1].b[:] -= forward(params, activation, small_spiral.train.X).mean(axis=0)  # no class has it all
    plane = column_plane(small_spiral, (0, 1))
    box = bounds(plane, small_spiral.dataset.X)
    indices = raster(restrict(params, small_spiral.scaler, plane), activation, box, 61)
    assert (indices.shape, indices.dtype) == ((61, 61), np.dtype(np.uint8))
    expected = expected_raster(params, activation, small_spiral, plane, box, 61)
    assert_raster(indices, 3, *expected, wrong=0.0 if precision == "float64" else 0.001)


@pytest.mark.parametrize("columns", [(0, 1), (3, 1), (4, 2)])
@pytest.mark.parametrize("held", [None, "row"])
def test_a_slice_through_wide_data_holds_the_other_features(columns, held):
    prepared, params = wide(), network(5, 4)
    row = None if held is None else prepared.dataset.X[7]
    plane = column_plane(prepared, columns, row, "row 8")
    values = prepared.dataset.X[prepared.train.rows].mean(axis=0) if row is None else row
    sample = plane.point(11.0, -13.0)
    expected = values.copy()
    expected[list(columns)] = [11.0, -13.0]
    np.testing.assert_allclose(sample, expected, atol=1e-12)

    box = bounds(plane, prepared.dataset.X)
    indices = raster(restrict(params, prepared.scaler, plane), "tanh", box, 50)
    assert_raster(indices, 4, *expected_raster(params, "tanh", prepared, plane, box, 50))


def test_a_slice_says_what_it_is_and_the_whole_says_nothing(small_spiral):
    prepared = wide()
    assert column_plane(prepared, (3, 1)).description == "f3 and f1; the other 3 held at their training mean"
    assert column_plane(prepared, (3, 1), prepared.dataset.X[7], "row 8").description.endswith("held at row 8")
    assert column_plane(prepared, (3, 1)).labels == ("f3", "f1")
    assert column_plane(small_spiral, (0, 1)).description == ""


def test_held_values_are_not_changed():
    prepared = wide()
    held = prepared.dataset.X[7].copy()
    column_plane(prepared, (0, 1), held)
    np.testing.assert_array_equal(held, prepared.dataset.X[7])


def test_the_principal_plane_is_scikit_learns_up_to_sign():
    prepared = wide()
    judge = PCA(2).fit(prepared.train.X)
    plane = principal_plane(prepared)
    mine = plane.project(prepared.dataset.X)
    theirs = judge.transform(prepared.scaler(prepared.dataset.X))
    signs = np.sign((mine * theirs).sum(axis=0))
    np.testing.assert_allclose(mine, signs * theirs, atol=1e-9)
    explained = f"{judge.explained_variance_ratio_.sum():.0%}"
    assert plane.description == f"the first two principal components, {explained} of the variance"


def test_a_raster_of_the_principal_plane_is_the_network_on_its_samples():
    prepared, params = wide(), network(5, 4)
    plane = principal_plane(prepared)
    box = bounds(plane, prepared.dataset.X)
    indices = raster(restrict(params, prepared.scaler, plane), "relu", box, 50)
    assert_raster(indices, 4, *expected_raster(params, "relu", prepared, plane, box, 50))


@pytest.mark.parametrize(
    "plane",
    [lambda p: column_plane(p, (4, 1)), lambda p: column_plane(p, (0, 2), p.dataset.X[3]), principal_plane],
)
def test_a_point_of_the_plane_projects_onto_its_own_coordinates(plane):
    plane = plane(wide())
    for u, v in [(0.0, 0.0), (1.5, -2.5), (-40.0, 3.0)]:
        np.testing.assert_allclose(plane.project(plane.point(u, v)[None])[0], [u, v], atol=1e-10)


@pytest.mark.parametrize("D", [2, 3])
def test_a_sample_on_the_plane_is_found_again_from_its_coordinates(D):
    prepared = wide(D)
    plane = column_plane(prepared, (0, 1), prepared.dataset.X[5]) if D > 2 else principal_plane(prepared)
    u, v = plane.project(prepared.dataset.X[5:6])[0]
    np.testing.assert_allclose(plane.point(u, v), prepared.dataset.X[5], rtol=1e-10)


def test_a_single_feature_is_drawn_as_bands():
    prepared, params = wide(D=1), network(1, 4)
    plane = column_plane(prepared, (0, 0))
    assert plane.labels == ("f0", "")
    coordinates = plane.project(prepared.dataset.X)
    np.testing.assert_array_equal(coordinates[:, 0], prepared.dataset.X[:, 0])
    np.testing.assert_array_equal(coordinates[:, 1], 0)
    box = bounds(plane, prepared.dataset.X)
    assert (box.v_low, box.v_high) == (-1, 1)
    indices = raster(restrict(params, prepared.scaler, plane), "tanh", box, 40)
    np.testing.assert_array_equal(indices, np.tile(indices[0], (40, 1)))
    assert_raster(indices, 4, *expected_raster(params, "tanh", prepared, plane, box, 40))


def test_far_from_the_origin_float32_weights_still_draw_the_right_boundary():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) + np.array([1e8, -1e8])
    dataset = Dataset("far", X, rng.integers(0, 3, 200), ("a", "b"), ("x", "y", "z"))
    prepared, params = prepare(dataset, SplitConfig(), rng), network(2, 3, "float32")
    plane = column_plane(prepared, (0, 1))
    box = bounds(plane, X)
    indices = raster(restrict(params, prepared.scaler, plane), "tanh", box, 60)
    assert_raster(indices, 3, *expected_raster(params, "tanh", prepared, plane, box, 60), wrong=0.001)


def test_the_box_holds_all_points_with_a_margin_on_each_side(small_spiral):
    plane, X = column_plane(small_spiral, (0, 1)), small_spiral.dataset.X
    box = bounds(plane, X, margin=0.1)
    width = X[:, 0].max() - X[:, 0].min()
    assert box.u_low == pytest.approx(X[:, 0].min() - 0.1 * width)
    assert box.u_high == pytest.approx(X[:, 0].max() + 0.1 * width)
    assert box.v_low < X[:, 1].min() < X[:, 1].max() < box.v_high


@pytest.mark.parametrize("classes", [2, 3, 7, 128, 256])
def test_a_certain_class_takes_the_last_of_its_indices_and_an_undecided_one_the_first(classes):
    levels = confidence_levels(classes)
    assert levels * classes <= COLOURS
    for winner in {0, classes // 2, classes - 1}:
        for weight, step in ((1e3, levels - 1), (1e-9, 0)):
            bias = np.zeros(classes)
            bias[winner] = weight
            params = (Layer(np.zeros((2, 1)), np.zeros(1)), Layer(np.zeros((1, classes)), bias))
            indices = raster(params, "relu", Box(0, 1, 0, 1), 10)
            np.testing.assert_array_equal(indices, winner * levels + step)


def test_beyond_256_classes_the_indices_start_again():
    bias = np.zeros(600)
    bias[300] = 1e3
    params = (Layer(np.zeros((2, 1)), np.zeros(1)), Layer(np.zeros((1, 600)), bias))
    np.testing.assert_array_equal(raster(params, "relu", Box(0, 1, 0, 1), 4), 300 - 256)


@pytest.mark.parametrize("size", [1, 7, 100, 130])
def test_rows_run_upwards_and_columns_to_the_right_at_every_size(size):
    # logit 1 is u, logit 2 is v, logit 0 is −10: the class says which coordinate is the larger
    output = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    params = (Layer(np.eye(2), np.zeros(2)), Layer(output, np.array([-10.0, 0.0, 0.0])))
    indices = raster(params, "linear", Box(1.0, 2.0, 0.0, 2.0), size)
    centres = cell_centres(Box(1.0, 2.0, 0.0, 2.0), size)
    expected = np.where(centres[..., 0] >= centres[..., 1], 1, 2)
    clear = np.abs(centres[..., 0] - centres[..., 1]) > 1e-9
    np.testing.assert_array_equal((indices // confidence_levels(3))[clear], expected[clear])


@pytest.mark.parametrize("huge", [1e30, np.inf, np.nan])
def test_weights_about_to_diverge_are_drawn_without_a_warning(huge):
    W, b = np.full((2, 8), huge, np.float32), np.zeros(8, np.float32)
    output = Layer(np.full((8, 3), huge, np.float32), np.zeros(3, np.float32))
    indices = raster((Layer(W, b), output), "relu", Box(-1, 1, -1, 1), 20)
    assert indices.max() // confidence_levels(3) < 3


def test_a_rasterizer_that_is_used_again_draws_what_a_new_one_does_and_leaves_its_old_rasters_alone():
    rng, draw, drawn = np.random.default_rng(0), Rasterizer(), []
    for hidden, classes, size, dtype in [
        ((20,), 3, 30, np.float32),
        ((20,), 3, 30, np.float32),
        ((20,), 3, 31, np.float32),
        ((20,), 3, 31, np.float64),
        ((7, 600), 5, 31, np.float64),
        ((), 4, 12, np.float64),
        ((20,), 3, 30, np.float32),
    ]:
        sizes = (2, *hidden, classes)
        params = tuple(
            Layer(rng.normal(size=(m, n)).astype(dtype), rng.normal(size=n).astype(dtype)) for m, n in pairwise(sizes)
        )
        box = Box(*sorted(rng.normal(size=2)), *sorted(rng.normal(size=2)))
        once = raster(params, "tanh", box, size)
        again = draw(params, "tanh", box, size)
        np.testing.assert_array_equal(again, once)
        drawn.append((again, once))
    for again, once in drawn:
        np.testing.assert_array_equal(again, once)
