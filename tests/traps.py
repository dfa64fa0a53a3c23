"""Files that go wrong, and files that are read with a word about it: one table, walked in core, CLI and window.

To add a trap, add its row: what is in the file, and the exact sentence a person is shown.
"""

import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Trap:
    """A file and the sentence on it: the refusal, or one of the notes on data that are read all the same."""

    content: bytes
    sentence: str
    name: str = "data.csv"

    def write(self, folder: Path) -> Path:
        """The file, in a folder."""
        path = folder / self.name
        path.write_bytes(self.content)
        return path


def _trap(content: str | bytes, sentence: str, name: str = "data.csv") -> Trap:
    return Trap(content if isinstance(content, bytes) else content.encode(), sentence, name)


def _unread(name: str, what: str, library: str) -> str:
    """What is said of a damaged file of a kind that needs a library: more where that is not installed."""
    if importlib.util.find_spec(library):
        return f"“{name}” cannot be read as {what}; it may be damaged."
    return f"“{name}” is {what}; reading it needs {library}: pip install {library}, or save the table as CSV."


def _zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x,label\n1,a\n")
    return stream.getvalue()


def _table(rows: int, first: str, row: str) -> str:
    """A table of so many rows; in each of them {i} is its number and {k} one of two classes."""
    return first + "".join(row.format(i=i, k="ab"[i % 2]) for i in range(rows))


