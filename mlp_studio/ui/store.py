"""The one state of the window, a frozen value, and the one place where it changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from PySide6.QtCore import QObject, Signal

from mlp_studio.core.boundary import Box, Indices, Plane
from mlp_studio.core.compare import Compared
from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
from mlp_studio.core.evaluate import PartScores
from mlp_studio.core.history import COLUMNS, Curves
from mlp_studio.core.importance import Importance
from mlp_studio.core.painting import Canvas
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.scene import Points, Scene, Slice
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.uncertainty import SpreadGrid
from mlp_studio.core.verdict import Findings

if TYPE_CHECKING:  # brings libraries along that the first window does not need
    from mlp_studio.core.kept import KeptRun

Status: TypeAlias = Literal["ready", "starting", "running", "paused", "stopped", "finished", "diverged", "failed"]
Tool: TypeAlias = Literal["add", "erase", "move"]
ACTIVE = ("starting", "running")  # a worker thread is busy
NO_CURVES: Curves = np.empty((0, len(COLUMNS)))


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The scores of each share of the rows with the weights of `epoch`."""

    epoch: int
    parts: dict[str, PartScores]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """The regions over `box` of `plane`, with the weights of `epoch`."""

    epoch: int
    plane: Plane
    box: Box
    indices: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """The spread of `passes` dropout passes over `box` of `plane`, with the weights of `epoch`."""

    epoch: int
    plane: Plane
    box: Box
    passes: int
    spread: SpreadGrid


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """How important the features are to the weights of `epoch`."""

    epoch: int
    figures: Importance


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One training, as far as it has got. `rate` in epochs per second; `message` a sentence to show, or "".

    `seconds`: how long it has trained.
    `number` counts the runs that have begun, from 1; 0: it has not. `begun`: when, ISO 8601 in UTC, or "". `note`: the
    person's own.
    `weighing`: the share that is done while the features' importance is measured, else None.
    `is_mixed`: the rows changed while it trained, `is_retuned`: settings did; its experiment alone does not give the
    same weights then.
    """

    experiment: Experiment
    prepared: Prepared
    status: Status
    snapshot: Snapshot
    curves: Curves = field(default_factory=lambda: NO_CURVES)
    evaluation: Evaluation | None = None
    raster: Raster | None = None
    uncertainty: Uncertainty | None = None
    weighed: Weighed | None = None
    weighing: float | None = None
    rate: float = 0.0
    message: str = ""
    is_mixed: bool = False
    is_retuned: bool = False
    number: int = 0
    begun: str = ""
    seconds: float = 0.0
    note: str = ""

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.curves)

    @property
    def active(self) -> bool:
        """Whether a worker thread is at it."""
        return self.status in ACTIVE

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to go on from."""
        return self.active or self.epoch > 0


@dataclass(frozen=True, slots=True)
class RunScores:
    """The accuracies of a run of the list, 0…1, nan for a share without rows."""

    train: float
    validation: float
    test: float


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """An earlier epoch of the present run that is looked at; regions and evaluation follow the weights.

    `number` and `prepared` are the run's, so that another run is not taken for it.
    """

    number: int
    prepared: Prepared
    snapshot: Snapshot
    evaluation: Evaluation | None = None
    raster: Raster | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the boundary view shows."""

    parts: frozenset[str] = frozenset({"train", "test"})
    side_by_side: bool = False
    uncertainty: bool = False
    slice: Slice = field(default_factory=Slice)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a confusion matrix, whose points are made to stand out."""

    part: str
    truth: int
    predicted: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the bar above the boundary, and the command (a row of `ui.actions`) that it offers, or ""."""

    text: str
    is_error: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """Paint mode: the canvas, the tool in hand and what is to be said.

    `points`: of the canvas by their shares, where the data have not taken them over yet. `brush`: its radius in
    pixels. `waiting`: the points are too few to be trained on.
    """

    canvas: Canvas
    points: Mapping[str, Points] | None = None
    tool: Tool = "add"
    label: int = 0
    brush: int = 8
    waiting: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The runs of a lesson that are trained in the background to be held side by side, as far as they have got.

    `share` of the way is done, 0…1; `message` is a sentence to show, or "".
    """

    lesson: str
    running: bool = False
    share: float = 0.0
    runs: tuple[Compared, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Everything that the window shows."""

    experiment: Experiment = field(default_factory=Experiment)
    prepared: Prepared | None = None
    loading: str = ""  # what is being loaded, in words; "" when nothing is
    loading_share: float = 0.0  # of the file that is read, 0…1; 0 where that is not known
    run: Run | None = None
    scene: Scene | None = None  # of `shown.slice`
    shown: Shown = field(default_factory=Shown)
    probe: Floats | None = None  # the point asked about (D,), in original units
    cell: Cell | None = None
    notice: Notice | None = None
    follow_up: str = ""  # why Train would start a new run, or ""
    earlier_seeds: tuple[int, ...] = ()  # that new samples have replaced, the latest last
    lesson: str = ""  # the lesson that is open; "": the gallery
    verdicts: Mapping[str, Findings] = field(default_factory=dict)  # the latest of each lesson, in this session
    comparison: Comparison | None = None
    painting: Painting | None = None  # None: the mouse moves and zooms the view
    runs: "tuple[KeptRun, ...]" = ()  # earlier ones, the latest last
    past: Past | None = None  # None: the present weights are shown
    saving: str = ""  # what is being written, in words; "" when nothing is
    run_scores: Mapping[int, RunScores] = field(default_factory=dict)  # of these, by their numbers, as far as measured
    compared: tuple[int, ...] = ()  # the numbers of those whose curves are laid over the present run's
    undo: str = ""  # what Undo would take back; "" for nothing
    redo: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the data are there that Train would train on."""
        waiting = self.painting is not None and self.painting.waiting
        return self.run is not None and not self.loading and not waiting

    @property
    def seen_past(self) -> Past | None:
        """The earlier epoch that is looked at, where it is one of the present run."""
        run, past = self.run, self.past
        if run is None or past is None or (past.number, past.prepared) != (run.number, run.prepared):
            return None
        return past

    @property
    def epoch_read(self) -> int | None:
        """The epoch whose figures go with the weights on view, where it is not the newest of the curves."""
        if self.run is None:
            return None
        if self.seen_past is not None:
            return self.seen_past.snapshot.epoch
        epoch = self.run.snapshot.epoch  # early stopping and divergence go back
        return None if self.run.active or epoch == self.run.epoch else epoch

    def as_seen(self) -> "State":
        """The state with the run as it was at the epoch that is looked at."""
        past = self.seen_past
        if past is None or self.run is None:
            return self
        seen = replace(self.run, snapshot=past.snapshot, evaluation=past.evaluation, raster=past.raster)
        return replace(self, run=replace(seen, uncertainty=None))

    @property
    def plane(self) -> Plane | None:
        """The plane that the boundary view shows."""
        return self.scene.plane if self.scene is not None else None


class Store(QObject):
    """Holds the state. Widgets render what `changed` brings and never write back; intents call `update`."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State()
        self.complete: Callable[[State], State] = lambda state: state  # fills in what follows from the rest

    def update(self, **changes: Any) -> None:
        """Replace fields of the state and tell everybody."""
        self.state = self.complete(replace(self.state, **changes))
        self.changed.emit(self.state)

    def update_run(self, **changes: Any) -> None:
        """Replace fields of the present run."""
        if self.state.run is not None:
            self.update(run=replace(self.state.run, **changes))
