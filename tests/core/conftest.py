"""What the tests of the core share: small data sets, prepared without a draw."""

from collections.abc import Callable

import numpy as np
import pytest

from mlp_studio.core.config import DataConfig, SplitConfig
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.prepare import Part, Prepared, prepare, unscaled
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset

Prepare = Callable[..., Prepared]


@pytest.fixture
def as_prepared() -> Prepare:
    """(X, y, X_val, y_val, class_weights) → Prepared with exactly these rows, unscaled."""

    def build(
        X: Floats,
        y: Ints,
        X_val: Floats | None = None,
        y_val: Ints | None = None,
        class_weights: Floats | None = None,
        classes: int | None = None,
    ) -> Prepared:
        D = X.shape[1]
        X_val = np.empty((0, D)) if X_val is None else X_val
        y_val = np.empty(0, np.int64) if y_val is None else y_val
        C = classes or int(max(y.max(), y_val.max(initial=0))) + 1
        every = np.concatenate([X, X_val])
        dataset = Dataset(
            "test",
            every,
            np.concatenate([y, y_val]),
            tuple(f"X{column + 1}" for column in range(D)),
            tuple(f"c{k + 1}" for k in range(C)),
        )
        train = Part(np.arange(len(y)), X.astype(np.float64), y)
        validation = Part(np.arange(len(y), len(every)), X_val.astype(np.float64), y_val)
        test = Part(np.empty(0, np.int64), np.empty((0, D)), np.empty(0, np.int64))
        return Prepared(dataset, train, validation, test, unscaled(D), class_weights)

    return build


@pytest.fixture(scope="session")
def spiral() -> Dataset:
    """The lesson's spiral: 1,500 points of three arms."""
    return load_dataset(DataConfig(), generator(1234, Stream.DATA))


@pytest.fixture(scope="session")
def spiral_prepared(spiral: Dataset) -> Prepared:
    """The lesson's spiral, split and scaled."""
    return prepare(spiral, SplitConfig(), generator(1234, Stream.SPLIT))


@pytest.fixture(scope="session")
def small_spiral() -> Prepared:
    """A spiral of 120 points: 84 to train on, 18 to watch."""
    dataset = load_dataset(DataConfig(rows=120), generator(7, Stream.DATA))
    return prepare(dataset, SplitConfig(), generator(7, Stream.SPLIT))
