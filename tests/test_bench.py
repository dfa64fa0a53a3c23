"""The benchmarks work, and their peers compute what the studio computes; how fast anything is, no test says."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlp_studio.core.trainer import Training
from tests.benchmarks import machine, report, rows, soak, training
from tests.benchmarks.peers import TextbookLoop, UsualTorchLoop
from tests.benchmarks.rows import ROWS, Row
from tests.benchmarks.timing import Contestant, Effort, ratios, take_turns
from tests.benchmarks.training import Ours, spiral

ROOT = Path(__file__).parents[1]
EPOCHS = 20


@pytest.mark.parametrize("source", dict.fromkeys(row.source for row in ROWS))
def test_a_quick_run_measures_every_row(tmp_path, source):
    """Each measurement in a process of its own, windows included, as `make bench` runs it."""
    file, own = tmp_path / "rows.json", [row for row in ROWS if row.source == source]
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--json", str(file), "--only", source]
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}  # xcb where it is
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(file.read_text(encoding="utf-8"))
    assert len(told) == len(own)
    for row, told_row in zip(own, told, strict=True):
        assert list(told_row) == ["name", "value", "target", "met", "spread"]
        low, high = told_row["spread"]
        assert low <= told_row["value"] <= high
        assert told_row["target"] == row.target
        assert told_row["met"] == row.meets(told_row["value"])
        assert told_row["met"] or row.figure != "exact"  # no matter of speed: nothing may be missing from the curves
        assert row.name in done.stdout
    assert machine.described() in done.stdout


def test_no_two_rows_have_the_same_name():
    names = [report.Outcome(row).name for row in ROWS]
    assert len(set(names)) == len(names)


# --- the peers ---------------------------------------------------------------------------------------------------


def last_figures(ours: Ours, epochs: int) -> list[float]:
    ours.train(epochs)
    return ours.training.history.curves[-1].tolist()


def test_the_textbook_loop_trains_the_same_network():
    peer = training.textbook(0)
    peer.train(EPOCHS)
    assert last_figures(Ours(*spiral(train__precision="float64")), EPOCHS) == pytest.approx(peer.figures, rel=1e-9)


def test_the_usual_torch_loop_trains_the_same_network():
    peer = training.usual_torch(0)
    peer.train(EPOCHS)
    assert last_figures(training.ours_torch(0), EPOCHS) == pytest.approx(peer.figures, rel=1e-3)


@pytest.mark.parametrize("batch", [32, 1050])
def test_the_peers_go_through_every_row_in_each_epoch(batch):
    experiment, prepared = spiral()
    start = Training(experiment, prepared).backend.params()
    n, rng = len(prepared.train), np.random.default_rng(0)
    for peer in (TextbookLoop(prepared, start, 0.0, batch, rng), UsualTorchLoop(prepared, start, 0.0, batch)):
        assert len(prepared.train) == n == 1050
        seen = []
        step = peer.step
        peer.step = lambda X, y, step=step, seen=seen: (seen.append(len(y)), step(X, y))[1]
        peer.train(1)
        assert sum(seen) == n
        assert len(seen) == math.ceil(n / batch)


def test_scikit_learn_does_every_epoch_that_is_counted(monkeypatch):
    from sklearn.neural_network import MLPClassifier

    _, prepared = spiral()
    counted = []
    update = MLPClassifier._update_no_improvement_count
    monkeypatch.setattr(
        MLPClassifier, "_update_no_improvement_count", lambda self, *rest: (counted.append(1), update(self, *rest))[1]
    )
    peer = training.ScikitLearn(prepared, (100,), solver="sgd", batch_size=1050, learning_rate_init=0.1)
    peer.train(7)
    assert len(counted) == 7


def test_the_wide_data_are_as_large_as_the_row_says():
    prepared = training.wide_data()
    assert prepared.train.X.shape == (20_000, 50)
    assert prepared.dataset.classes == training.WIDE_CLASSES


# --- the harness -------------------------------------------------------------------------------------------------


def test_contestants_take_turns_and_a_round_gives_one_ratio():
    order = []
    contestants = {name: Contestant(lambda n, name=name: order.append((name, n)), 8) for name in ("ours", "theirs")}
    found = take_turns(contestants, Effort(3, 0.5))
    assert order == [("ours", 1), ("theirs", 1)] + [("ours", 1), ("theirs", 1)] * 4 * 3
    assert len(ratios(found, "theirs", "ours")) == 3
    assert ratios([{"ours": 2.0, "theirs": 3.0}], "theirs", "ours") == [1.5]


@pytest.mark.parametrize(("at_least", "met"), [(True, [False, True, True]), (False, [True, True, False])])
def test_a_target_is_a_floor_or_a_ceiling(at_least, met):
    row = Row("what", "whom", 2.0, "a:b", "c", at_least=at_least)
    assert [row.meets(value) for value in (1.9, 2.0, 2.1)] == met


def test_every_row_names_a_measurement_that_exists():
    for row in ROWS:
        module, function = row.source.split(":")
        text = (ROOT / "tests" / "benchmarks" / f"{module}.py").read_text(encoding="utf-8")
        assert f"def {function}(effort: Effort) -> Measured:" in text, row


def test_the_table_shows_median_spread_and_what_was_missed():
    row = Row("epoch", "loop", 2.0, "a:b", "c")
    good, bad = report.Outcome(row, [3.0, 1.0, 2.5], "1 thread"), report.Outcome(row, (), "failed with 1")
    text = report.table([good, bad])
    assert "2.50 ×" in text
    assert "[1.00 – 3.00]" in text
    assert "1 of 2 targets met." in text
    assert "missed: epoch, against loop: not measured, target ≥ 2 ×" in text
    assert report.listed([good, bad])[1] == {
        "name": "epoch, against loop",
        "value": None,
        "target": 2.0,
        "met": False,
        "spread": None,
    }


def test_a_busy_machine_is_told_of():
    assert machine.company(0.1) == ""
    assert "load 3.2" in machine.company(3.2)


def test_the_longest_stall_is_that_of_all_rounds():
    row = next(row for row in ROWS if row.name == "event-loop delay while training, longest")
    assert report.Outcome(row, [10.0, 80.0, 20.0]).value == 80.0
    assert rows.median([10.0, 80.0, 20.0]) == 20.0


def test_a_measurement_that_dies_costs_only_its_rows():
    from tests.benchmarks.__main__ import measured_apart

    row = Row("what", "whom", 2.0, "rows:missing", "c")
    outcomes = measured_apart("rows:missing", [row], dict(os.environ), quick=True)
    assert [one.value for one in outcomes] == [None]
    assert "AttributeError" in outcomes[0].how


def test_a_spike_that_is_not_drawn_is_noticed():
    values = np.sin(np.arange(1.0, 10_001) / 300)
    values[5_000] = 9.0
    x, y = np.arange(1.0, 10_001), values.copy()
    exact, filled = soak.faithful(values, x, y, [0.0, 10_001.0], 300)
    assert (exact, filled) == (300, 300)
    y[5_000] = 0.0
    exact, _ = soak.faithful(values, x, y, [0.0, 10_001.0], 300)
    assert exact == 299
    y[5_000] = 12.0
    assert soak.faithful(values, x, y, [0.0, 10_001.0], 300)[0] == 0
