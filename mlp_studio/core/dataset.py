"""Data as the studio sees them: numbers, class indices and names, all read-only."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A classification data set; the arrays are made read-only copies of what is given.

    X: (N, D) float64, finite, in original units. y: (N,) int64 in 0…C-1, an index into `class_names`.
    `notes` are sentences that account for what reading the data did (rows dropped, columns renamed …).
    tickets: (N,) in [0, 1) where each row's share of the split is its own (`core.painting`), else None.
    Raises DataError when the parts do not fit together.
    """

    name: str
    X: Floats
    y: Ints
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    tickets: Floats | None = None

    def __post_init__(self) -> None:
        X, y = np.array(self.X, dtype=np.float64, order="C"), np.array(self.y, dtype=np.int64)
        if X.ndim != 2 or X.shape[1] == 0 or X.shape[1] != len(self.feature_names):
            raise DataError("The data need one named column for each feature.")
        if y.shape != (len(X),):
            raise DataError(f"There are {len(X):,} rows of features but {len(y):,} labels.")
        if self.tickets is not None and self.tickets.shape != y.shape:
            raise DataError(f"There are {len(X):,} rows of features but {len(self.tickets):,} tickets.")
        if not np.isfinite(X).all():
            raise DataError("A feature holds a missing or infinite value.")
        if len(y) and not 0 <= int(y.min()) <= int(y.max()) < len(self.class_names):
            raise DataError("A label has no class name.")
        X.flags.writeable = y.flags.writeable = False
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)

    @property
    def rows(self) -> int:
        """N, the number of samples."""
        return len(self.y)

    @property
    def features(self) -> int:
        """D, the number of features."""
        return int(self.X.shape[1])

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return len(self.class_names)

    def class_counts(self) -> Ints:
        """Rows of each class, (C,)."""
        return np.bincount(self.y, minlength=self.classes)
