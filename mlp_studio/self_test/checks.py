"""The checks, in their order: each takes the driver, gives figures that were measured, and raises CheckError."""

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from mlp_studio.core.backends.registry import BACKENDS, why_not
from mlp_studio.core.config import DataConfig
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.lessons import LESSONS, lesson_text
from mlp_studio.core.licences import notices
from mlp_studio.core.predict import predict
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.resources import resource
from mlp_studio.core.sources import SOURCES, load_dataset
from mlp_studio.core.twin import difference
from mlp_studio.self_test import CheckError, UnavailableError
from mlp_studio.self_test.contents import look_into
from mlp_studio.self_test.driver import Driver, pixels
from mlp_studio.ui.first_paint import FirstPaint

# isort: split
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QMessageBox

Check: TypeAlias = Callable[[Driver], dict[str, Any]]

SAME = 1e-9  # by how much weights that two backends trained in float64 may differ
TRAINED = {
    "data.source": "spiral",
    "data.rows": 600,
    "model.hidden": (32,),
    "model.initialization": "he_normal",
    "train.precision": "float64",
    "train.optimizer": "adam",
    "train.learning_rate": 0.02,
    "train.epochs": 400,
}
GRID = np.linspace(-0.9, 0.9, 19)  # places along each side of the picture whose colours are looked at
COLOUR_STEPS = 4  # of 255, by which a painted colour may differ from the one that is meant


def require(is_right: bool, sentence: str) -> None:
    """Raise CheckError with the sentence where something is wrong."""
    if not is_right:
        raise CheckError(sentence)


def window(driver: Driver) -> dict[str, Any]:
    """The window is painted, complete, with the first data."""
    start = perf_counter()
    painted: list[float] = []
    first = FirstPaint(driver.open_window())
    first.painted.connect(lambda: painted.append(perf_counter() - start))
    driver.wait(lambda: bool(painted), "The first paint")
    driver.wait(lambda: driver.state.run is not None and driver.run.raster is not None, "The first regions")
    require(driver.state.prepared is not None, "No data were loaded.")
    return {"painted after s": round(painted[0], 2), "platform": QGuiApplication.platformName()}


def resources(_driver: Driver) -> dict[str, Any]:
    """Icon, lesson texts and licences are there."""
    require(not QIcon(str(resource("icons/mlp-studio.svg"))).pixmap(64).isNull(), "The icon cannot be drawn.")
    for name in LESSONS:
        require(bool(lesson_text(name).strip()), f"The lesson {name} has no text.")
    found = notices()
    without = [notice.name for notice in found if not notice.texts]
    require(not without, f"There is no licence text of {', '.join(without)}.")
    return {"lessons": len(LESSONS), "licences": len(found)}


def sources(_driver: Driver) -> dict[str, Any]:
    """Every built-in data set can be had."""
    rows = 0
    for name in SOURCES:
        if name not in ("file", "painted"):
            data = load_dataset(DataConfig(source=name), generator(0, Stream.DATA))
            require(data.rows > 0 and bool(np.isfinite(data.X).all()), f"{name} has no usable rows.")
            rows += data.rows
    return {"data sets": len(SOURCES) - 2, "rows": rows}


def train(backend: str, driver: Driver) -> dict[str, Any]:
    """The backend learns the spiral in the window's own training thread."""
    if sentence := why_not(backend):
        raise UnavailableError(sentence)
    driver.set({**TRAINED, "model.backend": backend})
    start = perf_counter()
    run = driver.train()
    seconds = perf_counter() - start
    require(run.epoch == TRAINED["train.epochs"], f"{run.epoch} epochs were trained.")
    require(bool(np.isfinite(run.curves).all()), "The curves have holes.")
    require(run.curves[-1, 0] < 0.5 * run.curves[0, 0], f"The loss only fell to {run.curves[-1, 0]:.3f}.")
    require(run.evaluation is not None and run.evaluation.epoch == run.epoch, "The last weights were not evaluated.")
    driver.networks[backend] = run.snapshot.params
    return {"epochs/s": round(run.epoch / seconds), "loss": round(float(run.curves[-1, 0]), 4)}


def same_weights(driver: Driver) -> dict[str, Any]:
    """Backends that start from the same weights come to the same weights."""
    if len(driver.networks) < 2:
        raise UnavailableError(" ".join(filter(None, map(why_not, BACKENDS))) or "Only one backend was trained.")
    gap = difference(tuple(driver.networks.values()))
    require(gap <= SAME, f"The backends' weights differ by {gap:.1e}.")
    return {"max |Δ|": f"{gap:.1e}"}


def regions(driver: Driver) -> dict[str, Any]:
    """What is painted has the colours of what the network says."""
    studio, plot = driver.window.studio, driver.window.boundary.plots[0]
    shown = driver.state.shown.parts
    for part in shown:
        studio.show_part(part, False)
    raster = driver.run.raster
    if raster is None:
        raise CheckError("There are no regions.")
    box, size, cells = raster.box, len(raster.indices), raster.indices.astype(int)
    places, wanted = [], []
    for u, v in ((u, v) for u in GRID for v in GRID):
        column = int((u - box.u_low) / (box.u_high - box.u_low) * size)
        row = int((v - box.v_low) / (box.v_high - box.v_low) * size)
        if np.ptp(cells[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]) <= 2:  # no border between regions
            places.append(driver.place(u, v))
            wanted.append(plot.image.colours[cells[row, column]])
    seen = pixels(plot.widget, places)
    for part in shown:
        studio.show_part(part, True)
    wrong = int((np.abs(seen - np.array(wanted, dtype=int)).max(axis=1) > COLOUR_STEPS).sum())
    require(len(places) > 100, f"Only {len(places)} places could be compared.")
    require(wrong == 0, f"{wrong} of {len(places)} pixels have another colour than their region.")
    require(len(np.unique(seen, axis=0)) >= 3, "There are fewer colours than classes.")
    return {"pixels": len(places)}


