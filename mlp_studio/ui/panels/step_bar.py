"""Steps in their order, one of them present: numbers, with their names where there is room."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip
from mlp_studio.ui.panels.segments import RADIUS

NUMBER_WIDTH = 24  # pixels that a step takes without its name


class StepBar(QWidget):
    """Shows `names`; `chosen` brings the index of the step that is asked for, by click or arrow key."""

    chosen = Signal(int)

    def __init__(self, names: tuple[str, ...], help_texts: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names, self.step = names, 0
        self._help = help_texts
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Step")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, step: int) -> None:
        """Mark the present step."""
        self.step = step
        self.setAccessibleDescription(self.names[step])
        self.update()

    def sizeHint(self) -> QSize:
        """All names beside their numbers."""
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(self._label(step, full=True)) for step in range(len(self.names)))
        return QSize((widest + 2 * theme.UNIT) * len(self.names), metrics.height() + theme.UNIT)

    def minimumSizeHint(self) -> QSize:
        """The numbers alone."""
        return QSize(NUMBER_WIDTH * len(self.names), self.sizeHint().height())

    def _label(self, step: int, *, full: bool) -> str:
        return f"{step + 1} {self.names[step]}" if full else str(step + 1)

    def step_area(self, step: int) -> QRectF:
        """Where a step is drawn."""
        width = (self.width() - 2) / len(self.names)
        return QRectF(1 + step * width, 1, width, self.height() - 2)

    def _step_at(self, place: QPointF) -> int:
        return min(len(self.names) - 1, max(0, int(place.x() / self.width() * len(self.names))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the step that is clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self._step_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go from step to step; Home and End to the first and the last."""
        last = len(self.names) - 1
        keys = {Qt.Key.Key_Left: self.step - 1, Qt.Key.Key_Right: self.step + 1, Qt.Key.Key_Home: 0}
        wanted = {**keys, Qt.Key.Key_End: last}.get(Qt.Key(event.key()))
        if wanted is None:
            super().keyPressEvent(event)
        elif 0 <= wanted <= last:
            self.chosen.emit(wanted)

    def event(self, event: QEvent) -> bool:
        """Explain the step under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tooltip(self._help[self._step_at(QPointF(event.pos()))]), self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A track; the present step filled with the accent."""
        painter, tone, metrics = QPainter(self), theme.colours(), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tone.line), 1))
        painter.setBrush(QColor(tone.base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS + 1, RADIUS + 1)
        full = self.width() >= self.sizeHint().width() - theme.UNIT * len(self.names)
        for step in range(len(self.names)):
            area, ink = self.step_area(step).adjusted(1, 1, -1, -1), QColor(tone.text)
            label = self._label(step, full=full)
            if step == self.step:
                ink = QColor(tone.on_accent)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(tone.accent))
                painter.drawRoundedRect(area, RADIUS, RADIUS)
                if self.hasFocus():
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.setPen(QPen(ink, 1))
                    painter.drawRoundedRect(area.adjusted(1.5, 1.5, -1.5, -1.5), RADIUS - 1, RADIUS - 1)
            painter.setPen(ink)
            shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(area.width()))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, shown)
        painter.end()
