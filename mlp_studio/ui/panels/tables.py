"""Tables of figures: one value to show, one view to show it in, one menu to copy and save it.

A `Table` is a frozen value. `TableView` draws it flat, with the row titles frozen at the left; another
table of the same headings repaints the figures and leaves widths, scrolling and focus alone.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QIODevice,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QSaveFile,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHeaderView,
    QMenu,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QWidget,
)

from mlp_studio.core.cells import full, markdown, tsv
from mlp_studio.core.palette import class_colour, class_symbol
from mlp_studio.ui import theme
from mlp_studio.ui.form import tooltip

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Grid: TypeAlias = Sequence[Sequence[Any]] | NDArray[Any]
Orientation = Qt.Orientation

MARK = 9  # pixels of a class's marker
PAD = theme.UNIT - 3  # on each side of a cell
TITLE_WIDTH = 112  # pixels that the title of a column may take before it is cut
NARROW_STUB = 96  # the same for the titles of rows, where all columns fit beside that
WIDE_STUB = 140  # and where there is scrolling anyway
MEASURED_ROWS = 60
MEASURED_TEXTS = 3  # of a column of figures
UNKNOWN = "–"  # for a figure that is not defined, such as a share of nothing


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a row or column. `figures` is the format of its figures, "" for text.

    `tip` explains it; `marker` is the class that it names; `widest` the longest text of its cells; `brief` is shown
    where there is no room for `text`.
    """

    text: str
    tip: str = ""
    figures: str = ""
    marker: int | None = None
    strong: bool = False
    widest: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Figures and texts with a heading for each row and column; `stub` says what the row headings are.

    `shades` [row][column], 0 to 1, colour the cells; `cell_tip(row, column)` explains a cell.
    """

    stub: str
    rows: tuple[Heading, ...]
    columns: tuple[Heading, ...]
    cells: Grid
    shades: Grid | None = None
    cell_tip: Callable[[int, int], str] | None = None

    def text(self, row: int, column: int) -> str:
        """A cell as it is shown; a row's own format goes before the column's."""
        value = self.cells[row][column]
        if isinstance(value, str):
            return value
        if value != value:  # not a number
            return UNKNOWN
        return format(value, self.rows[row].figures or self.columns[column].figures)

    def is_number(self, row: int, column: int) -> bool:
        """Whether a cell holds a figure, which is aligned at the right."""
        return bool(self.rows[row].figures or self.columns[column].figures)


EMPTY = Table("", (), (), ())


# --- copies -----------------------------------------------------------------------------------------------


def as_tsv(table: Table) -> str:
    """Tab-separated lines with the full figures, as spreadsheets take them from the clipboard."""
    return tsv(_lines(table))


def as_csv(table: Table) -> str:
    """Comma-separated lines with the full figures."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([full(cell) for cell in line] for line in _lines(table))
    return stream.getvalue()


def as_markdown(table: Table) -> str:
    """A Markdown table with the figures as they are shown."""
    columns = range(len(table.columns))
    lines = [[heading.text, *(table.text(row, column) for column in columns)] for row, heading in enumerate(table.rows)]
    numbers = [False, *(bool(heading.figures) for heading in table.columns)]
    return markdown([table.stub, *(heading.text for heading in table.columns)], lines, numbers)


def _lines(table: Table) -> Iterator[list[Any]]:
    """Headings and cells."""
    yield [table.stub, *(heading.text for heading in table.columns)]
    for row, heading in enumerate(table.rows):
        yield [heading.text, *table.cells[row]]


def write_csv(path: Path, table: Table) -> None:
    """Write a table for spreadsheets, all of it or nothing. Raises OSError with the system's reason."""
    file = QSaveFile(str(path))
    content = as_csv(table).encode("utf-8-sig")  # the mark makes spreadsheets read names right
    if not (file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) == len(content) and file.commit()):
        raise OSError(file.errorString())


