"""The list of runs: whoever is replaced is kept, comes back as it was, and goes on as though it had never left."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.core.trainer import Training
from mlp_studio.ui.runner import Standing
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status
from tests.ui.test_painting import EMPTY, press_button, stroke
from tests.ui.test_undo import assert_same, choose, enter, redo, seen, settle, table, undo

ENDLESS = 1_000_000


def numbers(window):
    return [run.number for run in state_of(window).runs]


def train(qtbot, window, epochs):
    """Train up to an epoch."""
    window.studio.set("train.epochs", epochs)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")


def train_a_while(qtbot, window):
    window.studio.set("train.epochs", ENDLESS)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)


def quiet(window):
    return not window.studio.is_busy


# --- into the list --------------------------------------------------------------------------------------------------


def test_a_run_that_has_not_begun_is_not_kept(qtbot, window):
    for gesture in (window.reset, window.new_sample, lambda: window.open_lesson("dropout")):
        gesture()
    assert state_of(window).runs == ()


def train_otherwise(qtbot, window):
    window.studio.set("model.hidden", (7,))
    wait_for_status(qtbot, window, "stopped", "finished")
    window.studio.train()


def replacements(qtbot, window, tmp_path):
    return {
        "reset": window.reset,
        "train anew": lambda: train_otherwise(qtbot, window),
        "new sample": window.new_sample,
        "other data": lambda: choose(window, "data.source", "moons"),
        "new": lambda: window.studio.begin_anew(LESSONS[FIRST_LESSON].experiment()),
        "lesson": lambda: window.open_lesson("dropout"),
        "file": lambda: window.studio.open_file(table(tmp_path / "t.csv"), label="kind"),
        "undo": window.undo,
    }


@pytest.mark.parametrize("how", ["reset", "train anew", "new sample", "other data", "new", "lesson", "file", "undo"])
@pytest.mark.parametrize("running", [False, True])
def test_a_run_that_is_replaced_is_kept(qtbot, window, tmp_path, how, running):
    if how == "undo":
        window.new_sample()
    if running:
        train_a_while(qtbot, window)
    else:
        train(qtbot, window, 20)
    if how == "undo":
        undo(qtbot, window)  # Epochs, which a run takes over
    experiment, prepared, number = run_of(window).experiment, run_of(window).prepared, run_of(window).number
    replacements(qtbot, window, tmp_path)[how]()
    qtbot.waitUntil(lambda: numbers(window) == [number], timeout=SECONDS)
    kept = state_of(window).runs[0]
    assert kept.experiment == experiment
    assert kept.prepared is prepared
    assert kept.epoch >= (5 if running else 20)
    assert kept.status in ("paused", "stopped", "finished")
    assert kept.begun.endswith("+00:00")
    assert kept.seconds > 0
    assert len(kept.state.album) > 1
    window.studio.stop()
    qtbot.waitUntil(lambda: quiet(window), timeout=SECONDS)


def test_a_run_whose_thread_has_ended_a_moment_ago_is_kept_as_it_ended(qtbot, window):
    train(qtbot, window, 20)
    window.studio.store.update_run(status="running")  # what the state says until the end of the thread is told of
    window.reset()
    qtbot.waitUntil(lambda: len(state_of(window).runs) == 1, timeout=SECONDS)
    assert state_of(window).runs[0].status == "finished"


# --- out of the list ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("batch", [0, 32])
def test_a_run_that_comes_back_goes_on_as_though_it_had_never_left(qtbot, window, backend, batch):
    studio = window.studio
    for path, value in {"model.backend": backend, "train.batch_size": batch, "model.dropout": 0.2}.items():
        studio.set(path, value)
    studio.set("train.epochs", ENDLESS)
    studio.train()
    wait_for_epoch(qtbot, window, 5)
    window.new_sample()  # while it trains
    qtbot.waitUntil(lambda: len(state_of(window).runs) == 1, timeout=SECONDS)
    train(qtbot, window, 10)
    kept = state_of(window).runs[0]
    studio.runs.bring_back(kept.number)
    assert numbers(window) == [2]
    run = run_of(window)
    assert (run.number, run.experiment, run.prepared, run.epoch) == (1, kept.experiment, kept.prepared, kept.epoch)
    assert state_of(window).experiment == kept.experiment
    train(qtbot, window, kept.epoch + 20)
    alone = Training(run.experiment, run.prepared)
    list(alone.run(kept.epoch + 20))
    assert np.array_equal(run_of(window).curves, alone.history.curves, equal_nan=True)
    for mine, its in zip(run_of(window).snapshot.params, alone.backend.params(), strict=True):
        assert np.array_equal(mine.W, its.W)
        assert np.array_equal(mine.b, its.b)


def test_a_pause_within_an_epoch_comes_back_within_it(qtbot, window):
    studio = window.studio
    studio.set("data.rows", 5000)
    studio.set("train.batch_size", 1)
    studio.set("train.epochs", ENDLESS)
    studio.train()
    wait_for_epoch(qtbot, window, 1)
    qtbot.wait(37)
    studio.toggle()
    wait_for_status(qtbot, window, "paused")
    epoch = run_of(window).epoch
    studio.reset()
    kept = state_of(window).runs[0]
    assert kept.state.course.epoch is not None
    studio.runs.bring_back(kept.number)
    train(qtbot, window, epoch + 1)
    alone = Training(run_of(window).experiment, run_of(window).prepared)
    list(alone.run(epoch + 1))
    assert np.array_equal(run_of(window).curves, alone.history.curves)


def test_bringing_back_is_undone_and_done_again(qtbot, window):
    train(qtbot, window, 20)
    first = run_of(window)
    window.new_sample()
    train(qtbot, window, 30)
    second, before = run_of(window), seen(window)
    window.studio.runs.bring_back(1)
    after = seen(window)
    assert window.commands["undo"].text() == "&Undo Bring back run 1"
    undo(qtbot, window)
    assert_same(seen(window), before)
    assert run_of(window).number == 2
    assert np.array_equal(run_of(window).curves, second.curves, equal_nan=True)
    assert numbers(window) == [1]
    redo(qtbot, window)
    assert_same(seen(window), after)
    assert run_of(window).number == 1
    assert np.array_equal(run_of(window).curves, first.curves, equal_nan=True)
    assert numbers(window) == [2]


def test_bringing_back_after_reset_is_undone_too(qtbot, window):
    train(qtbot, window, 20)
    window.reset()
    window.studio.runs.bring_back(1)
    assert run_of(window).epoch == 20
    undo(qtbot, window)
    assert run_of(window).epoch == 0
    assert numbers(window) == [1]
    redo(qtbot, window)
    assert run_of(window).epoch == 20
    assert numbers(window) == []


def test_undo_across_a_change_of_data_brings_the_run_back_that_was_there(qtbot, window):
    train_a_while(qtbot, window)
    window.new_sample()
    undo(qtbot, window)  # at once: its thread may still be ending
    run = run_of(window)
    assert run.number == 1
    assert run.epoch >= 5
    assert numbers(window) == []
    window.studio.train()
    wait_for_epoch(qtbot, window, run.epoch + 5)


def test_undo_of_a_setting_after_a_new_run_brings_the_old_one_back(qtbot, window):
    train(qtbot, window, 20)
    enter(qtbot, window, "model.hidden", "7")
    train(qtbot, window, 20)
    assert run_of(window).number == 2
    undo(qtbot, window)
    assert run_of(window).number == 1
    assert run_of(window).experiment.model.hidden == (100,)
    assert state_of(window).follow_up == ""
    redo(qtbot, window)
    assert run_of(window).number == 2
    assert run_of(window).experiment.model.hidden == (7,)


def test_a_run_with_painted_points_comes_back_with_them(qtbot, window):
    train(qtbot, window, 20)
    press_button(qtbot, window.boundary.paint_button)
    stroke(window, EMPTY, (0.9, -0.8))
    settle(qtbot, window)
    rows = state_of(window).prepared.dataset.rows
    assert run_of(window).is_mixed
    choose(window, "data.source", "moons")
    window.studio.runs.bring_back(1)
    state = state_of(window)
    assert state.prepared.dataset.rows == rows > 1500
    assert state.run.is_mixed
    assert state.painting is not None
    train(qtbot, window, 40)
    assert run_of(window).epoch == 40


# --- bounded --------------------------------------------------------------------------------------------------------


def test_the_list_is_bounded_and_says_what_had_to_go(qtbot, window, monkeypatch):
    monkeypatch.setattr("mlp_studio.core.run_list.bounded.__defaults__", (500_000_000, 3))
    for _ in range(5):
        window.studio.step()
        wait_for_status(qtbot, window, "paused")
        window.reset()
    assert numbers(window) == [3, 4, 5]
    qtbot.waitUntil(lambda: "Run 2 left the list of runs" in window.notice.text.text(), timeout=SECONDS)


def test_a_deleted_run_is_gone_and_its_number_is_not_given_again(qtbot, window):
    for _ in range(2):
        window.studio.step()
        wait_for_status(qtbot, window, "paused")
        window.reset()
    window.studio.runs.delete({2})
    assert numbers(window) == [1]
    window.studio.step()
    assert run_of(window).number == 3
    wait_for_status(qtbot, window, "paused")


def test_a_thousand_resets_stay_within_bounded_memory(qapp, studio, monkeypatch):
    monkeypatch.setattr("mlp_studio.core.run_list.bounded.__defaults__", (2_000_000, 20))
    experiment = with_settings(Experiment(), {"data.rows": 60, "model.hidden": "4"})
    studio.set_experiment(experiment)
    run = studio.store.state.run
    alone = Training(run.experiment, run.prepared)
    list(alone.run(3))
    state, held = alone.state(), []
    tracemalloc.start()
    for number in range(1, 1001):
        begun = replace(run, number=number, status="paused")
        standing = Standing(run.experiment, run.prepared, run.snapshot, state.curves, copied(state), 0.0)
        studio.runs._keep(begun, standing)
        if number % 250 == 0:
            qapp.processEvents()  # the sentences that were to be said
            gc.collect()  # and what Python holds ready for the next small tuples
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert [kept.number for kept in studio.store.state.runs] == list(range(981, 1001))
    assert held[3] < held[0] + 200_000


def copied(state):
    """The same with weights and curves of its own."""
    present = replace(state.present, weights=state.present.weights.copy())
    return replace(state, present=present, curves=state.curves.copy())