def curves(driver: Driver) -> dict[str, Any]:
    """The charts draw what was trained."""
    panel, count = driver.window.curves, 0
    for chart in panel.charts:
        for part, curve in chart.curves.items():
            x, y = curve.getData()
            require(x is not None and len(x) > 10, f"The {part} curve is empty.")
            require(bool(np.isfinite(y).all()) and x[-1] == driver.run.epoch, f"The {part} curve is not complete.")
            count += len(x)
    return {"points": count}


def click(driver: Driver) -> dict[str, Any]:
    """A click on a point is answered with the newest weights."""
    driver.click_plane(0.1, 0.1)
    driver.wait(lambda: driver.window.prediction.prediction is not None, "The answer to a click")
    shown, x = driver.window.prediction.prediction, driver.state.probe
    if shown is None or x is None:
        raise CheckError("Nobody was asked.")
    require(bool(np.abs(x - 0.1).max() < 0.05), f"The click at (0.1, 0.1) asked about {x.tolist()}.")
    run = driver.run
    told = predict(run.snapshot.params, run.experiment.model.activation, run.prepared.inputs, x)
    require(shown.label == told.label, "The answer is not the network's.")
    require(abs(float(shown.probabilities.sum()) - 1) < 1e-9, "The probabilities do not sum to one.")
    return {"class": run.prepared.dataset.class_names[shown.label]}


def pictures(driver: Driver) -> dict[str, Any]:
    """A plot can be saved as PNG and as SVG."""
    from mlp_studio.ui.plots.export import image, on_paper, svg

    widget = driver.window.boundary.plots[0].widget
    file = driver.folder / "boundary.png"
    with on_paper(widget):
        require(image(widget).save(str(file)), "No PNG could be written.")
        document = svg(widget, "boundary")
    require("<svg" in document and len(document) > 1000, "The SVG is empty.")
    return {"PNG bytes": file.stat().st_size, "SVG bytes": len(document)}


def export(name: str, driver: Driver) -> dict[str, Any]:
    """What was trained can be taken along in this format, and what is written is what it claims to be."""
    entry, trained = EXPORTS[name], driver.take_down().trained()
    file = driver.folder / f"spiral “α”{entry.suffixes[0]}"
    entry.write(trained, file, to_nobody)
    return {"bytes": file.stat().st_size, **look_into(file, trained.prepared.dataset.rows)}


def project(driver: Driver) -> dict[str, Any]:
    """What is saved and opened again is what it was, and can be trained further."""
    desk, before = driver.window.desk, driver.take_down()
    desk.path = file = driver.folder / "project “α”.mlps"
    driver.window.commands["save"].trigger()
    driver.wait(lambda: not desk.is_saving, "The project's file")
    require(file.exists() and not desk.is_modified, driver.complaint or "The project was not saved.")
    opened: list[bool] = []
    desk.opened.connect(lambda: opened.append(True))
    desk.open(file)
    driver.wait(lambda: bool(opened) or bool(driver.complaint), "The opened project")
    require(bool(opened), driver.complaint)
    after = driver.take_down()
    require(np.array_equal(before.trained().curves, after.trained().curves), "The curves are not what was saved.")
    gap = difference((before.trained().snapshot.params, after.trained().snapshot.params))
    require(gap == 0, f"The weights differ from what was saved by {gap:.1e}.")
    driver.press("step")
    driver.wait(lambda: driver.run.epoch == len(before.trained().curves) + 1, "One epoch more")
    driver.wait(lambda: not driver.window.studio.is_busy, "The end of that epoch")
    return {"bytes": file.stat().st_size}


def table(driver: Driver) -> dict[str, Any]:
    """The points can be saved as a table, and opened as one."""
    file, rows = driver.folder / "points; “1”.csv", driver.state.experiment.data.rows
    driver.window.studio.export_points(file)
    driver.wait(lambda: not driver.window.studio.is_busy and file.exists(), "The table")
    driver.window.open_file(file)
    driver.wait(lambda: driver.state.experiment.data.source == "file" and driver.state.is_ready, "The opened table")
    data = driver.state.prepared.dataset if driver.state.prepared else None
    if data is None or (data.rows, data.features) != (rows, 2):
        raise CheckError("The table that was opened has other rows than the one that was saved.")
    return {"rows": data.rows}


def closing(driver: Driver) -> dict[str, Any]:
    """The window asks whether to save, closes, and every thread ends."""
    window = driver.window
    window.close()
    asked = window.desk.question is not None
    if window.desk.question is not None:
        window.desk.question.button(QMessageBox.StandardButton.Discard).click()
    driver.wait(lambda: not window.isVisible(), "The closing of the window")
    require(window.studio.shut_down(10_000), "A thread did not end within 10 s.")
    return {"asked": "yes" if asked else "no"}


CHECKS: Mapping[str, Check] = {
    "window": window,
    "resources": resources,
    "data": sources,
    **{f"train {name}": partial(train, name) for name in BACKENDS},
    "same weights": same_weights,
    "regions": regions,
    "curves": curves,
    "click": click,
    "pictures": pictures,
    **{f"export {name}": partial(export, name) for name in EXPORTS},
    "project": project,
    "table": table,
    "closing": closing,
}
