"""A report as a person reads it at a terminal: what went in, the last epoch, the scores, the predictions."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

SHOWN = 20  # classes and features that are named; the report has them all
LISTED = 5  # names in a line
WIDEST = 24  # characters of a name


def as_text(document: Mapping[str, Any]) -> str:
    """The document of `core.report.report` in a few aligned blocks; what it prints of names is printable."""
    blocks = [_heading(document), _losses(document["history"]), _scores(document["performance"])]
    if document["predictions"]:
        blocks.append("\n".join(map(answer_text, document["predictions"])))
    if "lesson" in document:
        blocks.append(_lesson(document["lesson"]))
    return "\n\n".join(block for block in blocks if block)


def evaluation_text(document: Mapping[str, Any]) -> str:
    """The document of `core.evaluation` in the same way."""
    rows = [
        ("data", _data_line(document)),
        ("network", _network_line(document)),
        ("weights", f"of epoch {document['epoch']:,} ({document['status']})"),
    ]
    if table := document.get("table"):
        rows += [("table", _shown(table["file"])), *(("", note) for note in table["notes"])]
    return f"{_lines(rows)}\n\n{_scores(document['performance'])}"


def _heading(document: Mapping[str, Any]) -> str:
    rows = [
        ("data", _data_line(document)),
        *(("", note) for note in document["data"]["notes"]),
        ("network", _network_line(document)),
        ("training", _training_line(document["experiment"])),
        ("result", _result_line(document)),
    ]
    return _lines(rows)


def _lines(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<12}{_printable(text)}" for name, text in rows)


def _data_line(document: Mapping[str, Any]) -> str:
    data, source = document["data"], document["experiment"]["data"]
    name = Path(source["path"]).name if source["source"] == "file" else source["source"]
    split = ", ".join(f"{part} {rows:,}" for part, rows in data["split"].items())
    return (
        f"{_shown(name)}: {data['rows']:,} rows ({split}); "
        f"features {_listed(data['features'])}; classes {_listed(data['classes'])}"
    )


def _listed(names: Sequence[str]) -> str:
    """The first few names; where there are more, how many in all."""
    shown = ", ".join(map(_shown, names[:LISTED]))
    return shown if len(names) <= LISTED else f"{shown} … ({len(names):,})"


def _network_line(document: Mapping[str, Any]) -> str:
    data, model = document["data"], document["experiment"]["model"]
    sizes = " → ".join(map(str, [len(data["inputs"]), *model["hidden"], len(data["classes"])]))
    dropout = f", dropout {model['dropout']:g}" if model["dropout"] else ""
    return f"{sizes}, {document['parameters']:,} parameters; {model['activation']}, {model['initialization']}{dropout}"


def _training_line(experiment: Mapping[str, Any]) -> str:
    backend, train = experiment["model"]["backend"], experiment["train"]
    batch = f"batches of {train['batch_size']:,}" if train["batch_size"] else "full batch"
    return (
        f"{backend}, {train['precision']}, {train['optimizer']} at {train['learning_rate']:g}, {batch}; "
        f"seed {experiment['seed']}"
    )


def _result_line(document: Mapping[str, Any]) -> str:
    asked, done = document["experiment"]["train"]["epochs"], len(document["history"]["epoch"])
    timing = document["timing"]
    speed = f" ({timing['epochs_per_second']:,.0f} epochs/s)" if timing["epochs_per_second"] else ""
    return f"{document['status']} after {done:,} of {asked:,} epochs, {timing['seconds']:.2f} s{speed}"


def _losses(history: Mapping[str, Any]) -> str:
    if not history["epoch"]:
        return ""
    rows = [
        [part, _figure(history[f"{part}_loss"][-1]), _figure(history[f"{part}_accuracy"][-1])]
        for part in ("train", "val")
    ]
    return _table([[f"epoch {history['epoch'][-1]:,}", "loss", "accuracy"], *rows])


def _scores(performance: Mapping[str, Any]) -> str:
    """Weighted means for each part, then each class of the last one: the test rows, or those of a table."""
    means = ["precision", "recall", "f1"]
    overall = [
        *means,
        "accuracy",
        *(["loss"] if all("loss" in part["overall"] for part in performance.values()) else []),
    ]
    rows = [
        [part, *(_figure(scores["overall"][name]) for name in overall), f"{scores['overall']['num_samples']:,}"]
        for part, scores in performance.items()
    ]
    part, classes = list(performance)[-1], list(performance.values())[-1]["class"]
    blank = [""] * (len(overall) - len(means))
    for name, score in islice(classes.items(), SHOWN):
        rows.append(
            [f"{part} {_shown(name)}", *(_figure(score[mean]) for mean in means), *blank, f"{score['support']:,}"]
        )
    if len(classes) > SHOWN:
        rows.append([f"… {len(classes) - SHOWN:,} classes more", *[""] * (len(overall) + 1)])
    return _table([["evaluation", *overall, "rows"], *rows])


def answer_text(prediction: Mapping[str, Any]) -> str:
    """A point, its class and the probabilities, on one line."""
    values = [f"{_shown(name)} = {value:g}" for name, value in prediction["input"].items()]
    at = ", ".join(values if len(values) <= SHOWN else [*values[:SHOWN], "…"])
    if prediction["class"] is None:
        return f"{at}: no answer, the point is too far from the data to compute with"
    likely = sorted(prediction["probabilities"].items(), key=lambda item: -item[1])
    chances = "  ".join(f"P({_shown(name)}) {chance:.4f}" for name, chance in likely[:SHOWN])
    return f"{at}: {_shown(prediction['class'])}   {chances}"


def _lesson(lesson: Mapping[str, Any]) -> str:
    """The runs that were compared, the way of a point, and whether the expectations were met, each with its figure."""
    lines = [_run_line(run) for run in lesson["runs"]]
    for step in lesson["way"]:
        heads = [step["name"].lower(), *[""] * (len(step["lines"]) - 1)]
        lines += [f"{head:<12}{_printable(line)}" for head, line in zip(heads, step["lines"], strict=True)]
    lines += [""] if lesson["way"] else []
    verdict = "met" if lesson["met"] else "not met"
    changed = " (with settings changed)" if lesson["changed"] else ""
    lines.append(f"lesson {lesson['id']}: expectation {verdict}{changed}")
    lines += [f"  {'✓' if finding['met'] else '✗'} {finding['sentence']}" for finding in lesson["findings"]]
    return "\n".join(lines)


def _run_line(run: Mapping[str, Any]) -> str:
    figures = ", ".join(
        f"{label} {_figure(run[name])}"
        for name, label in (
            ("train_loss", "loss"),
            ("train_accuracy", "train accuracy"),
            ("test_accuracy", "test accuracy"),
        )
    )
    return f"{run['title']:<20} {run['status']} after {run['epochs']:,} epochs: {figures}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right, each as wide as it needs to be."""
    first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = (
        "".join([name.ljust(max(first, 12)), *map(str.rjust, cells, (width + 2 for width in widths))])
        for name, *cells in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if value < 1000 else f"{value:.4g}"


def _shown(name: str) -> str:
    """A name from the data, printable and not too long."""
    line = _printable(name)
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def _printable(text: str) -> str:
    """A text that may hold anything, on one line and without control characters."""
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))
