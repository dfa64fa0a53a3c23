"""Pieces of code: what an exported script is put together from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 120  # of a line


@dataclass(frozen=True, slots=True)
class Section:
    """One step of a script: `name` is a word, `title` and `text` (Markdown) say what it is for, `code` does it.

    None of them holds a name from the data, other than as a literal in the code. `imports` are the lines that the code
    needs.
    """

    name: str
    title: str
    text: str
    code: str
    imports: tuple[str, ...] = ()


def literal(value: object) -> str:
    """A value as Python writes it. Whatever does not print, such as a sign that turns the direction, is escaped."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if not isinstance(value, str) or value.count('"') > value.count("'"):
        return repr(value)
    return f'"{"".join(_in_double_quotes(letter) for letter in value)}"'


def _in_double_quotes(letter: str) -> str:
    return {"'": "'", '"': '\\"'}.get(letter, repr(letter)[1:-1])


def listing(name: str, items: Sequence[str], comment: str = "", brackets: str = "[]") -> str:
    """`name = [items]` on one line, or on as many as it takes."""
    opening, closing = brackets[0], brackets[1]
    remark = f"  # {comment}" if comment else ""
    line = f"{name} = {opening}{', '.join(items)}{closing}{remark}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name} = {opening}{remark}", *(f"    {item}," for item in items), closing])


def indented(lines: Iterable[str], by: int = 4) -> str:
    """Lines further to the right; empty ones stay empty."""
    return "\n".join(f"{' ' * by}{line}" if line else "" for line in lines)


def joined(*blocks: str, gap: int = 1) -> str:
    """Blocks of code, those that are empty left out, with so many empty lines between them."""
    return ("\n" * (gap + 1)).join(block for block in blocks if block)
