"""What a run came to, as one plain document, and the JSON file that holds it. The HTML report shows the same."""

import json
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio import __version__
from mlp_studio.core.config import Experiment
from mlp_studio.core.evaluate import Average, PartScores, evaluate
from mlp_studio.core.events import Outcome
from mlp_studio.core.files import write_text
from mlp_studio.core.history import COLUMNS, Curves
from mlp_studio.core.network import layer_sizes, parameter_count
from mlp_studio.core.predict import Prediction
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trained import Trained
from mlp_studio.core.trainer import Training

Document: TypeAlias = dict[str, Any]  # only what JSON knows; None for a figure that does not exist or is not finite

PARTS = {"train": "train", "validation": "val", "test": "test"}  # a part's name in the core → in the report
# Distributions that may provide a library; only their metadata are read, nothing is imported.
LIBRARIES = {
    "numpy": ("numpy",),
    "torch": ("torch",),
    "scikit-learn": ("scikit-learn",),
    "pandas": ("pandas",),
    "PySide6": ("PySide6-Essentials", "PySide6"),
    "pyqtgraph": ("pyqtgraph",),
}


def report(training: Training, status: Outcome, seconds: float, predictions: Sequence[Prediction] = ()) -> Document:
    """The document of a training that has come to an end; `seconds` is the time that it took."""
    return document(training.trained(status, seconds), predictions)


def document(
    trained: Trained, predictions: Sequence[Prediction] = (), scores: Mapping[str, PartScores] | None = None
) -> Document:
    """Everything about a run, its figures those of the weights that count; `scores` are those, if they are known."""
    experiment, prepared = trained.experiment, trained.prepared
    data, seconds = prepared.dataset, trained.seconds
    scores = scores or evaluate(trained.snapshot.params, experiment.model.activation, prepared)
    return {
        "experiment": _experiment(experiment),
        "versions": versions(),
        "data": _data(prepared),
        "parameters": parameter_count(layer_sizes(experiment.model, prepared.input_count, data.classes)),
        "history": _history(trained.curves),
        "performance": {PARTS[name]: performance(part, data.class_names) for name, part in scores.items()},
        "predictions": [prediction_document(one, data.feature_names, data.class_names) for one in predictions],
        "timing": {
            "seconds": seconds,
            "epochs_per_second": len(trained.curves) / seconds if seconds else None,
            "threads": trained.threads,
        },
        "status": trained.status,
        "changed_on_the_way": {"rows": trained.is_mixed, "settings": trained.is_retuned},
    }


def versions() -> dict[str, str | None]:
    """The versions that are installed here; None for a library that is not."""
    installed = {name: _version(distributions) for name, distributions in LIBRARIES.items()}
    return {"app": __version__, "python": platform.python_version(), **installed}


def _version(distributions: Iterable[str]) -> str | None:
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _experiment(experiment: Experiment) -> Document:
    def plain(items: list[tuple[str, Any]]) -> Document:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in items}

    return asdict(experiment, dict_factory=plain)


def _data(prepared: Prepared) -> Document:
    data = prepared.dataset
    account = {"import": data.account.as_document()} if data.account else {}
    return {
        "rows": data.rows,
        "features": list(data.feature_names),
        "inputs": list(prepared.input_names),
        "classes": list(data.class_names),
        "split": {PARTS[name]: len(part) for name, part in prepared.parts.items()},
        "notes": [*data.notes, *prepared.notes],
        **account,
    }


def _history(curves: Curves) -> Document:
    columns = {name: _numbers(curves[:, column]) for column, name in enumerate(COLUMNS)}
    return {"epoch": list(range(1, len(curves) + 1)), **columns}


def performance(scores: PartScores, class_names: Sequence[str]) -> Document:
    """Overall (weighted, with the macro means beside) and per class; None where no rows were judged.

    The confusion matrix has a row for each true class, and a column for each predicted one.
    """
    overall: Document = {
        **_average(scores.weighted),
        "accuracy": scores.accuracy,
        **{f"macro_{name}": value for name, value in _average(scores.macro).items()},
    }
    columns = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    if not scores.samples:
        overall = dict.fromkeys(overall)
        columns = {name: np.full(len(class_names), np.nan) for name in columns}
    columns = {name: _numbers(values) for name, values in columns.items()} | {"support": scores.support.tolist()}
    return {
        "overall": {**overall, "num_samples": scores.samples},
        "confusion": scores.confusion.tolist(),
        "class": {
            name: dict(zip(columns, row, strict=True))
            for name, row in zip(class_names, zip(*columns.values(), strict=True), strict=True)
        },
    }


def _average(average: Average) -> dict[str, float]:
    return {"precision": average.precision, "recall": average.recall, "f1": average.f1}


def prediction_document(prediction: Prediction, features: Sequence[str], classes: Sequence[str]) -> Document:
    """A point so far off that the network's numbers overflow has no probabilities, and so no class."""
    known = bool(np.isfinite(prediction.probabilities).all())
    return {
        "input": dict(zip(features, prediction.x.tolist(), strict=True)),
        "class": classes[prediction.label] if known else None,
        "probabilities": dict(zip(classes, _numbers(prediction.probabilities), strict=True)),
    }


def _numbers(values: NDArray[np.floating[Any]]) -> list[float | None]:
    return [finite(value) for value in values.tolist()]


def finite(value: float) -> float | None:
    """A figure as JSON knows it: None where there is none."""
    return value if math.isfinite(value) else None


def write_report(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document as JSON; the file is there whole or not at all. Raises OSError."""
    write_text(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n")
