"""Training as a generator of events: whoever calls `next()` owns the pace.

Pause: nobody calls `next()`. Step: `next()` until an epoch ends. Stop: close the generator; the weights stay.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from time import perf_counter

from mlp_studio.core.backends.protocol import Backend, Checkpoint
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.events import EpochEnd, Event, Finished, Tick
from mlp_studio.core.history import History
from mlp_studio.core.network import Params, init_params, may_overflow
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.threads import threads_for

TICK_SECONDS = 0.005  # within an epoch, how long training goes on before it yields
# A mean loss of this many nats means that the true class is given a probability of e^-10000: the weights have
# left every range in which training means something, long before they stop being finite.
DIVERGED_LOSS = 1e4
RUINED = 10.0  # times the first epoch's loss: weights that a diverged run does not go back to


def initial_params(experiment: Experiment, prepared: Prepared) -> Params:
    """The weights that the experiment starts from, float64."""
    rng = generator(experiment.seed, Stream.INITIALIZATION)
    return init_params(experiment.model, prepared.input_count, prepared.dataset.classes, rng)


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A state of the run that it may go back to."""

    epoch: int
    checkpoint: Checkpoint


@dataclass(slots=True)
class _Tally:
    """What the batches of an epoch have come to: Σ loss · weight, how many were right, Σ weight."""

    loss: float = 0.0
    correct: int = 0
    weight: float = 0.0


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
        self._sound = self._latest = _Kept(0, self.backend.checkpoint())
        self._rng = generator(experiment.seed, Stream.ORDER)
        self.threads = threads_for(experiment, prepared)
        self._samples, self._validation_samples = len(prepared.train), len(prepared.validation)
        self._next_data: Prepared | None = None
        self._first_loss = math.nan

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
        early stopping goes back to the best epoch.
        """
        best: _Kept | None = None
        best_loss = math.inf
        while self.epoch < (self.experiment.train.epochs if until is None else until):
            if self._take_data():
                best, best_loss = None, math.inf  # a loss over other rows says nothing about these
            event = yield from self._epoch()
            if _diverged(event):
                yield self._diverged_at(event)
                return
            if self._vouches(event):
                self._sound = self._latest
            self._latest = _Kept(event.epoch, self.backend.checkpoint())
            self.history.append(event)
            self.weights_epoch = event.epoch
            yield event

            loss = event.train_loss if math.isnan(event.val_loss) else event.val_loss
            if loss < best_loss:
                best, best_loss = self._latest, loss
            patience = self.experiment.train.early_stopping
            if patience and best is not None and event.epoch - best.epoch >= patience:
                self._go_back(best)
                yield Finished("finished", best.epoch, _stopped_early(best.epoch, patience))
                return
        yield Finished("finished", self.weights_epoch)

    def _epoch(self) -> Generator[Tick, None, EpochEnd]:
        tally = _Tally()
        batches = self._batches(self.experiment.train.batch_size)
        while self._steps(batches, self.experiment.train, tally):
            yield Tick()
        validation = self.backend.validation_scores()
        return EpochEnd(
            self.epoch + 1,
            tally.loss / tally.weight if tally.weight else math.nan,
            tally.correct / self._samples,
            validation.loss,
            validation.correct / self._validation_samples if validation.weight else math.nan,
        )

    @may_overflow  # around many steps at once: it takes 2 µs, as long as a product of a small batch
    def _steps(self, batches: Iterator[Ints | None], settings: TrainConfig, tally: _Tally) -> bool:
        """Take the batches until it is time for a tick; whether there may be more of them."""
        self.backend.use_threads(self.threads)  # whoever goes on after a tick may do so in another thread
        deadline = perf_counter() + TICK_SECONDS
        for rows in batches:
            scores = self.backend.step(rows, settings)
            tally.loss += scores.loss * scores.weight
            tally.correct += scores.correct
            tally.weight += scores.weight
            if perf_counter() > deadline:
                return True
        return False

    def _batches(self, size: int) -> Iterator[Ints | None]:
        """Row indices of an epoch's mini-batches, freshly shuffled; the last may be smaller. None: all."""
        n = self._samples
        if size == 0 or size >= n:
            yield None
            return
        order = self._rng.permutation(n)
        for start in range(0, n, size):
            yield order[start : start + size]

    def _go_back(self, kept: _Kept) -> None:
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
        rate = self.experiment.train.learning_rate
        return Finished(
            "diverged",
            self.weights_epoch,
            f"Training diverged at epoch {event.epoch:,}: the loss grew out of all bounds. The weights of "
            f"epoch {self.weights_epoch:,} are back; lower the learning rate ({rate:g}) and reset.",
        )


def _diverged(event: EpochEnd) -> bool:
    val_loss = 0.0 if math.isnan(event.val_loss) and math.isnan(event.val_accuracy) else event.val_loss
    return not (event.train_loss < DIVERGED_LOSS and val_loss < DIVERGED_LOSS)  # also true of nan


def _stopped_early(epoch: int, patience: int) -> str:
    return (
        f"Stopped early: the validation loss has not improved for {patience:,} epochs; "
        f"the weights of epoch {epoch:,} are back."
    )
