"""How well the network does: scores of each class and the confusion matrix, for one share of the rows."""

import re

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from mlp_studio.core.dataset import Floats, Ints
from mlp_studio.core.evaluate import PartScores
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.segments import Segments
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu, TableView, bold
from mlp_studio.ui.store import Cell, Evaluation, Run, State
from mlp_studio.ui.studio import Studio

PARTS = {"train": "Train", "validation": "Validation", "test": "Test"}
PART_HELP = {
    "train": "Judge the network on the rows that it learned from.",
    "validation": "Judge the network on the rows that were watched while it learned.",
    "test": "Judge the network on the rows that were kept back: how well it does on what it has never seen.",
}
PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}
MODES = {"counts": "Counts", "truth": "% of truth", "predicted": "% of predicted"}
MODE_HELP = {
    "counts": "How many rows of each class were taken for each class.",
    "truth": "The rows of a class in percent by what they were taken for: rows add up to 100.",
    "predicted": "The rows taken for a class in percent by what they truly are: columns add up to 100.",
}
ACCURACY_TIP = "Accuracy is the share of all rows whose class the network gets right."
SCORES = (
    Heading(
        "Precision",
        "Precision is the share of the rows predicted as a class that truly belong to it.",
        ".3f",
        brief="Prec.",
    ),
    Heading(
        "Recall",
        "Recall is the share of the rows that truly belong to a class that the network finds.",
        ".3f",
        brief="Rec.",
    ),
    Heading("F1", "F1 is the harmonic mean of precision and recall, high only where both are high.", ".3f"),
)
SUPPORT_TIP = "Support is the number of rows that truly belong to a class."
WEIGHTED = Heading(
    "Weighted", "Weighted is the mean over the classes in which each counts by its support.", strong=True
)
MACRO = Heading(
    "Macro",
    "Macro is the plain mean over the classes, in which rare ones count as much as common ones.",
    strong=True,
)
UNTRAINED = "Train the network to see how well it does."


