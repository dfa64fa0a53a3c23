"""What became of the rows of a file: none is dropped, changed or repeated in silence."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from mlp_studio.core.dataset import Ints
from mlp_studio.core.text_rows import TableFormat, counted, on_lines

LISTED_LINES = 1_000  # of each reason, in a report
MEDIAN, MOST_FREQUENT = "median", "most frequent text"


@dataclass(frozen=True, slots=True, eq=False)
class Dropped:
    """Rows that could not be used; lines (n,) are those of the file on which they start."""

    reason: str
    lines: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """Missing values of one column; `rule` says what stands in their place. lines (n,) as in `Dropped`."""

    column: str
    rule: str
    lines: Ints


class Place(NamedTuple):
    """A column of the file that is used: its name, and how many columns stand before it."""

    name: str
    before: int


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """Every row of a file: `read` = `used` + those dropped, each of them for one reason.

    `duplicates` rows repeat an earlier one and are kept. `encoded` names the columns of text that became features,
    each with its different texts. `kind` and `format` are how the file was taken apart (`core.readers`); `features` and
    `label` are the columns that were read, also where they were guessed, None where an older program did not say.
    `sha256` is that of the file's bytes, in hexadecimal digits.
    """

    kind: str
    format: TableFormat
    read: int
    used: int
    dropped: tuple[Dropped, ...] = ()
    filled: tuple[Filled, ...] = ()
    duplicates: int = 0
    encoded: tuple[tuple[str, tuple[str, ...]], ...] = ()
    features: tuple[Place, ...] = ()
    label: Place | None = None
    sha256: str = ""

    @property
    def sentence(self) -> str:
        """As a person reads it: "1,500 rows read, 1,491 used, 9 dropped for missing values (lines 12, 40, …)."."""
        parts = [f"{counted(self.read, 'row')} read, {self.used:,} used"]
        parts += [f"{len(one.lines):,} dropped for {one.reason} ({on_lines(one.lines)})" for one in self.dropped]
        parts += [self._filled(rule) for rule in dict.fromkeys(one.rule for one in self.filled)]
        parts += [f"{counted(self.duplicates, 'duplicate')} kept"] if self.duplicates else []
        return f"{', '.join(parts)}."

    def _filled(self, rule: str) -> str:
        those = [one for one in self.filled if one.rule == rule]
        lines = sorted({int(line) for one in those for line in one.lines})
        count = sum(len(one.lines) for one in those)
        return f"{counted(count, 'missing value')} filled with the column's {rule} ({on_lines(lines)})"

    def as_document(self) -> dict[str, Any]:
        """The same for a report: of each reason, the first thousand lines."""
        return {
            "sentence": self.sentence,
            "read": self.read,
            "used": self.used,
            "dropped": [
                {"reason": one.reason, "rows": len(one.lines), "lines": _listed(one.lines)} for one in self.dropped
            ],
            "filled": [
                {"column": one.column, "with": one.rule, "values": len(one.lines), "lines": _listed(one.lines)}
                for one in self.filled
            ],
            "duplicates": self.duplicates,
            "encoded": {name: list(texts) for name, texts in self.encoded},
            "format": {
                "kind": self.kind,
                **(asdict(self.format) if self.kind == "text" else {"header": self.format.header}),
            },
        }


def _listed(lines: Ints) -> list[int]:
    numbers: list[int] = lines[:LISTED_LINES].tolist()
    return numbers
