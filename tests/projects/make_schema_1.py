"""Make the project files of schema 1, which every later version must open.

    python -m tests.projects.make_schema_1

They are made once, by the version that brings the schema, and committed; a later schema gets a script and a folder of
its own. `expected.json` beside them says what opening them must give.
"""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlp_studio.core import trainer
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.events import EpochEnd, Tick
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.painting import Canvas, canvas_of, dataset_of, to_text
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.project import Project, open_project, previous_generation, save_project
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.trainer import Training

FOLDER = Path(__file__).parent / "schema-1"
BEGUN = "2026-11-28T22:00:00+00:00"
TABLE = FOLDER / "odd names.csv"
ODD = ('größe "1"\'s', "<img src=x>", "الطول 🙂", "art")  # and a column of text


def experiment(**settings: Any) -> Experiment:
    """Small enough for a file of some kilobytes."""
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(
        Experiment(seed=11), {"data.rows": 60, "model.hidden": (6,), "train.learning_rate": 0.05, **named}
    )


def prepared(settings: Experiment) -> Prepared:
    """The data that the experiment asks for."""
    data = load_dataset(settings.data, generator(settings.seed, Stream.DATA))
    return prepare(data, settings.split, generator(settings.seed, Stream.SPLIT))


def trained(settings: Experiment, data: Prepared, epochs: int, ticks: int = 0) -> Training:
    """Train some epochs and some mini-batches more; the training is halted there, not stopped."""
    training = Training(settings, data)
    events = training.run()
    while training.epoch < epochs:
        next(events)
    for _ in range(ticks):
        assert isinstance(next(events), Tick)
    training.halted = events  # type: ignore[attr-defined] - so that the generator lives as long as the training
    return training


def kept(training: Training, status: str, number: int = 1, **more: Any) -> KeptRun:
    """The training as a run of a project."""
    data = training.prepared
    return KeptRun(number, training.experiment, data, status, training.state(), "", 1.5, BEGUN, **more)


def spiral() -> Project:
    """Two earlier runs, one of them diverged, and one that is finished; NumPy, full batch."""
    settings = experiment(train__epochs=30)
    data = prepared(settings)
    wild = with_settings(settings, {"train.optimizer": "sgd", "train.learning_rate": 1e5, "model.activation": "elu"})
    diverged = Training(wild, data)
    list(diverged.run())
    other = trained(with_settings(settings, {"model.hidden": (4, 3), "train.epochs": 5}), data, 5)
    runs = (kept(diverged, "diverged", 1), kept(other, "stopped", 2, note="zwei Schichten – «gut?»"))
    done = Training(settings, data)
    list(done.run())
    return Project(settings, data, kept(done, "finished", 3), runs, {"log_loss": True, "parts": ["train"]})


def within_epoch() -> Project:
    """PyTorch, paused within an epoch of mini-batches, dropout on, with a best epoch to go back to."""
    settings = experiment(
        model__backend="torch",
        model__dropout=0.2,
        train__batch_size=8,
        train__early_stopping=50,
        train__epochs=40,
    )
    return _of(trained(settings, prepared(settings), 7, ticks=3), "paused")


def numpy_within_epoch() -> Project:
    """The same in NumPy, in float64."""
    settings = experiment(
        model__dropout=0.2,
        train__batch_size=8,
        train__early_stopping=50,
        train__epochs=40,
        train__precision="float64",
    )
    return _of(trained(settings, prepared(settings), 7, ticks=3), "paused")


def painted() -> Project:
    """Painted points, some of which wait for the next epoch."""
    start = prepared(experiment(data__source="blobs", data__classes=2))
    canvas = canvas_of(start, experiment().split)
    settings = experiment(data__source="painted", data__drawing=to_text(canvas), train__epochs=40)
    data = prepared(settings)
    training = trained(settings, data, 5)
    more = replace(canvas, X=canvas.X + 0.01)
    training.replace_data(_painted(more, settings, data))
    return replace(_of(training, "paused"), run=kept(training, "paused", is_mixed=True))


