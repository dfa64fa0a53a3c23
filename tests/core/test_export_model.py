"""The model as a safetensors file: read by the documented lines alone, and never taken for sound when it is not."""

import inspect
import json
import re
import textwrap

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from mlp_studio import __version__
from mlp_studio.core import tensor_file
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.envelope import fingerprint
from mlp_studio.core.errors import CancelledError, ExportError, ProjectError
from mlp_studio.core.export import model as module
from mlp_studio.core.export.model import KEY, model_bytes, read_model
from mlp_studio.core.export.onnx import onnx_bytes
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.model import Model
from mlp_studio.core.network import Layer
from mlp_studio.core.progress import to_nobody
from tests.core.trainings import CASES, CLOSE, ODD, as_the_app_says, blobs, points, train


def documented():
    """The blocks of code in the module's docstring: NumPy, its use, PyTorch, its use, the labels."""
    blocks = inspect.cleandoc(module.__doc__).split("\n\n")
    return [textwrap.dedent(block) for block in blocks if block.startswith("    ")]


def run(tmp_path, monkeypatch, trained, *blocks, **names):
    """What the documented lines leave behind, run beside a model file of this training."""
    EXPORTS["model"].write(trained, tmp_path / "model.safetensors", to_nobody)
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(block, names)  # noqa: S102 - the lines that the docstring tells people to type
    return names


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_documented_lines_give_the_studios_probabilities(tmp_path, monkeypatch, library, backend, precision):
    trained = train(model__backend=backend, train__precision=precision)
    X = points(trained)
    in_numpy, use_numpy, in_torch, use_torch, labels = documented()
    lines = (in_numpy, use_numpy) if library == "numpy" else (in_torch, use_torch)
    assert [len(block.splitlines()) for block in (in_numpy, in_torch)] == [2, 2]
    found = run(tmp_path, monkeypatch, trained, *lines, labels, X=X)
    expected, names = as_the_app_says(trained, X)
    logits = np.asarray(found["logits"]).astype(np.float64)
    np.testing.assert_allclose(softmax(logits), expected, rtol=0, atol=CLOSE)
    assert found["labels"] == names


@pytest.mark.parametrize("case", CASES)
def test_a_model_read_back_predicts_what_the_studio_predicts(tmp_path, case):
    trained = CASES[case]()
    EXPORTS["model"].write(trained, tmp_path / "a.safetensors", to_nobody)
    model, X = read_model(tmp_path / "a.safetensors"), points(trained)
    expected, names = as_the_app_says(trained, X)
    found = model.probabilities(X)
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE)
    assert [model.class_names[k] for k in found.argmax(axis=1)] == names


def test_the_file_says_all_that_belongs_to_the_network(tmp_path):
    trained = train(blobs(3, 2, names=ODD[:3], class_names=ODD[11:13]), split__derived=("product",))
    EXPORTS["model"].write(trained, tmp_path / "a.safetensors", to_nobody)
    with safe_open(tmp_path / "a.safetensors", "numpy") as file:
        about = json.loads(file.metadata()[KEY])
        shapes = {name: file.get_tensor(name).shape for name in file.keys()}  # noqa: SIM118 - no mapping
    assert shapes == {"W1": (6, 16), "b1": (16,), "W2": (16, 2), "b2": (2,), "mean": (6,), "scale": (6,)}
    document = about["document"]
    assert (about["schema"], about["app"]) == (1, __version__)
    assert document["class_names"] == list(ODD[11:13])
    assert document["feature_names"] == list(ODD[:3])
    assert document["input_names"] == list(trained.prepared.input_names)
    assert (document["activation"], document["precision"], document["derived"]) == ("relu", "float32", ["product"])
    assert document["settings"]["train.epochs"] == 20
    assert not [name for name in document["settings"] if name.startswith("data.")]


def test_a_model_comes_back_as_it_was(tmp_path):
    model = Model.of(train(blobs(names=ODD[:2], class_names=ODD[-3:]), split__derived=("sine",), seed=9))
    back = read_back(tmp_path, model_bytes(model))
    for name in ("activation", "derived", "feature_names", "class_names", "encoded", "precision", "input_names"):
        assert getattr(back, name) == getattr(model, name)
    assert (back.experiment.seed, back.experiment.split) == (9, model.experiment.split)
    assert model_bytes(back) == model_bytes(model)


def read_back(folder, content):
    (folder / "a.safetensors").write_bytes(content)
    return read_model(folder / "a.safetensors")


