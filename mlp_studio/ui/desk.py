"""What is open in a window: its file, whether it differs from what was saved, and the ways to save it and open another.

Nothing keeps count of changes: what there is is compared with what was saved (`ui.work`), so that undoing a change
takes the star away as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QMessageBox

from mlp_studio.core.progress import Progress
from mlp_studio.ui.loading import Reading, Stamp, stamp_of
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.project_files import SUFFIX, Finder, Opened, read_project, write_project
from mlp_studio.ui.scribe import Scribe, Taken
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.view import document_of
from mlp_studio.ui.work import Comparison, Work, work_of

if TYPE_CHECKING:
    from mlp_studio.ui.main_window import MainWindow
    from mlp_studio.ui.places import Label

LARGE = 50e6  # bytes of features from a file: so many are kept in a project only if the person wants it
SAID_MILLISECONDS = 3000  # how long it is said that something was saved
PROGRESS_MILLISECONDS = 100
Then = Callable[[], None]
Buttons = QMessageBox.StandardButton


class Desk(QObject):
    """Saves and opens projects for one window. What would lose unsaved work asks before, by one question."""

    changed = Signal()  # the file, its name, or whether there is anything to save
    opened = Signal()  # another project
    saving_ended = Signal()  # it is written, or could not be

    def __init__(self, window: "MainWindow", studio: Studio, memory: Memory) -> None:
        super().__init__(window)
        self._window, self._studio, self._memory = window, studio, memory
        self.scribe = Scribe(studio)
        self.path: Path | None = None  # of the project; None: it was never saved
        self.stamp: Stamp | None = None  # of that file, as it was opened or saved
        self._saved: Work | None = None  # what was saved last; None: nothing, so that everything is to be saved
        self._comparison = Comparison()
        self._begins = True  # the next data that are there are what the window begins with
        self._by_reference = False  # the project refers to the file of its data
        self.is_modified = False
        self.question: QMessageBox | None = None
        self.is_saving = False
        self._writing, self._writing_name = Reading(), ""  # how far what is written
        self._progress = QTimer(self)
        self._progress.setInterval(PROGRESS_MILLISECONDS)
        self._progress.timeout.connect(self._show_progress)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(SAID_MILLISECONDS)
        self._said.timeout.connect(self._unsay)
        self._title = ""
        studio.store.changed.connect(self._follow)

    # --- what there is ------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the work is called: by its file, or by its data."""
        if self.path is not None:
            return self.path.name
        prepared = self._studio.store.state.prepared
        return prepared.dataset.name if prepared is not None else ""

    @property
    def would_lose(self) -> bool:
        """Whether closing the window loses something. Settings come back with the next session, runs do not."""
        state = self._studio.store.state
        has_runs = bool(state.runs) or (state.run is not None and state.run.status != "ready")
        return self.is_modified and (self.path is not None or has_runs)

    def is_saved(self, work: Work) -> bool:
        """Whether the project has all of this."""
        return self.path is not None and self._comparison.same(self._saved, work)

    @Slot(object)
    def _follow(self, state: State) -> None:
        if self._begins and state.prepared is not None and not state.loading:
            self._begins, self._saved = False, work_of(state)
        # a training that runs is ahead of all that was saved; and to compare its weights would take their time
        active = state.run is not None and state.run.active
        modified = active or not (self._begins or self._comparison.same(self._saved, work_of(state)))
        if (modified, self.name) != (self.is_modified, self._title):
            self.is_modified, self._title = modified, self.name
            self._show_title()

    def _show_title(self) -> None:
        name = self._title.replace("[*]", "[*][*]")  # in a title Qt takes [*] for the place of the star
        self._window.setWindowTitle(f"{name}[*] — MLP Studio" if name else "MLP Studio[*]")
        self._window.setWindowModified(self.is_modified)
        self.changed.emit()

    # --- saving -------------------------------------------------------------------------------------------------

    def save(self, then: Then | None = None) -> None:
        """Save where it was saved last, or ask where; `then` follows when it is written."""
        if not self._can_save():
            return
        if self.path is None:
            self.save_as(then)
        elif self._was_changed():
            self._ask_to_overwrite(self.path, then)
        else:
            self._write(self.path, self._by_reference, then)

    def save_as(self, then: Then | None = None) -> None:
        """Ask where to save, and whether large data are to be in the project."""
        from mlp_studio.ui.dialogs import saving

        if not self._can_save():
            return
        folder = self.path.parent if self.path is not None else Path(self._memory.folder)
        suggested = self.path or folder / f"{_file_name(self.name)}{SUFFIX}"
        path = saving.ask_save(self._window, str(suggested))
        if path is None:
            return
        path = path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)
        size = self._large_data()
        if not size:
            self._write(path, False, then)
            return

        def answered(answer: int) -> None:
            if answer in (Buttons.Yes.value, Buttons.No.value):
                self._write(path, answer == Buttons.No.value, then)

        box = saving.ask_about_data(self._window, path.name, size / 1e6, by_reference=self._by_reference)
        self._show_question(box, answered)

    def _can_save(self) -> bool:
        state = self._studio.store.state
        if state.prepared is None or state.loading:
            self._studio.tell("The data are being loaded; save when they are there.")
            return False
        self._window.experiment.commit()  # what is typed and not entered yet is meant as well
        return True

    def _large_data(self) -> float:
        """How many bytes the features take, where the data are from a file and large; else 0."""
        state = self._studio.store.state
        size = state.prepared.dataset.X.nbytes if state.prepared is not None else 0
        return size if size > LARGE and state.experiment.data.source == "file" else 0

    def _was_changed(self) -> bool:
        """Whether somebody else has written the file. One that is gone is written anew."""
        return self.path is not None and stamp_of(self.path) not in (None, self.stamp)

    def _ask_to_overwrite(self, path: Path, then: Then | None) -> None:
        from mlp_studio.ui.dialogs import saving

        def answered(answer: int) -> None:
            if answer == Buttons.Save.value:
                self._write(path, self._by_reference, then)
            elif answer == Buttons.SaveAll.value:
                self.save_as(then)

        self._show_question(saving.ask_to_overwrite(self._window, path.name), answered)

    def _write(self, path: Path, by_reference: bool, then: Then | None) -> None:
        self.is_saving = True
        self._said.stop()
        self._writing_name = f"Saving {path.name} …"
        self._studio.store.update(saving=self._writing_name)
        if then is not None:
            self._studio.interrupt("paused")  # as something else follows, what is saved is to be all that there is
        view = document_of(self._window.view())
        self.scribe.take_down(partial(self._write_down, path, by_reference, view, then))

    def _write_down(
        self, path: Path, by_reference: bool, view: dict[str, Any], then: Then | None, taken: Taken
    ) -> None:
        self._writing = progress = Reading()
        self._progress.start()
        self._studio.jobs.start(
            "save",
            lambda: write_project(path, taken, view, progress, by_reference=by_reference),
            partial(self._written, path, by_reference, taken.work, then),
            self._not_written,
        )

    def _written(self, path: Path, by_reference: bool, work: Work, then: Then | None, stamp: Stamp | None) -> None:
        self._end_writing(f"Saved {path.name}")
        self._said.start()
        self.path, self.stamp, self._saved, self._by_reference = path, stamp, work, by_reference
        self._begins = False
        self._memory.remember_file(path)
        self._follow(self._studio.store.state)
        self.saving_ended.emit()
        if then is not None:
            then()

    def _not_written(self, sentence: str) -> None:
        self._end_writing("")
        self._studio.tell(sentence, is_error=True)
        self.saving_ended.emit()

    def _end_writing(self, said: str) -> None:
        self.is_saving = False
        self._progress.stop()
        self._studio.store.update(saving=said)

    def end(self) -> None:
        """Wait for nothing any more."""
        self.scribe.end()
        self._progress.stop()
        self._said.stop()

    @Slot()
    def _show_progress(self) -> None:
        self._studio.store.update(saving=f"{self._writing_name} {self._writing.share:.0%}")

    @Slot()
    def _unsay(self) -> None:
        self._studio.store.update(saving="")

    # --- opening ------------------------------------------------------------------------------------------------

    def open_first(self, paths: Sequence[Path]) -> None:
        """Open the first of several files that were dropped."""
        if is_project(paths[0]):
            self.open(paths[0])
        else:
            self._window.importing.open_first(paths)

    def open(self, path: Path) -> None:
        """Open a project, in the place of what there is; or a table, as the data of what there is."""
        if is_project(path):
            self.leave(partial(self._fetch, path.absolute()))
        else:
            self._window.importing.open(path)

    def new(self, begin: Then) -> None:
        """Begin something new, by `begin`, in the place of what there is."""

        def start() -> None:
            self.path = self.stamp = None
            self._by_reference = False
            begin()  # what was trained stays in the list of runs, and can be undone to
            self._begins = True
            self._follow(self._studio.store.state)

        self.leave(start)

    def leave(self, then: Then) -> None:
        """Go on to something else: at once where all is saved, else after the question."""
        if not self.is_modified:
            then()
            return

        def answered(answer: int) -> None:
            if answer == Buttons.Save.value:
                self.save(then)
            elif answer == Buttons.Discard.value:
                then()

        self.ask_to_save(answered, closing=False)

    def ask_to_save(self, answered: Callable[[int], None], *, closing: bool) -> QMessageBox:
        """Save, discard, or stay? `answered` takes a standard button."""
        from mlp_studio.ui.dialogs import saving

        run = self._studio.store.state.run
        training = run is not None and run.active
        box = saving.ask_to_save(self._window, self.name, training=training, closing=closing)
        self._show_question(box, answered)
        return box

    def _show_question(self, box: QMessageBox, answered: Callable[[int], None]) -> None:
        if self.question is not None:
            self.question.reject()

        def close(answer: int) -> None:
            self.question = None
            answered(answer)

        self.question = box
        box.finished.connect(close)

    def _fetch(self, path: Path, at: Path | None = None) -> None:
        """Read a project in a job; `at`: where the file of its data was found."""
        finder = Finder(self._memory.data_files, at)

        def work(progress: Progress) -> Opened:
            return read_project(path, finder, progress)

        self._studio.data.fetch(path.name, work, self._show, partial(self._not_opened, path, finder))

    def _not_opened(self, path: Path, finder: "Finder") -> None:
        """The sentence is in the bar. Where only the data's file is missing, ask for it."""
        from mlp_studio.ui.dialogs import saving

        name = finder.missing
        if not name:
            return

        def answered(answer: int) -> None:
            if answer == Buttons.Open.value:
                found = saving.ask_for_data(self._window, name, str(path.parent))
                if found is not None:
                    self._fetch(path, found)

        notice = self._studio.store.state.notice
        self._show_question(saving.ask_to_find(self._window, notice.text if notice else name), answered)

    def _show(self, opened: Opened) -> None:
        self.path, self.stamp, self._by_reference = opened.path, opened.stamp, opened.project.data_by_reference
        self._show_project(opened)
        self._saved = work_of(self._studio.store.state)
        self._follow(self._studio.store.state)
        self._memory.remember_file(opened.path)
        self.opened.emit()

    def show_recovered(self, opened: Opened, label: "Label") -> None:
        """Show what was kept of work that a crash ended; it is to be saved where it was saved before."""
        self.path = Path(label.project) if label.project else None
        self.stamp = label.file_stamp
        self._by_reference = opened.project.data_by_reference
        self._show_project(opened)
        self._saved = work_of(self._studio.store.state) if label.is_saved else None
        self._follow(self._studio.store.state)
        self._studio.tell(f"Restored: {label.contents}.")

    def _show_project(self, opened: Opened) -> None:
        """Show a project exactly as it was saved."""
        project, view = opened.project, opened.view
        self._begins = True  # what was there before is no measure any more
        self._studio.show_kept(
            project.experiment,
            opened.loaded,
            project.run,
            opening=True,
            compared=(),
            run_scores={},
            shown=replace(view.shown, slice=opened.loaded.scene.slice),
            probe=view.probe,
            runs=project.runs,
            earlier_seeds=(),
            painting=None,
        )
        self._window.show_view(view)


def is_project(path: Path) -> bool:
    """Whether a file is a project, by the end of its name."""
    return path.suffix.lower() == SUFFIX


def _file_name(name: str) -> str:
    """A name for a file that every system takes, from a name of data."""
    stem = Path(name).stem if "." in name else name
    kept = "".join("_" if character in '<>:"/\\|?*' or ord(character) < 32 else character for character in stem)
    return kept.strip(" .")[:80] or "Experiment"
