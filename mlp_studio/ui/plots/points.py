"""Many points of a few looks, and the layer that draws them: as cheap to change as to keep."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols, renderSymbol
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPaintEngine, QPainter, QPen, QPixmap, QTransform

from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.ui.plots.plot import CACHED, FillsView

Flags: TypeAlias = NDArray[np.bool_]

DRAWINGS = (QPaintEngine.Type.SVG, QPaintEngine.Type.Picture, QPaintEngine.Type.Pdf)  # that know no pixels
FARTHEST = 2.0**30  # pixels: Qt's arithmetic ends not far beyond


class PointCloud:
    """Points (n, 2) of one size in pixels, each drawn with one of a few looks: symbol, pen and brush.

    pyqtgraph's scatter plot keeps a record for each point and looks its style up: to change 20,000 points took 60 to
    180 ms, in which the window stood still. Here it takes as long as to keep a reference.
    """

    def __init__(self, size: float, symbols: Sequence[str] = ("o",)) -> None:
        self.size, self.symbols = size, tuple(symbols)
        self._pen, self._brushes = QPen(Qt.PenStyle.NoPen), [QBrush(Qt.BrushStyle.NoBrush)] * len(symbols)
        self.data: Floats = np.empty((0, 2))
        self.kinds: Ints = np.empty(0, np.int64)
        self._stamps: QPixmap | None = None  # a point of each look, side by side
        self._dense = 0.0  # pixels of the paper to a pixel, that the stamps were made for
        self._fragments = PrimitiveArray(QPainter.PixmapFragment, 10)

    def show(self, places: Floats, kinds: Ints | None = None) -> None:
        """Be at these places (n, 2), with the looks `kinds` (n,), or all with the first; higher kinds lie on top."""
        self.data, self.kinds = places, np.zeros(len(places), np.int64) if kinds is None else kinds
        if kinds is not None:
            order = np.argsort(kinds, kind="stable")
            self.data, self.kinds = places[order], kinds[order]

    def set_look(self, pen: QPen, brushes: Sequence[QBrush] | None = None) -> None:
        """Draw outlines with `pen`, and fill each look with its brush where there are any."""
        self._pen, self._stamps = pen, None
        self._brushes = list(brushes) if brushes else [QBrush(Qt.BrushStyle.NoBrush)] * len(self.symbols)

    def draw(self, painter: QPainter) -> None:
        """Draw the points with a painter in their own coordinates, of one size whatever its transform."""
        pixels, is_drawing = _pixels(painter), painter.paintEngine().type() in DRAWINGS
        places = _on_paper(self.data, painter)
        seen = np.ones(len(places), bool) if is_drawing else self._within(places, QRectF(painter.window()))
        if not seen.any():
            return
        painter.save()
        painter.resetTransform()
        if is_drawing:
            self._draw_shapes(painter, places)
        else:
            self._draw_stamps(painter, places[seen], self.kinds[seen], pixels)
        painter.restore()

    def _within(self, places: Floats, paper: QRectF) -> Flags:
        """Which of them can be seen."""
        room, (x, y) = paper.adjusted(-self.size, -self.size, self.size, self.size), places.T
        seen: Flags = (x > room.left()) & (x < room.right()) & (y > room.top()) & (y < room.bottom())
        return seen

    def _draw_stamps(self, painter: QPainter, places: Floats, kinds: Ints, pixels: float) -> None:
        """Copies of small pictures, in one call."""
        if self._stamps is None or self._dense != pixels:
            self._make_stamps(pixels)
        assert self._stamps is not None  # noqa: S101 - just made
        side = self._stamps.height()
        self._fragments.resize(len(places))
        rows = self._fragments.ndarray()  # x, y, source rectangle, scales, rotation, opacity
        rows[:, :2] = places
        rows[:, 2] = kinds * side
        rows[:, 3:] = (0, side, side, 1 / pixels, 1 / pixels, 0, 1)
        painter.drawPixmapFragments(*self._fragments.drawargs(), self._stamps)  # type: ignore[call-arg] # first, count

    def _make_stamps(self, pixels: float) -> None:
        looks = zip(self.symbols, self._brushes, strict=True)
        pictures = [renderSymbol(symbol, self.size, self._pen, brush, dpr=pixels) for symbol, brush in looks]
        side = pictures[0].height()
        strip = QImage(side * len(pictures), side, QImage.Format.Format_ARGB32_Premultiplied)
        strip.fill(Qt.GlobalColor.transparent)
        painter = QPainter(strip)
        for place, picture in enumerate(pictures):
            picture.setDevicePixelRatio(1.0)
            painter.drawImage(place * side, 0, picture)
        painter.end()
        self._stamps, self._dense = QPixmap.fromImage(strip), pixels

    def _draw_shapes(self, painter: QPainter, places: Floats) -> None:
        """Every point as a shape, for a drawing that can be scaled."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._pen)
        pen.setCosmetic(True)
        painter.setPen(pen)
        size = QTransform.fromScale(self.size, self.size)
        shapes = [size.map(Symbols[symbol]) for symbol in self.symbols]
        last = -1
        for (x, y), kind in zip(places.tolist(), self.kinds.tolist(), strict=True):
            if kind != last:
                painter.setBrush(self._brushes[kind])
                last = kind
            painter.drawPath(shapes[kind].translated(x, y))


def _on_paper(places: Floats, painter: QPainter) -> Floats:
    """Where points (n, 2) of a painter's own coordinates lie on its paper."""
    world: QTransform = painter.worldTransform()
    matrix = np.array([[world.m11(), world.m12()], [world.m21(), world.m22()]])
    on_paper: Floats = np.clip(places @ matrix + (world.dx(), world.dy()), -FARTHEST, FARTHEST)
    return on_paper


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
