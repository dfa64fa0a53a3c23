"""Rows of another table: columns found by name, text and missing values, predictions and scores of all of them."""

import csv
import errno
import os
from dataclasses import replace

import numpy as np
import pytest

from mlp_studio.core import new_rows
from mlp_studio.core.config import DataConfig, Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import CancelledError, DataError
from mlp_studio.core.evaluate import evaluate, losses
from mlp_studio.core.evaluation import evaluation, judge, table_evaluation
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.model import Model
from mlp_studio.core.new_rows import MISSING, NewTable
from mlp_studio.core.predict import predict
from mlp_studio.core.predictions import predict_table, write_predictions
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.table import read_table, write_table
from mlp_studio.core.text_rows import TableFormat
from tests.core.trainings import ODD, blobs, train


def read_csv(path, delimiter=","):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.reader(handle, delimiter=delimiter))


def write_csv(path, rows, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return path


def trained_on_file(path, features=(), **settings):
    """A network that learned from a file, with its account of all columns."""
    data = read_table(path, "kind", tuple(features), missing=settings.get("data__missing", "drop"))
    trained = train(data, **settings)
    config = DataConfig(source="file", path=path.name, label="kind", features=tuple(features))
    return type(trained)(
        with_settings(
            Experiment(data=config, model=trained.experiment.model),
            {"data.missing": settings.get("data__missing", "drop")},
        ),
        trained.prepared,
        trained.snapshot,
        trained.curves,
        "finished",
    )


@pytest.fixture
def mixed(tmp_path):
    """A file with two numbers and a text, and a network that learned from it."""
    rng = np.random.default_rng(3)
    rows = [
        [f"{rng.normal(3 * (i % 2)):.3f}", ["red", "green", "blue"][i % 3], f"{rng.normal():.3f}", f"n{i}", "pq"[i % 2]]
        for i in range(120)
    ]
    path = write_csv(tmp_path / "mixed.csv", [["x", "colour", "y, z", "name", "kind"], *rows])
    return path, trained_on_file(path, ("x", "colour", "y, z"))


def answers(path, trained):
    """The predicted class and the probabilities of each row of a file of predictions."""
    classes = len(trained.prepared.dataset.class_names)
    header, *rows = read_csv(path)
    return header, [row[-classes - 1] for row in rows], [row[-classes:] for row in rows]


def test_columns_are_found_by_name_in_any_order_and_others_are_kept(mixed, tmp_path):
    path, trained = mixed
    header, *rows = read_csv(path)
    order = [4, 2, 3, 0, 1]
    shuffled = write_csv(tmp_path / "new.csv", [[row[k] for k in order] for row in (header, *rows)])
    tally = predict_table(trained, shuffled, tmp_path / "out.csv")
    said, labels, chances = answers(tmp_path / "out.csv", trained)

    assert said == ["kind", "y, z", "name", "x", "colour", "predicted class", "P(p)", "P(q)"]
    assert [row[:5] for row in read_csv(tmp_path / "out.csv")[1:]] == read_csv(shuffled)[1:]
    assert tally.sentence("predicted", "left empty") == "120 rows read, 120 predicted."
    X, params = trained.prepared.dataset.X, trained.snapshot.params
    for x, label, chance in zip(X, labels, chances, strict=True):
        one = predict(params, "relu", trained.prepared.inputs, x)
        assert label == trained.prepared.dataset.class_names[one.label]
        np.testing.assert_allclose([float(text) for text in chance], one.probabilities, atol=1e-5)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"train__precision": "float64", "split__derived": ("square", "product")},
        {"split__standardize": False},
        {"data__source": "digits", "train__epochs": 2, "split__derived": ("square",), "model__hidden": (4,)},
    ],
)
def test_a_table_of_the_studio_is_predicted_as_point_by_point(backend, settings, tmp_path):
    trained = train(**settings, model__backend=backend)
    data = trained.prepared.dataset
    write_table(tmp_path / "data.csv", data)
    predict_table(trained, tmp_path / "data.csv", tmp_path / "out.csv")
    _, labels, chances = answers(tmp_path / "out.csv", trained)

    tolerance = 1e-12 if trained.experiment.train.precision == "float64" else 1e-5
    for row in range(0, data.rows, 97):
        one = predict(
            trained.snapshot.params, trained.experiment.model.activation, trained.prepared.inputs, data.X[row]
        )
        np.testing.assert_allclose([float(text) for text in chances[row]], one.probabilities, atol=tolerance)
        assert labels[row] == data.class_names[one.label]


