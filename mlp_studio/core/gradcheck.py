"""Whether the gradients are right: each beside the slope of the loss, measured by moving one number a little.

The central difference (J(w + h) − J(w − h)) / 2h knows nothing of the chain rule. It is always taken in float64, with
dropout off, by the network that trains (`NumpyMLP`), its loss included.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.flat import flatten, places
from mlp_studio.core.backends.numpy_mlp import NumpyMLP
from mlp_studio.core.backends.protocol import Checkpoint
from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
from mlp_studio.core.network import Layer, Params
from mlp_studio.core.prepare import Part, Prepared

Array: TypeAlias = NDArray[Any]
Kind: TypeAlias = Literal["W", "b"]

STEP = 1e-5  # h: the error of the difference, about h² + 1e-16 / h, is then least
KINK = 1e-4  # this near to 0, a step may carry z across the kink of a rectifier
SMALLEST = 1e-3  # a gradient beneath this is judged as if it were this: a difference resolves about 1e-11
TOLERANCE = 1e-6  # a relative error below this is one of rounding
MOST_ENTRIES = 5000
WORK = 5e9  # multiplications that a check of the whole network may cost: a few seconds
FEWEST_ROWS = 16  # what a pass over fewer costs is moving the weights about


class Difference(NamedTuple):
    """A gradient by hand and as a difference quotient, and how far they differ; `kinked`: a unit switched between."""

    analytic: float
    numeric: float
    error: float
    kinked: bool


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The outcome for a network: the worst relative error and where it is.

    `checked` of `parameters` entries were compared over `samples` rows. `left_out` rows had a z too near to a kink;
    where no other rows were there, `skipped` entries that such a z depends on were passed over instead.
    """

    worst: Difference
    layer: int  # from 1
    kind: Kind
    index: tuple[int, ...]
    checked: int
    parameters: int
    samples: int
    left_out: int
    skipped: int

    @property
    def passed(self) -> bool:
        """Whether nothing but rounding is left."""
        return self.worst.error < TOLERANCE


def engine(
    experiment: Experiment, prepared: Prepared, params: Params, batch: Part, precision: str = "float64"
) -> NumpyMLP:
    """The network that trains, on `batch` alone (also as validation rows), with dropout off."""
    plain = replace(
        experiment,
        model=replace(experiment.model, dropout=0.0),
        train=replace(experiment.train, precision=precision),
    )
    return NumpyMLP(plain, replace(prepared, train=batch, validation=batch), params)


def relative_error(analytic: float, numeric: float, loss: float = 1.0) -> float:
    """|analytic − numeric| over the larger of them, or over what a difference of such losses can resolve."""
    smallest = SMALLEST * max(1.0, loss)
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), smallest)


def has_kink(activation: str) -> bool:
    """Whether the slope of an activation has a jump or a corner at 0."""
    _, slope = ACTIVATIONS[activation].curve(np.array([-KINK, 0.0, KINK]))
    return bool(abs(slope[0] - 2 * slope[1] + slope[2]) > 0.1 * KINK)


# --- one entry ----------------------------------------------------------------------------------------------


def parameter_difference(
    experiment: Experiment, prepared: Prepared, params: Params, batch: Part, where: tuple[int, Kind, tuple[int, ...]]
) -> Difference:
    """dJ/dW or dJ/db at (layer from 1, kind, index), over `batch`."""
    layer, kind, index = where
    network = engine(experiment, prepared, params, batch)
    loss = network.backward(None).loss
    analytic = float(getattr(network.gradients()[layer - 1], kind)[index])
    start, at = network.checkpoint(), flat_index(params, layer, kind, index)
    step = STEP * max(1.0, abs(float(start.weights[at])))
    (up, signs_up), (down, signs_down) = (
        _moved_loss(network, start, at, shift, experiment.model.activation) for shift in (step, -step)
    )
    numeric = (up - down) / (2 * step)
    return Difference(analytic, numeric, relative_error(analytic, numeric, loss), signs_up != signs_down)


