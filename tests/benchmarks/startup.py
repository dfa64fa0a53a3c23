"""Process start → painted, responsive window, against a bare PySide6 + pyqtgraph window.

    python tests/benchmarks/startup.py [--rounds 7]

Each is a fresh process; the two alternate. The clock runs from before the process is made until the window has been
painted and the event loop has come round again. Exits 1 where the studio takes more than 1.5 times as long.
"""

import argparse
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

AT_MOST = 1.5

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
        heavy = [name for name in ("torch", "pandas", "sklearn", "scipy") if name in sys.modules]
        print("painted", *heavy, flush=True)
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
import sys
{TELL}
from mlp_studio import app
real = app.make_window
def make_window(*arguments):
    global painted
    window = real(*arguments)
    painted = Painted()
    window.boundary.plots[0].widget.viewport().installEventFilter(painted)
    return window
app.make_window = make_window
from mlp_studio.__main__ import main
main([])
"""


def seconds(code: str) -> float:
    """From the start of a process until it says that it has painted."""
    start = perf_counter()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline().split() if process.stdout else []
        taken = perf_counter() - start
    if line != ["painted"]:
        raise SystemExit(f"the window was not painted, or heavy libraries were imported before it: {line}")
    return taken


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode, as the libraries have
    folder = TemporaryDirectory()
    os.environ["PYTHONPYCACHEPREFIX"] = folder.name
    seconds(BARE), seconds(STUDIO)  # the first of each fills the file cache
    bare, studio = [], []
    for _ in range(options.rounds):
        bare.append(seconds(BARE))
        studio.append(seconds(STUDIO))
    ratio = median(studio) / median(bare)
    print(
        f"bare {median(bare):.2f} s [{min(bare):.2f}–{max(bare):.2f}] · "
        f"studio {median(studio):.2f} s [{min(studio):.2f}–{max(studio):.2f}] · ratio {ratio:.2f}"
    )
    return 0 if ratio <= AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
