"""The versions that a report of a fault begins with, the same in the window and on the command line."""

import platform
from importlib import metadata

from mlp_studio import __version__
from mlp_studio.core.edition import is_bundle

PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "numpy",
    "torch",
    "scikit-learn",
    "scipy",
    "pandas",
    "onnx",
    "nbformat",
    "pillow",
    "safetensors",
    "msgspec",
)


def versions_block() -> str:
    """One line for the program, the system and each library. Only metadata are read, nothing is imported."""
    program = f"MLP Studio {__version__}{' (bundle)' if is_bundle() else ''}"
    system = f"Python {platform.python_version()} · {platform.platform()}"
    return "\n".join([program, system, *(f"{name} {_version(name)}" for name in PACKAGES)])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
