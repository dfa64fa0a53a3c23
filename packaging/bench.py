"""Process start → painted window of the bundle, against the least bundle of PySide6 and pyqtgraph. `make bundle-bench`.

    python packaging/bench.py STUDIO_FOLDER BARE_FOLDER [--rounds 21]

The two take turns. The clock runs from before the process is made until the window has been painted and the event loop
has come round again. Exit code 1 where the ratio is over the limit.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MOST = 1.5


def seconds(program: Path) -> tuple[float, str]:
    """From the start of the process until it says that it has painted; the platform that it painted on."""
    start = perf_counter()
    with subprocess.Popen([str(program)], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline().split() if process.stdout else []
        taken = perf_counter() - start
    if len(line) != 2 or line[0] != "painted":
        raise RuntimeError(f"{program} painted no window, or imported heavy libraries before: {line}")
    return taken, line[1]


def measure(studio: Path, bare: Path, rounds: int) -> tuple[list[float], list[float], str]:
    """Seconds of both in alternation, and the platform."""
    seconds(bare), seconds(studio)  # the first of each fills the file cache
    theirs, ours, platform = [], [], ""
    for _ in range(rounds):
        theirs.append(seconds(bare)[0])
        taken, platform = seconds(studio)
        ours.append(taken)
    return theirs, ours, platform


def main() -> int:
    """Measure and print one line."""
    from tests.benchmarks.screen import screen

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studio", type=Path)
    parser.add_argument("bare", type=Path)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    programs = [folder.resolve() / "MLPStudio" for folder in (options.studio, options.bare)]
    with TemporaryDirectory() as home, screen() as variables:
        os.environ |= variables | {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "DATA", "STATE")}
        os.environ["MLP_STUDIO_TELL_WHEN_PAINTED"] = "1"
        bare, studio, platform = measure(*programs, options.rounds)
    ratio = median(ours / theirs for ours, theirs in zip(studio, bare, strict=True))
    print(
        f"start → painted: bare bundle {median(bare):.2f} s [{min(bare):.2f}–{max(bare):.2f}] · "
        f"MLP Studio {median(studio):.2f} s [{min(studio):.2f}–{max(studio):.2f}] · "
        f"ratio {ratio:.2f} (at most {MOST}: {'met' if ratio <= MOST else 'MISSED'}) · {platform}"
    )
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
