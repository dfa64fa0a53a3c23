"""What a command needs of a terminal: to print, to show progress, to be stopped."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from time import perf_counter
from typing import Self

from mlp_studio.core.errors import CancelledError
from mlp_studio.core.events import EpochEnd
from mlp_studio.core.progress import Progress

BAR_SECONDS = 0.1  # between two updates of the progress bar


def complain(sentence: str) -> None:
    """One sentence on stderr, where there is one."""
    if sys.stderr is not None:
        print(sentence, file=sys.stderr)


def say(text: str) -> None:
    """Print to stdout; that nobody reads on (`… | head`) or that it fails is no reason to lose the report."""
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            complain(f"The result could not be printed: {error.strerror}.")
        # what is left in the buffer goes nowhere, also when the interpreter flushes it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def speak_any_name() -> None:
    """Class names may hold letters that the terminal's encoding lacks: show those as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@contextmanager
def ctrl_c() -> Iterator[Flag]:
    """The first Ctrl-C raises the flag, so that training stops between two steps; a second one interrupts."""
    stop = Flag()
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


class Bar:
    """A progress bar on stderr that is redrawn at most ten times a second."""

    def __init__(self, epochs: int, done: int = 0, *, quiet: bool) -> None:
        from tqdm import tqdm

        self._tqdm = tqdm(
            total=epochs,
            initial=done,
            unit=" epochs",
            disable=quiet or sys.stderr is None,
            file=sys.stderr,
            miniters=1,
            mininterval=0,
        )
        self._latest: EpochEnd | None = None
        self._due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._draw()
        self._tqdm.close()

    def show(self, event: EpochEnd) -> None:
        """An epoch is done."""
        self._latest = event
        if perf_counter() > self._due:
            self._draw()
            self._due = perf_counter() + BAR_SECONDS

    def _draw(self) -> None:
        if self._latest is not None:
            figures = f"loss {self._latest.train_loss:.4f}, accuracy {self._latest.train_accuracy:.4f}"
            self._tqdm.set_postfix_str(figures, refresh=False)
            self._tqdm.update(self._latest.epoch - self._tqdm.n)


@contextmanager
def shares(what: str, *, quiet: bool) -> Iterator[Progress]:
    """Progress of what takes a while, as a bar on stderr that comes after half a second; Ctrl-C cancels it.

    The work is to call it with the share that is done; after Ctrl-C that raises CancelledError.
    """
    from tqdm import tqdm

    layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    disable = quiet or sys.stderr is None
    with (
        ctrl_c() as stop,
        tqdm(total=100, desc=what, bar_format=layout, disable=disable, file=sys.stderr, delay=0.5, leave=False) as bar,
    ):

        def show(share: float) -> None:
            if stop.is_set():
                raise CancelledError("Interrupted: nothing was written.")
            bar.update(max(0.0, 100 * share - bar.n))

        yield show
