"""What every plot has in common: Qt alone paints it, and what stays is painted once."""

import sys
from types import FrameType

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from mlp_studio.core.boundary import Box
from mlp_studio.ui.plots.image import RegionsImage
from mlp_studio.ui.plots.plot import Axis, PlotWidget, themed_plot


@pytest.fixture
def plot(qtbot: QtBot) -> PlotWidget:
    made = themed_plot()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_no_python_runs_around_the_painting_of_a_plot(plot: PlotWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(pg.GraphicsView, "paintEvent", lambda *_arguments: called.append(1))
    curve = pg.PlotCurveItem([0, 1], [0, 1], pen="#ff0000")
    plot.addItem(curve)
    picture = plot.grab().toImage()
    reds = [
        (x, y) for x in range(picture.width()) for y in range(picture.height()) if picture.pixelColor(x, y).red() > 250
    ]
    assert reds  # painted all the same
    assert not called


def test_a_frame_with_other_regions_asks_python_for_nothing_but_kept_bounds(plot: PlotWidget) -> None:
    regions = RegionsImage()
    regions.set_colours(np.full((256, 3), 200, np.uint8))
    plot.plotItem.vb.addItem(regions, ignoreBounds=True)
    regions.show_indices(np.zeros((10, 10), np.uint8), Box(0, 1, 0, 1))
    plot.grab()
    called: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_qualname)

    regions.show_indices(np.ones((10, 10), np.uint8), Box(0, 1, 0, 1))
    sys.setprofile(note)
    plot.viewport().repaint()
    sys.setprofile(None)
    assert called <= {"Axis.boundingRect", "FillsView.boundingRect"}
    assert "Axis.boundingRect" in called  # the profiler saw the painting


def test_the_view_follows_zoom_and_size_without_pyqtgraphs_paint_event(plot: PlotWidget, qtbot: QtBot) -> None:
    view = plot.plotItem.vb
    for x_range, size in (((0, 10), (400, 300)), ((2, 3), (400, 300)), ((2, 3), (640, 480))):
        plot.resize(*size)
        view.setRange(xRange=x_range, yRange=(0, 1), padding=0)
        plot.grab()
        left = view.childGroup.mapToItem(view, QPointF(x_range[0], 0))
        right = view.childGroup.mapToItem(view, QPointF(x_range[1], 1))
        assert (left.x(), left.y()) == pytest.approx((0, view.height()), abs=1e-6)
        assert (right.x(), right.y()) == pytest.approx((view.width(), 0), abs=1e-6)


def test_an_axis_is_painted_once_while_a_curve_changes(plot: PlotWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = plot.plot([0, 1], [0, 1])
    plot.grab()
    painted = []
    original = Axis.paint
    monkeypatch.setattr(Axis, "paint", lambda self, *rest: (painted.append(self), original(self, *rest))[1])
    for value in range(3):
        curve.setData([0, 1], [value, 1])
        plot.grab()
    assert not painted
    plot.plotItem.vb.setRange(xRange=(0, 5), padding=0)
    plot.grab()
    assert plot.getAxis("bottom") in painted


def test_regions_lie_over_their_box_with_row_0_at_the_bottom(plot: PlotWidget) -> None:
    image = RegionsImage()
    table = np.zeros((256, 3), np.uint8)
    table[1], table[2] = (255, 0, 0), (0, 0, 255)
    image.set_colours(table)
    plot.plotItem.vb.addItem(image, ignoreBounds=True)
    plot.plotItem.vb.setRange(xRange=(0, 4), yRange=(0, 4), padding=0)
    image.show_indices(np.array([[1, 1], [0, 2]], np.uint8), Box(1.0, 3.0, 1.0, 3.0))
    picture = plot.grab().toImage()

    def colour_at(x: float, y: float) -> tuple[int, int, int]:
        place = plot.mapFromScene(plot.plotItem.vb.mapViewToScene(QPointF(x, y)))
        return picture.pixelColor(place).toTuple()[:3]

    assert colour_at(1.5, 1.5) == (255, 0, 0)  # row 0, column 0: below on the left
    assert colour_at(2.5, 1.5) == (255, 0, 0)
    assert colour_at(1.5, 2.5) == (0, 0, 0)
    assert colour_at(2.5, 2.5) == (0, 0, 255)  # row 1, column 1: above on the right
    assert colour_at(3.5, 3.5) not in ((255, 0, 0), (0, 0, 255))  # outside
    image.show_indices(np.array([[2]], np.uint8), Box(0.0, 1.0, 0.0, 1.0))
    picture = plot.grab().toImage()
    assert colour_at(0.5, 0.5) == (0, 0, 255)
    assert colour_at(2.5, 2.5) not in ((255, 0, 0), (0, 0, 255))
