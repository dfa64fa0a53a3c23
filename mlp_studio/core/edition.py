"""How this program came to the machine, and so which libraries it can have."""

import sys
from importlib import util


def is_bundle() -> bool:
    """Whether this is a bundle that brings its own Python: nothing can be installed into it."""
    return bool(getattr(sys, "frozen", False))


def is_there(library: str) -> bool:
    """Whether a library can be imported, as far as can be said without importing it."""
    return util.find_spec(library) is not None
