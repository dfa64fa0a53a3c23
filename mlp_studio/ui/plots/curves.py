"""Loss and accuracy over the epochs, of training and validation."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from mlp_studio.core.axis import step_up
from mlp_studio.core.history import COLUMNS, Curves, best_epoch
from mlp_studio.core.palette import Colours, class_colour
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.plots import plot as plots
from mlp_studio.ui.plots.chart import HEADROOM, Chart, Quantity, show_over
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.plots.plot import Axis
from mlp_studio.ui.still import Still
from mlp_studio.ui.store import NO_CURVES, State
from mlp_studio.ui.studio import Studio

COMPARED = tuple(class_colour(place) for place in (2, 4, 7, 6))  # of the curves of so many runs beside the present one
FIRST_EPOCHS = 1000  # up to so many, the charts show all the epochs asked for from the start
FINE_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
X_ROOM = 1.02  # the axis of the epochs ends a little further, so that the last one can be seen
LARGEST = 1e300  # no range goes beyond
NOTHING_YET = "There is nothing to export yet: train first"
EMPTY = "Press Train: the loss and accuracy of every epoch appear here."
WHOLE_RUN_SHOWN = "The whole run is in view: turn the wheel to zoom, drag to move"
VIEW_ALL = "Show the whole run again, and follow it"


def loss_text(value: float) -> str:
    """A loss with five digits that count."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value and not 1e-4 <= abs(value) < 1e5:
        return f"{value:.3e}".replace("e-", "e−")
    return f"{value:#.5g}".rstrip(".")


def accuracy_text(value: float) -> str:
    """A share in percent."""
    return "–" if math.isnan(value) else f"{100 * value:.2f}\N{NO-BREAK SPACE}%"


def loss_span(lowest: float, highest: float, log: bool) -> tuple[float, float]:
    """From zero to a round number above the highest loss; on a logarithmic axis between 1-2-5 numbers."""
    if math.isnan(highest):
        lowest, highest = 0.1, 1.0
    highest = min(highest, LARGEST)
    if log:
        top = math.log10(step_up(highest * 1.05))
        bottom = -math.log10(step_up(1 / (max(lowest, 1 / LARGEST) * 0.95)))
        return min(bottom, top - 1), top
    top = step_up(highest * (1 + HEADROOM), FINE_STEPS) if highest > 0 else 1.0
    return -HEADROOM * top, top


def accuracy_span(_lowest: float, _highest: float, _log: bool) -> tuple[float, float]:
    """All that an accuracy can be."""
    return -HEADROOM, 1 + HEADROOM


LOSS = Quantity("loss", "Loss", loss_text, loss_span)
ACCURACY = Quantity("accuracy", "Accuracy", accuracy_text, accuracy_span)


def last_epoch_shown(epochs: int, target: int) -> int:
    """Where the axis of the epochs ends: where training is to end if that is near, else at a 1-2-5 number."""
    step = round(step_up(max(epochs, 1)))
    return min(target, max(step, FIRST_EPOCHS)) if target > epochs else step


