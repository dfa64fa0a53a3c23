"""The twin proof: both backends, side by side, are the same network."""

import math

import numpy as np
import pytest

from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.events import Finished, Tick
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.network import Layer
from mlp_studio.core.trainer import Training
from mlp_studio.core.twin import SAME, TwinEpoch, difference, figure, twins, verdict, why_not_equal


def experiment_of(**settings):
    given = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(Experiment(), {"train.epochs": 100, "train.learning_rate": 0.01, **given})


def epochs_of(experiment, prepared, **more):
    return [event for event in twins(experiment, prepared, **more) if isinstance(event, TwinEpoch)]


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 1.0), ("adam", 0.01)])
@pytest.mark.parametrize("batch_size", [0, 64])
def test_100_epochs_leave_the_weights_the_same(spiral_prepared, optimizer, rate, batch_size):
    experiment = experiment_of(train__optimizer=optimizer, train__learning_rate=rate, train__batch_size=batch_size)
    epochs = epochs_of(experiment, spiral_prepared)
    assert [event.epoch for event in epochs] == list(range(1, 101))
    assert max(event.difference for event in epochs) <= SAME
    np.testing.assert_allclose(*np.array([event.losses for event in epochs]).T, rtol=1e-9)
    assert epochs[-1].losses[0] < epochs[0].losses[0]


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "rmsprop"])
def test_so_do_the_other_optimizers_with_penalties_and_class_weights(small_spiral, optimizer):
    experiment = experiment_of(
        train__optimizer=optimizer, train__l2=1e-3, model__activation="gelu", model__hidden=(16, 8)
    )
    assert max(event.difference for event in epochs_of(experiment, small_spiral)) <= SAME


@pytest.mark.parametrize("name", ["numpy-mlp", "pytorch-mlp"])
def test_lessons_pass_the_proof_whatever_their_own_precision(spiral_prepared, name):
    experiment = with_settings(LESSONS[name].experiment(), {"train.epochs": 30})
    assert experiment.train.precision == "float32"
    assert max(event.difference for event in epochs_of(experiment, spiral_prepared)) <= SAME


def test_each_twin_trains_as_it_would_alone(small_spiral):
    experiment = experiment_of(train__epochs=5, train__precision="float64", train__batch_size=16)
    last = epochs_of(experiment, small_spiral)[-1]
    for backend, loss, params in zip(BACKENDS, last.losses, last.params, strict=True):
        alone = Training(with_settings(experiment, {"model.backend": backend}), small_spiral)
        for _ in alone.run():
            pass
        assert alone.history.curves[-1, 0] == loss
        assert difference((alone.backend.params(), params)) == 0


def test_difference_is_that_of_the_params_and_seconds_only_grow(small_spiral):
    epochs = epochs_of(experiment_of(train__epochs=4), small_spiral, precision="float32")
    for event in epochs:
        gaps = [
            abs(a - b).max()
            for ours, theirs in zip(*event.params, strict=True)
            for a, b in zip(ours, theirs, strict=True)
        ]
        assert event.difference == max(gaps)
        assert event.params[0][0].W.dtype == np.float32
    seconds = np.array([event.seconds for event in epochs])
    assert (np.diff(seconds, axis=0) > 0).all()
    assert (seconds > 0).all()


def test_difference_looks_at_weights_and_biases_and_is_nan_where_one_is():
    def network(weight, bias):
        return (Layer(np.array([[weight]]), np.array([bias])),)

    assert difference((network(1.0, 0.0), network(1.5, 0.0))) == 0.5
    assert difference((network(1.0, 0.0), network(1.0, -2.0))) == 2.0
    assert difference((network(1.0, 0.0), network(1.25, 0.0), network(0.5, 0.0))) == 0.75
    assert math.isnan(difference((network(1.0, 0.0), network(math.nan, 3.0))))


def test_the_last_event_says_how_it_ended(small_spiral):
    *_, end = twins(experiment_of(train__epochs=3), small_spiral)
    assert end == Finished("finished", 3)
    *_, end = twins(experiment_of(train__learning_rate=1e6, train__optimizer="sgd"), small_spiral)
    assert end.outcome == "diverged"
    assert "lower the learning rate" in end.reason


def test_it_can_be_stopped_within_an_epoch(small_spiral, monkeypatch):
    monkeypatch.setattr("mlp_studio.core.trainer.TICK_SECONDS", 0.0)
    events = twins(experiment_of(train__batch_size=16), small_spiral)
    assert isinstance(next(events), Tick)
    events.close()
    with pytest.raises(StopIteration):
        next(events)


def test_dropout_is_a_reason_to_part_and_float32_another():
    assert why_not_equal(experiment_of()) == ""
    assert "Dropout" in why_not_equal(experiment_of(model__dropout=0.1))
    assert "float32" in why_not_equal(experiment_of(), precision="float32")


def test_dropout_does_part_them(small_spiral):
    experiment = experiment_of(model__dropout=0.2, train__epochs=5)
    last = epochs_of(experiment, small_spiral)[-1]
    assert last.difference > 1e-4
    said = verdict(experiment, 5, last.difference)
    assert said.startswith(f"max |Δ| {figure(last.difference)} after 5 epochs. Dropout is on (0.2)")


def test_verdict_gives_the_figures():
    experiment = experiment_of()
    assert verdict(experiment, 100, 3.1e-13) == "max |Δ| 3·10⁻¹³ after 100 epochs: the same network."
    assert verdict(experiment, 1, 0.0) == "max |Δ| 0 after 1 epoch: the same network."
    assert "rounding has grown beyond 10⁻⁸" in verdict(experiment, 100, 2e-6)
    assert "float32" in verdict(experiment, 100, 2e-6, precision="float32")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.25, "0.25"), (1e-13, "10⁻¹³"), (3.2e-13, "3·10⁻¹³"), (9.7e-4, "10⁻³"), (math.nan, "not a number")],
)
def test_small_figures_are_written_out(value, text):
    assert figure(value) == text