def test_a_row_without_a_value_gets_an_empty_prediction_and_is_counted(mixed, tmp_path):
    _, trained = mixed
    rows = [["x", "colour", "y, z"], ["1", "red", "2"], ["", "red", "2"], ["1", "", "2"], ["NA", "blue", "inf"]]
    rows += [["1", "pink", "2"], ["inf", "red", "2"], ["1.7e308", "red", "-1.7e308"]]
    path = write_csv(tmp_path / "new.csv", rows)
    tally = predict_table(trained, path, tmp_path / "out.csv")
    _, labels, chances = answers(tmp_path / "out.csv", trained)

    assert [bool(label) for label in labels] == [True, False, False, False, False, False, False]
    assert all(cell == "" for row in chances[1:] for cell in row)
    assert tally.sentence("predicted", "left empty") == (
        "7 rows read, 1 predicted, 3 left empty for missing values (lines 3, 4, 5), 1 left empty for a text that the "
        "network has not learned (line 6), 1 left empty for infinite values (line 7), 1 left empty for numbers too far "
        "from the data (line 8)."
    )


def test_a_network_that_learned_with_filled_values_gets_them_filled_as_then(tmp_path):
    rng = np.random.default_rng(0)
    rows = [[f"{rng.normal(2 * (i % 2)):.2f}", "red" if i % 3 else "blue", f"{i % 7}", "pq"[i % 2]] for i in range(90)]
    for i in (4, 11, 40):
        rows[i][0] = ""
    for i in (5, 12):
        rows[i][1] = ""
    path = write_csv(tmp_path / "data.csv", [["x", "colour", "n", "kind"], *rows])
    trained = trained_on_file(path, ("x", "colour", "n"), data__missing="median")
    table = NewTable(path, trained)
    (batch,) = table.batches()

    np.testing.assert_array_equal(batch.X, trained.prepared.dataset.X)
    assert batch.filled == 5
    tally = predict_table(trained, path, tmp_path / "out.csv")
    assert (
        tally.sentence("predicted", "left empty")
        == "90 rows read, 90 predicted, 5 missing values filled as in training."
    )
    nothing = write_csv(tmp_path / "nothing.csv", [["x", "colour", "n"], ["", "", ""], ["", "", "3"]])
    (batch,) = NewTable(nothing, trained).batches()
    assert batch.reasons == {0: MISSING}


def test_one_column_is_a_table_where_the_network_has_one_feature(tmp_path):
    trained = train(blobs(features=1))
    path = write_csv(tmp_path / "one.csv", [["x1"], ["1"], ["2"], ["3"]])
    predict_table(trained, path, tmp_path / "out.csv")
    assert len(read_csv(tmp_path / "out.csv")) == 4
    (tmp_path / "odd.csv").write_text("x1\n1\n2,3\n")
    with pytest.raises(DataError, match=r"Line 3 has 2 fields, expected 1\."):
        predict_table(trained, tmp_path / "odd.csv", tmp_path / "out.csv")


def test_separator_and_decimal_sign_of_the_table_are_kept(tmp_path):
    trained = train(blobs())
    path = tmp_path / "german.csv"
    path.write_bytes("x2;x1;Größe\n-1,5;2,25;-0,5\n1,5;-2,25;=1\n".encode("cp1252"))
    predict_table(trained, path, tmp_path / "out.csv")
    header, *rows = read_csv(tmp_path / "out.csv", ";")

    assert header[:3] == ["x2", "x1", "Größe"]
    assert [row[:3] for row in rows] == [["-1,5", "2,25", "-0,5"], ["1,5", "-2,25", "'=1"]]
    chances = [[float(cell.replace(",", ".")) for cell in row[4:]] for row in rows]
    np.testing.assert_allclose(
        chances, Model.of(trained).probabilities(np.array([[2.25, -1.5], [-2.25, 1.5]])), atol=1e-6
    )


def test_a_table_is_taken_apart_as_the_network_s_own_file_was_told_to_be_or_as_it_looks(tmp_path):
    rows = "".join(f"{i % 5},{i % 7},{'да' if i % 2 else 'нет'}\n" for i in range(60))
    path = tmp_path / "own.csv"
    path.write_bytes(("x,y,kind\n" + rows).encode("cp1251"))
    fmt = TableFormat(encoding="cp1251")
    run = train(read_table(path, "kind", fmt=fmt))
    config = DataConfig(source="file", path="own.csv", label="kind", encoding="cp1251")
    trained = replace(run, experiment=replace(run.experiment, data=config))

    assert judge(trained, path).scores.samples == 60
    other = tmp_path / "other.csv"
    other.write_bytes(("x,y,kind\n" + rows).encode("utf-16"))
    assert judge(trained, other).scores.samples == 60


