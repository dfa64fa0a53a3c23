"""Copying and saving a plot, from a visible button: picture (PNG, SVG) or figures (CSV)."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TypeAlias

import pyqtgraph as pg
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QMargins,
    QPoint,
    QSaveFile,
    QStandardPaths,
    Qt,
    QTimerEvent,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QPainter, QPalette, QPen, QPicture
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QFileDialog, QGraphicsItem, QGraphicsView, QMenu, QToolButton, QWidget

from mlp_studio.core.cells import full, markdown, tsv
from mlp_studio.core.errors import StudioError
from mlp_studio.core.palette import LIGHT, Colours
from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.plots import plot as plots

PAPER = replace(LIGHT, window="#ffffff", base="#ffffff")  # pictures are for documents: dark on white
MARGIN = 12  # around a picture
EDGES = QMargins(MARGIN, MARGIN, MARGIN, MARGIN)
SCALE = 2  # pixels of a saved picture for one on the screen
ROWS_AT_ONCE = 2000
MOST_COPIED = 20_000  # rows of figures that the clipboard takes, within a frame or two
DOCUMENTS = QStandardPaths.StandardLocation.DocumentsLocation
LABEL = "Export ▾"
WORD_MILLISECONDS = 1500
HELP = "Copy or save the picture or its figures"
CSV_ACTION = "Save &figures as CSV …"

Rows: TypeAlias = Sequence[Sequence[object]]
Table: TypeAlias = tuple[Sequence[str], Iterable[Sequence[object]]]  # header, rows


class ExportButton(QToolButton):
    """Copies or saves the picture of a widget, and the figures behind it.

    `csv` gives header and rows; the rows are read in another thread, so they must not change any more.
    `recolour` gives what is drawn other colours. It is called twice for each picture: with `PAPER`, and with
    the theme's own. Without it, only axes and ground of the plots are recoloured.
    """

    failed = Signal(str)  # a sentence

    def __init__(
        self,
        plot: pg.PlotItem | QWidget,
        csv: Callable[[], Table],
        name: str,
        *,
        recolour: Callable[[Colours], None] | None = None,
        help: str = HELP,  # noqa: A002 - what a tooltip says
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._help = help
        self._widget: QWidget = plot if isinstance(plot, QWidget) else plot.getViewWidget()
        self._csv = csv
        self._name = name
        self._recolour = recolour
        self._folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        self._jobs = Jobs(self)
        self._given_up = Event()
        self._word_timer = 0
        self.setText(LABEL)
        room = max(self.fontMetrics().horizontalAdvance(text) for text in (LABEL, "Copied ✓", "Saved ✓"))
        self.setMinimumWidth(room + 2 * theme.UNIT)
        self.offer()
        self.menu_shown = menu = QMenu(self)  # not `setMenu`: its arrow would lie on the text
        self.clicked.connect(self._open_menu)
        menu.addAction("&Copy picture", self.copy_image)
        menu.addAction("Copy figures for a spreadsheet (&TSV)", self.copy_tsv)
        menu.addAction("Copy figures as &Markdown", self.copy_markdown)
        menu.addSeparator()
        menu.addAction("Save picture as &PNG …", self.save_png)
        menu.addAction("Save picture as &SVG …", self.save_svg)
        self._csv_action = menu.addAction(CSV_ACTION, self.save_csv)
        QApplication.instance().aboutToQuit.connect(self._quit)  # type: ignore[union-attr]

    def offer(self, why_not: str = "") -> None:
        """Let the button act, or not: then `why_not` says why, in a sentence."""
        self.setEnabled(not why_not)
        self.setToolTip(tooltip(why_not or self._help))

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written."""
        return self._jobs.busy("csv")

    @Slot()
    def _open_menu(self) -> None:
        self.menu_shown.popup(self.mapToGlobal(self.rect().bottomLeft()))

    @Slot()
    def copy_image(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._image())
        self._say("Copied")

    @Slot()
    def copy_tsv(self) -> None:
        """Put the figures on the clipboard for a spreadsheet."""
        self._copy_figures(lambda header, rows: tsv([header, *rows]))

    @Slot()
    def copy_markdown(self) -> None:
        """Put the figures on the clipboard as Markdown."""
        self._copy_figures(_as_markdown)

    def _copy_figures(self, text: Callable[[Sequence[str], Rows], str]) -> None:
        header, rows = self._csv()
        few = list(islice(rows, MOST_COPIED + 1))
        if len(few) > MOST_COPIED:
            self.failed.emit(f"There are more than {MOST_COPIED:,} rows of figures: save them as CSV instead.")
            return
        QGuiApplication.clipboard().setText(text(header, few))
        self._say("Copied")

    @Slot()
    def save_png(self) -> None:
        """Ask where, and save the picture with twice the screen's pixels."""
        path = self._ask("PNG picture", "png")
        if path is not None:
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            QImageWriter(buffer, QByteArray(b"png")).write(self._image())
            self._write(path, bytes(buffer.data().data()))

    @Slot()
    def save_svg(self) -> None:
        """Ask where, and save the picture as a drawing that can be scaled."""
        path = self._ask("SVG drawing", "svg")
        if path is not None:
            with on_paper(self._widget, self._recolour):
                drawing = svg(self._widget, self._name)
            self._write(path, drawing.encode())

    @Slot()
    def save_csv(self) -> None:
        """Ask where, and save the figures; while they are being written: give that up."""
        if self.is_busy:
            self._given_up.set()
            return
        path = self._ask("CSV table", "csv")
        if path is None:
            return
        header, rows = self._csv()
        given_up = self._given_up
        given_up.clear()

        def work() -> Path | None:
            return path if write_file(path, csv_lines(header, rows), given_up) else None

        self._csv_action.setText("Stop saving &figures")
        self._jobs.start("csv", work, self._csv_saved, self._csv_failed)

    @Slot()
    def _quit(self) -> None:
        self._given_up.set()
        self._jobs.close()

    def _csv_saved(self, path: Path | None) -> None:
        self._csv_action.setText(CSV_ACTION)
        if path is not None:
            self._say("Saved")

    def _csv_failed(self, sentence: str) -> None:
        self._csv_action.setText(CSV_ACTION)
        self.failed.emit(sentence)

    def _image(self) -> QImage:
        with on_paper(self._widget, self._recolour, SCALE):
            return image(self._widget)

    def _ask(self, kind: str, suffix: str) -> Path | None:
        path = ask_path(self, f"Save {kind}", self._folder / f"{self._name}.{suffix}", f"{kind} (*.{suffix})")
        if path is None:
            return None
        self._folder = path.parent
        return path if path.suffix else path.with_suffix(f".{suffix}")

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_file(path, [content])
        except StudioError as error:
            self.failed.emit(str(error))
        else:
            self._say("Saved")

    def _say(self, text: str) -> None:
        """A word on the button for a moment."""
        self.setText(f"{text} ✓")
        if self._word_timer:
            self.killTimer(self._word_timer)
        self._word_timer = self.startTimer(WORD_MILLISECONDS)

    def timerEvent(self, event: QTimerEvent) -> None:
        """Take the word away again."""
        if event.timerId() == self._word_timer:
            self.setText(LABEL)
            self.killTimer(self._word_timer)
            self._word_timer = 0
        else:
            super().timerEvent(event)


