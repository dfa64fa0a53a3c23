"""`mlp_studio.load`: scikit-learn's own checks take it for one of theirs, and it says what the app says."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    estimator_checks_generator,
)
from threadpoolctl import threadpool_info, threadpool_limits

import mlp_studio
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.errors import ProjectError
from mlp_studio.core.estimator import StudioClassifier
from mlp_studio.core.export.model import model_bytes
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.project import Project, save_project
from tests.core.trainings import CASES, CLOSE, ODD, as_the_app_says, blobs, points, run, save, train


def short(**settings):
    """An experiment of half a second at most."""
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return with_settings(Experiment(), {"model.hidden": (16,), "train.epochs": 100, **paths})


def exported(folder, trained):
    """The estimator of a network that was exported and loaded."""
    EXPORTS["model"].write(trained, folder / "a.safetensors", to_nobody)
    return mlp_studio.load(folder / "a.safetensors")


# --- scikit-learn's checks ----------------------------------------------------------------------------------


class Reloaded(StudioClassifier):
    """Has every network that the checks fit exported and loaded, so that they judge what `mlp_studio.load` gives.

    A file's labels are texts and its columns have names: the labels that the check gave are put back, and so is the
    lack of names where it gave none.
    """

    folder = None

    def fit(self, X, y):
        super().fit(X, y)
        given = {"classes_": self.classes_, "experiment": self.experiment}
        has_names = hasattr(self, "feature_names_in_")
        (self.folder / "a.safetensors").write_bytes(model_bytes(self.model_))
        vars(self).update(vars(mlp_studio.load(self.folder / "a.safetensors")) | given)
        if not has_names:
            del self.feature_names_in_
        return self


WHOLE = {"fitted": StudioClassifier(short()), "loaded": Reloaded(short())}
OTHERS = {
    "torch": StudioClassifier(short(model__backend="torch", train__epochs=30, train__learning_rate=0.05)),
    "exact, of derived inputs": StudioClassifier(
        short(train__precision="float64", split__derived=("square", "radius"), split__class_weights=True)
    ),
    "in batches": StudioClassifier(short(train__batch_size=32, model__dropout=0.2, train__early_stopping=20)),
}
ESTIMATORS = WHOLE | OTHERS
TELLING = {  # those that another way of training could fail; the others ask nothing of it
    "check_classifiers_classes",
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
}
IN_A_PROCESS_OF_ITS_OWN = "check_array_api_input"


def checks():
    for name, estimator in ESTIMATORS.items():
        for _, check in estimator_checks_generator(estimator):
            called = check.func.__name__
            if called != IN_A_PROCESS_OF_ITS_OWN and (name in WHOLE or called in TELLING):
                yield pytest.param(name, check, id=f"{name}-{called}")


@pytest.mark.filterwarnings("default")  # the checks judge warnings by themselves
@pytest.mark.parametrize(("name", "check"), list(checks()))
def test_scikit_learn_finds_no_fault(tmp_path, monkeypatch, name, check):
    monkeypatch.setattr(Reloaded, "folder", tmp_path)
    check(clone(ESTIMATORS[name]))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["fitted", "loaded"])
def test_columns_are_told_apart_by_name_as_scikit_learn_does(tmp_path, monkeypatch, name):
    monkeypatch.setattr(Reloaded, "folder", tmp_path)
    check_dataframe_column_names_consistency(type(ESTIMATORS[name]).__name__, ESTIMATORS[name])


def test_arrays_of_the_array_api_are_arrays_as_well():
    program = f"""
