"""The slider over the epochs of the present run: dragging it shows the network as it was, End the present one."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.looking_back import epoch_seen
from mlp_studio.ui.pace import Pace
from mlp_studio.ui.still import Still
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio

PAGE = 10  # kept epochs, for Page up and Page down
HELP = "Drag to see the network as it was at an earlier epoch; End shows the present one. Training goes on meanwhile."
NOTHING_YET = "Train first: then every epoch can be looked at again."
Action = QSlider.SliderAction
STEPS = {
    Action.SliderSingleStepAdd.value: 1,
    Action.SliderSingleStepSub.value: -1,
    Action.SliderPageStepAdd.value: PAGE,
    Action.SliderPageStepSub.value: -PAGE,
}


class EpochSlider(QSlider):
    """A horizontal slider that the wheel moves only where it has the focus."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space stays the window's."""
        if event.key() == Qt.Key.Key_Space:
            event.ignore()
        else:
            super().keyPressEvent(event)


class EpochBar(QWidget):
    """One row below the boundary. It shows which epoch is on view and changes nothing but that."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._past = studio.past
        self._shown: tuple[object, ...] = ()
        self.slider = EpochSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("epoch_slider")
        self.slider.setAccessibleName("Epoch to look at")
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.slider.actionTriggered.connect(self._acted)
        self.label = plain_label("epoch 0", muted=True)
        self.label.setFont(theme.number_font())
        self.live = QToolButton(self)
        self.live.setText("Latest")
        self.live.setAutoRaise(True)
        self.live.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.live.setToolTip(tooltip("Show the present weights again (End)"))
        self.live.clicked.connect(self._past.live)
        self._pace = Pace(self)
        self._pace.due.connect(self._look)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.UNIT, 0, theme.UNIT, 0)
        row.setSpacing(theme.UNIT)
        row.addWidget(self.slider, 1)
        row.addWidget(Still(self.label, "epoch 00,000"))
        row.addWidget(self.live)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    @Slot(object)
    def render(self, state: State) -> None:
        """Show which epoch is on view, and how many there are."""
        run, past = state.run, state.seen_past
        epochs, epoch = (0 if run is None else run.epoch), epoch_seen(run, past)
        shown = (epochs, epoch, past is None)
        if shown == self._shown:
            return
        self._shown = shown
        self.slider.setEnabled(epochs > 0)
        self.slider.setToolTip(tooltip(HELP if epochs else NOTHING_YET))
        self.slider.setMaximum(max(epochs, 1))
        if not self.slider.isSliderDown():
            self.slider.setValue(epoch)
        self.label.setText(f"epoch {epoch:,}")
        self.live.setEnabled(past is not None)
        role = QPalette.ColorRole.PlaceholderText if past is None else QPalette.ColorRole.WindowText
        if self.label.foregroundRole() != role:
            self.label.setForegroundRole(role)

    @Slot(int)
    def _acted(self, action: int) -> None:
        if action in STEPS:
            self.slider.setSliderPosition(self.slider.value())  # to the next epoch that is kept, not the next number
            self._past.step(STEPS[action])
        elif action == Action.SliderToMaximum.value:
            self._past.live()
        else:
            self._pace.ask()

    @Slot()
    def _look(self) -> None:
        self._past.look_at(self.slider.sliderPosition())
