"""Exported scripts of experiments drawn by chance, each run in an interpreter of its own and held against the program.

    python -m tests.fuzz_scripts [EXPERIMENTS] [SEED]

A script that gives other rows, weights, curves or answers than the program, or warns, is shown with its settings; the
exit code is then 1. The lessons' own experiments come first.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

# as the program does: set when NumPy is imported, one thread adds up in another order than one that is asked for later
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import Experiment
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.export.script import script
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.optimizers import OPTIMIZERS
from tests.core.test_export_script import assert_same, in_fresh_interpreter, train_experiment, with_paths
from tests.core.trainings import points

SOURCES = ("spiral", "moons", "circles", "blobs", "xor", "random", "iris", "wine", "breast_cancer", "digits")


def drawn(rng: random.Random) -> dict[str, object]:
    """Settings of an experiment that is trained in a moment."""
    rare = rng.random() < 0.3
    train, validation = rng.choice([(0.7, 0.15), (0.5, 0.25), (0.6, 0.4), (0.7, 0.0)])
    return {
        "seed": rng.randrange(10_000),
        "data__source": rng.choice(SOURCES),
        "data__rows": rng.randrange(60, 1500),
        "data__classes": rng.randrange(2, 9),
        "data__shuffle_labels": rng.random() < 0.1,
        "split__train": train,
        "split__validation": validation,
        "split__test": round(1 - train - validation, 10),
        "split__stratify": rng.random() < 0.8,
        "split__standardize": rng.random() < 0.8,
        "split__class_weights": rng.random() < 0.3,
        "split__derived": tuple(rng.sample(list(DERIVATIONS), rng.randrange(3))) if rare else (),
        "model__hidden": tuple(rng.choice([1, 2, 3, 7, 16, 50, 128, 300]) for _ in range(rng.randrange(1, 4))),
        "model__activation": rng.choice(list(ACTIVATIONS)),
        "model__initialization": rng.choice(list(INITIALIZERS)),
        "model__dropout": rng.choice([0.0, 0.0, 0.1, 0.5]),
        "train__optimizer": rng.choice(list(OPTIMIZERS)),
        "train__learning_rate": 10 ** rng.uniform(-4, 1),
        "train__batch_size": rng.choice([0, 0, 1, 16, 32, 100, 500]),
        "train__epochs": rng.randrange(1, 25),
        "train__l1": rng.choice([0.0, 0.0, 0.001]),
        "train__l2": rng.choice([0.0, 0.0, 0.01]),
        "train__early_stopping": rng.choice([0, 0, 3]),
        "train__precision": rng.choice(["float32", "float64"]),
    }


def differs(experiment: Experiment) -> str:
    """What a script does otherwise than the program, "" where nothing."""
    trained, _ = train_experiment(experiment)
    where = points(trained)
    with tempfile.TemporaryDirectory() as folder:
        try:
            text = script(trained, experiment.model.backend)
            found, _ = in_fresh_interpreter(Path(folder), {"script": (text, where)})["script"]
            assert_same(trained, found, where)
        except AssertionError as error:
            return str(error)[-600:]
    return ""


def main(count: int, seed: int) -> int:
    """Try them; the exit code."""
    rng, failures, start = random.Random(seed), 0, time.monotonic()  # noqa: S311 - nothing is kept secret
    lessons = [experiment for lesson in LESSONS.values() for experiment in lesson.experiments().values()]
    experiments = lessons + [
        with_paths(drawn(rng) | {"model__backend": rng.choice(["numpy", "torch"])}) for _ in range(count)
    ]
    for number, experiment in enumerate(experiments):
        if difference := differs(experiment):
            failures += 1
            print(f"{number}: {experiment}\n{difference}\n", flush=True)
    seconds = time.monotonic() - start
    print(f"{len(experiments)} experiments, {failures} of whose scripts differ; {seconds:.0f} s")
    return int(failures > 0)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [100, 0][len(numbers) :])))
