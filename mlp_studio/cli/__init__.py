"""The command line: the same engine without a window.

To add a sub-command: a file in this package with `add_arguments` and `run`, and a row of `COMMANDS`. Only the file of
the command that is wanted is imported, so that `--help` is there at once.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mlp_studio import __version__
from mlp_studio.cli.command import INTERRUPTED, REFUSED, Command, Module, known
from mlp_studio.core.errors import CancelledError, ConfigError, StudioError
from mlp_studio.terminal import complain, say, speak_any_name


def _train() -> Module:
    from mlp_studio.cli import train

    return train


def _evaluate() -> Module:
    from mlp_studio.cli import evaluate

    return evaluate


def _predict() -> Module:
    from mlp_studio.cli import predict

    return predict


def _export() -> Module:
    from mlp_studio.cli import export

    return export


def _lessons() -> Module:
    from mlp_studio.cli import lessons

    return lessons


COMMANDS: Mapping[str, Command] = {
    "train": Command("train a network and print what came of it", _train),
    "evaluate": Command("say how well the network of a project does", _evaluate),
    "predict": Command("predict rows with the network of a project", _predict),
    "export": Command("write the network of a project as a script, a model, a report …", _export),
    "lessons": Command("list the lessons", _lessons),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; the exit code. What goes wrong is one sentence on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    speak_any_name()
    try:
        options = parsed(words)
        return COMMANDS[options.command].load().run(options)
    except CancelledError as error:
        complain(str(error))
        return INTERRUPTED
    except StudioError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("There is not enough memory for this: use fewer rows, fewer units or smaller batches.")
    except KeyboardInterrupt:
        complain("Interrupted.")
        return INTERRUPTED


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The options that these words of a command line give; `command` is the name of the sub-command."""
    if words and not words[0].startswith("-"):
        known("command", words[0], COMMANDS)
    options, unknown = _parser(words).parse_known_args(words)
    if unknown:
        raise ConfigError(f"“{unknown[0]}” means nothing here; {_see_help(f'mlp-studio {options.command}')}.")
    return options


def _refuse(sentence: str) -> int:
    complain(sentence)
    return REFUSED


class _Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is raised as one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]}; {_see_help(self.prog)}.")


class _Diagnostics(argparse.Action):
    """Print the versions, and end."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **more)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from mlp_studio.core.diagnostics import versions_block

        say(versions_block())
        parser.exit()


class _SelfTest(argparse.Action):
    """Test this installation, and end. Like a picture, it needs the window."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs="?", **more)

    def __call__(self, parser: argparse.ArgumentParser, _namespace: object, out: Any, _option: object = None) -> None:
        from mlp_studio.self_test import main

        parser.exit(main(Path(out) if out else None))


def _see_help(program: str) -> str:
    return f"“{program} --help” shows what can be given"


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="mlp-studio",
        description="A laboratory for multilayer perceptrons; without a command, its window.",
        allow_abbrev=False,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"MLP Studio {__version__}")
    parser.add_argument("--diagnostics", action=_Diagnostics, help="print the versions that a report of a fault needs")
    parser.add_argument(
        "--self-test",
        action=_SelfTest,
        metavar="OUT.json",
        help="try everything out in a window of its own; 0, or the list of what failed, which OUT.json has in full",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            allow_abbrev=False,
            formatter_class=layout,
        )
        if name in words:
            command.load().add_arguments(sub)
    return parser
