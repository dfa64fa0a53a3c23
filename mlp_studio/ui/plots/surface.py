"""What the mouse paints on: a sheet over a plot's view that tells of strokes in the plot's own coordinates."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsRectItem,
    QGraphicsSceneHoverEvent,
    QGraphicsSceneMouseEvent,
)

from mlp_studio.core.dataset import Floats
from mlp_studio.core.palette import Colours
from mlp_studio.ui import theme
from mlp_studio.ui.painter import Painter

ABOVE_ALL = 100.0
LEAST_RING = 3  # pixels: of a brush that is a point


class PaintSurface(QGraphicsRectItem):
    """Lies over a view box while painting and takes its mouse buttons; the wheel still zooms.

    It paints nothing itself; the ring that shows the brush is an item of Qt's own.
    """

    def __init__(self, view_box: pg.ViewBox, painter: Painter) -> None:
        super().__init__(view_box)
        self._view_box = view_box
        self._painter = painter
        self._button = Qt.MouseButton.NoButton
        self.setPen(QColor(0, 0, 0, 0))
        self.setZValue(ABOVE_ALL)
        self.setAcceptHoverEvents(True)
        self.setAcceptedMouseButtons(Qt.MouseButton.LeftButton | Qt.MouseButton.RightButton)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.ring = QGraphicsEllipseItem(self)
        self.ring.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.ring.hide()
        self.recolour(theme.colours())
        self.fit()

    def fit(self) -> None:
        """Cover all of the view."""
        self.setRect(QRectF(QPointF(), self._view_box.size()))

    def recolour(self, tone: Colours) -> None:
        """Draw the ring in a scheme's ink."""
        self.ring.setPen(pg.mkPen(tone.outline, width=1))

    def show_brush(self, pixels: int) -> None:
        """The ring has this radius."""
        radius = max(pixels, LEAST_RING)
        self.ring.setRect(-radius, -radius, 2 * radius, 2 * radius)

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        """A stroke begins."""
        event.accept()
        held = event.buttons() & ~event.button()
        if not held & self._button:  # a release is not seen where painting was turned off meanwhile
            self._button = event.button()
            pixel = np.abs(np.array(self._view_box.viewPixelSize()))
            erasing = self._button == Qt.MouseButton.RightButton
            self._painter.press(self._place(event.pos()), pixel, erasing=erasing)

    def mouseMoveEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        """It is led on, as far as it stays within the view."""
        self._lead(event.pos())

    def mouseReleaseEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        """It ends with the button that began it."""
        if event.button() == self._button:
            self._lead(event.pos())
            self._button = Qt.MouseButton.NoButton
            self._painter.release()

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        """The ring follows the mouse."""
        self.ring.setPos(event.pos())
        self.ring.show()

    def hoverLeaveEvent(self, _event: QGraphicsSceneHoverEvent) -> None:
        """No mouse, no ring."""
        self.ring.hide()

    def _lead(self, position: QPointF) -> None:
        if self.rect().contains(position):
            self.ring.setPos(position)
            self._painter.drag(self._place(position))

    def _place(self, position: QPointF) -> Floats:
        place = self._view_box.mapToView(position)
        return np.array([place.x(), place.y()])
