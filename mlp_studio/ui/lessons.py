"""What a person does with the lessons: read one, set up its experiment, train it, and have the outcome judged."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Slot

from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import Result, judge, of_data_alone
from mlp_studio.ui.comparer import Comparer

if TYPE_CHECKING:
    from mlp_studio.ui.studio import Studio


class Lessons(QObject):
    """The intents of the lesson panel. Each name is a lesson's; "" is the gallery."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._store = studio.store
        self.comparer = Comparer(studio.store, studio.jobs, self)
        self.comparer.compared.connect(self._take_over)
        studio.leg_ended.connect(self._judge)

    def read(self, name: str) -> None:
        """Open a lesson's page, "": the gallery; the experiment stays as it is."""
        self._store.update(lesson=name)
        self._judge()

    def open(self, name: str) -> None:
        """Open a lesson's page and set up its experiment."""
        self._store.update(lesson=name)
        self._studio.reset()  # a lesson begins at its beginning, also where nothing else changes
        with self._studio.undo.named(f"Lesson {LESSONS[name].title}"):
            self._studio.set_experiment(LESSONS[name].experiment())
        self._show(name)
        self._judge()

    def train(self, name: str) -> None:
        """Set up a lesson's experiment and train it; where a lesson has several, in the background."""
        if LESSONS[name].compares:
            self.open(name)
            self.comparer.start(name)
            return
        self._store.update(lesson=name)
        with self._studio.undo.named(f"Lesson {LESSONS[name].title}"):
            self._studio.train_anew(LESSONS[name].experiment())
        self._show(name)

    @Slot(object)
    def _take_over(self, training: Training) -> None:
        """Show the main run of a comparison, unless the person has begun something else in the meantime."""
        state = self._store.state
        untouched = state.run is not None and state.run.status == "ready" and not state.loading
        if untouched and state.experiment == training.experiment:
            self._studio.adopt(training, "finished")

    def _show(self, name: str) -> None:
        """What the lesson looks at, and nothing that another left behind."""
        lesson = LESSONS[name]
        self._studio.show_side_by_side(lesson.side_by_side)
        self._studio.ask(np.array(lesson.probe) if lesson.probe else None)

    @Slot()
    def _judge(self) -> None:
        """Judge the present run where it is the open lesson's and has come to its end."""
        state = self._store.state
        run = state.run
        if not state.lesson or run is None or LESSONS[state.lesson].compares:
            return
        lesson = LESSONS[state.lesson]
        ended = run.status in ("finished", "diverged") or of_data_alone(lesson)
        if ended and not (run.is_mixed or run.is_retuned) and run.experiment == lesson.experiment():
            result = Result(run.experiment, run.prepared, run.snapshot.params, run.curves)
            self._store.update(verdicts={**state.verdicts, state.lesson: judge(lesson, {lesson.main: result})})
