"""Many points of one look, and the layer that draws them: as cheap to change as to keep."""

import math
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols, renderSymbol
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPaintEngine, QPainter, QPen, QPixmap, QTransform

from mlp_studio.core.dataset import Floats
from mlp_studio.ui.plots.plot import CACHED, FillsView

Flags: TypeAlias = NDArray[np.bool_]

DRAWINGS = (QPaintEngine.Type.SVG, QPaintEngine.Type.Picture, QPaintEngine.Type.Pdf)  # that know no pixels
FARTHEST = 2.0**30  # pixels: Qt's arithmetic ends not far beyond


class PointCloud:
    """Points (n, 2) drawn with one symbol, size in pixels, pen and brush.

    pyqtgraph's scatter plot keeps a record for each point and looks its style up: to change 20,000 points took 60 to
    180 ms, in which the window stood still. Here it takes as long as to keep a reference.
    """

    def __init__(self, symbol: str, size: float) -> None:
        self.symbol, self.size = symbol, size
        self.pen, self.brush = QPen(Qt.PenStyle.NoPen), QBrush(Qt.BrushStyle.NoBrush)
        self.data: Floats = np.empty((0, 2))
        self._stamp: QPixmap | None = None  # one point, as pixels
        self._fragments = PrimitiveArray(QPainter.PixmapFragment, 10)

    def show(self, places: Floats) -> None:
        """Be at these places."""
        self.data = places

    def set_look(self, pen: QPen, brush: QBrush | None = None) -> None:
        """Draw outlines with `pen`, and fill with `brush` where there is one."""
        self.pen, self.brush, self._stamp = pen, brush or QBrush(Qt.BrushStyle.NoBrush), None

    def draw(self, painter: QPainter) -> None:
        """Draw the points with a painter in their own coordinates, of one size whatever its transform."""
        seen = self._on_device(painter)
        if not len(seen):
            return
        pixels = _pixels(painter)
        painter.save()
        painter.resetTransform()
        if painter.paintEngine().type() in DRAWINGS:
            self._draw_shapes(painter, seen)
        else:
            self._draw_stamps(painter, seen, pixels)
        painter.restore()

    def _on_device(self, painter: QPainter) -> Floats:
        """Where the points are on the paper, those left out that are not on it."""
        world: QTransform = painter.worldTransform()
        matrix = np.array([[world.m11(), world.m12()], [world.m21(), world.m22()]])
        places: Floats = np.clip(self.data @ matrix + (world.dx(), world.dy()), -FARTHEST, FARTHEST)
        window = painter.window() if painter.paintEngine().type() not in DRAWINGS else None
        if window is None:
            return places
        room = QRectF(window).adjusted(-self.size, -self.size, self.size, self.size)
        x, y = places[:, 0], places[:, 1]
        inside: Flags = (x > room.left()) & (x < room.right()) & (y > room.top()) & (y < room.bottom())
        return places[inside]

    def _draw_stamps(self, painter: QPainter, places: Floats, pixels: float) -> None:
        """Copies of one small picture, in one call."""
        if self._stamp is None or self._stamp.devicePixelRatio() != pixels:
            picture = renderSymbol(self.symbol, self.size, self.pen, self.brush, dpr=pixels)
            self._stamp = QPixmap.fromImage(picture)
        self._fragments.resize(len(places))
        rows = self._fragments.ndarray()  # x, y, source rectangle, scales, rotation, opacity
        rows[:, :2] = places
        rows[:, 2:] = (0, 0, self._stamp.width(), self._stamp.height(), 1 / pixels, 1 / pixels, 0, 1)
        painter.drawPixmapFragments(*self._fragments.drawargs(), self._stamp)  # type: ignore[call-arg] # first, count, picture

    def _draw_shapes(self, painter: QPainter, places: Floats) -> None:
        """Every point as a shape, for a drawing that can be scaled."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.pen)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(self.brush)
        shape = QTransform.fromScale(self.size, self.size).map(Symbols[self.symbol])
        for x, y in places.tolist():
            painter.drawPath(shape.translated(x, y))


def _pixels(painter: QPainter) -> float:
    """Pixels of the paper to one of the painter: 2 where a picture is drawn twice as large, or the screen is dense."""
    whole, own = painter.deviceTransform().determinant(), painter.worldTransform().determinant()
    return round(math.sqrt(abs(whole / own)), 3) if own else 1.0


class PointsLayer(FillsView, pg.GraphicsObject):  # type: ignore[misc]
    """Many clouds of points, drawn once into one picture that is kept until they or the view change.

    While the network trains, only the regions beneath change: a frame then costs one copy of this picture instead of
    a pass over every point.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clouds: list[PointCloud] = []
        self._hidden: set[PointCloud] = set()
        self.setCacheMode(CACHED)
        self.setZValue(10)

    def set_clouds(self, clouds: list[PointCloud]) -> None:
        """Draw these, the last above the others."""
        self._clouds = clouds
        self._hidden = set()
        self.update()

    def show_cloud(self, cloud: PointCloud, visible: bool) -> None:
        """Draw this one, or leave it out for now."""
        if visible != self.shows(cloud):
            (self._hidden.discard if visible else self._hidden.add)(cloud)
            if len(cloud.data):
                self.update()

    def shows(self, cloud: PointCloud) -> bool:
        """Whether this one is drawn."""
        return cloud not in self._hidden

    def viewTransformChanged(self) -> None:
        """The view moved: the picture is out of date."""
        super().viewTransformChanged()
        self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw those that are shown."""
        for cloud in self._clouds:
            if len(cloud.data) and cloud not in self._hidden:
                cloud.draw(painter)
