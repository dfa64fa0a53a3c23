"""A text file as pandas may read it: nothing in it that pandas would understand otherwise than the csv module does."""

import io
from pathlib import Path

from mlp_studio.core.text_rows import MISSING, TableFormat

# What stands for a missing number, as pandas compares it: letter by letter.
MISSING_NUMBERS = sorted({*MISSING, *map(str.upper, MISSING), *map(str.capitalize, MISSING), "NaN", "<NA>"})


class PlainText(io.TextIOWrapper):
    """A text file that counts what it hands out, so that short rows and blank lines come to light.

    Raises ValueError where there is a quotation mark, or a byte order mark, which pandas passes over.
    """

    def __init__(self, path: Path, fmt: TableFormat) -> None:
        self._bytes, self._size = path.open("rb"), max(1, path.stat().st_size)
        super().__init__(self._bytes, fmt.encoding, newline="")
        self._delimiter, self._last = fmt.delimiter, "\n"
        self.delimiters = self._ends = 0

    @property
    def lines(self) -> int:
        """How many lines were handed out, blank ones among them."""
        return self._ends + (self._last not in "\r\n")

    @property
    def share(self) -> float:
        """How much of the file was handed out, 0…1."""
        return min(1.0, self._bytes.tell() / self._size)

    def read(self, size: int | None = -1, /) -> str:
        """The next letters of the file."""
        text = super().read(size)
        if '"' in text or "\ufeff" in text:
            raise ValueError("Not plain.")
        if text:
            self.delimiters += text.count(self._delimiter)
            self._ends += text.count("\n") + text.count("\r") - (self._last + text).count("\r\n")
            self._last = text[-1]
        return text
