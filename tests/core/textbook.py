"""The network as a textbook has it: samples first, an array for every quantity, nothing kept from step to step."""

from itertools import pairwise

import numpy as np

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.network import Layer


def loss_and_gradients(params, activation, X, y, class_weights=None):
    """J, dJ/dW and dJ/db of samples X (n, D) of classes y (n,), by the formulas."""
    f = ACTIVATIONS[activation].curve  # f(z) and f'(z)
    n = len(y)
    s = np.full(n, 1 / n) if class_weights is None else class_weights[y] / class_weights[y].sum()

    a, slopes = [X], []
    for W, b in params[:-1]:
        value, slope = f(a[-1] @ W + b)  # z = a W + b,  a = f(z)
        a.append(value)
        slopes.append(slope)
    W, b = params[-1]
    z = a[-1] @ W + b
    y_hat = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)  # softmax
    J = -(s * np.log(y_hat[np.arange(n), y])).sum()

    delta = s[:, None] * (y_hat - np.eye(z.shape[1])[y])  # dJ/dz of the last layer
    gradients = [Layer(a[-1].T @ delta, delta.sum(axis=0))]
    for (_, (W, _)), below, slope in zip(reversed(list(pairwise(params))), a[-2::-1], slopes[::-1], strict=True):
        delta = (delta @ W.T) * slope
        gradients.append(Layer(below.T @ delta, delta.sum(axis=0)))
    return J, tuple(reversed(gradients))
