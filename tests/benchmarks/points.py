"""Many points: what panning the picture costs with 100,000 rows (an even sample of them is drawn) against 1,000."""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()

from statistics import median
from time import perf_counter

from mlp_studio.ui.main_window import MainWindow
from tests.benchmarks.window import platform, spin, studio_window, wait_until

MANY, FEW, STEPS, ROUNDS = 100_000, 1_000, 24, 5


def panning(effort: Effort) -> Measured:
    """How many times as long a repaint takes after each small move."""
    ratios, drawn = [], 0
    with studio_window() as window:
        for part in ("train", "validation", "test"):
            window.studio.show_part(part, True)
        for _ in range(min(ROUNDS, effort.rounds)):
            show_rows(window, FEW)
            few = repaint_seconds(window, effort.of(STEPS, 4))
            show_rows(window, MANY)
            many = repaint_seconds(window, effort.of(STEPS, 4))
            ratios.append(many / few)
            drawn = sum(window.boundary.plots[0].drawn_points(part) for part in ("train", "validation", "test"))
        return Measured({"ratio": ratios}, f"{platform()}, {drawn:,} drawn, {1000 * few:.1f} → {1000 * many:.1f} ms")


def show_rows(window: MainWindow, rows: int) -> None:
    """Load so many points, and wait until they and their regions are there."""
    window.studio.set("data.rows", rows)
    wait_until(window, lambda: not window.studio.is_busy and not window.studio.store.state.loading)
    spin(0.3)


def repaint_seconds(window: MainWindow, steps: int) -> float:
    """Seconds from a move of the view until it has been painted: the median of so many small moves, there and back."""
    plot = window.boundary.plots[0]
    box, taken = plot.box, []
    step = (box.u_high - box.u_low) / 50
    for k in range(steps):
        wait_until(window, lambda: not window.studio.is_busy)  # the regions of the last move are there
        start = perf_counter()
        plot.view_box.translateBy(x=step if k % 4 < 2 else -step, y=0)
        plot.widget.viewport().repaint()
        taken.append(perf_counter() - start)
    return median(taken)
