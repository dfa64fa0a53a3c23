"""What a crash would lose is kept: every few seconds, when something has changed, and offered at the next start."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from mlp_studio.core.errors import CancelledError, ProjectError, StudioError
from mlp_studio.core.progress import Progress
from mlp_studio.ui.desk import Desk
from mlp_studio.ui.loading import Reading, Stamp
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.places import Label, Place, left_behind, new_place, projects_elsewhere
from mlp_studio.ui.project_files import Finder, Opened, read_project, write_project
from mlp_studio.ui.scribe import Taken
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.view import View, document_of
from mlp_studio.ui.work import Comparison, Work, work_of

log = logging.getLogger(__name__)

SECONDS = 10.0  # from a change until it is kept
WRITING_SHARE = 0.2  # of the time: what takes long to write is written less often
MOST_SECONDS = 20.0  # but so often all the same


@dataclass(frozen=True, slots=True)
class Offer:
    """Work that a window left behind when it ended unexpectedly."""

    place: Place
    label: Label


class Recovery(QObject):
    """Keeps the work of one window in a place of its own, and offers what others have left behind."""

    offered = Signal()  # other offers than before

    def __init__(self, parent: QObject, studio: Studio, desk: Desk, memory: Memory, view: Callable[[], View]) -> None:
        super().__init__(parent)
        self._studio, self._desk, self._memory, self._view = studio, desk, memory, view
        self._folder: Path | None = None
        self._place: Place | None = None
        self.offers: tuple[Offer, ...] = ()
        self._kept: Work | None = None  # what the place holds
        self._comparison = Comparison()
        self._is_writing = False
        self._has_complained = False
        self._began, self._cost = 0.0, 0.0  # of the writing that is under way; of the last one, in seconds
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.timeout.connect(self._keep)

    def begin(self, folder: Path) -> None:
        """Take a place in this folder, and look for what was left behind there."""
        self._folder = folder
        self._place = new_place(folder)
        if self._place is None:
            log.warning("nothing can be kept in %s", folder)
            return
        self.offers = tuple(Offer(place, place.label) for place in left_behind(folder))
        self._studio.store.changed.connect(self._stir)
        self._desk.changed.connect(self._tell)
        self._desk.opened.connect(self._look_around)
        self._tell()
        self._stir(self._studio.store.state)
        self.offered.emit()

    def end(self) -> None:
        """The window closes: nothing is to be restored of it."""
        self._due.stop()
        for offer in self.offers:  # another time
            offer.place.leave()
        self.offers = ()
        if self._place is not None:
            self._place.clear()
            self._place.leave()
            self._place = None

    # --- keeping ------------------------------------------------------------------------------------------------

    @Slot(object)
    def _stir(self, _state: State) -> None:
        if not self._due.isActive() and not self._is_writing and self._place is not None:
            self._due.start(round(1000 * min(MOST_SECONDS, max(SECONDS, self._cost / WRITING_SHARE))))

    @Slot()
    def _keep(self) -> None:
        """Keep what there is, where that is not kept already."""
        state = self._studio.store.state
        if state.loading or state.prepared is None:
            self._stir(state)
            return
        if not self._desk.is_modified and self._desk.path is None:  # a new window, or work that is not wanted any more
            self._forget()
            return
        active = state.run is not None and state.run.active
        if not active and self._comparison.same(self._kept, work_of(state)):
            return
        self._is_writing, self._began = True, perf_counter()
        self._desk.scribe.take_down(self._write)

    def _forget(self) -> None:
        if self._kept is not None and self._place is not None:
            self._place.clear()
            self._kept = None
            self._tell()

    def _write(self, taken: Taken) -> None:
        place = self._place
        if place is None:
            return
        view, label, progress = document_of(self._view()), self._label(taken), Reading()
        self._studio.jobs.start(
            "recovery",
            partial(keep, place, taken, view, label, progress),
            partial(self._written, taken.work),
            self._not_written,
        )

    def _written(self, work: Work, _stamp: Stamp | None) -> None:
        self._is_writing, self._kept = False, work
        self._cost = perf_counter() - self._began
        self._stir(self._studio.store.state)

    def _not_written(self, sentence: str) -> None:
        self._is_writing = False
        if not self._has_complained:
            self._has_complained = True
            self._studio.tell(f"What you do now would be lost in a crash: {sentence} Save it yourself.", is_error=True)
        self._stir(self._studio.store.state)

    def _label(self, taken: Taken | None) -> Label:
        desk, path = self._desk, self._desk.path
        stamp = "" if desk.stamp is None else f"{desk.stamp[0]}:{desk.stamp[1]}"
        label = Label(desk.name, "" if path is None else str(path), stamp)
        if taken is None:
            return label
        return Label(
            label.name,
            label.project,
            label.stamp,
            datetime.now(UTC).isoformat(timespec="seconds"),
            taken.prepared.dataset.name,
            0 if taken.run is None else taken.run.epoch,
            desk.is_saved(taken.work),
        )

    @Slot()
    def _tell(self) -> None:
        """Tell other windows which project is open here."""
        place = self._place
        if place is not None and not self._is_writing:
            now = self._label(None)
            self._studio.jobs.start(
                "place", partial(relabel, place, now, is_modified=self._desk.is_modified), _nothing, log.warning
            )

    @Slot()
    def _look_around(self) -> None:
        """A project was opened: say so where another window has it open."""
        path = self._desk.path
        if self._folder is None or path is None:
            return
        if str(path) in projects_elsewhere(self._folder, self._place):
            self._studio.tell(f"“{path.name}” is open in another window as well; whoever saves second is asked first.")

    # --- offering -----------------------------------------------------------------------------------------------

    def restore(self, offer: Offer) -> None:
        """Show what was left behind, in the place of what there is."""
        self._desk.leave(partial(self._fetch, offer))

    def _fetch(self, offer: Offer) -> None:
        self._studio.data.fetch(
            offer.label.name or "what was kept",
            partial(read_offer, offer, Finder(self._memory.data_files)),
            partial(self._show, offer),
            _nothing,
        )

    def _show(self, offer: Offer, opened: Opened) -> None:
        self._desk.show_recovered(opened, offer.label)
        if self._place is not None:  # of what was there before, which was saved or is not wanted
            self._place.clear()
            self._place.leave()
        self._place, self._kept = offer.place, work_of(self._studio.store.state)
        self._drop(offer)

    def discard(self, offer: Offer) -> None:
        """Delete what was left behind."""
        offer.place.clear()
        offer.place.leave()
        self._drop(offer)

    def postpone(self) -> None:
        """Leave all of it for the next start."""
        for offer in self.offers:
            offer.place.leave()
        self.offers = ()
        self.offered.emit()

    def _drop(self, offer: Offer) -> None:
        self.offers = tuple(other for other in self.offers if other is not offer)
        self.offered.emit()


def keep(place: Place, taken: Taken, view: dict[str, Any], label: Label, progress: Progress) -> Stamp | None:
    """Write what was taken down, and then what it is."""
    stamp = write_project(place.work, taken, view, progress, rows_beside=True)
    place.tell(label)
    return stamp


def relabel(place: Place, now: Label, *, is_modified: bool) -> None:
    """Say which project is open; what the place holds stays as it was."""
    was = place.label
    place.tell(Label(now.name, now.project, now.stamp, was.saved, was.data, was.epochs, not is_modified))


def read_offer(offer: Offer, find: Finder, progress: Progress) -> Opened:
    """Read what was left behind. Raises ProjectError."""
    try:
        return read_project(offer.place.work, find, progress)
    except CancelledError:
        raise
    except StudioError as error:
        raise ProjectError(f"What was kept of “{offer.label.name}” cannot be opened: {error}") from error


def _nothing(*_arguments: object) -> None:
    """Nothing follows."""
