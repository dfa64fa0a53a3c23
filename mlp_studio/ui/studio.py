"""What a person can do: the intents. Every gesture ends here, and here alone the state changes."""

import logging
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from mlp_studio.core.boundary import Box, Plane, column_plane, principal_plane
from mlp_studio.core.config import (
    DataConfig,
    Experiment,
    TrainConfig,
    knobs,
    live_only,
    with_setting,
    with_share,
)
from mlp_studio.core.dataset import Dataset, Floats
from mlp_studio.core.errors import StudioError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.network import Layer
from mlp_studio.core.predict import parse_row
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import SOURCES, load_dataset
from mlp_studio.core.trainer import Training, initial_params
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.runner import Runner, View, draw, rest_grid
from mlp_studio.ui.store import Cell, Evaluation, Notice, Raster, Run, Slice, Snapshot, Status, Store

log = logging.getLogger(__name__)

FRAME_MILLISECONDS = 36  # the window takes a frame from the training about 27 times a second
FIGURES_SECONDS = 0.09  # curves and numbers change about 10 times a second: nobody reads faster, and it costs less
MOST_EPOCHS = int(knobs(TrainConfig)["epochs"].high or 0)
QUICK_ROWS = 50_000  # generated data up to this size are there within a frame, so no thread is needed


