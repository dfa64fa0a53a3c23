"""All parameters of a network in one vector: [W₁ b₁ W₂ b₂ …], row by row.

One vector, so that an optimizer updates everything at once. A layer's b follows its W as one more row, so that the two
are one matrix [W; b] (fan_in + 1, fan_out): [a 1] [W; b] = a W + b.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.network import Layer, Params

Array: TypeAlias = NDArray[Any]


class Place(NamedTuple):
    """Where one layer lies in the flat vector: its W, its b, and both as one."""

    W: slice
    b: slice

    @property
    def block(self) -> slice:
        """[W; b], without a gap."""
        return slice(self.W.start, self.b.stop)


def places(params: Params) -> Iterator[Place]:
    """Where each layer lies, from first to last."""
    start = 0
    for W, b in params:
        middle, stop = start + W.size, start + W.size + b.size
        yield Place(slice(start, middle), slice(middle, stop))
        start = stop


def flatten(params: Params) -> Array:
    """The vector; a copy."""
    return np.concatenate([part.ravel() for layer in params for part in layer])


def unflatten(vector: Array, sizes: tuple[int, ...]) -> Params:
    """The layers of a network with these layer sizes, as views of the vector."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        middle, stop = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        layers.append(Layer(vector[start:middle].reshape(fan_in, fan_out), vector[middle:stop]))
        start = stop
    return tuple(layers)
