"""What moving pictures are drawn with: Pillow, its fonts, and smooth lines and marks on a clear ground."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.palette import OUTLINES, class_colour, class_symbol
from mlp_studio.core.text_rows import on_one_line

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

# Of the fonts that systems have, the first that is found; Pillow's own knows few scripts.
FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "segoeui.ttf", "Arial Unicode.ttf", "Arial.ttf")
DENSITY = 4  # marks and lines are drawn so many times larger, then made smaller: Pillow's own have steps
DASH, GAP = 6.0, 3.0  # pixels
LONGEST = 60  # letters of a name


@lru_cache(maxsize=8)
def font(size: int) -> Any:
    """A font of so many pixels."""
    from PIL import ImageFont

    for file in FONTS:
        try:
            return ImageFont.truetype(file, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def fitted(text: str, size: int, width: float) -> str:
    """A text that may hold anything on one line, cut where it would be wider than so many pixels."""
    for letters in range(LONGEST, 1, -1):
        shown = on_one_line(text, letters)
        if font(size).getlength(shown) <= width:
            return shown
    return "…"


def clear(size: tuple[int, int]) -> "Picture":
    """A picture without anything."""
    from PIL import Image

    return Image.new("RGBA", size, (0, 0, 0, 0))


def lines(stretches: Iterable[Floats], size: tuple[int, int], colour: str, *, dashed: bool = False) -> "Picture":
    """Lines through places (n, 2), smooth and two pixels wide, on a clear picture of that size."""
    from PIL import ImageDraw

    picture = clear((size[0] * DENSITY, size[1] * DENSITY))
    pen = ImageDraw.Draw(picture)
    for stretch in stretches:
        for piece in dashes(stretch) if dashed else [stretch]:
            pen.line([tuple(place) for place in (piece * DENSITY).tolist()], fill=colour, width=2 * DENSITY)
    return picture.resize(size)


def dashes(places: Floats) -> list[Floats]:
    """The parts of a line (n, 2) that its dashes cover."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    pieces = []
    for start in np.arange(0.0, along[-1], DASH + GAP):
        within = along[(along > start) & (along < start + DASH)]
        at = np.concatenate([[start], within, [min(start + DASH, along[-1])]])
        pieces.append(np.column_stack([np.interp(at, along, places[:, 0]), np.interp(at, along, places[:, 1])]))
    return pieces


def marks(places: Floats, y: Ints, size: tuple[int, int], diameter: float, edge: str) -> "Picture":
    """The marks of points at places (n, 2) of classes y (n,), with an edge, on a clear picture of that size."""
    from PIL import ImageDraw

    picture = clear((size[0] * DENSITY, size[1] * DENSITY))
    pen = ImageDraw.Draw(picture)
    for index in np.unique(y).tolist():
        for x, at in (places[y == index] * DENSITY).tolist():
            mark(pen, (x, at), diameter * DENSITY, index, edge)
    return picture.resize(size)


def mark(pen: Any, place: tuple[float, float], diameter: float, index: int, edge: str) -> None:
    """Draw the mark of a class around a place."""
    x, y = place
    corners, width = OUTLINES[class_symbol(index)], DENSITY // 2
    if corners:
        at = [(x + u * diameter, y + v * diameter) for u, v in corners]
        pen.polygon(at, fill=class_colour(index), outline=edge, width=width)
    else:
        half = diameter / 2
        pen.ellipse((x - half, y - half, x + half, y + half), fill=class_colour(index), outline=edge, width=width)
