"""Has the importance of the features measured in a job, and shows the store how far it has got."""

from threading import Event as Flag

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.importance import Importance, permutation_importance, permutations
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.ui.jobs import Jobs, interrupted
from mlp_studio.ui.store import Run, Store, Weighed

REPEATS = 10  # permutations of each feature: enough for a mean and its spread
LOOK_MILLISECONDS = 100
NO_TEST_ROWS = "There are no test rows to measure on: give them a share of the data, under Data."


class _Work:
    """One measurement with the weights that a run has at its beginning."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.cancel = Flag()
        self.share = 0.0

    def __call__(self) -> Importance | None:
        """Measure; None where it was cancelled."""
        run, prepared, test = self.run, self.run.prepared, self.run.prepared.test
        orders = permutations(len(test), REPEATS, generator(run.experiment.seed, Stream.IMPORTANCE))
        params, activation = run.snapshot.params, run.experiment.model.activation
        X, inputs = (prepared.dataset.X[test.rows], prepared.inputs) if prepared.derived else (test.X, None)
        return permutation_importance(params, activation, X, test.y, orders, self._report, inputs)

    def _report(self, share: float) -> bool:
        self.share = share
        return not (self.cancel.is_set() or interrupted())

    def is_of(self, run: Run | None) -> bool:
        """Whether the weights are an earlier or the present state of this run's."""
        mine = self.run
        return (
            run is not None
            and run.prepared is mine.prepared
            and run.experiment.model == mine.experiment.model
            and run.snapshot.epoch >= mine.snapshot.epoch
        )


class ImportanceMeter(QObject):
    """One measurement at a time, on the test rows and with the weights of the moment at which it was asked for."""

    def __init__(self, store: Store, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._jobs = jobs
        self._work: _Work | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look)

    def measure(self) -> str:
        """Begin; a sentence where that cannot be, else ""."""
        run = self._store.state.run
        if run is None:
            return "There are no data yet."
        if not len(run.prepared.test):
            return NO_TEST_ROWS
        self.cancel()
        work = _Work(run)
        self._work = work
        self._store.update_run(weighing=0.0)
        self._jobs.start("importance", work, lambda found: self._done(work, found), lambda _: self._end(work))
        self._timer.start()
        return ""

    def cancel(self) -> None:
        """End what is under way; what was measured before stays."""
        if self._work is not None:
            self._work.cancel.set()
            self._end(self._work)

    @Slot()
    def _look(self) -> None:
        work, run = self._work, self._store.state.run
        if work is None:
            return
        if not work.is_of(run):  # other data, another network: nobody waits for it any more
            self.cancel()
        elif run is not None and run.weighing != work.share:
            self._store.update_run(weighing=work.share)

    def _done(self, work: _Work, found: Importance | None) -> None:
        if work is not self._work or found is None:
            return
        is_wanted = work.is_of(self._store.state.run)
        self._end(work)
        if is_wanted:
            self._store.update_run(weighed=Weighed(work.run.snapshot.epoch, found))

    def _end(self, work: _Work) -> None:
        if work is not self._work:
            return
        self._work = None
        self._timer.stop()
        run = self._store.state.run
        if run is not None and run.weighing is not None:
            self._store.update_run(weighing=None)
