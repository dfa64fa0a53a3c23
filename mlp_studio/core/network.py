"""The network as values and pure functions: parameters, forward pass, softmax.

Symbols: N samples, D features, C classes; layer l maps a (N, fan_in) to z = a W + b (N, fan_out), a = f(z).
The last layer's z are the logits; ŷ = softmax(z), whose rows sum to 1.
"""

from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import ModelConfig
from mlp_studio.core.initializers import INITIALIZERS

Array: TypeAlias = NDArray[Any]

# A run that diverges overflows first. The trainer sees that in the loss and says so; NumPy need not warn too.
may_overflow = np.errstate(over="ignore", invalid="ignore")


class Layer(NamedTuple):
    """W (fan_in, fan_out) and b (fan_out,)."""

    W: Array
    b: Array


Params: TypeAlias = tuple[Layer, ...]


def layer_sizes(model: ModelConfig, features: int, classes: int) -> tuple[int, ...]:
    """Units of every layer from input to output: (D, hidden…, C)."""
    return (features, *model.hidden, classes)


def parameter_count(sizes: tuple[int, ...]) -> int:
    """Weights and biases of a network with these layer sizes."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))


def init_params(model: ModelConfig, features: int, classes: int, rng: Generator) -> Params:
    """The first weights, float64. Both backends start from these.

    The gain of the activation scales the layers that it follows; the output layer has none, so its gain is 1.
    """
    initializer = INITIALIZERS[model.initialization]
    sizes = layer_sizes(model, features, classes)
    gains = [ACTIVATIONS[model.activation].gain] * len(model.hidden) + [1.0]
    return tuple(
        Layer(initializer.weights(fan_in, fan_out, gain, rng), initializer.bias(fan_in, fan_out, rng))
        for (fan_in, fan_out), gain in zip(pairwise(sizes), gains, strict=True)
    )


@may_overflow
def forward(params: Params, activation: str, X: Array) -> Array:
    """Logits (N, C) of samples X (N, D), in evaluation mode: no dropout. X is not changed."""
    f = ACTIVATIONS[activation].f
    *hidden, output = params
    a = X
    for W, b in hidden:
        z = a @ W
        z += b
        a = f(z)
    logits = a @ output.W
    logits += output.b
    return logits


@may_overflow
def softmax(logits: Array) -> Array:
    """ŷ = e^z / Σ e^z along the last axis, shifted by the largest logit so that nothing overflows."""
    y_hat: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    y_hat /= y_hat.sum(axis=-1, keepdims=True)
    return y_hat


@may_overflow
def log_softmax(logits: Array) -> Array:
    """log ŷ = z − log Σ e^z along the last axis (log-sum-exp: no overflow, no log of 0)."""
    log_y_hat: Array = logits - logits.max(axis=-1, keepdims=True)
    log_y_hat -= np.log(np.exp(log_y_hat).sum(axis=-1, keepdims=True))
    return log_y_hat
