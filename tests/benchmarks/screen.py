"""Where the windows are measured: on the real xcb platform wherever that can be had."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SCREEN = "1600x1000x24"


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """The variables that put a window on a screen: of an Xvfb of its own, else of the present display, else offscreen.

    A platform that the person chose (QT_QPA_PLATFORM) stands.
    """
    if os.environ.get("QT_QPA_PLATFORM"):
        yield {}
    elif shutil.which("Xvfb"):
        with _server() as display:
            yield {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}
    elif sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield {}
    else:
        yield {"QT_QPA_PLATFORM": "offscreen"}


@contextmanager
def _server() -> Iterator[str]:
    """An Xvfb of its own; its DISPLAY. No reset: between two windows it would refuse the next for a moment."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            number = server.stdout.readline().strip() if server.stdout else ""
            if not number:
                raise RuntimeError("Xvfb did not start")
            yield f":{number}"
        finally:
            server.terminate()
