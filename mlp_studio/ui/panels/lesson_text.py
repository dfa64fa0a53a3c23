"""A text with formulas, as high as it is, and no formula broken in two."""

import math
import re
from collections.abc import Iterator

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics, QResizeEvent, QTextBlock, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from mlp_studio.ui import theme

CODE = QTextFormat.Property.BlockCodeLanguage  # what Markdown marks a formula's line with
SMALLEST_FORMULA = 0.75  # of the usual size


class LessonText(QTextBrowser):
    """A Markdown text as high as it is, so that the page scrolls as a whole."""

    _markdown = ""  # Qt tells of changes before there is a text

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(2 * theme.UNIT)
        for set_policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            set_policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_markdown(self, markdown: str) -> None:
        """Show another text."""
        self._markdown = markdown
        self.setMarkdown(markdown)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit_formulas(self) -> None:
        """Formulas are set smaller where the widest would be broken in two."""
        font = theme.code_font()
        formulas = [block for block in self._blocks() if block.blockFormat().hasProperty(CODE)]
        smallest, room = SMALLEST_FORMULA * font.pointSizeF(), self.viewport().width() - 2
        # step by step: letters are whole pixels wide, so their width does not follow the size evenly
        while font.pointSizeF() > smallest and not _all_fit(font, formulas, room):
            font.setPointSizeF(font.pointSizeF() - 0.5)
        form = QTextCharFormat()
        form.setFontPointSize(font.pointSizeF())
        for block in formulas:
            cursor = QTextCursor(block)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            cursor.mergeCharFormat(form)

    def _blocks(self) -> Iterator[QTextBlock]:
        block = self.document().begin()
        while block.isValid():
            yield block
            block = block.next()

    def changeEvent(self, event: QEvent) -> None:
        """Markdown takes over fonts and colours when it is read: read it again."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._markdown:
            self.show_markdown(self._markdown)

    def _fit(self) -> None:
        self._fit_formulas()
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(math.ceil(self.document().size().height()))


def _all_fit(font: QFont, lines: list[QTextBlock], room: int) -> bool:
    metrics = QFontMetrics(font)
    return all(metrics.horizontalAdvance(line.text()) <= room for line in lines)


def plain_markdown(text: str) -> str:
    """A text that may hold a class's name, as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!-])", r"\\\1", " ".join(text.split()))
