"""A trained network as a scikit-learn estimator: what `mlp_studio.load` gives.

    classifier = mlp_studio.load("spiral.mlps")
    classifier.predict(X)  # samples X (N, D), in original units: an array, or a DataFrame with the columns of the table

Only `mlp_studio.load` imports this module, as scikit-learn takes more than a second.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.errors import ProjectError, StudioError
from mlp_studio.core.events import Finished
from mlp_studio.core.export.model import SUFFIX, read_model
from mlp_studio.core.model import Column, Model
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.project import open_project
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.text_rows import quoted
from mlp_studio.core.trained import Trained
from mlp_studio.core.trainer import Training

SHOWN_CLASSES = 5


def load(path: str | os.PathLike[str]) -> "StudioClassifier":
    """The network in a model file (.safetensors), else that of a project's present run. Raises ProjectError."""
    path = Path(path)
    return StudioClassifier.of(read_model(path) if path.suffix.lower() == SUFFIX else _of_project(path))


def _of_project(path: Path) -> Model:
    run = open_project(path).run
    if run is None:
        raise ProjectError(f"{quoted(path.name)} holds no trained network: open it, train, and save it again.")
    return Model.of(run.trained())


class StudioClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """A multilayer perceptron of MLP Studio. `predict` and `predict_proba` need NumPy alone, whatever trained it.

    `experiment` (`core.config.Experiment`; None: its defaults) is what `fit` trains anew by: seed, split, derived
    inputs, network and training; its data are those that `fit` is given.

    Fitted or loaded, it has `classes_` (C,), sorted, the order of the columns of `predict_proba`; `n_features_in_`
    (D); and `feature_names_in_` (D,) if it is loaded or was fitted to a DataFrame. Loaded classes are texts, as in
    the file that they come from, where a table that pandas has read may have numbers: compare with `y.astype(str)`.
    """

    def __init__(self, experiment: Experiment | None = None) -> None:
        self.experiment = experiment

    @classmethod
    def of(cls, model: Model) -> "StudioClassifier":
        """The estimator of a network that is trained already."""
        estimator = cls(model.experiment)
        estimator.model_ = model
        estimator._order = np.array(sorted(range(len(model.class_names)), key=model.class_names.__getitem__))
        estimator.classes_ = _as_labels([model.class_names[k] for k in estimator._order])
        estimator.n_features_in_ = len(model.feature_names)
        estimator.feature_names_in_ = np.array(model.feature_names, dtype=object)
        estimator._is_loaded = True
        return estimator

    def fit(self, X: Any, y: Any) -> "StudioClassifier":
        """Train anew on samples X (N, D) and labels y (N,), by `experiment`, which holds some of them back.

        Raises ValueError where that cannot be done; warns (ConvergenceWarning) where the training diverges.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._order, self._is_loaded = np.arange(len(self.classes_)), False
        experiment = Experiment() if self.experiment is None else self.experiment
        try:
            prepared = _prepared(experiment, X, codes, self.classes_, getattr(self, "feature_names_in_", None))
            self.model_ = Model.of(_trained(experiment, prepared))
        except StudioError as error:
            raise ValueError(str(error)) from error
        return self

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class (N, C) for samples X (N, D), in the order of `classes_`.

        A row so far off that the network's numbers overflow has none: nan.
        """
        check_is_fitted(self)
        return self.model_.probabilities(self._rows(X))[:, self._order]

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class (N,) of samples X (N, D). Raises ValueError where a row's numbers overflow."""
        probabilities = self.predict_proba(X)
        lost = np.flatnonzero(np.isnan(probabilities).any(axis=1))
        if len(lost):
            raise ValueError(f"Row {lost[0]} is so far off that the network's numbers overflow.")
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def _rows(self, X: Any) -> Floats:
        """X as numbers (N, D); a DataFrame's columns are compared with the names, texts become the features."""
        is_table = hasattr(X, "columns")
        if is_table and self._is_loaded and (columns := _texts_in(X, self.model_.columns)):
            X = _encoded(X, columns)
            is_table = False
        if is_table or not self._is_loaded:
            rows: Floats = validate_data(self, X, reset=False, dtype=np.float64)
            return rows
        # a file's names are always there: whoever gives an array need not be warned, as after a fit to a DataFrame
        rows = check_array(X, dtype=np.float64, input_name="X", estimator=self)
        if rows.shape[1] != self.n_features_in_:
            name, features = type(self).__name__, self.n_features_in_
            raise ValueError(f"X has {rows.shape[1]} features, but {name} is expecting {features} features as input.")
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        if not self.__sklearn_is_fitted__():
            return str(super().__repr__(N_CHAR_MAX))
        features, *hidden, classes = map(str, self.model_.sizes)
        activation, shown = self.model_.activation, [repr(name) for name in self.classes_[:SHOWN_CLASSES].tolist()]
        more = ["…"] if len(self.classes_) > SHOWN_CLASSES else []
        layers = " → ".join(
            [f"{features} inputs", *(f"{units} {activation}" for units in hidden), f"{classes} classes"]
        )
        return f"<{type(self).__name__}: {layers} ({', '.join(shown + more)}), {self.model_.precision}>"


