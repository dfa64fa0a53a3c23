"""Missing values are filled, each accounted for, with what the training rows have."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.impute import SimpleImputer

from mlp_studio.core import table
from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset, Gap
from mlp_studio.core.errors import DataError
from mlp_studio.core.prepare import prepare
from mlp_studio.core.table import read_table


@pytest.fixture
def holes(tmp_path: Path) -> Path:
    """60 rows of two numbers and a text, some of them missing; one row has nothing at all, one no label."""
    rng = np.random.default_rng(3)
    rows = [
        [f"{x:.3f}" if rng.random() > 0.2 else "NA", f"{y:.3f}", "red" if rng.random() > 0.4 else "blue", "ab"[i % 2]]
        for i, (x, y) in enumerate(rng.normal(size=(60, 2)))
    ]
    rows[4][1] = rows[7][1] = rows[9][2] = rows[10][2] = ""
    rows[20] = ["", "?", "", "a"]
    rows[30][3] = ""
    rows[40][1] = "inf"
    path = tmp_path / "holes.csv"
    path.write_text("\n".join(map(",".join, [["x", "y", "colour", "label"], *rows])) + "\n")
    return path


def read(path: Path) -> Dataset:
    return read_table(path, features=("x", "y", "colour"), missing="median")


def test_every_value_that_is_filled_is_accounted_for(holes):
    data = read(holes)
    account = data.account
    text = holes.read_text().splitlines()
    gone = {22, 32, 42}
    lines = [line for line, row in enumerate(text, 1) if row.startswith("NA,") and line not in gone]
    assert [(one.column, one.rule) for one in account.filled] == [
        ("x", "median"),
        ("y", "median"),
        ("colour", "most frequent text"),
    ]
    assert account.filled[0].lines.tolist() == lines
    assert account.filled[1].lines.tolist() == [6, 9]
    assert account.filled[2].lines.tolist() == [11, 12]
    first = ", ".join(str(line) for line in sorted({*lines, 6, 9})[:5])
    assert data.notes[0] == (
        "60 rows read, 57 used, 1 dropped for missing values (line 22), 1 dropped for infinite values (line 42), "
        f"1 dropped for an empty label (line 32), {len(lines) + 2} missing values filled with the column's median "
        f"(lines {first}, …), 2 missing values filled with the column's most frequent text (lines 11, 12)."
    )


def test_the_training_rows_alone_decide_what_is_filled_in(holes):
    data = read(holes)
    prepared = prepare(data, SplitConfig(), np.random.default_rng(5))
    train, filled = prepared.train.rows, prepared.dataset.X
    holed = data.X.copy()
    for gap in data.gaps:
        holed[np.ix_(gap.rows, gap.columns)] = np.nan
    expected = SimpleImputer(strategy="median").fit(holed[train, :2]).transform(holed[:, :2])
    np.testing.assert_array_equal(filled[:, :2], expected)
    assert not np.array_equal(filled, data.X)  # at first filled from all rows
    assert filled[data.gaps[2].rows].tolist()[0][2:] == [0, 1]  # most are red
    assert prepared.scaler.mean.tolist() == pytest.approx(filled[train].mean(axis=0).tolist())
    assert "Missing values are filled from the training rows alone, so that test figures stay honest." in prepared.notes


def test_another_split_of_data_that_are_split_already_fills_them_as_if_they_were_new(holes):
    data = read(holes)
    first = prepare(data, SplitConfig(), np.random.default_rng(1))
    again = prepare(first.dataset, SplitConfig(), np.random.default_rng(2))
    np.testing.assert_array_equal(again.dataset.X, prepare(data, SplitConfig(), np.random.default_rng(2)).dataset.X)


def test_where_no_training_row_has_a_value_all_rows_are_asked():
    X = np.column_stack([np.arange(20.0), np.zeros(20)])
    known = [3, 4, 8]
    gap = Gap((1,), np.setdiff1d(np.arange(20), known))
    X[known, 1] = 1, 2, 7
    data = Dataset("d", X, np.arange(20) % 2, ("a", "b"), ("p", "q"), gaps=(gap,))
    for seed in range(50):
        prepared = prepare(data, SplitConfig(train=0.1, validation=0.0, test=0.9), np.random.default_rng(seed))
        if not set(prepared.train.rows.tolist()) & set(known):
            assert (prepared.dataset.X[gap.rows, 1] == 2).all()
            return
    pytest.fail("Each of the splits had a known value.")


def test_data_without_gaps_stay_the_very_same(holes):
    data = read_table(holes)
    assert data.gaps == ()
    prepared = prepare(data, SplitConfig(), np.random.default_rng(5))
    assert prepared.dataset is data
    assert prepared.notes == ()


def test_a_column_without_any_value_cannot_be_filled(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,none,label\n1,,a\n2,NA,b\n")
    with pytest.raises(DataError) as caught:
        read_table(path, features=("x", "none"), missing="median")
    assert str(caught.value) == "Column “none” has no value in any row that can be used; ignore it."


def test_large_files_are_filled_alike(holes, monkeypatch):
    careful = read(holes)
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    fast = read(holes)
    np.testing.assert_array_equal(fast.X, careful.X)
    assert fast.notes == careful.notes
