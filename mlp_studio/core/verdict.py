"""Whether a lesson came out as it should: figures of its runs against the ranges it expects.

To add a measure: write its function (result → figure) and a row of `MEASURES`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
from mlp_studio.core.evaluate import PartScores, predict_classes, score
from mlp_studio.core.events import Outcome
from mlp_studio.core.history import COLUMNS, Curves
from mlp_studio.core.lessons import Expectation, Lesson
from mlp_studio.core.network import Params, forward, log_softmax, may_overflow
from mlp_studio.core.predict import predict
from mlp_studio.core.prepare import Part, Prepared
from mlp_studio.core.spread import start_spreads
from mlp_studio.core.trainer import Training, initial_params

ASKED = (0.1, 0.1)  # the point that the inference lesson asks about


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A finished run, as far as a verdict looks at it."""

    experiment: Experiment
    prepared: Prepared
    params: Params
    curves: Curves

    @classmethod
    def of(cls, training: Training) -> "Result":
        """What a training has come to."""
        return cls(training.experiment, training.prepared, training.backend.params(), training.history.curves)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a result; nan where it does not exist. `of_data`: it needs no training. `form` writes it."""

    label: str
    figure: Callable[[Result], float]
    form: str = ".3f"
    of_data: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation, the figure that was found, whether it is met, and a sentence that says so."""

    expectation: Expectation
    figure: float
    met: bool
    sentence: str


Findings: TypeAlias = tuple[Finding, ...]


def judge(lesson: Lesson, results: Mapping[str, Result]) -> Findings:
    """Hold every expectation of a lesson against the results of its runs, by the run's name."""
    return tuple(_find(lesson, expectation, results) for expectation in lesson.expect)


def is_met(findings: Sequence[Finding]) -> bool:
    """Whether all expectations are met."""
    return all(finding.met for finding in findings)


def of_data_alone(lesson: Lesson) -> bool:
    """Whether the verdict needs no training."""
    return all(MEASURES[expectation.measure].of_data for expectation in lesson.expect)


