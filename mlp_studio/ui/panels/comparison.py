"""Several runs side by side: their loss curves in one chart, their boundaries as small pictures, their spreads."""

import math
from functools import partial

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QToolButton, QVBoxLayout, QWidget

from mlp_studio.core.compare import Compared
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.spread import Spread
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.plots.plot import DASHES, Axis, name_corner, pen, plain_number, recolour, themed_plot
from mlp_studio.ui.store import Comparison
from mlp_studio.ui.studio import Studio

CHART_HEIGHT = 150
PICTURES_WIDTH = 340  # pixels that a row of pictures takes in all
LARGEST_PICTURE = 116
BAND = 4  # height of the band under a picture, in the colour of its curves
LOWEST_LOSS = 1e-6


class ComparisonView(QWidget):
    """Draws a `Comparison`; a click on a picture trains that run in the window."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._comparison: Comparison | None = None
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(theme.UNIT)
        self.progress.setRange(0, 1000)
        self.note = plain_label(muted=True, wrap=True)
        self.caption = plain_label("Loss: training —  validation - -", muted=True)
        self.plot = themed_plot(Axis("left"), Axis("bottom", least=1.0))
        self.plot.setFixedHeight(CHART_HEIGHT)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getAxis("left").setLogMode(y=True)
        name_corner(self.plot, "epoch")
        self.pictures: list[QToolButton] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(theme.UNIT // 2)
        self._row.addStretch(1)
        self.spreads = QWidget(self)
        self._table = QGridLayout(self.spreads)
        self._table.setContentsMargins(0, 0, 0, 0)
        self._table.setHorizontalSpacing(theme.UNIT)
        self._table.setVerticalSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        for part in (self.progress, self.note, self.caption, self.plot):
            layout.addWidget(part)
        layout.addLayout(self._row)
        layout.addWidget(self.spreads)
        self._draw()

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show another comparison, or how far the one under way has got."""
        if comparison is self._comparison:
            return
        before, self._comparison = self._comparison, comparison
        same_runs = before is not None and comparison is not None and before.runs is comparison.runs
        if same_runs and comparison is not None and before is not None and before.lesson == comparison.lesson:
            self._show_progress(comparison)
        else:
            self._draw()

    def _show_progress(self, comparison: Comparison) -> None:
        self.progress.setVisible(bool(comparison.running))
        self.progress.setValue(round(1000 * comparison.share))
        self.note.setText(f"Training: {comparison.running}" if comparison.running else comparison.message)
        self.note.setVisible(bool(self.note.text()))

    def _draw(self) -> None:
        comparison = self._comparison
        self.setVisible(comparison is not None)
        runs = comparison.runs if comparison is not None else ()
        if comparison is not None:
            self._show_progress(comparison)
            self._draw_curves(runs)
            self._draw_pictures(comparison)
            self._draw_spreads(comparison)
        for part in (self.caption, self.plot):
            part.setVisible(bool(runs))

    def _draw_curves(self, runs: tuple[Compared, ...]) -> None:
        recolour(self.plot)
        for item in self.plot.listDataItems():
            self.plot.removeItem(item)
        lowest, highest, last = math.inf, -math.inf, 1
        for index, run in enumerate(runs):
            curves = run.result.curves
            epochs = np.arange(1, len(curves) + 1)
            for part, dashes in (("train", ()), ("val", DASHES)):
                loss = curves[:, COLUMNS.index(f"{part}_loss")]
                if not len(loss) or not np.isfinite(loss).all():
                    continue
                y = np.log10(np.maximum(loss, LOWEST_LOSS))
                self.plot.addItem(pg.PlotCurveItem(epochs, y, pen=pen(theme.class_colour(index), dashes=dashes)))
                lowest, highest = min(lowest, y.min()), max(highest, y.max())
                last = max(last, len(curves))
        if lowest <= highest:
            self.plot.setRange(xRange=(0, last * 1.02), yRange=(lowest - 0.1, highest + 0.1), padding=0)

    def _draw_pictures(self, comparison: Comparison) -> None:
        for button in self.pictures:
            self._row.removeWidget(button)
            button.deleteLater()
        self.pictures = []
        side = min(LARGEST_PICTURE, PICTURES_WIDTH // max(1, len(comparison.runs)) - 6)
        for index, run in enumerate(comparison.runs):
            title = LESSONS[comparison.lesson].runs[run.name].title
            button = QToolButton(self)
            button.setObjectName(run.name)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIcon(QIcon(boundary_picture(run, side, theme.class_colour(index))))
            button.setIconSize(QSize(side, side + BAND))
            button.setText(title.split(":")[0])
            button.setToolTip(tooltip(f"{title}, {run.ending.outcome}. Click to train it in the window."))
            button.clicked.connect(partial(self._open, run))
            self._row.insertWidget(index, button)
            self.pictures.append(button)

    def _open(self, run: Compared, _checked: bool = False) -> None:
        self._studio.train_anew(run.result.experiment)

    def _draw_spreads(self, comparison: Comparison) -> None:
        while (item := self._table.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        starts = {run.result.experiment.model.initialization for run in comparison.runs}
        self.spreads.setVisible(len(starts) > 1)
        if len(starts) < 2:
            return
        titles = [LESSONS[comparison.lesson].runs[run.name].title for run in comparison.runs]
        self._add_row(0, "", titles, muted=True)
        row = 1
        for caption, name in (("Spread of the activations at the start", "activation"), ("… of dJ/dW", "gradient")):
            self._table.addWidget(plain_label(caption, muted=True), row, 0, 1, -1)
            layers = list(zip(*(run.spreads for run in comparison.runs), strict=True))
            for layer, spreads in enumerate(layers, start=1):
                label = f"hidden {layer}" if layer < len(layers) else "output"
                self._add_row(row + layer, label, [_figure(spread, name) for spread in spreads])
            row += 1 + len(layers)

    def _add_row(self, row: int, head: str, cells: list[str], *, muted: bool = False) -> None:
        self._table.addWidget(plain_label(head, muted=muted), row, 0)
        for column, text in enumerate(cells, start=1):
            label = plain_label(text, muted=muted)
            label.setFont(theme.number_font())
            self._table.addWidget(label, row, column, Qt.AlignmentFlag.AlignRight)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()


def _figure(spread: Spread, name: str) -> str:
    value: float = getattr(spread, name)
    return plain_number(float(f"{value:.2g}")) if value else "0"


def boundary_picture(run: Compared, side: int, colour: str) -> QPixmap:
    """The regions of a run, `side` pixels wide and high, over a band in the colour of its curves."""
    table = theme.region_table(run.result.prepared.dataset.classes, theme.colours())
    rgb = np.ascontiguousarray(table[run.indices[::-1]])
    height, width, _ = rgb.shape
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    picture = QPixmap(side, side + BAND)
    picture.fill(QColor(colour))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(picture.rect().adjusted(0, 0, 0, -BAND), image)
    painter.end()
    return picture