def _as_labels(names: Sequence[str]) -> NDArray[Any]:
    """Names as an array of texts; as objects where that would cut a NUL off their ends."""
    labels = np.array(names)
    return labels if labels.tolist() == list(names) else np.array(names, dtype=object)


# --- fitting ------------------------------------------------------------------------------------------------


def _prepared(
    experiment: Experiment, X: Floats, codes: Ints, classes: NDArray[Any], names: NDArray[Any] | None
) -> Prepared:
    """The rows as the studio has them, split and scaled as the experiment asks."""
    features = tuple(f"x{column + 1}" for column in range(X.shape[1])) if names is None else tuple(names)
    dataset = Dataset("fit", X, codes, features, tuple(map(str, classes.tolist())))
    return prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))


def _trained(experiment: Experiment, prepared: Prepared) -> Trained:
    """The experiment run to its end."""
    with _threads_as_before(experiment.model.backend), np.errstate(all="ignore"):
        training = Training(experiment, prepared)
        ending = next(event for event in training.run() if isinstance(event, Finished))
    if ending.outcome == "diverged":
        warnings.warn(ending.reason, ConvergenceWarning, stacklevel=3)
    return training.trained(ending.outcome)


@contextmanager
def _threads_as_before(backend: str) -> Iterator[None]:
    """Give the program that calls the number of threads back that it computes with: a training sets its own."""
    from threadpoolctl import ThreadpoolController

    with ThreadpoolController().limit(limits=None):
        if backend != "torch":
            yield
            return
        import torch

        threads = torch.get_num_threads()
        try:
            yield
        finally:
            torch.set_num_threads(threads)


# --- columns of text ----------------------------------------------------------------------------------------


def _texts_in(table: Any, columns: Sequence[Column]) -> Sequence[Column]:
    """All the columns, where the table has texts that are to become features; else none."""
    return columns if any(column.texts and column.name in table.columns for column in columns) else ()


def _encoded(table: Any, columns: Sequence[Column]) -> Floats:
    """The features (N, D) of a DataFrame with the columns of the file, in any order; texts become ones and zeros."""
    missing = [column.name for column in columns if column.name not in table.columns]
    if missing:
        raise ValueError(f"X has no column {quoted(missing[0])}.")
    parts = [_indicators(table[column.name], column) for column in columns]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(table), 0))


def _indicators(values: Any, column: Column) -> Floats:
    """A column's features (N, k)."""
    if not column.texts:
        return np.asarray(values, dtype=np.float64)[:, None]
    if any(cell is None or cell != cell for cell in values):
        raise ValueError(f"Column {quoted(column.name)} lacks a value.")
    cells = [" ".join(str(cell).split()) for cell in values]
    unknown = [cell for cell in cells if cell not in column.texts]
    if unknown:
        raise ValueError(f"Column {quoted(column.name)} holds {quoted(unknown[0])}, which the network has never seen.")
    return np.array([[cell == text for text in column.texts] for cell in cells], np.float64)
