"""The studio's window as the benchmarks drive it: opened with settings of its own, closed when they are done."""

from tests.benchmarks.timing import settle_threads

settle_threads()
import mlp_studio.ui  # noqa: F401 - before Qt, as the program does

# isort: split
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from time import perf_counter

from PySide6.QtCore import QEvent, QEventLoop, QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from mlp_studio.app import make_application, make_window
from mlp_studio.core.lessons import LESSONS
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.store import Run

ENDLESS = 10_000_000  # epochs
PATIENCE = 60.0  # seconds
SIZE = (1400, 900)


@contextmanager
def studio_window(size: tuple[int, int] = SIZE) -> Iterator[MainWindow]:
    """The window, shown and settled, with the spiral's experiment."""
    application = make_application()
    with TemporaryDirectory() as folder:
        window = make_window(QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat))
        window.resize(*size)
        window.show()
        spin(0.7)
        window.studio.set_experiment(LESSONS["numpy-mlp"].experiment())
        wait_until(window, lambda: not window.studio.is_busy)
        try:
            yield window
        finally:
            window.studio.shut_down()
            spin(0.1)
            window.close()
            application.processEvents()


def platform() -> str:
    """The Qt platform that the window is on."""
    return make_application().platformName()


def run_of(window: MainWindow) -> Run:
    """The present run."""
    run = window.studio.store.state.run
    if run is None:
        raise RuntimeError("there is no run")
    return run


def spin(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    timer = after(1000 * seconds, loop.quit)
    loop.exec()
    timer.stop()


def after(milliseconds: float, action: Callable[[], object]) -> QTimer:
    """Have something done in so many milliseconds, as punctually as Qt can; keep what comes back until then."""
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.timeout.connect(action)
    timer.start(round(milliseconds))
    return timer


def wait_until(window: MainWindow, holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Let the window live until something holds; it is looked at every few milliseconds."""
    loop, start, held = QEventLoop(), perf_counter(), False

    def look() -> None:
        nonlocal held
        held = held or holds()
        if held or perf_counter() - start > patience:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(10)
    loop.exec()
    timer.stop()
    if not held:
        run = run_of(window)
        raise RuntimeError(f"the window is {run.status} at epoch {run.epoch:,} after {patience:.0f} s of waiting")


def start_endless(window: MainWindow, seconds: float = 1.0) -> None:
    """Train the lesson's network from its start, without an end in sight; the first second is not what is measured."""
    window.studio.reset()
    window.studio.set("train.epochs", ENDLESS)
    spin(0.3)
    window.studio.train()
    spin(seconds)


def stop(window: MainWindow) -> None:
    """Stop, and wait until all is quiet."""
    window.studio.stop()
    wait_until(window, lambda: not run_of(window).active and not window.studio.is_busy)


class Delays:
    """How much later than asked (s) a 1 ms timer comes round: what any click would have to wait, too."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        """From now on."""
        self._last = perf_counter()
        self._timer.start(1)

    def end(self) -> list[float]:
        """The delays up to now, this moment's among them, in order of size."""
        self._tick()
        self._timer.stop()
        return sorted(self.seconds)

    def _tick(self) -> None:
        now = perf_counter()
        self.seconds.append(max(0.0, now - self._last - 0.001))
        self._last = now


class Painted(QObject):
    """Notes when a widget has been painted and the event loop has come round again; `shown` says so."""

    shown = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.at = 0.0
        self._waiting = False
        widget.installEventFilter(self)

    def wait(self) -> None:
        """For the next paint from now on."""
        self.at, self._waiting = 0.0, True

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """See it being painted."""
        if self._waiting and event.type() == QEvent.Type.Paint:
            self._waiting = False
            QTimer.singleShot(0, self._note)
        return False

    def _note(self) -> None:
        self.at = perf_counter()
        self.shown.emit()
