"""How the training stands: the progress in the toolbar, the status bar, and the bar for sentences."""

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from mlp_studio.core.devices import DEVICES
from mlp_studio.core.threads import threads_for
from mlp_studio.ui import theme
from mlp_studio.ui.actions import COMMANDS
from mlp_studio.ui.form import plain_label
from mlp_studio.ui.still import Still
from mlp_studio.ui.store import Notice, Run, State
from mlp_studio.ui.studio import Studio

STATUS_WORDS = {
    "ready": "ready",
    "starting": "starting",
    "running": "training",
    "paused": "paused",
    "stopped": "stopped",
    "finished": "finished",
    "diverged": "diverged",
    "failed": "failed",
}


STEPS = 1000  # of the progress bar


class RunBar(QWidget):
    """Epochs done of epochs asked for; while data are loaded, how much of the file is read, and a way to cancel."""

    # A progress bar paints itself (0.9 ms) within setValue(). Queued, Qt calls it without the interpreter lock.
    _advanced = Signal(int)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: object = None
        self.label = plain_label()
        self.label.setFont(theme.number_font())
        self.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(theme.UNIT)
        self.progress.setMinimumWidth(80)
        self.progress.setMaximumWidth(220)
        self.progress.setRange(0, STEPS)
        self._advanced.connect(self.progress.setValue, Qt.ConnectionType.QueuedConnection)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, 0, theme.UNIT, 0)
        layout.setSpacing(theme.UNIT)
        self._room = Still(self.label)
        layout.addWidget(self._room, 1)
        layout.addWidget(self.progress, 1)
        self.cancel = QToolButton(self)
        self.cancel.setText("Cancel")
        self.cancel.setToolTip("Stop loading; the previous data stay (Esc)")
        self.cancel.setAccessibleName("Cancel loading")
        self.cancel.clicked.connect(studio.data.cancel)
        self.cancel.hide()
        layout.addWidget(self.cancel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    @Slot(object)
    def render(self, state: State) -> None:
        """Show how far it has got."""
        epoch, epochs = (state.run.epoch if state.run else 0), state.experiment.train.epochs
        key = (epoch, epochs, state.loading, state.loading_share)
        if key == self._key:
            return
        self._key = key
        if self.cancel.isHidden() == bool(state.loading):
            self.cancel.setVisible(bool(state.loading))
        if state.loading:
            self._show_loading(state)
            return
        if self.progress.maximum() != STEPS:
            self.progress.setRange(0, STEPS)
        self._advanced.emit(min(STEPS, round(STEPS * epoch / epochs)))
        self.label.setText(f"epoch {epoch:,} / {epochs:,}")

    def _show_loading(self, state: State) -> None:
        share = state.loading_share
        known = 0 < share < 1  # the end of the file is not the end of the work
        self.progress.setRange(0, STEPS if known else 0)  # without a range it only shows that something is done
        if known:
            self._advanced.emit(round(STEPS * share))
        self.label.setText(f"{state.loading} {share:.0%}" if known else state.loading)


class StatusLine(QStatusBar):
    """State, loss, speed, time left and seed; what is being saved, or what would change next."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.summary = plain_label()
        self.summary.setFont(theme.number_font())
        self.hint = plain_label(muted=True)
        self.addWidget(Still(self.summary), 1)
        self.addPermanentWidget(self.hint)
        self._key: object = None
        self._shown = self._hinted = ""
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    @Slot(object)
    def render(self, state: State) -> None:
        """Say how things stand."""
        key = (state.run, state.experiment, state.loading, state.follow_up, state.saving)
        if key == self._key:
            return
        self._key = key
        summary = status_text(state)
        if summary != self._shown:  # every frame changes the run, its figures change less often
            self._shown = summary
            self.summary.setText(summary)
        hint = state.saving or state.follow_up
        if hint != self._hinted:
            self._hinted = hint
            self.hint.setText(hint)


def status_text(state: State) -> str:
    """The status bar's one line."""
    run = state.run
    if run is None:
        return state.loading or "no data"
    parts = [f"● {STATUS_WORDS[run.status]}"]
    if run.epoch:
        parts.append(f"epoch {run.epoch:,} of {state.experiment.train.epochs:,}")
        back = 0 if run.active else run.epoch - run.snapshot.epoch
        if back:
            parts.append(f"weights of epoch {run.snapshot.epoch:,}")
        if run.epoch > back:  # epoch 0 has no loss
            loss = run.curves[-1 - back, 0]
            parts.append(f"loss {loss:.4f}" if loss < 1000 else f"loss {loss:.2e}")
        if run.rate:
            parts.append(f"{run.rate:,.0f} epochs/s" if run.rate >= 10 else f"{run.rate:.2g} epochs/s")
    if run.is_mixed:
        parts.append("points changed on the way")
    if run.is_retuned:
        parts.append("settings changed on the way")
    if run.active and run.rate:
        parts.append(f"{clock((state.experiment.train.epochs - run.epoch) / run.rate)} left")
        parts.append(computed_by(run))
    parts.append(f"seed {run.experiment.seed}")
    return " · ".join(parts)


def computed_by(run: Run) -> str:
    """What computes a training: so many threads, or a device."""
    device = run.experiment.train.device
    if device != "cpu":
        return DEVICES[device].label
    threads = threads_for(run.experiment, run.prepared)
    return f"{threads} thread{'s' * (threads != 1)}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


class NoticeBar(QWidget):
    """One sentence above the boundary: what was wrong with the data, how the training ended; and what can be done."""

    command_wanted = Signal(str)  # a row of `ui.actions`

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notice: Notice | None = None
        self.text = plain_label(wrap=True)
        self.text.setObjectName("notice")
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QToolButton(self)
        self.button.clicked.connect(self._want)
        close = QToolButton(self)
        close.setText("×")
        close.setAutoRaise(True)
        close.setToolTip("Take this away")
        close.setAccessibleName("Dismiss")
        close.clicked.connect(studio.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * theme.UNIT, theme.UNIT // 2, theme.UNIT // 2, theme.UNIT // 2)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setAutoFillBackground(True)
        self.hide()
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the notice, or nothing."""
        if state.notice is self._notice:
            return
        self._notice = state.notice
        self.text.setText(state.notice.text if state.notice else "")
        self._offer(state.notice.command if state.notice else "")
        self._colour()
        self.setVisible(state.notice is not None)

    def _offer(self, name: str) -> None:
        self.button.setVisible(bool(name))
        if name:
            command = next(command for command in COMMANDS if command.name == name)
            self.button.setText(command.text.replace("&", ""))
            self.button.setToolTip(command.help)

    @Slot()
    def _want(self) -> None:
        if self._notice is not None:
            self.command_wanted.emit(self._notice.command)

    def _colour(self) -> None:
        tone, palette = theme.colours(), self.palette()
        is_error = self._notice is not None and self._notice.is_error
        palette.setColor(QPalette.ColorRole.Window, tone.error if is_error else tone.notice)
        if self.palette().color(QPalette.ColorRole.Window) != palette.color(QPalette.ColorRole.Window):
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
