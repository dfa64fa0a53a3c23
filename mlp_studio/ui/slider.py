"""A slider beside a number box: a drag changes the number at once, and what follows from it at a pace that holds."""

import math
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from mlp_studio.core.config import Knob
from mlp_studio.ui.pace import Pace

DECADES_STEPS = 50  # of a slider that spans more than two decades
LINEAR_STEPS = 100  # of one that spans less, in fractions


@dataclass(frozen=True, slots=True)
class Scale:
    """What a slider's positions 0 … `steps` stand for: whole numbers, an even division, or decades."""

    low: float
    high: float
    whole: bool

    @property
    def is_logarithmic(self) -> bool:
        """Whether equal ways are equal factors."""
        return self.low > 0 and self.high / self.low > 100

    @property
    def steps(self) -> int:
        """The last position."""
        if self.is_logarithmic:
            return DECADES_STEPS
        return round(self.high - self.low) if self.whole else LINEAR_STEPS

    def value(self, position: int) -> float:
        """The number at a position; two digits of it where the slider spans decades."""
        share = position / self.steps
        if not self.is_logarithmic:
            return round(self.low + share * (self.high - self.low), 10)
        value = self.low * math.pow(self.high / self.low, share)
        return round(value, 1 - math.floor(math.log10(value)))

    def position(self, value: float) -> int:
        """The position nearest to a number; the ends for what lies beyond them."""
        value = min(max(value, self.low), self.high)
        if self.is_logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(share * self.steps)


class KnobSlider(QSlider):
    """Slides a setting from its lowest value to `knob.slide`.

    `moved` tells each number of a gesture at once; `submitted` hands them on, never more often than the window
    can follow, and the last of them always. `held`: the mouse has taken the handle, or let it go.
    """

    held = Signal(bool)
    moved = Signal(float)
    submitted = Signal()

    def __init__(self, knob: Knob, kind: type, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        assert knob.slide is not None  # noqa: S101 - only such settings have one
        self.scale = Scale(knob.low or 0.0, knob.slide, whole=kind is int)
        self.setRange(0, self.scale.steps)
        self.setPageStep(max(1, self.scale.steps // 10))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # Space still trains: a slider has no use for it
        self.setMinimumWidth(40)
        self.pace = Pace(self)
        self.pace.due.connect(self.submitted)
        self.actionTriggered.connect(self._gesture)  # `valueChanged` would also tell of what the state shows

    def show_value(self, value: float) -> None:
        """Show a number; a handle that is being dragged stays with the pointer."""
        if not self.isSliderDown():
            self.setValue(self.scale.position(value))

    @Slot(int)
    def _gesture(self, _action: int) -> None:
        self.moved.emit(self.scale.value(self.sliderPosition()))
        self.pace.ask()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the handle brings it there, and drags it on."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.held.emit(True)
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_SliderHandle
        handle = self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
        place = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(place):
            way = self.width() - handle.width()
            left = place.x() - handle.width() // 2
            self.setSliderPosition(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), left, way))
            self.triggerAction(QSlider.SliderAction.SliderMove)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag has ended: its last number belongs to it."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            if self.pace.waits:
                self.submitted.emit()
            self.held.emit(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the panel, not the setting, unless it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
