"""Earlier runs: whoever is replaced goes into the list, and comes back from there to be gone on with.

A run whose thread is still ending when another takes its place is taken into the list when it has ended.
"""

import math
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.config import Experiment
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.scene import QUICK_VALUES, make_scene
from mlp_studio.ui.loading import Loaded, kept_slice, stamp_of
from mlp_studio.ui.runner import Runner, Standing
from mlp_studio.ui.store import Run, RunScores

if TYPE_CHECKING:  # brings libraries along that the first window does not need
    from mlp_studio.core.kept import KeptRun
    from mlp_studio.ui.studio import Studio


ENDING_MILLISECONDS = 1000  # a thread that was asked to end does so within a step of the training


class RunList(QObject):
    """The intents of the list of runs; `state.runs` are the runs, the latest last."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio, self._store = studio, studio.store
        self._ending: dict[Runner, Run] = {}  # that have been replaced, until their threads have ended
        self._latest = 0  # number that was given
        self._is_first = True
        self._sentence, self._is_urgent = "", False
        self._saying = QTimer(self)
        self._saying.setSingleShot(True)
        self._saying.setInterval(0)
        self._saying.timeout.connect(self._say)

    def number(self) -> int:
        """The number of a run that begins: no other of this session or this project has had it."""
        state = self._store.state
        present = 0 if state.run is None else state.run.number
        self._latest = 1 + max(self._latest, present, *(run.number for run in state.runs), 0)
        return self._latest

    def find(self, number: int) -> "KeptRun | None":
        """The run of this number, where it is in the list; where its thread is still ending, when it has ended."""
        for runner, run in list(self._ending.items()):
            if run.number == number and runner.wait(ENDING_MILLISECONDS):
                self.ended(runner)
        return next((run for run in self._store.state.runs if run.number == number), None)

    # --- into the list --------------------------------------------------------------------------------------------

    def leave(self, runner: Runner, run: Run) -> None:
        """The present run is replaced."""
        if runner.isRunning():
            self._ending[runner] = run
        elif run.active:  # its thread has ended a moment ago, and the state does not know yet
            self._ending[runner] = run
            self.ended(runner)
        else:
            self._keep(run, runner.stand())

    def ended(self, runner: Runner) -> None:
        """The thread of a run that was replaced has ended."""
        run = self._ending.pop(runner, None)
        if run is not None:
            ending = runner.ending
            self._keep(replace(run, status=ending.status, message=ending.message), runner.stand())

    def forget_ending(self) -> None:
        """Runs whose threads are still ending are not wanted any more."""
        self._ending.clear()

    def _keep(self, run: Run, standing: Standing | None) -> None:
        from mlp_studio.core.kept import KeptRun
        from mlp_studio.core.run_list import compact, has_begun

        if standing is None or not has_begun(standing.state):
            return
        kept = KeptRun(
            number=run.number or self.number(),
            experiment=run.experiment,
            prepared=standing.prepared,
            status=run.status,
            state=compact(standing.state),
            message=run.message,
            seconds=standing.seconds,
            begun=run.begun,
            note=run.note,
            is_mixed=run.is_mixed,
        )
        others = (other for other in self._store.state.runs if other.number != kept.number)
        self._show((*others, kept))

    def _show(self, runs: "tuple[KeptRun, ...]") -> None:
        """Show these runs, as far as there is room for them, and say what had to go."""
        from mlp_studio.core.run_list import bounded

        room = bounded(runs)
        self._store.update(runs=room.runs)
        sentence = ""
        if room.dropped:
            sentence = f"{_runs(room.dropped)} left the list of runs, which is full: save a project to keep them all."
        elif room.without_album:
            sentence = f"The list of runs is full: of {_runs(room.without_album)} only the last weights are kept."
        if not sentence and self._is_first:
            sentence = f"{_runs((runs[-1].number,))} is kept in the list of runs, from where it can be brought back."
        self._is_first = False
        if sentence:  # after what is said of the data that have taken the run's place
            self._sentence, self._is_urgent = sentence, bool(room.dropped or room.without_album)
            self._saying.start()

    @Slot()
    def _say(self) -> None:
        if self._is_urgent or self._store.state.notice is None:
            self._studio.tell(self._sentence, command="runs")

    # --- out of the list ------------------------------------------------------------------------------------------

    def bring_back(self, number: int) -> None:
        """Make a run of the list the present one, with its settings and data; the present one goes into the list."""
        kept = self.find(number)
        if kept is None or self._store.state.loading:
            return
        with self._studio.undo.named(f"Bring back run {number}", brings_run=True):
            self.show(kept, kept.experiment)
        self._studio.tell(f"Run {number} is back; Train goes on with it.")

    def show(self, kept: "KeptRun", experiment: Experiment, loaded: Loaded | None = None) -> None:
        """Show a run of the list with these settings, which differ from its own in live ones alone.

        `loaded` has its data with what they were loaded from, where that is known.
        """
        state, prepared = self._store.state, kept.state.waiting or kept.prepared
        there = state.prepared
        same_columns = there is not None and there.dataset.feature_names == prepared.dataset.feature_names
        self._studio.show_kept(
            kept.experiment,
            self._loaded(kept, loaded),
            kept,
            probe=state.probe if same_columns else None,
        )
        runs = tuple(run for run in self._store.state.runs if run.number != kept.number)
        self._store.update(runs=runs)
        self._studio.set_experiment(experiment)

    def _loaded(self, kept: "KeptRun", known: Loaded | None) -> Loaded:
        """The data of a run, with the slice that is shown where that means the same."""
        prepared, before = kept.state.waiting or kept.prepared, self._studio.data.loaded
        data = kept.experiment.data
        source = next((each.source for each in (known, before) if each is not None and each.prepared is prepared), None)
        chosen = kept_slice(self._store.state.shown.slice, before, prepared.dataset)
        if known is not None and known.prepared is prepared:
            is_quick = prepared.dataset.X.size <= QUICK_VALUES
            scene = make_scene(prepared, chosen) if is_quick else known.scene
        else:
            scene = make_scene(prepared, chosen)
        stamp = stamp_of(Path(data.path)) if data.source == "file" else None
        return Loaded(kept.experiment, source or prepared.dataset, prepared, scene, stamp, kept.is_mixed)

    # --- what a person does with it -------------------------------------------------------------------------------

    def delete(self, numbers: Collection[int]) -> None:
        """Take runs out of the list for good."""
        state = self._store.state
        runs = tuple(run for run in state.runs if run.number not in numbers)
        compared = tuple(number for number in state.compared if number not in numbers)
        self._store.update(runs=runs, compared=compared)

    def annotate(self, number: int, note: str) -> None:
        """Write a note to a run, the present one or one of the list."""
        state = self._store.state
        if state.run is not None and state.run.number == number:
            self._store.update_run(note=note)
        else:
            runs = tuple(replace(run, note=note) if run.number == number else run for run in state.runs)
            self._store.update(runs=runs)

    def compare(self, numbers: Collection[int]) -> None:
        """Lay the curves of these runs of the list over those of the present one."""
        chosen = tuple(run.number for run in self._store.state.runs if run.number in numbers)
        if chosen != self._store.state.compared:
            self._store.update(compared=chosen)

    def measure(self) -> None:
        """Have the accuracies of one run measured that has none yet; the next follows when they are there."""
        state = self._store.state
        kept = next((run for run in reversed(state.runs) if run.number not in state.run_scores), None)
        if kept is None or self._studio.jobs.busy("runs"):
            return
        done = partial(self._measured, kept.number)
        self._studio.jobs.start("runs", partial(_scores, kept), done, partial(self._failed, kept.number))

    def _measured(self, number: int, scores: RunScores) -> None:
        state = self._store.state
        there = {run.number for run in state.runs}
        kept = {key: value for key, value in state.run_scores.items() if key in there}
        self._store.update(run_scores={**kept, number: scores})

    def _failed(self, number: int, sentence: str) -> None:
        self._measured(number, RunScores(math.nan, math.nan, math.nan))
        self._studio.tell(sentence, is_error=True)


def _scores(kept: "KeptRun") -> RunScores:
    """The accuracies of a run's weights, dropout off, on the rows that it learned from and the others."""
    parts = evaluate(kept.snapshot.params, kept.experiment.model.activation, kept.prepared)
    return RunScores(*(parts[name].accuracy for name in ("train", "validation", "test")))


def _runs(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return f"Run {numbers[0]}"
    return f"Runs {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}" if len(numbers) < 6 else f"{len(numbers)} runs"
