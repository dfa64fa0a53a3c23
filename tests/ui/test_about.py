"""About, and the licences that it shows."""

import pytest
from PySide6.QtGui import QGuiApplication

from mlp_studio.core import licences
from mlp_studio.core.diagnostics import versions_block
from mlp_studio.ui.dialogs.about import AboutDialog
from mlp_studio.ui.dialogs.licences import LicencesDialog


@pytest.fixture
def about(window):
    window.show_about()
    dialog = window.findChild(AboutDialog)
    yield dialog
    dialog.close()


def test_about_shows_the_versions_block(about):
    first, *others = versions_block().splitlines()
    assert about.versions.text().splitlines() == others
    assert first.startswith("MLP Studio")


def test_copy_diagnostics_begins_with_the_same_block(about, window):
    about.copy_button.click()
    assert QGuiApplication.clipboard().text().startswith(versions_block())
    assert "clipboard" in window.notice.text.text()


def test_every_licence_can_be_read(about):
    about.licences_button.click()
    dialog = about.findChild(LicencesDialog)
    texts = {}
    for row, notice in enumerate(dialog.notices):
        dialog.list.setCurrentRow(row)
        texts[notice.name] = dialog.text.toPlainText()
        assert len(texts[notice.name]) > 200, notice.name
    assert "MIT License" in texts["MLP Studio"]
    for phrase in ("The Qt Company", "GNU LESSER GENERAL PUBLIC LICENSE", "GNU GENERAL PUBLIC LICENSE", "FreeType"):
        assert phrase in texts["Qt"]
    for name in ("numpy", "torch", "pyqtgraph", "PySide6_Essentials", "pandas"):
        assert name in texts
    dialog.close()


def test_the_programs_own_licence_is_the_repositorys():
    from pathlib import Path

    own = licences.notices()[0]
    assert own.read() == (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
