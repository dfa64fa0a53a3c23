"""What a backend is: something that holds weights and data and can take one step."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.config import TrainConfig
from mlp_studio.core.dataset import Ints
from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared


class Scores(NamedTuple):
    """Of a set of samples: weighted mean cross-entropy (nats), how many were right, the weight of them all.

    With class weights w the loss is Σ w[y] · −log ŷ[y] / Σ w[y], as in torch's cross_entropy; without, w = 1.
    """

    loss: float
    correct: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What a backend needs to go on as if nothing had happened: weights, optimizer memory, update count.

    Only dropout's masks are not part of it: their stream goes on. It is in `Backend.randomness`.
    """

    weights: NDArray[np.floating[Any]]
    memory: tuple[NDArray[np.floating[Any]], ...]
    updates: int


class Backend(Protocol):
    """Trains one network on the training rows it was given last. Lives in one thread at a time."""

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads. Called often: some libraries keep it for each thread that calls them."""
        ...

    def replace_data(self, prepared: Prepared) -> None:
        """Go on with other rows; features and classes are the same, and so are weights and optimizer memory."""
        ...

    def step(self, rows: Ints | None, settings: TrainConfig) -> Scores:
        """One update from the training rows `rows` (None: all). Gives the scores of the pass before it."""
        ...

    def validation_scores(self) -> Scores:
        """Scores on the validation rows, dropout off; weight 0 when there are none."""
        ...

    def params(self) -> Params:
        """A copy of the weights, in the precision of the training."""
        ...

    def checkpoint(self) -> Checkpoint:
        """A copy of the whole state."""
        ...

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint of this run."""
        ...

    def randomness(self) -> NDArray[np.uint8]:
        """The state of the generator that dropout's masks come from, as bytes."""
        ...

    def set_randomness(self, state: NDArray[np.uint8]) -> None:
        """Go on with the masks of such a state. Raises ValueError where it is none of this backend's."""
        ...
