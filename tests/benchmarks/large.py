"""A million rows of ten features: how long each step takes, how long the window stands still, how much memory it needs.

    python tests/benchmarks/large.py [ROWS]

For each step: how long it took, the longest time in which the window answered nothing, and the most memory that was
resident at once beyond that of the empty window. At the end both are held against what is promised: no stall longer
than 100 ms, and no more than 2.5 times the features as float64 and 500 MB. Runs offscreen unless QT_QPA_PLATFORM says
otherwise.
"""

import gc
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
from mlp_studio.core import heavy
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.store import Slice
from mlp_studio.ui.work import same, work_of

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
FEATURES, CLASSES, BATCH = 10, 3, 256
WIDE = 500  # columns of the table that the import dialog shows
BEAT = 5  # milliseconds from one look to the next
MOST_STALL = 100  # milliseconds
MEGABYTE = 1e6


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


class Meter:
    """Measures step by step, and keeps the worst."""

    def __init__(self) -> None:
        self.empty = resident("VmRSS")
        self.stalls: dict[str, float] = {}  # milliseconds
        self.peak = 0.0  # megabytes beyond the empty window

    def __call__(self, name: str, act: Callable[[], object], ended: Callable[[], bool], settle: float = 0.5) -> None:
        """Act, wait until it has ended and a moment longer; print the time, the longest stall and the memory."""
        forget_peak()
        took, stall = timed(act, ended, settle)
        memory = resident("VmHWM") - self.empty
        self.stalls[f"{len(self.stalls)} {name}"] = stall
        self.peak = max(self.peak, memory)
        print(f"{name:<46} {took:6.2f} s, longest stall {stall:6.0f} ms, at most {memory:6.0f} MB more", flush=True)


