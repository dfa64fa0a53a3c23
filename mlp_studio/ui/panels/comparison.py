"""Several runs side by side: their boundaries as small pictures, their loss curves in one chart, their spreads."""

import math
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from mlp_studio.core.axis import plain_number
from mlp_studio.core.compare import Compared
from mlp_studio.core.config import Experiment
from mlp_studio.core.history import COLUMNS, Curves
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.palette import Colours, class_colour, region_table
from mlp_studio.core.spread import Spread
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.plots.plot import DASHES, Axis, name_corner, pen, recolour, themed_plot
from mlp_studio.ui.store import Comparison
from mlp_studio.ui.studio import Studio

CAPTION = "Loss of training (—) and validation (- -), in the colour beneath each picture."
EXPORT_HELP = "Copy or save the pictures and the chart, or the losses of every epoch"
COLUMN_TITLES = dict(
    zip(COLUMNS, ("Training loss", "Training accuracy", "Validation loss", "Validation accuracy"), strict=True)
)
CHART_HEIGHT = 150
SMALLEST_PICTURE, LARGEST_PICTURE = 56, 200
BUTTON_MARGIN = 8  # pixels that a button is wider than its picture
BAND = 5  # height of the band under a picture, in the colour of its curves
MOST_POINTS = 150  # of a run's training rows, drawn on its picture; more would hide the regions
LOWEST_LOSS = 1e-6
BROAD = 3  # pixels of the first run's curve
PARTS = {"train": (), "val": DASHES}
# of the palette, those that the first three classes do not have: a curve is a run, not a class
RUN_COLOURS = ("#D55E00", "#CC79A7", "#56B4E9", "#999999")