from sklearn.utils.estimator_checks import estimator_checks_generator
from mlp_studio.core.estimator import StudioClassifier
((estimator, check),) = (
    pair for pair in estimator_checks_generator(StudioClassifier())
    if pair[1].func.__name__ == "{IN_A_PROCESS_OF_ITS_OWN}"
)
check(estimator)
"""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}  # which SciPy reads when it is imported
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


# --- what it says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_loaded_network_says_what_the_app_says(tmp_path, case):
    trained = CASES[case]()
    classifier, X = exported(tmp_path, trained), points(trained)
    expected, names = as_the_app_says(trained, X)
    order = np.argsort(np.array(trained.prepared.dataset.class_names, dtype=object))
    np.testing.assert_allclose(classifier.predict_proba(X), expected[:, order], rtol=0, atol=CLOSE)
    assert classifier.predict(X).tolist() == names


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_project_gives_the_network_of_its_present_run(tmp_path, backend):
    training = run(blobs(3, 4, names=ODD[:3], class_names=ODD[3:7]), model__backend=backend, split__derived=("sine",))
    trained = training.trained("finished")
    save(tmp_path / "a.mlps", training)
    classifier, X = mlp_studio.load(str(tmp_path / "a.mlps")), points(trained)
    expected, names = as_the_app_says(trained, X)
    order = np.argsort(np.array(ODD[3:7], dtype=object))
    np.testing.assert_allclose(classifier.predict_proba(X), expected[:, order], rtol=0, atol=CLOSE)
    assert classifier.predict(X).tolist() == names
    assert classifier.get_params() == {"experiment": training.experiment}


def test_classes_are_sorted_as_scikit_learn_takes_them_to_be(tmp_path):
    trained = train(blobs(5, 3, class_names=("pear", "apple", "fig")), train__epochs=50)
    classifier, data = exported(tmp_path, trained), trained.prepared.dataset
    X, y = data.X, np.array(data.class_names)[data.y]
    assert classifier.classes_.tolist() == ["apple", "fig", "pear"]
    assert classifier.score(X, y) > 0.9
    assert log_loss(y, classifier.predict_proba(X)) < 0.4
    assert roc_auc_score(y, classifier.predict_proba(X), multi_class="ovr") > 0.95


def test_it_has_the_names_of_the_columns(tmp_path):
    classifier = exported(tmp_path, train(blobs(3, 2, names=ODD[:3]), split__derived=("product",)))
    assert classifier.n_features_in_ == 3
    assert classifier.feature_names_in_.tolist() == list(ODD[:3])
    assert classifier.feature_names_in_.dtype == object


def test_names_that_end_in_nul_are_kept(tmp_path):
    classifier = exported(tmp_path, train(blobs(class_names=("a", "a\0", "b"))))
    assert classifier.classes_.tolist() == ["a", "a\0", "b"]


def test_an_array_is_taken_as_it_is_and_a_data_frame_by_its_columns(tmp_path):
    trained = train(blobs(3, 2, names=("a", "b", "c")))
    classifier, X = exported(tmp_path, trained), points(trained, 20)
    expected = classifier.predict_proba(X)  # without a warning: those are errors here
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    np.testing.assert_array_equal(classifier.predict_proba(frame), expected)
    np.testing.assert_array_equal(classifier.predict_proba(X.tolist()), expected)
    turned = frame[["c", "a", "b"]]
    with pytest.raises(ValueError, match="must be in the same order"):
        classifier.predict(turned)
    np.testing.assert_array_equal(classifier.predict_proba(turned[classifier.feature_names_in_]), expected)
    with pytest.raises(ValueError, match=r"yet now missing:\n- c"):
        classifier.predict(frame[["a", "b"]])
    with pytest.raises(ValueError, match="X has 2 features, but StudioClassifier is expecting 3 features as input"):
        classifier.predict(X[:, :2])


def test_a_row_without_a_prediction_is_none_and_no_wrong_label(tmp_path):
    classifier = exported(tmp_path, train())
    far = [[0.0, 0.0], [1e308, -1e308]]
    with np.errstate(all="ignore"):
        probabilities = classifier.predict_proba(far)
        assert np.isfinite(probabilities[0]).all()
        assert np.isnan(probabilities[1]).all()
        with pytest.raises(ValueError, match="Row 1 is so far off"):
            classifier.predict(far)


# --- columns of text ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_texts(tmp_path_factory):
    """An estimator of a table with two columns of text, and the table as pandas reads it."""
    folder = tmp_path_factory.mktemp("texts")
    colours, shapes = ("red", "light  blue", "green"), ("round", "“square”, sort of")
    rows = [[k % 7 / 2, colours[k % 3], 30 - k % 11, shapes[k % 2], f"label {k % 3 // 2}"] for k in range(90)]
    table = pd.DataFrame(rows, columns=["size", "colour", "weight", "shape", "label"])
    table.to_csv(folder / "a.csv", index=False)
    trained = train(
        data__source="file",
        data__path=str(folder / "a.csv"),
        data__label="label",
        data__features=("size", "colour", "weight", "shape"),
        train__epochs=100,
    )
    return exported(folder, trained), trained, table


def test_a_data_frame_with_the_files_own_columns_of_text_is_encoded(with_texts):
    classifier, trained, table = with_texts
    data = trained.prepared.dataset
    assert classifier.n_features_in_ == 7
    encoded = classifier.predict_proba(data.X)
    np.testing.assert_array_equal(classifier.predict_proba(table.drop(columns="label")), encoded)
    np.testing.assert_array_equal(
        classifier.predict_proba(table[["shape", "label", "weight", "colour", "size"]]), encoded
    )
    np.testing.assert_array_equal(classifier.predict_proba(pd.DataFrame(data.X, columns=data.feature_names)), encoded)
    assert classifier.score(table, table["label"]) == 1.0


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("purple", "Column “colour” holds “purple”"), (None, "Column “colour” lacks a value"), (np.nan, "lacks a value")],
)
def test_a_text_that_the_network_does_not_know_is_named(with_texts, value, sentence):
    classifier, _, table = with_texts
    changed = table.astype({"colour": object})
    changed.loc[3, "colour"] = value
    with pytest.raises(ValueError, match=sentence):
        classifier.predict(changed)


def test_a_column_that_is_missing_beside_texts_is_named(with_texts):
    classifier, _, table = with_texts
    with pytest.raises(ValueError, match="X has no column “size”"):
        classifier.predict(table[["colour", "shape", "weight"]])


# --- as an object -------------------------------------------------------------------------------------------


def test_pickled_by_its_owner_it_says_the_same(tmp_path):
    trained = train(blobs(2, 3, names=ODD[:2], class_names=ODD[-3:]))
    classifier, X = exported(tmp_path, trained), points(trained, 50)
    again = pickle.loads(pickle.dumps(classifier))  # noqa: S301 - of our own making, a moment ago
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    assert again.classes_.tolist() == classifier.classes_.tolist()


def test_its_clone_is_not_fitted_and_can_be_with_the_same_experiment(tmp_path):
    training = run(train__epochs=30)
    save(tmp_path / "a.mlps", training)
    fresh = clone(mlp_studio.load(tmp_path / "a.mlps"))
    with pytest.raises(NotFittedError):
        fresh.predict([[0.0, 0.0]])
    data = training.prepared.dataset
    fresh.fit(data.X, np.array(data.class_names)[data.y])
    for mine, apps in zip(fresh.model_.params, training.backend.params(), strict=True):
        np.testing.assert_array_equal(mine.W, apps.W)
        np.testing.assert_array_equal(mine.b, apps.b)


def test_it_can_be_validated_and_searched():
    data = blobs(5, rows=120)
    assert cross_val_score(StudioClassifier(short()), data.X, data.y, cv=3).mean() > 0.9
    rates = [short(train__epochs=5, train__learning_rate=rate) for rate in (1e-6, 0.05)]
    search = GridSearchCV(StudioClassifier(), {"experiment": rates}, cv=2).fit(data.X, data.y)
    assert search.best_params_["experiment"].train.learning_rate == 0.05


def test_it_says_what_it_is(tmp_path):
    classifier = exported(tmp_path, train(blobs(classes=7), model__hidden=(16, 8), split__derived=("square",)))
    assert repr(classifier) == (
        "<StudioClassifier: 4 inputs → 16 relu → 8 relu → 7 classes ('c1', 'c2', 'c3', 'c4', 'c5', …), float32>"
    )
    assert repr(StudioClassifier()) == "StudioClassifier()"


def test_a_diverged_fit_warns():
    data = blobs()
    experiment = short(train__optimizer="sgd", train__learning_rate=1e6)
    with pytest.warns(ConvergenceWarning, match="Training diverged"):
        StudioClassifier(experiment).fit(data.X, data.y)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_fit_leaves_the_number_of_threads_alone(backend):
    data = blobs(rows=40)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with threadpool_limits(2):
            torch_had, others_had = torch.get_num_threads(), threadpool_info()
            StudioClassifier(short(model__backend=backend, train__epochs=2)).fit(data.X, data.y)
            assert (torch.get_num_threads(), threadpool_info()) == (torch_had, others_had)
    finally:
        torch.set_num_threads(before)


def test_loading_and_predicting_need_no_torch(tmp_path):
    training = run(model__backend="torch", model__activation="gelu", train__epochs=2)
    save(tmp_path / "a.mlps", training)
    EXPORTS["model"].write(training.trained("finished"), tmp_path / "a.safetensors", to_nobody)
    paths = [str(tmp_path / "a.mlps"), str(tmp_path / "a.safetensors")]
    program = f"""
import json, sys
import mlp_studio
light = sorted(sys.modules.keys() & {{"sklearn", "numpy", "torch"}})
labels = [mlp_studio.load(path).predict([[0.1, 0.1], [0.5, -0.5]]).tolist() for path in {paths}]
print(json.dumps([light, "torch" in sys.modules, labels]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    _, names = as_the_app_says(training.trained("finished"), np.array([[0.1, 0.1], [0.5, -0.5]]))
    assert json.loads(done.stdout) == [[], False, [names, names]]


# --- what cannot be loaded ----------------------------------------------------------------------------------


def test_a_project_that_was_never_trained_is_refused(tmp_path):
    experiment = short()
    save_project(tmp_path / "a.mlps", Project(experiment, load_prepared(experiment)))
    with pytest.raises(ProjectError, match=r"“a\.mlps” holds no trained network"):
        mlp_studio.load(tmp_path / "a.mlps")


@pytest.mark.parametrize("name", ["a.mlps", "a.safetensors", "a"])
@pytest.mark.parametrize("content", [None, b"", b"PK\3\4", b"\x80\x04\x95", b"\xff" * 100, b"{}" * 50])
def test_what_is_no_network_of_ours_is_one_sentence(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        mlp_studio.load(tmp_path / name)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
