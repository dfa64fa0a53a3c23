"""Tables as text for the clipboard: tab-separated for spreadsheets, Markdown for documents."""

import re
from collections.abc import Iterable, Sequence

from mlp_studio.core.text_rows import inert

PARTING = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")  # what programs take for the end of a cell or a line


def full(value: object) -> str:
    """A cell for a spreadsheet: numbers with all their digits, text that cannot become a formula, nothing for nan."""
    if isinstance(value, str):
        return inert(value)
    return "" if value != value else str(value)


def tsv(lines: Iterable[Sequence[object]]) -> str:
    """Tab-separated lines; what would part cells or lines within a cell is a space."""
    rows = (
        "\t".join(re.sub(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", full(cell)) for cell in line) for line in lines
    )
    return "".join(f"{row}\n" for row in rows)


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]], numbers: Sequence[bool]) -> str:
    """A Markdown table of cells as they are shown; columns of `numbers` are aligned at the right."""
    rules = ["---:" if is_number else "---" for is_number in numbers]
    rows = [[_escaped(cell) for cell in head], rules, *([_escaped(cell) for cell in line] for line in lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~#&$])", r"\\\1", re.sub(r"\s+", " ", text))
