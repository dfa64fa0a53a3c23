"""A look at a file: what is wrong with it, and what a person should be asked."""

import pytest

from mlp_studio.core.look import look

ROWS = "".join(f"{i}.5,{i % 7}.25,{'uvw'[i % 3]}\n" for i in range(60))
NUMBERED = "".join(f"{i}.5,{i % 7}.25,{i % 3}\n" for i in range(60))


def seen(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "data.csv"
    path.write_bytes(content.encode(encoding))
    return look(path)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("x,y,kind\n" + ROWS, "utf-8"),
        ("größe;y;kind\n" + ROWS.replace(",", ";"), "utf-16"),
        ("x,y,class\n" + NUMBERED, "utf-8"),
        ("x,remark,kind\n" + "".join(f"{i}.5,remark {i},{'uv'[i % 2]}\n" for i in range(40)), "utf-8"),
        ("id,x,kind\n" + "".join(f"{i},{i}.5,{'uv'[i % 2]}\n" for i in range(40)), "utf-8"),
    ],
    ids=["text in the last column", "UTF-16", "a label by its name", "remarks", "the number of the row"],
)
def test_of_what_is_plain_nothing_is_asked(tmp_path, content, encoding):
    found = seen(tmp_path, content, encoding)
    assert found.doubts == ()
    assert found.is_certain


@pytest.mark.parametrize(
    ("content", "encoding", "doubts"),
    [
        (
            "größe,y,kind\n" + ROWS,
            "cp1252",
            ("The text is not UTF-8 and is read as Western (Windows-1252); check its special letters.",),
        ),
        (ROWS, "utf-8", ("The first row is read as data; the columns are called x1, x2 and so on.",)),
        ("x,x,kind\n" + ROWS, "utf-8", ("Column 2 repeats the name “x” and is called “x (2)”.",)),
        (
            "x,y,group\n" + NUMBERED,
            "utf-8",
            ("“group” holds few different numbers and is taken as the label; check that it is the class.",),
        ),
        (
            "group,x,y\n" + "".join(f"{'uv'[i % 2]},{i}.5,{i * 1.1}\n" for i in range(60)),
            "utf-8",
            ("“group” is taken as the label; check that it holds the class.",),
        ),
        (
            "x,town,kind\n" + "".join(f"{i}.5,town {i % 9},{'uv'[i % 2]}\n" for i in range(60)),
            "utf-8",
            ("“town” holds text and is left out unless chosen.",),
        ),
        (
            "x,y,kind\n" + ROWS + ",1,u\n?,,v\n",
            "utf-8",
            ("2 rows have no value in “x” or “y”: drop or fill such rows.",),
        ),
    ],
    ids=["encoding", "no header", "repeated name", "number as label", "label not last", "text", "missing values"],
)
def test_what_is_doubtful_is_named(tmp_path, content, encoding, doubts):
    found = seen(tmp_path, content, encoding)
    assert (found.problem, found.doubts) == ("", doubts)
    assert not found.is_certain


def test_a_problem_is_told_as_the_reading_would_tell_it(tmp_path):
    found = seen(tmp_path, "x,label\n1,a\n2,a\n,b\n")
    assert found.preview is not None
    assert found.problem == (
        "Column “label” holds one class only, “a”; at least two are needed. "
        "3 rows read, 2 used, 1 dropped for missing values (line 4)."
    )
    assert not found.is_certain


def test_where_there_is_nothing_to_show_the_problem_says_why(tmp_path):
    found = look(tmp_path / "none.csv")
    assert (found.kind, found.preview) == ("", None)
    assert found.problem == f"There is no file “{tmp_path / 'none.csv'}”."