def resident(field: str) -> float:
    """Megabytes of this process that are in memory now ("VmRSS"), or were at most ("VmHWM")."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field)) / MEGABYTE


def forget_peak() -> None:
    """Let "VmHWM" begin anew (see proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5")


def timed(act: Callable[[], object], ended: Callable[[], bool], settle: float) -> tuple[float, float]:
    """Act and wait: seconds until it has ended, and milliseconds of the longest stall."""
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
    return took, 1000 * pulse.longest


def write_table(path: Path) -> None:
    """Ten features and a label of three classes."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join([*(f"feature {column}" for column in range(FEATURES)), "label"]) + "\n")
        for start in range(0, ROWS, 100_000):
            y = rng.integers(0, CLASSES, min(100_000, ROWS - start))
            X = (rng.normal(size=(len(y), FEATURES)) + 0.5 * y[:, None]).round(4)
            file.writelines(f"{','.join(map(str, x))},k{label}\n" for x, label in zip(X.tolist(), y, strict=True))


def main() -> None:
    make_application()
    folder = Path(tempfile.mkdtemp())
    window = make_window(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window.resize(1280, 800)
    window.show()
    table = folder / "large.csv"
    write_table(table)
    timed(lambda: None, lambda: is_there(window), 0.5)
    gc.freeze()  # as the program does after its first paint, see ui/warm_up.py
    print(f"the empty window: {resident('VmRSS'):.0f} MB", flush=True)
    meter = Meter()
    table_steps(window, table, meter)
    peak, most = meter.peak, 2.5 * ROWS * FEATURES * 8 / MEGABYTE + 500
    project_steps(window, table, meter)
    drawn_steps(window, meter)
    dialog_steps(window, table, meter)
    name, stall = max(meter.stalls.items(), key=lambda item: item[1])
    print(
        f"\nmost memory beyond the empty window: {peak:.0f} MB (limit {most:.0f} MB for {ROWS:,} × {FEATURES}); "
        f"with the window and all libraries {peak + meter.empty:.0f} MB"
    )
    print(f"longest stall: {stall:.0f} ms (limit {MOST_STALL} ms), step {name}")
    window.studio.shut_down()
    window.close()


def dialog_steps(window: MainWindow, table: Path, meter: Meter) -> None:
    """The import dialog on a long table and on a wide one, in which something is doubtful."""
    rng, wide = np.random.default_rng(0), table.with_name("wide.csv")
    with wide.open("w") as file:
        file.write(",".join([*(f"feature {column}" for column in range(WIDE)), "group"]) + "\n")
        file.writelines(f"{','.join(map(str, x))},{row % 4}\n" for row, x in enumerate(rng.normal(size=(1_000, WIDE))))

    def is_open() -> bool:
        return window.importing.dialog is not None

    def decimals(sign: int) -> None:
        window.importing.dialog.decimal.setCurrentIndex(sign)

    def looked() -> bool:
        return not window.importing.dialog.is_looking

    for name, act in (
        (f"dialog: {ROWS:,} × {FEATURES}", window.change_import),
        (f"dialog: 1,000 × {WIDE:,}", lambda: window.open_file(wide)),
    ):
        window.open_file(table)
        timed(lambda: None, lambda: is_there(window), 0.5)
        meter(name, act, is_open)
        meter("  another decimal sign", lambda: decimals(1), looked)
        meter("  no feature", window.importing.dialog.use_none.click, is_open)
        window.importing.dialog.reject()


def is_there(window: MainWindow) -> bool:
    state = window.studio.store.state
    return not state.loading and not window.studio.is_busy and state.run is not None and state.run.raster is not None


def table_steps(window: MainWindow, table: Path, meter: Meter) -> None:
    """What is done with a table, from opening to the importance of its features."""
    studio, store = window.studio, window.studio.store

    def there() -> bool:
        return is_there(window)

    def rows() -> bool:
        return there() and store.state.prepared.dataset.rows == ROWS

    def weighed() -> bool:
        return there() and store.state.run.weighed is not None

    studio.jobs.start("pandas", lambda: heavy.load("pandas"), lambda _: None, print)  # as after the first paint
    meter("pandas imported", lambda: None, there)
    meter(f"open a CSV of {ROWS:,} × {FEATURES}", lambda: window.open_file(table), rows)
    meter("another split", lambda: studio.set("split.train", 0.6), rows)
    meter("slice: two columns", lambda: studio.slicing.choose(Slice("columns", (0, 1))), there)
    meter("a held feature moved", lambda: studio.slicing.hold(3, 1.0), there)
    meter("a click in the picture", lambda: window.boundary._clicked(0.1, 0.1), there)
    meter("a typed row", lambda: studio.ask_text("feature 1 = 1"), there)
    studio.set("train.batch_size", BATCH)
    studio.set("train.learning_rate", 0.05)
    meter(f"train 2 epochs, batches of {BATCH}", lambda: (studio.set("train.epochs", 2), studio.train()), there)
    meter("slice: principal", lambda: studio.slicing.choose(Slice("principal")), there)
    meter("validation points shown", lambda: studio.show_part("validation", True), there)
    meter("side by side", lambda: studio.show_side_by_side(True), there)
    meter("one picture again", lambda: studio.show_side_by_side(False), there)
    for name in ("data", "features", "evaluation"):
        meter(f"the panel {name}", window.docks[name].raise_, there)
    meter("importance of the features", studio.measure_importance, weighed)
    meter("drawn points as a table", window.boundary._csv, there)
    meter("labels shuffled", lambda: studio.set("data.shuffle_labels", True), rows)


def project_steps(window: MainWindow, table: Path, meter: Meter) -> None:
    """What becomes of a large table in projects: kept for a crash, saved, and opened."""
    project, desk = table.with_name("large.mlps"), window.desk

    def there() -> bool:
        return is_there(window) and not desk.is_saving

    def is_kept() -> bool:
        kept = keeper._kept
        return there() and kept is not None and same(kept, work_of(window.studio.store.state))

    def save() -> None:
        desk._write(project, False, None)

    def change() -> None:
        window.studio.set("train.learning_rate", 0.04)

    window.keep_safe(table.with_name("kept"))
    keeper = window.recovery
    keeper._due.setInterval(0)
    meter("kept for a crash", keeper._keep, is_kept)
    meter("kept again, after a change", lambda: (change(), keeper._keep()), is_kept)
    meter("saved as a project", save, there)
    window.studio.train()
    meter("saved while it trains", save, lambda: not desk.is_saving)
    window.studio.stop()
    timed(lambda: None, there, 0.5)
    meter("opened", lambda: desk._fetch(project), there)
    print(f"the project has {project.stat().st_size / 1e6:.0f} MB")
    keeper.end()


def drawn_steps(window: MainWindow, meter: Meter) -> None:
    """What is done with rows that a generator draws, after the table has gone."""
    studio, store = window.studio, window.studio.store
    experiment = replace(store.state.experiment, data=type(store.state.experiment.data)())

    def there() -> bool:
        return is_there(window)

    def rows() -> bool:
        return there() and store.state.prepared.dataset.rows == ROWS

    meter("back to the spiral", lambda: studio.set_experiment(experiment), there)
    meter(f"generate {ROWS:,} rows", lambda: studio.set("data.rows", ROWS), rows)
    meter("another seed", lambda: studio.set("seed", 5), rows)
    meter("a click", lambda: studio.ask_at(0.1, 0.1), there)
    meter("train 2 epochs more", lambda: (studio.set("train.epochs", 2), studio.train()), there)


if __name__ == "__main__":
    main()
