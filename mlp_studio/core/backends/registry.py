"""The backends by name: one row each. A backend's module is imported when it is first made."""

from collections.abc import Callable
from dataclasses import dataclass

from mlp_studio.core import heavy
from mlp_studio.core.backends.protocol import Backend
from mlp_studio.core.config import Experiment
from mlp_studio.core.devices import require
from mlp_studio.core.errors import BackendError
from mlp_studio.core.network import Params
from mlp_studio.core.prepare import Prepared

Make = Callable[[Experiment, Prepared, Params], Backend]


@dataclass(frozen=True, slots=True)
class BackendEntry:
    """`make(experiment, prepared, params)` gives a backend that starts from a copy of `params`. Raises BackendError."""

    label: str
    make: Make


def _numpy(experiment: Experiment, prepared: Prepared, params: Params) -> Backend:
    from mlp_studio.core.backends.numpy_mlp import NumpyMLP

    require(experiment.train.device, "numpy", experiment.train.precision)
    return NumpyMLP(experiment, prepared, params)


def _torch(experiment: Experiment, prepared: Prepared, params: Params) -> Backend:
    try:
        heavy.load("torch")
        from mlp_studio.core.backends.torch_mlp import TorchMLP
    except ImportError as error:
        raise BackendError("PyTorch is not installed: run “pip install torch”, or choose the NumPy backend.") from error
    require(experiment.train.device, "torch", experiment.train.precision)
    return TorchMLP(experiment, prepared, params)


BACKENDS: dict[str, BackendEntry] = {
    "numpy": BackendEntry("NumPy from scratch", _numpy),
    "torch": BackendEntry("PyTorch", _torch),
}
