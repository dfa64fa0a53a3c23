"""A training at the terminal: to its end, or until Ctrl-C, with a bar."""

from collections.abc import Iterator
from threading import Event as Flag
from time import perf_counter

import numpy as np

from mlp_studio.core.events import EpochEnd, Event, Finished
from mlp_studio.core.trainer import Training
from mlp_studio.terminal import Bar, ctrl_c


def train_to_the_end(training: Training, *, quiet: bool) -> tuple[Finished, float]:
    """Train to the end, or until Ctrl-C; how it ended and the seconds it took."""
    start = perf_counter()
    # the trainer finds out by itself when numbers overflow
    with (
        np.errstate(all="ignore"),
        ctrl_c() as stop,
        Bar(training.experiment.train.epochs, quiet=quiet) as bar,
    ):
        ending = _pull(training.run(), bar, stop)
    if ending is None:
        sentence = f"Stopped: the weights of epoch {training.epoch:,} are kept."
        ending = Finished("stopped", training.weights_epoch, sentence)
    return ending, perf_counter() - start


def _pull(events: Iterator[Event], bar: Bar, stop: Flag) -> Finished | None:
    for event in events:
        if isinstance(event, Finished):
            return event
        if isinstance(event, EpochEnd):
            bar.show(event)
        if stop.is_set():
            break
    return None
