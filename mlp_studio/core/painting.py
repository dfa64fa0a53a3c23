"""Points that are painted: a canvas as a frozen value, and what tools do to it.

Every point carries a ticket in [0, 1) for as long as it is there. Those below the training share are trained on, the
next ones validate, the rest test: a point that comes or goes moves no other from one share to another. The k-th point
of a class draws k φ mod 1 (φ = 0.618…, the golden ratio), which spreads any number of tickets evenly, so that each
class is shared out as asked, and its first point is trained on.
"""

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.errors import DataError
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.prepare import Prepared, portions

GOLDEN = (math.sqrt(5) - 1) / 2
TICKET_STEPS = 1_000_000  # a ticket has six decimals, which keeps the text of a canvas short
MOST_POINTS = 20_000  # on a canvas: as many as the boundary view draws
MOST_CLASSES = 20
NAME = "Painted points"
SAMPLE = ("blobs", 120, 2, 0.3)  # generator, rows, classes and noise of a canvas to begin with


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """N painted points; the arrays are made read-only copies of what is given.

    X: (N, 2) in original units. y: (N,) class indices. tickets: (N,) in [0, 1). There may be classes without points.
    """

    X: Floats
    y: Ints
    tickets: Floats
    class_names: tuple[str, ...]
    feature_names: tuple[str, str] = ("X1", "X2")

    def __post_init__(self) -> None:
        X = np.array(self.X, dtype=np.float64).reshape(-1, 2)
        y, tickets = np.array(self.y, dtype=np.int64), np.array(self.tickets, dtype=np.float64)
        for name, array in (("X", X), ("y", y), ("tickets", tickets)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.y)


# --- what tools do ------------------------------------------------------------------------------------------------


def add(canvas: Canvas, places: Floats, label: int) -> Canvas:
    """The canvas with points of class `label` at `places` (n, 2), as many of them as there is room for."""
    places = np.asarray(places, dtype=np.float64).reshape(-1, 2)[: MOST_POINTS - len(canvas)]
    first = int(np.count_nonzero(canvas.y == label))
    return replace(
        canvas,
        X=np.concatenate([canvas.X, places]),
        y=np.concatenate([canvas.y, np.full(len(places), label)]),
        tickets=np.concatenate([canvas.tickets, tickets(first, len(places))]),
    )


def dab(centre: Floats, radius: Floats, count: int, rng: Generator) -> Floats:
    """`count` places (count, 2): the first at `centre` (2,), the others anywhere in the ellipse of `radius` (2,)."""
    angle, share = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    share[:1] = 0
    places: Floats = centre + radius * np.column_stack([share * np.cos(angle), share * np.sin(angle)])
    return places


def under(canvas: Canvas, centre: Floats, radius: Floats) -> Ints:
    """The points (n,) within the ellipse of `radius` (2,) about `centre` (2,)."""
    return np.flatnonzero(_gaps(canvas, centre, radius) <= 1)


def nearest(canvas: Canvas, centre: Floats, radius: Floats) -> Ints:
    """The point (1,) nearest to `centre` within the ellipse of `radius`, (0,) where there is none."""
    gaps = _gaps(canvas, centre, radius)
    return np.array([gaps.argmin()] if len(gaps) and gaps.min() <= 1 else [], dtype=np.int64)


def _gaps(canvas: Canvas, centre: Floats, radius: Floats) -> Floats:
    """Squared distances (N,) from `centre`, 1 on the ellipse of `radius`."""
    gaps: Floats = (((canvas.X - centre) / radius) ** 2).sum(axis=1)
    return gaps


def erase(canvas: Canvas, points: Ints) -> Canvas:
    """The canvas without these points (n,); the same canvas where there are none."""
    if not len(points):
        return canvas
    kept = np.ones(len(canvas), dtype=bool)
    kept[points] = False
    return replace(canvas, X=canvas.X[kept], y=canvas.y[kept], tickets=canvas.tickets[kept])


def move(canvas: Canvas, points: Ints, delta: Floats) -> Canvas:
    """The canvas with these points (n,) moved by `delta` (2,); the same canvas where there are none."""
    if not len(points) or not np.any(delta):
        return canvas
    X = canvas.X.copy()
    X[points] += delta
    return replace(canvas, X=X)


