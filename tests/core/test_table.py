"""Text files to data sets: the guesses, the account of every row, and a sentence for every trap."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from mlp_studio.core import table
from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError
from mlp_studio.core.plain_text import PlainText
from mlp_studio.core.prepare import prepare
from mlp_studio.core.preview import read_preview, sniff
from mlp_studio.core.table import read_table, write_table
from mlp_studio.core.text_rows import TableFormat
from tests import fuzz_tables
from tests.traps import NOTED, REFUSED

PLAIN = "X1,X2,color\n0.5,1.5,c2\n-1,2e-1,c1\n3,.5,c3\n4,5,c1\n"


def file(folder: Path, text: str | bytes, encoding: str = "utf-8", name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def refusal(path: Path, **how: object) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, **how)
    return str(caught.value)


# Good files


def test_a_plain_table_becomes_numbers_and_classes_in_the_order_of_their_names(tmp_path):
    data = read_table(file(tmp_path, PLAIN))
    assert data.name == "data.csv"
    assert data.feature_names == ("X1", "X2")
    assert data.class_names == ("c1", "c2", "c3")
    assert data.X.tolist() == [[0.5, 1.5], [-1, 0.2], [3, 0.5], [4, 5]]
    assert data.y.tolist() == [1, 0, 2, 0]
    assert data.notes == ("4 rows read, 4 used.",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_dialect_gives_the_same_data(tmp_path, delimiter, newline, encoding):
    text = "größe,x,label\n1.5,2,ä\n2.5,3,b\n4,5,ä\n".replace(",", delimiter).replace("\n", newline)
    data = read_table(file(tmp_path, text, encoding))
    assert data.feature_names == ("größe", "x")
    assert data.class_names == ("b", "ä")
    assert data.X.tolist() == [[1.5, 2], [2.5, 3], [4, 5]]


def test_a_decimal_comma_is_found_where_the_delimiter_is_another(tmp_path):
    path = file(tmp_path, "a;b;label\n1,5;2;x\n-0,25;3,5e-1;y\n")
    assert sniff(path) == TableFormat(delimiter=";", decimal=",")
    data = read_table(path)
    assert data.X.tolist() == [[1.5, 2], [-0.25, 0.35]]
    assert "Numbers are read with a decimal comma." in data.notes


def test_commas_in_numbers_do_not_hide_the_semicolon_of_a_file_without_header(tmp_path):
    path = file(tmp_path, "1,5;2,5;a\n3,5;4,5;b\n1,5;2,5;a\n3,5;4,5;b\n")
    assert sniff(path) == TableFormat(delimiter=";", decimal=",", header=False)


def test_a_point_is_no_decimal_sign_where_the_comma_is_one(tmp_path):
    path = file(tmp_path, "a;b;label\n1,5;1.234;x\n2,5;2;y\n")
    assert refusal(path, fmt=TableFormat(delimiter=";", decimal=",")) == (
        "Column “b” holds text in 1 row, first “1.234” on line 2; a feature must be a number."
    )


def test_quotes_hold_delimiters_newlines_and_quotes(tmp_path):
    data = read_table(file(tmp_path, '"x, 1",y,label\n1,2,"a,b"\n"3",4,"say ""c"""\n5,6,"two\nlines"\n7,,a\n'))
    assert data.feature_names == ("x, 1", "y")
    assert data.class_names == ("a,b", 'say "c"', "two lines")
    assert data.notes[0] == "4 rows read, 3 used, 1 dropped for missing values (line 6)."


def test_a_file_without_header_gets_names_and_says_so(tmp_path):
    data = read_table(file(tmp_path, "1,2,0\n3,4,1\n5,6,0\n"))
    assert data.feature_names == ("x1", "x2")
    assert data.rows == 3
    assert data.notes[1] == "The first row is read as data; the columns are called x1, x2 and so on."