# Refused: what is loaded stays.
REFUSED: dict[str, Trap] = {
    "text in a feature": _trap(
        "x,y,label\n1,2,a\n3,abc,b\n5,6,a\n7,-,b\n9,def,a\n",
        "Column “y” holds text in 2 rows, first “abc” on line 3; a feature must be a number.",
    ),
    "a percent sign": _trap(
        "x,y,label\n1,50%,a\n3,60%,b\n",
        "Column “y” holds text in 2 rows, first “50%” on line 2; a feature must be a number.",
    ),
    "a currency": _trap(
        "x,y,label\n1,$5,a\n3,$6.50,b\n",
        "Column “y” holds text in 2 rows, first “$5” on line 2; a feature must be a number.",
    ),
    "thousands": _trap(
        'x,y,label\n1,"1,234.5",a\n3,"2,000.0",b\n',
        "Column “y” holds text in 2 rows, first “1,234.5” on line 2; a feature must be a number.",
    ),
    "a decimal comma": _trap(
        'x,y,label\n1,"1,5",a\n3,"2,5",b\n',
        (
            "Column “y” holds text in 2 rows, first “1,5” on line 2; a feature must be a number. "
            "Is the comma a decimal sign?"
        ),
    ),
    "what cannot be seen": _trap(
        "x,y,label\n1,2\u202e\0,a\n3,4,b\n".encode("utf-16"),
        "Column “y” holds text in 1 row, first “2��” on line 2; a feature must be a number.",
    ),
    "an underscore": _trap(
        "x,y,label\n1,1_000,a\n3,4,b\n",
        "Column “y” holds text in 1 row, first “1_000” on line 2; a feature must be a number.",
    ),
    "one class": _trap(
        "x,label\n1,a\n2,a\n",
        "Column “label” holds one class only, “a”; at least two are needed.",
    ),
    "one class left": _trap(
        "x,label\n1,a\n2,a\n,b\n",
        (
            "Column “label” holds one class only, “a”; at least two are needed. "
            "3 rows read, 2 used, 1 dropped for missing values (line 4)."
        ),
    ),
    "a number to predict": _trap(
        "x,price\n" + "".join(f"{i},{i * 1.1:.2f}\n" for i in range(40)),
        "Column “price”: This looks like a number to predict; MLP Studio classifies.",
    ),
    "a whole number to predict": _trap(
        "x,age\n" + "".join(f"{i * 0.1},{i % 30 + 20}\n" for i in range(200)),
        "Column “age”: This looks like a number to predict; MLP Studio classifies.",
    ),
    "names as label": _trap(
        "x,name\n" + "".join(f"{i},n{i}\n" for i in range(40)),
        "Column “name” is different in every row; a class must have several rows.",
    ),
    "an empty label": _trap(
        "x,label\n1,\n2,\n",
        "No row can be used: 2 rows read, 0 used, 2 dropped for an empty label (lines 2, 3).",
    ),
    "too many fields": _trap("x,y,label\n1,2,a\n3,4,b,9\n", "Line 3 has 4 fields, expected 3."),
    "too many fields in every row": _trap("x,y,label\n1,2,a,7\n3,4,b,9\n", "Line 2 has 4 fields, expected 3."),
    "too few fields": _trap("x,y,label\n1,2,a\n3\n", "Line 3 has 1 field, expected 3."),
    "a field too many after a long field": _trap('x,label\n1,"a\nb"\n2,b,c\n', "Line 4 has 3 fields, expected 2."),
    "an open quote": _trap('x,y,label\n1,2,a\n3,4,"b\n5,6,a\n', "Line 3 opens a quote that is never closed."),
    "text after a quote": _trap('x,y,label\n1,2,"a"b\n', "Line 2 has text after a closing quote."),
    "an open quote in a large file": _trap(
        'x,label\n1,"a\n' + "2,b\n" * 50_000,
        "Line 2 has a field of more than 131,072 characters; is a quote not closed?",
    ),
    "one column": _trap(
        "x\n1\n2\n",
        "Only one column was found; choose the delimiter that separates the columns.",
    ),
    "only names": _trap("x,label\n", "“data.csv” holds the names of columns but no rows."),
    "nothing": _trap("", "“data.csv” is empty."),
    "blank lines": _trap("\n \n\n", "“data.csv” is empty."),
    "no number": _trap(
        "x,label\na,b\nc,d\n",
        "No column beside the label holds numbers, so there is nothing to learn from; "
        "a column of text becomes numbers where it is chosen as a feature.",
    ),
    "no row": _trap(
        "x,y,label\n1,,a\n,2,b\n1,inf,a\n1,2,\n",
        (
            "No row can be used: 4 rows read, 0 used, 2 dropped for missing values (lines 2, 3), "
            "1 dropped for infinite values (line 4), 1 dropped for an empty label (line 5)."
        ),
    ),
    "a huge number": _trap(
        "x,y,label\n1,2,a\n3,-1e200,b\n",
        "Column “y” holds -1e+200 on line 3; numbers beyond ±1e+100 cannot be scaled.",
    ),
    "too many classes": _trap(
        "x,label\n" + "".join(f"{i},c{i}\n" for i in range(1001)) * 2,
        "Column “label” holds more than 1,000 classes, the most that can be used.",
    ),
    "too many columns": _trap(
        ",".join(f"f{i}" for i in range(5001)) + "\n",
        "The table has 5,001 columns; 5,000 are the most that can be used.",
    ),
    "an Excel file": _trap(
        b"PK\x03\x04rest",
        "“data.csv” is a damaged Excel workbook or zip archive.",
    ),
    "an old Excel file": _trap(
        b"\xd0\xcf\x11\xe0\xa1",
        "“data.csv” is an old or protected Excel workbook; save the table as CSV.",
    ),
    "a compressed file": _trap(b"\x1f\x8b\x08\x00", "“data.csv” is compressed; unpack it first."),
    "a Parquet file": _trap(b"PAR1\x15\x04", _unread("data.pq", "a Parquet file", "pyarrow"), "data.pq"),
    "an Excel workbook": _trap(
        _zipped("xl/workbook.xml"), _unread("data.xlsx", "an Excel workbook", "openpyxl"), "data.xlsx"
    ),
    "a zip archive": _trap(
        _zipped("data.txt"),
        "“data.zip” is a zip archive; unpack it first, or save the table in it as CSV.",
        "data.zip",
    ),
    "a binary file": _trap(b"\x7fELF\x02\x01\x00\x00,1\n", "“data.csv” is not a text file."),
    "half a character": _trap(
        "x,label\n1,a\n2,b\n".encode("utf-16")[:-1],
        "“data.csv” is not text in this encoding; choose another.",
    ),
}

