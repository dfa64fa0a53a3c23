import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from mlp_studio.core.config import ModelConfig
from mlp_studio.core.evaluate import BLOCK_ROWS, evaluate, predict_classes, score
from mlp_studio.core.network import forward, init_params


def random_case(seed):
    """Truth and predictions in which classes may be absent from either."""
    rng = np.random.default_rng(seed)
    classes, samples = int(rng.integers(2, 9)), int(rng.integers(1, 60))
    y = rng.choice(rng.permutation(classes)[: rng.integers(1, classes + 1)], samples)
    noise = rng.choice(rng.permutation(classes)[: rng.integers(1, classes + 1)], samples)
    return y, np.where(rng.random(samples) < rng.random(), y, noise), classes


def judged(y, predicted, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes that are absent
        return precision_recall_fscore_support(y, predicted, zero_division=0, **options)


@pytest.mark.parametrize("seed", range(60))
def test_scores_are_scikit_learns(seed):
    y, predicted, classes = random_case(seed)
    scores = score(y, predicted, classes)
    precision, recall, f1, support = judged(y, predicted, labels=range(classes), average=None)
    np.testing.assert_allclose(scores.precision, precision, atol=1e-12)
    np.testing.assert_allclose(scores.recall, recall, atol=1e-12)
    np.testing.assert_allclose(scores.f1, f1, atol=1e-12)
    np.testing.assert_array_equal(scores.support, support)
    np.testing.assert_array_equal(scores.confusion, confusion_matrix(y, predicted, labels=range(classes)))
    assert scores.accuracy == pytest.approx(accuracy_score(y, predicted))
    for mine, average in ((scores.weighted, "weighted"), (scores.macro, "macro")):
        expected = judged(y, predicted, average=average)[:3]
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(scores.predicted, predicted)
    assert scores.samples == len(y)


def test_random_cases_include_classes_absent_from_truth_and_from_prediction():
    kinds = set()
    for seed in range(60):
        y, predicted, classes = random_case(seed)
        in_truth, in_prediction = (
            np.bincount(y, minlength=classes) > 0,
            np.bincount(predicted, minlength=classes) > 0,
        )
        kinds |= set(zip(in_truth.tolist(), in_prediction.tolist(), strict=True))
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}


def test_no_rows_score_nothing_instead_of_failing():
    nothing = np.empty(0, np.int64)
    scores = score(nothing, nothing, 3)
    assert (scores.samples, scores.accuracy, scores.weighted.f1, scores.macro.f1) == (0, 0.0, 0.0, 0.0)
    assert scores.confusion.shape == (3, 3)
    assert not scores.confusion.any()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_predicted_classes_are_the_largest_logits_across_block_edges(precision):
    rng = np.random.default_rng(0)
    params = tuple(
        type(layer)(*(part.astype(precision) for part in layer))
        for layer in init_params(ModelConfig(hidden=(5,), initialization="he_normal"), 2, 3, rng)
    )
    X = rng.normal(size=(2 * BLOCK_ROWS + 7, 2))
    predicted = predict_classes(params, "relu", X)
    expected = forward(params, "relu", X.astype(precision)).argmax(axis=1)
    np.testing.assert_array_equal(predicted, expected)
    assert len(np.unique(expected)) > 1


def test_each_part_is_judged_on_its_own_rows(small_spiral):
    params = init_params(ModelConfig(hidden=(9,)), 2, 3, np.random.default_rng(0))
    scores = evaluate(params, "tanh", small_spiral)
    assert list(scores) == ["train", "validation", "test"]
    for name, part in small_spiral.parts.items():
        predicted = forward(params, "tanh", part.X).argmax(axis=1)
        assert scores[name].accuracy == pytest.approx(accuracy_score(part.y, predicted))
        assert scores[name].samples == len(part)
