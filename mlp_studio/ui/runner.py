"""The thread that trains. It pulls events from the core and leaves what the window shows in a mailbox.

The mailbox holds one frame: curves, weights, raster and, now and then, an evaluation. A new frame is made only when
the window has taken the last, so the window's pace never holds up the training and no frame is ever late.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Event as Flag
from threading import Lock
from time import perf_counter, thread_time

from PySide6.QtCore import QObject, QThread

from mlp_studio.core.album import Page
from mlp_studio.core.boundary import Box, Plane, Rasterizer, affordable_grid, on_plane
from mlp_studio.core.config import Experiment
from mlp_studio.core.errors import StudioError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.events import EpochEnd, Event, Finished
from mlp_studio.core.history import Curves
from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.trainer import Training, are_other_steps
from mlp_studio.core.training_state import TrainingState
from mlp_studio.core.uncertainty import dropout_spread
from mlp_studio.ui.store import Evaluation, Raster, Status, Uncertainty

log = logging.getLogger(__name__)

GRID_WHILE_RUNNING = 100  # cells on each side
GRID_AT_REST = 360
PASSES = 30  # with dropout on, that the uncertainty is measured over
UNCERTAINTY_GRID, UNCERTAINTY_LEAST = 240, 48  # cells on each side of it at rest, and where the network is costly
UNCERTAINTY_BUDGET = 1e9  # multiply-adds that it may cost: less than half a second on one core
VIEW_SHARE = 0.12  # of the trainer's time, what rasters may take; evaluations may take half as much
EVALUATION_SECONDS = 0.7  # from one evaluation to the next: tables that change faster cannot be read


@dataclass(frozen=True, slots=True)
class View:
    """What the window wants a raster of."""

    plane: Plane
    box: Box


@dataclass(frozen=True, slots=True)
class Frame:
    """What the window shows next. `evaluation` and `raster` are None where there is no new one."""

    curves: Curves
    snapshot: Snapshot
    raster: Raster | None
    evaluation: Evaluation | None  # on the rows of `prepared`
    rate: float
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Ending:
    """How a leg ended: the status that the run now has, and a sentence or ""."""

    status: Status
    message: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How far a training has got, with all that it needs to go on as though it had not been looked at.

    `seconds`: how long it has trained, over all legs.
    """

    experiment: Experiment
    prepared: Prepared
    snapshot: Snapshot
    curves: Curves
    state: TrainingState
    seconds: float


class Mailbox:
    """One frame, handed from the training thread to the window."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._frame: Frame | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the window has taken the last frame."""
        return self._frame is None

    def put(self, frame: Frame) -> None:
        """Leave a frame; it takes the place of one that was not taken."""
        with self._lock:
            before = self._frame
            if before is not None and frame.evaluation is None:
                kept = before.evaluation if before.prepared is frame.prepared else None
                frame = replace(frame, raster=frame.raster or before.raster, evaluation=kept)
            self._frame = frame

    def take(self) -> Frame | None:
        """The frame, if there is a new one."""
        with self._lock:
            frame, self._frame = self._frame, None
            return frame


def rest_grid(params: Params) -> int:
    """Cells on each side of a raster at rest: as fine as the network's cost allows."""
    return affordable_grid(params, GRID_AT_REST)


def draw(
    snapshot: Snapshot,
    activation: str,
    prepared: Prepared,
    view: View,
    size: int,
    rasterizer: Rasterizer | None = None,
) -> Raster:
    """The regions of a view with the weights of a snapshot; a thread that draws often keeps a rasterizer."""
    params, lift = on_plane(snapshot.params, prepared, view.plane)
    indices = (rasterizer or Rasterizer())(params, activation, view.box, size, lift)
    return Raster(snapshot.epoch, view.plane, view.box, indices)


