"""How far a network's answer hangs on its single units: the spread of passes with dropout left on.

Each pass draws one mask for every hidden unit and keeps it for all points, so it asks one thinned network
(Gal & Ghahramani 2016, "Dropout as a Bayesian approximation"). With p_nc(x) the probability of class c in pass n:

    spread(x) = 1/C Σ_c √( 1/N Σ_n (p_nc(x) − p̄_c(x))² )        p̄_c(x) = 1/N Σ_n p_nc(x)

It is 0 where all passes agree and at most 1/2 (two classes, half of the passes certain of either).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.boundary import Box, Lift
from mlp_studio.core.network import Params, may_overflow

SpreadGrid: TypeAlias = NDArray[np.float32]
Array: TypeAlias = NDArray[Any]

BLOCK_POINTS = 2048  # grid points computed at once: the widest layer's block then stays within the cache


def draw_masks(params: Params, dropout: float, passes: int, rng: Generator) -> list[list[Array]]:
    """For each pass, the mask (H,) of each hidden layer from first to last: 0 with probability p, else 1 / (1 − p)."""
    kept = 1 - dropout
    dtype = params[-1].W.dtype
    return [[((rng.random(len(b)) < kept) / kept).astype(dtype) for _, b in params[:-1]] for _ in range(passes)]


@may_overflow
def dropout_spread(
    params: Params,
    activation: str,
    dropout: float,
    box: Box,
    size: int,
    passes: int,
    rng: Generator,
    lift: Lift | None = None,
) -> SpreadGrid:
    """The spread of `passes` dropout passes on a grid of size × size cell centres over the box.

    `params` are those of a network of two inputs, or there is a `lift` to its inputs (see `boundary.on_plane`).
    (size, size), row 0 at the bottom.
    """
    spread = np.zeros((size, size), np.float32)
    if not dropout or len(params) == 1:
        return spread
    masks = draw_masks(params, dropout, passes, rng)
    steps = (np.arange(size) + 0.5) / size
    u = box.u_low + steps * (box.u_high - box.u_low)
    v = box.v_low + steps * (box.v_high - box.v_low)
    rows = max(1, BLOCK_POINTS // size)
    for row in range(0, size, rows):
        up = v[row : row + rows]
        points = np.stack([np.tile(u, len(up)), np.repeat(up, size)])  # (2, n)
        inputs = points if lift is None else lift(points)
        spread[row : row + rows] = _block(params, activation, inputs, masks).reshape(len(up), size)
    return spread


def _block(params: Params, activation: str, inputs: Array, masks: list[list[Array]]) -> Array:
    """The spread (n,) at inputs (K, n). Units go first and points last, as in `boundary.raster`."""
    f = ACTIVATIONS[activation].f
    (W, b), rest = params[0], params[1:]
    first = f((W.T @ inputs + b[:, None]).astype(params[-1].W.dtype))  # (H, n): the same in every pass
    z = [np.empty((len(b), inputs.shape[1]), first.dtype) for _, b in rest]
    mean = np.zeros_like(z[-1])
    squares = np.zeros_like(z[-1])
    for count, mask in enumerate(masks, 1):
        a = first
        for layer, (W, b) in enumerate(rest):
            # dropping a unit is taking its row out of W: the mask goes there, where it is cheap
            np.matmul((W * mask[layer][:, None]).T, a, out=z[layer])
            z[layer] += b[:, None]
            if layer < len(rest) - 1:
                a = f(z[layer])
        y_hat = _softmax(z[-1])
        # Welford 1962: mean and squared deviations in one pass over the passes, without cancellation
        gap = y_hat - mean
        mean += gap / count
        gap *= y_hat - mean
        squares += gap
    squares *= 1 / len(masks)
    spread: Array = np.nan_to_num(np.sqrt(squares, out=squares).mean(axis=0), nan=0.0)
    return spread


def _softmax(logits: Array) -> Array:
    """ŷ of logits (C, n), which are overwritten."""
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return logits
