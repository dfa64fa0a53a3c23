"""Made-up data: one decorated function each. All are two-dimensional.

To add one: write a function (rows, classes, noise, rng) → (X (N, 2), y (N,)) and decorate it with its label;
its code goes to `core.export.formulas`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import Generator as Rng

from mlp_studio.core.dataset import Floats, Ints

Points: TypeAlias = tuple[Floats, Ints]
Draw: TypeAlias = Callable[[int, int, float, Rng], Points]


@dataclass(frozen=True, slots=True)
class Generator:
    """A way to draw points; `classes` is fixed, or None where the person chooses."""

    label: str
    help: str
    classes: int | None
    draw: Draw


GENERATORS: dict[str, Generator] = {}


def _generator(name: str, label: str, help: str, classes: int | None = None) -> Callable[[Draw], Draw]:  # noqa: A002
    def add(draw: Draw) -> Draw:
        GENERATORS[name] = Generator(label, help, classes, draw)
        return draw

    return add


def shares(rows: int, classes: int) -> list[int]:
    """Rows of each class: as even as whole numbers allow, the first classes taking what is left over."""
    return [rows // classes + (k < rows % classes) for k in range(classes)]


def _joined(parts: list[Floats]) -> Points:
    y = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate(parts), y


@_generator("spiral", "Spiral", "Arms that wind around one another: no straight line parts them.")
def spiral(rows: int, classes: int, noise: float, rng: Rng) -> Points:
    """Arm j of K: radius 0 → 1 evenly, turning through 4 rad; for K = 3 its angle goes from 4j to 4(j + 1).

    The starts of the arms are spread evenly over the circle: with K = 3, 4 rad apart (as near to even as the
    lesson has it, 12 rad being 1.9 turns); otherwise 2π/K apart. Angle noise: normal, `noise` rad.
    """
    step = 4.0 if classes == 3 else 2 * np.pi / classes
    arms = []
    for arm, count in enumerate(shares(rows, classes)):
        radius = np.linspace(0, 1, count)
        angle = arm * step + np.linspace(0, 4, count) + rng.normal(0, noise, count)
        arms.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return _joined(arms)


@_generator("moons", "Moons", "Two half circles that reach into each other.", classes=2)
def moons(rows: int, classes: int, noise: float, rng: Rng) -> Points:
    """Two half circles of radius 1, the second turned round and moved by (1, 0.5)."""
    upper, lower = (np.linspace(0, np.pi, count) for count in shares(rows, classes))
    X, y = _joined(
        [
            np.column_stack([np.cos(upper), np.sin(upper)]),
            np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)]),
        ]
    )
    return X + rng.normal(0, noise, X.shape), y


@_generator("circles", "Circles", "A ring around a ring.")
def circles(rows: int, classes: int, noise: float, rng: Rng) -> Points:
    """Rings of radius 1/K, 2/K … 1 about the origin; the noise too is 1/K as large as elsewhere."""
    rings = []
    for ring, count in enumerate(shares(rows, classes), start=1):
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        rings.append(ring / classes * np.column_stack([np.cos(angle), np.sin(angle)]))
    X, y = _joined(rings)
    return X + rng.normal(0, noise / classes, X.shape), y


@_generator("blobs", "Blobs", "Round heaps of points; a linear model parts them.")
def blobs(rows: int, classes: int, noise: float, rng: Rng) -> Points:
    """Normal heaps of spread `noise` about centres spread evenly on the unit circle."""
    angle = 2 * np.pi * np.arange(classes) / classes
    centres = np.column_stack([np.sin(angle), np.cos(angle)])
    X, y = _joined([np.tile(centre, (count, 1)) for centre, count in zip(centres, shares(rows, classes), strict=True)])
    return X + rng.normal(0, noise, X.shape), y


@_generator("xor", "XOR", "Opposite quarters belong together: the smallest problem that no line solves.", classes=2)
def xor(rows: int, classes: int, noise: float, rng: Rng) -> Points:
    """Uniform points in the square ±1; class 1 where x and y differ in sign; moved by the noise / 2."""
    parts = []
    for label, count in enumerate(shares(rows, classes)):
        X = rng.uniform(0, 1, (count, 2)) * rng.choice([-1.0, 1.0], (count, 1))
        X[:, 1] *= 1 - 2 * label
        parts.append(X)
    X, y = _joined(parts)
    return X + rng.normal(0, noise / 2, X.shape), y


@_generator("random", "Random labels", "Points without any pattern: whatever the network learns here is memory.")
def random(rows: int, classes: int, noise: float, rng: Rng) -> Points:  # noqa: ARG001 - there is no pattern to blur
    """Uniform points in the unit square, labels by position in the file."""
    return _joined([rng.uniform(0, 1, (count, 2)) for count in shares(rows, classes)])
