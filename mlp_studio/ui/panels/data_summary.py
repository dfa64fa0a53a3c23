"""What was loaded: first rows, classes, the split, and what scaling made of the features."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset, Floats
from mlp_studio.core.prepare import Prepared
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.segments import Segments
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu, TableView, bold
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio

VIEWS = {"rows": "First rows", "classes": "Classes", "split": "Split", "scaling": "Scaling"}
VIEW_HELP = {
    "rows": "The first rows of the data, in original units.",
    "classes": "How many rows each class has, in all and in each share, and its weight in the loss.",
    "split": "How many rows are used to train, to watch and to test.",
    "scaling": "Mean and spread of each feature after scaling, and the scaler's own figures.",
}
FIRST_ROWS = 10
QUICK_VALUES = 1_000_000  # feature values up to this many are averaged within a frame, so no thread is needed
NOTE_LINES = 4
NOTHING = "No data yet: choose a source, or open a table of your own."
SHARES = {"train": "Training", "validation": "Validation", "test": "Test"}


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Mean and standard deviation of each feature in each share, after scaling: name → (D,)."""

    prepared: Prepared
    mean: dict[str, Floats]
    deviation: dict[str, Floats]


class Name(QLabel):
    """A name of any length on one line, cut where there is no room for it; the tooltip has it whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_name(self, name: str) -> None:
        """Show this name."""
        self.setText(name)
        self.setToolTip(tooltip(name))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As much of the text as there is room for."""
        painter = QPainter(self)
        line = " ".join(self.text().split())
        shown = self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideMiddle, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class Notes(QPlainTextEdit):
    """Sentences about the data, as plain text, a few lines high; more are scrolled to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Notes about the data")
        self.document().setDocumentMargin(0)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)

    def show_notes(self, notes: Iterable[str]) -> None:
        """Show these sentences, one a line."""
        text = "\n".join(notes)
        self.setVisible(bool(text))
        if text != self.toPlainText():
            self.setPlainText(text)
            self._fit()

    def _fit(self) -> None:
        lines = min(NOTE_LINES, max(1, round(self.document().size().height())))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the lines elsewhere."""
        super().resizeEvent(event)
        self._fit()


