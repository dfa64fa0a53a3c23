"""Takes down all that there is in a window, its training included, while the training goes on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.kept import KeptRun
from mlp_studio.core.prepare import Prepared
from mlp_studio.ui.runner import Runner, Standing
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.work import Work, work_of

POLL_MILLISECONDS = 15  # from one look to the next at whether the training has answered


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What there was at one moment: the work, the data, and the present run, None where none has begun."""

    work: Work
    prepared: Prepared
    run: KeptRun | None


class Scribe(QObject):
    """Hands over what there is: at once, or where a network trains, at the next event of its thread."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._waiting: list[Callable[[Taken], None]] = []
        self._asked: Runner | None = None
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MILLISECONDS)
        self._poll.timeout.connect(self._look)

    def take_down(self, take: Callable[[Taken], None]) -> None:
        """Have `take` called with what there is, now or in a moment. Not while data are loaded: they come later."""
        self._waiting.append(take)
        if not self._poll.isActive():
            self._ask()

    def end(self) -> None:
        """Wait for no answer any more."""
        self._poll.stop()
        self._waiting.clear()

    def _ask(self) -> None:
        runner = self._asked = self._studio.runner
        if runner is not None and runner.isRunning():
            runner.ask_standing()
            self._poll.start()
        else:
            self._give(runner.stand() if runner is not None else None)

    @Slot()
    def _look(self) -> None:
        runner = self._asked
        if runner is None or runner is not self._studio.runner:  # another run has taken its place
            self._ask()
        elif not runner.isRunning():  # what it answered may be older than what the state says by now
            self._give(runner.stand())
        elif runner.standing is not None:
            self._give(runner.standing)

    def _give(self, standing: Standing | None) -> None:
        self._poll.stop()
        waiting, self._waiting = self._waiting, []
        taken = _taken(self._studio, standing)
        for take in waiting:
            if taken is not None:
                take(taken)


def _taken(studio: Studio, standing: Standing | None) -> Taken | None:
    """What the state says, with the run as it stood; None before there are any data."""
    state = studio.store.state
    run, work = state.run, work_of(state)
    if state.prepared is None:
        return None
    if state.loading and studio.data.loaded is not None:  # other data are on their way: the settings are those of these
        there = studio.data.loaded.experiment
        settings = replace(state.experiment, seed=there.seed, data=there.data, split=there.split)
        work = replace(work, experiment=settings)
    if run is None or standing is None or run.status == "ready":
        return Taken(replace(work, trained=None, curves=None, snapshot=None), state.prepared, None)
    experiment = run.experiment
    if run.active:  # the state is a moment ahead, or behind
        experiment = standing.experiment
        work = replace(work, trained=experiment, curves=standing.curves, snapshot=standing.snapshot)
    kept = KeptRun(
        number=run.number or 1 + max((earlier.number for earlier in state.runs), default=0),
        experiment=experiment,
        prepared=standing.prepared,
        status="paused" if run.active else run.status,
        state=standing.state,
        message=run.message,
        seconds=standing.seconds,
        begun=run.begun,
        note=run.note,
        is_mixed=run.is_mixed,
    )
    return Taken(work, state.prepared, kept)
