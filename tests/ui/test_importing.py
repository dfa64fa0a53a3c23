"""Files in the window: how far they are read, cancelling, and what becomes of the data that were there."""

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt

from mlp_studio.app import make_application, make_window
from mlp_studio.core import preview
from mlp_studio.core.config import DataConfig, Experiment
from mlp_studio.core.readers import READERS
from mlp_studio.ui import main_window
from mlp_studio.ui.dialogs import saving
from mlp_studio.ui.memory import Memory
from mlp_studio.ui.panels.status import STEPS
from tests.ui.helpers import SECONDS, drop, run_of, state_of, wait_for_epoch, wait_for_status

# what the offscreen platform says of every dialog that opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")


def table(rows, names="x,y,kind", town=""):
    """A table about which nothing is doubtful, unless it has a column of towns."""
    return f"{names}\n" + "".join(f"{i}.5,{i % 7}.25{town},{'uv'[i % 2]}\n" for i in range(rows))


def wait_for_rows(qtbot, window, rows):
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == rows, timeout=SECONDS)


def wait_for_dialog(qtbot, window):
    qtbot.waitUntil(lambda: window.importing.dialog is not None, timeout=SECONDS)
    return window.importing.dialog


def wait_for_notice(qtbot, window, text):
    qtbot.waitUntil(lambda: text in window.notice.text.text(), timeout=SECONDS)


@pytest.fixture(scope="module")
def long_table(tmp_path_factory):
    """A file that takes a second or two: its quotes want the row by row reading."""
    path = tmp_path_factory.mktemp("tables") / "long.csv"
    path.write_text("x,y,label\n" + "".join(f'"{i}",{i % 7}.5,k{i % 2}\n' for i in range(300_000)))
    return path


def wait_for_some_of_it(qtbot, window):
    qtbot.waitUntil(lambda: 0 < state_of(window).loading_share < 1, timeout=SECONDS)


def test_loading_shows_how_much_of_the_file_is_read_and_ends_with_its_data(qtbot, window, long_table):
    bar = window.run_bar
    assert not bar.cancel.isVisible()
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    share = state_of(window).loading_share
    assert bar.label.text() == f"Loading long.csv … {share:.0%}"
    qtbot.waitUntil(lambda: bar.progress.maximum() == STEPS and 0 < bar.progress.value() < STEPS, timeout=SECONDS)
    assert bar.cancel.isVisible()
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == 300_000, timeout=SECONDS)
    assert state_of(window).loading_share == 0
    assert not bar.cancel.isVisible()
    assert bar.label.text().startswith("epoch 0")


