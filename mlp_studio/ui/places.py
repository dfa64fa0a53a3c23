"""Where windows keep what a crash would lose: a folder, and in it a place of its own for each window.

A place is three files: `ID.mlps`, the work; `ID.json`, what it is, to be told without opening it; and `ID.lock`, held
as long as its window lives. A place whose lock nobody holds belongs to a window that ended without putting it away.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QStandardPaths

from mlp_studio.core.files import write_text
from mlp_studio.ui.loading import Stamp

FOLDER = "recovery"


@dataclass(frozen=True, slots=True)
class Label:
    """What a place holds. `project`: the path of the file that it was opened from or saved to, or "".

    `stamp` is that of the file then, as text. `saved`: when the work was kept, ISO 8601 in UTC, or "" where none is.
    `is_saved`: the project has all of it as well.
    """

    name: str = ""
    project: str = ""
    stamp: str = ""
    saved: str = ""
    data: str = ""
    epochs: int = 0
    is_saved: bool = False

    @property
    def file_stamp(self) -> Stamp | None:
        """When the project's file was last written, and its size."""
        written, _, size = self.stamp.partition(":")
        return (int(written), int(size)) if written.isdecimal() and size.isdecimal() else None

    @property
    def contents(self) -> str:
        """What there is, in words: “spiral.mlps” with 412 epochs, as it was at 14:03."""
        of = f" of “{self.data}”" if self.project and self.data else ""
        epochs = f" with {self.epochs:,} epoch{'s' * (self.epochs != 1)}{of}" if self.epochs else of
        return f"“{self.name or 'work'}”{epochs}{self._moment}"

    @property
    def _moment(self) -> str:
        try:
            then = datetime.fromisoformat(self.saved).astimezone()
        except (ValueError, OverflowError, OSError):
            return ""
        is_today = then.date() == datetime.now().astimezone().date()
        return f", as it was at {then:%H:%M}" if is_today else f", as it was on {then.day} {then:%B %Y at %H:%M}"


class Place:
    """The place of one window, or one that was left behind; its lock is held from the beginning to `leave`."""

    def __init__(self, folder: Path, name: str, lock: QLockFile) -> None:
        self._folder, self._name, self._lock = folder, name, lock

    @property
    def work(self) -> Path:
        """The file with the work."""
        return self._folder / f"{self._name}.mlps"

    @property
    def label(self) -> Label:
        """What it holds."""
        return read_label(self._folder / f"{self._name}.json")

    def tell(self, label: Label) -> None:
        """Say what it holds. Raises OSError."""
        write_text(self._folder / f"{self._name}.json", json.dumps(asdict(label)))

    def clear(self) -> None:
        """Take away all that it holds; the lock stays."""
        own, half_written = self._folder.glob(f"{self._name}.*"), self._folder.glob(f".{self._name}.*")
        for file in (*own, *half_written):
            if file.suffix != ".lock":
                file.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let it go as it is: the next start finds what it holds."""
        self._lock.unlock()


def data_folder() -> Path:
    """Where the platform wants such files."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)) / FOLDER


def new_place(folder: Path) -> Place | None:
    """A place for a new window; None where none can be had, as in a home that cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return _take(folder, os.urandom(16).hex())


def left_behind(folder: Path) -> list[Place]:
    """The places of windows that ended without putting them away, the newest first; they are taken over."""
    names = [file.stem for file in sorted(folder.glob("*.mlps"), key=_written, reverse=True)]
    places = [_take(folder, name) for name in names]
    for lock in folder.glob("*.lock"):  # of windows that had nothing to lose
        if lock.stem not in names and (bare := _take(folder, lock.stem)) is not None:
            bare.clear()
            bare.leave()
    return [place for place in places if place is not None]


def projects_elsewhere(folder: Path, own: Place | None) -> list[str]:
    """The paths of the projects that other living windows have open."""
    mine = own.work.stem if own is not None else ""
    locks = [lock for lock in folder.glob("*.lock") if lock.stem != mine and _is_held(lock)]
    return [label.project for lock in locks if (label := read_label(lock.with_suffix(".json"))).project]


def read_label(path: Path) -> Label:
    """A label, as far as it is sound."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Label()
    return _label_of(document) if isinstance(document, dict) else Label()


def _label_of(document: Mapping[str, Any]) -> Label:
    default = Label()
    sound = {
        item.name: document[item.name]
        for item in fields(Label)
        if type(document.get(item.name)) is type(getattr(default, item.name))
    }
    return Label(**sound)


def _take(folder: Path, name: str) -> Place | None:
    lock = QLockFile(str(folder / f"{name}.lock"))
    lock.setStaleLockTime(0)  # a window may live for weeks; only the end of its process sets it free
    return Place(folder, name, lock) if lock.tryLock(0) else None


def _is_held(path: Path) -> bool:
    lock = QLockFile(str(path))
    lock.setStaleLockTime(0)
    if lock.tryLock(0):
        lock.unlock()
        return False
    return True


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
