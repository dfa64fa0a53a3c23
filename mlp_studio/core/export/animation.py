"""The training as a moving picture: the regions as they form, beside the loss as it falls. GIF or WebP.

720 × 400 pixels, dark on white, for slides and pages. At most 120 epochs of the album are shown, 14 a second, and the
last for two seconds; then it begins again. All pictures share 256 colours, and none is made of a mixture of dots
(dithering), which would flicker from picture to picture and take five times the space.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_studio.core.axis import Axis, loss_axis
from mlp_studio.core.boundary import Rasterizer, affordable_grid, on_plane
from mlp_studio.core.errors import ExportError
from mlp_studio.core.export import canvas
from mlp_studio.core.export.drawing import stretches_of
from mlp_studio.core.files import write_bytes
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.palette import LIGHT, class_colour, region_table, rgb
from mlp_studio.core.progress import Progress
from mlp_studio.core.scene import Scene, even_sample, first_slice, make_scene
from mlp_studio.core.trained import Snapshot, Trained

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIZE = (720, 400)
FIELD = 320  # the side of the boundary's field
BOUNDARY_AT, CHART_AT = (68, 40), (452, 66)  # the left top of each field
CHART = (250, 160)
LEGEND_AT = (452, 286)
ROW, COLUMN = 18, 134  # pixels of an entry of the legend
MOST_FRAMES = 120
MOST_POINTS = 1000
MOST_CLASSES = 8  # in the legend
FRAME_MILLISECONDS, LAST_MILLISECONDS = 70, 2000
BUDGET = 2e10  # multiply-adds that all regions together may cost: some ten seconds on one core
MARKER = 7.0
TITLE_APART = 18  # from an axis's title, its middle, to its figures, and from these to the axis
COLOURS = 255
CLOSE = 8  # steps between two colours that Pillow may take for each other
WRITTEN = 0.8  # how much of the way is done when all pictures are drawn


def write_animation(trained: Trained, path: Path, progress: Progress) -> None:
    """Write the animation, as WebP where the file is called so, else as GIF.

    Raises ExportError where there is nothing that moves, OSError, and what `progress` raises.
    """
    frames = frames_of(trained)
    drawn = pictures(trained, frames, progress)
    content = io.BytesIO()
    durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [LAST_MILLISECONDS]
    is_webp = path.suffix.lower() == ".webp"
    more: dict[str, Any] = {"lossless": True} if is_webp else {"optimize": True}  # GIF: only what changed is written
    first, *others = drawn
    kind = "WEBP" if is_webp else "GIF"
    first.save(content, kind, save_all=True, append_images=others, duration=durations, loop=0, **more)
    progress(1.0)
    write_bytes(path, content.getvalue())


def frames_of(trained: Trained) -> list[Snapshot]:
    """The epochs that are shown: all of the album, or so many of them; the newest is always there."""
    album = list(trained.album)
    if album and trained.snapshot.epoch > album[-1].epoch:
        album.append(trained.snapshot)
    if len(album) < 2:
        raise ExportError("There is nothing that moves yet: train for some epochs, then export the animation.")
    return [album[place] for place in even_sample(len(album), MOST_FRAMES).tolist()]


def pictures(trained: Trained, frames: Sequence[Snapshot], progress: Progress) -> "list[Picture]":
    """All pictures, with one palette for all of them."""
    stage = Stage(trained)
    made: list[Any] = []
    palette = None
    for place, frame in enumerate(frames):
        progress(WRITTEN * place / len(frames))
        made.append(stage.draw(frame))
        if palette is None:
            samples = [made[0], stage.draw(frames[len(frames) // 2]), stage.draw(frames[-1])]
            palette = palette_of(samples, trained.prepared.dataset.classes)
        made[-1] = made[-1].quantize(palette=palette, dither=0)
    progress(WRITTEN)
    return made


def palette_of(samples: "Sequence[Picture]", classes: int) -> "Picture":
    """255 colours: those that mean something exactly, the others as the samples need them, none too close to those.

    The last place is left for what stays as it was in the picture before.
    """
    from PIL import Image

    meaning = [class_colour(index) for index in range(min(classes, 100))]
    meaning += [LIGHT.base, LIGHT.text, LIGHT.muted, LIGHT.line, LIGHT.train, LIGHT.validation]
    together = Image.fromarray(np.concatenate([np.asarray(sample) for sample in samples]))
    reduced = together.quantize(COLOURS - len(meaning), method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    fixed, others = np.array([rgb(colour) for colour in meaning]), np.array(reduced.getpalette()).reshape(-1, 3)
    apart = np.abs(others[:, None] - fixed).max(axis=2)
    others = np.where(apart.min(axis=1, keepdims=True) < CLOSE, fixed[apart.argmin(axis=1)], others)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([fixed, others]).astype(np.uint8).tobytes())
    return palette


class Stage:
    """What stays from picture to picture, drawn once; `draw` puts one epoch on it."""

    def __init__(self, trained: Trained) -> None:
        from PIL import Image

        self._trained, prepared = trained, trained.prepared
        scene = self._scene = make_scene(prepared, first_slice(prepared.dataset))
        self._rasterizer = Rasterizer()
        self._table = region_table(prepared.dataset.classes, LIGHT)
        self._u, self._v = Axis(scene.home.u_low, scene.home.u_high), Axis(scene.home.v_low, scene.home.v_high)
        loss = {part: trained.curves[:, COLUMNS.index(f"{part}_loss")] for part in ("train", "val")}
        self._epochs = Axis(1.0, float(max(2, len(trained.curves))))
        self._loss = loss_axis(*loss.values()) if len(trained.curves) else Axis(0.0, 1.0)
        self._curves = canvas.clear(CHART)
        for values, colour, dashed in ((loss["train"], LIGHT.train, False), (loss["val"], LIGHT.validation, True)):
            stretches = stretches_of(values, self._epochs, self._loss, CHART)
            self._curves.alpha_composite(canvas.lines(stretches, CHART, colour, dashed=dashed))
        self._points = self._marks(scene)
        self._ground = Image.new("RGB", SIZE, LIGHT.base)
        self._draw_ground()

    def draw(self, frame: Snapshot) -> "Picture":
        """The picture of one epoch."""
        from PIL import ImageDraw

        picture = self._ground.copy()
        picture.paste(self._regions(frame), BOUNDARY_AT)
        picture.paste(self._points, BOUNDARY_AT, self._points)
        pen = ImageDraw.Draw(picture)
        done = min(frame.epoch, len(self._trained.curves))
        if done:
            reached = round(float(self._epochs.share(np.array([float(done)]))[0]) * CHART[0])
            so_far = self._curves.crop((0, 0, max(2, reached), CHART[1]))
            picture.paste(so_far, CHART_AT, so_far)
        for at, size in ((BOUNDARY_AT, (FIELD, FIELD)), (CHART_AT, CHART)):
            pen.rectangle((at[0], at[1], at[0] + size[0], at[1] + size[1]), outline=LIGHT.line)
        pen.text((CHART_AT[0], 14), f"epoch {frame.epoch:,}", fill=LIGHT.text, font=canvas.font(18))
        pen.text((CHART_AT[0], 40), self._accuracy(done), fill=LIGHT.muted, font=canvas.font(12))
        return picture

    def _accuracy(self, done: int) -> str:
        """The accuracies of an epoch; at the start there are none."""
        row = self._trained.curves[done - 1] if done else np.full(len(COLUMNS), np.nan)
        figures = {part: row[COLUMNS.index(f"{part}_accuracy")] for part in ("train", "val")}
        shown = {part: f"{100 * value:.1f} %" if np.isfinite(value) else "–" for part, value in figures.items()}
        return f"accuracy {shown['train']}, validation {shown['val']}"

    def _regions(self, frame: Snapshot) -> "Picture":
        from PIL import Image

        params, lift = on_plane(frame.params, self._trained.prepared, self._scene.plane)
        cells = affordable_grid(params, FIELD, BUDGET / MOST_FRAMES)
        activation = self._trained.experiment.model.activation
        indices = self._rasterizer(params, activation, self._scene.home, cells, lift)
        return Image.fromarray(self._table[indices[::-1]]).resize((FIELD, FIELD))

    def _marks(self, scene: Scene) -> "Picture":
        """The training points."""
        points = scene.points["train"]
        chosen = even_sample(len(points.y), MOST_POINTS)
        u, v = points.places[chosen].T
        places = np.column_stack([self._u.share(u), 1 - self._v.share(v)]) * FIELD
        return canvas.marks(places, points.y[chosen], (FIELD, FIELD), MARKER, LIGHT.edge)

    def _draw_ground(self) -> None:
        labels = self._scene.plane.labels
        name = canvas.fitted(self._trained.prepared.dataset.name, 14, FIELD)
        self._text((BOUNDARY_AT[0], 12), name, 14, LIGHT.text)
        self._draw_axes(BOUNDARY_AT, (FIELD, FIELD), (self._u, self._v), labels)
        title = "loss (logarithmic)" if self._loss.is_log else "loss"
        self._draw_axes(CHART_AT, CHART, (self._epochs, self._loss), ("epoch", title))
        self._draw_legend()

    def _draw_axes(
        self, at: tuple[int, int], size: tuple[int, int], axes: tuple[Axis, Axis], labels: Sequence[str]
    ) -> None:
        from PIL import ImageDraw

        pen = ImageDraw.Draw(self._ground)
        (left, top), (width, height) = at, size
        for share, text in axes[0].ticks(width / 70):
            x = left + round(share * width)
            pen.line((x, top, x, top + height), fill=LIGHT.line)
            self._text((x, top + height + 4), text, 11, LIGHT.muted, anchor="ma")
        heights = list(axes[1].ticks(height / 40))
        for share, text in heights:
            y = top + round((1 - share) * height)
            pen.line((left, y, left + width, y), fill=LIGHT.line)
            self._text((left - 5, y), text, 11, LIGHT.muted, anchor="rm")
        self._text(
            (left + width // 2, top + height + 18), canvas.fitted(labels[0], 11, width), 11, LIGHT.muted, anchor="ma"
        )
        widest = max((canvas.font(11).getlength(text) for _, text in heights), default=0)
        beside = left - max(44, round(widest) + TITLE_APART)  # left of the figures, however long these are
        self._draw_upright(canvas.fitted(labels[1], 11, height), max(8, beside), top + height // 2)

    def _draw_upright(self, text: str, x: int, y: int) -> None:
        """A text from below to above, its middle at a height of y."""
        from PIL import ImageDraw

        width = round(canvas.font(11).getlength(text)) + 2
        label = canvas.clear((width, 16))
        ImageDraw.Draw(label).text((0, 1), text, fill=LIGHT.muted, font=canvas.font(11))
        label = label.rotate(90, expand=True)
        self._ground.paste(label, (x - 8, y - width // 2), label)

    def _draw_legend(self) -> None:
        """The two curves, then the classes, in two columns."""
        names = self._trained.prepared.dataset.class_names
        more = [f"… {len(names) - MOST_CLASSES + 1:,} more"] if len(names) > MOST_CLASSES else []
        shown = [canvas.fitted(name, 12, COLUMN - 34) for name in names[: MOST_CLASSES - len(more)]] + more
        left, top = LEGEND_AT
        for place, (text, colour, dashed) in enumerate(
            (("training", LIGHT.train, False), ("validation", LIGHT.validation, True))
        ):
            stroke = canvas.lines([np.array([[0.0, 8.0], [22.0, 8.0]])], (24, 16), colour, dashed=dashed)
            x = left + COLUMN * place
            self._ground.paste(stroke, (x, top), stroke)
            self._text((x + 28, top + 1), text, 12, LIGHT.text)
        for place, text in enumerate(shown):
            x, y = left + COLUMN * (place % 2), top + 24 + ROW * (place // 2)
            if place < len(names) and text not in more:
                drawn = canvas.marks(np.array([[8.0, 8.0]]), np.array([place]), (16, 16), 11.0, LIGHT.base)
                self._ground.paste(drawn, (x + 3, y), drawn)
            self._text((x + 28, y + 1), text, 12, LIGHT.text)

    def _text(self, at: tuple[int, int], text: str, size: int, colour: str, anchor: str = "la") -> None:
        from PIL import ImageDraw

        ImageDraw.Draw(self._ground).text(at, text, fill=colour, font=canvas.font(size), anchor=anchor)
