"""Activation functions: one row each. Forms, the CLI, both backends and the tests read this table.

To add one: write f and its derivative, add a row to `ACTIVATIONS`, and its code to `core.export.formulas`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

LEAK = 0.01  # slope of leaky ReLU left of zero, torch's default
SATURATED = 0.05  # a slope below this lets hardly any gradient through
LEVEL = 1e-5  # a slope that counts as none
RUN = 8192  # numbers that ReLU compares at once
FAR = 1000.0  # where a function that levels off has done so


@dataclass(frozen=True, slots=True)
class Activation:
    """f and what belongs to it.

    `f(z)` writes over its argument where it can and returns f(z), any shape.
    `derivative(z, a, out)` gives f'(z) element by element, given z and a = f(z), to which it does not write. It may
    fill `out`, of the same shape, and return that, or return a mask: what counts is what it is as a factor.
    `uses_z` tells whether the derivative needs z (else only `a`), so that the backend keeps z only then.
    `torch_name` is the function's name in torch.nn.functional or torch ("" for the identity).
    `gain` scales Xavier and He initialisation (torch.nn.init.calculate_gain; 1 where that defines none).
    `advice` says in a sentence when to use it.
    `onnx(op, z)` adds f(z) to an ONNX graph (`core.export.graph.Graph`) and gives the name of the result.
    """

    label: str
    formula: str
    f: Callable[[Array], Array]
    derivative: Callable[[Array, Array, Array], Array]
    uses_z: bool
    torch_name: str
    gain: float
    advice: str
    onnx: Callable[[Any, str], str]

    def curve(self, z: Array) -> tuple[Array, Array]:
        """f(z) and f'(z); z is not changed."""
        a = self.f(z.copy())
        return a, np.multiply(self.derivative(z, a, np.empty_like(a)), 1, dtype=a.dtype)


def _ones(_z: Array, _a: Array, out: Array) -> Array:
    out.fill(1)
    return out


def _sigmoid(z: Array) -> Array:
    # tanh form: no overflow at either end. σ(z) = (1 + tanh(z / 2)) / 2
    z *= 0.5
    np.tanh(z, out=z)
    z += 1.0
    z *= 0.5
    return z


def _sigmoid_derivative(_z: Array, a: Array, out: Array) -> Array:
    np.subtract(1, a, out=out)  # a (1 − a)
    out *= a
    return out


def _tanh_derivative(_z: Array, a: Array, out: Array) -> Array:
    np.multiply(a, a, out=out)
    return np.subtract(1, out, out=out)  # 1 − a²


def _relu(z: Array) -> Array:
    # max(array, 0) takes a slow path in NumPy, max(array, zeros) a fast one; that with a broadcast row of zeros is as
    # fast if the row is long. (100, 1050) in float32: 60, 15 and 17 µs; making all the zeros takes another 7.
    runs = z.size // RUN if z.flags.c_contiguous else 0
    if runs == 0:
        return np.maximum(z, np.zeros(z.shape, z.dtype), out=z)
    flat, zeros = z.reshape(-1), np.zeros(RUN, z.dtype)
    whole, rest = flat[: runs * RUN].reshape(runs, RUN), flat[runs * RUN :]
    np.maximum(whole, zeros, out=whole)
    np.maximum(rest, zeros[: len(rest)], out=rest)
    return z


def _relu_derivative(_z: Array, a: Array, _out: Array) -> Array:
    mask: Array = a > 0  # to multiply by: of a quarter of the size, which counts where a pass fills the cache
    return mask


def _leaky_relu(z: Array) -> Array:
    np.maximum(z, z * z.dtype.type(LEAK), out=z)
    return z


def _leaky_relu_derivative(_z: Array, a: Array, out: Array) -> Array:
    out[...] = a > 0  # a has the sign of z
    return np.maximum(out, LEAK, out=out)


def _elu(z: Array) -> Array:
    negative = np.expm1(np.minimum(z, z.dtype.type(0)))
    np.maximum(z, z.dtype.type(0), out=z)
    z += negative
    return z


def _elu_derivative(_z: Array, a: Array, out: Array) -> Array:
    np.minimum(a, 0, out=out)  # left of zero f' = e^z = f + 1
    out += 1
    return out


def _normal_cdf(z: Array) -> Array:
    # Φ(z) = (1 + erf(z / √2)) / 2, the exact form that torch's default GELU uses
    from scipy.special import ndtr

    phi: Array = ndtr(z)
    return phi


def _gelu(z: Array) -> Array:
    z *= _normal_cdf(z)
    return z


