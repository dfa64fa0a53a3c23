"""The window: docks around the boundary, menus from the table of commands, and what happens on closing."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSettings, Qt, QTimer, Slot
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.lessons import FIRST_LESSON, LESSONS
from mlp_studio.ui import errors, theme
from mlp_studio.ui.actions import COMMANDS, MENUS, TOOLBAR, Command
from mlp_studio.ui.closing import Closing
from mlp_studio.ui.desk import Desk
from mlp_studio.ui.exporting import Exporting
from mlp_studio.ui.icons import icon
from mlp_studio.ui.importing import Importing
from mlp_studio.ui.memory import LAYOUT_VERSION, Memory
from mlp_studio.ui.panels.boundary import BoundaryPanel
from mlp_studio.ui.panels.data_summary import DataSummaryPanel
from mlp_studio.ui.panels.epoch_bar import EpochBar
from mlp_studio.ui.panels.evaluation import EvaluationPanel
from mlp_studio.ui.panels.experiment import ExperimentPanel
from mlp_studio.ui.panels.lesson import LessonPanel
from mlp_studio.ui.panels.prediction import PredictionPanel
from mlp_studio.ui.panels.status import NoticeBar, RunBar, StatusLine
from mlp_studio.ui.panels.tables import ask_path
from mlp_studio.ui.plots.curves import CurvesPanel
from mlp_studio.ui.seeds import new_seed_for
from mlp_studio.ui.store import ACTIVE, State
from mlp_studio.ui.studio import Studio
from mlp_studio.ui.view import View

if TYPE_CHECKING:
    from mlp_studio.ui.recovery import Recovery

log = logging.getLogger(__name__)

SLIP_SECONDS = 0.4  # after the end of a training, how long Space is taken for a late pause
NARROWEST_DOCK = 330  # pixels: with the form and the boundary beside it, the window fits 1024


class MainWindow(QMainWindow):
    """Draws the state through its panels and turns commands into intents."""

    def __init__(self, studio: Studio, settings: QSettings) -> None:
        super().__init__()
        self.studio = studio
        self.memory = Memory(settings)
        self.importing = Importing(self, studio, self.memory)
        self.desk = Desk(self, studio, self.memory)
        self.exporting = Exporting(self, studio, self.desk.scribe, self.memory, lambda: self.desk.name)
        self.closing = Closing(self, studio, self.desk)
        self.recovery: Recovery | None = None  # see keep_safe
        self._rendered: object = None
        self._icons: dict[str, tuple[str, str, str]] = {}  # command → shape and colours of its icon
        self._status = ""  # of the run, as it was drawn last
        self._ended_at = 0.0  # when a training last came to its end by itself
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setMinimumSize(900, 600)
        self._build_panels()
        self._build_commands()
        self._build_menus()
        self._build_toolbar()
        studio.store.changed.connect(self.render)
        studio.file_wanted.connect(self.open_dialog, Qt.ConnectionType.QueuedConnection)
        self._restore()
        self._recolour()
        self.boundary.setFocus()

    # --- building -----------------------------------------------------------------------------------------------

    def _build_panels(self) -> None:
        studio = self.studio
        self.boundary = BoundaryPanel(studio, self)
        self.prediction = PredictionPanel(studio, self)
        self.epochs = EpochBar(studio, self)
        self.notice = NoticeBar(studio, self)
        self.notice.command_wanted.connect(self._run_command)
        centre = QWidget(self)
        layout = self._centre = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(self.boundary, 1)
        layout.addWidget(self.epochs)
        layout.addWidget(self.prediction)
        self.setCentralWidget(centre)
        self.experiment = ExperimentPanel(studio, self)
        self.curves = CurvesPanel(studio, self)
        self.evaluation = EvaluationPanel(studio, self)
        self.data = DataSummaryPanel(studio, self)
        self.data.export_wanted.connect(self.export_data)
        self.data.import_wanted.connect(self.change_import)
        self.lesson = LessonPanel(studio, self)
        self.lesson.panel_wanted.connect(self._raise_dock)
        self.lesson.tool_wanted.connect(self._run_command)
        self.status = StatusLine(studio, self)
        self.setStatusBar(self.status)
        self.docks = {
            "experiment": self._dock("Experiment", self.experiment),
            "curves": self._dock("Curves", self.curves),
            "evaluation": self._dock("Evaluation", self.evaluation),
            "data": self._dock("Data", self.data),
            "runs": self._dock("Runs", QWidget(self)),
            "features": self._dock("Features", QWidget(self)),
            "math": self._dock("Math", QWidget(self)),
            "lesson": self._dock("Lesson", self.lesson),
        }
        self.docks["math"].visibilityChanged.connect(self._make_math)
        self.docks["features"].visibilityChanged.connect(self._make_features)
        self.docks["runs"].visibilityChanged.connect(self._make_runs)
        self._place_docks()

    def keep_safe(self, folder: Path) -> None:
        """From now on keep the work in this folder, and offer what was left behind there. After the first paint."""
        from mlp_studio.ui.recovery import Recovery

        self.recovery = Recovery(self, self.studio, self.desk, self.memory, self.view)
        self.recovery.offered.connect(self._make_recovery_bar)
        self.recovery.begin(folder)

    @Slot()
    def _make_recovery_bar(self) -> None:
        """Made where there is something to offer, which is rare."""
        if self.recovery is not None and self.recovery.offers and not hasattr(self, "recovery_bar"):
            from mlp_studio.ui.panels.recovery_bar import RecoveryBar

            self.recovery_bar = RecoveryBar(self.recovery, self.centralWidget())
            self._centre.insertWidget(0, self.recovery_bar)

    @Slot(bool)
    def _make_math(self, visible: bool) -> None:
        """The Math view is made when it is first looked at: the window is up sooner without it."""
        if visible and not hasattr(self, "math"):
            from mlp_studio.ui.panels.math_view import MathView

            self.math = MathView(self.studio, self)
            self.math.setMinimumWidth(NARROWEST_DOCK)
            self.docks["math"].setWidget(self.math)

    @Slot(bool)
    def _make_features(self, visible: bool) -> None:
        """So are the features."""
        if visible and not hasattr(self, "features"):
            from mlp_studio.ui.panels.features import FeaturesPanel

            self.features = FeaturesPanel(self.studio, self)
            self.features.setMinimumWidth(NARROWEST_DOCK)
            self.docks["features"].setWidget(self.features)

    @Slot(bool)
    def _make_runs(self, visible: bool) -> None:
        """And the runs."""
        if visible and not hasattr(self, "runs"):
            from mlp_studio.ui.panels.runs import RunsPanel

            self.runs = RunsPanel(self.studio, self)
            self.runs.setMinimumWidth(NARROWEST_DOCK)
            self.docks["runs"].setWidget(self.runs)

    def _dock(self, title: str, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(panel)
        return dock

    def _place_docks(self) -> None:
        for name in ("curves", "evaluation", "data", "runs", "features", "math", "lesson"):
            self.docks[name].widget().setMinimumWidth(NARROWEST_DOCK)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = self.docks
        for dock in docks.values():
            dock.setFloating(False)
        self.addDockWidget(left, docks["experiment"])
        self.addDockWidget(right, docks["curves"])
        self.addDockWidget(right, docks["evaluation"])
        self.tabifyDockWidget(docks["evaluation"], docks["data"])
        self.tabifyDockWidget(docks["data"], docks["runs"])
        self.tabifyDockWidget(docks["data"], docks["features"])
        self.tabifyDockWidget(docks["data"], docks["math"])
        self.tabifyDockWidget(docks["data"], docks["lesson"])
        for dock in docks.values():
            dock.show()
        docks["runs"].hide()  # until it is wanted: the names of the others then fit where the window is narrow
        docks["evaluation"].raise_()
        self.resizeDocks([docks["experiment"], docks["curves"]], [300, 400], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["curves"], docks["evaluation"]], [248, 365], Qt.Orientation.Vertical)

    def _build_commands(self) -> None:
        self.commands: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(command.text, self)
            action.setObjectName(command.name)
            action.setShortcut(QKeySequence(command.shortcut))
            keys = shown_keys(command, action)
            action.setToolTip(f"{command.help} ({keys})" if keys else command.help)
            action.setStatusTip(command.help)
            action.setCheckable(command.checkable)
            action.triggered.connect(getattr(self, command.slot))
            self.commands[command.name] = action

    def _build_menus(self) -> None:
        self.menus = {title: self.menuBar().addMenu(title) for title in MENUS}
        for command in COMMANDS:
            menu = self.menus[command.menu]
            if command.name == "quit":
                menu.addSeparator()
            menu.addAction(self.commands[command.name])
            if command.name == "open":
                self._recent_menu = menu.addMenu("Open &recent")
        self._fill_lessons(self.menus["&Lessons"])
        view = self.menus["&View"]
        view.addSeparator()
        for dock in self.docks.values():
            view.addAction(dock.toggleViewAction())
        view.addSeparator()
        schemes = QActionGroup(self)
        appearance = view.addMenu("&Appearance")
        self.schemes: dict[str, QAction] = {}
        for name, label in theme.SCHEMES.items():
            action = appearance.addAction(label)
            action.setCheckable(True)
            schemes.addAction(action)
            action.triggered.connect(partial(self.set_scheme, name))
            self.schemes[name] = action
        self._recent_menu.aboutToShow.connect(self._fill_recent)

    def _fill_lessons(self, menu: QMenu) -> None:
        for name, lesson in LESSONS.items():
            action = menu.addAction(lesson.title)
            action.setStatusTip(lesson.summary)
            action.triggered.connect(partial(self.open_lesson, name))

    def _build_toolbar(self) -> None:
        bar = self.addToolBar("Run")
        bar.setObjectName("Run")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for name in TOOLBAR:
            bar.addAction(self.commands[name])
        self.train_button = bar.widgetForAction(self.commands["train"])
        self.train_button.setObjectName("train_button")
        lessons = QToolButton(bar)
        lessons.setText("Lesson")
        lessons.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        lessons.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        lessons.setMenu(self.menus["&Lessons"])
        lessons.setToolTip("Set up a lesson's experiment")
        bar.addSeparator()
        bar.addWidget(lessons)
        self.run_bar = RunBar(self.studio, bar)
        bar.addWidget(self.run_bar)

    # --- state → window -----------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Title and which commands can act."""
        run = state.run
        status = run.status if run else ""
        shuffled = state.experiment.data.shuffle_labels
        shown, dropout = state.shown, state.experiment.model.dropout > 0
        painting = state.painting
        painted = None if painting is None else painting.waiting
        seen = (shown.side_by_side, shown.uncertainty, dropout, shuffled, painted)
        from_file = state.experiment.data.source == "file"
        seeds = (state.experiment.data.source, bool(state.earlier_seeds))
        key = (status, state.loading, state.follow_up, state.prepared, seen, seeds, state.undo, state.redo)
        if key == self._rendered:
            return
        self._rendered = key
        active = run is not None and run.active
        if status == "finished" and self._status in ACTIVE:  # in this moment: other changes may follow much later
            self._ended_at = perf_counter()
        self._status = status
        train = self.commands["train"]
        train.setText(
            "Pause" if active else "Go on" if status in ("paused", "stopped") and not state.follow_up else "Train"
        )
        self._set_icon("train", "pause" if active else "train")
        idle = state.is_ready and not active
        started = run is not None and status != "ready"
        self._enable("train", state.is_ready or active, "There are no data to train on yet")
        self._enable("step", idle, "Training is under way: pause it to step" if active else "There are no data yet")
        self._enable("stop", active or status == "paused" or bool(state.loading), "Nothing is training")
        self._enable("reset", started, "Nothing has been trained yet")
        self._enable("shuffle_labels", run is not None and not state.loading, "There are no data yet")
        for name in ("save", "save_as", "export"):
            self._enable(name, state.prepared is not None and not state.loading, "The data are being loaded")
        why_not = "The data are being loaded" if from_file else "The data come from no file"
        for name in ("change_import", "reload"):
            self._enable(name, from_file and not state.loading, why_not)
        self.commands["new_sample"].setText(f"&{new_seed_for(state).label}")
        self._enable("new_sample", run is not None, "There are no data yet")
        self._enable("previous_sample", seeds[1], "No new sample has been drawn yet")
        self.commands["shuffle_labels"].setChecked(shuffled)
        self.commands["paint"].setChecked(painting is not None)
        self._name_step("undo", "&Undo", "loading" if state.loading else state.undo)
        self._name_step("redo", "R&edo", "" if state.loading else state.redo)
        self.commands["side_by_side"].setChecked(state.shown.side_by_side)
        self.commands["uncertainty"].setChecked(state.shown.uncertainty)
        has_dropout = state.experiment.model.dropout > 0
        self._enable("uncertainty", has_dropout, "Only for a network with dropout: set Dropout above 0, under Model")

    def _name_step(self, name: str, verb: str, step: str) -> None:
        self.commands[name].setText(f"{verb} {step.replace('&', '&&')}" if step else verb)
        self._enable(name, bool(step), f"Nothing to {name}")

    def _set_icon(self, name: str, shape: str) -> None:
        tone = theme.colours()
        colour = tone.on_accent if name == "train" else tone.text
        look = (shape, colour, tone.line if name == "train" else tone.muted)
        if look != self._icons.get(name):  # five pictures each, for every sample of a slider that is dragged
            self._icons[name] = look
            self.commands[name].setIcon(icon(*look))

    def _recolour(self) -> None:
        tone = theme.colours()
        for command in COMMANDS:
            if command.icon and command.name != "train":
                self._set_icon(command.name, command.icon)
        self.train_button.setStyleSheet(
            f"QToolButton {{ background: {tone.accent}; color: {tone.on_accent}; border: none; border-radius: 4px;"
            f" padding: 5px 14px; font-weight: 600; }}"
            f"QToolButton:hover, QToolButton:focus {{ border: 2px solid {tone.text}; padding: 3px 12px; }}"
            f"QToolButton:disabled {{ background: {tone.line}; color: {tone.muted}; }}"
        )
        self._rendered = None
        self.render(self.studio.store.state)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space trains, unless what has the focus takes it: a field, or a button reached with Tab.

        No shortcut, as that would take Space away from them; and no override of `event()`, in which Qt would paint
        the whole window while holding up the training thread.
        """
        just_ended = perf_counter() - self._ended_at < SLIP_SECONDS
        if event.key() == Qt.Key.Key_Space and just_ended:
            event.accept()  # it was meant to pause a training that ended in that moment
        elif event.key() == Qt.Key.Key_Space and self.commands["train"].isEnabled():
            self.commands["train"].trigger()
        elif event.matches(QKeySequence.StandardKey.Undo):  # a field that has nothing to undo passes it on
            self.commands["undo"].trigger()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.commands["redo"].trigger()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Recolour icons and the one primary button when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "train_button"):
            self._recolour()

    def _enable(self, name: str, can_act: bool, why_not: str) -> None:
        action = self.commands[name]
        command = next(command for command in COMMANDS if command.name == name)
        action.setEnabled(can_act)
        action.setToolTip(f"{command.help} ({shown_keys(command, action)})" if can_act else why_not)

    # --- commands -----------------------------------------------------------------------------------------------

    @Slot()
    def toggle(self) -> None:
        """Train, or pause."""
        if self.experiment.commit():
            self.studio.toggle()

    @Slot()
    def step(self) -> None:
        """One epoch."""
        if self.experiment.commit():
            self.studio.step()

    @Slot()
    def stop(self) -> None:
        """Stop training."""
        self.studio.stop()

    @Slot()
    def reset(self) -> None:
        """The weights of the start."""
        if self.experiment.commit():
            self.studio.reset()

    @Slot()
    def new_sample(self) -> None:
        """Another seed."""
        self.experiment.new_sample()

    @Slot()
    def previous_sample(self) -> None:
        """The seed before."""
        self.studio.previous_sample()

    @Slot(bool)
    def shuffle_labels(self, on: bool) -> None:
        """Train with the labels dealt out by chance, or as they are."""
        self.studio.shuffle_labels(on)

    @Slot()
    def show_gallery(self) -> None:
        """All lessons."""
        self.studio.lessons.read("")
        self._raise_dock("lesson")

    def open_lesson(self, name: str, _checked: bool = False) -> None:
        """Set up a lesson and open its page."""
        self.studio.lessons.open(name)
        self._raise_dock("lesson")

    @Slot(str)
    def _raise_dock(self, name: str) -> None:
        self.docks[name].show()
        self.docks[name].raise_()

    @Slot()
    def new_experiment(self) -> None:
        """Every setting as at the first start, and nothing of what there was."""
        self.desk.new(self._begin_anew)

    def _begin_anew(self) -> None:
        self.studio.begin_anew(LESSONS[FIRST_LESSON].experiment())
        self.show_view(View())

    @Slot()
    def open_dialog(self) -> None:
        """Choose a file to open."""
        name = ask_open(self, self.memory.folder)
        if name:
            self.open_file(Path(name))

    def open_file(self, path: Path) -> None:
        """Open a project; or a table, at once or through the import dialog where something about it is doubtful."""
        self.desk.open(path)

    @Slot()
    def save(self) -> None:
        """Save the project where it was saved last."""
        self.desk.save()

    @Slot()
    def save_as(self) -> None:
        """Save the project somewhere else."""
        self.desk.save_as()

    @Slot()
    def change_import(self) -> None:
        """Choose again how the present file is read."""
        self.importing.change()

    @Slot()
    def reload(self) -> None:
        """Read the present file again."""
        self.studio.reload()

    @Slot()
    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        for name in self.memory.recent:
            action = self._recent_menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(partial(self.open_file, Path(name)))
        if self._recent_menu.isEmpty():
            self._recent_menu.addAction("No files yet").setEnabled(False)
        else:
            self._recent_menu.addSeparator()
            self._recent_menu.addAction("Clear the list").triggered.connect(self.memory.forget_files)

    @Slot()
    def export_run(self) -> None:
        """Choose a format and a file for the present run."""
        self.exporting.show()

    @Slot()
    def copy_command(self) -> None:
        """Put the line that trains with these settings on the clipboard."""
        self.exporting.copy_command()

    @Slot()
    def export_data(self) -> None:
        """Save the loaded data as CSV, in original units."""
        prepared = self.studio.store.state.prepared
        path = ask_path(self, f"{Path(prepared.dataset.name).stem}.csv") if prepared is not None else None
        if path is not None:
            self.studio.export_points(path)

    @Slot(bool)
    def paint(self, on: bool) -> None:
        """Paint points with the mouse, or move and zoom the view."""
        self.studio.painter.turn(on)

    @Slot()
    def undo(self) -> None:
        """Take the last change of settings, data or points back."""
        self.studio.undo.undo()

    @Slot()
    def redo(self) -> None:
        """Do what was undone last once more."""
        self.studio.undo.redo()

    @Slot()
    def copy_boundary(self) -> None:
        """Put the boundary on the clipboard."""
        self.boundary.export_button.copy_image()

    @Slot()
    def copy_metrics(self) -> None:
        """Put the table of classes on the clipboard."""
        self.evaluation.copy_classes()

    @Slot()
    def view_all(self) -> None:
        """Show all points."""
        self.boundary.fit_button.click()

    @Slot(bool)
    def side_by_side(self, on: bool) -> None:
        """Two pictures or one."""
        self.studio.show_side_by_side(on)

    @Slot()
    def show_twin(self) -> None:
        """Every backend trains the present experiment."""
        from mlp_studio.ui.dialogs.twin import TwinDialog

        self._show_window(TwinDialog)

    @Slot()
    def show_activations(self) -> None:
        """Every activation and its derivative."""
        from mlp_studio.ui.dialogs.activations import ActivationExplorer

        self._show_window(ActivationExplorer)

    @Slot()
    def show_math(self) -> None:
        """The six steps with the present network's numbers."""
        self._raise_dock("math")

    @Slot()
    def show_runs(self) -> None:
        """The runs of this project."""
        self._raise_dock("runs")

    def _show_window(self, kind: Callable[[Studio, QWidget], QWidget]) -> None:
        """Open a window beside this one; the same again where it is open."""
        window = next((child for child in self.findChildren(QWidget) if type(child) is kind), None)
        window = window or kind(self.studio, self)
        window.show()
        window.activateWindow()

    @Slot(bool)
    def show_uncertainty(self, on: bool) -> None:
        """Lay the spread of dropout passes over the regions, or take it away."""
        self.studio.show_uncertainty(on)

    @Slot(str)
    def _run_command(self, name: str) -> None:
        self.commands[name].trigger()

    @Slot()
    def restore_layout(self) -> None:
        """The docks as they were at first."""
        self._place_docks()

    def set_scheme(self, name: str, _checked: bool = False) -> None:
        """Light, dark, or the system's."""
        theme.apply_scheme(name)
        self.memory.scheme = name
        self.schemes[name].setChecked(True)

    @Slot()
    def copy_diagnostics(self) -> None:
        """Put versions and log lines on the clipboard."""
        QGuiApplication.clipboard().setText(errors.diagnostics())
        self.studio.tell("Versions and log lines are on the clipboard.")

    @Slot()
    def show_shortcuts(self) -> None:
        """List the keys."""
        keys = [
            f"{command.text.replace('&', '')}:  {shown}"
            for command in COMMANDS
            if (shown := shown_keys(command, self.commands[command.name]))
        ]
        self._tell("Keyboard shortcuts", "\n".join(keys))

    @Slot()
    def show_about(self) -> None:
        """Versions and licences."""
        from mlp_studio.ui.dialogs.about import AboutDialog

        about = AboutDialog(self)
        about.copy_wanted.connect(self.copy_diagnostics)
        about.show()

    def _tell(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Close, self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @Slot(str)
    def show_fault(self, sentence: str) -> None:
        """Say that something went wrong in the program."""
        self.studio.tell(sentence, is_error=True)

    # --- dropping, closing, remembering -------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first dropped file."""
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            # after the drop has ended: the dialog must not open within it
            QTimer.singleShot(0, self, partial(self.desk.open_first, files))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask once where work would be lost; then let every thread end, and close."""
        try:
            if not self.closing.may_close():
                event.ignore()
                return
            self._remember()
            if self.recovery is not None:
                self.recovery.end()
            self.desk.end()
            self.importing.end()
            self.studio.shut_down()
        except Exception:
            log.exception("closing failed")
            event.ignore()
            raise

    def _remember(self) -> None:
        state, memory = self.studio.store.state, self.memory
        memory.remember_window(self.saveGeometry(), self.saveState(LAYOUT_VERSION))
        memory.remember_experiment(state.experiment)
        memory.remember_view(self.view())
        memory.sync()

    def _restore(self) -> None:
        self.schemes[self.memory.scheme].setChecked(True)
        geometry, layout = self.memory.geometry, self.memory.layout
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(1280, 800)
        self.show_view(self.memory.view())
        if layout is not None:
            self.restoreState(layout, LAYOUT_VERSION)
        else:  # the first start: a person who is new here is shown the lessons
            self._raise_dock("lesson")

    def view(self) -> View:
        """How the work is looked at."""
        state = self.studio.store.state
        return View(state.shown, state.probe, self.boundary.box, self.curves.log_button.isChecked())

    def show_view(self, view: View) -> None:
        """Look at the work like this; slice and probe come with the data."""
        self.studio.show(view.shown)
        self.curves.set_log(view.log_loss)
        if view.box is not None:
            self.boundary.show_box(view.box)


def shown_keys(command: Command, action: QAction) -> str:
    """The keys of a command, as the platform writes them."""
    return command.keys or action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


# Dialogs, as plain functions that tests replace


def ask_open(parent: QWidget, folder: str) -> str:
    """A project or a table to open, or ""."""
    from mlp_studio.ui.dialogs import saving

    return saving.ask_open(parent, folder)
