"""Tables as text: what spreadsheets and documents take."""

import math

import numpy as np

from mlp_studio.core.cells import full, markdown, tsv


def test_numbers_keep_their_digits_and_nan_is_an_empty_cell():
    assert [full(value) for value in (0.1 + 0.2, np.float64(1e-17), 3, math.nan, math.inf)] == [
        "0.30000000000000004",
        "1e-17",
        "3",
        "",
        "inf",
    ]


def test_text_that_a_spreadsheet_would_compute_is_defused_and_numbers_are_not():
    assert [full(text) for text in ("=1+1", "+A1", "@x", "-cmd", "-1.5", "\tx")] == [
        "'=1+1",
        "'+A1",
        "'@x",
        "'-cmd",
        "-1.5",
        "'\tx",
    ]


def test_tsv_has_one_line_a_row_whatever_a_name_holds():
    text = tsv([["a\tb", "c\r\nd"], ["e\u2028f\x0bg", 1.5]])
    assert text == "a b\tc d\ne f g\t1.5\n"
    assert all(len(line.split("\t")) == 2 for line in text.splitlines())


def test_markdown_shows_names_as_they_are():
    text = markdown(["a|b", "`c`"], [["*x*\n_y_", "<img> & [z](u) # ~ $1$ \\"]], [False, True])
    assert text.splitlines() == [
        r"| a\|b | \`c\` |",
        "| --- | ---: |",
        r"| \*x\* \_y\_ | \<img\> \& \[z\](u) \# \~ \$1\$ \\ |",
    ]
