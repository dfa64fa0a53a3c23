"""Form controls made from the knobs of the configuration: one `Field` a setting, with its error in place."""

import html
import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QKeySequence, QPalette, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.config import MAX_LAYERS, Knob
from mlp_studio.core.errors import ConfigError
from mlp_studio.ui import theme
from mlp_studio.ui.pace import Pace
from mlp_studio.ui.slider import KnobSlider


def plain_label(text: str = "", *, muted: bool = False, wrap: bool = False) -> QLabel:
    """A label that shows its text as it is: names from files are data, never markup."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(wrap)
    if muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def mark(button: QToolButton, is_on: bool) -> None:
    """Show whether a toggle is on, in the accent colour, so that it reads in dark too."""
    button.setChecked(is_on)
    palette = QPalette()
    if is_on:
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):  # not where it cannot act
            palette.setColor(group, QPalette.ColorRole.Button, QColor(theme.colours().accent))
            palette.setColor(group, QPalette.ColorRole.ButtonText, QColor(theme.colours().on_accent))
    button.setPalette(palette)


def tooltip(text: str) -> str:
    """A plain text as a tooltip: wrapped, and never read as markup."""
    return f"<p>{html.escape(text)}</p>"


def as_text(value: Any) -> str:
    """A setting's value as a person would type it."""
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


