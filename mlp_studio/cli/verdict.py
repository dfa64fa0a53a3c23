"""How a lesson came out, for the report."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlp_studio.cli.running import Leg
from mlp_studio.core.lessons import LESSONS, Lesson
from mlp_studio.core.report import Document
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import Result, as_document, judge, run_document
from mlp_studio.core.walk import walk


def verdict(name: str, trainings: Mapping[str, Training], legs: Mapping[str, Leg]) -> Document:
    """Whether the lesson came out as it should, and how each of its runs ended."""
    lesson = LESSONS[name]
    results = {run: Result.of(trainings[run]) for run in lesson.runs}
    with np.errstate(all="ignore"):
        judgement = as_document(name, judge(lesson, results))
    changed = any(trainings[run].experiment != own for run, own in lesson.experiments().items())
    runs = [
        run_document(lesson.runs[run].title, results[run], legs[run].ending.outcome)
        for run in lesson.runs
        if lesson.compares
    ]
    way = _way(lesson, results[lesson.main])
    return {**judgement, "title": lesson.title, "changed": changed, "runs": runs, "way": way}


def _way(lesson: Lesson, result: Result) -> list[dict[str, Any]]:
    """How the lesson's point goes through the network, where the lesson has one and the data have its features."""
    dataset = result.prepared.dataset
    if len(lesson.probe) != dataset.features:
        return []
    activation, prepared, x = result.experiment.model.activation, result.prepared, np.array(lesson.probe)
    steps = walk(result.params, activation, prepared.scaler, x, dataset.class_names, prepared.derived)
    return [{"name": step.name, "lines": list(step.lines)} for step in steps]
