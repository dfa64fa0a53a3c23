"""A training at the terminal: to its end, or until Ctrl-C, with a bar."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event as Flag
from time import perf_counter

import numpy as np

from mlp_studio.core.events import EpochEnd, Event, Finished
from mlp_studio.core.trainer import Training
from mlp_studio.core.training_state import TrainingState
from mlp_studio.terminal import Bar, ctrl_c


@dataclass(frozen=True, slots=True)
class Leg:
    """What came of a training that ran: how it ended, the seconds it took, and where it stands."""

    ending: Finished
    seconds: float
    state: TrainingState


def train_to_the_end(training: Training, *, quiet: bool) -> Leg:
    """Train to the end, or until Ctrl-C."""
    begun = perf_counter()
    epochs, events = training.experiment.train.epochs, training.run()
    # the trainer finds out by itself when numbers overflow
    with np.errstate(all="ignore"), ctrl_c() as stop, Bar(epochs, training.epoch, quiet=quiet) as bar:
        ending = _pull(events, bar, stop)
    seconds = perf_counter() - begun
    if ending is None:
        sentence = f"Stopped: the weights of epoch {training.epoch:,} are kept."
        ending = Finished("stopped", training.weights_epoch, sentence)
    return Leg(ending, seconds, training.state())  # while `events` is there, an epoch that was cut short is, too


def _pull(events: Iterator[Event], bar: Bar, stop: Flag) -> Finished | None:
    for event in events:
        if isinstance(event, Finished):
            return event
        if isinstance(event, EpochEnd):
            bar.show(event)
        if stop.is_set():
            break
    return None
