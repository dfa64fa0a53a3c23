"""The features: where the boundary's slice holds those that it does not show, and how important each of them is."""

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError
from mlp_studio.core.scene import Scene, Slice, held_values, holds_features
from mlp_studio.ui import theme
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.importance import NO_TEST_ROWS, REPEATS
from mlp_studio.ui.panels.held_list import HeldList
from mlp_studio.ui.panels.importance_bars import MEASURES, NOBODY, ImportanceBars, rank, ranking_table
from mlp_studio.ui.panels.segments import Segments
from mlp_studio.ui.panels.tables import Heading, Table, TableMenu
from mlp_studio.ui.store import State, Weighed
from mlp_studio.ui.studio import Studio

VIEWS = {"held": "Held values", "importance": "Importance"}
VIEW_HELP = {
    "held": "Move the slice along the features that are not on its axes.",
    "importance": "How much worse the network does on the test rows without what a feature says.",
}
MEASURE_HELP = {
    "accuracy": "How far the accuracy drops when the feature's values are dealt out anew among the test rows.",
    "loss": "How far the loss rises, in nats, when the feature's values are dealt out anew among the test rows.",
}
ALL_SHOWN = "The boundary shows all features of these data, so that none is held."
PRINCIPAL = "Principal components mix all features, so that none is held; show two features to hold the others."
EXPLAINED = f"Each feature in turn is shuffled among the test rows, {REPEATS} times; bars show mean and spread."


