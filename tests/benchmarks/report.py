"""What came out: one table to read, one list for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.rows import Row

FIGURES = (2, 3, 4)  # columns of the table that are set right


@dataclass(frozen=True)
class Outcome:
    """A row with its samples, and how they were measured; without samples `how` says why there are none."""

    row: Row
    samples: Sequence[float] = field(default=())
    how: str = ""

    @property
    def value(self) -> float | None:
        """The one figure, None where it could not be measured."""
        return self.row.value(self.samples) if self.samples else None

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.value is not None and self.row.meets(self.value)

    @property
    def name(self) -> str:
        """What is measured against what, in one line."""
        return self.row.name if self.row.against == "–" else f"{self.row.name}, against {self.row.against}"


def listed(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """For JSON: name, value, target, met and spread of each."""
    return [
        {
            "name": one.name,
            "value": one.value,
            "target": one.row.target,
            "met": one.met,
            "spread": [min(one.samples), max(one.samples)] if one.samples else None,
        }
        for one in outcomes
    ]


def table(outcomes: Sequence[Outcome]) -> str:
    """The table, and a line for each row that misses its target."""
    cells = [("what", "against", "value", "[min – max]", "target", "", "measured"), *map(_cells, outcomes)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            f"{cell:>{width}}" if place in FIGURES else f"{cell:<{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    missed = [one for one in outcomes if not one.met]
    lines.insert(1, "  ".join("─" * width for width in widths))
    lines += ["", f"{len(outcomes) - len(missed)} of {len(outcomes)} targets met."]
    lines += [f"  missed: {one.name}: {_value(one)}, target {_target(one.row)}" for one in missed]
    return "\n".join(line.rstrip() for line in lines)


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table as the README shows it."""
    head = "| what | against | measured | spread | target | |\n|---|---|--:|--:|--:|---|"
    rows = (f"| {' | '.join(_cells(one)[:6])} |" for one in outcomes)
    return "\n".join((head, *rows))


def _cells(one: Outcome) -> tuple[str, ...]:
    spread = f"[{_number(min(one.samples))} – {_number(max(one.samples))}]" if one.samples else ""
    verdict = "met" if one.met else "MISSED"
    return (one.row.name, one.row.against, _value(one), spread, _target(one.row), verdict, one.how)


def _value(one: Outcome) -> str:
    return "not measured" if one.value is None else f"{_number(one.value)} {one.row.unit}"


def _target(row: Row) -> str:
    return f"{'≥' if row.at_least else '≤'} {row.target:g} {row.unit}"


def _number(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
