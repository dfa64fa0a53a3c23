"""The decision boundary: a plane through feature space, and the network's answer on a grid over it.

A plane x(u, v) = origin + u·basis₀ + v·basis₁ is affine, and so is the scaler, so that both fold into the
first layer: whatever the number of features, the raster asks a network of two inputs (`restrict`). Inputs that are
derived from the features bend the plane, so that it has to be lifted to them point by point (`Lift`); where none is
more than quadratic, six numbers a point say it all, and again the raster does not depend on the number of features.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.dataset import Floats
from mlp_studio.core.derive import DERIVATIONS, fill
from mlp_studio.core.network import Layer, Params, may_overflow
from mlp_studio.core.prepare import Prepared, Scaler
from mlp_studio.core.products import product

Indices: TypeAlias = NDArray[np.uint8]

COLOURS = 256  # an index is one byte
# fractions of a box, and a row of ones: a quadratic function is known by its values there
SIX_POINTS = np.array([[0, 0.5, 1, 0, 0.5, 0], [0, 0, 0, 0.5, 0.5, 1], [1, 1, 1, 1, 1, 1]], np.float64)
GRID_LEAST = 100  # cells on each side of a raster, whatever the network
RASTER_BUDGET = 3e9  # multiply-adds that a fine raster may cost: well under a second on one core
BLOCK = 262_144  # numbers of the widest layer computed at once: fewer and larger steps, still within the cache


@dataclass(frozen=True, slots=True)
class Box:
    """The part of the plane that is shown, in its own coordinates."""

    u_low: float
    u_high: float
    v_low: float
    v_high: float


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """x(u, v) = origin + u·basis[0] + v·basis[1]; all in original units.

    origin (D,), basis (2, D). A sample x lies at (u, v) = (x − centre) @ projection; centre (D,),
    projection (D, 2).
    `labels` name the axes; `description` says in words which slice this is, "" when it is all there is.
    """

    origin: Floats
    basis: Floats
    centre: Floats
    projection: Floats
    labels: tuple[str, str]
    description: str = ""

    def project(self, X: Floats) -> Floats:
        """Coordinates (N, 2) of samples X (N, D)."""
        return (X - self.centre) @ self.projection

    def shares_axes(self, other: "Plane") -> bool:
        """Whether both have the same coordinates, as parallel slices have that hold other features elsewhere."""
        return self.projection is other.projection

    def point(self, u: float, v: float) -> Floats:
        """The sample (D,) at (u, v)."""
        sample: Floats = self.origin + u * self.basis[0] + v * self.basis[1]
        return sample


def column_plane(
    prepared: Prepared, columns: tuple[int, int], held: Floats | None = None, held_name: str = ""
) -> Plane:
    """The plane of two features, the others held at `held` (D,), by default the mean of the training rows."""
    data = prepared.dataset
    D = data.features
    origin = (data.X[prepared.train.rows].mean(axis=0) if held is None else held).astype(np.float64)
    basis, projection = np.zeros((2, D)), np.zeros((D, 2))
    for axis, column in enumerate(columns):
        if axis == 0 or column != columns[0]:  # with a single feature the second axis means nothing
            basis[axis, column] = projection[column, axis] = 1.0
            origin[column] = 0.0
    names = data.feature_names
    labels = (names[columns[0]], names[columns[1]] if columns[1] != columns[0] else "")
    description = ""
    if D > 2:
        held_name = held_name or "their training mean"
        description = f"{labels[0]} and {labels[1]}; the other {D - 2} held at {held_name}"
    return Plane(origin, basis, np.zeros(D), projection, labels, description)


def principal_plane(prepared: Prepared) -> Plane:
    """The plane of the first two principal components of the scaled features of the training rows, through their mean.

    The components are the first right singular vectors of the centred, scaled rows; u, v are in scaled units.
    """
    X = prepared.train.X[:, : prepared.dataset.features]  # of the inputs, the features alone
    mean = X.mean(axis=0)
    covariance = (X - mean).T @ (X - mean)
    eigenvalues, vectors = np.linalg.eigh(covariance)
    components = vectors[:, ::-1][:, :2]
    # an eigenvector's sign is arbitrary: make its largest entry positive, so that the picture does not flip
    components = components * np.sign(components[np.abs(components).argmax(axis=0), [0, 1]])
    explained = eigenvalues[::-1][:2].sum() / max(float(eigenvalues.sum()), 1e-300)
    features, scaler = slice(prepared.dataset.features), prepared.scaler
    shift, scale = scaler.mean[features], scaler.scale[features]
    centre = shift + scale * mean
    return Plane(
        centre,
        components.T * scale,
        centre,
        components / scale[:, None],
        ("principal component 1", "principal component 2"),
        f"the first two principal components, {explained:.0%} of the variance",
    )


def bounds(plane: Plane, X: Floats, margin: float = 0.05) -> Box:
    """The box that holds all samples, widened by `margin` of its size on each side."""
    points = plane.project(X)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, (high - low) * margin, 1.0)
    (u_low, v_low), (u_high, v_high) = low - room, high + room
    return Box(float(u_low), float(u_high), float(v_low), float(v_high))


def restrict(params: Params, scaler: Scaler, plane: Plane) -> Params:
    """The network as a function of the plane's (u, v) alone: scaler and plane folded into the first layer.

    That layer is float64 whatever the network's precision: far from the origin its terms cancel.
    """
    W, b = params[0]
    start = (plane.origin - scaler.mean) / scaler.scale
    return (Layer((plane.basis / scaler.scale) @ W, start @ W + b), *params[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Lift:
    """From points of a plane to a network's scaled inputs (K of them), where some are derived from the features."""

    plane: Plane
    scaler: Scaler
    derived: tuple[str, ...]

    @property
    def count(self) -> int:
        """K."""
        return len(self.scaler.mean)

    @property
    def is_quadratic(self) -> bool:
        """Whether all inputs are polynomials of degree 2 in (u, v)."""
        return all(DERIVATIONS[name].is_quadratic for name in self.derived)

    def __call__(self, points: Floats, out: Floats | None = None) -> Floats:
        """The inputs (K, n) at points (2, n), (u, v) one above the other; in `out` where there is one. float64."""
        inputs = np.empty((self.count, points.shape[1])) if out is None else out
        features = len(self.plane.origin)
        np.matmul(self.plane.basis.T, points, out=inputs[:features])
        inputs[:features] += self.plane.origin[:, None]
        fill(inputs.T, features, self.derived)
        inputs -= self.scaler.mean[:, None]
        inputs /= self.scaler.scale[:, None]
        return inputs


