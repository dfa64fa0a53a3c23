"""The six steps of the lesson with the numbers of the present network, to be gone through forwards and backwards."""

from functools import partial
from time import monotonic
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.gradcheck import GradientCheck, gradient_check, point_sample, row_sample
from mlp_studio.core.prepare import Part
from mlp_studio.core.trace import STEPS, Trace, subscript, trace, training_batch
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.jobs import interrupted
from mlp_studio.ui.panels.matrix_view import number
from mlp_studio.ui.panels.network_diagram import Mark, NetworkDiagram
from mlp_studio.ui.panels.quantity_card import Names, QuantityCard
from mlp_studio.ui.panels.segments import Segments
from mlp_studio.ui.panels.step_bar import StepBar
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.store import Run, State
from mlp_studio.ui.studio import Studio

SECONDS = 0.5  # while training, at least so long from one trace to the next
SHARE = 0.05  # of its time that the window spends on traces while training
SAMPLES = {"row": "Row", "point": "Point", "batch": "Batch"}
SAMPLE_HELP = {
    "row": "Follow one row of the data through the network.",
    "point": "Follow the point that was clicked in the boundary, or typed beneath it.",
    "batch": "Follow the whole training batch at once: all training rows.",
}
NO_POINT = "Click a point in the boundary first."
CHECK_HELP = (
    "Compare the gradients of all weights and biases with measured slopes of the loss: is backpropagation right?"
)
EXPORT_HELP = "Copy or save the picture of the network, or its weights"
PARTS = {"train": "training", "validation": "validation", "test": "test"}
UNREADY = "There is no network yet: load some data."
JOB = "gradient check"
ROW_WIDTH = 72  # pixels of the field for the row
FLAT = 420  # pixels of height beneath which the panel does without the sentence on the step


class RowBox(QSpinBox):
    """The number of a row; the wheel turns it only while it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the panel, not the row, unless it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ArrowlessButton(QToolButton):
    """A button that leaves the arrow keys to the panel."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass the arrows on."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)


