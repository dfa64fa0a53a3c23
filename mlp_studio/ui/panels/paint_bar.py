"""The strip above the boundary while painting: classes, tools, brush, undo, and what becomes of the training."""

from functools import partial

from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QSlider, QToolButton, QVBoxLayout, QWidget

from mlp_studio.core.painting import MOST_CLASSES
from mlp_studio.core.palette import class_colour, class_symbol
from mlp_studio.ui import theme
from mlp_studio.ui.form import mark, plain_label, tooltip
from mlp_studio.ui.painter import LARGEST_BRUSH, Painter
from mlp_studio.ui.still import Still
from mlp_studio.ui.store import Painting, Tool
from mlp_studio.ui.studio import Studio

TOOLS: dict[Tool, tuple[str, str]] = {
    "add": ("Add", "Click or drag to add points of the chosen class; a larger brush adds more at once"),
    "erase": ("Erase", "Erase the points under the brush; the right mouse button does so with any tool"),
    "move": ("Move", "Drag a point, or all points under a larger brush"),
}
NAMED_CHIP, BARE_CHIP = 64, 30  # pixels across: of a class with its name, and of one without
ICON = 14
KEYS = 9  # classes that have a key, 1 to 9


class PaintBar(QWidget):
    """Draws `state.painting`; hidden while nobody paints."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._painter = studio.painter
        self._painting: Painting | None = None
        self.chips = ClassChips(studio.painter, self)
        self.tools: dict[Tool, QToolButton] = {}
        tools = QHBoxLayout()
        tools.setSpacing(theme.UNIT // 2)
        for tool, (label, help_text) in TOOLS.items():
            button = self._button(label, help_text, partial(self._choose_tool, tool))
            button.setCheckable(True)
            self.tools[tool] = button
            tools.addWidget(button)
        self.brush = QSlider(Qt.Orientation.Horizontal, self)
        self.brush.setRange(0, LARGEST_BRUSH)
        self.brush.setMinimumWidth(48)
        self.brush.setMaximumWidth(140)
        self.brush.setAccessibleName("Brush")
        self.brush.setToolTip(tooltip("The size of the brush; leftmost: a single point"))
        self.brush.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.brush.valueChanged.connect(self._set_brush)
        self.undo = self._button("↶", "Take the last change back (Ctrl+Z)", studio.undo.undo, "Undo")
        self.redo = self._button("↷", "Do what was undone once more (Ctrl+Shift+Z)", studio.undo.redo, "Redo")
        self.clear = self._button("Clear", "Erase all points; the classes stay", self._painter.clear)
        tools.addWidget(self.brush, 1)
        tools.addStretch(0)
        for button in (self.undo, self.redo, self.clear):
            tools.addWidget(button)
        self.note = plain_label(muted=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        layout.addWidget(self.chips)
        layout.addLayout(tools)
        layout.addWidget(Still(self.note))
        self.hide()

    def _choose_tool(self, tool: Tool, _checked: bool = False) -> None:
        self._painter.choose_tool(tool)

    @Slot(int)
    def _set_brush(self, pixels: int) -> None:
        if self._painting is not None and pixels != self._painting.brush:
            self._painter.set_brush(pixels)

    def recolour(self) -> None:
        """Light has turned to dark, or dark to light."""
        self.chips.recolour()
        if self._painting is not None:
            self._mark_tools(self._painting.tool)

    def _mark_tools(self, chosen: Tool) -> None:
        for tool, button in self.tools.items():
            mark(button, tool == chosen)

    def _button(self, text: str, help_text: str, act: object, name: str = "") -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tooltip(help_text))
        button.setAccessibleName(name or text)
        button.clicked.connect(act)
        return button

    def offer(self, undo: str, redo: str) -> None:
        """Say what can be undone and redone; "": nothing."""
        self.undo.setEnabled(bool(undo))
        self.redo.setEnabled(bool(redo))

    def render(self, painting: Painting | None) -> None:
        """Show what is in hand."""
        if painting is self._painting:
            return
        before, self._painting = self._painting, painting
        if (painting is None) != (before is None):
            self.setVisible(painting is not None)
        if painting is None:
            return
        self.chips.show_classes(painting.canvas.class_names, painting.label if painting.tool == "add" else -1)
        if before is None or before.tool != painting.tool:
            self._mark_tools(painting.tool)
        self.brush.setValue(painting.brush)
        self.clear.setEnabled(len(painting.canvas) > 0)
        if painting.note != self.note.text():
            self.note.setText(painting.note)
            self.note.setToolTip(tooltip(painting.note))


class ClassChips(QWidget):
    """One button a class, with its marker and, where there is room, its name; and one for a new class."""

    def __init__(self, painter: Painter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._painter = painter
        self._names: tuple[str, ...] = ()
        self._chosen = 0
        self._columns = 0
        self.buttons: list[QToolButton] = []
        self.new = QToolButton(self)
        self.new.setText("+ class")
        self.new.setAccessibleName("New class")
        self.new.clicked.connect(painter.add_class)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.UNIT // 2)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_classes(self, names: tuple[str, ...], chosen: int) -> None:
        """Show these classes, the chosen one marked (−1: none)."""
        if (names, chosen) == (self._names, self._chosen):
            return
        if names != self._names:
            self._names = names
            self._make()
        self._chosen = chosen
        for label, button in enumerate(self.buttons):
            mark(button, label == chosen)

    def recolour(self) -> None:
        """The markers have an edge in the colour of the ground."""
        for label, button in enumerate(self.buttons):
            button.setIcon(class_icon(label))
            mark(button, label == self._chosen)

    def _make(self) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [self._chip(label, name) for label, name in enumerate(self._names)]
        is_full = len(self._names) >= MOST_CLASSES
        self.new.setEnabled(not is_full)
        why = f"{MOST_CLASSES} classes are the most that can be painted"
        self.new.setToolTip(tooltip(why if is_full else "Paint points of one class more"))
        self._columns = 0
        self._arrange()

    def _chip(self, label: int, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setIcon(class_icon(label))
        button.setIconSize(QSize(ICON, ICON))
        button.setAccessibleName(f"Class {name}")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        keys = f" (key {label + 1})" if label < KEYS else ""
        button.setToolTip(tooltip(f"Paint points of class {name}{keys}"))
        button.clicked.connect(partial(self._choose, label))
        return button

    def _choose(self, label: int, _checked: bool = False) -> None:
        self._painter.choose_class(label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is more or less room."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Names where there is room for them; as many rows as it takes."""
        room = max(self.width() - self.new.sizeHint().width() - theme.UNIT, BARE_CHIP)
        named = room >= len(self.buttons) * NAMED_CHIP
        columns = min(len(self.buttons), max(1, room // (NAMED_CHIP if named else BARE_CHIP)))
        width = room // max(columns, 1) - self._grid.spacing()
        for label, (name, button) in enumerate(zip(self._names, self.buttons, strict=True)):
            text = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, min(width, 140) - ICON - 14)
            button.setText(text.replace("&", "&&") if named else "")
            button.setShortcut(str(label + 1) if label < KEYS else "")  # a new text takes it away
            beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            button.setToolButtonStyle(beside if named else Qt.ToolButtonStyle.ToolButtonIconOnly)
        if columns == self._columns:
            return
        self._columns = columns
        for label, button in enumerate(self.buttons):
            self._grid.addWidget(button, label // columns, label % columns)
            button.show()
        self._grid.addWidget(self.new, 0, columns)


def class_icon(label: int) -> QIcon:
    """The marker of a class in its colour."""
    icon = QIcon()
    for scale in (1, 2):
        picture = QPixmap(ICON * scale, ICON * scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(ICON * scale / 2, ICON * scale / 2)
        painter.scale((ICON - 2) * scale, (ICON - 2) * scale)
        painter.setPen(QPen(QColor(theme.colours().base), 0))
        painter.setBrush(QColor(class_colour(label)))
        painter.drawPath(Symbols[class_symbol(label)])
        painter.end()
        picture.setDevicePixelRatio(scale)
        icon.addPixmap(picture)
    return icon
