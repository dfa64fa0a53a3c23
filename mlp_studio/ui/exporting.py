"""What is taken along from the window: the present run in one of the formats of `EXPORTS`, or its command.

A file is made by a job of the newest weights, while the window and its training go on.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from mlp_studio.core.errors import CancelledError, ConfigError, StudioError
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.outputs import check_output, check_suffix, writing
from mlp_studio.core.trained import Trained
from mlp_studio.ui.loading import Reading
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.scribe import Scribe, Taken
from mlp_studio.ui.studio import Studio

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

JOB = "export file"
LOADING = "The data are being loaded; export when they are there."


class Exporting(QObject):
    """Writes files for one window, one at a time."""

    ended = Signal(str)  # the sentence that says why it was not written, or ""

    def __init__(
        self, window: "QWidget", studio: Studio, scribe: Scribe, memory: Memory, name: Callable[[], str]
    ) -> None:
        """`name()`: what the work is called."""
        super().__init__(window)
        self._window, self._studio, self._scribe, self.memory = window, studio, scribe, memory
        self._name = name
        self._progress = Reading()
        self.is_busy = False

    @property
    def share(self) -> float:
        """How far the file is written, 0…1."""
        return self._progress.share

    def suggestion(self, name: str) -> Path:
        """A file for a format, in the folder of the last one; its name is not that of the data."""
        stem = Path(self._name()).stem or "network"
        plain = "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in stem).strip(". ")[:60]
        suffix = EXPORTS[name].suffixes[0]
        kind = "" if name == suffix[1:] else f"-{name}"
        return Path(self.memory.export_folder) / f"{plain or 'network'}{kind}{suffix}"

    def problem(self, name: str, path: Path) -> str:
        """Why a file cannot be written, in a sentence; "" where nothing speaks against it."""
        data, _ = self._studio.data.file
        if data is not None and path.exists() and data.exists() and path.samefile(data):
            return "That is the file of the data; choose another name."
        try:
            check_suffix(path, EXPORTS[name])
            check_output(path)
        except ConfigError as error:
            return str(error)
        return ""

    def begin(self, name: str, path: Path) -> None:
        """Write the newest state of the present run; `ended` follows."""
        state = self._studio.store.state
        if self.is_busy:
            return
        if state.run is None or state.loading:
            self.ended.emit(LOADING)
            return
        self.is_busy, self._progress = True, Reading()
        self.memory.remember_export(name, path.parent)
        self._scribe.take_down(partial(self._write, name, path, self._progress))

    def cancel(self) -> None:
        """Give up what is being written."""
        self._progress.cancel()

    def _write(self, name: str, path: Path, progress: Reading, taken: Taken) -> None:
        run = self._studio.store.state.run
        if taken.run is not None:
            make = taken.run.trained
        elif run is not None:  # it has not begun: the weights of the start
            make = partial(Trained, run.experiment, run.prepared, run.snapshot, run.curves, run.status)
        else:
            self._end(LOADING)
            return

        def work() -> bool:
            """Whether the file was written."""
            try:
                with writing(path):
                    EXPORTS[name].write(make(), path, progress)
            except CancelledError:
                return False
            return True

        self._studio.jobs.start(JOB, work, partial(self._done, name, path), self._end)

    def _done(self, name: str, path: Path, was_written: bool) -> None:
        if was_written:
            self._studio.tell(f"{EXPORTS[name].label}: written to {path}.")
        self._end("" if was_written else "Cancelled; nothing was written.")

    def _end(self, sentence: str) -> None:
        self.is_busy = False
        self.ended.emit(sentence)

    def copy_command(self) -> None:
        """Put the line that trains the present settings from a shell on the clipboard."""
        from mlp_studio.core.command_line import command_line

        try:
            line = command_line(self._studio.store.state.experiment)
        except StudioError as error:
            self._studio.tell(str(error), is_error=True)
            return
        QGuiApplication.clipboard().setText(line)
        self._studio.tell("The command that trains with these settings is on the clipboard.")

    def show(self) -> None:
        """Open the dialog; the same again where it is open."""
        from mlp_studio.ui.dialogs.export import ExportDialog

        dialog = self._window.findChild(ExportDialog) or ExportDialog(self, self._window)
        dialog.show()
        dialog.activateWindow()