def test_columns_of_text_are_kept_with_their_texts(tmp_path):
    rows = [f"{k % 7},{'red' if k % 3 else ' deep  blue'},{'yes' if k % 2 else 'no'}" for k in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["size,colour,label", *rows]))
    trained = train(
        data__source="file",
        data__path=str(tmp_path / "a.csv"),
        data__label="label",
        data__features=("size", "colour"),
    )
    EXPORTS["model"].write(trained, tmp_path / "a.safetensors", to_nobody)
    model = read_model(tmp_path / "a.safetensors")
    size, colour = model.columns
    assert (size.name, size.texts) == ("size", ())
    assert (colour.name, colour.texts) == ("colour", ("deep blue", "red"))
    assert colour.features == ("colour=deep blue", "colour=red")
    assert str(tmp_path) not in (tmp_path / "a.safetensors").read_bytes().decode("latin-1")


def test_weights_that_are_strided_or_turned_are_written_as_they_are(tmp_path):
    model = Model.of(train(train__precision="float64"))
    layers = [Layer(np.asfortranarray(W), np.repeat(b, 2)[::2]) for W, b in model.params]
    turned = Model(tuple(layers), *(getattr(model, name) for name in list(Model.__slots__)[1:]))
    assert not turned.params[0].W.flags.c_contiguous
    assert model_bytes(turned) == model_bytes(model)


def test_what_reads_back_differently_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"the one before")
    written = tensor_file.serialised

    def faulty(arrays, texts):
        return written({**arrays, "b1": -arrays["b1"] - 1}, texts)

    monkeypatch.setattr(tensor_file, "serialised", faulty)
    with pytest.raises(ExportError, match="not the same"):
        EXPORTS["model"].write(train(), path, to_nobody)
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    assert path.read_bytes() == b"the one before"


@pytest.mark.parametrize("content_of", [model_bytes, onnx_bytes])
def test_weights_that_are_not_finite_are_refused(content_of):
    model = Model.of(train(train__epochs=1))
    content_of(model)
    model.params[0].b[0] = np.inf
    with pytest.raises(ExportError, match="not finite"):
        content_of(model)


@pytest.mark.parametrize("name", ["model", "onnx"])
def test_a_cancelled_export_leaves_the_old_file(tmp_path, name):
    path = tmp_path / "a"
    path.write_bytes(b"the one before")

    def cancel(_share):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        EXPORTS[name].write(train(), path, cancel)
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"the one before"


def test_every_activation_can_be_read_back(tmp_path):
    for name in ACTIVATIONS:
        content = model_bytes(Model.of(train(model__activation=name, train__epochs=1)))
        assert read_back(tmp_path, content).activation == name


# --- what is no sound model ---------------------------------------------------------------------------------


def rewritten(content, change_document=None, change_about=None, change_arrays=None):
    """The file as somebody would write it who means it: with the right checksum."""
    arrays, about = dict(safetensors.numpy.load(content)), json.loads(header(content)["__metadata__"][KEY])
    if change_arrays:
        change_arrays(arrays)
    if change_document:
        change_document(about["document"])
    about["sha256"] = fingerprint(about["document"], module.digests_of(arrays))
    if change_about:
        change_about(about)
    return safetensors.numpy.save(arrays, {KEY: json.dumps(about)})


def header(content):
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def put(key, value):
    return lambda mapping: mapping.__setitem__(key, value)


@pytest.fixture(scope="module")
def content():
    return model_bytes(Model.of(train(train__epochs=1, model__hidden=(4,), split__derived=("square",))))


