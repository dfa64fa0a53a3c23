"""Trains the runs of a lesson side by side in the background, and shows the store how far they have got."""

from threading import Event as Flag
from time import perf_counter
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from mlp_studio.core.compare import Compared, Race
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import Findings, judge
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.store import Comparison, Store

LOOK_MILLISECONDS = 100  # how often the window looks how far they are: curves cannot be followed faster
PICTURES_SHARE = 0.2  # of the training's time, what the boundaries on the way may take
STOPPED = "Stopped before all runs had ended."


class Outcome(NamedTuple):
    """What came of a comparison: its runs, the verdict if all have ended, and the main run's training."""

    runs: tuple[Compared, ...]
    findings: Findings
    main: Training


class _Work:
    """One comparison: its thread leaves a `frame` when the window has taken the last, and heeds `cancel`."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson
        self.cancel = Flag()
        self._frame: tuple[float, tuple[Compared, ...]] | None = None
        self._pictures_due = 0.0

    def take(self) -> tuple[float, tuple[Compared, ...]] | None:
        """The share that is done and the runs, if there is news."""
        frame, self._frame = self._frame, None
        return frame

    def __call__(self) -> Outcome:
        """Train to the end, or until it is cancelled."""
        lesson = LESSONS[self.lesson]
        race = Race(lesson.experiments())
        for _ in race.run():
            if self.cancel.is_set():
                break
            if self._frame is None:
                self._frame = race.share, self._standings(race)
        runs = race.standings()
        findings = judge(lesson, {run.name: run.result for run in runs}) if race.ended else ()
        return Outcome(runs, findings, race.training(lesson.main))

    def _standings(self, race: Race) -> tuple[Compared, ...]:
        start = perf_counter()
        redraw = start >= self._pictures_due
        runs = race.standings(redraw=redraw)
        if redraw:
            now = perf_counter()
            self._pictures_due = now + (now - start) / PICTURES_SHARE
        return runs


class Comparer(QObject):
    """One comparison at a time; a new one takes the place of the one under way.

    `compared` brings the main run's `Training` when all runs have ended.
    """

    compared = Signal(object)

    def __init__(self, store: Store, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._jobs = jobs
        self._work: _Work | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look)

    def start(self, lesson: str) -> None:
        """Train all runs of a lesson."""
        self.cancel()
        work = _Work(lesson)
        self._work = work
        self._store.update(comparison=Comparison(lesson, running=True))
        self._jobs.start(
            "comparison",
            work,
            lambda outcome: self._done(work, outcome),
            lambda sentence: self._ended(work, sentence),
        )
        self._timer.start()

    def cancel(self) -> None:
        """End what is under way; the runs stay as far as they have got."""
        if self._work is not None:
            self._work.cancel.set()
            self._ended(self._work, STOPPED)

    @Slot()
    def _look(self) -> None:
        frame = self._work.take() if self._work is not None else None
        if self._work is not None and frame is not None:
            self._store.update(comparison=Comparison(self._work.lesson, True, *frame))

    def _done(self, work: _Work, outcome: Outcome) -> None:
        if work is self._work:
            self._forget()
            verdicts = {**self._store.state.verdicts, work.lesson: outcome.findings}
            self._store.update(comparison=Comparison(work.lesson, share=1.0, runs=outcome.runs), verdicts=verdicts)
            self.compared.emit(outcome.main)

    def _ended(self, work: _Work, sentence: str) -> None:
        """It has ended before its end."""
        if work is self._work:
            self._forget()
            shown = self._store.state.comparison
            runs = shown.runs if shown is not None and shown.lesson == work.lesson else ()
            self._store.update(comparison=Comparison(work.lesson, runs=runs, message=sentence))

    def _forget(self) -> None:
        self._work = None
        self._timer.stop()
