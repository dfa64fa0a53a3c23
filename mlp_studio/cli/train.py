"""`mlp-studio train`: train a network, or go on with that of a project, and print what came of it."""

import argparse
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_studio.cli.command import DIVERGED, OK
from mlp_studio.cli.continuing import Start, beside_main, next_number, opened, start
from mlp_studio.cli.outputs import check_outputs
from mlp_studio.cli.running import Leg, train_to_the_end
from mlp_studio.cli.settings import (
    add_settings,
    experiments_of,
    name_guessed_label,
    name_idle_settings,
    settings_help,
)
from mlp_studio.cli.verdict import verdict
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import ConfigError, StudioError
from mlp_studio.core.events import Outcome
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.outputs import writing
from mlp_studio.core.predictions import predictions
from mlp_studio.core.report import Document, document, write_report
from mlp_studio.core.trainer import Training
from mlp_studio.core.typed_row import parse_columns
from mlp_studio.summary import as_text
from mlp_studio.terminal import complain, say

if TYPE_CHECKING:
    from mlp_studio.core.project import Project


EXIT_CODES = (
    "exit codes: 0 the run finished, or Ctrl-C stopped it and its weights were kept; 1 it diverged; "
    "2 bad arguments or data, or a file that could not be read or written; 130 a second Ctrl-C"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add = parser.add_argument
    add(
        "project",
        metavar="PROJECT",
        nargs="?",
        type=Path,
        help="go on with the run of this project (.mlps), bit for bit as if it had not ended; where settings differ "
        "that a running training cannot take over, a new run begins beside it",
    )
    add_settings(parser)
    add(
        "--at",
        metavar="X1=0.1,X2=0.1",
        action="append",
        default=[],
        help="predict this row at the end; a column of text takes one of its texts (colour=red); may be repeated",
    )
    add("--save", metavar="OUT.mlps", type=Path, help="save it all as a project, also after Ctrl-C")
    add(
        "--by-reference",
        action="store_true",
        help="save of a data file its name and its hash alone: it has to stay beside the project, as it is",
    )
    add("--report", metavar="FILE.json", type=Path, help="write everything about the run to a JSON file")
    add(
        "--picture",
        metavar="FILE.png",
        type=Path,
        help="write a picture of the window with the finished run, asked about the first --at",
    )
    add("--quiet", action="store_true", help="show no progress bar")
    parser.epilog = f"{settings_help()}\n\n{textwrap.fill(EXIT_CODES, 110)}"


def run(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    _check_outputs(options)
    runs = _begin(options)
    points = [parse_columns(text, runs.start.training.prepared.dataset) for text in options.at]
    if runs.start.said:
        complain(runs.start.said)
    legs = {name: train_to_the_end(training, quiet=options.quiet) for name, training in runs.others.items()}
    leg = train_to_the_end(runs.start.training, quiet=options.quiet)
    written = _document(runs, leg, points)
    if options.lesson:
        written["lesson"] = verdict(options.lesson, runs.all, {**legs, runs.main: leg})
    say(as_text(written))
    if leg.ending.reason:
        complain(leg.ending.reason) if leg.ending.outcome == "diverged" else say(leg.ending.reason)
    _write(options, runs, {**legs, runs.main: leg}, written, points)
    return DIVERGED if leg.ending.outcome == "diverged" else OK


@dataclass(frozen=True, slots=True)
class _Runs:
    """What is trained: one run, and the others that a lesson compares with it, which are trained first."""

    main: str
    start: Start
    others: Mapping[str, Training]

    @property
    def all(self) -> dict[str, Training]:
        return {**self.others, self.main: self.start.training}


def _begin(options: argparse.Namespace) -> _Runs:
    project = opened(options.project) if options.project else None
    experiments = experiments_of(options, project.experiment if project else None)
    main = LESSONS[options.lesson].main if options.lesson else ""
    experiment = experiments.pop(main)
    name_idle_settings(options, experiment)
    begun = start(project, experiment) if project else Start(Training(experiment, load_prepared(experiment)))
    if not project:
        name_guessed_label(experiment, begun.training.prepared.dataset)
    return _Runs(main, begun, {name: Training(other, load_prepared(other)) for name, other in experiments.items()})


def _document(runs: _Runs, leg: Leg, points: list[Floats]) -> Document:
    trained = runs.start.training.trained(leg.ending.outcome, runs.start.seconds + leg.seconds)
    return document(trained, predictions(trained, points))


def _write(
    options: argparse.Namespace, runs: _Runs, legs: Mapping[str, Leg], written: Document, points: list[Floats]
) -> None:
    """The files that were asked for: the project first, in which there is everything."""
    leg = legs[runs.main]
    if options.save:
        from mlp_studio.core.project import save_project

        save_project(options.save, _saved(options, runs, legs))
    if options.report:
        with writing(options.report):
            write_report(options.report, written)
    if options.picture:
        with writing(options.picture):
            _write_picture(options.picture, runs.start.training, leg.ending.outcome, points[0] if points else None)


def _saved(options: argparse.Namespace, runs: _Runs, legs: Mapping[str, Leg]) -> "Project":
    others: list[KeptRun] = []
    for name, training in runs.others.items():
        number, title = next_number((*runs.start.earlier, *others)), LESSONS[options.lesson].runs[name].title
        others.append(beside_main(number, training, legs[name], title))
    project = runs.start.saved(legs[runs.main], others)
    return replace(project, data_by_reference=project.data_by_reference or options.by_reference)


def _check_outputs(options: argparse.Namespace) -> None:
    check_outputs((options.report, options.picture, options.save), (options.data,))
    check_outputs((options.report, options.picture), (options.project,))  # the project may be saved where it was
    if options.picture and options.picture.suffix.lower() != ".png":
        raise ConfigError(f"The picture is a PNG file: “{options.picture}” should end in .png.")
    if options.by_reference and not options.save:
        raise ConfigError("--by-reference says how to save: give --save too.")
    if options.save:
        from mlp_studio.core.project import SUFFIX

        if options.save.suffix.lower() != SUFFIX:
            raise ConfigError(f"A project is a file that ends in {SUFFIX}; “{options.save}” does not.")


def _write_picture(path: Path, training: Training, status: Outcome, probe: Floats | None) -> None:
    """Draw the real window with the finished run, asked about the probe (D,). Here alone the commands reach the ui."""
    try:
        from mlp_studio.app import write_picture
    except ImportError as error:
        raise StudioError(f"The picture needs the window's libraries, which do not load: {error}.") from error
    write_picture(path, training, status, probe)