class ComparisonView(QWidget):
    """Draws a `Comparison`; a click on a picture trains that run in the window."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._comparison: Comparison | None = None
        self._range = (math.inf, -math.inf)  # of the losses that the chart has room for, as log10
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(theme.UNIT)
        self.progress.setRange(0, 1000)
        self.note = plain_label(muted=True, wrap=True)
        self.caption = plain_label(CAPTION, muted=True, wrap=True)
        self.plot = themed_plot(Axis("left"), Axis("bottom", least=1.0))
        self.plot.setFixedHeight(CHART_HEIGHT)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getAxis("left").setLogMode(y=True)
        name_corner(self.plot, "epoch")
        self.curves: dict[tuple[str, str], pg.PlotCurveItem] = {}  # (run, part) → its curve
        self.pictures: list[QToolButton] = []
        self.figure = QWidget(self)  # what is exported
        self._row = QHBoxLayout()
        self._row.setSpacing(0)
        self.spreads = QWidget(self.figure)
        self._table = QGridLayout(self.spreads)
        self._table.setContentsMargins(0, 0, 0, 0)
        self._table.setHorizontalSpacing(theme.UNIT)
        self._table.setVerticalSpacing(2)
        self.export_button = ExportButton(
            self.figure, self._figures, "comparison", recolour=self._recolour, help=EXPORT_HELP, parent=self
        )
        self.export_button.failed.connect(self._failed)
        self.menu = TableMenu(self.table, lambda: "runs", self._report, self)
        self.menu.setText("Table ▾")
        self._build()
        self.hide()

    def _build(self) -> None:
        drawn = QVBoxLayout(self.figure)
        drawn.addLayout(self._row)
        for part in (self.caption, self.plot, self.spreads):
            drawn.addWidget(part)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.menu)
        buttons.addWidget(self.export_button)
        self.tools = QWidget(self)
        self.tools.setLayout(buttons)
        layout = QVBoxLayout(self)
        for part in (self.progress, self.note, self.tools, self.figure):
            layout.addWidget(part)
        for column in (layout, drawn, buttons):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme.UNIT // 2)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show another comparison, or how far this one has got."""
        if comparison is self._comparison:
            return
        before, self._comparison = self._comparison, comparison
        self.setVisible(comparison is not None)
        if comparison is None:
            return
        is_new = before is None or before.lesson != comparison.lesson
        if is_new or not (before and before.runs) or not comparison.runs:
            self._make(comparison)
        self._update(comparison)

    # --- made once for the runs of a lesson --------------------------------------------------------------------

    def _make(self, comparison: Comparison) -> None:
        lesson = LESSONS[comparison.lesson]
        self._clear()
        for part in (self.caption, self.plot, self.tools):
            part.setVisible(bool(comparison.runs))
        self.spreads.hide()
        if not comparison.runs:
            return
        for index, run in enumerate(comparison.runs):
            self._make_picture(index, run, lesson.runs[run.name].title)
            for part in PARTS:
                self.curves[run.name, part] = curve = pg.PlotCurveItem()
                self.plot.addItem(curve)
        last = max(run.result.experiment.train.epochs for run in comparison.runs)
        self.plot.setXRange(0, last * 1.02, padding=0)
        starts = {run.result.experiment.model.initialization for run in comparison.runs}
        if len(starts) > 1:
            self._fill_spreads(comparison)
        self._recolour()

    def _clear(self) -> None:
        for button in self.pictures:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.pictures = []
        for curve in self.curves.values():
            self.plot.removeItem(curve)
        self.curves = {}
        self._range = (math.inf, -math.inf)
        while (item := self._table.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _make_picture(self, index: int, run: Compared, title: str) -> None:
        button = QToolButton(self)
        button.setObjectName(run.name)
        button.setAutoRaise(True)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # the pictures share the width
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setText(title.split(":", maxsplit=1)[0])
        button.setToolTip(tooltip(f"{title}. Click to train it in the window."))
        button.setAccessibleName(title)
        button.clicked.connect(partial(self._open, run.result.experiment))
        self._row.insertWidget(index, button)
        self.pictures.append(button)

    def _open(self, experiment: Experiment, _checked: bool = False) -> None:
        self._studio.train_anew(experiment)

    def _fill_spreads(self, comparison: Comparison) -> None:
        titles = [LESSONS[comparison.lesson].runs[run.name].title for run in comparison.runs]
        self._add_row(0, "", titles, muted=True)
        row = 1
        for caption, name in (("Spread of the activations at the start", "activation"), ("… of dJ/dW", "gradient")):
            self._table.addWidget(plain_label(caption, muted=True), row, 0, 1, -1)
            layers = list(zip(*map(spreads_of, comparison.runs), strict=True))
            for layer, spreads in enumerate(layers, start=1):
                self._add_row(row + layer, spreads[0][0], [_figure(spread, name) for _, spread in spreads])
            row += 1 + len(layers)
        self.spreads.show()

    def _add_row(self, row: int, head: str, cells: list[str], *, muted: bool = False) -> None:
        self._table.addWidget(plain_label(head, muted=muted), row, 0)
        for column, text in enumerate(cells, start=1):
            label = plain_label(text, muted=muted)
            label.setFont(theme.number_font())
            self._table.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight)

    # --- changed as the runs go on -----------------------------------------------------------------------------

    def _update(self, comparison: Comparison) -> None:
        self.progress.setVisible(comparison.running)
        self.progress.setValue(round(1000 * comparison.share))
        self.note.setText(comparison.message)
        self.note.setVisible(bool(comparison.message))
        for run in comparison.runs:
            for part in PARTS:
                self._draw_curve(self.curves[run.name, part], run.result.curves, part)
        self._draw_pictures(comparison)

    def _draw_curve(self, curve: pg.PlotCurveItem, curves: Curves, part: str) -> None:
        loss = curves[:, COLUMNS.index(f"{part}_loss")]
        if not len(loss) or not np.isfinite(loss).all():
            curve.clear()
            return
        y = np.log10(np.maximum(loss, LOWEST_LOSS))
        curve.setData(np.arange(1, len(y) + 1), y)
        self._widen(float(y.min()), float(y.max()))

    def _widen(self, low: float, high: float) -> None:
        """Axes hold still: the chart gets more room only where a curve leaves it, and then half a decade."""
        lowest, highest = self._range
        if low >= lowest and high <= highest:
            return
        lowest = lowest if low >= lowest else math.floor(2 * low) / 2
        highest = highest if high <= highest else math.ceil(2 * high) / 2
        self._range = lowest, highest
        self.plot.setYRange(lowest - 0.05, highest + 0.05, padding=0)

    def _draw_pictures(self, comparison: Comparison, tone: Colours | None = None) -> None:
        tone = tone or theme.colours()
        count = max(1, len(comparison.runs))
        side = min(LARGEST_PICTURE, max(SMALLEST_PICTURE, self.width() // count - BUTTON_MARGIN))
        for index, (button, run) in enumerate(zip(self.pictures, comparison.runs, strict=False)):
            button.setIcon(QIcon(boundary_picture(run, side, run_colour(index, tone), tone)))
            button.setIconSize(QSize(side, side + BAND))

    def _recolour(self, tone: Colours | None = None) -> None:
        tone = tone or theme.colours()
        recolour(self.plot, tone)
        if self._comparison is None:
            return
        for index, run in enumerate(self._comparison.runs):
            for part, dashes in PARTS.items():
                if (run.name, part) in self.curves:
                    self.curves[run.name, part].setPen(_stroke(index, dashes, tone))
        self._draw_pictures(self._comparison, tone)

    # --- copies --------------------------------------------------------------------------------------------------

    def _titles(self) -> list[str]:
        comparison = self._comparison
        return (
            [] if comparison is None else [LESSONS[comparison.lesson].runs[run.name].title for run in comparison.runs]
        )

    def table(self) -> Table | None:
        """How far each run has got, with its figures of the last epoch and its spreads, to be copied."""
        runs = self._comparison.runs if self._comparison is not None else ()
        if not runs:
            return None
        columns = [Heading("Epochs", figures=",d"), *(Heading(COLUMN_TITLES[name], figures=".4f") for name in COLUMNS)]
        cells = []
        for run in runs:
            curves = run.result.curves
            cells.append([len(curves), *(curves[-1].tolist() if len(curves) else [math.nan] * len(COLUMNS))])
        if len({len(run.spreads) for run in runs}) == 1:
            for layer, (name, _) in enumerate(spreads_of(runs[0])):
                columns += [Heading(f"Spread of a, {name}", figures=".3g"), Heading(f"of dJ/dW, {name}", figures=".3g")]
                for run, figures in zip(runs, cells, strict=True):
                    figures += [run.spreads[layer].activation, run.spreads[layer].gradient]
        return Table("Run", tuple(map(Heading, self._titles())), tuple(columns), cells)

    def _figures(self) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
        """The losses of every epoch, to be exported: header, rows."""
        runs = self._comparison.runs if self._comparison is not None else ()
        titles = self._titles()
        header = ["epoch", *(f"{title}: {COLUMN_TITLES[f'{part}_loss'].lower()}" for title in titles for part in PARTS)]
        losses = [run.result.curves[:, COLUMNS.index(f"{part}_loss")] for run in runs for part in PARTS]
        epochs = max(map(len, losses), default=0)
        return header, (
            (epoch + 1, *(float(loss[epoch]) if epoch < len(loss) else math.nan for loss in losses))
            for epoch in range(epochs)
        )

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    @Slot(str)
    def _failed(self, sentence: str) -> None:
        self._report(sentence, True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pictures take the width there is."""
        super().resizeEvent(event)
        if self._comparison is not None and event.size().width() != event.oldSize().width():
            self._draw_pictures(self._comparison)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._comparison is not None:
            self._recolour()


def spreads_of(run: Compared) -> list[tuple[str, Spread]]:
    """The spreads of a run's layers, with the layers' names."""
    last = len(run.spreads)
    return [(f"hidden {layer}" if layer < last else "output", spread) for layer, spread in enumerate(run.spreads, 1)]


def _stroke(index: int, dashes: tuple[float, ...], tone: Colours) -> QPen:
    """The pen of a run's curve; the first run's is broad, to be seen where another lies over it."""
    made = pen(run_colour(index, tone), dashes=dashes, alpha=0.6 if index == 0 else 1.0)
    if index == 0 and not dashes:
        made.setWidthF(BROAD)
    return made


def run_colour(index: int, tone: Colours) -> str:
    """The colour of a run's curves, and of the band under its picture."""
    return RUN_COLOURS[index] if index < len(RUN_COLOURS) else tone.text


def _figure(spread: Spread, name: str) -> str:
    value: float = getattr(spread, name)
    return plain_number(float(f"{value:.2g}")) if value else "0"


def boundary_picture(run: Compared, side: int, colour: str, tone: Colours) -> QPixmap:
    """The regions of a run with its training points, `side` pixels wide and high, over a band in `colour`."""
    table = region_table(run.result.prepared.dataset.classes, tone)
    rgb = np.ascontiguousarray(table[run.indices[::-1]])
    height, width, _ = rgb.shape
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    picture = QPixmap(side, side + BAND)
    picture.fill(QColor(colour))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(picture.rect().adjusted(0, 0, 0, -BAND), image)
    _draw_points(painter, run, side)
    painter.end()
    return picture


def _draw_points(painter: QPainter, run: Compared, side: int) -> None:
    """An even sample of the training rows, as dots a fortieth as wide as the picture."""
    box, y = run.box, run.result.prepared.train.y
    rows = np.linspace(0, len(y) - 1, min(MOST_POINTS, len(y))).astype(int)
    across = (run.points[rows, 0] - box.u_low) / (box.u_high - box.u_low) * side
    down = (box.v_high - run.points[rows, 1]) / (box.v_high - box.v_low) * side
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    radius = max(1.0, side / 80)
    for u, v, label in zip(across, down, y[rows], strict=True):
        painter.setBrush(QColor(class_colour(int(label))))
        painter.drawEllipse(QRectF(0, 0, 2 * radius, 2 * radius).translated(QPointF(u - radius, v - radius)))
