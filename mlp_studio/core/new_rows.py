"""Rows of another table as a trained network's features: its columns are found by name, whatever their order.

What a row lacks is told, never guessed: it has no features then (nan) and a reason why. Only a network that learned
with missing values filled gets them filled here, too, with what is typical of its training rows.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.categories import Origin
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.gaps import typical
from mlp_studio.core.model import Model
from mlp_studio.core.preview import DECIMAL_COMMA, Preview, read_preview
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.readers import read_records
from mlp_studio.core.sources import table_format
from mlp_studio.core.table import BATCH_CELLS
from mlp_studio.core.text_rows import (
    Record,
    TableFormat,
    as_numbers,
    counted,
    inert,
    listed,
    misfit,
    on_lines,
    quoted,
    sentences,
)
from mlp_studio.core.trained import Trained

Bools: TypeAlias = NDArray[np.bool_]
Fill: TypeAlias = Mapping[Origin, Floats]  # column → what stands for a missing value in its features
MISSING, INFINITE, UNKNOWN = "missing values", "infinite values", "a text that the network has not learned"


def origins_of(model: Model) -> tuple[Origin, ...]:
    """The columns of a table that the features (D,) are made from, in their order; one of text makes several."""
    ends = np.cumsum([len(column.features) for column in model.columns])
    return tuple(
        Origin(column.name, tuple(range(end - len(column.features), end)), column.texts)
        for column, end in zip(model.columns, ends.tolist(), strict=True)
    )


def fills_of(trained: Trained, origins: Sequence[Origin]) -> Fill:
    """What a missing value becomes, as learned from the training rows; nothing where such rows were dropped."""
    data, train = trained.prepared.dataset, trained.prepared.train.rows
    if data.account is None or trained.experiment.data.missing != "median":
        return {}
    return {origin: typical(data.X[np.ix_(train, np.array(origin.features))]) for origin in origins}


def spellings(name: str) -> tuple[str, ...]:
    """How a column or class of that name is called when a table is read: as it is, or as the studio has written it."""
    written = name.encode("utf-8", "backslashreplace").decode()
    return tuple(dict.fromkeys(" ".join(one.split()) for one in (name, written, inert(written))))


@dataclass(frozen=True, slots=True, eq=False)
class NewRows:
    """n rows of the table: the lines on which they start, their cells as text, and their features X (n, D).

    `reasons`: row → why it has no features, which are nan then. `filled` values were missing and are filled.
    """

    lines: tuple[int, ...]
    cells: tuple[Sequence[str], ...]
    X: Floats
    reasons: dict[int, str]
    filled: int = 0

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(slots=True)
class Tally:
    """What becomes of the rows of a table, for the sentence that accounts for all of them."""

    read: int = 0
    used: int = 0
    filled: int = 0
    left: dict[str, list[int]] = field(default_factory=dict)  # reason → the lines of its rows

    def add(self, rows: NewRows) -> None:
        """Count a batch, each of its rows with a reason or as used."""
        self.read += len(rows)
        self.used += len(rows) - len(rows.reasons)
        self.filled += rows.filled
        for row, reason in sorted(rows.reasons.items()):
            self.left.setdefault(reason, []).append(rows.lines[row])

    def sentence(self, done: str, not_done: str) -> str:
        """As in "40 rows read, 37 predicted, 3 left empty for missing values (lines 2, 5, 9)."."""
        parts = [f"{counted(self.read, 'row')} read, {self.used:,} {done}"]
        parts += [f"{len(lines):,} {not_done} for {reason} ({on_lines(lines)})" for reason, lines in self.left.items()]
        parts += [f"{counted(self.filled, 'missing value')} filled as in training"] if self.filled else []
        return f"{', '.join(parts)}."


def open_table(path: Path, trained: Trained) -> "NewTable":
    """The table at `path`, taken apart as the run's own file was told to be, or else as it looks.

    Raises DataError with the sentence to show.
    """
    with sentences(path):
        given = table_format(path, trained.experiment.data) if trained.experiment.data.source == "file" else None
    try:
        return NewTable(path, trained, given)
    except DataError:
        if given is None:
            raise
        return NewTable(path, trained)


class NewTable:
    """A table that has the columns of a trained network, and perhaps more. Raises DataError where it lacks one.

    `names` are those of its columns, all different; `format` is how it is taken apart, as it looks unless given.
    """

    def __init__(self, path: Path, trained: Trained, fmt: TableFormat | None = None) -> None:
        self.path = Path(path)
        preview = read_preview(self.path, fmt, rows=0)
        self.format, self.names = preview.format, preview.names
        self.guessed_label = _guessed_label(preview)
        self._origins = origins_of(Model.of(trained))
        self._places = self._find_all([origin.name for origin in self._origins])
        self._fills = fills_of(trained, self._origins)
        self._features = trained.prepared.dataset.features

    def find(self, name: str) -> int | None:
        """Where the column of that name stands: as it is, or as the studio writes it into a table."""
        return next((self.names.index(one) for one in spellings(name) if one in self.names), None)

    def is_feature(self, place: int) -> bool:
        """Whether the network learns from that column."""
        return place in self._places

    @property
    def other_places(self) -> list[int]:
        """Where the columns stand that need not hold numbers."""
        numbers = {place for origin, place in zip(self._origins, self._places, strict=True) if not origin.texts}
        return [place for place in range(len(self.names)) if place not in numbers]

    def _find_all(self, wanted: Sequence[str]) -> list[int]:
        places = [self.find(name) for name in wanted]
        found = [place for place in places if place is not None]
        if len(found) < len(wanted):
            lacking = [name for name, place in zip(wanted, places, strict=True) if place is None]
            raise DataError(
                f"{quoted(self.path.name)} lacks the column{'' if len(lacking) == 1 else 's'} {listed(lacking)}, which "
                f"the network has learned from; it has {listed(self.names)}."
            )
        if shared := [place for place, times in Counter(found).items() if times > 1]:
            raise DataError(f"Column {quoted(self.names[shared[0]])} would stand for two features; rename one of them.")
        return found

    def batches(self, progress: Progress = to_nobody) -> Iterator[NewRows]:
        """All rows, some at a time. Raises DataError on the first that does not fit, and what `progress` raises."""
        width = len(self.names)
        with sentences(self.path), closing(read_records(self.path, self.format, progress)) as source:
            if self.format.header:
                next(source)
            while batch := list(islice(source, max(1, BATCH_CELLS // width))):
                if problem := _misfit(batch, width):
                    raise DataError(problem)
                yield self._rows([line for line, _ in batch], [cells for _, cells in batch])

    def _rows(self, lines: Sequence[int], cells: Sequence[Sequence[str]]) -> NewRows:
        columns = list(zip(*cells, strict=True))
        X = np.empty((len(lines), self._features))
        lacks = np.zeros((len(lines), len(self._origins)), dtype=np.bool_)
        reasons: dict[int, str] = {}
        for number, (origin, place) in enumerate(zip(self._origins, self._places, strict=True)):
            values, unknown = self._values(origin, columns[place], lines)
            reasons |= dict.fromkeys(unknown, UNKNOWN)
            X[:, list(origin.features)] = values
            lacks[:, number] = np.isnan(values[:, 0])
            lacks[unknown, number] = False
        filled = self._fill(X, lacks)
        reasons |= dict.fromkeys(np.flatnonzero(np.isinf(X).any(axis=1)).tolist(), INFINITE)
        reasons |= dict.fromkeys(np.flatnonzero(lacks.any(axis=1)).tolist(), MISSING)
        X[list(reasons)] = np.nan
        return NewRows(tuple(lines), tuple(cells), X, reasons, filled)

    def _values(self, origin: Origin, cells: Sequence[str], lines: Sequence[int]) -> tuple[Floats, list[int]]:
        """The features (n, k) of a column's n cells, nan where there is none, and the rows of unknown texts."""
        if origin.texts:
            known = {text: place for place, text in enumerate(origin.texts)}
            return _indicators([" ".join(cell.split()) for cell in cells], known)
        values, texts = as_numbers(cells, self.format.decimal)
        if texts:
            raise DataError(_no_number(origin.name, cells[texts[0]], lines[texts[0]]))
        return values[:, None], []

    def _fill(self, X: Floats, lacks: Bools) -> int:
        """Fill X (n, D) where that is how the network learned, except in rows without any value; how many."""
        if not self._fills:
            return 0
        has_some = ~lacks.all(axis=1)
        filled = 0
        for number, origin in enumerate(self._origins):
            rows = np.flatnonzero(lacks[:, number] & has_some)
            X[np.ix_(rows, np.array(origin.features))] = self._fills[origin]
            filled += len(rows)
        lacks[has_some] = False
        return filled


