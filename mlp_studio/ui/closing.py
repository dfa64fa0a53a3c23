"""Closing the window: one question where work would be lost, then patience until the last thread has ended."""

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from mlp_studio.ui.desk import Desk
from mlp_studio.ui.studio import Studio

PATIENCE = 3000  # milliseconds that closing waits for the training before the window hides and waits on


class Closing(QObject):
    """Decides for a window whether it may close now; where not, closes it later or asks."""

    def __init__(self, window: QWidget, studio: Studio, desk: Desk) -> None:
        super().__init__(window)
        self._window, self._studio, self._desk = window, studio, desk
        self._decided = False
        self._waits = False  # for what is being saved
        self._question: QMessageBox | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(window.hide)
        studio.leg_ended.connect(self._bring_up_to_date)
        studio.idle.connect(self._finish)
        desk.saving_ended.connect(self._go_on)

    def may_close(self) -> bool:
        """Whether nothing is at work any more. Where something is, the window is closed when that has ended."""
        if self._studio.is_shut:  # nothing can be saved any more
            return True
        if self._desk.is_saving and not self._decided:
            self._waits = True
            return False
        if self._desk.would_lose and not self._decided:
            self._ask()
            return False
        if self._studio.is_busy:
            self._begin()
            return False
        self._patience.stop()
        return True

    def _ask(self) -> None:
        if self._question is None:
            self._question = self._desk.ask_to_save(self._answered, closing=True)

    @Slot()
    def _bring_up_to_date(self) -> None:
        """The training has ended while the question was open: that is not lost any more."""
        if self._question is not None:
            from mlp_studio.ui.dialogs.saving import unsaved_details

            self._question.setInformativeText(unsaved_details(training=False, closing=True))

    @Slot()
    def _go_on(self) -> None:
        """What was being saved is written, or could not be."""
        if self._waits:
            self._waits = False
            self._window.close()

    def _answered(self, answer: int) -> None:
        self._question = None
        if answer == QMessageBox.StandardButton.Save.value:
            self._desk.save(self._begin)
        elif answer == QMessageBox.StandardButton.Discard.value:
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
