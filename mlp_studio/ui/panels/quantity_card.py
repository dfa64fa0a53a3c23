"""One quantity of a trace: symbol, formula, shape, values, and the entry that was pointed at last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mlp_studio.core.gradcheck import TOLERANCE, Difference
from mlp_studio.core.trace import NONE, SAMPLES, Quantity, Trace
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.matrix_view import MatrixView, ScaleBar, common_form, number, power
from mlp_studio.ui.panels.network_diagram import Mark
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What the units and the samples of a trace are called."""

    trace: Trace

    def unit(self, layer: int, unit: int) -> str:
        """An input, a class, or a hidden unit by its number."""
        if layer == 0:
            return self.trace.prepared.input_names[unit]
        return self.trace.prepared.dataset.class_names[unit] if layer == len(self.trace.params) else f"unit {unit + 1}"

    def along(self, axis: int, index: int) -> str:
        """The index on an axis of a quantity, "" where there is only one."""
        if axis == NONE:
            return ""
        if axis == SAMPLES:
            rows = self.trace.batch.rows
            return f"row {rows[index] + 1}" if len(rows) else "point"
        return self.unit(axis, index)


class TextLine(QWidget):
    """One line of text, cut where there is no room. `text` is asked for when it is drawn, so it may cost something."""

    def __init__(self, text: Callable[[], str], role: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = text
        self._role = role
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(40, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The text."""
        painter = QPainter(self)
        painter.setFont(theme.number_font())
        painter.setPen(self.palette().color(self._role))
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class QuantityCard(QWidget):
    """Shows a quantity; a card is used again for another one. `hovered` brings the `Mark` under the mouse, or None."""

    hovered = Signal(object)

    def __init__(self, report: Callable[[str, bool], None], parent: QWidget | None = None) -> None:
        """`report(sentence, is_error)` tells how saving went."""
        super().__init__(parent)
        self.quantity: Quantity | None = None
        self.trace: Trace | None = None
        self.entry = (0, 0)  # of the quantity's grid: the one that the lines beneath tell of
        self._names: Names | None = None
        role = QPalette.ColorRole
        self.symbol, self.shape = plain_label(), plain_label(muted=True)
        self.formula = TextLine(lambda: self.quantity.formula if self.quantity else "", role.PlaceholderText, self)
        self.matrix = MatrixView(self)
        self.value_line = TextLine(self.value_text, role.Text, self)
        self.gradient_line = TextLine(self.gradient_text, role.Text, self)
        self.scale = ScaleBar(self)
        self.menu = TableMenu(self.table, self._file_name, report, self, brief=True)
        self.menu.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu.serve(self)
        self._build()
        self.matrix.hovered.connect(self._pointed)

    def _build(self) -> None:
        self._set_fonts()
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(theme.UNIT)
        head.addWidget(self.symbol)
        head.addWidget(self.formula, 1)
        head.addWidget(self.shape)
        head.addWidget(self.menu)
        foot.setSpacing(theme.UNIT)
        foot.addWidget(self.value_line, 1)
        foot.addWidget(self.scale)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, theme.UNIT)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.matrix)
        layout.addLayout(foot)
        layout.addWidget(self.gradient_line)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _set_fonts(self) -> None:
        font = theme.number_font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setWeight(QFont.Weight.DemiBold)
        self.symbol.setFont(font)
        self.shape.setFont(theme.number_font())

    def changeEvent(self, event: QEvent) -> None:
        """Take over the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._set_fonts()

    def show_quantity(self, trace: Trace, quantity: Quantity) -> None:
        """Show a quantity of a trace; the entry stays where it is as long as the quantity is of the same kind."""
        old, self.trace, self.quantity = self.quantity, trace, quantity
        names = self._names = Names(trace)
        grid = quantity.grid
        if old is None or (old.key, old.shape) != (quantity.key, quantity.shape):
            finite = np.nan_to_num(np.abs(grid))
            row, column = np.unravel_index(int(finite.argmax()), grid.shape)
            self.entry = (int(row), int(column))
            self.symbol.setText(quantity.symbol)
            self.setAccessibleName(f"{quantity.symbol}: {quantity.formula}")
            self.setToolTip(tooltip(f"{quantity.symbol}: {quantity.help}"))
        self.matrix.show_values(
            grid,
            lambda row: names.along(quantity.rows, row),
            lambda column: names.along(quantity.columns, column),
        )
        self.shape.setText(self._shape_text())
        self.scale.show_range(self.matrix.most, signed=bool((grid < 0).any()))
        self._fit()
        self._repaint_lines()

    def table(self) -> Table | None:
        """All entries, to be copied."""
        quantity, names = self.quantity, self._names
        if quantity is None or names is None:
            return None
        grid = quantity.grid
        rows = (Heading(names.along(quantity.rows, row) or quantity.symbol) for row in range(grid.shape[0]))
        columns = (Heading(names.along(quantity.columns, place), figures=".6g") for place in range(grid.shape[1]))
        return Table(quantity.symbol, tuple(rows), tuple(columns), grid.tolist())

    def _file_name(self) -> str:
        return self.quantity.key if self.quantity is not None else "figures"

    def _shape_text(self) -> str:
        quantity = self.quantity
        assert quantity is not None  # noqa: S101 - only called where there is one
        shape = f"({', '.join(f'{n:,}' for n in quantity.shape)}{',' if len(quantity.shape) == 1 else ''})"
        exponent, _ = common_form(quantity.grid)
        scale = f"×10{power(exponent)}   " if exponent and self.matrix.as_figures else ""
        return scale + (shape if quantity.shape else "number")

    def _fit(self) -> None:
        if self.quantity is None:
            return
        single = self.matrix.as_figures and self.quantity.values.size == 1
        self.scale.setVisible(not self.matrix.as_figures and self.matrix.most > 0)
        self.value_line.setVisible(not single or bool(self.quantity.gradient))
        self.gradient_line.setVisible(bool(self.quantity.gradient))
        self.shape.setText(self._shape_text())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The scale belongs to a heat map alone."""
        super().resizeEvent(event)
        self._fit()

    def _repaint_lines(self) -> None:
        for line in (self.formula, self.value_line, self.gradient_line):
            line.update()

    # --- the entry ----------------------------------------------------------------------------------------

    def index(self) -> tuple[int, ...]:
        """The entry as an index into the quantity's values."""
        quantity = self.quantity
        if quantity is None or quantity.values.ndim == 0:
            return ()
        return self.entry if quantity.values.ndim == 2 else self.entry[1:]

    def value_text(self) -> str:
        """The entry's name and value."""
        quantity, names = self.quantity, self._names
        if quantity is None or names is None:
            return ""
        row, column = names.along(quantity.rows, self.entry[0]), names.along(quantity.columns, self.entry[1])
        arrow = " → " if quantity.rows >= 0 else ", "
        where = arrow.join(part for part in (row, column) if part)
        value = float(quantity.grid[self.entry])
        symbol = f"{quantity.symbol}[{where}]" if where else quantity.symbol
        name = f" ({names.unit(quantity.layer, int(value))})" if quantity.key == "y" else ""
        texts = [f"{symbol} = {number(value, digits)}{name}" for digits in (5, 4, 3, 2, 1)]
        return longest_that_fits(texts, self.value_line.width())

    def difference(self) -> Difference | None:
        """The entry beside its difference quotient, for gradients."""
        if self.quantity is None or self.trace is None or not self.quantity.gradient:
            return None
        return self.trace.difference(self.quantity, self.index())

    def gradient_text(self) -> str:
        """The entry by hand and measured, and how far they differ."""
        found = self.difference()
        if found is None:
            return ""
        sign = "✓" if found.error < TOLERANCE else "✗"
        texts = []
        for hand, word, digits in (
            ("by hand ", "relative error", 6),
            ("by hand ", "relative error", 4),
            ("by hand ", "rel. error", 3),
            ("", "rel. error", 3),  # the line above has it, too
            ("", "error", 2),
        ):
            figures = f"{hand}{number(found.analytic, digits)}   measured {number(found.numeric, digits)}"
            verdict = "a unit switches" if found.kinked else f"{word} {number(found.error, 2)} {sign}"
            texts.append(f"{figures}   {verdict}")
        return longest_that_fits(texts, self.gradient_line.width())

    @Slot(int, int)
    def _pointed(self, row: int, column: int) -> None:
        quantity = self.quantity
        if quantity is None or row < 0:
            self.hovered.emit(None)
            return
        self._tell(row, column)
        if quantity.rows >= 0:
            self.hovered.emit(Mark(quantity.columns, column, row))
        elif quantity.columns >= 0:
            self.hovered.emit(Mark(quantity.columns, column))
        else:
            self.hovered.emit(None)

    def _tell(self, row: int, column: int) -> None:
        if (row, column) != self.entry:
            self.entry = (row, column)
            self._repaint_lines()

    def show_mark(self, mark: Mark | None) -> None:
        """Outline what a mark of the network means in this quantity: a cell, a column or a row."""
        quantity, row, column = self.quantity, None, None
        if quantity is not None and mark is not None:
            if mark.source is None:
                column = mark.unit if quantity.columns == mark.layer else None
                row = mark.unit if quantity.rows == mark.layer else None
            elif quantity.rows >= 0 and quantity.columns == mark.layer:
                row, column = mark.source, mark.unit
            if column is not None:
                self._tell(self.entry[0] if row is None else row, column)
        self.matrix.show_mark(row, column)


def longest_that_fits(texts: Sequence[str], width: int) -> str:
    """The first of these texts that has room in so many pixels, or the last."""
    metrics = QFontMetrics(theme.number_font())
    return next((text for text in texts if metrics.horizontalAdvance(text) <= width), texts[-1])
