"""A project: everything that is worked on, in one file (`.mlps`), from which the work goes on as if it had not paused.

The file is a safetensors file: arrays, and under one metadata key a JSON document. Nothing in it names a module, a
function or a folder; opening it runs no code. It is written to the side, read back, compared, and only then takes its
place; the file that was there before is kept as “NAME.mlps~”.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from mlp_studio.core import project_document as doc
from mlp_studio.core import rows_beside as rows
from mlp_studio.core import tensor_file
from mlp_studio.core.config import Experiment
from mlp_studio.core.envelope import fingerprint, opened, sealed
from mlp_studio.core.errors import CancelledError, ProjectError, StudioError
from mlp_studio.core.files import replacing
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.project_reading import Find, Reading, find_beside
from mlp_studio.core.project_writing import Writing, digest
from mlp_studio.core.tensor_file import BrokenFileError
from mlp_studio.core.text_rows import quoted

SUFFIX = ".mlps"
KEY = "mlp-studio-project"
LONGEST_REASON = 300  # characters


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """What a project file holds.

    `prepared` are the data of `experiment`, None where they could not be had. `run` is the present run, `runs` are
    earlier ones, the latest last. `view` is what the window brings back, as JSON knows it. `data_by_reference`: rows
    that come from a file stay there, and the project has its name and its SHA-256; where that file is not there any
    more as it was read, the rows are in the project all the same. Of a file's path only its name is kept; after opening
    it is the path of a file with the same bytes, where one is found, else the name alone.
    """

    experiment: Experiment
    prepared: Prepared | None
    run: KeptRun | None = None
    runs: tuple[KeptRun, ...] = ()
    view: Mapping[str, Any] = field(default_factory=dict)
    data_by_reference: bool = False


def previous_generation(path: Path) -> Path:
    """Where the file is kept that a project has replaced."""
    return path.with_name(f"{path.name}~")


# --- saving -------------------------------------------------------------------------------------------------------


def save_project(path: Path, project: Project, progress: Progress = to_nobody, *, rows_beside: bool = False) -> None:
    """Write the project; whatever happens, the file is the old one or the new one.

    `rows_beside`: large rows go to files of their own, where they stay from one writing to the next.
    Raises ProjectError with the sentence to show, and what `progress` raises.
    """
    name = quoted(path.name)
    try:
        content, digests, beside = _serialised(project, name, progress, path if rows_beside else None)
    except OSError as error:
        raise ProjectError(f"{name} could not be saved: {error.strerror or error}. {_kept(path)}") from error

    def check(written: Path) -> None:
        progress(0.9)
        found, _ = tensor_file.read(written)
        if {key: digest(array) for key, array in found.items()} != digests:
            raise BrokenFileError("what was written reads differently")
        progress(1.0)

    progress(0.6)
    try:
        with replacing(path, check=check, previous=previous_generation(path.resolve())) as file:
            for piece in content:
                file.write(piece)
    except OSError as error:
        raise ProjectError(f"{name} could not be saved: {error.strerror or error}. {_kept(path)}") from error
    except (BrokenFileError, ValueError, RuntimeError) as error:  # the last for links that lead in a circle
        raise ProjectError(f"{name} could not be saved: {error}. {_kept(path)}") from error
    if rows_beside:
        with suppress(OSError):
            rows.clear(path, beside)


def _kept(path: Path) -> str:
    return "The file is as it was before." if _is_there(path) else "Save it under another name or in another folder."


def _serialised(
    project: Project, name: str, progress: Progress, aside: Path | None
) -> tuple[Sequence[bytes | memoryview], Mapping[str, str], Mapping[str, str]]:
    """The file's content in pieces, and the digests of the arrays in it and of those beside the file `aside`."""
    writing = Writing(data_by_reference=project.data_by_reference)
    progress(0.0)
    kept: list[doc.Run] = []
    for place, run in enumerate(project.runs):
        kept.append(writing.run(f"runs.{place}", run))
        progress(0.4 * (place + 1) / (len(project.runs) + 1))
    document = doc.Document(
        settings=writing.settings("experiment", project.experiment),
        shares=None if project.prepared is None else writing.shares(project.experiment, project.prepared),
        run=None if project.run is None else writing.run("run", project.run),
        runs=kept,
        data_sets=writing.data_sets,
        all_shares=writing.all_shares,
        view=_finite(project.view),
        data_by_reference=project.data_by_reference,
    )
    progress(0.4)
    try:
        texts = {KEY: sealed(doc.SCHEMA, doc.MIN_READER, doc.NEEDS, msgspec.to_builtins(document), writing.digests)}
        beside = {} if aside is None else rows.put(aside, writing.arrays, writing.digests)
        if beside:
            texts[rows.KEY] = rows.as_text(beside)
        inside = {key: array for key, array in writing.arrays.items() if key not in beside}
        return tensor_file.pieces(inside, texts), {key: writing.digests[key] for key in inside}, beside
    except tensor_file.TooLongError as error:
        raise ProjectError(
            f"{name} could not be saved: the list of runs or the names of columns and classes are too long. "
            "Delete some runs first."
        ) from error


