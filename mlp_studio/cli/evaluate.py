"""`mlp-studio evaluate`: how well the network of a project does."""

import argparse
import textwrap
from pathlib import Path

from mlp_studio.cli.command import OK
from mlp_studio.cli.outputs import check_outputs
from mlp_studio.cli.projects import EXIT_CODES, add_project, trained_of
from mlp_studio.core.errors import ConfigError
from mlp_studio.core.evaluation import evaluation, table_evaluation
from mlp_studio.core.outputs import writing
from mlp_studio.core.report import write_report
from mlp_studio.summary import evaluation_text
from mlp_studio.terminal import say, shares


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    add = parser.add_argument
    add(
        "--data",
        metavar="FILE",
        type=Path,
        help="judge the rows of this table instead of the project's own: its columns and classes are found by name",
    )
    add("--label", metavar="COLUMN", help="the column of FILE that holds the class; default: named as in the project")
    add("--report", metavar="FILE.json", type=Path, help="write the same to a JSON file")
    add("--quiet", action="store_true", help="show no progress bar")
    parser.epilog = textwrap.fill(EXIT_CODES, 110)


def run(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    if options.label is not None and options.data is None:
        raise ConfigError("--label names a column of a file: give the file with --data too.")
    check_outputs((options.report,), (options.project, options.data))
    trained = trained_of(options)
    if options.data is None:
        document = evaluation(trained)
    else:
        with shares("judging", quiet=options.quiet) as progress:
            document = table_evaluation(trained, options.data, options.label or "", progress)
    say(evaluation_text(document))
    if options.report:
        with writing(options.report):
            write_report(options.report, document)
    return OK
