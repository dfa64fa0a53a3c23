"""The report: one plain JSON document with every figure of a run."""

import json
import math
import os
import stat
from importlib import metadata

import numpy as np
import pytest
from sklearn.metrics import classification_report

from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.evaluate import predict_classes
from mlp_studio.core.events import Finished
from mlp_studio.core.predict import Prediction, predict
from mlp_studio.core.prepare import prepare
from mlp_studio.core.report import report, versions, write_report
from mlp_studio.core.trainer import Training

CLASSES = ("a", "b", "c")


def trained(classes: tuple[str, ...] = CLASSES, **settings: object) -> Training:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), [60, 50, 40])
    data = Dataset("points", rng.normal(0, 1, (150, 2)) + y[:, None], y, ("X1", "X2"), classes, ("Read it all.",))
    changes = {"train.epochs": 5, "model.hidden": (8,)} | {name.replace("__", "."): v for name, v in settings.items()}
    experiment = with_settings(Experiment(), changes)
    training = Training(experiment, prepare(data, experiment.split, rng))
    assert any(isinstance(event, Finished) for event in training.run())
    return training


def test_the_report_has_the_agreed_sections_and_columns():
    document = report(trained(), "finished", 2.0)

    assert list(document) == [
        "experiment",
        "versions",
        "data",
        "parameters",
        "history",
        "performance",
        "predictions",
        "timing",
        "status",
        "changed_on_the_way",
    ]
    assert list(document["experiment"]) == ["seed", "data", "split", "model", "train"]
    assert document["experiment"]["model"]["hidden"] == [8]
    assert document["data"] == {
        "rows": 150,
        "features": ["X1", "X2"],
        "inputs": ["X1", "X2"],
        "classes": ["a", "b", "c"],
        "split": {"train": 105, "val": 23, "test": 22},
        "notes": ["Read it all."],
    }
    assert document["parameters"] == (2 + 1) * 8 + (8 + 1) * 3
    assert document["timing"] == {"seconds": 2.0, "epochs_per_second": 2.5, "threads": 1}
    assert document["status"] == "finished"
    assert document["predictions"] == []


def test_the_history_is_the_training_s_own():
    training = trained()
    history = report(training, "finished", 1.0)["history"]

    assert list(history) == ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert history["epoch"] == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(np.transpose(list(history.values())[1:]), training.history.curves)


@pytest.mark.parametrize(("name", "part"), [("train", "train"), ("val", "validation"), ("test", "test")])
def test_the_performance_is_what_scikit_learn_says(name, part):
    training = trained()
    scores = report(training, "finished", 1.0)["performance"][name]
    rows = training.prepared.parts[part]
    predicted = predict_classes(training.backend.params(), "relu", rows.X)
    expected = classification_report(rows.y, predicted, target_names=CLASSES, output_dict=True, zero_division=0)

    for name, theirs in [("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")]:
        assert scores["overall"][name] == pytest.approx(expected["weighted avg"][theirs], abs=1e-12)
        assert scores["overall"][f"macro_{name}"] == pytest.approx(expected["macro avg"][theirs], abs=1e-12)
        for label in CLASSES:
            assert scores["class"][label][name] == pytest.approx(expected[label][theirs], abs=1e-12)
    assert scores["overall"]["accuracy"] == pytest.approx(expected["accuracy"])
    assert scores["overall"]["num_samples"] == len(rows)
    assert [scores["class"][label]["support"] for label in CLASSES] == np.bincount(rows.y).tolist()


def test_without_validation_rows_its_figures_are_null_not_zero():
    document = report(trained(split__train=0.8, split__validation=0.0, split__test=0.2), "finished", 1.0)

    assert document["history"]["val_loss"] == [None] * 5
    assert document["performance"]["val"]["overall"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "accuracy": None,
        "macro_precision": None,
        "macro_recall": None,
        "macro_f1": None,
        "num_samples": 0,
    }
    assert document["performance"]["val"]["class"]["a"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "support": 0,
    }


def test_a_prediction_tells_input_class_and_probabilities():
    training = trained()
    one = predict(training.backend.params(), "relu", training.prepared.scaler, np.array([2.0, 2.5]))
    (told,) = report(training, "finished", 1.0, [one])["predictions"]

    assert told["input"] == {"X1": 2.0, "X2": 2.5}
    assert told["class"] == max(told["probabilities"], key=told["probabilities"].get)
    assert list(told["probabilities"]) == ["a", "b", "c"]
    assert sum(told["probabilities"].values()) == pytest.approx(1)


def test_a_prediction_without_finite_probabilities_claims_no_class():
    far = Prediction(np.array([1e300, 0.0]), np.full(3, math.nan), 0)
    (told,) = report(trained(), "finished", 1.0, [far])["predictions"]

    assert told["class"] is None
    assert told["probabilities"] == {"a": None, "b": None, "c": None}


def test_a_run_without_epochs_has_an_empty_history():
    training = trained()
    untrained = Training(training.experiment, training.prepared)
    document = report(untrained, "diverged", 0.0)

    assert document["history"]["epoch"] == document["history"]["train_loss"] == []
    assert document["timing"]["epochs_per_second"] is None


def test_versions_are_those_installed_and_null_for_what_is_not(monkeypatch):
    found = versions()
    assert list(found) == [
        "app",
        "python",
        "numpy",
        "torch",
        "scikit-learn",
        "pandas",
        "PySide6",
        "pyqtgraph",
    ]
    assert found["numpy"] == np.__version__
    assert found["PySide6"]

    real = metadata.version

    def without_torch(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", without_torch)
    assert versions()["torch"] is None
    assert versions()["numpy"] == np.__version__


def test_the_file_holds_the_document_and_nothing_that_json_lacks(tmp_path):
    odd = ('"""', "<img>\n", "été 🙂")
    document = report(trained(odd, split__train=0.8, split__validation=0.0, split__test=0.2), "finished", 1.0)
    path = tmp_path / "report.json"
    write_report(path, document)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse) == document
    assert "été 🙂" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(path, {})

    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_what_is_not_an_ordinary_file_is_never_replaced(tmp_path):
    # as root, replacing a device such as /dev/null would succeed, and break the machine
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not an ordinary file"):
        write_report(pipe, {})

    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "there.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_report(link, {"new": 1})

    assert link.is_symlink()
    assert json.loads(target.read_text()) == {"new": 1}


def test_the_report_is_the_same_for_the_same_run():
    first, second = (report(trained(), "finished", 1.0) for _ in range(2))
    assert first == second