@pytest.mark.parametrize("by", ["button", "key"])
def test_cancelling_keeps_the_data_that_were_there(qtbot, window, long_table, by):
    before = state_of(window)
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    if by == "button":
        qtbot.mouseClick(window.run_bar.cancel, Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert state_of(window).loading == ""
    assert window.notice.text.text() == "Loading “long.csv” was cancelled."
    assert not state_of(window).notice.is_error
    assert state_of(window).prepared is before.prepared
    assert state_of(window).experiment == before.experiment
    assert window.commands["train"].isEnabled()
    qtbot.waitUntil(lambda: not window.studio.jobs.busy("data"), timeout=2_000)  # the thread ends, too, and soon
    assert state_of(window).prepared is before.prepared


def test_other_data_asked_for_end_the_reading_of_a_file(qtbot, window, long_table):
    window.studio.open_file(long_table, label="label")
    wait_for_some_of_it(qtbot, window)
    window.studio.set("data.source", "moons")
    assert state_of(window).prepared.dataset.name == "Moons"
    qtbot.waitUntil(lambda: not window.studio.jobs.busy("data"), timeout=2_000)
    assert state_of(window).prepared.dataset.name == "Moons"
    assert state_of(window).notice is None


def test_a_file_about_which_nothing_is_doubtful_is_read_at_once(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    assert window.importing.dialog is None
    assert window.notice.text.text().startswith("60 rows read, 60 used")
    assert window.notice.button.text() == "Change import…"
    assert window.memory.recent == [str(path)]


START = """
import sys
from PySide6.QtCore import QTimer
from mlp_studio import app
from mlp_studio.__main__ import main

make = app.make_window

def look():
    window = app.window
    dialog, prepared = window.importing.dialog, window.studio.store.state.prepared
    if dialog is not None:
        print("asked:", dialog.notes.text())
        dialog.reject()
    elif prepared is None or prepared.dataset.name != "given.csv":
        return
    else:
        print("loaded:", window.notice.text.text())
    timer.stop()
    window.close()

def made():
    app.window = make()
    return app.window

app.make_window = made
timer = QTimer()
timer.setInterval(20)
timer.timeout.connect(look)
QTimer.singleShot(0, timer.start)
main([sys.argv[1]])
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (table(60), "loaded: 60 rows read, 60 used"),
        (table(60, "x,y,town,kind", ",t1"), "asked: “town” holds text and is left out unless chosen."),
    ],
    ids=["plain", "doubtful"],
)
def test_a_file_on_the_command_line_is_opened_like_a_dropped_one(tmp_path, text, said):
    path = tmp_path / "given.csv"
    path.write_text(text)
    command = [sys.executable, "-c", START, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)


def test_the_data_panel_leads_to_the_import_of_a_file(qtbot, window, tmp_path):
    window.docks["data"].raise_()
    assert not window.data.import_button.isVisible()
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    qtbot.waitUntil(window.data.import_button.isVisible, timeout=SECONDS)
    qtbot.mouseClick(window.data.import_button, Qt.MouseButton.LeftButton)
    wait_for_dialog(qtbot, window).reject()


def test_open_leads_the_same_way_as_a_drop(qtbot, window, tmp_path, monkeypatch):
    path = tmp_path / "towns.csv"
    path.write_text(table(60, "x,y,town,kind", ",t1"))
    monkeypatch.setattr(main_window, "ask_open", lambda *_: str(path))
    window.commands["open"].trigger()
    dialog = wait_for_dialog(qtbot, window)
    assert "“town” holds text and is left out unless chosen." in dialog.notes.text()
    dialog.accept()
    wait_for_rows(qtbot, window, 60)
    assert window.importing.dialog is None


def test_a_refused_dialog_changes_nothing(qtbot, window, tmp_path):
    before = state_of(window)
    path = tmp_path / "towns.csv"
    path.write_text(table(60, "x,y,town,kind", ",t1"))
    drop(window, path)
    wait_for_dialog(qtbot, window).reject()
    assert state_of(window).prepared is before.prepared
    assert state_of(window).experiment == before.experiment
    assert window.memory.recent == []


def test_of_several_dropped_files_the_first_is_opened_and_that_is_said(qtbot, window, tmp_path):
    paths = [tmp_path / name for name in ("one.csv", "two.csv", "three.csv")]
    for path in paths:
        path.write_text(table(60))
    drop(window, *paths)
    wait_for_rows(qtbot, window, 60)
    said = window.notice.text.text()
    assert said.startswith("Of 3 files the first, “one.csv”, was opened. 60 rows read")


def test_of_two_files_the_one_that_was_asked_for_last_is_opened(qtbot, window, tmp_path):
    for name, rows in (("first.csv", 50), ("second.csv", 70)):
        (tmp_path / name).write_text(table(rows))
        window.open_file(tmp_path / name)
    wait_for_rows(qtbot, window, 70)
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert window.memory.recent == [str(tmp_path / "second.csv")]


def test_the_import_of_the_present_file_can_be_changed(qtbot, window, tmp_path):
    assert not window.commands["change_import"].isEnabled()
    assert window.commands["change_import"].toolTip() == "The data come from no file"
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    window.notice.button.click()
    dialog = wait_for_dialog(qtbot, window)
    box = dialog.table.roles.box(1)
    qtbot.keyClick(box, Qt.Key.Key_End)  # y is ignored from now on
    dialog.accept()
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.feature_names == ("x",), timeout=SECONDS)
    window.commands["change_import"].trigger()
    dialog = wait_for_dialog(qtbot, window)
    roles = [dialog.table.roles.box(column).currentText() for column in range(3)]
    assert roles == ["Feature", "Ignore", "Label"]
    dialog.reject()


def test_texts_become_features_and_gaps_are_filled_from_the_dialog_to_the_training(qtbot, window, tmp_path):
    path = tmp_path / "colours.csv"
    rows = (f"{'' if i % 10 == 4 else i},{('red', 'green', 'blue')[i % 3]},{'uv'[i % 3 == 0]}\n" for i in range(60))
    path.write_text("x,colour,kind\n" + "".join(rows))
    drop(window, path)
    dialog = wait_for_dialog(qtbot, window)
    qtbot.mouseClick(dialog.use_texts, Qt.MouseButton.LeftButton)
    qtbot.keyClick(dialog.missing, Qt.Key.Key_End)
    dialog.accept()
    wait_for_rows(qtbot, window, 60)
    names = state_of(window).prepared.dataset.feature_names
    assert names == ("x", "colour=blue", "colour=green", "colour=red")
    assert "“colour” became 3 features" in window.notice.text.text()
    assert "6 missing values filled" in window.notice.text.text()
    window.studio.set("train.epochs", 200)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).evaluation.parts["test"].accuracy == 1


def test_a_relative_path_is_remembered_whole(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("plain.csv").write_text(table(60))
    window.open_file(Path("plain.csv"))
    wait_for_rows(qtbot, window, 60)
    assert window.memory.recent == [str(tmp_path / "plain.csv")]
    assert state_of(window).experiment.data.path == str(tmp_path / "plain.csv")


def test_open_offers_every_kind_of_table(window, monkeypatch):
    asked = []
    monkeypatch.setattr(saving.QFileDialog, "getOpenFileName", lambda *words: asked.append(words) or ("", ""))
    window.commands["open"].trigger()
    offered = asked[0][3]
    assert offered.startswith("Projects and tables (*.mlps *.csv *.tsv")
    assert all(f"*{ending}" in offered for reader in READERS.values() for ending in reader.suffixes)


def test_a_workbook_without_its_reader_is_told_and_the_data_stay(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    before = state_of(window).prepared
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    drop(window, path)
    wait_for_notice(
        qtbot,
        window,
        "“book.xlsx” is an Excel workbook; reading it needs openpyxl: pip install openpyxl, or save the table as CSV.",
    )
    assert window.importing.dialog is None
    assert state_of(window).prepared is before


def test_a_real_workbook_is_dropped_and_read(qtbot, window, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book, path = openpyxl.Workbook(), tmp_path / "book.xlsx"
    book.active.append(["x", "y", "kind"])
    for i in range(60):
        book.active.append([i + 0.5, i % 7, "uv"[i % 2]])
    book.save(path)
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    window.commands["change_import"].trigger()
    dialog = wait_for_dialog(qtbot, window)
    assert not dialog.encoding.isEnabled()
    assert dialog.header.isEnabled()
    dialog.reject()


def test_a_real_parquet_file_is_dropped_and_read(qtbot, window, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "table.parquet"
    columns = {"x": [i + 0.5 for i in range(60)], "kind": ["uv"[i % 2] for i in range(60)]}
    parquet.write_table(pyarrow.table(columns), path)
    drop(window, path)
    wait_for_rows(qtbot, window, 60)


def test_a_file_that_is_gone_is_told_when_its_import_is_to_be_changed(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    path.unlink()
    wait_for_notice(qtbot, window, "“plain.csv” is gone from the disk; its data stay loaded.")
    assert state_of(window).prepared.dataset.rows == 60
    window.commands["change_import"].trigger()
    wait_for_notice(qtbot, window, f"There is no file “{path}”.")


def test_a_look_that_takes_long_is_announced(qtbot, window, tmp_path, monkeypatch):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    sniff = preview.sniff
    going_on = Event()

    def slow(path):
        going_on.wait(SECONDS / 1000)
        return sniff(path)

    monkeypatch.setattr(preview, "sniff", slow)
    window.open_file(path)
    wait_for_notice(qtbot, window, "Looking at the first rows of “plain.csv” …")
    going_on.set()
    wait_for_rows(qtbot, window, 60)
    assert "Looking" not in window.notice.text.text()


def test_a_changed_file_is_read_again_by_itself_while_nothing_is_trained(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    path.write_text(table(80))
    wait_for_rows(qtbot, window, 80)
    assert window.notice.text.text().startswith("“plain.csv” changed on the disk and was read again. 80 rows read")


def test_a_file_that_is_replaced_stays_watched(qtbot, window, tmp_path):
    path, other = tmp_path / "plain.csv", tmp_path / "new.tmp"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    for rows in (70, 80, 90):
        other.write_text(table(rows))
        other.replace(path)
        wait_for_rows(qtbot, window, rows)


def test_what_is_trained_is_not_thrown_away_but_reloading_is_offered(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    window.studio.set("train.epochs", 20)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    path.write_text(table(80))
    wait_for_notice(qtbot, window, "“plain.csv” has changed on the disk; reading it again begins a new run.")
    assert run_of(window).epoch == 20
    assert state_of(window).prepared.dataset.rows == 60
    assert window.notice.button.text() == "Reload data"
    qtbot.mouseClick(window.notice.button, Qt.MouseButton.LeftButton)
    wait_for_rows(qtbot, window, 80)
    assert run_of(window).epoch == 0


def test_a_training_goes_on_while_its_file_changes(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    window.studio.set("train.epochs", 1_000_000)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    path.write_text(table(80))
    wait_for_notice(qtbot, window, "“plain.csv” has changed on the disk; reading it again begins a new run.")
    assert run_of(window).active
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")


def test_a_file_that_changes_for_the_worse_is_told_and_its_data_stay(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    path.write_text(table(60) + "1,2\n")
    wait_for_notice(qtbot, window, "Line 62 has 2 fields, expected 3.")
    assert state_of(window).prepared.dataset.rows == 60
    path.write_text(table(70))
    wait_for_rows(qtbot, window, 70)


def test_other_data_end_the_watch(qtbot, window, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(table(60))
    drop(window, path)
    wait_for_rows(qtbot, window, 60)
    window.studio.set("data.source", "moons")
    assert window.importing.watched == []
    assert not window.commands["reload"].isEnabled()


@pytest.fixture
def starting(qapp, qtbot, settings, long_table):
    """A window whose last session had the long table; it is read for the first time."""
    make_application()
    data = DataConfig(source="file", path=str(long_table), label="label")
    Memory(settings).remember_experiment(replace(Experiment(), data=data))
    made = make_window(settings)
    made.show()
    qtbot.waitUntil(lambda: 0 < state_of(made).loading_share < 1, timeout=SECONDS)
    yield made
    made.close()
    assert made.studio.shut_down(20_000)
    made.deleteLater()


def test_without_other_data_cancelling_shows_the_spiral(qtbot, starting):
    qtbot.mouseClick(starting.run_bar.cancel, Qt.MouseButton.LeftButton)
    assert state_of(starting).prepared.dataset.name == "Spiral"
    assert starting.notice.text.text() == "Loading “long.csv” was cancelled. The spiral is shown instead."


def test_closing_while_a_file_is_read_ends_soon_and_the_next_session_reads_it(qtbot, starting, settings, long_table):
    starting.close()
    qtbot.waitUntil(starting.isHidden, timeout=2_000)
    assert not starting.studio.is_busy
    assert Memory(settings).experiment(Experiment()).data.path == str(long_table)
