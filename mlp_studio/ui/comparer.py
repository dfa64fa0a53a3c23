"""Trains the runs of a lesson in the background, and tells the store how far they have got."""

from threading import Event as Flag

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.compare import Compared, compare
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.verdict import Findings, judge
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.store import Comparison, Store

LOOK_MILLISECONDS = 100  # how often the progress is read


class _Work:
    """One comparison: its thread writes `progress` and heeds `cancel`, the window reads the one and sets the other."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson
        self.cancel = Flag()
        self.progress = ("", 0, 1)

    def __call__(self) -> tuple[tuple[Compared, ...], Findings]:
        lesson = LESSONS[self.lesson]
        runs = compare(lesson.experiments(), self._note, self.cancel.is_set)
        is_whole = len(runs) == len(lesson.runs)
        return runs, judge(lesson, {run.name: run.result for run in runs}) if is_whole else ()

    def _note(self, name: str, done: int, total: int) -> None:
        self.progress = (name, done, total)


class Comparer(QObject):
    """One comparison at a time; a new one takes the place of the one under way."""

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
        first = next(iter(LESSONS[lesson].runs.values())).title
        self._work = work
        self._store.update(comparison=Comparison(lesson, first))
        self._jobs.start(
            "comparison",
            work,
            lambda outcome: self._done(work, *outcome),
            lambda sentence: self._failed(work, sentence),
        )
        self._timer.start()

    def cancel(self) -> None:
        """End what is under way."""
        work, self._work = self._work, None
        self._timer.stop()
        if work is not None:
            work.cancel.set()
            self._store.update(comparison=Comparison(work.lesson, message="Stopped before all runs had ended."))

    @Slot()
    def _look(self) -> None:
        if self._work is not None:
            name, done, total = self._work.progress
            if name:
                title = LESSONS[self._work.lesson].runs[name].title
                self._store.update(comparison=Comparison(self._work.lesson, title, done / total))

    def _done(self, work: _Work, runs: tuple[Compared, ...], findings: Findings) -> None:
        if work is not self._work:
            return
        self._work = None
        self._timer.stop()
        verdicts = {**self._store.state.verdicts, work.lesson: findings}
        self._store.update(comparison=Comparison(work.lesson, share=1.0, runs=runs), verdicts=verdicts)

    def _failed(self, work: _Work, sentence: str) -> None:
        if work is self._work:
            self._work = None
            self._timer.stop()
            self._store.update(comparison=Comparison(work.lesson, message=sentence))
