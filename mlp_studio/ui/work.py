"""What a person would lose, as a value: two that are the same mean that nothing has changed since one was saved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.history import Curves
from mlp_studio.core.network import Params
from mlp_studio.core.trained import Snapshot
from mlp_studio.ui.store import State

if TYPE_CHECKING:  # kept runs bring libraries along that the first window does not need
    from mlp_studio.core.kept import KeptRun

SameData: TypeAlias = Callable[[Dataset | None, Dataset | None], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Settings, data, the present run and the earlier ones; not the view, which is no work.

    `dataset` is None before there are any data; `curves` and `snapshot` are of the present run, None where none has
    begun: its weights follow from settings and data.
    """

    experiment: Experiment
    dataset: Dataset | None = None
    trained: Experiment | None = None
    curves: Curves | None = None
    snapshot: Snapshot | None = None
    runs: "tuple[KeptRun, ...]" = field(default=())


def work_of(state: State) -> Work:
    """What there is now."""
    dataset = state.prepared.dataset if state.prepared is not None else None
    run = state.run
    if run is None or run.status == "ready":
        return Work(state.experiment, dataset, runs=state.runs)
    return Work(state.experiment, dataset, run.experiment, run.curves, run.snapshot, state.runs)


class Comparison:
    """Whether works are the same. It remembers what it said of the last two data sets, as large ones take a while."""

    def __init__(self) -> None:
        self._last: tuple[Dataset | None, Dataset | None, bool] = (None, None, True)

    def same(self, kept: Work | None, present: Work) -> bool:
        """Whether nothing of what is present would be lost with what is kept; None: nothing is."""
        return kept is not None and same(kept, present, self._same_data)

    def _same_data(self, one: Dataset | None, other: Dataset | None) -> bool:
        if self._last[0] is not one or self._last[1] is not other:
            self._last = one, other, _same_data(one, other)
        return self._last[2]


def same(one: Work, other: Work, same_data: SameData | None = None) -> bool:
    """Whether nothing would be lost with one of the two.

    Mostly the values are the same objects; what was brought back, by undo or from a file, is compared number by number.
    """
    return (
        one.experiment == other.experiment
        and one.trained == other.trained
        and _same_runs(one.runs, other.runs)
        and _same_curves(one.curves, other.curves)
        and _same_weights(one.snapshot, other.snapshot)
        and (same_data or _same_data)(one.dataset, other.dataset)
    )


def _same_runs(one: "tuple[KeptRun, ...]", other: "tuple[KeptRun, ...]") -> bool:
    return one is other or [_name(run) for run in one] == [_name(run) for run in other]


def _name(run: "KeptRun") -> tuple[int, str, str]:
    return run.number, run.begun, run.note  # a run in the list is as it was; only its note is ever changed


def _same_curves(one: Curves | None, other: Curves | None) -> bool:
    if one is None or other is None or one is other:
        return one is other
    return len(one) == len(other) and np.array_equal(one, other, equal_nan=True)


def _same_weights(one: Snapshot | None, other: Snapshot | None) -> bool:
    if one is None or other is None or one is other:
        return one is other
    return one.epoch == other.epoch and _same_params(one.params, other.params)


def _same_params(one: Params, other: Params) -> bool:
    if len(one) != len(other):
        return False
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(mine.W, theirs.W) and np.array_equal(mine.b, theirs.b) for mine, theirs in pairs)


def _same_data(one: Dataset | None, other: Dataset | None) -> bool:
    if one is None or other is None or one is other:
        return one is other
    return (
        (one.feature_names, one.class_names) == (other.feature_names, other.class_names)
        and np.array_equal(one.X, other.X)
        and np.array_equal(one.y, other.y)
    )
