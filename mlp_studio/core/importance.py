"""Which features a network leans on: permutation importance.

A feature's importance is how much worse the network does when that feature's values are dealt out anew among the
rows, so that it says nothing about the class, and all else stays (Breiman 2001, "Random forests", section 10; model
reliance in Fisher, Rudin & Dominici 2019, "All models are wrong, but many are useful"). For feature j and
permutation π, with x' = x but for x'_ij = x_π(i)j:

    accuracy drop = accuracy(X) − accuracy(X')        loss rise = loss(X') − loss(X)

Features that say the same stand in for one another: each of them then looks less important than both are together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.network import Array, Params, forward, log_softmax, may_overflow

BLOCK_NUMBERS = 1 << 18  # of the widest layer computed at once: they stay within the cache


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """What each of R permutations of each of D features costs, on `rows` rows.

    accuracy_drop (D, R), of an accuracy of `accuracy`; loss_rise (D, R) in nats, over a cross-entropy of `loss`.
    """

    rows: int
    accuracy: float
    loss: float
    accuracy_drop: Floats
    loss_rise: Floats


def permutations(rows: int, repeats: int, rng: Generator) -> Ints:
    """Orders (R, n) of n rows; all features are permuted by the same ones."""
    return np.stack([rng.permutation(rows) for _ in range(repeats)])


@may_overflow
def permutation_importance(
    params: Params,
    activation: str,
    X: Floats,
    y: Ints,
    orders: Ints,
    report: Callable[[float], bool],
    inputs: Callable[[Floats], Floats] | None = None,
) -> Importance | None:
    """The importance of every feature, judged on scaled samples X (n, D) of classes y (n,), n > 0.

    With `inputs`, the way to what the network sees (n, K), X are in original units: a feature is then permuted before
    others are made from it.
    `orders` (R, n): row i gets the feature's value of row orders[r, i]. `report` hears the share that is done and
    says whether to go on; where it says no, there is None.
    """
    (W, _), D, repeats = params[0], X.shape[1], len(orders)
    widest = max(len(W), *(len(b) for _, b in params)) if inputs is not None else max(len(b) for _, b in params)
    step = max(32, BLOCK_NUMBERS // (repeats * widest))
    hits, losses = np.zeros((D, repeats)), np.zeros((D, repeats))
    all_hits = all_losses = 0.0
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        block, truth = (X[rows] if inputs is None else inputs(X[rows])).astype(W.dtype), y[rows]
        z = forward(params[:1], activation, block)  # of the first layer
        right, loss = _judge(params, activation, z.copy(), truth)
        all_hits += float(right.sum())
        all_losses += float(loss.sum())
        others = orders[:, rows]
        for feature in range(D):
            dealt = X[others, feature]  # (R, n)
            if inputs is None:
                # one column changes, so the first layer changes by an outer product: x'W = xW + (x'_j − x_j) W_j
                change = dealt.astype(W.dtype) - block[:, feature]
                moved = (z + change[:, :, None] * W[feature]).reshape(-1, W.shape[1])
            else:
                samples = np.tile(X[rows], (repeats, 1))
                samples[:, feature] = dealt.ravel()
                moved = forward(params[:1], activation, inputs(samples).astype(W.dtype))
            right, loss = _judge(params, activation, moved, np.tile(truth, repeats))
            hits[feature] += right.reshape(repeats, -1).sum(axis=1)
            losses[feature] += loss.reshape(repeats, -1).sum(axis=1)
            share = (start + (feature + 1) / D * len(block)) / len(X)
            if not report(share):
                return None
    n = len(X)
    return Importance(n, all_hits / n, all_losses / n, (all_hits - hits) / n, (losses - all_losses) / n)


def _judge(params: Params, activation: str, z: Array, y: Ints) -> tuple[Array, Floats]:
    """Which samples are right (n,), and their losses (n,), from z (n, units) of the first layer, overwritten."""
    logits = forward(params[1:], activation, ACTIVATIONS[activation].f(z)) if len(params) > 1 else z
    log_y_hat = log_softmax(logits)
    right: Array = log_y_hat.argmax(axis=1) == y
    return right, -log_y_hat[np.arange(len(y)), y].astype(np.float64)
