"""What every sub-command is made of: its row, its exit codes, and how it refuses."""

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from mlp_studio.core.errors import ConfigError

OK, DIVERGED, REFUSED, INTERRUPTED = 0, 1, 2, 130


class Module(Protocol):
    """The file of a sub-command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments, and what its help says below them."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Do it; the exit code."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command: what `--help` says of it, and its file, which is imported when it is wanted."""

    help: str
    load: Callable[[], Module]


def known(kind: str, name: str, names: Collection[str]) -> None:
    """Raise ConfigError where there is no such thing, with those that there are."""
    if name not in names:
        *most, last = names
        raise ConfigError(f"There is no {kind} “{name}”; choose {', '.join(most)} or {last}.")
