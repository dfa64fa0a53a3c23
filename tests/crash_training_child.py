"""The program that `tests.crash_training` kills: it restores what was kept, trains, and says how far it is."""

import json
import sys
import time
from pathlib import Path

from mlp_studio import app

# isort: split
import numpy as np
from PySide6.QtCore import QTimer

from mlp_studio.core.config import with_settings
from mlp_studio.ui import recovery
from mlp_studio.ui.main_window import MainWindow

ENDLESS = 1_000_000
folder, settings, every = Path(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3])
make = app.make_window
timer = QTimer()
state = {"step": "wait", "beats": None}


def tend() -> None:
    """Restore or set up, then train; the bar is pressed as a person would press it."""
    window: MainWindow = state["window"]
    studio = window.studio
    run = studio.store.state.run
    if state["step"] == "wait" and window.recovery is not None and window.recovery._place is not None:
        if hasattr(window, "recovery_bar"):
            window.recovery_bar.restore_button.click()
            state["step"] = "restore"
        else:
            studio.set_experiment(with_settings(studio.store.state.experiment, {**settings, "train.epochs": ENDLESS}))
            begin(window)
    elif state["step"] == "restore" and run.status == "paused":
        begin(window)
    elif state["step"] == "train":
        print(time.time(), run.epoch, file=state["beats"], flush=True)


def begin(window: MainWindow) -> None:
    """Say what there is, and train."""
    run, runner = window.studio.store.state.run, window.studio.runner
    standing = None if runner is None else runner.stand()
    latest = None if standing is None else standing.state.latest  # the weights within an epoch are nobody else's
    np.savez(
        folder / "half.npz",
        epoch=0 if latest is None else latest.epoch,
        weights=np.empty(0) if latest is None else latest.checkpoint.weights,
    )
    state["beats"] = (folder / "beats").open("w")
    print(time.time(), run.epoch, file=state["beats"], flush=True)
    (folder / "half.npz").rename(folder / "ready.npz")
    window.studio.train()
    state["step"] = "train"


def make_window() -> MainWindow:
    """The program's window, with somebody who uses it."""
    window = state["window"] = make()
    timer.timeout.connect(tend)
    timer.start(50)
    return window


if every:
    recovery.SECONDS = every
app.make_window = make_window
sys.exit(app.main([]))
