"""The export dialog: which format, where to, and how far it has got. The window stays usable beside it."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.ui import theme
from mlp_studio.ui.exporting import Exporting
from mlp_studio.ui.form import plain_label, tooltip

STEPS = 1000
LOOK_MILLISECONDS = 100  # from one look at the progress to the next
REPLACED = "There is a file of this name; it will be replaced."


class ExportDialog(QDialog):
    """Chooses a format of `EXPORTS` and a file. What cannot be written says why beneath it, before it is tried."""

    def __init__(self, exporting: Exporting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        self._exporting = exporting
        self._names = list(EXPORTS)
        self._suggested = ""  # the file's name as it was suggested last
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MILLISECONDS)
        self._look.timeout.connect(self._show_progress)
        self._build()
        self.formats.currentRowChanged.connect(self._chosen)
        self.file.textChanged.connect(self._check)
        exporting.ended.connect(self._ended)
        last = exporting.memory.export_format
        self.formats.setCurrentRow(self._names.index(last) if last in self._names else self._names.index("report"))
        self.formats.setFocus()
        if exporting.is_busy:
            self._show_busy(True)

    def _build(self) -> None:
        self.formats = QListWidget(self)
        self.formats.setAccessibleName("Format")
        self.formats.addItems([export.label for export in EXPORTS.values()])
        self.formats.setSpacing(2)
        self.formats.setFixedWidth(self.formats.sizeHintForColumn(0) + 4 * theme.UNIT)
        self.formats.setMinimumHeight((self.formats.sizeHintForRow(0) + 4) * len(EXPORTS) + theme.UNIT)
        self.help = plain_label(wrap=True)
        self.help.setMinimumHeight(3 * self.help.fontMetrics().lineSpacing())
        self.help.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.file = QLineEdit(self)
        self.file.setAccessibleName("File")
        self.file.setToolTip(tooltip("The file to write; without a folder, it goes to your own"))
        self.browse = QPushButton("Browse…", self)
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        self.hint = plain_label(muted=True, wrap=True)
        self.hint.setMinimumHeight(2 * self.hint.fontMetrics().lineSpacing())
        self.hint.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(theme.UNIT)
        self.progress.setRange(0, STEPS)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.export = QPushButton("Export", self)
        self.export.setDefault(True)
        self.export.clicked.connect(self._begin)
        self.cancel = QPushButton("Close", self)
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self._arrange()

    def _arrange(self) -> None:
        file = QHBoxLayout()
        file.addWidget(self.file, 1)
        file.addWidget(self.browse)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.export)
        buttons.addWidget(self.cancel)
        right = QVBoxLayout()
        right.setSpacing(theme.UNIT)
        right.addWidget(self.help)
        caption = plain_label("&File")
        caption.setBuddy(self.file)
        right.addWidget(caption)
        right.addLayout(file)
        right.addWidget(self.hint)
        right.addStretch(1)
        right.addWidget(self.progress)
        right.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*[2 * theme.UNIT] * 4)
        layout.setSpacing(2 * theme.UNIT)
        layout.addWidget(self.formats)
        layout.addLayout(right, 1)
        self.setMinimumWidth(self.formats.width() + 420)

    # --- what is chosen -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The format that is chosen."""
        return self._names[max(0, self.formats.currentRow())]

    @property
    def path(self) -> Path:
        """The file that is named; a name alone lies in the person's own folder."""
        return Path.home() / Path(self.file.text().strip()).expanduser()

    @Slot(int)
    def _chosen(self, _row: int) -> None:
        """Tell of the format, and suggest a file; a name that the person has given stays, with another ending."""
        export, suggested = EXPORTS[self.name], self._exporting.suggestion(self.name)
        self.help.setText(export.help)
        if self.file.text() not in ("", self._suggested):
            suggested = Path(self.file.text()).with_suffix(export.suffixes[0])
        else:
            self._suggested = str(suggested)
        self.file.setText(str(suggested))
        self._check()

    @Slot()
    def _check(self) -> None:
        """Say what speaks against the file."""
        if self._exporting.is_busy:
            return
        named = bool(self.file.text().strip())
        problem = self._exporting.problem(self.name, self.path) if named else "Name the file to write."
        self.export.setEnabled(not problem)
        self.hint.setText(problem or (REPLACED if self.path.exists() else ""))

    @Slot()
    def _browse(self) -> None:
        path = ask_path(self, self.path, EXPORTS[self.name].label, EXPORTS[self.name].suffixes)
        if path is not None:
            self.file.setText(str(path if path.suffix else path.with_suffix(EXPORTS[self.name].suffixes[0])))

    # --- the work -------------------------------------------------------------------------------------------

    @Slot()
    def _begin(self) -> None:
        problem = self._exporting.problem(self.name, self.path)
        if problem:  # the folder may have gone meanwhile
            self._check()
            return
        self._show_busy(True)
        self._exporting.begin(self.name, self.path)

    def _show_busy(self, busy: bool) -> None:
        self.cancel.setText("Cancel" if busy else "Close")
        self.progress.setVisible(busy)
        for widget in (self.formats, self.file, self.browse, self.export):
            widget.setEnabled(not busy)
        if busy:
            self.progress.setValue(0)
            self.hint.setText("Exporting …")
            self._look.start()
            self.cancel.setFocus()
        else:
            self._look.stop()

    @Slot()
    def _show_progress(self) -> None:
        self.progress.setValue(round(STEPS * self._exporting.share))

    @Slot(str)
    def _ended(self, sentence: str) -> None:
        """Close when it is written, else say why not."""
        self._show_busy(False)
        if not sentence:
            self.accept()
            return
        self._check()
        self.hint.setText(sentence)
        self.export.setFocus()

    def reject(self) -> None:
        """Cancel what is being written; else close."""
        if self._exporting.is_busy:
            self._exporting.cancel()
            self.hint.setText("Cancelling …")
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nobody waits any more."""
        self._exporting.cancel()
        self._look.stop()
        super().closeEvent(event)


def ask_path(parent: QWidget, suggested: Path, label: str, suffixes: tuple[str, ...]) -> Path | None:
    """A file to write, or None. Tests replace this function."""
    kinds = f"{label} ({' '.join(f'*{suffix}' for suffix in suffixes)})"
    name = QFileDialog.getSaveFileName(parent, "Export", str(suggested), kinds)[0]
    return Path(name) if name else None
