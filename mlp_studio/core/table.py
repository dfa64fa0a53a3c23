"""Tables from text files: guess the format, look at the first rows, read, and account for every row.

The csv module takes the rows apart, because it knows the line and the width of each of them, and never pads,
shifts or converts in silence. pandas reads large files several times as fast, and is used where both agree.
What goes wrong is a `DataError` with one sentence that names the line or the column; what was merely decided
is a sentence in `notes`.
"""

import codecs
import csv
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.errors import DataError

Role: TypeAlias = Literal["feature", "label", "ignore"]
Kind: TypeAlias = Literal["number", "text", "empty", "counter"]
Record: TypeAlias = tuple[int, list[str]]  # the line on which a row starts, and its cells
Bools: TypeAlias = NDArray[np.bool_]
Number = TypeVar("Number", np.float64, np.int64)

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
ROLES: dict[Role, str] = {"feature": "Feature", "label": "Label", "ignore": "Ignore"}

MANY_CLASSES, MAX_CLASSES = 100, 1_000
MANY_FEATURES, MAX_COLUMNS = 500, 5_000
MAX_NUMBER = 1e100  # its square is still finite, so it can be standardised
FEW = 20  # so many different values may still be the names of classes
SAMPLE_ROWS, SAMPLE_CELLS = 1_000, 500_000  # what the guesses look at
SNIFF_CHARACTERS, DECODED_BYTES = 1 << 18, 1 << 26  # what the format is guessed from
BATCH_CELLS = 200_000  # what is held as text at a time
LARGE_BYTES = 1 << 22  # above, pandas is worth its import

MISSING = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?", "-"))
LABEL_NAMES = frozenset(("label", "labels", "class", "target", "category", "species", "diagnosis", "outcome"))
COUNTER_NAMES = frozenset(("id", "index", "row", "unnamed: 0", "column 1"))
NOT_TEXT = {
    b"PK\x03\x04": "is an Excel workbook or a zip archive; save the table as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the table as CSV",
    b"\x1f\x8b": "is compressed; unpack it first",
    b"PAR1": "is a Parquet file; save the table as CSV",
}
NUMERAL = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
IN_DISGUISE = re.compile(r"[-+]?[$€£]?\s?\d[\d.,' ]*\s?[%$€£]?")  # 50%, $5, 1,234.5: meant as a number
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
SWAP_COMMA = str.maketrans(",.", ".,")


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


@dataclass(frozen=True, slots=True)
class Column:
    """What the sampled rows say of a column; `as_feature` and `as_label`: why it cannot be one, or ""."""

    name: str
    kind: Kind
    few: bool  # so few different values that they may be classes
    as_feature: str
    as_label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file and what they suggest.

    rows: as many cells in each as there are columns. lines: where each of these rows starts in the file.
    `broken` is the sentence on a sampled row that cannot be taken apart, or "".
    """

    path: Path
    format: TableFormat
    columns: tuple[Column, ...]
    roles: tuple[Role, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]
    broken: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, all different."""
        return tuple(column.name for column in self.columns)

    def problem(self, roles: Sequence[Role]) -> str:
        """The sentence on what is wrong when the columns have these roles, "" if nothing is."""
        labels = [column for column, role in zip(self.columns, roles, strict=True) if role == "label"]
        features = [column for column, role in zip(self.columns, roles, strict=True) if role == "feature"]
        if self.broken:
            return self.broken
        if not labels:
            return "Choose the column that holds the class as the label."
        if len(labels) > 1:
            return f"Only one column can be the label, not {_listed([column.name for column in labels])}."
        if not features:
            return "Choose at least one column as a feature."
        return labels[0].as_label or next((column.as_feature for column in features if column.as_feature), "")


def sniff(path: Path) -> TableFormat:
    """The format that fits the file best. Raises DataError when the file cannot be read or holds no text."""
    path = Path(path)
    with _sentences(path):
        _require_text(path)
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


