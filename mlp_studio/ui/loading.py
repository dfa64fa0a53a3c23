"""From settings to data that can be shown and trained on: read, split, scale, and the scene of the boundary view.

What the data that are there already have in common with those asked for is not done again: another seed or another
split does not read a file once more.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import CancelledError
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.scene import Scene, Slice, first_slice, make_scene
from mlp_studio.core.sources import SOURCES, read_source, with_labels
from mlp_studio.ui.jobs import interrupted

QUICK_VALUES = 30_000  # feature values: so many are there within a frame, and no thread is needed
SHOWN_NAME = 40  # characters
DRAWN_FEATURES = 2  # of data that a generator draws

Stamp: TypeAlias = tuple[int, int]  # when a file was last written, in nanoseconds, and its size


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Data as `experiment` asks for them. `source` are those of its source, before any label was shuffled; or they are
    the data themselves, where those came with their labels shuffled, from a project.

    `stamp` is that of the file they were read from, as it was before the reading began.
    `keeps_scaler`: they are scaled as the rows were that a run began with, not by their own mean and spread.
    """

    experiment: Experiment
    source: Dataset
    prepared: Prepared
    scene: Scene
    stamp: Stamp | None = None
    keeps_scaler: bool = False


def stamp_of(path: Path) -> Stamp | None:
    """By what a file is told from what it was, None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


class Reading:
    """How far a file is read: told by the job that reads it, looked at and cancelled from the window's thread."""

    def __init__(self) -> None:
        self.share = 0.0
        self._is_cancelled = False

    def cancel(self) -> None:
        """Have the reading end at its next word of progress."""
        self._is_cancelled = True

    def __call__(self, share: float) -> None:
        """So much is read, 0…1. Raises CancelledError where nobody waits for the rest."""
        self.share = share
        if self._is_cancelled or interrupted():
            raise CancelledError("Cancelled.")


def load(
    experiment: Experiment,
    before: Loaded | None,
    shown: Slice,
    *,
    anew: bool = False,
    progress: Progress = to_nobody,
) -> Loaded:
    """Load what is not there already, or all of it `anew`. Raises StudioError.

    `shown`: the slice that is kept where the columns stay the same. `progress` is told how much of a file is read,
    and asked once more before each of the steps that follow.
    """
    at_hand = None if anew else before
    stamp = _stamp(experiment, at_hand)
    source, dataset = _rows(experiment, at_hand, progress)
    progress(1.0)
    prepared = prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))
    progress(1.0)
    return Loaded(experiment, source, prepared, make_scene(prepared, kept_slice(shown, before, dataset)), stamp)


def _stamp(experiment: Experiment, before: Loaded | None) -> Stamp | None:
    if experiment.data.source != "file":
        return None
    if before is not None and same_source(experiment, before.experiment):
        return before.stamp
    return stamp_of(Path(experiment.data.path))


def _rows(experiment: Experiment, before: Loaded | None, progress: Progress) -> tuple[Dataset, Dataset]:
    """The data of the source, and the same with labels shuffled where that is asked for."""
    rng = generator(experiment.seed, Stream.DATA)
    if before is None or not same_source(experiment, before.experiment) or _is_shuffled_for_good(experiment, before):
        source = read_source(experiment.data, rng, progress)
    elif same_rows(experiment, before.experiment):
        return before.source, before.prepared.dataset
    else:
        source = before.source
    return source, with_labels(experiment.data, source, rng)


def _is_shuffled_for_good(experiment: Experiment, before: Loaded) -> bool:
    """Whether other labels are wanted than those at hand, of which only the shuffled ones are known."""
    was_shuffled = before.experiment.data.shuffle_labels and before.source is before.prepared.dataset
    return was_shuffled and not same_rows(experiment, before.experiment)


def kept_slice(shown: Slice, before: Loaded | None, dataset: Dataset) -> Slice:
    """The slice that was shown, where it still means the same; a row that others are held at is one of old data."""
    if before is None or before.source.feature_names != dataset.feature_names:
        return first_slice(dataset)
    return replace(shown, held_row=None)


def same_rows(new: Experiment, old: Experiment) -> bool:
    """Whether the two ask for the same rows, labels included."""
    return (new.seed, new.data) == (old.seed, old.data)


def same_source(new: Experiment, old: Experiment) -> bool:
    """Whether the rows that the source gave to the old serve the new as well.

    One that draws its rows gives others for another seed, and has to draw before labels are shuffled with what the
    generator gives next: so the same experiment has the same labels, whatever was there before.
    """
    if same_rows(new, old):
        return True
    same = replace(new.data, shuffle_labels=False) == replace(old.data, shuffle_labels=False)
    if SOURCES[new.data.source].is_drawn:
        return same and new.seed == old.seed and not new.data.shuffle_labels
    return same


def is_quick(experiment: Experiment, before: Loaded | None) -> bool:
    """Whether to load these data takes no longer than a frame of the window."""
    if before is not None and same_source(experiment, before.experiment):
        return before.source.X.size <= QUICK_VALUES
    source = SOURCES[experiment.data.source]
    return not source.slow and DRAWN_FEATURES * experiment.data.rows <= QUICK_VALUES


def what(experiment: Experiment) -> str:
    """What is being loaded, in words; of a long name beginning and end."""
    data = experiment.data
    name = Path(data.path).name if data.path and data.source == "file" else SOURCES[data.source].label
    half = SHOWN_NAME // 2
    return name if len(name) <= SHOWN_NAME else f"{name[:half]}…{name[-half:]}"
