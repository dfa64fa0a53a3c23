"""`mlp-studio lessons`: what there is to learn."""

import argparse

from mlp_studio.cli.command import OK
from mlp_studio.core.lessons import LESSONS
from mlp_studio.terminal import say


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    width = max(map(len, LESSONS)) + 2
    for name, lesson in LESSONS.items():
        say(f"{name:<{width}}{lesson.title}\n{'':<{width}}{lesson.summary}")
    return OK
