"""The questions around projects, each a plain function that tests may replace. What they ask is plain text."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from mlp_studio.ui.project_files import SUFFIX

PROJECTS = f"MLP Studio projects (*{SUFFIX})"
Buttons = QMessageBox.StandardButton


def ask_open(parent: QWidget, folder: str) -> str:
    """A project or a table to open, or ""."""
    from mlp_studio.core.readers import READERS

    endings = " ".join(f"*{ending}" for name in reversed(READERS) for ending in READERS[name].suffixes)
    kinds = f"Projects and tables (*{SUFFIX} {endings});;{PROJECTS};;Tables ({endings});;All files (*)"
    return QFileDialog.getOpenFileName(parent, "Open", folder, kinds)[0]


def ask_save(parent: QWidget, suggested: str) -> Path | None:
    """Where to save a project; None: not at all."""
    name = QFileDialog.getSaveFileName(parent, "Save as", suggested, PROJECTS)[0]
    return Path(name) if name else None


def ask_for_data(parent: QWidget, name: str, folder: str) -> Path | None:
    """Where the file of a project's data is now; None: nobody knows."""
    chosen = QFileDialog.getOpenFileName(parent, f"Where is {name}?", folder, "All files (*)")[0]
    return Path(chosen) if chosen else None


def ask_to_save(parent: QWidget, name: str, *, training: bool, closing: bool) -> QMessageBox:
    """Save, discard, or go back? `finished` brings the answer, a standard button."""
    box = _box(parent, "Close MLP Studio" if closing else "MLP Studio", unsaved_text(name))
    box.setInformativeText(unsaved_details(training=training, closing=closing))
    box.setStandardButtons(Buttons.Save | Buttons.Discard | Buttons.Cancel)
    box.setDefaultButton(Buttons.Save)
    box.setEscapeButton(Buttons.Cancel)
    box.open()
    return box


def unsaved_text(name: str) -> str:
    """What the question is about."""
    return f"“{name}” has changes that are not saved. Save them?"


def unsaved_details(*, training: bool, closing: bool) -> str:
    """What becomes of the training."""
    if not training:
        return "What is discarded cannot be brought back."
    end = "when the window closes" if closing else "when the other work is there"
    return f"The network is still training; that ends {end}. What is discarded cannot be brought back."


def ask_to_overwrite(parent: QWidget, name: str) -> QMessageBox:
    """The file has become another since it was opened: Save (over it), SaveAll (elsewhere), or Cancel."""
    box = _box(parent, "Save", f"“{name}” was changed by another window or program after it was opened here.")
    box.setInformativeText("Saving over it loses what was saved there.")
    box.setStandardButtons(Buttons.Save | Buttons.SaveAll | Buttons.Cancel)
    box.button(Buttons.Save).setText("Overwrite")
    box.button(Buttons.SaveAll).setText("Save as…")
    box.setDefaultButton(Buttons.SaveAll)
    box.setEscapeButton(Buttons.Cancel)
    box.open()
    return box


def ask_about_data(parent: QWidget, name: str, megabytes: float, *, by_reference: bool) -> QMessageBox:
    """Yes: the data are written into the project; No: it refers to their file; or Cancel."""
    box = _box(parent, "Save as", f"The data of “{name}” take up {megabytes:,.0f} MB. Keep them in the project?")
    box.setInformativeText(
        "With the data inside, the project opens anywhere. One that refers to the file stays small, but opens only "
        "where that very file is found."
    )
    box.setStandardButtons(Buttons.Yes | Buttons.No | Buttons.Cancel)
    box.button(Buttons.Yes).setText("Keep the data in the project")
    box.button(Buttons.No).setText("Refer to the file")
    box.setDefaultButton(Buttons.No if by_reference else Buttons.Yes)
    box.setEscapeButton(Buttons.Cancel)
    box.open()
    return box


def ask_to_find(parent: QWidget, sentence: str) -> QMessageBox:
    """The data that a project refers to are not there: Open (choose the file), or Cancel."""
    box = _box(parent, "Open", sentence)
    box.setStandardButtons(Buttons.Open | Buttons.Cancel)
    box.button(Buttons.Open).setText("Choose the file…")
    box.setDefaultButton(Buttons.Open)
    box.open()
    return box


def _box(parent: QWidget, title: str, text: str) -> QMessageBox:
    box = QMessageBox(QMessageBox.Icon.Question, title, text, Buttons.NoButton, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
