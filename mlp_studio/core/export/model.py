"""The trained network as a safetensors file: weights, scaler and names, to be read without MLP Studio.

Two lines read it in NumPy, two more compute the logits of samples X (N, D), here of a network with one hidden layer of
ReLU and no derived inputs; x is float64, and so is all that follows, as where the studio predicts:

    from safetensors.numpy import load_file
    net = load_file("model.safetensors")  # W1, b1, W2, b2, …, mean, scale

    import numpy as np
    x = (X - net["mean"]) / net["scale"]
    logits = np.maximum(x @ net["W1"] + net["b1"], 0) @ net["W2"] + net["b2"]

The same in PyTorch:

    from safetensors.torch import load_file
    net = {name: values.double() for name, values in load_file("model.safetensors").items()}

    import torch
    x = (torch.as_tensor(X) - net["mean"]) / net["scale"]
    logits = torch.relu(x @ net["W1"] + net["b1"]) @ net["W2"] + net["b2"]

The names, the activation and what else belongs to it are JSON in the file's metadata:

    import json
    from safetensors import safe_open
    about = json.loads(safe_open("model.safetensors", "numpy").metadata()["mlp-studio-model"])["document"]
    labels = [about["class_names"][k] for k in logits.argmax(axis=1)]
"""

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np

from mlp_studio.core import tensor_file
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import MAX_LAYERS, Experiment
from mlp_studio.core.derive import DERIVATIONS, input_count
from mlp_studio.core.envelope import fingerprint, opened, sealed
from mlp_studio.core.errors import ExportError, ProjectError
from mlp_studio.core.files import write_bytes
from mlp_studio.core.model import Model
from mlp_studio.core.network import Layer, Params
from mlp_studio.core.prepare import Scaler
from mlp_studio.core.progress import Progress
from mlp_studio.core.project_writing import digest
from mlp_studio.core.settings import experiment_of, settings_of
from mlp_studio.core.tensor_file import Array, BrokenFileError, TooLongError
from mlp_studio.core.text_rows import quoted
from mlp_studio.core.trained import Trained

SUFFIX = ".safetensors"
KEY = "mlp-studio-model"  # of the metadata: one key, as several would be written in an order of chance
SCHEMA = MIN_READER = 1  # of what is written here, and the oldest schema whose readers understand it
NEEDS = "0.1.0"  # the first version of the program with such a reader
DIVERGED = "The weights are not finite: the training has diverged, so there is no model to write."
MOST_BYTES = 1 << 30  # the largest network that the studio trains takes a tenth of it


class Names(msgspec.Struct, frozen=True):
    """What a model file says in words. Fields that a newer version adds are passed over."""

    activation: str
    precision: str
    derived: tuple[str, ...]
    feature_names: tuple[str, ...]
    input_names: tuple[str, ...]
    class_names: tuple[str, ...]
    encoded: tuple[tuple[str, tuple[str, ...]], ...] = ()  # columns of text and the texts that became features
    settings: dict[str, Any] = {}  # how it was trained; a prediction asks none of them


# --- writing ------------------------------------------------------------------------------------------------


def write_model(trained: Trained, path: Path, progress: Progress) -> None:
    """Write a run's network to a safetensors file. Raises ExportError, OSError, and what progress raises."""
    model = Model.of(trained)
    arrays, content = arrays_of(model), model_bytes(model)
    progress(0.5)

    def check(written: Path) -> None:
        found, texts = tensor_file.read(written)
        if not _same(found, arrays) or tensor_file.parsed(texts[KEY])["document"] != _document(model):
            raise BrokenFileError("it reads back differently")

    try:
        write_bytes(path, content, check=check)
    except (BrokenFileError, KeyError) as error:
        raise ExportError(f"{quoted(path.name)} could not be written: read back, it was not the same.") from error
    progress(1.0)


def model_bytes(model: Model) -> bytes:
    """The file's content. Raises ExportError where the weights are not finite, or the names too long."""
    arrays, document = arrays_of(model), _document(model)
    if not model.is_finite:
        raise ExportError(DIVERGED)
    text = sealed(SCHEMA, MIN_READER, NEEDS, document, digests_of(arrays))
    try:
        return tensor_file.serialised(arrays, {KEY: text})
    except TooLongError as error:
        raise ExportError("The names of columns and classes are too long for a model file; shorten them.") from error


def arrays_of(model: Model) -> dict[str, Array]:
    """W1, b1, W2, … by name, then the scaler's mean and scale."""
    arrays: dict[str, Array] = {}
    for number, (W, b) in enumerate(model.params, start=1):
        arrays |= {f"W{number}": W, f"b{number}": b}
    return {**arrays, "mean": model.scaler.mean, "scale": model.scaler.scale}


