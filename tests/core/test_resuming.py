"""A training that is resumed from its state equals one that never halted, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core import trainer
from mlp_studio.core.config import with_settings
from mlp_studio.core.events import Tick
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.trainer import Training
from tests.core.test_trainer import assert_same_run, experiment, run

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
KINDS = {
    "full batch": {},
    "mini-batches with dropout": {"train.batch_size": 16, "model.dropout": 0.3},
    "early stopping": {"train.early_stopping": 3, "train.learning_rate": 0.3, "train.batch_size": 32},
    "class weights": {"split.class_weights": True, "train.batch_size": 10},
}


def weighed(prepared, settings):
    """The same rows, with class weights where the experiment asks for them."""
    if not settings.split.class_weights:
        return prepared
    weights = np.array([0.02, 0.03, 0.05])
    return replace(prepared, class_weights=weights)


def paused(training, epoch, ticks=0):
    """Train up to an epoch and some ticks beyond, and halt there; the generator is suspended."""
    events = training.run()
    while training.epoch < epoch:
        next(events)
    for _ in range(ticks):
        assert isinstance(next(events), Tick)
    return events


@BOTH
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ticks", [0, 2], ids=["between", "within"])
def test_a_resumed_run_equals_one_that_never_halted(
    small_spiral, monkeypatch, backend, optimizer, precision, kind, ticks
):
    settings = with_settings(
        experiment(model__backend=backend, train__optimizer=optimizer, train__precision=precision), KINDS[kind]
    )
    prepared = weighed(small_spiral, settings)
    straight = Training(settings, prepared)
    ending = run(straight)[-1]
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    first = Training(settings, prepared)
    events = paused(first, 4, ticks if settings.train.batch_size else min(ticks, 1))
    state = first.state()
    rest = list(events)  # what is done later does not change the state
    assert rest[-1] == ending
    resumed = Training.resumed(settings, prepared, state)
    again = resumed.state()
    assert again.weights_epoch == state.weights_epoch
    assert [event for event in resumed.run() if not isinstance(event, Tick)] == [
        event for event in rest if not isinstance(event, Tick)
    ]
    assert_same_run(straight, resumed)
    assert_same_run(straight, first)
    assert [page.epoch for page in resumed.state().album] == [page.epoch for page in straight.state().album]
    for one, other in zip(resumed.state().album, straight.state().album, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
