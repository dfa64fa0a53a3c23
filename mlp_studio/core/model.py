"""A trained network with all that it takes to predict, from a row in original units to the names of the classes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
from mlp_studio.core.derive import derive, input_names
from mlp_studio.core.evaluate import BLOCK_ROWS
from mlp_studio.core.network import Params, forward, softmax
from mlp_studio.core.prepare import Scaler
from mlp_studio.core.trained import Trained


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and the features that it is to the network: one for each of `texts`, else the number."""

    name: str
    features: tuple[str, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Weights, scaler and names: `params` have the precision of the training, the scaler (K,) is float64.

    The K inputs are the D features and those that `derived` makes from them. `encoded` names the columns of text that
    became features, with their texts. `experiment` is what the network was trained by.
    """

    params: Params
    activation: str
    scaler: Scaler
    derived: tuple[str, ...]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    encoded: tuple[tuple[str, tuple[str, ...]], ...]
    experiment: Experiment

    @classmethod
    def of(cls, trained: Trained) -> "Model":
        """The network of a run, with the weights that count there."""
        prepared, dataset = trained.prepared, trained.prepared.dataset
        return cls(
            trained.snapshot.params,
            trained.experiment.model.activation,
            prepared.scaler,
            prepared.derived,
            dataset.feature_names,
            dataset.class_names,
            dataset.account.encoded if dataset.account else (),
            trained.experiment,
        )

    @property
    def precision(self) -> str:
        """What it was trained in: "float32" or "float64"."""
        return str(self.params[0].W.dtype)

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers; those of a run that has just diverged need not be."""
        return all(np.isfinite(values).all() for layer in self.params for values in layer)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of every layer: (K, hidden…, C)."""
        return (len(self.params[0].W), *(len(layer.b) for layer in self.params))

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the K inputs are called, the features first."""
        return input_names(self.feature_names, self.derived)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table that hold the features, in their order."""
        return columns_of(self.feature_names, self.encoded)

    def logits(self, X: Floats) -> Floats:
        """The logits (N, C) for samples X (N, D) in original units, computed in float64 as `predict.predict` does."""
        logits = np.empty((len(X), len(self.class_names)))
        for start in range(0, len(X), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            logits[rows] = forward(self.params, self.activation, self.scaler(derive(X[rows], self.derived)))
        return logits

    def probabilities(self, X: Floats) -> Floats:
        """The probability of every class (N, C) for samples X (N, D) in original units."""
        return softmax(self.logits(X))


def columns_of(features: tuple[str, ...], encoded: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> tuple[Column, ...]:
    """The columns that these features were made from; `encoded` names those of text, with their texts."""
    return tuple(_columns(features, encoded))


def _columns(features: tuple[str, ...], encoded: tuple[tuple[str, tuple[str, ...]], ...]) -> Iterator[Column]:
    """Features in their order, those that were one column of text together."""
    first, waiting = 0, list(encoded)
    while first < len(features):
        name, texts = waiting[0] if waiting else ("", ())
        made = features[first : first + len(texts)]
        if texts and len(made) == len(texts) and all(map(_is_of, made, [name] * len(texts), texts)):
            waiting.pop(0)
            yield Column(name, made, texts)
            first += len(made)
        else:
            yield Column(features[first], (features[first],))
            first += 1


def _is_of(feature: str, name: str, text: str) -> bool:
    """Whether a feature may be the one of this text, whose name has a number where the plain name was taken."""
    return feature.startswith(f"{name}={text}")
