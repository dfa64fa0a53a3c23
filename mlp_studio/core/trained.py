"""A network with what it learned from: what there is to show, to export and to keep, whoever trained it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mlp_studio.core.album import Page
from mlp_studio.core.backends.flat import unflatten
from mlp_studio.core.config import Experiment
from mlp_studio.core.history import Curves
from mlp_studio.core.network import Params, layer_sizes
from mlp_studio.core.prepare import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The weights after epoch `epoch` (0: as initialised)."""

    epoch: int
    params: Params


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A run as far as it has got; `snapshot` are the weights that count, which need not be those of the last epoch.

    `curves` has a row for every epoch done, `album` the weights of some of them, in their order, for looking back.
    `status` is how the run ended, or "ready", "paused" … `seconds` is the time that it trained, None where that is
    not known. `is_mixed`: the rows changed while it trained, `is_retuned`: settings did; its experiment alone
    does not give it again then.
    """

    experiment: Experiment
    prepared: Prepared
    snapshot: Snapshot
    curves: Curves
    status: str
    seconds: float | None = None
    threads: int | None = None
    album: tuple[Snapshot, ...] = field(default=())
    is_mixed: bool = False
    is_retuned: bool = False


def snapshots(pages: Sequence[Page], sizes: tuple[int, ...]) -> tuple[Snapshot, ...]:
    """An album whose pages are one vector of weights each, as the weights of layers; nothing is copied."""
    return tuple(Snapshot(page.epoch, unflatten(page.weights, sizes)) for page in pages)


def sizes_of(experiment: Experiment, prepared: Prepared) -> tuple[int, ...]:
    """Units of every layer of a run's network, from its inputs to its classes."""
    return layer_sizes(experiment.model, prepared.input_count, prepared.dataset.classes)
