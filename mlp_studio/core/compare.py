"""Several experiments trained one after another, to be held side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from mlp_studio.core.boundary import Box, Indices, bounds, column_plane, principal_plane, raster, restrict
from mlp_studio.core.config import Experiment
from mlp_studio.core.events import EpochEnd, Finished
from mlp_studio.core.network import may_overflow
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.spread import Spread, start_spreads
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import Result

PICTURE_SIZE = 96  # cells of a boundary picture, across and up


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A run that has ended: how, its result, its boundary, and the spreads in its layers before it began.

    `indices` (PICTURE_SIZE, PICTURE_SIZE) are those of `boundary.raster` over `box`, row 0 at the bottom.
    """

    name: str
    ending: Finished
    result: Result
    box: Box
    indices: Indices
    spreads: tuple[Spread, ...]


OnProgress = Callable[[str, int, int], None]


def compare(
    experiments: Mapping[str, Experiment], on_progress: OnProgress, cancelled: Callable[[], bool]
) -> tuple[Compared, ...]:
    """Train the experiments, by name, in turn; those that ended before it was cancelled. Raises StudioError.

    `on_progress(name, epochs done, of all epochs)` is called after every epoch, `cancelled()` at every event.
    """
    total = sum(experiment.train.epochs for experiment in experiments.values())
    done = 0
    ended: list[Compared] = []
    for name, experiment in experiments.items():
        training = Training(experiment, load_prepared(experiment))
        ending = _trained(training, partial(_report, on_progress, name, done, total), cancelled)
        if ending is None:
            break
        done += experiment.train.epochs
        ended.append(_compared(name, training, ending))
    return tuple(ended)


def _report(on_progress: OnProgress, name: str, before: int, total: int, epoch: int) -> None:
    on_progress(name, before + epoch, total)


def load_prepared(experiment: Experiment) -> Prepared:
    """The experiment's data, split and scaled. Raises StudioError."""
    dataset = load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    return prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))


@may_overflow
def _trained(training: Training, on_epoch: Callable[[int], None], cancelled: Callable[[], bool]) -> Finished | None:
    for event in training.run():
        if isinstance(event, Finished):
            return event
        if isinstance(event, EpochEnd):
            on_epoch(event.epoch)
        if cancelled():
            break
    return None


def _compared(name: str, training: Training, ending: Finished) -> Compared:
    experiment, prepared = training.experiment, training.prepared
    wide = prepared.dataset.features > 2
    plane = principal_plane(prepared) if wide else column_plane(prepared, (0, prepared.dataset.features - 1))
    box = bounds(plane, prepared.dataset.X)
    result = Result.of(training)
    inner = restrict(result.params, prepared.scaler, plane)
    indices = raster(inner, experiment.model.activation, box, PICTURE_SIZE)
    return Compared(name, ending, result, box, indices, start_spreads(experiment, prepared))
