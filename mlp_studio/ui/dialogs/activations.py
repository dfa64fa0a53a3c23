"""The activation explorer: every activation and its derivative, an input to move, and where gradients vanish."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QItemSelection, QObject, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.activations import ACTIVATIONS, SATURATED, Region, regions
from mlp_studio.core.decimate import Floats
from mlp_studio.core.palette import Colours
from mlp_studio.ui import theme
from mlp_studio.ui.dialogs.twin import bold_label
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.tables import Heading, Index, Table, TableMenu
from mlp_studio.ui.plots import plot as plots
from mlp_studio.ui.plots.chart import Reading
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.plots.plot import Axis, pen
from mlp_studio.ui.studio import Studio

REACH = 5.0  # inputs from −5 to 5
STEP = 0.01  # the input moves in these
FIRST_INPUT = 1.0
Z: Floats = np.linspace(-REACH, REACH, 1001)
JUMP = 0.1  # of f′ from one of these to the next: it is not continuous there
ROOM = 0.06  # of the range, above and below the curves
SKETCH = QSize(84, 44)
COLUMNS = ("", "Activation", "f(z)", "f′(z)")
INTRODUCTION = (
    "A unit's output is f(z), and f′(z) is the share of the gradient that it passes back to its weights. "
    "Drag across the plot to move z."
)
REGION_LABELS = {"saturated": "saturated", "dying": "dying"}
REGION_WORDS = {
    "saturated": f"saturated: the curve is level here (|f′| below {SATURATED:g}), so its weights hardly learn.",
    "dying": "dying: output and slope are 0 here, so nothing is passed back. With every sample here, the unit is dead.",
}


def figure(value: float) -> str:
    """A value with four decimals, and a real minus."""
    text = f"{value:.4f}"
    return "0.0000" if text == "-0.0000" else text.replace("-", "−")


def region_at(found: Sequence[Region], z: float) -> Region | None:
    """The region that z lies in."""
    return next((region for region in found if region.low <= z <= region.high), None)


def said_of(found: Sequence[Region], z: float, slope: float) -> str:
    """What the unit does with the gradient at z, in a sentence."""
    region = region_at(found, z)
    if region is not None:
        return f"At z = {signed(z)} the unit is {REGION_WORDS[region.kind]}"
    size = abs(slope)
    passed = "all of the gradient" if abs(size - 1) < 5e-4 else f"{100 * size:.3g} % of the gradient"
    turned = ", turned around" if slope < 0 else ""
    return f"At z = {signed(z)} the unit passes back {passed}{turned}."


def signed(z: float) -> str:
    """An input with two decimals, and a real minus."""
    return f"{z:.2f}".replace("-", "−")


class Entry:
    """One row of the registry with its curves, computed once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.row = ACTIVATIONS[name]
        self.f, self.slope = self.row.curve(Z)
        self.regions = regions(self.row, REACH)
        low = float(min(self.f.min(), self.slope.min(), 0.0))
        high = float(max(self.f.max(), self.slope.max(), 1.0))
        room = ROOM * (high - low)
        self.span = (low - room, high + room)

    def at(self, z: float) -> tuple[float, float]:
        """f(z) and f′(z)."""
        a, slope = self.row.curve(np.array([z]))
        return float(a[0]), float(slope[0])


class Sketches(QStyledItemDelegate):
    """Draws a small picture of an activation and its derivative into the first column."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__(parent)
        self._entries = entries
        self.z = FIRST_INPUT

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        """Ground, regions, axis, the two curves and the input."""
        tone = theme.colours()
        entry = self._entries[index.row()]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        area = QRectF(option.rect)
        painter.save()
        painter.fillRect(area, QColor(selected_ground(tone) if chosen else tone.base))
        area.adjust(6, 5, -6, -5)
        low, high = entry.span

        def place(z: float, value: float) -> QPointF:
            across = (z + REACH) / (2 * REACH)
            return QPointF(
                area.left() + across * area.width(), area.bottom() - (value - low) / (high - low) * area.height()
            )

        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for region in entry.regions:
            painter.fillRect(
                QRectF(place(region.low, high), place(region.high, low)), QColor(region_colour(region, tone))
            )
        painter.setPen(pen(tone.line))
        painter.drawLine(place(-REACH, 0), place(REACH, 0))
        painter.setPen(pen(tone.muted))
        painter.drawLine(place(self.z, low), place(self.z, high))
        for values, ink in ((entry.slope, slope_pen(tone)), (entry.f, value_pen(tone))):
            ink.setWidthF(1.3)
            painter.setPen(ink)
            painter.drawPolyline(QPolygonF([place(z, value) for z, value in zip(Z[::20], values[::20], strict=True)]))
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Room for the picture."""
        return SKETCH