def _guessed_label(preview: Preview) -> int | None:
    return preview.roles.index("label") if "label" in preview.roles else None


def _misfit(batch: Sequence[Record], width: int) -> str:
    """As `misfit`; a table of one column is enough where that is all there is to know."""
    if width > 1:
        return misfit(batch, width)
    odd = next((record for record in batch if len(record[1]) != 1), None)
    return "" if odd is None else f"Line {odd[0]:,} has {counted(len(odd[1]), 'field')}, expected 1."


def _indicators(texts: Sequence[str], known: Mapping[str, int]) -> tuple[Floats, list[int]]:
    """Texts (n,) as zeros and ones (n, k), nan where a text is empty or unknown, and the rows of unknown ones."""
    codes = np.array([known.get(text, math.nan) for text in texts])
    unknown = [row for row, text in enumerate(texts) if text and text not in known]
    values: Floats = np.where(np.isnan(codes)[:, None], math.nan, codes[:, None] == np.arange(len(known)))
    return values, unknown


def _no_number(name: str, cell: str, line: int) -> str:
    hint = " Is the comma a decimal sign?" if DECIMAL_COMMA.fullmatch(cell.strip()) else ""
    return f"Column {quoted(name)} holds {quoted(cell)} on line {line:,}; a feature must be a number.{hint}"
