"""`python -m mlp_studio`: the window, or a sub-command of the command line."""

import gc
import os
import sys
from collections.abc import Sequence

NO_DISPLAY = 2  # the exit code where there is nothing to show a window on


def main(argv: Sequence[str] | None = None) -> int:
    """The window for no argument or for files; otherwise the command line. The exit code."""
    _set_up()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not _is_file(words[0]):
        from mlp_studio import cli

        return cli.main(words)
    return _open_window(words)


def _set_up() -> None:
    """What has to be settled before anything numeric and any Qt is imported."""
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
        _speak_utf8()
    _give_streams()
    # small networks train fastest on one thread; `core.threads` raises it for large ones
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"


def _speak_utf8() -> None:
    """Where no language is set, text is UTF-8: Python does this by itself (PEP 538), but not in a bundle."""
    if not any(os.environ.get(name, "C") not in ("C", "POSIX", "") for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        os.environ["LC_CTYPE"] = "C.UTF-8"
        os.environ.pop("LC_ALL", None)


def _give_streams() -> None:
    """A window without a console has no standard streams: a file takes what is printed to them, also by libraries in C.

    A stream that is closed must not be left so, as the next file that is opened would take its place.
    """
    missing = {name: number for number, name in ((1, "stdout"), (2, "stderr")) if getattr(sys, name) is None}
    if not missing:
        return
    from mlp_studio.core.output import open_output

    output = open_output()
    for name, number in missing.items():
        if output.fileno() != number:
            os.dup2(output.fileno(), number)
        setattr(sys, name, output)


def _is_file(word: str) -> bool:
    """Commands are plain words and options start with a dash; what has a dot or a slash is a file."""
    return not word.startswith("-") and any(mark in word for mark in "./\\")


def _open_window(paths: list[str]) -> int:
    from mlp_studio.display import missing

    if sentence := missing():
        print(sentence, file=sys.stderr)
        return NO_DISPLAY
    gc.disable()  # until the first paint, see ui/warm_up.py: hardly anything that is made before it goes away again
    from mlp_studio.app import main as run_window

    return run_window(paths)


if __name__ == "__main__":
    sys.exit(main())