def test_what_a_spreadsheet_would_run_is_defused_and_numbers_are_left_alone(tmp_path):
    names = ("=1+1", "@SUM(A1)")
    trained = train(blobs(classes=2, names=("+a", "b"), class_names=names))
    path = write_csv(
        tmp_path / "new.csv", [["+a", "b", "=cmd|x"], ["-1.5", "2", "-7"], ["1", "-2e3", "@x"], ["", "1", "+a"]]
    )
    predict_table(trained, path, tmp_path / "out.csv")
    header, *rows = read_csv(tmp_path / "out.csv")

    assert header == ["'+a", "b", "'=cmd|x", "predicted class", "P(=1+1)", "P(@SUM(A1))"]
    assert [row[:3] for row in rows] == [["-1.5", "2", "-7"], ["1", "-2e3", "'@x"], ["", "1", "'+a"]]
    assert {row[3] for row in rows[:2]} <= {f"'{name}" for name in names}
    again = tmp_path / "again.csv"  # what was written is read as what it was, beside the columns of before
    predict_table(trained, tmp_path / "out.csv", again)
    assert read_csv(again)[0][6:] == ["predicted class (2)", "P(=1+1) (2)", "P(@SUM(A1)) (2)"]
    assert [row[6:] for row in read_csv(again)[1:]] == [row[3:] for row in rows]


def test_odd_names_survive(tmp_path):
    dataset = blobs(features=len(ODD), classes=len(ODD), rows=30 * len(ODD), names=ODD, class_names=ODD)
    trained = train(dataset)
    write_predictions(trained, tmp_path / "all.csv")
    header, *rows = read_csv(tmp_path / "all.csv")
    written = [name.encode("utf-8", "backslashreplace").decode() for name in ODD]

    assert header[: len(ODD)] == ["'" + name if name.startswith("=") else name for name in written]
    assert header[len(ODD) :] == ["share", "class", "predicted class", *(f"P({name})" for name in written)]
    assert {row[len(ODD) + 1] for row in rows} == {"'" + name if name.startswith("=") else name for name in written}


READABLE = tuple(name for name in ODD if "\0" not in name and name.strip())


