import json
import math

import numpy as np
import pytest
import torch

from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.lessons import LESSONS, Expectation, Lesson
from mlp_studio.core.network import Layer, forward
from mlp_studio.core.spread import start_spreads
from mlp_studio.core.trainer import Training, initial_params
from mlp_studio.core.verdict import MEASURES, Result, as_document, is_met, judge, of_data_alone, run_document, written


@pytest.fixture(scope="module")
def result():
    experiment = with_settings(Experiment(), {"data.rows": 300, "train.epochs": 30, "split.class_weights": True})
    training = Training(experiment, load_prepared(experiment))
    for _ in training.run():
        pass
    return Result.of(training)


def lesson_of(*expectations, **more):
    return Lesson("A lesson", "A summary.", "Level", {}, (), (), expectations, **more)


def figure(name, result):
    return MEASURES[name].figure(result)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_gives_a_figure_that_can_be_written(name, result):
    value = figure(name, result)
    assert math.isfinite(value)
    assert written(value, MEASURES[name].form)
    assert MEASURES[name].label


def test_scores_are_those_of_the_evaluation(result):
    scores = evaluate(result.params, "relu", result.prepared)
    assert figure("train_accuracy", result) == scores["train"].accuracy
    assert figure("test_accuracy", result) == scores["test"].accuracy
    assert figure("test_f1", result) == scores["test"].weighted.f1
    assert figure("accuracy_gap", result) == scores["train"].accuracy - scores["test"].accuracy


def test_losses_are_torchs(result):
    def loss(part):
        logits = torch.from_numpy(forward(result.params, "relu", part.X))
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(part.y)).item()

    train, test = loss(result.prepared.train), loss(result.prepared.test)
    assert figure("test_loss", result) == pytest.approx(test, rel=1e-5)
    assert figure("loss_gap", result) == pytest.approx(test - train, rel=1e-4)
    assert figure("train_loss", result) == result.curves[-1, 0]


def test_units_that_do_not_differ_are_counted_once(result):
    W, b = result.params[0]
    same = (Layer(np.repeat(W[:, :2], 50, axis=1), b), *result.params[1:])
    assert figure("distinct_units", result) == 100
    assert figure("distinct_units", Result(result.experiment, result.prepared, same, result.curves)) == 2


def test_what_does_not_exist_is_not_a_number_and_never_met(result):
    nothing = Result(result.experiment, result.prepared, result.params, result.curves[:0])
    assert math.isnan(figure("train_loss", nothing))
    (finding,) = judge(lesson_of(Expectation("train_loss", -math.inf, math.inf, "A loss")), {"": nothing})
    assert not finding.met
    assert as_document("x", [finding])["findings"][0]["figure"] is None
    zeros = with_settings(result.experiment, {"model.initialization": "zeros"})
    assert math.isnan(figure("activation_ratio", Result(zeros, result.prepared, result.params, result.curves)))


def test_a_figure_is_met_from_the_lowest_to_the_highest(result):
    rows = len(result.prepared.train)
    spans = [(rows, rows), (rows - 1, rows), (rows + 1, rows + 2), (0, rows - 1)]
    findings = judge(lesson_of(*(Expectation("train_rows", *span, "Rows") for span in spans)), {"": result})
    assert [finding.met for finding in findings] == [True, True, False, False]
    assert not is_met(findings)
    assert is_met(findings[:2])


def test_a_finding_says_figure_and_range(result):
    lesson = lesson_of(
        Expectation("train_rows", 210, 210, "70 % train"), Expectation("accuracy_gap", -0.5, 0.5, "No gap")
    )
    first, second = judge(lesson, {"": result})
    assert first.sentence == "70 % train: training rows 210 (expected 210)"
    assert second.sentence.startswith("No gap: training accuracy − test accuracy ")
    assert second.sentence.endswith("(expected −0.500 to 0.500)")


def test_one_run_may_be_held_against_another():
    lesson = LESSONS["dropout"]
    experiments = {name: with_settings(one, {"train.epochs": 20}) for name, one in lesson.experiments().items()}
    results = {}
    for name, experiment in experiments.items():
        training = Training(experiment, load_prepared(experiment))
        for _ in training.run():
            pass
        results[name] = Result.of(training)
    found = next(f for f in judge(lesson, results) if f.expectation.minus and f.expectation.measure == "test_loss")
    difference = figure("test_loss", results["without"]) - figure("test_loss", results["with"])
    assert found.figure == difference
    assert "Without dropout − Dropout 0.5" in found.sentence


def test_only_the_lesson_on_data_needs_no_training():
    assert [name for name, lesson in LESSONS.items() if of_data_alone(lesson)] == ["data"]


def test_the_document_is_json(result):
    lesson = lesson_of(Expectation("train_rows", 0, 1, "Rows"))
    document = json.loads(json.dumps(as_document("mine", judge(lesson, {"": result})), allow_nan=False))
    assert (document["id"], document["met"]) == ("mine", False)
    assert document["findings"][0]["figure"] == 210
    run = json.loads(json.dumps(run_document("Run", result, "finished"), allow_nan=False))
    assert (run["title"], run["epochs"], run["train_loss"]) == ("Run", 30, result.curves[-1, 0])


# --- spreads ----------------------------------------------------------------------------------------------


def test_spreads_at_the_start_are_those_of_torch():
    settings = {"model.hidden": (40, 30), "model.dropout": 0.5, "data.rows": 200, "model.activation": "tanh"}
    experiment = with_settings(Experiment(), settings)
    prepared = load_prepared(experiment)
    params = initial_params(experiment, prepared)
    weights = [(torch.tensor(W, requires_grad=True), torch.tensor(b)) for W, b in params]
    a, expected = torch.tensor(prepared.train.X), []
    for layer, (W, b) in enumerate(weights, start=1):
        a = a @ W + b
        a = torch.tanh(a) if layer < len(weights) else a
        expected.append(a.std(correction=0).item())
    torch.nn.functional.cross_entropy(a, torch.tensor(prepared.train.y)).backward()
    spreads = start_spreads(experiment, prepared)
    assert [spread.activation for spread in spreads] == pytest.approx(expected)
    assert [spread.gradient for spread in spreads] == pytest.approx(
        [W.grad.std(correction=0).item() for W, _ in weights]
    )


def test_zeros_have_no_spread_at_all():
    experiment = LESSONS["initialization"].experiments()["zeros"]
    spreads = start_spreads(experiment, load_prepared(experiment))
    assert {(spread.activation, spread.gradient) for spread in spreads} == {(0.0, 0.0)}
