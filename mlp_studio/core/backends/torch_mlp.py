"""The same MLP in PyTorch: autograd finds the gradients. The only file that imports torch at its head.

The weights start from the same `Params` as the NumPy backend's and follow the same trajectory. They are leaves that
share one flat vector, so that one vector update (the formulas of `core.optimizers`, under no_grad) moves them all; it
costs a fraction of torch.optim's and spares its import.

Units go first and samples last, as in the NumPy backend, and W is kept as nn.Linear keeps it, (fan_out, fan_in): its
products with few classes take between a third and a half of the time, log-softmax a fifth (measured on CPU).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.flat import flatten, places
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.config import Experiment, TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.network import Layer, Params
from mlp_studio.core.optimizers import OPTIMIZERS, Vectors
from mlp_studio.core.prepare import Part, Prepared
from mlp_studio.core.randomness import Stream, generator

Tensor: TypeAlias = torch.Tensor


def _activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation; in place where torch has it so: what it is given is no longer needed."""
    torch_name = ACTIVATIONS[name].torch_name
    if not torch_name:
        return lambda z: z
    names = [(library, full) for full in (f"{torch_name}_", torch_name) for library in (torch, functional)]
    f: Callable[[Tensor], Tensor] = next(getattr(library, full) for library, full in names if hasattr(library, full))
    return f


def _own_order(params: Params) -> np.ndarray:
    """Where each number of our flat vector, [W₁ᵀ b₁ W₂ᵀ b₂ …], lies in that of a checkpoint (`flat`)."""
    parts = []
    for (W, b), place in zip(params, places(params), strict=True):
        parts += [np.arange(place.W.start, place.W.stop).reshape(W.shape).T.ravel(), place.b.start + np.arange(b.size)]
    return np.concatenate(parts)


class _Leaf(NamedTuple):
    """W (fan_out, fan_in) and b (fan_out, 1) of a layer."""

    W: Tensor
    b: Tensor


class _Samples(NamedTuple):
    """X (D, n) and y (n,), and the sum of their weights."""

    X: Tensor
    y: Tensor
    weight: float


