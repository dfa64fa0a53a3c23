"""The kinds of files that hold a table, each with what reads it: one registry, one stream of rows.

Whatever the kind, a row is a list of cells as text, with the line (of a workbook: the row of its sheet) it comes from,
so that all that is said of rows and columns holds for every kind. To add a kind, add its row to `READERS`.
"""

import importlib
import math
import warnings
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mlp_studio.core import edition, heavy
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError, StudioError
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.text_rows import PROGRESS_ROWS, Record, TableFormat, quoted
from mlp_studio.core.text_rows import read_records as read_text

NO_TABLE = {
    b"\xd0\xcf\x11\xe0": "is an old or protected Excel workbook; save the table as CSV",
    b"\x1f\x8b": "is compressed; unpack it first",
}
ZIP, PARQUET = b"PK\x03\x04", b"PAR1"
WORKBOOK = "xl/workbook.xml"  # what a zip archive holds that is an Excel workbook
BATCH_ROWS = 10_000


# The line on which it starts, the inputs, numbers (n,) as they are and all else as n cells, and n labels.
Batch: TypeAlias = tuple[int, list[Floats | list[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of file: what it is called, how its name ends, and its rows.

    `fits(path, start)`: whether a file that starts with these 8 bytes is of this kind; the first that fits is taken.
    `columns(path, inputs, target, progress)` gives the same and faster, in batches; None where it does not.
    `library` has to be installed to read it, "" if none. `is_named`: its columns always have names. `notes(path)` are
    sentences on what is left unread.
    Only of text are encoding, delimiter and decimal sign to be settled.
    """

    label: str
    suffixes: tuple[str, ...]
    fits: Callable[[Path, bytes], bool]
    records: Callable[[Path, TableFormat, Progress], Generator[Record, None, None]]
    columns: Callable[[Path, tuple[int, ...], int, Progress], Generator[Batch, None, None]] | None = None
    library: str = ""
    is_named: bool = False
    notes: Callable[[Path], tuple[str, ...]] = lambda _path: ()


def find_kind(path: Path) -> str:
    """The name in `READERS` of the kind of file that a path leads to.

    Raises DataError or OSError where there is no file, an empty one, one that holds no table, or one whose reader is
    not installed.
    """
    _require_file(path)
    with path.open("rb") as handle:
        start = handle.read(8)
    if not start:
        raise DataError(f"{quoted(path.name)} is empty.")
    for magic, reason in NO_TABLE.items():
        if start.startswith(magic):
            raise DataError(f"{quoted(path.name)} {reason}.")
    kind = next(name for name, reader in READERS.items() if reader.fits(path, start))
    _require_library(path, READERS[kind])
    return kind


def read_records(path: Path, fmt: TableFormat, progress: Progress = to_nobody) -> Generator[Record, None, None]:
    """The rows of a file of any kind that are not blank, the names of the columns among them.

    Raises DataError on what cannot be read; `progress` is told the share that is.
    """
    return READERS[find_kind(path)].records(path, fmt, progress)


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{quoted(path.name)} is a folder, not a file.")
    if not path.exists():
        raise FileNotFoundError
    if not path.is_file():
        raise DataError(f"{quoted(path.name)} is not an ordinary file.")


def _require_library(path: Path, reader: Reader) -> None:
    try:
        if reader.library:
            heavy.load(reader.library)
    except ImportError:
        install = "" if edition.is_bundle() else f"pip install {reader.library}, or "
        raise DataError(
            f"{quoted(path.name)} is {reader.label}; reading it needs {reader.library}: {install}save the table as CSV."
        ) from None


@contextmanager
def _understood(path: Path, label: str) -> Iterator[None]:
    """Whatever a library raises on a broken file becomes one sentence: its errors are of many kinds."""
    try:
        yield
    except (StudioError, MemoryError):
        raise
    except Exception as error:
        raise DataError(f"{quoted(path.name)} cannot be read as {label}; it may be damaged.") from error


def _as_cell(value: Any) -> str:
    """A value as it would stand in a CSV file; a float keeps every digit."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# Excel


def _is_workbook(path: Path, start: bytes) -> bool:
    """Whether it is a workbook. Raises DataError for any other zip archive."""
    if not start.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            if WORKBOOK in archive.namelist():
                return True
    except zipfile.BadZipFile:
        raise DataError(f"{quoted(path.name)} is a damaged Excel workbook or zip archive.") from None
    raise DataError(f"{quoted(path.name)} is a zip archive; unpack it first, or save the table in it as CSV.")


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    openpyxl = importlib.import_module("openpyxl")
    with _understood(path, READERS["excel"].label), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations, which no table needs
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    with closing(book):
        if not book.worksheets:
            raise DataError(f"{quoted(path.name)} has no sheet with cells.")
        yield book


def _sheet_records(path: Path, _fmt: TableFormat, progress: Progress) -> Generator[Record, None, None]:
    """The rows of the first sheet; cells beyond the last that is filled are left out, missing ones added."""
    with _understood(path, READERS["excel"].label), _workbook(path) as book:
        sheet, width = book.worksheets[0], 0
        rows = sheet.max_row or 0
        sheet.reset_dimensions()  # what the file claims may be far more than there is
        for place, values in enumerate(sheet.iter_rows(values_only=True)):
            if place % PROGRESS_ROWS == 0:
                progress(min(1.0, place / rows) if rows else 0.0)
            cells = [_as_cell(value) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                width = width or len(cells)
                yield place + 1, cells + [""] * (width - len(cells))


def _sheet_notes(path: Path) -> tuple[str, ...]:
    with _workbook(path) as book:
        names = [sheet.title for sheet in book.worksheets]
    return (f"Of {len(names):,} sheets the first, {quoted(names[0])}, is read.",) if len(names) > 1 else ()


# Parquet


def _parquet_records(path: Path, _fmt: TableFormat, progress: Progress) -> Generator[Record, None, None]:
    """The names of the columns, then the rows; each counts as a line."""
    parquet = importlib.import_module("pyarrow.parquet")
    with _understood(path, READERS["parquet"].label), path.open("rb") as handle:
        file = parquet.ParquetFile(handle)
        yield 1, [str(name) for name in file.schema_arrow.names]
        line, rows = 1, max(1, file.metadata.num_rows)
        for batch in file.iter_batches(BATCH_ROWS):
            progress(min(1.0, line / rows))
            columns: Iterable[list[Any]] = (column.to_pylist() for column in batch.columns)
            for values in zip(*columns, strict=True):
                line += 1
                yield line, [_as_cell(value) for value in values]


def _parquet_columns(
    path: Path, inputs: tuple[int, ...], target: int, progress: Progress
) -> Generator[Batch, None, None]:
    """The columns at these places, 64-bit numbers where they are numbers, nan where there is none."""
    pyarrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    with _understood(path, READERS["parquet"].label), path.open("rb") as handle:
        file = parquet.ParquetFile(handle)
        line, rows = 2, max(1, file.metadata.num_rows)
        for batch in file.iter_batches(BATCH_ROWS):
            progress(min(1.0, line / rows))
            columns = [_arrow_column(pyarrow.types, batch.column(place)) for place in inputs]
            yield line, columns, _arrow_cells(batch.column(target))
            line += batch.num_rows


def _arrow_column(types: Any, column: Any) -> Floats | list[str]:
    if types.is_floating(column.type) or types.is_integer(column.type):
        numbers: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64)
        return numbers
    return _arrow_cells(column)


def _arrow_cells(column: Any) -> list[str]:
    return [_as_cell(value) for value in column.to_pylist()]


READERS: dict[str, Reader] = {
    "parquet": Reader(
        "a Parquet file",
        (".parquet", ".pq"),
        lambda _path, start: start.startswith(PARQUET),
        _parquet_records,
        _parquet_columns,
        library="pyarrow",
        is_named=True,
    ),
    "excel": Reader(
        "an Excel workbook",
        (".xlsx", ".xlsm"),
        _is_workbook,
        _sheet_records,
        library="openpyxl",
        notes=_sheet_notes,
    ),
    "text": Reader("a text file", (".csv", ".tsv", ".tab", ".txt", ".dat"), lambda _path, _start: True, read_text),
}
