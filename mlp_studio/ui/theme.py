"""Colours, marker shapes and spacing: one palette for points, regions, legends and tables."""

import colorsys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from mlp_studio.core.boundary import COLOURS, confidence_levels

UNIT = 8  # pixels at scale 1; every gap is one unit or half of one
FUSION_OUTLINE = 140  # per cent: so much darker than the window the style draws the outline of what can be pressed

# Okabe & Ito's colours, told apart with every common kind of colour blindness
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#999999")
# A second cue beside the colour; pyqtgraph's names
SYMBOLS = ("o", "s", "t", "d", "p", "h", "star", "+", "t1", "t2", "t3", "x")

SCHEMES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


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


def is_dark() -> bool:
    """Whether the application shows light text on dark ground."""
    palette = QGuiApplication.palette()
    return (
        palette.color(QPalette.ColorRole.Window).lightness() < palette.color(QPalette.ColorRole.WindowText).lightness()
    )


def colours() -> Colours:
    """The colours of the present scheme."""
    return DARK if is_dark() else LIGHT


def apply_scheme(name: str) -> None:
    """Show the application light, dark, or as the system has it.

    Qt passes the wish to the platform. Where the platform does not know colour schemes (plain X11), the palette is
    set here.
    """
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(name, Qt.ColorScheme.Unknown)
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(scheme)
    wanted = scheme if scheme != Qt.ColorScheme.Unknown else hints.colorScheme()
    tone = DARK if wanted == Qt.ColorScheme.Dark else LIGHT
    QApplication.setPalette(_palette(tone))
    QApplication.setPalette(_check_box_palette(tone), "QCheckBox")  # type: ignore[arg-type] # as setFont in app.py


def _palette(tone: Colours) -> QPalette:
    role, palette = QPalette.ColorRole, QPalette(QColor(tone.window))
    for names, colour in (
        ((role.Window, role.Button), tone.window),
        ((role.Base,), tone.base),
        ((role.AlternateBase,), tone.alternate),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), tone.text),
        ((role.ToolTipBase,), tone.base),
        ((role.PlaceholderText,), tone.muted),
        ((role.Highlight, role.Accent, role.Link), tone.accent),
        ((role.HighlightedText,), tone.on_accent),
        ((role.Mid, role.Midlight), tone.line),
    ):
        for name in names:
            palette.setColor(name, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(disabled, name, QColor(tone.muted))
    palette.setColor(disabled, role.Highlight, QColor(tone.line))
    return palette


def _check_box_palette(tone: Colours) -> QPalette:
    """With an outline that can be seen: the style takes it from the window's colour, and darker than dark is nothing.

    A check box paints nothing else in that colour.
    """
    palette = _palette(tone)
    palette.setColor(QPalette.ColorRole.Window, QColor(tone.muted).lighter(FUSION_OUTLINE))
    return palette


@lru_cache(maxsize=256)
def class_colour(index: int) -> str:
    """The colour of class `index`, "#rrggbb": Okabe–Ito, then hues a golden angle apart."""
    if index < len(OKABE_ITO):
        return OKABE_ITO[index]
    hue = (0.13 + (index - len(OKABE_ITO)) * 0.61803398875) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.42 + 0.16 * (index % 2), 0.6)
    return f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"


def class_symbol(index: int) -> str:
    """The marker shape of class `index`."""
    return SYMBOLS[index % len(SYMBOLS)]


def region_table(classes: int, tone: Colours) -> NDArray[np.uint8]:
    """Colours (256, 3) of the indices of `core.boundary.raster`: tinted towards the ground where it is unsure."""
    ground = _rgb(tone.base)
    levels = confidence_levels(classes)
    table = np.empty((COLOURS, 3), np.uint8)
    table[:] = ground
    strength = np.linspace(0.05, tone.tint, levels)[:, None]
    for index in range(classes):
        full = _rgb(class_colour(index))
        table[index * levels : (index + 1) * levels] = np.round(ground + strength * (full - ground))
    return table


def _rgb(colour: str) -> NDArray[np.float64]:
    made = QColor(colour)
    return np.array([made.red(), made.green(), made.blue()], dtype=np.float64)


def number_font() -> QFont:
    """The application's font with digits of one width, for figures that change in place."""
    font = QFont(QApplication.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code_font() -> QFont:
    """The system's fixed-width font."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
