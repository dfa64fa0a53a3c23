"""What has been imported, and how, when the window comes up; each in a fresh interpreter."""

import json
import subprocess
import sys

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
