"""Halt, save, open and train on, against never having been saved: weights, figures and endings, bit for bit.

    python -m tests.going_on [--halts 3] [--seed 0]

Both backends × all optimizers × float32 and float64 × full batch, mini-batches with dropout, early stopping, class
weights, derived inputs, a learning rate that diverges. Each run is halted that often, at events drawn by chance (most
of them within an epoch), saved, opened from the file and gone on with. The exit code is 1 if one bit differs.
`tests/core/test_resuming.py` and `test_project.py` do the same in small.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.random import Generator

from mlp_studio.core import trainer
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import PRECISIONS, Experiment, with_settings
from mlp_studio.core.events import Event, Finished, Tick
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.project import Project, open_project, save_project
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training

KINDS: Mapping[str, Mapping[str, Any]] = {
    "full batch": {},
    "mini-batches with dropout": {"train.batch_size": 32, "model.dropout": 0.3, "model.hidden": (20, 10)},
    "early stopping": {"train.early_stopping": 3, "train.batch_size": 64, "train.epochs": 60},
    "class weights": {"split.class_weights": True, "train.batch_size": 50, "train.l1": 1e-4, "train.l2": 1e-3},
    "derived inputs": {"split.derived": ["square", "product", "sine"], "train.batch_size": 100},
    "divergence": {"train.learning_rate": 1e4, "model.activation": "elu", "train.batch_size": 100},
}
COMMON = {"data.rows": 300, "model.hidden": (16,), "train.epochs": 12, "train.learning_rate": 0.02}


def experiments() -> Iterator[tuple[str, Experiment]]:
    """Every combination, with what it is called."""
    for backend, optimizer, precision, (kind, settings) in product(BACKENDS, OPTIMIZERS, PRECISIONS, KINDS.items()):
        chosen = {"model.backend": backend, "train.optimizer": optimizer, "train.precision": precision}
        yield f"{backend}, {optimizer}, {precision}, {kind}", with_settings(Experiment(), COMMON | chosen | settings)


def prepared(settings: Experiment) -> Prepared:
    data = load_dataset(settings.data, generator(settings.seed, Stream.DATA))
    return prepare(data, settings.split, generator(settings.seed, Stream.SPLIT))


def straight(settings: Experiment, data: Prepared) -> tuple[Training, list[Event]]:
    """The run that nobody halts."""
    training = Training(settings, data)
    return training, list(training.run())


def halted(settings: Experiment, data: Prepared, halts: Sequence[int], path: Path) -> tuple[Training, list[Event], int]:
    """The same run, which is saved after so many events and goes on from the file; how many halts were in an epoch."""
    training, events, within = Training(settings, data), [], 0
    running = training.run()
    while not (events and isinstance(events[-1], Finished)):
        events.append(next(running))
        if len(events) in halts:
            within += isinstance(events[-1], Tick)
            kept = KeptRun(1, settings, training.prepared, "paused", training.state())
            save_project(path, Project(settings, data, kept))
            opened = open_project(path).run
            training = Training.resumed(opened.experiment, opened.prepared, opened.state)
            running = training.run()
    return training, events, within


def difference(one: Training, other: Training) -> str:
    """What differs between two trainings that have ended; "" where nothing does."""
    mine, theirs = one.state(), other.state()
    pairs = {
        "weights": (mine.present.weights, theirs.present.weights),
        "curves": (mine.curves, theirs.curves),
        "dropout": (mine.dropout, theirs.dropout),
        "order": (mine.order, theirs.order),
        **{f"memory {k}": pair for k, pair in enumerate(zip(mine.present.memory, theirs.present.memory, strict=True))},
        "album": (np.stack([page.weights for page in mine.album]), np.stack([page.weights for page in theirs.album])),
    }
    for name, (a, b) in pairs.items():
        if a.tobytes() != b.tobytes():
            return name
    numbers = ("weights_epoch", "album_stride")
    return next((name for name in numbers if getattr(mine, name) != getattr(theirs, name)), "")


def compare(settings: Experiment, rng: Generator, halts: int, path: Path) -> tuple[str, int, str]:
    """What differs after halting so often, "" where nothing does; how many halts were in an epoch; how it ended."""
    data = prepared(settings)
    first, events = straight(settings, data)
    places = rng.integers(1, max(2, len(events)), size=halts)
    second, others, within = halted(settings, data, places.tolist(), path)
    if [event for event in events if not isinstance(event, Tick)] != [
        one for one in others if not isinstance(one, Tick)
    ]:
        return "events", within, ""
    return difference(first, second), within, events[-1].outcome


def main(words: Sequence[str] | None = None) -> int:
    """Halt, go on, compare, report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.going_on", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--halts", type=int, default=3, help="how often each run is halted")
    parser.add_argument("--seed", type=int, default=0, help="where chance begins")
    options = parser.parse_args(words)
    trainer.TICK_SECONDS = 0.0  # a tick after every mini-batch
    rng, start, runs, inside, failures, ends = np.random.default_rng(options.seed), perf_counter(), 0, 0, 0, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in experiments():
            differs, within, outcome = compare(settings, rng, options.halts, Path(folder) / "work.mlps")
            runs, inside, failures = runs + 1, inside + within, failures + bool(differs)
            ends[outcome] = ends.get(outcome, 0) + 1
            if differs:
                print(f"{name}: {differs} differ")
    print(
        f"{runs} runs, each halted {options.halts} times ({inside} of {runs * options.halts} within an epoch): "
        f"{runs - failures} as if never saved, {failures} not; "
        + ", ".join(f"{count} {outcome}" for outcome, count in ends.items())
        + f"; {perf_counter() - start:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
