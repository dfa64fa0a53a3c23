"""The answer for one point: its class, all probabilities as bars, and a field to type a row into."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import DataError
from mlp_studio.core.palette import class_colour
from mlp_studio.core.predict import Prediction, predict
from mlp_studio.core.trained import Snapshot
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu
from mlp_studio.ui.still import Still
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio

BAR_HEIGHT = 18
MOST_IN_VIEW = 5  # bars that are seen without scrolling
NOBODY_ASKED = ("Click a point", "or type a row:")  # in two lines, so that it fits a narrow window


class ProbabilityBars(QWidget):
    """One bar a class, in the classes' order, so that nothing jumps while the network learns.

    Where there are more than are in view, the most probable come first, as they were when the point was asked about.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.probabilities: list[float] = []
        self.order: list[int] = []  # the class of each row
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def show_values(self, names: tuple[str, ...], probabilities: list[float], *, reorder: bool = True) -> None:
        """Show these bars; many of them in the order that they have, unless they may be put in another."""
        if len(names) != len(self.names):
            self.updateGeometry()
        if reorder or len(names) != len(self.order):
            self.order = list(range(len(names)))
            if len(names) > MOST_IN_VIEW:
                self.order.sort(key=lambda index: -probabilities[index])
        self.names, self.probabilities = names, probabilities
        self.setMinimumHeight(BAR_HEIGHT * len(names))
        self.update()

    def sizeHint(self) -> QSize:
        """All bars."""
        return QSize(200, BAR_HEIGHT * max(1, len(self.names)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, per cent, of those in view."""
        painter, tone, metrics = QPainter(self), theme.colours(), self.fontMetrics()
        painter.setFont(theme.number_font())
        name_width = min(110, max((metrics.horizontalAdvance(name) for name in self.names), default=0) + theme.UNIT)
        number_width = metrics.horizontalAdvance("100.0 %") + theme.UNIT
        room = max(10, self.width() - name_width - number_width)
        first, last = event.rect().top() // BAR_HEIGHT, event.rect().bottom() // BAR_HEIGHT
        for place, index in list(enumerate(self.order))[first : last + 1]:
            name, value, top = self.names[index], self.probabilities[index], place * BAR_HEIGHT
            baseline = top + (BAR_HEIGHT + metrics.ascent() - metrics.descent()) / 2
            painter.setPen(QColor(tone.text))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, name_width - 4)
            painter.drawText(QPointF(0, baseline), shown)
            painter.fillRect(QRectF(name_width, top + 4, room, BAR_HEIGHT - 8), QColor(tone.alternate))
            bar = QRectF(name_width, top + 4, room * value, BAR_HEIGHT - 8)
            painter.fillRect(bar, QColor(class_colour(index)))
            number = QRectF(name_width + room, top, number_width, BAR_HEIGHT)
            painter.drawText(
                number,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                f"{value:.1%}".replace("%", " %"),
            )
        painter.end()


class PredictionPanel(QWidget):
    """Follows the weights that are shown: the probe is asked again with every snapshot."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._asked: tuple[Floats | None, Snapshot | None] = (None, None)
        self._names: tuple[str, ...] = ()
        self.prediction: Prediction | None = None
        self.answer = plain_label(NOBODY_ASKED[0])
        font = self.answer.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.answer.setFont(font)
        self.input = plain_label(NOBODY_ASKED[1], muted=True)
        self.row = QLineEdit(self)
        self.row.setObjectName("row")
        self.row.setAccessibleName("Row to predict")
        self.row.setClearButtonEnabled(True)
        self.row.setToolTip(tooltip("Type a row in original units and press Return; what you leave out stays as it is"))
        self.row.returnPressed.connect(self._typed)
        self.ask_button = QToolButton(self)
        self.ask_button.setText("Predict")
        self.ask_button.setToolTip(tooltip("Ask the network about the typed row"))
        self.ask_button.clicked.connect(self._typed)
        self.error = plain_label(wrap=True)
        self.error.hide()
        self.bars = ProbabilityBars()
        self.menu = TableMenu(self.table, lambda: "prediction", self._report, self, brief=True)
        self.menu.serve(self.bars)
        scroll = QScrollArea(self)
        scroll.setWidget(self.bars)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(150)

        typed = QHBoxLayout()
        typed.setSpacing(theme.UNIT // 2)
        typed.addWidget(self.row, 1)
        typed.addWidget(self.ask_button)
        left = QVBoxLayout()
        left.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(Still(self.answer), 1)
        head.addWidget(self.menu)
        left.addLayout(head)
        left.addWidget(Still(self.input))
        left.addLayout(typed)
        left.addWidget(self.error)
        left.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, theme.UNIT // 2)
        layout.setSpacing(2 * theme.UNIT)
        layout.addLayout(left, 1)
        layout.addWidget(scroll, 1)
        self.setFixedHeight(max(BAR_HEIGHT * 5, left.sizeHint().height()) + theme.UNIT)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    @Slot(object)
    def render(self, state: State) -> None:
        """Ask the weights that are shown about the probe."""
        state = state.as_seen()
        snapshot = state.run.snapshot if state.run else None
        if self._asked[0] is state.probe and self._asked[1] is snapshot:
            return
        is_new = self._asked[0] is not state.probe or state.run is None or not state.run.active
        if self._asked[0] is not state.probe:
            self.error.hide()
        self._asked = (state.probe, snapshot)
        if (
            state.scene is not None
            and state.prepared is not None
            and (state.prepared.dataset.feature_names != self._names)
        ):
            self._names = state.prepared.dataset.feature_names
            mean = state.scene.mean if len(self._names) > 2 else [0.1, 0.1]
            example = ", ".join(f"{name} = {value:.3g}" for name, value in zip(self._names[:2], mean, strict=False))
            self.row.setPlaceholderText(example + (" …" if len(self._names) > 2 else ""))
        if state.probe is None or state.run is None:
            self.prediction = None
            self.answer.setText(NOBODY_ASKED[0])
            self.input.setText(NOBODY_ASKED[1])
            self.bars.show_values((), [])
            return
        run = state.run
        self.prediction = predict(
            run.snapshot.params, run.experiment.model.activation, run.prepared.inputs, state.probe
        )
        self._show(self.prediction, run.prepared.dataset.class_names, run.snapshot.epoch, is_new)

    def _show(self, prediction: Prediction, classes: tuple[str, ...], epoch: int, is_new: bool) -> None:
        probability = prediction.probabilities[prediction.label]
        share = f"{probability:.1%}".replace("%", " %")
        self.answer.setText(f"{classes[prediction.label]} · {share}")
        row = ", ".join(f"{name} = {value:.4g}" for name, value in zip(self._names, prediction.x, strict=True))
        self.input.setToolTip(tooltip(row))
        text = f"epoch {epoch:,} · {row}"
        self.input.setText(self.input.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self.input.width()))
        self.bars.show_values(classes, prediction.probabilities.tolist(), reorder=is_new)

    def table(self) -> Table | None:
        """Every class with its probability, to be copied."""
        if self.prediction is None:
            return None
        rows = tuple(Heading(self.bars.names[index]) for index in self.bars.order)
        cells = [[self.bars.probabilities[index]] for index in self.bars.order]
        return Table("Class", rows, (Heading("Probability", figures=".4f"),), cells)

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    @Slot()
    def _typed(self) -> None:
        if not self.row.text().strip():
            return
        try:
            self._studio.ask_text(self.row.text())
        except DataError as error:
            self.error.setText(str(error))
            self.error.show()
        else:
            self.error.hide()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the bars when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.bars.update()
