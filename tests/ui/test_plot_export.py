"""A plot leaves the window as a picture on white, as a drawing, or as all its figures."""

import csv
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mlp_studio.core.errors import StudioError
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.palette import DARK, LIGHT
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label
from mlp_studio.ui.plots import export
from mlp_studio.ui.plots.curves import CurvesPanel
from mlp_studio.ui.plots.export import ExportButton, csv_lines, write_file
from mlp_studio.ui.plots.plot import pen, themed_plot
from mlp_studio.ui.store import Store
from mlp_studio.ui.studio import Studio

SECONDS = 20_000
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def dark(qapp):
    qapp.setStyle("Fusion")
    theme.apply_scheme("dark")
    yield
    theme.apply_scheme("light")


@pytest.fixture
def figure(qtbot, dark):
    """A widget with a label and a plot, in dark colours."""
    made = QWidget()
    qtbot.addWidget(made)
    layout = QVBoxLayout(made)
    made.label = plain_label("1 < 2 & <b>bold</b>")
    layout.addWidget(made.label)
    made.plot = themed_plot()
    made.curve = pg.PlotCurveItem(np.arange(10.0), np.arange(10.0) ** 2, pen=pen("#ff0000"))
    made.plot.addItem(made.curve)
    made.plot.addItem(pg.ScatterPlotItem(x=[2.4], y=[53.0], size=20, symbol="s", brush="#00ff00", pen=None))
    made.plot.setRange(xRange=(0, 5), yRange=(0, 100), padding=0)
    layout.addWidget(made.plot)
    made.resize(320, 260)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def button(figure, qtbot):
    made = ExportButton(figure, lambda: (["x", "y"], [[1, 2.5], [2, math.nan]]), "squares")
    qtbot.addWidget(made)
    return made


def answer(monkeypatch, path):
    """Let the file dialog answer with this path; returns what it was asked."""
    asked = []

    def ask(parent, title, suggestion, kinds):
        asked.append((title, suggestion, kinds))
        return path

    monkeypatch.setattr(export, "ask_path", ask)
    return asked


def test_a_png_has_twice_the_pixels_and_a_white_ground(button, figure, tmp_path, monkeypatch):
    asked = answer(monkeypatch, tmp_path / "picture.png")
    button.save_png()
    assert asked[0][1].name == "squares.png"
    picture = QImage(str(tmp_path / "picture.png"))
    edges = 2 * export.MARGIN
    assert (picture.width(), picture.height()) == (2 * (320 + edges), 2 * (260 + edges))
    corners = [(2, 2), (picture.width() - 3, 2), (2, picture.height() - 3)]
    assert all(picture.pixelColor(x, y) == QColor("white") for x, y in corners)
    colours = {QColor(picture.pixel(x, y)).name() for x in range(picture.width()) for y in range(picture.height())}
    assert {"#ffffff", "#ff0000", "#00ff00"} <= colours
    assert DARK.base not in colours
    assert DARK.window not in colours


def test_points_stand_where_they_do_on_the_screen(button, figure):
    picture = button._image()
    at = figure.plot.mapTo(figure, figure.plot.mapFromScene(figure.plot.plotItem.vb.mapViewToScene(pg.Point(2.4, 53))))
    inside = picture.pixelColor(2 * (at.x() + export.MARGIN), 2 * (at.y() + export.MARGIN))
    assert inside == QColor("#00ff00")
    for step in (-8, 8):  # the square is 20 points wide at any scale
        beside = picture.pixelColor(2 * (at.x() + step + export.MARGIN), 2 * (at.y() + export.MARGIN))
        assert beside == QColor("#00ff00")
    outside = picture.pixelColor(2 * (at.x() + 14 + export.MARGIN), 2 * (at.y() + export.MARGIN))
    assert outside == QColor("white")


def test_a_picture_leaves_the_window_as_it_was(button, figure, qapp):
    before = figure.grab().toImage()
    palette, curve_pen = figure.palette(), figure.curve.opts["pen"]
    button.copy_image()
    assert figure.palette() == palette
    assert not figure.testAttribute(Qt.WidgetAttribute.WA_SetPalette)
    assert figure.curve.opts["pen"] == curve_pen
    assert figure.plot.backgroundBrush().color().name() == DARK.base
    assert figure.curve._exportOpts is False
    assert figure.grab().toImage() == before


