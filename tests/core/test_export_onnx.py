"""The ONNX model in onnxruntime: the studio's labels and probabilities, whatever the network and its names."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from scipy.special import ndtr

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.derive import DERIVATIONS, derive
from mlp_studio.core.errors import ExportError
from mlp_studio.core.export import onnx as module
from mlp_studio.core.export.graph import Graph
from mlp_studio.core.export.onnx import IR_VERSION, OPSET, onnx_bytes
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.model import Model
from mlp_studio.core.progress import to_nobody
from tests.core.trainings import CASES, CLOSE, ODD, as_the_app_says, blobs, points, train

DOUBLE = onnx.TensorProto.DOUBLE


def session(content):
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def asked(content, X):
    """Labels and probabilities, as whoever has the file gets them."""
    labels, probabilities = session(content).run(["label", "probabilities"], {"X": X})
    return labels.tolist(), probabilities


def computed(graph, result, shape, x):
    """What the nodes of a graph give for x; `shape` is that of its input."""
    out = onnx.helper.make_tensor_value_info(result, DOUBLE, [None, None])
    proto = onnx.helper.make_graph(
        graph.nodes,
        "test",
        [onnx.helper.make_tensor_value_info("x", DOUBLE, shape)],
        [out],
        initializer=graph.constants,
    )
    model = onnx.helper.make_model(proto, ir_version=IR_VERSION, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    onnx.checker.check_model(model, full_check=True)
    (found,) = session(model.SerializeToString()).run(None, {"x": x})
    return found


@pytest.mark.parametrize("case", CASES)
def test_onnxruntime_gives_the_studios_answers(tmp_path, case):
    trained = CASES[case]()
    EXPORTS["onnx"].write(trained, tmp_path / "a.onnx", to_nobody)
    content, X = (tmp_path / "a.onnx").read_bytes(), points(trained)
    labels, probabilities = asked(content, X)
    expected, names = as_the_app_says(trained, X)
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=CLOSE)
    if case != "odd names":
        assert labels == names


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_the_studios(activation, backend, precision):
    trained = train(model__activation=activation, model__backend=backend, train__precision=precision, train__epochs=8)
    X = points(trained)
    labels, probabilities = asked(onnx_bytes(Model.of(trained)), X)
    expected, names = as_the_app_says(trained, X)
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=CLOSE)
    assert labels == names


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_has_nodes_that_compute_it(name):
    z = np.concatenate([np.linspace(-40, 40, 8001), [0.0, -0.0, 1e-9, -1e-9, 300, -300]])[None]
    graph = Graph()
    result = ACTIVATIONS[name].onnx(graph, "x")
    found = z if result == "x" else computed(graph, result, [None, None], z)
    np.testing.assert_allclose(found, ACTIVATIONS[name].f(z.copy()), rtol=4e-15, atol=4e-15)


@pytest.mark.parametrize("features", [1, 2, 3, 30])
@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derived_input_has_nodes_that_compute_it(name, features):
    if DERIVATIONS[name].count(features) == 0:
        return
    X = np.random.default_rng(features).normal(3, 20, (50, features))
    graph = Graph()
    found = computed(graph, DERIVATIONS[name].onnx(graph, "x", features), [None, features], X)
    np.testing.assert_allclose(found, derive(X, (name,))[:, features:], rtol=4e-15, atol=4e-15)


def test_the_normal_distribution_is_exact_in_float64():
    z = np.linspace(-12, 12, 20001)[None]
    graph = Graph()
    found = computed(graph, graph.normal_cdf("x"), [None, None], z)
    np.testing.assert_allclose(found, ndtr(z), rtol=0, atol=4e-15)


def test_names_come_back_letter_by_letter_where_onnx_can_hold_them():
    trained = train(blobs(features=4, classes=len(ODD), rows=450, class_names=ODD), train__epochs=60)
    labels, _ = asked(onnx_bytes(Model.of(trained)), trained.prepared.dataset.X)
    _, names = as_the_app_says(trained, trained.prepared.dataset.X)
    escaped = {
        "half \ud83d": "half \\ud83d",
        "nul\0inside": "nul\\x00inside",
        "nul at the end\0": "nul at the end\\x00",
    }
    assert set(names) == set(ODD)
    assert labels == [escaped.get(name, name) for name in names]


def test_classes_that_onnx_could_not_tell_apart_are_refused():
    trained = train(blobs(classes=2, class_names=("a\0", "a\\x00")), train__epochs=1)
    with pytest.raises(ExportError, match="same name"):
        onnx_bytes(Model.of(trained))


def test_any_number_of_rows_goes_in_as_float64_and_comes_out_as_float64():
    trained = train()
    ready = session(onnx_bytes(Model.of(trained)))
    (entry,) = ready.get_inputs()
    assert (entry.name, entry.type, entry.shape) == ("X", "tensor(double)", ["N", 2])
    assert [(out.name, out.type, out.shape) for out in ready.get_outputs()] == [
        ("label", "tensor(string)", ["N"]),
        ("probabilities", "tensor(double)", ["N", 3]),
    ]
    for rows in (0, 1, 7, 10_000):
        labels, probabilities = ready.run(None, {"X": np.zeros((rows, 2))})
        assert (len(labels), probabilities.shape) == (rows, (rows, 3))


def test_the_file_says_what_it_is():
    trained = train(blobs(2, 3, names=ODD[:2], class_names=ODD[9:12]), split__derived=("sine",))
    model = onnx.load_from_string(onnx_bytes(Model.of(trained)))
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(about["class_names"]) == list(ODD[9:12])
    assert json.loads(about["feature_names"]) == list(ODD[:2])
    assert json.loads(about["input_names"]) == list(trained.prepared.input_names)
    assert (about["activation"], about["precision"]) == ("relu", "float32")
    assert (model.ir_version, [entry.version for entry in model.opset_import]) == (7, [13])
    assert {node.domain for node in model.graph.node} == {""}


def test_the_same_network_gives_the_same_file():
    assert onnx_bytes(Model.of(train(train__epochs=3))) == onnx_bytes(Model.of(train(train__epochs=3)))


def test_what_the_checker_refuses_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"the one before")
    monkeypatch.setattr(module, "OPSET", 6)  # which has neither Where nor a Gemm without broadcasting
    with pytest.raises(ExportError, match="checker found a fault"):
        EXPORTS["onnx"].write(train(model__activation="gelu", train__precision="float64"), path, to_nobody)
    assert path.read_bytes() == b"the one before"
