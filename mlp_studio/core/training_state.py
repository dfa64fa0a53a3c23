"""Where a training stands, as frozen values: with them it goes on as though it had never been interrupted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.album import Page
from mlp_studio.core.backends.protocol import Checkpoint
from mlp_studio.core.dataset import Ints
from mlp_studio.core.history import Curves
from mlp_studio.core.prepare import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A state of the run that it may go back to: that at the end of an epoch."""

    epoch: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class EpochState:
    """Where training stands within an epoch.

    order (n,): the training rows in the order in which they are taken, `batch_size` at a time; None: all at once.
    `done` of them are taken. Of their passes: Σ loss · weight, how many were right, Σ weight.
    """

    order: Ints | None
    batch_size: int
    done: int
    loss: float
    correct: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class CourseState:
    """Where a call of `Training.run()` stands: its best epoch so far and its loss, and the epoch that is under way."""

    best: Kept | None
    best_loss: float
    epoch: EpochState | None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """All that a training knows besides its experiment and its rows.

    `present`: the weights as they are, within an epoch perhaps. curves (epochs, 4). `weights_epoch`: the epoch that the
    weights come from. order, dropout (bytes,) uint8: the states of the generators of random numbers. `waiting` are rows
    that the next epoch takes over. `threads` computed it. `course` is None where a new call of `run()` goes on.
    `is_retuned`: it was trained with other settings than those that it has now.
    The arrays are shared with the training and with other states; nobody changes them.
    """

    present: Checkpoint
    curves: Curves
    weights_epoch: int
    latest: Kept
    sound: Kept
    first_loss: float
    order: NDArray[np.uint8]
    dropout: NDArray[np.uint8]
    album: tuple[Page, ...]
    album_stride: int
    threads: int
    course: CourseState | None = None
    waiting: Prepared | None = None
    is_retuned: bool = False