def _painted(canvas: Canvas, settings: Experiment, before: Prepared) -> Prepared:
    return prepare(dataset_of(canvas), settings.split, generator(settings.seed, Stream.SPLIT), before.scaler)


def table() -> Project:
    """Rows of a file, within the project: odd names, gaps that are filled, a column of text; class weights."""
    settings = experiment(
        data__source="file",
        data__path=str(TABLE),
        data__label='la"bel',
        data__features=list(ODD),
        data__missing="median",
        split__class_weights=True,
        train__epochs=20,
        train__optimizer="nesterov",
    )
    return _of(trained(settings, prepared(settings), 6), "paused")


def referred() -> Project:
    """The same rows, which stay in their file."""
    return replace(table(), data_by_reference=True)


def derived() -> Project:
    """Squares, products and a radius as further inputs; RMSprop."""
    settings = experiment(split__derived=["square", "product", "radius"], train__optimizer="rmsprop", train__epochs=20)
    return _of(trained(settings, prepared(settings), 4), "stopped")


def wide() -> Project:
    """Thirteen features."""
    settings = experiment(data__source="wine", train__optimizer="momentum", train__epochs=20)
    return _of(trained(settings, prepared(settings), 4), "paused")


def untrained() -> Project:
    """Settings and data; nothing has been trained."""
    settings = experiment(data__source="moons", split__standardize=False)
    return Project(settings, prepared(settings), view={"side_by_side": True})


def without_data() -> Project:
    """Settings whose data could not be had."""
    return Project(experiment(data__source="file", data__path="/nowhere/gone.csv"), None)


def _of(training: Training, status: str) -> Project:
    return Project(training.experiment, training.prepared, kept(training, status))


PROJECTS: Mapping[str, Callable[[], Project]] = {
    "spiral": spiral,
    "torch-within-epoch": within_epoch,
    "numpy-within-epoch": numpy_within_epoch,
    "painted": painted,
    "table": table,
    "referred": referred,
    "derived": derived,
    "wide": wide,
    "untrained": untrained,
    "without-data": without_data,
}


def expected(project: Project) -> dict[str, Any]:
    """What a project is about, as plain figures; of a run also what its next two epochs give."""
    run, data = project.run, project.prepared
    found: dict[str, Any] = {"source": project.experiment.data.source, "view": dict(project.view)}
    if data is not None:
        found |= {
            "rows": {name: len(part) for name, part in data.parts.items()},
            "features": list(data.dataset.feature_names),
            "classes": list(data.dataset.class_names),
            "inputs": data.input_count,
            "sum": float(sum(part.X.sum() for part in data.parts.values())),
        }
    if run is not None:
        found |= {"status": run.status, "epoch": run.epoch, "curves": run.state.curves.tolist(), "next": _next(run)}
        found["runs"] = [[one.number, one.status, one.note, one.epoch] for one in project.runs]
    return found


def _next(run: KeptRun) -> list[list[float]]:
    training = Training.resumed(run.experiment, run.prepared, run.state)
    ends = [event for event in training.run(run.epoch + 2) if isinstance(event, EpochEnd)]
    return [[end.train_loss, end.train_accuracy, end.val_loss, end.val_accuracy] for end in ends]


def write_table() -> None:
    """The file that two of the projects are about."""
    rng = np.random.default_rng(5)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*ODD, 'la"bel'])
        for row in range(48):
            x, y = rng.normal(size=2)
            gap = "" if row % 9 == 0 else f"{x + y:.4f}"
            writer.writerow([f"{x:.4f}", gap, f"{y:.4f}", "abc"[row % 3], "<b>ja</b>" if x > y else "'nein', 🙂"])


def main() -> None:
    """Write the folder."""
    trainer.TICK_SECONDS = 0.0
    write_table()
    found = {}
    for name, make in PROJECTS.items():
        path = FOLDER / f"{name}.mlps"
        save_project(path, make())
        previous_generation(path).unlink(missing_ok=True)
        found[name] = expected(open_project(path))
    (FOLDER / "expected.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
