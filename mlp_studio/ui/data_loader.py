"""From the data that are asked for to those that are shown: quick ones at once, others in a thread.

Of several that are asked for, the newest wins: each has a ticket, and what comes with an older one is put away. Until
they are there, and where they cannot be had, the previous data stay.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.config import DataConfig, Experiment, SplitConfig
from mlp_studio.core.errors import StudioError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.progress import Progress
from mlp_studio.core.scene import QUICK_VALUES, make_scene
from mlp_studio.core.sources import SOURCES
from mlp_studio.ui.fresh_run import fresh_run
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
from mlp_studio.ui.store import Evaluation, Notice, Painting, Run

if TYPE_CHECKING:
    from mlp_studio.ui.studio import Studio

Made = TypeVar("Made")

PROGRESS_MILLISECONDS = 100  # the share of a file that is read is shown ten times a second
QUICK_EVALUATION = 3e6  # multiply-adds: so many are done within a few milliseconds


class DataLoader(QObject):
    """Gets the data of an experiment, and shows them with a run that has not begun.

    `train_when_loaded`: the person waits for the data that are on their way, to train on them.
    `remark` is said with the next data.
    """

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio, self._store = studio, studio.store
        self.train_when_loaded = False
        self.remark = Notice("")
        self._ticket = 0  # of the newest data asked for
        self._asked = Experiment()  # whose data were asked for last
        self._loaded: Loaded | None = None
        self._reading = Reading()  # of the newest data asked for
        self._fetched = ""  # what is opened instead of data, by its name
        self._progress = QTimer(self)
        self._progress.setInterval(PROGRESS_MILLISECONDS)
        self._progress.timeout.connect(self._show_progress)

    @property
    def loaded(self) -> Loaded | None:
        """The present data, with what they were loaded from; None before the first."""
        return self._loaded

    @property
    def file(self) -> tuple[Path | None, Stamp | None]:
        """The file that the present data were read from, and its stamp before that; None where they have none."""
        loaded = self._loaded
        if loaded is None or loaded.experiment.data.source != "file":
            return None, None
        path = Path(loaded.experiment.data.path)
        return (path, loaded.stamp) if path.is_absolute() else (None, None)  # a project knows but its name

    # --- asking for data ----------------------------------------------------------------------------------------

    def start(self, experiment: Experiment | None = None, delay: int = 0) -> None:
        """Load the first data; those that take long, so many milliseconds later, when the window has been painted."""
        experiment = experiment or self._store.state.experiment
        if is_quick(experiment, None):
            self.load(experiment)
            return
        self._asked, ticket = experiment, self._ticket
        self._store.update(experiment=experiment, loading=f"Loading {what(experiment)} …")
        QTimer.singleShot(delay, self, lambda: self._start_late(ticket))

    def _start_late(self, ticket: int) -> None:
        if ticket == self._ticket:  # no other data were asked for in the meantime
            self.load(self._store.state.experiment, anew=True)

    def load(self, experiment: Experiment, *, anew: bool = False, foreword: str = "") -> None:
        """Get the data of an experiment, or get them `anew`. `foreword` begins the notice on what was read."""
        state = self._store.state
        self.train_when_loaded = False
        if state.loading and not anew and same_source(experiment, self._asked):
            self._store.update(experiment=experiment)  # on their way already; what else is wanted follows
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
        self._studio.interrupt("stopped")
        self._store.update(experiment=experiment, loading=f"Loading {what(experiment)} …")
        reading = self._begin_reading()
        ticket, before, shown = self._ticket, self._loaded, state.shown.slice

        def done(loaded: Loaded) -> None:
            if ticket == self._ticket:
                self._arrived(loaded, foreword)

        def failed(sentence: str) -> None:
            if ticket == self._ticket:
                self._refuse(sentence)

        work = partial(load, experiment, before, shown, anew=anew, progress=reading)
        self._studio.jobs.start("data", work, done, failed)

    def fetch(
        self, name: str, work: Callable[[Progress], Made], take: Callable[[Made], None], refused: Callable[[], None]
    ) -> None:
        """Have something made that takes the place of all there is, as a project; until then that stays as it is.

        `refused` follows when it could not be made, after the sentence that says why.
        """
        self._ticket += 1
        self.train_when_loaded = False
        self._end_reading()
        self._fetched = name
        self._store.update(loading=f"Opening {name} …")
        reading, ticket = self._begin_reading(), self._ticket

        def done(made: Made) -> None:
            if ticket == self._ticket:
                take(made)

        def failed(sentence: str) -> None:
            if ticket == self._ticket:
                self._refuse(sentence)
                refused()

        self._studio.jobs.start("data", partial(work, reading), done, failed)

    # --- while they are on their way ----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Give up what is being loaded: the previous data stay."""
        state = self._store.state
        if state.loading:
            self._ticket += 1
            name = self._fetched or what(state.experiment)
            self._end_reading()
            self._refuse(f"Loading “{name}” was cancelled.", is_error=False)

    def stop(self) -> None:
        """Show no more progress, as the program is closing."""
        self._progress.stop()

    def _begin_reading(self) -> Reading:
        self._reading = Reading()
        self._progress.start()
        return self._reading

    def _end_reading(self) -> None:
        self._fetched = ""
        self._reading.cancel()
        self._progress.stop()
        if self._store.state.loading_share:
            self._store.update(loading_share=0.0)

    @Slot()
    def _show_progress(self) -> None:
        if self._reading.share != self._store.state.loading_share:
            self._store.update(loading_share=self._reading.share)

    # --- when they are there ------------------------------------------------------------------------------------

    def _arrived(self, loaded: Loaded, foreword: str) -> None:
        """Take what a job has loaded, or go on from there to what has been asked for in the meantime."""
        wanted, train = self._store.state.experiment, self.train_when_loaded
        if same_rows(wanted, loaded.experiment) and wanted.split == loaded.experiment.split:
            self._use(wanted, loaded, foreword)
            return
        self._loaded = loaded
        self._store.update(loading="")
        self.load(wanted)
        self.train_when_loaded = train

    def _use(self, experiment: Experiment, loaded: Loaded, foreword: str = "", **more: Any) -> None:
        """Show these data, with a run that has not begun; `more` are fields of the state that are otherwise."""
        state, prepared, scene = self._store.state, loaded.prepared, loaded.scene
        dataset = prepared.dataset
        remark, self.remark = self.remark, Notice("")
        notes = " ".join(filter(None, (foreword, remark.text, *dataset.notes, *prepared.notes)))
        command = remark.command or ("change_import" if experiment.data.source == "file" else "")
        same_columns = state.prepared is not None and state.prepared.dataset.feature_names == dataset.feature_names
        self._studio.retire()
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
        self._store.update(**{**changes, **more})
        self._studio.painter.follow()
        self._studio.portrayer.take_data()
        if self.train_when_loaded:
            self.train_when_loaded = False
            self._studio.train()

    def _refuse(self, sentence: str, *, is_error: bool = True) -> None:
        """The data asked for cannot be had: the previous ones stay, and so do their settings."""
        self.train_when_loaded = False
        self._end_reading()
        self.remark = Notice("")
        experiment = self._store.state.experiment
        if self._loaded is not None:
            there = self._loaded.experiment
            experiment = replace(experiment, seed=there.seed, data=there.data, split=there.split)
        elif (experiment.data, experiment.split) != (DataConfig(), SplitConfig()):  # there are none yet
            self._store.update(loading="")
            self.load(replace(experiment, data=DataConfig(), split=SplitConfig()))
            sentence = f"{sentence} The {SOURCES[DataConfig().source].label.lower()} is shown instead."
            experiment = self._store.state.experiment
        self._store.update(experiment=experiment, loading="", notice=Notice(sentence, is_error=is_error))

    # --- data that need no loading ------------------------------------------------------------------------------

    def go_back(self, experiment: Experiment, loaded: Loaded) -> None:
        """Show data that were there before, with the settings that they had then."""
        shown, prepared = self._store.state.shown.slice, loaded.prepared
        wanted = kept_slice(shown, self._loaded, prepared.dataset)
        if wanted != loaded.scene.slice and prepared.dataset.X.size <= QUICK_VALUES:
            loaded = replace(loaded, scene=make_scene(prepared, wanted))
        if loaded.stamp is not None:  # what the file has become since then is no news
            loaded = replace(loaded, stamp=stamp_of(Path(experiment.data.path)))
        self._ticket += 1
        self._asked = experiment
        self._use(experiment, loaded, notice=None)

    def put(self, experiment: Experiment, loaded: Loaded) -> None:
        """From now on these are the present data, whatever was asked for; the caller shows them."""
        self._ticket += 1
        self.train_when_loaded = False
        self._end_reading()
        self._asked, self._loaded, self.remark = experiment, loaded, Notice("")

    def take_points(self, loaded: Loaded, painting: Painting) -> None:
        """Show these painted data. A run that has begun with the same classes goes on with them, another is new."""
        self._ticket += 1
        self._asked = loaded.experiment
        run = self._store.state.run
        if run is not None and loaded.keeps_scaler:
            self._go_on_with(run, loaded, painting)
            return
        new = fresh_run(loaded.experiment, loaded.prepared)
        if run is not None and run.prepared.dataset.classes == loaded.prepared.dataset.classes:
            new = replace(new, raster=run.raster)  # until its own is drawn, so that nothing flickers
        self._use(loaded.experiment, loaded, run=new, painting=painting, notice=self._store.state.notice)
        if run is not None and run.active:
            self._studio.train()

    def _go_on_with(self, run: Run, loaded: Loaded, painting: Painting) -> None:
        """Other rows for the present run, from its next epoch on."""
        self._loaded, prepared = loaded, loaded.prepared
        trained = replace(run.experiment, data=loaded.experiment.data)
        runner = self._studio.runner
        if runner is not None:
            runner.retune(trained)
            runner.replace_data(prepared)
        evaluation = None  # of a large network, one is made by whoever has the time
        if prepared.dataset.rows * sum(W.size for W, _ in run.snapshot.params) <= QUICK_EVALUATION:
            parts = evaluate(run.snapshot.params, trained.model.activation, prepared)
            evaluation = Evaluation(run.snapshot.epoch, parts)
        self._store.update(
            experiment=loaded.experiment,
            prepared=prepared,
            scene=loaded.scene,
            run=replace(run, experiment=trained, prepared=prepared, evaluation=evaluation, weighed=None, is_mixed=True),
            painting=painting,
        )
        if not run.active:
            self._studio.portrayer.evaluate()
