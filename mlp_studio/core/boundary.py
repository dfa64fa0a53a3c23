"""The decision boundary: a plane through feature space, and the network's answer on a grid over it.

A plane x(u, v) = origin + u·basis₀ + v·basis₁ is affine, and so is the scaler, so that both fold into the
first layer: whatever the number of features, the raster asks a network of two inputs (`restrict`).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.dataset import Floats
from mlp_studio.core.network import Layer, Params, may_overflow
from mlp_studio.core.prepare import Prepared, Scaler

Indices: TypeAlias = NDArray[np.uint8]

COLOURS = 256  # an index is one byte
BLOCK_POINTS = 2048  # grid points computed at once: the widest layer's block then stays within the cache


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
    """The plane of the first two principal components of the scaled training rows, through their mean.

    The components are the first right singular vectors of the centred, scaled rows; u, v are in scaled units.
    """
    X = prepared.train.X
    mean = X.mean(axis=0)
    covariance = (X - mean).T @ (X - mean)
    eigenvalues, vectors = np.linalg.eigh(covariance)
    components = vectors[:, ::-1][:, :2]
    # an eigenvector's sign is arbitrary: make its largest entry positive, so that the picture does not flip
    components = components * np.sign(components[np.abs(components).argmax(axis=0), [0, 1]])
    explained = eigenvalues[::-1][:2].sum() / max(float(eigenvalues.sum()), 1e-300)
    scaler = prepared.scaler
    centre = scaler.mean + scaler.scale * mean
    return Plane(
        centre,
        components.T * scaler.scale,
        centre,
        components / scaler.scale[:, None],
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


def confidence_levels(classes: int) -> int:
    """How many steps of confidence each class has among the 256 indices of a raster."""
    return max(1, COLOURS // classes)


@may_overflow
def raster(params: Params, activation: str, box: Box, size: int) -> Indices:
    """What a network of two inputs (see `restrict`) says on a grid of size × size cell centres over the box.

    (size, size) uint8, row 0 at the bottom (low v): class × levels + confidence, where the confidence runs
    from 0 (probability 1 / C) to levels − 1 (certain) and levels = `confidence_levels(C)`. Beyond 256 classes
    the indices start again from 0.
    """
    (W, b), rest = params[0], params[1:]
    dtype = params[-1].W.dtype
    u, v = _centres(box.u_low, box.u_high, size), _centres(box.v_low, box.v_high, size)
    # z of the first layer is what u adds plus what v adds, so no grid of inputs is made. Units go first and
    # points last throughout: the products are then wide, and reductions over the classes run along long rows.
    across = np.ascontiguousarray(((u - u[0])[:, None] * W[0]).T.astype(dtype))  # (H, size)
    upward = np.ascontiguousarray((v[:, None] * W[1] + (b + u[0] * W[0])).T.astype(dtype))  # (H, size)
    indices = np.empty((size, size), np.uint8)
    step = max(1, BLOCK_POINTS // size)
    buffer = np.empty((len(b), step, size), dtype)
    for row in range(0, size, step):
        z = buffer[:, : min(step, size - row)]
        np.add(across[:, None, :], upward[:, row : row + step, None], out=z)
        logits = _above_first(rest, activation, z.reshape(len(b), -1))
        indices[row : row + step] = _quantised(logits).reshape(-1, size)
    return indices


def _above_first(rest: Params, activation: str, z: NDArray[Any]) -> NDArray[Any]:
    """The logits (C, n), given z (H, n) of the first layer, which is overwritten."""
    f = ACTIVATIONS[activation].f
    for W, b in rest:
        z = W.T @ f(z)
        z += b[:, None]
    return z


def _quantised(logits: NDArray[Any]) -> Indices:
    """The indices (n,) of logits (C, n), which are overwritten."""
    classes = len(logits)
    levels = confidence_levels(classes)
    winner = logits.argmax(axis=0)
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    confidence = 1 / logits.sum(axis=0)  # softmax of the largest: e^0 / Σ e^(z − max)
    share = (confidence - 1 / classes) * (levels / (1 - 1 / classes))
    step = np.fmin(np.fmax(share, 0), levels - 1).astype(np.int64)  # fmax makes 0 of nan
    indices: Indices = (winner * levels + step).astype(np.uint8)
    return indices


def _centres(low: float, high: float, size: int) -> Floats:
    steps = np.arange(size, dtype=np.float64) + 0.5
    return low + steps * ((high - low) / size)
