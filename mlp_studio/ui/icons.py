"""The toolbar's icons, drawn in the colours of the scheme; "name": strokes and filled shapes on a 24 × 24 field."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

FIELD = 24
SIZES = (16, 20, 24, 32, 48)


def _triangle(left: float, width: float) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(left, 4.5), QPointF(left + width, 12), QPointF(left, 19.5)]))
    path.closeSubpath()
    return path


def _bars(*bars: tuple[float, float, float, float]) -> QPainterPath:
    path = QPainterPath()
    for left, top, width, height in bars:
        path.addRoundedRect(QRectF(left, top, width, height), 1, 1)
    return path


def _step() -> QPainterPath:
    path = _triangle(5, 10)
    path.addPath(_bars((16.5, 4.5, 3, 15)))
    return path


def _reset() -> QPainterPath:
    stroke = QPainterPath()
    stroke.arcMoveTo(QRectF(5, 5, 14, 14), 60)
    stroke.arcTo(QRectF(5, 5, 14, 14), 60, 300)
    return stroke


def _brush() -> QPainterPath:
    handle, tip = QPainterPath(), QPainterPath()
    handle.addPolygon(QPolygonF([QPointF(*corner) for corner in ((19, 2.5), (21.5, 5), (12.5, 15), (9, 11.5))]))
    handle.closeSubpath()
    tip.moveTo(8, 12.7)
    tip.lineTo(11.3, 16)
    tip.cubicTo(11.5, 20, 7, 22, 2.5, 21)
    tip.cubicTo(5, 19, 3.5, 13.5, 8, 12.7)
    handle.addPath(tip)
    return handle


SHAPES: dict[str, Callable[[], QPainterPath]] = {
    "train": lambda: _triangle(6.5, 12.5),
    "pause": lambda: _bars((6, 5, 4, 14), (14, 5, 4, 14)),
    "step": _step,
    "stop": lambda: _bars((6, 6, 12, 12)),
    "reset": _reset,
    "paint": _brush,
}
STROKED = {"reset"}


def icon(name: str, colour: str, disabled: str) -> QIcon:
    """The icon in a colour, with its disabled look."""
    result = QIcon()
    for size in SIZES:
        result.addPixmap(_pixmap(name, colour, size), QIcon.Mode.Normal)
        result.addPixmap(_pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return result


def _pixmap(name: str, colour: str, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / FIELD, size / FIELD)
    path = SHAPES[name]()
    if name in STROKED:
        painter.setPen(QPen(QColor(colour), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(path)
        head = QPolygonF([QPointF(11.5, 1.5), QPointF(18.5, 5.0), QPointF(12.5, 9.5)])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawPolygon(head)
    else:
        painter.fillPath(path, QColor(colour))
    painter.end()
    return pixmap
