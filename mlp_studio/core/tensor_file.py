"""Arrays and texts in one safetensors file: written without a copy, read with every claim checked first.

The library's own reader maps the file, so that a disk that goes away ends the program; and what it hands out is a
second copy. Its writer makes two more, while nobody else has the interpreter: with a hundred megabytes the window stood
still for a fifth of a second, and on a busy machine for more than one. Here each array is read to where it stays:
opening takes the memory of the file, and a file that claims more than it holds takes none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from math import prod
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.progress import Progress, to_nobody

Array: TypeAlias = NDArray[Any]

LENGTH_BYTES = 8  # of the header's length, with which a file begins
MOST_HEADER = 4 << 20  # bytes: as Python's objects they take up to thirty times as much memory
MOST_BRACKETS = 200_000  # in it: each may begin an object or a list, and collecting cycles among many takes seconds
MOST_AXES, MOST_LENGTH = 2, 1 << 40
DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
ORDER = ("I64", "F64", "F32", "U8")  # in which the library lays arrays, those of one kind by their names
ALIGNMENT = 8  # bytes: so that whoever maps the file finds its numbers where numbers may be


class BrokenFileError(ValueError):
    """What is there is no file of this kind; the message says why."""


class TooLongError(ValueError):
    """There is more text than a file may hold."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One array as the header has it; begin and end are counted from the header's end."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def serialised(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> bytes:
    """The content of a file with these arrays and texts. Raises TooLongError."""
    return b"".join(pieces(arrays, texts))


def pieces(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> list[bytes | memoryview]:
    """The same content, to be written piece by piece; the arrays lie as the library lays them. Raises TooLongError."""
    names = sorted(arrays, key=lambda name: (ORDER.index(NAMES[arrays[name].dtype]), name))
    header: dict[str, Any] = {"__metadata__": dict(texts)} if texts else {}
    content: list[bytes | memoryview] = []
    end = 0
    for name in names:
        array = np.ascontiguousarray(arrays[name])
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(arrays[name].shape), "data_offsets": [begin, end]}
        if array.size:
            content.append(memoryview(array.reshape(-1).view(np.uint8).data))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > MOST_HEADER or _is_crowded(text):
        raise TooLongError
    return [len(text).to_bytes(LENGTH_BYTES, "little") + text, *content]


def read(path: Path, progress: Progress = to_nobody) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts of a file. Raises BrokenFileError, OSError, and what `progress` raises."""
    status = path.stat()
    if not S_ISREG(status.st_mode):  # opening a pipe, say, would wait for ever
        raise BrokenFileError("it is not an ordinary file")
    with path.open("rb") as file:
        size = status.st_size
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if size < LENGTH_BYTES or not 2 <= length <= min(MOST_HEADER, size - LENGTH_BYTES):
            raise BrokenFileError("it has no header")
        entries, texts = _header(file.read(length), size - LENGTH_BYTES - length)
        return {entry.name: _array(entry, file, size, progress) for entry in entries}, texts


def _header(content: bytes, size: int) -> tuple[list[_Entry], dict[str, str]]:
    """The arrays in the order in which they lie, without a gap between them or after the last, and the texts."""
    document = parsed(content)
    if not isinstance(document, dict):
        raise BrokenFileError("its header makes no sense")
    texts = document.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise BrokenFileError("its header makes no sense")
    entries = sorted((_entry(name, fields) for name, fields in document.items()), key=lambda at: (at.begin, at.end))
    ends = [0, *(entry.end for entry in entries)]
    if [*(entry.begin for entry in entries), size] != ends:
        raise BrokenFileError("its header does not fit its size")
    return entries, texts


def _entry(name: str, fields: Any) -> _Entry:
    try:
        dtype = DTYPES[fields["dtype"]]
        shape, (begin, end) = tuple(fields["shape"]), fields["data_offsets"]
        sound = all(type(number) is int and 0 <= number <= MOST_LENGTH for number in (*shape, begin, end))
    except (KeyError, TypeError, ValueError):
        raise BrokenFileError("its header makes no sense") from None
    if not sound or len(shape) > MOST_AXES or end - begin != prod(shape) * dtype.itemsize:
        raise BrokenFileError("an array's size is not what its header says")
    return _Entry(name, dtype, shape, begin, end)


def _array(entry: _Entry, file: BufferedReader, size: int, progress: Progress) -> Array:
    array = np.empty(entry.shape, entry.dtype)
    if array.size:
        room = memoryview(array.reshape(-1).view(np.uint8).data)
        if file.readinto(room) != len(room):
            raise BrokenFileError("it ends too early")
    progress(file.tell() / size)
    return array


def parsed(text: bytes | str) -> Any:
    """What a JSON text holds. Raises BrokenFileError where it is none."""
    if _is_crowded(text.encode("utf-8", "replace") if isinstance(text, str) else text):
        raise BrokenFileError("its description is too long")
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BrokenFileError("its description cannot be read") from None


def _is_crowded(text: bytes) -> bool:
    """Whether there would be too many objects and lists."""
    return text.count(b"[") + text.count(b"{") > MOST_BRACKETS


def _no_number(name: str) -> None:
    raise ValueError(name)
