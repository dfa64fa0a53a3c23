"""What is kept of earlier runs, and what goes first."""

from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.prepare import prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.run_list import bounded, compact, differences, has_begun
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training

SMALL = with_settings(Experiment(), {"data.rows": 60, "model.hidden": "8", "train.epochs": 30})


def prepared_of(experiment):
    rows = load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    return prepare(rows, experiment.split, generator(experiment.seed, Stream.SPLIT))


@pytest.fixture
def run():
    training = Training(SMALL, prepared_of(SMALL))
    list(training.run())
    return KeptRun(1, SMALL, training.prepared, "finished", compact(training.state()))


def copies(run, count):
    """Runs of their own, so that none shares an array with another but the data."""
    made = []
    for number in range(1, count + 1):
        training = Training(run.experiment, run.prepared)
        list(training.run())
        made.append(replace(run, number=number, state=compact(training.state())))
    return made


def test_the_oldest_lose_their_albums_before_any_run_goes(run):
    runs = copies(run, 6)
    assert bounded(runs).runs == tuple(runs)
    assert len(run.state.album) == 31
    weights = run.state.album[0].weights.nbytes
    room = bounded(runs, sum(a.nbytes for a in (run.prepared.dataset.X,)) * 20 + 6 * 31 * weights - 2 * weights)
    assert room.dropped == ()
    assert room.without_album == tuple(range(1, len(room.without_album) + 1))
    for kept, before in zip(room.runs, runs, strict=True):
        assert np.array_equal(kept.snapshot.params[0].W, before.snapshot.params[0].W)
        assert len(kept.state.album) == (1 if kept.number in room.without_album else 31)


def test_where_that_is_not_enough_the_oldest_runs_go_and_the_latest_stays(run):
    runs = copies(run, 4)
    room = bounded(runs, 1)
    assert [kept.number for kept in room.runs] == [4]
    assert room.dropped == (1, 2, 3)
    assert bounded(runs, most_runs=2).dropped == (1, 2)


def test_shared_data_count_once(run):
    one = bounded([run], 100_000)
    assert one.dropped == ()
    many = [replace(run, number=number) for number in range(1, 400)]
    assert bounded(many, 400_000).dropped == ()


def test_the_curves_of_a_kept_run_hold_no_more_than_themselves(run):
    training = Training(SMALL, run.prepared)
    list(training.run())
    state = training.state()
    assert state.curves.base.nbytes > 10 * state.curves.nbytes
    assert compact(state).curves.base is None
    assert np.array_equal(compact(state).curves, state.curves, equal_nan=True)
    assert compact(compact(state)) is not state


def test_a_run_has_begun_with_its_first_update():
    experiment = with_settings(SMALL, {"train.batch_size": 1, "data.rows": 5000})
    training = Training(experiment, prepared_of(experiment))
    assert not has_begun(training.state())
    events = training.run()
    next(events)
    assert training.epoch == 0
    assert has_begun(training.state())


def test_runs_are_told_apart_by_the_settings_that_differ():
    others = [SMALL, with_settings(SMALL, {"model.hidden": "8, 4"}), with_settings(SMALL, {"split.derived": "square"})]
    assert differences(others) == (
        "Hidden layers 8 · Derived inputs none",
        "Hidden layers 8, 4 · Derived inputs none",
        "Hidden layers 8 · Derived inputs square",
    )
    assert differences([SMALL]) == ("",)
    assert differences([]) == ()
