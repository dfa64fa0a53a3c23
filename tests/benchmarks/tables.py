"""What the default experiment learns from tables as people have them, beside scikit-learn's classifier."""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.events import Finished
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trainer import Training
from tests.dialects import DIALECTS, SAMPLES

EPOCHS, SEEDS = 300, 5


def accuracy(effort: Effort) -> Measured:
    """Percentage points of test accuracy more than scikit-learn's, same rows and layers; each seed another dialect.

    scikit-learn trains as it does by default (Adam at 0.001, batches of 200), for as many epochs.
    """
    epochs, seeds = effort.of(EPOCHS, least=5), min(SEEDS, effort.rounds)
    more, told = {}, []
    for name in SAMPLES:
        own, theirs = zip(*both(name, epochs, seeds), strict=True)
        more[name] = [100 * (a - b) for a, b in zip(own, theirs, strict=True)]
        told.append(f"{name} {median(own):.3f} ({median(theirs):.3f})")
    return Measured(more, f"{epochs} epochs, {seeds} seeds: {', '.join(told)}")


def both(name: str, epochs: int, seeds: int) -> Iterator[tuple[float, float]]:
    """Test accuracy of the default experiment and of scikit-learn on a table, seed by seed."""
    for seed, dialect in zip(range(seeds), DIALECTS.values(), strict=False):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.txt"
            path.write_bytes(dialect.write(SAMPLES[name]()))
            settings = {"data.source": "file", "data.path": str(path), "train.epochs": epochs, "seed": seed}
            experiment = with_settings(Experiment(), settings)
            prepared = load_prepared(experiment)
        yield ours(experiment, prepared), scikit_learn(experiment, prepared)


def ours(experiment: Experiment, prepared: Prepared) -> float:
    """Test accuracy after the whole experiment."""
    training = Training(experiment, prepared)
    *_, last = training.run()
    if not isinstance(last, Finished) or last.outcome != "finished":
        raise RuntimeError(f"the training ended with {last}")
    return evaluate(training.backend.params(), experiment.model.activation, prepared)["test"].accuracy


def scikit_learn(experiment: Experiment, prepared: Prepared) -> float:
    """Test accuracy of its classifier with the same layers on the same rows, scaled the same way."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    peer = MLPClassifier(experiment.model.hidden, max_iter=experiment.train.epochs, random_state=experiment.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it would go on for longer
        peer.fit(prepared.train.X, prepared.train.y)
    return float(peer.score(prepared.test.X, prepared.test.y))