class MathView(QWidget):
    """Follows the weights that are looked at; while training it looks now and then, and only where it is seen."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.step = 0
        self.trace: Trace | None = None
        self.result: GradientCheck | None = None
        self._inputs: tuple[Any, ...] = ()
        self._subject: tuple[Any, ...] = ()  # what a gradient check holds for, but for the epoch
        self._traced_at, self._cost = -SECONDS, 0.0
        self._behind = False  # whether the state went on while this was not seen
        self.steps = StepBar(tuple(info.name for info in STEPS), tuple(info.help for info in STEPS), self)
        self.back = self._button("‹ Back", "The step before (Left)", self._step_back)
        self.next = self._button("Next ›", "The next step (Right)", self._step_on)
        self.check_button = self._button("Check gradients", CHECK_HELP, self._check)
        self.once_more = self._button("Train one epoch", "Take this step for real, then look again", self._once_more)
        self.samples = Segments(SAMPLES, "row", SAMPLE_HELP, self)
        self.row = RowBox(self)
        self.diagram = NetworkDiagram(self)
        self.export_button = ExportButton(
            self.diagram, self.diagram.figures, "network", recolour=self.diagram.recolour, help=EXPORT_HELP, parent=self
        )
        self.export_button.failed.connect(self._tell)
        self.title, self.help = plain_label(), plain_label(muted=True, wrap=True)
        self.subject, self.notes = plain_label(wrap=True), plain_label(muted=True, wrap=True)
        self.check_result = plain_label(wrap=True)
        self.sentence = plain_label(UNREADY, muted=True, wrap=True)
        self.cards: list[QuantityCard] = []
        self._build()
        self.steps.chosen.connect(self.go_to)
        self.samples.chosen.connect(self._refresh)
        self.row.valueChanged.connect(self._row_chosen)
        self.diagram.hovered.connect(self.show_mark)
        studio.store.changed.connect(self.render)
        self.go_to(0)

    def _button(self, text: str, help_text: str, slot: Any) -> QToolButton:
        button = ArrowlessButton(self)
        button.setText(text)
        button.setToolTip(tooltip(help_text))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        return button

    def _build(self) -> None:
        half = theme.UNIT // 2
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(self.steps)
        self.row.setObjectName("row")
        self.row.setRange(1, 1)
        self.row.setMaximumWidth(ROW_WIDTH)
        self.row.setAccessibleName("Row of the data")
        self.row.setToolTip(tooltip("Which row of the data is followed, counted from 1"))
        self.row.setKeyboardTracking(False)
        self.check_result.hide()
        self._set_fonts()
        top, middle = QHBoxLayout(), QHBoxLayout()
        for line in (top, middle):
            line.setSpacing(theme.UNIT)
        top.addWidget(self.back)
        top.addWidget(self.steps, 1)
        top.addWidget(self.next)
        middle.addWidget(self.samples)
        middle.addWidget(self.row)
        middle.addStretch(1)
        middle.addWidget(self.check_button)

        self._list = QVBoxLayout()
        self._list.setSpacing(theme.UNIT)
        body = QWidget(self)
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, theme.UNIT, theme.UNIT)
        inner.setSpacing(half)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.export_button)
        inner.addLayout(head)
        for label in (self.help, self.subject, self.notes):
            inner.addWidget(label)
        inner.addSpacing(half)
        inner.addLayout(self._list)
        inner.addWidget(self.once_more, 0, Qt.AlignmentFlag.AlignLeft)
        inner.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setWidget(body)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # always there: a heat map's height depends on its width, and must not go to and fro with a scroll bar
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, half, theme.UNIT, half)
        layout.setSpacing(half)
        layout.addLayout(top)
        layout.addLayout(middle)
        layout.addWidget(self.check_result)
        layout.addWidget(self.diagram)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.sentence, 1)

    def _set_fonts(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        for label in (self.subject, self.check_result):
            label.setFont(theme.number_font())

    def sizeHint(self) -> QSize:
        """What a dock gives it."""
        return QSize(420, 330)

    # --- state → panel -------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Follow the pass anew when the weights, the settings or the sample are others."""
        state = state.as_seen()
        run = state.run
        inputs = (
            None if run is None else run.snapshot,
            None if run is None else run.experiment,
            None if run is None else run.prepared,
            run is not None and run.active,
            state.probe,
            self.samples.value,
            self.row.value(),
        )
        if same(inputs, self._inputs):
            return
        if not self._is_seen():
            self._behind = True
            return
        if run is not None and run.active and monotonic() - self._traced_at < max(SECONDS, self._cost / SHARE):
            return
        self._inputs, self._behind = inputs, False
        self._follow(state, run)

    def _is_seen(self) -> bool:
        return self.isVisible() and not self.visibleRegion().isEmpty()  # a dock behind another is "visible" too

    def _follow(self, state: State, run: Run | None) -> None:
        self._show_what_there_is(run is not None)
        if run is None:
            self.trace = None
            return
        self._offer_samples(state, run)
        start = monotonic()
        sample = self._sample(state, run)
        subject = (run.prepared, run.experiment.model, self.samples.value, self.row.value(), state.probe)
        is_present = state.seen_past is None
        checkpoint = self._studio.checkpoint() if is_present and not run.active else None
        self.trace = trace(run.experiment, run.prepared, run.snapshot.params, sample, checkpoint)
        self._traced_at, self._cost = monotonic(), monotonic() - start
        if not same(subject, self._subject):
            self._subject, self.result = subject, None
            self.check_result.hide()
        self._draw(run)

    def _show_what_there_is(self, there: bool) -> None:
        for widget in (self.diagram, self.area, self.check_button, self.samples, self.row):
            widget.setVisible(there)
        self.sentence.setVisible(not there)

    def _offer_samples(self, state: State, run: Run) -> None:
        point = self.samples.buttons["point"]
        point.setEnabled(state.probe is not None)
        point.setToolTip(tooltip(SAMPLE_HELP["point"] if state.probe is not None else NO_POINT))
        if state.probe is None and self.samples.value == "point":
            self.samples.value = "row"
            self.samples.buttons["row"].setChecked(True)
        rows = run.prepared.dataset.rows
        if self.row.maximum() != rows:
            self.row.blockSignals(True)  # a range is no gesture
            self.row.setRange(1, rows)
            self.row.blockSignals(False)
        self.row.setVisible(self.samples.value == "row")

    def _sample(self, state: State, run: Run) -> Part:
        if self.samples.value == "batch":
            return training_batch(run.prepared, run.snapshot.params)
        if self.samples.value == "point" and state.probe is not None:
            return point_sample(run.prepared, state.probe)
        return row_sample(run.prepared, self.row.value() - 1)

    def _draw(self, run: Run) -> None:
        made = self.trace
        if made is None:
            return
        names, data = Names(made), run.prepared.dataset
        hidden = [f"{len(units):,} units" for units in made.activity[1:-1]]
        captions = (f"{run.prepared.input_count:,} inputs", *hidden, f"{data.classes:,} classes")
        self.diagram.show_network(made.params, made.activity, names.unit, captions)
        self.subject.setText(self._subject_text(run, made))
        notes = list(made.notes)
        if self.samples.value == "point":
            true = data.class_names[made.batch.y[0]]
            notes.append(f"A clicked point has no true class; that of the nearest training row is taken: {true}.")
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
        self._draw_step()

    def _subject_text(self, run: Run, made: Trace) -> str:
        epoch, classes = f"epoch {run.snapshot.epoch:,}", run.prepared.dataset.class_names
        loss = f"J = {number(made.before.loss)}"
        if self.samples.value == "batch":
            return f"{len(made.batch):,} training rows · {loss} · {made.before.correct:,} right · {epoch}"
        y_hat = made["y_hat"].values[0]
        guess = f"{classes[int(y_hat.argmax())]} {100 * y_hat.max():.1f} %"
        what = "The point"
        if self.samples.value == "row":
            row = self.row.value() - 1
            part = next((words for name, words in PARTS.items() if row in run.prepared.parts[name].rows), "")
            what = f"Row {row + 1:,} ({part})"
        return f"{what} · truly {classes[made.batch.y[0]]} · predicted {guess} · {loss} · {epoch}"

    def _draw_step(self) -> None:
        made = self.trace
        if made is None:
            return
        quantities = made.steps[self.step]
        while len(self.cards) < len(quantities):
            card = QuantityCard(self._report, self)
            card.hovered.connect(self.show_mark)
            self._list.addWidget(card)
            self.cards.append(card)
        for index, card in enumerate(self.cards):
            if index < len(quantities):
                card.show_quantity(made, quantities[index])
            card.setVisible(index < len(quantities))
        self.once_more.setVisible(self.step == len(STEPS) - 1)
        state = self._studio.store.state
        self.once_more.setEnabled(state.run is not None and not state.run.active and state.seen_past is None)

    @Slot(object)
    def show_mark(self, mark: Mark | None) -> None:
        """Make a unit or a weight stand out in the picture and in every card."""
        self.diagram.show_mark(mark)
        for card in self.cards:
            if card.isVisibleTo(self):
                card.show_mark(mark)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture takes a fifth of the height."""
        super().resizeEvent(event)
        self.diagram.setFixedHeight(min(170, max(78, self.height() // 5)))
        self.help.setVisible(self.height() >= FLAT)  # where there is little room, the title's tooltip says it

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with the state."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._refresh)  # its region is known only afterwards

    def paintEvent(self, event: QPaintEvent) -> None:
        """Catch up where the dock has come to the front."""
        super().paintEvent(event)
        if self._behind:
            self._behind = False
            QTimer.singleShot(0, self, self._refresh)

    def changeEvent(self, event: QEvent) -> None:
        """Take over the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._set_fonts()

    # --- gestures ------------------------------------------------------------------------------------------

    @Slot(int)
    def go_to(self, step: int) -> None:
        """Show a step, from 0."""
        if not 0 <= step < len(STEPS):
            return
        self.step = step
        self.steps.show_step(step)
        self.back.setEnabled(step > 0)
        self.next.setEnabled(step < len(STEPS) - 1)
        self.title.setText(f"{step + 1}  {STEPS[step].title}")
        self.help.setText(STEPS[step].help)
        self.title.setToolTip(tooltip(STEPS[step].help))
        self.show_mark(None)
        self._draw_step()
        self.area.verticalScrollBar().setValue(0)

    @Slot()
    def _step_back(self) -> None:
        self.go_to(self.step - 1)
        self._take_keys()

    @Slot()
    def _step_on(self) -> None:
        self.go_to(self.step + 1)
        self._take_keys()

    def _take_keys(self) -> None:
        """After a click the arrow keys go on from here; a button reached with Tab keeps them itself."""
        if not isinstance(self.focusWidget(), QAbstractButton):
            self.steps.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right, wherever in the panel nothing else takes them."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.go_to(self.step + (1 if event.key() == Qt.Key.Key_Right else -1))
        else:
            super().keyPressEvent(event)

    @Slot(int)
    def _row_chosen(self, _row: int) -> None:
        self._refresh()

    @Slot()
    @Slot(str)
    def _refresh(self, _choice: str = "") -> None:
        self._traced_at = -SECONDS  # what a person asks for does not wait
        self.render(self._studio.store.state)

    @Slot()
    def _once_more(self) -> None:
        self._studio.step()
        self.go_to(1)

    # --- the gradient check --------------------------------------------------------------------------------

    @Slot()
    def _check(self) -> None:
        made, run = self.trace, self._studio.store.state.as_seen().run
        if made is None or run is None:
            return
        self.check_button.setEnabled(False)
        self._say("Comparing the gradients with measured slopes …")
        epoch = run.snapshot.epoch
        self._studio.jobs.start(
            JOB,
            lambda: gradient_check(made.experiment, made.prepared, made.params, made.batch, interrupted),
            partial(self._checked, self._subject, epoch, Names(made)),
            self._check_failed,
        )

    def _checked(self, subject: tuple[Any, ...], epoch: int, names: Names, result: GradientCheck) -> None:
        self.check_button.setEnabled(True)
        if subject is not self._subject:
            self.check_result.hide()
            return
        self.result = result
        self._say(check_text(result, names, epoch))

    def _check_failed(self, sentence: str) -> None:
        self.check_button.setEnabled(True)
        self._say(sentence)

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    @Slot(str)
    def _tell(self, sentence: str) -> None:
        self._report(sentence, True)

    def _say(self, sentence: str) -> None:
        self.check_result.setText(sentence)
        self.check_result.show()


