"""A label that changes many times a second moves nothing around it."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

from mlp_studio.ui.form import plain_label
from mlp_studio.ui.still import Still


class LayoutRequests(QObject):
    """Counts how often a widget is asked to lay out anew."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def shown(qtbot: QtBot, *widgets: QWidget) -> QWidget:
    outer = QWidget()
    layout = QHBoxLayout(outer)
    for widget in widgets:
        layout.addWidget(widget)
    qtbot.addWidget(outer)
    outer.resize(400, 60)
    outer.show()
    qtbot.waitExposed(outer)
    return outer


def test_another_text_asks_nobody_for_another_layout(qtbot: QtBot) -> None:
    still, restless = plain_label("1"), plain_label("1")
    outer = shown(qtbot, Still(still), restless)
    qtbot.wait(50)  # the first layouts are over
    requests = LayoutRequests(outer)
    still.setText("epoch 12,345")
    qtbot.wait(20)
    assert requests.count == 0
    assert still.width() > 100  # it has the room that the layout gave
    restless.setText("epoch 12,345")  # what a bare label does
    qtbot.waitUntil(lambda: requests.count > 0)


def test_a_wider_text_makes_room_and_a_narrower_one_keeps_it(qtbot: QtBot) -> None:
    label: QLabel = plain_label("1")
    still = Still(label, "0.000")
    outer = shown(qtbot, still, plain_label("beside"))  # keeps both alive
    first = still.width()
    assert outer.width() > first
    still.make_room("0")
    assert still.width() == first
    still.make_room("123,456,789")
    needed = label.fontMetrics().horizontalAdvance("123,456,789")
    qtbot.waitUntil(lambda: label.width() == still.width() >= needed)
