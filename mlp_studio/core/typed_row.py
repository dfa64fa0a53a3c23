"""A row that a person types for a network which learned from columns of text, too: "colour = red, x = 0.1"."""

import re
from collections.abc import Sequence

import numpy as np

from mlp_studio.core.dataset import Dataset, Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.model import Column, columns_of
from mlp_studio.core.predict import assignments, finite_number, parse_row
from mlp_studio.core.text_rows import listed, quoted


def parse_columns(text: str, dataset: Dataset) -> Floats:
    """A typed row as x (D,): the columns by name or all in their order; a column of text takes one of its texts.

    Raises DataError with a sentence.
    """
    encoded = dataset.account.encoded if dataset.account is not None else ()
    if not encoded:
        return parse_row(text, dataset.feature_names)
    columns = columns_of(dataset.feature_names, encoded)
    x = np.full(dataset.features, np.nan)
    for name, value in _pairs(text, columns, dataset.feature_names):
        _set(x, name, value, columns, dataset.feature_names)
    lacking = [column.name for column in columns if np.isnan(x[_places(column, dataset.feature_names)]).any()]
    if lacking:
        raise DataError(f"Give a value for {listed(lacking)} too.")
    return x


def _pairs(text: str, columns: Sequence[Column], features: Sequence[str]) -> list[tuple[str, str]]:
    if "=" in text:
        texts = [one for column in columns for one in column.texts]
        return assignments(text, list(dict.fromkeys([*(column.name for column in columns), *features])), texts)
    parts = [part.strip() for part in re.split("[,;]", text)]
    if len(parts) != len(columns):
        raise DataError(f"Give {len(columns)} values, or each with its name; this has {len(parts)}.")
    return [(column.name, part) for column, part in zip(columns, parts, strict=True)]


def _set(x: Floats, name: str, value: str, columns: Sequence[Column], features: Sequence[str]) -> None:
    """Write the value of a column, or of one of its features, to x (D,)."""
    column = next((one for one in columns if one.name == name and one.texts), None)
    if column is None:
        x[features.index(name)] = finite_number(value, name)
        return
    if (tidy := " ".join(value.split())) not in column.texts:
        raise DataError(f"Column {quoted(name)} holds {listed(column.texts, 'or')}; {quoted(value)} is none of them.")
    x[_places(column, features)] = [text == tidy for text in column.texts]


def _places(column: Column, features: Sequence[str]) -> list[int]:
    return [features.index(feature) for feature in column.features]
