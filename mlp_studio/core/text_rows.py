"""A text file's rows: its format, each row with the line it starts on, its numbers, and sentences for what is wrong.

The csv module takes the rows apart, because it knows the line and the width of each of them, and never pads,
shifts or converts in silence.
"""

import csv
import io
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.errors import DataError
from mlp_studio.core.progress import Progress, to_nobody

Record: TypeAlias = tuple[int, list[str]]  # the line on which a row starts, and its cells

ENCODINGS = {
    "utf-8-sig": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "utf-16-le": "Unicode (UTF-16, unmarked)",
    "cp1252": "Western (Windows-1252)",
    "latin-1": "Western (ISO 8859-1)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "gb18030": "Chinese (GB 18030)",
    "shift_jis": "Japanese (Shift JIS)",
}
DELIMITERS = {",": "Comma ,", ";": "Semicolon ;", "\t": "Tab", "|": "Bar |"}
DECIMALS = {".": "Point 1.5", ",": "Comma 1,5"}

MISSING = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?", "-"))
PROGRESS_ROWS = 2_000  # so many are read between one word of progress and the next
JOINERS = "\u200c\u200d"  # within the words of several scripts


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a text file is to be taken apart. Raises DataError for a value that is not in the tables above."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    decimal: str = "."
    header: bool = True

    def __post_init__(self) -> None:
        for what, choices in (("encoding", ENCODINGS), ("delimiter", DELIMITERS), ("decimal", DECIMALS)):
            if (value := getattr(self, what)) not in choices:
                raise DataError(f"The {what} {value!r} is unknown; choose from {', '.join(map(repr, choices))}.")


# Sentences


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Whatever the system has to say about the file becomes one sentence."""
    name = quoted(path.name)
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is no file {quoted(str(path), 200)}.") from None
    except PermissionError:
        raise DataError(f"{name} may not be read: permission denied.") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
    except UnicodeError as error:
        raise DataError(f"{name} is not text in this encoding; choose another.") from error
    except MemoryError as error:
        raise DataError(f"{name} does not fit into memory.") from error


def quoted(text: str, limit: int = 40) -> str:
    """A text from a file in quotation marks, as `on_one_line` has it."""
    return f"“{on_one_line(text, limit)}”"


def on_one_line(text: str, limit: int = 40) -> str:
    """A text that may hold anything: on one line, of bounded length, free of halves of characters.

    What cannot be seen, such as a null or a sign that turns the writing direction, is shown as �.
    """
    words = " ".join(text.encode("utf-8", "replace").decode().split())
    line = "".join(letter if letter.isprintable() or letter in JOINERS else "�" for letter in words)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def listed(names: Sequence[str], last: str = "and", limit: int = 10) -> str:
    """Names in a sentence: “a”, “b” and “c”; of many, the first few."""
    shown = [quoted(name) for name in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)}, … ({len(names):,} in all)"
    return f" {last} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like it, and is no number, gets a '."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 row, 1,200 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def on_lines(lines: Sequence[int] | Ints, limit: int = 5) -> str:
    """Line numbers in a sentence; of many, the first few."""
    numbers = ", ".join(f"{line:,}" for line in lines[:limit])
    return f"line{'' if len(lines) == 1 else 's'} {numbers}{', …' if len(lines) > limit else ''}"


# The file and its rows


def read_records(path: Path, fmt: TableFormat, progress: Progress = to_nobody) -> Generator[Record, None, None]:
    """The rows that are not blank, each with the line it starts on. Raises DataError on a broken quote."""
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw, io.TextIOWrapper(raw, fmt.encoding, newline="") as handle:
        reader = csv.reader(handle, delimiter=fmt.delimiter, strict=True)
        line = 1
        try:
            for place, cells in enumerate(reader):
                if place % PROGRESS_ROWS == 0:
                    progress(min(1.0, raw.tell() / size))
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(f"Line {line:,} {_quote_trouble(str(error))}") from None


def _quote_trouble(error: str) -> str:
    if "unexpected end" in error:
        return "opens a quote that is never closed."
    if "limit" in error:
        return f"has a field of more than {csv.field_size_limit():,} characters; is a quote not closed?"
    return "has text after a closing quote."


def misfit(records: Sequence[Record], width: int) -> str:
    """The sentence on the first record that has not `width` cells, "" if there is none."""
    if width == 1:
        return "Only one column was found; choose the delimiter that separates the columns."
    for line, cells in records:
        if len(cells) != width:
            return f"Line {line:,} has {counted(len(cells), 'field')}, expected {width:,}."
    return ""


def as_number(cell: str, decimal: str) -> float | None:
    """The number in a cell, nan where it is missing, None where there is other text."""
    plain = _with_points(cell) if decimal == "," else cell
    try:
        if "_" not in plain:
            return float(plain)
    except ValueError:
        pass
    return math.nan if cell.strip().casefold() in MISSING else None


def _with_points(cell: str) -> str:
    """Commas as points; a point as what no number holds, as it would part thousands."""
    return cell.replace(".", "_").replace(",", ".")


def as_numbers(cells: Sequence[str], decimal: str) -> tuple[Floats, list[int]]:
    """The numbers in a column of n cells, (n,), nan where there is none, and the positions of text."""
    together = "".join(cells)
    if "_" not in together and not (decimal == "," and "." in together):
        plain = [cell.replace(",", ".") for cell in cells] if decimal == "," else cells
        with suppress(ValueError):
            return np.fromiter(map(float, plain), np.float64, len(cells)), []
    parsed = [as_number(cell, decimal) for cell in cells]
    values = np.array([math.nan if value is None else value for value in parsed], dtype=np.float64)
    return values, [position for position, value in enumerate(parsed) if value is None]
