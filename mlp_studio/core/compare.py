"""Several experiments trained side by side: each gets its turn, so that all are about as far at any time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlp_studio.core.boundary import Box, Indices, bounds, column_plane, on_plane, principal_plane, raster
from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
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
    """A run as far as it has got, its boundary, and the spreads in its layers before it began.

    `ending` is None while it is under way. `indices` (PICTURE_SIZE, PICTURE_SIZE) are those of `boundary.raster` over
    `box`, row 0 at the bottom; `points` (n, 2) are the training rows on the same plane.
    """

    name: str
    ending: Finished | None
    result: Result
    box: Box
    indices: Indices
    points: Floats
    spreads: tuple[Spread, ...]


class _Runner:
    """One of the runs: its training, and what of it does not change."""

    def __init__(self, name: str, experiment: Experiment) -> None:
        prepared = load_prepared(experiment)
        self.name = name
        self.training = Training(experiment, prepared)
        self.ending: Finished | None = None
        self._events = self.training.run()
        self._spreads = start_spreads(experiment, prepared)
        wide = prepared.dataset.features > 2
        self._plane = principal_plane(prepared) if wide else column_plane(prepared, (0, prepared.dataset.features - 1))
        self._box = bounds(self._plane, prepared.dataset.X)
        self._points = self._plane.project(prepared.dataset.X[prepared.train.rows])
        self._indices = self._draw(Result.of(self.training))

    @property
    def share(self) -> float:
        """Of its epochs, how many are done, 0…1."""
        done = self.training.epoch / max(1, self.training.experiment.train.epochs)
        return 1.0 if self.ending is not None else done

    @may_overflow
    def advance(self) -> bool:
        """Train a moment longer; whether an epoch, or the run, ended with it."""
        event = next(self._events)
        if isinstance(event, Finished):
            self.ending = event
        return isinstance(event, EpochEnd | Finished)

    def standing(self, *, redraw: bool) -> Compared:
        """How far it has got, with the boundary drawn anew or as it was last."""
        result = Result.of(self.training)
        if redraw:
            self._indices = self._draw(result)
        return Compared(self.name, self.ending, result, self._box, self._indices, self._points, self._spreads)

    def _draw(self, result: Result) -> Indices:
        params, lift = on_plane(result.params, result.prepared, self._plane)
        return raster(params, result.experiment.model.activation, self._box, PICTURE_SIZE, lift)


class Race:
    """Experiments, by name, trained in turn. Whoever calls `next()` on `run()` owns the pace."""

    def __init__(self, experiments: Mapping[str, Experiment]) -> None:
        """Load the data and draw the weights. Raises StudioError."""
        self._runners = [_Runner(name, experiment) for name, experiment in experiments.items()]

    @property
    def share(self) -> float:
        """How much of the way is done, 0…1; all runs are about as far."""
        return sum(runner.share for runner in self._runners) / len(self._runners)

    @property
    def ended(self) -> bool:
        """Whether all runs have come to their ends."""
        return all(runner.ending is not None for runner in self._runners)

    def run(self) -> Iterator[None]:
        """Train all runs to their ends; of those under way, the one that is furthest behind does an epoch next.

        It yields often enough to be stopped promptly: close it, or pull no more.
        """
        while under_way := [runner for runner in self._runners if runner.ending is None]:
            behind = min(under_way, key=lambda runner: runner.share)
            while not behind.advance():
                yield
            yield

    def training(self, name: str) -> Training:
        """That of one run, to be gone on with elsewhere once `run()` is pulled no more."""
        return next(runner.training for runner in self._runners if runner.name == name)

    def standings(self, *, redraw: bool = True) -> tuple[Compared, ...]:
        """How far all have got, in their order; their boundaries are drawn anew, or as they were last."""
        return tuple(runner.standing(redraw=redraw) for runner in self._runners)


def load_prepared(experiment: Experiment) -> Prepared:
    """The experiment's data, split and scaled. Raises StudioError."""
    dataset = load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    return prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))
