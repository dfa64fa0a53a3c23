"""What a person can do: the intents. Every gesture ends here.

The state changes here and in what the studio is made of: lessons, comparisons, and what is worked out for the eye.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from mlp_studio.core.backends.protocol import Checkpoint
from mlp_studio.core.boundary import Box
from mlp_studio.core.config import (
    DataConfig,
    Experiment,
    SplitConfig,
    TrainConfig,
    knobs,
    live_only,
    with_setting,
    with_share,
)
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import StudioError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.network import Layer
from mlp_studio.core.predict import finite_number, parse_row
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.progress import Progress
from mlp_studio.core.randomness import new_seed
from mlp_studio.core.scene import (
    QUICK_VALUES,
    Scene,
    Slice,
    first_slice,
    held_values,
    holds_features,
    make_scene,
    moved,
)
from mlp_studio.core.sources import SOURCES
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.trainer import Training, initial_params
from mlp_studio.ui.importance import ImportanceMeter
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.lessons import Lessons
from mlp_studio.ui.loading import (
    Loaded,
    Reading,
    Stamp,
    is_quick,
    kept_slice,
    load,
    same_rows,
    same_source,
    stamp_of,
    what,
)
from mlp_studio.ui.looking_back import LookingBack
from mlp_studio.ui.painter import Painter
from mlp_studio.ui.portrayer import Portrayer
from mlp_studio.ui.run_list import RunList
from mlp_studio.ui.runner import Runner, Standing
from mlp_studio.ui.seeds import new_seed_for
from mlp_studio.ui.store import ACTIVE, Cell, Evaluation, Notice, Painting, Run, Shown, Status, Store
from mlp_studio.ui.undo import Undo

if TYPE_CHECKING:
    from mlp_studio.core.kept import KeptRun

Made = TypeVar("Made")

FRAME_MILLISECONDS = 38  # the window takes a frame from the training about 26 times a second
PROGRESS_MILLISECONDS = 100  # the share of a file that is read is shown ten times a second
FIGURES_SECONDS = 0.18  # curves and numbers change about 5 times a second: nobody reads faster, and it costs less
QUICK_EVALUATION = 3e6  # multiply-adds: so many are done within a few milliseconds
REST_SECONDS = 0.15  # without new data, and their regions are drawn
SETTINGS_CHANGED = "Settings changed: Train starts a new run."
MOST_EPOCHS = int(knobs(TrainConfig)["epochs"].high or 0)


class Studio(QObject):
    """Turns gestures into states: loads data, runs the training, answers questions about points."""

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
        self._portrayer = Portrayer(self, lambda: self.is_training)
        self.past = LookingBack(self, self._portrayer)
        self._train_when_loaded = False
        self._ticket = 0  # of the newest data asked for
        self._asked = Experiment()  # whose data were asked for last
        self._loaded: Loaded | None = None  # the present data
        self._reading = Reading()  # of the newest data asked for
        self._fetched = ""  # what is opened instead of data, by its name
        self._remark = Notice("")  # to be shown with the next data
        self._runner: Runner | None = None
        self._retired: list[Runner] = []  # runners of runs that are gone, until their threads have ended
        self._figures_at = 0.0
        self._figures: dict[str, Any] = {}  # of the newest frame, shown or held back
        self._asked_for = 0  # epochs that the person last asked for: Train on a finished run adds as many
        self.jobs.ended.connect(self._tell_idle)
        self.is_shut = False
        self._used_at = 0.0  # when the latest data were taken
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(round(1000 * REST_SECONDS))
        self._rest.timeout.connect(self._redraw)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self._drain)
        self._progress = QTimer(self)
        self._progress.setInterval(PROGRESS_MILLISECONDS)
        self._progress.timeout.connect(self._show_progress)

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
            self._load(experiment)
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
            self._train_when_loaded = True
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
        self._remark = Notice(f"Seed {experiment.seed} → {seed}: {brings}.", command=command)
        self.set("seed", seed)

    def open_file(self, path: Path, foreword: str = "", **choices: Any) -> None:
        """Load a table; `choices` are the DataConfig's fields for files: label, features, encoding …

        `foreword` begins the notice on what was read. Painted points are kept for when they are chosen as source again.
        """
        experiment = self.store.state.experiment
        data = DataConfig(source="file", path=str(path), drawing=experiment.data.drawing, **choices)
        self._load(replace(experiment, data=data), anew=True, foreword=foreword)

    def reload(self, foreword: str = "") -> None:
        """Read the present file again; `foreword` begins the notice on what was read."""
        experiment = self.store.state.experiment
        if experiment.data.source == "file":
            self._load(experiment, anew=True, foreword=foreword)

    @property
    def loaded_file(self) -> tuple[Path | None, Stamp | None]:
        """The file that the present data were read from, and its stamp before that; None where they have none."""
        loaded = self._loaded
        if loaded is None or loaded.experiment.data.source != "file":
            return None, None
        path = Path(loaded.experiment.data.path)
        return (path, loaded.stamp) if path.is_absolute() else (None, None)  # a project knows but its name

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

    def start(self, experiment: Experiment | None = None, delay: int = 0) -> None:
        """Load the first data; those that take long, so many milliseconds later, when the window has been painted."""
        experiment = experiment or self.store.state.experiment
        if is_quick(experiment, None):
            self._load(experiment)
            return
        self._asked, ticket = experiment, self._ticket
        self.store.update(experiment=experiment, loading=f"Loading {what(experiment)} …")
        QTimer.singleShot(delay, self, lambda: self._start_late(ticket))

    def _start_late(self, ticket: int) -> None:
        if ticket == self._ticket:  # no other data were asked for in the meantime
            self._load(self.store.state.experiment, anew=True)

    def begin_anew(self, experiment: Experiment) -> None:
        """Set an experiment up from its beginning, and forget what was asked."""
        self.reset()  # first, as a run that is kept has the settings that it had
        with self.undo.named("New experiment"):
            self.set_experiment(experiment)
        self.ask(None)
        self.store.update(earlier_seeds=())

    def go_back(self, experiment: Experiment, loaded: Loaded) -> None:
        """Show data that were there before, with the settings that they had then."""
        shown, prepared = self.store.state.shown.slice, loaded.prepared
        wanted = kept_slice(shown, self._loaded, prepared.dataset)
        if wanted != loaded.scene.slice and prepared.dataset.X.size <= QUICK_VALUES:
            loaded = replace(loaded, scene=make_scene(prepared, wanted))
        if loaded.stamp is not None:  # what the file has become since then is no news
            loaded = replace(loaded, stamp=stamp_of(Path(experiment.data.path)))
        self._ticket += 1
        self._asked = experiment
        self._use(experiment, loaded, notice=None)

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

    # --- data ---------------------------------------------------------------------------------------------------

    def _load(self, experiment: Experiment, *, anew: bool = False, foreword: str = "") -> None:
        """Get the data of an experiment, or get them `anew`. Of several that are asked for, the newest wins."""
        state = self.store.state
        self._train_when_loaded = False
        if state.loading and not anew and same_source(experiment, self._asked):
            self.store.update(experiment=experiment)  # on their way already; what else is wanted follows
            return
        self._ticket += 1
        self._asked = experiment
        self._end_reading()
        if is_quick(experiment, None if anew else self._loaded):
            try:
                loaded = load(experiment, self._loaded, state.shown.slice, anew=anew)
            except StudioError as error:
                self._refuse(str(error))
            else:
                self._use(experiment, loaded)
            return
        self.interrupt("stopped")
        self.store.update(experiment=experiment, loading=f"Loading {what(experiment)} …")
        self._reading = reading = Reading()
        self._progress.start()
        ticket, before, shown = self._ticket, self._loaded, state.shown.slice

        def done(loaded: Loaded) -> None:
            if ticket == self._ticket:
                self._arrived(loaded, foreword)

        def failed(sentence: str) -> None:
            if ticket == self._ticket:
                self._refuse(sentence)

        self.jobs.start("data", lambda: load(experiment, before, shown, anew=anew, progress=reading), done, failed)

    def fetch(
        self, name: str, work: Callable[[Progress], Made], take: Callable[[Made], None], refused: Callable[[], None]
    ) -> None:
        """Have something made that takes the place of all there is, as a project; until then that stays as it is.

        `refused` follows when it could not be made, after the sentence that says why.
        """
        self._ticket += 1
        self._train_when_loaded = False
        self._end_reading()
        self._reading = reading = Reading()
        self._fetched = name
        self.store.update(loading=f"Opening {name} …")
        self._progress.start()
        ticket = self._ticket

        def done(made: Made) -> None:
            if ticket == self._ticket:
                take(made)

        def failed(sentence: str) -> None:
            if ticket == self._ticket:
                self._refuse(sentence)
                refused()

        self.jobs.start("data", partial(work, reading), done, failed)

    def cancel_loading(self) -> None:
        """Give up what is being loaded: the previous data stay."""
        state = self.store.state
        if state.loading:
            self._ticket += 1
            name = self._fetched or what(state.experiment)
            self._end_reading()
            self._refuse(f"Loading “{name}” was cancelled.", is_error=False)

    def _end_reading(self) -> None:
        self._fetched = ""
        self._reading.cancel()
        self._progress.stop()
        if self.store.state.loading_share:
            self.store.update(loading_share=0.0)

    @Slot()
    def _show_progress(self) -> None:
        if self._reading.share != self.store.state.loading_share:
            self.store.update(loading_share=self._reading.share)

    def _arrived(self, loaded: Loaded, foreword: str) -> None:
        """Take what a job has loaded, or go on from there to what has been asked for in the meantime."""
        wanted, train = self.store.state.experiment, self._train_when_loaded
        if same_rows(wanted, loaded.experiment) and wanted.split == loaded.experiment.split:
            self._use(wanted, loaded, foreword)
            return
        self._loaded = loaded
        self.store.update(loading="")
        self._load(wanted)
        self._train_when_loaded = train

    def _use(self, experiment: Experiment, loaded: Loaded, foreword: str = "", **more: Any) -> None:
        """Show these data, with a run that has not begun; `more` are fields of the state that are otherwise."""
        state, prepared, scene = self.store.state, loaded.prepared, loaded.scene
        dataset = prepared.dataset
        remark, self._remark = self._remark, Notice("")
        notes = " ".join(filter(None, (foreword, remark.text, *dataset.notes, *prepared.notes)))
        command = remark.command or ("change_import" if experiment.data.source == "file" else "")
        same_columns = state.prepared is not None and state.prepared.dataset.feature_names == dataset.feature_names
        self._retire()
        self._end_reading()
        self._loaded = loaded
        # all at once: weights, data and plane belong together
        changes: dict[str, Any] = {
            "experiment": experiment,
            "prepared": prepared,
            "loading": "",
            "run": fresh_run(experiment, prepared),
            "scene": scene,
            "shown": replace(state.shown, slice=scene.slice),
            "probe": state.probe if same_columns else None,
            "cell": None,
            "notice": Notice(notes, command=command) if notes else None,
            "follow_up": "",
        }
        self.store.update(**{**changes, **more})
        self.painter.follow()
        self._redraw_soon()
        self._used_at = perf_counter()
        if self._train_when_loaded:
            self._train_when_loaded = False
            self.train()

    def take_points(self, loaded: Loaded, painting: Painting) -> None:
        """Show these painted data. A run that has begun with the same classes goes on with them, another is new."""
        self._ticket += 1
        self._asked = loaded.experiment
        run = self.store.state.run
        if run is not None and loaded.keeps_scaler:
            self._go_on_with(run, loaded, painting)
            return
        new = fresh_run(loaded.experiment, loaded.prepared)
        if run is not None and run.prepared.dataset.classes == loaded.prepared.dataset.classes:
            new = replace(new, raster=run.raster)  # until its own is drawn, so that nothing flickers
        self._use(loaded.experiment, loaded, run=new, painting=painting, notice=self.store.state.notice)
        if run is not None and run.active:
            self.train()

    def _go_on_with(self, run: Run, loaded: Loaded, painting: Painting) -> None:
        """Other rows for the present run, from its next epoch on."""
        self._loaded, prepared = loaded, loaded.prepared
        trained = replace(run.experiment, data=loaded.experiment.data)
        if self._runner is not None:
            self._runner.retune(trained)
            self._runner.replace_data(prepared)
        evaluation = None  # of a large network, one is made by whoever has the time
        if prepared.dataset.rows * sum(W.size for W, _ in run.snapshot.params) <= QUICK_EVALUATION:
            parts = evaluate(run.snapshot.params, trained.model.activation, prepared)
            evaluation = Evaluation(run.snapshot.epoch, parts)
        self.store.update(
            experiment=loaded.experiment,
            prepared=prepared,
            scene=loaded.scene,
            run=replace(run, experiment=trained, prepared=prepared, evaluation=evaluation, weighed=None, is_mixed=True),
            painting=painting,
        )
        if not run.active:
            self._portrayer.evaluate()

    def _refuse(self, sentence: str, *, is_error: bool = True) -> None:
        """The data asked for cannot be had: the previous ones stay, and so do their settings."""
        self._train_when_loaded = False
        self._end_reading()
        self._remark = Notice("")
        experiment = self.store.state.experiment
        if self._loaded is not None:
            there = self._loaded.experiment
            experiment = replace(experiment, seed=there.seed, data=there.data, split=there.split)
        elif (experiment.data, experiment.split) != (DataConfig(), SplitConfig()):  # there are none yet
            self.store.update(loading="")
            self._load(replace(experiment, data=DataConfig(), split=SplitConfig()))
            sentence = f"{sentence} The {SOURCES[DataConfig().source].label.lower()} is shown instead."
            experiment = self.store.state.experiment
        self.store.update(experiment=experiment, loading="", notice=Notice(sentence, is_error=is_error))

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
            self.cancel_loading()
        else:
            self.interrupt("stopped")

    def reset(self) -> None:
        """Forget the training: the weights of the start, as the seed draws them."""
        if self._loaded is not None and self._loaded.keeps_scaler:
            self._load(self.store.state.experiment)  # once more from the start: with a scaler of its own
        elif not self.store.state.loading:
            self._renew()

    def adopt(self, training: Training, status: Status) -> None:
        """Take over a run that was trained elsewhere; it can be gone on with."""
        experiment, prepared = training.experiment, training.prepared
        self._retire()
        self._runner = self._make_runner(experiment, prepared, training)
        scene = make_scene(prepared, first_slice(prepared.dataset))
        self._loaded, self._asked_for = Loaded(experiment, prepared.dataset, prepared, scene), training.epoch
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
        self._redraw()

    def show_kept(
        self, experiment: Experiment, loaded: Loaded, kept: "KeptRun | None", *, opening: bool = False, **more: Any
    ) -> None:
        """Show settings and data as they were kept, and the run with them, which can be gone on with.

        `opening`: they take the place of all there is, the list of runs included. `more` are fields of the state that
        are otherwise.
        """
        self._ticket += 1
        self._train_when_loaded = False
        self._end_reading()
        self._retire(keep=not opening)
        self._asked, self._loaded, self._remark, self._asked_for = experiment, loaded, Notice(""), 0
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
        self._redraw()
        self._portrayer.evaluate()

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
        self._runner.view = self._portrayer.view
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
        self._retire()
        state = self.store.state
        if state.prepared is None:
            return
        run = fresh_run(state.experiment, state.prepared)
        self.store.update(run=run, follow_up="", cell=None, notice=None)
        self._redraw()

    def _retire(self, *, keep: bool = True) -> None:
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
        self._portrayer.measure()

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
            self._redraw()
            self._portrayer.evaluate()
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
    def loaded(self) -> Loaded | None:
        """The present data, with what they were loaded from."""
        return self._loaded

    @property
    def is_busy(self) -> bool:
        """Whether any thread is at work."""
        return bool(self._retired) or self.is_training or self.jobs.active

    def shut_down(self, milliseconds: int = 3000) -> bool:
        """End every thread; whether all ended in time."""
        self.is_shut = True
        self._timer.stop()
        self._rest.stop()
        self._progress.stop()
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
        self._portrayer.measure()

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
        self._portrayer.measure()

    def set_slice(self, chosen: Slice) -> None:
        """Show another plane of wide data."""
        state = self.store.state
        prepared = state.prepared
        if prepared is None or chosen == state.shown.slice:
            return
        if state.scene is not None and replace(chosen, held_row=None, held=None) == replace(
            state.scene.slice, held_row=None, held=None
        ):
            self._hold(chosen)
            return

        def show(scene: Scene) -> None:
            state = self.store.state
            if state.prepared is prepared:
                self.store.update(shown=replace(state.shown, slice=scene.slice), scene=scene)
                self._redraw()

        if prepared.dataset.X.size <= QUICK_VALUES:
            show(make_scene(prepared, chosen))
        else:
            self.jobs.start("scene", lambda: make_scene(prepared, chosen), show, self._failed)

    def hold(self, feature: int, value: float) -> None:
        """Hold a feature that is not on the slice's axes at a value in original units; the others stay."""
        state = self.store.state
        if state.prepared is None or state.scene is None or not holds_features(state.scene):
            return
        values = held_values(state.prepared, state.scene, state.shown.slice).copy()
        values[feature] = value
        self._hold(replace(state.shown.slice, held_row=None, held=tuple(values.tolist())))

    def hold_text(self, feature: int, text: str) -> None:
        """Hold a feature at a typed number. Raises DataError with the sentence to show."""
        prepared = self.store.state.prepared
        if prepared is not None:
            self.hold(feature, finite_number(text, prepared.dataset.feature_names[feature]))

    def hold_row(self, row: int | None) -> None:
        """Hold the features that are not on the slice's axes at their values in a row; None: at their means."""
        self.set_slice(replace(self.store.state.shown.slice, held_row=row, held=None))

    def _hold(self, chosen: Slice) -> None:
        """Move the slice along the features that it holds: the points stay where they are, only the regions change."""
        state = self.store.state
        if state.prepared is None or state.scene is None or chosen == state.shown.slice:
            return
        scene = moved(state.prepared, state.scene, chosen)
        self.store.update(shown=replace(state.shown, slice=chosen), scene=scene)
        self._redraw(moving=True)

    def look_at(self, box: Box) -> None:
        """The visible part of the plane changed: draw the regions there."""
        if box != self._portrayer.box:
            self._portrayer.box = box
            self._redraw_soon()

    def _redraw(self, *, moving: bool = False) -> None:
        """Have the regions drawn anew: by the training when it runs, else by a job; coarsely while `moving`."""
        if self._runner is not None:
            self._runner.view = self._portrayer.view
        self._portrayer.measure()
        self.past.redraw()
        if moving:
            self._portrayer.draw_moving()
        else:
            self._portrayer.draw()

    def _redraw_soon(self) -> None:
        """Have the regions drawn now; where data come fast, as from a slider, when they have come to rest.

        Drawn for each of them, in a thread of their own, they held up the window twice as long as the points did.
        """
        if perf_counter() - self._used_at > REST_SECONDS:
            self._redraw()
        else:
            self._rest.start()

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


def fresh_run(experiment: Experiment, prepared: Prepared) -> Run:
    """A run that has not begun: the weights that training starts from, in its precision."""
    dtype = np.dtype(experiment.train.precision)
    weights = tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in initial_params(experiment, prepared))
    return Run(experiment, prepared, "ready", Snapshot(0, weights))


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
