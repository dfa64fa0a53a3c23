"""Data for the window: what is there already is not read again, and what comes out is what the command line gets."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mlp_studio.core import sources
from mlp_studio.core.boundary import bounds
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import DataConfig, Experiment, with_settings
from mlp_studio.core.scene import MAX_POINTS, Slice, make_scene
from mlp_studio.core.sources import SOURCES
from mlp_studio.ui.loading import is_quick, load, what

CHANGES = {
    "seed": {"seed": 7},
    "split": {"split.train": 0.6, "split.test": 0.25},
    "shuffled": {"data.shuffle_labels": True},
    "shuffled, another seed": {"data.shuffle_labels": True, "seed": 7},
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    rng = np.random.default_rng(3)
    rows = [f"{x:.4f},{y:.4f},{z:.4f},k{k}" for k in range(3) for x, y, z in rng.normal(k, 1, (40, 3))]
    path.write_text("\n".join(["a,b,c,label", *rows]))
    return path


def experiment_of(source, table):
    if source == "file":
        return Experiment(data=DataConfig(source="file", path=str(table)))
    return with_settings(Experiment(), {"data.source": source, "data.rows": 300})


@pytest.mark.parametrize("source", ["spiral", "iris", "file"])
def test_whatever_was_there_before_the_same_experiment_has_the_same_data(source, table):
    first = experiment_of(source, table)
    states = [first, *(with_settings(first, change) for change in CHANGES.values()), first]
    loaded = load(first, None, Slice())
    for _, wanted in pairwise(states):
        loaded = load(wanted, loaded, Slice())
        oracle = load_prepared(wanted)
        assert np.array_equal(loaded.prepared.dataset.y, oracle.dataset.y)
        for name, part in oracle.parts.items():
            assert np.array_equal(loaded.prepared.parts[name].rows, part.rows)
            assert np.array_equal(loaded.prepared.parts[name].X, part.X)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_is_read_once_as_long_as_the_same_is_asked_of_it(table, monkeypatch, change):
    first = experiment_of("file", table)
    loaded = load(first, None, Slice())
    table.unlink()
    assert load(with_settings(first, change), loaded, Slice()).source is loaded.source


def test_other_columns_or_the_wish_to_open_it_anew_read_the_file_again(table, monkeypatch):
    reads = []
    file = SOURCES["file"]
    counted = replace(file, load=lambda *arguments: reads.append(1) or file.load(*arguments))
    monkeypatch.setitem(sources.SOURCES, "file", counted)
    first = experiment_of("file", table)
    loaded = load(first, None, Slice())
    load(replace(first, data=replace(first.data, features=("a", "b"))), loaded, Slice())
    load(first, loaded, Slice(), anew=True)
    assert len(reads) == 3


def test_small_data_come_within_a_frame_and_large_ones_by_a_job(table):
    assert is_quick(Experiment(), None)
    assert not is_quick(with_settings(Experiment(), {"data.rows": 1_000_000}), None)
    first = experiment_of("file", table)
    assert not is_quick(first, None)
    assert is_quick(with_settings(first, {"seed": 7}), load(first, None, Slice()))


def test_the_slice_stays_where_the_columns_do(table):
    first = experiment_of("file", table)
    loaded = load(first, None, Slice())
    assert loaded.scene.slice == Slice("principal")
    chosen = Slice("columns", (2, 0), held_row=5)
    assert load(with_settings(first, {"seed": 7}), loaded, chosen).scene.slice == replace(chosen, held_row=None)
    fewer = replace(first, data=replace(first.data, features=("a", "b")))
    assert load(fewer, loaded, chosen).scene.slice == Slice()


def test_a_scene_holds_the_points_where_the_plane_has_them(table):
    prepared = load_prepared(experiment_of("file", table))
    scene = make_scene(prepared, Slice("columns", (1, 2)))
    for name, part in prepared.parts.items():
        drawn = scene.points[name]
        assert drawn.places == pytest.approx(prepared.dataset.X[part.rows][drawn.rows][:, 1:])
        assert np.array_equal(drawn.y, part.y[drawn.rows])
    assert scene.mean == pytest.approx(prepared.dataset.X[prepared.train.rows].mean(axis=0))
    assert scene.home == bounds(scene.plane, prepared.dataset.X)


def test_of_many_points_an_even_sample_of_every_share_is_drawn():
    scene = make_scene(load_prepared(with_settings(Experiment(), {"data.rows": 50_000})), Slice())
    drawn = {name: len(points.y) for name, points in scene.points.items()}
    assert drawn == {"train": 14_000, "validation": 3_000, "test": 3_000}
    assert sum(drawn.values()) == MAX_POINTS
    assert [scene.points["train"].total, int(scene.points["train"].rows[-1])] == [35_000, 34_999]


def test_what_is_loaded_is_named_briefly(table):
    assert what(Experiment()) == "Spiral"
    assert what(experiment_of("file", table)) == "table.csv"
    named = what(experiment_of("file", table.with_name("n" * 200 + ".csv")))
    assert (len(named), named[-8:]) == (41, "nnnn.csv")
