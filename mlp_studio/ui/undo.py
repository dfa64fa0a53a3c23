"""Undo and redo: one way back for settings, data, painted points and runs that were brought back.

The store shows each new state to `record` before anybody draws it. What changed of settings or data is a step; a
gesture (a dragged slider, a stroke) is one step, however often the state changed meanwhile. Nobody has to announce a
change; who knows a better name for it says so (`named`).

Going back makes the same changes as a person's hand would: live settings reach a running training at its next epoch,
painted points that come and go leave the training on its way, anything else begins a new run. Where the version that
comes back had a run that is in the list of runs, that one is shown again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from mlp_studio.core.config import Experiment, live_only
from mlp_studio.ui.steps import Step, Steps, Version, measured, name_of
from mlp_studio.ui.store import State

if TYPE_CHECKING:
    from mlp_studio.core.kept import KeptRun
    from mlp_studio.ui.studio import Studio

TOGETHER_SECONDS = 1.0  # steps of the same number by arrow keys or the wheel, no further apart, are one
NOTHING = (object(),) * 5


@dataclass(slots=True)
class _Gesture:
    """Changes that are one step. `at`: when the last of them came; `is_over`: its last data are on their way."""

    key: str
    name: str = ""
    at: float = 0.0
    has_begun: bool = False
    is_over: bool = False


class Undo(QObject):
    """The steps of one window, and the intents Undo and Redo."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio, self._store = studio, studio.store
        self._steps: Steps | None = None  # None before the first data are there
        self._seen: tuple[object, ...] = NOTHING
        self._number = 0
        self._is_going = False  # back or forth
        self._is_consequence = False
        self._gesture: _Gesture | None = None  # under way
        self._stepping: _Gesture | None = None  # the last steps of a number
        self._is_near = False
        self._name, self._brings_run = "", False
        self._later: tuple[str, Experiment] | None = None  # the name of a change whose data are on their way
        self._store.complete = self.record

    @property
    def present(self) -> Version | None:
        """What the latest step has led to."""
        return None if self._steps is None else self._steps.present

    # --- what is a step -------------------------------------------------------------------------------------------

    @contextmanager
    def named(self, name: str, *, brings_run: bool = False) -> Iterator[None]:
        """What changes within, or when the data that it asked for have come, is a step of this name."""
        outer = self._name, self._brings_run
        self._name, self._brings_run = name, brings_run
        try:
            yield
        finally:
            self._name, self._brings_run = outer
            state = self._store.state
            self._later = (name, state.experiment) if state.loading else None

    @contextmanager
    def consequence(self) -> Iterator[None]:
        """What changes within follows from the latest step."""
        outer, self._is_consequence = self._is_consequence, True
        try:
            yield
        finally:
            self._is_consequence = outer

    def hold(self, key: str, name: str = "") -> None:
        """A gesture begins: until it is let go, all that changes is one step."""
        self._gesture = _Gesture(key, name)

    def let_go(self) -> None:
        """The gesture has ended; data that it asked for still belong to it."""
        if self._gesture is not None and self._store.state.loading:
            self._gesture.is_over = True
        else:
            self._gesture = None

    @contextmanager
    def near(self, key: str) -> Iterator[None]:
        """What changes within is one of many small changes, which are one step while they follow each other quickly."""
        now, last = perf_counter(), self._stepping
        if last is None or last.key != key or now - last.at > TOGETHER_SECONDS:
            self._stepping = _Gesture(key)
        self._is_near = True
        try:
            yield
        finally:
            self._is_near = False
            if self._stepping is not None:
                self._stepping.at = perf_counter()

    def forget(self) -> None:
        """What there is now is the beginning."""
        if self._steps is not None:
            self._steps = Steps(self._steps.present)
            self._tell()

    # --- the record -----------------------------------------------------------------------------------------------

    def record(self, state: State) -> State:
        """The new state with the names of what can be undone and redone, after a look at what changed."""
        canvas = None if state.painting is None else state.painting.canvas
        number = 0 if state.run is None else state.run.number
        seen = (state.experiment, state.prepared, canvas, state.earlier_seeds, self._studio.painter.prepared)
        same = number == self._number and all(new is old for new, old in zip(seen, self._seen, strict=True))
        if same or self._is_going:
            return state
        loaded = self._studio.data.loaded
        if state.loading or loaded is None or loaded.prepared is not state.prepared:
            return state  # on its way
        self._seen, self._number = seen, number
        self._steps = self._recorded(self._version(state, self.present))
        return self._with_names(state)

    def _version(self, state: State, before: Version | None) -> Version:
        """The state as a version. Where nobody paints, the canvas of the same data still stands for them."""
        mark, number = self._studio.painter.mark(state), 0 if state.run is None else state.run.number
        version = Version(state.experiment, self._studio.data.loaded, mark, state.earlier_seeds, number)
        if mark is None and before is not None and version.has_data_of(before):
            version = replace(version, mark=before.mark)
        return measured(version, before)

    def _recorded(self, new: Version) -> Steps:
        steps = self._steps
        if steps is None:
            return Steps(new)
        if not self._is_step(steps.present, new):
            return replace(steps, present=new)
        gesture = self._gesture or (self._stepping if self._is_near else None)
        name, brings_run = self._take_name(steps.present, new)
        if gesture is not None and gesture.has_begun:
            past = len(steps.past)
            steps = steps.merged(new)
            gesture.has_begun = len(steps.past) == past
        else:
            steps = steps.done(name, new, brings_run=brings_run)
            if gesture is not None:
                gesture.has_begun = True
        if gesture is not self._stepping:
            self._stepping = None
        if gesture is not None and gesture.is_over:
            self._gesture = None
        return steps

    def _is_step(self, old: Version, new: Version) -> bool:
        """Whether a person has changed something, rather than the program in consequence."""
        if self._brings_run:
            return old.run != new.run or not old.equals(new)
        if new.mark is not None and new.mark.canvas is not old.canvas and new.mark.canvas is not new.mark.taken:
            return True  # a stroke, of which the data do not know yet
        if self._is_consequence or (old.loaded is None and new.experiment == old.experiment):
            return False
        if self._name and new.canvas is not old.canvas and old.mark is not None:
            return True
        return new.experiment != old.experiment or not new.has_data_of(old)

    def _take_name(self, old: Version, new: Version) -> tuple[str, bool]:
        later, self._later = self._later, None
        if self._name:
            return self._name, self._brings_run
        if later is not None and later[1] == new.experiment:
            return later[0], False
        named = self._gesture.name if self._gesture is not None else ""
        return named or name_of(old, new), False

    def _with_names(self, state: State) -> State:
        steps = self._steps
        names = ("", "") if steps is None else (steps.undo_name, steps.redo_name)
        if names == (state.undo, state.redo):
            return state
        return replace(state, undo=names[0], redo=names[1])

    def _tell(self) -> None:
        state = self._with_names(self._store.state)
        self._store.update(undo=state.undo, redo=state.redo)

    # --- back and forth -------------------------------------------------------------------------------------------

    @Slot()
    def undo(self) -> None:
        """Take the latest step back; while data are on their way, give them up."""
        if self._store.state.loading:
            self._studio.data.cancel()
            return
        self._studio.painter.release()
        if self._steps is not None and self._steps.past:
            self._go(self._steps.undone(), self._steps.past[-1])

    @Slot()
    def redo(self) -> None:
        """Do what was undone last once more."""
        self._studio.painter.release()
        if self._steps is not None and self._steps.future and not self._store.state.loading:
            self._go(self._steps.redone(), self._steps.future[0])

    def _go(self, steps: Steps, step: Step) -> None:
        before, self._gesture, self._stepping = self.present, None, None
        if before is None:
            return
        self._is_going = True
        try:
            self._restore(before, steps.present, step)
        finally:
            self._is_going = False
        state = self._store.state
        loaded = self._studio.data.loaded
        is_there = not state.loading and loaded is not None and loaded.prepared is state.prepared
        self._steps = replace(steps, present=self._version(state, steps.present)) if is_there else steps
        self._seen = NOTHING
        self._tell()

    def _restore(self, before: Version, target: Version, step: Step) -> None:
        studio = self._studio
        self._store.update(earlier_seeds=target.earlier_seeds)
        kept = self._kept(before, target, step)
        if kept is not None:
            if target.loaded is not None:
                studio.painter.recall(target.mark, kept.state.waiting or kept.prepared)
            studio.runs.show(kept, target.experiment, target.loaded)
        elif is_stroke(before, target) and before.mark is not None and target.mark is not None:
            studio.painter.go_to(before.mark, target.mark)
            data = self._store.state.experiment.data
            studio.set_experiment(replace(target.experiment, data=data))
        elif target.loaded is None or target.has_data_of(before):
            studio.set_experiment(target.experiment)
            if step.brings_run:  # there was none
                studio.reset()
        else:
            studio.painter.recall(target.mark, target.loaded.prepared)
            studio.data.go_back(target.experiment, target.loaded)

    def _kept(self, before: Version, target: Version, step: Step) -> "KeptRun | None":
        """The run of the list that comes back with a version; None where the present one can go on there."""
        kept = self._studio.runs.find(target.run) if target.run and target.run != before.run else None
        if kept is None or not live_only(kept.experiment, target.experiment):
            return None
        is_file = target.experiment.data.source == "file"
        if is_file and (target.loaded is None or target.loaded.prepared.dataset is not kept.prepared.dataset):
            return None  # the file has other rows since
        if step.brings_run:
            return kept
        goes_on = target.has_data_of(before) and live_only(before.experiment, target.experiment)
        return None if goes_on or is_stroke(before, target) else kept


def is_stroke(before: Version, target: Version) -> bool:
    """Whether the two are canvases that began with the same data."""
    if before.mark is None or target.mark is None:
        return False
    return target.canvas is not before.canvas and target.mark.origin is before.mark.origin
