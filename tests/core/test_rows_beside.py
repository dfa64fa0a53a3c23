"""Large rows beside a project that is written again and again: once each, by what they hold."""

import numpy as np
import pytest

from mlp_studio.core import rows_beside, tensor_file
from mlp_studio.core.config import Experiment, SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.prepare import prepare
from mlp_studio.core.project import KEY, Project, open_project, save_project


def project_of(seed, rows=100_000):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(rows, 2)), rng.integers(0, 2, rows)
    data = Dataset("made", X, y, ("a", "b"), ("u", "v"))
    return Project(Experiment(), prepare(data, SplitConfig(), rng))


def beside(folder):
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.rows")}


def test_large_rows_are_beside_and_come_back(tmp_path):
    path, project = tmp_path / "kept.mlps", project_of(1, rows=300_000)
    save_project(path, project, rows_beside=True)
    assert path.stat().st_size < 1_000_000 < sum(file.stat().st_size for file in tmp_path.glob("*.rows"))
    again = open_project(path)
    np.testing.assert_array_equal(again.prepared.dataset.X, project.prepared.dataset.X)
    np.testing.assert_array_equal(again.prepared.train.X, project.prepared.train.X)


def test_they_are_written_once_and_go_when_nobody_needs_them(tmp_path):
    path = tmp_path / "kept.mlps"
    save_project(path, project_of(1), rows_beside=True)
    first = beside(tmp_path)
    save_project(path, project_of(1), rows_beside=True)
    assert beside(tmp_path) == first
    save_project(path, project_of(2), rows_beside=True)
    assert len(beside(tmp_path)) == len(first)
    assert not beside(tmp_path).keys() & first.keys()
    save_project(path, project_of(3, rows=100), rows_beside=True)
    assert beside(tmp_path) == {}


def test_a_project_of_the_persons_own_is_one_file(tmp_path):
    save_project(tmp_path / "own.mlps", project_of(1))
    assert [file.name for file in tmp_path.iterdir()] == ["own.mlps"]


@pytest.mark.parametrize("damage", ["gone", "empty", "swapped"])
def test_rows_that_are_gone_or_others_are_a_sentence(tmp_path, damage):
    path = tmp_path / "kept.mlps"
    save_project(path, project_of(1), rows_beside=True)
    one, *_ = sorted(tmp_path.glob("*.rows"))
    if damage == "gone":
        one.unlink()
    elif damage == "empty":
        one.write_bytes(b"")
    else:
        (name, rows), *_ = tensor_file.read(one)[0].items()
        one.write_bytes(tensor_file.serialised({name: rows[::-1]}, {}))
    with pytest.raises(ProjectError, match=r"kept\.mlps"):
        open_project(path)


@pytest.mark.parametrize("text", ["", "[]", "1", '{"data.0.X": "../../secret"}', '{"data.0.X": 1}', "[" * 10_000])
def test_names_of_rows_that_are_none_are_refused(tmp_path, text):
    path = tmp_path / "kept.mlps"
    save_project(path, project_of(1, rows=100))
    arrays, texts = tensor_file.read(path)
    path.write_bytes(tensor_file.serialised(arrays, {KEY: texts[KEY], rows_beside.KEY: text}))
    with pytest.raises(ProjectError):
        open_project(path)
