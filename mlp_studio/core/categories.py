"""Columns of text as features: one-hot, a column of zeros and ones for each different text."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.text_rows import quoted

MAX_CATEGORIES = 20  # different texts of a column; of more, most are rare, and the network learns them by heart
MAX_FEATURES = 5_000


def category_codes(cells: Sequence[str], known: dict[str, int]) -> Floats:
    """A number (n,) for the text in each of n cells, nan where it is empty; new texts are added to `known`.

    Only an empty cell is missing: "none" and "NA" may well mean something, as they may among the labels.
    """
    tidy = (" ".join(cell.split()) for cell in cells)
    codes = (known.setdefault(text, len(known)) if text else math.nan for text in tidy)
    return np.fromiter(codes, np.float64, len(cells))


def too_many(name: str) -> str:
    """The sentence on a column with more texts than can become features."""
    return (
        f"Column {quoted(name)} holds more than {MAX_CATEGORIES} different texts, too many to become a feature each; "
        "ignore it."
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of the file, and the features that it became: several where it held these texts, else one."""

    name: str
    features: tuple[int, ...]
    texts: tuple[str, ...] = ()


def one_hot(
    values: Floats, names: Sequence[str], categories: Mapping[int, Mapping[str, int]]
) -> tuple[Floats, tuple[str, ...], tuple[Origin, ...]]:
    """Values (N, D) with each column of codes replaced by one of zeros and ones for each text in it, sorted.

    Gives the features (N, D'), their names (`colour=red`) and where they came from. A missing code stays nan in all
    the columns that it became. Raises DataError where a column holds too many texts, or none.
    """
    origins, first = [], 0
    for place, name in enumerate(names):
        texts = _texts(values[:, place], name, categories[place]) if place in categories else ()
        origins.append(Origin(name, tuple(range(first, first + (len(texts) or 1))), texts))
        first += len(texts) or 1
    if not categories:
        return values, tuple(names), tuple(origins)
    if first > MAX_FEATURES:
        raise DataError(f"Encoded, the table has {first:,} features; {MAX_FEATURES:,} are the most that can be used.")
    X = np.empty((len(values), first))
    for place, origin in enumerate(origins):
        X[:, list(origin.features)] = _indicators(
            values[:, [place]], [categories[place][text] for text in origin.texts]
        )
    return X, _feature_names(origins), tuple(origins)


def _indicators(codes: Floats, wanted: Sequence[int]) -> Floats:
    """Codes (N, 1) as zeros and ones (N, k) for k wanted codes, nan where there is none; as they are for k = 0."""
    return np.where(np.isnan(codes), np.nan, codes == np.array(wanted)) if wanted else codes


def _texts(column: Floats, name: str, known: Mapping[str, int]) -> tuple[str, ...]:
    """The texts that are left in a column of codes (N,), sorted."""
    if len(known) > MAX_CATEGORIES:
        raise DataError(too_many(name))
    present = set(column[~np.isnan(column)].astype(int).tolist())
    return tuple(sorted(text for text, code in known.items() if code in present))


def _feature_names(origins: Sequence[Origin]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for origin in origins:
        for wanted in [f"{origin.name}={text}" for text in origin.texts] or [origin.name]:
            names[unused(wanted, names)] = None
    return tuple(names)


def unused(wanted: str, taken: Collection[str]) -> str:
    """The name that is wanted, or with a number the first like it that is not taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name
