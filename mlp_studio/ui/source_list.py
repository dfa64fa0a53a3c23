"""The list that a source is chosen from: a small picture of what each generator draws, and what it is, in a line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Floats
from mlp_studio.core.generators import GENERATORS, Points
from mlp_studio.core.painting import from_text
from mlp_studio.core.palette import class_colour
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.scene import even_sample
from mlp_studio.core.sources import SOURCES
from mlp_studio.ui import theme

PICTURE = 48  # pixels across, at scale 1
MARGIN, DOT = 4.0, 1.5  # around the points; their radius
MOST_POINTS = 240  # of a picture; more run into one another
LOW_ROW = 36  # the height of a row without a picture of points

Index: TypeAlias = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Look:
    """What decides a picture: the source, its settings or the points painted, and what scheme and screen it is for."""

    source: str
    rows: int
    classes: int
    noise: float
    seed: int
    drawing: str
    ground: str
    scale: float


def look_of(source: str, experiment: Experiment, scale: float) -> Look:
    """The picture that a source has with the present settings."""
    data, ground = experiment.data, theme.colours().base
    drawing = data.drawing if source == "painted" else ""
    return Look(source, min(data.rows, MOST_POINTS), data.classes, data.noise, experiment.seed, drawing, ground, scale)


def draw_points(look: Look) -> Points:
    """The points (N, 2) and labels (N,) that a generator draws, or that were painted; an even sample of many."""
    if look.source == "painted":
        canvas = from_text(look.drawing)
        rows = even_sample(len(canvas), MOST_POINTS)
        return canvas.X[rows], canvas.y[rows]
    entry = GENERATORS[look.source]
    classes = look.classes if entry.classes is None else entry.classes
    return entry.draw(look.rows, classes, look.noise, generator(look.seed, Stream.DATA))


def places(X: Floats) -> Floats:
    """Where the points (N, 2) lie in the picture, in pixels from its upper left corner: all in it, none distorted."""
    low, high = X.min(axis=0), X.max(axis=0)
    extent = float((high - low).max()) or 1.0
    centred = (X - (low + high) / 2) * [1, -1] / extent
    return np.asarray(PICTURE / 2 + centred * (PICTURE - 2 * MARGIN - 2 * DOT))


def picture_of_points(look: Look) -> QPixmap:
    """The picture of a source's points in the colours of their classes."""
    X, y = draw_points(look)
    pixmap = _canvas(look.scale)
    painter = _painter(pixmap)
    painter.setBrush(QColor(look.ground))
    painter.drawRoundedRect(QRectF(0, 0, PICTURE, PICTURE), MARGIN, MARGIN)
    brushes = [QColor(class_colour(index)) for index in range(int(y.max()) + 1)]
    for (left, top), label in zip(places(X).tolist(), y.tolist(), strict=True):
        painter.setBrush(brushes[label])
        painter.drawEllipse(QPointF(left, top), DOT, DOT)
    painter.end()
    return pixmap


def picture_of_table(colour: str, scale: float) -> QPixmap:
    """A small table, for sources whose rows are given."""
    pixmap = _canvas(scale)
    painter = _painter(pixmap)
    painter.setBrush(QColor(colour))
    for row in range(3):
        for column in range(3):
            painter.drawRoundedRect(
                QRectF(PICTURE / 2 - 11 + 8 * column, PICTURE / 2 - 9 + 7 * row, 6, 3 if row == 0 else 4), 1, 1
            )
    painter.end()
    return pixmap


def _canvas(scale: float) -> QPixmap:
    pixmap = QPixmap(round(PICTURE * scale), round(PICTURE * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _painter(pixmap: QPixmap) -> QPainter:
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    return painter


class SourceDelegate(QStyledItemDelegate):
    """Draws a source's row: picture, name, and its line of help.

    A picture is made when its row is first painted, which is when the list is opened, and kept while the settings
    stay as they are.
    """

    def __init__(self, experiment: Callable[[], Experiment], parent: QWidget) -> None:
        super().__init__(parent)
        self._experiment = experiment
        self.pictures: dict[Look, QPixmap] = {}

    def picture(self, source: str, scale: float, ink: str) -> QPixmap:
        """The picture of a source; `ink` is the colour of one that shows no points."""
        look = look_of(source, self._experiment(), scale)
        if source not in GENERATORS and not look.drawing:
            return picture_of_table(ink, scale)
        if look not in self.pictures:
            self.pictures = {kept: pixmap for kept, pixmap in self.pictures.items() if kept.source != source}
            self.pictures[look] = picture_of_points(look)
        return self.pictures[look]

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Room for the picture and the line beside it."""
        source = str(index.data(Qt.ItemDataRole.UserRole))
        lines = 2 * option.fontMetrics.lineSpacing() + theme.UNIT // 2
        has_points = source in GENERATORS or look_of(source, self._experiment(), 1.0).drawing
        height = max(lines, PICTURE + theme.UNIT if has_points else LOW_ROW)
        text = option.fontMetrics.horizontalAdvance(SOURCES[source].help)
        return QSize(PICTURE + 3 * theme.UNIT + text, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Picture, name in bold, help in the muted tone; the row under the pointer in the accent."""
        source, half = str(index.data(Qt.ItemDataRole.UserRole)), theme.UNIT // 2
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role, palette = QPalette.ColorRole, option.palette
        painter.save()
        painter.fillRect(option.rect, palette.color(role.Highlight if chosen else role.Window))
        muted = palette.color(role.HighlightedText if chosen else role.PlaceholderText)
        picture = self.picture(source, painter.device().devicePixelRatio(), muted.name())
        top = option.rect.top() + (option.rect.height() - PICTURE) // 2
        painter.setClipRect(option.rect)
        painter.drawPixmap(option.rect.left() + half, top, picture)
        left = option.rect.left() + PICTURE + 2 * theme.UNIT
        line = option.fontMetrics.lineSpacing()
        text = QRect(left, option.rect.center().y() - line, option.rect.right() - left - half, line)
        font = QApplication.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(palette.color(role.HighlightedText if chosen else role.WindowText))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, SOURCES[source].label)
        painter.setFont(QApplication.font())
        painter.setPen(muted)
        shown = option.fontMetrics.elidedText(SOURCES[source].help, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text.translated(0, line), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()
