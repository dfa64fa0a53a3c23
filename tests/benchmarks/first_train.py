"""The first Train after the start, with the PyTorch backend: how long the window stalls while torch is imported.

A fresh process each time, started as the program is. As soon as the window is painted, PyTorch is chosen and Train
pressed, before the warm-up has come to torch; then the event loop's longest delay is taken until the network trains.
"""

from tests.benchmarks.timing import Effort, Measured, settle_threads

settle_threads()
import mlp_studio.ui  # noqa: F401 - before Qt, as the program does

# isort: split
import os
import subprocess
import sys
from time import perf_counter

from mlp_studio import __main__, app
from mlp_studio.app import make_window
from mlp_studio.ui.main_window import MainWindow
from tests.benchmarks.startup import new_user
from tests.benchmarks.window import Delays, Painted, platform, run_of, spin, wait_until

ROUNDS = 5
AFTERWARDS = 0.7  # seconds: the first frames of the training are watched too
MARK = "stall"


def stalls(effort: Effort) -> Measured:
    """The longest delay (ms) of each fresh process."""
    longest, platform, seconds = [], "", []
    with new_user():
        del os.environ["PYTHONPYCACHEPREFIX"]  # to compile all of torch is not what is measured
        for _ in range(min(ROUNDS, effort.rounds)):
            stall, taken, platform = fresh_process()
            longest.append(stall)
            seconds.append(taken)
    return Measured({"longest": longest}, f"{platform}, trains after {max(seconds):.1f} s")


def fresh_process() -> tuple[float, float, str]:
    """The longest delay (ms) of one process, the seconds from Train to the first epochs, and its Qt platform."""
    command = [sys.executable, "-m", "tests.benchmarks.first_train"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    told = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not told:
        raise RuntimeError(f"the first training was not seen: {done.stderr}")
    milliseconds, seconds, platform = told[0]
    return float(milliseconds), float(seconds), platform


def press_train(window: MainWindow) -> None:
    """Choose PyTorch, press Train, and tell the event loop's longest delay until some time after the first epochs."""
    if "torch" in sys.modules:
        raise RuntimeError("torch was imported before Train could be pressed")
    late, start = Delays(), perf_counter()
    late.begin()
    window.studio.set("model.backend", "torch")
    window.commands["train"].trigger()
    wait_until(window, lambda: run_of(window).epoch > 0)
    seconds = perf_counter() - start
    spin(AFTERWARDS)
    print(MARK, 1000 * late.end()[-1], seconds, platform(), flush=True)
    os._exit(0)


def main() -> int:
    """Start the program as a person does, and press Train as soon as it is painted."""
    kept = []

    def make_watched(*arguments: object) -> MainWindow:
        window = make_window(*arguments)
        painted = Painted(window.boundary.plots[0].widget.viewport())
        painted.shown.connect(lambda: press_train(window))
        painted.wait()
        kept.append(painted)
        return window

    app.make_window = make_watched
    return __main__.main([])


if __name__ == "__main__":
    sys.exit(main())
