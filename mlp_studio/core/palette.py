"""Colours and marker shapes of what is drawn of the data: one palette for the window, its pictures and the exports."""

import colorsys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.boundary import COLOURS, confidence_levels

# Okabe & Ito's colours, told apart with every common kind of colour blindness
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#999999")
CIRCLE = "o"
# A second cue beside the colour, by pyqtgraph's names: corners within a square of side 1 around (0, 0), y downwards.
OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    CIRCLE: (),
    "s": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "t": ((-0.5, -0.5), (0, 0.5), (0.5, -0.5)),
    "d": ((0, -0.5), (-0.4, 0), (0, 0.5), (0.4, 0)),
    "p": ((0, -0.5), (-0.4755, -0.1545), (-0.2939, 0.4045), (0.2939, 0.4045), (0.4755, -0.1545)),
    "h": ((0.433, 0.25), (0, 0.5), (-0.433, 0.25), (-0.433, -0.25), (0, -0.5), (0.433, -0.25)),
    "star": (
        (0, -0.5),
        (-0.1123, -0.1545),
        (-0.4755, -0.1545),
        (-0.1816, 0.059),
        (-0.2939, 0.4045),
        (0, 0.191),
        (0.2939, 0.4045),
        (0.1816, 0.059),
        (0.4755, -0.1545),
        (0.1123, -0.1545),
    ),
    "+": (
        (-0.5, -0.1),
        (-0.5, 0.1),
        (-0.1, 0.1),
        (-0.1, 0.5),
        (0.1, 0.5),
        (0.1, 0.1),
        (0.5, 0.1),
        (0.5, -0.1),
        (0.1, -0.1),
        (0.1, -0.5),
        (-0.1, -0.5),
        (-0.1, -0.1),
    ),
    "t1": ((-0.5, 0.5), (0, -0.5), (0.5, 0.5)),
    "t2": ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0)),
    "t3": ((0.5, 0.5), (0.5, -0.5), (-0.5, 0)),
    "x": (
        (-0.2828, -0.4243),
        (-0.4243, -0.2828),
        (-0.1414, 0),
        (-0.4243, 0.2828),
        (-0.2828, 0.4243),
        (0, 0.1414),
        (0.2828, 0.4243),
        (0.4243, 0.2828),
        (0.1414, 0),
        (0.4243, -0.2828),
        (0.2828, -0.4243),
        (0, -0.1414),
    ),
}
SYMBOLS = tuple(OUTLINES)


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours that are not a class's, for one scheme; "#rrggbb"."""

    window: str
    base: str  # behind plots and lists
    alternate: str
    text: str
    muted: str
    line: str  # axes, grid, separators
    accent: str
    on_accent: str
    train: str
    validation: str
    error: str
    notice: str
    outline: str  # around points that the network has wrong
    edge: str  # of every point, so that it stands out from its own region
    tint: float  # how much of a class's colour its region has where the network is certain


LIGHT = Colours(
    window="#f4f5f7",
    base="#ffffff",
    alternate="#f0f2f5",
    text="#1d2129",
    muted="#5b6472",
    line="#c9ced6",
    accent="#0067b0",
    on_accent="#ffffff",
    train="#0067b0",
    validation="#b35900",
    error="#fbe3e1",
    notice="#fff3d6",
    outline="#111111",
    edge="#ffffff",
    tint=0.42,
)
DARK = Colours(
    window="#1f2228",
    base="#16181d",
    alternate="#1c1f25",
    text="#e6e8ec",
    muted="#9aa3b0",
    line="#3a404a",
    accent="#4aa3e0",
    on_accent="#0b0d10",
    train="#56B4E9",
    validation="#E69F00",
    error="#4a2422",
    notice="#453815",
    outline="#ffffff",
    edge="#aeb6c2",
    tint=0.34,
)


@lru_cache(maxsize=256)
def class_colour(index: int) -> str:
    """The colour of class `index`, "#rrggbb": Okabe–Ito, then hues a golden angle apart."""
    if index < len(OKABE_ITO):
        return OKABE_ITO[index]
    hue = (0.13 + (index - len(OKABE_ITO)) * 0.61803398875) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.42 + 0.16 * (index % 2), 0.6)
    return f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"


def class_symbol(index: int) -> str:
    """The marker shape of class `index`, a row of `OUTLINES`."""
    return SYMBOLS[index % len(SYMBOLS)]


def region_inks(classes: int, tint: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Colours (256, 3), 0 to 255, of the indices of `core.boundary.raster`, and how strong each is (256,), 0 to 1.

    The surer the network, the stronger the colour of its class; where it is certain, as strong as `tint`.
    """
    levels = confidence_levels(classes)
    colours, strengths = np.zeros((COLOURS, 3)), np.zeros(COLOURS)
    for index in range(min(classes, COLOURS)):
        mine = slice(index * levels, (index + 1) * levels)
        colours[mine], strengths[mine] = rgb(class_colour(index)), np.linspace(0.05, tint, levels)
    return colours, strengths


def region_table(classes: int, tone: Colours) -> NDArray[np.uint8]:
    """The same colours (256, 3) on the ground of a scheme."""
    ground = rgb(tone.base)
    colours, strengths = region_inks(classes, tone.tint)
    return np.round(ground + strengths[:, None] * (colours - ground)).astype(np.uint8)


def rgb(colour: str) -> NDArray[np.float64]:
    """Red, green and blue (3,) of "#rrggbb", 0 to 255."""
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], dtype=np.float64)
