"""Hands a fast gesture on at a pace that the window can follow."""

import math
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal, Slot

PAUSE_SECONDS = 0.04  # after each time, in which the window paints


class Pace(QObject):
    """Tells that it is `due` when it is asked, at once or after a pause; however often that was, once for all."""

    due = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._done_at = -math.inf
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tell)

    @property
    def waits(self) -> bool:
        """Whether it was asked and has not told yet."""
        return self._timer.isActive()

    def ask(self) -> None:
        """Something changed."""
        rest = PAUSE_SECONDS - (perf_counter() - self._done_at)
        if rest <= 0:
            self._timer.stop()
            self._tell()
        elif not self.waits:
            self._timer.start(math.ceil(1000 * rest))

    @Slot()
    def _tell(self) -> None:
        self.due.emit()
        self._done_at = perf_counter()
