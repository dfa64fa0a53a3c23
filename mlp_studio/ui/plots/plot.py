"""What every plot has in common: axes that hold still, a faint grid, the theme's colours, one-pixel pens."""

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneResizeEvent,
    QGraphicsSimpleTextItem,
    QGraphicsView,
    QGraphicsWidget,
)

from mlp_studio.core.axis import log_ticks, plain_number, step_up
from mlp_studio.core.palette import Colours
from mlp_studio.ui import theme

LEFT_WIDTH = 52  # of every left axis, so that plots above each other line up
RIGHT_MARGIN = 20  # room for half of the last label
DASHES = (5.0, 3.0)
DOTS = (1.0, 3.0)
# What stays while curves or regions change beside it is drawn once and kept as a picture: painting it again would call
# Python, and the training would wait.
CACHED = QGraphicsItem.CacheMode.DeviceCoordinateCache


class Axis(pg.AxisItem):  # type: ignore[misc]
    """One level of ticks, along 1-2-5 and no finer than `least`; labels read value × scale and `unit`."""

    _named = False  # whether the name of the axis is shown

    def __init__(self, orientation: str, *, least: float = 0.0, scale: float = 1.0, unit: str = "") -> None:
        self._area: QRectF | None = None
        super().__init__(orientation)
        self._least = least
        self._factor = scale
        self._unit = unit
        self._apart = 60 if orientation in ("bottom", "top") else 26  # pixels from tick to tick
        self.setCacheMode(CACHED)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=0, tickTextOffset=6, hideOverlappingLabels=RIGHT_MARGIN + 6)
        self.showLabel(False)

    def showLabel(self, show: bool = True) -> None:
        """Show or hide the name of the axis; a left axis keeps its width whatever its figures."""
        self._named = show
        super().showLabel(show)
        self._updateLabel()
        if self.orientation == "left":
            self.setWidth(LEFT_WIDTH + (round(self.label.boundingRect().height()) if show else 0))

    def _updateLabel(self) -> None:
        """A name that is not shown is not typeset: pyqtgraph does so eleven times before the window is up."""
        if self._named:
            super()._updateLabel()
        else:
            self.picture = None
            self.update()

    def boundingRect(self) -> QRectF:
        """Where labels may be: at the bottom they may reach out to the right, but hardly to the left."""
        if self._area is None:  # Qt asks in every frame, pyqtgraph works it out every time
            self._area = QRectF(super().boundingRect())
            if self.orientation == "bottom":
                self._area.setLeft(self._area.left() + RIGHT_MARGIN)
        return self._area

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        """Labels may be elsewhere now, also where the range is what it was."""
        self.prepareGeometryChange()
        self._area = None
        super().resizeEvent(event)
        # The kept picture goes: Qt would add the new room to it. `update()` is not heeded while all of the scene is to
        # be painted anew, as it is in a window that grows, and so the old labels would stay among the new.
        self.setCacheMode(QGraphicsItem.CacheMode.NoCache)
        self.setCacheMode(CACHED)

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """One level of ticks."""
        spacing = step_up((maxVal - minVal) * self._apart / max(size, 1.0))
        return [(max(spacing, self._least), 0.0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float | None, list[float]]]:
        """Where the ticks are, in the axis's own coordinates (log10 of the value on a logarithmic axis)."""
        if self.logMode:
            return [(None, log_ticks(minVal, maxVal, size / self._apart))]
        ticks: list[tuple[float | None, list[float]]] = super().tickValues(minVal, maxVal, size)
        return ticks

    def tickStrings(self, values: list[float], _scale: float, spacing: float | None) -> list[str]:
        """The labels."""
        if self.logMode:
            return [plain_number(10.0**value) for value in values]
        places = max(0, math.ceil(-math.log10(spacing * self._factor) - 1e-9)) if spacing else 0
        return [f"{value * self._factor + 0.0:,.{places}f}{self._unit}" for value in values]


class FillsView:
    """What an item of pyqtgraph's has in common that takes all of its view, whatever its data.

    Qt asks for the bounds of every item in every frame: they are kept until the view changes. Put it before the class
    of pyqtgraph's.
    """

    _bounds = QRectF()

    def boundingRect(self) -> QRectF:
        """All of the view."""
        return self._bounds

    def viewTransformChanged(self) -> None:
        """The view shows another part."""
        view_box = self.getViewBox()  # type: ignore[attr-defined]
        if view_box is not None:
            self.prepareGeometryChange()  # type: ignore[attr-defined] # while boundingRect() still gives the old bounds
            self._bounds = QRectF(view_box.viewRect())
        super().viewTransformChanged()  # type: ignore[misc]


