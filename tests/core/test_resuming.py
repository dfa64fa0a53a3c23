"""A training that is resumed from its state equals one that never halted, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core import trainer
from mlp_studio.core.backends.registry import BACKENDS, BackendEntry
from mlp_studio.core.config import with_settings
from mlp_studio.core.errors import BackendError
from mlp_studio.core.events import Finished, Tick
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.randomness import STATE_BYTES
from mlp_studio.core.trainer import Training
from tests import going_on
from tests.core.test_trainer import Scripted, assert_same_run, experiment, flat, run, with_rows

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
KINDS = {
    "full batch": {},
    "mini-batches with dropout": {"train.batch_size": 16, "model.dropout": 0.3},
    "early stopping": {"train.early_stopping": 3, "train.learning_rate": 0.3, "train.batch_size": 32},
    "class weights": {"split.class_weights": True, "train.batch_size": 10},
}


@pytest.fixture
def scripted(monkeypatch, small_spiral):
    """(losses …, settings …) → a Training on a scripted backend."""

    def build(*losses, **settings):
        backend = Scripted(*losses)
        backend.randomness, backend.set_randomness = (lambda: np.zeros(STATE_BYTES, np.uint8)), (lambda _state: None)
        monkeypatch.setitem(BACKENDS, "numpy", BackendEntry("scripted", lambda *_: backend))
        return Training(experiment(**settings), small_spiral)

    return build


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


def told(events):
    """All events but ticks, which depend on the clock."""
    return [event for event in events if not isinstance(event, Tick)]


@BOTH
def test_a_run_may_halt_at_any_event_and_go_on_elsewhere(small_spiral, monkeypatch, backend):
    """After every event all of the training is given up but its state."""
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    settings = experiment(model__backend=backend, model__dropout=0.2, train__batch_size=30, train__early_stopping=2)
    straight = Training(settings, small_spiral)
    wanted, found = told(run(straight)), []
    training = Training(settings, small_spiral)
    while not (found and isinstance(found[-1], Finished)):
        events = training.run()  # held: a generator that nobody holds is closed, which is to stop
        found.append(next(events))
        training = Training.resumed(settings, small_spiral, training.state())
    assert told(found) == wanted
    assert_same_run(straight, training)


@pytest.mark.parametrize("backend", ["numpy"])
def test_a_state_can_be_gone_on_from_any_number_of_times(small_spiral, backend):
    settings = experiment(model__backend=backend, model__dropout=0.2, train__batch_size=30)
    first = Training(settings, small_spiral)
    paused(first, 5)
    state = first.state()
    one, other = (Training.resumed(settings, small_spiral, state) for _ in range(2))
    run(one)
    run(other)
    assert_same_run(one, other)
    assert len(state.curves) == 5


def test_who_stops_within_an_epoch_begins_with_the_next_after_opening_as_well(small_spiral, monkeypatch):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    settings = experiment(train__batch_size=16)
    stopped = Training(settings, small_spiral)
    paused(stopped, 3, ticks=2).close()
    state = stopped.state()
    assert state.course is None
    assert state.present is not state.latest.checkpoint
    resumed = Training.resumed(settings, small_spiral, state)
    np.testing.assert_array_equal(flat(resumed.backend.params()), flat(stopped.backend.params()))
    run(stopped)
    run(resumed)
    assert_same_run(stopped, resumed)


@pytest.mark.parametrize("kind", ["early stopping", "full batch"])
def test_a_run_that_has_ended_goes_on_anew_after_opening(small_spiral, kind):
    settings = with_settings(experiment(), KINDS[kind])
    ended = Training(settings, small_spiral)
    for event in ended.run():
        if isinstance(event, Finished):
            state = ended.state()  # the generator is not exhausted yet
    resumed = Training.resumed(settings, small_spiral, state)
    assert told(run(resumed, 14)) == told(run(ended, 14))
    assert_same_run(ended, resumed)


@pytest.mark.parametrize("halt", range(1, 7))
def test_early_stopping_counts_from_the_best_epoch_before_the_halt(scripted, small_spiral, halt):
    halted = scripted([1.0], [5, 4, 3, 4, 3, 3.5, 9], train__early_stopping=3, train__epochs=100)
    events = paused(halted, halt)
    resumed = Training.resumed(halted.experiment, small_spiral, halted.state())
    events.close()
    *ends, finished = told(run(resumed))
    assert [event.epoch for event in ends] == list(range(halt + 1, 7))
    assert finished.epoch == resumed.backend.state == 3
    assert finished.reason.startswith("Stopped early")


@pytest.mark.parametrize("halt", range(1, 6))
@pytest.mark.parametrize("bad", [1e5, np.nan])
def test_a_divergence_after_the_halt_goes_back_to_what_was_sound_before(scripted, small_spiral, halt, bad):
    halted = scripted([1.0, 1.0, 1.0, 30.0, 40.0, bad], train__epochs=100)
    events = paused(halted, halt)
    resumed = Training.resumed(halted.experiment, small_spiral, halted.state())
    events.close()
    assert run(resumed)[-1].outcome == "diverged"
    assert resumed.backend.state == resumed.epoch == resumed.weights_epoch == 2
    assert [page.epoch for page in resumed.state().album] == [0, 1, 2]


@BOTH
def test_rows_that_wait_for_the_next_epoch_wait_after_opening(small_spiral, monkeypatch, backend):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    settings = experiment(model__backend=backend, train__batch_size=16)
    other = with_rows(small_spiral, small_spiral.dataset.X * 1.1, small_spiral.dataset.y)
    first = Training(settings, small_spiral)
    events = paused(first, 3, ticks=2)
    first.replace_data(other)
    state = first.state()
    assert state.waiting is other
    resumed = Training.resumed(settings, small_spiral, state)
    list(events)
    run(resumed)
    assert resumed.prepared is other
    assert_same_run(first, resumed)


def test_settings_that_change_while_it_is_halted_count_as_they_do_without(small_spiral, monkeypatch):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    settings = experiment(train__batch_size=16)
    other = with_settings(settings, {"train.batch_size": 30, "train.learning_rate": 0.01, "train.epochs": 12})
    first = Training(settings, small_spiral)
    events = paused(first, 3, ticks=2)
    resumed = Training.resumed(other, small_spiral, first.state())
    first.retune(other)
    list(events)
    run(resumed)
    assert resumed.epoch == 12
    assert_same_run(first, resumed)


@pytest.mark.parametrize(
    ("backend", "state"),
    [("numpy", np.zeros(5056, np.uint8)), ("torch", np.zeros(37, np.uint8)), ("torch", np.zeros(5056, np.uint8))],
)
def test_a_random_state_of_another_backend_is_refused_with_a_sentence(small_spiral, backend, state):
    settings = experiment(model__backend=backend)
    training = Training(settings, small_spiral)
    with pytest.raises(BackendError, match="random state does not fit"):
        Training.resumed(settings, small_spiral, replace(training.state(), dropout=state))


@BOTH
def test_a_kept_run_is_shown_without_a_backend_as_the_training_shows_it(small_spiral, backend):
    settings = experiment(model__backend=backend)
    training = Training(settings, small_spiral)
    run(training)
    one = training.trained("finished", 1.5)
    kept = KeptRun(1, settings, small_spiral, "finished", training.state(), seconds=1.5)
    other = kept.trained()
    assert kept.epoch == 10
    for name in ("status", "seconds", "threads", "experiment", "prepared"):
        assert getattr(one, name) == getattr(other, name)
    np.testing.assert_array_equal(one.curves, other.curves)
    for mine, theirs in zip((one.snapshot, *one.album), (other.snapshot, *other.album), strict=True):
        assert mine.epoch == theirs.epoch
        np.testing.assert_array_equal(flat(mine.params), flat(theirs.params))
    np.testing.assert_array_equal(flat(one.album[-1].params), flat(training.backend.params()))
    assert one.album[0].epoch == 0


def test_equal_states_are_held_once(small_spiral):
    training = Training(experiment(), small_spiral)
    paused(training, 4)
    state = training.state()
    assert state.present is state.latest.checkpoint
    assert state.album[-1].weights is state.latest.checkpoint.weights


def test_the_command_finds_runs_that_differ_and_those_that_do_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(trainer, "TICK_SECONDS", trainer.TICK_SECONDS)  # the command changes it
    few = [one for one in going_on.experiments() if one[0].startswith("numpy, adam, float32, mini-batches")]
    monkeypatch.setattr(going_on, "experiments", lambda: iter(few))
    assert going_on.main(["--halts", "2"]) == 0
    assert "1 runs, each halted 2 times" in capsys.readouterr().out
    monkeypatch.setattr(trainer, "set_state", lambda *_: None)  # the order of the rows is forgotten
    assert going_on.main(["--halts", "2"]) == 1
    assert "numpy, adam, float32, mini-batches with dropout: events differ" in capsys.readouterr().out
