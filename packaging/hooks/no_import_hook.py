"""At the very start: PySide6 without its hook before every later import (see `mlp_studio.ui.libraries`).

PyInstaller's own runtime hook imports PySide6 before the program begins, so that the program comes too late for it.
"""

import builtins

plain = builtins.__import__
import PySide6.QtCore  # noqa: F401 - what it puts in the place of `import` goes again

builtins.__import__ = plain
