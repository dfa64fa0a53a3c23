"""Data as the studio sees them: numbers, class indices and names, all read-only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.errors import DataError

if TYPE_CHECKING:
    from mlp_studio.core.account import Account

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Number = TypeVar("Number", np.float64, np.int64)


def _own(values: NDArray[Any], dtype: type[Number]) -> NDArray[Number]:
    """A copy, or the very array where nobody can change it: a large table is then held once, whatever its labels."""
    is_kind = isinstance(values, np.ndarray) and values.dtype == dtype and values.flags.c_contiguous
    if is_kind and values.flags.owndata and not values.flags.writeable:
        return values
    return np.array(values, dtype=dtype, order="C")


def arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Every array that a frozen value holds in memory; of a view, the array that it looks at."""
    if isinstance(value, np.ndarray):
        yield value.base if isinstance(value.base, np.ndarray) else value
    elif isinstance(value, tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            if not isinstance(part, str | int | float):
                yield from arrays_in(part)
    elif is_dataclass(value):
        for item in fields(value):
            yield from arrays_in(getattr(value, item.name))


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Where values are missing: rows (n,) of the columns that were one in the file (several where it held text)."""

    columns: tuple[int, ...]
    rows: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A classification data set; the arrays are made read-only copies of what is given, unless they are that already.

    X: (N, D) float64, finite, in original units. y: (N,) int64 in 0…C-1, an index into `class_names`.
    `notes` are sentences that account for what reading the data did (rows dropped, columns renamed …).
    tickets: (N,) in [0, 1) where each row's share of the split is its own (`core.painting`), else None.
    `gaps` are where X is filled in, for now from all rows; `prepare` fills them from the training rows.
    `account` has every row of a file, None for data that come from elsewhere.
    Raises DataError when the parts do not fit together.
    """

    name: str
    X: Floats
    y: Ints
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    tickets: Floats | None = None
    gaps: tuple[Gap, ...] = field(default=())
    account: "Account | None" = field(default=None)

    def __post_init__(self) -> None:
        X, y = _own(self.X, np.float64), _own(self.y, np.int64)
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
