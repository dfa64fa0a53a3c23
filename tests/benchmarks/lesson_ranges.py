"""Do the lessons come out as they should? Over five seeds, every expectation of every lesson must be met.

    python tests/benchmarks/lesson_ranges.py [LESSON … | CSV]

The data stay the same: the points that the lesson's own seed draws; a seed decides split, first weights and order.
Where chance scatters single runs widely, the median over the seeds is held against the reference's range, too.
Given a CSV file (the reference's spiral), the three first lessons are trained on it instead, over eight seeds, and
the medians are held against the reference's. Exit code 1 when something is outside its range.
"""

import os
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

import numpy as np

from mlp_studio.core.config import DataConfig, Experiment
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.predict import predict
from mlp_studio.core.prepare import prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import MEASURES, Findings, Result, judge

SEEDS, CSV_SEEDS = range(5), range(8)
# Lesson → measure → range of the reference's own runs, where that is narrower than what one run can be held to
REFERENCE = {"overfitting": {"train_accuracy": (0.62, 0.73), "test_f1": (0.09, 0.39)}}


def trained(own: Experiment, seed: int) -> Training:
    """A finished training on the experiment's own data, with everything else from `seed`."""
    dataset = load_dataset(own.data, generator(own.seed, Stream.DATA))
    experiment = replace(own, seed=seed)
    training = Training(experiment, prepare(dataset, experiment.split, generator(seed, Stream.SPLIT)))
    for _ in training.run():
        pass
    return training


# --- the expectations -----------------------------------------------------------------------------------------


def findings(name: str, seed: int) -> Findings:
    """The verdict on a lesson with a seed."""
    lesson = LESSONS[name]
    runs = {run: Result.of(trained(experiment, seed)) for run, experiment in lesson.experiments().items()}
    return judge(lesson, runs)


def check_expectations(names: list[str]) -> bool:
    """Print a row for every expectation; whether all seeds met all of them."""
    print(f"{'lesson':<15} {'run':<16} {'figure':<58} {'median':>10}  {'[min – max]':<21} {'expected':<19} met")
    sound = True
    for name in names:
        start = perf_counter()
        verdicts = [findings(name, seed) for seed in SEEDS]
        for found in zip(*verdicts, strict=True):
            expectation = found[0].expectation
            measure = MEASURES[expectation.measure]

            def written(value: float, form: str = measure.form) -> str:
                return format(value, form)

            figures, met = [one.figure for one in found], sum(one.met for one in found)
            run = f"{expectation.run} − {expectation.minus}" if expectation.minus else expectation.run
            spread = f"[{written(min(figures))} – {written(max(figures))}]"
            span = f"{written(expectation.low)} – {written(expectation.high)}"
            print(
                f"{name:<15} {run:<16} {measure.label:<58} {written(median(figures)):>10}  {spread:<21} {span:<19} "
                f"{met}/{len(SEEDS)}{'' if met == len(SEEDS) else '  OUTSIDE'}"
            )
            sound &= met == len(SEEDS)
        sound &= check_medians(name, verdicts)
        print(f"{name:<15} {(perf_counter() - start) / len(SEEDS):.2f} s a seed")
    return sound


def check_medians(name: str, verdicts: list[Findings]) -> bool:
    """Print the medians that the reference has a range for; whether they lie in it."""
    sound = True
    for measure, (low, high) in REFERENCE.get(name, {}).items():
        found = [one.figure for verdict in verdicts for one in verdict if one.expectation.measure == measure]
        holds = low <= median(found) <= high
        span, verdict = f"{low:.3f} – {high:.3f}", "yes" if holds else "no  OUTSIDE"
        figure = f"{MEASURES[measure].label}, median against the reference's"
        print(f"{name:<15} {'':<16} {figure:<58} {median(found):>10.3f}  {'':<21} {span:<19} {verdict}")
        sound &= holds
    return sound


# --- the reference's file -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """What one run came to; P(c1) is that at (0.1, 0.1)."""

    loss: float
    train_accuracy: float
    test_f1: float
    p_c1: float


NAMES = {"loss": "loss", "train_accuracy": "train accuracy", "test_f1": "test F1", "p_c1": "P(c1 | 0.1, 0.1)"}

# Lesson → figure → (lowest, highest) median, from the reference's runs; "≥ 0.99" there ends at 1 here.
RANGES = {
    "linear": {"train_accuracy": (0.53, 0.56), "test_f1": (0.50, 0.60)},
    "numpy-mlp": {"loss": (0.031, 0.038), "train_accuracy": (0.995, 1.0), "test_f1": (0.99, 1.0)},
    "pytorch-mlp": {
        "loss": (0.08, 0.11),
        "train_accuracy": (0.98, 1.0),
        "test_f1": (0.97, 1.0),
        "p_c1": (0.93, 0.96),
    },
}


def figures_of(training: Training) -> Figures:
    """The figures that `RANGES` names."""
    prepared, activation = training.prepared, training.experiment.model.activation
    params = training.backend.params()
    scores = evaluate(params, activation, prepared)
    at = predict(params, activation, prepared.inputs, np.array([0.1, 0.1]))
    return Figures(
        float(training.history.curves[-1, 0]),
        scores["train"].accuracy,
        scores["test"].weighted.f1,
        float(at.probabilities[prepared.dataset.class_names.index("c1")]),
    )


def check_file(path: str) -> bool:
    """Train the first lessons on a file and print their figures; whether the medians hold."""
    data = DataConfig(source="file", path=path)
    print(f"{'lesson':<12} {'figure':<17} {'median':>7}  {'[min – max]':<17} {'range':<15}")
    sound = True
    for lesson, ranges in RANGES.items():
        start = perf_counter()
        runs = [figures_of(trained(LESSONS[lesson].experiment(data), seed)) for seed in CSV_SEEDS]
        seconds = (perf_counter() - start) / len(CSV_SEEDS)
        for figure, name in NAMES.items():
            values = [getattr(one, figure) for one in runs]
            low, high = ranges.get(figure, (-np.inf, np.inf))
            holds = low <= median(values) <= high
            sound &= holds
            allowed = f"{low:.3f} – {high:.3f}" if figure in ranges else ""
            spread = f"[{min(values):.3f} – {max(values):.3f}]"
            print(
                f"{lesson:<12} {name:<17} {median(values):7.3f}  {spread:<17} {allowed:<15}",
                "" if holds else "OUTSIDE",
            )
        print(f"{lesson:<12} {seconds:.2f} s a run")
    return sound


def main(words: list[str]) -> int:
    """Check the lessons named (default: all), or a file."""
    if words and words[0] not in LESSONS:
        return 0 if check_file(words[0]) else 1
    return 0 if check_expectations(words or list(LESSONS)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
