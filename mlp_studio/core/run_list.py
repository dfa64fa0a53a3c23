"""What is kept of earlier runs: how many, how much of each, and by what they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import arrays_in
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.settings import label_of, settings_of
from mlp_studio.core.training_state import TrainingState

MOST_RUNS = 500
MOST_BYTES = 500_000_000
LEFT_OUT = {"data.drawing", "data.path", "data.encoding", "data.delimiter", "data.decimal", "data.header"}


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """The runs that there is room for, the latest last; the numbers of those that lost something for that."""

    runs: tuple[KeptRun, ...]
    without_album: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()


def bounded(runs: Sequence[KeptRun], most_bytes: int = MOST_BYTES, most_runs: int = MOST_RUNS) -> Bounded:
    """As many of the latest runs as there is room for; data and weights that several share count once.

    The oldest lose the weights of the epochs on the way first; where that is not enough, the oldest runs go.
    """
    lost = [run.number for run in runs if len(run.state.album) > 1]
    kept = list(runs)
    light: list[int] = []
    while _bytes(kept) > most_bytes and lost:
        number = lost.pop(0)
        light.append(number)
        kept = [without_album(run) if run.number == number else run for run in kept]
    gone = max(0, len(kept) - most_runs)
    while len(kept) - gone > 1 and _bytes(kept[gone:]) > most_bytes:
        gone += 1
    dropped = tuple(run.number for run in kept[:gone])
    return Bounded(tuple(kept[gone:]), tuple(number for number in light if number not in dropped), dropped)


def without_album(run: KeptRun) -> KeptRun:
    """The run with no other weights on the way than the newest; the same run where there are none."""
    if len(run.state.album) <= 1:
        return run
    return replace(run, state=replace(run.state, album=run.state.album[-1:]))


def compact(state: TrainingState) -> TrainingState:
    """The same state with curves of its own, where they are a small part of an array that would be held for them."""
    base = state.curves.base
    if not isinstance(base, np.ndarray) or base.nbytes == state.curves.nbytes:
        return state
    curves = state.curves.copy()
    curves.flags.writeable = False
    return replace(state, curves=curves)


def has_begun(state: TrainingState) -> bool:
    """Whether the weights have moved: an epoch is done, or a part of the first."""
    return len(state.curves) > 0 or state.present is not state.latest.checkpoint


def _bytes(runs: Sequence[KeptRun]) -> int:
    sizes: dict[int, int] = {}
    data = {id(run.prepared): run.prepared for run in runs}
    for prepared in data.values():
        sizes |= {id(array): array.nbytes for array in arrays_in(prepared)}
    for run in runs:
        sizes |= {id(vector): vector.nbytes for vector in _vectors(run.state)}
    return sum(sizes.values())


def _vectors(state: TrainingState) -> Iterator[np.ndarray[Any, Any]]:
    """Weights, memory of the optimizer and curves."""
    yield state.curves if state.curves.base is None else state.curves.base
    best = None if state.course is None else state.course.best
    kept = (state.latest, state.sound) if best is None else (state.latest, state.sound, best)
    for checkpoint in (state.present, *(each.checkpoint for each in kept)):
        yield checkpoint.weights
        yield from checkpoint.memory
    for page in state.album:
        yield page.weights


def differences(experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """What each experiment has otherwise than others among them, as “Hidden layers 64, 32 · Dropout 0.2”."""
    settings = [settings_of(experiment) for experiment in experiments]
    paths = sorted((path for path in settings[0] if path not in LEFT_OUT), key=_rank) if settings else []
    varied = [path for path in paths if any(each[path] != settings[0][path] for each in settings)]
    return tuple(" · ".join(f"{label_of(path)} {_text(each[path])}" for path in varied) for each in settings)


def _rank(path: str) -> int:
    """Network and training first, as they are what is tried out mostly; the sorting keeps the rest of the order."""
    return ("model", "train", "split", "data", "seed").index(path.partition(".")[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
