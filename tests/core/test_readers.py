"""Excel workbooks and Parquet files: the same rows as from text, where their libraries are installed."""

import datetime as dt
import sys
import types
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp_studio.core.config import DataConfig
from mlp_studio.core.errors import CancelledError, DataError
from mlp_studio.core.preview import read_preview, sniff
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.readers import READERS, WORKBOOK, read_records
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.table import as_csv, read_table
from mlp_studio.core.text_rows import TableFormat

Row = tuple[Any, ...]
DAY = dt.date(2024, 2, 29)
TABLE: list[Row] = [
    ("length", "count", "day", "colour", "kind"),
    *((i / 10, i % 7, DAY, ("red", "blue")[i % 2], ("a", "b", "c")[i % 3]) for i in range(30)),
    (None, 3, DAY, "red", "a"),
    (float("inf"), 3, DAY, "red", "b"),
    (1.5, 3, DAY, "red", None),
]
SENTENCE = (
    "33 rows read, 30 used, 1 dropped for missing values (line 32), 1 dropped for infinite values (line 33), "
    "1 dropped for an empty label (line 34)."
)


class FakeSheet:
    """What is asked of a sheet of openpyxl."""

    title = "Flowers"
    max_row = len(TABLE)

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def reset_dimensions(self) -> None:
        """It has none."""

    def iter_rows(self, *, values_only: bool) -> Iterator[Row]:
        assert values_only
        return iter(self.rows)


def archive(path: Path, name: str = WORKBOOK) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, "<workbook/>")
    return path


@pytest.fixture
def fake_openpyxl(monkeypatch: pytest.MonkeyPatch):
    """Sheets of rows → stands in for openpyxl, which finds them in any workbook."""

    def install(*sheets: list[Row]) -> None:
        book = types.SimpleNamespace(worksheets=[FakeSheet(rows) for rows in sheets], close=lambda: None)
        module = types.ModuleType("openpyxl")
        module.load_workbook = lambda _path, *, read_only, data_only: book
        monkeypatch.setitem(sys.modules, "openpyxl", module)

    return install


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


def judged(path: Path) -> None:
    """What every kind of file makes of `TABLE`."""
    data = read_table(path)
    assert data.feature_names == ("length", "count")
    np.testing.assert_array_equal(data.X, [row[:2] for row in TABLE[1:31]])
    assert [data.class_names[k] for k in data.y] == [row[4] for row in TABLE[1:31]]
    assert data.notes[0] == SENTENCE
    assert "Left out: “day” and “colour”, which hold text." in data.notes
    encoded = read_table(path, features=("colour",), missing="median")
    assert encoded.feature_names == ("colour=blue", "colour=red")


def test_a_sheet_is_read_like_a_text_file(tmp_path, fake_openpyxl):
    fake_openpyxl(TABLE)
    path = archive(tmp_path / "flowers.xlsx")
    judged(path)
    shown = read_preview(path)
    assert (shown.kind, shown.format, shown.lines[:2]) == ("excel", TableFormat(), (2, 3))
    assert read_table(path).account.as_document()["format"] == {"kind": "excel", "header": True}


def test_a_sheet_may_have_gaps_no_header_and_other_sheets_beside(tmp_path, fake_openpyxl):
    rows = [(None, None), (1, 2.5, "a", None), (), (3, 4.5, "b", " "), (5, 6.5, "a"), (7,)]
    fake_openpyxl(rows, TABLE)
    path = archive(tmp_path / "flowers.xlsx")
    assert list(read_records(path, TableFormat())) == [
        (2, ["1", "2.5", "a"]),
        (4, ["3", "4.5", "b"]),
        (5, ["5", "6.5", "a"]),
        (6, ["7", "", ""]),
    ]
    assert sniff(path) == TableFormat(header=False)
    assert read_table(path).notes[:2] == (
        "4 rows read, 3 used, 1 dropped for missing values (line 6).",
        "Of 2 sheets the first, “Flowers”, is read.",
    )


def test_a_cell_too_many_is_told_by_its_row(tmp_path, fake_openpyxl):
    fake_openpyxl([("x", "label"), (1, "a"), (2, "b", "c")])
    assert refusal(archive(tmp_path / "flowers.xlsx")) == "Line 3 has 3 fields, expected 2."


def test_the_separators_of_text_do_not_matter_to_a_sheet(tmp_path, fake_openpyxl):
    fake_openpyxl(TABLE)
    path = archive(tmp_path / "flowers.xlsx")
    config = DataConfig(source="file", path=str(path), decimal=",", delimiter=";")
    assert load_dataset(config, generator(0, Stream.DATA)).notes[0] == SENTENCE


def test_a_workbook_that_the_library_cannot_open_is_one_sentence(tmp_path, fake_openpyxl, monkeypatch):
    fake_openpyxl(TABLE)
    path = archive(tmp_path / "flowers.xlsx")

    def fail(*_: object, **_more: object) -> None:
        raise KeyError("xl/worksheets/sheet1.xml")

    monkeypatch.setattr(sys.modules["openpyxl"], "load_workbook", fail)
    assert refusal(path) == "“flowers.xlsx” cannot be read as an Excel workbook; it may be damaged."
    fake_openpyxl()
    assert refusal(path) == "“flowers.xlsx” has no sheet with cells."


