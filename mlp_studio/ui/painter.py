"""What a person does with the mouse on the boundary while painting: strokes and classes; and where they go.

A stroke is drawn at once, from the canvas. Split, scaling and network take it over ten times a second: a run that has
begun goes on with the new points while the classes stay the same, and starts anew where they do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from mlp_studio.core.config import DataConfig, SplitConfig
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.errors import DataError
from mlp_studio.core.painting import (
    MOST_CLASSES,
    MOST_POINTS,
    Canvas,
    add,
    canvas_of,
    cleared,
    dab,
    dataset_of,
    erase,
    is_paintable,
    move,
    nearest,
    new_class,
    sample_canvas,
    to_text,
    under,
)
from mlp_studio.core.prepare import Prepared, by_ticket, portions, prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.scene import Points, Slice, even_sample, make_scene
from mlp_studio.ui.loading import Loaded
from mlp_studio.ui.store import Notice, Painting, Run, State, Tool

if TYPE_CHECKING:
    from mlp_studio.ui.studio import Studio

TAKE_SECONDS = 0.1  # from one time that the network is given the points to the next
REACH = 8  # pixels: within so many a point is picked up or erased, however small the brush
APART = 5  # pixels from one dab of a stroke to the next, at least
LARGEST_BRUSH = 60  # pixels
MOST_DABS = 200  # of a brush that is led far in one go
PIXELS_A_POINT = 10  # of the brush's radius: so much more for each further point of a dab

READABLE_SECONDS = 4.0  # for so long the reason of a new start stands

EVERY_PART = frozenset({"train", "validation", "test"})

HINTS: dict[Tool, str] = {
    "add": "Click or drag to add points; the right button erases.",
    "erase": "Drag over points to erase them.",
    "move": "Drag points to move them; the right button erases.",
}
GOES_ON = "Training goes on with these points; the scaling stays."
WILL_GO_ON = "Train goes on with these points; the scaling stays."
WAITS = "Paint points of two classes to have something to learn."


STROKES: dict[Tool, str] = {"add": "Brush stroke", "erase": "Eraser stroke", "move": "Move of points"}


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The data that painting began with, and the canvas that stands for them."""

    canvas: Canvas
    loaded: Loaded | None = None
    paintable: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Where painting has got to: what it began with, the canvas, and the one that the data have taken over."""

    origin: Origin
    canvas: Canvas
    taken: Canvas


@dataclass(frozen=True, slots=True, eq=False)
class _Stroke:
    """A stroke under way: what it began with, where it has got to, and which points of `base` it moves."""

    tool: Tool
    base: Canvas
    held: Ints
    start: Floats
    last: Floats
    pixel: Floats


class Painter(QObject):
    """The intents of Paint mode. Places are (u, v) of the plane, `pixel` how much of it a pixel is, each (2,)."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._store = studio.store
        self._rng = generator(0, Stream.PAINT)
        self._parts = EVERY_PART  # that were shown before
        self._origin = Origin(_empty())
        self._stroke: _Stroke | None = None
        self._taken = _empty()  # the canvas that the data are
        self._prepared: Prepared | None = None  # these data
        self._taken_at = self._cost = self._restarted_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._take)

    # --- the mode -------------------------------------------------------------------------------------------------

    def turn(self, on: bool) -> None:
        """Begin to paint, on the present data where they can be painted on, or leave the points as they are."""
        state = self._store.state
        if on and state.painting is None:
            self._begin(state)
        elif not on and state.painting is not None:
            self.release()
            self._take()
            self._leave()

    def paint_over(self) -> None:
        """Make the present data painted points, and paint."""
        self.turn(True)
        painting = self._store.state.painting
        if painting is not None and painting.canvas is self._origin.canvas:
            with self._studio.undo.named("Paint"):
                self._done(replace(self._origin.canvas))

    def follow(self) -> None:
        """The data have become others: paint on them, unless they are those that were painted."""
        state = self._store.state
        if state.painting is None or state.prepared is None or state.prepared is self._prepared:
            return
        if state.experiment.data == self._data_of(self._taken) and state.experiment.data.source == "painted":
            self._prepared = state.prepared  # split or scaled anew
            self._change()
        elif is_paintable(state.prepared):
            self._adopt(state, state.prepared)
        else:
            self._leave()
            said = state.notice or Notice("")  # of the data that have come, such as what was read of a file
            sentence = f"Painting has ended. {_why_not(state.prepared.dataset)}. {said.text}"
            self._studio.tell(sentence.strip(), command=said.command)

    def _begin(self, state: State) -> None:
        if state.prepared is None or state.loading:
            self._studio.tell("There are no data yet: paint when they are there.", is_error=True)
            return
        self._show_every_part(state)
        present = self._studio.undo.present
        if present is not None and present.mark is not None and present.loaded is self._studio.data.loaded:
            self._resume(present.mark)  # painted before, and nothing has changed since
            return
        with self._studio.undo.named("Paint on an example"):
            self._adopt(self._store.state, state.prepared)
        if not self._origin.paintable:
            self._take()
            sentence = f"{_why_not(state.prepared.dataset)}: here is {{}} to paint on. Undo brings the data back."
            self._studio.tell(sentence.format("an even sample" if len(self._origin.canvas) else "a small example"))

    def _adopt(self, state: State, prepared: Prepared) -> None:
        """Begin with these data, or with what can be painted in their place."""
        data = prepared.dataset
        has_places = data.features == 2 and data.classes <= MOST_CLASSES
        canvas = canvas_of(prepared, state.experiment.split) if has_places else _empty()
        self._origin = Origin(canvas, self._studio.data.loaded, is_paintable(prepared))
        shown = canvas
        if not has_places:
            shown = sample_canvas(self._rng)
        elif not self._origin.paintable:
            shown = erase(canvas, np.setdiff1d(np.arange(len(canvas)), even_sample(len(canvas), MOST_POINTS)))
        self._stroke, self._taken, self._prepared = None, canvas, prepared
        self._timer.stop()
        before = state.painting or Painting(canvas)
        self._show(shown, tool=before.tool, brush=before.brush, note=HINTS[before.tool], waiting=False)

    def _show_every_part(self, state: State) -> None:
        """A new point is seen, whatever its share."""
        self._parts = state.shown.parts
        self._store.update(shown=replace(state.shown, parts=EVERY_PART))

    def _leave(self) -> None:
        painting, shown = self._store.state.painting, self._store.state.shown
        self._timer.stop()
        self._stroke = None
        if painting is not None and painting.waiting:
            with self._studio.undo.named("End of painting"):
                self._show(self._taken)
        parts = self._parts if shown.parts == EVERY_PART else shown.parts
        self._store.update(painting=None, shown=replace(shown, parts=parts))
        if painting is not None and painting.waiting:
            self._studio.tell("The canvas had less than two classes, so the points before are back.")

    # --- tools ----------------------------------------------------------------------------------------------------

    def choose_tool(self, tool: Tool) -> None:
        """Take another tool."""
        self._change(tool=tool, note=HINTS[tool])

    def choose_class(self, label: int) -> None:
        """Paint points of this class from now on."""
        self._change(label=label, tool="add", note=HINTS["add"])

    def set_brush(self, pixels: int) -> None:
        """Paint and erase with a brush of this radius."""
        self._change(brush=max(0, min(pixels, LARGEST_BRUSH)))

    def add_class(self) -> None:
        """One class more, and paint its points; the network learns of it with the first of them."""
        painting = self._store.state.painting
        if painting is None:
            return
        self.release()
        painting = self._store.state.painting or painting
        try:
            canvas = new_class(painting.canvas)
        except DataError as error:
            self._change(note=str(error))
            return
        with self._studio.undo.named("New class"):
            self._done(canvas, label=len(canvas.class_names) - 1, tool="add", note=HINTS["add"])

    def clear(self) -> None:
        """Erase all points."""
        self.release()
        painting = self._store.state.painting
        if painting is not None:
            with self._studio.undo.named("Clear"):
                self._done(cleared(painting.canvas))

    # --- the way back ---------------------------------------------------------------------------------------------

    @property
    def prepared(self) -> Prepared | None:
        """The data that the canvas stands for."""
        return self._prepared

    def mark(self, state: State) -> Mark | None:
        """Where painting has got to in this state; None where nobody paints, or the canvas is of other data."""
        if state.painting is None or state.prepared is not self._prepared:
            return None
        return Mark(self._origin, state.painting.canvas, self._taken)

    def go_to(self, before: Mark, target: Mark) -> None:
        """Show another canvas that began with the same data; who has left Paint mode is in it again."""
        state = self._store.state
        if state.painting is None:
            self._show_every_part(state)
            self._resume(before)
        for canvas in (target.taken, target.canvas):  # one that cannot be trained on leaves the data as they were
            self._show(canvas)
            self._take()

    def recall(self, target: Mark | None, prepared: Prepared) -> None:
        """The data that will be shown next were painted on like this; whoever paints goes on there."""
        state = self._store.state
        if target is None or (state.painting is None and target.canvas is target.taken):
            return
        if state.painting is None:
            self._show_every_part(state)
        self._origin, self._taken, self._prepared = target.origin, target.taken, prepared
        self._store.update(painting=self._painting(target.canvas, waiting=False))
        if target.canvas is not target.taken:
            self._timer.start(0)  # when the data are there

    def _resume(self, mark: Mark) -> None:
        """Go on as though Paint mode had never been left."""
        self._origin, self._taken, self._prepared = mark.origin, mark.taken, self._store.state.prepared
        self._show(mark.canvas, note=HINTS["add"])

    # --- strokes --------------------------------------------------------------------------------------------------

    def press(self, place: Floats, pixel: Floats, *, erasing: bool = False) -> None:
        """Begin a stroke; `erasing`: whatever the tool in hand."""
        state = self._store.state
        painting = state.painting
        if painting is None or self._stroke is not None or state.loading:
            return
        tool: Tool = "erase" if erasing else painting.tool
        held = np.empty(0, np.int64)
        if tool == "move":
            held = under(painting.canvas, place, painting.brush * pixel) if painting.brush > REACH else held
            held = held if len(held) else nearest(painting.canvas, place, REACH * pixel)
        self._stroke = _Stroke(tool, painting.canvas, held, place, place, pixel)
        self._studio.undo.hold("stroke", STROKES[tool])
        if tool != "move":
            self._touch(painting, self._stroke, [place])

    def drag(self, place: Floats) -> None:
        """Lead the stroke on to this place."""
        painting, stroke = self._store.state.painting, self._stroke
        if painting is None or stroke is None:
            return
        if stroke.tool == "move":
            self._draw(painting, move(stroke.base, stroke.held, place - stroke.start))
            return
        is_eraser = stroke.tool == "erase"  # which leaves nothing out on its way
        way = _way(stroke, place, max(APART, painting.brush // 2 if is_eraser else painting.brush))
        if way:
            self._stroke = replace(stroke, last=way[-1])
        if way or is_eraser:
            self._touch(painting, stroke, [*way, place] if is_eraser else way)

    def release(self) -> None:
        """The stroke is done."""
        painting, stroke = self._store.state.painting, self._stroke
        self._stroke = None
        if painting is not None and stroke is not None:
            self._done(painting.canvas)
        if stroke is not None:
            self._studio.undo.let_go()

    def _touch(self, painting: Painting, stroke: _Stroke, places: list[Floats]) -> None:
        """Add or erase around each of these places."""
        canvas = painting.canvas
        for place in places:
            if stroke.tool == "add":
                count = 1 + painting.brush // PIXELS_A_POINT
                canvas = add(canvas, dab(place, painting.brush * stroke.pixel, count, self._rng), painting.label)
            else:
                canvas = erase(canvas, under(canvas, place, max(painting.brush, REACH) * stroke.pixel))
        self._draw(painting, canvas)

    def _draw(self, painting: Painting, canvas: Canvas) -> None:
        if canvas is not painting.canvas:
            self._show(canvas)
            self._take_soon()

    def _done(self, canvas: Canvas, **changes: Any) -> None:
        self._show(canvas, **changes)
        self._take_soon()

    # --- into the state -------------------------------------------------------------------------------------------

    def _change(self, **changes: Any) -> None:
        painting = self._store.state.painting
        if painting is not None:
            self._store.update(painting=replace(painting, **changes))

    def _show(self, canvas: Canvas, **changes: Any) -> None:
        """Draw a canvas, before the data are taken over."""
        self._store.update(painting=self._painting(canvas, **changes))

    def _painting(self, canvas: Canvas, **changes: Any) -> Painting:
        state = self._store.state
        before = state.painting or Painting(canvas)
        fresh = None if canvas is self._taken else points_of(canvas, state.experiment.split)
        new = {
            "canvas": canvas,
            "points": fresh,
            "label": max(0, min(before.label, len(canvas.class_names) - 1)),
        }
        return replace(before, **{**new, **changes})

    def _take_soon(self) -> None:
        """Have the data take the canvas over, now or when it is time."""
        wait = self._taken_at + max(TAKE_SECONDS, 4 * self._cost) - perf_counter()
        if wait <= 0:
            self._take()
        elif not self._timer.isActive():
            self._timer.start(round(1000 * wait) + 1)

    @Slot()
    def _take(self) -> None:
        """Have the data take the canvas over, and the network with them."""
        state = self._store.state
        painting = state.painting
        self._timer.stop()
        if painting is None or state.loading or (painting.canvas is self._taken and not painting.waiting):
            return
        began = perf_counter()
        try:
            loaded = self._load(state, painting.canvas)
        except DataError:
            self._studio.interrupt("paused")
            self._change(waiting=True, note=WAITS)
        else:
            note = self._note(state.run, painting, loaded)
            self._taken, self._prepared = painting.canvas, loaded.prepared
            with self._studio.undo.consequence():
                self._studio.data.take_points(loaded, self._painting(painting.canvas, note=note, waiting=False))
        self._taken_at = perf_counter()
        self._cost = self._taken_at - began

    def _load(self, state: State, canvas: Canvas) -> Loaded:
        """The canvas as data: in the scaling of a run that can go on with them. Raises DataError."""
        origin = self._origin.loaded if canvas is self._origin.canvas else None
        dataset, run = dataset_of(canvas) if origin is None else origin.prepared.dataset, state.run
        experiment = replace(state.experiment, data=self._data_of(canvas))
        goes_on = run is not None and _can_go_on(run, dataset) and run.prepared.derived == experiment.split.derived
        scaler = run.prepared.scaler if run is not None and goes_on else None
        prepared = prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT), scaler)
        before = state.prepared.dataset if state.prepared is not None else None
        stays = before is not None and before.feature_names == dataset.feature_names
        plane = state.plane if stays else None
        scene = make_scene(prepared, Slice(), plane)
        source, stamp = (dataset, None) if origin is None else (origin.source, origin.stamp)
        return Loaded(experiment, source, prepared, scene, stamp, scaler is not None)

    def _data_of(self, canvas: Canvas) -> DataConfig:
        """The setting that stands for a canvas."""
        data = DataConfig() if self._origin.loaded is None else self._origin.loaded.experiment.data
        if canvas is self._origin.canvas:
            return data
        return replace(data, source="painted", drawing=to_text(canvas), shuffle_labels=False)

    def _note(self, run: Run | None, painting: Painting, loaded: Loaded) -> str:
        """What becomes of the training."""
        if len(painting.canvas) >= MOST_POINTS:
            return f"{MOST_POINTS:,} points are the most there can be."
        if run is None or not run.has_begun:
            return HINTS[painting.tool]
        if loaded.keeps_scaler:
            if perf_counter() - self._restarted_at < READABLE_SECONDS:
                return painting.note
            return GOES_ON if run.active else WILL_GO_ON
        before, now = run.prepared.dataset.classes, loaded.prepared.dataset.classes
        why = "A new class needs a new output" if now > before else "A class less takes an output away"
        why = why if abs(now - before) == 1 else "Other classes need other outputs"
        self._restarted_at = perf_counter()
        return f"{why}: {'training started' if run.active else 'Train starts'} anew."