# Read, and the sentence is among the notes.
NOTED: dict[str, Trap] = {
    "semicolons and decimal commas": _trap(
        _table(40, "a;b;label\n", "{i},5;1,25;{k}\n"), "Numbers are read with a decimal comma."
    ),
    "tabs": _trap(_table(40, "a\tb\tlabel\n", "{i}\t1.5\t{k}\n"), "40 rows read, 40 used."),
    "no header": _trap(
        _table(40, "", "{i},1.5,{k}\n"),
        "The first row is read as data; the columns are called x1, x2 and so on.",
    ),
    "Windows letters": _trap(
        _table(40, "größe,label\n", "{i},{k}ä\n").encode("cp1252"),
        "The text is not UTF-8 and is read as Western (Windows-1252); check its special letters.",
    ),
    "UTF-16": _trap(_table(40, "größe,label\n", "{i},{k}ä\n").encode("utf-16"), "40 rows read, 40 used."),
    "a byte order mark": _trap(_table(40, "größe,label\n", "{i},{k}ä\n").encode("utf-8-sig"), "40 rows read, 40 used."),
    "missing values": _trap(
        _table(40, "x,y,label\n", "{i},1.5,{k}\n") + ",1,a\n1,NA,b\n1,?,b\n",
        "43 rows read, 40 used, 3 dropped for missing values (lines 42, 43, 44).",
    ),
    "infinite values": _trap(
        _table(40, "x,y,label\n", "{i},1.5,{k}\n") + "inf,1,a\n1,1e999,b\n",
        "42 rows read, 40 used, 2 dropped for infinite values (lines 42, 43).",
    ),
    "empty labels": _trap(
        _table(40, "x,y,label\n", "{i},1.5,{k}\n") + "1,1,\n",
        "41 rows read, 40 used, 1 dropped for an empty label (line 42).",
    ),
    "duplicates": _trap(
        _table(40, "x,label\n", "{i},{k}\n") + "0,a\n0,a\n", "42 rows read, 42 used, 2 duplicates kept."
    ),
    "a constant column": _trap(
        _table(40, "x,same,label\n", "{i},7,{k}\n"), "The same value in every row, so of no use: “same”."
    ),
    "repeated names": _trap(
        _table(40, "x,x,label\n", "{i},{i}.5,{k}\n"), "Column 2 repeats the name “x” and is called “x (2)”."
    ),
    "the number of the row": _trap(
        _table(40, "id,x,label\n", "{i},{i}.5,{k}\n"),
        "Left out: “id”, which holds numbers that only tell the rows apart.",
    ),
    "remarks": _trap(_table(40, "x,remark,label\n", "{i},remark {i},{k}\n"), "Left out: “remark”, which holds text."),
    "spaces around labels": _trap(_table(40, "x,label\n", "{i}, {k} \n"), "Spaces around class names were removed."),
    "a class of one row": _trap(
        _table(40, "x,label\n", "{i},{k}\n") + "9,c\n", "Only one row each, kept in training: c."
    ),
    "a test set smaller than the number of classes": _trap(
        "x,label\n" + "".join(f"{i},c{i % 8}\n" for i in range(24)),
        "A share is smaller than the number of classes, so the rows were split without stratifying.",
    ),
    "many classes": _trap(
        "x,label\n" + "".join(f"{i},c{i % 101}\n" for i in range(1010)),
        "There are 101 classes; tables and charts are made for up to 20.",
    ),
    "many features": _trap(
        _table(20, ",".join(f"f{i}" for i in range(501)) + ",label\n", "1.5,2.5," * 250 + "{i},{k}\n"),
        "There are 501 features; lists and charts are made for up to 100.",
    ),
}
