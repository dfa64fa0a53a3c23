"""Where data come from: generators, scikit-learn's sample tables, a file. One registry, one way to load."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from mlp_studio.core import heavy
from mlp_studio.core.config import DataConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.progress import Progress, to_nobody

if TYPE_CHECKING:
    from mlp_studio.core.text_rows import TableFormat


@dataclass(frozen=True, slots=True)
class Source:
    """`load(config, rng, progress)` gives the data; `settings` names the DataConfig fields that it heeds.

    `slow` sources import pandas or scikit-learn, so the window loads them off its own thread. One that `is_drawn`
    takes its rows from `rng`, so that they differ from seed to seed.
    """

    label: str
    help: str
    load: Callable[[DataConfig, Generator, Progress], Dataset]
    settings: tuple[str, ...] = ()
    slow: bool = True
    is_drawn: bool = False


EVERY_SOURCE = ("shuffle_labels",)  # the DataConfig fields that all sources heed


def heeded(config: DataConfig) -> DataConfig:
    """The settings without those that its source does not heed, such as the noise of a file."""
    names = ("source", *SOURCES[config.source].settings, *EVERY_SOURCE)
    return DataConfig(**{item.name: getattr(config, item.name) for item in fields(config) if item.name in names})


def load_dataset(config: DataConfig, rng: Generator) -> Dataset:
    """The data that `config` asks for. Raises DataError with the sentence to show."""
    return with_labels(config, read_source(config, rng), rng)


def read_source(config: DataConfig, rng: Generator, progress: Progress = to_nobody) -> Dataset:
    """The data as their source has them. Raises DataError with the sentence to show, and what `progress` raises."""
    return SOURCES[config.source].load(config, rng, progress)


def with_labels(config: DataConfig, dataset: Dataset, rng: Generator) -> Dataset:
    """The data with their labels as they are, or dealt out by chance where `config` asks for it."""
    if not config.shuffle_labels:
        return dataset
    note = "The labels are shuffled: they have nothing to do with the features any more."
    return replace(dataset, y=rng.permutation(dataset.y), notes=(*dataset.notes, note))


def _generated(name: str) -> Source:
    entry = GENERATORS[name]

    def load(config: DataConfig, rng: Generator, _progress: Progress) -> Dataset:
        classes = config.classes if entry.classes is None else entry.classes
        X, y = entry.draw(config.rows, classes, config.noise, rng)
        order = rng.permutation(len(y))  # first rows of every class, in the order a shuffled file would have
        return Dataset(entry.label, X[order], y[order], ("X1", "X2"), tuple(f"c{k + 1}" for k in range(classes)))

    settings: tuple[str, ...] = ("rows", "noise") if name != "random" else ("rows",)
    if entry.classes is None:
        settings += ("classes",)
    return Source(entry.label, entry.help, load, settings, slow=False, is_drawn=True)


def _sample(label: str, help: str, loader: str) -> Source:  # noqa: A002
    def load(_config: DataConfig, _rng: Generator, _progress: Progress) -> Dataset:
        heavy.load("sklearn.datasets")
        from sklearn import datasets

        table = getattr(datasets, loader)()
        names = tuple(str(name) for name in table.feature_names)
        classes = tuple(str(name) for name in table.target_names)
        return Dataset(label, table.data, table.target.astype(np.int64), names, classes)

    return Source(label, help, load)


def _load_file(config: DataConfig, _rng: Generator, progress: Progress) -> Dataset:
    from mlp_studio.core.table import read_table

    if not config.path:
        raise DataError("No file is chosen: open a table, or drop one on the window.")
    path = Path(config.path)
    fmt = table_format(path, config)
    return read_table(path, config.label, config.features, fmt, config.missing, progress)


def table_format(path: Path, config: DataConfig) -> "TableFormat | None":
    """The format that the settings give, the rest of it as the file looks; None: all as it looks."""
    given = {name: value for name in ("encoding", "delimiter", "decimal") if (value := getattr(config, name))}
    if config.header:
        given["header"] = config.header == "yes"
    if not given:
        return None
    from mlp_studio.core.preview import sniff

    return replace(sniff(path), **given)


def _load_painted(config: DataConfig, _rng: Generator, _progress: Progress) -> Dataset:
    from mlp_studio.core.painting import dataset_of, from_text

    if not config.drawing:
        raise DataError("No points have been painted: turn on Paint above the decision boundary.")
    return dataset_of(from_text(config.drawing))


SOURCES: dict[str, Source] = {
    **{name: _generated(name) for name in GENERATORS},
    "iris": _sample("Iris", "150 flowers, 4 measurements, 3 species.", "load_iris"),
    "wine": _sample("Wine", "178 wines, 13 chemical measurements, 3 growers.", "load_wine"),
    "breast_cancer": _sample("Breast cancer", "569 tumours, 30 measurements, 2 classes.", "load_breast_cancer"),
    "digits": _sample("Digits", "1,797 handwritten digits of 8 × 8 pixels, 10 classes.", "load_digits"),
    "painted": Source(
        "Painted points", "Points painted on the boundary by hand.", _load_painted, ("drawing",), slow=False
    ),
    "file": Source(
        "File",
        "Your own table (CSV, Excel, Parquet): one column with the class, features.",
        _load_file,
        ("path", "label", "encoding", "delimiter", "decimal", "header", "features", "missing"),
    ),
}
