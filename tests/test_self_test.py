"""The self-test: it passes here, and it fails where something is broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlp_studio import self_test
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.self_test import CheckError, UnavailableError
from mlp_studio.self_test.contents import look_into

ROOT = Path(__file__).parents[1]


def test_it_passes_here_and_tries_everything(tmp_path):
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "mlp_studio", "--self-test", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["passed"]
    assert document["failed"] == []
    assert not document["bundle"]
    outcomes = {check["check"]: check["outcome"] for check in document["checks"]}
    assert set(outcomes.values()) == {"passed"}
    expected = {"window", "train numpy", "train torch", "regions", "curves", "click", *(f"export {n}" for n in EXPORTS)}
    assert expected <= outcomes.keys()
    assert all(check["seconds"] >= 0 for check in document["checks"])
    assert f"{len(outcomes)} checks" in done.stdout.splitlines()[-1]


@pytest.fixture
def checks(monkeypatch):
    """Checks that need no window, in place of the real ones, and the environment as it was afterwards."""
    from mlp_studio.self_test import checks as real

    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", os.environ.get(f"XDG_{name}_HOME", ""))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    made = {}
    monkeypatch.setattr(real, "CHECKS", made)
    return made


def test_what_fails_is_listed_and_the_rest_goes_on(checks, capsys, tmp_path):
    def fails(_driver):
        raise CheckError("It is not as it should be.")

    def breaks(_driver):
        return 1 / 0

    def lacks(_driver):
        raise UnavailableError("Not part of this edition.")

    checks |= {"good": lambda _: {"figure": 3}, "bad": fails, "broken": breaks, "lacking": lacks}
    assert self_test.main(tmp_path / "out.json") == self_test.FAILED
    lines = capsys.readouterr().out.splitlines()
    assert "figure 3" in lines[-5]
    assert "FAILED" in lines[-4]
    assert "It is not as it should be." in lines[-4]
    assert "ZeroDivisionError" in lines[-3]
    assert "Not part of this edition." in lines[-2]
    assert lines[-1].endswith("2 failed (bad, broken).")
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert document["failed"] == ["bad", "broken"]


def test_a_fault_behind_the_scenes_fails_the_check(checks, capsys):
    def faulty(_driver):
        sys.excepthook(ValueError, ValueError("in a slot"), None)

    checks["faulty"] = faulty
    assert self_test.main() == self_test.FAILED
    assert "ValueError: in a slot" in capsys.readouterr().out


def test_what_is_missing_by_intention_does_not_fail(checks):
    def lacks(_driver):
        raise UnavailableError("Not part of this edition.")

    checks["lacking"] = lacks
    assert self_test.main() == self_test.PASSED


def test_a_report_that_cannot_be_written_is_one_sentence(checks, capsys, tmp_path):
    assert self_test.main(tmp_path / "nowhere" / "out.json") == self_test.REFUSED
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.py", "def ("),
        ("a.json", "{"),
        ("a.html", "<html>"),
        ("a.csv", "x\n1\n"),
        ("a.onnx", "x"),
        ("a.gif", "x"),
        ("a.safetensors", "x"),
        ("a.ipynb", "{}"),
        ("a.strange", ""),
    ],
)
def test_a_broken_export_is_seen(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever its reader raises
        look_into(tmp_path / name, 2)
