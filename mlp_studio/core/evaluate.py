"""Precision, recall, F1 and the confusion matrix, for each share of the rows.

With TP, FP, FN of a class: precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2PR / (P + R), each 0
where its denominator is 0 (scikit-learn's zero_division=0). Weighted: the mean over the classes, weighted by
support (their true rows); macro: the plain mean over the classes that occur in truth or prediction.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.network import Params, forward, log_softmax
from mlp_studio.core.prepare import Prepared

BLOCK_ROWS = 8192  # rows predicted at once, so that wide layers on large data stay within the cache and memory


@dataclass(frozen=True, slots=True)
class Average:
    """Precision, recall and F1 averaged over the classes."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, eq=False)
class PartScores:
    """The scores of one share of the rows. predicted (n,); confusion (C, C): rows truth, columns prediction.

    precision, recall, f1: (C,) floats; support: (C,) true rows of each class.
    """

    predicted: Ints
    confusion: Ints
    accuracy: float
    precision: Floats
    recall: Floats
    f1: Floats
    support: Ints
    weighted: Average
    macro: Average

    @property
    def samples(self) -> int:
        """How many rows were judged."""
        return len(self.predicted)


def score(y: Ints, predicted: Ints, classes: int) -> PartScores:
    """Score predictions (n,) against the truth y (n,)."""
    confusion = np.bincount(y * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    hits = np.diagonal(confusion).astype(np.float64)
    support, claimed = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _ratio(hits, claimed), _ratio(hits, support)
    f1 = _ratio(2 * hits, support + claimed)
    samples = len(y)
    return PartScores(
        predicted,
        confusion,
        float(hits.sum() / samples) if samples else 0.0,
        precision,
        recall,
        f1,
        support,
        _average(precision, recall, f1, support),
        _average(precision, recall, f1, (support + claimed > 0).astype(np.int64)),
    )


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return ratio


def _average(precision: Floats, recall: Floats, f1: Floats, weights: Ints) -> Average:
    total = weights.sum()
    if not total:
        return Average(0.0, 0.0, 0.0)
    return Average(*(float(values @ weights / total) for values in (precision, recall, f1)))


def predict_classes(params: Params, activation: str, X: Floats) -> Ints:
    """The most probable class of each scaled sample X (n, D), (n,); in float64, as `predict.predict` has it."""
    predicted = np.empty(len(X), np.int64)
    for start in range(0, len(X), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        predicted[start : start + BLOCK_ROWS] = forward(params, activation, block).argmax(axis=1)
    return predicted


def evaluate(params: Params, activation: str, prepared: Prepared) -> dict[str, PartScores]:
    """The scores of training, validation and test, by the part's name."""
    return {
        name: score(part.y, predict_classes(params, activation, part.X), prepared.dataset.classes)
        for name, part in prepared.parts.items()
    }


def losses(params: Params, activation: str, prepared: Prepared) -> dict[str, float]:
    """The mean cross-entropy of training, validation and test (nats), by the part's name; nan where it has no rows."""
    means = {}
    for name, part in prepared.parts.items():
        loss = MeanLoss(prepared.class_weights)
        for start in range(0, len(part), BLOCK_ROWS):
            block = part.X[start : start + BLOCK_ROWS]
            loss.add(forward(params, activation, block), part.y[start : start + BLOCK_ROWS])
        means[name] = loss.mean
    return means


class MeanLoss:
    """Σ w[y] · −log ŷ[y] / Σ w[y], as training has it, of rows that come some at a time; class weights w (C,) or 1."""

    def __init__(self, class_weights: Floats | None) -> None:
        self._class_weights = class_weights
        self._loss = self._weight = 0.0

    def add(self, logits: NDArray[np.floating[Any]], y: Ints) -> None:
        """Take n rows: their logits (n, C) and true classes (n,)."""
        weights = np.ones(len(y)) if self._class_weights is None else self._class_weights[y]
        log_y_hat = log_softmax(logits.astype(np.float64))
        self._loss -= float(weights @ log_y_hat[np.arange(len(y)), y])
        self._weight += float(weights.sum())

    @property
    def mean(self) -> float:
        """Of all rows so far, nan where there are none that count."""
        return self._loss / self._weight if self._weight else math.nan
