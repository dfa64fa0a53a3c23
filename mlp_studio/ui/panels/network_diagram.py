"""A small picture of the network: units as dots, weights as lines by sign and size; what is pointed at stands out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mlp_studio.core.network import Params
from mlp_studio.core.palette import Colours
from mlp_studio.ui import theme
from mlp_studio.ui.panels.matrix_view import levels, ramp
from mlp_studio.ui.plots.export import PAPER

Array: TypeAlias = NDArray[Any]

MOST_UNITS = 16  # drawn of a layer; of more, the first and the last
SPACING = 8  # pixels between units at least
CAPTION = 16  # pixels beneath, for how many units there are
SIDE = 64  # pixels at each side, for names
REACH = 4.0  # pixels from a line or a dot within which the mouse points at it
GAP = -1  # in a column of units: those that are not drawn


class Mark(NamedTuple):
    """A unit of a layer (0: the features), or, with a `source`, the weight into it from that unit before."""

    layer: int
    unit: int
    source: int | None = None


class NetworkDiagram(QWidget):
    """Shows weights and the activity of units. `hovered` brings the `Mark` under the mouse, or None."""

    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mark: Mark | None = None
        self._params: Params = ()
        self._activity: tuple[Array, ...] = ()
        self._name: Callable[[int, int], str] = lambda _layer, _unit: ""
        self._captions: tuple[str, ...] = ()
        self._picture: QPixmap | None = None
        self._paper: Colours | None = None  # while a picture for a document is drawn
        self.setMouseTracking(True)
        self.setAccessibleName("Picture of the network")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_network(
        self,
        params: Params,
        activity: tuple[Array, ...],
        name: Callable[[int, int], str],
        captions: tuple[str, ...],
    ) -> None:
        """Show these weights; `activity` [layer] colours the units, `name(layer, unit)` names inputs and outputs."""
        self._params, self._activity, self._name, self._captions = params, activity, name, captions
        self._picture = None
        self.update()

    def show_mark(self, mark: Mark | None) -> None:
        """Make a unit or a weight stand out."""
        if mark != self.mark:
            self.mark = mark
            self.update()

    def recolour(self, tone: Colours) -> None:
        """Draw for a document, straight onto it: what is kept has the screen's pixels and colours."""
        self._paper = tone if tone == PAPER else None

    @property
    def _tone(self) -> Colours:
        return self._paper or theme.colours()

    def _shades(self) -> Sequence[QColor]:
        return ramp(self._paper is None and theme.is_dark())

    def figures(self) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
        """Every weight and bias, as a table: header, rows."""
        return ("layer", "from", "to", "weight"), weight_rows(self._params, self._name)

    def sizeHint(self) -> QSize:
        """Flat."""
        return QSize(300, 110)

    # --- where things are ---------------------------------------------------------------------------------

    def columns(self) -> list[list[int]]:
        """For each layer the units that are drawn, from top to bottom; GAP stands for those left out."""
        room = (self.height() - CAPTION) // SPACING
        most = max(4, min(MOST_UNITS, room - 1))
        columns = []
        for units in self._widths():
            if units <= most:
                columns.append(list(range(units)))
            else:
                head = (most + 1) // 2
                columns.append([*range(head), GAP, *range(units - most + head, units)])
        return columns

    def _widths(self) -> list[int]:
        if not self._params:
            return []
        return [self._params[0].W.shape[0], *(W.shape[1] for W, _ in self._params)]

    def place(self, layer: int, unit: int) -> QPointF:
        """Where a unit is drawn; one that is left out is drawn in the gap."""
        column, layers = self.columns()[layer], len(self._params)
        slot = column.index(unit) if unit in column else column.index(GAP)
        height = self.height() - CAPTION
        step = min(height / len(column), 3.0 * SPACING)
        top = (height - step * len(column)) / 2
        x = SIDE + (self.width() - 2 * SIDE) * layer / max(1, layers)
        return QPointF(x, top + step * (slot + 0.5))

    def mark_at(self, place: QPointF) -> Mark | None:
        """The unit at a place, else the weight whose line passes nearest to it."""
        columns = self.columns()
        for layer, column in enumerate(columns):
            for unit in column:
                if unit != GAP and (self.place(layer, unit) - place).manhattanLength() <= REACH + 3:
                    return Mark(layer, unit)
        best: tuple[float, Mark | None] = (REACH, None)
        for layer in range(1, len(columns)):
            left, right = self.place(layer - 1, columns[layer - 1][0]).x(), self.place(layer, columns[layer][0]).x()
            if left < place.x() < right:
                best = min(best, self._nearest(layer, columns, place), key=lambda found: found[0])
        return best[1]

    def _nearest(self, layer: int, columns: list[list[int]], place: QPointF) -> tuple[float, Mark | None]:
        pairs = [(i, j) for i in columns[layer - 1] for j in columns[layer] if GAP not in (i, j)]
        ends = [(self.place(layer - 1, i), self.place(layer, j)) for i, j in pairs]
        first = np.array([(start.x(), start.y()) for start, _ in ends])
        along = np.array([(end.x(), end.y()) for _, end in ends]) - first
        to = np.array([place.x(), place.y()]) - first
        distance = np.abs(along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]) / np.hypot(along[:, 0], along[:, 1])
        nearest = int(distance.argmin())
        source, unit = pairs[nearest]
        return float(distance[nearest]), Mark(layer, unit, source)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is pointed at."""
        self.hovered.emit(self.mark_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing any more."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    # --- drawing ------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew at another size."""
        super().resizeEvent(event)
        self._picture = None

    def changeEvent(self, event: QEvent) -> None:
        """Draw anew when light turns to dark."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._picture = None
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The kept picture; where something is marked, veiled, and what belongs to it above the veil."""
        if not self._params:
            return
        painter = QPainter(self)
        if self._paper is not None:
            self._draw(painter)
            painter.end()
            return
        if self._picture is None:
            self._picture = self._drawn()
        painter.drawPixmap(0, 0, self._picture)
        if self.mark is not None:
            veil = QColor(self.palette().window().color())
            veil.setAlpha(170)
            painter.fillRect(self.rect(), veil)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_marked(painter, self.mark)
        painter.end()

    def _drawn(self) -> QPixmap:
        picture = QPixmap(self.size() * self.devicePixelRatioF())
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self._draw(painter)
        painter.end()
        return picture

    def _draw(self, painter: QPainter) -> None:
        columns = self.columns()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for layer in range(1, len(columns)):
            for source in columns[layer - 1]:
                for unit in columns[layer]:
                    if GAP not in (source, unit):
                        self._draw_line(painter, Mark(layer, unit, source))
        for layer, column in enumerate(columns):
            for unit in column:
                self._draw_unit(painter, layer, unit)
            self._draw_caption(painter, layer)
        self._draw_names(painter, columns)

    def _draw_line(self, painter: QPainter, mark: Mark, more: float = 0.0) -> None:
        W = self._params[mark.layer - 1].W
        source = mark.source or 0
        most = float(np.abs(W).max()) or 1.0
        share = float(W[source, mark.unit]) / most
        strength = min(1.0, abs(share)) if np.isfinite(share) else 0.0
        colour = QColor(self._shades()[254 if share > 0 else 0])
        colour.setAlphaF(0.08 + 0.8 * strength if not more else 1.0)
        painter.setPen(QPen(colour, 0.4 + 1.8 * strength + more))
        painter.drawLine(self.place(mark.layer - 1, source), self.place(mark.layer, mark.unit))

    def _draw_unit(self, painter: QPainter, layer: int, unit: int, ring: str = "") -> None:
        tone, place = self._tone, self.place(layer, unit)
        if unit == GAP:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tone.muted))
            for offset in (-3.0, 0.0, 3.0):
                painter.drawEllipse(place + QPointF(0, offset), 0.9, 0.9)
            return
        values = self._activity[layer]
        level = levels(values[unit : unit + 1], float(np.abs(values).max()))[0]
        painter.setPen(QPen(QColor(ring or tone.muted), 2.0 if ring else 1.0))
        painter.setBrush(self._shades()[level])
        radius = 5.0 if ring else self._radius(layer)
        painter.drawEllipse(place, radius, radius)

    def _radius(self, layer: int) -> float:
        count = len(self.columns()[layer])
        return max(2.2, min(5.0, (self.height() - CAPTION) / count / 2 - 1))

    def _draw_caption(self, painter: QPainter, layer: int) -> None:
        painter.setPen(QColor(self._tone.muted))
        x = self.place(layer, self.columns()[layer][0]).x()
        area = QRectF(x - SIDE, self.height() - CAPTION, 2 * SIDE, CAPTION)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._captions[layer])

    def _draw_names(self, painter: QPainter, columns: list[list[int]]) -> None:
        """The names of inputs at the left and of outputs at the right, where there is room."""
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(self._tone.text))
        for layer, left in ((0, True), (len(columns) - 1, False)):
            if len(columns[layer]) * metrics.height() * 0.9 > self.height() - CAPTION:
                continue
            for unit in columns[layer]:
                place = self.place(layer, unit)
                text = metrics.elidedText(self._name(layer, unit), Qt.TextElideMode.ElideRight, SIDE - 18)
                x = place.x() - SIDE if left else place.x() + 10
                align = Qt.AlignmentFlag.AlignRight if left else Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(x, place.y() - 10, SIDE - 10, 20), align | middle, text)

    def _draw_marked(self, painter: QPainter, mark: Mark) -> None:
        outline, columns = theme.colours().outline, self.columns()
        if mark.source is not None:
            self._draw_line(painter, mark, 1.0)
            self._draw_unit(painter, mark.layer - 1, mark.source, outline)
        else:
            if mark.layer:
                for source in columns[mark.layer - 1]:
                    if source != GAP:
                        self._draw_line(painter, Mark(mark.layer, mark.unit, source))
            if mark.layer < len(self._params):
                for unit in columns[mark.layer + 1]:
                    if unit != GAP:
                        self._draw_line(painter, Mark(mark.layer + 1, unit, mark.unit))
        self._draw_unit(painter, mark.layer, mark.unit, outline)
        painter.setPen(QColor(self._tone.text))
        names = [self._name(mark.layer, mark.unit)]
        if mark.source is not None:
            names.insert(0, self._name(mark.layer - 1, mark.source))
        caption = QRectF(0, self.height() - CAPTION, self.width(), CAPTION)
        painter.fillRect(caption, self.palette().window())
        painter.drawText(caption, Qt.AlignmentFlag.AlignCenter, " → ".join(names))


def weight_rows(params: Params, name: Callable[[int, int], str]) -> Iterator[Sequence[object]]:
    """Layer (from 1), source, unit and weight, of each weight and bias; the bias comes from "bias"."""
    for layer, (W, b) in enumerate(params, start=1):
        sources = [name(layer - 1, source) for source in range(len(W))]
        for unit, into in enumerate(W.T):
            title = name(layer, unit)
            for source, weight in zip(sources, into.tolist(), strict=True):
                yield layer, source, title, weight
            yield layer, "bias", title, float(b[unit])
