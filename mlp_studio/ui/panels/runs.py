"""The runs of this project: what they differ by, how well they did, and the way back to each of them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPalette, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.kept import KeptRun
from mlp_studio.core.run_list import differences
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.tables import UNKNOWN, Heading, Table, TableMenu, bold
from mlp_studio.ui.plots.curves import COMPARED
from mlp_studio.ui.store import Run, RunScores, State
from mlp_studio.ui.studio import Studio

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
UNMEASURED = RunScores(math.nan, math.nan, math.nan)
SWATCH = 10  # pixels
EMPTY = "Every run that another takes the place of is kept here, and can be brought back to be gone on with."


@dataclass(frozen=True, slots=True)
class Row:
    """One run as the table shows it; accuracies 0…1, nan where they are not known."""

    number: int
    is_present: bool
    differs: str
    data: str
    epochs: int
    status: str
    scores: RunScores
    seconds: float
    note: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it means, the value of a row, how that is written, and the width that texts get."""

    title: str
    tip: str
    value: Callable[[Row], Any]
    text: Callable[[Any], str] = str
    width: int = 0  # pixels; 0: as its contents need

    @property
    def is_number(self) -> bool:
        """Whether it is aligned at the right."""
        return self.text is not str


def _share(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{100 * value:.2f} %"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _count(value: int) -> str:
    return f"{value:,}"


def _number(value: int) -> str:
    return str(value) if value else "new"


NOTE = 9
COLUMNS = (
    Column("Run", "Runs are counted as they begin; the present one comes first", lambda row: row.number, _number),
    Column("Differs by", "The settings that are not the same in all runs", lambda row: row.differs, width=150),
    Column("Test", "Accuracy on the test rows", lambda row: row.scores.test, _share),
    Column("Val.", "Accuracy on the validation rows", lambda row: row.scores.validation, _share),
    Column("Train", "Accuracy on the training rows, dropout off", lambda row: row.scores.train, _share),
    Column("Epochs", "Epochs done", lambda row: row.epochs, _count),
    Column("Time", "How long it has trained", lambda row: row.seconds, _time),
    Column("Status", "How it ended, or what it does", lambda row: row.status),
    Column("Data", "The data that it learned from", lambda row: row.data, width=110),
    Column("Note", "Your own words: press F2, or type, to write", lambda row: row.note, width=130),
)


def rows_of(state: State) -> tuple[Row, ...]:
    """The present run, where there is one, and those of the list, the latest first."""
    run, kept = state.run, tuple(reversed(state.runs))
    present = () if run is None else (run,)
    differ = differences([each.experiment for each in (*present, *kept)])
    rows = [_present_row(run, differ[0])] if run is not None else []
    for each, text in zip(kept, differ[len(rows) :], strict=True):
        rows.append(_kept_row(each, text, state.run_scores.get(each.number, UNMEASURED)))
    return tuple(rows)


def _present_row(run: Run, differs: str) -> Row:
    parts = {} if run.evaluation is None else run.evaluation.parts
    accuracies = (parts[name].accuracy if name in parts else math.nan for name in ("train", "validation", "test"))
    scores = RunScores(*accuracies) if run.has_begun else UNMEASURED
    name = run.prepared.dataset.name
    return Row(run.number, True, differs, name, run.epoch, run.status, scores, run.seconds, run.note)


def _kept_row(run: KeptRun, differs: str, scores: RunScores) -> Row:
    name = run.prepared.dataset.name
    return Row(run.number, False, differs, name, run.epoch, run.status, scores, run.seconds, run.note)


def sorted_rows(rows: Sequence[Row], column: int, *, downwards: bool) -> tuple[Row, ...]:
    """The present run first, the others by a column, what is not known at the end; −1: as they are."""
    present, others = [row for row in rows if row.is_present], [row for row in rows if not row.is_present]
    if column < 0:
        return (*present, *others)
    value = COLUMNS[column].value
    known = [row for row in others if value(row) == value(row)]
    unknown = [row for row in others if value(row) != value(row)]
    return (*present, *sorted(known, key=value, reverse=downwards), *unknown)


class RunsModel(QAbstractTableModel):
    """Serves the rows in the order that a person chose; only the notes can be edited."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.rows: tuple[Row, ...] = ()
        self.colours: dict[int, str] = {}  # of the curves of runs that are compared
        self._order = (-1, False)

    def show(self, rows: Sequence[Row], colours: dict[int, str]) -> bool:
        """Show these rows; whether they are other runs, or in another order."""
        new = sorted_rows(rows, self._order[0], downwards=self._order[1])
        is_new = [row.number for row in new] != [row.number for row in self.rows]
        self.colours = colours
        if is_new:
            self.beginResetModel()
            self.rows = new
            self.endResetModel()
        elif new:
            self.rows = new
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(COLUMNS) - 1))
        return is_new

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put the runs into another order."""
        self._order = (column, order == Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        self.rows = sorted_rows(self.rows, column, downwards=self._order[1])
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many runs."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        """Titles of columns, and what they mean."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Role.DisplayRole:
            return COLUMNS[section].title
        return tooltip(COLUMNS[section].tip) if role == Role.ToolTipRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Text, colour and explanation of a cell."""
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        value = column.value(row)
        if role in (Role.DisplayRole, Role.EditRole):
            return column.text(value)
        if role == Role.ToolTipRole:
            return tooltip(f"{column.text(value)}" if value != "" else column.tip)
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Role.FontRole and row.is_present:
            return bold(theme.number_font())
        if role == Role.DecorationRole and index.column() == 0 and row.number in self.colours:
            return swatch(self.colours[row.number])
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Notes can be written."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        can_write = index.column() == NOTE and self.rows[index.row()].number > 0
        return flags | Qt.ItemFlag.ItemIsEditable if can_write else flags

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        """Write a note."""
        if role != Role.EditRole or index.column() != NOTE:
            return False
        self._studio.runs.annotate(self.rows[index.row()].number, " ".join(str(value).split()))
        return True


class RunsView(QTableView):
    """A flat table of runs, a row each."""

    def __init__(self, model: RunsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName("Runs")
        self.setFont(theme.number_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.DoubleClicked)
        self.setTabKeyNavigation(False)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.UNIT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def fit(self) -> None:
        """Columns as wide as their contents; texts as wide as is useful."""
        self.resizeColumnsToContents()
        for place, column in enumerate(COLUMNS):
            if column.width:
                self.setColumnWidth(place, min(max(column.width // 2, self.columnWidth(place)), column.width))

    @property
    def numbers(self) -> list[int]:
        """The numbers of the chosen runs of the list, in their order; the present one is not among them."""
        model = self.model()
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = [model.rows[place] for place in chosen] if isinstance(model, RunsModel) else []
        return [row.number for row in rows if not row.is_present]


class RunsPanel(QWidget):
    """The table of runs with what can be done with them; the curves of those chosen lie over the present run's."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._key: tuple[object, ...] = ()
        self._is_rendering = False
        self.question: QMessageBox | None = None
        self.model = RunsModel(studio, self)
        self.view = RunsView(self.model, self)
        self.view.installEventFilter(self)
        self.view.selectionModel().selectionChanged.connect(self._chosen)
        self.empty = plain_label(EMPTY, muted=True, wrap=True)
        self.back = self._button("&Bring back", "Go back to the chosen run, its settings and data (Return)")
        self.remove = self._button("&Delete…", "Take the chosen runs out of the list (Delete)")
        self.back.clicked.connect(self.bring_back)
        self.remove.clicked.connect(self.ask_to_delete)
        self.menu = TableMenu(self.table, lambda: "runs", self._report, self)
        self.menu.serve(self.view)
        self._build()
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def _button(self, text: str, help_text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tooltip(help_text))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        return button

    def _build(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(theme.UNIT // 2, 0, theme.UNIT // 2, theme.UNIT // 2)
        tools.setSpacing(theme.UNIT)
        tools.addWidget(self.back)
        tools.addWidget(self.remove)
        tools.addStretch(1)
        tools.addWidget(self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        layout.addWidget(self.view, 1)
        self.empty.setContentsMargins(theme.UNIT, 0, theme.UNIT, 0)
        layout.addWidget(self.empty)
        layout.addLayout(tools)

    # --- state → table ----------------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the runs, while they can be seen."""
        run = state.run
        now = None if run is None else (run.number, run.experiment, run.status, run.evaluation, run.note, run.prepared)
        key = (state.runs, state.run_scores, state.compared, now)
        if key == self._key or not self.isVisible():
            return
        self._key = key
        colours = dict(zip(state.compared, COMPARED, strict=False))
        self._is_rendering = True
        if self.model.show(rows_of(state), colours):
            self.view.fit()
            self._select(state.compared)
        self._is_rendering = False
        self.empty.setVisible(not state.runs)
        self._offer()
        if state.runs:
            self._studio.runs.measure()

    def _select(self, numbers: Sequence[int]) -> None:
        chosen = QItemSelection()
        for place, row in enumerate(self.model.rows):
            if row.number in numbers:
                index = self.model.index(place, 0)
                chosen.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        self.view.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)

    def _offer(self) -> None:
        numbers = self.view.numbers
        self.back.setEnabled(len(numbers) == 1)
        self.remove.setEnabled(bool(numbers))
        self.menu.setEnabled(bool(self.model.rows))

    def showEvent(self, event: QShowEvent) -> None:
        """What has changed while it was hidden is shown now."""
        super().showEvent(event)
        self.render(self._studio.store.state)

    def table(self) -> Table | None:
        """What is shown, to be copied and saved."""
        rows = self.model.rows
        headings = tuple(Heading(column.title, figures="" if not column.is_number else "g") for column in COLUMNS[1:])
        cells = [[column.text(column.value(row)) for column in COLUMNS[1:]] for row in rows]
        return Table("Run", tuple(Heading(_number(row.number)) for row in rows), headings, cells)

    # --- gestures -----------------------------------------------------------------------------------------------

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Return brings the chosen run back, Delete asks."""
        if watched is self.view and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.back.isEnabled():
                self.bring_back()
                return True
            if event.key() == Qt.Key.Key_Delete and self.remove.isEnabled():
                self.ask_to_delete()
                return True
        return False

    @Slot()
    def _chosen(self) -> None:
        if not self._is_rendering:
            self._offer()
            self._studio.runs.compare(self.view.numbers[: len(COMPARED)])

    @Slot()
    def bring_back(self) -> None:
        """Make the chosen run the present one."""
        numbers = self.view.numbers
        if len(numbers) == 1:
            self._studio.runs.bring_back(numbers[0])

    @Slot()
    def ask_to_delete(self) -> None:
        """Delete the chosen runs, after a question: they cannot be had again."""
        numbers = self.view.numbers
        if not numbers or self.question is not None:
            return
        self.question = box = ask(self, numbers)

        def answered(answer: int) -> None:
            self.question = None
            if answer == QMessageBox.StandardButton.Yes.value:
                self._studio.runs.delete(numbers)

        box.finished.connect(answered)

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)


def swatch(colour: str) -> QIcon:
    """The colour of a run's curves; the same where its row is chosen."""
    picture = QPixmap(SWATCH, SWATCH)
    picture.fill(QColor(colour))
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon


def ask(parent: QWidget, numbers: Sequence[int]) -> QMessageBox:
    """The question before runs are deleted; its `finished` brings the answer."""
    buttons = QMessageBox.StandardButton
    which = f"run {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} runs"
    text = f"Delete {which}? The weights cannot be had back."
    box = QMessageBox(QMessageBox.Icon.Question, "Delete runs", text, buttons.Yes | buttons.Cancel, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.button(buttons.Yes).setText("Delete")
    box.setDefaultButton(buttons.Cancel)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box
