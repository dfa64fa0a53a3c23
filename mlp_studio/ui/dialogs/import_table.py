"""The import dialog: how a text file is taken apart and what its columns are for, its first rows in view.

All that comes from the file (names, cells, the sentences that quote them) is shown as plain text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.config import MISSING_VALUES, DataConfig
from mlp_studio.core.look import Look, look
from mlp_studio.core.preview import ROLES, Column, Preview, Role
from mlp_studio.core.readers import READERS
from mlp_studio.core.text_rows import DECIMALS, DELIMITERS, ENCODINGS, TableFormat, counted
from mlp_studio.ui.jobs import Jobs
from mlp_studio.ui.theme import UNIT, number_font

SHOWN_ROWS, SHOWN_CHARACTERS, SHOWN_NAME, SHOWN_NOTES = 50, 200, 40, 2
PATIENCE = 300  # milliseconds after which it is said that the file is looked at
NARROW, WIDE = 104, 240  # px, the width of a column
FEW_COLUMNS = 6  # so many share the width of the table
MEASURED_ROWS = 15  # of a column, to find its width
MEASURED_COLUMNS = 100  # more are not measured, all have the same width
ROLE_HELP = "Feature: an input of the network. Label: the class to learn. Ignore: left out."
AT_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter  # once: this "or" is slow
ONE_HOT_HELP = (
    "One-hot: a column of text becomes as many features as it has different values, "
    "each 1 in the rows that hold the value, 0 in the others."
)

TEXTS_HELP = f"Every column that can be a feature becomes one, except the label. {ONE_HOT_HELP}"


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What to read from a file: the arguments of `core.table.read_table`. No `features`: those that are guessed."""

    path: Path
    label: str
    features: tuple[str, ...]
    format: TableFormat
    missing: str = "drop"

    @classmethod
    def guessed(cls, seen: Look) -> "ImportChoice":
        """The choice that nobody has to be asked for."""
        return cls.of(seen, seen.preview.roles if seen.preview else (), None)

    @classmethod
    def of(cls, seen: Look, roles: Sequence[Role], used: TableFormat | None, missing: str = "drop") -> "ImportChoice":
        """The choice of these roles, one for each column of the preview."""
        preview = seen.preview
        names = preview.names if preview else ()
        features = tuple(name for name, role in zip(names, roles, strict=True) if role == "feature")
        # what is guessed is left to the reading, which then says what it leaves out, and why
        as_guessed = preview is not None and tuple(roles) == preview.roles
        return cls(
            path=seen.path,
            label=next((name for name, role in zip(names, roles, strict=True) if role == "label"), ""),
            features=() if as_guessed else features,
            format=used or (preview.format if preview else TableFormat()),
            missing=missing,
        )

    def settings(self) -> dict[str, Any]:
        """The same as fields of the DataConfig."""
        return {
            "label": self.label,
            "features": self.features,
            "encoding": self.format.encoding,
            "delimiter": self.format.delimiter,
            "decimal": self.format.decimal,
            "header": "yes" if self.format.header else "no",
            "missing": self.missing,
        }


