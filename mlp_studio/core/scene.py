"""What the boundary view shows of the data, worked out beforehand: the plane, its frame, and the points to draw.

With a million rows this takes most of a second, so that a job does it; the window then only draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mlp_studio.core.boundary import Box, Plane, bounds, column_plane, principal_plane
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.prepare import Prepared

QUICK_VALUES = 150_000  # a scene of so many feature values is there within a frame, and no thread is needed
MAX_POINTS = 20_000  # more are drawn as an even sample of them


@dataclass(frozen=True, slots=True)
class Slice:
    """Which plane of wide data is shown: two feature columns, or the principal components.

    The other features are held at their training mean, at row `held_row` of the data, or at values of their own:
    `held` (D,) in original units, of which those on the axes mean nothing.
    """

    kind: Literal["columns", "principal"] = "columns"
    columns: tuple[int, int] = (0, 1)
    held_row: int | None = None
    held: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The drawn points of one share: places (n, 2) in the plane, y (n,), and their rows within the share (n,)."""

    places: Floats
    y: Ints
    rows: Ints
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A plane through the data, the box that holds all rows there, and the points of each share by its name.

    mean (D,) of the training rows, low and high (D,) of all rows, in original units.
    """

    slice: Slice
    plane: Plane
    home: Box
    points: Mapping[str, Points]
    mean: Floats
    low: Floats
    high: Floats


def make_scene(prepared: Prepared, chosen: Slice, plane: Plane | None = None) -> Scene:
    """The scene of a slice of these data; `plane`: the slice's, where it is there already."""
    plane = plane or make_plane(prepared, chosen)
    data = prepared.dataset
    points = {}
    for name, part in prepared.parts.items():
        rows = even_sample(len(part), round(len(part) * MAX_POINTS / data.rows))
        points[name] = Points(plane.project(data.X[part.rows[rows]]), part.y[rows], rows, len(part))
    mean = data.X[prepared.train.rows].mean(axis=0)
    return Scene(chosen, plane, bounds(plane, data.X), points, mean, data.X.min(axis=0), data.X.max(axis=0))


def holds_features(scene: Scene) -> bool:
    """Whether there are features that this slice holds at a value, so that it can be moved along them."""
    return scene.slice.kind == "columns" and len(scene.mean) > 2


def held_values(prepared: Prepared, scene: Scene, chosen: Slice) -> Floats:
    """Where a slice of two columns holds the features (D,), in original units."""
    if chosen.held is not None:
        return np.array(chosen.held)
    return scene.mean if chosen.held_row is None else prepared.dataset.X[chosen.held_row]


def moved(prepared: Prepared, scene: Scene, chosen: Slice) -> Scene:
    """The scene of the same two columns with the others held elsewhere: only the plane differs, not the points."""
    plane = column_plane(prepared, chosen.columns, held_values(prepared, scene, chosen), held_name(chosen))
    plane = replace(plane, basis=scene.plane.basis, projection=scene.plane.projection)
    return replace(scene, slice=chosen, plane=plane)


def held_name(chosen: Slice) -> str:
    """Where the other features are held, in words; "" for their mean."""
    if chosen.held is not None:
        return "the values set under Features"
    return "" if chosen.held_row is None else f"the values of row {chosen.held_row + 1:,}"


def even_sample(total: int, most: int) -> Ints:
    """All of `total` rows, or so many of them, evenly spaced."""
    return np.arange(total) if total <= most else np.linspace(0, total - 1, most).astype(np.int64)


def first_slice(dataset: Dataset) -> Slice:
    """The plane to begin with: all there is of two features, the principal components of more."""
    return Slice("principal" if dataset.features > 2 else "columns")


def make_plane(prepared: Prepared, chosen: Slice) -> Plane:
    """The plane that a slice means for these data."""
    if chosen.kind == "principal" and prepared.dataset.features > 1:
        return principal_plane(prepared)
    last = prepared.dataset.features - 1
    first, second = (min(column, last) for column in chosen.columns)
    held = prepared.dataset.X[chosen.held_row] if chosen.held_row is not None else None
    if chosen.held is not None:
        held = np.array(chosen.held)
    return column_plane(prepared, (first, second), held, held_name(chosen))