def test_reading_a_sheet_can_be_cancelled(tmp_path, fake_openpyxl):
    fake_openpyxl(TABLE)

    def cancel(share: float) -> None:
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        read_table(archive(tmp_path / "flowers.xlsx"), progress=cancel)


@pytest.mark.parametrize(
    ("name", "library", "what"),
    [("x.xlsx", "openpyxl", "an Excel workbook"), ("x.parquet", "pyarrow", "a Parquet file")],
)
def test_without_the_library_the_sentence_says_what_to_install(tmp_path, monkeypatch, name, library, what):
    monkeypatch.setitem(sys.modules, library, None)
    path = tmp_path / name
    path.write_bytes(b"PAR1....PAR1")
    if library == "openpyxl":
        archive(path)
    assert refusal(path) == (
        f"“{name}” is {what}; reading it needs {library}: pip install {library}, or save the table as CSV."
    )


def test_the_ending_of_a_name_does_not_decide(tmp_path):
    path = tmp_path / "data.xlsx"
    path.write_text("x,label\n1,a\n2,b\n")
    assert read_table(path).rows == 2


def test_every_kind_of_file_but_text_names_its_library():
    assert {name: reader.library for name, reader in READERS.items()} == {
        "parquet": "pyarrow",
        "excel": "openpyxl",
        "text": "",
    }
    assert list(READERS)[-1] == "text"  # what nothing else fits


# With the libraries themselves, where they are installed


def test_a_real_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book, path = openpyxl.Workbook(), tmp_path / "flowers.xlsx"
    for row in TABLE:
        book.active.append([cell if cell != float("inf") else "inf" for cell in row])
    book.save(path)
    judged(path)
    book.create_sheet("More")
    book.save(path)
    assert "Of 2 sheets the first, “Sheet”, is read." in read_table(path).notes
    whole = path.read_bytes()
    for size in range(4, len(whole), 97):
        path.write_bytes(whole[:size])
        assert refusal(path).endswith(".")


def test_a_real_parquet_file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "flowers.parquet"
    columns = dict(zip(TABLE[0], map(list, zip(*TABLE[1:], strict=True)), strict=True))
    parquet.write_table(pyarrow.table(columns), path)
    judged(path)
    parquet.write_table(pyarrow.table({"0": [1.5, 2.5], "1": ["a", "b"]}), path)
    assert read_table(path).feature_names == ("0",)
    whole = path.read_bytes()
    for size in range(4, len(whole), 31):
        path.write_bytes(whole[:size])
        assert refusal(path) == "“flowers.parquet” cannot be read as a Parquet file; it may be damaged."


def test_columns_and_rows_of_a_parquet_file_are_the_same(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rng, path = np.random.default_rng(8), tmp_path / "mixed.parquet"
    numbers = rng.normal(size=25_000)
    columns = {
        "double": pyarrow.array([None if i % 50 == 0 else x for i, x in enumerate(numbers.tolist())]),
        "single": pyarrow.array(numbers.astype(np.float32)),
        "large": pyarrow.array([None if i == 7 else (1 << 62) + i for i in range(25_000)]),
        "small": pyarrow.array((numbers * 9).astype(np.int8)),
        "written": pyarrow.array([repr(x) for x in numbers.tolist()]),
        "yes": pyarrow.array((numbers > 0).tolist()),
        "colour": pyarrow.array([None if i % 90 == 0 else "rgb"[i % 3] for i in range(25_000)]).dictionary_encode(),
        "code": pyarrow.array([i % 4 if i % 70 else None for i in range(25_000)]),
    }
    parquet.write_table(pyarrow.table(columns), path)
    names = tuple(columns)[:-1]
    ways = [
        (missing, read_table(path, label="code", features=names, missing=missing)) for missing in ("drop", "median")
    ]
    rowwise = replace(READERS["parquet"], columns=None)
    monkeypatch.setitem(READERS, "parquet", rowwise)
    for missing, fast in ways:
        slow = read_table(path, label="code", features=names, missing=missing)
        np.testing.assert_array_equal(fast.X, slow.X)
        np.testing.assert_array_equal(fast.y, slow.y)
        assert (fast.feature_names, fast.class_names) == (slow.feature_names, slow.class_names)
        assert fast.account.as_document() == slow.account.as_document()
        assert fast.notes == slow.notes
        assert fast.account.dropped[0].lines[0] in (2, 72)


def test_numbers_keep_every_digit_in_a_parquet_file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    numbers = np.random.default_rng(2).normal(size=(300, 3)) * 10.0 ** np.arange(-20, 40, 20)
    path = tmp_path / "numbers.parquet"
    kinds = ["ab"[i % 2] for i in range(300)]
    parquet.write_table(pyarrow.table({**{f"x{i}": numbers[:, i] for i in range(3)}, "kind": kinds}), path)
    data = read_table(path)
    np.testing.assert_array_equal(data.X, numbers)
    text = tmp_path / "numbers.csv"
    text.write_text(as_csv(data))
    np.testing.assert_array_equal(read_table(text).X, numbers)