def _document(model: Model) -> dict[str, Any]:
    settings = settings_of(model.experiment)
    names = Names(
        activation=model.activation,
        precision=model.precision,
        derived=model.derived,
        feature_names=model.feature_names,
        input_names=model.input_names,
        class_names=model.class_names,
        encoded=model.encoded,
        # not those of the data: they may hold the path of a file, or thousands of painted points
        settings={name: value for name, value in settings.items() if not name.startswith("data.")},
    )
    document: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(names)))
    return document


def digests_of(arrays: Mapping[str, Array]) -> dict[str, str]:
    """The SHA-256 of each."""
    return {name: digest(array) for name, array in arrays.items()}


def _same(arrays: Mapping[str, Array], others: Mapping[str, Array]) -> bool:
    return {name: digest(array) for name, array in arrays.items()} == {
        name: digest(array) for name, array in others.items()
    }


# --- reading ------------------------------------------------------------------------------------------------


def read_model(path: str | os.PathLike[str]) -> Model:
    """The network in a model file. Raises ProjectError with the sentence to show."""
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            _refuse(path, "it is larger than any model of MLP Studio")
        arrays, texts = tensor_file.read(path)
    except OSError as error:
        raise ProjectError(f"{quoted(path.name)} could not be read: {error.strerror or error}.") from error
    except BrokenFileError as error:
        raise ProjectError(f"{quoted(path.name)} is no model of MLP Studio, or it is damaged: {error}.") from error
    if KEY not in texts:
        raise ProjectError(f"{quoted(path.name)} is no model of MLP Studio: export one in the format “model”.")
    try:
        envelope = opened(texts[KEY], quoted(path.name), SCHEMA)
        if envelope.sha256 != fingerprint(envelope.document, digests_of(arrays)):
            _refuse(path, "it is damaged: its content is not what was saved")
        names = msgspec.convert(envelope.document, Names)
    except (BrokenFileError, msgspec.ValidationError) as error:
        raise ProjectError(f"{quoted(path.name)} cannot be opened: {error}.") from error
    return _checked(path, arrays, names)


def _checked(path: Path, arrays: Mapping[str, Array], names: Names) -> Model:
    """The model, all of whose parts fit together."""
    for name, known in [(names.activation, ACTIVATIONS), *((one, DERIVATIONS) for one in names.derived)]:
        if name not in known:
            _refuse(path, f"this version does not know {quoted(name)}")
    params, scaler = _params(path, arrays), _scaler(path, arrays)
    inputs, classes = len(params[0].W), len(params[-1].b)
    if not names.feature_names or input_count(len(names.feature_names), names.derived) != inputs:
        _refuse(path, "its weights and its features do not fit together")
    if len(scaler.mean) != inputs:
        _refuse(path, "its weights and its scaler do not fit together")
    if len(names.class_names) != classes or len(set(names.class_names)) != classes:
        _refuse(path, "its weights and its classes do not fit together")
    experiment = experiment_of(names.settings, Experiment())
    return Model(
        params,
        names.activation,
        scaler,
        names.derived,
        names.feature_names,
        names.class_names,
        names.encoded,
        experiment,
    )


def _params(path: Path, arrays: Mapping[str, Array]) -> Params:
    """The layers W1, b1, W2, b2, …: of one precision, finite, each fitting the one before."""
    layers = (len(arrays) - 2) // 2
    wanted = [f"{name}{number}" for number in range(1, layers + 1) for name in "Wb"]
    if not 2 <= layers <= MAX_LAYERS + 1 or sorted(arrays) != sorted([*wanted, "mean", "scale"]):
        _refuse(path, "its arrays are not those of a network")
    params = tuple(Layer(arrays[f"W{number}"], arrays[f"b{number}"]) for number in range(1, layers + 1))
    kinds = {values.dtype.name for layer in params for values in layer}
    is_sound = kinds in ({"float32"}, {"float64"}) and all(
        W.ndim == 2 and W.size and b.shape == W.shape[1:] and np.isfinite(W).all() and np.isfinite(b).all()
        for W, b in params
    )
    if not is_sound or any(len(layer.b) != len(after.W) for layer, after in pairwise(params)):
        _refuse(path, "its weights do not make a network")
    return params


def _scaler(path: Path, arrays: Mapping[str, Array]) -> Scaler:
    mean, scale = arrays["mean"], arrays["scale"]
    are_float64 = mean.dtype == scale.dtype == np.float64
    if not (are_float64 and mean.shape == scale.shape == (mean.size,) and np.isfinite([mean, scale]).all()):
        _refuse(path, "its scaler is not sound")
    if not (scale > 0).all():
        _refuse(path, "its scaler divides by zero")
    return Scaler(mean, scale)


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ProjectError(f"{quoted(path.name)} cannot be opened: {reason}.")
