"""Tables from files: all rows, each accounted for, as a data set.

The csv module reads them row by row; pandas reads large files several times as fast, and is used where both agree.
What goes wrong is a `DataError` with one sentence that names the line or the column; what was merely decided
is a sentence in `notes`.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core import heavy
from mlp_studio.core.account import MEDIAN, MOST_FREQUENT, Account, Dropped, Filled, Place
from mlp_studio.core.categories import MAX_CATEGORIES, Origin, category_codes, one_hot
from mlp_studio.core.dataset import Dataset, Floats, Gap, Ints
from mlp_studio.core.errors import DataError
from mlp_studio.core.files import sha256_of, write_text
from mlp_studio.core.gaps import fill
from mlp_studio.core.plain_text import MISSING_NUMBERS, PlainText
from mlp_studio.core.preview import MAX_CLASSES, Kind, Preview, label_problem, read_preview, text_sentence
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.readers import READERS, read_records
from mlp_studio.core.text_rows import (
    TableFormat,
    as_numbers,
    inert,
    listed,
    misfit,
    quoted,
    sentences,
)

Bools: TypeAlias = NDArray[np.bool_]
Number = TypeVar("Number", np.float64, np.int64)

MANY_CLASSES, MANY_FEATURES = 20, 100  # more work, too, but not everything is in view at once
MAX_NUMBER = 1e100  # its square is still finite, so it can be standardised
BATCH_CELLS = 200_000  # what is held as text at a time
TEXT_HINT = "; a column of text becomes numbers where it is chosen as a feature"
LARGE_BYTES = 1 << 22  # above, pandas is worth its import


def as_csv(dataset: Dataset) -> str:
    """The data as a CSV text that `read_table` reads back to the last bit; its last column is the label.

    A name that a spreadsheet would take for a formula has a ' before it, and keeps it when it is read: text from a
    file is never changed in silence.
    """
    stream = io.StringIO()
    names = [inert(name) for name in dataset.feature_names]
    classes = [inert(name) for name in dataset.class_names]
    forgets = "\r" in "".join([*names, *classes])  # csv does not quote a lone carriage return of itself
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC if forgets else csv.QUOTE_MINIMAL)
    writer.writerow([*names, "label"])
    rows = zip(dataset.X.tolist(), dataset.y.tolist(), strict=True)
    writer.writerows([*x, classes[label]] for x, label in rows)
    return stream.getvalue()


def write_table(path: Path, dataset: Dataset) -> None:
    """Write the data as `as_csv` has them. Raises DataError with the sentence to show."""
    try:
        write_text(path, as_csv(dataset))
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}.") from error


def read_table(
    path: Path,
    label: str = "",
    features: tuple[str, ...] = (),
    fmt: TableFormat | None = None,
    missing: str = "drop",
    progress: Progress = to_nobody,
) -> Dataset:
    """The data set in a file; `label` "", `features` () and `fmt` None are guessed.

    A column of text that is named among the features becomes one of zeros and ones for each different text. Rows with
    an infinite feature or an empty label are dropped, and those with a missing feature, too; with `missing` "median"
    only those that have no feature at all, while the others are filled. The first of the data set's notes counts what
    became of the rows. `progress` is told how much of the file is read, and may end it by raising CancelledError.
    Raises DataError with the sentence on what cannot be read.
    """
    path = Path(path)
    preview = read_preview(path, fmt)
    if preview.broken:
        raise DataError(preview.broken)
    target = _target(preview, label)
    inputs = _inputs(preview, target, features)
    with sentences(path):
        large = preview.kind == "text" and path.stat().st_size > LARGE_BYTES
        rows = _read_plain(preview, target, inputs, progress) if large else None
        rows = rows or _read_columns(preview, target, inputs, progress) or _read(preview, target, inputs, progress)
        sha256 = sha256_of(path)
    left_out = () if features else tuple(_left_out(preview, target))
    dataset = _dataset(preview, target, inputs, rows, left_out, missing)
    account = dataset.account and replace(dataset.account, sha256=sha256)
    return replace(dataset, account=account)


# Columns that the caller names


def _target(preview: Preview, label: str) -> int:
    if label:
        return _place(preview, label)
    if "label" in preview.roles:
        return preview.roles.index("label")
    if reason := preview.columns[-1].as_label:
        raise DataError(reason)
    raise DataError(f"No column looks like a class; name {listed(preview.names, 'or')} as the label.")


def _inputs(preview: Preview, target: int, features: tuple[str, ...]) -> tuple[int, ...]:
    if not features:
        numeric = [place for place, column in enumerate(preview.columns) if column.kind == "number"]
        if not (inputs := tuple(place for place in numeric if place != target)):
            texts = any(column.categories for place, column in enumerate(preview.columns) if place != target)
            hint = TEXT_HINT if texts else ""
            raise DataError(f"No column beside the label holds numbers, so there is nothing to learn from{hint}.")
        return inputs
    inputs = tuple(_place(preview, name) for name in features)
    if target in inputs:
        raise DataError(f"Column {quoted(preview.names[target])} cannot be both the label and a feature.")
    if repeated := [name for name, times in Counter(features).items() if times > 1]:
        raise DataError(f"Feature {quoted(repeated[0])} is named twice.")
    return inputs


def _place(preview: Preview, name: str) -> int:
    if name not in preview.names:
        raise DataError(f"There is no column {quoted(name)}; the columns are {listed(preview.names)}.")
    return preview.names.index(name)


def _left_out(preview: Preview, target: int) -> Iterator[str]:
    contents: dict[Kind, str] = {"text": "text", "empty": "nothing", "counter": "numbers that only tell the rows apart"}
    for kind, content in contents.items():
        names = [c.name for place, c in enumerate(preview.columns) if c.kind == kind and place != target]
        if names:
            yield f"Left out: {listed(names)}, which {'holds' if len(names) == 1 else 'hold'} {content}."


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
    categories: dict[int, dict[str, int]] = field(default_factory=dict)  # feature of text → its texts → their codes
    untidy: bool = False  # white space around a label was removed

    def add(self, lines: Sequence[int] | Ints, values: Floats, labels: Sequence[str]) -> None:
        """Take a batch: where its n rows start, their numbers (n, D) and labels (n,)."""
        tidy = [" ".join(label.split()) for label in labels]
        self.untidy |= any(map(str.__ne__, tidy, labels))
        self.values.append(values)
        self.codes.append(np.array([self.classes.setdefault(name, len(self.classes)) for name in tidy]))
        self.lines.append(np.array(lines))

    @property
    def too_many(self) -> bool:
        """True when there is no point in reading on."""
        texts = max(map(len, self.categories.values()), default=0)
        return len(self.classes) > MAX_CLASSES + 1 or texts > MAX_CATEGORIES  # one class may be the empty label


def _read(preview: Preview, target: int, inputs: tuple[int, ...], progress: Progress) -> _Rows:
    """All rows below the header. Raises DataError on the first row that does not fit the others."""
    rows, width = _empty_rows(preview, inputs), len(preview.columns)
    with closing(read_records(preview.path, preview.format, progress)) as source:
        if preview.format.header:
            next(source)
        while not rows.too_many and (batch := list(islice(source, max(1, BATCH_CELLS // width)))):
            if problem := misfit(batch, width):
                raise DataError(problem)
            columns = list(zip(*(cells for _, cells in batch), strict=True))
            lines = [line for line, _ in batch]
            values = _values([columns[place] for place in inputs], lines, preview.format.decimal, rows)
            rows.add(lines, values, columns[target])
    return rows


def _read_columns(preview: Preview, target: int, inputs: tuple[int, ...], progress: Progress) -> _Rows | None:
    """All rows, column by column, of a file that is kept that way; None of any other."""
    if (columns_of := READERS[preview.kind].columns) is None:
        return None
    rows = _empty_rows(preview, inputs)
    for first, columns, labels in columns_of(preview.path, inputs, target, progress):
        lines = range(first, first + len(labels))
        rows.add(lines, _values(columns, lines, preview.format.decimal, rows), labels)
        if rows.too_many:
            break
    return rows


def _empty_rows(preview: Preview, inputs: tuple[int, ...]) -> _Rows:
    texts = [feature for feature, place in enumerate(inputs) if preview.columns[place].kind == "text"]
    return _Rows(categories={feature: {} for feature in texts})


def _values(columns: Sequence[Floats | Sequence[str]], lines: Sequence[int], decimal: str, rows: _Rows) -> Floats:
    """The numbers (n, D) in D columns of n cells, of text its codes; text that is none of these is noted in `rows`."""
    values = np.empty((len(lines), len(columns)))
    for feature, cells in enumerate(columns):
        if isinstance(cells, np.ndarray):
            values[:, feature] = cells
        elif feature in rows.categories:
            values[:, feature] = category_codes(cells, rows.categories[feature])
        else:
            values[:, feature], texts = as_numbers(cells, decimal)
            if texts:
                before = rows.texts.get(feature, _Text(0, lines[texts[0]], cells[texts[0]]))
                rows.texts[feature] = before._replace(rows=before.rows + len(texts))
    return values


def _read_plain(preview: Preview, target: int, inputs: tuple[int, ...], progress: Progress) -> _Rows | None:
    """All rows by pandas, or None if anything in the file wants the closer look of `_read`."""
    heavy.load("pandas")
    import pandas as pd

    rows, width, used = _empty_rows(preview, inputs), len(preview.columns), preview.format
    numbers = [place for feature, place in enumerate(inputs) if feature not in rows.categories]
    missing: Any = dict.fromkeys(numbers, MISSING_NUMBERS)  # pandas' types know columns by text only
    count = 0
    with suppress(ValueError), PlainText(preview.path, used) as handle:
        for _ in range(preview.lines[0] - 1):
            handle.readline()
        for table in pd.read_csv(
            handle,
            sep=used.delimiter,
            decimal=used.decimal,
            header=None,
            index_col=False,
            dtype={place: "float64" if place in numbers else "str" for place in range(width)},
            na_values=missing,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            compression=None,
            chunksize=max(1, 5 * BATCH_CELLS // width),
        ):
            progress(handle.share)
            for feature, known in rows.categories.items():
                table[inputs[feature]] = category_codes(table[inputs[feature]].tolist(), known)
            values = table[list(inputs)].to_numpy(np.float64)
            rows.add(preview.lines[0] + count + np.arange(len(table)), values, table[target].tolist())
            count += len(table)
            if rows.too_many or _is_huge(values).any():
                return None
        # a row too short would have been filled up, and a blank line would count as none
        is_even = handle.delimiters == count * (width - 1) and handle.lines == count
        return rows if is_even else None
    return None


def _is_huge(values: Floats) -> Bools:
    """Which values are too large to be scaled, without being infinite."""
    found: Bools = np.isfinite(values) & (np.abs(values) > MAX_NUMBER)
    return found


def _dataset(
    preview: Preview, target: int, inputs: tuple[int, ...], rows: _Rows, left_out: tuple[str, ...], missing: str
) -> Dataset:
    """The rows that can be used, classes in the order of their names, with the account of all rows."""
    columns, label = tuple(preview.names[place] for place in inputs), preview.names[target]
    _require_numbers(rows, columns)
    values, codes, lines = _joined(rows.values), _joined(rows.codes), _joined(rows.lines)
    dropped = _dropped(values, codes == rows.classes.get("", -1), missing)
    used = ~np.any(list(dropped.values()), axis=0)
    values, codes, found = values[used], codes[used], list(rows.classes)
    account = Account(
        kind=preview.kind,
        format=preview.format,
        read=len(lines),
        used=len(values),
        dropped=tuple(Dropped(reason, lines[mask]) for reason, mask in dropped.items() if mask.any()),
        features=tuple(Place(preview.names[place], place) for place in inputs),
        label=Place(label, target),
    )
    if not len(values):
        raise DataError(f"No row can be used: {account.sentence}")
    names = sorted(found[code] for code in np.unique(codes))
    if problem := label_problem(label, names, len(values), preview.format.decimal, complete=True):
        raise DataError(f"{problem} {account.sentence}" if len(values) < len(lines) else problem)
    X, features, origins = one_hot(values, columns, rows.categories)
    gaps = _gaps(X, origins)
    for gap in gaps.values():
        fill(X, gap)
    account = replace(
        account,
        filled=tuple(Filled(origin.name, _rule(origin), lines[used][gap.rows]) for origin, gap in gaps.items()),
        duplicates=_duplicates(X, codes),
        encoded=tuple((origin.name, origin.texts) for origin in origins if origin.texts),
    )
    index = np.zeros(len(found), dtype=np.int64)
    index[[rows.classes[name] for name in names]] = np.arange(len(names))
    lost = sorted(set(found) - set(names) - {""})
    notes = (
        account.sentence,
        *preview.notes,
        *left_out,
        *_encoded(account),
        *_notes(X, features, names, lost, rows.untidy),
    )
    return Dataset(
        preview.path.name, X, index[codes], features, tuple(names), notes, gaps=tuple(gaps.values()), account=account
    )


def _gaps(X: Floats, origins: Sequence[Origin]) -> dict[Origin, Gap]:
    """Where X (N, D) has no value, column of the file by column. Raises DataError where one has none at all."""
    gaps = {}
    for origin in origins:
        rows = np.flatnonzero(np.isnan(X[:, origin.features[0]]))
        if len(rows) == len(X):
            raise DataError(f"Column {quoted(origin.name)} has no value in any row that can be used; ignore it.")
        if len(rows):
            gaps[origin] = Gap(origin.features, rows)
    return gaps


def _rule(origin: Origin) -> str:
    return MOST_FREQUENT if origin.texts else MEDIAN


def _joined(batches: list[NDArray[Number]]) -> NDArray[Number]:
    joined: NDArray[Number] = np.concatenate(batches)
    batches.clear()  # a large table should be held once
    return joined


def _require_numbers(rows: _Rows, names: tuple[str, ...]) -> None:
    if rows.texts:
        feature = min(rows.texts)
        text = rows.texts[feature]
        raise DataError(text_sentence(names[feature], text.rows, text.line, text.first))
    for values, lines in zip(rows.values, rows.lines, strict=True):
        row, column = np.nonzero(_is_huge(values))
        if len(row):
            value, name = values[row[0], column[0]], names[column[0]]
            raise DataError(
                f"Column {quoted(name)} holds {value:g} on line {lines[row[0]]:,}; "
                f"numbers beyond ±{MAX_NUMBER:g} cannot be scaled."
            )


def _dropped(values: Floats, unlabelled: Bools, missing: str) -> dict[str, Bools]:
    """Why rows cannot be used → which ones, (N,); each row for one reason at most."""
    lacks = np.logical_or if missing == "drop" else np.logical_and  # filled, unless a row has nothing at all
    is_missing: Bools = lacks.reduce(np.isnan(values), axis=1)
    infinite: Bools = np.logical_or.reduce(np.isinf(values), axis=1) & ~is_missing
    return {
        "missing values": is_missing,
        "infinite values": infinite,
        "an empty label": unlabelled & ~is_missing & ~infinite,
    }


def _duplicates(X: Floats, codes: Ints) -> int:
    """How many rows repeat an earlier one, told by a 64-bit hash of each row's features and class."""
    prints = codes.astype(np.uint64)
    for column in X.T:
        prints = (prints ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)  # + 0.0: no -0.0
        prints ^= prints >> np.uint64(29)
    return int(np.count_nonzero(np.diff(np.sort(prints)) == 0))


def _encoded(account: Account) -> Iterator[str]:
    for name, texts in account.encoded:
        many = f"{len(texts)} features, one for each text in it" if len(texts) > 1 else "1 feature"
        yield f"{quoted(name)} became {many}."


def _notes(X: Floats, features: Sequence[str], classes: list[str], lost: list[str], untidy: bool) -> Iterator[str]:
    constant = [name for name, spread in zip(features, np.ptp(X, axis=0), strict=True) if spread == 0]
    if constant:
        yield f"The same value in every row, so of no use: {listed(constant)}."
    if lost:
        yield f"No usable row is left of {listed(lost)}."
    if untidy:
        yield "Spaces around class names were removed."
    if len(classes) > MANY_CLASSES:
        yield f"There are {len(classes):,} classes; tables and charts are made for up to {MANY_CLASSES}."
    if len(features) > MANY_FEATURES:
        yield f"There are {len(features):,} features; lists and charts are made for up to {MANY_FEATURES}."
