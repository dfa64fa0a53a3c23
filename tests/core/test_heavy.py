"""Importing a large library beside a thread that must go on."""

import gc
import json
import subprocess
import sys

import pytest

from mlp_studio.core import heavy

# Counts, while torch's shared libraries are loaded, how often another thread gets its turn.
BESIDE = """
import gc, json, sys, threading, time
from mlp_studio.core import heavy

turns, over = [], threading.Event()

def go_on():
    while not over.is_set():
        turns.append(time.perf_counter())
        time.sleep(0.001)

thread = threading.Thread(target=go_on)
thread.start()
start = time.perf_counter()
heavy._load_shared_libraries()
end = time.perf_counter()
within = [turn for turn in turns if start < turn < end]
heavy.load("torch")
over.set()
thread.join()
import torch
print(json.dumps({
    "share": max((b - a for a, b in zip([start, *within], [*within, end])), default=end - start) / (end - start),
    "seconds": end - start,
    "sum": float(torch.ones(3).sum()),
    "kept": gc.get_freeze_count(),
}))
"""


def test_another_thread_goes_on_while_torchs_libraries_are_loaded():
    done = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seconds"] > 0.02  # they were loaded here, and nowhere before
    assert found["share"] < 0.6, found
    assert found["sum"] == 3
    assert found["kept"] > 10_000


def test_what_was_set_for_the_import_is_as_before(monkeypatch):
    seen = []
    monkeypatch.setattr(
        heavy.importlib, "import_module", lambda name: seen.append((name, gc.isenabled(), sys.getswitchinterval()))
    )
    interval = sys.getswitchinterval()
    heavy.load("no_such_library")
    assert seen == [("no_such_library", False, pytest.approx(heavy.SWITCH_INTERVAL))]
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval
    gc.disable()
    try:
        heavy.load("no_such_library")
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_missing_library_is_an_import_error_and_leaves_no_trace():
    with pytest.raises(ImportError):
        heavy.load("no_such_library")
    assert gc.isenabled()
    heavy.load("json")  # nothing is held any more
    gc.unfreeze()
