"""The twin proof: every backend trains the same network, side by side, and their weights are compared.

All twins start from the same weights and see the rows in the same order, so that in float64, without dropout, what
remains between them is rounding: about 1e-16 in each operation, against weights of about 1.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

import numpy as np

from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment
from mlp_studio.core.events import EpochEnd, Event, Finished, Tick
from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trainer import Training

SAME = 1e-8  # weights that differ by no more than this are those of the same network
PRECISION = "float64"


@dataclass(frozen=True, slots=True, eq=False)
class TwinEpoch:
    """Every twin has done epoch `epoch`; the tuples are in the order of `BACKENDS`.

    `losses` are the training losses (nats), `difference` is max |ΔW| over all weights and biases and any two twins,
    `seconds` is the time that each has trained so far, `params` are copies of the weights.
    """

    epoch: int
    losses: tuple[float, ...]
    difference: float
    seconds: tuple[float, ...]
    params: tuple[Params, ...]


TwinEvent: TypeAlias = Tick | TwinEpoch | Finished


class _Twin:
    """One backend's training and the time that it took."""

    def __init__(self, experiment: Experiment, prepared: Prepared, backend: str) -> None:
        model = replace(experiment.model, backend=backend)
        self.training = Training(replace(experiment, model=model), prepared)
        self.seconds = 0.0
        self._events = self.training.run()

    def epoch(self) -> Generator[Tick, None, EpochEnd | Finished]:
        """Train one epoch, and go on ticking meanwhile; its end, or that of the training."""
        while True:
            event = self._timed()
            if not isinstance(event, Tick):
                return event
            yield event

    def _timed(self) -> Event:
        start = perf_counter()
        event = next(self._events)
        self.seconds += perf_counter() - start
        return event


def twins(experiment: Experiment, prepared: Prepared, *, precision: str = PRECISION) -> Iterator[TwinEvent]:
    """Train the experiment with every backend, epoch by epoch, in `precision` whatever the experiment's own is.

    `Tick` and `Finished` mean what they mean in a single training: a moment to stop, and the end of it (there is a
    reason where the training ended before the last epoch). Close the generator to stop.
    """
    experiment = replace(experiment, train=replace(experiment.train, precision=precision, device="cpu"))
    members = [_Twin(experiment, prepared, backend) for backend in BACKENDS]
    while True:
        ends = []
        for twin in members:
            end = yield from twin.epoch()
            ends.append(end)
        finished = next((end for end in ends if isinstance(end, Finished)), None)
        if finished is not None:
            yield finished
            return
        params = tuple(twin.training.backend.params() for twin in members)
        yield TwinEpoch(
            members[0].training.epoch,
            tuple(end.train_loss for end in ends if isinstance(end, EpochEnd)),
            difference(params),
            tuple(twin.seconds for twin in members),
            params,
        )


def difference(networks: tuple[Params, ...]) -> float:
    """The largest difference of a weight or bias between any two networks of one shape; nan where one is nan."""
    gaps = [
        np.ptp(np.stack(same), axis=0).max()
        for layers in zip(*networks, strict=True)
        for same in zip(*layers, strict=True)
    ]
    return float(np.max(gaps))


def why_not_equal(experiment: Experiment, *, precision: str = PRECISION) -> str:
    """Why the twins cannot stay equal, in a sentence; "" where they do."""
    if experiment.model.dropout and experiment.model.hidden:
        return (
            f"Dropout is on ({experiment.model.dropout:g}): each backend switches off units of its own choice, "
            "so their weights part from the first epoch on. Set Dropout to 0 for the proof."
        )
    if precision != PRECISION:
        return (
            f"In {precision} each operation rounds in the seventh digit, a little differently in each backend, "
            "and training lets that grow. Choose float64 for the proof."
        )
    return ""


def verdict(experiment: Experiment, epoch: int, gap: float, *, precision: str = PRECISION) -> str:
    """What max |Δ| = `gap` after epoch `epoch` says, in a sentence or two."""
    epochs = f"{epoch:,} epoch{'' if epoch == 1 else 's'}"
    found = f"max |Δ| {figure(gap)} after {epochs}"
    why_not = why_not_equal(experiment, precision=precision)
    if gap <= SAME:
        return f"{found}: the same network."
    if why_not:
        return f"{found}. {why_not}"
    return (
        f"{found}: rounding has grown beyond {figure(SAME)}, as it does where training swings. "
        "A lower learning rate keeps the two together."
    )


def figure(value: float) -> str:
    """A small number as one would write it: 0, 0.02, 3·10⁻¹³."""
    if not value or not math.isfinite(value):
        return "0" if value == 0 else "not a number" if math.isnan(value) else "∞"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{power}" if mantissa == "1" else f"{mantissa}·10{power}"