def _gelu_derivative(z: Array, _a: Array, out: Array) -> Array:
    # (z Φ(z))' = Φ(z) + z φ(z),  φ(z) = e^(−z²/2) / √2π
    np.multiply(z, z, out=out)
    out *= -0.5
    np.exp(out, out=out)
    out *= z
    out *= 1 / math.sqrt(2 * math.pi)
    out += _normal_cdf(z)
    return out


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(
        "Linear",
        "f(z) = z",
        lambda z: z,
        _ones,
        False,
        "",
        1.0,
        "Only to see what is missing: however many layers, the whole network stays one linear model.",
        lambda _op, z: z,
    ),
    "sigmoid": Activation(
        "Sigmoid",
        "f(z) = 1 / (1 + e^−z)",
        _sigmoid,
        _sigmoid_derivative,
        False,
        "sigmoid",
        1.0,
        "For probabilities and gates; between hidden layers its slope of 1/4 at most makes gradients vanish.",
        lambda op, z: op("Sigmoid", z),
    ),
    "tanh": Activation(
        "Tanh",
        "f(z) = tanh z",
        lambda z: np.tanh(z, out=z),
        _tanh_derivative,
        False,
        "tanh",
        5 / 3,
        "For small and shallow networks: centred on zero and smooth, but it saturates at both ends.",
        lambda op, z: op("Tanh", z),
    ),
    "relu": Activation(
        "ReLU",
        "f(z) = max(0, z)",
        _relu,
        _relu_derivative,
        False,
        "relu",
        math.sqrt(2),
        "The first choice for hidden layers: cheap, and it never saturates for z > 0. A unit that is negative for "
        "every sample is dead: lower the learning rate, or use leaky ReLU.",
        lambda op, z: op("Relu", z),
    ),
    "leaky_relu": Activation(
        "Leaky ReLU",
        "f(z) = max(0.01 z, z)",
        _leaky_relu,
        _leaky_relu_derivative,
        False,
        "leaky_relu",
        math.sqrt(2 / (1 + LEAK**2)),
        "Where ReLU units die: the small slope left of zero lets them recover.",
        lambda op, z: op("Max", z, op("Mul", z, LEAK)),  # LeakyRelu itself: not in float64
    ),
    "elu": Activation(
        "ELU",
        "f(z) = z for z > 0, else e^z − 1",
        _elu,
        _elu_derivative,
        False,
        "elu",
        1.0,
        "A smooth ReLU with a mean output near zero: often learns in fewer epochs, at the cost of an exponential.",
        lambda op, z: op("Add", op("Relu", z), op("Sub", op("Exp", op("Min", z, 0)), 1)),  # likewise
    ),
    "gelu": Activation(
        "GELU",
        "f(z) = z Φ(z)",
        _gelu,
        _gelu_derivative,
        True,
        "gelu",
        1.0,
        "The usual choice in transformers: smooth everywhere, so deep networks train steadily; slower than ReLU.",
        lambda op, z: op("Mul", z, op.normal_cdf(z)),
    ),
}


RegionKind: TypeAlias = Literal["saturated", "dying"]


class Region(NamedTuple):
    """A stretch low…high of inputs with next to no gradient: "saturated" (f' near 0), "dying" (f' and f are 0)."""

    kind: RegionKind
    low: float
    high: float


def regions(entry: Activation, reach: float = 5.0, steps: int = 5000) -> tuple[Region, ...]:
    """The saturated and dying ends of −reach … reach, from left to right, found from f and f'.

    An end counts where |f'| stays below `SATURATED` out to there and goes to 0 beyond: the level bottom of a
    smooth dip is no end, and a leak is small but does not vanish.
    """
    found = []
    for side in (-1.0, 1.0):
        z = side * np.append(np.linspace(0, reach, steps + 1), FAR)
        a, slope = entry.curve(z)
        if abs(slope[-1]) > LEVEL:
            continue
        flat = _tail(np.abs(slope) < SATURATED)
        dead = min(_tail((slope == 0) & (a == 0)), steps)
        spans: tuple[tuple[RegionKind, int, int], ...] = (("saturated", flat, dead), ("dying", dead, steps))
        for kind, start, stop in spans:
            if start < stop:
                low, high = sorted((float(z[start]), float(z[stop])))
                found.append(Region(kind, low + 0.0, high + 0.0))  # + 0: no −0
    return tuple(sorted(found, key=lambda region: region.low))


def _tail(flags: NDArray[np.bool_]) -> int:
    """Where the unbroken run of flags that reaches the end begins; the length where the last is not set."""
    broken = np.flatnonzero(~flags)
    return int(broken[-1]) + 1 if len(broken) else 0
