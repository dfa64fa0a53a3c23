"""The project that a command works on, and the run that is chosen in it."""

import argparse
from pathlib import Path

from mlp_studio.core.errors import ConfigError, ProjectError
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.project import Project, open_project
from mlp_studio.core.text_rows import quoted
from mlp_studio.core.trained import Trained

EXIT_CODES = (
    "exit codes: 0 it is done; 2 bad arguments, a project or data that do not serve, or a file that could not be "
    "written; 130 interrupted by Ctrl-C"
)


def add_project(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which trained network is meant."""
    parser.add_argument("project", metavar="PROJECT", type=Path, help="a project that the studio has saved (.mlps)")
    parser.add_argument(
        "--run", metavar="N", help="the run with this number in the project's list; default: the present one"
    )


def trained_of(options: argparse.Namespace) -> Trained:
    """The run that is meant, with its data. Raises StudioError where there is none."""
    return _chosen(open_project(options.project), options.run, options.project).trained()


def _chosen(project: Project, number: str | None, path: Path) -> KeptRun:
    runs = {run.number: run for run in (*project.runs, project.run) if run is not None}
    name = quoted(path.name)
    if not runs:
        raise ProjectError(f"{name} holds no trained network; train it: mlp-studio train PROJECT --save PROJECT.")
    numbers = ", ".join(map(str, sorted(runs)))
    if number is None:
        if project.run is None:
            raise ProjectError(f"{name} has no present run; choose one of its list with --run: {numbers}.")
        return project.run
    if not number.isdecimal() or int(number) not in runs:
        raise ConfigError(f"{name} has no run “{number}”; its runs are {numbers}.")
    return runs[int(number)]