class ImportDialog(QDialog):
    """Asks how to read one file. Open it with `open()`; after `accepted`, `choice()` is what was chosen.

    `seen` is what the file shows of itself; it is looked at again in a job of `jobs` when the format is changed.
    With `present` the dialog begins with the roles that were chosen before.
    """

    def __init__(
        self, seen: Look, jobs: Jobs, parent: QWidget | None = None, present: DataConfig | None = None
    ) -> None:
        super().__init__(parent)
        self._seen, self._jobs, self._present = seen, jobs, present
        self._roles: list[Role] = []
        self._ticket = 0  # of the newest look
        self.is_looking = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE)
        self._patience.timeout.connect(self._say_so)
        self.setWindowTitle("Import table")
        self.table = PreviewTable()
        self.table.setAccessibleName("The first rows of the file")
        self.sentence, self.notes, self._icon = _plain_label(), _plain_label(), QLabel()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._build_controls()
        self._arrange()
        self._show_format(seen.preview.format if seen.preview else TableFormat())
        self._show_kind()
        self.missing.setCurrentIndex(self.missing.findData(present.missing if present else "drop"))
        self._connect()
        self._take(seen, ())
        (self.ok if self.ok.isEnabled() else self.encoding).setFocus()

    def choice(self) -> ImportChoice:
        """The format in the controls and the columns with their roles, in the order of the file."""
        return ImportChoice.of(self._seen, self._roles, self._format(), self.missing.currentData())

    @property
    def _preview(self) -> Preview | None:
        return self._seen.preview

    # What is shown

    def _build_controls(self) -> None:
        self.encoding = _box(ENCODINGS, "How letters are stored in the file.")
        self.delimiter = _box(DELIMITERS, "What separates the columns.")
        self.decimal = _box(DECIMALS, "The sign before the decimals of a number.")
        self.header = QCheckBox("First row holds the &names")
        self.header.setToolTip("If not, the columns are called x1, x2 and so on, and the first row is data.")
        self.use_all = QPushButton("&All numbers")
        self.use_all.setToolTip("Every column of numbers, except the label, becomes a feature.")
        self.use_texts = QPushButton("All, te&xt too")
        self.missing = _box(
            MISSING_VALUES,
            "What becomes of a row that lacks a value. The median is that of the training rows; a column of text is "
            "filled with its most frequent value.",
        )
        self.find_box = FindBox()
        self.not_found = QLabel()
        self.not_found.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.use_none = QPushButton("N&one")
        self.use_none.setToolTip("No column is a feature; choose the few you want above the columns.")

    def _arrange(self) -> None:
        title = _plain_label(self._seen.path.name)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        layout.setSpacing(UNIT)
        layout.addLayout(_row(title, self.not_found, self.find_box))
        layout.addLayout(self._format_row())
        layout.addWidget(self.table, 1)
        missing = QLabel("&Missing values")
        missing.setBuddy(self.missing)
        features = (QLabel("Features:"), self.use_all, self.use_texts, self.use_none)
        layout.addLayout(_row(*features, None, missing, self.missing))
        layout.addSpacing(UNIT)
        layout.addLayout(self._sentence_row())
        layout.addWidget(self.buttons)
        self.resize(880, 600)

    def _format_row(self) -> QHBoxLayout:
        row = _row()
        for text, box in (
            ("&Encoding", self.encoding),
            ("&Delimiter", self.delimiter),
            ("De&cimals", self.decimal),
        ):
            label = QLabel(text)
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box)
            row.addSpacing(UNIT)
        row.addWidget(self.header)
        row.addStretch()
        return row

    def _sentence_row(self) -> QHBoxLayout:
        self.notes.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        texts = QVBoxLayout()
        texts.addWidget(self.sentence)
        texts.addWidget(self.notes)
        row = _row()
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        self.sentence.setMinimumHeight(self.fontMetrics().lineSpacing())
        self.notes.setMinimumHeight(2 * self.fontMetrics().lineSpacing())  # so that nothing jumps
        return row

    def _show_format(self, used: TableFormat) -> None:
        for box, value in (
            (self.encoding, used.encoding),
            (self.delimiter, used.delimiter),
            (self.decimal, used.decimal),
        ):
            box.setCurrentIndex(box.findData(value))
        self.header.setChecked(used.header)

    def _show_kind(self) -> None:
        """Only of a text file is there something to settle; others say themselves how they are to be read."""
        reader = READERS.get(self._seen.kind)
        if reader is None:
            return
        settled = [] if self._seen.kind == "text" else [self.encoding, self.delimiter, self.decimal]
        for control in (*settled, *((self.header,) if reader.is_named else ())):
            control.setEnabled(False)
            control.setToolTip(f"This is {reader.label}, which needs no such choice.")

    def _connect(self) -> None:
        for box in (self.encoding, self.delimiter, self.decimal):
            box.currentIndexChanged.connect(self._look_again)
        self.header.toggled.connect(self._look_again)
        self.missing.currentIndexChanged.connect(self._show_roles)
        self.use_all.clicked.connect(self._use_all)
        self.use_texts.clicked.connect(self._use_texts)
        self.use_none.clicked.connect(self._use_none)
        self.find_box.wanted.connect(self._find)
        self.table.roles.chosen.connect(self._choose)
        self.ok.setText("Import")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    # What happens

    def _format(self) -> TableFormat:
        return TableFormat(
            encoding=self.encoding.currentData(),
            delimiter=self.delimiter.currentData(),
            decimal=self.decimal.currentData(),
            header=self.header.isChecked(),
        )

    @Slot()
    def _look_again(self) -> None:
        """Another format: the first rows are read anew, off this thread, as a large file takes its time."""
        self._ticket += 1
        self.is_looking = True
        self.ok.setEnabled(False)
        self._patience.start()
        self._jobs.start(
            "import dialog",
            partial(look, self._seen.path, self._format(), SHOWN_ROWS),
            partial(self._looked, self._ticket),
            partial(self._failed, self._ticket),
        )

    @Slot()
    def _say_so(self) -> None:
        self.sentence.setText("Looking at the first rows …")

    def _end_look(self) -> None:
        self.is_looking = False
        self._patience.stop()

    def _looked(self, ticket: int, seen: Look) -> None:
        if ticket == self._ticket:
            self._end_look()
            self._take(seen, self._preview.names if self._preview else ())

    def _failed(self, ticket: int, sentence: str) -> None:
        if ticket == self._ticket:
            self._end_look()
            self._take(Look(self._seen.path, self._seen.kind, None, sentence), ())

    def done(self, result: int) -> None:
        """Close; a look that is still under way is for nobody."""
        self._ticket += 1
        self._patience.stop()
        super().done(result)

    def _take(self, seen: Look, before: tuple[str, ...]) -> None:
        """Show a look at the file; roles stay where the columns do."""
        self._seen = seen
        preview = seen.preview
        if preview is None:
            self._roles = []
        elif preview.names != before:
            self._roles = list(_roles_of(self._present, preview) if self._present else preview.roles)
        self.table.show_preview(preview)
        self._show_roles()

    @Slot(int, str)
    def _choose(self, column: int, role: Role) -> None:
        if role == "label":  # there is one; the former label is no feature, lest it give the answer away
            self._roles = ["ignore" if other == "label" else other for other in self._roles]
        self._roles[column] = role
        self._show_roles()

    @Slot(str, bool)
    def _find(self, text: str, is_next: bool) -> None:
        self.not_found.setText("" if self.table.reveal(text, is_next=is_next) or not text else "no such column")

    @Slot()
    def _use_all(self) -> None:
        self._use(("number",))

    @Slot()
    def _use_texts(self) -> None:
        self._use(("number", "text"))

    @Slot()
    def _use_none(self) -> None:
        self._use(())

    def _use(self, kinds: tuple[str, ...]) -> None:
        columns = self._preview.columns if self._preview else ()
        self._roles = [
            role if role == "label" else "feature" if _is_one_of(column, kinds) else "ignore"
            for column, role in zip(columns, self._roles, strict=True)
        ]
        self._show_roles()

    @Slot()
    def _show_roles(self) -> None:
        preview = self._preview
        if preview is None:
            self._tell(self._seen.problem)
            return
        self.table.show_roles(self._roles)
        missing = self.missing.currentData()
        as_guessed = tuple(self._roles) == preview.roles and missing == "drop"
        self._tell(self._seen.problem if as_guessed else preview.problem(self._roles, missing))

    def _tell(self, problem: str) -> None:
        """What is wrong, or what will be imported."""
        icon = QStyle.StandardPixmap.SP_MessageBoxWarning if problem else QStyle.StandardPixmap.SP_DialogApplyButton
        self._icon.setPixmap(self.style().standardIcon(icon).pixmap(2 * UNIT, 2 * UNIT))
        self.sentence.setText(problem or self._summary())
        self.notes.setText(_some(self._seen.doubts))
        self.notes.setToolTip(_tip(" ".join(self._seen.doubts)) if self._seen.doubts else "")
        columns = self._preview.columns if self._preview else ()
        self.use_all.setEnabled(bool(columns))
        self.use_none.setEnabled(bool(columns))
        has_texts = any(
            column.categories and role != "label" for column, role in zip(columns, self._roles, strict=True)
        )
        self.use_texts.setEnabled(has_texts)
        self.use_texts.setToolTip(_tip(TEXTS_HELP if has_texts else f"{TEXTS_HELP} There is no such column here."))
        self.ok.setEnabled(not problem and not self.is_looking)
        self.ok.setToolTip(_tip(problem or "Read the whole file."))

    def _summary(self) -> str:
        if self._preview is None:
            return ""
        label = self._preview.names[self._roles.index("label")]
        roles = zip(self._preview.columns, self._roles, strict=True)
        chosen = [column for column, role in roles if role == "feature"]
        features = sum(len(column.categories) or 1 for column in chosen)
        origin = f" from {counted(len(chosen), 'column')}" if features != len(chosen) else ""
        return f"Ready: {counted(features, 'feature')}{origin}, label “{label[:SHOWN_NAME]}”."


