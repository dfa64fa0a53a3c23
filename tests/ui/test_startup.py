"""What has been imported, and how, when the window comes up, and what follows; much of it in a fresh interpreter."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mlp_studio.app import make_window
from mlp_studio.core import heavy
from mlp_studio.ui import errors
from mlp_studio.ui.first_paint import FirstPaint
from mlp_studio.ui.warm_up import WarmUp

LIBRARIES = """
import builtins, json, sys
plain = builtins.__import__
import mlp_studio.ui
from PySide6 import QtCore, QtGui, QtWidgets
from pyqtgraph import Qt
pairs = ((QtCore, Qt.QtCore), (QtGui, Qt.QtGui), (QtWidgets, Qt.QtWidgets))
print(json.dumps({
    "hooked": builtins.__import__ is not plain,
    "made": "QWizard" in vars(QtWidgets) or "QWizard" in vars(Qt.QtWidgets),
    "listed": "QWizard" in dir(QtWidgets),
    "differ": [name for ours, theirs in pairs for name in dir(ours)
               if not name.startswith("__") and getattr(theirs, name) is not getattr(ours, name)],
    "names": sum(len(dir(ours)) for ours, _ in pairs),
    "none": hasattr(Qt.QtWidgets, "QNoSuchThing"),
}))
"""


def fresh(code: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_libraries_come_without_hook_and_without_every_class_and_nothing_is_missing():
    found = fresh(LIBRARIES)
    assert found.pop("names") > 600
    assert found == {"hooked": False, "made": False, "listed": True, "differ": [], "none": False}


START = """
import gc, json, sys
from PySide6.QtCore import QTimer
from mlp_studio import app
from mlp_studio.__main__ import main
from mlp_studio.ui import warm_up
from mlp_studio.ui.first_paint import FirstPaint

LARGE = ("torch", "pandas", "sklearn", "scipy")
found = {"painted": [], "before": None, "after": None}

def look():
    found["painted"].append([name for name in LARGE if name in sys.modules])

def look_again():
    found["after"] = {"collects": gc.isenabled(), "kept": gc.get_freeze_count() > 10_000}
    QTimer.singleShot(0, window.close)

def make_window():
    global window, paint
    found["before"] = {"collects": gc.isenabled()}
    window = make()
    paint = FirstPaint(window)
    paint.painted.connect(look)
    QTimer.singleShot(0, lambda: QTimer.singleShot(warm_up.DELAY // 2, look_again))
    return window

make, app.make_window = app.make_window, make_window
found["code"] = main([])
print(json.dumps(found))
"""


def test_the_window_is_painted_before_any_large_library_is_imported():
    found = fresh(START)
    assert found["painted"] == [[]]
    assert found["before"] == {"collects": False}
    assert found["after"] == {"collects": True, "kept": True}
    assert found["code"] == 0


def test_first_paint_tells_once(qtbot):
    from PySide6.QtWidgets import QLabel

    label = QLabel("painted")
    qtbot.addWidget(label)
    told = []
    FirstPaint(label).painted.connect(lambda: told.append(label.isVisible()))
    qtbot.wait(20)
    assert told == []
    label.show()
    qtbot.waitUntil(lambda: told == [True])
    label.repaint()
    qtbot.wait(20)
    assert told == [True]


def test_regions_are_drawn_when_the_window_is_up_and_not_before(qtbot, settings):
    window = make_window(settings)
    qtbot.addWidget(window)
    qtbot.wait(20)
    assert window.studio.portrayer.view is None
    assert not window.studio.jobs.busy("raster")
    window.show()
    qtbot.waitUntil(lambda: window.studio.store.state.run.raster is not None)
    assert window.studio.portrayer.view.box == window.boundary.box
    assert window.studio.shut_down(20_000)


class Imports:
    """Stands in for `heavy.load`: notes the names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if name == "torch":
            raise ImportError(name)


@pytest.fixture
def imports(monkeypatch) -> Imports:
    noted = Imports()
    monkeypatch.setattr(heavy, "load", noted)
    monkeypatch.setattr(errors, "start_log", lambda: None)
    return noted


def store_with(*, active: bool) -> SimpleNamespace:
    return SimpleNamespace(state=SimpleNamespace(run=SimpleNamespace(active=active)))


def test_the_warm_up_waits_while_a_network_trains_and_passes_over_a_missing_library(qtbot, imports):
    from PySide6.QtWidgets import QWidget

    window, store = QWidget(), store_with(active=True)
    qtbot.addWidget(window)
    warm_up = WarmUp(window, store)
    window.show()
    qtbot.waitUntil(warm_up.isRunning)
    qtbot.wait(50)
    assert imports.names == []
    store.state = store_with(active=False).state
    qtbot.waitUntil(warm_up.isFinished)
    assert imports.names == ["torch", "sklearn.datasets", "pandas"]


def test_the_warm_up_ends_at_once_where_it_only_waits(qtbot, imports):
    from PySide6.QtWidgets import QWidget

    window = QWidget()
    qtbot.addWidget(window)
    warm_up = WarmUp(window, store_with(active=True))
    window.show()
    qtbot.waitUntil(warm_up.isRunning)
    warm_up.end()
    assert warm_up.isFinished()
    assert imports.names == []
