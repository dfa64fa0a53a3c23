"""Short pieces of work off the GUI thread: loading data, a raster while nothing trains."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from mlp_studio.core.errors import CancelledError, StudioError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Order:
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[str], None]


class _Job(QThread):
    """Runs one order; the outcome waits in `result` or `error` until the thread has finished."""

    def __init__(self, key: str, order: _Order, parent: QObject) -> None:
        super().__init__(parent)
        self.key = key
        self.order = order
        self.result: Any = None
        self.error = ""
        self.was_cancelled = False

    def run(self) -> None:
        """Do the work (in this thread) and keep what came of it."""
        try:
            self.result = self.order.work()
        except CancelledError:
            self.was_cancelled = True
        except StudioError as error:
            self.error = str(error)
        except Exception as error:
            log.exception("a job failed: %s", self.key)
            self.error = f"That did not work ({type(error).__name__}); Help → Copy diagnostics has the details."


def interrupted() -> bool:
    """Whether the job that asks should end soon, as the program is closing."""
    return QThread.currentThread().isInterruptionRequested()


class Jobs(QObject):
    """Runs at most one job of each key at a time; of those that wait for it, the newest wins.

    `done(result)` and `failed(sentence)` are called in the GUI thread; neither for work that was cancelled.
    """

    ended = Signal()  # a job has ended, and its outcome been handed over

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, _Job] = {}
        self._waiting: dict[str, _Order] = {}
        self._closed = False

    def start(
        self, key: str, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]
    ) -> None:
        """Do `work` in a thread, now or when the job of the same key that is under way has ended."""
        if self._closed:
            return
        order = _Order(work, done, failed)
        if key in self._running:
            self._waiting[key] = order
            return
        job = _Job(key, order, self)
        self._running[key] = job
        job.finished.connect(self._ended)
        job.start()

    @property
    def active(self) -> bool:
        """Whether any job is under way."""
        return bool(self._running)

    def refuse(self) -> None:
        """Take no more orders, forget what waits, and ask what runs to end soon."""
        self._closed = True
        self._waiting.clear()
        for job in self._running.values():
            job.requestInterruption()

    def busy(self, key: str) -> bool:
        """Whether a job of this key is under way."""
        return key in self._running

    def close(self, milliseconds: int = 3000) -> bool:
        """Take no more orders, forget what waits, and wait for what runs; whether all ended in time."""
        self.refuse()
        return all(job.wait(milliseconds) for job in list(self._running.values()))

    @Slot()
    def _ended(self) -> None:
        job = self.sender()
        if not isinstance(job, _Job):
            return
        job.wait()  # `finished` comes a moment before the thread has ended
        del self._running[job.key]
        job.deleteLater()
        following = self._waiting.pop(job.key, None)
        if following is not None:
            self.start(job.key, following.work, following.done, following.failed)
        try:
            if job.error:
                job.order.failed(job.error)
            elif not self._closed and not job.was_cancelled:
                job.order.done(job.result)
        finally:
            self.ended.emit()
