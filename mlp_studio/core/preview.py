"""A look at a table file: the format that fits it, its first rows, and what each column seems to be for."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.categories import MAX_CATEGORIES, too_many
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.readers import READERS, find_kind, read_records
from mlp_studio.core.text_rows import (
    DELIMITERS,
    ENCODINGS,
    MISSING,
    Record,
    TableFormat,
    as_number,
    as_numbers,
    counted,
    listed,
    misfit,
    quoted,
    sentences,
)

Bools: TypeAlias = NDArray[np.bool_]
Role: TypeAlias = Literal["feature", "label", "ignore"]
Kind: TypeAlias = Literal["number", "text", "empty", "counter"]

ROLES: dict[Role, str] = {"feature": "Feature", "label": "Label", "ignore": "Ignore"}

MAX_CLASSES, MAX_COLUMNS = 1_000, 5_000
FEW = 20  # so many different values may still be the names of classes
SAMPLE_ROWS, SAMPLE_CELLS = 1_000, 500_000  # what the guesses look at
SNIFF_CHARACTERS, DECODED_BYTES = 1 << 18, 1 << 26  # what the format is guessed from
LABEL_NAMES = frozenset(("label", "labels", "class", "target", "category", "species", "diagnosis", "outcome"))
COUNTER_NAMES = frozenset(("id", "index", "row", "unnamed: 0", "column 1", "rownumber", "row number", "no", "nr", "#"))
COUNTER_NAME = re.compile(r".*([a-z]I[dD]|[\s_.-](id|Id|ID))")  # PassengerId, customer_id
NUMERAL = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
IN_DISGUISE = re.compile(r"[-+]?[$€£]?\s?\d[\d.,' ]*\s?[%$€£]?")  # 50%, $5, 1,234.5: meant as a number
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


@dataclass(frozen=True, slots=True)
class Column:
    """What the n sampled rows say of a column; `as_feature` and `as_label`: why it cannot be one, or "".

    is_missing, is_infinite: (n,) whether a row has no value there, or one without end. texts: its n cells, tidied,
    as the names of classes. categories: its different texts, sorted, where it becomes a feature for each of them.
    """

    name: str
    kind: Kind
    few: bool  # so few different values that they may be classes
    as_feature: str
    as_label: str
    is_missing: Bools
    is_infinite: Bools
    texts: tuple[str, ...]
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file and what they suggest.

    kind: the file's, as `core.readers` names it; only of "text" are encoding, delimiter and decimal sign settled.
    rows: as many cells in each as there are columns. lines: where each of these rows starts in the file.
    `broken` is the sentence on a sampled row that cannot be taken apart, or "". is_whole: the sample is the table.
    """

    path: Path
    kind: str
    format: TableFormat
    columns: tuple[Column, ...]
    roles: tuple[Role, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]
    broken: str
    is_whole: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, all different."""
        return tuple(column.name for column in self.columns)

    def problem(self, roles: Sequence[Role], missing: str = "drop") -> str:
        """The sentence on what is wrong when the columns have these roles, "" if nothing is.

        `missing` as in `read_table`: what becomes of a row that lacks a feature.
        """
        labels = [column for column, role in zip(self.columns, roles, strict=True) if role == "label"]
        features = [column for column, role in zip(self.columns, roles, strict=True) if role == "feature"]
        if self.broken:
            return self.broken
        if not labels:
            return "Choose the column that holds the class as the label."
        if len(labels) > 1:
            return f"Only one column can be the label, not {listed([column.name for column in labels])}."
        if not features:
            return "Choose at least one column as a feature."
        reasons = (labels[0].as_label, *(column.as_feature for column in features))
        return next(filter(None, reasons), "") or self._too_little_left(labels[0], features, missing)

    def _too_little_left(self, label: Column, features: Sequence[Column], missing: str) -> str:
        """The sentence on the rows that are left when those without a value or label are dropped, or ""."""
        if not self.is_whole:
            return ""
        lack = np.logical_or if missing == "drop" else np.logical_and  # filled, unless a row has nothing at all
        used = ~lack.reduce([column.is_missing for column in features])
        used &= ~np.logical_or.reduce([column.is_infinite for column in features])
        labels = [text for text, is_used in zip(label.texts, used, strict=True) if is_used and text]
        if not labels:
            return "No row can be used: each lacks a value or its label."
        problem, rows = label_problem(label.name, set(labels), len(labels), self.format.decimal, True), len(used)
        dropped = f"{counted(rows, 'row')} read, {rows - len(labels):,} dropped for lack of a value or a label."
        return f"{problem} {dropped}" if problem and len(labels) < rows else problem


def sniff(path: Path) -> TableFormat:
    """The format that fits the file best. Raises DataError when the file cannot be read or holds no text."""
    path = Path(path)
    with sentences(path):
        if (kind := find_kind(path)) != "text":
            return _untold(kind, _has_header([cells for _, cells in _first(path, TableFormat())], "."))
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as handle:
            sample = handle.read(SNIFF_CHARACTERS)
    if len(sample) == SNIFF_CHARACTERS:  # the last line is cut
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1]
    tables = {delimiter: _split(sample, delimiter) for delimiter in DELIMITERS}
    delimiter = max(tables, key=lambda choice: _evenness(tables[choice]))
    rows = tables[delimiter]
    decimal = _decimal(rows) if delimiter != "," else "."
    return TableFormat(encoding, delimiter, decimal, _has_header(rows, decimal))


def _untold(kind: str, header: bool) -> TableFormat:
    """The format of a file that is no text: whether there is a row of names is all there is to say."""
    return TableFormat(header=header or READERS[kind].is_named)


def _first(path: Path, fmt: TableFormat, rows: int = 100) -> list[Record]:
    with closing(read_records(path, fmt)) as source:
        return list(islice(source, rows))


def read_preview(path: Path, fmt: TableFormat | None = None, rows: int = 50) -> Preview:
    """The first `rows` rows as text, with a role for each column that is guessed from the first thousand.

    Raises DataError when there is nothing to show; a row that does not fit the others is told by `broken`.
    """
    path = Path(path)
    used = fmt or sniff(path)
    with sentences(path):
        kind = find_kind(path)
        used = used if kind == "text" else _untold(kind, used.header)
        own = READERS[kind].notes(path)
        records, broken, complete = _sample(path, used)
    if not records:
        raise DataError(broken or f"{quoted(path.name)} is empty.")
    names, notes = _names(records[0][1]) if used.header else _numbered(len(records[0][1]))
    body = records[1:] if used.header else records
    if not body:
        raise DataError(broken or f"{quoted(path.name)} holds the names of columns but no rows.")
    width = len(names)
    cells = [tuple((row + [""] * width)[:width]) for _, row in body]
    lines = tuple(line for line, _ in body)
    judged = zip(names, zip(*cells, strict=True), strict=True)
    columns = tuple(_column(name, values, lines, used.decimal, complete) for name, values in judged)
    return Preview(
        path=path,
        kind=kind,
        format=used,
        columns=columns,
        roles=_guessed_roles(columns),
        rows=tuple(cells[:rows]),
        lines=lines[:rows],
        notes=own + (() if fmt else tuple(_format_notes(used))) + notes,
        broken=misfit(body, width) or broken,
        is_whole=complete,
    )


# The file


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        start = handle.read(1 << 16)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start:
        raise DataError(f"{quoted(path.name)} is not a text file.")
    return next((name for name in ("utf-8-sig", "cp1252") if _decodes(path, name)), "latin-1")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as handle, suppress(UnicodeDecodeError):
        while (chunk := handle.read(1 << 20)) and handle.tell() < DECODED_BYTES:
            if not chunk.isascii() or decoder.getstate()[0]:  # plain letters need no look
                decoder.decode(chunk)
        decoder.decode(b"", final=not chunk)
        return True
    return False


def _sample(path: Path, fmt: TableFormat) -> tuple[list[Record], str, bool]:
    """The first records, the sentence on what breaks off there or "", and whether they are all there are."""
    with closing(read_records(path, fmt)) as source:
        records = list(islice(source, 1))
        width = len(records[0][1]) if records else 1
        if width > MAX_COLUMNS:
            raise DataError(f"The table has {width:,} columns; {MAX_COLUMNS:,} are the most that can be used.")
        try:
            while len(records) <= min(SAMPLE_ROWS, SAMPLE_CELLS // width):
                records.append(next(source))
        except StopIteration:
            return records, "", True
        except DataError as error:
            return records, str(error), False
    return records, "", False


# Guesses


def _split(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    return rows


def _evenness(rows: list[list[str]]) -> tuple[float, float]:
    """How well a delimiter fits: the share of rows with the commonest width, then the share of numbers."""
    widths = Counter(map(len, rows))
    if not widths or widths.most_common(1)[0][0] == 1:
        return 0.0, 0.0
    cells = [cell.strip() for row in rows for cell in row]
    numerals = sum(bool(NUMERAL.fullmatch(cell)) for cell in cells)
    return widths.most_common(1)[0][1] / len(rows), numerals / len(cells)


def _decimal(rows: list[list[str]]) -> str:
    numerals = [cell for row in rows for cell in row if NUMERAL.fullmatch(cell.strip())]
    commas, points = (sum(sign in cell for cell in numerals) for sign in ",.")
    return "," if commas > points else "."


def _has_header(rows: list[list[str]], decimal: str) -> bool:
    """False if the first row holds a number, and every text in it comes again below, as in a row of data."""
    if not rows:
        return True
    first, below = rows[0], rows[1:]
    texts = [place for place, cell in enumerate(first) if as_number(cell, decimal) is None or not cell.strip()]
    if len(texts) == len(first):
        return True
    return not all(any(row[place : place + 1] == [first[place]] for row in below) for place in texts)


def _format_notes(fmt: TableFormat) -> Iterator[str]:
    if fmt.encoding in ("cp1252", "latin-1"):
        yield f"The text is not UTF-8 and is read as {ENCODINGS[fmt.encoding]}; check its special letters."
    if fmt.decimal == ",":
        yield "Numbers are read with a decimal comma."


def _numbered(width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = tuple(f"x{place}" for place in range(1, width + 1))
    return names, ("The first row is read as data; the columns are called x1, x2 and so on.",)


def _names(cells: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns, told apart where they are missing or repeated, with a note on each repeat."""
    names: dict[str, None] = {}
    notes: list[str] = []
    for place, cell in enumerate(cells, 1):
        wanted = " ".join(cell.split()) or f"column {place}"
        name, number = wanted, 1
        while name in names:
            number += 1
            name = f"{wanted} ({number})"
        if name != wanted:
            notes.append(f"Column {place:,} repeats the name {quoted(wanted)} and is called {quoted(name)}.")
        names[name] = None
    return tuple(names), tuple(notes)


