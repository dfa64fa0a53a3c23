"""Columns of text as features: zeros and ones, as scikit-learn's encoder has them."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from mlp_studio.core import categories, table
from mlp_studio.core.errors import DataError
from mlp_studio.core.predict import parse_row
from mlp_studio.core.table import read_table

COLOURS = ("red", "dark  green", "Blue", "none", "NA")


@pytest.fixture
def colourful(tmp_path: Path) -> Path:
    rows = [f"{i},{COLOURS[i % 5]},{i % 7}.5,{'yes' if i % 3 else 'no'}" for i in range(40)]
    path = tmp_path / "colours.csv"
    path.write_text("\n".join(["a,colour,b,kind", *rows]) + "\n")
    return path


def refusal(path: Path, *features: str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, features=features)
    return str(caught.value)


def test_text_is_encoded_as_scikit_learn_does(colourful):
    data = read_table(colourful, features=("a", "colour", "b"))
    texts = np.array([" ".join(COLOURS[i % 5].split()) for i in range(40)])[:, None]
    encoder = OneHotEncoder(sparse_output=False)
    np.testing.assert_array_equal(data.X[:, 1:6], encoder.fit_transform(texts))
    assert data.feature_names == (
        "a",
        *(f"colour={text}" for text in encoder.categories_[0]),
        "b",
    )
    np.testing.assert_array_equal(data.X[:, 0], np.arange(40))
    np.testing.assert_array_equal(data.X[:, 6], np.arange(40) % 7 + 0.5)
    assert "“colour” became 5 features, one for each text in it." in data.notes
    assert data.account.encoded == (("colour", ("Blue", "NA", "dark green", "none", "red")),)


def test_text_is_no_feature_unless_it_is_named(colourful):
    data = read_table(colourful)
    assert data.feature_names == ("a", "b")
    assert "Left out: “colour”, which holds text." in data.notes


def test_a_typed_row_names_the_features_that_a_column_became(colourful):
    names = read_table(colourful, features=("colour",)).feature_names
    row = parse_row("colour=dark green = 1, colour=red=0.5", names, np.zeros(5))
    assert row.tolist() == [0, 0, 1, 0, 0.5]


def test_large_files_are_encoded_alike(colourful, monkeypatch):
    careful = read_table(colourful, features=("colour", "b"))
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    monkeypatch.setattr(table, "_read", None)  # pandas alone
    fast = read_table(colourful, features=("colour", "b"))
    np.testing.assert_array_equal(fast.X, careful.X)
    assert (fast.feature_names, fast.notes) == (careful.feature_names, careful.notes)


def test_a_text_of_dropped_rows_alone_makes_no_feature(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,colour,label\n1,red,a\n2,blue,b\n,green,a\n4,,b\n")
    data = read_table(path, features=("x", "colour"))
    assert data.feature_names == ("x", "colour=blue", "colour=red")
    assert data.notes[0] == "4 rows read, 2 used, 2 dropped for missing values (lines 4, 5)."


def test_names_that_clash_are_told_apart(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("c=1,c,label\n1,1,a\n2,x,b\n3,y,a\n4,x,b\n")
    assert read_table(path, features=("c=1", "c")).feature_names == ("c=1", "c=1 (2)", "c=x", "c=y")


def test_too_many_texts_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "data.csv"
    path.write_text("x,town,label\n" + "".join(f"{i},t{i % 21},{i % 2}\n" for i in range(3000)))
    sentence = "Column “town” holds more than 20 different texts, too many to become a feature each; ignore it."
    assert refusal(path, "x", "town") == sentence
    monkeypatch.setattr(table, "BATCH_CELLS", 3)  # reading breaks off as soon as that is clear
    assert refusal(path, "x", "town") == sentence
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    assert refusal(path, "x", "town") == sentence


def test_too_many_features_are_refused(colourful, monkeypatch):
    monkeypatch.setattr(categories, "MAX_FEATURES", 6)
    assert refusal(colourful, "a", "b", "colour") == (
        "Encoded, the table has 7 features; 6 are the most that can be used."
    )
