"""Training against what people would use instead: epochs of the spiral's network, mini-batches, a wide network."""

from tests.benchmarks.timing import Contestant, Effort, Measured, ratios, settle_threads, take_turns

settle_threads()


import numpy as np

from mlp_studio.core.config import Experiment, SplitConfig, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training, initial_params
from tests.benchmarks.peers import ScikitLearn, TextbookLoop, UsualTorchLoop

ENDLESS = 10_000_000
RATE, TORCH_RATE = 0.1, 0.01
WIDE_ROWS, WIDE_FEATURES, WIDE_CLASSES, WIDE_HIDDEN, WIDE_BATCH = 20_000, 50, 10, (256, 256), 256


class Ours:
    """A training of the studio's, to be asked for epochs."""

    def __init__(self, experiment: Experiment, prepared: Prepared) -> None:
        self.training = Training(with_settings(experiment, {"train.epochs": ENDLESS}), prepared)

    def train(self, epochs: int) -> None:
        """So many epochs more, with everything that an epoch has: updates, metrics, history."""
        until = self.training.epoch + epochs
        for _ in self.training.run(until):
            pass
        if self.training.epoch != until:
            raise RuntimeError(f"the training ended at epoch {self.training.epoch} instead of {until}")


def spiral(**settings: object) -> tuple[Experiment, Prepared]:
    """The lesson's experiment (1,050 training rows × 2, 100 ReLU, 3 classes), full batch, with settings changed."""
    chosen = {name.replace("__", "."): value for name, value in settings.items()}
    experiment = with_settings(LESSONS["numpy-mlp"].experiment(), {"train.learning_rate": RATE, **chosen})
    dataset = load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    return experiment, prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))


def textbook(batch: int) -> TextbookLoop:
    """The textbook loop on the spiral, from the studio's first weights."""
    experiment, prepared = spiral()
    return TextbookLoop(prepared, initial_params(experiment, prepared), RATE, batch, np.random.default_rng(0))


def usual_torch(batch: int) -> UsualTorchLoop:
    """The usual PyTorch loop on the spiral, from the studio's first weights."""
    experiment, prepared = spiral()
    return UsualTorchLoop(prepared, initial_params(experiment, prepared), TORCH_RATE, batch)


def ours_torch(batch: int) -> Ours:
    """The PyTorch backend on the spiral, with the settings of the usual loop."""
    settings = {"model__backend": "torch", "train__optimizer": "adam", "train__learning_rate": TORCH_RATE}
    return Ours(*spiral(**settings, train__batch_size=batch))


def against_textbook(effort: Effort) -> Measured:
    """NumPy in both precisions against the textbook loop, in a process with no other library, as its users have it."""
    rounds = take_turns(
        {
            "float32": Contestant(Ours(*spiral(train__precision="float32")).train, 300),
            "float64": Contestant(Ours(*spiral(train__precision="float64")).train, 300),
            "textbook": Contestant(textbook(0).train, 150),
        },
        effort,
    )
    return Measured({name: ratios(rounds, "textbook", name) for name in ("float32", "float64")}, threads())


def beside_torch(effort: Effort) -> Measured:
    """The same once PyTorch has been imported, as in the window.

    The import frees large blocks, whereupon the C library hands out the textbook loop's arrays from memory that it has,
    instead of asking the system for each of them in every step: the loop then takes half as long. Ours asks for none.
    """
    import torch

    torch.set_num_threads(1)
    return against_textbook(effort)


def full_batch(effort: Effort) -> Measured:
    """NumPy against scikit-learn, PyTorch against the usual loop."""
    _, prepared = spiral()
    sgd = {"solver": "sgd", "batch_size": len(prepared.train), "momentum": 0.0, "learning_rate_init": RATE}
    numpy_rounds = take_turns(
        {
            "numpy": Contestant(Ours(*spiral(train__precision="float32")).train, 300),
            # many epochs at a time: each fit begins with 3 ms of checks, which are no part of an epoch
            "scikit-learn": Contestant(ScikitLearn(prepared, (100,), **sgd).train, 800),
        },
        effort,
    )
    torch_rounds = take_turns(
        {"torch": Contestant(ours_torch(0).train, 200), "usual": Contestant(usual_torch(0).train, 200)}, effort
    )
    samples = {
        "scikit-learn": ratios(numpy_rounds, "scikit-learn", "numpy"),
        "torch": ratios(torch_rounds, "usual", "torch"),
    }
    return Measured(samples, threads())


def mini_batches(effort: Effort) -> Measured:
    """Batches of 32 against the same two loops."""
    rounds = take_turns(
        {
            "numpy": Contestant(Ours(*spiral(train__batch_size=32)).train, 60),
            "textbook": Contestant(textbook(32).train, 40),
            "torch": Contestant(ours_torch(32).train, 20),
            "usual": Contestant(usual_torch(32).train, 20),
        },
        effort,
    )
    return Measured(
        {"numpy": ratios(rounds, "textbook", "numpy"), "torch": ratios(rounds, "usual", "torch")}, threads()
    )


def wide(effort: Effort) -> Measured:
    """20,000 × 50, layers 256-256, batches of 256, Adam: each backend against scikit-learn and the usual loop."""
    prepared, hidden = wide_data(), WIDE_HIDDEN
    settings = {"model.hidden": hidden, "train.optimizer": "adam", "train.learning_rate": 1e-3}
    experiment = with_settings(Experiment(), {**settings, "train.batch_size": WIDE_BATCH})
    on_torch = with_settings(experiment, {"model.backend": "torch"})
    adam = {"solver": "adam", "batch_size": WIDE_BATCH, "learning_rate_init": 1e-3}
    usual = UsualTorchLoop(prepared, initial_params(experiment, prepared), 1e-3, WIDE_BATCH)
    rounds = take_turns(
        {
            "numpy": Contestant(Ours(experiment, prepared).train, 1),
            "torch": Contestant(Ours(on_torch, prepared).train, 1),
            "scikit-learn": Contestant(ScikitLearn(prepared, hidden, **adam).train, 1),
            "usual": Contestant(usual.train, 1),
        },
        effort,
    )
    pairs = [(ours, peer) for ours in ("numpy", "torch") for peer in ("scikit-learn", "usual")]
    return Measured({f"{ours} {peer}": ratios(rounds, peer, ours) for ours, peer in pairs}, threads())


def wide_data() -> Prepared:
    """20,000 training rows and 2,500 of validation: normal features, classes by a random linear map of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(WIDE_ROWS * 5 // 4, WIDE_FEATURES))
    y = (X @ rng.normal(size=(WIDE_FEATURES, WIDE_CLASSES))).argmax(axis=1)
    features, classes = (tuple(f"{k + 1}" for k in range(n)) for n in (WIDE_FEATURES, WIDE_CLASSES))
    split = SplitConfig(train=0.8, validation=0.1, test=0.1, stratify=False)
    return prepare(Dataset("wide", X, y, features, classes), split, rng)


def threads() -> str:
    """How many threads either side computed with."""
    import torch
    from threadpoolctl import threadpool_info

    pools = {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}
    return "1 thread each" if pools == {1} else f"{'/'.join(map(str, sorted(pools)))} threads each"
