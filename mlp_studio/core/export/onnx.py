"""The trained network as an ONNX model: a row in original units goes in, a class name and probabilities come out."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mlp_studio import __version__
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.errors import ExportError
from mlp_studio.core.export.graph import Graph
from mlp_studio.core.export.model import DIVERGED
from mlp_studio.core.files import write_bytes
from mlp_studio.core.model import Model
from mlp_studio.core.progress import Progress
from mlp_studio.core.trained import Trained

OPSET, IR_VERSION = 13, 7  # of ONNX 1.8 (2020): no newer operator is needed, and every runtime in use reads it
INPUT, LABEL, PROBABILITIES = "X", "label", "probabilities"


def write_onnx(trained: Trained, path: Path, progress: Progress) -> None:
    """Write a run's network, scaler, derived inputs and class names. Raises ExportError, OSError, what progress raises.

    Input: X (N, D) float64, in original units; any N. Outputs: label (N,) strings, probabilities (N, C) float64.
    All is computed in float64, as `predict.predict` does, whatever the weights were trained in.
    """
    content = onnx_bytes(Model.of(trained))
    progress(0.5)
    write_bytes(path, content, check=_check)
    progress(1.0)


def onnx_bytes(model: Model) -> bytes:
    """The file's content. Raises ExportError where weights are not finite or two classes could not be told apart."""
    if not model.is_finite:
        raise ExportError(DIVERGED)
    content: bytes = _proto(model).SerializeToString(deterministic=True)
    return content


def _check(written: Path) -> None:
    """Have ONNX's own checker look at the file, inferring all shapes, before it takes its place. Raises ExportError."""
    import onnx

    try:
        onnx.checker.check_model(written.read_bytes(), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError("The ONNX model could not be written: its checker found a fault in it.") from error


def _proto(model: Model) -> Any:
    from onnx import TensorProto, helper

    features, classes = len(model.feature_names), len(model.class_names)
    graph = Graph()
    _add_network(graph, model)
    proto = helper.make_graph(
        graph.nodes,
        "mlp",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, ["N", features])],
        [
            helper.make_tensor_value_info(LABEL, TensorProto.STRING, ["N"]),
            helper.make_tensor_value_info(PROBABILITIES, TensorProto.DOUBLE, ["N", classes]),
        ],
        initializer=graph.constants,
    )
    made = helper.make_model(
        proto,
        producer_name="MLP Studio",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(made, _about(model))
    return made


def _add_network(op: Graph, model: Model) -> None:
    """Derive, scale, propagate, and name the most probable class."""
    from onnx import TensorProto, helper

    made = [DERIVATIONS[name].onnx(op, INPUT, len(model.feature_names)) for name in model.derived]
    x = op("Concat", INPUT, *made, axis=1) if made else INPUT
    mean, scale = op.constant(model.scaler.mean, "mean"), op.constant(model.scaler.scale, "scale")
    a = op("Div", op("Sub", x, mean), scale)
    for number, (W, b) in enumerate(model.params, start=1):
        layer = [op.constant(values.astype(np.float64), f"{name}{number}") for name, values in (("W", W), ("b", b))]
        z = op("Gemm", a, *layer, output=f"z{number}")
        a = ACTIVATIONS[model.activation].onnx(op, z) if number < len(model.params) else z
    op("Softmax", a, axis=1, output=PROBABILITIES)
    names = _class_names(model.class_names)
    op.constants.append(helper.make_tensor("class_names", TensorProto.STRING, [len(names)], names))  # type: ignore[arg-type]
    op("Gather", "class_names", op("ArgMax", PROBABILITIES, axis=1, keepdims=0), axis=0, output=LABEL)


def _class_names(names: tuple[str, ...]) -> list[bytes]:
    r"""The names as UTF-8. What that cannot hold (half a surrogate pair) is escaped, and so is a NUL, where C ends."""
    held = [name.encode("utf-8", "backslashreplace").replace(b"\0", rb"\x00") for name in names]
    if len(set(held)) < len(held):
        raise ExportError(
            "Two classes would have the same name in ONNX, which has no such letters; rename one of them."
        )
    return held


def _about(model: Model) -> dict[str, str]:
    """What a person may want to know of the model, in words; lists are JSON, in ASCII with escapes."""
    return {
        "app_version": __version__,
        "activation": model.activation,
        "precision": model.precision,
        "feature_names": json.dumps(model.feature_names),
        "input_names": json.dumps(model.input_names),
        "class_names": json.dumps(model.class_names),
    }
