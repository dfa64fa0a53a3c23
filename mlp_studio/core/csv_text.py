"""Tables as CSV text that spreadsheets and programs read alike: nothing in it is taken for a formula."""

import csv
from collections.abc import Callable, Sequence
from typing import TextIO, TypeAlias

from mlp_studio.core.categories import unused
from mlp_studio.core.text_rows import as_number, inert

WriteRow: TypeAlias = Callable[[Sequence[str]], object]


def row_writer(stream: TextIO, delimiter: str = ",") -> WriteRow:
    """What writes a row of cells; one that holds a lone carriage return is quoted, too, which csv forgets."""
    plain = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    quoting = csv.writer(stream, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(cells: Sequence[str]) -> object:
        return (quoting if "\r" in "".join(cells) else plain).writerow(cells)

    return write


def harmless(cell: str, decimal: str = ".") -> str:
    """A cell that no spreadsheet takes for a formula; a number stays as it is."""
    guarded = inert(cell)
    return cell if guarded == cell or as_number(cell, decimal) is not None else guarded


def decimals(values: Sequence[float], decimal: str = ".") -> list[str]:
    """Numbers with every digit that they have."""
    return [repr(value).replace(".", decimal) for value in values]


def new_names(wanted: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Names for columns beside others: one that is taken gets a number."""
    names = dict.fromkeys(taken)
    for name in wanted:
        names[unused(name, names)] = None
    return list(names)[len(dict.fromkeys(taken)) :]
