"""What follows the first paint: the log file and the slow libraries, so that the first use of them does not wait."""

import gc

from PySide6.QtCore import QThread, QTimer, Slot
from PySide6.QtWidgets import QWidget

from mlp_studio.core import heavy
from mlp_studio.ui import errors
from mlp_studio.ui.first_paint import FirstPaint
from mlp_studio.ui.store import Store

DELAY, POLL = 100, 200  # milliseconds: from the first paint to the imports; from one look at the training to the next


class WarmUp(QThread):
    """Opens the log file and imports the slow libraries, in a thread and one after the other.

    Not beside a training: its thread and the window have the interpreter to themselves then. (A training that needs
    torch imports it.) With scikit-learn and pandas imported beside it, the window stood still for up to 70 ms.
    """

    def __init__(self, window: QWidget, store: Store) -> None:
        super().__init__()
        self._store = store
        self._first_paint = FirstPaint(window)
        self._first_paint.painted.connect(self._begin)

    @Slot()
    def _begin(self) -> None:
        # The window is there to stay: the collector of cycles, off until now, need never look through it.
        gc.freeze()
        gc.enable()
        QTimer.singleShot(DELAY, self, self.start)

    def run(self) -> None:
        """Import; a library that is missing is told of when it is asked for."""
        errors.start_log()
        for name in ("torch", "sklearn.datasets", "pandas"):
            while self._is_training() and not self.isInterruptionRequested():
                self.msleep(POLL)
            if self.isInterruptionRequested():
                return
            try:
                heavy.load(name)
            except ImportError:
                errors.log.info("%s is not installed", name)

    def _is_training(self) -> bool:
        run = self._store.state.run
        return run is not None and run.active

    def end(self) -> None:
        """Wait for the library that is being imported, and leave the others."""
        self.requestInterruption()
        self.wait()
