"""Colours and marker shapes, which the window, its pictures and the exports share."""

import numpy as np
import pytest
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols

from mlp_studio.core.palette import (
    CIRCLE,
    OUTLINES,
    SYMBOLS,
    class_colour,
    class_symbol,
)


@pytest.mark.parametrize("name", [name for name in SYMBOLS if name != CIRCLE])
def test_every_marker_has_the_outline_that_the_plots_draw(name):
    path = Symbols[name]
    drawn = np.array([(path.elementAt(place).x, path.elementAt(place).y) for place in range(path.elementCount())])
    corners = drawn[:-1] if np.allclose(drawn[0], drawn[-1]) else drawn
    outline = np.array(OUTLINES[name])

    assert {tuple(corner) for corner in np.round(corners, 3) + 0.0} == {
        tuple(one) for one in np.round(outline, 3) + 0.0
    }
    assert area(outline) == pytest.approx(area(corners), abs=1e-3)


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def test_no_two_of_a_hundred_classes_look_alike():
    looks = {(class_colour(index), class_symbol(index)) for index in range(100)}
    assert len(looks) == 100