FAULTS = {
    "no envelope": ({"change_about": lambda about: about.clear()}, "schema"),
    "a newer schema": (
        {"change_about": lambda about: about.update(min_reader=2, needs="7.1")},
        "it needs version 7.1 or later",
    ),
    "a wrong checksum": ({"change_about": put("sha256", 64 * "0")}, "not what was saved"),
    "a checksum that is none": ({"change_about": put("sha256", "0")}, "sha256"),
    "an unknown activation": ({"change_document": put("activation", "swish")}, "does not know “swish”"),
    "an unknown input": ({"change_document": put("derived", ["cube"])}, "does not know “cube”"),
    "an activation that is none": ({"change_document": put("activation", 3)}, "activation"),
    "no class names": ({"change_document": put("class_names", [])}, "classes do not fit"),
    "the same class twice": ({"change_document": put("class_names", ["a", "a", "b"])}, "classes do not fit"),
    "a feature too many": ({"change_document": put("feature_names", ["a", "b", "c"])}, "features do not fit"),
    "no document": ({"change_document": lambda document: document.clear()}, "activation"),
    "an array too few": ({"change_arrays": lambda arrays: arrays.pop("b2")}, "arrays are not those"),
    "an array too many": ({"change_arrays": put("W9", np.ones((2, 2)))}, "arrays are not those"),
    "weights that do not fit": ({"change_arrays": put("W2", np.ones((3, 3), np.float32))}, "do not make a network"),
    "weights without end": ({"change_arrays": put("b2", np.full(3, np.inf, np.float32))}, "do not make a network"),
    "two precisions": ({"change_arrays": put("b2", np.ones(3))}, "do not make a network"),
    "whole numbers": ({"change_arrays": put("b2", np.ones(3, np.int64))}, "do not make a network"),
    "an empty layer": (
        {"change_arrays": lambda a: a.update(W1=np.ones((4, 0), np.float32), b1=np.ones(0, np.float32))},
        "do not make a network",
    ),
    "a scale of zero": ({"change_arrays": put("scale", np.zeros(4))}, "divides by zero"),
    "a short scaler": ({"change_arrays": lambda a: a.update(mean=np.ones(3), scale=np.ones(3))}, "scaler do not fit"),
    "a flat scaler": ({"change_arrays": put("mean", np.zeros((2, 2)))}, "scaler is not sound"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_model_is_refused_with_a_sentence(tmp_path, content, fault):
    changes, sentence = FAULTS[fault]
    path = tmp_path / "a.safetensors"
    path.write_bytes(rewritten(content))
    read_model(path)
    path.write_bytes(rewritten(content, **changes))
    with pytest.raises(ProjectError, match=sentence) as caught:
        read_model(path)
    assert str(caught.value).startswith("“a.safetensors” ")
    assert "\n" not in str(caught.value)


def test_what_a_newer_version_adds_is_passed_over(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(rewritten(content, change_document=put("calibration", [1, 2]), change_about=put("schema", 2)))
    assert read_model(path).activation == "relu"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ProjectError, match=r"“none\.safetensors” could not be read: No such file"):
        read_model(tmp_path / "none.safetensors")
    with pytest.raises(ProjectError, match="it is not an ordinary file"):
        read_model(tmp_path)


def test_names_that_no_header_holds_are_refused():
    trained = train(blobs(names=("a" * 3_000_000, "b")), train__epochs=1)
    with pytest.raises(ExportError, match="names of columns and classes are too long"):
        model_bytes(Model.of(trained))


def mutants(content, count, seed):
    """The file with bytes changed, cut off, doubled, or its header's JSON edited."""
    rng = np.random.default_rng(seed)
    size = int.from_bytes(content[:8], "little")
    for _ in range(count):
        changed = bytearray(content)
        match rng.integers(6):
            case 0:
                for place in rng.integers(len(changed), size=rng.integers(1, 4)):
                    changed[place] = rng.integers(256)
            case 1:
                del changed[rng.integers(len(changed)) :]
            case 2:
                changed[:8] = int(rng.integers(2**63)).to_bytes(8, "little")
            case 3:
                place = int(rng.integers(8, 8 + size))
                changed[place : place + 1] = bytes(rng.choice(list(b'{}[]":,0919\\nu-e'), size=rng.integers(1, 4)))
            case 4:
                start, stop = sorted(rng.integers(8, 8 + size, 2))
                changed[start:stop] = b""
            case _:
                place = int(rng.integers(8, 8 + size))
                changed[place:place] = b"[" * int(rng.integers(1, 5000))
        if len(changed) > 8 and rng.integers(2):  # the header's length made right again, so that more of it is read
            change = len(changed) - len(content)
            changed[:8] = max(0, size + change).to_bytes(8, "little")
        yield bytes(changed)


def test_mutated_models_are_a_model_or_one_sentence(tmp_path, content):
    path, sentences = tmp_path / "a.safetensors", []
    for mutant in mutants(content, 600, seed=3):
        path.write_bytes(mutant)
        try:
            read_model(path)
        except ProjectError as error:
            sentences.append(str(error))
    assert len(sentences) > 400
    assert [sentence for sentence in sentences if not re.fullmatch(r"“a\.safetensors” [^\n]+\.", sentence)] == []
