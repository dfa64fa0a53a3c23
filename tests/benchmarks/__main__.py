"""Measure everything side by side, and print one table.

    python -m tests.benchmarks [--quick] [--json FILE] [--only WORD …]

Each measurement runs in a process of its own, so that none disturbs the next and a crash costs only its own rows.
It is a benchmark and no test: the exit code is 0 when every row was measured, whether or not its target is met.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from tests.benchmarks import machine
from tests.benchmarks.report import Outcome, listed, markdown, table
from tests.benchmarks.rows import ROWS, Row
from tests.benchmarks.screen import screen
from tests.benchmarks.timing import FULL, QUICK, Measured

PATIENCE = 400  # seconds that one measurement may take
MARK = "measured "  # begins the line in which a measuring process says what it found


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = parsed(words)
    if options.measure:
        print(MARK + json.dumps(measure(options.measure, quick=options.quick)), flush=True)
        return 0
    rows = [row for row in ROWS if not options.only or any(word in chosen_by(row) for word in options.only)]
    outcomes: list[Outcome] = []
    before = machine.load()
    with screen() as variables:
        for source in dict.fromkeys(row.source for row in rows):
            own = [row for row in rows if row.source == source]
            outcomes += measured_apart(source, own, os.environ | variables, quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(listed(outcomes), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(markdown(outcomes) if options.markdown else table(outcomes))
    print(f"\n{machine.described()}\n{machine.company(before)}".rstrip())
    return 0 if all(one.samples for one in outcomes) else 1


def parsed(words: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a glimpse of everything: shows that it works, no more")
    parser.add_argument("--json", type=Path, help="write the rows there, too", metavar="FILE")
    parser.add_argument("--markdown", action="store_true", help="print the table as the README shows it")
    parser.add_argument("--only", nargs="+", default=(), help="rows of these measurements or names", metavar="WORD")
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # in a measuring process
    return parser.parse_args(words)


def chosen_by(row: Row) -> str:
    """What a word may name a row by."""
    return f"{row.source} {row.name}"


def measure(source: str, *, quick: bool) -> Measured:
    """Take one measurement, in this process."""
    module, function = source.split(":")
    measured: Measured = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(
        QUICK if quick else FULL
    )
    return measured


def measured_apart(source: str, rows: Sequence[Row], environment: dict[str, str], *, quick: bool) -> list[Outcome]:
    """Take one measurement, in a process of its own; what its rows came to."""
    start = perf_counter()
    print(f"{source} …", end=" ", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.benchmarks", "--measure", source, *(["--quick"] if quick else [])]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [Outcome(row, how=f"not done within {PATIENCE} s") for row in rows]
    told = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    print(f"{perf_counter() - start:.0f} s", file=sys.stderr)
    if not told:
        print(done.stderr, file=sys.stderr)
        reason = (done.stderr.strip().splitlines() or [""])[-1]
        return [Outcome(row, how=f"failed with {done.returncode}: {reason}") for row in rows]
    samples, how = json.loads(told[-1].removeprefix(MARK))
    return [Outcome(row, samples[row.figure], how) for row in rows]


if __name__ == "__main__":
    sys.exit(main())
