"""The twin proof: the present experiment trained by every backend side by side, and how far their weights part."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Event as Flag
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment
from mlp_studio.core.decimate import Floats, Thinner
from mlp_studio.core.events import Finished
from mlp_studio.core.palette import Colours, class_colour
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.scene import Scene
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.twin import SAME, TwinEpoch, figure, twins, verdict, why_not_equal
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.jobs import interrupted
from mlp_studio.ui.panels.boundary import SquareHolder
from mlp_studio.ui.panels.segments import Segments
from mlp_studio.ui.plots import plot as plots
from mlp_studio.ui.plots.chart import FAINT, Curve, Reading, Swatch
from mlp_studio.ui.plots.curves import loss_span, loss_text
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.plots.plot import Axis, pen
from mlp_studio.ui.plots.regions import RegionsPlot
from mlp_studio.ui.runner import GRID_WHILE_RUNNING, View, draw, rest_grid
from mlp_studio.ui.store import Raster, State
from mlp_studio.ui.studio import Studio

EPOCHS, MOST_EPOCHS = 100, 5000
FRAME_MILLISECONDS = 40
DRAWING_SHARE = 0.15  # of the job's time, what regions may take while the twins train
PRECISIONS = {"float64": "float64", "float32": "float32"}
PRECISION_HELP = {
    "float64": "Sixteen digits: what remains between the twins is next to nothing",
    "float32": "Seven digits, as networks are mostly trained: see how rounding grows",
}
INTRODUCTION = "The same network, trained by each backend from the same weights with the rows in the same order."
NO_DATA = "There are no data to train on yet"
CHANGED = "The settings have changed since: train the twins again."
NOTHING_YET = "There is nothing to export yet"
LOWEST, HIGHEST = -17, -7  # decades that max |Δ| is drawn over at least
HEADER = 22  # pixels of the line above each chart and picture
BAND = 4.0  # pixels of the line that others lie over
BAND_SHARE = 0.55  # of its full colour
PICTURED = frozenset({"test"})  # the points drawn over the regions: few enough for small pictures


class Row(NamedTuple):
    """The figures of one epoch; see `TwinEpoch`."""

    epoch: int
    losses: tuple[float, ...]
    difference: float
    seconds: tuple[float, ...]


class Course:
    """One training of the twins: `work` runs as a job and leaves here what the window takes.

    `rows` only ever grow, `pictures` are replaced whole and only after the window has taken the last.
    """

    def __init__(self, experiment: Experiment, prepared: Prepared, precision: str, view: View | None) -> None:
        self.experiment = experiment
        self.prepared = prepared
        self.precision = precision
        self.rows: list[Row] = []
        self.pictures: tuple[Raster, ...] | None = None
        self.is_over = False
        self.was_stopped = False
        self.sentence = ""  # how it ended, where that is worth a word
        self._view = view
        self._stopped, self._given_up = Flag(), Flag()
        self._drawn_at = self._drawing_cost = 0.0

    def work(self) -> None:
        """Train, in the job's thread, until the last epoch or until stopped."""
        last: TwinEpoch | None = None
        if self._given_up.is_set():
            return
        for event in twins(self.experiment, self.prepared, precision=self.precision):
            if isinstance(event, Finished):
                self.sentence = event.reason
            elif isinstance(event, TwinEpoch):
                last = event
                self.rows.append(Row(event.epoch, event.losses, event.difference, event.seconds))
                if self.pictures is None and perf_counter() - self._drawn_at > self._drawing_cost / DRAWING_SHARE:
                    self._draw(event, GRID_WHILE_RUNNING)
            if self._stopped.is_set() or interrupted():
                self.was_stopped = not isinstance(event, Finished)
                break
        if last is not None and not (self._given_up.is_set() or interrupted()):
            self._draw(last, rest_grid(last.params[0]))

    def _draw(self, event: TwinEpoch, size: int) -> None:
        view = self._view
        if view is None:
            return
        start = perf_counter()
        activation = self.experiment.model.activation
        self.pictures = tuple(
            draw(Snapshot(event.epoch, params), activation, self.prepared, view, size) for params in event.params
        )
        self._drawn_at = perf_counter()
        self._drawing_cost = self._drawn_at - start

    def stop(self) -> None:
        """End soon; what has been trained stays to be seen."""
        self._stopped.set()

    def give_up(self) -> None:
        """End soon: nobody looks any more."""
        self._given_up.set()
        self._stopped.set()

    def done(self, _result: object) -> None:
        """Call when the job has ended."""
        self.is_over = True

    def failed(self, sentence: str) -> None:
        """Call when the job could not be done."""
        self.sentence = sentence
        self.is_over = True

    @property
    def verdict(self) -> str:
        """What the figures so far say."""
        if not self.rows:
            return self.sentence if self.is_over else "Starting …"
        row = self.rows[-1]
        if not self.is_over:
            epochs = self.experiment.train.epochs
            why_not = why_not_equal(self.experiment, precision=self.precision)
            return f"Epoch {row.epoch:,} of {epochs:,}: max |Δ| {figure(row.difference)}. {why_not}".strip()
        said = verdict(self.experiment, row.epoch, row.difference, precision=self.precision)
        return f"Stopped: {said}" if self.was_stopped else f"{self.sentence} {said}".strip()


