"""One chart over the epochs: a quantity of training and validation, its figures above it, marks at epochs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QLineF, QObject, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mlp_studio.core.decimate import Floats, Thinner
from mlp_studio.core.history import COLUMNS, Curves
from mlp_studio.core.palette import Colours
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label
from mlp_studio.ui.plots import plot as plots
from mlp_studio.ui.plots.plot import Axis, FillsView, pen
from mlp_studio.ui.still import Still

PARTS = {"train": "train", "val": "val"}  # short, as the figures stand beside it; column prefix → what it is called
DOT_ROOM = 9  # pixels from epoch to epoch above which each is drawn as a dot, too
WIDEST = "0.000000"  # of the usual values; a wider one makes room for itself
JAGGED, LEAST_JAGGED = 3.0, 2.0  # pixels up and down for one across, from and down to which a curve is jagged
TURN = 8.0  # pixels of each turn of full and of faint colour
FAINT = 0.45  # of the full colour
HEADROOM = 0.03  # of the range, so that a curve along its end can be seen


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a chart shows: columns train_`name` and val_`name`.

    `text` writes a value. `span(lowest, highest, log)` is the range to show, log10 where `log`; it changes in
    steps.
    """

    name: str
    title: str
    text: Callable[[float], str]
    span: Callable[[float, float, bool], tuple[float, float]]


class Curve(FillsView, pg.PlotCurveItem):  # type: ignore[misc]
    """A thinned curve. Where epochs stand far apart, or one stands alone, each is a dot as well.

    Dashes along a jagged line would be specks with holes in between: there a `dashed` curve is solid, in turns of
    full and faint colour along the epochs.
    """

    def __init__(self, *, dashed: bool) -> None:
        super().__init__()
        self._dashed = dashed
        self._dotted = self._jagged = False
        self._turn = 1.0
        self._faint = QPen()

    def set_colours(self, colour: str, faint: str) -> None:
        """Draw in other colours; `faint` for the weak turns of a jagged dashed curve."""
        self._faint = pen(faint)
        self.setPen(pen(colour, dashes=plots.DASHES if self._dashed else ()))

    def show_points(self, x: Floats, y: Floats, pixel: tuple[float, float], *, gapless: bool, dotted: bool) -> None:
        """Show other points, where a pixel is `pixel` wide and high; nan in y is a gap."""
        self._dotted = dotted
        if self._dashed and len(x) > 1:
            across, upward = (x[-1] - x[0]) / pixel[0], np.nansum(np.abs(np.diff(y))) / pixel[1]
            self._jagged = bool(upward > max(across, 1.0) * (LEAST_JAGGED if self._jagged else JAGGED))
            self._turn = TURN * pixel[0]
        self.setData(x, y, connect="all" if gapless else "finite", skipFiniteCheck=gapless)

    def paint(self, painter: QPainter, *arguments: object) -> None:
        """Draw line and dots."""
        if self._dashed and self._jagged:
            self._paint_turns(painter)
        else:
            super().paint(painter, *arguments)
        if self._dotted and self.xData is not None:
            dot = QPen(self.opts["pen"].color(), 5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            dot.setCosmetic(True)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(dot)
            at = np.isfinite(self.yData)
            painter.drawPoints([QPointF(x, y) for x, y in zip(self.xData[at], self.yData[at], strict=True)])

    def _paint_turns(self, painter: QPainter) -> None:
        joined = np.isfinite(self.yData)
        joined[:-1] &= np.isfinite(self.yData[1:])
        joined[-1:] = False
        strong = joined & (self.xData % (2 * self._turn) < self._turn)
        full = QPen(self.opts["pen"])
        full.setStyle(Qt.PenStyle.SolidLine)
        self._faint.setWidthF(full.widthF())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._exportOpts is not False)
        for stroke, shown in ((self._faint, joined), (full, strong)):
            painter.setPen(stroke)
            if stroke.widthF() > 1:  # a wide path over itself takes a second to draw, its pieces do not
                ends = np.stack([self.xData, self.yData, np.roll(self.xData, -1), np.roll(self.yData, -1)], axis=1)
                painter.drawLines([QLineF(*row) for row in ends[shown].tolist()])
            else:
                painter.drawPath(pg.arrayToQPath(self.xData, self.yData, connect=shown, finiteCheck=True))


