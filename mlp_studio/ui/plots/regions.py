"""One picture of the plane: regions, points, the wrong ones outlined, the point asked about."""

from collections.abc import Callable, Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QWidget

from mlp_studio.core.boundary import Box
from mlp_studio.core.dataset import Floats
from mlp_studio.core.palette import Colours, class_colour, class_symbol, region_table
from mlp_studio.core.scene import Points
from mlp_studio.ui import theme
from mlp_studio.ui.first_paint import FirstPaint
from mlp_studio.ui.painter import Painter
from mlp_studio.ui.plots.image import RegionsImage
from mlp_studio.ui.plots.plot import recolour, themed_plot
from mlp_studio.ui.plots.points import PointCloud, PointsLayer
from mlp_studio.ui.plots.surface import PaintSurface
from mlp_studio.ui.store import Raster, Uncertainty

POINT_SIZES = {"train": 6, "validation": 7, "test": 9}
FULL_SPREAD = 0.25  # the standard deviation of a probability at which the veil is thickest
VEIL_STEPS, VEIL_OPACITY = 256, 0.85
NOWHERE = np.empty((0, 2))
PROBE = 22  # pixels across
RING = 3  # pixels by which an outline is wider than its point
RING_ALPHA = 150  # of 255: where many points are wrong, their outlines do not run into one patch


