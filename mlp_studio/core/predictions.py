"""Predictions as CSV: of the rows of another table, beside its own columns, or of the rows that a run learned from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_studio.core.csv_text import decimals, harmless, new_names, row_writer
from mlp_studio.core.dataset import Floats
from mlp_studio.core.files import replacing_text
from mlp_studio.core.model import Model
from mlp_studio.core.network import softmax
from mlp_studio.core.new_rows import NewRows, Tally, open_table
from mlp_studio.core.predict import Prediction, predict
from mlp_studio.core.progress import Progress, to_nobody
from mlp_studio.core.trained import Trained

PREDICTED, FAR = "predicted class", "numbers too far from the data"
BLOCK = 10_000  # rows between one word of progress and the next


def predict_table(trained: Trained, source: Path, out: Path, progress: Progress = to_nobody) -> Tally:
    """Write the table `source` with predicted class and probabilities beside its columns to `out`; what came of it.

    A row that cannot be predicted is there, with empty cells. Separator and decimal sign are those of `source`, the
    text is UTF-8. Raises DataError on what cannot be read, OSError, and what `progress` raises; then `out` is as it
    was before.
    """
    table, model, tally = open_table(source, trained), Model.of(trained), Tally()
    decimal, others = table.format.decimal, table.other_places
    with replacing_text(out) as stream:
        write = row_writer(stream, table.format.delimiter)
        added = [PREDICTED, *map(_chance, model.class_names)]
        write([harmless(name) for name in (*table.names, *new_names(added, table.names))])
        for batch in table.batches(progress):
            rows, logits = answered(model, batch)
            for cells, answer in zip(rows.cells, _answers(model, softmax(logits), decimal), strict=True):
                row = [*cells, *answer]
                for place in others:
                    row[place] = harmless(cells[place], decimal)
                write(row)
            tally.add(rows)
    return tally


def answered(model: Model, rows: NewRows) -> tuple[NewRows, Floats]:
    """New rows with their logits (n, C), nan where there are none: those rows then have a reason for it."""
    logits = np.full((len(rows), len(model.class_names)), np.nan)
    usable = np.setdiff1d(np.arange(len(rows)), list(rows.reasons))
    with np.errstate(all="ignore"):  # of a row that is too far off its reason tells
        logits[usable] = model.logits(rows.X[usable])
    far = usable[~np.isfinite(logits[usable]).all(axis=1)]
    logits[far] = np.nan
    return replace(rows, reasons=rows.reasons | dict.fromkeys(far.tolist(), FAR)), logits


def predictions(trained: Trained, points: Iterable[Floats]) -> list[Prediction]:
    """What the network says of points x (D,) in original units; of one that is too far off, nan."""
    params, activation = trained.snapshot.params, trained.experiment.model.activation
    with np.errstate(all="ignore"):  # of a point that is too far off the report says so
        return [predict(params, activation, trained.prepared.inputs, x) for x in points]


def write_predictions(trained: Trained, path: Path, progress: Progress = to_nobody) -> None:
    """Write every row that the run learned from or was judged by: features, share, class, prediction, probabilities."""
    data, model = trained.prepared.dataset, Model.of(trained)
    shares = np.full(data.rows, "", dtype=np.dtypes.StringDType())
    for name, part in trained.prepared.parts.items():
        shares[part.rows] = name
    with replacing_text(path) as stream:
        write = row_writer(stream)
        added = ["share", "class", PREDICTED, *map(_chance, data.class_names)]
        write([harmless(name) for name in (*data.feature_names, *new_names(added, data.feature_names))])
        names = list(map(harmless, data.class_names))
        for start in range(0, data.rows, BLOCK):
            progress(start / data.rows)
            rows = slice(start, start + BLOCK)
            with np.errstate(all="ignore"):
                probabilities = model.probabilities(data.X[rows])
            block = zip(data.X[rows].tolist(), shares[rows].tolist(), data.y[rows].tolist(), strict=True)
            for (x, share, label), answer in zip(block, _answers(model, probabilities), strict=True):
                write([*decimals(x), share, names[label], *answer])


def _answers(model: Model, probabilities: Floats, decimal: str = ".") -> Iterator[Sequence[str]]:
    """Predicted class and probabilities (n, C) as cells, empty ones where a row has none."""
    names, none = list(map(harmless, model.class_names)), [""] * (1 + len(model.class_names))
    known = np.logical_and.reduce(np.isfinite(probabilities), axis=1)
    best = np.where(known[:, None], probabilities, 0).argmax(axis=1)
    for is_known, label, chances in zip(known.tolist(), best.tolist(), probabilities.tolist(), strict=True):
        yield [names[label], *decimals(chances, decimal)] if is_known else none


def _chance(class_name: str) -> str:
    return f"P({class_name})"
