"""Where that goes which would have been printed, when there is nothing to print to."""

import os
from pathlib import Path
from typing import TextIO

from platformdirs import user_data_path

MOST_BYTES = 1_000_000  # a longer file is begun anew


def output_file() -> Path:
    """The file, in the folder of the window's log: the one that Qt calls AppDataLocation."""
    return user_data_path("MLP Studio", appauthor=False, roaming=True) / "MLP Studio" / "output.log"


def open_output() -> TextIO:
    """The file, to write to its end; nothing at all where it cannot be written to."""
    file = output_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_long = file.exists() and file.stat().st_size > MOST_BYTES
        return file.open("w" if is_long else "a", encoding="utf-8", errors="replace", buffering=1)
    except OSError:
        return Path(os.devnull).open("w", encoding="utf-8")
