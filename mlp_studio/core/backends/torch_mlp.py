"""The same MLP in PyTorch: autograd finds the gradients. The only file that imports torch.

The weights start from the same `Params` as the NumPy backend's and follow the same trajectory. They are
leaves that share one flat vector, as do their gradients, so that one vector update (the formulas of
`core.optimizers`, under no_grad) moves them all; it costs a fraction of torch.optim's and spares its import.
"""

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.flat import flatten, places
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.network import Layer, Params
from mlp_studio.core.optimizers import OPTIMIZERS, Vectors
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream, generator


def _activation(name: str) -> Any:
    torch_name = ACTIVATIONS[name].torch_name
    if not torch_name:
        return lambda z: z
    return getattr(torch, torch_name, None) or getattr(functional, torch_name)


class TorchMLP:
    """The network, its training data and its optimizer, as torch tensors."""

    def __init__(self, experiment: Experiment, prepared: Prepared, params: Params) -> None:
        model, settings = experiment.model, experiment.train
        self.dtype: torch.dtype = getattr(torch, settings.precision)
        self._f = _activation(model.activation)
        self._dropout = model.dropout
        self._rng = torch.Generator().manual_seed(int(generator(experiment.seed, Stream.DROPOUT).integers(2**63)))
        self._optimizer = OPTIMIZERS[settings.optimizer]

        self._w = torch.tensor(flatten(params), dtype=self.dtype)
        self._g = torch.zeros_like(self._w)
        self._memory = tuple(torch.zeros_like(self._w) for _ in range(self._optimizer.memory))
        self._vectors = Vectors(torch, self._w, self._g, self._memory, torch.empty_like(self._w))
        self._updates = 0
        self._layers = [
            (self._leaf(place.W, W.shape), self._leaf(place.b, b.shape))
            for (W, b), place in zip(params, places(params), strict=True)
        ]

        self._weights = [
            (self._w[place.W].view(W.shape), self._g[place.W].view(W.shape))
            for (W, _), place in zip(params, places(params), strict=True)
        ]

        self._X, self._y = self._tensors(prepared.train.X, prepared.train.y)
        self._X_val, self._y_val = self._tensors(prepared.validation.X, prepared.validation.y)
        weights = prepared.class_weights
        self._class_weights = None if weights is None else torch.tensor(weights, dtype=self.dtype)

    def _leaf(self, at: slice, shape: tuple[int, ...]) -> torch.Tensor:
        """A parameter that shares its numbers, and those of its gradient, with the flat vectors."""
        leaf = self._w[at].view(shape).requires_grad_()
        leaf.grad = self._g[at].view(shape)  # backward() adds to a gradient that is there, in place
        return leaf

    def _tensors(self, X: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(X, dtype=self.dtype), torch.tensor(y)

    def step(self, rows: Ints | None, settings: TrainConfig) -> Scores:
        """One update from the training rows `rows` (None: all); gives the scores of the pass before it."""
        scores = self.backward(rows)
        with torch.no_grad():
            self._penalise(settings)
            self._updates += 1
            self._optimizer.update(self._vectors, self._updates, settings.learning_rate, settings.momentum)
        return scores

    def backward(self, rows: Ints | None) -> Scores:
        """Forward and backward pass over the training rows; leaves the gradients in `gradients()`."""
        if rows is None:
            X, y = self._X, self._y
        else:
            index = torch.from_numpy(rows)
            X, y = self._X[index], self._y[index]
        logits = self._forward(X, training=True)
        loss = functional.cross_entropy(logits, y, weight=self._class_weights)
        self._g.zero_()
        torch.autograd.backward(loss)
        return self._scores(logits.detach(), y, loss.detach())

    def _forward(self, X: torch.Tensor, *, training: bool) -> torch.Tensor:
        *hidden, (W_out, b_out) = self._layers
        a = X
        for W, b in hidden:
            a = self._f(torch.addmm(b, a, W))
            if training and self._dropout:
                kept = 1 - self._dropout
                a = a * (torch.rand(a.shape, generator=self._rng, dtype=self.dtype) < kept) / kept
        return torch.addmm(b_out, a, W_out)

    def _scores(self, logits: torch.Tensor, y: torch.Tensor, loss: torch.Tensor) -> Scores:
        correct = int((logits.argmax(dim=1) == y).sum())
        weight = float(len(y)) if self._class_weights is None else float(self._class_weights[y].sum())
        return Scores(float(loss), correct, weight)

    def _penalise(self, settings: TrainConfig) -> None:
        """Add the gradient of λ₁ Σ|W| + λ₂/2 Σ W²: weights only, the biases stay free."""
        if not settings.l1 and not settings.l2:
            return
        for W, dW in self._weights:
            if settings.l2:
                dW.add_(W, alpha=settings.l2)
            if settings.l1:
                dW.add_(torch.sign(W), alpha=settings.l1)

    def validation_scores(self) -> Scores:
        """Scores on the validation rows, dropout off."""
        if not len(self._y_val):
            return Scores(float("nan"), 0, 0.0)
        with torch.no_grad():
            logits = self._forward(self._X_val, training=False)
            loss = functional.cross_entropy(logits, self._y_val, weight=self._class_weights)
            return self._scores(logits, self._y_val, loss)

    def params(self) -> Params:
        """A copy of the weights."""
        return tuple(Layer(W.detach().numpy().copy(), b.detach().numpy().copy()) for W, b in self._layers)

    def gradients(self) -> Params:
        """A copy of the last gradients, without penalties when taken after `backward`."""
        return tuple(Layer(self._grad(W), self._grad(b)) for W, b in self._layers)

    @staticmethod
    def _grad(leaf: torch.Tensor) -> np.ndarray:
        if leaf.grad is None:
            raise RuntimeError("the gradient was detached from its flat vector")
        return leaf.grad.numpy().copy()

    def checkpoint(self) -> Checkpoint:
        """A copy of weights, optimizer memory and update count."""
        memory = tuple(vector.numpy().copy() for vector in self._memory)
        return Checkpoint(self._w.detach().numpy().copy(), memory, self._updates)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        with torch.no_grad():
            self._w.copy_(torch.from_numpy(checkpoint.weights))
            for mine, theirs in zip(self._memory, checkpoint.memory, strict=True):
                mine.copy_(torch.from_numpy(theirs))
        self._updates = checkpoint.updates
