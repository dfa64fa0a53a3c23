"""What every test stands on: an offscreen Qt, one computing thread, its own settings, nothing left behind."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

UI_TESTS = Path(__file__).parent / "ui"
HOME_VARIABLES = {
    "HOME": "",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_CACHE_HOME": "cache",
    "APPDATA": "config",
    "LOCALAPPDATA": "data",
}


def _home_environment(home: Path) -> dict[str, str]:
    """Make the folders of a user who is new to the program; return the variables that lead there."""
    for folder in HOME_VARIABLES.values():
        (home / folder).mkdir(parents=True, exist_ok=True)
    return {variable: str(home / folder) for variable, folder in HOME_VARIABLES.items()}


# Set before any test module imports NumPy, torch or Qt, which read these once.
_session_home = tempfile.mkdtemp(prefix="mlp-studio-tests-")
atexit.register(shutil.rmtree, _session_home, ignore_errors=True)
os.environ |= _home_environment(Path(_session_home)) | {
    "QT_QPA_PLATFORM": "offscreen",
    "PYQTGRAPH_QT_LIB": "PySide6",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home folder of its own, so that no setting or recent file outlives it."""
    folder = tmp_path_factory.mktemp("home")
    for variable, value in _home_environment(folder).items():
        monkeypatch.setenv(variable, value)
    return folder


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, home: Path) -> Iterator[None]:
    """Fail a test of the window that leaves a running thread, an active timer or a visible window."""
    if UI_TESTS not in request.path.parents:
        yield
        return
    _qsettings_in(home / "config")
    gc.disable()  # else windows of earlier tests may be destroyed within a call of Qt's, which waits for its own lock
    yield
    leftovers = _leftovers()
    request.node.funcargs.clear()  # else the test's window is still held, and so frozen for good
    gc.collect()
    gc.freeze()  # what is left is not looked at again: each collection is a matter of milliseconds
    gc.enable()
    assert not leftovers, f"left behind: {', '.join(leftovers)}"


def _qsettings_in(folder: Path) -> None:
    from PySide6.QtCore import QSettings

    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    for settings_format in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
        QSettings.setPath(settings_format, QSettings.Scope.UserScope, str(folder))


def _leftovers() -> list[str]:
    """Name what is still running or showing, and end it, so that the next test starts clean."""
    import shiboken6
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return []
    # pytest-qt has closed what it knows; deleteLater() needs an event loop, which a test has not.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    alive = shiboken6.getAllValidWrappers()
    found: list[str] = []
    for thread in (item for item in alive if isinstance(item, QThread)):
        if thread != app.thread() and thread.isRunning():
            found.append(f"running thread {thread!r}")
            thread.requestInterruption()
            thread.quit()
            thread.wait(3000)
    for timer in (item for item in alive if isinstance(item, QTimer)):
        if timer.isActive():
            found.append(f"active timer {timer!r} of {timer.parent()!r}")
            timer.stop()
    for widget in app.topLevelWidgets():
        if widget.isVisible():
            found.append(f"visible window {widget!r}")
            widget.hide()
            widget.deleteLater()
    return found
