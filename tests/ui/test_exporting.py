"""Exporting from the window: every format, with progress, while the network trains on."""

import json
import shlex
import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from mlp_studio.core.config import Experiment
from mlp_studio.core.errors import CancelledError, ExportError
from mlp_studio.core.export.registry import EXPORTS, Export
from mlp_studio.ui.dialogs import export as dialogs
from mlp_studio.ui.dialogs.export import ExportDialog
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status


@pytest.fixture
def trained(window, qtbot):
    """The window with a few epochs done."""
    window.studio.set("train.epochs", 6)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    return window


def opened(window) -> ExportDialog:
    window.commands["export"].trigger()
    return window.findChild(ExportDialog)


def is_open(window) -> bool:
    dialog = window.findChild(ExportDialog)  # a closed one is deleted a moment later
    return dialog is not None and dialog.isVisible()


def choose(dialog: ExportDialog, name: str) -> None:
    dialog.formats.setCurrentRow(list(EXPORTS).index(name))


def ended(qtbot, window) -> None:
    qtbot.waitUntil(lambda: not window.exporting.is_busy and not window.studio.is_busy, timeout=SECONDS)


@pytest.mark.parametrize("name", list(EXPORTS))
def test_every_format_can_be_exported_from_the_dialog(trained, qtbot, tmp_path, name):
    dialog = opened(trained)
    choose(dialog, name)
    assert dialog.help.text() == EXPORTS[name].help
    path = tmp_path / "out" / f"run{EXPORTS[name].suffixes[0]}"
    path.parent.mkdir()
    dialog.file.setText(str(path))
    assert dialog.export.isEnabled()
    dialog.export.click()
    ended(qtbot, trained)
    assert path.stat().st_size > 100
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert state_of(trained).notice.text == f"{EXPORTS[name].label}: written to {path}."
    assert not is_open(trained)


def test_what_is_exported_is_the_present_run(trained, qtbot, tmp_path):
    trained.exporting.begin("report-json", tmp_path / "r.json")
    ended(qtbot, trained)
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    run = run_of(trained)
    assert told["status"] == "finished"
    np.testing.assert_array_equal(told["history"]["train_loss"], run.curves[:, 0])
    assert told["performance"]["test"]["overall"]["accuracy"] == run.evaluation.parts["test"].accuracy
    assert told["timing"]["seconds"] > 0


def test_a_run_that_has_not_begun_is_exported_with_its_first_weights(window, qtbot, tmp_path):
    window.exporting.begin("report-json", tmp_path / "r.json")
    ended(qtbot, window)
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert told["status"] == "ready"
    assert told["history"]["epoch"] == []


def test_training_goes_on_while_its_newest_state_is_exported(window, qtbot, tmp_path):
    window.studio.set("train.epochs", 1_000_000)
    window.studio.train()
    wait_for_epoch(qtbot, window, 5)
    dialog = opened(window)
    choose(dialog, "report")
    dialog.file.setText(str(tmp_path / "run.html"))
    dialog.export.click()
    assert run_of(window).active
    before = run_of(window).epoch
    qtbot.waitUntil((tmp_path / "run.html").exists, timeout=3 * SECONDS)
    qtbot.waitUntil(lambda: not window.exporting.is_busy, timeout=SECONDS)
    assert run_of(window).active
    qtbot.waitUntil(lambda: run_of(window).epoch > before, timeout=SECONDS)
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped")


def test_progress_is_shown_and_cancel_leaves_what_was_there(trained, qtbot, tmp_path, monkeypatch):
    path, go_on = tmp_path / "slow.txt", threading.Event()
    path.write_text("old")

    def slow(_trained, _path, progress):
        progress(0.5)
        go_on.wait(20)
        progress(0.6)
        raise AssertionError("It was not cancelled.")

    monkeypatch.setitem(EXPORTS, "slow", Export("Slow", "It takes its time.", (".txt",), slow, slow=True))
    dialog = opened(trained)
    choose(dialog, "slow")
    dialog.file.setText(str(path))
    assert "will be replaced" in dialog.hint.text()
    dialog.export.click()
    qtbot.waitUntil(lambda: dialog.progress.value() == 500, timeout=SECONDS)
    assert dialog.progress.isVisible()
    assert not dialog.formats.isEnabled()
    assert dialog.cancel.text() == "Cancel"
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.hint.text() == "Cancelling …"
    assert dialog.isVisible()
    go_on.set()
    ended(qtbot, trained)
    assert dialog.hint.text() == "Cancelled; nothing was written."
    assert dialog.export.isEnabled()
    assert path.read_text() == "old"
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not is_open(trained)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ExportError("That cannot be."), "That cannot be."),
        (OSError(28, "No space left on device"), "could not be written: No space left on device."),
        (CancelledError("Enough."), "Cancelled; nothing was written."),
    ],
)
def test_a_failed_export_says_why_in_the_dialog(trained, qtbot, tmp_path, monkeypatch, error, sentence):
    def fail(*_):
        raise error

    monkeypatch.setitem(EXPORTS, "bad", Export("Bad", "It fails.", (".txt",), fail))
    dialog = opened(trained)
    choose(dialog, "bad")
    dialog.file.setText(str(tmp_path / "x.txt"))
    dialog.export.click()
    ended(qtbot, trained)
    assert sentence in dialog.hint.text()
    assert dialog.isVisible()
    dialog.reject()


