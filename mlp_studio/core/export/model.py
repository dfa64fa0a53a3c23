"""The trained network as a safetensors file: weights, scaler and names, to be read without MLP Studio.

Two lines read it in NumPy, two more compute the logits of samples X (N, D), here of a network with one hidden layer of
ReLU and no derived inputs:

    from safetensors.numpy import load_file
    net = load_file("model.safetensors")  # W1, b1, W2, b2, …, mean, scale

    import numpy as np
    x = ((X - net["mean"]) / net["scale"]).astype(net["W1"].dtype)
    logits = np.maximum(x @ net["W1"] + net["b1"], 0) @ net["W2"] + net["b2"]

The same in PyTorch:

    from safetensors.torch import load_file
    net = load_file("model.safetensors")

    import torch
    x = ((torch.as_tensor(X) - net["mean"]) / net["scale"]).to(net["W1"].dtype)
    logits = torch.relu(x @ net["W1"] + net["b1"]) @ net["W2"] + net["b2"]

The names, the activation and what else belongs to it are JSON in the file's metadata:

    import json
    from safetensors import safe_open
    about = json.loads(safe_open("model.safetensors", "numpy").metadata()["mlp_studio"])["document"]
    labels = [about["class_names"][k] for k in logits.argmax(axis=1)]
"""

import hashlib
import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mlp_studio import __version__
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import MAX_LAYERS, Experiment
from mlp_studio.core.derive import DERIVATIONS, input_count
from mlp_studio.core.errors import ExportError, ProjectError
from mlp_studio.core.files import write_bytes
from mlp_studio.core.model import Model
from mlp_studio.core.network import Layer, Params
from mlp_studio.core.prepare import Scaler
from mlp_studio.core.progress import Progress
from mlp_studio.core.settings import experiment_of, settings_of
from mlp_studio.core.text_rows import quoted
from mlp_studio.core.trained import Trained

SCHEMA = 1
KIND = "model"
KEY = "mlp_studio"  # of the metadata: one key, as several would be written in an order of chance
MOST_BYTES = 1 << 30  # the largest network that the studio trains takes a tenth of it

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


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


class Envelope(msgspec.Struct, frozen=True):
    """What says how to read the rest: `min_reader` is the oldest schema whose readers understand it."""

    kind: str
    schema: int
    min_reader: int
    app_version: str
    sha256: str
    document: dict[str, Any]


def write_model(trained: Trained, path: Path, progress: Progress) -> None:
    """Write a run's network to a safetensors file. Raises ExportError, OSError, and what progress raises."""
    content = model_bytes(Model.of(trained))
    progress(0.5)
    write_bytes(path, content)
    progress(1.0)


def model_bytes(model: Model) -> bytes:
    """The file's content, read back and compared. Raises ExportError where it would not be the same."""
    arrays, document = arrays_of(model), _document(model)
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise ExportError("The weights are not finite: the training has diverged, so there is no model to write.")
    about = {
        "kind": KIND,
        "schema": SCHEMA,
        "min_reader": SCHEMA,
        "app_version": __version__,
        "sha256": _digest(arrays, document),
        "document": document,
    }
    # ASCII with escapes: a class may be called anything, and the file's header is UTF-8
    content = save(dict(arrays), {KEY: json.dumps(about)})
    written, found = _parts(content)
    if found.document != document or not _same(arrays, written):
        raise ExportError("The model could not be written: read back, it was not the same.")
    return content


def arrays_of(model: Model) -> dict[str, NDArray[Any]]:
    """W1, b1, W2, … by name, then the scaler's mean and scale; contiguous, as safetensors may take others wrongly."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, (W, b) in enumerate(model.params, start=1):
        arrays |= {f"W{number}": W, f"b{number}": b}
    arrays |= {"mean": model.scaler.mean, "scale": model.scaler.scale}
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


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


def _digest(arrays: Arrays, document: Mapping[str, Any]) -> str:
    """SHA-256 of every array with its name, kind and shape, and of the document."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _same(arrays: Arrays, others: Arrays) -> bool:
    return arrays.keys() == others.keys() and all(
        values.dtype == others[name].dtype
        and values.shape == others[name].shape
        and values.tobytes() == others[name].tobytes()
        for name, values in arrays.items()
    )


def read_model(path: str | os.PathLike[str]) -> Model:
    """The network in a model file. Raises ProjectError with the sentence to show."""
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            _refuse(path, "it is larger than any model of MLP Studio")
        content = path.read_bytes()
    except OSError as error:
        raise ProjectError(f"{quoted(path.name)} cannot be read: {error.strerror or error}.") from error
    return _opened(path, content)


def _opened(path: Path, content: bytes) -> Model:
    try:
        arrays, about = _parts(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ProjectError(f"{quoted(path.name)} is not a model of MLP Studio, or it is damaged.") from error
    if about.kind != KIND:
        _refuse(path, "it holds something else")
    if about.min_reader > SCHEMA:
        version = quoted(about.app_version)[1:-1]
        raise ProjectError(f"{quoted(path.name)} was saved by a newer version: it needs MLP Studio {version} or later.")
    if about.sha256 != _digest(arrays, about.document):
        _refuse(path, "its content does not match its checksum, so it is damaged")
    try:
        names = msgspec.convert(about.document, Names)
    except msgspec.ValidationError as error:
        raise ProjectError(f"{quoted(path.name)} cannot be opened: {error}.") from error
    return _checked(path, arrays, names)


def _parts(content: bytes) -> tuple[dict[str, NDArray[Any]], Envelope]:
    """The arrays and what is said about them. Raises all sorts of errors where the content is not of this kind."""
    arrays = load(content)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return arrays, msgspec.convert(json.loads(header["__metadata__"][KEY]), Envelope)


def _checked(path: Path, arrays: Arrays, names: Names) -> Model:
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


def _params(path: Path, arrays: Arrays) -> Params:
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


def _scaler(path: Path, arrays: Arrays) -> Scaler:
    mean, scale = arrays["mean"], arrays["scale"]
    are_float64 = mean.dtype == scale.dtype == np.float64
    if not (are_float64 and mean.shape == scale.shape == (mean.size,) and np.isfinite([mean, scale]).all()):
        _refuse(path, "its scaler is not sound")
    if not (scale > 0).all():
        _refuse(path, "its scaler divides by zero")
    return Scaler(mean, scale)


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ProjectError(f"{quoted(path.name)} cannot be opened: {reason}.")
