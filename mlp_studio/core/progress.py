"""How far something long has got, told to whoever waits for it."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[
    [float], None
]  # takes the share that is done, 0…1; raises CancelledError to end the work


def to_nobody(_share: float) -> None:
    """Nobody waits: the work goes on to its end."""
