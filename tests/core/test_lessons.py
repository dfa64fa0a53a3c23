import re
from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core.compare import Race, load_prepared
from mlp_studio.core.config import DataConfig, Experiment, with_settings
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS, lesson_text
from mlp_studio.core.resources import resource
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import MEASURES, Result, is_met, judge

EVERY = pytest.mark.parametrize("name", LESSONS)
WIDEST_FORMULA = 52  # letters of the fixed-width font that a panel of 400 pixels has room for


def trained(lesson, epochs=None):
    """Results of a lesson's runs, as they stand or shortened."""
    results = {}
    for name, experiment in lesson.experiments().items():
        training = Training(experiment, load_prepared(experiment))
        for _ in training.run(epochs):
            pass
        results[name] = Result.of(training)
    return results


def test_there_are_the_ten_lessons_in_their_order():
    assert list(LESSONS) == [
        "data",
        "linear",
        "activations",
        "numpy-mlp",
        "pytorch-mlp",
        "inference",
        "initialization",
        "dropout",
        "overfitting",
        "fit",
    ]
    assert FIRST_LESSON in LESSONS


@EVERY
def test_every_lesson_is_complete(name):
    lesson = LESSONS[name]
    assert lesson.title
    assert lesson.summary.endswith(".")
    assert lesson.level
    assert len(lesson.watch) >= 2
    assert len(lesson.try_next) >= 2
    assert len(lesson.expect) >= 3
    assert lesson.main in lesson.runs
    assert all(isinstance(experiment, Experiment) for experiment in lesson.experiments().values())
    assert lesson.experiment() == lesson.experiments()[lesson.main]
    assert all(run.title for run in lesson.runs.values()) == lesson.compares


@EVERY
def test_every_lesson_has_a_text_with_formulas_or_shapes_that_fit_into_the_panel(name):
    text = lesson_text(name)
    formulas = [line for line in text.splitlines() if line.startswith("    ")]
    assert formulas
    assert max(len(line) - 4 for line in formulas) <= WIDEST_FORMULA
    assert not text.startswith("#")  # the page has the title
    assert "](" not in text  # no links
    assert len(text.split()) < 330


def test_no_text_is_without_a_lesson():
    assert {path.stem for path in resource("lessons").glob("*.md")} == set(LESSONS)


@EVERY
def test_every_proposal_can_be_made_and_changes_something(name):
    lesson = LESSONS[name]
    for proposal in lesson.try_next:
        assert with_settings(lesson.experiment(), proposal.settings) != lesson.experiment(), proposal.text
        assert proposal.text


@EVERY
def test_every_expectation_can_fail_and_names_a_measure_and_a_run(name):
    lesson = LESSONS[name]
    for expectation in lesson.expect:
        assert expectation.measure in MEASURES
        assert expectation.low <= expectation.high
        assert expectation.run in lesson.runs or not expectation.run
        assert expectation.minus in lesson.runs or not expectation.minus
        assert not re.search(r"[.:]$", expectation.sentence)


@EVERY
def test_all_runs_of_a_lesson_learn_from_the_same_data_with_seed_1234(name):
    experiments = LESSONS[name].experiments().values()
    assert {experiment.seed for experiment in experiments} == {1234}
    assert len({(experiment.data, experiment.split) for experiment in experiments}) == 1


@EVERY
def test_a_lesson_may_run_on_other_data_with_its_settings_kept(name):
    other = DataConfig(source="file", path="spiral.csv", label="color")
    experiment = LESSONS[name].experiment(other)
    assert experiment == replace(LESSONS[name].experiment(), data=other)


def test_lessons_cannot_be_changed():
    with pytest.raises(TypeError):
        LESSONS["linear"] = None


@pytest.mark.parametrize(
    ("name", "backend", "activation", "initialization", "optimizer", "rate", "epochs", "weights"),
    [
        ("linear", "torch", "linear", "torch_default", "adam", 0.01, 10, True),
        ("numpy-mlp", "numpy", "relu", "small_normal", "sgd", 1.0, 1000, False),
        ("pytorch-mlp", "torch", "relu", "torch_default", "adam", 0.01, 100, True),
        ("inference", "torch", "relu", "torch_default", "adam", 0.01, 100, True),
    ],
)
def test_settings_are_those_of_the_lesson(name, backend, activation, initialization, optimizer, rate, epochs, weights):
    experiment = LESSONS[name].experiment()
    model, train = experiment.model, experiment.train
    assert experiment.data == DataConfig(source="spiral", rows=1500, classes=3, noise=0.2)
    assert (model.backend, model.activation, model.initialization) == (backend, activation, initialization)
    assert (model.hidden, model.dropout) == ((100,), 0.0)
    assert (train.optimizer, train.learning_rate, train.epochs) == (optimizer, rate, epochs)
    assert (train.batch_size, train.l1, train.l2, train.early_stopping) == (0, 0.0, 0.0, 0)
    assert experiment.split.class_weights == weights


