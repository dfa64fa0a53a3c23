"""What training says, as frozen values: `train()` yields these."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True, slots=True)
class Tick:
    """Training is under way within an epoch: a moment at which it may be paused or stopped."""


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """Epoch number `epoch` (from 1) is done. Losses in nats, accuracies 0…1.

    The validation figures are nan where there are no validation rows (or none that the class weights count).
    The train figures are those of the epoch's own passes (each mini-batch before its update, dropout on); the
    validation figures are measured after the epoch, dropout off.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Training ended by itself. `epoch` is the one whose weights are kept; `reason` is a sentence, or ""."""

    outcome: Outcome
    epoch: int
    reason: str = ""


Event: TypeAlias = Tick | EpochEnd | Finished