def signal_difference(
    experiment: Experiment,
    prepared: Prepared,
    params: Params,
    batch: Part,
    z: Array,
    where: tuple[int, int, int, float],
) -> Difference:
    """dJ/dz at (layer from 1, sample, unit, its δ): what follows that layer is a network too, fed with a = f(z)."""
    layer, sample, unit, analytic = where
    tail, f = params[layer:], ACTIVATIONS[experiment.model.activation].f
    if not tail:  # the logits: an identity hands them on
        classes = z.shape[1]
        tail, f = (Layer(np.eye(classes), np.zeros(classes)),), lambda values: values
    weights = prepared.class_weights
    share = 1 / len(batch) if weights is None else float(weights[batch.y[sample]] / weights[batch.y].sum())
    losses, signs = [], []
    for shift in (STEP, -STEP):
        moved = z[sample : sample + 1].astype(np.float64)
        moved[0, unit] += shift
        sign = (moved > 0).tobytes() if params[layer:] and has_kink(experiment.model.activation) else b""
        row = Part(batch.rows[sample : sample + 1], f(moved), batch.y[sample : sample + 1])
        network = engine(experiment, replace(prepared, class_weights=None), tail, row)
        loss, beyond = _loss_and_signs(network, experiment.model.activation)
        losses.append(loss * share)
        signs.append(sign + beyond)
    numeric = (losses[0] - losses[1]) / (2 * STEP)
    return Difference(analytic, numeric, relative_error(analytic, numeric, losses[0]), signs[0] != signs[1])


def flat_index(params: Params, layer: int, kind: Kind, index: tuple[int, ...]) -> int:
    """Where an entry of W or b of a layer (from 1) lies in the flat vector of all parameters."""
    place = list(places(params))[layer - 1]
    start: int = getattr(place, kind).start
    return start + int(np.ravel_multi_index(index, getattr(params[layer - 1], kind).shape))


def _moved_loss(network: NumpyMLP, start: Checkpoint, at: int, shift: float, activation: str) -> tuple[float, bytes]:
    weights = start.weights.copy()
    weights[at] += shift
    network.restore(Checkpoint(weights, start.memory, start.updates))
    return _loss_and_signs(network, activation)


def _loss_and_signs(network: NumpyMLP, activation: str) -> tuple[float, bytes]:
    """The loss and, where the activation has a kink, on which side of it every hidden unit is."""
    seen: list[bytes] = []

    def watch(name: str, _layer: int, array: Array) -> None:
        if name == "z":
            seen.append((array > 0).tobytes())

    if has_kink(activation):
        network.watch = watch
    loss = network.backward(None).loss
    network.watch = None
    return loss, b"".join(seen[:-1])  # the logits have no activation


# --- the whole network --------------------------------------------------------------------------------------