def test_what_is_as_good_as_chance_is_a_test_that_one_guess_in_twenty_would_fail():
    expectation = next(one for one in LESSONS["overfitting"].expect if one.measure == "test_f1")
    rows = len(load_prepared(LESSONS["overfitting"].experiment()).test)
    assert rows == 22
    right = np.random.default_rng(0).binomial(rows, 1 / 3, 200_000) / rows
    assert 0.03 < (right > expectation.high).mean() < 0.08


def test_the_lesson_on_random_labels_has_the_sizes_of_the_reference():
    experiment = LESSONS["overfitting"].experiment()
    prepared = load_prepared(experiment)
    samples, classes, features = 50, prepared.dataset.classes, prepared.dataset.features
    assert experiment.model.hidden == (2 * samples * classes + features,) == (302,)
    assert sorted(len(part) for part in prepared.parts.values()) == [22, 23, 105]
    assert prepared.dataset.class_counts().tolist() == [50, 50, 50]
    train = experiment.train
    assert (experiment.model.backend, experiment.model.dropout) == ("torch", 0.1)
    assert (train.optimizer, train.learning_rate, train.epochs) == ("adam", 0.1, 500)


@EVERY
def test_every_lesson_comes_out_as_it_should(name):
    lesson = LESSONS[name]
    findings = judge(lesson, trained(lesson))
    assert is_met(findings), [finding.sentence for finding in findings if not finding.met]


@EVERY
def test_every_verdict_that_needs_training_fails_without(name):
    lesson = LESSONS[name]
    if name == "data":
        return
    assert not is_met(judge(lesson, trained(lesson, epochs=1)))


@pytest.mark.parametrize(
    ("name", "settings", "failing"),
    [
        ("data", {"split.standardize": False}, {"train_mean", "train_spread_off"}),
        ("data", {"split.class_weights": False}, {"class_weight"}),
        ("data", {"split.train": 0.6, "split.test": 0.25}, {"train_rows", "test_rows"}),
        ("linear", {"model.activation": "relu", "train.epochs": 60}, {"train_loss", "train_accuracy", "test_f1"}),
        ("numpy-mlp", {"model.hidden": (5,)}, {"train_loss", "train_accuracy", "test_f1"}),
        ("inference", {"train.epochs": 10}, {"p_c1"}),
    ],
)
def test_a_verdict_notices_what_was_changed(name, settings, failing):
    lesson = LESSONS[name]
    experiment = with_settings(lesson.experiment(), settings)
    training = Training(experiment, load_prepared(experiment))
    for _ in training.run():
        pass
    findings = judge(lesson, {lesson.main: Result.of(training)})
    assert failing <= {finding.expectation.measure for finding in findings if not finding.met}


def test_a_race_trains_every_run_as_it_would_be_trained_alone():
    lesson = LESSONS["fit"]
    race = Race(lesson.experiments())
    shares = [race.share for _ in race.run()]
    assert race.ended
    assert shares == sorted(shares)
    assert shares[-1] == race.share == 1
    alone = trained(lesson)
    for run in race.standings():
        assert run.ending is not None
        assert run.ending.outcome == "finished"
        assert np.array_equal(run.result.curves, alone[run.name].curves)
        assert all(
            np.array_equal(mine, other)
            for layers in zip(run.result.params, alone[run.name].params, strict=True)
            for mine, other in zip(*layers, strict=True)
        )


def test_the_runs_of_a_race_are_about_as_far_as_one_another_at_any_time():
    race = Race(LESSONS["fit"].experiments())
    for step, _ in enumerate(race.run()):
        if step == 300:
            break
    shares = [len(run.result.curves) / run.result.experiment.train.epochs for run in race.standings(redraw=False)]
    assert max(shares) - min(shares) < 0.011  # an epoch of the shortest
    assert 0 < min(shares) < 1
    assert not race.ended


def test_before_a_race_begins_the_first_boundaries_and_spreads_are_there():
    lesson = LESSONS["initialization"]
    race = Race(lesson.experiments())
    runs = race.standings(redraw=False)
    assert [run.name for run in runs] == list(lesson.runs)
    for run in runs:
        assert run.ending is None
        assert len(run.result.curves) == 0
        assert run.indices.shape == (96, 96)
        assert len(run.spreads) == 4
        assert run.points.shape == (1050, 2)
        assert (run.points >= (run.box.u_low, run.box.v_low)).all()
        assert (run.points <= (run.box.u_high, run.box.v_high)).all()
    assert race.training("zeros").experiment == lesson.experiments()["zeros"]


def test_zeros_stay_one_unit_and_their_boundary_one_colour():
    race = Race({name: LESSONS["initialization"].experiments()[name] for name in ("zeros", "he_normal")})
    for _ in race.run():
        pass
    zeros, he = race.standings()
    assert len(np.unique(zeros.indices)) == 1
    assert len(np.unique(he.indices)) > 100
    assert np.ptp(zeros.result.curves[:, 0]) < 1e-6
    assert zeros.result.curves[-1, 0] == pytest.approx(np.log(3), abs=1e-5)