def read_preview(path: Path, fmt: TableFormat | None = None, rows: int = 50) -> Preview:
    """The first `rows` rows as text, with a role for each column that is guessed from the first thousand.

    Raises DataError when there is nothing to show; a row that does not fit the others is told by `broken`.
    """
    path = Path(path)
    used = fmt or sniff(path)
    with _sentences(path):
        _require_text(path)
        records, broken, complete = _sample(path, used)
    if not records:
        raise DataError(broken or f"{_shown(path.name)} is empty.")
    names, notes = _names(records[0][1]) if used.header else _numbered(len(records[0][1]))
    body = records[1:] if used.header else records
    if not body:
        raise DataError(broken or f"{_shown(path.name)} holds the names of columns but no rows.")
    width = len(names)
    cells = [tuple((row + [""] * width)[:width]) for _, row in body]
    lines = tuple(line for line, _ in body)
    judged = zip(names, zip(*cells, strict=True), strict=True)
    columns = tuple(_column(name, values, lines, used.decimal, complete) for name, values in judged)
    return Preview(
        path=path,
        format=used,
        columns=columns,
        roles=_guessed_roles(columns),
        rows=tuple(cells[:rows]),
        lines=lines[:rows],
        notes=(() if fmt else tuple(_format_notes(used))) + notes,
        broken=_misfit(body, width) or broken,
    )


def as_csv(dataset: Dataset) -> str:
    """The data as a CSV text that `read_table` reads back; its last column is the label."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*dataset.feature_names, "label"])
    rows = zip(dataset.X.tolist(), dataset.y.tolist(), strict=True)
    writer.writerows([*x, dataset.class_names[label]] for x, label in rows)
    return stream.getvalue()


def read_table(path: Path, label: str = "", features: tuple[str, ...] = (), fmt: TableFormat | None = None) -> Dataset:
    """The data set in a text file; `label` "", `features` () and `fmt` None are guessed.

    Rows with a missing or infinite feature or an empty label are dropped. The first of the data set's notes
    counts what became of the rows. Raises DataError with the sentence on what cannot be read.
    """
    path = Path(path)
    preview = read_preview(path, fmt)
    if preview.broken:
        raise DataError(preview.broken)
    target = _target(preview, label)
    inputs = _inputs(preview, target, features)
    with _sentences(path):
        large = path.stat().st_size > LARGE_BYTES
        rows = (_read_plain(preview, target, inputs) if large else None) or _read(preview, target, inputs)
    left_out = () if features else tuple(_left_out(preview, target))
    return _dataset(preview, target, inputs, rows, left_out)


# Sentences


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Whatever the system has to say about the file becomes one sentence."""
    name = _shown(path.name)
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is no file {_shown(str(path), 200)}.") from None
    except PermissionError:
        raise DataError(f"{name} may not be read: permission denied.") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
    except UnicodeError as error:
        raise DataError(f"{name} is not text in this encoding; choose another.") from error
    except MemoryError as error:
        raise DataError(f"{name} does not fit into memory.") from error