class HeldPage(QWidget):
    """Sliders for the features that the slice holds, or why there are none."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._listed: tuple[object, ...] = ()
        self._slice: Slice | None = None
        self.sentence = plain_label(ALL_SHOWN, muted=True, wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.show_columns = QPushButton("Show two features", self)
        self.show_columns.setToolTip(tooltip("Show the plane of two features instead of the principal components"))
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter features")
        self.filter.setAccessibleName("Filter features")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip(tooltip("List only the features whose name holds this text"))
        self.row = QSpinBox(self)
        self.row.setSpecialValueText("From row …")
        self.row.setPrefix("Row ")
        self.row.setKeyboardTracking(False)
        self.row.setAccessibleName("Row to take the values from")
        self.row.setToolTip(tooltip("Hold the features at their values in a row of the data"))
        self.means = QPushButton("Means", self)
        self.means.setToolTip(tooltip("Hold every feature at its mean in the training rows again"))
        self.list = HeldList(self)
        self.menu = TableMenu(self.table, lambda: "held-features", self._report, self, brief=True)
        self.menu.serve(self.list)
        self.caption = plain_label(muted=True, wrap=True)
        self.error = plain_label(wrap=True)
        self.error.hide()
        self._build()
        self.show_columns.clicked.connect(self._to_columns)
        self.filter.textChanged.connect(self._filtered)
        self.row.valueChanged.connect(self._take_row)
        self.means.clicked.connect(self._to_means)
        self.list.dragged.connect(studio.slicing.hold)
        self.list.typed.connect(self._typed)

    def _build(self) -> None:
        why = QWidget(self)
        column = QVBoxLayout(why)
        column.addStretch(1)
        column.addWidget(self.sentence)
        column.addWidget(self.show_columns, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        tools = QHBoxLayout()
        tools.setSpacing(theme.UNIT // 2)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.row)
        tools.addWidget(self.means)
        tools.addWidget(self.menu)
        held = QWidget(self)
        body = QVBoxLayout(held)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(theme.UNIT // 2)
        body.addLayout(tools)
        body.addWidget(self.caption)
        body.addWidget(self.error)
        body.addWidget(self.list, 1)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(why)
        self.pages.addWidget(held)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    def show_state(self, state: State) -> None:
        """Show where the state's slice holds its features."""
        scene, prepared = state.scene, state.prepared
        if scene is None or prepared is None or not holds_features(scene):
            is_wide = scene is not None and len(scene.mean) > 2
            self.sentence.setText(PRINCIPAL if is_wide else ALL_SHOWN)
            self.show_columns.setVisible(is_wide)
            self.pages.setCurrentIndex(0)
            self._listed = ()
            return
        listed = (prepared.dataset, scene.slice.columns, scene.points)
        if listed != self._listed:
            self._listed = listed
            self.row.blockSignals(True)
            self.row.setRange(0, prepared.dataset.rows)
            self.row.blockSignals(False)
            self._slice = None
            self._list(prepared.dataset, scene)
        if scene.slice != self._slice:
            self._slice = scene.slice
            self.error.hide()
            self.row.blockSignals(True)
            self.row.setValue(0 if scene.slice.held_row is None else scene.slice.held_row + 1)
            self.row.blockSignals(False)
            self.means.setEnabled(scene.slice.held is not None or scene.slice.held_row is not None)
            self.list.show_values(held_values(prepared, scene, scene.slice))
            self._say(scene, prepared.dataset)
        self.pages.setCurrentIndex(1)

    def table(self) -> Table | None:
        """Where the listed features are held, and their ranges, to be copied."""
        state = self._studio.store.state
        prepared, scene = state.prepared, state.scene
        if prepared is None or scene is None or not holds_features(scene):
            return None
        listed, names = self.list.features, prepared.dataset.feature_names
        held = held_values(prepared, scene, scene.slice)
        columns = tuple(Heading(title, figures=".6g") for title in ("Held at", "Mean", "Lowest", "Highest"))
        cells = np.stack([held, scene.mean, scene.low, scene.high], axis=1)[listed].tolist()
        return Table("Feature", tuple(Heading(names[feature]) for feature in listed), columns, cells)

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)

    def _list(self, data: Dataset, scene: Scene) -> None:
        sought = self.filter.text().strip().casefold()
        names = data.feature_names
        features = [
            feature
            for feature in range(data.features)
            if feature not in scene.slice.columns and sought in names[feature].casefold()
        ]
        self.list.show_features(names, scene.low, scene.high, features)

    def _say(self, scene: Scene, data: Dataset) -> None:
        where = "at their training means"
        if scene.slice.held is not None:
            where = "at values set here"
        elif scene.slice.held_row is not None:
            where = f"at the values of row {scene.slice.held_row + 1:,}"
        total, shown = data.features - 2, len(self.list.features)
        listed = "" if shown == total else f" · {shown:,} listed"
        text = f"{total:,} {'feature' if total == 1 else 'features'} held {where}{listed}"
        if text != self.caption.text():
            self.caption.setText(text)

    @Slot()
    def _filtered(self) -> None:
        state = self._studio.store.state
        if state.scene is not None and state.prepared is not None and holds_features(state.scene):
            self._list(state.prepared.dataset, state.scene)
            self.list.show_values(held_values(state.prepared, state.scene, state.scene.slice))
            self._say(state.scene, state.prepared.dataset)

    @Slot()
    def _to_columns(self) -> None:
        self._studio.slicing.choose(Slice("columns", self._studio.store.state.shown.slice.columns))

    @Slot()
    def _to_means(self) -> None:
        self._studio.slicing.hold_row(None)

    @Slot(int)
    def _take_row(self, number: int) -> None:
        self._studio.slicing.hold_row(number - 1 if number else None)

    @Slot(int, str)
    def _typed(self, feature: int, text: str) -> None:
        try:
            self._studio.slicing.hold_text(feature, text)
        except DataError as error:
            self.error.setText(str(error))
            self.error.show()
            row = self.list.row_of(feature)
            if row is not None:
                row.forget_typed()
        else:
            self.error.hide()


