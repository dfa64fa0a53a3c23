"""A holder for labels whose text changes many times a second."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class Still(QWidget):
    """Holds one line of text, and keeps each change of it to itself.

    A label tells the layouts above it of every new text, up to the main window, which lays out all its docks anew:
    half of what the window cost while it trained. This holder has no layout, so nobody is told; the label has the room
    that the holder is given, and `widest` is the text that it asks room for.
    """

    def __init__(self, label: QLabel, widest: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        label.setParent(self)
        horizontal = QSizePolicy.Policy.Fixed if widest else QSizePolicy.Policy.Ignored
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(label.fontMetrics().height())
        if widest:
            self.make_room(widest)

    def make_room(self, text: str) -> None:
        """Grow where this text needs more room than there is; never shrink, so that nothing jumps."""
        needed = self._label.fontMetrics().horizontalAdvance(text) + 2
        if needed > self.minimumWidth():
            self.setFixedWidth(needed)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """The label fills the holder."""
        self._label.resize(self.size())