def test_what_cannot_be_written_is_said_beneath_the_file(trained, tmp_path):
    dialog = opened(trained)
    choose(dialog, "animation")
    for text, sentence in (
        ("", "Name the file to write."),
        (str(tmp_path), "ends in .gif or .webp"),
        (str(tmp_path / "a.png"), "ends in .gif or .webp"),
        (str(tmp_path / "none" / "a.gif"), "There is no folder"),
    ):
        dialog.file.setText(text)
        assert not dialog.export.isEnabled()
        assert sentence in dialog.hint.text()
    dialog.file.setText(str(tmp_path / "a.webp"))
    assert dialog.export.isEnabled()
    assert dialog.hint.text() == ""
    dialog.reject()


def test_the_file_of_the_data_is_never_offered_nor_overwritten(window, qtbot, tmp_path):
    table = tmp_path / "flowers.csv"
    rows = "\n".join(f"{n % 7},{n % 5},{'ab'[n % 2]}" for n in range(60))
    table.write_text(f"x,y,class\n{rows}\n")
    window.open_file(table)
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.name == "flowers.csv", timeout=SECONDS)
    window.memory.remember_export("predictions", tmp_path)
    assert window.exporting.suggestion("predictions") == tmp_path / "flowers-predictions.csv"
    assert window.exporting.problem("predictions", table) == "That is the file of the data; choose another name."


def test_format_and_folder_are_remembered_and_a_name_of_one_s_own_stays(trained, qtbot, tmp_path, monkeypatch):
    dialog = opened(trained)
    assert dialog.name == "report"
    monkeypatch.setattr(dialogs, "ask_path", lambda _parent, _suggested, _label, _suffixes: tmp_path / "mine")
    dialog.browse.click()
    assert dialog.path == tmp_path / "mine.html"
    choose(dialog, "report-json")
    assert dialog.path == tmp_path / "mine.json"
    dialog.export.click()
    ended(qtbot, trained)
    assert (tmp_path / "mine.json").exists()
    again = opened(trained)
    assert again.name == "report-json"
    assert again.path.parent == tmp_path
    again.reject()


def test_odd_names_give_harmless_file_names(window, qtbot, tmp_path):
    window.memory.remember_export("report", tmp_path)
    window.exporting._name = lambda: "a/b\\c:*?\n\u202e<img>.csv"
    suggested = window.exporting.suggestion("report")
    assert suggested.parent == tmp_path
    assert not set('/\\:*?<>|"\n') & set(suggested.name)
    window.exporting._name = lambda: "..."
    assert window.exporting.suggestion("onnx").name == "network.onnx"


def test_the_dialog_is_opened_once_and_waits_for_data(window, qtbot):
    first = opened(window)
    assert opened(window) is first
    window.studio.store.update(loading="Loading …")
    assert not window.commands["export"].isEnabled()
    window.exporting.begin("report", first.path)
    assert "The data are being loaded" in first.hint.text()
    window.studio.store.update(loading="")
    first.reject()


def test_the_command_line_of_the_settings_is_copied(window):
    window.studio.set("train.learning_rate", 0.125)
    window.commands["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:2] == ["mlp-studio", "train"]
    assert "train.learning_rate=0.125" in words
    assert "on the clipboard" in state_of(window).notice.text

    window.studio.store.update(
        experiment=Experiment(data=state_of(window).experiment.data.__class__(path="a\0b", source="file"))
    )
    window.commands["copy_command"].trigger()
    assert state_of(window).notice.is_error
    assert "null character" in state_of(window).notice.text
