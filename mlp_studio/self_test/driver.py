"""Drives the real window as a person does, and waits for what comes of it."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from types import TracebackType

import numpy as np

from mlp_studio.app import make_application, make_window  # before Qt

# isort: split
from PySide6.QtCore import QEventLoop, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.network import Params
from mlp_studio.self_test import CheckError
from mlp_studio.ui.main_window import MainWindow
from mlp_studio.ui.scribe import Taken
from mlp_studio.ui.store import Run, State

PATIENCE = 120.0  # seconds: the machine may be slow, and the first use of a library takes its time


class Driver:
    """The window, made by the first check, and the folder that files go to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._window: MainWindow | None = None
        self.networks: dict[str, Params] = {}  # what each backend has trained
        self._faults: list[str] = []
        sys.excepthook = self._caught  # exceptions in slots come here

    def open_window(self) -> MainWindow:
        """Make and show the window, with settings of its own."""
        make_application()
        settings = QSettings(str(self.folder / "settings.ini"), QSettings.Format.IniFormat)
        self._window = make_window(settings)
        self._window.resize(1280, 800)
        self._window.show()
        return self._window

    @property
    def window(self) -> MainWindow:
        """The window; raises CheckError where it could not be made."""
        if self._window is None:
            raise CheckError("There is no window.")
        return self._window

    @property
    def state(self) -> State:
        """What the window shows."""
        return self.window.studio.store.state

    @property
    def run(self) -> Run:
        """The present run."""
        if self.state.run is None:
            raise CheckError("There is no run.")
        return self.state.run

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Let the window live until the condition holds; raises CheckError where it never does."""
        loop, end = QEventLoop(), perf_counter() + PATIENCE
        timer = QTimer()
        timer.timeout.connect(loop.quit)
        timer.start(10)
        while not condition():
            if perf_counter() > end:
                raise CheckError(f"{what} did not come to pass within {PATIENCE:.0f} s.")
            loop.exec()

    def set(self, settings: dict[str, object]) -> Experiment:
        """Change settings, and wait for the data and the weights that they give."""
        self.window.studio.set_experiment(with_settings(self.state.experiment, settings))
        self.wait(lambda: self.state.is_ready and not self.window.studio.is_busy, "A new experiment")
        return self.state.experiment

    def press(self, command: str) -> None:
        """Click a button of the toolbar with the mouse."""
        action = self.window.commands[command]
        buttons = [button for button in self.window.findChildren(QToolButton) if button.defaultAction() is action]
        QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    def train(self) -> Run:
        """Press Train, and wait for the end."""
        self.press("train")
        done = ("finished", "diverged", "failed", "stopped")
        self.wait(lambda: self.run.status in done and not self.window.studio.is_busy, "The end of the training")
        if self.run.status != "finished":
            raise CheckError(self.run.message or f"The training ended as “{self.run.status}”.")
        return self.run

    def place(self, u: float, v: float) -> QPoint:
        """Where (u, v) of the plane is drawn, in pixels of the plot."""
        plot = self.window.boundary.plots[0]
        place: QPoint = plot.widget.mapFromScene(plot.view_box.mapViewToScene(QPointF(u, v)))
        return place

    def click_plane(self, u: float, v: float) -> None:
        """Click the picture at (u, v) of the plane."""
        viewport, place = self.window.boundary.plots[0].widget.viewport(), self.place(u, v)
        QTest.mouseMove(viewport, place)
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)

    def take_down(self) -> KeptRun:
        """The present run with all that it needs to go on, as a project keeps it."""
        taken: list[Taken] = []
        self.window.desk.scribe.take_down(taken.append)
        self.wait(lambda: bool(taken), "An answer of the training")
        if taken[0].run is None:
            raise CheckError("There is no run to take along.")
        return taken[0].run

    @property
    def complaint(self) -> str:
        """What the bar above the picture says is wrong, or ""."""
        notice = self.state.notice
        return notice.text if notice is not None and notice.is_error else ""

    def see_to_faults(self) -> None:
        """Raise CheckError where something failed behind the scenes since the last time."""
        faults, self._faults = self._faults, []
        if faults:
            raise CheckError(faults[0])

    def _caught(self, kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
        self._faults.append(f"{kind.__name__}: {error}")


def pixels(widget: QWidget, places: list[QPoint]) -> np.ndarray:
    """The colours (n, 3) that a widget paints at these places."""
    picture = widget.grab().toImage()
    ratio = picture.devicePixelRatio()
    colours = [picture.pixelColor(round(place.x() * ratio), round(place.y() * ratio)) for place in places]
    return np.array([[colour.red(), colour.green(), colour.blue()] for colour in colours], dtype=int)
