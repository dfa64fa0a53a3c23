import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from threading import Thread

import pytest
import torch
from threadpoolctl import threadpool_info

from mlp_studio.core import threads
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.threads import LARGE, cores, limit_blas, threads_for, work_per_step
from mlp_studio.core.trainer import Training


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def experiment(**settings):
    return with_settings(Experiment(), {name.replace("__", "."): value for name, value in settings.items()})


def test_the_work_of_a_step_is_three_products_with_each_matrix(spiral_prepared):
    rows = len(spiral_prepared.train)
    full, batches = experiment(model__hidden=(100, 20)), experiment(model__hidden=(100, 20), train__batch_size=32)
    weights = 2 * 100 + 100 * 20 + 20 * 3
    assert work_per_step(full, spiral_prepared) == 3 * rows * weights
    assert work_per_step(batches, spiral_prepared) == 3 * 32 * weights
    assert work_per_step(experiment(train__batch_size=rows + 1), spiral_prepared) == 3 * rows * (2 * 100 + 100 * 3)


def test_small_networks_train_on_one_thread_and_large_ones_on_all_cores(spiral_prepared, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    assert threads_for(experiment(), spiral_prepared) == 1
    large = experiment(model__hidden=(512, 512))
    assert work_per_step(large, spiral_prepared) > LARGE
    assert threads_for(large, spiral_prepared) == 6
    assert threads_for(with_settings(large, {"train.batch_size": 8}), spiral_prepared) == 1


def test_a_number_that_is_asked_for_is_taken_as_far_as_there_are_cores(spiral_prepared, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    assert threads_for(experiment(train__threads=4), spiral_prepared) == 4
    assert threads_for(experiment(train__threads=1, model__hidden=(512, 512)), spiral_prepared) == 1
    assert threads_for(experiment(train__threads=40), spiral_prepared) == 6


def test_there_are_as_many_cores_as_the_process_may_use():
    if hasattr(os, "sched_getaffinity"):
        assert cores() == len(os.sched_getaffinity(0))
    assert 1 <= cores() <= os.cpu_count()


@pytest.fixture
def settled():
    """Whatever a test sets is one thread again afterwards."""
    yield
    limit_blas(1)
    torch.set_num_threads(1)


@pytest.mark.usefixtures("settled")
def test_each_backend_sets_the_threads_of_its_library(spiral_prepared):
    trainings = {name: Training(experiment(model__backend=name), spiral_prepared) for name in BACKENDS}
    for wanted in (2, 3, 1):
        trainings["numpy"].backend.use_threads(wanted)
        assert blas_threads() == {wanted}
        trainings["torch"].backend.use_threads(wanted)
        assert torch.get_num_threads() == wanted


@pytest.mark.usefixtures("settled")
def test_torch_is_told_in_each_thread_that_trains(spiral_prepared, monkeypatch):
    """It keeps the number for each thread that calls it, and every leg of a training is a thread of its own."""
    monkeypatch.setattr(threads, "cores", lambda: 3)
    training = Training(experiment(model__backend="torch", train__threads=3), spiral_prepared)
    events, seen = training.run(), []

    def leg():
        torch.set_num_threads(1)
        next(events)
        seen.append(torch.get_num_threads())

    for _ in range(2):
        thread = Thread(target=leg)
        thread.start()
        thread.join()
    assert seen == [3, 3]


def test_a_changed_batch_size_changes_the_number_at_the_next_epoch(spiral_prepared, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 5)
    start = experiment(model__hidden=(512, 512), train__batch_size=8)
    training = Training(start, spiral_prepared)
    told = []
    monkeypatch.setattr(training.backend, "use_threads", told.append)
    monkeypatch.setattr(training.backend, "step", lambda _rows, _settings: training.backend.validation_scores())
    list(training.run(2))
    training.retune(with_settings(start, {"train.batch_size": 0}))
    list(training.run(3))
    assert [number for number, _ in groupby(told)] == [1, 5]
    assert training.threads == 5


RAISED_LATER = """
import os, sys
import numpy as np
from mlp_studio.core.threads import limit_blas
limit_blas(1)
assert "threadpoolctl" not in sys.modules, "imported for nothing"
A = np.ones((1500, 1500), np.float32)
A @ A
before = len(os.listdir("/proc/self/task"))
limit_blas(2)
A @ A
print(before, len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads where Linux lists them")
def test_one_thread_at_the_start_can_become_two_and_nothing_is_imported_for_one():
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RAISED_LATER], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert (before, after) == (1, 2)
