"""Watches the file that is loaded: whether it changes on the disk, or is gone."""

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

from mlp_studio.ui.loading import Stamp, stamp_of

QUIET_MILLISECONDS = 300  # a program that saves writes in pieces, or moves a new file into place: when that is over


class FileWatch(QObject):
    """Tells once of each change of one file. Its folder is watched as well, as a file that is replaced is a new one."""

    changed = Signal()
    vanished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._seen: Stamp | None = None
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._stir)
        self._watcher.directoryChanged.connect(self._stir)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET_MILLISECONDS)
        self._quiet.timeout.connect(self._look)

    def watch(self, path: Path | None, stamp: Stamp | None = None) -> None:
        """Watch this file, which was read when it had this stamp; None: none any more."""
        self.end()
        self._path, self._seen = path, stamp
        if path is not None:
            self._follow(path)
            if stamp_of(path) != stamp:  # it has changed while it was read
                self._quiet.start()

    def end(self) -> None:
        """Watch nothing."""
        self._quiet.stop()
        self._path = None
        if self.watched:
            self._watcher.removePaths(self.watched)

    @property
    def watched(self) -> list[str]:
        """The file and its folder, as far as they are there."""
        return [*self._watcher.files(), *self._watcher.directories()]

    def _follow(self, path: Path) -> None:
        watched = self.watched
        if wanted := [str(place) for place in (path, path.parent) if place.exists() and str(place) not in watched]:
            self._watcher.addPaths(wanted)

    @Slot()
    def _stir(self) -> None:
        if self._path is not None:
            self._quiet.start()

    @Slot()
    def _look(self) -> None:
        if self._path is None:
            return
        self._follow(self._path)
        stamp = stamp_of(self._path)
        if stamp == self._seen:
            return
        self._seen = stamp
        if stamp is None:
            self.vanished.emit()
        else:
            self.changed.emit()