def test_colours_come_back_even_when_drawing_fails(button, figure, monkeypatch):
    monkeypatch.setattr(export, "image", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        button.copy_image()
    assert figure.plot.backgroundBrush().color().name() == DARK.base


def test_copying_puts_the_picture_on_the_clipboard(button, figure):
    button.copy_image()
    picture = QGuiApplication.clipboard().image()
    assert picture.width() == 2 * (320 + 2 * export.MARGIN)
    assert button.text() == "Copied ✓"


def test_the_word_on_the_button_goes_by_itself(button, qtbot, monkeypatch):
    monkeypatch.setattr(export, "WORD_MILLISECONDS", 10)
    button.copy_image()
    qtbot.waitUntil(lambda: button.text() == export.LABEL)


def test_an_svg_is_a_drawing_with_clipped_lines_of_steady_width(button, figure, tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path / "drawing")
    button.save_svg()
    root = ET.parse(tmp_path / "drawing.svg").getroot()  # noqa: S314 - written a moment ago
    assert root.tag == f"{SVG}svg"
    assert (root.get("width"), root.get("height")) == (str(320 + 24), str(260 + 24))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "1 < 2 & <b>bold</b>" in texts  # as it is: neither markup nor lost
    assert any(text == "100" for text in texts)
    assert all("sans-serif" in element.get("font-family") for element in root.iter(f"{SVG}text"))
    red = [group for group in root.iter(f"{SVG}g") if group.get("stroke") == "#ff0000"]
    assert red
    assert all(group.get("transform") == "matrix(1,0,0,1,0,0)" for group in red)  # nothing scales the pen
    parents = {child: parent for parent in root.iter() for child in parent}
    assert all(parents[group].get("clip-path") for group in red)
    assert "#16181d" not in (tmp_path / "drawing.svg").read_text()


def test_a_baked_curve_runs_through_its_points(button, figure):
    with export.on_paper(figure):
        root = ET.fromstring(export.svg(figure, "squares"))  # noqa: S314 - written a moment ago
    line = next(group for group in root.iter(f"{SVG}g") if group.get("stroke") == "#ff0000")[0]
    text = line.get("points") or line.get("d")
    points = [tuple(map(float, point)) for point in export._POINT.findall(text)]
    view = figure.plot.plotItem.vb
    for place, (x, y) in zip(points[:5], enumerate(np.arange(5.0) ** 2), strict=True):
        at = view.mapViewToScene(pg.Point(x, y)) + figure.plot.pos()
        assert place == pytest.approx((at.x(), at.y()), abs=0.1)


def test_a_plot_item_can_be_given_too(figure, qtbot):
    made = ExportButton(figure.plot.plotItem, lambda: ([], []), "plot")
    qtbot.addWidget(made)
    assert made._image().width() == 2 * (figure.plot.width() + 2 * export.MARGIN)


def test_a_csv_is_written_in_a_thread(button, qtbot, tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path / "figures")
    button.save_csv()
    assert button.is_busy
    qtbot.waitUntil(lambda: not button.is_busy and button.text() == "Saved ✓", timeout=SECONDS)
    assert (tmp_path / "figures.csv").read_bytes() == b"x,y\r\n1,2.5\r\n2,\r\n"


def test_saving_figures_can_be_stopped(button, qtbot, tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path / "long.csv")
    going = Event()

    def endless():
        while True:
            going.set()
            yield [1.0, 2.0]

    monkeypatch.setattr(button, "_csv", lambda: (["x", "y"], endless()))
    button.save_csv()
    assert going.wait(20)
    assert "Stop" in button._csv_action.text()
    button._csv_action.trigger()
    qtbot.waitUntil(lambda: not button.is_busy, timeout=SECONDS)
    assert not list(tmp_path.iterdir())
    assert button._csv_action.text() == export.CSV_ACTION


def test_nothing_is_written_where_no_file_is_chosen(button, tmp_path, monkeypatch):
    answer(monkeypatch, None)
    for save in (button.save_png, button.save_svg, button.save_csv):
        save()
    assert not button.is_busy
    assert button.text() == export.LABEL


def test_the_folder_is_remembered(button, tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path / "one.png")
    button.save_png()
    asked = answer(monkeypatch, None)
    button.save_svg()
    assert asked[0][1] == tmp_path / "squares.svg"


@pytest.mark.parametrize("kind", ["png", "csv"])
def test_a_file_that_cannot_be_written_is_said(button, qtbot, tmp_path, monkeypatch, kind):
    answer(monkeypatch, tmp_path / "missing" / f"file.{kind}")
    with qtbot.waitSignal(button.failed, timeout=SECONDS) as said:
        getattr(button, f"save_{kind}")()
    assert said.args[0].startswith(f"file.{kind} could not be written: ")
    assert said.args[0].endswith(".")


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")

    def broken():
        yield b"new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(path, broken())
    assert path.read_bytes() == b"old"
    write_file(path, [b"n", b"ew"])
    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
    with pytest.raises(StudioError, match="could not be written"):
        write_file(tmp_path, [b"new"])


def test_text_cannot_become_a_formula_and_numbers_are_exact():
    rows = [["=1+1", "+a", "@x", "-b", "plain, quoted"], [-1.5, np.float64(0.1), math.inf, math.nan, 7]]
    read = list(csv.reader(b"".join(csv_lines(["a", "b", "c", "d", "-e"], rows)).decode().splitlines()))
    assert read[0][4] == "'-e"
    assert read[1] == ["'=1+1", "'+a", "'@x", "'-b", "plain, quoted"]
    assert read[2] == ["-1.5", "0.1", "inf", "", "7"]


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_click_opens_the_menu(button, qtbot):
    button.show()
    qtbot.waitExposed(button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(button.menu_shown.isVisible)
    texts = [action.text().replace("&", "") for action in button.menu_shown.actions() if action.text()]
    assert texts == [
        "Copy picture",
        "Copy figures for a spreadsheet (TSV)",
        "Copy figures as Markdown",
        "Save picture as PNG …",
        "Save picture as SVG …",
        "Save figures as CSV …",
    ]
    button.menu_shown.hide()


# --- the curves' own ----------------------------------------------------------------------------------------


@pytest.fixture
def panel(qtbot, dark):
    studio = Studio(Store())
    studio.data.start()
    made = CurvesPanel(studio)
    qtbot.addWidget(made)
    made.resize(480, 420)
    made.show()
    qtbot.waitExposed(made)
    rng = np.random.default_rng(0)
    curves = rng.random((25_000, 4))
    curves[3, 2] = np.nan
    studio.store.update(run=replace(studio.store.state.run, curves=curves))
    yield made
    assert studio.shut_down(20_000)


def test_the_csv_has_every_epoch_exactly(panel, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "curves.csv"
    answer(monkeypatch, path)
    panel.export_button.save_csv()
    qtbot.waitUntil(lambda: not panel.export_button.is_busy, timeout=SECONDS)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["epoch", *COLUMNS]
    assert [row[0] for row in rows] == [str(epoch) for epoch in range(1, 25_001)]
    figures = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
    assert np.array_equal(figures, panel._studio.store.state.run.curves, equal_nan=True)


def test_the_curves_are_exported_in_the_light_colours_and_stay_dark(panel, tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path / "curves.png")
    panel.export_button.save_png()
    picture = QImage(str(tmp_path / "curves.png"))
    names = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 2) for y in range(picture.height())}
    assert LIGHT.train.lower() in names
    assert DARK.train.lower() not in names
    for chart in panel.charts:
        assert chart.plot.backgroundBrush().color().name() == DARK.window
        assert chart.curves["train"].opts["pen"].color().name() == DARK.train.lower()
        assert chart.curves["train"].opts["pen"].widthF() == 1


def test_a_failed_export_is_said_in_the_window(panel, monkeypatch):
    answer(monkeypatch, Path("/nowhere/curves.png"))
    panel.export_button.save_png()
    notice = panel._studio.store.state.notice
    assert notice.is_error
    assert "curves.png could not be written" in notice.text
