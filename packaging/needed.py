"""Which libraries the packaged ones need: PyInstaller collects those of plugins, too, that are left out later."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path


def needed(libraries: Mapping[str, str], system: Iterable[str]) -> set[str]:
    """Of the `system` libraries (by place), those that some other library needs, directly or through another.

    `libraries`: place in the bundle → file that it is made from.
    """
    waiting = {Path(place).name: place for place in system}
    kept: set[str] = set()
    todo = [file for place, file in libraries.items() if Path(place).name not in waiting]
    while todo:
        names = {name for name in _names(todo) if name in waiting}
        places = [waiting.pop(name) for name in sorted(names)]
        kept |= {*places}
        todo = [libraries[place] for place in places]
    return kept


def _names(files: Iterable[str]) -> set[str]:
    """The names of the libraries that these files ask for."""
    command = ["objdump", "-p", *(file for file in files if Path(file).is_file())]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return {line.split()[1] for line in lines if line.lstrip().startswith("NEEDED")}
