"""What computes a training: the device and the threads, in the form and in the status bar."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel

from mlp_studio.core import threads
from mlp_studio.core.devices import DEVICES, Device
from mlp_studio.ui.panels.status import StatusLine
from tests.ui.helpers import run_of, state_of, wait_for_epoch, wait_for_status

# the offscreen platform says so of every list that opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing the keyboard)", extend=True)


@pytest.fixture
def devices(monkeypatch):
    """One GPU that is there, before the window is made."""
    there = []
    monkeypatch.setitem(DEVICES, "toy", Device("Toy GPU", lambda _torch: bool(there)))
    return there


@pytest.fixture
def device_box(devices, window) -> QComboBox:
    return window.findChild(QComboBox, "train.device")


def offered(box: QComboBox) -> set[str]:
    box.showPopup()
    view = box.view()
    names = {box.itemData(row) for row in range(box.count()) if not view.isRowHidden(row)}
    box.hidePopup()
    return names


def test_a_device_is_offered_as_soon_as_torch_finds_it(qtbot, devices, device_box, window):
    import torch  # noqa: F401 - the window is told nothing before it is imported

    window.studio.set("model.backend", "torch")
    assert "cpu" in offered(device_box)
    assert "toy" not in offered(device_box)
    devices.append(True)
    assert "toy" in offered(device_box)


def test_arrow_keys_find_no_device_that_is_not_there(qtbot, device_box, window):
    window.studio.set("model.backend", "torch")
    here = {"cpu"} | {name for name in offered(device_box) if name != "toy"}
    for _ in DEVICES:
        qtbot.keyClick(device_box, Qt.Key.Key_Down)
    assert state_of(window).experiment.train.device in here


def test_for_the_numpy_backend_the_device_is_fixed_and_says_why(device_box, window):
    window.studio.set("model.backend", "numpy")
    assert not device_box.isEnabled()
    assert "The NumPy backend computes on the CPU." in device_box.toolTip()
    window.studio.set("model.backend", "torch")
    assert device_box.isEnabled()


def test_a_device_that_is_not_there_ends_the_training_with_a_sentence(qtbot, devices, device_box, window):
    window.studio.set("model.backend", "torch")
    window.studio.set("train.device", "toy")
    window.studio.train()
    wait_for_status(qtbot, window, "failed")
    assert run_of(window).message == "PyTorch finds no Toy GPU here: choose CPU as the device."
    window.studio.set("model.backend", "numpy")
    assert device_box.isEnabled()  # there is a way back
    window.studio.set("train.device", "cpu")
    assert not device_box.isEnabled()


def test_the_status_bar_says_how_many_threads_are_at_it(qtbot, window, monkeypatch):
    line = window.findChild(StatusLine).summary
    assert isinstance(line, QLabel)
    window.studio.set("train.epochs", 10_000_000)
    window.studio.train()
    wait_for_epoch(qtbot, window, 1)
    qtbot.waitUntil(lambda: "1 thread ·" in line.text())
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")
    assert "thread" not in line.text()

    monkeypatch.setattr(threads, "cores", lambda: 2)
    window.studio.set("train.threads", 2)
    window.studio.train()
    qtbot.waitUntil(lambda: "2 threads ·" in line.text())
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")
    threads.limit_blas(1)