def ask_path(parent: QWidget, name: str) -> Path | None:
    """Ask for a file to write; None: no file. Tests replace this function."""
    dialog = QFileDialog(parent, "Save table", name, "CSV (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    accepted = dialog.exec()
    names = dialog.selectedFiles()
    dialog.deleteLater()
    return Path(names[0]) if accepted and names else None


class TableMenu(QToolButton):
    """The button beside a table that copies and saves it; a `brief` one is no more than an arrow.

    `table()` gives the table, None while there is none; `name()` a file's name for it;
    `report(sentence, is_error)` tells how saving went.
    """

    def __init__(
        self,
        table: Callable[[], Table | None],
        name: Callable[[], str],
        report: Callable[[str, bool], None],
        parent: QWidget | None = None,
        *,
        brief: bool = False,
    ) -> None:
        super().__init__(parent)
        self._table, self._name, self._report = table, name, report
        self.setText("▾" if brief else "Export ▾")
        self.setAutoRaise(True)
        self.setToolTip("Copy or save this table")
        self.setAccessibleName("Copy or save this table")
        self._menu = QMenu(self)
        self.copy_tsv = self._action("&Copy for a spreadsheet (TSV)", self.copy_as_tsv)
        self.copy_markdown = self._action("Copy as &Markdown", self.copy_as_markdown)
        self.copy_tsv.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_tsv.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.save = self._action("&Save as CSV …", self.save_as_csv)
        self.clicked.connect(self._open)

    def _action(self, text: str, slot: Callable[[], None]) -> QAction:
        action = self._menu.addAction(text)
        action.triggered.connect(slot)
        return action

    def serve(self, view: QWidget) -> None:
        """Offer the same in the context menu of a view, and to Ctrl+C where it has the focus."""
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        view.addActions([self.copy_tsv, self.copy_markdown, self.save])

    @Slot()
    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    @Slot()
    def copy_as_tsv(self) -> None:
        """Put the table on the clipboard for a spreadsheet."""
        table = self._table()
        if table is not None:
            QGuiApplication.clipboard().setText(as_tsv(table))

    @Slot()
    def copy_as_markdown(self) -> None:
        """Put the table on the clipboard as Markdown."""
        table = self._table()
        if table is not None:
            QGuiApplication.clipboard().setText(as_markdown(table))

    @Slot()
    def save_as_csv(self) -> None:
        """Ask for a file and write the table into it."""
        table = self._table()
        path = ask_path(self.window(), f"{self._name()}.csv") if table is not None else None
        if table is None or path is None:
            return
        try:
            write_csv(path, table)
        except OSError as error:
            self._report(f"{path.name} could not be written: {error}.", True)
        else:
            self._report(f"The table was saved as {path.name}.", False)


# --- the view ---------------------------------------------------------------------------------------------


class TableModel(QAbstractTableModel):
    """Serves the cells of a `Table`, which it can exchange for another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = EMPTY

    def show(self, table: Table) -> bool:
        """Serve this table; whether its headings are others than the last one's."""
        old = self.table
        is_new = (table.stub, table.rows, table.columns) != (old.stub, old.rows, old.columns)
        if is_new:
            self.beginResetModel()
            self.table = table
            self.endResetModel()
        else:
            self.table = table
            last = self.index(len(table.rows) - 1, len(table.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        return is_new

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Rows without the heading."""
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns without the row titles."""
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The text of a cell, and its explanation."""
        table, row, column = self.table, index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return table.text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = table.cell_tip(row, column) if table.cell_tip is not None else table.text(row, column)
            return tooltip(tip)
        return None

    def headerData(self, section: int, orientation: Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The title of a row or column, and its explanation."""
        heading = (self.table.columns if orientation == Orientation.Horizontal else self.table.rows)[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return heading.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(heading.tip or heading.text)
        return None


@dataclass(slots=True)
class _Ink:
    """What the cells of a view are drawn with."""

    painter: QPainter
    palette: QPalette
    font: QFont

    def line(self, area: QRect) -> None:
        """The hairline beneath a row."""
        self.painter.setPen(QPen(self.palette.color(QPalette.ColorRole.Mid), 1))
        self.painter.drawLine(area.bottomLeft(), area.bottomRight())

    def text(self, area: QRect, text: str, colour: QColor, align: Qt.AlignmentFlag) -> None:
        """A text, cut where there is no room for it."""
        room = area.adjusted(PAD, 0, -PAD, -1)
        shown = QFontMetrics(self.font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        self.painter.setFont(self.font)
        self.painter.setPen(colour)
        self.painter.drawText(room, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)

    def marker(self, area: QRect, index: int) -> QRect:
        """A class's marker at the left of `area`; what remains of it."""
        self.painter.save()
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(area.left() + PAD + MARK / 2 + 0.5, area.center().y() + 0.5)
        self.painter.translate(middle)
        self.painter.scale(MARK, MARK)
        self.painter.fillPath(Symbols[class_symbol(index)], QColor(class_colour(index)))
        self.painter.restore()
        return area.adjusted(MARK + PAD - 1, 0, 0, 0)


class _Header(QHeaderView):
    """A flat header: column titles muted, row titles like text, with the markers of classes."""

    def __init__(self, orientation: Orientation, parent: "TableView") -> None:
        super().__init__(orientation, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(8)

    def paintSection(self, painter: QPainter, area: QRect, section: int) -> None:
        """One title."""
        table = self.model().table  # type: ignore[attr-defined]
        role, palette = QPalette.ColorRole, self.palette()
        across = self.orientation() == Orientation.Horizontal
        heading = (table.columns if across else table.rows)[section]
        ink = _Ink(painter, palette, bold(self.font()) if heading.strong else self.font())
        painter.fillRect(area, palette.color(role.Window))
        ink.line(area)
        if across and table.shades is not None:
            align = Qt.AlignmentFlag.AlignHCenter
        else:
            align = Qt.AlignmentFlag.AlignRight if across and heading.figures else Qt.AlignmentFlag.AlignLeft
        if heading.marker is not None:
            area = self._centred(area, heading) if align == Qt.AlignmentFlag.AlignHCenter else area
            area, align = ink.marker(area, heading.marker), Qt.AlignmentFlag.AlignLeft
        colour = palette.color(role.PlaceholderText if across and heading.marker is None else role.Text)
        room = area.width() - 2 * PAD
        fits = not heading.brief or QFontMetrics(self.font()).horizontalAdvance(heading.text) <= room
        ink.text(area, heading.text if fits else heading.brief, colour, align)

    def _centred(self, area: QRect, heading: Heading) -> QRect:
        """The middle of `area` that marker and title fill together."""
        width = _title_width(QFontMetrics(self.font()), heading) + 2
        spare = max(0, area.width() - width) // 2
        return area.adjusted(spare, 0, -spare, 0)


class _Corner(QWidget):
    """The title of the row titles, where the headers meet."""

    def __init__(self, parent: "TableView") -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._title = ""

    def show_title(self, title: str) -> None:
        """Show this title."""
        self._title = title
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Like the title of a column."""
        painter = QPainter(self)
        ink = _Ink(painter, self.palette(), self.font())
        ink.line(self.rect())
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText)
        ink.text(self.rect(), self._title, muted, Qt.AlignmentFlag.AlignLeft)
        painter.end()


class _Cells(QStyledItemDelegate):
    """Draws the cells of a `TableView`."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell: shade, text, hairline; an outline where it is marked."""
        view: TableView = self.parent()  # type: ignore[assignment]
        table, row, column = view.table, index.row(), index.column()
        heading, palette, area = table.rows[row], view.palette(), option.rect
        ink = _Ink(painter, palette, bold(view.font()) if heading.strong else view.font())
        text, colour = table.text(row, column), palette.color(QPalette.ColorRole.Text)
        painter.save()
        if table.shades is None:
            right = table.is_number(row, column)
            align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            ink.line(area)
        else:
            align = Qt.AlignmentFlag.AlignHCenter
            ground = shade(palette, float(table.shades[row][column]))
            painter.fillRect(area.adjusted(1, 1, 0, 0), ground)
            colour = palette.color(QPalette.ColorRole.PlaceholderText) if table.cells[row][column] == 0 else colour
            colour = readable(colour, ground)
        ink.text(area, text, colour, align)
        if view.marked == (row, column):
            self._outline(painter, area, 3, palette.color(QPalette.ColorRole.Base))
            self._outline(painter, area, 2, palette.color(QPalette.ColorRole.Text))
        elif view.is_choosable and view.hasFocus() and view.currentIndex() == index:
            self._outline(painter, area, 1, colour)
        painter.restore()

    @staticmethod
    def _outline(painter: QPainter, area: QRect, width: int, colour: QColor) -> None:
        inset = 2 if width != 1 else 3
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine if width != 1 else Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(inset, inset, 1 - inset, 1 - inset))


class TableView(QTableView):
    """Shows a `Table` flat. Where `choosable`, `chosen(row, column)` tells of a click or Enter on a cell."""

    chosen = Signal(int, int)

    def __init__(self, name: str, *, choosable: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._corner = _Corner(self)
        self.is_choosable = choosable
        self.marked: tuple[int, int] | None = None
        self._model = TableModel(self)
        self._widths: list[int] = []  # what the columns need
        self._brief_widths: list[int] = []  # and with brief titles, where there are any
        self._stub_width = 0  # what the row titles need
        self._is_wide = False  # there is not room for all columns
        self.setAccessibleName(name)
        self.setFont(theme.number_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setHorizontalHeader(_Header(Orientation.Horizontal, self))
        self.setVerticalHeader(_Header(Orientation.Vertical, self))
        self.setItemDelegate(_Cells(self))
        self.setModel(self._model)
        self._take_font()
        if choosable:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            self.clicked.connect(self._clicked)

    @property
    def table(self) -> Table:
        """What is shown."""
        return self._model.table

    def show_table(self, table: Table) -> None:
        """Show this table."""
        if self._model.show(table):
            self.marked = None
            self._corner.show_title(table.stub)
            self._measure()

    def mark(self, cell: tuple[int, int] | None) -> None:
        """Outline this cell."""
        if cell != self.marked:
            self.marked = cell
            self.viewport().update()

    # --- sizes ---------------------------------------------------------------------------------------------

    def _take_font(self) -> None:
        row_height = self.fontMetrics().height() + theme.UNIT
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setFont(self.font())
        self._corner.setFont(self.font())
        self.verticalHeader().setMinimumSectionSize(row_height)
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.horizontalHeader().setFixedHeight(row_height)

    def _measure(self) -> None:
        """What columns and row titles need; then share out the room."""
        table = self.table
        is_strong = any(heading.strong for heading in table.rows)
        metrics = QFontMetrics(bold(self.font()) if is_strong else self.font())
        self._widths = [self._needed(metrics, column) for column in range(len(table.columns))]
        has_brief = table.shades is None and any(heading.brief for heading in table.columns)
        columns = range(len(table.columns)) if has_brief else ()
        self._brief_widths = [self._needed(metrics, column, brief=True) for column in columns] or self._widths
        titles = (_title_width(metrics, heading) for heading in table.rows)
        self._stub_width = max([_text_width(metrics, table.stub), *titles])
        self._share_room()
        self.updateGeometry()

    def _needed(self, metrics: QFontMetrics, column: int, *, brief: bool = False) -> int:
        heading = self.table.columns[column]
        if brief and heading.brief:
            heading = replace(heading, text=heading.brief)
        rows = range(0 if heading.widest else min(len(self.table.rows), MEASURED_ROWS))
        texts = {heading.widest, *(self.table.text(row, column) for row in rows)}
        if heading.figures:  # digits are of one width, so that the widest is among the longest
            texts = set(sorted(texts, key=len)[-MEASURED_TEXTS:])
        title = min(_title_width(metrics, heading), TITLE_WIDTH)
        if self.table.shades is not None:  # many classes: rather more cells than whole names
            title = min(title, 2 * self.verticalHeader().defaultSectionSize())
        return max(title, *(_text_width(metrics, text) for text in texts))

    def _share_room(self) -> None:
        """Widths for the room that there is: row titles give way first, and take what is left over."""
        if not self._widths:
            return
        is_grid = self.table.shades is not None
        narrow = min(self._stub_width, WIDE_STUB if is_grid else NARROW_STUB)
        room = self._room(self._height())
        widths = self._widths if narrow + sum(self._widths) <= room else self._brief_widths
        self._is_wide = narrow + sum(widths) > room
        room = self._room(self._height() + self._bar())
        least = min(self._stub_width, WIDE_STUB) if self._is_wide else narrow
        stub = max(room - sum(widths), least)
        if is_grid:  # cells of one width, and the room goes to them
            side = min((room - least) // len(widths), 4 * self.verticalHeader().defaultSectionSize())
            widths, stub = [max(side, *widths)] * len(widths), least
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        self.verticalHeader().setFixedWidth(stub)
        self.setMaximumHeight(self._height() + self._bar())
        self.updateGeometries()

    def _room(self, height: int) -> int:
        """Pixels for row titles and columns when they are `height` high, less what a scroll bar takes."""
        return self.width() - (self.verticalScrollBar().sizeHint().width() if height > self.height() else 0)

    def _height(self) -> int:
        return self.horizontalHeader().height() + len(self.table.rows) * self.verticalHeader().defaultSectionSize()

    def _bar(self) -> int:
        return self.horizontalScrollBar().sizeHint().height() if self._is_wide else 0

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        return QSize(320, self._height() + self._bar())

    def minimumSizeHint(self) -> QSize:
        """Room for two rows."""
        few = min(2, len(self.table.rows))
        height = self.horizontalHeader().height() + few * self.verticalHeader().defaultSectionSize()
        return QSize(120, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the new room."""
        super().resizeEvent(event)
        self._share_room()

    def updateGeometries(self) -> None:
        """Keep the title of the row titles in the corner."""
        super().updateGeometries()
        self._corner.setGeometry(0, 0, self.verticalHeader().width(), self.horizontalHeader().height())
        self._corner.raise_()

    def changeEvent(self, event: QEvent) -> None:
        """Measure again when the font of the application changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_model"):
            self._take_font()
            self._measure()

    # --- choosing ------------------------------------------------------------------------------------------

    @Slot(QModelIndex)
    def _clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row(), index.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses like a click."""
        if self.is_choosable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._clicked(self.currentIndex())
        else:
            super().keyPressEvent(event)


def _title_width(metrics: QFontMetrics, heading: Heading) -> int:
    marker = MARK + PAD - 1 if heading.marker is not None else 0
    return _text_width(metrics, heading.text) + marker


def _text_width(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + 2 * PAD + 2  # fractions of pixels add up, and a cut shows


def bold(font: QFont) -> QFont:
    """The bold cut of a font."""
    strong = QFont(font)
    strong.setBold(True)
    return strong


def shade(palette: QPalette, share: float) -> QColor:
    """The ground of a cell: from the palette's base at 0 to its accent at 1."""
    base, accent = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Highlight)
    parts = zip(base.getRgbF()[:3], accent.getRgbF()[:3], strict=True)  # type: ignore[index]
    return QColor.fromRgbF(*(low + share * (high - low) for low, high in parts))


def readable(colour: QColor, ground: QColor) -> QColor:
    """`colour`, or black or white where it could not be read on `ground`."""
    if contrast(colour, ground) >= 4.5:
        return colour
    return max((QColor("black"), QColor("white")), key=lambda ink: contrast(ink, ground))


def contrast(one: QColor, other: QColor) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21; 4.5 is readable."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: QColor) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
