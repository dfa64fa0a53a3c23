import numpy as np
import pytest

from mlp_studio.core.generators import GENERATORS, shares

EVERY = pytest.mark.parametrize("name", GENERATORS)


def draw(name, rows=600, classes=3, noise=0.2, seed=0):
    entry = GENERATORS[name]
    return entry.draw(rows, entry.classes or classes, noise, np.random.default_rng(seed))


def polar(points):
    """Radius and unwrapped angle of x = r sin, y = r cos; the first point, at the centre, has no angle."""
    x, y = points.T
    return np.hypot(x, y), np.unwrap(np.arctan2(x, y)[1:])


def arms(classes, noise=0.2, rows_each=500):
    X, y = draw("spiral", rows_each * classes, classes, noise)
    return [X[y == arm] for arm in range(classes)]


@pytest.mark.parametrize("classes", range(2, 9))
def test_spirals_radius_grows_evenly_from_0_to_1(classes):
    for arm in arms(classes):
        radius, _ = polar(arm)
        np.testing.assert_allclose(radius, np.linspace(0, 1, 500), atol=1e-12)


@pytest.mark.parametrize("classes", range(2, 9))
def test_spirals_arms_turn_through_4_radians_with_normal_noise_of_a_fifth(classes):
    t = np.linspace(0, 1, 500)[1:]
    for arm in arms(classes):
        _, angle = polar(arm)
        slope, start = np.polyfit(t, angle, 1)
        assert slope == pytest.approx(4, abs=0.15)
        assert (angle - slope * t - start).std() == pytest.approx(0.2, abs=0.02)


def test_three_arms_start_at_0_4_and_8_radians():
    for k, arm in enumerate(arms(3, noise=0.0)):
        _, angle = polar(arm)
        expected = 4 * k + np.linspace(0, 4, 500)[1:]
        np.testing.assert_allclose(np.cos(angle - expected), 1, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 4, 5, 6, 7, 8])
def test_other_numbers_of_arms_start_evenly_around_the_circle(classes):
    starts = []
    for arm in arms(classes, noise=0.0):
        _, angle = polar(arm)
        starts.append(angle[0] - 4 / 499)
    gaps = np.diff(np.sort(np.mod(starts, 2 * np.pi)))
    np.testing.assert_allclose(gaps, 2 * np.pi / classes, atol=1e-9)


@EVERY
@pytest.mark.parametrize("classes", range(2, 9))
@pytest.mark.parametrize("rows", [20, 601])
def test_rows_are_shared_evenly_among_the_classes(name, classes, rows):
    X, y = draw(name, rows, classes)
    counts = np.bincount(y)
    assert X.shape == (rows, 2)
    assert len(counts) == (GENERATORS[name].classes or classes)
    assert counts.max() - counts.min() <= 1
    assert np.isfinite(X).all()


@EVERY
def test_equal_seeds_draw_equal_points_and_other_seeds_others(name):
    np.testing.assert_array_equal(draw(name, seed=1)[0], draw(name, seed=1)[0])
    assert (draw(name, seed=1)[0] != draw(name, seed=2)[0]).any()


@EVERY
def test_noise_may_be_zero_and_moves_points_about_otherwise(name):
    still, noisy = draw(name, noise=0.0)[0], draw(name, noise=0.5)[0]
    assert np.isfinite(still).all()
    assert (still != noisy).any() == (name != "random")


def test_moons_without_noise_lie_on_two_half_circles():
    X, y = draw("moons", noise=0.0)
    np.testing.assert_allclose(np.hypot(*X[y == 0].T), 1)
    np.testing.assert_allclose(np.hypot(*(X[y == 1] - [1, 0.5]).T), 1)
    assert X[y == 0, 1].min() >= -1e-12
    assert X[y == 1, 1].max() <= 0.5 + 1e-12


def test_moons_without_noise_are_scikit_learns():
    from sklearn.datasets import make_moons

    X, y = draw("moons", noise=0.0)
    X_expected, y_expected = make_moons(600, shuffle=False, noise=None)
    np.testing.assert_allclose(X, X_expected, atol=1e-12)
    np.testing.assert_array_equal(y, y_expected)


def test_circles_without_noise_lie_on_rings_of_even_spacing():
    X, y = draw("circles", classes=4, noise=0.0)
    np.testing.assert_allclose(np.hypot(*X.T), (y + 1) / 4)


def test_blobs_gather_about_the_unit_circle_with_the_noise_as_spread():
    X, y = draw("blobs", rows=4000, classes=4, noise=0.3)
    for k in range(4):
        assert np.hypot(*X[y == k].mean(axis=0)) == pytest.approx(1, abs=0.05)
        assert X[y == k].std(axis=0) == pytest.approx([0.3, 0.3], abs=0.03)


def test_xors_label_says_whether_the_signs_differ():
    X, y = draw("xor", noise=0.0)
    np.testing.assert_array_equal(y == 1, X[:, 0] * X[:, 1] < 0)
    assert np.abs(X).max() <= 1


def test_random_labels_say_nothing_about_the_points():
    X, y = draw("random", rows=6000)
    means = np.array([X[y == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(means, 0.5, atol=0.05)


@pytest.mark.parametrize(("rows", "classes", "expected"), [(10, 3, [4, 3, 3]), (9, 3, [3, 3, 3]), (2, 3, [1, 1, 0])])
def test_left_over_rows_go_to_the_first_classes(rows, classes, expected):
    assert shares(rows, classes) == expected


@EVERY
def test_every_row_has_a_label_and_a_help_sentence(name):
    assert GENERATORS[name].label
    assert GENERATORS[name].help.endswith(".")
