"""A run that is kept: in the list of runs, in a project."""

from dataclasses import dataclass

from mlp_studio.core.backends.flat import unflatten
from mlp_studio.core.config import Experiment
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trained import Snapshot, Trained, sizes_of, snapshots
from mlp_studio.core.training_state import TrainingState


@dataclass(frozen=True, slots=True, eq=False)
class KeptRun:
    """One training as far as it had got, and all that it needs to go on.

    `number` tells it from the others of its project. `status` is how it ended, or "paused" …; `message` is the sentence
    that went with it. `seconds` that it trained; `begun`: when, ISO 8601 in UTC, or "". `note` is the person's own.
    `is_mixed`: the rows changed while it trained, so that its experiment alone does not give it again.
    """

    number: int
    experiment: Experiment
    prepared: Prepared
    status: str
    state: TrainingState
    message: str = ""
    seconds: float = 0.0
    begun: str = ""
    note: str = ""
    is_mixed: bool = False

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.state.curves)

    @property
    def snapshot(self) -> Snapshot:
        """The weights that count."""
        weights = self.state.present.weights
        return Snapshot(self.state.weights_epoch, unflatten(weights, sizes_of(self.experiment, self.prepared)))

    def trained(self) -> Trained:
        """To be looked at and exported; no backend is needed for that."""
        return Trained(
            self.experiment,
            self.prepared,
            self.snapshot,
            self.state.curves,
            self.status,
            self.seconds,
            self.state.threads,
            snapshots(self.state.album, sizes_of(self.experiment, self.prepared)),
            self.is_mixed,
            self.state.is_retuned,
        )
