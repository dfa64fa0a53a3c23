"""Missing values and what is put in their place: the median of a number, the most frequent text.

It is taken from the training rows, as the scaler's mean is: a value that knew of the test rows would flatter the
figures that are measured on them.
"""

from dataclasses import replace

import numpy as np

from mlp_studio.core.dataset import Dataset, Floats, Gap, Ints


def with_gaps_filled(dataset: Dataset, train: Ints) -> Dataset:
    """The data with every gap filled from the training rows; `train` (n,) are their indices."""
    if not dataset.gaps:
        return dataset
    X = dataset.X.copy()
    for gap in dataset.gaps:
        fill(X, gap, train)
    return replace(dataset, X=X)


def fill(X: Floats, gap: Gap, rows: Ints | None = None) -> None:
    """Fill a gap of X (N, D), in place, with what is typical of these rows, or of all where none of them is known."""
    is_known = np.ones(len(X), dtype=np.bool_)
    is_known[gap.rows] = False
    known = np.flatnonzero(is_known) if rows is None else rows[is_known[rows]]
    if not len(known):
        known = np.flatnonzero(is_known)
    columns = np.array(gap.columns)
    X[np.ix_(gap.rows, columns)] = typical(X[np.ix_(known, columns)])


def typical(values: Floats) -> Floats:
    """The median of one column (n, 1), the most frequent of several that are one-hot (n, k)."""
    if values.shape[1] == 1:
        return np.median(values, axis=0)
    frequent = np.zeros(values.shape[1])
    frequent[np.argmax(values.sum(axis=0))] = 1
    return frequent
