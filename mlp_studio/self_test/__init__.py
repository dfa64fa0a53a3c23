"""Tries an installation out: the real window, trained, asked, saved and exported. `mlp-studio --self-test OUT.json`.

To add a check: a function in `checks.py`, and a row of `CHECKS` there.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Literal, TypeAlias

from mlp_studio.display import missing
from mlp_studio.terminal import complain, say

PASSED, FAILED, REFUSED = 0, 1, 2
Kind: TypeAlias = Literal["passed", "failed", "unavailable"]
MARKS: dict[Kind, str] = {"passed": "ok", "failed": "FAILED", "unavailable": "unavailable"}


class CheckError(Exception):
    """What is not as it should be, in a sentence."""


class UnavailableError(Exception):
    """What this installation lacks by intention, in a sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check: `detail` is a sentence, `figures` what was measured."""

    check: str
    outcome: Kind
    seconds: float
    detail: str
    figures: dict[str, Any]


def main(out: Path | None = None) -> int:
    """Run every check, print a line for each; 0 where none failed, 1 where one did, 2 where no window can be had."""
    if missing():  # no display, or none that answers: Qt can do without
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if sentence := missing():
        complain(sentence)
        return REFUSED
    start = perf_counter()
    with _new_user() as folder:
        outcomes = _run(folder)
    failed = [outcome.check for outcome in outcomes if outcome.outcome == "failed"]
    say(f"{len(outcomes)} checks in {perf_counter() - start:.1f} s: {_verdict(failed)}")
    if out is not None:
        return _write(out, outcomes) or (FAILED if failed else PASSED)
    return FAILED if failed else PASSED


def _verdict(failed: list[str]) -> str:
    return f"{len(failed)} failed ({', '.join(failed)})." if failed else "all passed."


@contextmanager
def _new_user() -> Iterator[Path]:
    """A folder for what is written, and settings and recovery files apart from the person's own."""
    with TemporaryDirectory(prefix="mlp-studio-self-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "Ωmega café"  # names that are not plain ASCII are everyday names
        folder.mkdir()
        for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = name
        yield folder


def _run(folder: Path) -> list[Outcome]:
    from mlp_studio.core.diagnostics import versions_block

    say(versions_block())
    try:
        from mlp_studio.self_test.checks import CHECKS
        from mlp_studio.self_test.driver import Driver
    except ImportError as error:  # the window's own libraries
        say(f"FAILED       window: {error}")
        return [Outcome("window", "failed", 0.0, str(error), {})]
    driver = Driver(folder)
    outcomes = []
    for name, check in CHECKS.items():
        outcomes.append(outcome := _outcome(name, check, driver))
        figures = ", ".join(f"{what} {value}" for what, value in outcome.figures.items())
        mark = MARKS[outcome.outcome]
        say(f"{mark:<12} {name:<22} {outcome.seconds:6.2f} s  {outcome.detail or figures}".rstrip())
    return outcomes


def _outcome(name: str, check: Any, driver: Any) -> Outcome:
    start = perf_counter()
    kind: Kind
    figures: dict[str, Any] = {}
    try:
        figures = check(driver) or {}
        driver.see_to_faults()
        kind, detail = "passed", ""
    except UnavailableError as error:
        kind, detail = "unavailable", str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this check's failure
        kind = "failed"
        detail = str(error) if isinstance(error, CheckError) else f"{type(error).__name__}: {error}"
    return Outcome(name, kind, round(perf_counter() - start, 3), detail, figures)


def _write(out: Path, outcomes: list[Outcome]) -> int:
    """Everything, as JSON; 0, or 2 where the file cannot be written."""
    from mlp_studio.core.edition import is_bundle
    from mlp_studio.core.report import versions, write_report

    document = {
        "passed": not any(outcome.outcome == "failed" for outcome in outcomes),
        "failed": [outcome.check for outcome in outcomes if outcome.outcome == "failed"],
        "bundle": is_bundle(),
        "platform": sys.platform,
        "versions": versions(),
        "checks": [asdict(outcome) for outcome in outcomes],
    }
    try:
        write_report(out, document)
    except OSError as error:
        complain(f"“{out}” could not be written: {error.strerror}.")
        return REFUSED
    return PASSED
