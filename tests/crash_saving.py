"""Break the saving of a project at every place: the file is then the old one or the new one, and opens.

    python -m tests.crash_saving [--kills 300] [--seed 0]

- `kill -9` at random moments of a process that saves without a pause;
- a disk that is full after every 4 KB of the file: by a limit on the size of files, by an error that is injected, and,
  where this user may mount one, on a small disk of memory;
- a folder that may not be written to, a file that may not be, a folder that is gone, and one that goes while saving.

The exit code is 1 if anything is lost. `tests/core/test_saving.py` does the same in small.
"""

import argparse
import errno
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from numpy.random import Generator

from mlp_studio.core import files
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.prepare import prepare
from mlp_studio.core.project import Project, open_project, previous_generation, save_project
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training

STEP = 4096  # bytes from one full disk to the next
NOBODY = 65534  # a user who owns nothing
DISK = 8 << 20  # bytes of the small disk


def project(epochs: int = 40, units: int = 100) -> Project:
    """A project of a size that takes a while to write: some hundred kilobytes."""
    settings = with_settings(Experiment(), {"data.rows": 200, "train.epochs": epochs, "model.hidden": (units,)})
    data = load_dataset(settings.data, generator(settings.seed, Stream.DATA))
    prepared = prepare(data, settings.split, generator(settings.seed, Stream.SPLIT))
    training = Training(settings, prepared)
    list(training.run())
    return Project(settings, prepared, KeptRun(1, settings, prepared, "finished", training.state()))


def generation(of: Project, number: int) -> Project:
    """The project as it is after so many savings."""
    return replace(of, view={"generation": number})


def number_of(path: Path) -> int:
    """Which generation a file is. Raises ProjectError where it does not open."""
    return int(open_project(path).view["generation"])


# kill -9


def kill_while_saving(path: Path, of: Project, rng: Generator, kills: int) -> Counter[str]:
    """Kill so many processes that save; raises AssertionError where the file is not the old or the new one.

    Counts where the blows fell: within the writing, where the new file was there already though nobody had said so, and
    between two savings.
    """
    save_project(path, generation(of, 0))
    start = perf_counter()
    save_project(path, generation(of, 0))
    seconds, last = perf_counter() - start, 0
    found: Counter[str] = Counter()
    for _ in range(kills):
        told = _killed(path, of, last + 1, float(rng.uniform(0, 4 * seconds)))
        confirmed = max(told, last)
        there = number_of(path)
        assert there in (confirmed, confirmed + 1), f"generation {there} is there, {confirmed} was saved last"
        if previous_generation(path).exists():
            before = number_of(previous_generation(path))
            assert before in (there, there - 1), f"generation {before} was kept before {there}"
        litter = list(path.parent.glob(".*.tmp"))
        found["new file" if there > confirmed else "within the writing" if litter else "between"] += 1
        for entry in litter:
            entry.unlink()
        last = there
    return found


def _killed(path: Path, of: Project, first: int, delay: float) -> int:
    """Have a process save generation after generation, kill it after `delay` seconds; the last it said it saved."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _save_for_ever(path, of, first, theirs)
    os.close(theirs)
    sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as told:
        numbers = np.frombuffer(told.read(), np.int64)
    return int(numbers[-1]) if len(numbers) else 0


def _save_for_ever(path: Path, of: Project, first: int, tell: int) -> None:
    try:
        for number in count(first):
            save_project(path, generation(of, number))
            os.write(tell, np.int64(number).tobytes())
    finally:
        os._exit(1)


# A full disk


def fill_disk_while_saving(path: Path, of: Project, full_after: Callable[[Path, int], Any], step: int = STEP) -> int:
    """Save on a disk that is full after `step` bytes, twice as many …; how often that failed, each time as wanted."""
    save_project(path, generation(of, 0))
    size, failures = path.stat().st_size, 0
    old = path.read_bytes()
    for room in range(0, size + 2 * step, step):
        try:
            with full_after(path, room):
                save_project(path, generation(of, 1))
        except ProjectError as error:
            failures += 1
            judge(error, path, old)
            assert room < size, f"there was room for {room} bytes, and the file has {size}"
        else:
            assert room >= size - step, f"{size} bytes were saved where there was room for {room}"
            assert number_of(path) == 1
            assert previous_generation(path).read_bytes() == old
            save_project(path, generation(of, 0))
    return failures


def judge(error: ProjectError, path: Path, old: bytes | None) -> None:
    """One sentence or two; the old file is as it was; nothing is left lying about."""
    text = str(error)
    assert text.startswith(f"“{path.name}” could not be saved: "), text
    assert text.endswith("."), text
    assert "\n" not in text, text
    if old is not None:
        assert path.read_bytes() == old
        open_project(path)
    litter = (
        [entry.name for entry in path.parent.iterdir() if entry.name.endswith(".tmp")] if path.parent.exists() else []
    )
    assert not litter, litter


@contextmanager
def limit_of_size(_path: Path, room: int) -> Iterator[None]:
    """No file may be longer than `room` bytes: the system's own error, in the midst of writing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@contextmanager
