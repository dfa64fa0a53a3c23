"""NumPy, Qt and pyqtgraph, imported in the way that takes least time. `mlp_studio.ui` does it before all else.

Processor time to the end of `import pyqtgraph`, on two shared cores: 0.29 s instead of 0.47 s.

- PySide6 puts a hook before every later import, which reads the source of each module in search of optional names
  that nobody uses here. So NumPy comes first, and the hook is taken away again. That saves 0.06 s here, about as much
  with the studio's own modules, and more while torch is imported beside the window.
- pyqtgraph copies every name of QtCore, QtGui and QtWidgets. PySide6 makes a class when it is first asked for, so a
  copy of all makes all. `Mirror` takes over those that are asked for: 0.11 s.

Where PySide6 or pyqtgraph have been imported before (by a test runner), this changes nothing.
"""

import builtins
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def load() -> None:
    """Import them."""
    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    import numpy as np  # noqa: F401

    with _hook_left_out():
        import PySide6.QtCore
        import PySide6.QtGui
        import PySide6.QtWidgets
    if "pyqtgraph" in sys.modules:
        return
    sources = (PySide6.QtCore, PySide6.QtGui, PySide6.QtWidgets)
    for mirror in map(Mirror, sources):
        sys.modules[mirror.__name__] = mirror
    with _names_hidden(sources):
        import pyqtgraph as pg  # noqa: F401


@contextmanager
def _hook_left_out() -> Iterator[None]:
    """Afterwards, imports work as before."""
    plain = builtins.__import__
    try:
        yield
    finally:
        builtins.__import__ = plain


class Mirror(ModuleType):
    """Stands for pyqtgraph's copy of a Qt module; takes over a name when it is first asked for."""

    def __init__(self, source: ModuleType) -> None:
        super().__init__(source.__name__.replace("PySide6", "pyqtgraph.Qt"))
        self._source = source

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._source, name)
        setattr(self, name, value)
        return value


@contextmanager
def _names_hidden(modules: tuple[ModuleType, ...]) -> Iterator[None]:
    """Within it, `dir(module)` is empty: pyqtgraph finds nothing to copy."""
    listings = {module: vars(module).pop("__dir__", None) for module in modules}
    try:
        for module in modules:
            vars(module)["__dir__"] = list
        yield
    finally:
        for module, listing in listings.items():
            del vars(module)["__dir__"]
            if listing is not None:
                vars(module)["__dir__"] = listing
