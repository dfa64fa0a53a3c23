"""What the window costs the training: epochs/s with it visible and repainting, against headless, in one process.

    python tests/benchmarks/live.py [--seconds 4] [--rounds 3]

The two are measured in alternation, the same experiment (the lesson's spiral), and the medians compared. Prints one
line of figures and exits 1 where a target is missed: at least 20 boundary repaints/s, at least 80 % of the speed.
"""

import argparse
import os
import sys
from dataclasses import replace
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer

from mlp_studio.app import make_application, make_window
from mlp_studio.core.config import with_settings
from mlp_studio.core.events import EpochEnd
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trainer import Training
from mlp_studio.ui.main_window import MainWindow

ENDLESS = 10_000_000
REPAINTS_PER_SECOND, SHARE_KEPT = 20, 0.8


def headless(prepared: Prepared, seconds: float) -> float:
    """Epochs per second of the training alone."""
    experiment = with_settings(LESSONS["numpy-mlp"].experiment(), {"train.epochs": ENDLESS})
    training = Training(experiment, prepared)
    start, epochs = perf_counter(), 0
    for event in training.run():
        epochs += isinstance(event, EpochEnd)
        if perf_counter() - start > seconds:
            break
    return epochs / (perf_counter() - start)


def spin(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def event_loop_delays(seconds: float) -> list[float]:
    """How much later than asked (s) a 1 ms timer comes round: apart from the rest, as it costs the training too."""
    delays: list[float] = []
    last = perf_counter()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        nonlocal last
        now = perf_counter()
        delays.append(now - last - 0.001)
        last = now

    timer.timeout.connect(tick)
    timer.start(1)
    spin(seconds)
    timer.stop()
    return delays


def live(window: MainWindow, seconds: float) -> tuple[float, float, list[float]]:
    """Epochs per second and boundary repaints per second with the window visible; the event loop's delays."""
    studio = window.studio
    studio.reset()
    studio.set("train.epochs", ENDLESS)
    spin(0.3)
    studio.train()
    spin(0.7)  # the start is not what is measured
    epoch, repaints, start = studio.store.state.run.epoch, window.boundary.repaints, perf_counter()
    spin(seconds)
    wall = perf_counter() - start
    run = studio.store.state.run
    figures = ((run.epoch - epoch) / wall, (window.boundary.repaints - repaints) / wall, event_loop_delays(seconds))
    studio.stop()
    spin(0.3)
    return figures


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=4.0)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--size", default="1400x900")
    options = arguments.parse_args()

    application = make_application()
    folder = TemporaryDirectory()
    window = make_window(QSettings(f"{folder.name}/settings.ini", QSettings.Format.IniFormat))
    window.resize(*map(int, options.size.split("x")))
    window.show()
    spin(0.5)
    prepared = replace(window.studio.store.state.prepared)
    alone, together, repaints, delays = [], [], [], []
    for _ in range(options.rounds):
        alone.append(headless(prepared, options.seconds))
        speed, paints, late = live(window, options.seconds)
        together.append(speed)
        repaints.append(paints)
        delays += late
    window.studio.shut_down()
    window.close()
    application.processEvents()
    share = median(together) / median(alone)
    delays.sort()
    print(
        f"headless {median(alone):,.0f} epochs/s [{min(alone):,.0f}–{max(alone):,.0f}] · "
        f"live {median(together):,.0f} [{min(together):,.0f}–{max(together):,.0f}] · kept {share:.0%} · "
        f"{median(repaints):.1f} repaints/s · event-loop delay p99 {1000 * delays[int(0.99 * len(delays))]:.1f} ms, "
        f"longest {1000 * delays[-1]:.1f} ms · {application.platformName()}"
    )
    return 0 if share >= SHARE_KEPT and median(repaints) >= REPAINTS_PER_SECOND else 1


if __name__ == "__main__":
    sys.exit(main())
