"""Opening files in a window: a look, a question where something is doubtful, and a watch on what is loaded."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QWidget

from mlp_studio.core.config import DataConfig
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.store import Notice, State
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.watch import FileWatch

if TYPE_CHECKING:  # both wait for the first file, as they would hold up the start
    from mlp_studio.core.look import Look
    from mlp_studio.ui.dialogs.import_table import ImportChoice, ImportDialog

PATIENCE = 300  # milliseconds after which the window says that it is looking at a file


class Importing(QObject):
    """Opens tables for one window: asks by the import dialog, unless nothing is doubtful."""

    def __init__(self, window: QWidget, studio: Studio, memory: Memory) -> None:
        super().__init__(window)
        self._window, self._studio, self._memory = window, studio, memory
        self._ticket = 0  # of the newest file asked for
        self._path = Path()
        self._foreword = ""  # of the notice on what is read
        self._notice: Notice | None = None  # that says that it is being looked at
        self._seen: object = None
        self._changed_meanwhile = False  # while something was loaded
        self.dialog: ImportDialog | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE)
        self._patience.timeout.connect(self._say_so)
        self._watch = FileWatch(self)
        self._watch.changed.connect(self._changed)
        self._watch.vanished.connect(self._vanished)
        studio.store.changed.connect(self._follow)

    def open_first(self, paths: Sequence[Path]) -> None:
        """Open the first of several files, as only one table is there at a time."""
        many = f"Of {len(paths):,} files the first, {_shown(paths[0])}, was opened." if len(paths) > 1 else ""
        self.open(paths[0], many)

    def open(self, path: Path, foreword: str = "") -> None:
        """Open a file: at once, or through the dialog where something about it is doubtful.

        `foreword` begins the notice on what was read.
        """
        self._foreword = foreword
        if path.is_dir():
            self._studio.tell(f"{path} is a folder; open a file in it.", is_error=True)
        elif not path.is_file():
            self._studio.tell(f"There is no file {path}.", is_error=True)
        else:
            self._look(path.absolute(), None)  # so that the next session finds it from wherever it is started

    def change(self) -> None:
        """Ask again how the present file is to be read; the dialog begins with what was chosen last."""
        self._foreword = ""
        data = self._studio.store.state.experiment.data
        if data.source == "file":
            self._look(Path(data.path), data)

    def end(self) -> None:
        """Wait for nothing any more."""
        self._ticket += 1
        self._patience.stop()
        self._watch.end()

    @property
    def watched(self) -> list[str]:
        """The files and folders that are watched."""
        return self._watch.watched

    # --- the look -----------------------------------------------------------------------------------------------

    def _look(self, path: Path, present: DataConfig | None) -> None:
        """Look at the file in a job, as the guesses may have to read a good part of it."""
        self._ticket += 1
        self._path = path
        self._patience.start()
        self._studio.jobs.start(
            "look",
            partial(_look_at, path, present),
            partial(self._looked, self._ticket, present),
            partial(self._failed, self._ticket),
        )

    @Slot()
    def _say_so(self) -> None:
        self._studio.tell(f"Looking at the first rows of {_shown(self._path)} …")
        self._notice = self._studio.store.state.notice

    def _looked(self, ticket: int, present: DataConfig | None, seen: "Look") -> None:
        if ticket != self._ticket:
            return
        self._end_wait()
        if not seen.kind:  # nothing that could be chosen would help
            self._studio.tell(seen.problem, is_error=True)
        elif seen.is_certain and present is None:
            from mlp_studio.ui.dialogs.import_table import ImportChoice

            self._take(ImportChoice.guessed(seen))
        else:
            self._ask(seen, present)

    def _failed(self, ticket: int, sentence: str) -> None:
        if ticket == self._ticket:
            self._end_wait()
            self._studio.tell(sentence, is_error=True)

    def _end_wait(self) -> None:
        self._patience.stop()
        if self._notice is not None and self._studio.store.state.notice is self._notice:
            self._studio.dismiss()
        self._notice = None

    # --- the question -------------------------------------------------------------------------------------------

    def _ask(self, seen: "Look", present: DataConfig | None) -> None:
        from mlp_studio.ui.dialogs.import_table import ImportDialog

        if self.dialog is not None:
            self.dialog.reject()
        dialog = ImportDialog(seen, self._studio.jobs, self._window, present)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._accepted)
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        dialog.open()

    @Slot()
    def _accepted(self) -> None:
        if self.dialog is not None:
            self._take(self.dialog.choice())

    @Slot()
    def _closed(self) -> None:
        self.dialog = None

    def _take(self, choice: "ImportChoice") -> None:
        self._studio.open_file(choice.path, self._foreword, **choice.settings())
        self._memory.remember_file(choice.path)

    # --- the watch ----------------------------------------------------------------------------------------------

    @Slot(object)
    def _follow(self, state: State) -> None:
        """Watch the file of the data that are loaded."""
        if state.prepared is not self._seen:
            self._seen, self._changed_meanwhile = state.prepared, False
            path, stamp = self._studio.data.file
            self._watch.watch(path, stamp)
            account = state.prepared.dataset.account if state.prepared is not None else None
            if path is not None and account is not None and account.sha256:
                self._memory.remember_data(account.sha256, path)
        elif self._changed_meanwhile and not state.loading:
            self._changed_meanwhile = False
            self._changed()

    @Slot()
    def _changed(self) -> None:
        """Read it again where nothing is lost by that; else offer to."""
        state = self._studio.store.state
        if state.loading:
            self._changed_meanwhile = True
        elif state.run is not None and state.run.status == "ready":
            self._studio.reload(f"{self._name} changed on the disk and was read again.")
        else:
            self._studio.tell(
                f"{self._name} has changed on the disk; reading it again begins a new run.", command="reload"
            )

    @Slot()
    def _vanished(self) -> None:
        self._studio.tell(f"{self._name} is gone from the disk; its data stay loaded.")

    @property
    def _name(self) -> str:
        return _shown(Path(self._studio.store.state.experiment.data.path))


def _shown(path: Path) -> str:
    """The name of a file in a sentence."""
    from mlp_studio.core.text_rows import quoted

    return quoted(path.name)


def _look_at(path: Path, present: DataConfig | None) -> "Look":
    from mlp_studio.core.look import look
    from mlp_studio.core.sources import table_format
    from mlp_studio.ui.dialogs.import_table import SHOWN_ROWS

    return look(path, table_format(path, present) if present is not None else None, SHOWN_ROWS)