def _finite(value: Any) -> Any:
    """A JSON value in which infinity and nan, which JSON has not, are null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


# --- opening ------------------------------------------------------------------------------------------------------


def open_project(path: Path, find: Find | None = None, progress: Progress = to_nobody) -> Project:
    """Read a project. Data that it only refers to are looked for by `find(name, sha256)`, then beside the project.

    Raises ProjectError with the sentence to show (MissingDataError, where such data are not found), and what `progress`
    raises.
    """
    name = quoted(path.name)
    try:
        arrays, texts = tensor_file.read(path, progress)
        if rows.KEY in texts:
            arrays = {**rows.get(path, texts[rows.KEY]), **arrays}
    except FileNotFoundError:
        raise ProjectError(f"There is no file {quoted(str(path), 200)}.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            raise ProjectError(f"{name} could not be read: {error.strerror or error}.") from error
        raise ProjectError(f"{name} is no project of MLP Studio, or it is damaged: {error}.{_hint(path)}") from error
    if KEY not in texts:
        raise ProjectError(f"{name} is no project of MLP Studio: projects are saved by File → Save, as “….mlps”.")
    try:
        return _project(texts[KEY], arrays, find_beside(path, find), progress, name)
    except (ProjectError, CancelledError):
        raise
    except (BrokenFileError, StudioError, msgspec.ValidationError, RecursionError, UnicodeError) as error:
        reason = quoted(str(error), LONGEST_REASON)[1:-1].rstrip(".")  # it may quote what is in the file
        raise ProjectError(f"{name} cannot be opened: {reason}.{_hint(path)}") from error


def _hint(path: Path) -> str:
    previous = previous_generation(path)
    return f" What was saved before is in {quoted(previous.name)}." if _is_there(previous) else ""


def _is_there(path: Path) -> bool:
    """Whether there is such a file; a name that cannot be is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _project(text: str, arrays: Mapping[str, tensor_file.Array], find: Find, progress: Progress, name: str) -> Project:
    envelope = opened(text, name, doc.SCHEMA)
    digests = {key: digest(array) for key, array in arrays.items()}
    if fingerprint(envelope.document, digests) != envelope.sha256:
        raise BrokenFileError("it is damaged: its content is not what was saved")
    document = msgspec.convert(envelope.document, doc.Document)
    reading = Reading(arrays, find, progress, newer=envelope.schema > doc.SCHEMA)
    reading.read_data(document)
    return Project(
        reading.experiment_on(document.settings, document.shares),
        None if document.shares is None else reading.prepared(document.shares),
        None if document.run is None else reading.run(document.run),
        tuple(reading.run(run) for run in document.runs),
        document.view,
        document.data_by_reference,
    )
