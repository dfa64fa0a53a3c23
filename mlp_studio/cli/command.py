"""What every sub-command is made of: its row, its exit codes, and how it refuses."""

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass

from mlp_studio.core.errors import ConfigError

OK, DIVERGED, REFUSED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command: what `--help` says, its arguments, and what it does with them (the exit code)."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def known(kind: str, name: str, names: Collection[str]) -> None:
    """Raise ConfigError where there is no such thing, with those that there are."""
    if name not in names:
        *most, last = names
        raise ConfigError(f"There is no {kind} “{name}”; choose {', '.join(most)} or {last}.")