def measure(snapshot: Snapshot, experiment: Experiment, prepared: Prepared, view: View, most: int) -> Uncertainty:
    """The spread of dropout passes over a view, on at most so many cells each way; the same passes every time."""
    (params, lift), model = on_plane(snapshot.params, prepared, view.plane), experiment.model
    cost = PASSES * sum(W.size for W, _ in params[1:])
    size = int(min(most, max(UNCERTAINTY_LEAST, (UNCERTAINTY_BUDGET / max(cost, 1)) ** 0.5)))
    rng = generator(experiment.seed, Stream.DROPOUT)
    spread = dropout_spread(params, model.activation, model.dropout, view.box, size, PASSES, rng, lift)
    return Uncertainty(snapshot.epoch, view.plane, view.box, PASSES, spread)


class Runner(QThread):
    """Trains one run, leg by leg: a leg begins with Train or Step and ends with Pause, Stop or the last epoch.

    `finished` (QThread's own) tells the window that a leg has ended; `ending` then says how.
    """

    def __init__(
        self,
        experiment: Experiment,
        prepared: Prepared,
        parent: QObject | None = None,
        training: Training | None = None,
        kept: Standing | None = None,
    ) -> None:
        """`training`: one that goes on; `kept`: how far one had got that is to be gone on with."""
        super().__init__(parent)
        self.experiment = experiment
        self.prepared = prepared
        self.training = (
            training  # made in the thread, as that may import torch; touched by the window only while no leg runs
        )
        self.mailbox = Mailbox()
        self.ending = Ending("ready")
        self.view: View | None = None  # the window replaces it whenever the view moves
        self.standing: Standing | None = None  # what `ask_standing` brought
        self._kept = kept
        self._seconds = kept.seconds if kept is not None else 0.0  # of the legs that have ended
        self._asked = Flag()
        self._interrupt = Flag()
        self._interrupted_as: Status = "paused"
        self._single = False
        self._events: Iterator[Event] | None = None
        self._rasterizer = Rasterizer()
        self._evaluated_at = self._drawn_at = 0.0
        self._evaluation_cost = self._drawing_cost = 0.0
        self._leg_start, self._leg_epoch = 0.0, 0

    # --- called by the window -----------------------------------------------------------------------------------

    def begin(self, *, single: bool = False) -> None:
        """Start a leg: to the last epoch, or one epoch only."""
        self._single = single
        self._interrupt.clear()
        self._asked.clear()
        self.start()

    def interrupt(self, status: Status) -> None:
        """End the leg soon; the run is then "paused" or "stopped"."""
        self._interrupted_as = status
        self._interrupt.set()

    def retune(self, experiment: Experiment) -> None:
        """Take over live settings from the next epoch on."""
        self.experiment = experiment
        if self.training is not None:
            self.training.retune(experiment)

    def replace_data(self, prepared: Prepared) -> None:
        """Train on other rows from the next epoch on; features, classes and scaler are the same."""
        self.prepared = prepared
        if self.training is not None:
            self.training.replace_data(prepared)

    @property
    def has_begun(self) -> bool:
        """Whether there is a training, or what is needed to go on with one."""
        return self.training is not None or self._kept is not None

    @property
    def is_retuned(self) -> bool:
        """Whether it was trained with other settings than its present ones, the number of epochs aside."""
        if self.training is not None:
            return self.training.is_retuned
        kept = self._kept
        return kept is not None and (
            kept.state.is_retuned or are_other_steps(kept.experiment.train, self.experiment.train)
        )

    @property
    def album(self) -> tuple[Page, ...]:
        """The weights of some epochs, while it trains, too."""
        if self.training is not None:
            return self.training.album
        return () if self._kept is None else self._kept.state.album

    def ask_standing(self) -> None:
        """Have the thread leave in `standing` how far it has got, at its next event; it trains on."""
        self.standing = None
        self._asked.set()

    def stand(self) -> Standing | None:
        """How far it has got; None before the first leg. Only while no leg runs."""
        if self.training is not None:
            return self._stand(self.training)
        kept = self._kept
        if kept is None:
            return None
        is_there = self.prepared is (kept.state.waiting or kept.prepared)  # else the window has other rows since
        waiting = kept.state.waiting if is_there else self.prepared
        return replace(kept, state=replace(kept.state, waiting=waiting, is_retuned=self.is_retuned))

    # --- in the thread ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """One leg. Whatever happens, it ends with an `ending`."""
        try:
            self.ending = self._leg()
        except StudioError as error:
            self.ending = Ending("failed", str(error))
        except Exception as error:
            log.exception("training failed")
            self._events = None
            self.ending = Ending(
                "failed",
                f"Training stopped because of a fault in the program ({type(error).__name__}: {error}). "
                "The weights are kept; Help → Copy diagnostics has the details.",
            )

    def _leg(self) -> Ending:
        if self.training is None:
            self.training = self._make_training()
        self.training.retune(self.experiment)
        self.training.replace_data(self.prepared)  # the window may have other rows since it was made
        if self._events is None:
            self._events = self.training.run()
        self._leg_start, self._leg_epoch = perf_counter(), self.training.epoch
        try:
            return self._pull(self.training, self._events)
        finally:
            # the thread ends at once; what is slow, the window has done when it knows how the leg ended
            self._post(self.training, with_raster=False, with_evaluation=False)
            self._seconds, self._leg_start = self.seconds, 0.0

    def _make_training(self) -> Training:
        kept = self._kept
        if kept is None:
            return Training(self.experiment, self.prepared)
        return Training.resumed(kept.experiment, kept.prepared, kept.state)

    @property
    def seconds(self) -> float:
        """How long it has trained, over all legs."""
        return self._seconds + (perf_counter() - self._leg_start if self._leg_start else 0.0)

    def _stand(self, training: Training) -> Standing:
        snapshot = Snapshot(training.weights_epoch, training.backend.params())
        return Standing(
            training.experiment,
            training.prepared,
            snapshot,
            training.history.curves,
            training.state(),
            self.seconds,
        )

    def _pull(self, training: Training, events: Iterator[Event]) -> Ending:
        for event in events:
            if self._asked.is_set():
                self._asked.clear()
                self.standing = self._stand(training)
            if isinstance(event, Finished):
                self._events = None
                return Ending(event.outcome, event.reason)
            if self.mailbox.is_empty:
                is_due = perf_counter() - self._drawn_at > self._drawing_cost / VIEW_SHARE
                if is_due or isinstance(event, EpochEnd):
                    self._post(training, with_raster=is_due)
            if self._interrupt.is_set():
                break
            if self._single and isinstance(event, EpochEnd):
                return Ending("paused")
        if self._interrupted_as == "stopped":
            self._events = None  # closes the generator; the weights stay
        return Ending(self._interrupted_as)

    def _post(self, training: Training, *, with_raster: bool, with_evaluation: bool = True) -> None:
        snapshot, prepared = Snapshot(training.weights_epoch, training.backend.params()), self.prepared
        self.mailbox.put(
            Frame(
                training.history.curves,
                snapshot,
                self._raster(snapshot) if with_raster else None,
                self._evaluation(snapshot, prepared) if with_evaluation else None,
                (training.epoch - self._leg_epoch) / (perf_counter() - self._leg_start),
                prepared,
            )
        )

    def _raster(self, snapshot: Snapshot) -> Raster | None:
        if self.view is None:
            return None
        start = thread_time()
        activation = self.experiment.model.activation
        drawn = draw(snapshot, activation, self.prepared, self.view, GRID_WHILE_RUNNING, self._rasterizer)
        self._drawn_at = perf_counter()
        self._drawing_cost = thread_time() - start  # work, not waiting for the window to let go of the interpreter
        return drawn

    def _evaluation(self, snapshot: Snapshot, prepared: Prepared) -> Evaluation | None:
        start = perf_counter()
        if start - self._evaluated_at < max(EVALUATION_SECONDS, 2 * self._evaluation_cost / VIEW_SHARE):
            return None
        parts = evaluate(snapshot.params, self.experiment.model.activation, prepared)
        self._evaluated_at = perf_counter()
        self._evaluation_cost = self._evaluated_at - start
        return Evaluation(snapshot.epoch, parts)
