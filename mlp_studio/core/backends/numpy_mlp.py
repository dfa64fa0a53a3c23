"""The MLP from scratch, to be read: forward pass, cross-entropy, gradients by hand, update.

Symbols: n samples in the batch, D features, C classes; layer l has W (fan_in, fan_out) and b (fan_out,).
    forward     z = a W + b        a = f(z)        ŷ = softmax(z of the last layer)
    loss        J = Σ s_i · −log ŷ_i[y_i] / Σ s_i              s_i: the weight of sample i's class, or 1
    backward    δ = s (ŷ − onehot(y)) / Σ s                    dJ/dz of the last layer
                dW = aᵀ δ      db = Σ_i δ_i      δ_before = (δ Wᵀ) ⊙ mask ⊙ f'(z)
All weights live in one flat vector, [W₁ W₂ … b₁ b₂ …]; W and b are views of it, and so are their gradients,
so that an optimizer updates everything at once and a penalty on the weights leaves the biases alone.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.network import Layer, Params, forward, log_softmax, may_overflow
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream, generator

Array: TypeAlias = NDArray[Any]


def flat_layout(params: Params) -> tuple[list[slice], list[slice], int]:
    """Where each W and each b lies in the flat vector [W₁ W₂ … b₁ b₂ …], and how many of it are weights."""
    slices, start = [], 0
    for part in [W for W, _ in params] + [b for _, b in params]:
        slices.append(slice(start, start + part.size))
        start += part.size
    weights = slices[len(params) - 1].stop
    return slices[: len(params)], slices[len(params) :], weights


class _Buffers:
    """The arrays of one forward and backward pass over n samples, made once for each n."""

    def __init__(self, n: int, params: Params, dtype: np.dtype[Any], dropout: bool) -> None:
        widths = [W.shape[1] for W, _ in params]
        self.X = np.empty((n, params[0].W.shape[0]), dtype)
        self.y = np.empty(n, np.int64)
        self.a = [np.empty((n, width), dtype) for width in widths]  # activations; the last are logits, then ŷ
        self.z = [np.empty((n, width), dtype) for width in widths[:-1]]  # kept where f' needs z
        self.delta = [np.empty((n, width), dtype) for width in widths[:-1]]
        self.dropped = [np.empty((n, width), dtype) for width in widths[:-1]] if dropout else self.a[:-1]
        self.mask = [np.empty((n, width), dtype) for width in widths[:-1]] if dropout else []
        self.rows = np.arange(n)
        self.ones = np.ones(n, dtype)


class NumpyMLP:
    """The network, its training data and its optimizer, in NumPy.

    `watch(name, layer, array)`, where one is set, is shown every quantity of a pass as it comes into being: "z", "a",
    "y_hat", "losses", "delta"; layers count from 0. The arrays are overwritten soon after, so it copies what it keeps.
    """

    watch: Callable[[str, int, Array], None] | None = None

    def __init__(self, experiment: Experiment, prepared: Prepared, params: Params) -> None:
        model, settings = experiment.model, experiment.train
        self.dtype = np.dtype(settings.precision)
        self._activation = ACTIVATIONS[model.activation]
        self._activation_name = model.activation
        self._dropout = model.dropout
        self._rng = generator(experiment.seed, Stream.DROPOUT)
        self._optimizer = OPTIMIZERS[settings.optimizer]

        W_slices, b_slices, self._weights = flat_layout(params)
        self._w = np.concatenate([W.ravel() for W, _ in params] + [b for _, b in params]).astype(self.dtype)
        self._g = np.zeros_like(self._w)
        self._memory = tuple(np.zeros_like(self._w) for _ in range(self._optimizer.memory))
        self._updates = 0

        def views(flat: Array) -> Params:
            return tuple(
                Layer(flat[at_W].reshape(W.shape), flat[at_b])
                for (W, _), at_W, at_b in zip(params, W_slices, b_slices, strict=True)
            )

        self._params, self._gradients = views(self._w), views(self._g)
        self._X = prepared.train.X.astype(self.dtype)
        self._y = prepared.train.y
        self._X_val = prepared.validation.X.astype(self.dtype)
        self._y_val = prepared.validation.y
        weights = prepared.class_weights
        self._class_weights = None if weights is None else weights.astype(self.dtype)
        self._buffers: dict[int, _Buffers] = {}

    # --- one update -------------------------------------------------------------------------------------

    @may_overflow
    def step(self, rows: Ints | None, settings: TrainConfig) -> Scores:
        """One update from the training rows `rows` (None: all); gives the scores of the pass before it."""
        scores = self.backward(rows)
        self._penalise(settings)
        self._updates += 1
        self._optimizer.update(self._w, self._g, self._memory, self._updates, settings.learning_rate, settings.momentum)
        return scores

    def backward(self, rows: Ints | None) -> Scores:
        """Forward and backward pass over the training rows; leaves dJ/dW, dJ/db in `gradients()`."""
        X, y, buffers = self._batch(rows)
        inputs = self._forward(X, buffers)
        scores, delta = self._loss(y, buffers)
        for layer in reversed(range(len(self._params))):
            dW, db = self._gradients[layer]
            np.matmul(inputs[layer].T, delta, out=dW)  # dW = aᵀ δ            (fan_in, fan_out)
            np.matmul(buffers.ones, delta, out=db)  # db = Σ_i δ_i           (fan_out,)
            if self.watch is not None:
                self.watch("delta", layer, delta)
            if layer:
                delta = self._delta_before(layer, delta, buffers)
        return scores

    def _forward(self, X: Array, buffers: _Buffers) -> list[Array]:
        """Fill the buffers; give what each layer was fed: [X, a₁ (after dropout), …]."""
        inputs = [X]
        *hidden, output = self._params
        for layer, (W, b) in enumerate(hidden):
            a = buffers.a[layer]
            np.matmul(inputs[-1], W, out=a)  # z = a W + b                   (n, fan_out)
            a += b
            if self._activation.uses_z:
                buffers.z[layer][:] = a
            if self.watch is not None:
                self.watch("z", layer, a)
            result = self._activation.f(a)  # a = f(z)
            if result is not a:
                a[:] = result
            if self.watch is not None:
                self.watch("a", layer, a)
            inputs.append(self._drop(layer, buffers) if self._dropout else a)
        logits = buffers.a[-1]
        np.matmul(inputs[-1], output.W, out=logits)
        logits += output.b
        if self.watch is not None:
            self.watch("z", len(hidden), logits)
        return inputs

    def _drop(self, layer: int, buffers: _Buffers) -> Array:
        """Inverted dropout: a unit is kept with probability 1 − p, then counts 1 / (1 − p), so E[a] stays."""
        mask, kept = buffers.mask[layer], 1 - self._dropout
        self._rng.random(out=mask, dtype=mask.dtype.type)
        np.less(mask, kept, out=mask, casting="unsafe")
        mask *= 1 / kept
        return np.multiply(buffers.a[layer], mask, out=buffers.dropped[layer])

    def _loss(self, y: Ints, buffers: _Buffers) -> tuple[Scores, Array]:
        """Cross-entropy by log-sum-exp, and δ of the last layer; both in the buffer that held the logits."""
        logits, rows = buffers.a[-1], buffers.rows
        correct = int(np.count_nonzero(logits.argmax(axis=1) == y))
        logits -= logits.max(axis=1, keepdims=True)
        true_logit = logits[rows, y]
        np.exp(logits, out=logits)
        total = logits.sum(axis=1)
        losses = np.log(total) - true_logit  # −log ŷ[y] = log Σ e^z − z_y      (n,)
        logits /= total[:, None]  # ŷ                                          (n, C)
        y_hat = logits
        if self.watch is not None:
            self.watch("losses", len(self._params) - 1, losses)
            self.watch("y_hat", len(self._params) - 1, y_hat)
        y_hat[rows, y] -= 1  # ŷ − onehot(y)
        if self._class_weights is None:
            weight = float(len(y))
            y_hat *= 1 / weight
            return Scores(float(losses.mean()), correct, weight), y_hat
        s = self._class_weights[y]
        weight = float(s.sum())
        y_hat *= (s / weight)[:, None]
        return Scores(float(s @ losses) / weight, correct, weight), y_hat

    def _delta_before(self, layer: int, delta: Array, buffers: _Buffers) -> Array:
        """δ of the hidden layer that feeds `layer`: (δ Wᵀ) ⊙ mask ⊙ f'(z), (n, fan_in)."""
        before = buffers.delta[layer - 1]
        np.matmul(delta, self._params[layer].W.T, out=before)
        if self._dropout:
            before *= buffers.mask[layer - 1]
        before *= self._activation.derivative(buffers.z[layer - 1], buffers.a[layer - 1])
        return before

    def _penalise(self, settings: TrainConfig) -> None:
        """Add the gradient of λ₁ Σ|W| + λ₂/2 Σ W²: weights only, the biases stay free."""
        W, g = self._w[: self._weights], self._g[: self._weights]
        if settings.l2:
            g += settings.l2 * W
        if settings.l1:
            g += settings.l1 * np.sign(W)

    def _batch(self, rows: Ints | None) -> tuple[Array, Ints, _Buffers]:
        n = len(self._y) if rows is None else len(rows)
        if n not in self._buffers:
            self._buffers[n] = _Buffers(n, self._params, self.dtype, self._dropout > 0)
        buffers = self._buffers[n]
        if rows is None:
            return self._X, self._y, buffers
        # mode="clip" is the one that takes `out` without a copy in between; the rows are always in range
        np.take(self._X, rows, axis=0, out=buffers.X, mode="clip")
        np.take(self._y, rows, out=buffers.y, mode="clip")
        return buffers.X, buffers.y, buffers

    # --- what others ask --------------------------------------------------------------------------------

    @may_overflow
    def validation_scores(self) -> Scores:
        """Scores on the validation rows, dropout off."""
        y = self._y_val
        if not len(y):
            return Scores(float("nan"), 0, 0.0)
        logits = forward(self._params, self._activation_name, self._X_val)
        losses = -log_softmax(logits)[np.arange(len(y)), y]
        s = np.ones(len(y), self.dtype) if self._class_weights is None else self._class_weights[y]
        weight = float(s.sum())
        loss = float(s @ losses) / weight if weight else float("nan")
        return Scores(loss, int(np.count_nonzero(logits.argmax(axis=1) == y)), weight)

    def params(self) -> Params:
        """A copy of the weights."""
        return tuple(Layer(W.copy(), b.copy()) for W, b in self._params)

    def gradients(self) -> Params:
        """A copy of the last gradients, without penalties when taken after `backward`."""
        return tuple(Layer(dW.copy(), db.copy()) for dW, db in self._gradients)

    def checkpoint(self) -> Checkpoint:
        """A copy of weights, optimizer memory and update count."""
        return Checkpoint(self._w.copy(), tuple(memory.copy() for memory in self._memory), self._updates)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        self._w[:] = checkpoint.weights
        for mine, theirs in zip(self._memory, checkpoint.memory, strict=True):
            mine[:] = theirs
        self._updates = checkpoint.updates