class RegionsPlot(QObject):
    """A plot widget with its layers, made once; afterwards only their data change.

    `clicked(u, v)` is called for a click, `moved(box)` when the visible part changes, the first time when it has been
    painted: regions that are drawn before, of a part that still changes, would hold up the window (None: nobody asks).
    """

    def __init__(
        self, clicked: Callable[[float, float], None], moved: Callable[[Box], None] | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._clicked, self._moved = clicked, moved
        self.widget = themed_plot(grid=False)
        self.widget.setParent(parent)
        self.image = RegionsImage()
        self.image.setZValue(-10)
        self.image.hide()
        self._has_regions = False
        self.veil = pg.ImageItem(axisOrder="row-major")
        self.veil.setZValue(-5)
        self.veil.hide()
        self._clouds: dict[str, PointCloud] = {}
        self.layer = PointsLayer()
        self.wrong = {part: PointCloud(size + RING) for part, size in POINT_SIZES.items()}
        self.chosen = {part: PointCloud(size + 2 * RING) for part, size in POINT_SIZES.items()}
        self.probe = QGraphicsPathItem(cross(PROBE))  # of Qt's own, as the picture of the regions is
        self.probe.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.probe.setZValue(50)
        self.probe.hide()
        self.view_box.addItem(self.image, ignoreBounds=True)
        self.plot_item.addItem(self.veil)
        self.plot_item.addItem(self.layer)
        self.view_box.addItem(self.probe, ignoreBounds=True)
        self._classes = self._regions = 0  # classes of the points, and of the regions
        self.surface: PaintSurface | None = None  # made when somebody paints
        self._points: Mapping[str, Points] = {}
        self.recolour()
        self.widget.scene().sigMouseClicked.connect(self._on_click)
        if moved is not None:
            FirstPaint(self.widget.viewport()).painted.connect(self._on_first_paint)

    @property
    def plot_item(self) -> pg.PlotItem:
        """The pyqtgraph plot."""
        return self.widget.getPlotItem()

    @property
    def view_box(self) -> pg.ViewBox:
        """What pans and zooms."""
        return self.plot_item.getViewBox()

    def recolour(self, tone: Colours | None = None) -> None:
        """Take over the present scheme's colours, or those of `tone`."""
        tone = tone or theme.colours()
        recolour(self.widget, tone)
        faint = QColor(tone.outline)
        faint.setAlpha(RING_ALPHA)
        for ring in self.wrong.values():
            ring.set_look(pg.mkPen(faint, width=1))
        for ring in self.chosen.values():
            ring.set_look(pg.mkPen(tone.outline, width=2.5))
        self.probe.setPen(pg.mkPen(tone.outline, width=2))
        fills = [pg.mkBrush(class_colour(index)) for index in range(self._classes)]
        for cloud in self._clouds.values():
            cloud.set_look(pg.mkPen(tone.edge, width=0.5), fills)
        if self._regions:
            self.image.set_colours(region_table(self._regions, tone))
        if self.surface is not None:
            self.surface.recolour(tone)
        self.veil.setLookupTable(veil_table(tone))
        self.layer.update()

    def show_points(
        self, points: Mapping[str, Points], classes: int, labels: tuple[str, str], regions: int | None = None
    ) -> None:
        """Show other data; `regions`: the classes of the regions, where the points that are painted have others."""
        if (regions or classes) != self._regions:
            self._regions = regions or classes
            self.image.set_colours(region_table(self._regions, theme.colours()))
        if classes != self._classes:
            self._make_clouds(classes)
        self._points = points
        for part, drawn in points.items():
            self._clouds[part].show(drawn.places, drawn.y)
            self.wrong[part].show(NOWHERE)
            self.chosen[part].show(NOWHERE)
        self.layer.update()
        self.plot_item.getAxis("bottom").setLabel(escaped(labels[0]))
        self.plot_item.getAxis("left").setLabel(escaped(labels[1]))

    def show_brush(self, painter: Painter, pixels: int | None) -> None:
        """Take the mouse for painting with a brush of this radius, or leave it to the view (None)."""
        if pixels is None:
            if self.surface is not None:
                self.surface.hide()
            return
        if self.surface is None:
            self.surface = PaintSurface(self.view_box, painter)
            self.view_box.sigResized.connect(self._fit_surface)
        self.surface.show_brush(pixels)
        self.surface.show()

    @Slot()
    def _fit_surface(self, *_arguments: object) -> None:
        if self.surface is not None:
            self.surface.fit()

    def _make_clouds(self, classes: int) -> None:
        self._classes = classes
        symbols = [class_symbol(index) for index in range(classes)]
        self._clouds = {part: PointCloud(size, symbols) for part, size in POINT_SIZES.items()}
        self.layer.set_clouds([*self._clouds.values(), *self.rings])  # the rings above the points
        self.recolour()

    @property
    def rings(self) -> tuple[PointCloud, ...]:
        """The outlines, those of a chosen cell last."""
        return (*self.wrong.values(), *self.chosen.values())

    def show_parts(self, parts: frozenset[str]) -> None:
        """Show the points of these shares only."""
        for part, cloud in self._clouds.items():
            self.layer.show_cloud(cloud, part in parts)
        for part in POINT_SIZES:
            self.layer.show_cloud(self.wrong[part], part in parts)
            self.layer.show_cloud(self.chosen[part], part in parts)

    def drawn_points(self, part: str) -> int:
        """How many points of a share are drawn."""
        cloud = self._clouds.get(part)
        return len(cloud.data) if cloud is not None and self.layer.shows(cloud) else 0

    def show_raster(self, raster: Raster | None) -> None:
        """Show other regions, or none."""
        if (raster is not None) != self._has_regions:
            self._has_regions = raster is not None
            self.image.setVisible(self._has_regions)
        if raster is None:
            return
        self.image.show_indices(raster.indices, raster.box)

    def show_uncertainty(self, measured: Uncertainty | None) -> None:
        """Lay a veil over the regions, the thicker the more the passes differ, or take it away."""
        self.veil.setVisible(measured is not None)
        if measured is None:
            return
        thickness = np.clip(measured.spread * (VEIL_STEPS / FULL_SPREAD), 0, VEIL_STEPS - 1).astype(np.uint8)
        self.veil.setImage(thickness, autoLevels=False, levels=None)
        box = measured.box
        self.veil.setRect(QRectF(box.u_low, box.v_low, box.u_high - box.u_low, box.v_high - box.v_low))

    def show_rings(self, layer: dict[str, PointCloud], part: str, flags: NDArray[np.bool_]) -> None:
        """Put rings around the points of a share whose flag (n,) is set."""
        drawn = self._points[part]
        places = drawn.places[flags[drawn.rows]]
        if not len(places) and not len(layer[part].data):
            return
        layer[part].show(places)
        if self.layer.shows(layer[part]):
            self.layer.update()

    def show_probe(self, place: Floats | None) -> None:
        """Mark the point asked about at (u, v), or none."""
        self.probe.setVisible(place is not None)
        if place is not None:
            self.probe.setPos(*place.tolist())

    def show_box(self, box: Box) -> None:
        """Show this part of the plane."""
        self.view_box.setRange(xRange=(box.u_low, box.u_high), yRange=(box.v_low, box.v_high), padding=0)

    @property
    def box(self) -> Box:
        """The part of the plane that is visible."""
        (u_low, u_high), (v_low, v_high) = self.view_box.viewRange()
        return Box(u_low, u_high, v_low, v_high)

    @Slot(object)
    def _on_click(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        position = event.scenePos()  # type: ignore[attr-defined]
        if self.view_box.sceneBoundingRect().contains(position):
            place = self.view_box.mapSceneToView(position)
            self._clicked(place.x(), place.y())

    @Slot()
    def _on_first_paint(self) -> None:
        self.view_box.sigRangeChanged.connect(self._on_range)
        self._on_range()

    @Slot()
    def _on_range(self, *_arguments: object) -> None:
        if self._moved is not None:
            self._moved(self.box)


def veil_table(tone: Colours) -> NDArray[np.uint8]:
    """Colours (256, 4) from clear to nearly opaque, in the tone of the axes' figures."""
    ink = QColor(tone.muted)
    table = np.empty((VEIL_STEPS, 4), np.uint8)
    table[:, :3] = (ink.red(), ink.green(), ink.blue())
    table[:, 3] = np.linspace(0, 255 * VEIL_OPACITY, VEIL_STEPS)
    return table


def cross(size: float) -> QPainterPath:
    """A plus sign so many pixels across, around (0, 0)."""
    path = QPainterPath()
    for x, y in ((size / 2, 0.0), (0.0, size / 2)):
        path.moveTo(-x, -y)
        path.lineTo(x, y)
    return path


def escaped(text: str) -> str:
    """A name as an axis label, which pyqtgraph renders as HTML."""
    import html

    return html.escape(text)
