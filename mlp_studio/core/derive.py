"""Features made from features: what a network sees besides the columns of the data.

To add one: a row of `DERIVATIONS`, and its code in `core.export.formulas`. Each is a pure function of
a sample's own features, fitted to nothing, so that a clicked point and a grid of a million get theirs in the same way
as the training rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError

MOST_INPUTS = 2_000  # a layer of 100 units then has 200,000 weights
MOST_VALUES = 200_000_000  # rows × inputs: 1.6 GB
BLOCK = 131_072  # inputs made at once


@dataclass(frozen=True, slots=True)
class Derivation:
    """One kind of derived input: of D features it makes `count(D)`, called `names(feature_names)`.

    `fill(X, out)` writes those of X (N, D) to out (N, count(D)), whatever the order of either in memory. `label` is
    a formula short enough for a check box. `onnx(op, X, D)` adds those of X to an ONNX graph
    (`core.export.graph.Graph`) and gives the name of the result. One that is `planar` says something of two features,
    hardly of many; one that `is_quadratic` makes polynomials of degree 2.
    """

    label: str
    title: str
    help: str
    count: Callable[[int], int]
    names: Callable[[Sequence[str]], list[str]]
    fill: Callable[[Floats, Floats], None]
    onnx: Callable[[Any, str, int], str]
    planar: bool = False
    is_quadratic: bool = False


def _each(
    label: str, title: str, about: str, name: str, function: Callable[..., Any], onnx: Callable[[Any, str], str]
) -> Derivation:
    """An input for each feature: `function` is a ufunc, `name` the format of the input's name."""

    def names(features: Sequence[str]) -> list[str]:
        return [name.format(_factor(feature)) for feature in features]

    def fill(X: Floats, out: Floats) -> None:
        function(X, out=out)

    return Derivation(
        label, title, about, lambda D: D, names, fill, onnx=lambda op, X, _features: onnx(op, X), planar=True
    )


def _factor(name: str) -> str:
    """A feature's name within a formula: what is more than a word stands in brackets."""
    return name if re.fullmatch(r"\w+", name) else f"({name})"


def _product_names(features: Sequence[str]) -> list[str]:
    return [f"{_factor(one)}·{_factor(other)}" for one, other in combinations(features, 2)]


def _fill_products(X: Floats, out: Floats) -> None:
    """x_i · x_j for all i < j, in the order of `combinations`."""
    start = 0
    for column in range(X.shape[1] - 1):
        rest = X[:, column + 1 :]
        np.multiply(X[:, column, None], rest, out=out[:, start : start + rest.shape[1]])
        start += rest.shape[1]


def _product_nodes(op: Any, X: str, features: int) -> str:
    first, second = np.triu_indices(features, 1)
    return str(op("Mul", op.columns(X, first), op.columns(X, second)))


def _fill_radius(X: Floats, out: Floats) -> None:
    np.sqrt(np.einsum("ij,ij->i", X, X), out=out[:, 0])


DERIVATIONS: Mapping[str, Derivation] = {
    "square": replace(
        _each(
            "x²",
            "Squares",
            "The square of each feature: a linear model draws ellipses.",
            "{}²",
            np.square,
            lambda op, X: op("Mul", X, X),
        ),
        planar=False,
        is_quadratic=True,
    ),
    "product": Derivation(
        "x·y",
        "Products",
        "The product of each two features: how one counts then depends on the other, as in XOR.",
        lambda D: D * (D - 1) // 2,
        _product_names,
        _fill_products,
        _product_nodes,
        is_quadratic=True,
    ),
    "absolute": _each(
        "|x|",
        "Absolute values",
        "Each feature without its sign: how far from 0, on either side.",
        "|{}|",
        np.abs,
        lambda op, X: op("Abs", X),
    ),
    "sine": _each(
        "sin x", "Sines", "The sine of each feature: waves of length 2π.", "sin {}", np.sin, lambda op, X: op("Sin", X)
    ),
    "cosine": _each(
        "cos x",
        "Cosines",
        "The cosine of each feature: waves of length 2π.",
        "cos {}",
        np.cos,
        lambda op, X: op("Cos", X),
    ),
    "radius": Derivation(
        "r",
        "Radius",
        "How far from the origin a point lies: √(x² + y²).",
        lambda _D: 1,
        lambda _features: ["radius"],
        _fill_radius,
        lambda op, X, features: op("Sqrt", op("MatMul", op("Mul", X, X), np.ones((features, 1)))),
        planar=True,
    ),
}


def input_count(features: int, derived: Iterable[str]) -> int:
    """How many inputs there are in all, the features included."""
    return features + sum(DERIVATIONS[name].count(features) for name in derived)


@lru_cache(maxsize=4)  # of a hundred features there are thousands, and a picture asks for them one by one
def input_names(features: tuple[str, ...], derived: tuple[str, ...]) -> tuple[str, ...]:
    """What the inputs are called, the features first."""
    made = (name for kind in derived for name in DERIVATIONS[kind].names(features))
    return (*features, *made)


def check(rows: int, features: int, derived: Sequence[str]) -> None:
    """Raise DataError with a sentence where that would be more than can be trained on."""
    inputs = input_count(features, derived)
    if not derived or (inputs <= MOST_INPUTS and rows * inputs <= MOST_VALUES):
        return
    largest = max(derived, key=lambda name: DERIVATIONS[name].count(features))
    title, count = DERIVATIONS[largest].title.lower(), DERIVATIONS[largest].count(features)
    if inputs > MOST_INPUTS:
        much = f"{features:,} features would become {inputs:,} inputs, and {MOST_INPUTS:,} are the most"
    else:
        much = f"{rows:,} rows × {inputs:,} inputs are too many numbers: {MOST_VALUES:,} are the most"
    raise DataError(f"{much}. Leave out the {title} ({count:,} inputs).")


def derive(X: Floats, derived: Sequence[str]) -> Floats:
    """The inputs (N, K) of samples X (N, D): the features, then what is made from them; X itself where nothing is."""
    if not derived:
        return X
    (N, D), K = X.shape, input_count(X.shape[1], derived)
    inputs, step = np.empty((N, K)), max(1, BLOCK // K)
    block = np.empty((K, min(step, N)))  # inputs first: products then run along rows of memory, in a third of the time
    for start in range(0, N, step):
        rows = inputs[start : start + step]
        columns = block[:, : len(rows)]
        columns[:D] = X[start : start + step].T
        fill(columns.T, D, derived)
        rows[:] = columns.T
    return inputs


@np.errstate(over="ignore", invalid="ignore")  # whoever prepares the data asks whether the numbers are finite
def fill(inputs: Floats, features: int, derived: Sequence[str]) -> None:
    """Fill the inputs (N, K), of which the first `features` columns are there, with those made from them."""
    X, start = inputs[:, :features], features
    for name in derived:
        stop = start + DERIVATIONS[name].count(features)
        DERIVATIONS[name].fill(X, inputs[:, start:stop])
        start = stop