def on_plane(params: Params, prepared: Prepared, plane: Plane) -> tuple[Params, Lift | None]:
    """What answers at points of a plane: a network of their (u, v), or the network itself with a lift to its inputs."""
    if not prepared.derived:
        return restrict(params, prepared.scaler, plane), None
    return params, Lift(plane, prepared.scaler, prepared.derived)


def affordable_grid(params: Params, most: int, budget: float = RASTER_BUDGET) -> int:
    """Cells on each side of a raster that is to be fine: at most `most`, and as many as cost `budget` multiply-adds."""
    cost = sum(W.size for W, _ in params)
    return int(min(most, max(GRID_LEAST, (budget / cost) ** 0.5)))


def confidence_levels(classes: int) -> int:
    """How many steps of confidence each class has among the 256 indices of a raster."""
    return max(1, COLOURS // classes)


class Rasterizer:
    """Draws rasters and keeps its arrays for the next one of the same kind. Lives in one thread at a time."""

    def __init__(self) -> None:
        self._made_for: object = None

    @may_overflow
    def __call__(self, params: Params, activation: str, box: Box, size: int, lift: Lift | None = None) -> Indices:
        """What a network says on a grid of size × size cell centres over the box: one of two inputs, or with a `lift`.

        (size, size) uint8, row 0 at the bottom (low v): class × levels + confidence, where the confidence runs
        from 0 (probability 1 / C) to levels − 1 (certain) and levels = `confidence_levels(C)`. Beyond 256 classes
        the indices start again from 0. See `on_plane`.
        """
        self._make_room(params, size, lift)
        first, f = self._first_layer(params[0], box, lift), ACTIVATIONS[activation].f
        for start in range(0, size * size, self._block):
            # units go first and points last: products are then wide, and sums over the classes run along long rows
            columns = slice(start, min(start + self._block, size * size))
            z = product(first, self._inputs(columns, box, lift), self._room(0, columns))
            for layer, (W, b) in enumerate(params[1:], start=1):
                z = product(W.T, f(z), self._room(layer, columns))
                z += b[:, None]
        return _quantised(self._logits).reshape(size, size)

    def _room(self, layer: int, columns: slice) -> NDArray[Any]:
        """Where z of a layer goes, (units, points)."""
        if layer == len(self._widths) - 1:
            return self._logits[:, columns]
        points = columns.stop - columns.start
        return self._z[layer][: self._widths[layer] * points].reshape(-1, points)

    def _inputs(self, columns: slice, box: Box, lift: Lift | None) -> NDArray[Any]:
        """What the first layer is multiplied with at some of the grid's points: a column each, its last number a 1."""
        fractions = self._points[:, columns]
        if lift is None or lift.is_quadratic:
            return fractions
        points, K = fractions.shape[1], lift.count
        inputs = self._lifted[: (K + 1) * points].reshape(K + 1, points)
        inputs[:K] = lift(_places(box, fractions), self._exact[: K * points].reshape(K, points))
        inputs[K] = 1
        return inputs

    def _make_room(self, params: Params, size: int, lift: Lift | None) -> None:
        """The grid as fractions of the box (3, size²): from the left, from below, and a row of ones; and arrays.

        Three more rows hold their squares and products where a quadratic lift asks for them.
        """
        dtype, widths = params[-1].W.dtype, tuple(len(b) for _, b in params)
        is_quadratic = lift is not None and lift.is_quadratic
        K = lift.count if lift is not None and not is_quadratic else 0
        if self._made_for == (dtype, widths, size, K, is_quadratic):
            return
        self._made_for, self._widths = (dtype, widths, size, K, is_quadratic), widths
        across, up = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
        points = np.stack([across.ravel(), up.ravel(), np.ones(size * size)])
        self._points = (_monomials(points) if is_quadratic else points).astype(dtype)
        self._block = min(size * size, max(256, BLOCK // max(*widths, K)))
        self._z = [np.empty(width * self._block, dtype) for width in widths[:-1]]
        self._logits = np.empty((widths[-1], size * size), dtype)
        if K:
            self._exact = np.empty(K * self._block)
            self._lifted = np.empty((K + 1) * self._block, dtype)

    def _first_layer(self, layer: Layer, box: Box, lift: Lift | None) -> NDArray[Any]:
        """The first layer, its bias the last column: as it is (H, K + 1) where the points are lifted to its inputs.

        Otherwise as a function of the fractions, (H, 3) or (H, 6): a change of variables, in float64 until its end.
        """
        W, b = layer
        if lift is not None and lift.is_quadratic:
            z = W.T.astype(np.float64) @ lift(_places(box, SIX_POINTS)) + b[:, None]
            exact: NDArray[Any] = z @ np.linalg.inv(_monomials(SIX_POINTS))  # z at six points determines it everywhere
            return exact.astype(self._points.dtype)
        if lift is not None:
            return np.column_stack([W.T, b])
        u, v = box.u_high - box.u_low, box.v_high - box.v_low
        block = np.stack([u * W[0], v * W[1], b + box.u_low * W[0] + box.v_low * W[1]], axis=1)
        return block.astype(self._points.dtype)


def _places(box: Box, fractions: NDArray[Any]) -> Floats:
    """Where in the plane (2, n) the fractions (at least 2, n) of the box are, in float64."""
    low, high = np.array([[box.u_low], [box.v_low]]), np.array([[box.u_high], [box.v_high]])
    places: Floats = low + (high - low) * fractions[:2]
    return places


def _monomials(points: Floats) -> Floats:
    """s, t, 1, s², t², st (6, n) of fractions s, t and a row of ones (3, n)."""
    s, t = points[:2]
    return np.concatenate([points, [s * s, t * t, s * t]])


def raster(params: Params, activation: str, box: Box, size: int, lift: Lift | None = None) -> Indices:
    """One raster; see `Rasterizer`, which is for many."""
    return Rasterizer()(params, activation, box, size, lift)


def _quantised(logits: NDArray[Any]) -> Indices:
    """The indices (n,) of logits (C, n), which are overwritten."""
    classes, levels = len(logits), confidence_levels(len(logits))
    largest, indices = logits[0].copy(), np.zeros(logits.shape[1], np.uint8)
    for winner in range(1, classes):  # argmax over so few rows takes several times as long
        np.copyto(indices, winner * levels % COLOURS, where=logits[winner] > largest, casting="unsafe")
        np.maximum(largest, logits[winner], out=largest)
    logits -= largest
    np.exp(logits, out=logits)
    confidence = np.divide(1, np.add.reduce(logits, axis=0, out=largest), out=largest)  # e^0 / Σ e^(z − largest)
    confidence -= 1 / classes
    confidence *= levels / (1 - 1 / classes)
    np.fmax(confidence, 0, out=confidence)  # also of nan
    indices += np.fmin(confidence, levels - 1, out=confidence).astype(np.uint8)
    return indices
