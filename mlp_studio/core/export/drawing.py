"""What the report draws, as SVG: curves over the epochs, and a picture of the regions with the points on them."""

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.axis import Axis
from mlp_studio.core.boundary import Box, Indices
from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.decimate import Thinner
from mlp_studio.core.export.markup import Markup, element, joined
from mlp_studio.core.palette import LIGHT, OUTLINES, class_colour, class_symbol, region_inks

CHART = (460, 230)  # the size of a chart's field, in pixels where it is shown at its own size
FIELD = 400  # the side of a picture of regions
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 10, 40  # around a field, for the figures of its axes
MARKER = 8.0


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: `style` is a class of the style sheet; values (epochs,) may be nan."""

    style: str
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Points of a picture: places (n, 2) in the plane, classes y (n,), and which of them the network has wrong (n,)."""

    places: Floats
    y: Ints
    wrong: NDArray[np.bool_]


def chart(lines: Iterable[Line], x: Axis, y: Axis, label: str, kept: int) -> Markup:
    """Curves over the epochs; a dotted line where epoch `kept` is, whose weights count (0: none)."""
    width, height = CHART
    place = float(x.share(np.array([kept]))[0]) * width
    mark = element("line", class_="kept", x1=_short(place), x2=_short(place), y1=0, y2=height) if kept else ""
    curves = [_curve(line, x, y) for line in lines]
    return _figure(CHART, x, y, ("epoch", label), joined(*curves, mark))


def _curve(line: Line, x: Axis, y: Axis) -> Markup:
    """A path for each stretch without gaps."""
    stretches = []
    for stretch in stretches_of(line.values, x, y, CHART):
        points = "L".join(f"{_short(u)} {_short(v)}" for u, v in stretch.tolist())
        stretches.append(f"M{points}")
    return element("path", class_=line.style, d="".join(stretches)) if stretches else Markup()


def stretches_of(values: Floats, x: Axis, y: Axis, size: tuple[int, int]) -> list[Floats]:
    """A series (epochs,) as it is drawn on a field of that size: places (n, 2) from its left top, one array a stretch.

    What is not finite, or has no place on a logarithmic axis, is a gap. Of many epochs, extremes are drawn.
    """
    thinner = Thinner(above=0.0 if y.is_log else -np.inf)
    thinner.extend(values)
    epochs, drawn = thinner.visible(x.low, x.high, size[0])
    usable = np.isfinite(drawn)
    places = np.column_stack([x.share(epochs), 1 - y.share(np.where(usable, drawn, y.high))]) * size
    edges = np.flatnonzero(np.diff(usable)) + 1
    pieces = zip(np.split(places, edges), np.split(usable, edges), strict=True)
    return [piece for piece, is_there in pieces if len(piece) and is_there[0]]


def regions(box: Box, labels: Sequence[str], picture: str, marks: Marks) -> Markup:
    """Regions with points on them; `picture` is the id of an element that `define_regions` has made."""
    u, v = Axis(box.u_low, box.u_high), Axis(box.v_low, box.v_high)
    places = np.column_stack([u.share(marks.places[:, 0]), 1 - v.share(marks.places[:, 1])]) * FIELD
    content = joined(element("use", href=f"#{picture}"), *_points(places, marks))
    return _figure((FIELD, FIELD), u, v, labels, content)


def _points(places: Floats, marks: Marks) -> list[Markup]:
    """A group for the right and the wrong points of each class; what is wrong lies on top."""
    groups = []
    for wrong in (False, True):
        for index in np.unique(marks.y[marks.wrong == wrong]).tolist():
            chosen = places[(marks.wrong == wrong) & (marks.y == index)]
            points = [element("use", href=f"#marker-{index}", x=_short(x), y=_short(y)) for x, y in chosen.tolist()]
            groups.append(element("g", *points, class_="wrong" if wrong else "point"))
    return groups


def define(classes: int, indices: Indices, picture: str) -> Markup:
    """What figures are made of, once: fields to cut at, each class's marker, the regions of a raster (size, size)."""
    content = f"data:image/png;base64,{base64.b64encode(png(indices, classes)).decode()}"
    drawn = element("image", id=picture, width=FIELD, height=FIELD, preserveAspectRatio="none", href=content)
    markers = [marker(index, MARKER, id=f"marker-{index}") for index in range(classes)]
    return element(
        "svg",
        element("defs", drawn, *markers, _field(*CHART), _field(FIELD, FIELD)),
        width=0,
        height=0,
        aria_hidden="true",
    )


def marker(index: int, size: float, **attributes: object) -> Markup:
    """The mark of a class around (0, 0)."""
    corners = OUTLINES[class_symbol(index)]
    fill = class_colour(index)
    if not corners:
        return element("circle", r=_short(size / 2), fill=fill, **attributes)
    points = " ".join(f"{_short(x * size)},{_short(y * size)}" for x, y in corners)
    return element("polygon", points=points, fill=fill, **attributes)


def _field(width: int, height: int) -> Markup:
    return element("clipPath", element("rect", width=width, height=height), id=f"field-{width}-{height}")


def png(indices: Indices, classes: int) -> bytes:
    """A raster as a picture that is clear where the network is unsure: it suits a light page and a dark one."""
    from PIL import Image

    colours, strengths = region_inks(classes, LIGHT.tint)
    size = (indices.shape[1], indices.shape[0])
    image = Image.frombytes("P", size, np.ascontiguousarray(indices[::-1]).tobytes())
    image.putpalette(np.round(colours).astype(np.uint8).tobytes())
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True, transparency=np.round(255 * strengths).astype(np.uint8).tobytes())
    return content.getvalue()


def _figure(size: tuple[int, int], x: Axis, y: Axis, labels: Sequence[str], content: Markup) -> Markup:
    """A field with ticks, grid and names of the axes; its content is cut at its edges."""
    width, height = size
    whole = f"{-LEFT} {-TOP} {width + LEFT + RIGHT} {height + TOP + BOTTOM}"
    return element(
        "svg",
        *_ticks(x, y, width, height),
        element("g", content, clip_path=f"url(#field-{width}-{height})"),
        element("rect", class_="frame", width=width, height=height),
        element("text", labels[0], x=width / 2, y=height + 34, text_anchor="middle"),
        element("text", labels[1], x=0, y=0, text_anchor="middle", transform=_upright(height)),
        viewBox=whole,
        role="img",
        aria_label=f"{labels[1]} over {labels[0]}",
    )


def _ticks(x: Axis, y: Axis, width: int, height: int) -> list[Markup]:
    drawn = []
    for share, label in x.ticks(width / 70):
        place = _short(share * width)
        drawn.append(element("line", class_="grid", x1=place, x2=place, y1=0, y2=height))
        drawn.append(element("text", label, x=place, y=height + 16, text_anchor="middle"))
    for share, label in y.ticks(height / 40):
        place = _short((1 - share) * height)
        drawn.append(element("line", class_="grid", x1=0, x2=width, y1=place, y2=place))
        drawn.append(element("text", label, x=-6, y=place, text_anchor="end", dominant_baseline="central"))
    return drawn


def _upright(height: int) -> str:
    return f"translate({14 - LEFT} {height / 2:g}) rotate(-90)"


def _short(value: float) -> str:
    """A hundredth of a pixel is all that can be seen."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
