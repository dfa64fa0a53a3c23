"""Ways to draw the first weights: one row each.

To add one: write a function (fan_in, fan_out, gain, rng) → W of shape (fan_in, fan_out), add a row, and its code to
`core.export.formulas`.
Biases start at zero, except where a row's `bias` says otherwise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Draw: TypeAlias = Callable[[int, int, float, Generator], Floats]


@dataclass(frozen=True, slots=True)
class Initializer:
    """A way to draw the weights and biases of one layer.

    `weights(fan_in, fan_out, gain, rng)` gives W (fan_in, fan_out).
    `bias(fan_in, fan_out, rng)` gives b (fan_out,).
    """

    label: str
    help: str
    weights: Draw
    bias: Callable[[int, int, Generator], Floats] = lambda _fan_in, fan_out, _rng: np.zeros(fan_out)


def _normal(spread: Callable[[int, int, float], float]) -> Draw:
    return lambda fan_in, fan_out, gain, rng: rng.normal(0.0, spread(fan_in, fan_out, gain), (fan_in, fan_out))


def _uniform(bound: Callable[[int, int, float], float]) -> Draw:
    def draw(fan_in: int, fan_out: int, gain: float, rng: Generator) -> Floats:
        limit = bound(fan_in, fan_out, gain)
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    return draw


INITIALIZERS: dict[str, Initializer] = {
    "small_normal": Initializer(
        "Small normal (0.01)",
        "W = 0.01 · N(0, 1): the lesson's plain start.",
        _normal(lambda _i, _o, _g: 0.01),
    ),
    "large_normal": Initializer(
        "Large normal (1)",
        "W = N(0, 1), however many inputs a unit has: sums over many of them grow from layer to layer.",
        _normal(lambda _i, _o, _g: 1.0),
    ),
    # Glorot & Bengio 2010: keep the variance of activations and gradients level across layers
    "xavier_normal": Initializer(
        "Xavier normal",
        "Spread gain · √(2 / (fan in + fan out)).",
        _normal(lambda fan_in, fan_out, gain: gain * math.sqrt(2 / (fan_in + fan_out))),
    ),
    "xavier_uniform": Initializer(
        "Xavier uniform",
        "Uniform within ± gain · √(6 / (fan in + fan out)).",
        _uniform(lambda fan_in, fan_out, gain: gain * math.sqrt(6 / (fan_in + fan_out))),
    ),
    # He et al. 2015: for rectifiers, which halve the variance; the gain √2 is part of the rule
    "he_normal": Initializer(
        "He normal",
        "Spread √(2 / fan in), made for ReLU.",
        _normal(lambda fan_in, _o, _g: math.sqrt(2 / fan_in)),
    ),
    "he_uniform": Initializer(
        "He uniform",
        "Uniform within ± √(6 / fan in), made for ReLU.",
        _uniform(lambda fan_in, _o, _g: math.sqrt(6 / fan_in)),
    ),
    # torch.nn.Linear.reset_parameters: both W and b uniform within ± 1 / √fan_in
    "torch_default": Initializer(
        "PyTorch's default",
        "Weights and biases uniform within ± 1 / √(fan in), as torch.nn.Linear draws them.",
        _uniform(lambda fan_in, _o, _g: 1 / math.sqrt(fan_in)),
        bias=lambda fan_in, fan_out, rng: rng.uniform(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), fan_out),
    ),
    "zeros": Initializer(
        "Zeros",
        "All weights zero: the units of a layer stay the same as one another, so the network cannot learn.",
        lambda fan_in, fan_out, _g, _rng: np.zeros((fan_in, fan_out)),
    ),
}