def _shown(text: str, limit: int = 40) -> str:
    """A text from a file in quotation marks: on one line, of bounded length, free of halves of characters."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return f"“{line if len(line) <= limit else line[: limit - 1] + '…'}”"


def _listed(names: Sequence[str], last: str = "and", limit: int = 10) -> str:
    """Names in a sentence: “a”, “b” and “c”; of many, the first few."""
    shown = [_shown(name) for name in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)}, … ({len(names):,} in all)"
    return f" {last} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _on_lines(lines: Ints, limit: int = 5) -> str:
    numbers = ", ".join(f"{line:,}" for line in lines[:limit])
    return f"line{'' if len(lines) == 1 else 's'} {numbers}{', …' if len(lines) > limit else ''}"


# The file and its rows


def _require_text(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{_shown(path.name)} is a folder, not a file.")
    if not path.exists():
        raise FileNotFoundError
    if not path.is_file():
        raise DataError(f"{_shown(path.name)} is not an ordinary file.")
    with path.open("rb") as handle:
        start = handle.read(8)
    if not start:
        raise DataError(f"{_shown(path.name)} is empty.")
    for magic, reason in NOT_TEXT.items():
        if start.startswith(magic):
            raise DataError(f"{_shown(path.name)} {reason}.")


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        start = handle.read(1 << 16)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start:
        raise DataError(f"{_shown(path.name)} is not a text file.")
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


def _records(path: Path, fmt: TableFormat) -> Generator[Record, None, None]:
    """The rows that are not blank, each with the line it starts on. Raises DataError on a broken quote."""
    with path.open(encoding=fmt.encoding, newline="") as handle:
        reader = csv.reader(handle, delimiter=fmt.delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
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


def _sample(path: Path, fmt: TableFormat) -> tuple[list[Record], str, bool]:
    """The first records, the sentence on what breaks off there or "", and whether they are all there are."""
    with closing(_records(path, fmt)) as source:
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


def _misfit(records: Sequence[Record], width: int) -> str:
    if width == 1:
        return "Only one column was found; choose the delimiter that separates the columns."
    for line, cells in records:
        if len(cells) != width:
            return f"Line {line:,} has {_count(len(cells), 'field')}, expected {width:,}."
    return ""


def _number(cell: str, decimal: str) -> float | None:
    """The number in a cell, nan where it is missing, None where there is other text."""
    text = cell.strip()
    if text.casefold() in MISSING:
        return math.nan
    plain = text.translate(SWAP_COMMA) if decimal == "," else text
    with suppress(ValueError):
        return None if "_" in plain else float(plain)
    return None


def _numbers(cells: Sequence[str], decimal: str) -> tuple[Floats, list[int]]:
    """The numbers in a column of n cells, (n,), nan where there is none, and the positions of text."""
    plain = [cell.translate(SWAP_COMMA) for cell in cells] if decimal == "," else cells
    if "_" not in "".join(cells):
        with suppress(ValueError):
            return np.fromiter(map(float, plain), np.float64, len(cells)), []
    parsed = [_number(cell, decimal) for cell in cells]
    values = np.array([math.nan if value is None else value for value in parsed], dtype=np.float64)
    return values, [position for position, value in enumerate(parsed) if value is None]


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
    texts = [place for place, cell in enumerate(first) if _number(cell, decimal) is None or not cell.strip()]
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
            notes.append(f"Column {place:,} repeats the name {_shown(wanted)} and is called {_shown(name)}.")
        names[name] = None
    return tuple(names), tuple(notes)


def _column(name: str, cells: Sequence[str], lines: Sequence[int], decimal: str, complete: bool) -> Column:
    values, texts = _numbers(cells, decimal)
    classes = {" ".join(cell.split()) for cell in cells} - {""}
    kind = _kind(name, cells, values, texts)
    return Column(
        name=name,
        kind=kind,
        few=_few(kind, len(classes), len(cells)),
        as_feature=_text_sentence(name, len(texts), lines[texts[0]], cells[texts[0]]) if texts else "",
        as_label=_label_problem(name, classes, len(cells), decimal, complete),
    )


def _kind(name: str, cells: Sequence[str], values: Floats, texts: list[int]) -> Kind:
    """A column is of numbers if at least half of what it holds are, or are meant as, numbers."""
    filled = sum(cell.strip().casefold() not in MISSING for cell in cells)
    meant = sum(bool(IN_DISGUISE.fullmatch(cells[place].strip())) for place in texts)
    if not filled:
        return "empty"
    if (filled - len(texts) + meant) * 2 < filled:
        return "text"
    counting = len(values) > 1 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    return "counter" if counting and name.casefold() in COUNTER_NAMES else "number"


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


def _text_sentence(name: str, count: int, line: int, text: str) -> str:
    hint = " Is the comma a decimal sign?" if DECIMAL_COMMA.fullmatch(text.strip()) else ""
    return (
        f"Column {_shown(name)} holds text in {_count(count, 'row')}, first {_shown(text)} on line {line:,}; "
        f"a feature must be a number.{hint}"
    )


def _label_problem(name: str, classes: Collection[str], rows: int, decimal: str, complete: bool) -> str:
    """Why the different texts in `rows` rows cannot be classes, or ""; `complete`: no more rows follow."""
    column = f"Column {_shown(name)}"
    if complete and not classes:
        return f"{column} is empty."
    if complete and len(classes) == 1:
        return f"{column} holds one class only, {_shown(next(iter(classes)))}; at least two are needed."
    if _continuous(classes, rows, decimal, complete):
        return f"{column}: This looks like a number to predict; MLP Studio classifies."
    if len(classes) > MAX_CLASSES:
        return f"{column} holds more than {MAX_CLASSES:,} classes, the most that can be used."
    if complete and len(classes) == rows > FEW:
        return f"{column} is different in every row; a class must have several rows."
    return ""


def _continuous(classes: Collection[str], rows: int, decimal: str, complete: bool) -> bool:
    numbers = [_number(text, decimal) for text in classes if text.casefold() not in MISSING]
    if not numbers or None in numbers:
        return False
    if all(number.is_integer() for number in numbers if number is not None):
        return len(numbers) > MAX_CLASSES or (complete and len(numbers) > FEW and len(numbers) * 10 > rows)
    return len(numbers) > FEW or (complete and len(numbers) * 2 > rows)


# Columns that the caller names


def _target(preview: Preview, label: str) -> int:
    if label:
        return _place(preview, label)
    if "label" in preview.roles:
        return preview.roles.index("label")
    if reason := preview.columns[-1].as_label:
        raise DataError(reason)
    raise DataError(f"No column looks like a class; name {_listed(preview.names, 'or')} as the label.")


def _inputs(preview: Preview, target: int, features: tuple[str, ...]) -> tuple[int, ...]:
    if not features:
        numeric = [place for place, column in enumerate(preview.columns) if column.kind == "number"]
        if not (inputs := tuple(place for place in numeric if place != target)):
            raise DataError("No column beside the label holds numbers, so there is nothing to learn from.")
        return inputs
    inputs = tuple(_place(preview, name) for name in features)
    if target in inputs:
        raise DataError(f"Column {_shown(preview.names[target])} cannot be both the label and a feature.")
    if repeated := [name for name, times in Counter(features).items() if times > 1]:
        raise DataError(f"Feature {_shown(repeated[0])} is named twice.")
    return inputs


def _place(preview: Preview, name: str) -> int:
    if name not in preview.names:
        raise DataError(f"There is no column {_shown(name)}; the columns are {_listed(preview.names)}.")
    return preview.names.index(name)


def _left_out(preview: Preview, target: int) -> Iterator[str]:
    contents: dict[Kind, str] = {"text": "text", "empty": "nothing", "counter": "the number of the row"}
    for kind, content in contents.items():
        names = [c.name for place, c in enumerate(preview.columns) if c.kind == kind and place != target]
        if names:
            yield f"Left out: {_listed(names)}, which {'holds' if len(names) == 1 else 'hold'} {content}."


# All rows


class _Text(NamedTuple):
    """Text where a number should be: in how many rows, and the first of them."""

    rows: int
    line: int
    first: str


@dataclass(slots=True)
class _Rows:
    """The rows of a file, in batches of n rows with D features each."""

    values: list[Floats] = field(default_factory=list)  # (n, D) each, nan where missing
    codes: list[Ints] = field(default_factory=list)  # (n,) each, an index into `classes`
    lines: list[Ints] = field(default_factory=list)  # (n,) each, where the rows start
    classes: dict[str, int] = field(default_factory=dict)
    texts: dict[int, _Text] = field(default_factory=dict)  # feature → the text in it
    untidy: bool = False  # white space around a label was removed

    def add(self, lines: Sequence[int], values: Floats, labels: Sequence[str]) -> None:
        """Take a batch: where its n rows start, their numbers (n, D) and labels (n,)."""
        tidy = [" ".join(label.split()) for label in labels]
        self.untidy |= any(map(str.__ne__, tidy, labels))
        self.values.append(values)
        self.codes.append(np.array([self.classes.setdefault(name, len(self.classes)) for name in tidy]))
        self.lines.append(np.array(lines))

    @property
    def too_many_classes(self) -> bool:
        """True when there is no point in reading on."""
        return len(self.classes) > MAX_CLASSES + 1  # one of them may be the empty label


def _read(preview: Preview, target: int, inputs: tuple[int, ...]) -> _Rows:
    """All rows below the header. Raises DataError on the first row that does not fit the others."""
    rows, width = _Rows(), len(preview.columns)
    with closing(_records(preview.path, preview.format)) as source:
        if preview.format.header:
            next(source)
        while not rows.too_many_classes and (batch := list(islice(source, max(1, BATCH_CELLS // width)))):
            if problem := _misfit(batch, width):
                raise DataError(problem)
            columns = list(zip(*(cells for _, cells in batch), strict=True))
            lines = [line for line, _ in batch]
            values = _values([columns[place] for place in inputs], lines, preview.format.decimal, rows.texts)
            rows.add(lines, values, columns[target])
    return rows


def _values(columns: list[tuple[str, ...]], lines: list[int], decimal: str, found: dict[int, _Text]) -> Floats:
    """The numbers (n, D) in D columns of n cells; text is added to what was found before."""
    values = np.empty((len(lines), len(columns)))
    for feature, cells in enumerate(columns):
        values[:, feature], texts = _numbers(cells, decimal)
        if texts:
            before = found.get(feature, _Text(0, lines[texts[0]], cells[texts[0]]))
            found[feature] = before._replace(rows=before.rows + len(texts))
    return values


class _PlainText(io.TextIOWrapper):
    """A text file without quotation marks. Raises ValueError where there is one."""

    def read(self, size: int | None = -1, /) -> str:
        text = super().read(size)
        if '"' in text:
            raise ValueError("A quotation mark.")
        return text


def _read_plain(preview: Preview, target: int, inputs: tuple[int, ...]) -> _Rows | None:
    """All rows by pandas, or None if anything in the file wants the closer look of `_read`."""
    import pandas as pd

    rows, width, used = _Rows(), len(preview.columns), preview.format
    kinds = {place: "float64" if place in inputs else "str" for place in range(width)}
    with suppress(ValueError), _PlainText(preview.path.open("rb"), used.encoding, newline="") as handle:
        for _ in range(preview.lines[0] - 1):
            handle.readline()
        for table in pd.read_csv(
            handle,
            sep=used.delimiter,
            decimal=used.decimal,
            header=None,
            index_col=False,
            dtype=kinds,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            compression=None,
            chunksize=max(1, 5 * BATCH_CELLS // width),
        ):
            values = table[list(inputs)].to_numpy(np.float64)
            labels = table[target].tolist()
            short = table.shape[1] != width or "" in labels or (table[width - 1] == "").any()
            if short or not (np.abs(values) <= MAX_NUMBER).all():
                return None
            rows.add(range(len(labels)), values, labels)
            if rows.too_many_classes:
                break
        return rows
    return None


def _dataset(preview: Preview, target: int, inputs: tuple[int, ...], rows: _Rows, left_out: tuple[str, ...]) -> Dataset:
    """The rows that can be used, classes in the order of their names, with the account of all rows."""
    features, label = tuple(preview.names[place] for place in inputs), preview.names[target]
    _require_numbers(rows, features)
    X, codes, lines = _joined(rows.values), _joined(rows.codes), _joined(rows.lines)
    dropped = _dropped(X, codes == rows.classes.get("", -1))
    used = ~np.any(list(dropped.values()), axis=0)
    X, codes, found = X[used], codes[used], list(rows.classes)
    account = _account(dropped, lines, _duplicates(X, codes))
    if not len(X):
        raise DataError(f"No row can be used: {account}")
    names = sorted(found[code] for code in np.unique(codes))
    if problem := _label_problem(label, names, len(X), preview.format.decimal, complete=True):
        raise DataError(problem)
    index = np.zeros(len(found), dtype=np.int64)
    index[[rows.classes[name] for name in names]] = np.arange(len(names))
    lost = sorted(set(found) - set(names) - {""})
    notes = (account, *preview.notes, *left_out, *_notes(X, features, names, lost, rows.untidy))
    return Dataset(preview.path.name, X, index[codes], features, tuple(names), notes)


def _joined(batches: list[NDArray[Number]]) -> NDArray[Number]:
    joined: NDArray[Number] = np.concatenate(batches)
    batches.clear()  # a large table should be held once
    return joined


def _require_numbers(rows: _Rows, names: tuple[str, ...]) -> None:
    if rows.texts:
        feature = min(rows.texts)
        text = rows.texts[feature]
        raise DataError(_text_sentence(names[feature], text.rows, text.line, text.first))
    for values, lines in zip(rows.values, rows.lines, strict=True):
        row, column = np.nonzero(np.isfinite(values) & (np.abs(values) > MAX_NUMBER))
        if len(row):
            value, name = values[row[0], column[0]], names[column[0]]
            raise DataError(
                f"Column {_shown(name)} holds {value:g} on line {lines[row[0]]:,}; "
                f"numbers beyond ±{MAX_NUMBER:g} cannot be scaled."
            )


def _dropped(X: Floats, unlabelled: Bools) -> dict[str, Bools]:
    """Why rows cannot be used → which ones, (N,); each row for one reason at most."""
    missing: Bools = np.logical_or.reduce(np.isnan(X), axis=1)
    infinite: Bools = np.logical_or.reduce(np.isinf(X), axis=1) & ~missing
    return {
        "missing values": missing,
        "infinite values": infinite,
        "an empty label": unlabelled & ~missing & ~infinite,
    }


def _duplicates(X: Floats, codes: Ints) -> int:
    """How many rows repeat an earlier one, told by a 64-bit hash of each row's features and class."""
    prints = codes.astype(np.uint64)
    for column in X.T:
        prints = (prints ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)  # + 0.0: no -0.0
        prints ^= prints >> np.uint64(29)
    return int(np.count_nonzero(np.diff(np.sort(prints)) == 0))


