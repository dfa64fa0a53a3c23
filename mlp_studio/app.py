"""The composition root: application, theme, store, studio, window."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import mlp_studio.ui  # noqa: F401 - before Qt: see mlp_studio/ui/libraries.py

# isort: split
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QApplication

from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.core.resources import resource
from mlp_studio.ui import errors, theme
from mlp_studio.ui.first_paint import FirstPaint
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.store import Store
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.warm_up import WarmUp

if TYPE_CHECKING:
    from mlp_studio.core.dataset import Floats
    from mlp_studio.core.trainer import Training
    from mlp_studio.ui.store import Status

LOADING_DELAY = 400  # milliseconds before the last session's data are loaded, where that is slow: the paint comes first


def make_application() -> QApplication:
    """The one QApplication, in the studio's style."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("MLP Studio")
    application.setOrganizationName("MLP Studio")
    application.setDesktopFileName("mlp-studio")
    application.setStyle("Fusion")
    QApplication.setFont(tab_font(), "QTabBar")  # type: ignore[arg-type] # it takes no bytes, whatever its stub says
    application.setWindowIcon(QIcon(str(resource("icons/mlp-studio.svg"))))
    return application


def tab_font() -> QFont:
    """A little smaller than other text: the names of all docks then fit where they are narrowest."""
    font = QApplication.font()
    font.setPointSizeF(0.88 * font.pointSizeF())
    return font


def make_window(settings: QSettings | None = None) -> MainWindow:
    """A window with the last experiment, or the first of all; call `show()`."""
    settings = settings or QSettings()
    memory = Memory(settings)
    theme.apply_scheme(memory.scheme)
    studio = Studio(Store())
    window = MainWindow(studio, settings)
    studio.setParent(window)
    studio.data.start(memory.experiment(LESSONS[FIRST_LESSON].experiment()), LOADING_DELAY)
    return window


def main(paths: list[str]) -> int:
    """Open the window, with the first of `paths` in it, and run until it is closed."""
    application = make_application()
    errors.remember()
    window = make_window()
    reporter = errors.FaultReporter(window)
    reporter.install()
    reporter.fault.connect(window.show_fault)
    warm_up = WarmUp(window, window.studio.store)
    first_paint = FirstPaint(window)
    first_paint.painted.connect(partial(_keep_safe, window))
    window.show()
    if paths:
        QTimer.singleShot(0, window, lambda: window.open_file(Path(paths[0])))
    code = application.exec()
    warm_up.end()
    return code


def _keep_safe(window: MainWindow) -> None:
    """Keep what a crash would lose; the window is painted already."""
    from mlp_studio.ui.places import data_folder

    window.keep_safe(data_folder())


def write_picture(path: Path, training: "Training", status: "Status", probe: "Floats | None" = None) -> None:
    """Draw the window with a finished training, asked about a point, into a PNG file, without a display."""
    if QApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    make_application()
    from tempfile import TemporaryDirectory

    folder = TemporaryDirectory()  # settings of its own: the picture shows the window as it comes
    window = make_window(QSettings(str(Path(folder.name) / "settings.ini"), QSettings.Format.IniFormat))
    window.studio.adopt(training, status)
    window.studio.ask(probe)
    window.docks["evaluation"].raise_()
    window.resize(1280, 800)
    window.show()
    loop = QEventLoop()
    QTimer.singleShot(300, loop.quit)  # long enough for the layout to settle and, mostly, the regions to be drawn
    loop.exec()
    if window.studio.is_busy:
        window.studio.idle.connect(loop.quit)
        loop.exec()
    saved = window.grab().save(str(path), "PNG")
    window.studio.shut_down()  # so that no one is asked whether to save it
    window.close()
    folder.cleanup()
    if not saved:
        raise OSError(f"{path} could not be written")