def gradient_check(
    experiment: Experiment,
    prepared: Prepared,
    params: Params,
    sample: Part | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> GradientCheck:
    """Compare dJ/dW and dJ/db with differences, over `sample` (None: the training rows).

    Every entry is compared, or as many as there is time for, spread evenly over the network. `stop()` is asked between
    entries and ends the check early.
    """
    batch = prepared.train if sample is None else sample
    near = _near_kinks(experiment, prepared, params, batch)
    smooth = np.flatnonzero(~_any_unit(near, len(batch)))
    left_out = len(batch) - len(smooth) if len(smooth) else 0
    if left_out:
        batch = Part(batch.rows[smooth], batch.X[smooth], batch.y[smooth])
    network = engine(experiment, prepared, params, batch)
    loss = network.backward(None).loss
    analytic = flatten(network.gradients())
    kept = np.ones(len(analytic), bool) if len(smooth) else _clear_of_kinks(params, near)
    chosen = _spread(np.flatnonzero(kept), len(batch))

    start, worst, at, checked = network.checkpoint(), Difference(0.0, 0.0, 0.0, False), 0, 0
    for entry in chosen:
        if stop():
            break
        numeric = _slope(network, start, int(entry))
        error = relative_error(float(analytic[entry]), numeric, loss)
        checked += 1
        if checked == 1 or not error <= worst.error:  # also where it is not a number
            worst, at = Difference(float(analytic[entry]), numeric, error, False), int(entry)
    layer, kind, index = _place(params, at)
    return GradientCheck(
        worst, layer, kind, index, checked, len(analytic), len(batch), left_out, len(analytic) - int(kept.sum())
    )


def _slope(network: NumpyMLP, start: Checkpoint, at: int) -> float:
    weights, losses = start.weights.copy(), []
    step = STEP * max(1.0, abs(float(weights[at])))
    for moved in (start.weights[at] + step, start.weights[at] - step):
        weights[at] = moved
        network.restore(Checkpoint(weights, start.memory, start.updates))
        losses.append(network.validation_scores().loss)  # of the same rows, by a forward pass alone
    return (losses[0] - losses[1]) / (2 * step)


def _near_kinks(experiment: Experiment, prepared: Prepared, params: Params, batch: Part) -> list[NDArray[np.bool_]]:
    """For each hidden layer, which samples and units (n, width) have a z too near to a kink."""
    if not has_kink(experiment.model.activation):
        return []
    found: list[NDArray[np.bool_]] = []

    def watch(name: str, _layer: int, array: Array) -> None:
        if name == "z":
            found.append(np.abs(array) < KINK)

    network = engine(experiment, prepared, params, batch)
    network.watch = watch
    network.backward(None)
    return found[:-1]


def _any_unit(near: list[NDArray[np.bool_]], samples: int) -> NDArray[np.bool_]:
    flags = np.zeros(samples, bool)
    for layer in near:
        flags |= layer.any(axis=1)
    return flags


def _clear_of_kinks(params: Params, near: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Which entries of the flat vector no z near a kink depends on."""
    where = list(places(params))
    kept = np.ones(where[-1].b.stop, bool)
    beyond = False
    for layer in reversed(range(len(near))):
        units = near[layer].any(axis=0) | beyond
        kept[where[layer].W] = np.broadcast_to(~units, params[layer].W.shape).ravel()
        kept[where[layer].b] = ~units
        beyond = beyond or bool(units.any())
    return kept


def _spread(entries: NDArray[np.intp], samples: int) -> NDArray[np.intp]:
    """As many of the entries as there is time for, evenly from first to last."""
    most = int(np.clip(WORK / (2.0 * max(samples, FEWEST_ROWS) * max(1, len(entries))), 100, MOST_ENTRIES))
    if len(entries) <= most:
        return entries
    return entries[np.linspace(0, len(entries) - 1, most).astype(np.intp)]


def _place(params: Params, at: int) -> tuple[int, Kind, tuple[int, ...]]:
    for layer, (part, place) in enumerate(zip(params, places(params), strict=True), start=1):
        if at < place.b.stop:
            kind: Kind = "W" if at < place.W.stop else "b"
            start, shape = getattr(place, kind).start, getattr(part, kind).shape
            return layer, kind, tuple(int(i) for i in np.unravel_index(at - start, shape))
    raise IndexError(at)


# --- batches ------------------------------------------------------------------------------------------------


def row_sample(prepared: Prepared, row: int) -> Part:
    """Row `row` of the data set as a batch of one."""
    data = prepared.dataset
    rows = np.array([row])
    return Part(rows, prepared.inputs(data.X[rows]), data.y[rows])


def point_sample(prepared: Prepared, x: Floats) -> Part:
    """A point x (D,) in original units as a batch of one; its class is that of the nearest training row."""
    X = prepared.inputs(x[None, :])
    nearest = int(((prepared.train.X - X) ** 2).sum(axis=1).argmin())
    return Part(prepared.train.rows[:0], X, prepared.train.y[nearest : nearest + 1])
