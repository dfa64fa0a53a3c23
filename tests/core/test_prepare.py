from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError
from mlp_studio.core.prepare import class_weights, fit_scaler, prepare, unscaled

NAMES = ("train", "validation", "test")
SHARES = [
    (0.7, 0.15, 0.15),
    (0.6, 0.2, 0.2),
    (0.8, 0.0, 0.2),
    (0.8, 0.2, 0.0),
    (0.34, 0.33, 0.33),
    (0.2, 0.5, 0.3),
]


def with_counts(counts, seed=0):
    """A data set of two columns with so many rows of each class, shuffled; X[:, 0] is the row's number."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = np.column_stack([np.arange(len(y)), rng.normal(size=len(y))])
    return Dataset("test", X, y, ("row", "x"), tuple(f"c{k + 1}" for k in range(len(counts))))


def config(train, validation, test, **more):
    return SplitConfig(train=train, validation=validation, test=test, **more)


def split(counts, *shares, seed=0, **more):
    return prepare(with_counts(counts), config(*shares, **more), np.random.default_rng(seed))


def counts_of(prepared):
    """Rows of each part and class, (3, C)."""
    return np.array([np.bincount(part.y, minlength=prepared.dataset.classes) for part in prepared.parts.values()])


def random_counts(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(2, rng.choice([4, 10, 50, 300]), rng.integers(2, 25)), SHARES[seed % len(SHARES)]


# --- the split --------------------------------------------------------------------------------------------


def test_the_lessons_1500_rows_become_1050_225_and_225_with_the_classes_even(spiral_prepared):
    np.testing.assert_array_equal(counts_of(spiral_prepared), [[350] * 3, [75] * 3, [75] * 3])


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_every_row_is_used_exactly_once_with_its_own_label(seed, stratify):
    counts, shares = random_counts(seed)
    prepared = split(counts, *shares, seed=seed, stratify=stratify, standardize=False)
    parts = prepared.parts.values()
    rows = np.concatenate([part.rows for part in parts])
    np.testing.assert_array_equal(np.sort(rows), np.arange(counts.sum()))
    for part in parts:
        np.testing.assert_array_equal(part.X[:, 0], part.rows)
        np.testing.assert_array_equal(part.y, prepared.dataset.y[part.rows])


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_sizes_are_within_one_row_of_what_was_asked(seed, stratify):
    counts, shares = random_counts(seed)
    prepared = split(counts, *shares, seed=seed, stratify=stratify)
    sizes = [len(part) for part in prepared.parts.values()]
    assert np.abs(sizes - np.array(shares) * counts.sum()).max() < 1


@pytest.mark.parametrize("seed", range(40))
def test_stratified_shares_hold_for_each_class_to_one_row(seed):
    counts, shares = random_counts(seed)
    counts = np.maximum(counts, 8)  # so that the smallest share holds more rows than there are classes
    prepared = split(counts, *shares, seed=seed)
    assert prepared.notes == ()
    assert np.abs(counts_of(prepared) - np.outer(shares, counts)).max() < 1


def test_without_stratifying_the_classes_fall_as_they_may():
    by_class = counts_of(split([100, 100], 0.5, 0.25, 0.25, stratify=False, seed=1))
    assert by_class[0].sum() == 100
    assert by_class[0, 0] != 50


def test_rows_are_shuffled_within_and_among_the_parts():
    prepared = split([50, 50], 0.5, 0.25, 0.25)
    for part in prepared.parts.values():
        assert (np.diff(part.rows) < 0).any()
        assert np.count_nonzero(np.diff(part.y)) > 4
    assert len(set(prepared.train.rows) & set(range(50))) < 45


def test_equal_seeds_split_alike_and_others_differently():
    one, same, other = (split([60, 40], 0.7, 0.15, 0.15, seed=seed) for seed in (5, 5, 6))
    for name in NAMES:
        np.testing.assert_array_equal(one.parts[name].rows, same.parts[name].rows)
    assert set(one.train.rows) != set(other.train.rows)


def test_a_share_of_zero_takes_no_row():
    assert len(split([30, 3, 1], 0.8, 0.0, 0.2).validation) == 0
    assert len(split([30, 3, 1], 0.8, 0.2, 0.0).test) == 0


@pytest.mark.parametrize("seed", range(10))
def test_single_rows_of_a_class_go_to_training_and_a_note_says_so(seed):
    counts = np.array([40, 1, 30, 1, 25])
    prepared = split(counts, 0.5, 0.25, 0.25, seed=seed)
    np.testing.assert_array_equal(counts_of(prepared)[:, [1, 3]], [[1, 1], [0, 0], [0, 0]])
    assert "Only one row each, kept in training: c2, c4." in prepared.notes


def test_a_share_smaller_than_the_classes_is_not_stratified_and_a_note_says_so():
    prepared = split([10] * 8, 0.9, 0.05, 0.05)
    assert [len(part) for part in prepared.parts.values()] == [72, 4, 4]
    assert prepared.notes[0] == (
        "A share is smaller than the number of classes, so the rows were split without stratifying."
    )


def test_a_class_that_training_never_sees_is_named():
    prepared = split([60, 2], 0.05, 0.9, 0.05)
    assert prepared.notes == ("No training row has the class c2; the network cannot learn it.",)


def test_an_even_split_of_ample_rows_needs_no_note(spiral_prepared):
    assert spiral_prepared.notes == ()


def test_shares_that_miss_100_percent_by_rounding_share_out_every_row():
    prepared = split([500_000, 500_000], 0.5, 0.4999995, 0.0, standardize=False)
    assert [len(part) for part in prepared.parts.values()] == [500_000, 500_000, 0]


# --- what cannot be used ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "shares", "sentence"),
    [
        ([30], (0.7, 0.15, 0.15), "The label has only one class; a classifier needs at least two."),
        ([30, 0], (0.7, 0.15, 0.15), "The label has only one class; a classifier needs at least two."),
        ([30, 30], (0.7, 0.3, 0.3), "add up to 130 %; make them 100 %."),
        ([30, 30], (0.7, 0.15, 0.1501), "add up to 100.01 %; make them 100 %."),
        (
            [10, 10],
            (0.05, 0.95, 0.0),
            "20 rows leave fewer than two to train on; give more rows or a larger share.",
        ),
    ],
)
def test_what_cannot_be_split_is_explained_in_a_sentence(counts, shares, sentence):
    with pytest.raises(DataError) as caught:
        split(counts, *shares)
    assert str(caught.value).endswith(sentence)


def test_a_column_whose_squares_overflow_is_named():
    X = np.column_stack([np.arange(40.0), np.linspace(-1e200, 1e200, 40)])
    dataset = Dataset("test", X, np.arange(40) % 2, ("fine", "huge"), ("a", "b"))
    with pytest.raises(DataError, match=r"^The numbers in “huge” are too large to scale; divide"):
        prepare(dataset, SplitConfig(), np.random.default_rng(0))


# --- scaling and weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_scaled_parts_are_scikit_learns_fitted_on_the_training_rows_alone(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 4)) * [1, 1e-6, 1e6, 3] + [0, 1, -1e7, 1e4]
    dataset = Dataset("test", X, rng.integers(0, 3, 200), tuple("abcd"), tuple("xyz"))
    prepared = prepare(dataset, SplitConfig(), rng)
    judge = StandardScaler().fit(X[prepared.train.rows])
    for part in prepared.parts.values():
        np.testing.assert_allclose(part.X, judge.transform(X[part.rows]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(prepared.train.X.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(prepared.train.X.std(axis=0), 1, rtol=1e-9)


@pytest.mark.parametrize("rows", [2, 1000, 100_000])
@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, -1e9, 1e-12])
def test_a_constant_column_becomes_zero_as_in_scikit_learn(constant, rows):
    X = np.column_stack([np.full(rows, constant), np.arange(float(rows))])
    X_scaled = fit_scaler(X)(X)
    np.testing.assert_allclose(X_scaled, StandardScaler().fit_transform(X), atol=1e-9)
    np.testing.assert_array_equal(X_scaled[:, 0], 0)


def test_a_column_that_differs_by_rounding_only_is_constant_too():
    X = np.column_stack([np.where(np.arange(100) % 2, 0.1 + 0.2, 0.3), np.arange(100.0)])
    assert fit_scaler(X).scale[0] == 1
    assert np.abs(fit_scaler(X)(X)[:, 0]).max() < 1e-15


def test_without_standardising_the_numbers_stay_as_they_are():
    prepared = split([30, 30], 0.7, 0.15, 0.15, standardize=False)
    for part in prepared.parts.values():
        np.testing.assert_array_equal(part.X, prepared.dataset.X[part.rows])
    np.testing.assert_array_equal(unscaled(2)(prepared.dataset.X), prepared.dataset.X)


def test_class_weights_are_one_by_the_classs_training_rows(spiral, spiral_prepared):
    assert spiral_prepared.class_weights is None
    lesson = prepare(spiral, SplitConfig(class_weights=True), np.random.default_rng(0))
    np.testing.assert_allclose(lesson.class_weights, [1 / 350] * 3)
    uneven = split([40, 20, 10], 0.5, 0.25, 0.25, class_weights=True)
    np.testing.assert_allclose(uneven.class_weights, [1 / 20, 1 / 10, 1 / 5])


def test_a_class_without_training_rows_weighs_nothing():
    np.testing.assert_array_equal(class_weights(np.array([0, 0, 2]), 4), [0.5, 0, 1, 0])


def test_the_split_does_not_depend_on_scaling_or_weights():
    plain = split([60, 40], 0.7, 0.15, 0.15)
    changed = prepare(
        plain.dataset,
        replace(SplitConfig(), standardize=False, class_weights=True),
        np.random.default_rng(0),
    )
    for name in NAMES:
        np.testing.assert_array_equal(plain.parts[name].rows, changed.parts[name].rows)
