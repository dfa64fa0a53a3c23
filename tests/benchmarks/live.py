"""The window while it trains flat out: what it costs the training, and how promptly it answers.

    python -m tests.benchmarks.live [--seconds 4] [--rounds 3] [--size 1400x900]

Epochs per second with the window visible and repainting, against headless, in one process, in alternation, the same
experiment (the lesson's spiral). Alone, it prints one line of figures; `make bench` shows them in its table.
"""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()
import mlp_studio.ui  # noqa: F401 - before Qt, as the program does

# isort: split
import argparse
import os
import random
import sys
from statistics import median
from time import perf_counter

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolBar

from mlp_studio.core.config import with_settings
from mlp_studio.core.events import EpochEnd
from mlp_studio.core.trainer import Training
from mlp_studio.ui.main_window import MainWindow
from tests.benchmarks.screen import screen
from tests.benchmarks.window import (
    ENDLESS,
    SIZE,
    Delays,
    Painted,
    after,
    platform,
    run_of,
    spin,
    start_endless,
    stop,
    studio_window,
    wait_until,
)

SECONDS, ROUNDS = 4.0, 5
PLACES = ((0.2, 0.3), (-0.5, 0.4), (0.6, -0.2), (-0.3, -0.7), (0.1, 0.8))  # clicked in the plane


# --- what the window costs ---------------------------------------------------------------------------------------


def headless(window: MainWindow, seconds: float) -> float:
    """Epochs per second of the window's experiment, trained alone."""
    run = run_of(window)
    training = Training(with_settings(run.experiment, {"train.epochs": ENDLESS}), run.prepared)
    start, epochs = perf_counter(), 0
    for event in training.run():
        epochs += isinstance(event, EpochEnd)
        if perf_counter() - start > seconds:
            break
    return epochs / (perf_counter() - start)


def epochs_done(window: MainWindow) -> int:
    """As the training itself counts them: what the window shows is up to a fifth of a second old."""
    runner = window.studio._runner
    return 0 if runner is None or runner.training is None else runner.training.epoch


def live(window: MainWindow, seconds: float) -> tuple[float, float]:
    """Epochs per second, and boundary repaints per second, with the window visible."""
    start_endless(window)
    epoch, repaints, start = epochs_done(window), window.boundary.repaints, perf_counter()
    spin(seconds)
    wall = perf_counter() - start
    figures = (epochs_done(window) - epoch) / wall, (window.boundary.repaints - repaints) / wall
    stop(window)
    return figures


def delays(window: MainWindow, seconds: float) -> list[float]:
    """The event loop's delays (s), sorted; apart from the rest, as to measure them costs the training too."""
    start_endless(window)
    late = Delays()
    late.begin()
    spin(seconds)
    sorted_delays = late.end()
    stop(window)
    return sorted_delays


def lasting(effort: Effort) -> float:
    """How long (s) each side of a round is watched."""
    return max(0.5, SECONDS * effort.share)


def tax(effort: Effort) -> Measured:
    """The share of headless speed that is kept, and boundary repaints per second."""
    seconds, shares, repaints = lasting(effort), [], []
    with studio_window() as window:
        headless(window, seconds / 4), live(window, seconds / 4)
        for _ in range(min(ROUNDS, effort.rounds)):
            alone = headless(window, seconds)
            speed, paints = live(window, seconds)
            shares.append(speed / alone)
            repaints.append(paints)
        return Measured({"share": shares, "repaints": repaints}, platform())


def smoothness(effort: Effort) -> Measured:
    """The 99th percentile and the longest of the event loop's delays (ms), round by round."""
    p99, longest = [], []
    with studio_window() as window:
        for _ in range(min(ROUNDS, effort.rounds)):
            late = delays(window, lasting(effort))
            p99.append(1000 * late[int(0.99 * len(late))])
            longest.append(1000 * late[-1])
        return Measured({"p99": p99, "longest": longest}, platform())


# --- how promptly it answers ---------------------------------------------------------------------------------------


def answers(effort: Effort) -> Measured:
    """A click in the picture until its probabilities are painted; Stop until the run has stopped (ms)."""
    chance, clicks, stops = random.Random(0), [], []  # noqa: S311 - moments, not secrets
    with studio_window() as window:
        for _ in range(effort.rounds):
            start_endless(window)
            clicks += [1000 * click(window, place, chance.randint(150, 250)) for place in PLACES]
            stops.append(1000 * press_stop(window, chance.randint(150, 250)))
        return Measured({"click": clicks, "stop": stops}, platform())


def click(window: MainWindow, place: tuple[float, float], milliseconds: int) -> float:
    """Seconds from a click that falls due in so many milliseconds until its probabilities have been painted."""
    plot, painted = window.boundary.plots[0], Painted(window.prediction.bars)

    def press() -> None:
        at = plot.widget.mapFromScene(plot.view_box.mapViewToScene(QPointF(*place)))
        QTest.mouseClick(plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=at)
        probe = window.studio.store.state.probe
        if probe is None or max(abs(probe - place)) > 0.02:
            raise RuntimeError("the click was not taken as a question")
        painted.wait()  # what is painted from here on shows the answer

    due = perf_counter() + milliseconds / 1000  # a moment that the event loop did not choose
    timer = after(milliseconds, press)
    wait_until(window, lambda: painted.at > 0)
    timer.stop()
    return painted.at - due


def press_stop(window: MainWindow, milliseconds: int) -> float:
    """Seconds from a press on the Stop button until the window's run has stopped."""
    bar = window.findChild(QToolBar, "Run")
    button, stopped = bar.widgetForAction(window.commands["stop"]), []

    def note(_state: object) -> None:
        if run_of(window).status == "stopped" and not stopped:
            stopped.append(perf_counter())

    window.studio.store.changed.connect(note)
    due = perf_counter() + milliseconds / 1000
    timer = after(milliseconds, lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton))
    wait_until(window, lambda: bool(stopped) and not window.studio.is_busy)
    window.studio.store.changed.disconnect(note)
    timer.stop()
    return stopped[0] - due


# --- alone ---------------------------------------------------------------------------------------------------------


def main() -> int:
    """Measure and print one line."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=SECONDS)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--size", default="x".join(map(str, SIZE)))
    options = arguments.parse_args()
    width, height = map(int, options.size.split("x"))
    alone, together, repaints, late = [], [], [], []
    with screen() as variables:
        os.environ |= variables
        with studio_window((width, height)) as window:
            for _ in range(options.rounds):
                alone.append(headless(window, options.seconds))
                speed, paints = live(window, options.seconds)
                together.append(speed)
                repaints.append(paints)
                late += delays(window, options.seconds)
            name = platform()
    late.sort()
    print(
        f"headless {median(alone):,.0f} epochs/s [{min(alone):,.0f}–{max(alone):,.0f}] · "
        f"live {median(together):,.0f} [{min(together):,.0f}–{max(together):,.0f}] · "
        f"kept {median(together) / median(alone):.0%} · {median(repaints):.1f} repaints/s · "
        f"event-loop delay p99 {1000 * late[int(0.99 * len(late))]:.1f} ms, longest {1000 * late[-1]:.1f} ms · {name}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
