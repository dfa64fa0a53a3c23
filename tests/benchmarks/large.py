"""How long does the window stand still while a million rows are loaded, sliced, clicked and trained on?

    python tests/benchmarks/large.py [ROWS]

For each step: how long it took, and the longest time in which the window answered nothing. Runs offscreen unless
QT_QPA_PLATFORM says otherwise.
"""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer

from mlp_studio.app import make_application, make_window
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.store import Slice

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
BEAT = 5  # milliseconds from one look to the next


class Pulse:
    """Beats in the window's thread and keeps the longest time from one beat to the next."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT)
        self._last, self.longest = perf_counter(), 0.0

    def _beat(self) -> None:
        now = perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def stop(self) -> None:
        self._timer.stop()


def measured(name: str, act: Callable[[], object], ended: Callable[[], bool], settle: float = 0.5) -> None:
    """Act, wait until it has ended and a moment longer, and print the longest stall."""
    pulse, loop, start = Pulse(), QEventLoop(), perf_counter()
    done_at: list[float] = []

    def look() -> None:
        if not done_at and ended():
            done_at.append(perf_counter())
        if (done_at and perf_counter() - done_at[0] > settle) or perf_counter() - start > 120:
            loop.quit()

    QTimer.singleShot(2 * BEAT, act)
    watch = QTimer()
    watch.timeout.connect(look)
    watch.start(20)
    loop.exec()
    pulse.stop()
    took = (done_at[0] if done_at else perf_counter()) - start
    print(f"{name:<46} {took:6.2f} s, longest stall {1000 * pulse.longest:6.0f} ms", flush=True)


def write_table(path: Path) -> None:
    """Four features and a label of three classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, ROWS)
    X = rng.normal(size=(ROWS, 4)) + y[:, None]
    with path.open("w") as file:
        file.write("a,b,c,d,label\n")
        for start in range(0, ROWS, 100_000):
            part = zip(X[start : start + 100_000].round(4).tolist(), y[start : start + 100_000].tolist(), strict=True)
            file.writelines(f"{a},{b},{c},{d},k{label}\n" for (a, b, c, d), label in part)


def main() -> None:
    make_application()
    folder = Path(tempfile.mkdtemp())
    window = make_window(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window.resize(1280, 800)
    window.show()
    studio = window.studio
    table = folder / "large.csv"
    write_table(table)

    def there() -> bool:
        state = studio.store.state
        return not state.loading and not studio.is_busy and state.run is not None and state.run.raster is not None

    def rows() -> bool:
        return there() and studio.store.state.prepared.dataset.rows == ROWS

    measured("the first window", lambda: None, there)
    steps(window, table, there, rows)
    window.close()
    studio.shut_down()


def steps(window: MainWindow, table: Path, there: Callable[[], bool], rows: Callable[[], bool]) -> None:
    studio = window.studio
    store = studio.store
    measured(f"generate {ROWS:,} rows", lambda: studio.set("data.rows", ROWS), rows)
    measured("another seed", lambda: studio.set("seed", 5), rows)
    measured("another split", lambda: studio.set("split.train", 0.6), rows)
    measured("a click", lambda: studio.ask_at(0.1, 0.1), there)
    measured("train 3 epochs", lambda: (studio.set("train.epochs", 3), studio.train()), there)
    measured(f"open a CSV of {ROWS:,} × 4", lambda: studio.open_file(table, label="label"), rows)
    measured("another seed (CSV)", lambda: studio.set("seed", 6), rows)
    measured("another split (CSV)", lambda: studio.set("split.train", 0.7), rows)
    measured("labels shuffled (CSV)", lambda: studio.set("data.shuffle_labels", True), rows)
    measured("slice: two columns", lambda: studio.set_slice(Slice("columns", (0, 1))), there)
    measured("slice: principal", lambda: studio.set_slice(Slice("principal")), there)
    measured("a click in the picture", lambda: window.boundary._clicked(0.1, 0.1), there)
    measured("a typed row", lambda: studio.ask_text("a = 1"), there)
    measured("validation points shown", lambda: studio.show_part("validation", True), there)
    measured("train 3 epochs", lambda: (studio.set("train.epochs", 3), studio.train()), there)
    measured("side by side", lambda: studio.show_side_by_side(True), there)
    measured("drawn points as a table", window.boundary._csv, there)
    experiment = store.state.experiment
    measured(
        "back to the spiral", lambda: studio.set_experiment(replace(experiment, data=type(experiment.data)())), there
    )


if __name__ == "__main__":
    main()