class CurvesPanel(QWidget):
    """The two charts with their buttons: they follow the run until zoomed or moved."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._curves: Curves = NO_CURVES  # what is drawn
        self._target = 0  # the epochs asked for
        self._end = 0  # where the axis of the epochs ends
        self._best = 0
        self._compared: tuple[object, ...] = ()  # whose curves lie below
        self._longest = 0  # epochs of those
        self._pointed: float | None = None  # the place under the cursor
        self._seen: int | None = None  # the epoch of the weights on view, where it is not the newest
        self._framed: object = None  # the ranges that were set last to show the whole run
        self._moving = False  # ranges are being set here
        self.loss = Chart(LOSS, Axis("left"), Axis("bottom", least=1.0))
        self.accuracy = Chart(ACCURACY, Axis("left", scale=100.0, unit=" %"), Axis("bottom", least=1.0))
        self.charts = (self.loss, self.accuracy)
        self._build()
        studio.store.changed.connect(self.render)
        self._recolour(theme.colours())
        self._set_following(True)
        self.render(studio.store.state)

    # --- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.figure = QWidget(self)  # what is exported
        both = QVBoxLayout(self.figure)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(theme.UNIT // 2)
        title_width = max(chart.title.sizeHint().width() for chart in self.charts)
        for chart in self.charts:
            chart.title.setFixedWidth(title_width)
            both.addWidget(chart, 1)
            chart.pointed.connect(self._point)
            chart.gone.connect(self._point_nowhere)
            chart.moved.connect(self._follow_other)
            chart.taken.connect(self._take)
        plots.name_corner(self.accuracy.plot, "epoch")
        self.loss.plot.getAxis("bottom").setStyle(showValues=False)
        self.loss.plot.getAxis("bottom").setHeight(4)
        self.empty = plain_label(EMPTY, muted=True, wrap=True)
        show_over(self.loss.plot, self.empty)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, theme.UNIT // 2)
        layout.setSpacing(theme.UNIT // 2)
        layout.addLayout(self._buttons())
        layout.addWidget(self.figure, 1)

    def _buttons(self) -> QHBoxLayout:
        self.epoch = plain_label(muted=True)
        self.epoch.setFont(theme.number_font())
        self.log_button = QToolButton(self)
        self.log_button.setText("Log")
        self.log_button.setCheckable(True)
        self.log_button.setToolTip(tooltip("Show the loss on a logarithmic axis; a loss of zero has no place there"))
        self.log_button.toggled.connect(self.set_log)
        self.all_button = QPushButton("View all", self)
        self.all_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.all_button.clicked.connect(self.view_all)
        self.export_button = ExportButton(self.figure, self._table, "curves", recolour=self._recolour)
        self.export_button.failed.connect(self._export_failed)
        row = QHBoxLayout()
        row.setSpacing(theme.UNIT // 2)
        row.addWidget(Still(self.epoch), 1)
        for button in (self.log_button, self.all_button, self.export_button):
            row.addWidget(button)
        return row

    # --- state → charts ------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Bring the charts up to the run's curves."""
        self._compare(state)
        self._mark(state)
        curves = NO_CURVES if state.run is None else state.run.curves
        target = (state.experiment if state.run is None else state.run.experiment).train.epochs
        if curves is self._curves and target == self._target:
            return
        known = self._known_of(curves)
        if known == len(curves) == len(self._curves) and target == self._target:
            self._curves = curves
            return
        if known == 0:
            self._best = self._end = 0
            for chart in self.charts:
                chart.begin()
            if not len(curves) and not self._following:
                self._set_following(True)
        self._best = better_epoch(curves, self._best, known)
        self._curves, self._target = curves, target
        for chart in self.charts:
            chart.extend(curves)
        self._set_end()
        self._draw()

    def _mark(self, state: State) -> None:
        """Mark the epoch of the weights on view, and read the figures there."""
        seen = state.epoch_read
        if seen != self._seen:
            self._seen = seen
            self._read()

    def _compare(self, state: State) -> None:
        """Lay the curves of the runs that were chosen below those of the present one, or take them away."""
        runs = [run for number in state.compared for run in state.runs if run.number == number]
        key = tuple(run.state for run in runs)
        if key == self._compared:
            return
        self._compared = key
        others = [(colour, run.state.curves) for colour, run in zip(COMPARED, runs, strict=False)]
        self._longest = max((len(curves) for _, curves in others), default=0)
        for chart in self.charts:
            chart.compare(others)
        self._end = 0
        self._set_end()
        self._draw()

    def _known_of(self, curves: Curves) -> int:
        """How many rows of the curves are drawn already; 0 where they are other curves, or fewer."""
        known = len(self._curves)
        same = known and len(curves) >= known and np.array_equal(curves[known - 1], self._curves[-1], equal_nan=True)
        return known if same else 0

    def _set_end(self) -> None:
        """Let the axis of the epochs reach further where the curves left it."""
        epochs = max(len(self._curves), self._longest)
        if epochs and epochs <= self._end:
            return
        self._end = last_epoch_shown(epochs, self._target)
        for chart in self.charts:
            chart.view.setLimits(xMin=0.0, xMax=self._end * X_ROOM, minXRange=min(2.0, self._end))

    def _draw(self) -> None:
        self._frame()
        self.empty.setVisible(not len(self._curves) and not self._longest)
        if bool(len(self._curves)) != self.export_button.isEnabled():
            self.export_button.offer("" if len(self._curves) else NOTHING_YET)
        self.loss.best.show_at(self._best, f"best {self._best:,}")
        self.accuracy.best.show_at(self._best)
        for chart in self.charts:
            chart.draw()
        self._read()

    def _frame(self) -> None:
        """Set the ranges that show the whole run, if that is wanted and they are not set."""
        if not self._following:
            return
        epochs = (0.0, self._end * X_ROOM)
        frame = (epochs, *(chart.span() for chart in self.charts))
        if frame == self._framed:
            return
        self._framed, self._moving = frame, True
        for chart, span in zip(self.charts, frame[1:], strict=True):
            chart.view.setRange(xRange=epochs, yRange=span, padding=0)
        self._moving = False

    def _read(self) -> None:
        """Write the figures of the epoch under the cursor, of the weights on view, or the newest."""
        newest = len(self._curves)
        chosen = None if not newest else self._seen if self._pointed is None else max(1, round(self._pointed))
        epoch = newest if chosen is None else min(chosen, newest)
        for chart in self.charts:
            chart.pointer.show_at(0 if chosen is None else epoch)
            chart.read(self._curves, epoch)
        self.epoch.setText(f"epoch {epoch:,}" if newest else "")
        role = QPalette.ColorRole.PlaceholderText if chosen is None else QPalette.ColorRole.WindowText
        if self.epoch.foregroundRole() != role:
            self.epoch.setForegroundRole(role)

    # --- gestures ------------------------------------------------------------------------------------------

    @Slot(float)
    def _point(self, epoch: float) -> None:
        self._pointed = epoch
        self._read()

    @Slot()
    def _point_nowhere(self) -> None:
        if self._pointed is not None:
            self._pointed = None
            self._read()

    @Slot()
    def _take(self) -> None:
        self._set_following(False)

    @Slot()
    def view_all(self) -> None:
        """Show the whole run, and follow it."""
        self._set_following(True)
        self._draw()

    def _set_following(self, on: bool) -> None:
        self._following, self._framed = on, None
        self.all_button.setEnabled(not on)
        self.all_button.setToolTip(tooltip(WHOLE_RUN_SHOWN if on else VIEW_ALL))

    @Slot(float, float)
    def _follow_other(self, first: float, last: float) -> None:
        """Keep both charts at the same epochs."""
        if self._moving:
            return
        self._moving = True
        for chart in self.charts:
            chart.view.setXRange(first, last, padding=0)
            chart.draw()
        self._moving = False

    @Slot(bool)
    def set_log(self, on: bool) -> None:
        """Show the loss on a logarithmic axis, or not."""
        self.log_button.setChecked(on)
        self.loss.set_log(on, self._curves)
        if self._following:
            self._framed = None
        else:
            self.loss.view.setYRange(*self.loss.span(), padding=0)
        self._draw()

    def _table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        return ("epoch", *COLUMNS), figures(self._curves)

    @Slot(str)
    def _export_failed(self, sentence: str) -> None:
        self._studio.tell(sentence, is_error=True)

    # --- looks ---------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour(theme.colours())

    def _recolour(self, tone: Colours) -> None:
        for chart in self.charts:
            chart.recolour(tone)


def figures(curves: Curves) -> Iterator[list[object]]:
    """Epoch and figures of every row."""
    for start in range(0, len(curves), 1000):
        for epoch, row in enumerate(curves[start : start + 1000].tolist(), start + 1):
            yield [epoch, *row]


def better_epoch(curves: Curves, best: int, known: int) -> int:
    """`best_epoch(curves)`, where `best` is that of the first `known` rows: looks only at what is new."""
    rows = np.concatenate([curves[best - 1 : best], curves[known:]]) if best else curves[known:]
    if not np.isfinite(rows[:, [COLUMNS.index("train_loss"), COLUMNS.index("val_loss")]]).any():
        return best
    place = best_epoch(rows)
    return known + place if not best else best if place == 1 else known + place - 1
