"""Saving fails without harm: `tests/crash_saving.py` in small, and what a file is replaced by."""

import os
import stat
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from mlp_studio.core.errors import CancelledError, ProjectError
from mlp_studio.core.files import STALE_SECONDS, _temporary, write_bytes
from mlp_studio.core.project import open_project, previous_generation, save_project
from tests import crash_saving
from tests.crash_saving import FOLDERS, generation, number_of


@pytest.fixture(scope="module")
def of():
    return crash_saving.project(epochs=5, units=20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work.mlps"


@pytest.fixture
def folder():
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def litter(path):
    return [entry.name for entry in path.parent.iterdir() if entry.name.endswith(".tmp")]


def test_a_process_that_is_killed_while_it_saves_leaves_the_old_or_the_new_file(path, of):
    found = crash_saving.kill_while_saving(path, of, np.random.default_rng(1), kills=12)
    assert found.total() == 12
    assert found["between"] < 12, "no blow fell within the saving"


@pytest.mark.parametrize("full_after", [crash_saving.limit_of_size, crash_saving.injected])
def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(path, of, full_after):
    assert crash_saving.fill_disk_while_saving(path, of, full_after) > 3


def test_a_real_disk_that_is_full_leaves_the_old_file_and_nothing_else(of):
    with crash_saving.small_disk() as disk:
        if disk is None:
            pytest.skip("this user may not mount a disk")
        assert crash_saving.fill_disk_while_saving(disk / "work.mlps", of, crash_saving.full_disk) > 3


def test_a_disk_that_is_full_leaves_nothing_where_nothing_was(path, of):
    with crash_saving.limit_of_size(path, 4096), pytest.raises(ProjectError, match="another folder"):
        save_project(path, of)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_that_cannot_take_the_file_is_told_in_a_sentence(folder, of, what):
    check, sentence = FOLDERS[what]
    assert sentence in check(folder / "sub", of)


def test_the_file_before_is_kept_and_opens(path, of):
    for number in range(3):
        save_project(path, generation(of, number))
    assert number_of(path) == 2
    assert number_of(previous_generation(path)) == 1
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["work.mlps", "work.mlps~"]


def test_where_a_disk_knows_no_second_names_the_file_before_is_copied(path, of, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "not here")))
    for number in range(2):
        save_project(path, generation(of, number))
    assert (number_of(path), number_of(previous_generation(path))) == (1, 0)


def test_a_file_that_cannot_be_kept_does_not_hinder_the_saving(path, of):
    save_project(path, generation(of, 0))
    previous_generation(path).mkdir()
    save_project(path, generation(of, 1))
    assert number_of(path) == 1
    assert litter(path) == []


def test_a_link_stays_one_and_the_file_that_it_leads_to_is_replaced(path, of, tmp_path):
    save_project(path, generation(of, 0))
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.mlps"
    link.symlink_to(path)
    save_project(link, generation(of, 1))
    assert link.is_symlink()
    assert (number_of(path), number_of(previous_generation(path))) == (1, 0)


def test_links_in_a_circle_and_impossible_names_are_refused_with_a_sentence(tmp_path, of):
    one, other = tmp_path / "one.mlps", tmp_path / "other.mlps"
    one.symlink_to(other)
    other.symlink_to(one)
    for path in (one, tmp_path / "a\0b.mlps", tmp_path / ("x" * 300)):
        with pytest.raises(ProjectError, match="could not be saved"):
            save_project(path, of)
        with pytest.raises(ProjectError):
            open_project(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one.mlps", "other.mlps"]


def test_permissions_stay_as_they_are(path, of):
    save_project(path, of)
    path.chmod(0o640)
    save_project(path, of)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("share", [0.0, 0.4, 0.6, 0.9, 1.0])
def test_saving_can_be_cancelled_until_the_file_takes_its_place(path, of, share):
    save_project(path, generation(of, 0))

    def cancel(done):
        if done >= share:
            raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        save_project(path, generation(of, 1), cancel)
    assert number_of(path) == 0
    assert litter(path) == []


def test_what_reads_differently_from_what_was_written_does_not_replace_a_file(path, of, monkeypatch):
    save_project(path, generation(of, 0))
    real = Path.open

    def damaging(self, mode="r", *rest, **more):
        if mode == "wb":
            opened = real(self, mode, *rest, **more)
            write = opened.write
            return _Damaged(opened, write)
        return real(self, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", damaging)
    with pytest.raises(ProjectError, match="reads differently"):
        save_project(path, generation(of, 1))
    monkeypatch.undo()
    assert number_of(path) == 0
    assert litter(path) == []


class _Damaged:
    """A file whose last byte arrives as another."""

    def __init__(self, file, write):
        self._file, self._write = file, write

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._file.close()

    def write(self, content):
        if isinstance(content, memoryview):  # numbers, not the header
            content = bytes(content[:-1]) + bytes([content[-1] ^ 1])
        return self._write(content)

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_what_killed_programs_left_goes_with_the_next_saving_but_only_when_it_is_old(path, of):
    old, fresh = (_temporary(path).with_suffix(f".{number}.tmp") for number in (1, 2))
    other = _temporary(path.with_name("another.mlps"))
    for entry in (old, fresh, other):
        entry.write_bytes(b"x")
    long_ago = time.time() - 2 * STALE_SECONDS
    for entry in (old, other):
        os.utime(entry, (long_ago, long_ago))
    save_project(path, of)
    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def test_very_long_names_can_be_saved_under(tmp_path, of):
    path = tmp_path / ("ä" * 120 + ".mlps")
    for number in range(2):
        save_project(path, generation(of, number))
    assert number_of(path) == 1
    assert number_of(previous_generation(path)) == 0


def test_two_savings_at_once_do_not_get_in_each_others_way(path, of):
    from threading import Thread

    threads = [Thread(target=lambda k=k: [save_project(path, generation(of, k)) for _ in range(5)]) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert number_of(path) in range(4)
    assert number_of(previous_generation(path)) in range(4)
    assert litter(path) == []


def test_a_file_that_is_the_one_before_already_is_kept_without_litter(path, of):
    save_project(path, generation(of, 0))
    os.link(path, previous_generation(path))  # as a program leaves it that is killed between the two
    save_project(path, generation(of, 1))
    assert (number_of(path), number_of(previous_generation(path))) == (1, 0)
    assert litter(path) == []


def test_a_device_is_not_replaced(of):
    with pytest.raises(ProjectError, match="not an ordinary file"):
        save_project(Path("/dev/null"), of)
    assert not Path("/dev/null").is_file()


def test_other_files_are_written_as_safely(tmp_path):
    path = tmp_path / "report.json"
    write_bytes(path, b"one")
    with crash_saving.limit_of_size(path, 2), pytest.raises(OSError, match="large"):
        write_bytes(path, b"three")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_project_that_does_not_open_names_the_one_before(path, of):
    for number in range(2):
        save_project(path, generation(of, number))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ProjectError, match="What was saved before is in “work"):
        open_project(path)
