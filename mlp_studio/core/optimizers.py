"""Optimizers: one row each. The same update runs on NumPy arrays and on torch tensors.

An optimizer sees only flat vectors of one length and changes w and its memory in place. It is written with what the two
libraries share: operators such as `+=`, and the functions of `xp`, which is either of them. So both backends follow the
same trajectory. The formulas are torch.optim's (ε after the bias correction in Adam).

To add one: write the update, add a row to `OPTIMIZERS`, and its code to `core.export.formulas`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Vector: TypeAlias = Any  # a flat numpy array or torch tensor

BETA_1, BETA_2, ALPHA, EPSILON = 0.9, 0.999, 0.99, 1e-8  # torch.optim's defaults


class Vectors(NamedTuple):
    """What an update works on: `xp` (numpy or torch), parameters w, their gradient g, which is left as it is, memory.

    `scratch` holds nothing of worth before or after: with it an update makes no new vector.
    """

    xp: Any
    w: Vector
    g: Vector
    memory: tuple[Vector, ...]
    scratch: Vector


# (vectors, t, learning rate, momentum): t counts the updates from 1
Update: TypeAlias = Callable[[Vectors, int, float, float], None]


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One update rule; `memory` is how many vectors it keeps from step to step, zero at the start."""

    label: str
    formula: str
    memory: int
    update: Update


def _sgd(vectors: Vectors, _t: int, rate: float, _momentum: float) -> None:
    xp, w, g, _, scratch = vectors
    w -= xp.multiply(g, rate, out=scratch)


def _momentum(vectors: Vectors, _t: int, rate: float, momentum: float) -> None:
    xp, w, g, (velocity,), scratch = vectors
    velocity *= momentum
    velocity += g
    w -= xp.multiply(velocity, rate, out=scratch)


def _nesterov(vectors: Vectors, _t: int, rate: float, momentum: float) -> None:
    xp, w, g, (velocity,), scratch = vectors
    velocity *= momentum
    velocity += g
    ahead = xp.multiply(velocity, momentum, out=scratch)
    ahead += g
    ahead *= rate
    w -= ahead


def _blend(vectors: Vectors, average: Vector, kept: float, power: int) -> None:
    """average ← kept · average + (1 − kept) · g^power, for a power of 1 or 2."""
    xp, _, g, _, scratch = vectors
    new = xp.multiply(g, 1 - kept, out=scratch)
    if power == 2:
        new *= g
    average *= kept
    average += new


def _rmsprop(vectors: Vectors, _t: int, rate: float, _momentum: float) -> None:
    xp, w, g, (square,), scratch = vectors
    _blend(vectors, square, ALPHA, 2)
    root = xp.sqrt(square, out=scratch)
    root += EPSILON
    step = xp.divide(g, root, out=scratch)
    step *= rate
    w -= step


def _adam(vectors: Vectors, t: int, rate: float, _momentum: float) -> None:
    xp, w, _, (mean, square), scratch = vectors
    _blend(vectors, mean, BETA_1, 1)
    _blend(vectors, square, BETA_2, 2)
    # Kingma & Ba 2015: both averages start at zero, m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) take that bias out:
    # α m̂ / (√ŝ + ε) = α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√s + ε √(1 − β₂ᵗ))
    unbias = (1 - BETA_2**t) ** 0.5
    root = xp.sqrt(square, out=scratch)
    root += EPSILON * unbias
    step = xp.divide(mean, root, out=scratch)
    step *= rate * unbias / (1 - BETA_1**t)
    w -= step


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer("SGD", "w ← w − α g", 0, _sgd),
    "momentum": Optimizer("Momentum", "v ← μ v + g;  w ← w − α v", 1, _momentum),
    "nesterov": Optimizer("Nesterov", "v ← μ v + g;  w ← w − α (g + μ v)", 1, _nesterov),
    "rmsprop": Optimizer("RMSprop", "s ← 0.99 s + 0.01 g²;  w ← w − α g / (√s + ε)", 1, _rmsprop),
    "adam": Optimizer("Adam", "m ← 0.9 m + 0.1 g;  s ← 0.999 s + 0.001 g²;  w ← w − α m̂ / (√ŝ + ε)", 2, _adam),
}