def _column(name: str, cells: Sequence[str], lines: Sequence[int], decimal: str, complete: bool) -> Column:
    values, texts = as_numbers(cells, decimal)
    tidy = tuple(" ".join(cell.split()) for cell in cells)
    classes = set(tidy) - {""}
    kind = _kind(name, cells, values, texts)
    return Column(
        name=name,
        kind=kind,
        few=_few(kind, len(classes), len(cells)),
        as_feature=_as_feature(name, kind, classes, cells, lines, texts),
        as_label=label_problem(name, classes, len(cells), decimal, complete),
        is_missing=np.array([not text for text in tidy]) if kind == "text" else np.isnan(values),
        is_infinite=np.isinf(values) & (kind != "text"),
        texts=tidy,
        categories=tuple(sorted(classes)) if kind == "text" and len(classes) <= MAX_CATEGORIES else (),
    )


def _as_feature(
    name: str, kind: Kind, classes: Collection[str], cells: Sequence[str], lines: Sequence[int], texts: list[int]
) -> str:
    """Why a column cannot be a feature, or ""; `texts` are the positions of text."""
    if kind == "text":
        return too_many(name) if len(classes) > MAX_CATEGORIES else ""
    return text_sentence(name, len(texts), lines[texts[0]], cells[texts[0]]) if texts else ""


