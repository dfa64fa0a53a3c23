"""What is worked out of a run's weights for the eye: regions, evaluation, uncertainty; by jobs, into the store.

While a network trains, its own thread makes regions and evaluations (`ui.runner`), and this only the uncertainty.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.boundary import GRID_LEAST, Box
from mlp_studio.core.evaluate import PartScores, evaluate
from mlp_studio.ui.runner import (
    GRID_AT_REST,
    GRID_WHILE_RUNNING,
    UNCERTAINTY_GRID,
    VIEW_SHARE,
    View,
    draw,
    measure,
    rest_grid,
)
from mlp_studio.ui.store import Evaluation, Raster, Uncertainty

if TYPE_CHECKING:
    from mlp_studio.ui.studio import Studio

SETTLE_MILLISECONDS = 150  # after a held feature has moved, until its regions are drawn finely
REST_SECONDS = 0.15  # without new data, and their regions are drawn
UNCERTAINTY_SECONDS = 0.5  # while training, at least so long from one measurement of it to the next


class Portrayer(QObject):
    """Keeps what is shown of the present run up with its weights and with the part of the plane in view."""

    def __init__(self, studio: "Studio", is_training: Callable[[], bool]) -> None:
        super().__init__(studio)
        self._studio = studio
        self._store, self._jobs = studio.store, studio.jobs
        self._is_training = is_training
        self._box: Box | None = None  # the part of the plane in view
        self._data_came_at = 0.0
        self._uncertainty_due = 0.0
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MILLISECONDS)
        self._settle.timeout.connect(self.draw)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(round(1000 * REST_SECONDS))
        self._rest.timeout.connect(self.redraw)

    @property
    def view(self) -> View | None:
        """What the boundary view shows; None before there is anything to show."""
        plane = self._store.state.plane
        return None if plane is None or self._box is None else View(plane, self._box)

    @property
    def is_waiting(self) -> bool:
        """Whether the regions are to be drawn when no more data come."""
        return self._rest.isActive()

    def stop(self) -> None:
        """Draw no more of what waits, as the program is closing."""
        self._rest.stop()

    # --- what has changed ---------------------------------------------------------------------------------------

    def look_at(self, box: Box) -> None:
        """The visible part of the plane changed: draw the regions there."""
        if box != self._box:
            self._box = box
            self._redraw_soon()

    def take_data(self) -> None:
        """Other data are shown: draw their regions."""
        self._redraw_soon()
        self._data_came_at = perf_counter()

    def _redraw_soon(self) -> None:
        """Have the regions drawn now; where data come fast, as from a slider, when they have come to rest.

        Drawn for each of them, in a thread of their own, they held up the window twice as long as the points did.
        """
        if perf_counter() - self._data_came_at > REST_SECONDS:
            self.redraw()
        else:
            self._rest.start()

    @Slot()
    def redraw(self, *, moving: bool = False) -> None:
        """Have the regions drawn anew: by the training when it runs, else by a job; coarsely while `moving`."""
        if self._studio.runner is not None:
            self._studio.runner.view = self.view
        self.measure()
        self._studio.past.redraw()
        if moving:
            self._draw_moving()
        else:
            self.draw()

    # --- what is worked out -------------------------------------------------------------------------------------

    def _draw_moving(self) -> None:
        """Have the regions of weights at rest drawn coarsely, as the plane is moving; finely when it stands still."""
        self._draw(GRID_WHILE_RUNNING)
        self._settle.start()

    @Slot()
    def draw(self) -> None:
        """Have the regions of weights at rest drawn."""
        self._settle.stop()
        self._draw(GRID_AT_REST)

    def _draw(self, most: int) -> None:
        view, run = self.view, self._store.state.run
        if run is None or view is None or self._is_training():
            return
        snapshot, activation, prepared = run.snapshot, run.experiment.model.activation, run.prepared
        self._jobs.start(
            "raster",
            lambda: draw(snapshot, activation, prepared, view, min(most, rest_grid(snapshot.params))),
            self._show_raster,
            self._failed,
        )

    def _show_raster(self, drawn: Raster) -> None:
        state = self._store.state
        if state.run is None or state.plane is None:
            return
        if drawn.plane.shares_axes(state.plane) and drawn.epoch == state.run.snapshot.epoch:
            self._store.update_run(raster=drawn)

    def evaluate(self) -> None:
        """Have the weights at rest evaluated, where the last evaluation is of older ones."""
        run = self._store.state.run
        if run is None or (run.evaluation is not None and run.evaluation.epoch == run.snapshot.epoch):
            return
        snapshot, activation, prepared = run.snapshot, run.experiment.model.activation, run.prepared

        def show(parts: dict[str, PartScores]) -> None:
            run = self._store.state.run
            if run is not None and run.snapshot is snapshot and run.prepared is prepared:
                self._store.update_run(evaluation=Evaluation(snapshot.epoch, parts))

        self._jobs.start("evaluation", partial(evaluate, snapshot.params, activation, prepared), show, self._failed)

    def measure(self) -> None:
        """Have the spread of dropout passes measured where it is shown; while training, now and then."""
        state, view, now = self._store.state, self.view, perf_counter()
        run = state.run
        if run is None or view is None or not (state.shown.uncertainty and run.experiment.model.dropout):
            return
        training = self._is_training()
        if training and (self._jobs.busy("uncertainty") or now < self._uncertainty_due):
            return
        snapshot, experiment, prepared = run.snapshot, run.experiment, run.prepared
        most = GRID_LEAST if training else UNCERTAINTY_GRID

        def show(measured: Uncertainty) -> None:
            ended = perf_counter()
            self._uncertainty_due = ended + max(UNCERTAINTY_SECONDS, (ended - now) / VIEW_SHARE)
            run = self._store.state.run
            plane = self._store.state.plane
            if run is None or plane is None or not measured.plane.shares_axes(plane):
                return
            if run.experiment.model == experiment.model and measured.epoch <= run.snapshot.epoch:
                self._store.update_run(uncertainty=measured)

        self._jobs.start("uncertainty", lambda: measure(snapshot, experiment, prepared, view, most), show, self._failed)

    def _failed(self, sentence: str) -> None:
        self._studio.tell(sentence, is_error=True)
