"""HTML and SVG as values: whatever is not markup already is escaped, so that no name can be taken for a tag."""

from html import escape

VOID = frozenset(("br", "meta", "image", "use", "path", "line", "rect", "circle", "polygon"))  # have no content
KEPT = (
    "\n\u200c\u200d"  # not printable, but harmless: a line's end, and the joiners within the words of several scripts
)


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, *content: object, **attributes: object) -> Markup:
    """An element with its content; None and "" among it are left out.

    An attribute `class_` is written class, `stroke_width` stroke-width; one that is None or False is left out.
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in VOID:
        return Markup(f"<{tag}{given}/>")
    return Markup(f"<{tag}{given}>{joined(*content)}</{tag}>")


def joined(*content: object) -> Markup:
    """Pieces of markup and text one after the other."""
    return Markup("".join(_escaped(piece) for piece in content if piece is not None))


def name(text: str) -> Markup:
    """A name from the data: it may be written from right to left without turning what stands beside it."""
    return element("bdi", text)


def _escaped(piece: object) -> str:
    """Control characters, halves of characters and signs that turn the writing direction are shown as �."""
    if isinstance(piece, Markup):
        return piece
    return escape("".join(letter if letter.isprintable() or letter in KEPT else "�" for letter in str(piece)))