class FindBox(QLineEdit):
    """Part of a column's name, to find the column by; Return goes on to the next."""

    wanted = Signal(str, bool)  # the text, and whether the next is wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Find a column")
        self.setAccessibleName("Find a column")
        self.setToolTip("Type a part of its name; Return goes on to the next one.")
        self.setClearButtonEnabled(True)
        self.setMaximumWidth(WIDE)
        self.textChanged.connect(self._tell)

    @Slot(str)
    def _tell(self, text: str) -> None:
        self.wanted.emit(text, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return is not for the dialog, which would take it for Import."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.wanted.emit(self.text(), True)
        else:
            super().keyPressEvent(event)


class PreviewTable(QTableView):
    """The first rows of a file below the names and the roles of its columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells = _Cells(self)
        self.roles = RoleHeader(self)
        self.setHorizontalHeader(self.roles)
        self.setModel(self._cells)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setFont(number_font())
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + UNIT)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalScrollBar().valueChanged.connect(self.roles.place)

    def show_preview(self, preview: Preview | None) -> None:
        """Show other rows; the roles follow by `show_roles`."""
        self.roles.clear()
        self._cells.show(preview)
        self.roles.show_columns(preview)
        columns = len(preview.columns) if preview else 0
        stretch = columns <= FEW_COLUMNS
        modes = QHeaderView.ResizeMode
        self.roles.setSectionResizeMode(modes.Stretch if stretch else modes.Interactive)
        if FEW_COLUMNS < columns <= MEASURED_COLUMNS:
            self.resizeColumnsToContents()

    def reveal(self, text: str, *, is_next: bool) -> bool:
        """Bring the column whose name holds the text into view: the first or the next; whether there is one."""
        column = self._cells.find(text, is_next=is_next)
        if column is None:
            return False
        self.scrollTo(self._cells.index(0, column), QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    def show_roles(self, roles: Sequence[Role]) -> None:
        """Show what each column is for."""
        self._cells.show_roles(roles)
        self.roles.show_roles(roles)


class RoleHeader(QHeaderView):
    """Column names with a box for the role below each; boxes are made when their column comes into view."""

    chosen = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._boxes: dict[int, _RoleBox] = {}
        self._roles: list[Role] = []
        self._box_height = _RoleBox(0).sizeHint().height()
        self._one_hot: dict[int, str] = {}  # column of text → what Feature means for it
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setDefaultSectionSize(NARROW + 2 * UNIT)
        self.setMinimumSectionSize(NARROW)
        self.setMaximumSectionSize(1 << 14)
        self.setResizeContentsPrecision(MEASURED_ROWS)
        self.sectionResized.connect(self.place)

    def show_columns(self, preview: Preview | None) -> None:
        """Say of columns of text how many features they become."""
        more = "" if preview is None or preview.is_whole else "+"
        columns = enumerate(preview.columns if preview else ())
        self._one_hot = {
            place: f"Feature (one-hot, {len(column.categories)}{more})"
            for place, column in columns
            if column.categories
        }

    def show_roles(self, roles: Sequence[Role]) -> None:
        """Show these roles, one for each column."""
        self._roles = list(roles)
        for column, box in self._boxes.items():
            box.show_role(self._roles[column])
        self.place()

    def clear(self) -> None:
        """Forget the columns."""
        for box in self._boxes.values():
            box.hide()
            box.deleteLater()
        self._boxes, self._roles = {}, []

    def box(self, column: int) -> QComboBox:
        """The box of a column, made if need be."""
        if column not in self._boxes:
            box = _RoleBox(column, self.viewport(), self._one_hot.get(column, ""))
            box.setAccessibleName(f"Role of {self.model().headerData(column, self.orientation())}")
            box.show_role(self._roles[column])
            box.chosen.connect(self.chosen)
            self._boxes[column] = box
        return self._boxes[column]

    @Slot()
    def place(self) -> None:
        """Put a box below each name in view."""
        first, last = self.visualIndexAt(0), self.visualIndexAt(self.viewport().width() - 1)
        in_view = range(max(first, 0), (len(self._roles) if last < 0 else last + 1) if self._roles else 0)
        for column in self._boxes.keys() - set(in_view):
            self._boxes[column].hide()
        for column in in_view:
            box = self.box(column)
            height = box.sizeHint().height()
            left, width = self.sectionViewportPosition(column), self.sectionSize(column)
            box.setGeometry(left + UNIT // 2, self.height() - height - UNIT // 2, width - UNIT, height)
            box.show()

    def sizeHint(self) -> QSize:
        """A line for the name, and the box."""
        size = super().sizeHint()
        return QSize(size.width(), size.height() + self._box_height + UNIT // 2)

    def sectionSizeFromContents(self, logicalIndex: int) -> QSize:
        """Wide enough for the box, not so wide that one long name fills the view."""
        size = super().sectionSizeFromContents(logicalIndex)
        if one_hot := self._one_hot.get(logicalIndex):
            size.setWidth(max(size.width(), self.fontMetrics().horizontalAdvance(one_hot) + 6 * UNIT))
        return QSize(min(max(size.width(), NARROW), WIDE), size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer columns are in view."""
        super().resizeEvent(event)
        self.place()


class _RoleBox(QComboBox):
    """The role of one column."""

    chosen = Signal(int, str)

    def __init__(self, column: int, parent: QWidget | None = None, one_hot: str = "") -> None:
        super().__init__(parent)
        self._column = column
        for role, text in ROLES.items():
            self.addItem(one_hot if one_hot and role == "feature" else text, role)
        self.setToolTip(_tip(f"{ROLE_HELP} {ONE_HOT_HELP}" if one_hot else ROLE_HELP))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(self._tell)

    def showPopup(self) -> None:
        """The list is as wide as its texts, however narrow the column."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * UNIT)
        super().showPopup()

    def show_role(self, role: Role) -> None:
        self.setCurrentIndex(self.findData(role))

    @Slot()
    def _tell(self) -> None:
        self.chosen.emit(self._column, self.currentData())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the table: a role should not change in passing."""
        event.ignore()


class _Cells(QAbstractTableModel):
    """The cells of a preview, dimmed where the column is ignored, tinted where it is the label."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._preview: Preview | None = None
        self._roles: list[Role] = []
        self._found: int | None = None  # the column whose name is set off

    def find(self, text: str, *, is_next: bool) -> int | None:
        names = [name.casefold() for name in self._preview.names] if self._preview and text else []
        start = self._found + 1 if is_next and self._found is not None else 0
        order = [*range(start, len(names)), *range(min(start, len(names)))]
        self._found = next((column for column in order if text.casefold() in names[column]), None)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, max(0, self.columnCount() - 1))
        return self._found

    def show(self, preview: Preview | None) -> None:
        self.beginResetModel()
        self._preview, self._roles, self._found = preview, list(preview.roles) if preview else [], None
        self.endResetModel()

    def show_roles(self, roles: Sequence[Role]) -> None:
        self._roles = list(roles)
        if self._preview:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return len(self._preview.rows) if self._preview and not parent.isValid() else 0

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(self._preview.columns) if self._preview and not parent.isValid() else 0

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if self._preview is None:
            return None
        across = orientation == Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.DisplayRole:
            return self._preview.names[section] if across else f"{self._preview.lines[section]:,}"
        if role == Qt.ItemDataRole.FontRole and across and section == self._found:
            font = QApplication.font()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(self._preview.names[section]) if across else "The line of the file on which the row starts."
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        if self._preview is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(self._preview.rows[index.row()][column][:SHOWN_CHARACTERS].split())
        if role == Qt.ItemDataRole.TextAlignmentRole and self._preview.columns[column].kind != "text":
            return AT_RIGHT
        if role == Qt.ItemDataRole.ForegroundRole and self._roles[column] == "ignore":
            return QApplication.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        if role == Qt.ItemDataRole.BackgroundRole and self._roles[column] == "label":
            tint = QApplication.palette().color(QPalette.ColorRole.Highlight)
            tint.setAlpha(48)
            return tint
        return None


def _roles_of(present: DataConfig, preview: Preview) -> tuple[Role, ...]:
    """The roles that were chosen before, as far as the columns are still there; without any features, those guessed."""
    names, chosen = preview.names, set(present.features)
    label = present.label if present.label in names else ""
    guessed = ("ignore" if role == "label" and label else role for role in preview.roles)
    roles: list[Role] = [
        "label" if name == label else ("feature" if name in chosen else "ignore") if chosen else role
        for name, role in zip(names, guessed, strict=True)
    ]
    if not label and chosen and "label" in preview.roles:
        roles[preview.roles.index("label")] = "label"
    return tuple(roles)


def _is_one_of(column: Column, kinds: tuple[str, ...]) -> bool:
    """Whether a column is of one of these kinds, and one of text has so few that each can become a feature."""
    return column.kind in kinds and (column.kind != "text" or bool(column.categories))


def _plain_label(text: str = "") -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a long word widens nothing
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    label.setText(text)
    return label


def _tip(text: str) -> str:
    """A tooltip that shows the text as it is, whatever markup it holds."""
    return f"<qt>{escape(text)}</qt>"


def _some(notes: tuple[str, ...]) -> str:
    more = len(notes) - SHOWN_NOTES
    shown = " ".join(notes[:SHOWN_NOTES])
    return f"{shown} ({more:,} more such note{'' if more == 1 else 's'}.)" if more > 0 else shown


def _box(choices: Mapping[str, str], tip: str) -> QComboBox:
    box = QComboBox()
    for value, text in choices.items():
        box.addItem(text, value)
    box.setToolTip(tip)
    return box


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets side by side; None is a stretch."""
    row = QHBoxLayout()
    row.setSpacing(UNIT)
    for widget in widgets:
        if widget is None:
            row.addStretch()
        else:
            row.addWidget(widget)
    return row
