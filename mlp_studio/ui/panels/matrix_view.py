"""A matrix to look at: as figures where it is small, else as a heat map; orange above zero, blue below."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mlp_studio.core.palette import DARK, LIGHT
from mlp_studio.ui import theme

Array: TypeAlias = NDArray[Any]
Cell: TypeAlias = tuple[int, int]

CELL_HEIGHT = 22
NARROWEST, WIDEST = 58, 96  # pixels of a figure's cell
MOST_ROWS = 6  # of figures
BAR_WIDTH = 32  # of the colours beneath a heat map
STUB = 62  # pixels of the names of rows
LEAST_HEIGHT, MOST_HEIGHT, ROW_HEIGHT = 18, 112, 9  # of heat maps, in pixels
NEGATIVE, POSITIVE = ("#0072B2", "#56B4E9"), ("#D55E00", "#E69F00")  # light, dark: told apart by everybody


@lru_cache(maxsize=4)
def ramp(dark: bool) -> tuple[QColor, ...]:
    """255 colours from the most negative to the most positive; the ground lies in the middle."""
    tone = DARK if dark else LIGHT
    ends = QColor(NEGATIVE[dark]), QColor(tone.base), QColor(POSITIVE[dark])
    return tuple(_mixed(ends[1], ends[2 if step > 0 else 0], abs(step)) for step in np.linspace(-1, 1, 255).tolist())


def _mixed(ground: QColor, full: QColor, strength: float) -> QColor:
    pairs = (
        (ground.redF(), full.redF()),
        (ground.greenF(), full.greenF()),
        (ground.blueF(), full.blueF()),
    )
    return QColor.fromRgbF(*(low + strength * (high - low) for low, high in pairs))


def levels(values: Array, most: float) -> NDArray[np.uint8]:
    """Indices into `ramp` of values from −most to most."""
    scaled = np.nan_to_num(values.astype(np.float64) / most if most else np.zeros(values.shape))
    return np.clip(np.round(127 + 127 * scaled), 0, 254).astype(np.uint8)


def ink_on(fill: QColor) -> QColor:
    """Dark on a light fill, light on a dark one (Rec. 601 luma)."""
    luma = 0.299 * fill.redF() + 0.587 * fill.greenF() + 0.114 * fill.blueF()
    return QColor("#111318" if luma > 0.5 else "#ffffff")


def number(value: float, digits: int = 4) -> str:
    """A figure as it is read: a true minus, powers of ten."""
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}·10{power(int(exponent))}"
    return text.replace("-", "−")


def power(exponent: int) -> str:
    """An exponent, raised."""
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def common_form(values: Array) -> tuple[int, int]:
    """The power of ten to take out of a matrix, and the decimals that its figures then need."""
    if values.dtype.kind in "iu":
        return 0, 0
    finite = np.abs(values[np.isfinite(values)])
    most = float(finite.max()) if finite.size else 0.0
    if most == 0:
        return 0, 1
    exponent = math.floor(math.log10(most))
    if -2 <= exponent <= 4:
        return 0, min(4, max(0, 3 - exponent))
    return exponent, 3


class MatrixView(QWidget):
    """Shows (rows, columns) of numbers. `hovered` brings the cell under the mouse; (−1, −1): none."""

    hovered = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: Array = np.zeros((1, 1))
        self._names: tuple[Callable[[int], str], Callable[[int], str]] = (str, str)
        self._most = 0.0
        self._image: QImage | None = None
        self._bytes: NDArray[np.uint8] | None = None  # what the image reads from
        self.mark: tuple[int | None, int | None] = (None, None)  # row, column
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, values: Array, row_name: Callable[[int], str], column_name: Callable[[int], str]) -> None:
        """Show a matrix; the functions name its rows and columns, "" for a lone one."""
        self.values, self._names, self._image = values, (row_name, column_name), None
        finite = np.abs(values[np.isfinite(values)])
        self._most = float(finite.max()) if finite.size else 0.0
        self._fit()
        self.update()

    def show_mark(self, row: int | None, column: int | None) -> None:
        """Outline a cell, a row (column None) or a column (row None)."""
        if (row, column) != self.mark:
            self.mark = (row, column)
            self.update()

    @property
    def most(self) -> float:
        """The largest absolute value, where the colours end."""
        return self._most

    @property
    def as_figures(self) -> bool:
        """Whether there is room for figures."""
        columns: int = self.values.shape[1]
        return len(self.values) <= MOST_ROWS and self._stub() + columns * NARROWEST <= max(self.width(), 200)

    def _stub(self) -> int:
        return STUB if self._names[0](0) else 0

    def _head(self) -> int:
        return 16 if self._names[1](0) else 0

    def _fit(self) -> None:
        rows = len(self.values)
        if self.as_figures:
            height = self._head() + rows * CELL_HEIGHT
        else:
            height = min(MOST_HEIGHT, max(LEAST_HEIGHT, rows * ROW_HEIGHT))
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Figures or a heat map, as there is room."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(200, self.height())

    # --- where things are ---------------------------------------------------------------------------------

    def cell_area(self, row: int, column: int) -> QRectF:
        """Where a cell is drawn."""
        area, (rows, columns) = self._body(), self.values.shape
        width, height = area.width() / columns, area.height() / rows
        return QRectF(area.left() + column * width, area.top() + row * height, width, height)

    def _body(self) -> QRectF:
        if not self.as_figures:
            return QRectF(self.rect())
        stub, columns = self._stub(), self.values.shape[1]
        width = min(WIDEST, (self.width() - stub) / columns) * columns
        return QRectF(stub, self._head(), width, len(self.values) * CELL_HEIGHT)

    def cell_at(self, place: QPointF) -> Cell | None:
        """The cell at a place."""
        area, (rows, columns) = self._body(), self.values.shape
        row = math.floor((place.y() - area.top()) / area.height() * rows)
        column = math.floor((place.x() - area.left()) / area.width() * columns)
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which cell is pointed at."""
        cell = self.cell_at(event.position())
        self.hovered.emit(*(cell if cell is not None else (-1, -1)))

    def leaveEvent(self, event: QEvent) -> None:
        """None any more."""
        super().leaveEvent(event)
        self.hovered.emit(-1, -1)

    # --- drawing ------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Figures or heat map, then the outline of what is marked."""
        painter = QPainter(self)
        if self.as_figures:
            self._draw_figures(painter)
        else:
            self._draw_map(painter)
        self._draw_mark(painter)
        painter.end()

    def _draw_map(self, painter: QPainter) -> None:
        if self._image is None:
            rows, columns = self.values.shape
            self._bytes = np.ascontiguousarray(levels(self.values, self._most))
            self._image = QImage(self._bytes.data, columns, rows, columns, QImage.Format.Format_Indexed8)
        self._image.setColorTable([colour.rgb() for colour in ramp(theme.is_dark())])
        painter.drawImage(QRectF(self.rect()), self._image)
        painter.setPen(QPen(QColor(theme.colours().line), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw_figures(self, painter: QPainter) -> None:
        tone, colours = theme.colours(), ramp(theme.is_dark())
        exponent, decimals = common_form(self.values)
        shades = levels(self.values, self._most)
        body, font = self._body(), theme.number_font()
        small = theme.number_font()
        small.setPointSizeF(small.pointSizeF() * 0.85)
        self._draw_names(painter, small)
        painter.setFont(font)
        for row, column in np.ndindex(*self.values.shape):
            area, fill = self.cell_area(row, column), colours[shades[row, column]]
            if self.values.size == 1:  # a colour compares: a lone number has none
                fill = QColor(tone.base)
            painter.fillRect(area, fill)
            painter.setPen(ink_on(fill))
            text = f"{self.values[row, column] / 10.0**exponent:.{decimals}f}".replace("-", "−")
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area.adjusted(2, 0, -6, 0), align, text)
        painter.setPen(QPen(QColor(tone.line), 1))
        painter.drawRect(body.adjusted(0, 0, -1, -1))

    def _draw_names(self, painter: QPainter, small: Any) -> None:
        painter.setFont(small)
        painter.setPen(QColor(theme.colours().muted))
        metrics = painter.fontMetrics()
        right, middle = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignVCenter
        elide = Qt.TextElideMode.ElideRight
        for column in range(self.values.shape[1] if self._head() else 0):
            area = self.cell_area(0, column)
            text = metrics.elidedText(self._names[1](column), elide, int(area.width()) - 6)
            painter.drawText(QRectF(area.left(), 0, area.width() - 6, self._head() - 1), right | middle, text)
        for row in range(self.values.shape[0] if self._stub() else 0):
            area = self.cell_area(row, 0)
            text = metrics.elidedText(self._names[0](row), elide, STUB - 6)
            painter.drawText(QRectF(0, area.top(), STUB - 6, area.height()), Qt.AlignmentFlag.AlignLeft | middle, text)

    def _draw_mark(self, painter: QPainter) -> None:
        row, column = self.mark
        if row is None and column is None:
            return
        rows, columns = self.values.shape
        first = self.cell_area(row or 0, column or 0)
        last = self.cell_area(rows - 1 if row is None else row, columns - 1 if column is None else column)
        area = first.united(last)
        grown = QRectF(area.center().x() - 2, area.top(), 4, area.height()) if area.width() < 4 else area
        if grown.height() < 4:
            grown = QRectF(grown.left(), grown.center().y() - 2, grown.width(), 4)
        painter.setPen(QPen(QColor(theme.colours().outline), 2))
        painter.drawRect(grown.intersected(QRectF(self.rect())).adjusted(1, 1, -1, -1))


class ScaleBar(QWidget):
    """What the colours of a heat map mean: −most … +most, the first end as its sign alone, or 0 … most."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = ("", "")
        self._signed = True
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_range(self, most: float, *, signed: bool) -> None:
        """Label the ends."""
        ends, self._signed = (("−", f"+{number(most, 2)}") if signed else ("0", number(most, 2))), signed
        if ends != self._ends:
            self._ends = ends
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Two figures and the colours between them."""
        metrics = self.fontMetrics()
        return QSize(sum(metrics.horizontalAdvance(end) for end in self._ends) + BAR_WIDTH + 12, metrics.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The colours from left to right."""
        painter, metrics, tone = QPainter(self), self.fontMetrics(), theme.colours()
        left = metrics.horizontalAdvance(self._ends[0]) + 6
        bar = QRect(left, self.height() // 2 - 4, BAR_WIDTH, 8)
        colours = ramp(theme.is_dark())
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for place in (0.0, 0.5, 1.0):
            gradient.setColorAt(place, colours[round(254 * (place if self._signed else 0.5 + place / 2))])
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(tone.line))
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
        painter.setPen(QColor(tone.muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | middle, self._ends[0])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | middle, self._ends[1])
        painter.end()