def _account(dropped: dict[str, Bools], lines: Ints, duplicates: int) -> str:
    """What became of the rows: "1,500 rows read, 1,491 used, 9 dropped for missing values (lines 12, …)."."""
    used = len(lines) - sum(int(mask.sum()) for mask in dropped.values())
    parts = [f"{_count(len(lines), 'row')} read, {used:,} used"]
    parts += [
        f"{mask.sum():,} dropped for {reason} ({_on_lines(lines[mask])})"
        for reason, mask in dropped.items()
        if mask.any()
    ]
    parts += [f"{_count(duplicates, 'duplicate')} kept"] if duplicates else []
    return f"{', '.join(parts)}."


def _notes(X: Floats, features: Sequence[str], classes: list[str], lost: list[str], untidy: bool) -> Iterator[str]:
    constant = [name for name, spread in zip(features, np.ptp(X, axis=0), strict=True) if spread == 0]
    if constant:
        yield f"The same value in every row, so of no use: {_listed(constant)}."
    if lost:
        yield f"No usable row is left of {_listed(lost)}."
    if untidy:
        yield "Spaces around class names were removed."
    if len(classes) > MANY_CLASSES:
        yield f"There are {len(classes):,} classes; tables and charts are made for up to {MANY_CLASSES}."
    if len(features) > MANY_FEATURES:
        yield f"There are {len(features):,} features; lists and charts are made for up to {MANY_FEATURES}."
