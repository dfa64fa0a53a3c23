"""Files that are to be written: refused before the work where they could not be, told where they fail after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_studio.core.errors import ConfigError, StudioError
from mlp_studio.core.export.registry import Export


def check_output(path: Path) -> None:
    """Refuse what could not be written, or would destroy something. Raises ConfigError with the sentence."""
    if path.is_dir():
        raise ConfigError(f"“{path}” is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        raise ConfigError(f"“{path}” is not an ordinary file, so it is left alone.")
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder “{path.parent}” to write “{path.name}” to.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"The folder “{path.parent}” may not be written to.")


def check_suffix(path: Path, export: Export) -> None:
    """Refuse a name that says the file is of another kind. Raises ConfigError."""
    if path.suffix.lower() not in export.suffixes:
        endings = " or ".join(export.suffixes)
        raise ConfigError(f"{export.label} is a file that ends in {endings}; “{path}” does not.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What keeps a file from being written becomes one sentence, a StudioError."""
    try:
        yield
    except OSError as error:
        reason = f": {error.strerror}" if error.strerror else ""
        raise StudioError(f"“{path}” could not be written{reason}.") from error