class ImportancePage(QWidget):
    """How important the features are, measured when it is asked for."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._weighed: Weighed | None = None
        self._names: tuple[str, ...] = ()
        self._epoch = 0
        self.measures = Segments(MEASURES, "accuracy", MEASURE_HELP, self)
        self.start = QPushButton("Measure", self)
        self.menu = TableMenu(self.table, lambda: "feature-importance", self._report, self)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.caption = plain_label(EXPLAINED, muted=True, wrap=True)
        self.bars = ImportanceBars(self)
        self.menu.serve(self.bars)
        top = QHBoxLayout()
        top.setSpacing(theme.UNIT // 2)
        top.addWidget(self.measures)
        top.addStretch(1)
        top.addWidget(self.start)
        top.addWidget(self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        layout.addLayout(top)
        layout.addWidget(self.progress)
        layout.addWidget(self.caption)
        layout.addWidget(self.bars, 1)
        keep = self.progress.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # nothing jumps when a measurement begins
        self.progress.setSizePolicy(keep)
        self.measures.chosen.connect(self._redraw)
        self.start.clicked.connect(self._pressed)

    def show_state(self, state: State) -> None:
        """Show the run's importance, and how far a measurement has got."""
        run = state.run
        measuring = run is not None and run.weighing is not None
        if run is not None and run.weighing is not None:
            self.progress.setValue(round(1000 * run.weighing))
        self.progress.setVisible(measuring)
        has_rows = run is not None and len(run.prepared.test) > 0
        self.start.setText("Cancel" if measuring else "Measure")
        self.start.setEnabled(has_rows)
        help_text = "End the measurement" if measuring else "Measure it with the present weights"
        self.start.setToolTip(tooltip(help_text if has_rows else NO_TEST_ROWS))
        weighed = run.weighed if run is not None else None
        self.menu.setEnabled(weighed is not None)
        self.menu.setToolTip(
            tooltip("Copy or save this table" if weighed is not None else "Nothing has been measured yet")
        )
        names = run.prepared.dataset.feature_names if run is not None else ()
        if weighed is not self._weighed or names != self._names:
            self._weighed, self._names = weighed, names
            self._redraw()
        self._say(run.snapshot.epoch if run is not None else 0)

    def _say(self, epoch: int) -> None:
        weighed, text = self._weighed, EXPLAINED
        if weighed is not None:
            figures = weighed.figures
            base = f"accuracy {figures.accuracy:.3f}" if self._by_accuracy else f"loss {figures.loss:.4g}"
            text = f"{figures.rows:,} test rows, {base} · weights of epoch {weighed.epoch:,}"
            if weighed.epoch != epoch:
                text += ", which have changed since"
        if text != self.caption.text():
            self.caption.setText(text)
            self.caption.setToolTip(tooltip(EXPLAINED))
        self._epoch = epoch

    @property
    def _by_accuracy(self) -> bool:
        return self.measures.value == "accuracy"

    @Slot()
    def _redraw(self) -> None:
        weighed = self._weighed
        self.bars.show_ranking(NOBODY if weighed is None else rank(self._names, weighed.figures, self.measures.value))
        self._say(self._epoch)

    def table(self) -> Table | None:
        """What is shown, as a table to copy."""
        return ranking_table(self.bars.ranking, self.measures.value) if self._weighed is not None else None

    @Slot()
    def _pressed(self) -> None:
        run = self._studio.store.state.run
        if run is not None and run.weighing is not None:
            self._studio.importance.cancel()
        else:
            self._studio.measure_importance()

    def _report(self, sentence: str, is_error: bool) -> None:
        self._studio.tell(sentence, is_error=is_error)


class FeaturesPanel(QWidget):
    """Two pages: where features are held, and how important they are. Nothing is drawn while it is hidden."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.views = Segments(VIEWS, "held", VIEW_HELP, self)
        self.held = HeldPage(studio, self)
        self.importance = ImportancePage(studio, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.held)
        self.pages.addWidget(self.importance)
        top = QHBoxLayout()
        top.addWidget(self.views)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, theme.UNIT // 2)
        layout.setSpacing(theme.UNIT // 2)
        layout.addLayout(top)
        layout.addWidget(self.pages, 1)
        self.views.chosen.connect(self._choose)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def sizeHint(self) -> QSize:
        """What a dock gives it, however many features there are."""
        return QSize(420, 330)

    @Slot(object)
    def render(self, state: State) -> None:
        """Bring the page in view up to the state."""
        if self.isHidden() or not self.isVisibleTo(self.window()):
            return
        if self.views.value == "held":
            self.held.show_state(state)
        else:
            self.importance.show_state(state)

    @Slot(str)
    def _choose(self, view: str) -> None:
        self.pages.setCurrentIndex(list(VIEWS).index(view))
        self.render(self._studio.store.state)

    def showEvent(self, event: QEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.render(self._studio.store.state)

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the bars when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.importance.bars.viewport().update()
