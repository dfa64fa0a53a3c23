"""Projects as the window reads and writes them, in a job: with what it shows of them, and where their data were.

A project keeps of a file of data its name and its SHA-256, no folder. Where the file is, each person's own settings
know (`ui.memory`), so that it can be read again after opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.files import sha256_of
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
    """Finds files of data by their content: where the person says, where they were before, or beside the project."""

    def __init__(self, known: Mapping[str, str], folder: Path, at: Path | None = None) -> None:
        self._known, self._folder, self._at = known, folder, at
        self._found: dict[tuple[str, str], Path | None] = {}
        self.missing = ""  # the name of a file that was not found, and without which the project cannot be opened

    def __call__(self, name: str, sha256: str) -> Path | None:
        """Where the file is, None where nobody knows; for `core.project.open_project`."""
        found = self.find(name, sha256)
        self.missing = "" if found is not None else name
        return found

    def find(self, name: str, sha256: str) -> Path | None:
        """Where the very file is that had this content."""
        key = (name, sha256)
        if key not in self._found:
            known = Path(self._known[sha256]) if sha256 in self._known else None
            places = (self._at, known, self._folder / name)
            found = (path.absolute() for path in places if path is not None and _has(path, sha256))
            self._found[key] = next(found, None)
        return self._found[key]


def write_project(
    path: Path, taken: Taken, view: Mapping[str, Any], progress: Progress, *, by_reference: bool = False
) -> Stamp | None:
    """Write what was taken down; the stamp of the file. Raises ProjectError."""
    from mlp_studio.core.project import Project, save_project

    project = Project(taken.work.experiment, taken.prepared, taken.run, taken.work.runs, view, by_reference)
    save_project(path, project, progress)
    return stamp_of(path)


def read_project(path: Path, find: Finder, progress: Progress) -> Opened:
    """Read a project and work out what is shown of it. Raises ProjectError."""
    from mlp_studio.core.project import open_project

    stamp = stamp_of(path)
    project = _found_again(open_project(path, find, progress), find)
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


def _found_again(project: "Project", find: Finder) -> "Project":
    """The project with the whole paths of the files that its data were read from, as far as these are known here."""

    def placed(experiment: Experiment, data: Dataset) -> Experiment:
        if experiment.data.source != "file" or data.account is None or not data.account.sha256:
            return experiment
        path = find.find(experiment.data.path, data.account.sha256)
        return experiment if path is None else replace(experiment, data=replace(experiment.data, path=str(path)))

    if project.prepared is None:
        return project
    run, runs = project.run, project.runs
    return replace(
        project,
        experiment=placed(project.experiment, project.prepared.dataset),
        run=None if run is None else replace(run, experiment=placed(run.experiment, run.prepared.dataset)),
        runs=tuple(replace(one, experiment=placed(one.experiment, one.prepared.dataset)) for one in runs),
    )


def _has(path: Path, sha256: str) -> bool:
    try:
        return path.is_file() and sha256_of(path) == sha256
    except (OSError, ValueError):
        return False