def points_of(canvas: Canvas, split: SplitConfig) -> Mapping[str, Points]:
    """The points of a canvas by their shares, as the boundary view draws them."""
    parts = zip(("train", "validation", "test"), by_ticket(canvas.tickets, portions(split)), strict=True)
    return {name: Points(canvas.X[rows], canvas.y[rows], np.arange(len(rows)), len(rows)) for name, rows in parts}


def _can_go_on(run: Run, dataset: Dataset) -> bool:
    """Whether a run that has begun can be trained further on these data."""
    before = run.prepared.dataset
    same = (before.class_names, before.feature_names) == (dataset.class_names, dataset.feature_names)
    return run.has_begun and same


def _way(stroke: _Stroke, place: Floats, spacing: float) -> list[Floats]:
    """Places along the line that a stroke is led, so many pixels from one to the next."""
    step = place - stroke.last
    pixels = float(np.hypot(*(step / stroke.pixel)))
    count = min(int(pixels / spacing), MOST_DABS)
    return [stroke.last + step * (k * spacing / pixels) for k in range(1, count + 1)]


def _why_not(data: Dataset) -> str:
    """Why these data cannot be painted on."""
    if data.features != 2:
        return f"Painting takes two features, not {data.features:,}"
    if data.classes > MOST_CLASSES:
        return f"Painting takes up to {MOST_CLASSES} classes, not {data.classes:,}"
    return f"Painting takes up to {MOST_POINTS:,} points, not {data.rows:,}"


def _empty() -> Canvas:
    return Canvas(np.empty((0, 2)), np.empty(0, np.int64), np.empty(0), ("c1",))
