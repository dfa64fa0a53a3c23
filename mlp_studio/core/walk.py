"""One point on its way through a trained network, in words and numbers: row → scaler → network → softmax → label.

Where inputs are derived from the features, they are made first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.dataset import Floats
from mlp_studio.core.derive import DERIVATIONS, derive
from mlp_studio.core.network import Params, forward, may_overflow, softmax
from mlp_studio.core.prepare import Scaler

MOST = 3  # values that are all written out; of more than these, the first two and "…"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class WalkStep(NamedTuple):
    """A step: what it is called, and its lines, each a formula with the numbers it comes to."""

    name: str
    lines: tuple[str, ...]


@may_overflow
def walk(
    params: Params,
    activation: str,
    scaler: Scaler,
    x: Floats,
    class_names: tuple[str, ...],
    derived: tuple[str, ...] = (),
) -> tuple[WalkStep, ...]:
    """Follow x (D,), in original units, in the network's own precision; dropout off."""
    inputs = derive(x[None, :], derived)
    scaled = scaler(inputs).astype(params[0].W.dtype)
    sums = [forward(params[:layer], activation, scaled) for layer in range(1, len(params) + 1)]
    y_hat = softmax(sums[-1].astype(np.float64))[0]
    label = int(y_hat.argmax())
    answer = f"The probability that {_values(x, '.4g')} is {class_names[label]} is {100 * y_hat[label]:.0f} %"
    layers = [line for layer, z in enumerate(sums[:-1], start=1) for line in _hidden(layer, z, activation)]
    return (
        *_derived(inputs[0], len(x), derived),
        WalkStep("Scaler", (f"x = {_values(inputs[0])}", f"x′ = (x − μ) / σ = {_values(scaled[0])}")),
        WalkStep("Network", (*layers, _sum(len(params), sums[-1]))),
        WalkStep("Softmax", (f"ŷ = e^z / Σ e^z = {_values(y_hat)}",)),
        WalkStep("Label", (answer,)),
    )


def _derived(inputs: Floats, features: int, derived: tuple[str, ...]) -> Iterator[WalkStep]:
    """The step that makes inputs (K,) from the features, a line for each kind; none where nothing is made."""
    lines, start = [f"x = {_values(inputs[:features])}"], features
    for entry in (DERIVATIONS[name] for name in derived):
        stop = start + entry.count(features)
        lines.append(f"{entry.label} = {_values(inputs[start:stop])}")
        start = stop
    if derived:
        yield WalkStep("Derived inputs", tuple(lines))


def _hidden(layer: int, z: Floats, activation: str) -> tuple[str, ...]:
    a = ACTIVATIONS[activation].f(z.copy())[0]  # it may work in place
    n, on = str(layer).translate(SUBSCRIPTS), int((a > 0).sum())
    return (_sum(layer, z), f"a{n} = f(z{n}): {on:,} of {a.size:,} units above 0")


def _sum(layer: int, z: Floats) -> str:
    n, before = str(layer).translate(SUBSCRIPTS), str(layer - 1).translate(SUBSCRIPTS)
    return f"z{n} = {'x′' if layer == 1 else f'a{before}'} W{n} + b{n} = {_values(z[0])}"


def _values(values: Floats, form: str = ".3f") -> str:
    if values.size > MOST:
        return f"({', '.join(_number(value, form) for value in values[:2])}, …)"
    return f"({', '.join(_number(value, form) for value in values)})"


def _number(value: float, form: str = ".3f") -> str:
    return format(float(value), form).replace("-", "−")
