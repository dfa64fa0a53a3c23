"""The figures of every epoch, in one growing array."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.events import EpochEnd

COLUMNS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")

# (epochs, 4), columns as in COLUMNS; row i is epoch i + 1. Rows never change once written.
Curves: TypeAlias = NDArray[np.float64]


class History:
    """Appends rows in constant time; `curves` are read-only views that stay true while more is appended."""

    def __init__(self, curves: Curves | None = None) -> None:
        self._rows = np.empty((1024, len(COLUMNS)))
        self._length = 0
        if curves is not None:
            self._rows = np.array(curves)
            self._length = len(curves)

    def __len__(self) -> int:
        return self._length

    def append(self, event: EpochEnd) -> None:
        """Add one epoch."""
        if self._length == len(self._rows):
            # a new array: views that were handed out keep the old one
            self._rows = np.concatenate([self._rows, np.empty((max(1024, self._length), len(COLUMNS)))])
        self._rows[self._length] = (
            event.train_loss,
            event.train_accuracy,
            event.val_loss,
            event.val_accuracy,
        )
        self._length += 1

    def truncate(self, epochs: int) -> None:
        """Forget all epochs after the first `epochs`."""
        self._rows = self._rows[:epochs].copy()
        self._length = epochs

    @property
    def curves(self) -> Curves:
        """The rows so far, (epochs, 4), read-only."""
        view = self._rows[: self._length]
        view.flags.writeable = False
        return view


def best_epoch(curves: Curves) -> int:
    """The epoch (from 1) with the lowest validation loss, else training loss; 0 before any."""
    if not len(curves):
        return 0
    val_loss = curves[:, COLUMNS.index("val_loss")]
    loss = val_loss if np.isfinite(val_loss).any() else curves[:, COLUMNS.index("train_loss")]
    return int(np.nanargmin(loss)) + 1 if np.isfinite(loss).any() else 0