class DataSummaryPanel(QWidget):
    """Shows the loaded data: a headline, notes, and one of four tables.

    `export_wanted`: all rows are to be saved. `import_wanted`: it is to be chosen again how their file is read.
    """

    export_wanted = Signal()
    import_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._prepared: Prepared | None = None
        self._is_behind = False  # the table is one of earlier data
        self._split: SplitConfig | None = None
        self._spread: Spread | None = None
        self.name = Name(self)
        self.shape = plain_label(muted=True)
        self.export_button = QPushButton("Export all rows …", self)
        self.export_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.export_button.setToolTip(tooltip("Save every row, in original units, as a CSV file."))
        self.export_button.clicked.connect(self.export_wanted)
        self.import_button = QPushButton("Change import …", self)
        self.import_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.import_button.setToolTip(tooltip("Choose again how the file is read and what its columns are for."))
        self.import_button.clicked.connect(self.import_wanted)
        self.notes = Notes(self)
        self.sentence = plain_label(NOTHING, muted=True, wrap=True)
        self.views = Segments(VIEWS, "rows", VIEW_HELP, self)
        self.caption = plain_label(muted=True, wrap=True)
        self.view = TableView("Data", parent=self)
        self.menu = TableMenu(lambda: self.view.table, lambda: f"data-{self.views.value}", self._report, self)
        self.menu.serve(self.view)
        self._build()
        self.views.chosen.connect(self._show_view)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def _build(self) -> None:
        half = theme.UNIT // 2
        self._set_fonts()
        self.shape.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        choice = QHBoxLayout()
        choice.addWidget(self.views)
        choice.addStretch(1)
        choice.addWidget(self.menu)
        page = QWidget(self)
        body = QVBoxLayout(page)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(half)
        headline = QGridLayout()
        headline.setHorizontalSpacing(theme.UNIT)
        headline.setVerticalSpacing(half)
        headline.setColumnStretch(0, 1)
        headline.addWidget(self.name, 0, 0)
        headline.addWidget(self.export_button, 0, 1)
        headline.addWidget(self.shape, 1, 0, 1, 2)  # 1,000,000 rows × 100 features need the whole width
        headline.addWidget(self.import_button, 2, 1)
        body.addLayout(headline)
        body.addWidget(self.notes)
        body.addSpacing(half)
        body.addLayout(choice)
        body.addWidget(self.caption)
        body.addWidget(self.view)
        body.addStretch(1)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.sentence)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, half, theme.UNIT, half)
        layout.addWidget(self.pages)

    def _set_fonts(self) -> None:
        font = bold(theme.number_font())
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.name.setFont(font)
        self.shape.setFont(theme.number_font())

    def sizeHint(self) -> QSize:
        """What a dock gives it, however many rows the table has."""
        return QSize(420, 330)

    # --- state → panel -------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the state's data."""
        if state.prepared is self._prepared:
            return
        self._prepared, self._split = state.prepared, state.experiment.split
        if self._prepared is None:
            self.pages.setCurrentIndex(0)
            return
        data = self._prepared.dataset
        self.name.show_name(data.name)
        self.shape.setText(shape_text(data))
        self.notes.show_notes((*data.notes, *self._prepared.notes))
        self.import_button.setVisible(state.experiment.data.source == "file")
        self.pages.setCurrentIndex(1)
        self._is_behind = not self.isVisible()  # the table of wide data takes long: it waits until somebody looks
        if not self._is_behind:
            self._show_view()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with the data that came while it was hidden."""
        super().showEvent(event)
        if self._is_behind:
            self._is_behind = False
            self._show_view()

    @Slot()
    def _show_view(self) -> None:
        prepared, split = self._prepared, self._split
        if prepared is None or split is None:
            return
        view = self.views.value
        if view == "scaling":
            self._show_scaling(prepared, split)
            return
        if view == "rows":
            shown = min(FIRST_ROWS, prepared.dataset.rows)
            caption = f"The first {shown} of {prepared.dataset.rows:,} rows, in original units."
            table = first_rows(prepared.dataset)
        elif view == "classes":
            caption = weight_text(prepared)
            table = class_table(prepared)
        else:
            how = "shuffled, each class shared out alike" if split.stratify else "shuffled"
            caption = f"The rows are {how}."
            table = split_table(prepared)
        self.caption.setText(caption)
        self.view.show_table(table)

    def _show_scaling(self, prepared: Prepared, split: SplitConfig) -> None:
        if split.standardize:
            caption = "Scaled by the mean and spread of the training rows."
        else:
            caption = "Standardise is off: the network sees the original values."
        self.caption.setText(caption)
        if self._spread is None or self._spread.prepared is not prepared:
            self._spread = None
            if prepared.dataset.X.size <= QUICK_VALUES:
                self._spread = spread_of(prepared)
            else:
                self._studio.jobs.start(
                    "feature spread",
                    lambda: spread_of(prepared),
                    self._take_spread,
                    lambda text: self._report(text, True),
                )
        self.view.show_table(scaling_table(prepared, self._spread))

    def _take_spread(self, spread: Spread) -> None:
        if spread.prepared is self._prepared:
            self._spread = spread
            if self.views.value == "scaling":
                self.view.show_table(scaling_table(spread.prepared, spread))

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    def changeEvent(self, event: QEvent) -> None:
        """Take over the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._set_fonts()


# --- the tables -------------------------------------------------------------------------------------------


def counted(number: int, thing: str, things: str) -> str:
    """A number with its noun."""
    return f"{number:,} {thing if number == 1 else things}"


def shape_text(data: Dataset) -> str:
    """Rows × features, classes."""
    rows, features = counted(data.rows, "row", "rows"), counted(data.features, "feature", "features")
    return f"{rows} × {features}, {counted(data.classes, 'class', 'classes')}"


def weight_text(prepared: Prepared) -> str:
    """What the class weights are, in a sentence."""
    if prepared.class_weights is None:
        return "Class weights are off: every row counts the same."
    return "The weight of a class is 1 / its training rows."


def first_rows(data: Dataset) -> Table:
    """The label and the features of the first rows."""
    X, y = data.X[:FIRST_ROWS], data.y[:FIRST_ROWS]
    columns = tuple(Heading(name, figures=format_for(X[:, column])) for column, name in enumerate(data.feature_names))
    rows = tuple(Heading(data.class_names[label], marker=int(label)) for label in y)
    return Table("Class", rows, columns, X.tolist())


