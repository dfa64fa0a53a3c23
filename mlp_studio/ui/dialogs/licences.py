"""The licences of everything that MLP Studio is made of: a list, and the texts of what is chosen in it."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QListWidget, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from mlp_studio.core.licences import Notice, notices
from mlp_studio.ui import theme


class LicencesDialog(QDialog):
    """Reads the texts when they are looked at: there are hundreds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Licences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.notices = notices()
        self.list = QListWidget(self)
        self.list.setAccessibleName("Parts of MLP Studio")
        self.list.addItems([title(notice) for notice in self.notices])
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentRowChanged.connect(self._show)
        self.text = QPlainTextEdit(self)
        self.text.setAccessibleName("Licence text")
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)  # the texts bring lines of their own
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        parts = QSplitter(self)
        parts.addWidget(self.list)
        parts.addWidget(self.text)
        parts.setStretchFactor(1, 1)
        parts.setSizes([300, 660])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT, theme.UNIT, theme.UNIT)
        layout.addWidget(parts)
        self.resize(1000, 640)
        self.list.setCurrentRow(0)

    @Slot(int)
    def _show(self, row: int) -> None:
        self.text.setPlainText(self.notices[row].read() or "Its distribution brings no licence text.")


def title(notice: Notice) -> str:
    """One line of the list."""
    return f"{notice.name} {notice.version}".rstrip() + f" — {notice.licence}"