class Flat(QStyledItemDelegate):
    """Draws text on the same ground as the sketches, and no frame around the current cell."""

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        """Ground and text."""
        tone = theme.colours()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        area = option.rect
        painter.save()
        painter.fillRect(area, QColor(selected_ground(tone) if chosen else tone.base))
        painter.setPen(QColor(tone.text))
        font = index.data(Qt.ItemDataRole.FontRole) or painter.font()
        font.setBold(chosen)
        painter.setFont(font)
        alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
        inner = area.adjusted(theme.UNIT, 0, -theme.UNIT, 0)
        painter.drawText(inner, alignment, index.data())
        painter.restore()


class ActivationTable(QTableWidget):
    """Every activation with its sketch and its values at the input; the selected row is the one that is drawn large."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__(len(entries), len(COLUMNS), parent)
        self._entries = entries
        self._sketches = Sketches(entries, self)
        self.setItemDelegate(Flat(self))
        self.setItemDelegateForColumn(0, self._sketches)
        self.setAccessibleName("Activations")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(SKETCH.height())
        self.verticalHeader().setMaximumSectionSize(2 * SKETCH.height())
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setStyleSheet(
            "QHeaderView::section { border: none; background: palette(base); color: palette(placeholder-text);"
            f" padding: {theme.UNIT // 2}px {theme.UNIT}px }}"
        )
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        font = theme.number_font()
        self._figures: dict[tuple[int, int], QTableWidgetItem] = {}
        for row, entry in enumerate(entries):
            for column, text in enumerate(("", entry.row.label, "", "")):
                item = QTableWidgetItem(text)
                item.setTextAlignment(right if column > 1 else left)
                item.setFont(font)
                item.setToolTip(tooltip(f"{entry.row.formula}. {entry.row.advice}"))
                self.setItem(row, column, item)
                if column > 1:
                    self._figures[row, column] = item
        for column, text in enumerate(COLUMNS):
            heading = QTableWidgetItem(text)
            heading.setTextAlignment(right if column > 1 else left)
            self.setHorizontalHeaderItem(column, heading)
        figures = self.fontMetrics().horizontalAdvance("−0.0000") + 3 * theme.UNIT
        for column, width in ((0, SKETCH.width()), (2, figures), (3, figures)):
            self.setColumnWidth(column, width)
        widest = max(self.fontMetrics().horizontalAdvance(entry.row.label) for entry in entries)
        self.setFixedWidth(SKETCH.width() + 2 * figures + widest + 6 * theme.UNIT)

    def figures(self) -> Table:
        """The same, to be copied."""
        rows = tuple(Heading(entry.row.label) for entry in self._entries)
        columns = (
            Heading(f"f({self._sketches.z:g})", figures=".6g"),
            Heading(f"f′({self._sketches.z:g})", figures=".6g"),
        )
        cells = [[*entry.at(self._sketches.z), entry.row.formula] for entry in self._entries]
        return Table("Activation", rows, (*columns, Heading("Formula")), cells)

    def show_input(self, z: float) -> None:
        """Write the values at z, and draw it into the sketches."""
        self._sketches.z = z
        for row, entry in enumerate(self._entries):
            for column, value in enumerate(entry.at(z), 2):
                self._figures[row, column].setText(figure(value))
        self.viewport().update()


class BigPlot(QObject):
    """The chosen activation, its derivative, its regions and the input."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.widget = plots.themed_plot(Axis("left"), Axis("bottom"))
        self.widget.setParent(parent)
        self.widget.setMinimumSize(360, 240)
        self.widget.setCursor(Qt.CursorShape.SizeHorCursor)
        self.view: pg.ViewBox = self.widget.plotItem.vb
        self.view.setMouseEnabled(x=False, y=False)
        self.value = pg.PlotCurveItem(antialias=True)
        self.slope = pg.PlotCurveItem(antialias=True)
        self.zero = pg.InfiniteLine(0.0, angle=0)
        self.line = pg.InfiniteLine(FIRST_INPUT, angle=90)
        self.dots = pg.ScatterPlotItem(size=9, pxMode=True)
        self.shades: list[tuple[Region, pg.LinearRegionItem, pg.TextItem]] = []
        self._span: tuple[float, float] = (0.0, 1.0)
        for item in (self.zero, self.slope, self.value, self.line, self.dots):
            self.widget.addItem(item, ignoreBounds=True)
        self.dots.setZValue(20)
        plots.name_corner(self.widget, "z")

    def show_entry(self, entry: Entry) -> None:
        """Show another activation."""
        self.value.setData(Z, entry.f)
        jumps = np.abs(np.diff(entry.slope, append=entry.slope[-1])) > JUMP
        self.slope.setData(Z, entry.slope, connect=(~jumps).astype(np.int32))
        self._span = entry.span
        self.view.setRange(xRange=(-REACH, REACH), yRange=entry.span, padding=0)
        for _, shade, label in self.shades:
            self.widget.removeItem(shade)
            self.widget.removeItem(label)
        self.shades = []
        for region in entry.regions:
            shade = pg.LinearRegionItem((region.low, region.high), movable=False, pen=pen("#000000", alpha=0.0))
            shade.setZValue(-100)
            label = pg.TextItem(REGION_LABELS[region.kind], anchor=(0.5, 0.0))
            label.setFont(theme.number_font())
            label.setPos((region.low + region.high) / 2, entry.span[1])
            self.widget.addItem(shade, ignoreBounds=True)
            self.widget.addItem(label, ignoreBounds=True)
            self.shades.append((region, shade, label))

    def show_input(self, z: float, values: tuple[float, float]) -> None:
        """Move the input, and the dots on the curves."""
        self.line.setValue(z)
        self.dots.setData([z, z], list(values))

    def recolour(self, tone: Colours) -> None:
        """Draw in other colours."""
        plots.recolour(self.widget, tone)
        self.value.setPen(value_pen(tone, 2.0))
        self.slope.setPen(slope_pen(tone, 2.0))
        self.zero.setPen(pen(tone.line))
        self.line.setPen(pen(tone.text))
        self.dots.setPen(pg.mkPen(tone.base, width=1.5))
        self.dots.setBrush(pg.mkBrush(tone.text))
        for region, shade, label in self.shades:
            shade.setBrush(QColor(region_colour(region, tone)))
            label.setColor(QColor(tone.text))


