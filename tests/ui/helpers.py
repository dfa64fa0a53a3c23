"""What the window's tests share: its state, and waiting for it."""

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
