import numpy as np
import pytest

from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([0, 2, 2])
NAMES, CLASSES = ("width", "height"), ("a", "b", "c")


def test_sizes_and_counts():
    dataset = Dataset("test", X, Y, NAMES, CLASSES)
    assert (dataset.rows, dataset.features, dataset.classes) == (3, 2, 3)
    np.testing.assert_array_equal(dataset.class_counts(), [1, 0, 2])


def test_arrays_are_copies_that_nobody_can_change():
    given = X.copy()
    dataset = Dataset("test", given, Y, NAMES, CLASSES)
    given[0, 0] = 99
    assert dataset.X[0, 0] == 1
    for array in (dataset.X, dataset.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_narrower_numbers_become_float64_and_int64_in_row_order():
    dataset = Dataset("test", np.asfortranarray(X.astype(np.float32)), Y.astype(np.int8), NAMES, CLASSES)
    assert (dataset.X.dtype, dataset.y.dtype) == (np.dtype(np.float64), np.dtype(np.int64))
    assert dataset.X.flags.c_contiguous


@pytest.mark.parametrize(
    ("X", "y", "features", "sentence"),
    [
        (X, Y, ("width",), "one named column for each feature"),
        (X[:, 0], Y, ("width",), "one named column for each feature"),
        (np.empty((3, 0)), Y, (), "one named column for each feature"),
        (X, Y[:2], NAMES, "3 rows of features but 2 labels"),
        (np.where(X == 4, np.nan, X), Y, NAMES, "missing or infinite value"),
        (np.where(X == 4, -np.inf, X), Y, NAMES, "missing or infinite value"),
        (X, Y + 1, NAMES, "no class name"),
        (X, Y - 1, NAMES, "no class name"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(X, y, features, sentence):
    with pytest.raises(DataError, match=sentence):
        Dataset("test", X, y, features, CLASSES)
