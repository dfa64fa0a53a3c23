"""What a person can do: the intents. Every gesture ends here.

The state changes here and in what the studio is made of: data, lessons, painting, undo, the list of runs, the slice,
and what is worked out for the eye.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast, get_args

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from mlp_studio.core.backends.protocol import Checkpoint
from mlp_studio.core.config import DataConfig, Experiment, TrainConfig, knobs, live_only, with_setting, with_share
from mlp_studio.core.dataset import Floats
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.predict import parse_row
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import new_seed
from mlp_studio.core.scene import first_slice, make_scene
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.trainer import Training
from mlp_studio.ui.data_loader import DataLoader
from mlp_studio.ui.fresh_run import fresh_run
from mlp_studio.ui.importance import ImportanceMeter
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.lessons import Lessons
from mlp_studio.ui.loading import Loaded, same_rows
from mlp_studio.ui.looking_back import LookingBack
from mlp_studio.ui.painter import Painter
from mlp_studio.ui.portrayer import Portrayer
from mlp_studio.ui.run_list import RunList
from mlp_studio.ui.runner import Runner, Standing
from mlp_studio.ui.seeds import new_seed_for
from mlp_studio.ui.slicing import Slicing
from mlp_studio.ui.store import ACTIVE, Cell, Evaluation, Notice, Run, Shown, Status, Store
from mlp_studio.ui.undo import Undo

if TYPE_CHECKING:
    from mlp_studio.core.kept import KeptRun

FRAME_MILLISECONDS = 38  # the window takes a frame from the training about 26 times a second
FIGURES_SECONDS = 0.18  # curves and numbers change about 5 times a second: nobody reads faster, and it costs less
SETTINGS_CHANGED = "Settings changed: Train starts a new run."
MOST_EPOCHS = int(knobs(TrainConfig)["epochs"].high or 0)


class Studio(QObject):
    """Turns gestures into states: changes settings, runs the training, answers questions about points."""

    file_wanted = Signal()  # the person chose a file as the source, and has to say which
    leg_ended = Signal()  # the training has come to a halt, or to its end
    idle = Signal()  # the last thread has ended

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.jobs = Jobs(self)
        self.lessons = Lessons(self)
        self.importance = ImportanceMeter(store, self.jobs, self)
        self.undo = Undo(self)
        self.runs = RunList(self)
        self.painter = Painter(self)
        self.portrayer = Portrayer(self, lambda: self.is_training)
        self.past = LookingBack(self, self.portrayer)
        self.slicing = Slicing(self)
        self.data = DataLoader(self)
        self._runner: Runner | None = None
        self._retired: list[Runner] = []  # runners of runs that are gone, until their threads have ended
        self._figures_at = 0.0
        self._figures: dict[str, Any] = {}  # of the newest frame, shown or held back
        self._asked_for = 0  # epochs that the person last asked for: Train on a finished run adds as many
        self.jobs.ended.connect(self._tell_idle)
        self.is_shut = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self._drain)

    # --- settings -----------------------------------------------------------------------------------------------

    def set(self, path: str, value: Any) -> None:
        """Change one setting, "seed" or "section.field". Raises ConfigError with the sentence for that control."""
        experiment = self.store.state.experiment
        section, _, name = path.partition(".")
        if path == "data.source" and value == "file" and not experiment.data.path:
            self.file_wanted.emit()  # which file is asked first; until then the data stay
        elif path == "data.source" and value == "painted" and not experiment.data.drawing:
            self.painter.paint_over()
        elif section == "split" and name in ("train", "validation", "test"):
            self.set_experiment(replace(experiment, split=with_share(experiment.split, name, value)))
        else:
            self.set_experiment(with_setting(experiment, path, value))

    def set_experiment(self, experiment: Experiment) -> None:
        """Change any number of settings at once; loads data, prepares or re-initialises as far as needed."""
        old = self.store.state.experiment
        if experiment == old:
            return
        same_data = same_rows(experiment, old) and experiment.split == old.split
        if not same_data or self.store.state.prepared is None:
            self.data.load(experiment)
        elif self.store.state.loading:
            self.store.update(experiment=experiment)  # taken up when the data are there
        else:
            self._take_settings(experiment)

    def train_anew(self, experiment: Experiment) -> None:
        """Set an experiment up and train it from its first weights, as soon as its data are there."""
        state = self.store.state
        if state.run is not None and (state.run.status != "ready" or state.follow_up):
            self.reset()
        self.set_experiment(experiment)
        state = self.store.state
        if state.experiment != experiment:  # refused
            return
        if state.loading:
            self.data.train_when_loaded = True
            return
        self.train()

    def shuffle_labels(self, on: bool = True) -> None:
        """Train on the same data with the labels dealt out by chance, or as they are."""
        experiment = self.store.state.experiment
        self.train_anew(replace(experiment, data=replace(experiment.data, shuffle_labels=on)))

    def new_sample(self) -> None:
        """Draw a new seed, and load what it gives; the old one can be got back."""
        before = self.store.state
        with self.undo.named(new_seed_for(before).label):
            self._take_seed(new_seed(before.experiment.seed), "previous_sample")
        self.store.update(earlier_seeds=(*before.earlier_seeds, before.experiment.seed))

    def previous_sample(self) -> None:
        """Go back to the seed that the latest new sample replaced."""
        *rest, seed = self.store.state.earlier_seeds or (self.store.state.experiment.seed,)
        with self.undo.named("Previous sample"):
            self._take_seed(seed, "")
        self.store.update(earlier_seeds=tuple(rest))

    def _take_seed(self, seed: int, command: str) -> None:
        experiment = self.store.state.experiment
        brings = new_seed_for(self.store.state).brings
        self.data.remark = Notice(f"Seed {experiment.seed} → {seed}: {brings}.", command=command)
        self.set("seed", seed)

    def open_file(self, path: Path, foreword: str = "", **choices: Any) -> None:
        """Load a table; `choices` are the DataConfig's fields for files: label, features, encoding …

        `foreword` begins the notice on what was read. Painted points are kept for when they are chosen as source again.
        """
        experiment = self.store.state.experiment
        data = DataConfig(source="file", path=str(path), drawing=experiment.data.drawing, **choices)
        self.data.load(replace(experiment, data=data), anew=True, foreword=foreword)

    def reload(self, foreword: str = "") -> None:
        """Read the present file again; `foreword` begins the notice on what was read."""
        experiment = self.store.state.experiment
        if experiment.data.source == "file":
            self.data.load(experiment, anew=True, foreword=foreword)

    def export_points(self, path: Path) -> None:
        """Write the data that are loaded to a CSV file, in original units."""
        from mlp_studio.core.table import write_table

        prepared = self.store.state.prepared
        if prepared is None:
            return
        data = prepared.dataset
        self.jobs.start(
            "export",
            lambda: write_table(path, data),
            lambda _: self.tell(f"{data.rows:,} rows written to {path}."),
            self._failed,
        )

    def begin_anew(self, experiment: Experiment) -> None:
        """Set an experiment up from its beginning, and forget what was asked."""
        self.reset()  # first, as a run that is kept has the settings that it had
        with self.undo.named("New experiment"):
            self.set_experiment(experiment)
        self.ask(None)
        self.store.update(earlier_seeds=())

    def _take_settings(self, experiment: Experiment) -> None:
        """Settings of model or training changed; the data are the same."""
        run = self.store.state.run
        if run is None or (run.epoch == 0 and not run.active):
            self.store.update(experiment=experiment)
            self._renew()
        elif live_only(run.experiment, experiment):
            is_retuned = run.is_retuned
            if self._runner is not None:
                self._runner.retune(experiment)
                is_retuned = self._runner.is_retuned
            run = replace(run, experiment=experiment, is_retuned=is_retuned)
            self.store.update(experiment=experiment, run=run, follow_up="")
        else:
            self.interrupt("stopped")
            self.store.update(experiment=experiment, follow_up=SETTINGS_CHANGED)

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
            more = self._asked_for or run.epoch
            if run.epoch >= MOST_EPOCHS:
                self.tell(f"{MOST_EPOCHS:,} epochs are the most there can be.")
                return
            self.set("train.epochs", min(run.epoch + more, MOST_EPOCHS))
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
        """Stop training and keep the weights; or give up what is being loaded."""
        if self.store.state.loading:
            self.data.cancel()
        else:
            self.interrupt("stopped")

    def reset(self) -> None:
        """Forget the training: the weights of the start, as the seed draws them."""
        if self.data.loaded is not None and self.data.loaded.keeps_scaler:
            self.data.load(self.store.state.experiment)  # once more from the start: with a scaler of its own
        elif not self.store.state.loading:
            self._renew()

    def adopt(self, training: Training, status: Status) -> None:
        """Take over a run that was trained elsewhere; it can be gone on with."""
        experiment, prepared = training.experiment, training.prepared
        self.retire()
        self._runner = self._make_runner(experiment, prepared, training)
        scene = make_scene(prepared, first_slice(prepared.dataset))
        self.data.put(experiment, Loaded(experiment, prepared.dataset, prepared, scene))
        self._asked_for = training.epoch
        snapshot = Snapshot(training.weights_epoch, training.backend.params())
        evaluation = Evaluation(snapshot.epoch, evaluate(snapshot.params, experiment.model.activation, prepared))
        run = Run(experiment, prepared, status, snapshot, training.history.curves, evaluation)
        run = replace(run, number=self.runs.number())
        shown = replace(self.store.state.shown, slice=scene.slice)
        self.store.update(
            experiment=experiment,
            prepared=prepared,
            shown=shown,
            scene=scene,
            run=run,
            follow_up="",
            probe=None,
            cell=None,
        )
        self.painter.follow()
        self.portrayer.redraw()

    def show_kept(
        self, experiment: Experiment, loaded: Loaded, kept: "KeptRun | None", *, opening: bool = False, **more: Any
    ) -> None:
        """Show settings and data as they were kept, and the run with them, which can be gone on with.

        `opening`: they take the place of all there is, the list of runs included. `more` are fields of the state that
        are otherwise.
        """
        self.retire(keep=not opening)
        self.data.put(experiment, loaded)
        self._asked_for = 0
        run, follow_up = fresh_run(experiment, loaded.prepared), ""
        if kept is not None:
            run = run_of(kept)
            standing = Standing(kept.experiment, kept.prepared, run.snapshot, run.curves, kept.state, kept.seconds)
            self._runner = self._make_runner(kept.experiment, run.prepared, kept=standing)
            follow_up = "" if live_only(kept.experiment, experiment) else SETTINGS_CHANGED
        changes: dict[str, Any] = {
            "experiment": experiment,
            "prepared": loaded.prepared,
            "loading": "",
            "run": run,
            "scene": loaded.scene,
            "shown": replace(self.store.state.shown, slice=loaded.scene.slice),
            "probe": None,
            "cell": None,
            "notice": None,
            "follow_up": follow_up,
        }
        self.store.update(**{**changes, **more})
        self.painter.follow()
        if opening:
            self.undo.forget()
        self.portrayer.redraw()
        self.portrayer.evaluate()

    @property
    def runner(self) -> Runner | None:
        """Who trains the present run; None before its first leg."""
        return self._runner

    def _make_runner(
        self,
        experiment: Experiment,
        prepared: Prepared,
        training: Training | None = None,
        kept: Standing | None = None,
    ) -> Runner:
        runner = Runner(experiment, prepared, self, training, kept)
        runner.finished.connect(self._leg_ended)
        return runner

    def _can_begin(self) -> bool:
        state = self.store.state
        return state.is_ready and state.run is not None and not state.run.active

    def _begin(self, *, single: bool) -> None:
        run = self.store.state.run
        if run is None:
            return
        if self._runner is None:
            self._runner = self._make_runner(run.experiment, run.prepared)
        self._runner.view = self.portrayer.view
        status: Status = "running" if self._runner.training is not None else "starting"
        if not run.number:
            run = replace(run, number=self.runs.number(), begun=datetime.now(UTC).isoformat(timespec="seconds"))
        self.store.update(run=replace(run, status=status, message=""))
        self.dismiss()
        self._figures = {}
        self._runner.begin(single=single)
        self._timer.start()

    def _renew(self) -> None:
        """A run that has not begun: the weights as the seed draws them."""
        self.retire()
        state = self.store.state
        if state.prepared is None:
            return
        run = fresh_run(state.experiment, state.prepared)
        self.store.update(run=run, follow_up="", cell=None, notice=None)
        self.portrayer.redraw()

    def retire(self, *, keep: bool = True) -> None:
        """The present run makes room for another; it goes on the list of runs, where it has begun and is to be kept."""
        runner, self._runner = self._runner, None
        if not keep:
            self.runs.forget_ending()
        self._timer.stop()
        if runner is None:
            return
        if keep and self.store.state.run is not None:
            self.runs.leave(runner, self.store.state.run)
        if runner.isRunning():
            runner.interrupt("paused")  # so that it can go on within its epoch when it comes back
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
            "raster": frame.raster or run.raster,
            "evaluation": (frame.evaluation if frame.prepared is run.prepared else None) or run.evaluation,
        }
        now = perf_counter()
        self._figures = {"curves": frame.curves, "rate": frame.rate, "snapshot": frame.snapshot}
        if self._runner is not None:
            self._figures |= {"seconds": self._runner.seconds, "is_retuned": self._runner.is_retuned}
        if now - self._figures_at > FIGURES_SECONDS:
            self._figures_at = now
            changes |= self._figures
        self.store.update_run(**changes)
        self.portrayer.measure()

    @Slot()
    def _leg_ended(self) -> None:
        runner = self.sender()
        if isinstance(runner, Runner):
            runner.wait()  # `finished` comes a moment before the thread has ended
        if runner is self._runner and self._runner is not None:
            self._timer.stop()
            self._drain()
            ending = self._runner.ending
            self.store.update_run(status=ending.status, message=ending.message, **self._figures)
            if ending.message:
                is_error = ending.status in ("failed", "diverged")
                self.tell(ending.message, is_error=is_error)
            self.portrayer.redraw()
            self.portrayer.evaluate()
            self.leg_ended.emit()
        elif isinstance(runner, Runner) and runner in self._retired:
            self._retired.remove(runner)
            self.runs.ended(runner)
            runner.deleteLater()
        self._tell_idle()

    @Slot()
    def _tell_idle(self) -> None:
        if not self.is_busy:
            self.idle.emit()

    @property
    def is_busy(self) -> bool:
        """Whether any thread is at work."""
        return bool(self._retired) or self.is_training or self.jobs.active

    def shut_down(self, milliseconds: int = 3000) -> bool:
        """End every thread; whether all ended in time."""
        self.is_shut = True
        self._timer.stop()
        self.portrayer.stop()
        self.data.stop()
        self.lessons.comparer.cancel()
        self.importance.cancel()
        runners = [*self._retired, *([self._runner] if self._runner is not None else [])]
        for runner in runners:
            runner.interrupt("stopped")
        return all(runner.wait(milliseconds) for runner in runners) and self.jobs.close(milliseconds)

    def checkpoint(self) -> Checkpoint | None:
        """A copy of the present weights with the optimizer's memory of them; None where a thread is at them."""
        if self._runner is None or self._runner.training is None or self._runner.isRunning():
            return None
        return self._runner.training.backend.checkpoint()

    # --- what is shown ------------------------------------------------------------------------------------------

    def show(self, shown: Shown) -> None:
        """Show this; the slice stays as it is."""
        self.store.update(shown=replace(shown, slice=self.store.state.shown.slice))
        self.portrayer.measure()

    def show_part(self, name: str, visible: bool) -> None:
        """Show or hide the points of training, validation or test."""
        shown = self.store.state.shown
        parts = shown.parts | {name} if visible else shown.parts - {name}
        self.store.update(shown=replace(shown, parts=parts))

    def show_side_by_side(self, on: bool) -> None:
        """Show training and test each in a picture of its own."""
        self.store.update(shown=replace(self.store.state.shown, side_by_side=on))

    def show_uncertainty(self, on: bool) -> None:
        """Lay the spread of dropout passes over the regions, or take it away."""
        self.store.update(shown=replace(self.store.state.shown, uncertainty=on))
        self.portrayer.measure()

    @property
    def is_training(self) -> bool:
        """Whether the present run's thread is running."""
        return self._runner is not None and self._runner.isRunning()

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
        if state.prepared is None or state.scene is None:
            return
        default = state.probe if state.probe is not None else state.scene.mean
        self.ask(parse_row(text, state.prepared.dataset.feature_names, default))

    def measure_importance(self) -> None:
        """Measure how important each feature is to the present weights, on the test rows."""
        problem = self.importance.measure()
        if problem:
            self.tell(problem, is_error=True)

    def select(self, cell: Cell | None) -> None:
        """Make the points of a cell of the confusion matrix stand out; the same cell again: no longer."""
        state = self.store.state
        if cell is None or cell == state.cell:
            self.store.update(cell=None)
            return
        parts = state.shown.parts | {cell.part}
        self.store.update(cell=cell, shown=replace(state.shown, parts=parts))

    def tell(self, sentence: str, *, is_error: bool = False, command: str = "") -> None:
        """Show a sentence in the bar, with a button for `command`, a row of `ui.actions`, where one is given."""
        self.store.update(notice=Notice(sentence, is_error=is_error, command=command))

    def _failed(self, sentence: str) -> None:
        self.tell(sentence, is_error=True)

    def dismiss(self) -> None:
        """Take the notice away."""
        self.store.update(notice=None)


def run_of(kept: "KeptRun") -> Run:
    """A kept run as the window shows it."""
    trained = kept.trained()
    known = kept.status in get_args(Status) and kept.status not in ACTIVE
    status = cast("Status", kept.status) if known else "paused"
    return Run(
        kept.experiment,
        kept.state.waiting or kept.prepared,
        status,
        trained.snapshot,
        trained.curves,
        message=kept.message,
        is_mixed=kept.is_mixed,
        is_retuned=kept.state.is_retuned,
        number=kept.number,
        begun=kept.begun,
        seconds=kept.seconds,
        note=kept.note,
    )
