"""The decision boundary: what is shown of which rows, on which slice, in one picture or two."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.boundary import Box, Plane
from mlp_studio.core.dataset import Floats
from mlp_studio.core.palette import Colours
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.scene import Points, Scene, Slice
from mlp_studio.ui import theme
from mlp_studio.ui.form import mark, plain_label, tooltip
from mlp_studio.ui.icons import icon
from mlp_studio.ui.panels.legend import Legend
from mlp_studio.ui.panels.paint_bar import PaintBar
from mlp_studio.ui.plots.export import ExportButton
from mlp_studio.ui.plots.regions import FULL_SPREAD, RegionsPlot
from mlp_studio.ui.store import Evaluation, Painting, Run, Shown, State, Uncertainty
from mlp_studio.ui.studio import Studio

PART_LABELS = {"train": "Train", "validation": "Validation", "test": "Test"}
PART_HELP = {
    "train": "Show the points that the network learns from (small)",
    "validation": "Show the points that are watched while training (medium)",
    "test": "Show the points that are kept back for the final figures (large)",
}
UNCERTAINTY_HELP = "Veil the regions where the network's answer hangs on single units: the spread of dropout passes"
NO_DROPOUT = "Only for a network with dropout: set Dropout above 0, under Model"
UNCERTAINTY_CAPTION = "Grey: spread of {passes} passes with dropout on, from 0 (clear) to {full} (thickest)"
PAINT_HELP = "Add, erase and move points with the mouse; the network trains on them at once (P)"
ROOM_FOR_PAINT = 440  # pixels across: the legend, and every button with its name
ROOM_FOR_SLICE = 480  # pixels: beneath, the choice of a slice takes two rows
SIDES = ("train", "test")  # the pictures of the side-by-side view


class SquareHolder(QWidget):
    """Keeps the pictures square and as large as there is room for, beside or beneath one another."""

    def __init__(self, pictures: list[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        for picture in pictures:
            picture.setParent(self)
        self.setMinimumSize(240, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def add(self, picture: QWidget) -> None:
        """Place one more."""
        picture.setParent(self)
        self._pictures.append(picture)

    def arrange(self) -> None:
        """Place the visible pictures."""
        visible = [picture for picture in self._pictures if not picture.isHidden()]
        if not visible:
            return
        count = len(visible)
        beside, beneath = min(self.height(), self.width() // count), min(self.height() // count, self.width())
        side = max(beside, beneath)
        across, down = (count, 1) if beside >= beneath else (1, count)
        left, top = (self.width() - side * across) // 2, (self.height() - side * down) // 2
        for place, picture in enumerate(visible):
            picture.setGeometry(left + place % across * side, top + place // across * side, side, side)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Keep the pictures square."""
        self.arrange()