def format_for(values: Floats) -> str:
    """The format that shows a column of figures to five digits, with no more decimals than they need."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest >= 1e9 or 0 < largest < 1e-3:
        return ".4g"
    whole_digits = 1 + max(0, math.floor(math.log10(largest))) if largest else 1
    most = max(0, 5 - whole_digits)
    few = values.tolist()  # figures of Python's own: of so few, NumPy takes ten times as long
    decimals = next((d for d in range(most) if all(round(value, d) == value for value in few)), most)
    return f"z,.{decimals}f"


def class_table(prepared: Prepared) -> Table:
    """Label code, rows in all and in each share, and weight of each class."""
    data = prepared.dataset
    counts = [
        data.class_counts(),
        *(np.bincount(part.y, minlength=data.classes) for part in prepared.parts.values()),
    ]
    columns = (
        Heading("Label", "The number that stands for the class in the computation.", ",d"),
        Heading("Rows", "Rows of the class in all.", ",d"),
        Heading("Train", "Rows of the class in training.", ",d"),
        Heading("Val.", "Rows of the class in validation.", ",d"),
        Heading("Test", "Rows of the class in test.", ",d"),
        Heading("Weight", weight_text(prepared), ".3g"),
    )
    weights = ["off"] * data.classes if prepared.class_weights is None else prepared.class_weights.tolist()
    rows = tuple(Heading(name, marker=index) for index, name in enumerate(data.class_names))
    cells = [(index, *(int(count[index]) for count in counts), weight) for index, weight in enumerate(weights)]
    return Table("Class", rows, columns, cells)


def split_table(prepared: Prepared) -> Table:
    """Rows and share of training, validation and test."""
    rows = tuple(Heading(SHARES[name]) for name in prepared.parts)
    sizes = [len(part) for part in prepared.parts.values()]
    total = sum(sizes)
    columns = (
        Heading("Rows", "How many rows there are.", ",d"),
        Heading("% of rows", "The share of all rows, in percent.", ".1f"),
    )
    cells = [(size, 100 * size / total) for size in (*sizes, total)]
    return Table("", (*rows, Heading("All", strong=True)), columns, cells)


def spread_of(prepared: Prepared) -> Spread:
    """Mean and standard deviation of the scaled inputs; not a number for a share without rows."""
    nothing = np.full(prepared.input_count, np.nan)
    filled = {name: part.X if len(part) else None for name, part in prepared.parts.items()}
    return Spread(
        prepared,
        {name: nothing if X is None else X.mean(axis=0) for name, X in filled.items()},
        {name: nothing if X is None else X.std(axis=0) for name, X in filled.items()},
    )


def scaling_table(prepared: Prepared, spread: Spread | None) -> Table:
    """For each feature mean and spread of each share after scaling, then the scaler's own figures.

    While `spread` is None, its figures are dots.
    """
    columns = _scaled_columns(prepared)
    rows: list[Heading] = []
    cells: list[list[object]] = []
    for name in prepared.parts:
        where = f"of the {SHARES[name].lower()} rows, after scaling"
        rows.append(Heading(f"{SHARES[name]} mean", f"The mean {where}.", "z.3f"))
        rows.append(Heading(f"{SHARES[name]} spread", f"The standard deviation {where}.", "z.3f"))
        if spread is None:
            cells += [["…"] * len(columns)] * 2
        else:
            cells += [spread.mean[name].tolist(), spread.deviation[name].tolist()]
    rows.append(Heading("Scaler mean", "What is subtracted from each value, in original units.", strong=True))
    rows.append(Heading("Scaler scale", "What each value is then divided by, in original units.", strong=True))
    cells += [prepared.scaler.mean.tolist(), prepared.scaler.scale.tolist()]
    return Table("Input" if prepared.derived else "Feature", tuple(rows), columns, cells)


def _scaled_columns(prepared: Prepared) -> tuple[Heading, ...]:
    """A column for each feature, as wide as its figures whether they are known already or not."""
    columns = []
    figures = zip(prepared.input_names, prepared.scaler.mean, prepared.scaler.scale, strict=True)
    for name, mean, scale in figures:
        spec = format_for(np.array([mean, scale]))
        longest = max(len(text) for text in ("-0.000", format(mean, spec), format(scale, spec)))
        columns.append(Heading(name, figures=spec, widest="0" * longest))
    return tuple(columns)
