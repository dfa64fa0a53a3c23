"""A long training in the window: what 100,000 epochs add to memory and to the cost of a frame, and what is drawn.

The cost of a frame is the CPU time of the GUI's thread over 1,000 epochs, by boundary repaints: everything that
rendering and painting take, and nothing of the training's.
"""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()

import gc
import sys
from pathlib import Path
from time import thread_time

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.history import COLUMNS
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.plots.chart import Chart
from tests.benchmarks.window import platform, run_of, spin, studio_window, wait_until

Array = NDArray[np.float64]
FIRST, LAST = 1_000, 100_000
ZOOMS = 40  # parts of the curves that are looked at, from the whole down to a few epochs


def epochs(effort: Effort) -> Measured:
    """MB more than after the first 1,000 epochs; a frame's cost as a ratio; per cent of pixel columns drawn exactly."""
    first, last = effort.of(FIRST, 300), effort.of(LAST, 3_000)
    with studio_window() as window:
        before = [frame_seconds(window, first, from_start=True) for _ in range(effort.rounds)]
        megabytes = resident()
        train_to(window, last)
        more = resident() - megabytes
        if len(run_of(window).curves) != last:
            raise RuntimeError(f"the curves hold {len(run_of(window).curves)} epochs instead of {last}")
        exact = [100 * exactness(window, chart) for chart in window.curves.charts]
        window.curves.view_all()
        after = [frame_seconds(window, first) for _ in range(effort.rounds)]
        ratio = [late / early for late, early in zip(after, before, strict=True)]
        how = f"{platform()}, {last:,} epochs, {1000 * sorted(before)[len(before) // 2]:.1f} ms a frame at first"
        return Measured({"memory": [more], "frame": ratio, "exact": exact}, how)


def train_to(window: MainWindow, epoch: int) -> None:
    """Train up to an epoch, and wait until all is quiet."""
    window.studio.set("train.epochs", epoch)
    window.studio.train()
    wait_until(window, lambda: run_of(window).status == "finished" and not window.studio.is_busy, patience=300)


def frame_seconds(window: MainWindow, more: int, *, from_start: bool = False) -> float:
    """CPU seconds of the GUI's thread for each frame of so many epochs more."""
    if from_start:
        window.studio.reset()
    spin(0.3)
    repaints, start = window.boundary.repaints, thread_time()
    train_to(window, more if from_start else run_of(window).epoch + more)
    return (thread_time() - start) / (window.boundary.repaints - repaints)


def resident() -> float:
    """MB of memory that the process holds, garbage collected; where that cannot be asked, the most it ever held."""
    gc.collect()
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024**2 if sys.platform == "darwin" else 1024)


# --- is what is drawn all there? -----------------------------------------------------------------------------------


def exactness(window: MainWindow, chart: Chart) -> float:
    """The share of pixel columns, over many zooms, in which the drawn curves reach the epochs' lowest and highest."""
    curves, panel = run_of(window).curves, window.curves
    name = "loss" if chart is panel.loss else "accuracy"
    rng, right, seen = np.random.default_rng(0), 0, 0
    chart.taken.emit()  # as when it is zoomed by hand: the charts follow the run no more
    for width in np.geomspace(len(curves), 20, ZOOMS):
        first = rng.uniform(0, max(1.0, len(curves) - width))
        chart.view.setXRange(first, first + width, padding=0)
        for part, curve in chart.curves.items():
            values = curves[:, COLUMNS.index(f"{part}_{name}")]
            exact, filled = faithful(values, curve.xData, curve.yData, chart.view.viewRange()[0], chart.view.width())
            right += exact
            seen += filled
    return right / seen


def faithful(values: Array, x: Array, y: Array, visible: list[float], width: float) -> tuple[int, int]:
    """In how many pixel columns the drawn points reach both extremes and go no further, and how many there are.

    A point stands at most half a column from its epoch, so its neighbours' columns count as the column's own; one
    epoch beyond each edge is drawn, too.
    """
    (first, last), columns = visible, round(width)
    size = (last - first) / columns
    epoch = np.arange(1.0, len(values) + 1)
    inside = (epoch >= first) & (epoch < last)
    true_low, true_high = extremes((epoch[inside] - first) / size, values[inside], columns)
    shown_low, shown_high = extremes((x - first) / size, y, columns)
    shown_low, shown_high = -widened(-shown_low), widened(shown_high)
    margin = max(2.0, 2 * size)
    near = values[(epoch >= first - margin) & (epoch < last + margin)]
    filled = true_low <= true_high
    reached = (shown_low <= true_low) & (shown_high >= true_high)
    invents = y.min() < near.min() or y.max() > near.max()
    return 0 if invents else int(np.count_nonzero(filled & reached)), int(np.count_nonzero(filled))


def extremes(places: Array, heights: Array, columns: int) -> tuple[Array, Array]:
    """The lowest and the highest in each column; inf and -inf where there is nothing."""
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
    at = np.clip(places.astype(int), 0, columns - 1)
    np.minimum.at(low, at, heights)
    np.maximum.at(high, at, heights)
    return low, high


def widened(high: Array) -> Array:
    """The highest of each column and its two neighbours."""
    padded = np.pad(high, 1, constant_values=-np.inf)
    return np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
