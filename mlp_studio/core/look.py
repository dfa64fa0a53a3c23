"""A first look at a file: what it seems to hold, and whether a person should be asked before it is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlp_studio.core.errors import DataError
from mlp_studio.core.preview import LABEL_NAMES, Preview, read_preview
from mlp_studio.core.readers import find_kind
from mlp_studio.core.table import read_table
from mlp_studio.core.text_rows import TableFormat, counted, listed, quoted, sentences


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows of itself. `preview`: its first rows, or None where there is nothing to show.

    `kind` is the file's in `core.readers`, "" where it holds no table, whatever is chosen. `problem` is the sentence on
    why the file cannot be read as it is guessed, or "". `doubts` are what is guessed but not certain: without problem
    and doubts the file can be read unasked.
    """

    path: Path
    kind: str
    preview: Preview | None
    problem: str
    doubts: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether nothing has to be asked."""
        return not self.problem and not self.doubts


def look(path: Path, fmt: TableFormat | None = None, rows: int = 50) -> Look:
    """Look at a file, of which `rows` rows are kept to be shown. Never raises DataError: that is its `problem`."""
    path, kind = Path(path), ""
    try:
        with sentences(path):
            kind = find_kind(path)
        preview = read_preview(path, fmt, rows)
    except DataError as error:
        return Look(path, kind, None, str(error))
    return Look(path, kind, preview, _problem(preview), tuple(_doubts(preview)))


def _problem(preview: Preview) -> str:
    """Why the columns cannot be read in the roles that are guessed, in the words of the reading itself, or ""."""
    problem = preview.problem(preview.roles)
    if problem and preview.is_whole and not preview.broken:
        try:
            read_table(preview.path, fmt=preview.format)
        except DataError as error:
            return str(error)
    return problem


def _doubts(preview: Preview) -> Iterator[str]:
    yield from preview.notes
    columns = list(zip(preview.columns, preview.roles, strict=True))
    label = next((column for column, role in columns if role == "label"), None)
    if label is not None and label.name.casefold() not in LABEL_NAMES and preview.columns[-1] is not label:
        yield f"{quoted(label.name)} is taken as the label; check that it holds the class."
    elif label is not None and label.name.casefold() not in LABEL_NAMES and label.kind != "text":
        yield f"{quoted(label.name)} holds few different numbers and is taken as the label; check that it is the class."
    if texts := [column.name for column, role in columns if column.categories and role == "ignore"]:
        verbs = ("holds", "is") if len(texts) == 1 else ("hold", "are")
        yield f"{listed(texts)} {verbs[0]} text and {verbs[1]} left out unless chosen."
    features = [column for column, role in columns if role == "feature"]
    if features and (lacking := int(np.count_nonzero(np.logical_or.reduce([c.is_missing for c in features])))):
        names = [column.name for column in features if column.is_missing.any()]
        verb = "has" if lacking == 1 else "have"
        yield f"{counted(lacking, 'row')} {verb} no value in {listed(names, 'or')}: drop or fill such rows."
