"""A choice of a few, side by side: one segment is pressed."""

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip

RADIUS = 4.0


class _Segment(QAbstractButton):
    """One of the buttons; drawn from the palette, so that it turns dark with everything else."""

    def __init__(self, text: str, help_text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setToolTip(tooltip(help_text))
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """The text with half a unit above and below, and a unit at its sides."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2 * theme.UNIT + 2, metrics.height() + theme.UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Filled with the accent where it is pressed."""
        role, palette = QPalette.ColorRole, self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        ink = palette.color(role.ButtonText)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            ink = palette.color(role.HighlightedText)
            painter.setBrush(palette.color(role.Highlight))
            painter.drawRoundedRect(area, RADIUS, RADIUS)
        elif self.underMouse() and self.isEnabled():
            veil = QColor(ink)
            veil.setAlpha(24)
            painter.setBrush(veil)
            painter.drawRoundedRect(area, RADIUS, RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(ink, 1))
            painter.drawRoundedRect(area.adjusted(1.5, 1.5, -1.5, -1.5), RADIUS - 1, RADIUS - 1)
        painter.setPen(ink)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


class Segments(QWidget):
    """Offers `options`, name → label, with `help_texts`, name → sentence. `chosen` tells of a gesture."""

    chosen = Signal(str)

    def __init__(
        self,
        options: Mapping[str, str],
        value: str,
        help_texts: Mapping[str, str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.value = value
        self.buttons: dict[str, QAbstractButton] = {}
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for name, label in options.items():
            button = _Segment(label, help_texts[name], self)
            button.setObjectName(name)
            button.setChecked(name == value)
            self._group.addButton(button)
            self.buttons[name] = button
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @Slot(QAbstractButton)
    def _clicked(self, button: QAbstractButton) -> None:
        if button.objectName() != self.value:
            self.value = button.objectName()
            self.chosen.emit(self.value)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The track that the segments lie on."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS + 1, RADIUS + 1)
        painter.end()
