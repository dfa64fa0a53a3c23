"""What people would use instead, written as people write it: the textbook loop, the usual PyTorch loop, scikit-learn.

The loops compute what the studio computes: one update for every batch, loss and accuracy of training and validation
for every epoch. They start from the weights they are given, so that a test can see that they train the same network.
"""

import math
import warnings
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared

Array = NDArray[Any]
Figures = tuple[float, float, float, float]  # training loss and accuracy, validation loss and accuracy


class TextbookLoop:
    """One hidden layer of ReLU, softmax, plain gradient descent: float64, allocating every step."""

    def __init__(self, prepared: Prepared, params: Params, rate: float, batch: int, rng: Generator) -> None:
        self.X, self.y = prepared.train.X, prepared.train.y
        self.X_val, self.y_val = prepared.validation.X, prepared.validation.y
        (self.W1, self.b1), (self.W2, self.b2) = ((W.copy(), b.copy()) for W, b in params)
        self.rate, self.batch, self.rng = rate, batch, rng
        self.figures: Figures = (math.nan,) * 4

    def train(self, epochs: int) -> None:
        """So many epochs more."""
        n = len(self.X)
        for _ in range(epochs):
            loss = correct = 0.0
            if self.batch == 0:
                loss, correct = self.step(self.X, self.y)
            else:
                order = self.rng.permutation(n)
                for start in range(0, n, self.batch):
                    rows = order[start : start + self.batch]
                    batch_loss, batch_correct = self.step(self.X[rows], self.y[rows])
                    loss += batch_loss
                    correct += batch_correct
            y_hat, _ = self.forward(self.X_val)
            n_val = len(self.y_val)
            val_loss = -np.log(y_hat[np.arange(n_val), self.y_val]).mean()
            val_accuracy = (y_hat.argmax(axis=1) == self.y_val).mean()
            self.figures = (loss / n, correct / n, float(val_loss), float(val_accuracy))

    def forward(self, X: Array) -> tuple[Array, Array]:
        """Probabilities and hidden activations."""
        hidden = np.maximum(X @ self.W1 + self.b1, 0)
        scores = hidden @ self.W2 + self.b2
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True), hidden

    def step(self, X: Array, y: Array) -> tuple[float, float]:
        """One update; the summed loss and the correct answers before it."""
        n = len(X)
        y_hat, hidden = self.forward(X)
        loss = -np.log(y_hat[np.arange(n), y]).sum()
        correct = (y_hat.argmax(axis=1) == y).sum()
        delta = y_hat.copy()
        delta[np.arange(n), y] -= 1
        delta /= n
        dW2, db2 = hidden.T @ delta, delta.sum(axis=0)
        delta_hidden = delta @ self.W2.T
        delta_hidden[hidden <= 0] = 0
        dW1, db1 = X.T @ delta_hidden, delta_hidden.sum(axis=0)
        self.W1 -= self.rate * dW1
        self.b1 -= self.rate * db1
        self.W2 -= self.rate * dW2
        self.b2 -= self.rate * db2
        return float(loss), float(correct)


class UsualTorchLoop:
    """nn.Sequential of ReLU layers, CrossEntropyLoss, optim.Adam; loss and accuracy with `.item()`."""

    def __init__(self, prepared: Prepared, params: Params, rate: float, batch: int) -> None:
        import torch
        from torch import nn, optim

        layers: list[nn.Module] = []
        for W, b in params:
            linear = nn.Linear(*W.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T))
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = optim.Adam(self.model.parameters(), lr=rate)
        self.batch = batch
        self.X = torch.tensor(prepared.train.X, dtype=torch.float32)
        self.y = torch.tensor(prepared.train.y)
        self.X_val = torch.tensor(prepared.validation.X, dtype=torch.float32)
        self.y_val = torch.tensor(prepared.validation.y)
        self.figures: Figures = (math.nan,) * 4

    def train(self, epochs: int) -> None:
        """So many epochs more."""
        import torch

        n = len(self.X)
        for _ in range(epochs):
            self.model.train()
            loss = correct = 0.0
            if self.batch == 0:
                loss, correct = self.step(self.X, self.y)
            else:
                order = torch.randperm(n)
                for start in range(0, n, self.batch):
                    rows = order[start : start + self.batch]
                    batch_loss, batch_correct = self.step(self.X[rows], self.y[rows])
                    loss += batch_loss
                    correct += batch_correct
            self.model.eval()
            with torch.no_grad():
                logits = self.model(self.X_val)
                val_loss = self.criterion(logits, self.y_val).item()
                val_accuracy = (logits.argmax(dim=1) == self.y_val).float().mean().item()
            self.figures = (loss / n, correct / n, val_loss, val_accuracy)

    def step(self, X: Any, y: Any) -> tuple[float, float]:
        """One update; the summed loss and the correct answers before it."""
        self.optimizer.zero_grad()
        logits = self.model(X)
        loss = self.criterion(logits, y)
        loss.backward()
        self.optimizer.step()
        return loss.item() * len(y), (logits.argmax(dim=1) == y).sum().item()


class ScikitLearn:
    """MLPClassifier with the same layers. It has no accuracy and no validation to compute: that much less to do."""

    def __init__(self, prepared: Prepared, hidden: tuple[int, ...], **settings: Any) -> None:
        # in float32, as the studio's default: scikit-learn keeps the precision of the rows it is given
        self.X, self.y = prepared.train.X.astype(np.float32), prepared.train.y
        self.settings = {"hidden_layer_sizes": hidden, "activation": "relu", "alpha": 0.0, **settings}

    def train(self, epochs: int) -> None:
        """So many epochs, from new weights."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier(**self.settings, max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is to do all epochs, converged or not
            model.fit(self.X, self.y)
        if model.n_iter_ != epochs:
            raise RuntimeError(f"scikit-learn did {model.n_iter_} epochs instead of {epochs}")