def test_a_table_that_the_studio_wrote_is_judged_whatever_its_names(tmp_path):
    features, classes = READABLE[: len(READABLE) // 2 * 2], READABLE
    dataset = blobs(
        features=len(features), classes=len(classes), rows=20 * len(classes), names=features, class_names=classes
    )
    trained = train(dataset)
    write_table(tmp_path / "data.csv", dataset)
    judged = judge(trained, tmp_path / "data.csv")

    assert judged.tally.used == dataset.rows
    np.testing.assert_array_equal(judged.scores.support, dataset.class_counts())


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("weights", [False, True])
def test_the_rows_of_a_run_in_a_table_have_the_scores_of_the_run(backend, weights, tmp_path):
    trained = train(blobs(rows=200), split__class_weights=weights, model__backend=backend)
    data, validation = trained.prepared.dataset, trained.prepared.validation
    rows = validation.rows
    write_table(tmp_path / "v.csv", Dataset("v", data.X[rows], data.y[rows], data.feature_names, data.class_names))
    judged = judge(trained, tmp_path / "v.csv")
    own = evaluate(trained.snapshot.params, "relu", trained.prepared)["validation"]

    np.testing.assert_array_equal(judged.scores.confusion, own.confusion)
    assert judged.loss == pytest.approx(
        losses(trained.snapshot.params, "relu", trained.prepared)["validation"], rel=1e-6
    )
    assert judged.loss == pytest.approx(trained.curves[-1, 2], rel=1e-5)  # what the training measured


def test_the_losses_of_an_empty_share_are_none():
    trained = train(blobs(), split__validation=0.0, split__test=0.3)
    document = evaluation(trained)
    assert document["performance"]["val"]["overall"]["loss"] is None
    assert document["performance"]["test"]["overall"]["loss"] > 0


def test_unknown_classes_and_rows_without_label_are_counted_and_said(mixed, tmp_path):
    path, trained = mixed
    header, *rows = read_csv(path)
    rows[0][4], rows[1][4], rows[2][4], rows[3][4], rows[4][0] = "r", "s", "r", "", ""
    document = table_evaluation(trained, write_csv(tmp_path / "new.csv", [header, *rows]))

    assert document["table"] == {
        "file": "new.csv",
        "label": "kind",
        "notes": [
            (
                "120 rows read, 115 judged, 3 left out for a class that the network has not learned (lines 2, 3, 4), "
                "1 left out for an empty label (line 5), 1 left out for missing values (line 6)."
            ),
            "Not learned: “r” and “s”.",
        ],
        "read": 120,
        "used": 115,
        "left_out": [
            {"reason": "a class that the network has not learned", "rows": 3, "lines": [2, 3, 4]},
            {"reason": "an empty label", "rows": 1, "lines": [5]},
            {"reason": "missing values", "rows": 1, "lines": [6]},
        ],
        "filled": 0,
        "strange_classes": {"r": 2, "s": 1},
    }
    assert document["performance"]["data"]["overall"]["num_samples"] == 115


def test_the_label_is_the_one_that_is_named_or_the_run_s_own(mixed, tmp_path):
    path, trained = mixed
    header, *rows = read_csv(path)
    other = write_csv(tmp_path / "new.csv", [[*header[:4], "truth"], *rows])

    assert judge(trained, other, "truth").scores.samples == 120
    with pytest.raises(
        DataError, match=r"“new\.csv” has no column “kind”; name the one that holds the class: it has “x”"
    ):
        judge(trained, other)
    with pytest.raises(DataError, match=r"“new\.csv” has no column “klass”; it has “x”, “colour”"):
        judge(trained, other, "klass")
    with pytest.raises(DataError, match="Column “x” is a feature of the network, so it cannot be the label"):
        judge(trained, other, "x")
    with pytest.raises(DataError, match="No row can be judged: 120 rows read, 0 judged, 120 left out for a class that"):
        judge(trained, path, "name")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["x", "kind"], ["1", "p"]], "“new.csv” lacks the columns “colour” and “y, z”, which the network has learned"),
        (
            [["x", "colour", "y, z"], ["1", "red", "two"]],
            "Column “y, z” holds “two” on line 2; a feature must be a number.",
        ),
        ([["x", "colour", "y, z"], ["1", "red", "2,5"]], "a feature must be a number. Is the comma a decimal sign?"),
        ([["x", "colour", "y, z"], ["1", "red"]], "Line 2 has 2 fields, expected 3."),
        ([["x", "colour", "y, z"]], "“new.csv” holds the names of columns but no rows."),
        ([], "“new.csv” is empty."),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence_and_leaves_what_was_there(rows, sentence, mixed, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("before")
    with pytest.raises(DataError) as refused:
        predict_table(mixed[1], write_csv(tmp_path / "new.csv", rows), out)

    assert sentence in str(refused.value)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixed.csv", "new.csv", "out.csv"]


def test_cancelling_and_a_full_disk_leave_what_was_there(mixed, tmp_path, monkeypatch):
    path, trained = mixed
    out = tmp_path / "out.csv"
    out.write_text("before")

    def cancelled(_share):
        raise CancelledError("Cancelled.")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CancelledError):
        predict_table(trained, path, out, cancelled)
    with pytest.raises(CancelledError):
        write_predictions(trained, out, cancelled)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        predict_table(trained, path, out)
    assert out.read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mixed.csv", "out.csv"]


def test_a_large_table_goes_through_some_rows_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(new_rows, "BATCH_CELLS", 10_000)
    trained = train(blobs(rows=60))
    X = np.random.default_rng(0).normal(size=(30_000, 2))
    path = tmp_path / "large.csv"
    path.write_text("x1,x2\n" + "\n".join(f"{a:.4f},{b:.4f}" for a, b in X.tolist()) + "\n")
    shares = []
    tally = predict_table(trained, path, tmp_path / "out.csv", shares.append)

    assert tally.used == 30_000
    assert shares == sorted(shares)
    assert len(shares) == 16
    with (tmp_path / "out.csv").open() as handle:
        assert sum(1 for _ in handle) == 30_001


def test_predictions_of_the_own_rows_are_a_format_of_export(tmp_path):
    trained = train(blobs(rows=50))
    path = tmp_path / "all.csv"
    EXPORTS["predictions"].write(trained, path, to_nobody)
    header, *rows = read_csv(path)
    data = trained.prepared.dataset

    assert header == ["x1", "x2", "share", "class", "predicted class", "P(c1)", "P(c2)", "P(c3)"]
    np.testing.assert_array_equal([[float(cell) for cell in row[:2]] for row in rows], data.X)
    assert [row[3] for row in rows] == [data.class_names[k] for k in data.y]
    for name, part in trained.prepared.parts.items():
        assert [number for number, row in enumerate(rows) if row[2] == name] == sorted(part.rows.tolist())
    np.testing.assert_array_equal(
        [[float(cell) for cell in row[5:]] for row in rows], Model.of(trained).probabilities(data.X)
    )