def _kind(name: str, cells: Sequence[str], values: Floats, texts: list[int]) -> Kind:
    """A column is of numbers if at least half of what it holds are, or are meant as, numbers."""
    filled = sum(cell.strip().casefold() not in MISSING for cell in cells)
    meant = sum(bool(IN_DISGUISE.fullmatch(cells[place].strip())) for place in texts)
    if not filled:
        return "empty"
    if (filled - len(texts) + meant) * 2 < filled:
        return "text"
    so_named = name.casefold() in COUNTER_NAMES or COUNTER_NAME.fullmatch(name)
    return "counter" if so_named and _is_numbering(values) else "number"


def _is_numbering(values: Floats) -> bool:
    """Whether each of n rows has a number of its own: from 0 or 1 on, or, in more than a few rows, any whole one.

    Rows that are drawn from a larger table, or sorted anew, keep the numbers that they had there.
    """
    if len(values) < 2 or not np.isfinite(values).all():
        return False
    if values[0] in (0, 1) and bool((np.diff(values) == 1).all()):
        return True
    return len(values) > FEW and bool((values == np.floor(values)).all()) and len(np.unique(values)) == len(values)


def _few(kind: Kind, different: int, rows: int) -> bool:
    """Whether so many different values are likelier to be classes than measurements or remarks."""
    if kind == "text":
        return different <= FEW or different * 2 <= rows
    return kind == "number" and different <= FEW and different < rows


