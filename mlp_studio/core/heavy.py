"""Imports a large library in one thread while a window lives in another."""

import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

SWITCH_INTERVAL = 0.0005  # seconds that the import goes on running when another thread wants to
_one_at_a_time = Lock()  # not two: they would wait for each other's shared libraries, and hold the interpreter


def load(name: str) -> None:
    """Import a library; raises ImportError where it is missing."""
    with _one_at_a_time:
        if sys.modules.get(name):  # None where it must not be imported
            return
        if name == "torch":
            _load_shared_libraries()
        with _in_passing():
            importlib.import_module(name)


@contextmanager
def _in_passing() -> Iterator[None]:
    """Within it, other threads hardly wait for this one; what is made within it is there to stay."""
    collects, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.freeze()
        if collects:
            gc.enable()


def _load_shared_libraries() -> None:
    """Load torch's shared libraries as torch would a moment later, but without holding the interpreter.

    `dlopen` is called as a foreign function, as Python holds the interpreter in `import` and in `ctypes.CDLL(name)`.
    Where it fails, torch finds its libraries in another way, or says what is wrong. On Windows it does this itself.
    """
    spec = importlib.util.find_spec("torch")
    if sys.platform == "win32" or spec is None or spec.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    folder = Path(spec.origin).parent / "lib"
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    for library, scope in (("libtorch_global_deps", os.RTLD_GLOBAL), ("libtorch_python", os.RTLD_LOCAL)):
        dlopen(os.fsencode(folder / f"{library}{suffix}"), os.RTLD_NOW | scope)
