"""What the window remembers from one session to the next. A value that is broken or out of date is as good as none."""

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from mlp_studio.core.config import Experiment
from mlp_studio.core.settings import experiment_of, settings_of
from mlp_studio.ui.theme import SCHEMES
from mlp_studio.ui.view import View, document_of, view_of

LAYOUT_VERSION = 4  # raised when docks come or go, so that an older saved layout is left alone
RECENT_FILES = 8
DATA_FILES = 50


class Memory:
    """The settings file, as values. What was never saved is None, or the default."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def sync(self) -> None:
        """Write it to the disk now."""
        self._settings.sync()

    # --- files --------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> str:
        """Where a file was opened last."""
        return str(self._settings.value("folder", ""))

    @property
    def recent(self) -> list[str]:
        """The files that were opened last, the newest first."""
        value = self._settings.value("recent", [])  # a list of one comes back as the text alone
        names = value if isinstance(value, list) else [value] if value else []
        return [str(name) for name in names]

    def remember_file(self, path: Path) -> None:
        """This file was opened."""
        recent = [str(path), *(name for name in self.recent if name != str(path))]
        self._settings.setValue("recent", recent[:RECENT_FILES])
        self._settings.setValue("folder", str(path.parent))

    def forget_files(self) -> None:
        """The list of files begins anew."""
        self._settings.remove("recent")

    @property
    def data_files(self) -> dict[str, str]:
        """Where files of data were, by the SHA-256 of their content: a project keeps no folder."""
        return {digest: path for digest, path in self._document("data_files").items() if isinstance(path, str)}

    def remember_data(self, sha256: str, path: Path) -> None:
        """The file with this content is here."""
        others = {digest: place for digest, place in self.data_files.items() if digest != sha256}
        kept = dict(list(others.items())[1 - DATA_FILES :])
        self._settings.setValue("data_files", json.dumps(kept | {sha256: str(path)}))

    @property
    def export_format(self) -> str:
        """The format that was exported last, by its name."""
        return str(self._settings.value("export/format", ""))

    @property
    def export_folder(self) -> str:
        """Where the last export went; at first, where documents are, or at home."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        places = (str(self._settings.value("export/folder", "")), documents)
        return next((place for place in places if place and Path(place).is_dir()), str(Path.home()))

    def remember_export(self, name: str, folder: Path) -> None:
        """This format was exported to this folder."""
        self._settings.setValue("export/format", name)
        self._settings.setValue("export/folder", str(folder))

    # --- the look -----------------------------------------------------------------------------------------------

    @property
    def scheme(self) -> str:
        """The colour scheme; apply it before the window is built."""
        name = str(self._settings.value("scheme", "system"))
        return name if name in SCHEMES else "system"

    @scheme.setter
    def scheme(self, name: str) -> None:
        self._settings.setValue("scheme", name)

    @property
    def geometry(self) -> QByteArray | None:
        """The window's place and size, as Qt has it."""
        return self._bytes("geometry")

    @property
    def layout(self) -> QByteArray | None:
        """Where the docks are, as Qt has it."""
        return self._bytes("layout")

    def remember_window(self, geometry: QByteArray, layout: QByteArray) -> None:
        """The window and its docks are like this."""
        self._settings.setValue("geometry", geometry)
        self._settings.setValue("layout", layout)

    def _bytes(self, name: str) -> QByteArray | None:
        value = self._settings.value(name)
        return value if isinstance(value, QByteArray) else None

    # --- the work -----------------------------------------------------------------------------------------------

    def experiment(self, default: Experiment) -> Experiment:
        """The last experiment; what it has no sound value for is as in `default`."""
        return experiment_of(self._document("experiment"), default)

    def remember_experiment(self, experiment: Experiment) -> None:
        """The settings are these."""
        self._settings.setValue("experiment", json.dumps(settings_of(experiment)))

    def view(self) -> View:
        """What the boundary view shows, whatever the data, and whether the loss is on a logarithmic axis."""
        return view_of(self._document("view"))

    def remember_view(self, view: View) -> None:
        """The view is like this."""
        self._settings.setValue("view", json.dumps(document_of(view)))

    def _document(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads(str(self._settings.value(name, "{}")))
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}