class Mark(FillsView, pg.GraphicsObject):  # type: ignore[misc]
    """A vertical line at an epoch, with a word beside its top."""

    def __init__(self, z: float) -> None:
        super().__init__()
        self.setZValue(z)
        self.epoch = 0  # 0: not shown
        self.text = ""
        self.hide()
        self.pen = QPen()
        self.font = theme.number_font()
        self.text_colour, self.ground = QColor(), QColor()

    def show_at(self, epoch: int, text: str = "") -> None:
        """Move to an epoch; 0 hides."""
        if (epoch, text) != (self.epoch, self.text):
            self.epoch, self.text = epoch, text
            self.setVisible(epoch > 0)
            self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw line and word; the word on the side where there is room."""
        view = self.viewRect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self.pen)
        painter.drawLine(QPointF(self.epoch, view.top()), QPointF(self.epoch, view.bottom()))
        if self.text and view.left() <= self.epoch <= view.right():
            shape = painter.worldTransform().mapRect(view)
            at = painter.worldTransform().map(QPointF(self.epoch, view.bottom()))
            painter.save()
            painter.resetTransform()
            painter.setFont(self.font)
            metrics = painter.fontMetrics()
            area = QRectF(at.x() + 4, shape.top(), metrics.horizontalAdvance(self.text) + 4, metrics.height())
            if area.right() > shape.right():
                area.moveRight(at.x() - 3)
            painter.fillRect(area, self.ground)
            painter.setPen(self.text_colour)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.text)
            painter.restore()


class Swatch(QWidget):
    """A piece of the line that a name belongs to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pen = QPen()
        self.setFixedSize(QSize(3 * theme.UNIT - 2, theme.UNIT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the line."""
        painter = QPainter(self)
        painter.setPen(self.pen)
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)
        painter.end()


class Reading(QWidget):
    """One line of a legend: the line's look, its name and a value that changes in place."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.swatch = Swatch(self)
        self.value = plain_label("–")
        self.value.setFont(theme.number_font())
        self._room = Still(self.value, WIDEST)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        layout.addWidget(self.swatch)
        layout.addWidget(plain_label(name, muted=True))
        layout.addWidget(self._room)

    def show_value(self, text: str) -> None:
        """Show another value."""
        self._room.make_room(text)
        self.value.setText(text)


class Chart(QWidget):
    """Draws one quantity of the curves. Its owner says which epochs are seen, marked and read out."""

    pointed = Signal(float)  # the cursor is at this place along the epochs
    gone = Signal()  # the cursor is over the plot no more
    moved = Signal(float, float)  # the visible epochs changed
    taken = Signal()  # by hand

    def __init__(self, quantity: Quantity, left: Axis, bottom: Axis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quantity = quantity
        self._log = False
        self._columns = {part: COLUMNS.index(f"{part}_{quantity.name}") for part in PARTS}
        self._series = {part: Thinner() for part in PARTS}
        self.plot = plots.themed_plot(left, bottom)
        self.plot.setMinimumSize(160, 48)
        self.plot.viewport().installEventFilter(self)
        self.curves = {part: Curve(dashed=part == "val") for part in PARTS}
        self._others: list[tuple[Thinner, Curve]] = []  # of runs that are held beside this one
        self._compared: tuple[tuple[str, Curves], ...] = ()
        self.best, self.pointer = Mark(-10), Mark(10)
        for item in (self.best, *reversed(self.curves.values()), self.pointer):
            self.plot.addItem(item, ignoreBounds=True)
        self.view: pg.ViewBox = self.plot.plotItem.vb
        self.view.sigXRangeChanged.connect(self._range_moved)
        self.view.sigResized.connect(self._resized)
        self.view.sigRangeChangedManually.connect(self._taken)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._header())
        layout.addWidget(self.plot, 1)

    def _header(self) -> QHBoxLayout:
        self.title = plain_label(self._quantity.title)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.readings = {part: Reading(name, self) for part, name in PARTS.items()}
        row = QHBoxLayout()
        row.setContentsMargins(theme.UNIT // 2, 0, 0, 0)
        row.setSpacing(2 * theme.UNIT)
        row.addWidget(self.title)
        for reading in self.readings.values():
            row.addWidget(reading)
        row.addStretch(1)
        return row

    # --- data ----------------------------------------------------------------------------------------------

    @property
    def log(self) -> bool:
        """Whether the quantity's axis is logarithmic."""
        return self._log

    def set_log(self, on: bool, curves: Curves) -> None:
        """Show the quantity on a logarithmic axis, or not; what is not above zero is a gap there."""
        self._log = on
        self.plot.getAxis("left").setLogMode(y=on)
        self.begin()
        self.extend(curves)
        self.compare(self._compared)

    def begin(self) -> None:
        """Forget the curves: other ones follow."""
        self._series = {part: self._thinner() for part in PARTS}

    def _thinner(self) -> Thinner:
        return Thinner(above=0.0) if self._log else Thinner()

    def compare(self, others: Sequence[tuple[str, Curves]]) -> None:
        """Lay the curves of other runs below, each in its colour: of validation, where it has one, else of training."""
        for _, curve in self._others:
            self.plot.removeItem(curve)
        self._compared, self._others = tuple(others), []
        for colour, curves in others:
            figures, series, curve = curves[:, self._columns["val"]], self._thinner(), Curve(dashed=False)
            series.extend(figures if np.isfinite(figures).any() else curves[:, self._columns["train"]])
            curve.set_colours(colour, colour)
            curve.setZValue(-5)
            self.plot.addItem(curve, ignoreBounds=True)
            self._others.append((series, curve))

    def extend(self, curves: Curves) -> None:
        """Take over the curves as they are now: the rows known so far with more after them."""
        for part, series in self._series.items():
            series.extend(curves[:, self._columns[part]])
        self.readings["val"].setVisible(not len(curves) or not np.isnan(curves[-1, self._columns["val"]]))

    def draw(self) -> None:
        """Draw what is seen of the curves."""
        (first, last), (bottom, top) = self.view.viewRange()
        width, height = max(self.view.width(), 64.0), max(self.view.height(), 1.0)
        pixel = ((last - first) / width, (top - bottom) / height)
        columns = round(width * self.devicePixelRatioF())
        mine = [(series, self.curves[part]) for part, series in self._series.items()]
        for series, curve in (*mine, *self._others):
            x, y = series.visible(first, last, columns)
            y = np.log10(y) if self._log else y
            dotted = len(series) == 1 or pixel[0] * DOT_ROOM < 1
            curve.show_points(x, y, pixel, gapless=series.gapless, dotted=dotted)

    def span(self) -> tuple[float, float]:
        """The range that shows all values."""
        every = (*self._series.values(), *(series for series, _ in self._others))
        filled = [series for series in every if not series.is_empty]
        lowest = min((series.lowest for series in filled), default=np.nan)
        highest = max((series.highest for series in filled), default=np.nan)
        return self._quantity.span(lowest, highest, self._log)

    def read(self, curves: Curves, epoch: int) -> None:
        """Write the values of an epoch (0: none) into the header."""
        for part, reading in self.readings.items():
            value = curves[epoch - 1, self._columns[part]] if epoch else np.nan
            reading.show_value(self._quantity.text(float(value)))

    # --- looks ---------------------------------------------------------------------------------------------

    def recolour(self, tone: Colours) -> None:
        """Draw in other colours."""
        plots.recolour(self.plot, tone)
        self.plot.setBackground(tone.window)
        for part, colour, dashes in (("train", tone.train, ()), ("val", tone.validation, plots.DASHES)):
            self.curves[part].set_colours(colour, plots.mixed(colour, tone.window, FAINT))
            swatch = self.readings[part].swatch
            swatch.pen = pen(colour, dashes=dashes)
            swatch.pen.setWidth(2)
            swatch.update()
        self.best.pen = pen(tone.muted, dashes=plots.DOTS)
        self.pointer.pen = pen(tone.muted)
        for mark in (self.best, self.pointer):
            mark.font = theme.number_font()
            mark.text_colour, mark.ground = QColor(tone.muted), QColor(tone.window)
            mark.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice where the cursor is over the plot."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = self.plot.mapToScene(event.position().toPoint())
            if self.view.sceneBoundingRect().contains(place):
                self.pointed.emit(self.view.mapSceneToView(place).x())
            else:
                self.gone.emit()
        elif event.type() == QEvent.Type.Leave:
            self.gone.emit()
        return super().eventFilter(watched, event)

    @Slot(object, object)
    def _range_moved(self, _view: object, visible: tuple[float, float]) -> None:
        self.moved.emit(*visible)

    @Slot()
    def _resized(self) -> None:
        self.draw()

    @Slot()
    def _taken(self) -> None:
        self.taken.emit()


def show_over(plot: pg.PlotWidget, label: QLabel) -> None:
    """Put a label over the middle of a plot."""
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    layout = QVBoxLayout(plot.viewport())
    layout.setContentsMargins(plots.LEFT_WIDTH, 0, plots.RIGHT_MARGIN, 0)
    layout.addWidget(label)
