"""`mlp-studio lessons`: what there is to learn."""

import argparse

from mlp_studio.cli.command import OK, Command
from mlp_studio.core.lessons import LESSONS
from mlp_studio.terminal import say


def _add_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none."""


def _run(_options: argparse.Namespace) -> int:
    width = max(map(len, LESSONS)) + 2
    for name, lesson in LESSONS.items():
        say(f"{name:<{width}}{lesson.title}\n{'':<{width}}{lesson.summary}")
    return OK


COMMAND = Command("list the lessons", _add_arguments, _run)
