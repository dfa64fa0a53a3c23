"""`mlp-studio predict`: what the network of a project says of new rows."""

import argparse
import textwrap
from pathlib import Path

from mlp_studio.cli.command import OK
from mlp_studio.cli.outputs import check_outputs
from mlp_studio.cli.projects import EXIT_CODES, add_project, trained_of
from mlp_studio.core.errors import ConfigError
from mlp_studio.core.outputs import writing
from mlp_studio.core.predictions import predict_table, predictions
from mlp_studio.core.report import prediction_document
from mlp_studio.core.trained import Trained
from mlp_studio.core.typed_row import parse_columns
from mlp_studio.summary import answer_text
from mlp_studio.terminal import say, shares

TABLE = (
    "OUT.csv has the columns of IN.csv, the predicted class and the probability of each class. A row that lacks a "
    "value has empty cells there, and is counted. Text that a spreadsheet would take for a formula gets a ' before it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    add = parser.add_argument
    add(
        "--at",
        metavar="X1=0.1,X2=0.1",
        action="append",
        default=[],
        help="predict this row; a column of text takes one of its texts (colour=red); may be repeated",
    )
    add("--data", metavar="IN.csv", type=Path, help="predict the rows of this table; its columns are found by name")
    add("--out", metavar="OUT.csv", type=Path, help="where to write the table with its predictions")
    add("--quiet", action="store_true", help="show no progress bar")
    parser.epilog = f"{textwrap.fill(TABLE, 110)}\n\n{textwrap.fill(EXIT_CODES, 110)}"


def run(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    if not options.at and options.data is None:
        raise ConfigError("Say what to predict: a row with --at, or a table with --data and --out.")
    if (options.data is None) != (options.out is None):
        raise ConfigError("A table is predicted with --data IN.csv and --out OUT.csv: give both of them.")
    check_outputs((options.out,), (options.project, options.data))
    trained = trained_of(options)
    if options.at:
        say(_answers(trained, options.at))
    if options.data is not None:
        with shares("predicting", quiet=options.quiet) as progress, writing(options.out):
            tally = predict_table(trained, options.data, options.out, progress)
        say(tally.sentence("predicted", "left empty"))
    return OK


def _answers(trained: Trained, texts: list[str]) -> str:
    data = trained.prepared.dataset
    points = [parse_columns(text, data) for text in texts]
    documents = (prediction_document(one, data.feature_names, data.class_names) for one in predictions(trained, points))
    return "\n".join(map(answer_text, documents))
