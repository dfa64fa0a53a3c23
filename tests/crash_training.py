"""Kills the program while it trains, at random moments, and has it restore what it kept.

    python -m tests.crash_training [--kills 20] [--longest 45] [--seed 0]

Each round starts the real program without a display, restores what the last one left behind (by the bar's own
button), trains on, and ends with `kill -9` after a random time. It fails where more than 30 s are lost, or where the
weights that come back are not, bit for bit, those that a training that was never interrupted has at that epoch.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

MOST_LOST = 30.0  # seconds
SETTINGS = {"model.hidden": "32, 32", "model.dropout": 0.1, "train.batch_size": 64, "train.optimizer": "adam"}
START_SECONDS = 120.0


def main() -> int:
    """Kill, restore, compare. The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=45.0, help="seconds from the start of training to the kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=float, default=0.0, help="keep so often, in seconds, rather than as usual")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlp-studio-crash-") as folder:
        return check(Path(folder), options.kills, options.longest, options.seed, options.every)


def check(folder: Path, kills: int, longest: float, seed: int, every: float = 0.0) -> int:
    """So many kills; 0 where all went well."""
    rng, worst = np.random.default_rng(seed), 0.0
    restored: list[tuple[int, np.ndarray]] = []
    last = Life([], 0.0)
    for kill in range(kills + 1):
        with Program(folder, every) as program:
            if kill:
                restored.append(program.restored())
                lost = last.lost(restored[-1][0])
                worst = max(worst, lost)
                epochs = f"{last.beats[-1][1]:,} epochs, {restored[-1][0]:,} came back"
                print(f"kill {kill}: {epochs}, {lost:.1f} s lost", flush=True)
            if kill < kills:
                time.sleep(rng.uniform(0.0, longest))
                last = program.kill()
    if worst > MOST_LOST:
        print(f"{worst:.1f} s were lost, more than {MOST_LOST:g}")
        return 1
    for epoch, weights in restored:
        if epoch and not np.array_equal(weights, weights_at(epoch)):
            print(f"the weights that came back are not those of epoch {epoch:,}")
            return 1
    print(f"{kills} kills: at most {worst:.1f} s lost, all weights those of a training that was never interrupted")
    return 0


@dataclass(frozen=True)
class Life:
    """From one start to its kill: the epochs, and when they were there; when it was killed."""

    beats: list[tuple[float, int]]
    end: float

    def lost(self, epoch: int) -> float:
        """The seconds between the last sight of this epoch and the end."""
        return self.end - max((moment for moment, seen in self.beats if seen <= epoch), default=self.beats[0][0])


class Program:
    """The program in a process of its own, with settings and data folders in `folder`."""

    def __init__(self, folder: Path, every: float) -> None:
        self._folder = folder
        homes = {name: str(folder / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        platform = {"HOME": str(folder), "QT_QPA_PLATFORM": "offscreen", "PYQTGRAPH_QT_LIB": "PySide6"}
        environment = os.environ | homes | threads | platform
        for name in ("ready.npz", "beats"):
            (folder / name).unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.crash_training_child", str(folder), json.dumps(SETTINGS), str(every)]
        self._process = subprocess.Popen(command, env=environment)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while not (self._folder / "ready.npz").is_file():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the program did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()

    def restored(self) -> tuple[int, np.ndarray]:
        """The epoch and the weights that came back."""
        with np.load(self._folder / "ready.npz") as found:
            return int(found["epoch"]), found["weights"]

    def kill(self) -> Life:
        """End it as a crash does."""
        os.kill(self._process.pid, signal.SIGKILL)
        end = time.time()
        self._process.wait()
        lines = (self._folder / "beats").read_text().split("\n")[:-1]
        return Life([(float(moment), int(epoch)) for moment, epoch in map(str.split, lines)], end)


_reference: dict[str, object] = {}


def weights_at(epoch: int) -> np.ndarray:
    """The weights of a training that was never interrupted; epochs are asked for in turn."""
    from mlp_studio.core.compare import load_prepared
    from mlp_studio.core.config import with_settings
    from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
    from mlp_studio.core.trainer import Training

    if not _reference:
        experiment = with_settings(LESSONS[FIRST_LESSON].experiment(), SETTINGS)
        _reference["training"] = Training(experiment, load_prepared(experiment))
    training = _reference["training"]
    assert isinstance(training, Training)
    for _ in training.run(until=epoch):
        pass
    return training.state().latest.checkpoint.weights


if __name__ == "__main__":
    sys.exit(main())
