"""Bars of importance, the largest first: name, bar with its spread, figures."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QToolTip, QWidget

from mlp_studio.core.dataset import Floats
from mlp_studio.core.importance import Importance
from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip
from mlp_studio.ui.panels.tables import Heading, Table

ROW_HEIGHT = 22
MOST_NAME = 132  # pixels of the names
MEASURES = {"accuracy": "Accuracy", "loss": "Loss"}


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Features from the most to the least important: names (D,), mean (D,) and spread (D,) over the permutations."""

    names: tuple[str, ...]
    mean: Floats
    spread: Floats


NOBODY = Ranking((), np.zeros(0), np.zeros(0))


def rank(names: tuple[str, ...], figures: Importance, measure: str) -> Ranking:
    """The features by their accuracy drop, or by their loss rise; a diverged network's nan come last."""
    values = figures.accuracy_drop if measure == "accuracy" else figures.loss_rise
    mean, spread = values.mean(axis=1), values.std(axis=1)
    order = np.argsort(-np.nan_to_num(mean, nan=-np.inf), kind="stable")
    return Ranking(tuple(names[feature] for feature in order), mean[order], spread[order])


def ranking_table(ranking: Ranking, measure: str) -> Table:
    """The ranking for a copy or a file."""
    what = "Accuracy drop" if measure == "accuracy" else "Loss rise (nats)"
    columns = (Heading(what, figures=".5f"), Heading("Standard deviation", figures=".5f"))
    cells = list(zip(ranking.mean.tolist(), ranking.spread.tolist(), strict=True))
    return Table("Feature", tuple(Heading(name) for name in ranking.names), columns, cells)


class ImportanceBars(QAbstractScrollArea):
    """Draws those rows of a ranking that are in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ranking = NOBODY
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Importance of the features")
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        self.viewport().setMouseTracking(True)

    def sizeHint(self) -> QSize:
        """A few rows; a dock gives more."""
        return QSize(300, 8 * ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Two rows."""
        return QSize(220, 2 * ROW_HEIGHT)

    def show_ranking(self, ranking: Ranking) -> None:
        """Show these bars."""
        self.ranking = ranking
        self._fit()
        self.viewport().update()

    def _fit(self) -> None:
        height = self.viewport().height()
        self.verticalScrollBar().setPageStep(max(height, ROW_HEIGHT))
        self.verticalScrollBar().setRange(0, max(0, len(self.ranking.names) * ROW_HEIGHT - height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is room for more, or for less."""
        super().resizeEvent(event)
        self._fit()

    def figures(self, place: int) -> str:
        """Mean and spread of the feature at this place, as they are shown."""
        mean, spread = self.ranking.mean[place], self.ranking.spread[place]
        return f"{mean:.4f} ± {spread:.4f}".replace("-", "−")

    def viewportEvent(self, event: QEvent) -> bool:
        """The tooltip has the whole name."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = (event.pos().y() + self.verticalScrollBar().value()) // ROW_HEIGHT
            if 0 <= place < len(self.ranking.names):
                text = f"{place + 1}. {self.ranking.names[place]}: {self.figures(place)}"
                QToolTip.showText(event.globalPos(), tooltip(text), self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The rows in view."""
        painter, metrics = QPainter(self.viewport()), self.fontMetrics()
        painter.fillRect(self.viewport().rect(), QColor(theme.colours().window))
        painter.setFont(theme.number_font())
        top, height = self.verticalScrollBar().value(), self.viewport().height()
        first = top // ROW_HEIGHT
        shown = range(first, min(len(self.ranking.names), (top + height) // ROW_HEIGHT + 1))
        widest = max((metrics.horizontalAdvance(self.ranking.names[place]) for place in shown), default=0)
        name_width = min(MOST_NAME, widest + theme.UNIT)
        number_width = metrics.horizontalAdvance("−0.0000 ± 0.0000") + theme.UNIT
        bars = QRectF(name_width, 0, max(20, self.viewport().width() - name_width - number_width), ROW_HEIGHT)
        for place in shown:
            self._draw_row(painter, place, bars.translated(0, place * ROW_HEIGHT - top))
        painter.end()

    def _draw_row(self, painter: QPainter, place: int, bars: QRectF) -> None:
        tone, metrics = theme.colours(), self.fontMetrics()
        name = metrics.elidedText(self.ranking.names[place], Qt.TextElideMode.ElideRight, int(bars.left()) - 6)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(tone.text))
        painter.drawText(QRectF(0, bars.top(), bars.left(), ROW_HEIGHT), middle | Qt.AlignmentFlag.AlignLeft, name)
        numbers = QRectF(bars.right(), bars.top(), self.viewport().width() - bars.right() - 4, ROW_HEIGHT)
        painter.drawText(numbers, middle | Qt.AlignmentFlag.AlignRight, self.figures(place))
        low, high = self._ends()
        scale = bars.width() / (high - low)
        zero = bars.left() - low * scale
        mean, spread = float(self.ranking.mean[place]), float(self.ranking.spread[place])
        painter.fillRect(bars.adjusted(0, 4, 0, -4), QColor(tone.alternate))
        if not np.isfinite(mean + spread):
            return
        fill = QColor(tone.accent if mean >= 0 else tone.muted)
        end = zero + mean * scale
        painter.fillRect(QRectF(min(zero, end), bars.top() + 4, abs(end - zero), ROW_HEIGHT - 8), fill)
        painter.setPen(QPen(QColor(tone.text), 1))
        line, reach = bars.center().y(), spread * scale
        painter.drawLine(QPointF(end - reach, line), QPointF(end + reach, line))

    def _ends(self) -> tuple[float, float]:
        """What the left and the right end of the bars stand for."""
        mean, spread = np.nan_to_num(self.ranking.mean), np.nan_to_num(self.ranking.spread)
        low, high = float((mean - spread).min()), float((mean + spread).max())
        low, high = min(low, 0.0), max(high, 0.0)
        return (low, high) if high > low else (0.0, 1.0)