class SliceBar(QWidget):
    """Which plane of wide data is shown."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._prepared: Prepared | None = None
        self._nearest: int | None = None
        self.kind, self.across, self.upward, self.held = (QComboBox(self) for _ in range(4))
        for box, name, help_text in (
            (self.kind, "Slice", "Show the plane of two features, or of the first two principal components"),
            (self.across, "Feature across", "The feature along the horizontal axis"),
            (self.upward, "Feature upward", "The feature along the vertical axis"),
            (
                self.held,
                "Other features",
                "Where the features that are not shown are held: click a point to hold its row",
            ),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tooltip(help_text))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(4)
            box.activated.connect(self._chosen)
        self.kind.addItem("Two features", "columns")
        self.kind.addItem("Principal components", "principal")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(theme.UNIT)
        layout.setVerticalSpacing(theme.UNIT // 2)
        self._between = plain_label("×", muted=True)
        self._others = plain_label("others at", muted=True)
        self._grid, self._in_two_rows = layout, False
        self._arrange()

    def _arrange(self) -> None:
        """All in one row, or in two where there is no room for their texts."""
        choice, others = (self.across, self._between, self.upward), (self._others, self.held)
        rows = ((self.kind, *others), choice) if self._in_two_rows else ((self.kind, *choice, *others),)
        for column in range(6):
            self._grid.setColumnStretch(column, 0)
        for line, widgets in enumerate(rows):
            for column, widget in enumerate(widgets):
                self._grid.addWidget(widget, line, column)
                if isinstance(widget, QComboBox):
                    self._grid.setColumnStretch(column, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There is more or less room."""
        super().resizeEvent(event)
        in_two_rows = event.size().width() < ROOM_FOR_SLICE
        if in_two_rows != self._in_two_rows:
            self._in_two_rows = in_two_rows
            self._arrange()

    def offer_row(self, row: int) -> None:
        """Offer to hold the other features at this row of the data."""
        self._nearest = row
        self._fill_held(self._studio.store.state.shown.slice)

    def render(self, state: State) -> None:
        """Show the state's slice."""
        prepared, chosen = state.prepared, state.shown.slice
        self.setVisible(prepared is not None and prepared.dataset.features > 2)
        if prepared is None:
            return
        if self._prepared is None or prepared.dataset is not self._prepared.dataset:
            self._nearest = None
            for box in (self.across, self.upward):
                box.clear()
                box.addItems(prepared.dataset.feature_names)
        self._prepared = prepared
        self.kind.setCurrentIndex(self.kind.findData(chosen.kind))
        self.across.setCurrentIndex(chosen.columns[0])
        self.upward.setCurrentIndex(chosen.columns[1])
        self._fill_held(chosen)
        for widget in (self.across, self._between, self.upward, self._others, self.held):
            widget.setVisible(chosen.kind == "columns")

    def _fill_held(self, chosen: Slice) -> None:
        rows = {row for row in (self._nearest, chosen.held_row) if row is not None}
        self.held.clear()
        self.held.addItem("training mean", None)
        for row in sorted(rows):
            self.held.addItem(f"row {row + 1:,}", row)
        self.held.setCurrentIndex(self.held.findData(chosen.held_row) if chosen.held_row is not None else 0)
        if chosen.held is not None:
            self.held.addItem("set values", chosen.held)
            self.held.setCurrentIndex(self.held.count() - 1)

    @Slot()
    def _chosen(self) -> None:
        columns = (self.across.currentIndex(), self.upward.currentIndex())
        if columns[0] == columns[1]:  # swap rather than show a feature against itself
            old = self._studio.store.state.shown.slice.columns
            columns = (columns[0], old[0]) if columns[0] != old[0] else (old[1], columns[1])
        held = self.held.currentData()
        own = held if isinstance(held, tuple) else None
        self._studio.slicing.choose(Slice(self.kind.currentData(), columns, held if own is None else None, own))