class NumberBox(QAbstractSpinBox):
    """A number typed freely, or stepped with arrows; it never changes what was typed, the field judges that."""

    submitted = Signal(str)
    stepped = Signal(str)

    def __init__(self, knob: Knob, kind: type, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._knob = knob
        self._kind = kind
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setAlignment(Qt.AlignmentFlag.AlignRight)
        self.editingFinished.connect(self._finished)
        self.pace = Pace(self)  # of steps: a key that is held down repeats faster than points are drawn
        self.pace.due.connect(self._stepped)

    def set_text(self, text: str) -> None:
        """Show a value."""
        self.lineEdit().setText(text)

    def stepBy(self, steps: int) -> None:
        """Step along 1-2-5 decades for settings that span decades, else by an even step."""
        try:
            value = float(self.text())
        except ValueError:
            return
        low, high = self._knob.low or 0.0, self._knob.high if self._knob.high is not None else math.inf
        for _ in range(abs(steps)):
            value = next_value(value, 1 if steps > 0 else -1, low, high, whole=self._kind is int)
        value = min(max(value, low), high)
        self.set_text(as_text(int(value) if self._kind is int else round(value, 10)))
        self.pace.ask()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Both ways; the range's ends hold."""
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the wheel to step only where the field was chosen: scrolling the panel changes nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return enters the number and leaves the field, so that the next key is the window's again."""
        if is_for_window(self.lineEdit(), event):
            event.ignore()
            return
        super().keyPressEvent(event)
        leave_on_return(self, event)

    @Slot()
    def _finished(self) -> None:
        self.submitted.emit(self.text())

    @Slot()
    def _stepped(self) -> None:
        self.stepped.emit(self.text())


def is_for_window(edit: QLineEdit, event: QKeyEvent) -> bool:
    """Whether the keys ask to undo or redo where nothing is being typed: then they mean the window's changes."""
    undo = event.matches(QKeySequence.StandardKey.Undo) and not edit.isUndoAvailable()
    return undo or (event.matches(QKeySequence.StandardKey.Redo) and not edit.isRedoAvailable())


class TypedLine(QLineEdit):
    """A line of text that leaves undo to the window while nothing is being typed."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that are not for a text go on to the window."""
        if is_for_window(self, event):
            event.ignore()
        else:
            super().keyPressEvent(event)


def leave_on_return(field: QWidget, event: QKeyEvent) -> None:
    """Give up the focus after Return."""
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        field.clearFocus()


def next_value(value: float, direction: int, low: float, high: float, *, whole: bool) -> float:
    """The next number up (+1) or down (−1): along 1-2-5 decades where the range spans more than three, else evenly."""
    if whole and high <= 1000:
        return value + direction * (1 if value + min(direction, 0) < 20 else 10)
    if not whole and high <= 2:
        return round(value + direction * 0.05, 10)
    if value <= 0:
        return max(low, 1.0 if whole else 1e-4) if direction > 0 else low
    decade = 10.0 ** math.floor(math.log10(value) + 1e-9)
    ladder = [decade * mantissa for mantissa in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
    nearly = 1e-6 * value
    if direction > 0:
        return next(rung for rung in ladder if rung > value + nearly)
    below = [rung for rung in ladder if rung < value - nearly]
    return below[-1] if not whole or below[-1] >= 1 else low


class ChoiceBox(QComboBox):
    """A choice by name that the wheel changes only while it has the focus."""

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self._offered = knob.offered
        for name, label in (knob.choices or dict)().items():
            self.addItem(label, name)
            if knob.why_not is not None and (sentence := knob.why_not(name)):
                self._show_unavailable(self.count() - 1, sentence)
        self._offer()

    def _show_unavailable(self, row: int, sentence: str) -> None:
        """A choice that cannot be had here is shown all the same, as how to get it is worth knowing."""
        self.setItemText(row, f"{self.itemText(row)} (unavailable)")
        self.setItemData(row, tooltip(sentence), Qt.ItemDataRole.ToolTipRole)
        model = self.model()
        if isinstance(model, QStandardItemModel):  # a combo box has one
            model.item(row).setEnabled(False)

    def _offer(self) -> None:
        """Leave out what is not to be had here, unless it is chosen; asked anew each time, as that may change."""
        if self._offered is None:
            return
        offered, view, model = {*self._offered(), self.currentData()}, self.view(), self.model()
        if isinstance(view, QListView) and isinstance(model, QStandardItemModel):  # a combo box has these
            for row in range(self.count()):
                is_offered = self.itemData(row) in offered
                view.setRowHidden(row, not is_offered)
                model.item(row).setEnabled(is_offered)  # else the arrow keys find what is hidden

    def showPopup(self) -> None:
        """Offer what there is by now, in a list as wide as its longest row."""
        self._offer()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + theme.UNIT)
        super().showPopup()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Likewise, for the arrow keys."""
        self._offer()
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the panel, not the choice, unless it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LayersEdit(QWidget):
    """Units of each hidden layer as text, with buttons that take a layer away or add one like the last."""

    submitted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = TypedLine(self)
        self._edit.setPlaceholderText("100 or 64, 32")
        self._edit.editingFinished.connect(self._finished)
        self._edit.returnPressed.connect(self._edit.clearFocus)
        self._fewer, self._more = QToolButton(self), QToolButton(self)
        for button, sign, help_text, slot in (
            (self._fewer, "−", "Take the last hidden layer away", self._take),
            (self._more, "+", "Add a hidden layer like the last", self._add),
        ):
            button.setText(sign)
            button.setToolTip(help_text)
            button.setAccessibleName(help_text)
            button.clicked.connect(slot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        layout.addWidget(self._edit, 1)
        layout.addWidget(self._fewer)
        layout.addWidget(self._more)
        self.setFocusProxy(self._edit)

    def text(self) -> str:
        """What is typed."""
        return self._edit.text()

    def set_text(self, text: str) -> None:
        """Show a value."""
        self._edit.setText(text)
        self._set_buttons()

    def _parts(self) -> list[str]:
        return [part.strip() for part in self.text().split(",") if part.strip()]

    def _set_buttons(self) -> None:
        self._fewer.setEnabled(len(self._parts()) > 1)
        self._more.setEnabled(len(self._parts()) < MAX_LAYERS)
        self._more.setToolTip(
            "Add a hidden layer like the last" if self._more.isEnabled() else f"{MAX_LAYERS} hidden layers are the most"
        )

    @Slot()
    def _finished(self) -> None:
        self.submitted.emit(self.text())

    @Slot()
    def _take(self) -> None:
        self.submitted.emit(", ".join(self._parts()[:-1]))

    @Slot()
    def _add(self) -> None:
        parts = self._parts() or ["100"]
        self.submitted.emit(", ".join([*parts, parts[-1]]))


class CheckList(QWidget):
    """Any number of choices by name, a check box each; `describe` says what each of them means at present."""

    submitted = Signal(str)  # the names, as they would be typed

    COLUMNS = 3

    def __init__(self, knob: Knob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(theme.UNIT // 2)
        layout.setVerticalSpacing(2)
        self.boxes: dict[str, QCheckBox] = {}
        for place, (name, label) in enumerate((knob.choices or dict)().items()):
            box = self.boxes[name] = QCheckBox(label, self)
            box.setAccessibleName(label)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
            box.clicked.connect(self._clicked)
            layout.addWidget(box, *divmod(place, self.COLUMNS))
        layout.setColumnStretch(self.COLUMNS, 1)

    def show_chosen(self, names: tuple[str, ...]) -> None:
        """Check these and no others."""
        for name, box in self.boxes.items():
            box.setChecked(name in names)

    def describe(self, name: str, text: str, about: str, *, is_offered: bool = True, why_not: str = "") -> None:
        """What stands on a box and in its tooltip; whether it is there at all, and why it cannot be checked, if so."""
        box = self.boxes[name]
        box.setText(text)
        box.setAccessibleDescription(about)
        box.setToolTip(tooltip(f"{about} {why_not}".strip()))
        box.setEnabled(box.isChecked() or not why_not)
        box.setVisible(is_offered)

    @Slot()
    def _clicked(self) -> None:
        self.submitted.emit(as_text(tuple(name for name, box in self.boxes.items() if box.isChecked())))


class Field(QWidget):
    """One setting: its control and, beneath it, the sentence that says what is wrong with what was typed.

    `set_value(path, value)` is the intent; it raises ConfigError where the value cannot be taken. `held`: a drag of
    the slider begins or ends. `is_stepping`: the value is one of many that follow each other, as by an arrow key.
    """

    held = Signal(bool)

    def __init__(
        self,
        path: str,
        knob: Knob,
        value: Any,
        set_value: Callable[[str, Any], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.path = path
        self.knob = knob
        self._set_value = set_value
        self._shown: Any = None
        self.is_stepping = False
        self.control = self._make_control(knob, value)
        self.control.setObjectName(path)
        self.control.setAccessibleName(knob.label)
        self.slider = KnobSlider(knob, type(value), self) if knob.slide is not None else None
        self.error = plain_label(wrap=True)
        self.error.setObjectName(f"{path}.error")
        self.error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.control if self.slider is None else self._beside(self.slider))
        layout.addWidget(self.error)
        self.explain()
        self.show_value(value)

    def _beside(self, slider: KnobSlider) -> QWidget:
        """The slider and, at its right, the number."""
        slider.setObjectName(f"{self.path}.slider")
        slider.setAccessibleName(f"{self.knob.label} slider")
        slider.moved.connect(self._slid)
        slider.submitted.connect(self._slid_on)
        slider.held.connect(self.held)
        both = QWidget(self)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.UNIT)
        row.addWidget(slider, 1)
        row.addWidget(self.control, 1)
        QWidget.setTabOrder(slider, self.control)
        return both

    @Slot(float)
    def _slid(self, value: float) -> None:
        if isinstance(self.control, NumberBox):
            self.control.set_text(as_text(value))

    def explain(self, why_not: str = "", about: str = "") -> None:
        """Say what the setting does, something about its value, and why it cannot act here: then it is disabled."""
        text = f"{help_text(self.knob)} {about}".rstrip()
        self.control.setEnabled(not why_not)
        self.control.setToolTip(tooltip(f"{text} {why_not}".rstrip()))
        if self.slider is not None:
            self.slider.setEnabled(not why_not)
            end = f"The slider ends at {self.knob.slide:,g}; type a larger number beside it."
            self.slider.setToolTip(tooltip(f"{text} {why_not or end * (self.knob.slide != self.knob.high)}".rstrip()))

    def _make_control(self, knob: Knob, value: Any) -> QWidget:
        if knob.choices is not None and isinstance(value, tuple):
            several = CheckList(knob, self)
            several.submitted.connect(self._submit)
            return several
        if knob.choices is not None:
            choice = ChoiceBox(knob, self)
            choice.activated.connect(self._chosen)
            return choice
        if isinstance(value, bool):
            box = QCheckBox(knob.label, self)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
            box.clicked.connect(self._submit)
            return box
        if isinstance(value, tuple):
            layers = LayersEdit(self)
            layers.submitted.connect(self._submit)
            return layers
        number = NumberBox(knob, type(value), self)
        number.submitted.connect(self._submit)
        number.stepped.connect(self._step)
        return number

    def show_value(self, value: Any) -> None:
        """Show the state's value; what is being typed stays unless the value changed."""
        if value == self._shown and type(value) is type(self._shown) and not self.error.text():
            return
        self._shown = value
        self._complain("")
        control = self.control
        if isinstance(control, QComboBox):
            control.setCurrentIndex(control.findData(value))
        elif isinstance(control, QCheckBox):
            control.setChecked(value)
        elif isinstance(control, CheckList):
            control.show_chosen(value)
        elif isinstance(control, NumberBox | LayersEdit):
            control.set_text(as_text(value))
        if self.slider is not None:
            self.slider.show_value(value)

    def show_fixed(self, number: int | None) -> None:
        """Show the number that the data have in place of the setting, or none; the next value is shown in any case."""
        if isinstance(self.control, NumberBox):
            self.control.set_text("–" if number is None else str(number))
        if self.slider is not None:
            self.slider.show_value(number or 0)
        self._shown = None

    @Slot()
    def commit(self) -> None:
        """Take over what is typed and was not entered yet."""
        if self.control.isEnabled() and isinstance(self.control, NumberBox | LayersEdit):
            self._submit(self.control.text())

    @Slot()
    def _slid_on(self) -> None:
        if isinstance(self.control, NumberBox):
            self._step(self.control.text())

    @Slot(str)
    def _step(self, text: str) -> None:
        self.is_stepping = True
        try:
            self._submit(text)
        finally:
            self.is_stepping = False

    @Slot(int)
    def _chosen(self, index: int) -> None:
        control = self.control
        if isinstance(control, QComboBox):
            self._submit(control.itemData(index))

    @Slot(str)
    @Slot(bool)
    def _submit(self, value: Any) -> None:
        if isinstance(value, str) and value == as_text(self._shown):
            self._complain("")
            return
        shown = self._shown
        self._shown = None  # whatever the state now says is shown, also when it refuses the value
        try:
            self._set_value(self.path, value)
        except ConfigError as error:
            self._shown = shown
            self._complain(str(error))
        else:
            if self._shown is None:
                self.show_value(shown)

    def _complain(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        palette = QPalette()  # an empty one: the control goes on following the application's
        if sentence:
            palette.setColor(QPalette.ColorRole.Base, theme.colours().error)
        self.control.setPalette(palette)


def help_text(knob: Knob) -> str:
    """What the control does, and its range."""
    if not knob.span:
        return knob.help
    unit = f" {knob.unit}" if knob.unit else ""
    return f"{knob.help} Range: {knob.span}{unit}."
