import re

import numpy as np
import pytest
import torch

from mlp_studio.core.config import ModelConfig
from mlp_studio.core.errors import DataError
from mlp_studio.core.network import init_params
from mlp_studio.core.predict import parse_row, predict
from mlp_studio.core.prepare import Scaler

TWO = ("X1", "X2")
TWELVE = tuple(f"X{k}" for k in range(1, 13))


def test_a_prediction_is_scaler_then_network_then_softmax():
    params = init_params(ModelConfig(hidden=(8,), initialization="torch_default"), 3, 4, np.random.default_rng(0))
    scaler = Scaler(np.array([1.0, -2.0, 30.0]), np.array([0.5, 2.0, 10.0]))
    x = np.array([1.5, 0.0, 20.0])
    given = predict(params, "tanh", scaler, x)
    (W1, b1), (W2, b2) = [(torch.tensor(W), torch.tensor(b)) for W, b in params]
    scaled = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    expected = torch.softmax(torch.tanh(scaled @ W1 + b1) @ W2 + b2, dim=0).numpy()
    np.testing.assert_allclose(given.probabilities, expected, atol=1e-12)
    assert given.label == expected.argmax()
    assert given.x is x


def test_probabilities_of_a_float32_network_are_float64_and_sum_to_one():
    params = init_params(ModelConfig(hidden=(8,)), 2, 3, np.random.default_rng(0))
    params = tuple(type(layer)(*(part.astype(np.float32) for part in layer)) for layer in params)
    given = predict(params, "relu", Scaler(np.zeros(2), np.ones(2)), np.array([0.3, -0.7]))
    assert given.probabilities.dtype == np.float64
    assert given.probabilities.sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "X1 = 0.1, X2 = -2",
        "X1=0.1,X2=-2",
        "X2 = -2; X1 = 1e-1",
        "X1=0.1 X2=-2",
        "  X1=0.1 ,X2 =-2.0 , ",
        "0.1, -2",
        "0.1 -2",
        "0.1;-2",
        "\t.1,\n-2e0",
    ],
)
def test_a_row_may_be_typed_in_several_ways(text):
    np.testing.assert_array_equal(parse_row(text, TWO), [0.1, -2.0])


def test_x1_does_not_take_the_place_of_x10():
    text = ", ".join(f"{name} = {k}" for k, name in reversed(list(enumerate(TWELVE))))
    np.testing.assert_array_equal(parse_row(text, TWELVE), np.arange(12.0))


def test_names_may_hold_commas_equal_signs_and_signs_of_regular_expressions():
    names = ("x", "a, b", "x = y", "c = 1, d", "size (cm)", "p*", "a")
    text = "a = 6, c = 1, d = 3, p* = 5, x = y = 2, a, b = 1, x = 0, size (cm) = 4"
    np.testing.assert_array_equal(parse_row(text, names), np.arange(7.0))


def test_features_that_are_not_named_take_their_value_from_the_default_which_stays():
    default = np.arange(12.0)
    row = parse_row("X10 = 99", TWELVE, default)
    np.testing.assert_array_equal(row, np.where(np.arange(12) == 9, 99, np.arange(12)))
    np.testing.assert_array_equal(default, np.arange(12.0))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("X1 = 0.1", "Give a value for X2 too."),
        ("X1 = 0.1, X3 = 2", "There is no feature “X3”; the features are X1, X2."),
        ("x1 = 0.1, X2 = 2", "There is no feature “x1”; the features are X1, X2."),
        ("X1 = 0.1, X2", "Give X2 a value, such as X2 = 0.1."),
        ("X1 = a lot, X2 = 2", "“a lot” is not a number for X1."),
        ("X1 = , X2 = 2", "Give X1 a value, such as X1 = 0.1."),
        ("X1=", "Give X1 a value, such as X1 = 0.1."),
        ("X1 = nan, X2 = 2", "X1 must be a finite number."),
        ("1e999, 2", "X1 must be a finite number."),
        ("1, two", "“two” is not a number for X2."),
        ("", "Type 2 numbers, such as X1 = 0.1, X2 = 0.1; this has 0."),
        ("1, 2, 3", "Type 2 numbers, such as X1 = 0.1, X2 = 0.1; this has 3."),
    ],
)
def test_a_row_that_cannot_be_read_is_explained_in_a_sentence(text, sentence):
    with pytest.raises(DataError, match=f"^{re.escape(sentence)}$"):
        parse_row(text, TWO)


def test_long_lists_of_features_are_cut_in_sentences():
    with pytest.raises(DataError, match=r"^Give a value for X2, X3, X4, X5, X6 … too\.$"):
        parse_row("X1 = 1", TWELVE)
    with pytest.raises(DataError, match=r"^Type 12 numbers, such as X1 = 0\.1, X2 = 0\.1 …; this has 1\.$"):
        parse_row("1", TWELVE)
