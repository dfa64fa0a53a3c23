"""Damaged project files in small; `python -m tests.fuzz_projects` does a hundred thousand."""

import json

import numpy as np
import pytest

from mlp_studio.core.envelope import fingerprint
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.project import open_project
from mlp_studio.core.project_writing import digest
from mlp_studio.core.tensor_file import MOST_HEADER
from tests import fuzz_projects
from tests.fuzz_projects import CLEAR, MOST_MEMORY, Worst, check, originals


def test_damaged_projects_give_a_project_or_a_sentence():
    _, failures, worst = fuzz_projects.run(120, seed=3)
    assert not failures, failures[0].trace
    assert worst.memory < MOST_MEMORY


@pytest.mark.skipif(not CLEAR.exists(), reason="only Linux tells the peak of a process's memory")
@pytest.mark.parametrize("item", ["[],", '"ab",', "1.5,"])
@pytest.mark.parametrize("inner", [True, False], ids=["in the view", "as header"])
def test_a_header_that_is_as_long_as_may_be_takes_little_memory_and_time(tmp_path, item, inner):
    path, worst = tmp_path / "work.mlps", Worst()
    path.write_bytes(_with_items(item, MOST_HEADER * 8 // 10) if inner else _as_header(item, MOST_HEADER - 10))
    check(path, worst)
    assert worst.memory < MOST_MEMORY


def _as_header(item, size):
    return fuzz_projects.with_header(f"[{item * (size // len(item))}0]".encode(), b"")


def _with_items(item, size):
    """A sound project whose view is one long list; that it is too long, no one has said when it was written."""
    seed = next(one for one in originals() if one.envelope["document"]["view"].get("side_by_side"))
    escaped = len(json.dumps(item)) - 2
    view = {"x": json.loads(f"[{item * (size // escaped)}0]")}
    document = {**seed.envelope["document"], "view": view}
    digests = {name: digest(array) for name, array in seed.arrays.items()}
    envelope = {**seed.envelope, "document": document, "sha256": fingerprint(document, digests)}
    return fuzz_projects.tensor_file_of(seed.arrays, json.dumps(envelope, separators=(",", ":")))


@pytest.mark.parametrize("depth", [100, 5_000, 1_000_000])
def test_a_header_however_deep_is_refused_or_read(tmp_path, depth):
    path = tmp_path / "work.mlps"
    path.write_bytes(fuzz_projects.with_header(b"[" * depth, b""))
    with pytest.raises(ProjectError):
        open_project(path)
    text = '{"schema":1,"min_reader":1,"needs":"","app":"","sha256":"","document":' + "[" * depth + "]" * depth + "}"
    path.write_bytes(fuzz_projects.tensor_file_of({"a": np.zeros(1)}, text))
    with pytest.raises(ProjectError):
        open_project(path)