class BoundaryPanel(QWidget):
    """The pictures, the toggles above them and the legend."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._shown: Shown | None = None
        self._points: Mapping[str, Points] | None = None  # those that are drawn, of the scene or of a canvas
        self._names: tuple[str, ...] = ()  # of their classes
        self._plane: Plane | None = None  # that they were drawn on
        self._painting: Painting | None = None
        self._run: Run | None = None
        self._measured: Uncertainty | None = None
        self._veiled = False
        self._offered: tuple[bool, bool] | None = None  # whether uncertainty can be shown, and is to be
        self._evaluation: Evaluation | None = None
        self._ringed: object = None
        self._probe: Floats | None = None
        self.plots = [RegionsPlot(self._clicked, studio.portrayer.look_at, self)]  # a second when it is first looked at
        self._has_second = False  # it is there, or on its way
        self._has_joined = False  # the second has, and nothing is drawn in it yet
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.repaints = 0  # rasters shown so far; the benchmark reads it

        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, 0)
        layout.setSpacing(theme.UNIT // 2)
        self._holder = SquareHolder([plot.widget for plot in self.plots], self)
        layout.addLayout(self._toggles())
        self.paint_bar = PaintBar(studio, self)
        layout.addWidget(self.paint_bar)
        self.slices = SliceBar(studio, self)
        layout.addWidget(self.slices)
        self.legend = Legend(self)
        layout.addLayout(self._legend_row())
        layout.addWidget(self._holder, 1)
        self.caption = plain_label(muted=True, wrap=True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.caption.hide()
        layout.addWidget(self.caption)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def _toggles(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.UNIT // 2)
        self.part_buttons: dict[str, QToolButton] = {}
        for part, label in PART_LABELS.items():
            button = self._toggle(label, PART_HELP[part])
            button.clicked.connect(self._part_slots()[part])
            self.part_buttons[part] = button
            row.addWidget(button)
        self.side_button = self._toggle("Side by side", "Show training and test points in pictures of their own")
        self.side_button.clicked.connect(self._studio.show_side_by_side)
        row.addSpacing(theme.UNIT)
        row.addWidget(self.side_button)
        self.uncertainty_button = self._toggle("Uncertainty", UNCERTAINTY_HELP)
        self.uncertainty_button.clicked.connect(self._studio.show_uncertainty)
        row.addWidget(self.uncertainty_button)
        row.addStretch(1)
        return row

    def _legend_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.UNIT // 2)
        row.addWidget(self.legend, 1)
        self.paint_button = self._toggle("Paint", PAINT_HELP)
        self.paint_button.clicked.connect(self._studio.painter.turn)
        self.paint_button.setAccessibleName("Paint")
        self.paint_button.setMinimumWidth(self.paint_button.sizeHint().height())  # the room for its brush alone
        self._mark_paint()
        row.addWidget(self.paint_button)
        self.fit_button = QPushButton("View all", self)
        self.fit_button.setToolTip(tooltip("Show all points again after zooming or moving"))
        self.fit_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.fit_button.clicked.connect(self._fit)
        row.addWidget(self.fit_button)
        self.export_button = ExportButton(self._holder, self._csv, "boundary", recolour=self._recolour)
        self.export_button.failed.connect(self._tell)
        row.addWidget(self.export_button)
        return row

    def _part_slots(self) -> dict[str, object]:
        return {"train": self._toggle_train, "validation": self._toggle_validation, "test": self._toggle_test}

    def _toggle(self, label: str, help_text: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(label)
        button.setCheckable(True)
        button.setToolTip(tooltip(help_text))
        return button

    @Slot(bool)
    def _toggle_train(self, on: bool) -> None:
        self._studio.show_part("train", on)

    @Slot(bool)
    def _toggle_validation(self, on: bool) -> None:
        self._studio.show_part("validation", on)

    @Slot(bool)
    def _toggle_test(self, on: bool) -> None:
        self._studio.show_part("test", on)

    @Slot()
    def _fit(self) -> None:
        scene = self._studio.store.state.scene
        if scene is not None:
            self.plots[0].show_box(scene.home)

    @property
    def box(self) -> Box:
        """The part of the plane in view."""
        return self.plots[0].box

    def show_box(self, box: Box) -> None:
        """Show this part of the plane."""
        self.plots[0].show_box(box)

    def _clicked(self, u: float, v: float) -> None:
        self._studio.ask_at(u, v)
        state = self._studio.store.state
        if state.prepared is not None and state.scene is not None and state.prepared.dataset.features > 2:
            box = self.plots[0].box
            row = nearest_row(state.prepared, state.scene, (u, v), (box.u_high - box.u_low, box.v_high - box.v_low))
            self.slices.offer_row(row)

    def _csv(self) -> tuple[list[str], list[list[object]]]:
        """The drawn points: place in the plane, class, share, and what the network says."""
        state = self._studio.store.state.as_seen()
        if state.prepared is None or state.scene is None:
            return [], []
        names, evaluation = state.prepared.dataset.class_names, state.run.evaluation if state.run else None
        rows: list[list[object]] = []
        for name, drawn in state.scene.points.items():
            if name not in state.shown.parts:
                continue
            truths = [names[label] for label in drawn.y.tolist()]
            said = [""] * len(truths)
            if evaluation is not None:
                said = [names[label] for label in evaluation.parts[name].predicted[drawn.rows].tolist()]
            places = drawn.places.tolist()
            rows += [[*place, truth, name, answer] for place, truth, answer in zip(places, truths, said, strict=True)]
        return [*state.scene.plane.labels, "class", "share", "predicted"], rows

    # --- drawing ------------------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Bring the pictures up to the state."""
        state = state.as_seen()
        drawn = (drawn_points(state), class_names(state))
        other_data = state.scene is not None and (drawn[0] is not self._points or drawn[1] != self._names)
        fresh, self._has_joined = other_data or self._has_joined, False
        if state.shown.side_by_side and not self._has_second:
            self._has_second = True
            QTimer.singleShot(0, self, self._make_second)
        if fresh:
            self._show_data(state, self.plots if other_data else self.plots[1:])
        if fresh or state.painting is not self._painting:
            self._show_painting(state.painting)
        self.paint_bar.offer(state.undo, state.redo)
        other_parts = fresh or state.shown != self._shown
        if other_parts:
            self._show_parts(state)
        raster = state.run.raster if state.run else None
        if other_parts or self._run is None or state.run is None or raster is not self._run.raster:
            self._show_raster(state)
        if other_parts or state.run is not self._run or state.shown.uncertainty != self._veiled:
            self._show_uncertainty(state)
        self._run = state.run
        evaluation = state.run.evaluation if state.run else None
        if fresh or evaluation is not self._evaluation or state.cell != self._ringed:
            self._show_rings(state, evaluation)
        if fresh or state.probe is not self._probe:
            self._probe = state.probe
            place = None if state.probe is None or state.plane is None else state.plane.project(state.probe[None])[0]
            for plot in self.plots:
                plot.show_probe(place)

    @Slot()
    def _make_second(self) -> None:
        """The second picture: it follows the first, which alone tells where the view is.

        It is made in one turn of the event loop, filled and painted in another: together they took longer than a
        person notices.
        """
        second = RegionsPlot(self._clicked, None, self)
        second.plot_item.setXLink(self.plots[0].plot_item)
        second.plot_item.setYLink(self.plots[0].plot_item)
        QTimer.singleShot(0, self, partial(self._join, second))

    def _join(self, second: RegionsPlot) -> None:
        self.plots.append(second)
        self._measured = None  # so that the veil is laid over both
        self._holder.add(second.widget)
        self._has_joined = True
        self.render(self._studio.store.state)

    def _show_data(self, state: State, plots: list[RegionsPlot]) -> None:
        prepared, scene, points = state.prepared, state.scene, drawn_points(state)
        if prepared is None or scene is None or points is None:
            return
        moved = self._plane is None or not scene.plane.shares_axes(self._plane)
        self._points, self._plane = points, scene.plane
        names = self._names = class_names(state)
        for plot in plots:
            plot.show_points(points, len(names), scene.plane.labels, prepared.dataset.classes)
        self.legend.show_classes(names, thinned(points))
        if moved:  # what is painted leaves the view where it is
            self.plots[0].show_box(scene.home)

    def _show_painting(self, painting: Painting | None) -> None:
        """The strip, and the sheet that takes the mouse."""
        turned = (painting is None) != (self._painting is None)
        self._painting = painting
        self.paint_bar.render(painting)
        if turned:
            self._mark_paint()
        for plot in self.plots:
            plot.show_brush(self._studio.painter, None if painting is None else painting.brush)

    def _mark_paint(self) -> None:
        tone, on = theme.colours(), self._painting is not None
        mark(self.paint_button, on)
        self.paint_button.setIcon(icon("paint", tone.on_accent if on else tone.text, tone.muted))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, Paint is its brush alone."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        roomy = event.size().width() >= ROOM_FOR_PAINT
        self.paint_button.setToolButtonStyle(style.ToolButtonTextBesideIcon if roomy else style.ToolButtonIconOnly)

    def _show_parts(self, state: State) -> None:
        shown = state.shown
        self._shown = shown
        self.slices.render(state)
        for part, button in self.part_buttons.items():
            mark(button, part in shown.parts)
            button.setEnabled(not shown.side_by_side)
            help_text = PART_HELP[part]
            button.setToolTip(tooltip("Side by side shows training and test" if shown.side_by_side else help_text))
        mark(self.side_button, shown.side_by_side)
        for plot, side in zip(self.plots, SIDES, strict=False):
            plot.widget.setVisible(shown.side_by_side or side == SIDES[0])
            plot.show_parts(frozenset({side}) if shown.side_by_side else shown.parts)
            plot.plot_item.setTitle(PART_LABELS[side] if shown.side_by_side else None)
        self._holder.arrange()

    def _show_raster(self, state: State) -> None:
        raster = state.run.raster if state.run else None
        if raster is not None and (state.plane is None or not raster.plane.shares_axes(state.plane)):
            raster = None  # of another slice: it would lie
        for plot in self.plots:
            if not plot.widget.isHidden():  # a hidden one is brought up to date when it is shown
                plot.show_raster(raster)
        self.repaints += raster is not None

    def _show_uncertainty(self, state: State) -> None:
        """Lay the uncertainty over the regions where it is wanted, and say what can be seen."""
        run = state.run
        has_dropout = run is not None and run.experiment.model.dropout > 0 and len(run.experiment.model.hidden) > 0
        self._veiled = state.shown.uncertainty
        wanted = has_dropout and state.shown.uncertainty
        measured = run.uncertainty if run is not None and wanted else None
        if measured is not None and (state.plane is None or not measured.plane.shares_axes(state.plane)):
            measured = None  # of another slice: it would lie
        if measured is not self._measured:
            self._measured = measured
            for plot in self.plots:
                plot.show_uncertainty(measured)
        if (has_dropout, wanted) != self._offered:
            self._offered = (has_dropout, wanted)
            self.uncertainty_button.setEnabled(has_dropout)
            self.uncertainty_button.setToolTip(tooltip(UNCERTAINTY_HELP if has_dropout else NO_DROPOUT))
            mark(self.uncertainty_button, wanted)
        slice_text = (
            f"Slice: {state.plane.description}; points are projected"
            if state.plane is not None and state.plane.description
            else ""
        )
        veil_text = UNCERTAINTY_CAPTION.format(passes=measured.passes, full=FULL_SPREAD) if measured is not None else ""
        text = " · ".join(part for part in (slice_text, veil_text) if part)
        if text != self.caption.text():
            self.caption.setText(text)
            self.caption.setVisible(bool(text))

    def _show_rings(self, state: State, evaluation: Evaluation | None) -> None:
        self._evaluation, self._ringed = evaluation, state.cell
        if state.prepared is None or state.scene is None or self._points is not state.scene.points:
            return  # no rings around points that no one has judged
        for name, part in state.prepared.parts.items():
            scores = evaluation.parts.get(name) if evaluation else None
            fits = scores is not None and len(scores.predicted) == len(part)
            wrong = scores.predicted != part.y if scores is not None and fits else np.zeros(len(part), bool)
            chosen = np.zeros(len(part), bool)
            if scores is not None and fits and state.cell is not None and state.cell.part == name:
                chosen = (part.y == state.cell.truth) & (scores.predicted == state.cell.predicted)
            for plot in self.plots:
                plot.show_rings(plot.wrong, name, wrong)
                plot.show_rings(plot.chosen, name, chosen)

    def _recolour(self, tone: Colours) -> None:
        for plot in self.plots:
            plot.recolour(tone)

    @Slot(str)
    def _tell(self, sentence: str) -> None:
        self._studio.tell(sentence, is_error=True)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour(theme.colours())
            self.legend.update()
            self.paint_bar.recolour()
            self._mark_paint()
            if self._shown is not None:
                self._show_parts(self._studio.store.state.as_seen())


