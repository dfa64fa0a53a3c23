"""Clouds of points: where they are drawn, how sharply, and as what in a drawing."""

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen
from PySide6.QtSvg import QSvgGenerator

from mlp_studio.ui.plots.points import PointCloud, PointsLayer

RED, WHITE = QColor("#ff0000"), QColor("#ffffff")


def a_cloud(places, symbol="s", size=8):
    cloud = PointCloud(size, [symbol])
    cloud.set_look(QPen(RED), [QBrush(RED)])
    cloud.show(np.array(places, dtype=float))
    return cloud


def drawn(things, pixels=1.0, scale=(1.0, 1.0)):
    image = QImage(round(100 * pixels), round(100 * pixels), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(pixels)
    image.fill(WHITE)
    painter = QPainter(image)
    painter.scale(*scale)
    for thing in things:
        thing(painter)
    painter.end()
    return image


def red_pixels(image):
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return np.argwhere((rows & 0xFFFFFF) == 0xFF0000)


@pytest.mark.parametrize("pixels", [1.0, 2.0])
@pytest.mark.parametrize("scale", [(1.0, 1.0), (10.0, -0.5)])
def test_a_point_is_drawn_in_its_place_and_size_whatever_the_view(qapp, pixels, scale):
    cloud = a_cloud([(60 / scale[0], 30 / scale[1])])
    found = red_pixels(drawn([cloud.draw], pixels, scale))
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
    assert ((top + bottom + 1) / 2, (left + right + 1) / 2) == pytest.approx((30 * pixels, 60 * pixels), abs=1.01)
    assert right - left + 1 == pytest.approx(8 * pixels, abs=2)


def test_twenty_thousand_points_are_all_there_and_those_off_the_paper_are_left_out(qapp):
    places = np.random.default_rng(0).uniform(-100, 200, (20_000, 2))
    cloud = a_cloud(places, size=4)
    image = drawn([cloud.draw])
    filled = {tuple(place) for place in red_pixels(image).tolist()}
    inside = places[((places > 3) & (places < 97)).all(axis=1)].astype(int)
    assert all(any((y + dy, x + dx) in filled for dy in (-1, 0, 1) for dx in (-1, 0, 1)) for x, y in inside.tolist())
    cloud.show(np.array([[1e300, -1e300], [500.0, 50.0]]))
    assert not len(red_pixels(drawn([cloud.draw])))


def test_a_drawing_has_shapes_not_pixels(qapp, tmp_path):
    generator = QSvgGenerator()
    generator.setFileName(str(tmp_path / "points.svg"))
    generator.setViewBox(QRect(0, 0, 100, 100))
    painter = QPainter(generator)
    a_cloud([(10.0, 10.0), (20.0, 30.0), (70.0, 40.0)], symbol="t").draw(painter)
    painter.end()
    text = (tmp_path / "points.svg").read_text()
    assert text.count("<path") == 3
    assert "<image" not in text


def test_a_layer_leaves_out_what_is_hidden_and_draws_the_last_on_top(qapp):
    layer, below, above = PointsLayer(), a_cloud([(50.0, 50.0)]), a_cloud([(50.0, 50.0)], size=4)
    above.set_look(QPen(WHITE), [QBrush(WHITE)])
    layer.set_clouds([below, above])
    both = len(red_pixels(drawn([layer.paint])))
    layer.show_cloud(above, False)
    alone = len(red_pixels(drawn([layer.paint])))
    assert 0 < both < alone
    layer.show_cloud(below, False)
    assert not len(red_pixels(drawn([layer.paint])))
    assert not layer.shows(below)


@pytest.mark.parametrize("pixels", [1.0, 2.0])
def test_each_point_has_the_look_of_its_kind_and_higher_kinds_lie_on_top(qapp, pixels):
    colours = [QColor(name) for name in ("#ff0000", "#00ff00", "#0000ff")]
    cloud = PointCloud(10, ["s", "o", "d"])
    cloud.set_look(QPen(Qt.PenStyle.NoPen), [QBrush(colour) for colour in colours])
    cloud.show(
        np.array([[20.0, 20.0], [50.0, 20.0], [80.0, 20.0], [50.0, 70.0], [50.0, 70.0]]), np.array([2, 0, 1, 1, 0])
    )
    image = drawn([cloud.draw], pixels)
    found = [
        image.pixelColor(round(x * pixels), round(y * pixels)) for x, y in ((20, 20), (50, 20), (80, 20), (50, 70))
    ]
    assert found == [colours[2], colours[0], colours[1], colours[1]]
