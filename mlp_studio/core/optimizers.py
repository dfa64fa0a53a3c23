"""Optimizers: one row each. The same update runs on NumPy arrays and on torch tensors.

An optimizer sees only flat vectors: the parameters w, their gradient g and its own memory, all of one length.
It changes w and its memory in place with operators that NumPy and torch share, so that both backends follow
the same trajectory. The formulas are torch.optim's (ε after the bias correction in Adam).

To add one: write the update and add a row to `OPTIMIZERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Vector: TypeAlias = Any  # a flat numpy array or torch tensor; both know +=, *=, ** and arithmetic with floats

# (w, g, memory, t, learning_rate, momentum): t counts the updates from 1
Update: TypeAlias = Callable[[Vector, Vector, tuple[Vector, ...], int, float, float], None]

BETA_1, BETA_2, ALPHA, EPSILON = 0.9, 0.999, 0.99, 1e-8  # torch.optim's defaults


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One update rule; `memory` is how many vectors it keeps from step to step, zero at the start."""

    label: str
    formula: str
    memory: int
    update: Update


def _sgd(w: Vector, g: Vector, _memory: tuple[Vector, ...], _t: int, rate: float, _momentum: float) -> None:
    w -= rate * g


def _momentum(w: Vector, g: Vector, memory: tuple[Vector, ...], _t: int, rate: float, momentum: float) -> None:
    (velocity,) = memory
    velocity *= momentum
    velocity += g
    w -= rate * velocity


def _nesterov(w: Vector, g: Vector, memory: tuple[Vector, ...], _t: int, rate: float, momentum: float) -> None:
    (velocity,) = memory
    velocity *= momentum
    velocity += g
    w -= rate * (g + momentum * velocity)


def _rmsprop(w: Vector, g: Vector, memory: tuple[Vector, ...], _t: int, rate: float, _momentum: float) -> None:
    (square,) = memory
    square *= ALPHA
    square += (1 - ALPHA) * (g * g)
    w -= rate * (g / (square**0.5 + EPSILON))


def _adam(w: Vector, g: Vector, memory: tuple[Vector, ...], t: int, rate: float, _momentum: float) -> None:
    mean, square = memory
    mean *= BETA_1
    mean += (1 - BETA_1) * g
    square *= BETA_2
    square += (1 - BETA_2) * (g * g)
    # Kingma & Ba 2015: both averages start at zero; dividing by 1 − βᵗ takes that bias out
    root = square**0.5
    root /= (1 - BETA_2**t) ** 0.5
    root += EPSILON
    w -= (rate / (1 - BETA_1**t)) * (mean / root)


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer("SGD", "w ← w − α g", 0, _sgd),
    "momentum": Optimizer("Momentum", "v ← μ v + g;  w ← w − α v", 1, _momentum),
    "nesterov": Optimizer("Nesterov", "v ← μ v + g;  w ← w − α (g + μ v)", 1, _nesterov),
    "rmsprop": Optimizer("RMSprop", "s ← 0.99 s + 0.01 g²;  w ← w − α g / (√s + ε)", 1, _rmsprop),
    "adam": Optimizer("Adam", "m ← 0.9 m + 0.1 g;  s ← 0.999 s + 0.001 g²;  w ← w − α m̂ / (√ŝ + ε)", 2, _adam),
}