def new_class(canvas: Canvas) -> Canvas:
    """The canvas with one more class, which has no points yet. Raises DataError where there are too many."""
    if len(canvas.class_names) >= MOST_CLASSES:
        raise DataError(f"{MOST_CLASSES} classes are the most that can be painted.")
    number = len(canvas.class_names) + 1
    while f"c{number}" in canvas.class_names:
        number += 1
    return replace(canvas, class_names=(*canvas.class_names, f"c{number}"))


def cleared(canvas: Canvas) -> Canvas:
    """The canvas without any point; its classes stay."""
    return erase(canvas, np.arange(len(canvas)))


def tickets(first: int, count: int) -> Floats:
    """The tickets of a class's points from number `first` on, (count,)."""
    drawn = np.arange(first, first + count) * GOLDEN % 1
    return np.asarray(np.floor(drawn * TICKET_STEPS) / TICKET_STEPS)


# --- from data and to data ----------------------------------------------------------------------------------------


def sample_canvas(rng: Generator) -> Canvas:
    """Two heaps of points, to begin with where the data cannot be painted on."""
    name, rows, classes, noise = SAMPLE
    X, y = GENERATORS[name].draw(rows, classes, noise, rng)
    canvas = Canvas(np.empty((0, 2)), np.empty(0, np.int64), np.empty(0), tuple(f"c{k + 1}" for k in range(classes)))
    for label in range(classes):
        canvas = add(canvas, np.round(X[y == label], 4), label)
    return canvas


def is_paintable(prepared: Prepared) -> bool:
    """Whether a canvas can begin with these data as they are."""
    data = prepared.dataset
    return data.features == 2 and data.classes <= MOST_CLASSES and data.rows <= MOST_POINTS


def canvas_of(prepared: Prepared, split: SplitConfig) -> Canvas:
    """The data as painted points, each in the share that it has; the order of the rows stays."""
    data, drawn = prepared.dataset, np.empty(prepared.dataset.rows)
    low = 0.0
    for part, portion in zip(prepared.parts.values(), portions(split), strict=True):
        drawn[part.rows] = low + portion * (np.arange(len(part)) + 0.5) / max(len(part), 1)
        low += portion
    names = (data.feature_names[0], data.feature_names[1])
    drawn = np.round(drawn, 6) if data.tickets is None else data.tickets
    return Canvas(data.X, data.y, drawn, data.class_names, names)


def dataset_of(canvas: Canvas) -> Dataset:
    """The painted points as a data set; the last classes count only from their first point on."""
    classes = int(canvas.y.max()) + 1 if len(canvas) else 0
    names = canvas.class_names[: max(classes, 1)]
    return Dataset(NAME, canvas.X, canvas.y, canvas.feature_names, names, tickets=canvas.tickets)


def to_text(canvas: Canvas) -> str:
    """The canvas as JSON, exactly: what a setting holds.

    A column of numbers is packed, as base64 of little-endian float64: 1,500 points take 0.1 ms instead of 10, and less
    room. `from_text` takes plain lists of numbers as well.
    """
    columns = {"x": canvas.X[:, 0], "y": canvas.X[:, 1], "class": canvas.y, "ticket": canvas.tickets}
    document = {
        "features": canvas.feature_names,
        "classes": canvas.class_names,
        **{name: base64.b64encode(column.astype("<f8").tobytes()).decode() for name, column in columns.items()},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Canvas:
    """The canvas of `to_text`. Raises DataError with the sentence to show where the text holds none."""
    try:
        document = json.loads(text)
        features, classes = _names(document["features"]), _names(document["classes"])
        columns = [_column(document[name]) for name in ("x", "y", "class", "ticket")]
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise DataError("The painted points cannot be read: paint them anew, or choose another source.") from None
    x, y, labels, drawn = columns
    if len(features) != 2 or len({len(column) for column in columns}) != 1:
        raise DataError("The painted points cannot be read: each needs two coordinates, a class and a ticket.")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and ((drawn >= 0) & (drawn < 1)).all()):
        raise DataError("The painted points cannot be read: a coordinate or a ticket is out of range.")
    if not np.isin(labels, np.arange(len(classes))).all():
        raise DataError("The painted points cannot be read: a point has a class without a name.")
    return Canvas(np.column_stack([x, y]), labels.astype(np.int64), drawn, classes, (features[0], features[1]))


def _names(values: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError
    return tuple(values)


def _column(values: Sequence[float] | str) -> NDArray[np.float64]:
    if isinstance(values, str):
        return np.frombuffer(base64.b64decode(values, validate=True), "<f8").astype(np.float64)
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        raise TypeError
    return np.array(values, dtype=np.float64)
