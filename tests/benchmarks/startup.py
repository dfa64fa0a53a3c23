"""Process start → painted, responsive window, against a bare PySide6 + pyqtgraph window.

    python -m tests.benchmarks.startup [--rounds 7]

Each is a fresh process; the two alternate. The clock runs from before the process is made until the window has been
painted and the event loop has come round again. Alone, it prints one line; `make bench` shows it in its table.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks.screen import screen
from tests.benchmarks.timing import Effort, Measured

TELL = """
from PySide6.QtCore import QEvent, QObject, QTimer
class Painted(QObject):
    told = False
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.told:
            self.told = True
            QTimer.singleShot(0, self.tell)
        return False
    def tell(self):
        import os, sys
        from PySide6.QtGui import QGuiApplication
        heavy = [name for name in ("torch", "pandas", "sklearn", "scipy") if name in sys.modules]
        print("painted", QGuiApplication.platformName(), *heavy, flush=True)
        os._exit(0)
"""

BARE = f"""
import os
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph as pg
{TELL}
application = QApplication([])
window = QMainWindow()
window.resize(1280, 800)
plot = pg.PlotWidget()
window.setCentralWidget(plot)
painted = Painted()
plot.viewport().installEventFilter(painted)
window.show()
application.exec()
"""

STUDIO = f"""
from mlp_studio.__main__ import _set_up, main
_set_up()
from mlp_studio import app  # before Qt, as the program does
{TELL}
real = app.make_window
def make_window(*arguments):
    global painted
    window = real(*arguments)
    painted = Painted()
    window.boundary.plots[0].widget.viewport().installEventFilter(painted)
    return window
app.make_window = make_window
main([])
"""


@contextmanager
def new_user() -> Iterator[None]:
    """Settings of its own, and bytecode kept as an installed program's is, whatever is set here."""
    with TemporaryDirectory() as folder:
        os.environ |= {f"XDG_{kind}_HOME": folder for kind in ("CONFIG", "DATA", "STATE")}
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        yield


def seconds(code: str) -> tuple[float, str]:
    """From the start of a process until it says that it has painted; the Qt platform that it painted on."""
    start = perf_counter()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline().split() if process.stdout else []
        taken = perf_counter() - start
    if len(line) != 2 or line[0] != "painted":
        raise RuntimeError(f"the window was not painted, or heavy libraries were imported before it: {line}")
    return taken, line[1]


def pairs(rounds: int) -> tuple[list[float], list[float], str]:
    """Seconds of the bare window and of the studio's, in alternation, and the platform."""
    with new_user():
        seconds(BARE), seconds(STUDIO)  # the first of each fills the file cache
        bare, studio, platform = [], [], ""
        for _ in range(rounds):
            bare.append(seconds(BARE)[0])
            taken, platform = seconds(STUDIO)
            studio.append(taken)
    return bare, studio, platform


def against_bare(effort: Effort) -> Measured:
    """How many times as long as the bare window the studio's takes."""
    bare, studio, platform = pairs(effort.rounds)
    how = f"{platform}, {median(bare):.2f} s → {median(studio):.2f} s"
    return Measured({"ratio": [ours / theirs for ours, theirs in zip(studio, bare, strict=True)]}, how)


def main() -> int:
    """Measure and print one line."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    with screen() as variables:
        os.environ |= variables
        bare, studio, platform = pairs(options.rounds)
    print(
        f"bare {median(bare):.2f} s [{min(bare):.2f}–{max(bare):.2f}] · "
        f"studio {median(studio):.2f} s [{min(studio):.2f}–{max(studio):.2f}] · "
        f"ratio {median(studio) / median(bare):.2f} · {platform}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