def ask_path(parent: QWidget, title: str, suggestion: Path, kinds: str) -> Path | None:
    """A file to write, or None."""
    name = QFileDialog.getSaveFileName(parent, title, str(suggestion), kinds)[0]
    return Path(name) if name else None


def write_file(path: Path, parts: Iterable[bytes], given_up: Event | None = None) -> bool:
    """Write a file whole, or leave it as it was: False where given up. Raises StudioError with a sentence."""
    file = QSaveFile(str(path))
    done = file.open(QIODevice.OpenModeFlag.WriteOnly)
    for part in parts if done else ():
        if given_up is not None and given_up.is_set():
            file.cancelWriting()
            return False
        done = file.write(part) == len(part)
        if not done:
            break
    if not (done and file.commit()):
        reason = file.errorString()
        raise StudioError(f"{path.name} could not be written: {reason[:1].lower()}{reason[1:]}.")
    return True


# --- figures ----------------------------------------------------------------------------------------------


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """A CSV file, piece by piece. Numbers are exact, text cannot become a formula, nan is an empty cell."""
    rows = iter(rows)
    chunk: list[Sequence[object]] = [header]
    while chunk:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([full(value) for value in row] for row in chunk)
        yield text.getvalue().encode()
        chunk = list(islice(rows, ROWS_AT_ONCE))


def _as_markdown(header: Sequence[str], rows: Rows) -> str:
    numbers = [not isinstance(value, str) for value in rows[0]] if rows else [False] * len(header)
    return markdown(header, [[_shown(value) for value in row] for row in rows], numbers)


def _shown(value: object) -> str:
    """A figure as a person reads it."""
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.5g}"
    return str(value)


# --- pictures ---------------------------------------------------------------------------------------------


