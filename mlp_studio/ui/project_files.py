"""Projects as the window reads and writes them, in a job: with what it shows of them, and where their data were.

A project keeps of a file of data its name and its SHA-256, no folder. Where the file is, each person's own settings
know (`ui.memory`), so that it can be read again after opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_studio.core.errors import MissingDataError, ProjectError
from mlp_studio.core.progress import Progress
from mlp_studio.core.scene import make_scene
from mlp_studio.ui.loading import Loaded, Stamp, stamp_of
from mlp_studio.ui.scribe import Taken
from mlp_studio.ui.view import View, view_of

if TYPE_CHECKING:
    from mlp_studio.core.project import Project

SUFFIX = ".mlps"  # as core.project's, which is imported with the first project only


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A project as it was read, with what the window shows of it, and the stamp of its file before that."""

    path: Path
    stamp: Stamp | None
    project: "Project"
    view: View
    loaded: Loaded


class Finder:
    """Knows where files of data are, by their content: where the person says, or where they were before."""

    def __init__(self, known: Mapping[str, str], at: Path | None = None) -> None:
        self._known, self._at = known, at
        self.missing = ""  # the name of a file that was not found, and without which the project cannot be opened

    def __call__(self, name: str, sha256: str) -> Path | None:
        """Where such a file may be; for `core.project.open_project`, which makes sure of its content."""
        del name
        return self._at or (Path(self._known[sha256]) if sha256 in self._known else None)


def write_project(
    path: Path,
    taken: Taken,
    view: Mapping[str, Any],
    progress: Progress,
    *,
    by_reference: bool = False,
    rows_beside: bool = False,
) -> Stamp | None:
    """Write what was taken down; the stamp of the file. `rows_beside` as in `core.project`. Raises ProjectError."""
    from mlp_studio.core.project import Project, save_project

    project = Project(taken.work.experiment, taken.prepared, taken.run, taken.work.runs, view, by_reference)
    save_project(path, project, progress, rows_beside=rows_beside)
    return stamp_of(path)


def read_project(path: Path, find: Finder, progress: Progress) -> Opened:
    """Read a project and work out what is shown of it. Raises ProjectError."""
    from mlp_studio.core.project import open_project

    stamp = stamp_of(path)
    try:
        project = open_project(path, find, progress)
    except MissingDataError as error:
        find.missing = error.name
        raise
    if project.prepared is None:
        raise ProjectError(f"“{path.name}” has no data.")
    prepared, data = project.prepared, project.experiment.data
    view = view_of(project.view, prepared.dataset)
    scene = make_scene(prepared, view.shown.slice)
    is_there = data.source == "file" and Path(data.path).is_absolute()
    is_mixed = project.run is not None and project.run.is_mixed
    read_from = stamp_of(Path(data.path)) if is_there else None
    loaded = Loaded(project.experiment, prepared.dataset, prepared, scene, read_from, keeps_scaler=is_mixed)
    return Opened(path, stamp, project, view, loaded)
