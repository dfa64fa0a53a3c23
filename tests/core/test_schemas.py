"""Project files of every released schema open for ever, and go on as they did when they were made."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mlp_studio.core.project import open_project, save_project
from tests.projects.make_schema_1 import PROJECTS, expected

FOLDER = Path(__file__).parent.parent / "projects"
FILES = sorted(FOLDER.glob("schema-*/*.mlps"))
EXPECTED = {path: json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))[path.stem] for path in FILES}
BY_NAME = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")


def assert_as_expected(found, wanted):
    """The same but for the last digits, which are those of the machine that made the file."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        if name in ("curves", "next", "sum"):
            np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
        else:
            assert found[name] == value, name


def test_there_is_a_file_of_every_kind():
    assert {path.stem for path in FILES if path.parent.name == "schema-1"} == set(PROJECTS)


@BY_NAME
def test_a_file_of_a_released_schema_opens_and_goes_on(path):
    assert_as_expected(expected(open_project(path)), EXPECTED[path])


@BY_NAME
def test_a_file_of_a_released_schema_can_be_saved_anew(path, tmp_path):
    project = open_project(path)
    save_project(tmp_path / "again.mlps", project)
    again = open_project(tmp_path / "again.mlps", find=lambda name, _sha256: path.parent / name)
    assert_as_expected(expected(again), EXPECTED[path])


def test_a_project_trained_by_torch_opens_without_it(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    project = open_project(FOLDER / "schema-1" / "torch-within-epoch.mlps")
    assert np.isfinite(project.run.trained().snapshot.params[0].W).all()
