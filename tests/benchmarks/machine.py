"""What the figures come from: processor, versions, and whether something else was computing, too."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = {"NumPy": "numpy", "PyTorch": "torch", "scikit-learn": "scikit-learn", "PySide6": "PySide6-Essentials"}
BUSY = 0.5  # processes that computed beside us, on the average of the last minute, from which on the table says so


def described() -> str:
    """Cores and kind of the processor, and the versions, in one line."""
    versions = ", ".join(f"{name} {version(package)}" for name, package in LIBRARIES.items())
    return f"{os.cpu_count()} cores, {_processor()}; Python {platform.python_version()}, {versions}"


def load() -> float:
    """How many processes computed on the average of the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def company(before: float) -> str:
    """A sentence where something else computed before the benchmarks began, or ""."""
    if before <= BUSY:
        return ""
    return f"The machine was busy before this began (load {before:.1f}): figures of the window suffer most from that."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
