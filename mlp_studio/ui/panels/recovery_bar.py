"""The bar that offers, at the start, what a window left behind that ended unexpectedly."""

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.recovery import Offer, Recovery

MOST_ROWS = 4  # of the list, before it scrolls
ENDED = "MLP Studio ended unexpectedly."


class RecoveryBar(QWidget):
    """One sentence, or a list where there are several, and what can be done with it."""

    def __init__(self, recovery: Recovery, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recovery = recovery
        self.text = plain_label(wrap=True)
        self.list = QListWidget(self)
        self.list.setAccessibleName("What was kept")
        self.list.setUniformItemSizes(True)
        self.list.itemDoubleClicked.connect(self._restore)
        self.restore_button = self._button("Restore", "Show it again, with its training", self._restore)
        self.discard_button = self._button("Discard", "Delete what was kept; it cannot be brought back", self._discard)
        self.later_button = self._button("Later", "Offer it again at the next start", recovery.postpone)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.UNIT // 2)
        for button in (self.restore_button, self.discard_button, self.later_button):
            buttons.addWidget(button)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addLayout(buttons)
        row.setAlignment(buttons, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * theme.UNIT, theme.UNIT // 2, theme.UNIT // 2, theme.UNIT // 2)
        layout.setSpacing(theme.UNIT // 2)
        layout.addLayout(row)
        layout.addWidget(self.list)
        self.setAutoFillBackground(True)
        self._colour()
        recovery.offered.connect(self.render)
        self.render()

    def _button(self, text: str, help_text: str, slot: object) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tooltip(help_text))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        return button

    @Slot()
    def render(self) -> None:
        """Show what is offered."""
        offers = self._recovery.offers
        several = len(offers) > 1
        self.setVisible(bool(offers))
        self.text.setText(f"{ENDED} This was kept:" if several else "".join(_sentence(offer) for offer in offers))
        self.list.clear()
        for line in map(_line, offers):
            item = QListWidgetItem(line, self.list)
            item.setToolTip(tooltip(line))  # the whole of a long one
        self.list.setCurrentRow(0)
        self.list.setVisible(several)
        height = self.list.sizeHintForRow(0) if several else 0
        self.list.setFixedHeight(min(len(offers), MOST_ROWS) * height + 2 * self.list.frameWidth())

    @Slot()
    def _restore(self) -> None:
        if (offer := self._chosen) is not None:
            self._recovery.restore(offer)

    @Slot()
    def _discard(self) -> None:
        if (offer := self._chosen) is not None:
            self._recovery.discard(offer)

    @property
    def _chosen(self) -> Offer | None:
        offers, row = self._recovery.offers, max(self.list.currentRow(), 0)
        return offers[row] if row < len(offers) else None

    def _colour(self) -> None:
        tone, palette = theme.colours(), self.palette()
        palette.setColor(QPalette.ColorRole.Window, tone.notice)
        if self.palette().color(QPalette.ColorRole.Window) != palette.color(QPalette.ColorRole.Window):
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()


def _sentence(offer: Offer) -> str:
    return f"{ENDED} {_line(offer)}."


def _line(offer: Offer) -> str:
    contents = " ".join(offer.label.contents.split())  # a name may hold line breaks
    return contents[:1].upper() + contents[1:]
