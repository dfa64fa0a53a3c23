"""Writing files so that what was there before survives every failure."""

import errno
import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text (UTF-8); the file is there whole or not at all. Raises OSError."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, which is there whole or not at all. Raises OSError."""
    path = path.resolve()  # a link stays, and the file that it leads to is replaced
    if path.exists() and not path.is_file():  # a device, say, which replacing would destroy
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
