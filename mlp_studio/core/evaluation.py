"""How well a trained network does on the rows of its run, or on those of another table, as one plain document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from mlp_studio.core.account import LISTED_LINES
from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.errors import DataError
from mlp_studio.core.evaluate import MeanLoss, PartScores, losses, score
from mlp_studio.core.model import Model
from mlp_studio.core.new_rows import NewRows, NewTable, Tally, open_table, spellings
from mlp_studio.core.predictions import answered
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.report import PARTS, Document, document, finite, performance
from mlp_studio.core.text_rows import listed, quoted
from mlp_studio.core.trained import Trained

SECTIONS = ("experiment", "versions", "data", "parameters", "status")  # of a run's report
NO_LABEL, STRANGE = "an empty label", "a class that the network has not learned"
JUDGED = ("judged", "left out")


def evaluation(trained: Trained) -> Document:
    """The scores of training, validation and test rows with the weights that count, and what they are the scores of."""
    whole = document(trained)
    means = losses(trained.snapshot.params, trained.experiment.model.activation, trained.prepared)
    for name, loss in means.items():
        whole["performance"][PARTS[name]]["overall"]["loss"] = finite(loss)
    return _about(trained, whole) | {"performance": whole["performance"]}


def table_evaluation(trained: Trained, path: Path, label: str = "", progress: Progress = to_nobody) -> Document:
    """The scores of the rows of another table, as `judge` has them, with the account of all its rows."""
    judged = judge(trained, path, label, progress)
    scores = performance(judged.scores, trained.prepared.dataset.class_names)
    scores["overall"]["loss"] = finite(judged.loss)
    return _about(trained, document(trained)) | {"table": judged.as_document(path), "performance": {"data": scores}}


def _about(trained: Trained, whole: Document) -> Document:
    return {name: whole[name] for name in SECTIONS} | {"epoch": trained.snapshot.epoch}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What came of the rows of another table. `strange`: classes that the network has not learned → rows of each."""

    scores: PartScores
    loss: float
    label: str
    tally: Tally
    strange: dict[str, int]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that account for all rows."""
        names = [f"Not learned: {listed(list(self.strange))}."] if self.strange else []
        return (self.tally.sentence(*JUDGED), *names)

    def as_document(self, path: Path) -> dict[str, Any]:
        """The same for a report: of each reason, the first thousand lines."""
        return {
            "file": path.name,
            "label": self.label,
            "notes": list(self.notes),
            "read": self.tally.read,
            "used": self.tally.used,
            "left_out": [
                {"reason": reason, "rows": len(lines), "lines": lines[:LISTED_LINES]}
                for reason, lines in self.tally.left.items()
            ],
            "filled": self.tally.filled,
            "strange_classes": self.strange,
        }


def judge(trained: Trained, path: Path, label: str = "", progress: Progress = to_nobody) -> Judged:
    """Score the rows of the table at `path`; `label` names the column of their classes, "": as the run's own table.

    Classes are matched by name. Raises DataError where the table does not fit, or no row can be judged.
    """
    table, model = open_table(path, trained), Model.of(trained)
    place = _label_place(table, trained, label)
    loss, marks = MeanLoss(trained.prepared.class_weights), _Marks(_codes(model.class_names))
    for rows in table.batches(progress):
        marks.add(*answered(model, rows), [cells[place] for cells in rows.cells], loss)
    if not marks.tally.used:
        raise DataError(f"No row can be judged: {marks.tally.sentence(*JUDGED)}{_hint(marks.strange, model)}")
    y, predicted = np.concatenate(marks.y), np.concatenate(marks.predicted)
    scores = score(y, predicted, len(model.class_names))
    return Judged(scores, loss.mean, table.names[place], marks.tally, dict(marks.strange.most_common()))


@dataclass(slots=True)
class _Marks:
    """True and predicted classes of the rows so far, and what became of the others."""

    codes: Mapping[str, int]  # of each class, by any spelling of its name
    tally: Tally = field(default_factory=Tally)
    strange: Counter[str] = field(default_factory=Counter)
    y: list[Ints] = field(default_factory=list)
    predicted: list[Ints] = field(default_factory=list)

    def add(self, rows: NewRows, logits: Floats, labels: Sequence[str], loss: MeanLoss) -> None:
        names = [" ".join(label.split()) for label in labels]
        codes = np.array([self.codes.get(name, -1) for name in names], dtype=np.int64)
        nameless = {row: STRANGE if names[row] else NO_LABEL for row in np.flatnonzero(codes < 0).tolist()}
        rows = replace(rows, reasons=nameless | rows.reasons)
        judged = np.setdiff1d(np.arange(len(rows)), list(rows.reasons))
        self.tally.add(rows)
        self.strange.update(names[row] for row, reason in rows.reasons.items() if reason == STRANGE)
        self.y.append(codes[judged])
        self.predicted.append(logits[judged].argmax(axis=1))
        loss.add(logits[judged], codes[judged])


def _codes(class_names: Sequence[str]) -> dict[str, int]:
    """The code of each class by any spelling of its name; its own name comes before what another is written as."""
    codes: dict[str, int] = {}
    for spelled in zip_longest(*map(spellings, class_names)):
        for code, name in enumerate(spelled):
            if name is not None:
                codes.setdefault(name, code)
    return codes


def _hint(strange: Counter[str], model: Model) -> str:
    """What the classes are called, where others were found."""
    if not strange:
        return ""
    return f" Its classes are {listed(list(strange))}; the network knows {listed(model.class_names)}."


def _label_place(table: NewTable, trained: Trained, label: str) -> int:
    """Where the column of the classes stands: the one that is named, the run's own, or the one that looks like it."""
    name = quoted(table.path.name)
    if label:
        if (place := table.find(label)) is None:
            raise DataError(f"{name} has no column {quoted(label)}; it has {listed(table.names)}.")
        if table.is_feature(place):
            raise DataError(f"Column {quoted(label)} is a feature of the network, so it cannot be the label.")
        return place
    account = trained.prepared.dataset.account
    own = account.label.name if account is not None and account.label is not None else trained.experiment.data.label
    place = table.find(own) if own else table.guessed_label
    if place is not None and not table.is_feature(place):
        return place
    wanted = f"no column {quoted(own)}" if own else "no column that looks like a class"
    raise DataError(f"{name} has {wanted}; name the one that holds the class: it has {listed(table.names)}.")
