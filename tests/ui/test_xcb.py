"""The window on the real xcb platform, under Xvfb, with real mouse and key events from outside the process."""

import json
import os
import subprocess
import sys

import pytest

DRIVER = """
import json, sys
from PySide6.QtCore import QEventLoop, QPointF, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from mlp_studio.app import make_application, make_window

def spin(milliseconds):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()

application = make_application()
window = make_window(QSettings(sys.argv[1], QSettings.Format.IniFormat))
window.resize(1280, 800)
window.show()
QTest.qWaitForWindowExposed(window)
window.activateWindow()
QTest.qWaitForWindowActive(window)
studio, plot = window.studio, window.boundary.plots[0]
studio.set("train.epochs", 1_000_000)
spin(300)
QTest.keyClick(window, Qt.Key.Key_Space)
spin(1500)
while_running = studio.store.state.run
scene = plot.view_box.mapViewToScene(QPointF(0.1, 0.1))
QTest.mouseClick(plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=plot.widget.mapFromScene(scene))
probe = studio.store.state.probe.tolist()
QTest.keyClick(window, Qt.Key.Key_Space)
spin(500)
screen = application.primaryScreen().grabWindow(0).toImage()
place = plot.widget.viewport().mapToGlobal(plot.widget.mapFromScene(plot.view_box.mapViewToScene(QPointF(0.9, 0.9))))
pixel = screen.pixelColor(place)
run = studio.store.state.run
box, size = run.raster.box, run.raster.indices.shape[0]
column = int((0.9 - box.u_low) / (box.u_high - box.u_low) * size)
row = int((0.9 - box.v_low) / (box.v_high - box.v_low) * size)
expected = plot.image.colours[run.raster.indices[row, column]].tolist()
print(json.dumps({
    "platform": application.platformName(),
    "running": while_running.status,
    "repaints": window.boundary.repaints,
    "probe": probe,
    "answer": window.prediction.answer.text(),
    "paused": run.status,
    "epoch": run.epoch,
    "pixel": [pixel.red(), pixel.green(), pixel.blue()],
    "expected": expected,
}))
window.close()
"""


@pytest.fixture
def display():
    """An X server of its own; its number."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()
    yield number
    server.terminate()
    server.wait()


def test_the_window_trains_paints_and_answers_on_xcb(display, tmp_path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{display}"}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path / "settings.ini")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["platform"] == "xcb"
    assert seen["running"] == "running"
    assert seen["repaints"] > 10
    assert seen["probe"] == pytest.approx([0.1, 0.1], abs=0.01)
    assert seen["answer"].startswith("c")
    assert seen["paused"] == "paused"
    assert seen["epoch"] > 100
    assert seen["pixel"] == pytest.approx(seen["expected"], abs=12)
