"""The MLP from scratch, to be read: forward pass, cross-entropy, gradients by hand, update.

Symbols: n samples in the batch, D features, C classes; layer l has W (fan_in, fan_out) and b (fan_out,).
    forward     z = a W + b        a = f(z)        ŷ = softmax(z of the last layer)
    loss        J = Σ s_i · −log ŷ_i[y_i]          s_i: the weight of sample i's class over that of all, or 1 / n
    backward    δ = s (ŷ − onehot(y))              dJ/dz of the last layer
                dW = aᵀ δ      db = Σ_i δ_i        δ_before = (δ Wᵀ) ⊙ mask ⊙ f'(z)

What makes it fast, beside the formulas:
- Units go first and samples last: each array of a pass is the formula's transposed, (units, n). Products are then wide,
  and sums over the few classes run along long rows.
- What a layer is fed ends with a row of ones, and b is the last row of its block [W; b]: so one product adds the
  bias as well, and one product finds dW and db.
- Every array is made once (`_Pass`) and written over in each step.
`tests/core/textbook.py` has the formulas as they stand above. The tests hold this file to it, to torch's autograd and
to finite differences.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.flat import flatten, places
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.network import Layer, Params, may_overflow
from mlp_studio.core.optimizers import OPTIMIZERS, Vectors
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.products import product
from mlp_studio.core.randomness import Stream, generator, set_state, state_of
from mlp_studio.core.threads import limit_blas

Array: TypeAlias = NDArray[Any]


class _Pass:
    """n samples on their way through the network, in arrays that are made once; units first, samples last.

    `fed[l]` is what layer l is fed, its row of ones included, (fan_in + 1, n); the first is X, which is given as
    (n, D + 1). `a[l]` are the activations of hidden layer l, which with dropout are not what the next layer is fed.
    y are the classes of all samples that there are, of which a pass sees some rows.
    """

    def __init__(self, X: Array, y: Ints, sizes: tuple[int, ...], *, uses_z: bool, dropout: bool) -> None:
        n, dtype = len(X), X.dtype
        _, *hidden, classes = sizes
        self.fed = [X.T, *(np.ones((units + 1, n), dtype) for units in hidden)]
        apart = [np.empty((units, n), dtype) for units in hidden] if dropout else []
        self.a = apart or [fed[:-1] for fed in self.fed[1:]]
        self.z = [np.empty_like(a) for a in self.a] if uses_z else self.a  # kept where f' needs z
        self.mask = [np.empty_like(a) for a in apart]
        self.y_hat = np.empty((classes, n), dtype)  # first the logits
        self.y_hat_flat = self.y_hat.reshape(-1)
        self.all_classes = np.ones(classes, dtype)
        self.total, self.losses, self.share = (np.empty(n, dtype) for _ in range(3))  # Σ e^z, −log ŷ[y], s
        self._class_rows, self._columns = n * y, np.arange(n)
        self.y_at = self._columns.copy()  # where ŷ[y] lies in y_hat_flat: n y + column
        self.weight = 0.0

    def go_back(self) -> None:
        """Make the array that only the backward pass needs: f'(z), of one layer at a time."""
        self.slope = np.empty((max((len(a) for a in self.a), default=0), len(self.y_at)), self.y_hat.dtype)

    def judge_by(self, rows: Ints) -> None:
        """Set the true classes: those of these rows of all samples."""
        self._class_rows.take(rows, out=self.y_at, mode="clip")
        self.y_at += self._columns

    @property
    def y(self) -> Ints:
        """The true classes (n,)."""
        return self.y_at // len(self.y_at)

    @may_overflow
    def weigh(self, weights: Array | None, rows: Ints | slice) -> None:
        """Set what each sample counts: its weight over that of them all (nan where that is none), or all the same."""
        s = np.ones_like(self.share) if weights is None else weights[rows]
        self.weight = float(s.sum())
        np.divide(s, self.weight, out=self.share)


