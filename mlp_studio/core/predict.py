"""The prediction for one point: a row in original units → inputs → network → softmax → label."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.network import Params, forward, softmax


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """x (D,) in original units, its probabilities (C,) and the class that they speak for."""

    x: Floats
    probabilities: Floats
    label: int


def predict(params: Params, activation: str, inputs: Callable[[Floats], Floats], x: Floats) -> Prediction:
    """Predict one row x (D,), given in original units; `inputs` is the way to what the network sees (`Prepared`).

    It is computed in float64, whatever the weights are in: float32 is good for training, but the probabilities of a
    deep network differ by 1e-5 there from one way of multiplying matrices to the next, and exports should agree.
    """
    probabilities = softmax(forward(params, activation, inputs(x[None, :])))[0]
    return Prediction(x, probabilities, int(probabilities.argmax()))


def parse_row(text: str, names: tuple[str, ...], default: Floats | None = None) -> Floats:
    """A typed row, "X1 = 0.1, X2 = 0.1" or "0.1, 0.1", as x (D,).

    Features that are not named take their value from `default` (D,); without it they are an error.
    Raises DataError with a sentence.
    """
    if "=" not in text:
        return _bare_numbers(text, names)
    values = {name: finite_number(value, name) for name, value in assignments(text, names)}
    missing = [name for name in names if name not in values]
    if missing and default is None:
        raise DataError(f"Give a value for {_listed(missing)} too.")
    row = np.zeros(len(names)) if default is None else default.astype(np.float64)
    for name, value in values.items():
        row[names.index(name)] = value
    return row


def assignments(text: str, names: Sequence[str], values: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Names and values of a text "name = value, name = value"; names may hold commas and "=", as may these `values`.

    Raises DataError with a sentence.
    """
    # the longest names first, so that "X1" does not take the place of "X10"
    known, whole = (
        "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)) for texts in (names, values)
    )
    value = f"{whole}|[^,;]*?" if values else "[^,;]*?"
    pattern = re.compile(rf"\s*({known})\s*=\s*({value})\s*(?:[,;]|$|(?<=\s)(?=(?:{known})\s*=))")
    found, at = [], 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            if not text[at:].strip():
                break
            wrong = text[at:].split("=", maxsplit=1)[0].strip()
            if wrong in names:
                raise DataError(_no_value(wrong))
            raise DataError(f"There is no feature “{wrong}”; the features are {_listed(names)}.")
        found.append((match[1], match[2]))
        at = match.end()
    return found


def _bare_numbers(text: str, names: tuple[str, ...]) -> Floats:
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    if len(parts) != len(names):
        raise DataError(f"Type {len(names)} numbers, such as {_example(names)}; this has {len(parts)}.")
    return np.array([finite_number(part, name) for part, name in zip(parts, names, strict=True)])


def _no_value(name: str) -> str:
    return f"Give {name} a value, such as {name} = 0.1."


def finite_number(text: str, name: str) -> float:
    """The number that a person typed for the feature `name`. Raises DataError with a sentence."""
    if not text:
        raise DataError(_no_value(name))
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"“{text}” is not a number for {name}.") from None
    if not np.isfinite(value):
        raise DataError(f"{name} must be a finite number.")
    return value


def _example(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = 0.1" for name in names[:2]) + (" …" if len(names) > 2 else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