class EvaluationPanel(QWidget):
    """Shows the run's evaluation; a click on a cell of the confusion matrix makes its points stand out."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._evaluation: Evaluation | None = None
        self._run: Run | None = None
        self._cell: Cell | None = None
        self.parts = Segments(PARTS, "test", PART_HELP, self)
        self.modes = Segments(MODES, "counts", MODE_HELP, self)
        self.accuracy = plain_label()
        self.summary = plain_label(muted=True)
        self.sentence = plain_label(UNTRAINED, muted=True, wrap=True)
        self.scores = TableView("Scores of each class", parent=self)
        self.matrix = TableView("Confusion matrix", choosable=True, parent=self)
        self.scores_menu = TableMenu(self._scores_copy, self._scores_name, self._report, self)
        self.matrix_menu = TableMenu(lambda: self._shown(self.matrix), self._matrix_name, self._report, self)
        self.scores_menu.serve(self.scores)
        self.matrix_menu.serve(self.matrix)
        self._build()
        self.parts.chosen.connect(self._redraw)
        self.modes.chosen.connect(self._redraw)
        self.matrix.chosen.connect(self._choose)
        studio.store.changed.connect(self.render)
        self._redraw()
        self.render(studio.store.state)

    def _build(self) -> None:
        half = theme.UNIT // 2
        self._set_fonts()
        self.accuracy.setToolTip(tooltip(ACCURACY_TIP))
        caption = plain_label("accuracy", muted=True)
        caption.setToolTip(tooltip(ACCURACY_TIP))
        self._headline = QWidget(self)
        headline = _row(self._headline, caption, self.accuracy)
        headline.setSpacing(theme.UNIT)
        top = QHBoxLayout()
        top.addWidget(self.parts)
        top.addStretch(1)
        top.addWidget(self._headline)

        figures = QWidget(self)
        body = QVBoxLayout(figures)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(half)
        middle = QHBoxLayout()
        middle.addWidget(self.summary, 1)
        middle.addWidget(self.scores_menu)
        body.addLayout(middle)
        body.addWidget(self.scores)
        body.addSpacing(half)
        below = QHBoxLayout()
        below.addWidget(self.modes)
        below.addStretch(1)
        below.addWidget(self.matrix_menu)
        body.addLayout(below)
        body.addWidget(self.matrix)
        body.addStretch(1)

        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.sentence)
        self.pages.addWidget(figures)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, theme.UNIT // 2)
        layout.setSpacing(half)
        layout.addLayout(top)
        layout.addWidget(self.pages, 1)

    def _set_fonts(self) -> None:
        font = bold(theme.number_font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setWeight(QFont.Weight.DemiBold)
        self.accuracy.setFont(font)
        self.summary.setFont(theme.number_font())

    def sizeHint(self) -> QSize:
        """What a dock gives it, however many classes there are."""
        return QSize(420, 330)

    # --- state → panel -------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the evaluation of the weights that are shown."""
        run = state.as_seen().run
        evaluation = run.evaluation if run is not None else None
        self._run = run
        if evaluation is not self._evaluation:
            self._evaluation, self._cell = evaluation, state.cell
            self._redraw()
        elif state.cell is not self._cell:
            self._cell = state.cell
            self._mark()

    @Slot()
    def _redraw(self) -> None:
        scores = self._scores()
        if scores is None or not scores.samples:
            self._headline.hide()
            self.sentence.setText(self._what_is_missing())
            self.pages.setCurrentIndex(0)
            return
        assert self._run is not None  # noqa: S101 - there are no scores without a run
        assert self._evaluation is not None  # noqa: S101
        names = self._run.prepared.dataset.class_names
        self.accuracy.setText(f"{scores.accuracy:.3f}")
        rows = "1 row" if scores.samples == 1 else f"{scores.samples:,} rows"
        self.summary.setText(f"{rows} · epoch {self._evaluation.epoch:,}")
        self.scores.show_table(score_table(scores, names))
        self.matrix.show_table(confusion_table(scores, names, self.modes.value, self.parts.value))
        self._mark()
        self._headline.show()
        self.pages.setCurrentIndex(1)

    def _scores(self) -> PartScores | None:
        return None if self._evaluation is None else self._evaluation.parts[self.parts.value]

    def _what_is_missing(self) -> str:
        if self._evaluation is None:
            return UNTRAINED
        words = PART_WORDS[self.parts.value]
        return f"There are no {words} rows: give them a share of the data to see how well the network does."

    def _mark(self) -> None:
        cell = self._cell
        here = cell is not None and cell.part == self.parts.value
        self.matrix.mark((cell.truth, cell.predicted) if cell is not None and here else None)

    # --- panel → intents -----------------------------------------------------------------------------------

    @Slot(int, int)
    def _choose(self, truth: int, predicted: int) -> None:
        self._studio.select(Cell(self.parts.value, truth, predicted))

    def copy_classes(self) -> None:
        """Put the scores of the classes on the clipboard."""
        self.scores_menu.copy_as_tsv()

    def _scores_copy(self) -> Table | None:
        scores = self._scores()
        shown = self._shown(self.scores)
        return None if scores is None or shown is None else with_accuracy(shown, scores)

    def _shown(self, view: TableView) -> Table | None:
        return view.table if self.pages.currentIndex() == 1 else None

    def _scores_name(self) -> str:
        return f"scores-{self.parts.value}"

    def _matrix_name(self) -> str:
        return f"confusion-matrix-{self.parts.value}"

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    def changeEvent(self, event: QEvent) -> None:
        """Take over the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._set_fonts()


def _row(holder: QWidget, *labels: QLabel) -> QHBoxLayout:
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    for label in labels:
        row.addWidget(label, 0, Qt.AlignmentFlag.AlignBaseline)
    return row


def class_headings(names: tuple[str, ...]) -> tuple[Heading, ...]:
    """A row heading for each class, with its marker."""
    return tuple(Heading(name, marker=index) for index, name in enumerate(names))


def score_table(scores: PartScores, names: tuple[str, ...]) -> Table:
    """The averages, then precision, recall, F1 and support of each class."""
    support = Heading("Support", SUPPORT_TIP, ",d", widest=f"{scores.samples:,}", brief="Rows")
    averages = [(mean.precision, mean.recall, mean.f1, scores.samples) for mean in (scores.weighted, scores.macro)]
    classes = zip(
        scores.precision.tolist(),
        scores.recall.tolist(),
        scores.f1.tolist(),
        scores.support.tolist(),
        strict=True,
    )
    rows = (WEIGHTED, MACRO, *class_headings(names))
    return Table("", rows, (*SCORES, support), [*averages, *classes])


def with_accuracy(table: Table, scores: PartScores) -> Table:
    """The table for a copy, which has no headline: the accuracy comes first, in the column of F1."""
    rows = (Heading("Accuracy"), *table.rows)
    cells = [("", "", scores.accuracy, scores.samples), *table.cells]
    return Table("Class", rows, table.columns, cells)


def confusion_table(scores: PartScores, names: tuple[str, ...], mode: str, part: str) -> Table:
    """The confusion matrix as counts, or as % of the "truth" (rows) or of what was "predicted" (columns)."""
    counts = scores.confusion
    cells = counts if mode == "counts" else percentages(counts, axis=1 if mode == "truth" else 0)
    most = counts.max() if mode == "counts" else 100.0
    figures, widest = (",d", f"{scores.support.max():,}") if mode == "counts" else (".1f", "100.0")
    columns = tuple(
        Heading(name, f"Predicted as {name}", figures, index, widest=widest, brief=brief)
        for index, (name, brief) in enumerate(zip(names, brief_names(names), strict=True))
    )
    rows = tuple(Heading(name, f"Truly {name}", marker=index) for index, name in enumerate(names))

    def tip(truth: int, predicted: int) -> str:
        count = counts[truth, predicted]
        is_right = "rightly" if truth == predicted else "wrongly"
        rows = "1 row" if count == 1 else f"{count:,} rows"
        return (
            f"{rows} of {names[truth]} {is_right} predicted as {names[predicted]} "
            f"({PART_WORDS[part]}). Click to make these points stand out; click again to end it."
        )

    return Table("truth ↓  predicted →", rows, columns, cells, np.nan_to_num(cells / max(most, 1)), tip)


def brief_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What tells the classes apart: "class 7" and "class 12" are "7" and "12"; "" where they begin differently."""
    first = re.match(r".*[\s_-]", names[0])  # up to its last word
    start = first[0] if first is not None else ""
    alike = bool(start) and all(name.startswith(start) for name in names)
    return tuple(name.removeprefix(start) if alike else "" for name in names)


def percentages(counts: Ints, axis: int) -> Floats:
    """Counts as percentages of their sum along `axis`; not a number where that is 0."""
    totals = np.broadcast_to(counts.sum(axis=axis, keepdims=True), counts.shape)
    shares = np.full(counts.shape, np.nan)
    np.divide(100.0 * counts, totals, out=shares, where=totals > 0)
    return shares
