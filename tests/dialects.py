"""scikit-learn's sample tables as people keep them: five dialects, with the class first or last, named or not."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn import datasets

SAMPLES: dict[str, Callable[[], Any]] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written; `label` is the name of the class's column, "" in a file without names."""

    delimiter: str
    encoding: str = "utf-8"
    decimal: str = "."
    label: str = "species"
    label_first: bool = False
    numbered: bool = False  # classes as numbers
    quoting: int = csv.QUOTE_MINIMAL
    newline: str = "\n"

    def write(self, table: Any) -> bytes:
        """One of scikit-learn's tables in this dialect."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.newline)
        if self.label:
            writer.writerow(self._placed([str(name) for name in table.feature_names], self.label))
        for x, k in zip(table.data.tolist(), table.target.tolist(), strict=True):
            numbers = [repr(value).replace(".", self.decimal) for value in x]
            writer.writerow(self._placed(numbers, str(k) if self.numbered else str(table.target_names[k])))
        return stream.getvalue().encode(self.encoding)

    def _placed(self, cells: Sequence[str], label: str) -> list[str]:
        return [label, *cells] if self.label_first else [*cells, label]


DIALECTS = {
    "commas, names, the class as a word": Dialect(","),
    "semicolons, decimal commas, the class a number": Dialect(
        ";", encoding="utf-8-sig", decimal=",", label="Klasse", numbered=True, newline="\r\n"
    ),
    "tabs, no names": Dialect("\t", label="", numbered=True),
    "bars, all quoted, the class first": Dialect("|", label="class", label_first=True, quoting=csv.QUOTE_ALL),
    "UTF-16, as Excel's Unicode text": Dialect("\t", encoding="utf-16", label="Art", newline="\r\n"),
}