@contextmanager
def on_paper(widget: QWidget, recolour: Callable[[Colours], None] | None = None, pixels: int = 1) -> Iterator[None]:
    """Have a widget and its plots dark on white and smooth while a picture is made; nothing of it is seen.

    A curve's pen is as wide as the picture has `pixels` for one on the screen, whatever the zoom.
    """
    recolour = recolour or (lambda tone: _recolour_plots(widget, tone))
    palette = widget.palette() if widget.testAttribute(Qt.WidgetAttribute.WA_SetPalette) else QPalette()
    drawn = [item for view in _views(widget) for item in view.scene().items()]
    items = [item for item in drawn if hasattr(item, "setExportMode")]
    kept = [(item, item.cacheMode()) for item in drawn if item.cacheMode() != QGraphicsItem.CacheMode.NoCache]
    curves = [item for item in items if isinstance(item, pg.PlotCurveItem)]
    pens = [curve.opts["pen"] for curve in curves]
    try:
        widget.setPalette(_paper_palette())
        recolour(PAPER)
        for item, _ in kept:  # a kept picture has the screen's pixels, and a drawing none
            item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
        for item in items:
            item.setExportMode(True, {"antialias": True})
        for curve in curves:
            pen = QPen(curve.opts["pen"])
            pen.setWidthF(pen.widthF() * pixels)
            curve.setPen(pen)
        yield
    finally:
        for item, mode in kept:
            item.setCacheMode(mode)
        for item in items:
            item.setExportMode(False)
        for curve, pen in zip(curves, pens, strict=True):
            curve.setPen(pen)
        widget.setPalette(palette)
        recolour(theme.colours())


def image(widget: QWidget) -> QImage:
    """The widget as it is, with `SCALE` times the screen's pixels."""
    drawn = QImage(widget.size().grownBy(EDGES) * SCALE, QImage.Format.Format_RGB32)
    drawn.setDevicePixelRatio(SCALE)
    drawn.fill(QColor(PAPER.window))
    QWidget.render(widget, drawn, QPoint(MARGIN, MARGIN))
    return drawn


def svg(widget: QWidget, title: str) -> str:
    """The widget as an SVG document.

    Drawn by way of a QPicture: rendered straight into the generator, a child widget's clips lose its place.
    """
    picture = QPicture()
    QWidget.render(widget, picture)  # a subclass may mean something else by `render`
    area = widget.rect().marginsAdded(EDGES)
    buffer = QBuffer()
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(area.size())
    generator.setViewBox(area)
    generator.setResolution(widget.logicalDpiX())
    generator.setTitle(title)
    generator.setDescription("Drawn by MLP Studio")
    painter = QPainter(generator)
    picture.play(painter)
    painter.end()
    return _portable(bytes(buffer.data().data()).decode(), area.width(), area.height())


def _views(widget: QWidget) -> list[QGraphicsView]:
    return [widget] if isinstance(widget, QGraphicsView) else widget.findChildren(QGraphicsView)


def _recolour_plots(widget: QWidget, tone: Colours) -> None:
    for view in _views(widget):
        if isinstance(view, pg.PlotWidget):
            plots.recolour(view, tone)


def _paper_palette() -> QPalette:
    palette, role = QPalette(QColor(PAPER.window)), QPalette.ColorRole
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(name, QColor(PAPER.text))
    palette.setColor(role.PlaceholderText, QColor(PAPER.muted))
    return palette


# --- Qt's SVG, made readable for programs that know less of SVG than browsers do --------------------------

_GROUP = re.compile(r'transform="matrix\(([^)]*)\)"([^>]*)>(.*?)</g>', re.DOTALL)
_POINTS = re.compile(r' (d|points)="([^"]*)"')
_POINT = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?),(-?[\d.]+(?:e[-+]?\d+)?)")


def _portable(document: str, width: int, height: int) -> str:
    document = re.sub(r'width="[^"]*" height="[^"]*"', f'width="{width}" height="{height}"', document, count=1)
    document = re.sub(r'font-family="([^"]*)"', r'font-family="\1, sans-serif"', document)
    return _GROUP.sub(_bake, document)


def _bake(group: re.Match[str]) -> str:
    """Carry out the transform of a group whose lines keep their width under it (`vector-effect`)."""
    matrix, attributes, body = group.groups()
    if 'vector-effect="non-scaling-stroke"' not in body or re.search("<(?!path|polyline|polygon|/)", body):
        return group[0]
    a, b, c, d, e, f = (float(part) for part in matrix.split(","))

    def moved(point: re.Match[str]) -> str:
        x, y = float(point[1]), float(point[2])
        return f"{a * x + c * y + e:.2f},{b * x + d * y + f:.2f}"

    body = _POINTS.sub(lambda match: f' {match[1]}="{_POINT.sub(moved, match[2])}"', body)
    return f'transform="matrix(1,0,0,1,0,0)"{attributes}>{body}</g>'
