"""Faults of the program go to the log and to the window's bar, and never end it."""

import logging
import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QStandardPaths, Signal

from mlp_studio.core import heavy

log = logging.getLogger("mlp_studio")

_recent: deque[str] = deque(maxlen=200)


class _Recent(logging.Handler):
    """Keeps the last lines for "Copy diagnostics"."""

    def emit(self, record: logging.LogRecord) -> None:
        _recent.append(self.format(record))


class FaultReporter(QObject):
    """Turns an exception that nobody caught into a log entry and a sentence for the window.

    The hooks run in whatever thread failed, so they only log and emit; the signal is queued to the window.
    """

    fault = Signal(str)

    def install(self) -> None:
        """Take over the interpreter's hooks."""
        sys.excepthook = self._caught
        threading.excepthook = lambda args: self._caught(args.exc_type, args.exc_value, args.exc_traceback)

    def _caught(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        log.error("uncaught exception\n%s", "".join(traceback.format_exception(kind, error, trace)))
        self.fault.emit(
            f"Something went wrong in the program ({kind.__name__}: {error}). Your work is still here; "
            "Help → Copy diagnostics has the details."
        )


_FORM = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


def remember() -> None:
    """Keep the last log lines in memory, from the start."""
    handler = _Recent()
    handler.setFormatter(_FORM)
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def start_log() -> Path:
    """Log to a file in the platform's data folder too; its path."""
    heavy.load("logging.handlers")  # imports sockets and queues: not before the window is up
    from logging.handlers import RotatingFileHandler

    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation))
    file = folder / "mlp-studio.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True)
    except OSError:  # a home that cannot be written to: the last lines are still kept in memory
        log.warning("no log file can be written in %s", folder)
    else:
        handler.setFormatter(_FORM)
        log.addHandler(handler)
    return file


def diagnostics() -> str:
    """Versions and the last lines of the log, to paste into a report."""
    from mlp_studio.core.diagnostics import versions_block  # not needed before the window is up

    return "\n".join([versions_block(), "", *_recent])