def region_colour(region: Region, tone: Colours) -> str:
    """The ground of a region."""
    return tone.error if region.kind == "dying" else tone.notice


def selected_ground(tone: Colours) -> str:
    """The ground of the selected row: a touch of the accent, so that the curves can still be told apart on it."""
    return plots.mixed(tone.accent, tone.base, 0.18)


def value_pen(tone: Colours, width: float = 1.0) -> QPen:
    """The pen of f."""
    ink = pen(tone.train)
    ink.setWidthF(width)
    return ink


def slope_pen(tone: Colours, width: float = 1.0) -> QPen:
    """The pen of f′."""
    ink = pen(tone.validation, dashes=plots.DASHES)
    ink.setWidthF(width)
    return ink


class ActivationExplorer(QWidget):
    """Shows the registry of activations; its own z and choice are all the state it has."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Activation explorer")
        self.entries = {name: Entry(name) for name in ACTIVATIONS}
        self.z = FIRST_INPUT
        self.chosen = next(iter(self.entries))
        self._build()
        present = studio.store.state.experiment.model.activation
        self._recolour(theme.colours())
        self.choose(present if present in self.entries else self.chosen)
        self.set_input(FIRST_INPUT)
        self.resize(980, 560)

    # --- building -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.table = ActivationTable(list(self.entries.values()), self)
        self.table.selectionModel().selectionChanged.connect(self._row_chosen)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * theme.UNIT, theme.UNIT, 2 * theme.UNIT, theme.UNIT)
        layout.setSpacing(2 * theme.UNIT)
        layout.addWidget(self.table)
        right = QVBoxLayout()
        right.setSpacing(theme.UNIT)
        figure, introduction = self._figure(), plain_label(INTRODUCTION, muted=True, wrap=True)
        right.addWidget(introduction)
        right.addLayout(self._controls())
        right.addWidget(figure, 1)
        layout.addLayout(right, 1)

    def _controls(self) -> QHBoxLayout:
        self.input = QDoubleSpinBox(self)
        self.input.setRange(-REACH, REACH)
        self.input.setDecimals(2)
        self.input.setSingleStep(0.1)
        self.input.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.input.setAccessibleName("Input z")
        self.input.setToolTip(tooltip("The input of the unit, from −5 to 5; or drag across the plot"))
        self.input.valueChanged.connect(self.set_input)
        self.value = Reading("f(z)", self)
        self.slope = Reading("f′(z)", self)
        row = QHBoxLayout()
        row.setSpacing(theme.UNIT)
        row.addWidget(plain_label("z"))
        row.addWidget(self.input)
        row.addSpacing(theme.UNIT)
        row.addWidget(self.value)
        row.addSpacing(theme.UNIT)
        row.addWidget(self.slope)
        row.addStretch(1)
        row.addWidget(self._copies())
        row.addWidget(self.export_button)
        return row

    def _copies(self) -> TableMenu:
        """What copies and saves the table; the export button is for the plot."""
        self.export_button = ExportButton(self.figure, self._table, "activations", recolour=self._recolour, parent=self)
        self.export_button.failed.connect(self.status.setText)
        self.menu = TableMenu(self.table.figures, lambda: "activations", self._report, self)
        self.menu.setText("Table ▾")
        self.menu.serve(self.table)
        return self.menu

    def _report(self, sentence: str, _is_error: bool) -> None:
        self.status.setText(sentence)

    def _figure(self) -> QWidget:
        self.figure = QWidget(self)  # what is exported
        self.title = bold_label()
        self.formula = plain_label()
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.plot = BigPlot(self.figure)
        self.plot.widget.viewport().installEventFilter(self)
        self.status = plain_label(wrap=True)
        self.advice = plain_label(muted=True, wrap=True)
        for label, lines in ((self.status, 2), (self.advice, 2)):  # so that nothing jumps while z moves
            label.setMinimumHeight(lines * label.fontMetrics().lineSpacing())
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(2 * theme.UNIT)
        head.addWidget(self.title)
        head.addWidget(self.formula)
        head.addStretch(1)
        layout = QVBoxLayout(self.figure)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT)
        layout.addLayout(head)
        layout.addWidget(self.plot.widget, 1)
        layout.addWidget(self.status)
        layout.addWidget(self.advice)
        return self.figure

    # --- gestures -------------------------------------------------------------------------------------------

    @Slot(QItemSelection, QItemSelection)
    def _row_chosen(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows:
            self.choose(list(self.entries)[rows[0].row()])

    def choose(self, name: str) -> None:
        """Draw this activation large."""
        self.chosen = name
        entry = self.entries[name]
        row = list(self.entries).index(name)
        if [index.row() for index in self.table.selectionModel().selectedRows()] != [row]:
            self.table.selectRow(row)
        self.title.setText(entry.row.label)
        self.formula.setText(entry.row.formula)
        self.advice.setText(entry.row.advice)
        self.plot.show_entry(entry)
        self.plot.recolour(theme.colours())
        self._read()

    @Slot(float)
    def set_input(self, z: float) -> None:
        """Move the input."""
        self.z = round(min(max(z, -REACH), REACH) / STEP) * STEP
        self.input.setValue(self.z)
        self._read()
        self.table.show_input(self.z)

    def _read(self) -> None:
        entry = self.entries[self.chosen]
        values = entry.at(self.z)
        self.plot.show_input(self.z, values)
        for reading, value in zip((self.value, self.slope), values, strict=True):
            reading.value.setText(figure(value))
        self.status.setText(said_of(entry.regions, self.z, values[1]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move the input along with the mouse while its left button is down."""
        moves = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove)
        if isinstance(event, QMouseEvent) and event.type() in moves and event.buttons() & Qt.MouseButton.LeftButton:
            place = self.plot.widget.mapToScene(event.position().toPoint())
            self.set_input(float(self.plot.view.mapSceneToView(place).x()))
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """All curves: z, then f and f′ of every activation."""
        header = ["z", *(f"{name}{what}" for name in self.entries for what in ("", "_derivative"))]
        columns = [Z, *(values for entry in self.entries.values() for values in (entry.f, entry.slope))]
        return header, np.stack(columns, axis=1).tolist()

    # --- looks ----------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plot"):
            self._recolour(theme.colours())

    def _recolour(self, tone: Colours) -> None:
        self.plot.recolour(tone)
        for reading, ink in ((self.value, value_pen(tone, 2.0)), (self.slope, slope_pen(tone, 2.0))):
            reading.swatch.pen = ink
            reading.swatch.update()
        self.table.viewport().update()
