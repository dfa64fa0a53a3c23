"""The application's look: light and dark, its fonts, and spacing. Colours and marker shapes are `core.palette`'s."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from mlp_studio.core.palette import DARK, LIGHT, Colours

UNIT = 8  # pixels at scale 1; every gap is one unit or half of one
FUSION_OUTLINE = 140  # per cent: so much darker than the window the style draws the outline of what can be pressed

SCHEMES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


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
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
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


def number_font() -> QFont:
    """The application's font with digits of one width, for figures that change in place."""
    font = QFont(QApplication.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code_font() -> QFont:
    """The system's fixed-width font."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
