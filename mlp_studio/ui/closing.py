"""Closing the window: one question while a network trains, then patience until the last thread has ended."""

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from mlp_studio.ui.studio import Studio

PATIENCE = 3000  # milliseconds that closing waits for the training before the window hides and waits on


class Closing(QObject):
    """Decides for a window whether it may close now; where not, closes it later or asks."""

    def __init__(self, window: QWidget, studio: Studio) -> None:
        super().__init__(window)
        self._window, self._studio = window, studio
        self._decided = False
        self._question: QMessageBox | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(window.hide)
        studio.leg_ended.connect(self._bring_up_to_date)
        studio.idle.connect(self._finish)

    def may_close(self) -> bool:
        """Whether nothing is at work any more. Where something is, the window is closed when that has ended."""
        run = self._studio.store.state.run
        if run is not None and run.active and not self._decided:
            self._ask()
            return False
        if self._studio.is_busy:
            self._begin()
            return False
        self._patience.stop()
        return True

    def _ask(self) -> None:
        if self._question is None:
            self._question = ask_to_stop(self._window)
            self._question.finished.connect(self._answered)

    @Slot()
    def _bring_up_to_date(self) -> None:
        """The training has ended while the question was open: it is another question now."""
        if self._question is not None:
            self._question.setText("The training has ended in the meantime. Close all the same?")
            self._question.button(QMessageBox.StandardButton.Yes).setText("Close")

    @Slot(int)
    def _answered(self, answer: int) -> None:
        self._question = None
        if answer == QMessageBox.StandardButton.Yes.value:
            self._begin()

    def _begin(self) -> None:
        self._decided = True
        self._studio.interrupt("stopped")  # what is being loaded stays asked for: the next session loads it
        self._studio.jobs.refuse()
        if self._studio.is_busy:
            self._patience.start(PATIENCE)
        else:
            self._window.close()

    @Slot()
    def _finish(self) -> None:
        if not self._decided:
            return
        was_hidden = self._window.isHidden()
        self._window.close()
        if was_hidden:  # closing a hidden window does not count as closing the last one
            QApplication.quit()


def ask_to_stop(parent: QWidget) -> QMessageBox:
    """The question on closing; its `finished` brings the answer."""
    buttons = QMessageBox.StandardButton
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Close MLP Studio",
        "The network is still training. Stop it and close?",
        buttons.Yes | buttons.Cancel,
        parent,
    )
    box.button(buttons.Yes).setText("Stop and close")
    box.setDefaultButton(buttons.Cancel)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box
