"""A look at a file before it is read: the format that fits, the roles of its columns, and what is wrong with them."""

from pathlib import Path

import pytest

from mlp_studio.core import preview
from mlp_studio.core.errors import DataError
from mlp_studio.core.preview import read_preview
from mlp_studio.core.table import read_table
from mlp_studio.core.text_rows import TableFormat

PLAIN = "X1,X2,color\n0.5,1.5,c2\n-1,2e-1,c1\n3,.5,c3\n4,5,c1\n"


def file(folder: Path, text: str | bytes, encoding: str = "utf-8", name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def _numbered(header: str, start: int, step: int) -> str:
    """A table of 40 rows whose first column is `start`, `start` + `step` and so on."""
    return header + "\n" + "".join(f"{start + i * step},{i}.5,{'ab'[i % 2]}\n" for i in range(40))


# Guessed roles


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("x,y,color\n1,2,a\n3,4,b\n", ("feature", "feature", "label")),
        ("x,y,k\n1.5,2,0\n3,4.5,1\n5,6,0\n", ("feature", "feature", "label")),
        ("species,x,y\na,1.5,2.5\nb,3.5,4.5\na,5.5,6.5\n", ("label", "feature", "feature")),
        ("class,x,k\n0,1.5,1\n1,3.5,2\n0,5.5,1\n", ("label", "feature", "feature")),
        ("sort,x,y\na,1.5,2.5\nb,3.5,4.5\na,5.5,6.5\n", ("label", "feature", "feature")),
        ("x,y,price\n1.5,2,10.5\n3,4,11.5\n5,6,12.5\n", ("feature", "feature", "feature")),
        (",x,label\n0,2.5,a\n1,3.5,b\n2,1.5,b\n", ("ignore", "feature", "label")),
        ("PassengerId,x,label\n1,2.5,a\n2,3.5,b\n3,1.5,b\n", ("ignore", "feature", "label")),
        ("flower_id,x,label\n1,2.5,a\n2,3.5,b\n3,1.5,b\n", ("ignore", "feature", "label")),
        ("flower_id,x,label\n1,2.5,a\n4,3.5,b\n2,1.5,b\n", ("feature", "feature", "label")),
        (_numbered("id,x,label", 500, 1), ("ignore", "feature", "label")),  # cut out of a larger table
        (_numbered("Kunden-ID,x,label", 842302, -37), ("ignore", "feature", "label")),
        (_numbered("id,x,label", 7, 0), ("feature", "feature", "label")),  # the same thing again and again
        (_numbered("age,x,label", 500, 1), ("feature", "feature", "label")),
        ("grid,paid,label\n1,1,a\n2,2,b\n3,3,b\n", ("feature", "feature", "label")),
        ("x,empty,label\n1,,a\n2,NA,b\n", ("feature", "ignore", "label")),
        ("x,share,label\n1,50%,a\n2,60%,b\n", ("feature", "feature", "label")),
    ],
)
def test_roles_are_guessed(tmp_path, text, roles):
    assert read_preview(file(tmp_path, text)).roles == roles


# The preview


def test_the_preview_shows_the_first_rows_as_text(tmp_path):
    preview = read_preview(file(tmp_path, PLAIN), rows=2)
    assert preview.format == TableFormat()
    assert preview.names == ("X1", "X2", "color")
    assert preview.rows == (("0.5", "1.5", "c2"), ("-1", "2e-1", "c1"))
    assert preview.lines == (2, 3)
    assert preview.problem(preview.roles) == ""


def test_a_broken_row_is_told_but_what_comes_before_is_shown(tmp_path):
    ragged = read_preview(file(tmp_path, "x,y,label\n1,2,a\n3\n4,5,b,6\n"))
    assert ragged.rows == (("1", "2", "a"), ("3", "", ""), ("4", "5", "b"))
    assert ragged.problem(ragged.roles) == "Line 3 has 1 field, expected 3."
    unclosed = read_preview(file(tmp_path, 'x,label\n1,a\n"2,b\n'))
    assert unclosed.rows == (("1", "a"),)
    assert unclosed.problem(unclosed.roles) == "Line 3 opens a quote that is never closed."


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        (("feature", "feature", "label"), ""),
        (("feature", "ignore", "label"), ""),
        (("feature", "feature", "feature"), "Choose the column that holds the class as the label."),
        (("label", "feature", "label"), "Only one column can be the label, not “x” and “kind”."),
        (("ignore", "ignore", "label"), "Choose at least one column as a feature."),
        (
            ("label", "ignore", "feature"),
            "Column “x”: This looks like a number to predict; MLP Studio classifies.",
        ),
        (("feature", "label", "feature"), ""),
    ],
)
def test_the_preview_judges_roles(tmp_path, roles, sentence):
    text = "x,n,kind\n" + "".join(f"{i}.5,{i % 4},k{i % 3}\n" for i in range(30))
    assert read_preview(file(tmp_path, text)).problem(roles) == sentence


def test_a_column_of_few_texts_can_be_a_feature_and_lists_them(tmp_path):
    text = "colour,remark,x,label\n" + "".join(f" {['red', 'blue'][i % 2]},r{i},{i},{i % 3}\n" for i in range(30))
    shown = read_preview(file(tmp_path, text))
    colour, remark, x, _ = shown.columns
    assert shown.roles == ("ignore", "ignore", "feature", "label")
    assert (colour.as_feature, colour.categories) == ("", ("blue", "red"))
    assert (x.as_feature, x.categories) == ("", ())
    assert remark.categories == ()
    assert shown.problem(("ignore", "feature", "ignore", "label")) == (
        "Column “remark” holds more than 20 different texts, too many to become a feature each; ignore it."
    )


@pytest.mark.parametrize(
    ("roles", "missing", "sentence"),
    [
        (("feature", "feature", "label"), "drop", "No row can be used: each lacks a value or its label."),
        (("feature", "feature", "label"), "median", ""),
        (
            ("feature", "ignore", "label"),
            "median",
            (
                "Column “label” holds one class only, “a”; at least two are needed. "
                "4 rows read, 2 dropped for lack of a value or a label."
            ),
        ),
    ],
)
def test_the_preview_knows_what_becomes_of_missing_values(tmp_path, roles, missing, sentence):
    shown = read_preview(file(tmp_path, "x,colour,label\n1,,a\n2,,a\n,red,b\n,blue,b\n"))
    assert shown.problem(roles, missing) == sentence
    if sentence.startswith("No row"):
        with pytest.raises(DataError, match="No row can be used"):
            read_table(shown.path, features=("x", "colour"), missing=missing)


def test_a_sample_does_not_condemn_a_sorted_file(tmp_path):
    text = "x,label\n" + "".join(f"{i},{'ab'[i // 1500]}\n" for i in range(3000))
    preview = read_preview(file(tmp_path, text))
    assert preview.problem(preview.roles) == ""
    assert read_table(preview.path).class_counts().tolist() == [1500, 1500]


def test_a_preview_reads_only_the_start(tmp_path, monkeypatch):
    path = file(tmp_path, "x,label\n" + "1,a\n2,b\n" * 20_000 + "broken\n")
    seen, judge = [], preview._column
    monkeypatch.setattr(preview, "_column", lambda *parts: seen.append(len(parts[1])) or judge(*parts))
    assert len(read_preview(path).rows) == 50
    assert seen == [1000, 1000]
