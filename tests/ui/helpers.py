"""What the window's tests share: its state, and waiting for it."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.store import Run, State

SECONDS = 20_000  # milliseconds: generous, as the machine may be busy


def state_of(window: MainWindow) -> State:
    return window.studio.store.state


def run_of(window: MainWindow) -> Run:
    run = state_of(window).run
    assert run is not None
    return run


def wait_for_status(qtbot, window: MainWindow, *statuses: str) -> None:
    qtbot.waitUntil(lambda: run_of(window).status in statuses and not window.studio.is_busy, timeout=SECONDS)


def wait_for_epoch(qtbot, window: MainWindow, epoch: int) -> None:
    qtbot.waitUntil(lambda: run_of(window).epoch >= epoch, timeout=SECONDS)


def drop(window: MainWindow, *paths: Path) -> QDropEvent:
    """Drop files on the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(400, 300), copy, mime, left, none)
    window.dropEvent(event)
    return event