class Chart(QWidget):
    """A plot over the epochs with a title and the newest figures above it; of several `names`, all but one dashed."""

    def __init__(self, title: str, names: Sequence[str], parent: QWidget, *, log: bool = False) -> None:
        super().__init__(parent)
        self._log = log
        self._series: list[Thinner] = []
        self.plot = plots.themed_plot(Axis("left"), Axis("bottom", least=1.0))
        self.plot.setMinimumSize(240, 80)
        self.plot.getAxis("left").setLogMode(y=log)
        self.view: pg.ViewBox = self.plot.plotItem.vb
        self.view.setMouseEnabled(x=False, y=False)
        self.curves = [Curve(dashed=place > 0) for place in range(len(names))]
        for curve in self.curves:
            self.plot.addItem(curve, ignoreBounds=True)
        self.readings = [Reading(name, self) for name in names]
        header = QWidget(self)
        header.setFixedHeight(HEADER)
        row = QHBoxLayout(header)
        row.setContentsMargins(theme.UNIT // 2, 0, 0, 0)
        row.setSpacing(2 * theme.UNIT)
        row.addWidget(bold_label(title))
        for reading in self.readings:
            row.addWidget(reading)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(self.plot, 1)
        self.begin()

    def begin(self) -> None:
        """Forget the values: others follow."""
        self._series = [Thinner(above=0.0) if self._log else Thinner() for _ in self.curves]

    def extend(self, columns: Sequence[Floats]) -> None:
        """Take over the values as they are now: those known so far with more after them."""
        for series, values in zip(self._series, columns, strict=True):
            series.extend(values)

    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest value that can be drawn; nan where there is none."""
        filled = [series for series in self._series if not series.is_empty]
        lowest = min((series.lowest for series in filled), default=math.nan)
        return lowest, max((series.highest for series in filled), default=math.nan)

    def draw(self) -> None:
        """Draw the values that are in view."""
        (first, last), (bottom, top) = self.view.viewRange()
        width, height = max(self.view.width(), 64.0), max(self.view.height(), 1.0)
        pixel = ((last - first) / width, (top - bottom) / height)
        for curve, series in zip(self.curves, self._series, strict=True):
            x, y = series.visible(first, last, round(width))
            y = np.log10(y) if self._log else y
            curve.show_points(x, y, pixel, gapless=series.gapless, dotted=len(series) == 1)

    def recolour(self, tone: Colours, colours: Sequence[str]) -> None:
        """Draw in other colours: the first of several as a broad band, so that those over it do not hide it."""
        plots.recolour(self.plot, tone)
        self.plot.setBackground(tone.window)
        for curve, reading, colour, ink in zip(
            self.curves, self.readings, colours, strokes(colours[: len(self.curves)], tone), strict=False
        ):
            curve.set_colours(colour, plots.mixed(colour, tone.window, FAINT))
            curve.setPen(ink)
            reading.swatch.pen = swatch_pen(ink)
            reading.swatch.update()


class Picture(QWidget):
    """The regions of one backend, with its name and the time that it took above them."""

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.swatch = Swatch(self)
        self.label = bold_label(label)
        self.time = plain_label(muted=True)
        self.time.setFont(theme.number_font())
        self.time.setMinimumWidth(0)
        header = QWidget(self)
        header.setFixedHeight(HEADER)
        row = QHBoxLayout(header)
        row.setContentsMargins(theme.UNIT // 2, 0, 0, 0)
        row.setSpacing(theme.UNIT)
        row.addWidget(self.swatch)
        row.addWidget(self.label)
        row.addStretch(1)
        row.addWidget(self.time)
        self.regions = RegionsPlot(no_answer, None, self)
        self.regions.view_box.setMouseEnabled(x=False, y=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(self.regions.widget, 1)


class Pictures(SquareHolder):
    """The pictures beside one another, square but for their headers, at the top."""

    def arrange(self) -> None:
        """Place the pictures."""
        count = len(self._pictures)
        gap = theme.UNIT
        side = min((self.width() - gap * (count - 1)) // count, self.height() - HEADER)
        for place, picture in enumerate(self._pictures):
            picture.setGeometry(QRect(place * (side + gap), 0, side, side + HEADER))


class TwinDialog(QWidget):
    """Trains the twins as soon as it opens, and again on demand."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Twin proof")
        self._studio = studio
        self._course: Course | None = None
        self._drawn = 0  # rows
        self._ranges: object = None
        self._rendered: object = None
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self._take)
        self._build()
        self._recolour(theme.colours())
        self.resize(1200, 550)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)
        self.train_button.setFocus()
        self.begin()

    # --- building -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        labels = [entry.label for entry in BACKENDS.values()]
        self.figure = QWidget(self)  # what is exported
        self.verdict = bold_label(wrap=True)
        self.verdict.setMinimumHeight(2 * self.verdict.fontMetrics().lineSpacing())
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.loss = Chart("Loss", labels, self.figure)
        self.loss.plot.getAxis("bottom").setStyle(showValues=False)
        self.loss.plot.getAxis("bottom").setHeight(4)
        self.gap = Chart("Weights", ["max |Δ|"], self.figure, log=True)
        self.bound = pg.InfiniteLine(math.log10(SAME), angle=0)
        self.gap.plot.addItem(self.bound, ignoreBounds=True)
        plots.name_corner(self.gap.plot, "epoch")
        self.pictures = [Picture(label, self.figure) for label in labels]
        holder = Pictures(list(self.pictures), self.figure)

        charts = QVBoxLayout()
        charts.setSpacing(theme.UNIT // 2)
        charts.addWidget(self.loss, 3)
        charts.addWidget(self.gap, 2)
        both = QHBoxLayout()
        both.setSpacing(2 * theme.UNIT)
        both.addLayout(charts, 3)
        both.addWidget(holder, 6)
        figure_layout = QVBoxLayout(self.figure)
        figure_layout.setContentsMargins(0, 0, 0, 0)
        figure_layout.setSpacing(theme.UNIT)
        figure_layout.addWidget(self.verdict)
        figure_layout.addLayout(both, 1)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * theme.UNIT, theme.UNIT, 2 * theme.UNIT, theme.UNIT)
        layout.setSpacing(theme.UNIT)
        layout.addWidget(plain_label(INTRODUCTION, muted=True, wrap=True))
        layout.addLayout(self._controls())
        layout.addWidget(self.figure, 1)

    def _controls(self) -> QHBoxLayout:
        self.epochs = QSpinBox(self)
        self.epochs.setRange(1, MOST_EPOCHS)
        self.epochs.setValue(EPOCHS)
        self.epochs.setGroupSeparatorShown(True)
        self.epochs.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.epochs.setAccessibleName("Epochs")
        self.epochs.setToolTip(tooltip(f"How many epochs each twin trains. Range: 1 to {MOST_EPOCHS:,}."))
        self.precision = Segments(PRECISIONS, "float64", PRECISION_HELP, self)
        self.precision.chosen.connect(self._precision_chosen)
        self.train_button = QPushButton("Stop", self)
        self.train_button.setMinimumWidth(self.fontMetrics().horizontalAdvance("Train the twins") + 4 * theme.UNIT)
        self.train_button.clicked.connect(self._train_or_stop)
        self.hint = plain_label(muted=True)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.export_button = ExportButton(self.figure, self._table, "twin-proof", recolour=self._recolour)
        self.export_button.failed.connect(self._export_failed)
        row = QHBoxLayout()
        row.setSpacing(theme.UNIT)
        row.addWidget(plain_label("Epochs"))
        row.addWidget(self.epochs)
        row.addSpacing(theme.UNIT)
        row.addWidget(plain_label("Precision"))
        row.addWidget(self.precision)
        row.addSpacing(theme.UNIT)
        row.addWidget(self.train_button)
        row.addWidget(self.hint, 1)
        row.addWidget(self.export_button)
        return row

    # --- gestures -------------------------------------------------------------------------------------------

    @Slot()
    def _train_or_stop(self) -> None:
        if self._course is not None and self.is_training:
            self._course.stop()
        else:
            self.begin()

    @Slot(str)
    def _precision_chosen(self, _name: str) -> None:
        self.begin()

    @property
    def is_training(self) -> bool:
        """Whether the twins are at it."""
        return self._course is not None and not self._course.is_over

    def begin(self) -> None:
        """Train the twins on the present experiment, from the start."""
        state = self._studio.store.state
        if state.prepared is None or state.loading:
            return
        # early stopping would end the twins at an epoch of its own
        settings = replace(state.experiment.train, epochs=self.epochs.value(), early_stopping=0)
        view = None if state.scene is None else View(state.scene.plane, state.scene.home)
        if self._course is not None:
            self._course.give_up()
        course = Course(replace(state.experiment, train=settings), state.prepared, self.precision.value, view)
        self._course, self._source = course, state.experiment
        self._drawn, self._ranges = 0, None
        for chart in (self.loss, self.gap):
            chart.begin()
        self._show_points(course.prepared, state.scene)
        self._studio.jobs.start("twin", course.work, course.done, course.failed)
        self._timer.start()
        self._draw(course)
        self.render(state)

    def _show_points(self, prepared: Prepared, scene: Scene | None) -> None:
        for picture in self.pictures:
            regions = picture.regions
            regions.show_raster(None)
            if scene is None:
                continue
            regions.show_points(scene.points, prepared.dataset.classes, scene.plane.labels)
            regions.show_parts(PICTURED)
            regions.show_box(scene.home)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the training; its job outlives this window for as long as one step takes."""
        self._timer.stop()
        if self._course is not None:
            self._course.give_up()
        super().closeEvent(event)

    # --- drawing --------------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Show whether the twins can be trained, and whether what is drawn is still the present experiment's."""
        key = (state.experiment, state.prepared is None, state.loading, self.is_training, self._course)
        if key == self._rendered:
            return
        self._rendered = key
        can_train = state.prepared is not None and not state.loading
        self.train_button.setText("Stop" if self.is_training else "Train the twins")
        self.train_button.setEnabled(can_train or self.is_training)
        help_text = "Stop training the twins" if self.is_training else "Train the present network with each backend"
        self.train_button.setToolTip(tooltip(help_text if self.train_button.isEnabled() else NO_DATA))
        changed = self._course is not None and state.experiment != self._source
        self.hint.setText(CHANGED if changed else "" if can_train else f"{NO_DATA}.")

    @Slot()
    def _take(self) -> None:
        """Draw what is new."""
        course = self._course
        if course is None:
            return
        over = course.is_over
        if over or len(course.rows) > self._drawn:
            self._draw(course)
        pictures, course.pictures = course.pictures, None
        for picture, raster in zip(self.pictures, pictures or (), strict=False):
            picture.regions.show_raster(raster)
        if over:
            self._timer.stop()
            self.render(self._studio.store.state)

    def _draw(self, course: Course) -> None:
        rows = course.rows[:]
        self._drawn = len(rows)
        self.verdict.setText(course.verdict)
        self.export_button.offer("" if rows else NOTHING_YET)
        losses = np.array([row.losses for row in rows], float).reshape(len(rows), len(self.pictures))
        self.loss.extend(list(losses.T))
        self.gap.extend([np.array([row.difference for row in rows], float)])
        self._set_ranges(course.experiment.train.epochs)
        self.loss.draw()
        self.gap.draw()
        newest = rows[-1] if rows else Row(0, (math.nan,) * len(self.pictures), math.nan, (0.0,) * len(self.pictures))
        for reading, loss in zip(self.loss.readings, newest.losses, strict=True):
            reading.value.setText(loss_text(loss))
        self.gap.readings[0].value.setText(figure(newest.difference) if rows else "–")
        for picture, seconds in zip(self.pictures, newest.seconds, strict=True):
            picture.time.setText(f"{seconds:.2f}\N{NO-BREAK SPACE}s" if rows else "")
            rate = f"{newest.epoch / seconds:,.0f} epochs a second" if seconds else ""
            picture.time.setToolTip(tooltip(f"What its {newest.epoch:,} epochs took: {rate}") if rows else "")

    def _set_ranges(self, epochs: int) -> None:
        """Set the ranges of the axes; they change in steps."""
        smallest, largest = self.gap.extremes()
        known = not math.isnan(smallest)
        low = min(LOWEST, math.floor(math.log10(smallest))) if known else LOWEST
        high = max(HIGHEST, math.ceil(math.log10(largest))) if known else HIGHEST
        ranges = (epochs, loss_span(*self.loss.extremes(), False), (low, high))
        if ranges == self._ranges:
            return
        self._ranges = ranges
        for chart, span in ((self.loss, ranges[1]), (self.gap, ranges[2])):
            chart.view.setRange(xRange=(0, 1.02 * epochs), yRange=span, padding=0)

    def _table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        losses, seconds = ([f"{name}_{what}" for name in BACKENDS] for what in ("loss", "seconds"))
        rows = self._course.rows[:] if self._course is not None else []
        figures = [(row.epoch, *row.losses, row.difference, *row.seconds) for row in rows]
        return ["epoch", *losses, "max_difference", *seconds], figures

    @Slot(str)
    def _export_failed(self, sentence: str) -> None:
        self.hint.setText(sentence)

    # --- looks ----------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "pictures"):
            self._recolour(theme.colours())

    def _recolour(self, tone: Colours) -> None:
        more = (class_colour(2 + place) for place in range(len(BACKENDS)))
        colours = [tone.train, tone.validation, *more][: len(BACKENDS)]
        self.loss.recolour(tone, colours)
        self.gap.recolour(tone, [tone.text])
        self.bound.setPen(pen(tone.muted, dashes=plots.DOTS))
        for picture, ink in zip(self.pictures, strokes(colours, tone), strict=True):
            picture.regions.recolour(tone)
            picture.swatch.pen = swatch_pen(ink)
            picture.swatch.update()


def strokes(colours: Sequence[str], tone: Colours) -> list[QPen]:
    """The pens of lines that lie over one another: a band beneath, dashes above; of one alone, a thin line."""
    if len(colours) == 1:
        return [pen(colours[0])]
    band = pen(plots.mixed(colours[0], tone.window, BAND_SHARE))
    band.setWidthF(BAND)
    return [band, *(pen(colour, dashes=plots.DASHES) for colour in colours[1:])]


def swatch_pen(ink: QPen) -> QPen:
    """The pen of a line for its piece in a legend."""
    wider = QPen(ink)
    wider.setWidthF(max(2.0, ink.widthF()))
    wider.setCapStyle(Qt.PenCapStyle.FlatCap)
    return wider


def bold_label(text: str = "", *, wrap: bool = False) -> QLabel:
    """A plain label in bold."""
    label = plain_label(text, wrap=wrap)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def no_answer(_u: float, _v: float) -> None:
    """Do nothing about a click: these pictures answer none."""