class TorchMLP:
    """The network, its training data and its optimizer, as torch tensors."""

    def __init__(self, experiment: Experiment, prepared: Prepared, params: Params) -> None:
        model, settings = experiment.model, experiment.train
        self.dtype: torch.dtype = getattr(torch, settings.precision)
        self._f = _activation(model.activation)
        self._dropout = model.dropout
        self._device = torch.device(settings.device)
        seed = int(generator(experiment.seed, Stream.DROPOUT).integers(2**63))
        self._rng = self._generator(self._device).manual_seed(seed)
        self._optimizer = OPTIMIZERS[settings.optimizer]

        order = _own_order(params)
        self._from_checkpoint, self._to_checkpoint = torch.from_numpy(order), torch.from_numpy(np.argsort(order))
        self._w = self._tensor(flatten(params)[order])
        self._g = torch.zeros_like(self._w)
        self._memory = tuple(torch.zeros_like(self._w) for _ in range(self._optimizer.memory))
        self._vectors = Vectors(torch, self._w, self._g, self._memory, torch.empty_like(self._w))
        self._updates = 0
        self._layers = self._views(self._w, params)  # the leaves
        self._gradients = self._views(self._g, params)
        self._weights = [(leaf.W.detach(), dW) for leaf, (dW, _) in zip(self._layers, self._gradients, strict=True)]
        self._leaves = [part.requires_grad_() for leaf in self._layers for part in leaf]
        self.replace_data(prepared)

    def replace_data(self, prepared: Prepared) -> None:
        """Go on with other rows; features and classes are the same, and so are weights and optimizer memory."""
        weights = prepared.class_weights
        self._class_weights = None if weights is None else self._tensor(weights)
        self._train, self._validation = self._samples(prepared.train), self._samples(prepared.validation)
        self._X_train = self._tensor(prepared.train.X)  # samples first: mini-batches are rows of it

    _generator = torch.Generator

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self._device)

    @staticmethod
    def _views(flat: Tensor, params: Params) -> list[_Leaf]:
        """Each layer's W and b as views of a flat vector in our order."""
        return [
            _Leaf(flat[place.W].view(W.shape[::-1]), flat[place.b].view(-1, 1))
            for (W, _), place in zip(params, places(params), strict=True)
        ]

    def _samples(self, part: Part) -> _Samples:
        y = torch.tensor(part.y, device=self._device)
        return _Samples(self._tensor(part.X).T.contiguous(), y, self._weight(y))

    def _weight(self, y: Tensor) -> float:
        return float(len(y)) if self._class_weights is None else float(self._class_weights[y].sum())

    # --- one update -------------------------------------------------------------------------------------

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
        samples = self._train if rows is None else self._batch(rows)
        logits = self._forward(samples.X, self._dropout)
        loss = self._loss(logits, samples.y)
        gradients = torch.autograd.grad(loss, self._leaves)
        torch.cat([gradient.reshape(-1) for gradient in gradients], out=self._g)
        return self._scores(logits.detach(), samples, loss.detach())

    def _batch(self, rows: Ints) -> _Samples:
        index = torch.from_numpy(rows).to(self._device)
        y = self._train.y[index]
        return _Samples(self._X_train[index].T, y, self._weight(y))

    def _forward(self, X: Tensor, dropout: float) -> Tensor:
        """The logits (C, n) of samples X (D, n)."""
        *hidden, output = self._layers
        a = X
        for W, b in hidden:
            a = self._f(torch.addmm(b, W, a))
            if dropout:
                chance = torch.rand(a.shape, generator=self._rng, dtype=self.dtype, device=self._device)
                a = a * (chance < 1 - dropout) / (1 - dropout)
        return torch.addmm(output.b, output.W, a)

    def _loss(self, logits: Tensor, y: Tensor) -> Tensor:
        # as one picture of n pixels: so the classes come before the samples
        return functional.cross_entropy(logits[None], y[None], weight=self._class_weights)

    @staticmethod
    def _scores(logits: Tensor, samples: _Samples, loss: Tensor) -> Scores:
        winner = logits.T.contiguous().argmax(dim=1)  # a tenth of the time of argmax(dim=0)
        return Scores(float(loss), int((winner == samples.y).sum()), samples.weight)

    def _penalise(self, settings: TrainConfig) -> None:
        """Add the gradient of λ₁ Σ|W| + λ₂/2 Σ W²: weights only, the biases stay free."""
        if not settings.l1 and not settings.l2:
            return
        for W, dW in self._weights:
            if settings.l2:
                dW.add_(W, alpha=settings.l2)
            if settings.l1:
                dW.add_(torch.sign(W), alpha=settings.l1)

    # --- what others ask --------------------------------------------------------------------------------

    def validation_scores(self) -> Scores:
        """Scores on the validation rows, dropout off."""
        samples = self._validation
        if not len(samples.y):
            return Scores(float("nan"), 0, 0.0)
        with torch.no_grad():
            logits = self._forward(samples.X, dropout=0.0)
            return self._scores(logits, samples, self._loss(logits, samples.y))

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads; torch keeps the number for each thread that calls it."""
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)

    def params(self) -> Params:
        """A copy of the weights."""
        return _copied(self._layers)

    def gradients(self) -> Params:
        """A copy of the last gradients, without penalties when taken after `backward`."""
        return _copied(self._gradients)

    def checkpoint(self) -> Checkpoint:
        """A copy of weights, optimizer memory and update count."""
        weights, *memory = (vector.cpu()[self._to_checkpoint].numpy() for vector in (self._w, *self._memory))
        return Checkpoint(weights, tuple(memory), self._updates)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        for mine, theirs in zip((self._w, *self._memory), (checkpoint.weights, *checkpoint.memory), strict=True):
            mine.copy_(torch.from_numpy(theirs)[self._from_checkpoint])
        self._updates = checkpoint.updates

    def randomness(self) -> NDArray[np.uint8]:
        """The state of dropout's generator, as torch has it for the device."""
        state: NDArray[np.uint8] = self._rng.get_state().numpy().copy()
        return state

    def set_randomness(self, state: NDArray[np.uint8]) -> None:
        """Go on with the masks of such a state. Raises ValueError where torch does not take it."""
        try:
            self._rng.set_state(torch.from_numpy(state.copy()))
        except RuntimeError as error:
            raise ValueError("This is no state of a generator of PyTorch.") from error


def _copied(layers: Sequence[_Leaf]) -> Params:
    def array(part: Tensor) -> Any:
        return part.detach().cpu().numpy().T.copy()

    return tuple(Layer(array(W), array(b)[0]) for W, b in layers)
