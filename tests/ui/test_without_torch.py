"""The window where PyTorch is not installed: it is shown as unavailable, with the way to get it."""

import sys

import pytest
from PySide6.QtCore import Qt

from mlp_studio.core.backends.registry import why_not
from tests.ui.helpers import run_of, state_of, wait_for_status

SENTENCE = "PyTorch is not installed: run “pip install torch”, or choose the NumPy backend."


@pytest.fixture(autouse=True)
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


def backend_of(window):
    return window.experiment.fields["model.backend"].control


def test_the_choice_is_shown_but_cannot_be_made(window):
    box = backend_of(window)
    row = box.findData("torch")
    assert box.itemText(row) == "PyTorch (unavailable)"
    assert not box.model().item(row).isEnabled()
    assert SENTENCE in box.itemData(row, Qt.ItemDataRole.ToolTipRole)
    assert SENTENCE in box.toolTip()
    assert box.model().item(box.findData("numpy")).isEnabled()
    assert SENTENCE not in window.experiment.model_summary.text()


def test_a_lesson_that_asks_for_it_says_so_before_and_after_train(qtbot, window):
    window.open_lesson("pytorch-mlp")
    assert state_of(window).experiment.model.backend == "torch"
    assert SENTENCE in window.experiment.model_summary.text()
    window.studio.train()
    wait_for_status(qtbot, window, "failed")
    assert window.notice.text.text() == SENTENCE
    window.studio.set("model.backend", "numpy")
    window.studio.train()
    qtbot.waitUntil(lambda: run_of(window).epoch > 3, timeout=20_000)
    assert SENTENCE not in window.experiment.model_summary.text()


def test_the_twin_proof_says_so(qtbot, window):
    from mlp_studio.ui.dialogs.twin import TwinDialog

    window.show_twin()
    dialog = window.findChild(TwinDialog)
    dialog.train_button.click()
    qtbot.waitUntil(lambda: SENTENCE in dialog.verdict.text(), timeout=20_000)
    dialog.close()
    assert why_not("torch") == SENTENCE
