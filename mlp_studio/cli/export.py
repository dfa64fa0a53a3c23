"""`mlp-studio export`: take the network of a project along, as a script, a model, a report …"""

import argparse
import textwrap
from pathlib import Path

from mlp_studio.cli.command import OK, known
from mlp_studio.cli.outputs import check_outputs
from mlp_studio.cli.projects import EXIT_CODES, add_project, trained_of
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.outputs import check_suffix, writing
from mlp_studio.terminal import say, shares


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    add = parser.add_argument
    add("--format", metavar="NAME", required=True, help="what to write: one of the formats below")
    add("--out", metavar="FILE", type=Path, required=True, help="where to write it")
    add("--quiet", action="store_true", help="show no progress bar")
    parser.epilog = f"{_formats()}\n\n{textwrap.fill(EXIT_CODES, 110)}"


def _formats() -> str:
    lines = ["formats:"]
    for name, export in EXPORTS.items():
        text = f"  {name:<14} {export.help} ({', '.join(export.suffixes)})"
        lines.append(textwrap.fill(text, 110, subsequent_indent=" " * 17))
    return "\n".join(lines)


def run(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    known("format", options.format, EXPORTS)
    export = EXPORTS[options.format]
    check_suffix(options.out, export)
    check_outputs((options.out,), (options.project,))
    trained = trained_of(options)
    with shares("exporting", quiet=options.quiet or not export.slow) as progress, writing(options.out):
        export.write(trained, options.out, progress)
    say(f"{export.label}: {options.out}")
    return OK
