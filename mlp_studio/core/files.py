"""Writing files so that what was there before survives every failure."""

import errno
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident
from time import time
from typing import BinaryIO, TextIO
from zlib import crc32

STALE_SECONDS = 3600  # after which a half-written file is that of a program that was killed
TEMPORARY = ".tmp"
NAME_LENGTH = 40  # characters of a file's name in that of the temporary one, which may not be much longer


def write_text(path: Path, text: str) -> None:
    """Write a text (UTF-8); the file is there whole or not at all. Raises OSError."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(
    path: Path, content: bytes, *, check: Callable[[Path], None] | None = None, previous: Path | None = None
) -> None:
    """Write a file, which is there whole or not at all, whenever power or disk fail. Raises OSError.

    `check` and `previous` as in `replacing`.
    """
    with replacing(path, check=check, previous=previous) as file:
        file.write(content)


@contextmanager
def replacing_text(path: Path) -> Iterator[TextIO]:
    """As `replacing`, for text (UTF-8) whose line ends are written as they are."""
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
        finally:
            text.detach()  # flushed, and not closed: the file is not on the disk yet


@contextmanager
def replacing(
    path: Path, *, check: Callable[[Path], None] | None = None, previous: Path | None = None
) -> Iterator[BinaryIO]:
    """A file to be written bit by bit, which takes the place of `path` when all went well. Raises OSError.

    `check` sees what was written before it takes its place, and may end it all by an exception. `previous`: where the
    file that was there is kept.
    """
    path = path.resolve()  # a link stays, and the file that it leads to is replaced
    if path.exists() and not path.is_file():  # a device, say, which replacing would destroy
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    if path.exists() and not os.access(path, os.W_OK):  # replacing would not ask
        raise PermissionError(errno.EACCES, "it is protected against writing", str(path))
    _remove_stale(path)
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):
            shutil.copymode(path, temporary)
        if check is not None:
            check(temporary)
        if previous is not None:
            _keep(path, previous)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _temporary(path: Path) -> Path:
    """A name beside it that nobody else writes to at the moment."""
    return path.with_name(f"{_begin(path)}{os.getpid()}-{get_ident()}{TEMPORARY}")


def _begin(path: Path) -> str:
    """How the names of a file's temporary ones begin: not much longer than 40 characters, and with no other file's."""
    name = path.name.encode("utf-8", "surrogatepass")
    return f".{path.name[:NAME_LENGTH]}.{crc32(name):08x}."


def _remove_stale(path: Path) -> None:
    """Clear away what programs that were killed while they wrote this file left behind."""
    with suppress(OSError):
        for entry in path.parent.iterdir():
            if not (entry.name.startswith(_begin(path)) and entry.name.endswith(TEMPORARY)):
                continue
            with suppress(OSError):  # it went in the meantime, or is another's
                if time() - entry.stat().st_mtime > STALE_SECONDS:
                    entry.unlink()


def _keep(path: Path, previous: Path) -> None:
    """Have `previous` be the file that is there now; `path` itself is there at every moment.

    A second name for it, or a copy where the disk knows no such thing. Where there is no room for a copy, the new file
    is worth more than the old one.
    """
    if not path.exists():
        return
    temporary = _temporary(previous)
    try:
        temporary.unlink(missing_ok=True)
        try:
            os.link(path, temporary)
        except OSError:
            shutil.copy2(path, temporary)
        temporary.replace(previous)
    except OSError:
        pass
    finally:  # also where both were names of one file already: then replacing does nothing
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the folder itself, with the file's new name, on the disk; where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