def injected(_path: Path, room: int) -> Iterator[None]:
    """The disk is full after `room` bytes; some disks say so only when the file is to be on them, by fsync."""
    real = files.os.fsync

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    files.os.fsync = fsync
    try:
        yield
    finally:
        files.os.fsync = real


@contextmanager
def full_disk(path: Path, room: int) -> Iterator[None]:
    """Fill the disk, but for `room` bytes."""
    filler = path.with_name("filler")
    disk = os.statvfs(path.parent)
    filler.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - room)))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A folder that is a disk of some megabytes; None where this user may not mount one."""
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True)
    try:
        yield folder if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        folder.rmdir()


# Folders


def read_only_folder(folder: Path, of: Project) -> str:
    """The sentence where the folder may not be written to; the file in it is as it was."""
    path, _ = folder / "work.mlps", folder.mkdir()
    save_project(path, generation(of, 0))
    path.chmod(0o666)
    old = path.read_bytes()
    for entry in (folder.parent, folder):
        entry.chmod(0o555)
    try:
        return as_nobody(lambda: refusal(path, of, old))
    finally:
        for entry in (folder.parent, folder):
            entry.chmod(0o755)


def read_only_file(folder: Path, of: Project) -> str:
    """The sentence where the file itself may not be written to, though it might be replaced."""
    path, _ = folder / "work.mlps", folder.mkdir()
    save_project(path, generation(of, 0))
    old = path.read_bytes()
    path.chmod(0o444)
    folder.chmod(0o777)
    return as_nobody(lambda: refusal(path, of, old))


def vanished_folder(folder: Path, of: Project) -> str:
    """The sentence where the folder is not there."""
    return refusal(folder / "gone" / "work.mlps", of, None)


def vanishing_folder(folder: Path, of: Project) -> str:
    """The sentence where the folder goes while the file is written."""
    path, _ = folder / "work.mlps", folder.mkdir()

    def remove(share: float) -> None:
        if share >= 0.9:
            shutil.rmtree(folder, ignore_errors=True)

    try:
        save_project(path, of, remove)
    except ProjectError as error:
        judge(error, path, None)
        return str(error)
    raise AssertionError("it was saved to a folder that is not there")


def refusal(path: Path, of: Project, old: bytes | None) -> str:
    """The sentence with which saving fails."""
    try:
        save_project(path, generation(of, 1))
    except ProjectError as error:
        judge(error, path, old)
        return str(error)
    raise AssertionError(f"{path} was saved")


def as_nobody(function: Callable[[], str]) -> str:
    """What the function says as a user without rights: in a process of its own, where this one may do everything."""
    if os.geteuid() != 0:
        return function()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(theirs, function().encode())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            os.write(theirs, repr(error).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as told:
        return told.read().decode()


FOLDERS: dict[str, tuple[Callable[[Path, Project], str], str]] = {
    "a folder that may not be written to": (read_only_folder, "Permission denied"),
    "a file that may not be written to": (read_only_file, "it is protected against writing"),
    "a folder that is not there": (vanished_folder, "No such file or directory"),
    "a folder that goes while saving": (vanishing_folder, "No such file or directory"),
}


# The command


def main(words: Sequence[str] | None = None) -> int:
    """Break, look, report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash_saving", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=0, help="where chance begins")
    options = parser.parse_args(words)
    of, lost = project(), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        checks: dict[str, Callable[[], str]] = {
            f"{options.kills} kills": lambda: _kills(folder, of, options),
            "full disk, by a limit on files": lambda: _full(folder / "a.mlps", of, limit_of_size),
            "full disk, told by fsync": lambda: _full(folder / "b.mlps", of, injected),
            "full disk, a real one": lambda: _small(of),
        }
        for place, (what, (check, words_wanted)) in enumerate(FOLDERS.items()):
            checks[what] = lambda k=place, c=check, w=words_wanted: _folder(c, folder / str(k), of, w)
        for what, check in checks.items():
            try:
                print(f"{what}: {check()}", flush=True)
            except (AssertionError, ProjectError) as error:
                lost += 1
                print(f"{what}: FAILED: {error}", flush=True)
    return 1 if lost else 0


def _kills(folder: Path, of: Project, options: argparse.Namespace) -> str:
    found = kill_while_saving(folder / "work.mlps", of, np.random.default_rng(options.seed), options.kills)
    size = (folder / "work.mlps").stat().st_size
    return f"the old or the new file each time ({size:,} bytes): " + ", ".join(f"{n} {w}" for w, n in found.items())


def _full(path: Path, of: Project, full_after: Callable[[Path, int], Any]) -> str:
    return f"{fill_disk_while_saving(path, of, full_after)} times, the old file as it was, nothing left behind"


def _small(of: Project) -> str:
    with small_disk() as disk:
        return "not possible for this user" if disk is None else _full(disk / "work.mlps", of, full_disk)


def _folder(check: Callable[[Path, Project], str], folder: Path, of: Project, wanted: str) -> str:
    sentence = check(folder, of)
    assert wanted in sentence, sentence
    return sentence


if __name__ == "__main__":
    sys.exit(main())
