"""Where PyTorch may compute: one row a device. The NumPy backend, predictions and the boundary are always on the CPU.

To add one: write whether torch finds it and add a row to `DEVICES`, under torch's own name for it.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlp_studio.core.errors import BackendError


@dataclass(frozen=True, slots=True)
class Device:
    """`is_there(torch)` asks torch for it; `has_float64` tells whether it can compute in that precision."""

    label: str
    is_there: Callable[[Any], bool]
    has_float64: bool = True


DEVICES: dict[str, Device] = {
    "cpu": Device("CPU", lambda _torch: True),
    "cuda": Device("NVIDIA GPU (CUDA)", lambda torch: bool(torch.cuda.is_available())),
    "mps": Device("Apple GPU (Metal)", lambda torch: bool(torch.backends.mps.is_available()), has_float64=False),
}


def found() -> tuple[str, ...]:
    """The devices that are here, as far as can be said at once: torch is not imported for it."""
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):
        return ("cpu",)
    return tuple(name for name, device in DEVICES.items() if device.is_there(torch))


def require(name: str, backend: str, precision: str) -> None:
    """See to it that a backend can compute there; raises BackendError with the reason. May import torch."""
    if name == "cpu":
        return
    device = DEVICES[name]
    if backend != "torch":
        raise BackendError(f"Only PyTorch computes on the {device.label}: choose that backend, or CPU as the device.")
    import torch

    if not device.is_there(torch):
        raise BackendError(f"PyTorch finds no {device.label} here: choose CPU as the device.")
    if precision == "float64" and not device.has_float64:
        raise BackendError(f"The {device.label} cannot compute in float64: choose float32, or CPU as the device.")