def class_names(state: State) -> tuple[str, ...]:
    """The classes of the points that are drawn: while painting also those that have none yet."""
    if state.painting is not None:
        return state.painting.canvas.class_names
    return () if state.prepared is None else state.prepared.dataset.class_names


def drawn_points(state: State) -> Mapping[str, Points] | None:
    """The points that are drawn: those of the canvas while the data have not taken them over, else the scene's."""
    if state.painting is not None and state.painting.points is not None:
        return state.painting.points
    return state.scene.points if state.scene is not None else None


def nearest_row(prepared: Prepared, scene: Scene, place: tuple[float, float], size: tuple[float, float]) -> int:
    """The row of the data whose drawn point is nearest to (u, v), as the eye measures it on a view of this size."""
    parts = prepared.parts
    places = np.concatenate([points.places for points in scene.points.values()])
    rows = np.concatenate([parts[name].rows[points.rows] for name, points in scene.points.items()])
    gaps = (places - place) / size
    return int(rows[(gaps * gaps).sum(axis=1).argmin()])


def thinned(points: Mapping[str, Points]) -> str:
    """What to say when not every point is drawn, and what an outline means."""
    total, drawn = sum(part.total for part in points.values()), sum(len(part.y) for part in points.values())
    outline = "outlined: predicted wrong"
    return outline if drawn == total else f"{drawn:,} of {total:,} points drawn · {outline}"
