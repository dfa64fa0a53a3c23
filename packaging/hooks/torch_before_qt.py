"""Windows, at the very start: the C++ runtime that PyTorch needs, before Qt loads an older one (WinError 1114)."""

import ctypes
import os
import sys
from pathlib import Path

folder = Path(sys.prefix) / "torch" / "lib"  # in a bundle, the prefix is where its libraries are
if folder.is_dir():
    os.add_dll_directory(str(folder))
    ctypes.WinDLL(str(folder / "c10.dll"))