class Grid(FillsView, pg.GraphicsObject):  # type: ignore[misc]
    """Faint lines at the ticks of a plot's axes, behind everything else."""

    def __init__(self, plot: pg.PlotItem, *, vertical: bool = True) -> None:
        super().__init__()
        self._plot = plot
        self._vertical = vertical
        self._lines: list[QLineF] | None = None
        self.pen = QPen()
        self.setCacheMode(CACHED)
        self.setZValue(-50)

    def viewTransformChanged(self) -> None:
        """The ticks moved."""
        super().viewTransformChanged()
        self._lines = None
        self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw the lines."""
        if self._lines is None:
            self._lines = self._at_ticks()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self.pen)
        painter.drawLines(self._lines)

    def _at_ticks(self) -> list[QLineF]:
        (left, right), (bottom, top) = self._plot.vb.viewRange()
        size = self._plot.vb.size()
        rows = self._plot.getAxis("left").tickValues(bottom, top, size.height())
        lines = [QLineF(left, y, right, y) for _, values in rows for y in values]
        if self._vertical:
            columns = self._plot.getAxis("bottom").tickValues(left, right, size.width())
            lines += [QLineF(x, bottom, x, top) for _, values in columns for x in values]
        return lines


# Painting calls whatever a class overrides in Python, and for each such call the training gives the interpreter's lock
# away and has to get it back. Qt's own method in the place of pyqtgraph's is no override: Qt then stays with itself.


class ViewBox(pg.ViewBox):  # type: ignore[misc]
    """pyqtgraph's view box without its border, which these plots do not have."""

    boundingRect = QGraphicsWidget.boundingRect  # noqa: N815 - Qt's own name
    shape = QGraphicsWidget.shape
    paint = QGraphicsWidget.paint


class PlotItem(pg.PlotItem):  # type: ignore[misc]
    """pyqtgraph's plot item, which paints nothing itself."""

    boundingRect = QGraphicsWidget.boundingRect  # noqa: N815 - Qt's own name
    shape = QGraphicsWidget.shape


class PlotWidget(pg.PlotWidget):  # type: ignore[misc]
    """pyqtgraph's plot widget, painted by Qt alone.

    With `paintEvent` overridden, Qt would even hold the lock all the while that it paints: the training stood still.
    What pyqtgraph's method does besides, bringing the view's transform up to date, is done here when the view changes.
    """

    paintEvent = QGraphicsView.paintEvent  # noqa: N815 - Qt's own name

    def __init__(self, axes: dict[str, Axis]) -> None:
        unseen = {
            side: Axis(side) for side in ("top", "right")
        }  # pyqtgraph's own typeset a name in every change of range
        super().__init__(
            plotItem=PlotItem(viewBox=ViewBox(enableMenu=False), axisItems=axes | unseen, enableMenu=False)
        )
        for side in unseen:
            self.hideAxis(side)
        view = self.plotItem.vb
        view.sigRangeChanged.connect(self._prepare)
        view.sigResized.connect(self._prepare)

    @Slot()
    def _prepare(self, *_arguments: object) -> None:
        self.plotItem.vb.prepareForPaint()


def themed_plot(left: Axis | None = None, bottom: Axis | None = None, *, grid: bool = True) -> pg.PlotWidget:
    """A plot in the theme's colours, without menus, hidden buttons or ranges that change by themselves."""
    axes = {"left": left or Axis("left"), "bottom": bottom or Axis("bottom")}
    plot = PlotWidget(axes)
    item = plot.plotItem
    item.hideButtons()
    item.layout.setContentsMargins(0, 6, RIGHT_MARGIN, 0)
    plot.setAntialiasing(False)
    plot.disableAutoRange()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if grid:
        item.grid_lines = Grid(item)
        plot.addItem(item.grid_lines, ignoreBounds=True)
    else:
        for axis in axes.values():
            axis.setStyle(tickLength=-3)
    recolour(plot)
    return plot


def recolour(plot: pg.PlotWidget, tone: Colours | None = None) -> None:
    """Give background, axes and grid of a plot the theme's colours, or those of `tone`."""
    tone = tone or theme.colours()
    plot.setBackground(tone.base)
    font = theme.number_font()
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(pen(tone.line))
        axis.setTextPen(pen(tone.muted))
        axis.setStyle(tickFont=font)
    corner = getattr(plot.getAxis("bottom"), "corner", None)
    if corner is not None:
        corner.setBrush(QColor(tone.muted))
    grid = getattr(plot.plotItem, "grid_lines", None)
    if grid is not None:
        grid.pen = pen(tone.line, alpha=0.5)
        grid.update()


def pen(colour: str, *, dashes: Sequence[float] = (), alpha: float = 1.0) -> QPen:
    """A pen one pixel wide at every zoom, solid or dashed."""
    ink = QColor(colour)
    ink.setAlphaF(alpha)
    drawn = QPen(ink, 1)
    drawn.setCosmetic(True)
    if dashes:
        drawn.setDashPattern(list(dashes))
    return drawn


def mixed(colour: str, ground: str, share: float) -> str:
    """So much of a colour on a ground, as an opaque colour."""
    above, below = QColor(colour), QColor(ground)
    parts = ((above.red(), below.red()), (above.green(), below.green()), (above.blue(), below.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in parts)).name()


def name_corner(plot: pg.PlotWidget, text: str) -> None:
    """Name the bottom axis in the corner left of its labels, where it takes no room of its own."""
    axis = plot.getAxis("bottom")
    axis.corner = QGraphicsSimpleTextItem(text, axis)
    axis.corner.setFont(theme.number_font())
    axis.corner.setPos(-axis.corner.boundingRect().width() - 12, axis.style["tickTextOffset"][1])
    recolour(plot)
