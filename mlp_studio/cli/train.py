"""`mlp-studio train`: train a network and print what came of it."""

import argparse
import textwrap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mlp_studio.cli.command import DIVERGED, OK, Command
from mlp_studio.cli.outputs import check_outputs, writing
from mlp_studio.cli.running import train_to_the_end
from mlp_studio.cli.settings import add_settings, experiments_of, name_idle_settings, settings_help
from mlp_studio.cli.verdict import verdict
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import ConfigError, StudioError
from mlp_studio.core.events import Outcome
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.predict import Prediction, parse_row, predict
from mlp_studio.core.report import report, write_report
from mlp_studio.core.trainer import Training
from mlp_studio.summary import as_text
from mlp_studio.terminal import complain, say

EXIT_CODES = (
    "exit codes: 0 the run finished, or Ctrl-C stopped it and its weights were kept; 1 it diverged; "
    "2 bad arguments or data, or a file that could not be written"
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_settings(parser)
    add = parser.add_argument
    add(
        "--at",
        metavar="X1=0.1,X2=0.1",
        action="append",
        default=[],
        help="predict this row at the end; may be repeated",
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


def _run(options: argparse.Namespace) -> int:
    experiments = experiments_of(options)
    lesson = LESSONS.get(options.lesson)
    main = lesson.main if lesson else ""
    experiment = experiments.pop(main)
    check_outputs((options.report, options.picture), (options.data,))
    _check_picture(options.picture)
    name_idle_settings(options, experiment)
    prepared = load_prepared(experiment)
    points = [parse_row(text, prepared.dataset.feature_names) for text in options.at]
    training = Training(experiment, prepared)
    others = {name: Training(other, load_prepared(other)) for name, other in experiments.items()}
    endings = {name: train_to_the_end(other, quiet=options.quiet)[0] for name, other in others.items()}
    ending, seconds = train_to_the_end(training, quiet=options.quiet)
    document = report(training, ending.outcome, seconds, _predictions(training, points))
    if lesson:
        document["lesson"] = verdict(options.lesson, {**others, main: training}, {**endings, main: ending})
    say(as_text(document))
    if ending.reason:
        complain(ending.reason) if ending.outcome == "diverged" else say(ending.reason)
    if options.report:
        with writing(options.report):
            write_report(options.report, document)
    if options.picture:
        with writing(options.picture):
            _write_picture(options.picture, training, ending.outcome, points[0] if points else None)
    return DIVERGED if ending.outcome == "diverged" else OK


def _check_picture(path: Path | None) -> None:
    if path and path.suffix.lower() != ".png":
        raise ConfigError(f"The picture is a PNG file: “{path}” should end in .png.")


def _predictions(training: Training, points: Iterable[Floats]) -> list[Prediction]:
    params, activation = training.backend.params(), training.experiment.model.activation
    with np.errstate(all="ignore"):  # of a point that is too far off the report says so
        return [predict(params, activation, training.prepared.inputs, x) for x in points]


def _write_picture(path: Path, training: Training, status: Outcome, probe: Floats | None) -> None:
    """Draw the real window with the finished run, asked about the probe (D,). Here alone the commands reach the ui."""
    try:
        from mlp_studio.app import write_picture
    except ImportError as error:
        raise StudioError(f"The picture needs the window's libraries, which do not load: {error}.") from error
    write_picture(path, training, status, probe)


COMMAND = Command("train a network and print what came of it", _add_arguments, _run)
