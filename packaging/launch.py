"""Where the bundle begins: the same as `python -m mlp_studio`."""

import os
import sys

from mlp_studio.__main__ import main


def _tell_when_painted() -> None:
    """For `make bundle-bench`: say when the window has been painted, and end."""
    from mlp_studio.__main__ import _set_up

    _set_up()
    from mlp_studio import app  # before Qt, as the program does

    # isort: split
    from painted import Painted

    make_window = app.make_window

    def watched(*arguments: object) -> object:
        window = make_window(*arguments)
        window.told = Painted(window.boundary.plots[0].widget.viewport())
        return window

    app.make_window = watched


if __name__ == "__main__":
    if os.environ.get("MLP_STUDIO_TELL_WHEN_PAINTED"):
        _tell_when_painted()
    sys.exit(main())