def test_a_first_row_with_a_class_that_comes_again_is_no_header(tmp_path):
    data = read_table(file(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n"))
    assert (data.rows, data.feature_names) == (3, ("x1", "x2"))


def test_numbers_as_names_beside_a_word_are_a_header(tmp_path):
    data = read_table(file(tmp_path, "0,1,target\n5,6,1\n7,8,0\n9,9,1\n"))
    assert (data.rows, data.feature_names) == (3, ("0", "1"))


def test_labels_stay_text(tmp_path):
    data = read_table(file(tmp_path, "x,label\n1,01\n2,1\n3,NA\n4,None\n5,nan\n6,1.0\n"))
    assert data.class_names == ("01", "1", "1.0", "NA", "None", "nan")


def test_classes_are_sorted_as_text(tmp_path):
    assert read_table(file(tmp_path, "x,label\n1,10\n2,9\n3,10\n")).class_names == ("10", "9")


def test_spaces_around_labels_and_names_go_and_are_noted(tmp_path):
    data = read_table(file(tmp_path, " x , label\n1, a\n2,a\n3,b \n"))
    assert (data.feature_names, data.class_names) == (("x",), ("a", "b"))
    assert "Spaces around class names were removed." in data.notes


def test_missing_and_repeated_names_are_told_apart(tmp_path):
    preview = read_preview(file(tmp_path, "a,,a,a,label\n1,2,3,4,x\n5,6,7,9,y\n"))
    assert preview.names == ("a", "column 2", "a (2)", "a (3)", "label")
    assert preview.notes == (
        "Column 3 repeats the name “a” and is called “a (2)”.",
        "Column 4 repeats the name “a” and is called “a (3)”.",
    )


def test_blank_lines_are_no_rows_but_count_as_lines(tmp_path):
    data = read_table(file(tmp_path, "\n\nx,y,label\n\n1,2,a\n   \n3,?,b\n5,6,b\n\n"))
    assert data.notes[0] == "3 rows read, 2 used, 1 dropped for missing values (line 7)."


def test_what_is_left_out_is_noted(tmp_path):
    text = "id,x,city,day,none,label\n" + "".join(
        f"{i},{i * i},town {i},2024-01-0{i},,{'ab'[i % 2]}\n" for i in range(9)
    )
    data = read_table(file(tmp_path, text))
    assert data.feature_names == ("x",)
    assert data.notes[1:] == (
        "Left out: “city” and “day”, which hold text.",
        "Left out: “none”, which holds nothing.",
        "Left out: “id”, which holds numbers that only tell the rows apart.",
    )


def test_the_caller_chooses_label_and_features(tmp_path):
    path = file(tmp_path, "a,b,c,kind\n1,2,0,u\n3,4,1,v\n5,6,0,w\n")
    chosen = read_table(path, label="c", features=("b",))
    assert (chosen.feature_names, chosen.class_names) == (("b",), ("0", "1"))
    assert read_table(path, label="c").feature_names == ("a", "b")
    assert read_table(path, features=("c", "a")).X.tolist() == [[0, 1], [1, 3], [0, 5]]


# The account of the rows


def test_the_account_says_which_columns_were_read_also_where_they_were_guessed(tmp_path):
    account = read_table(file(tmp_path, "id,X1,remark,color\n1,0.5,a,c2\n2,-1,b,c1\n3,3,c,c2\n")).account
    assert account.features == (("X1", 1),)
    assert account.label == ("color", 3)


def test_every_row_is_accounted_for(tmp_path):
    rows = ["1,2,a"] * 3 + [
        ",2,a",
        "NA,2,b",
        "1,inf,a",
        "1,1e999,b",
        "1,2,",
        "nan,inf,",
        "2,3,b",
        "-0,3,b",
        "0,3,b",
    ]
    data = read_table(file(tmp_path, "x,y,label\n" + "\n".join(rows) + "\n"))
    assert data.notes[0] == (
        "12 rows read, 6 used, 3 dropped for missing values (lines 5, 6, 10), 2 dropped for infinite values "
        "(lines 7, 8), 1 dropped for an empty label (line 9), 3 duplicates kept."
    )
    assert data.X.tolist() == [[1, 2]] * 3 + [[2, 3], [0, 3], [0, 3]]
    assert data.y.tolist() == [0, 0, 0, 1, 1, 1]


def test_many_lines_are_cut_and_thousands_separated(tmp_path):
    rows = [f"{i if i % 100 else ''},{i},{'ab'[i % 2]}" for i in range(1500)]
    data = read_table(file(tmp_path, "x,y,label\n" + "\n".join(rows)))
    assert data.notes[0] == (
        "1,500 rows read, 1,485 used, 15 dropped for missing values (lines 2, 102, 202, 302, 402, …)."
    )


def test_a_large_file_with_missing_values_is_read_by_pandas_alone(tmp_path, monkeypatch):
    cells = ["", "NA", "N/A", "nan", "NaN", "null", "NULL", "None", "?", "-", "inf", "-Infinity"]
    rows = [f"{i},{cells[i % 12] if i % 7 == 0 else i / 3},{'ab'[i % 2] if i % 31 else ''}" for i in range(5000)]
    path = file(tmp_path, "x,y,label\r\n" + "\r\n".join(rows))
    careful = outcome(path)
    monkeypatch.setattr(table, "_read", None)
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    assert outcome(path) == careful
    assert "dropped for missing values (lines 2, 9, 16, 23, 30, …)" in careful[4][0]
    assert "dropped for an empty label" in careful[4][0]


@pytest.mark.parametrize("odd", ["1,2\n", "\n", "  \n", "1,2,a,\n", ",,\n", "1,,a\n", " ,NA ,a\n", "\r\n", "1,2,a\r"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_short_rows_and_blank_lines_are_seen_in_a_large_file(tmp_path, monkeypatch, odd, end):
    plain = "".join(f"{i},{i / 3},{'ab'[i % 2]}\n" for i in range(40))
    text = "x,y,label\n" + plain + odd + plain + "7,NA,b\n8,9,b" + end
    careful, fast = both_outcomes(file(tmp_path, text), monkeypatch)
    assert careful == fast


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_lines_are_counted_where_an_end_of_line_is_cut_in_two(tmp_path, size):
    text = "1,2\r\n\r\n3,4\r5,6\n\n7,8"
    with PlainText(file(tmp_path, text), TableFormat()) as handle:
        while handle.read(size):
            pass
        assert (handle.lines, handle.delimiters, handle.share) == (6, 4, 1.0)


def test_a_label_of_spaces_is_named_by_its_line_in_a_large_file_too(tmp_path, monkeypatch):
    careful, fast = both_outcomes(file(tmp_path, "x,label\n1,a\n2, \t\n3,b\n"), monkeypatch)
    assert careful[-1][0] == "3 rows read, 2 used, 1 dropped for an empty label (line 3)."
    assert careful == fast


def test_lines_beyond_a_thousand_are_named_readably(tmp_path):
    rows = [f"{i if i != 1200 else ''},{i},{'ab'[i % 2]}" for i in range(1500)]
    assert "(line 1,202)" in read_table(file(tmp_path, "x,y,label\n" + "\n".join(rows))).notes[0]


def test_a_class_that_loses_its_last_row_is_named(tmp_path):
    data = read_table(file(tmp_path, "x,label\n1,a\n2,b\n,c\n"))
    assert data.class_names == ("a", "b")
    assert "No usable row is left of “c”." in data.notes


def test_constant_columns_are_noted(tmp_path):
    data = read_table(file(tmp_path, "x,y,label\n1,5,a\n2,5,b\n"))
    assert data.notes[1] == "The same value in every row, so of no use: “y”."


def test_many_classes_and_features_are_noted(tmp_path):
    header = ",".join(f"f{i}" for i in range(501)) + ",label\n"
    text = header + "".join(f"{'1.5,2.5,' * 250}{i},c{i // 2}\n" for i in range(202))
    notes = read_table(file(tmp_path, text)).notes
    assert "There are 101 classes; tables and charts are made for up to 20." in notes
    assert "There are 501 features; lists and charts are made for up to 100." in notes


# Writing


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 3)) * 10.0 ** rng.integers(-30, 30, size=(60, 3))
    names, classes = ("a, b", 'say "x"', "größe"), ("two words", "ü;|", "-1")
    path = tmp_path / "out.csv"
    write_table(path, Dataset("out", X, np.arange(60) % 3, names, classes))
    again = read_table(path)
    assert again.X.tobytes() == X.tobytes()
    assert again.feature_names == names
    assert again.class_names == tuple(sorted(classes))
    assert [again.class_names[k] for k in again.y] == [classes[i % 3] for i in range(60)]


def test_no_name_becomes_a_formula_in_a_spreadsheet_and_numbers_stay_numbers(tmp_path):
    names, classes = ("=1+1", "@x", "-y"), ('+cmd|"/c calc"!A1', "-1", "+2.5e3", "\tplain")
    path = tmp_path / "out.csv"
    write_table(path, Dataset("out", -np.eye(4)[:, :3], np.arange(4), names, classes))
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "'=1+1,'@x,'-y,label"
    assert [line.split(",", 3)[3] for line in lines[1:-1]] == ['"\'+cmd|""/c calc""!A1"', "-1", "+2.5e3", "'\tplain"]
    assert lines[1].startswith("-1.0,-0.0,")
    again = read_table(path)
    assert again.feature_names == ("'=1+1", "'@x", "'-y")
    assert set(again.class_names) == {'\'+cmd|"/c calc"!A1', "+2.5e3", "-1", "' plain"}


# Traps: one sentence each


@pytest.mark.parametrize("trap", REFUSED.values(), ids=REFUSED)
def test_each_trap_has_its_sentence(tmp_path, trap):
    assert refusal(trap.write(tmp_path)) == trap.sentence


@pytest.mark.parametrize("trap", NOTED.values(), ids=NOTED)
def test_what_was_decided_about_a_file_is_noted(tmp_path, trap):
    data = read_table(trap.write(tmp_path))
    prepared = prepare(data, SplitConfig(), np.random.default_rng(0))
    assert trap.sentence in (*data.notes, *prepared.notes)


def test_an_address_is_no_file():
    assert refusal(Path("https://example.org/data.csv")).startswith("There is no file “https:")


def test_a_missing_file_a_folder_and_a_pipe_are_told_apart(tmp_path):
    missing, pipe = tmp_path / "missing.csv", tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(missing) == f"There is no file “{missing}”."
    assert refusal(tmp_path) == f"“{tmp_path.name}” is a folder, not a file."
    assert refusal(pipe) == "“pipe” is not an ordinary file."
    assert refusal(Path("a\0b")).startswith("There is no file")
    assert refusal(tmp_path / ("x" * 300)).endswith("cannot be read: File name too long.")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "“data.csv” may not be read: permission denied."),
        (OSError(5, "Input/output error"), "“data.csv” cannot be read: Input/output error."),
        (MemoryError(), "“data.csv” does not fit into memory."),
    ],
)
def test_what_the_system_refuses_becomes_a_sentence(tmp_path, monkeypatch, error, sentence):
    path = file(tmp_path, PLAIN)

    def refuse(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(table.Path, "open", refuse)
    assert refusal(path) == sentence


def test_unknown_and_clashing_names_are_explained(tmp_path):
    path = file(tmp_path, PLAIN)
    assert refusal(path, label="colour") == "There is no column “colour”; the columns are “X1”, “X2” and “color”."
    assert refusal(path, features=("X3",)) == "There is no column “X3”; the columns are “X1”, “X2” and “color”."
    assert refusal(path, features=("X1", "color")) == "Column “color” cannot be both the label and a feature."
    assert refusal(path, features=("X1", "X1")) == "Feature “X1” is named twice."


def test_many_columns_are_listed_in_part(tmp_path):
    path = file(tmp_path, ",".join(f"f{i}" for i in range(30)) + ",label\n" + "1," * 30 + "a\n" + "2," * 30 + "b\n")
    assert refusal(path, label="x") == (
        "There is no column “x”; the columns are “f0”, “f1”, “f2”, “f3”, “f4”, “f5”, “f6”, “f7”, “f8”, “f9”, "
        "… (31 in all)."
    )


def test_a_table_without_a_likely_label_asks_for_one(tmp_path):
    text = "x,y,name\n" + "".join(f"{i}.5,{i}.25,name {i % 150}\n" for i in range(200))
    assert refusal(file(tmp_path, text)) == "No column looks like a class; name “x”, “y” or “name” as the label."


def test_a_wrong_encoding_chosen_by_the_caller_is_explained(tmp_path):
    path = file(tmp_path, "x,label\n1,é\n2,b\n", "cp1252")
    assert refusal(path, fmt=TableFormat()) == "“data.csv” is not text in this encoding; choose another."
    assert read_table(path).notes[1] == (
        "The text is not UTF-8 and is read as Western (Windows-1252); check its special letters."
    )


def test_bytes_that_cp1252_does_not_know_are_read_as_latin_1(tmp_path):
    assert sniff(file(tmp_path, b"x,label\n1,\x81\n2,\xe9\n")).encoding == "latin-1"


def test_a_format_lists_its_choices():
    with pytest.raises(DataError) as caught:
        TableFormat(delimiter=":")
    assert str(caught.value) == "The delimiter ':' is unknown; choose from ',', ';', '\\t', '|'."


def test_names_from_a_file_are_shortened_in_sentences(tmp_path):
    assert refusal(file(tmp_path, f"x,{'name ' * 20}\n1,a\n2,a\n")) == (
        f"Column “{'name ' * 7}name…” holds one class only, “a”; at least two are needed."
    )


# Large files are read by pandas, everything else by the csv module: the results are the same


def outcome(path: Path) -> tuple[object, ...] | str:
    try:
        data = read_table(path)
    except DataError as error:
        return str(error)
    assert isinstance(data, Dataset)
    return data.X.tobytes(), data.y.tobytes(), data.feature_names, data.class_names, data.notes


def both_outcomes(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    monkeypatch.setattr(table, "LARGE_BYTES", 1 << 40)
    careful = outcome(path)
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    return careful, outcome(path)


def test_pandas_and_the_careful_reader_agree_to_the_last_bit(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(3000, 4)) * 10.0 ** rng.integers(-30, 30, size=(3000, 4))
    rows = [f"{a!r},{b:.17e},{c:.3f},{d:g},0{int(a > b)}" for a, b, c, d in numbers.tolist()]
    path = file(tmp_path, "a,b,c,d,label\n" + "\n".join(rows))
    monkeypatch.setattr(table, "_read", None)  # pandas alone
    monkeypatch.setattr(table, "LARGE_BYTES", 0)
    fast = outcome(path)
    monkeypatch.undo()
    assert fast == outcome(path)
    assert fast[4][0] == "3,000 rows read, 3,000 used."


@pytest.mark.parametrize("trap", [*REFUSED.values(), *NOTED.values()], ids=[*REFUSED, *NOTED])
def test_a_trap_in_a_large_file_has_the_same_sentence(tmp_path, monkeypatch, trap):
    careful, fast = both_outcomes(trap.write(tmp_path), monkeypatch)
    assert careful == fast


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_give_data_or_a_sentence_and_both_readers_agree(seed):
    outcomes, failures = fuzz_tables.run(100, seed)
    assert not failures, failures[0].trace
    assert outcomes["data"] > 10
    assert len(outcomes) > 10


def test_a_failure_among_damaged_files_is_found(monkeypatch, tmp_path, capsys):
    def broken(*_: object) -> list[str]:
        raise IndexError("no such column")

    monkeypatch.setattr(table, "_notes", broken)
    assert fuzz_tables.main(["--files", "40", "--keep", str(tmp_path)]) == 1
    assert "IndexError: no such column" in next(tmp_path.glob("*.txt")).read_text()
    assert "failures, kept in" in capsys.readouterr().out


def test_a_lone_carriage_return_in_a_name_is_quoted_and_comes_back(tmp_path):
    X = np.array([[0.1, 2.0], [1e-17, -3.5]])
    data = Dataset("odd", X, np.array([0, 1]), ("a\rb", "c"), ("one\rof two", "other"))
    write_table(tmp_path / "odd.csv", data)
    text = (tmp_path / "odd.csv").read_bytes().decode()
    assert '"a\rb"' in text
    assert '"one\rof two"' in text
    with (tmp_path / "odd.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["a\rb", "c", "label"]
    assert [row[-1] for row in rows[1:]] == ["one\rof two", "other"]
    assert [[float(cell) for cell in row[:-1]] for row in rows[1:]] == X.tolist()
