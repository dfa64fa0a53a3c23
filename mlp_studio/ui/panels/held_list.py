"""A list of features with a slider and a number for each; widgets are made only for those in view."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QWidget,
)

from mlp_studio.core.dataset import Floats
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip

ROW_HEIGHT = 30
STEPS = 1000  # of a slider, from the least to the largest value of its feature
LEAST_NAME, MOST_NAME = 48, 150  # pixels of the names
NAME_SHARE = 0.32  # of the list's width, what names may take
NUMBER_WIDTH = 78
CONSTANT = "This feature has the same value in every row; type a number to hold it elsewhere."


class _Slider(QSlider):
    """A slider that leaves the wheel to the list around it, unless it was chosen."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the wheel to move it only where it has the focus: scrolling the list changes nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _Number(QLineEdit):
    """A typed value; `stepped` asks for the number field above (−1) or below (+1)."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from feature to feature."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)


class HeldRow(QWidget):
    """Name, slider and number of one feature; it is handed from feature to feature as the list scrolls."""

    dragged = Signal(int, float)
    typed = Signal(int, str)
    stepped = Signal(int, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.feature = -1
        self._whole_name = ""
        self._range = (0.0, 0.0)
        self._value = float("nan")
        self.name = plain_label()
        self.slider = _Slider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 10)
        self.number = _Number(self)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.setFixedWidth(NUMBER_WIDTH)
        self.number.setFont(theme.number_font())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 1, theme.UNIT // 2, 1)
        layout.setSpacing(theme.UNIT)
        layout.addWidget(self.name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        self.slider.valueChanged.connect(self._dragged)
        self.number.editingFinished.connect(self._typed)
        self.number.stepped.connect(self._stepped)

    def show_feature(self, feature: int, name: str, low: float, high: float, name_width: int) -> None:
        """Stand for this feature, whose values in the data run from `low` to `high`."""
        self.feature, self._range, self._value = feature, (low, high), float("nan")
        self.number.setModified(False)
        self._whole_name = name
        self.fit_name(name_width)
        can_move = high > low
        self.slider.setEnabled(can_move)
        text = f"{name}: {low:.4g} to {high:.4g} in the data" if can_move else f"{name}: {CONSTANT}"
        for widget in (self.name, self.slider):
            widget.setToolTip(tooltip(text))
        self.number.setToolTip(tooltip(f"Hold {name} at a number, in original units; press Return"))
        self.slider.setAccessibleName(f"Slider of {name}")
        self.number.setAccessibleName(f"Value of {name}")

    def fit_name(self, width: int) -> None:
        """Give the name so many pixels."""
        self.name.setFixedWidth(width)
        self.name.setText(self.name.fontMetrics().elidedText(self._whole_name, Qt.TextElideMode.ElideRight, width))

    def show_value(self, value: float) -> None:
        """Show where the feature is held; what a person is typing or dragging at the moment is left alone."""
        if value == self._value:
            return
        self._value = value
        low, high = self._range
        if not self.slider.isSliderDown():
            share = (value - low) / (high - low) if high > low else 0.5
            self.slider.blockSignals(True)
            self.slider.setValue(round(STEPS * min(max(share, 0.0), 1.0)))
            self.slider.blockSignals(False)
        if not (self.number.hasFocus() and self.number.isModified()):
            self.number.setText(f"{value:.6g}")

    def forget_typed(self) -> None:
        """Show the value again in the place of what was typed."""
        self.number.setText(f"{self._value:.6g}")

    @Slot(int)
    def _dragged(self, step: int) -> None:
        low, high = self._range
        self.dragged.emit(self.feature, low + (high - low) * step / STEPS)

    @Slot()
    def _typed(self) -> None:
        if self.number.isModified() and self.feature >= 0:
            self.number.setModified(False)
            self.typed.emit(self.feature, self.number.text())

    @Slot(int)
    def _stepped(self, step: int) -> None:
        self._typed()
        self.stepped.emit(self.feature, step)


class HeldList(QAbstractScrollArea):
    """Shows the chosen `features`. `dragged(feature, value)` and `typed(feature, text)` tell of gestures."""

    dragged = Signal(int, float)
    typed = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[HeldRow] = []  # as many as fit, and one more for what is cut off
        self.features: list[int] = []
        self._names: tuple[str, ...] = ()
        self._limits: tuple[Floats | list[float], Floats | list[float]] = ([], [])
        self._values: Floats | list[float] = []
        self._widest_name = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Held features")
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """A few rows; a dock gives more."""
        return QSize(300, 6 * ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Two rows."""
        return QSize(220, 2 * ROW_HEIGHT)

    def show_features(self, names: tuple[str, ...], low: Floats, high: Floats, features: list[int]) -> None:
        """List these features, given as indices into names (D,), low (D,) and high (D,)."""
        self._names, self._limits, self.features = names, (low, high), features
        advance = self.fontMetrics().horizontalAdvance
        self._widest_name = max((advance(names[feature]) for feature in features), default=0) + 2
        for row in self.rows:
            row.feature = -1
        self.verticalScrollBar().setValue(0)
        self._place()

    def show_values(self, values: Floats) -> None:
        """Hold them at these values (D,)."""
        self._values = values
        for row in self.rows:
            if not row.isHidden() and 0 <= row.feature < len(values):
                row.show_value(float(values[row.feature]))

    def row_of(self, feature: int) -> HeldRow | None:
        """The row that stands for a feature at the moment, if it is in view."""
        return next((row for row in self.rows if row.feature == feature and not row.isHidden()), None)

    def reveal(self, feature: int) -> None:
        """Scroll until the feature is in view."""
        if feature in self.features:
            top = self.features.index(feature) * ROW_HEIGHT
            bar, height = self.verticalScrollBar(), self.viewport().height()
            bar.setValue(max(min(bar.value(), top), top + ROW_HEIGHT - height))

    # --- which row stands where ---------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is room for more rows, or for fewer."""
        super().resizeEvent(event)
        for row in self.rows:
            row.fit_name(self._name_width())
        self._place()

    def scrollContentsBy(self, _across: int, _down: int) -> None:
        """Other features come into view: the rows are given to them."""
        self._place()

    def _name_width(self) -> int:
        most = min(MOST_NAME, round(NAME_SHARE * self.viewport().width()))
        return max(LEAST_NAME, min(self._widest_name, most))

    def _place(self) -> None:
        height, width = self.viewport().height(), self.viewport().width()
        bar = self.verticalScrollBar()
        bar.setPageStep(max(height, ROW_HEIGHT))
        bar.setRange(0, max(0, len(self.features) * ROW_HEIGHT - height))
        first, offset = divmod(bar.value(), ROW_HEIGHT)
        visible = self.features[first : first + height // ROW_HEIGHT + 2]
        while len(self.rows) < len(visible):
            self.rows.append(self._new_row())
        # a feature keeps its row while it is in view, so that what is being dragged or typed goes on
        kept = {row.feature: row for row in self.rows if row.feature in visible}
        free = iter([row for row in self.rows if row.feature not in kept])
        for place, feature in enumerate(visible):
            row = kept.get(feature) or next(free)
            if row.feature != feature:
                low, high = float(self._limits[0][feature]), float(self._limits[1][feature])
                row.show_feature(feature, self._names[feature], low, high, self._name_width())
            if feature < len(self._values):
                row.show_value(float(self._values[feature]))
            row.setGeometry(0, place * ROW_HEIGHT - offset, width, ROW_HEIGHT)
            row.show()
        for row in free:
            row.feature = -1
            row.hide()

    def _new_row(self) -> HeldRow:
        row = HeldRow(self.viewport())
        row.dragged.connect(self.dragged)
        row.typed.connect(self.typed)
        row.stepped.connect(self._go)
        return row

    @Slot(int, int)
    def _go(self, feature: int, step: int) -> None:
        if feature not in self.features:
            return
        place = self.features.index(feature) + step
        if 0 <= place < len(self.features):
            self.reveal(self.features[place])
            row = self.row_of(self.features[place])
            if row is not None:
                row.number.setFocus()
                row.number.selectAll()

    def changeEvent(self, event: QEvent) -> None:
        """Other fonts need other widths."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._names:
            self.show_features(self._names, self._limits[0], self._limits[1], self.features)  # type: ignore[arg-type]