def _guessed_roles(columns: Sequence[Column]) -> tuple[Role, ...]:
    label = _guessed_label(columns)
    return tuple(
        "label" if place == label else "feature" if column.kind == "number" else "ignore"
        for place, column in enumerate(columns)
    )


def _guessed_label(columns: Sequence[Column]) -> int | None:
    """A column so named, else the last one, else the first one of text, if their values are few."""
    named = [place for place, column in enumerate(columns) if column.name.casefold() in LABEL_NAMES]
    texts = [place for place, column in enumerate(columns) if column.kind == "text"]
    likely = [place for place in (len(columns) - 1, *texts) if columns[place].few]
    return next(iter(named + likely), None)


def text_sentence(name: str, count: int, line: int, text: str) -> str:
    """What to say of a feature that holds text in `count` rows, the first on `line`."""
    hint = " Is the comma a decimal sign?" if DECIMAL_COMMA.fullmatch(text.strip()) else ""
    return (
        f"Column {quoted(name)} holds text in {counted(count, 'row')}, first {quoted(text)} on line {line:,}; "
        f"a feature must be a number.{hint}"
    )


def label_problem(name: str, classes: Collection[str], rows: int, decimal: str, complete: bool) -> str:
    """Why the different texts in `rows` rows cannot be classes, or ""; `complete`: no more rows follow."""
    column = f"Column {quoted(name)}"
    if complete and not classes:
        return f"{column} is empty."
    if complete and len(classes) == 1:
        return f"{column} holds one class only, {quoted(next(iter(classes)))}; at least two are needed."
    if _continuous(classes, rows, decimal, complete):
        return f"{column}: This looks like a number to predict; MLP Studio classifies."
    if len(classes) > MAX_CLASSES:
        return f"{column} holds more than {MAX_CLASSES:,} classes, the most that can be used."
    if complete and len(classes) == rows > FEW:
        return f"{column} is different in every row; a class must have several rows."
    return ""


def _continuous(classes: Collection[str], rows: int, decimal: str, complete: bool) -> bool:
    numbers = [as_number(text, decimal) for text in classes if text.casefold() not in MISSING]
    if not numbers or None in numbers:
        return False
    if all(number.is_integer() for number in numbers if number is not None):
        return len(numbers) > MAX_CLASSES or (complete and len(numbers) > FEW and len(numbers) * 10 > rows)
    return len(numbers) > FEW or (complete and len(numbers) * 2 > rows)