def as_document(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """The verdict for a report."""
    return {
        "id": name,
        "met": is_met(findings),
        "findings": [
            {
                "measure": finding.expectation.measure,
                "run": finding.expectation.run,
                "minus": finding.expectation.minus,
                "low": finding.expectation.low,
                "high": finding.expectation.high,
                "figure": finding.figure if math.isfinite(finding.figure) else None,
                "met": finding.met,
                "sentence": finding.sentence,
            }
            for finding in findings
        ],
    }


def run_document(title: str, result: Result, outcome: Outcome) -> dict[str, Any]:
    """One of several compared runs for a report: its last losses, and its accuracies with the final weights."""
    last = result.curves[-1] if len(result.curves) else np.full(len(COLUMNS), np.nan)
    figures = {
        **dict(zip(COLUMNS, last.tolist(), strict=True)),
        **{f"{name}_accuracy": _accuracy(result, part) for name, part in result.prepared.parts.items()},
    }
    known = {name: value if math.isfinite(value) else None for name, value in figures.items() if name[:4] != "val_"}
    return {"title": title, "status": outcome, "epochs": len(result.curves), **known}


def _find(lesson: Lesson, expectation: Expectation, results: Mapping[str, Result]) -> Finding:
    measure = MEASURES[expectation.measure]
    figure = measure.figure(results[expectation.run or lesson.main])
    if expectation.minus:
        figure -= measure.figure(results[expectation.minus])
    met = expectation.low <= figure <= expectation.high  # false of nan
    return Finding(expectation, figure, met, _sentence(lesson, expectation, figure))


def _sentence(lesson: Lesson, expectation: Expectation, figure: float) -> str:
    measure = MEASURES[expectation.measure]
    label = measure.label
    if expectation.minus:
        label += f", {lesson.runs[expectation.run].title} − {lesson.runs[expectation.minus].title}"
    low, high = written(expectation.low, measure.form), written(expectation.high, measure.form)
    span = low if low == high else f"{low} to {high}"
    return f"{expectation.sentence}: {label} {written(figure, measure.form)} (expected {span})"


def written(figure: float, form: str) -> str:
    """A figure as a person reads it."""
    return format(figure, form).replace("-", "−") if math.isfinite(figure) else "none"


# --- measures: of the data ------------------------------------------------------------------------------------


def _class_imbalance(result: Result) -> float:
    counts = np.bincount(result.prepared.train.y, minlength=result.prepared.dataset.classes)
    return float(counts.max() - counts.min())


def _class_weight(result: Result) -> float:
    weights = result.prepared.class_weights
    return math.nan if weights is None else float(weights.max())


def _mean_off(part: Part) -> float:
    return float(np.abs(part.X.mean(axis=0)).max()) if len(part) else math.nan


def _spread_off(part: Part) -> float:
    return float(np.abs(part.X.std(axis=0) - 1).max()) if len(part) else math.nan


def _scaled(column: int) -> Callable[[Result], float]:
    def figure(result: Result) -> float:
        return float(result.prepared.inputs(_asked()[None, :])[0, column]) if _is_plane(result) else math.nan

    return figure


def _asked() -> Floats:
    return np.array(ASKED)


def _is_plane(result: Result) -> bool:
    return result.prepared.dataset.features == len(ASKED)


# --- measures: of the run -------------------------------------------------------------------------------------


@may_overflow
def _loss(result: Result, part: Part, params: Params | None = None) -> float:
    """Mean cross-entropy over a part, dropout off."""
    if not len(part):
        return math.nan
    logits = forward(params or result.params, result.experiment.model.activation, part.X)
    return -float(log_softmax(logits)[np.arange(len(part)), part.y].mean())


def _scores(result: Result, part: Part) -> PartScores:
    predicted = predict_classes(result.params, result.experiment.model.activation, part.X)
    return score(part.y, predicted, result.prepared.dataset.classes)


def _start_loss(result: Result) -> float:
    start = initial_params(result.experiment, result.prepared)
    return _loss(result, result.prepared.train, start)


def _train_loss(result: Result) -> float:
    return float(result.curves[-1, COLUMNS.index("train_loss")]) if len(result.curves) else math.nan


def _accuracy(result: Result, part: Part) -> float:
    return _scores(result, part).accuracy if len(part) else math.nan


def _test_f1(result: Result) -> float:
    scores = _scores(result, result.prepared.test)
    return scores.weighted.f1 if scores.samples else math.nan


def _loss_gap(result: Result) -> float:
    return _loss(result, result.prepared.test) - _loss(result, result.prepared.train)


def _accuracy_gap(result: Result) -> float:
    return _accuracy(result, result.prepared.train) - _accuracy(result, result.prepared.test)


def _p_c1(result: Result) -> float:
    names = result.prepared.dataset.class_names
    if not _is_plane(result) or "c1" not in names:
        return math.nan
    answer = predict(result.params, result.experiment.model.activation, result.prepared.inputs, _asked())
    return float(answer.probabilities[names.index("c1")])


def _distinct_units(result: Result) -> float:
    return float(np.unique(result.params[0].W, axis=1).shape[1])


def _activation_ratio(result: Result) -> float:
    *hidden, _output = start_spreads(result.experiment, result.prepared)
    return hidden[-1].activation / hidden[0].activation if hidden[0].activation else math.nan


MEASURES: Mapping[str, Measure] = {
    "train_rows": Measure("training rows", lambda result: len(result.prepared.train), ",.0f", True),
    "test_rows": Measure("test rows", lambda result: len(result.prepared.test), ",.0f", True),
    "class_imbalance": Measure("largest class − smallest, training rows", _class_imbalance, ",.0f", True),
    "class_weight": Measure("weight", _class_weight, ".6f", True),
    "train_mean": Measure("largest |mean|", lambda result: _mean_off(result.prepared.train), ".2g", True),
    "train_spread_off": Measure("largest |spread − 1|", lambda result: _spread_off(result.prepared.train), ".2g", True),
    "test_mean": Measure("largest |mean|", lambda result: _mean_off(result.prepared.test), ".3g", True),
    "test_spread_off": Measure("largest |spread − 1|", lambda result: _spread_off(result.prepared.test), ".3g", True),
    "scaled_x1": Measure("scaled X1", _scaled(0), of_data=True),
    "scaled_x2": Measure("scaled X2", _scaled(1), of_data=True),
    "start_loss": Measure("loss before training", _start_loss, ",.4g"),
    "train_loss": Measure("training loss", _train_loss),
    "test_loss": Measure("test loss", lambda result: _loss(result, result.prepared.test)),
    "loss_gap": Measure("test loss − training loss", _loss_gap),
    "train_accuracy": Measure("training accuracy", lambda result: _accuracy(result, result.prepared.train)),
    "test_accuracy": Measure("test accuracy", lambda result: _accuracy(result, result.prepared.test)),
    "accuracy_gap": Measure("training accuracy − test accuracy", _accuracy_gap),
    "test_f1": Measure("test F1", _test_f1),
    "p_c1": Measure("P(c1)", _p_c1),
    "distinct_units": Measure("units that differ, after training", _distinct_units, ",.0f"),
    "activation_ratio": Measure("spread of the last hidden layer / the first, at the start", _activation_ratio, ".3g"),
}
