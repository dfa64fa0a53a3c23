"""The backends by name: one row each. A backend's module is imported when it is first made."""

from collections.abc import Callable
from dataclasses import dataclass

from mlp_studio.core import edition, heavy
from mlp_studio.core.backends.protocol import Backend
from mlp_studio.core.config import Experiment
from mlp_studio.core.devices import require
from mlp_studio.core.errors import BackendError
from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared

Make = Callable[[Experiment, Prepared, Params], Backend]


@dataclass(frozen=True, slots=True)
class BackendEntry:
    """`make(experiment, prepared, params)` gives a backend that starts from a copy of `params`. Raises BackendError.

    `library` is what it computes with, where that may be missing.
    """

    label: str
    make: Make
    library: str = ""


def _numpy(experiment: Experiment, prepared: Prepared, params: Params) -> Backend:
    from mlp_studio.core.backends.numpy_mlp import NumpyMLP

    require(experiment.train.device, "numpy", experiment.train.precision)
    return NumpyMLP(experiment, prepared, params)


def _torch(experiment: Experiment, prepared: Prepared, params: Params) -> Backend:
    try:
        heavy.load("torch")
        from mlp_studio.core.backends.torch_mlp import TorchMLP
    except ImportError as error:
        raise BackendError(why_not("torch") or f"PyTorch does not load here: {error}.") from error
    require(experiment.train.device, "torch", experiment.train.precision)
    return TorchMLP(experiment, prepared, params)


BACKENDS: dict[str, BackendEntry] = {
    "numpy": BackendEntry("NumPy from scratch", _numpy),
    "torch": BackendEntry("PyTorch", _torch, "torch"),
}


def why_not(name: str) -> str:
    """Why a backend cannot run here and how to get it, in a sentence; "" where it can, as far as is known at once."""
    entry = BACKENDS[name]
    if not entry.library or edition.is_there(entry.library):
        return ""
    install = f"run “pip install {entry.library}”"
    how = "download the full edition of MLP Studio" if edition.is_bundle() else install
    return f"{entry.label} is not installed: {how}, or choose the NumPy backend."
