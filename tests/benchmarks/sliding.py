"""A slider of the data dragged: how long the window stalls while the points are drawn anew beneath the pointer."""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()

from time import thread_time

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from mlp_studio.ui.main_window import MainWindow
from tests.benchmarks.window import Delays, platform, spin, studio_window, wait_until

ROUNDS, MOVES, SECONDS = 5, 60, 0.016  # a mouse tells of its moves some sixty times a second
ROWS = 5_000  # where the slider of the rows ends


class Works(Delays):
    """Notes also the processor time (s) of this thread from one turn of the event loop to the next: what of a delay
    is the window's own doing, on a machine that others use as well."""

    def __init__(self) -> None:
        super().__init__()
        self.longest, self._before = 0.0, thread_time()

    def _tick(self) -> None:
        now = thread_time()
        self.longest, self._before = max(self.longest, now - self._before), now
        super()._tick()


def stalls(effort: Effort) -> Measured:
    """The event loop's longest delay (ms) while the noise is dragged, with the spiral's rows and with the most."""
    few, many, own = [], [], 0.0
    with studio_window() as window:
        usual = window.studio.store.state.experiment.data.rows
        for _ in range(min(ROUNDS, effort.rounds)):
            for rows, longest in ((usual, few), (ROWS, many)):
                window.studio.set("data.rows", rows)
                stall, work, samples = drag_noise(window, effort.of(MOVES, 6))
                longest.append(1000 * stall)
                own = max(own, 1000 * work)
        told = f"{platform()}, {samples} samples in {effort.of(MOVES, 6)} moves, processor time at most {own:.0f} ms"
        return Measured({"usual": few, "most": many}, told)


def drag_noise(window: MainWindow, moves: int) -> tuple[float, float, int]:
    """The noise's handle dragged there and back: the longest delay, the most processor time at a turn (both s), and
    how many samples were drawn."""
    slider, samples = window.experiment.fields["data.noise"].slider, set()
    if slider is None:
        raise RuntimeError("the noise has no slider")
    window.studio.set("data.noise", 0.0)
    wait_until(window, lambda: not window.studio.is_busy)
    spin(0.3)
    start = QPoint(6, slider.height() // 2)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    late = Works()
    late.begin()
    for move in range(moves):
        pixels = round((slider.width() - 12) * min(move, moves - move) * 2 / moves)
        QTest.mouseMove(slider, start + QPoint(pixels, 0))
        spin(SECONDS)
        samples.add(window.studio.store.state.experiment.data.noise)
    stall = late.end()[-1]
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=start)
    wait_until(window, lambda: not window.studio.is_busy)
    return stall, late.longest, len(samples)
