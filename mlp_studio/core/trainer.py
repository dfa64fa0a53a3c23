"""Training as a generator of events: whoever calls `next()` owns the pace.

Pause: nobody calls `next()`. Step: `next()` until an epoch ends. Stop: close the generator; the weights stay.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from mlp_studio.core.album import Album, Page
from mlp_studio.core.backends.protocol import Backend, Checkpoint
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.errors import BackendError
from mlp_studio.core.events import EpochEnd, Event, Finished, Tick
from mlp_studio.core.history import History
from mlp_studio.core.network import Params, init_params, may_overflow
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream, generator, set_state, state_of
from mlp_studio.core.threads import threads_for
from mlp_studio.core.trained import Snapshot, Trained, sizes_of, snapshots
from mlp_studio.core.training_state import CourseState, EpochState, Kept, TrainingState

TICK_SECONDS = 0.005  # within an epoch, how long training goes on before it yields
# A mean loss of this many nats means that the true class is given a probability of e^-10000: the weights have
# left every range in which training means something, long before they stop being finite.
DIVERGED_LOSS = 1e4
RUINED = 10.0  # times the first epoch's loss: weights that a diverged run does not go back to


def initial_params(experiment: Experiment, prepared: Prepared) -> Params:
    """The weights that the experiment starts from, float64."""
    rng = generator(experiment.seed, Stream.INITIALIZATION)
    return init_params(experiment.model, prepared.input_count, prepared.dataset.classes, rng)


@dataclass(slots=True)
class _Epoch:
    """The epoch that is under way, as in `EpochState`."""

    order: Ints | None
    batch_size: int
    done: int = 0
    loss: float = 0.0
    correct: int = 0
    weight: float = 0.0

    def batches(self, rows: int) -> Iterator[Ints | None]:
        """Row indices of the mini-batches that are left; the last may be smaller. None: all `rows` at once."""
        if self.order is None:
            if not self.done:
                self.done = rows
                yield None
            return
        for start in range(self.done, rows, self.batch_size):
            self.done = min(start + self.batch_size, rows)
            yield self.order[start : self.done]

    def state(self) -> EpochState:
        """The same as a value."""
        return EpochState(self.order, self.batch_size, self.done, self.loss, self.correct, self.weight)

    @classmethod
    def of(cls, state: EpochState) -> "_Epoch":
        """The epoch that goes on from such a value."""
        return cls(state.order, state.batch_size, state.done, state.loss, state.correct, state.weight)


@dataclass(slots=True)
class _Course:
    """Where a call of `run()` stands, as in `CourseState`."""

    best: Kept | None = None
    best_loss: float = math.inf
    epoch: _Epoch | None = None

    def state(self) -> CourseState:
        """The same as a value."""
        return CourseState(self.best, self.best_loss, None if self.epoch is None else self.epoch.state())

    @classmethod
    def of(cls, state: CourseState) -> "_Course":
        """The course that goes on from such a value."""
        return cls(state.best, state.best_loss, None if state.epoch is None else _Epoch.of(state.epoch))


class Training:
    """One run: its weights, its randomness and the epochs done. `run()` can be called again to go on."""

    def __init__(self, experiment: Experiment, prepared: Prepared) -> None:
        self.experiment = experiment
        self.prepared = prepared
        self.backend: Backend = BACKENDS[experiment.model.backend].make(
            experiment, prepared, initial_params(experiment, prepared)
        )
        self.history = History()
        self.weights_epoch = 0  # the epoch that the present weights come from
        self._sound = self._latest = Kept(0, self.backend.checkpoint())
        self._album = Album([Page(0, self._latest.checkpoint.weights)])
        self._rng = generator(experiment.seed, Stream.ORDER)
        self.threads = threads_for(experiment, prepared)
        self._samples, self._validation_samples = len(prepared.train), len(prepared.validation)
        self._next_data: Prepared | None = None
        self._first_loss = math.nan
        self._settings: TrainConfig | None = None  # of the last step
        self._has_changed = False  # whether a step before had others
        self._course: _Course | None = None  # of the call of run() that is under way
        self._unfinished: _Course | None = None  # what the next call goes on with

    @classmethod
    def resumed(cls, experiment: Experiment, prepared: Prepared, state: TrainingState) -> "Training":
        """A training that goes on from a state, with the rows that it had then, as though it had never halted.

        Raises BackendError where that backend or device is not here, or where its state is of another kind.
        """
        training = cls(experiment, prepared)
        training._take_over(state)
        return training

    def _take_over(self, state: TrainingState) -> None:
        self.backend.restore(state.present)
        try:
            self.backend.set_randomness(state.dropout)
            set_state(self._rng, state.order)
        except ValueError as error:
            raise BackendError("The training cannot go on: its random state does not fit. Reset it.") from error
        self.history, self.weights_epoch = History(state.curves), state.weights_epoch
        self._latest, self._sound, self._first_loss = state.latest, state.sound, state.first_loss
        self._album = Album(state.album, state.album_stride)
        self._next_data = state.waiting
        self._has_changed = state.is_retuned
        self._settings = self.experiment.train if state.present.updates else None
        self._unfinished = None if state.course is None else _Course.of(state.course)

    def state(self) -> TrainingState:
        """Where it stands. Call while nobody is within `next()`: between epochs, or at a `Tick` within one."""
        present = self.backend.checkpoint()
        if _is_same(present, self._latest.checkpoint):
            present = self._latest.checkpoint  # held once
        course = self._course or self._unfinished
        return TrainingState(
            present,
            self.history.curves,
            self.weights_epoch,
            self._latest,
            self._sound,
            self._first_loss,
            state_of(self._rng),
            self.backend.randomness(),
            self._album.pages,
            self._album.stride,
            self.threads,
            None if course is None else course.state(),
            None if self._next_data is self.prepared else self._next_data,
            self.is_retuned,
        )

    def trained(self, status: str, seconds: float | None = None, *, is_mixed: bool = False) -> Trained:
        """The run as far as it has got, to be looked at and exported. Call as `state`."""
        return Trained(
            self.experiment,
            self.prepared,
            Snapshot(self.weights_epoch, self.backend.params()),
            self.history.curves,
            status,
            seconds,
            self.threads,
            snapshots(self._album.pages, sizes_of(self.experiment, self.prepared)),
            is_mixed,
            self.is_retuned,
        )

    @property
    def is_retuned(self) -> bool:
        """Whether it was trained with other settings than its present ones, the number of epochs aside."""
        return self._has_changed or are_other_steps(self._settings, self.experiment.train)

    @property
    def album(self) -> tuple[Page, ...]:
        """The weights of some epochs, for looking back; may be asked for from another thread."""
        return self._album.pages

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def retune(self, experiment: Experiment) -> None:
        """Take over changed settings; only those that are `live` may differ. Call between epochs."""
        self.experiment = experiment
        self.threads = threads_for(experiment, self.prepared)

    def replace_data(self, prepared: Prepared) -> None:
        """Go on with other rows from the next epoch on. Features, classes and scaler are the same; so are the weights.

        May be called at any time, from another thread as well.
        """
        self._next_data = prepared

    def _take_data(self) -> bool:
        """Take over rows that wait to be trained on; whether there were any."""
        prepared = self._next_data
        if prepared is None or prepared is self.prepared:
            return False
        self.prepared = prepared
        self.backend.replace_data(prepared)
        self.threads = threads_for(self.experiment, prepared)
        self._samples, self._validation_samples = len(prepared.train), len(prepared.validation)
        return True

    def run(self, until: int | None = None) -> Iterator[Event]:
        """Train up to and including epoch `until` (default: the experiment's epochs).

        `Finished` is the last event. A diverged run goes back to the last epoch whose losses were sound;
        early stopping goes back to the best epoch. A resumed training first finishes what was under way.
        """
        course = self._course = self._unfinished or _Course()
        self._unfinished = None
        try:
            finished = yield from self._follow(course, until)
        finally:
            if self._course is course:
                self._course = None  # whoever stops within an epoch begins with the next
        yield finished

    def _follow(self, course: _Course, until: int | None) -> Generator[Event, None, Finished]:
        """Epoch for epoch. Whatever `course` says at a `yield` is all that is needed to go on from there."""
        while True:
            if course.epoch is None:
                if (stop := self._stops_early(course)) is not None:
                    return stop
                if self.epoch >= (self.experiment.train.epochs if until is None else until):
                    return Finished("finished", self.weights_epoch)
                if self._take_data():
                    course.best, course.best_loss = None, math.inf  # a loss over other rows says nothing about these
                course.epoch = self._new_epoch()
            event = yield from self._train(course.epoch)
            course.epoch = None
            if _diverged(event):
                return self._diverged_at(event)
            self._keep(event, course)
            yield event

    def _new_epoch(self) -> _Epoch:
        """An epoch over all rows, for mini-batches freshly shuffled."""
        size = self.experiment.train.batch_size
        if size == 0 or size >= self._samples:
            return _Epoch(None, 0)
        return _Epoch(self._rng.permutation(self._samples), size)

    def _train(self, epoch: _Epoch) -> Generator[Tick, None, EpochEnd]:
        batches = epoch.batches(self._samples)
        while self._steps(batches, self.experiment.train, epoch):
            yield Tick()
        validation = self.backend.validation_scores()
        return EpochEnd(
            self.epoch + 1,
            epoch.loss / epoch.weight if epoch.weight else math.nan,
            epoch.correct / self._samples,
            validation.loss,
            validation.correct / self._validation_samples if validation.weight else math.nan,
        )

    @may_overflow  # around many steps at once: it takes 2 µs, as long as a product of a small batch
    def _steps(self, batches: Iterator[Ints | None], settings: TrainConfig, epoch: _Epoch) -> bool:
        """Take the batches until it is time for a tick; whether there may be more of them."""
        self.backend.use_threads(self.threads)  # whoever goes on after a tick may do so in another thread
        self._remember(settings)
        deadline = perf_counter() + TICK_SECONDS
        for rows in batches:
            scores = self.backend.step(rows, settings)
            epoch.loss += scores.loss * scores.weight
            epoch.correct += scores.correct
            epoch.weight += scores.weight
            if perf_counter() > deadline:
                return True
        return False

    def _remember(self, settings: TrainConfig) -> None:
        if settings is not self._settings:
            self._has_changed |= are_other_steps(self._settings, settings)
            self._settings = settings

    def _keep(self, event: EpochEnd, course: _Course) -> None:
        """An epoch is done: its figures and its weights."""
        if self._vouches(event):
            self._sound = self._latest
        self._latest = Kept(event.epoch, self.backend.checkpoint())
        self._album.add(event.epoch, self._latest.checkpoint.weights)
        self.history.append(event)
        self.weights_epoch = event.epoch
        loss = event.train_loss if math.isnan(event.val_loss) else event.val_loss
        if loss < course.best_loss:
            course.best, course.best_loss = self._latest, loss

    def _stops_early(self, course: _Course) -> Finished | None:
        """Go back to the best epoch where patience with those after it is at an end."""
        best, patience = course.best, self.experiment.train.early_stopping
        if not patience or best is None or self.epoch - best.epoch < patience:
            return None
        self._go_back(best)
        return Finished("finished", best.epoch, _stopped_early(best.epoch, patience))

    def _go_back(self, kept: Kept) -> None:
        self.backend.restore(kept.checkpoint)
        self.weights_epoch = kept.epoch
        self._sound = self._latest = kept

    def _vouches(self, event: EpochEnd) -> bool:
        """Whether the epoch shows the weights that it began with, the latest, to be sound.

        Its train loss is theirs. On the way to a divergence there are epochs that no one would want back: theirs are
        many times the loss of the first epoch.
        """
        if event.epoch == 1:
            self._first_loss = event.train_loss
        return event.train_loss <= RUINED * max(self._first_loss, 1.0) and event.train_loss < DIVERGED_LOSS

    def _diverged_at(self, event: EpochEnd) -> Finished:
        self._go_back(self._latest if self._vouches(event) else self._sound)
        self.history.truncate(self.weights_epoch)
        self._album.truncate(self.weights_epoch, self._latest.checkpoint.weights)
        rate = self.experiment.train.learning_rate
        return Finished(
            "diverged",
            self.weights_epoch,
            f"Training diverged at epoch {event.epoch:,}: the loss grew out of all bounds. The weights of "
            f"epoch {self.weights_epoch:,} are back; lower the learning rate ({rate:g}) and reset.",
        )


def are_other_steps(one: TrainConfig | None, other: TrainConfig) -> bool:
    """Whether some steps (None: not one) were others; how many epochs are asked for changes no step."""
    return one is not None and one is not other and replace(one, epochs=other.epochs) != other


def _is_same(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two checkpoints are the same bit for bit."""
    vectors = zip((one.weights, *one.memory), (other.weights, *other.memory), strict=True)
    return one.updates == other.updates and all(np.array_equal(a.view(np.uint8), b.view(np.uint8)) for a, b in vectors)


def _diverged(event: EpochEnd) -> bool:
    val_loss = 0.0 if math.isnan(event.val_loss) and math.isnan(event.val_accuracy) else event.val_loss
    return not (event.train_loss < DIVERGED_LOSS and val_loss < DIVERGED_LOSS)  # also true of nan


def _stopped_early(epoch: int, patience: int) -> str:
    return (
        f"Stopped early: the validation loss has not improved for {patience:,} epochs; "
        f"the weights of epoch {epoch:,} are back."
    )