class NumpyMLP:
    """The network, its training data and its optimizer, in NumPy.

    `watch(name, layer, array)`, where one is set, is shown every quantity of a pass as it comes into being: "z", "a",
    "y_hat", "delta" (n, units) and "losses" (n,); layers count from 0. The arrays are overwritten soon after, so it
    copies what it keeps.
    """

    watch: Callable[[str, int, Array], None] | None = None

    def __init__(self, experiment: Experiment, prepared: Prepared, params: Params) -> None:
        model, settings = experiment.model, experiment.train
        self.dtype = np.dtype(settings.precision)
        self._activation = ACTIVATIONS[model.activation]
        self._dropout = model.dropout
        self._rng = generator(experiment.seed, Stream.DROPOUT)
        self._optimizer = OPTIMIZERS[settings.optimizer]

        self._w = flatten(params).astype(self.dtype)
        self._memory = tuple(np.zeros_like(self._w) for _ in range(self._optimizer.memory))
        g = np.zeros_like(self._w)
        self._vectors = Vectors(np, self._w, g, self._memory, scratch=np.empty_like(g))
        self._updates = 0
        shapes = [(W.shape[0] + 1, W.shape[1]) for W, _ in params]
        blocks = [place.block for place in places(params)]
        self._blocks = [self._w[at].reshape(shape) for at, shape in zip(blocks, shapes, strict=True)]  # [W; b]
        self._gradients = [g[at].reshape(shape) for at, shape in zip(blocks, shapes, strict=True)]  # [dW; db]
        self._sizes = (params[0].W.shape[0], *(W.shape[1] for W, _ in params))
        self._threads: int | None = None  # so many have been asked for
        self.replace_data(prepared)

    @may_overflow  # inputs that were not scaled, in float32
    def replace_data(self, prepared: Prepared) -> None:
        """Go on with other rows; features and classes are the same, and so are weights and optimizer memory."""
        # the samples of training, then those of validation
        parts = (prepared.train, prepared.validation)
        self._n, self._n_validation = (len(part) for part in parts)
        self._X = np.ones((self._n + self._n_validation, self._sizes[0] + 1), self.dtype)
        np.concatenate([part.X for part in parts], out=self._X[:, :-1], casting="same_kind")
        self._y = np.concatenate([part.y for part in parts])
        weights = prepared.class_weights
        self._sample_weights = None if weights is None else weights[self._y].astype(self.dtype)
        self._batches: dict[int, _Pass] = {}  # by their size
        for name in ("_full", "_validation"):
            self.__dict__.pop(name, None)  # made anew when it is asked for

    # --- one update -------------------------------------------------------------------------------------

    def step(self, rows: Ints | None, settings: TrainConfig) -> Scores:
        """One update from the training rows `rows` (None: all); gives the scores of the pass before it."""
        scores = self.backward(rows)
        self._penalise(settings)
        self._updates += 1
        self._optimizer.update(self._vectors, self._updates, settings.learning_rate, settings.momentum)
        return scores

    def backward(self, rows: Ints | None) -> Scores:
        """Forward and backward pass over the training rows; leaves dJ/dW, dJ/db in `gradients()`."""
        batch = self._full if rows is None else self._batch(rows)
        self._forward(batch, self._dropout)
        scores = self._loss(batch)
        delta = self._delta(batch)
        for layer in reversed(range(len(self._blocks))):
            if self.watch is not None:
                self.watch("delta", layer, delta.T)
            product(batch.fed[layer], delta.T, out=self._gradients[layer])  # [dW; db] = [a 1]ᵀ δ
            if layer:
                delta = self._delta_before(layer, delta, batch)
        return scores

    def _forward(self, batch: _Pass, dropout: float) -> None:
        """From what the first layer is fed to the logits, which are left in `batch.y_hat`."""
        *hidden, output = self._blocks
        for layer, block in enumerate(hidden):
            a = batch.a[layer]
            product(block.T, batch.fed[layer], out=a)  # z = [a 1] [W; b]                 (fan_out, n)
            if self._activation.uses_z:
                batch.z[layer][:] = a
            if self.watch is not None:
                self.watch("z", layer, a.T)
            result = self._activation.f(a)  # a = f(z)
            if result is not a:
                a[:] = result
            if self.watch is not None:
                self.watch("a", layer, a.T)
            if dropout:
                np.multiply(a, self._mask(batch.mask[layer], dropout), out=batch.fed[layer + 1][:-1])
        product(output.T, batch.fed[-1], out=batch.y_hat)
        if self.watch is not None:
            self.watch("z", len(hidden), batch.y_hat.T)

    def _mask(self, mask: Array, dropout: float) -> Array:
        """Inverted dropout: a unit is kept with probability 1 − p, then counts 1 / (1 − p), so E[a] stays."""
        self._rng.random(out=mask, dtype=mask.dtype.type)
        mask[:] = mask < 1 - dropout
        mask *= 1 / (1 - dropout)
        return mask

    def _loss(self, batch: _Pass) -> Scores:
        """Cross-entropy by log-sum-exp. In place of the logits it leaves e^(z − max), and their sums in `total`."""
        z, total, losses = batch.y_hat, batch.total, batch.losses
        np.maximum.reduce(z, axis=0, out=total)
        z -= total  # the largest becomes 0, so that nothing overflows                    (C, n)
        batch.y_hat_flat.take(batch.y_at, out=losses, mode="clip")  # z_y
        correct = _correct(z, losses, batch)
        np.exp(z, out=z)
        np.dot(batch.all_classes, z, out=total)  # Σ e^z over the classes, in half the time of a sum
        np.subtract(np.log(total), losses, out=losses)  # −log ŷ[y] = log Σ e^z − z_y      (n,)
        if self.watch is not None:
            self.watch("losses", len(self._blocks) - 1, losses)
        return Scores(float(np.dot(losses, batch.share)), correct, batch.weight)  # J = Σ s −log ŷ[y]

    def _delta(self, batch: _Pass) -> Array:
        """δ = s (ŷ − onehot(y)) of the last layer, (C, n), in place of e^(z − max), which over its sum is ŷ."""
        delta = batch.y_hat
        if self.watch is not None:
            self.watch("y_hat", len(self._blocks) - 1, (delta / batch.total).T)
        delta *= batch.share / batch.total  # s ŷ: both factors at once, as each costs a pass over the classes
        batch.y_hat_flat[batch.y_at] -= batch.share
        return delta

    def _delta_before(self, layer: int, delta: Array, batch: _Pass) -> Array:
        """δ of the hidden layer that feeds `layer`: (δ Wᵀ) ⊙ mask ⊙ f'(z), (fan_in, n).

        It takes the place of a, which is no longer needed: a pass over the spiral then stays within a core's cache.
        """
        a, W = batch.a[layer - 1], self._blocks[layer][:-1]
        slope = self._activation.derivative(batch.z[layer - 1], a, batch.slope[: len(a)])
        before = product(W, delta, out=a)
        if self._dropout:
            before *= batch.mask[layer - 1]
        before *= slope
        return before

    def _penalise(self, settings: TrainConfig) -> None:
        """Add the gradient of λ₁ Σ|W| + λ₂/2 Σ W²: weights only, the biases stay free."""
        if not settings.l1 and not settings.l2:
            return
        for block, gradient in zip(self._blocks, self._gradients, strict=True):
            W, dW = block[:-1], gradient[:-1]
            if settings.l2:
                dW += settings.l2 * W
            if settings.l1:
                dW += settings.l1 * np.sign(W)

    # --- passes -----------------------------------------------------------------------------------------

    @cached_property
    def _full(self) -> _Pass:
        """Made when it is first asked for: in mini-batches no one wants such large arrays."""
        samples = self._pass_over(slice(self._n), dropout=self._dropout > 0)
        samples.go_back()
        return samples

    @cached_property
    def _validation(self) -> _Pass:
        return self._pass_over(slice(self._n, None), dropout=False)

    def _pass_over(self, rows: slice, *, dropout: bool) -> _Pass:
        """A pass over these samples, which are not copied."""
        samples = _Pass(self._X[rows], self._y, self._sizes, uses_z=self._activation.uses_z, dropout=dropout)
        samples.judge_by(np.arange(len(self._y))[rows])
        samples.weigh(self._sample_weights, rows)
        return samples

    def _batch(self, rows: Ints) -> _Pass:
        """A pass over these training rows."""
        batch = self._batches.get(len(rows))
        if batch is None:
            X = np.empty((len(rows), self._X.shape[1]), self.dtype)
            batch = _Pass(X, self._y, self._sizes, uses_z=self._activation.uses_z, dropout=self._dropout > 0)
            batch.weigh(None, rows)
            batch.go_back()
            self._batches[len(rows)] = batch
        self._X.take(rows, axis=0, out=batch.fed[0].T, mode="clip")  # rows are in range, and "clip" makes no copy
        batch.judge_by(rows)
        if self._sample_weights is not None:
            batch.weigh(self._sample_weights, rows)
        return batch

    # --- what others ask --------------------------------------------------------------------------------

    @may_overflow
    def validation_scores(self) -> Scores:
        """Scores on the validation rows, dropout off."""
        if not self._n_validation:
            return Scores(float("nan"), 0, 0.0)
        self._forward(self._validation, dropout=0.0)
        return self._loss(self._validation)

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads."""
        if threads != self._threads:
            limit_blas(threads)
            self._threads = threads

    def params(self) -> Params:
        """A copy of the weights."""
        return _copied(self._blocks)

    def gradients(self) -> Params:
        """A copy of the last gradients, without penalties when taken after `backward`."""
        return _copied(self._gradients)

    def checkpoint(self) -> Checkpoint:
        """A copy of weights, optimizer memory and update count."""
        return Checkpoint(self._w.copy(), tuple(memory.copy() for memory in self._memory), self._updates)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        self._w[:] = checkpoint.weights
        for mine, theirs in zip(self._memory, checkpoint.memory, strict=True):
            mine[:] = theirs
        self._updates = checkpoint.updates

    def randomness(self) -> NDArray[np.uint8]:
        """The state of dropout's generator."""
        return state_of(self._rng)

    def set_randomness(self, state: NDArray[np.uint8]) -> None:
        """Go on with the masks of such a state."""
        set_state(self._rng, state)


def _correct(z: Array, z_y: Array, batch: _Pass) -> int:
    """In how many columns of z (C, n), whose largest is 0, the true class y is the first of the largest. z_y: z[y]."""
    n = len(z_y)
    if z.size - np.count_nonzero(z) == n:  # no ties: 0 is the one winner
        return n - int(np.count_nonzero(z_y))
    return int(np.count_nonzero(z.argmax(axis=0) == batch.y))  # takes five times as long


def _copied(blocks: list[Array]) -> Params:
    return tuple(Layer(block[:-1].copy(), block[-1].copy()) for block in blocks)
