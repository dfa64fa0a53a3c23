import sys

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.backends.torch_mlp import TorchMLP
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.devices import DEVICES, Device, found, require
from mlp_studio.core.errors import BackendError
from mlp_studio.core.trainer import Training, initial_params

HERE = {name for name, device in DEVICES.items() if device.is_there(torch)}
MISSING = [name for name in DEVICES if name not in HERE]


@pytest.fixture
def with_gpus(monkeypatch):
    """Two more devices: one that is there but has no float64, and one that is not."""
    monkeypatch.setitem(DEVICES, "there", Device("Toy GPU", lambda _torch: True, has_float64=False))
    monkeypatch.setitem(DEVICES, "away", Device("Lost GPU", lambda _torch: False))


def on(device, **settings):
    settings = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(Experiment(), {"train.device": device, **settings})


def test_every_device_has_a_label_and_torch_knows_its_name():
    for name, device in DEVICES.items():
        assert device.label
        assert torch.device(name).type == name
    assert next(iter(DEVICES)) == Experiment().train.device == "cpu"


@pytest.mark.usefixtures("with_gpus")
def test_what_torch_finds_is_offered_and_the_rest_is_not():
    assert set(found()) == HERE | {"there"}


@pytest.mark.usefixtures("with_gpus")
def test_before_torch_is_imported_only_the_cpu_is_offered(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    assert found() == ("cpu",)
    assert "torch" not in sys.modules


@pytest.mark.usefixtures("with_gpus")
def test_while_torch_is_being_imported_only_the_cpu_is_offered(monkeypatch):
    monkeypatch.setattr(torch.__spec__, "_initializing", True, raising=False)
    assert found() == ("cpu",)


@pytest.mark.usefixtures("with_gpus")
def test_a_device_that_cannot_be_had_is_refused_in_a_sentence_that_says_what_to_do():
    require("cpu", "numpy", "float64")
    require("there", "torch", "float32")
    for arguments, sentence in [
        (("there", "numpy", "float32"), "Only PyTorch computes on the Toy GPU: choose that backend, or CPU"),
        (("there", "torch", "float64"), "The Toy GPU cannot compute in float64: choose float32, or CPU"),
        (("away", "torch", "float32"), "PyTorch finds no Lost GPU here: choose CPU as the device"),
    ]:
        with pytest.raises(BackendError, match=f"^{sentence}"):
            require(*arguments)


@pytest.mark.usefixtures("with_gpus")
@pytest.mark.parametrize(("backend", "device"), [("numpy", "there"), ("torch", "away")])
def test_training_there_ends_before_it_begins(small_spiral, backend, device):
    with pytest.raises(BackendError, match="as the device"):
        Training(on(device, model__backend=backend), small_spiral)


def test_only_the_row_of_metal_lacks_float64():
    assert [name for name, device in DEVICES.items() if not device.has_float64] == ["mps"]


class OneDevice(TorchDispatchMode):
    """Refuses operations on tensors of several devices, as a GPU does; moving them between devices is no such."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
        devices = {value.device.type for value in given if value.ndim}
        moves = func.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_)
        assert moves or len(devices) < 2, f"{func} on {devices}"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_all_that_a_step_touches_is_on_the_device(as_prepared, monkeypatch, dropout, weighted):
    """torch's meta device has shapes but no numbers: enough to see where everything is, without a GPU."""
    generators = []

    def make_generator(device):
        generators.append(device.type)
        return torch.Generator()

    monkeypatch.setattr(TorchMLP, "_generator", staticmethod(make_generator))
    monkeypatch.setattr(TorchMLP, "_weight", lambda _self, y: float(len(y)))
    monkeypatch.setattr(TorchMLP, "_scores", lambda *_: Scores(0.0, 0, 1.0))  # here alone numbers are needed
    monkeypatch.setitem(DEVICES, "meta", Device("Shapes only", lambda _torch: True))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.integers(0, 3, 20)
    prepared = as_prepared(X, y, X, y, np.ones(3) if weighted else None, classes=3)
    setting = on("meta", model__backend="torch", model__hidden=(5, 4), model__dropout=dropout, train__l2=0.1)
    running = BACKENDS["torch"].make(setting, prepared, initial_params(setting, prepared))
    assert generators == ["meta"]
    zeros = np.zeros(len(running._w), np.float32)
    checkpoint = Checkpoint(zeros, (zeros, zeros), 3)
    with OneDevice():
        for rows in (None, np.arange(5)):
            running.step(rows, setting.train)
            running.validation_scores()
        running.restore(checkpoint)
    vectors = [*running._memory, running._vectors.w, running._vectors.g, running._vectors.scratch]
    assert {vector.device.type for vector in vectors} == {"meta"}


@pytest.mark.parametrize("device", sorted(HERE - {"cpu"}))
def test_a_gpu_walks_the_path_of_the_cpu(small_spiral, device):
    """Where there is one; the tests above need none."""
    weights = []
    for name in ("cpu", device):
        training = Training(on(name, model__backend="torch", model__hidden=(12,), train__epochs=20), small_spiral)
        list(training.run())
        weights.append(training.backend.params())
        training.backend.restore(training.backend.checkpoint())
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours.W, theirs.W, atol=1e-3)
