"""About MLP Studio: its version, what it runs on, its licence and those of what it is made of."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mlp_studio import __version__
from mlp_studio.core.diagnostics import versions_block
from mlp_studio.ui import theme
from mlp_studio.ui.dialogs.licences import LicencesDialog
from mlp_studio.ui.form import plain_label, tooltip

ICON = 64  # pixels


class AboutDialog(QDialog):
    """A window beside the main one; `copy_wanted`: versions and log lines are to go to the clipboard."""

    copy_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About MLP Studio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = plain_label(f"MLP Studio {__version__}")
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.4)
        title.setFont(font)
        self.versions = plain_label("\n".join(versions_block().splitlines()[1:]), muted=True)
        self.versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(theme.UNIT)
        for label in (title, plain_label("A laboratory for multilayer perceptrons.\nMIT licence."), self.versions):
            words.addWidget(label)
        top = QHBoxLayout()
        top.setSpacing(2 * theme.UNIT)
        top.addWidget(self._icon(), 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * theme.UNIT, 2 * theme.UNIT, 2 * theme.UNIT, 2 * theme.UNIT)
        layout.setSpacing(2 * theme.UNIT)
        layout.addLayout(top)
        layout.addWidget(self._buttons())

    def _icon(self) -> QLabel:
        label = QLabel()
        label.setPixmap(self.windowIcon().pixmap(ICON))
        return label

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        box.rejected.connect(self.close)
        self.copy_button = QPushButton("Copy diagnostics", self)
        self.copy_button.setToolTip(tooltip("Copy versions and the last log lines"))
        self.copy_button.clicked.connect(self.copy_wanted)
        self.licences_button = QPushButton("Licences…", self)
        self.licences_button.setToolTip(tooltip("The licences of everything that MLP Studio is made of"))
        self.licences_button.clicked.connect(self._show_licences)
        for button in (self.copy_button, self.licences_button):
            box.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        return box

    @Slot()
    def _show_licences(self) -> None:
        LicencesDialog(self).show()
