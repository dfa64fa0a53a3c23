"""The legend of the classes: as many as there is room for, and a list of all that opens beneath it."""

from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from mlp_studio.core.palette import class_colour, class_symbol
from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip

MARK = 12  # pixels of a marker and the room around it
MOST_NAME = 140  # pixels of a name
TOLD = 30  # names in the tooltip
COLUMN, ROW, MOST_ROWS, MOST_COLUMNS = 172, 20, 20, 5  # of the list of all classes


class Legend(QWidget):
    """Marker and name of each class, as many as there is room for, and a note, beneath them where there is none.

    Where some are left out, a click or Return lists all.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._note = ""
        self._lines = 1
        self.setAccessibleName("Classes")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """One line of text, or two."""
        return QSize(120, self._lines * self.fontMetrics().height() + theme.UNIT)

    def minimumSizeHint(self) -> QSize:
        """One line of text, or two."""
        return self.sizeHint()

    def show_classes(self, names: tuple[str, ...], note: str) -> None:
        """Show these classes, and a note after them."""
        self._names, self._note = names, note
        self._fold()
        self.update()

    @property
    def left_out(self) -> int:
        """How many classes there is no room for."""
        return len(self._names) - self._count()

    def _width(self, name: str) -> int:
        return MARK + 6 + self.fontMetrics().horizontalAdvance(self._shown(name)) + 2 * theme.UNIT

    def _shown(self, name: str) -> str:
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, MOST_NAME)

    def _more(self, count: int) -> str:
        return f"… {count:,} more"

    def _count(self) -> int:
        """How many classes there is room for, besides the word that there are more."""
        x, widths = theme.UNIT // 2, [self._width(name) for name in self._names[: 1 + self.width() // (2 * MARK)]]
        if len(widths) == len(self._names) and x + sum(widths) <= self.width():
            return len(widths)
        room = self.width() - self.fontMetrics().horizontalAdvance(self._more(len(self._names))) - theme.UNIT
        for count, width in enumerate(widths):
            x += width
            if x > room:
                return count
        return len(widths)

    def _fold(self) -> None:
        """Two lines where one has no room for classes and note."""
        classes = theme.UNIT // 2 + sum(self._width(name) for name in self._names[:100])
        note = self.fontMetrics().horizontalAdvance(self._note) + theme.UNIT
        lines = 2 if self._note and classes + note > self.width() else 1
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()
        left_out = self.left_out
        told = ", ".join(self._names[:TOLD]) + (" …" if len(self._names) > TOLD else "")
        self.setToolTip(tooltip(f"{told} · {self._note}" + (" · Click to list all classes" if left_out else "")))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if left_out else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if left_out else Qt.CursorShape.ArrowCursor)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is more or less room."""
        super().resizeEvent(event)
        self._fold()

    # --- all of them --------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """List all classes, where some are left out."""
        if event.button() == Qt.MouseButton.LeftButton and self.left_out:
            self.list_all()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return does what a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.left_out:
            self.list_all()
        else:
            super().keyPressEvent(event)

    def list_all(self) -> "ClassList":
        """Open the list of all classes beneath the legend; it closes with the next click elsewhere, or Escape."""
        made = ClassList(self._names, self)
        place, screen = self.mapToGlobal(QPoint(0, self.height())), self.screen().availableGeometry()
        left = max(screen.left(), min(place.x(), screen.right() - made.width()))
        made.move(left, max(screen.top(), min(place.y(), screen.bottom() - made.height())))
        made.show()
        return made

    # --- drawing ------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits, and say how many more there are."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone, metrics, middle = theme.colours(), self.fontMetrics(), self.height() / (2 * self._lines)
        x, count = float(theme.UNIT // 2), self._count()
        for index, name in enumerate(self._names[:count]):
            draw_class(painter, QPointF(x, middle), index, self._shown(name))
            x += self._width(name)
        if count < len(self._names):
            word = self._more(len(self._names) - count)
            painter.setPen(QColor(tone.accent))
            painter.drawText(QPointF(x, middle + metrics.ascent() / 2 - 1), word)
            x += metrics.horizontalAdvance(word) + theme.UNIT
        if self._note:
            painter.setPen(QColor(tone.muted))
            area = QRectF(x, 0, max(0, self.width() - x - 4), self.height())
            side = Qt.AlignmentFlag.AlignRight
            if self._lines == 2:
                area = QRectF(theme.UNIT // 2, 2 * middle, self.width() - theme.UNIT, 2 * middle)
                side = Qt.AlignmentFlag.AlignLeft
            elided = metrics.elidedText(self._note, Qt.TextElideMode.ElideRight, int(area.width()))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | side, elided)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tone.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the focus is."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """It is elsewhere."""
        super().focusOutEvent(event)
        self.update()


class ClassList(QFrame):
    """All classes in columns, as a popup."""

    def __init__(self, names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("All classes")
        self.names = names
        sheet = _Sheet(names)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(sheet)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT, theme.UNIT, theme.UNIT)
        layout.addWidget(scroll)
        tall = sheet.height() > MOST_ROWS * ROW
        bar = scroll.verticalScrollBar().sizeHint().width() if tall else 0
        scroll.setFixedSize(sheet.width() + bar, min(sheet.height(), MOST_ROWS * ROW))
        self.adjustSize()


class _Sheet(QWidget):
    """Draws the classes column by column."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        columns = min(MOST_COLUMNS, -(-len(names) // MOST_ROWS))
        self._rows = -(-len(names) // columns)
        self.setFixedSize(columns * COLUMN, self._rows * ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Those in view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, name in enumerate(self._names):
            column, row = divmod(index, self._rows)
            if event.rect().top() - ROW <= row * ROW <= event.rect().bottom():
                shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, COLUMN - MARK - 14)
                draw_class(painter, QPointF(column * COLUMN + 2, row * ROW + ROW / 2), index, shown)
        painter.end()


def draw_class(painter: QPainter, place: QPointF, index: int, name: str) -> None:
    """A class's marker with its name, from `place` to the right, its height in the middle."""
    tone, metrics = theme.colours(), painter.fontMetrics()
    painter.setPen(QPen(QColor(tone.base), 0))
    painter.setBrush(QColor(class_colour(index)))
    painter.save()
    painter.translate(place.x() + MARK / 2, place.y())
    painter.scale(MARK - 2, MARK - 2)
    painter.drawPath(Symbols[class_symbol(index)])
    painter.restore()
    painter.setPen(QColor(tone.text))
    painter.drawText(QPointF(place.x() + MARK + 6, place.y() + metrics.ascent() / 2 - 1), name)
