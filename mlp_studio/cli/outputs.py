"""Files that a command writes: refused before the work where they could not be, told where they fail after it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_studio.core.errors import ConfigError, StudioError


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None] = ()) -> None:
    """Refuse now what could not be written after the work, or would destroy something."""
    taken = [Path(path).resolve() for path in inputs if path]
    for path in filter(None, outputs):
        _check_output(path)
        if path.resolve() in taken:
            raise ConfigError(f"“{path}” is named twice: the results would overwrite it.")
        taken.append(path.resolve())


def _check_output(path: Path) -> None:
    if path.is_dir():
        raise ConfigError(f"“{path}” is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        raise ConfigError(f"“{path}” is not an ordinary file, so it is left alone.")
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder “{path.parent}” to write “{path.name}” to.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"The folder “{path.parent}” may not be written to.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What keeps a file from being written becomes one sentence."""
    try:
        yield
    except OSError as error:
        reason = f": {error.strerror}" if error.strerror else ""
        raise StudioError(f"“{path}” could not be written{reason}.") from error