class Studio(QObject):
    """Turns gestures into states: loads data, runs the training, answers questions about points."""

    idle = Signal()  # the last worker thread has ended

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.jobs = Jobs(self)
        self._runner: Runner | None = None
        self._retired: list[Runner] = []  # runners of runs that are gone, until their threads have ended
        self._box: Box | None = None
        self._figures_at = 0.0
        self._asked_for = 0  # epochs that the person last asked for: Train on a finished run adds as many
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self._drain)

    # --- settings -----------------------------------------------------------------------------------------------

    def set(self, path: str, value: Any) -> None:
        """Change one setting, "seed" or "section.field". Raises ConfigError with the sentence for that control."""
        experiment = self.store.state.experiment
        section, _, name = path.partition(".")
        if section == "split" and name in ("train", "validation", "test"):
            self.set_experiment(replace(experiment, split=with_share(experiment.split, name, value)))
        else:
            self.set_experiment(with_setting(experiment, path, value))

    def set_experiment(self, experiment: Experiment) -> None:
        """Change any number of settings at once; loads data, prepares or re-initialises as far as needed."""
        old = self.store.state.experiment
        if experiment == old:
            return
        if (experiment.seed, experiment.data) != (old.seed, old.data) or self.store.state.prepared is None:
            self._load(experiment)
        elif experiment.split != old.split:
            self._use(experiment, self.store.state.prepared.dataset)
        else:
            self._take_settings(experiment)

    def open_lesson(self, name: str) -> None:
        """Set up a lesson's experiment."""
        self.set_experiment(LESSONS[name].experiment())
        self.tell(f"{LESSONS[name].title}: {LESSONS[name].summary}")

    def open_file(self, path: Path, **choices: Any) -> None:
        """Load a table; `choices` are the DataConfig's fields for files: label, features, encoding …"""
        data = DataConfig(source="file", path=str(path), **choices)
        self.set_experiment(replace(self.store.state.experiment, data=data))

    def start(self, experiment: Experiment | None = None) -> None:
        """Load the first data."""
        self._load(experiment or self.store.state.experiment)

    def _take_settings(self, experiment: Experiment) -> None:
        """Settings of model or training changed; the data are the same."""
        run = self.store.state.run
        if run is None or (run.epoch == 0 and not run.active):
            self.store.update(experiment=experiment)
            self._renew()
        elif live_only(run.experiment, experiment):
            if self._runner is not None:
                self._runner.retune(experiment)
            self.store.update(experiment=experiment, run=replace(run, experiment=experiment), follow_up="")
        else:
            self.interrupt("stopped")
            self.store.update(experiment=experiment, follow_up="Settings changed: Train starts a new run.")

    # --- data ---------------------------------------------------------------------------------------------------

    def _load(self, experiment: Experiment) -> None:
        def load() -> Dataset:
            return load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))

        def failed(sentence: str) -> None:
            self._refuse(sentence)

        source = SOURCES[experiment.data.source]
        if source.slow or experiment.data.rows > QUICK_ROWS:
            self.interrupt("stopped")
            words = Path(experiment.data.path).name if experiment.data.path else source.label
            self.store.update(experiment=experiment, loading=f"Loading {words} …")
            self.jobs.start("data", load, lambda dataset: self._use(experiment, dataset), failed)
            return
        try:
            dataset = load()
        except StudioError as error:
            self._refuse(str(error))
        else:
            self._use(experiment, dataset)

    def _use(self, experiment: Experiment, dataset: Dataset) -> None:
        try:
            prepared = prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))
        except StudioError as error:
            self._refuse(str(error))
            return
        notes = " ".join((*dataset.notes, *prepared.notes))
        state = self.store.state
        same_columns = state.prepared is not None and (state.prepared.dataset.feature_names == dataset.feature_names)
        shown = state.shown if same_columns else replace(state.shown, slice=first_slice(dataset))
        self._retire()
        # all at once: weights, data and plane belong together
        self.store.update(
            experiment=experiment,
            prepared=prepared,
            loading="",
            run=fresh_run(experiment, prepared),
            plane=make_plane(prepared, shown.slice),
            shown=shown,
            probe=state.probe if same_columns else None,
            cell=None,
            notice=Notice(notes) if notes else None,
            follow_up="",
        )
        self._redraw()

    def _refuse(self, sentence: str) -> None:
        """The data asked for cannot be had: the previous ones stay, and so do their settings."""
        state = self.store.state
        run = state.run
        experiment = state.experiment
        if run is not None:  # what the present data came from
            experiment = replace(
                experiment, seed=run.experiment.seed, data=run.experiment.data, split=run.experiment.split
            )
        self.store.update(experiment=experiment, loading="", notice=Notice(sentence, is_error=True))

    # --- training -----------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Train, or pause."""
        run = self.store.state.run
        if run is not None and run.active:
            self.interrupt("paused")
        else:
            self.train()

    def train(self) -> None:
        """Train up to the experiment's last epoch; where that is done already, as many epochs again."""
        state = self.store.state
        if not self._can_begin():
            return
        if state.follow_up:
            self.reset()
        state = self.store.state
        run, epochs = state.run, state.experiment.train.epochs
        if run is not None and run.epoch >= epochs:
            self.set("train.epochs", min(run.epoch + self._asked_for, MOST_EPOCHS))
            self.tell(f"Epochs raised to {self.store.state.experiment.train.epochs:,}.")
        elif run is not None:
            self._asked_for = epochs - (run.epoch if run.status == "finished" else 0)
        self._begin(single=False)

    def step(self) -> None:
        """Train exactly one epoch."""
        if not self._can_begin():
            return
        state = self.store.state
        if state.follow_up:
            self.reset()
        run = self.store.state.run
        if run is not None and run.epoch >= self.store.state.experiment.train.epochs:
            self.set("train.epochs", run.epoch + 1)
        self._begin(single=True)

    def interrupt(self, status: Status) -> None:
        """End the training soon: "paused" or "stopped". The weights stay."""
        if self._runner is not None and self._runner.isRunning():
            self._runner.interrupt(status)
        elif self.store.state.run is not None and self.store.state.run.status == "paused" and status == "stopped":
            self.store.update_run(status="stopped")

    def stop(self) -> None:
        """Stop training and keep the weights."""
        self.interrupt("stopped")

    def reset(self) -> None:
        """Forget the training: the weights of the start, as the seed draws them."""
        self._renew()

    def adopt(self, training: Training, status: Status) -> None:
        """Take over a run that was trained elsewhere; it can be gone on with."""
        experiment, prepared = training.experiment, training.prepared
        self._retire()
        self._runner = self._make_runner(experiment, prepared, training)
        snapshot = Snapshot(training.weights_epoch, training.backend.params())
        evaluation = Evaluation(snapshot.epoch, evaluate(snapshot.params, experiment.model.activation, prepared))
        run = Run(experiment, prepared, status, snapshot, training.history.curves, evaluation)
        shown = replace(self.store.state.shown, slice=first_slice(prepared.dataset))
        self.store.update(
            experiment=experiment,
            prepared=prepared,
            shown=shown,
            plane=make_plane(prepared, shown.slice),
            run=run,
            follow_up="",
            probe=None,
            cell=None,
        )
        self._redraw()

    def _make_runner(self, experiment: Experiment, prepared: Prepared, training: Training | None = None) -> Runner:
        runner = Runner(experiment, prepared, self, training)
        runner.finished.connect(self._leg_ended)
        return runner

    def _can_begin(self) -> bool:
        state = self.store.state
        return state.run is not None and not state.run.active and not state.loading

    def _begin(self, *, single: bool) -> None:
        run = self.store.state.run
        if run is None:
            return
        if self._runner is None:
            self._runner = self._make_runner(run.experiment, run.prepared)
        self._runner.view = self._view()
        status: Status = "running" if self._runner.training is not None else "starting"
        self.store.update_run(status=status, message="")
        self._runner.begin(single=single)
        self._timer.start()

    def _renew(self) -> None:
        """A run that has not begun: the weights as the seed draws them."""
        self._retire()
        state = self.store.state
        if state.prepared is None:
            return
        self.store.update(run=fresh_run(state.experiment, state.prepared), follow_up="", cell=None)
        self._redraw()

    def _retire(self) -> None:
        runner, self._runner = self._runner, None
        self._timer.stop()
        if runner is None:
            return
        if runner.isRunning():
            runner.interrupt("stopped")
            self._retired.append(runner)
        else:
            runner.deleteLater()

    @Slot()
    def _drain(self) -> None:
        """Show the newest frame of the training, if there is one; its figures at a pace that can be read."""
        frame = self._runner.mailbox.take() if self._runner is not None else None
        run = self.store.state.run
        if frame is None or run is None:
            return
        changes: dict[str, Any] = {
            "status": "running" if run.status == "starting" else run.status,
            "snapshot": frame.snapshot,
            "raster": frame.raster or run.raster,
            "evaluation": frame.evaluation or run.evaluation,
        }
        now = perf_counter()
        if now - self._figures_at > FIGURES_SECONDS or not self.is_training:
            self._figures_at = now
            changes |= {"curves": frame.curves, "rate": frame.rate}
        self.store.update_run(**changes)

    @Slot()
    def _leg_ended(self) -> None:
        runner = self.sender()
        if isinstance(runner, Runner):
            runner.wait()  # `finished` comes a moment before the thread has ended
        if runner is self._runner and self._runner is not None:
            self._timer.stop()
            self._drain()
            ending = self._runner.ending
            self.store.update_run(status=ending.status, message=ending.message)
            if ending.message:
                is_error = ending.status in ("failed", "diverged")
                self.tell(ending.message, is_error=is_error)
            self._redraw()  # the view may have moved while the last frame was drawn
        elif isinstance(runner, Runner) and runner in self._retired:
            self._retired.remove(runner)
            runner.deleteLater()
        if not self.is_busy:
            self.idle.emit()

    @property
    def is_busy(self) -> bool:
        """Whether a training thread is running."""
        return bool(self._retired) or (self._runner is not None and self._runner.isRunning())

    def shut_down(self, milliseconds: int = 3000) -> bool:
        """End every thread; whether all ended in time."""
        self._timer.stop()
        runners = [*self._retired, *([self._runner] if self._runner is not None else [])]
        for runner in runners:
            runner.interrupt("stopped")
        return all(runner.wait(milliseconds) for runner in runners) and self.jobs.close(milliseconds)

    # --- what is shown ------------------------------------------------------------------------------------------

    def show_part(self, name: str, visible: bool) -> None:
        """Show or hide the points of training, validation or test."""
        shown = self.store.state.shown
        parts = shown.parts | {name} if visible else shown.parts - {name}
        self.store.update(shown=replace(shown, parts=parts))

    def show_side_by_side(self, on: bool) -> None:
        """Show training and test each in a picture of its own."""
        self.store.update(shown=replace(self.store.state.shown, side_by_side=on))

    def set_slice(self, chosen: Slice) -> None:
        """Show another plane of wide data."""
        state = self.store.state
        if state.prepared is None or chosen == state.shown.slice:
            return
        plane = make_plane(state.prepared, chosen)
        self.store.update(shown=replace(state.shown, slice=chosen), plane=plane)
        self._redraw()

    def look_at(self, box: Box) -> None:
        """The visible part of the plane changed: draw the regions there."""
        if box != self._box:
            self._box = box
            self._redraw()

    def _view(self) -> View | None:
        plane = self.store.state.plane
        return None if plane is None or self._box is None else View(plane, self._box)

    def _redraw(self) -> None:
        """Have the regions drawn anew: by the training when it runs, else by a job."""
        view, run = self._view(), self.store.state.run
        if self._runner is not None:
            self._runner.view = view
        if run is None or view is None or self.is_training:
            return
        snapshot, activation, prepared = run.snapshot, run.experiment.model.activation, run.prepared
        self.jobs.start(
            "raster",
            lambda: draw(snapshot, activation, prepared, view, rest_grid(snapshot.params)),
            self._show_raster,
            self._raster_failed,
        )

    @property
    def is_training(self) -> bool:
        """Whether the present run's thread is running."""
        return self._runner is not None and self._runner.isRunning()

    def _show_raster(self, drawn: Raster) -> None:
        state = self.store.state
        if state.run is not None and drawn.plane is state.plane and drawn.epoch == state.run.snapshot.epoch:
            self.store.update_run(raster=drawn)

    def _raster_failed(self, sentence: str) -> None:
        self.tell(sentence, is_error=True)

    # --- questions ----------------------------------------------------------------------------------------------

    def ask(self, x: Floats | None) -> None:
        """Ask for the prediction at x (D,) in original units; None: no more."""
        self.store.update(probe=x)

    def ask_at(self, u: float, v: float) -> None:
        """Ask for the prediction at a point of the visible plane."""
        if self.store.state.plane is not None:
            self.ask(self.store.state.plane.point(u, v))

    def ask_text(self, text: str) -> None:
        """Ask for the prediction of a typed row; features left out keep the present point's, or the mean.

        Raises DataError with the sentence to show beside the field.
        """
        state = self.store.state
        if state.prepared is None:
            return
        data = state.prepared.dataset
        default = state.probe if state.probe is not None else data.X[state.prepared.train.rows].mean(axis=0)
        self.ask(parse_row(text, data.feature_names, default))

    def select(self, cell: Cell | None) -> None:
        """Make the points of a cell of the confusion matrix stand out; the same cell again: no longer."""
        state = self.store.state
        if cell is None or cell == state.cell:
            self.store.update(cell=None)
            return
        parts = state.shown.parts | {cell.part}
        self.store.update(cell=cell, shown=replace(state.shown, parts=parts))

    def tell(self, sentence: str, *, is_error: bool = False) -> None:
        """Show a sentence in the bar."""
        self.store.update(notice=Notice(sentence, is_error=is_error))

    def dismiss(self) -> None:
        """Take the notice away."""
        self.store.update(notice=None)


def first_slice(dataset: Dataset) -> Slice:
    """The plane to begin with: all there is of two features, the principal components of more."""
    return Slice("principal" if dataset.features > 2 else "columns")


def make_plane(prepared: Prepared, chosen: Slice) -> Plane:
    """The plane that a slice means for these data."""
    if chosen.kind == "principal" and prepared.dataset.features > 1:
        return principal_plane(prepared)
    last = prepared.dataset.features - 1
    first, second = (min(column, last) for column in chosen.columns)
    if chosen.held_row is None:
        return column_plane(prepared, (first, second))
    held = prepared.dataset.X[chosen.held_row]
    return column_plane(prepared, (first, second), held, f"the values of row {chosen.held_row + 1:,}")


def fresh_run(experiment: Experiment, prepared: Prepared) -> Run:
    """A run that has not begun: the weights that training starts from, in its precision."""
    dtype = np.dtype(experiment.train.precision)
    weights = tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in initial_params(experiment, prepared))
    return Run(experiment, prepared, "ready", Snapshot(0, weights))