def same(new: tuple[Any, ...], old: tuple[Any, ...]) -> bool:
    """Whether two tuples hold the same objects, or equal values; arrays count as the same only as objects."""
    return len(new) == len(old) and all(
        one is other or (not isinstance(one, np.ndarray) and not isinstance(other, np.ndarray) and one == other)
        for one, other in zip(new, old, strict=True)
    )


def check_text(result: GradientCheck, names: Names, epoch: int) -> str:
    """The outcome of a gradient check in words."""
    if not result.checked:
        return "Nothing could be compared: every entry depends on a unit that is just switching."
    source = f"{names.unit(result.layer - 1, result.index[0])} → " if result.kind == "W" else ""
    where = f"d{result.kind}{subscript(result.layer)}[{source}{names.unit(result.layer, result.index[-1])}]"
    verdict = "✓ Gradients are right" if result.passed else "✗ Gradients differ"
    text = (
        f"{verdict}: worst relative error {number(result.worst.error, 2)} at {where}, "
        f"{result.checked:,} of {result.parameters:,} compared, epoch {epoch:,}."
    )
    if result.left_out:
        rows = "1 row" if result.left_out == 1 else f"{result.left_out:,} rows"
        text += f" Left out: {rows} with a unit just switching (|z| < 0.0001)."
    if result.skipped:
        text += f" Passed over: {result.skipped:,} that depend on a unit just switching (|z| < 0.0001)."
    return text
