"""Networks trained for a moment, to be exported: of every kind, with names that break what is careless with them."""

import numpy as np

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.predict import predict
from mlp_studio.core.prepare import prepare
from mlp_studio.core.project import Project, save_project
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training

ODD = (
    "it's",
    'a "quote"',
    "line\nbreak\r\n",
    '\'"""',
    "back\\slash\\n",
    "שלום\u202e abc",
    "🦊👩‍👩‍👧",
    '<img src=x onerror="alert(1)">',
    "</script><b>&amp;",
    "=1+1",
    "%s {0} {name}",
    "half \ud83d",  # a lone surrogate
    "nul\0inside",
    "nul at the end\0",
    " ",
)


def blobs(features=2, classes=3, rows=240, names=None, class_names=None, seed=0):
    """Classes about as many points, in original units that differ by column."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    X = (rng.normal(0, 3, (classes, features))[y] + rng.normal(size=(rows, features))) * rng.uniform(0.1, 30, features)
    names = names or tuple(f"x{k + 1}" for k in range(features))
    return Dataset("blobs", X + 5, y, tuple(names), tuple(class_names or (f"c{k + 1}" for k in range(classes))))


def run(dataset=None, **settings):
    """Train a moment: `settings` are paths with "__" for the dot."""
    paths = {"model.hidden": (16,), "train.epochs": 20}
    paths |= {path.replace("__", "."): value for path, value in settings.items()}
    experiment = with_settings(Experiment(), paths)
    dataset = dataset or load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    training = Training(experiment, prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT)))
    for _ in training.run():
        pass
    return training


def train(dataset=None, **settings):
    """What a moment of training gives to be exported."""
    return run(dataset, **settings).trained("finished")


def save(path, training):
    """Save a project with this run."""
    run = KeptRun(1, training.experiment, training.prepared, "finished", training.state())
    save_project(path, Project(training.experiment, training.prepared, run))


def points(trained, rows=1000, seed=5):
    """Points (N, D) in original units, in and around the data."""
    X = trained.prepared.dataset.X
    low, high = X.min(axis=0), X.max(axis=0)
    return np.random.default_rng(seed).uniform(low - (high - low) / 4, high + (high - low) / 4, (rows, X.shape[1]))


def as_the_app_says(trained, X):
    """The probabilities (N, C) that a click shows for each point, and the classes' names (N,)."""
    params, activation, inputs = trained.snapshot.params, trained.experiment.model.activation, trained.prepared.inputs
    found = [predict(params, activation, inputs, x) for x in X]
    names = trained.prepared.dataset.class_names
    return np.array([one.probabilities for one in found]), [names[one.label] for one in found]


CLOSE = 1e-12  # how far another way of computing may be off, also where the weights were trained in float32


CASES = {
    "numpy float64": lambda: train(train__precision="float64"),
    "numpy float32": train,
    "torch float64": lambda: train(model__backend="torch", train__precision="float64"),
    "torch float32": lambda: train(model__backend="torch"),
    "two layers": lambda: train(model__hidden=(24, 12), train__precision="float64", train__batch_size=32),
    "six layers, dropout": lambda: train(
        model__hidden=(9, 8, 7, 6, 5, 4), model__activation="tanh", model__dropout=0.2, train__precision="float64"
    ),
    "linear": lambda: train(model__activation="linear", train__precision="float64"),
    "all derived": lambda: train(
        split__derived=("square", "product", "absolute", "sine", "cosine", "radius"), train__precision="float64"
    ),
    "all derived, float32": lambda: train(
        split__derived=("square", "product", "absolute", "sine", "cosine", "radius"), model__backend="torch"
    ),
    "derived of one feature": lambda: train(
        blobs(features=1), split__derived=("square", "product", "radius"), train__precision="float64"
    ),
    "not standardised": lambda: train(blobs(), split__standardize=False, train__precision="float64"),
    "wide": lambda: train(blobs(features=100, rows=400), train__precision="float64", split__derived=("square",)),
    "products of many": lambda: train(
        blobs(features=45, rows=300), split__derived=("product", "radius"), train__epochs=5
    ),
    "wider": lambda: train(blobs(features=500, rows=600), model__backend="torch", train__precision="float64"),
    "100 classes": lambda: train(blobs(features=4, classes=100, rows=1500), train__precision="float64"),
    "odd names": lambda: train(
        blobs(features=len(ODD), classes=len(ODD), rows=450, names=ODD, class_names=ODD), train__precision="float64"
    ),
}
