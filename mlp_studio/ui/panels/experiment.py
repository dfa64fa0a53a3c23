"""The experiment: data, model and training, as foldable forms made from the configuration's knobs."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.backends.registry import BACKENDS, why_not
from mlp_studio.core.config import Experiment, Knob, knobs
from mlp_studio.core.derive import DERIVATIONS, MOST_INPUTS, input_count
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.network import layer_sizes, parameter_count
from mlp_studio.core.sources import SOURCES
from mlp_studio.ui import theme
from mlp_studio.ui.form import CheckList, ChoiceBox, Field, help_text, plain_label, tooltip
from mlp_studio.ui.seeds import new_seed_for
from mlp_studio.ui.source_list import SourceDelegate
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio

# Rows of each section; two or three settings may share a row. A test sees to it that no knob is left out.
DATA = (
    ("data.source",),
    ("data.rows",),
    ("data.noise",),
    ("data.classes",),
    ("seed",),
    ("split.train", "split.validation", "split.test"),
    ("split.standardize", "split.class_weights"),
    ("split.derived",),
)
DATA_MORE = (("split.stratify", "data.shuffle_labels"),)
MODEL = (
    ("model.backend",),
    ("model.hidden",),
    ("model.activation",),
    ("model.initialization",),
    ("model.dropout",),
)
TRAINING = (
    ("train.optimizer",),
    ("train.learning_rate", "train.epochs"),
    ("train.batch_size", "train.early_stopping"),
)
TRAINING_MORE = (("train.l1", "train.l2"), ("train.momentum", "train.precision"), ("train.device", "train.threads"))
MOST_NUMBERED = 2  # check boxes beside each other whose texts have room for a number
MOST_COUNTED = 999  # more derived inputs are counted in the tooltip alone, as the form has no room for the number

Rows = Sequence[Sequence[str]]


def _knob(path: str) -> Knob:
    section, _, name = path.partition(".")
    return knobs(Experiment)["seed"] if path == "seed" else knobs(getattr(Experiment(), section))[name]


def _value(experiment: Experiment, path: str) -> object:
    section, _, name = path.partition(".")
    return experiment.seed if path == "seed" else getattr(getattr(experiment, section), name)


class Section(QWidget):
    """A heading that folds what is beneath it."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_more = False
        self.heading = QToolButton(self)
        self.heading.setText(title)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setArrowType(Qt.ArrowType.DownArrow)
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.heading.clicked.connect(self._fold)
        self.more = QToolButton(self)
        self.more.setText("More")
        self.more.setCheckable(True)
        self.more.setAutoRaise(True)
        self.more.setToolTip(tooltip("Settings that are rarely needed"))
        self.more.setObjectName(f"{title.lower()}.more")
        self.more.hide()
        self.body = QWidget(self)
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(theme.UNIT // 2, 0, 0, theme.UNIT)
        self.rows.setSpacing(theme.UNIT - 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.UNIT // 2)
        top = QHBoxLayout()
        top.addWidget(self.heading)
        top.addStretch(1)
        top.addWidget(self.more)
        layout.addLayout(top)
        layout.addWidget(self.body)

    def add_rare(self, settings: QLayout) -> None:
        """Settings that are shown while More, beside the heading, is pressed."""
        body = QWidget(self)
        body.setLayout(settings)
        body.hide()
        self.rows.addWidget(body)
        self.more.toggled.connect(body.setVisible)
        self.more.show()
        self._has_more = True

    @Slot()
    def _fold(self) -> None:
        is_open = self.body.isHidden()
        self.body.setVisible(is_open)
        self.more.setVisible(is_open and self._has_more)
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)


class ExperimentPanel(QScrollArea):
    """Three sections of settings, each with a line that says what they come to."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.fields: dict[str, Field] = {}
        self._captions: dict[str, QLabel] = {}
        self._experiment: Experiment | None = None
        self._without = " ".join(filter(None, map(why_not, BACKENDS)))  # which backends cannot be had here, and why
        self._prepared: object = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.new_sample_button = QPushButton(self)
        self.new_sample_button.setObjectName("new_sample")
        self.new_sample_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to training
        self.new_sample_button.clicked.connect(self.new_sample)
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(theme.UNIT, theme.UNIT // 2, theme.UNIT, theme.UNIT)
        layout.setSpacing(theme.UNIT // 2)
        data, self.data_summary = self._section("Data", DATA, DATA_MORE)
        model, self.model_summary = self._section("Model", MODEL, ())
        training, self.training_summary = self._section("Training", TRAINING, TRAINING_MORE)
        for section in (data, model, training):
            layout.addWidget(section)
        layout.addStretch(1)
        self._picture_sources()
        self.setWidget(content)
        QWidget.setTabOrder(self.fields["seed"].control, self.new_sample_button)
        self.setMinimumWidth(content.minimumSizeHint().width() + 2 * theme.UNIT)
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def _picture_sources(self) -> None:
        """Open the list of sources with a picture of each."""
        box = self.fields["data.source"].control
        if isinstance(box, ChoiceBox):
            box.setItemDelegate(SourceDelegate(lambda: self._studio.store.state.experiment, box))
            box.setMaxVisibleItems(box.count())

    def _section(self, title: str, rows: Rows, rare: Rows) -> tuple[Section, QLabel]:
        section = Section(title, self)
        section.rows.addLayout(self._grid(rows))
        if rare:
            section.add_rare(self._grid(rare))
        summary = plain_label(muted=True, wrap=True)
        summary.setObjectName(f"{title.lower()}.summary")
        section.rows.addWidget(summary)
        return section, summary

    def _grid(self, rows: Rows) -> QGridLayout:
        """Rows of settings on a grid of six columns: one, two or three to a row.

        Short ones have their caption above them, and what is wrong with them below, over the whole width.
        """
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.UNIT)
        grid.setVerticalSpacing(theme.UNIT // 2)
        for column in range(6):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, 36)
        for row, paths in enumerate(rows):
            span = 6 // len(paths)
            errors = QVBoxLayout()
            grid.addLayout(errors, 3 * row + 2, 0, 1, 6)
            for place, path in enumerate(paths):
                field = self._add(grid, 3 * row, place * span, span, path)
                if span < 6:
                    errors.addWidget(field.error)
        return grid

    def _add(self, grid: QGridLayout, row: int, column: int, span: int, path: str) -> Field:
        knob = _knob(path)
        value = _value(self._studio.store.state.experiment, path)
        field = Field(path, knob, value, self._set, self)
        field.held.connect(partial(self._hold, path))
        self.fields[path] = field
        if isinstance(value, bool):
            grid.addWidget(field, row + 1, column, 1, span)
            return field
        caption = plain_label(knob.label, muted=True)
        caption.setToolTip(tooltip(help_text(knob)))
        caption.setBuddy(field.control)
        self._captions[path] = caption
        if span == 6:
            beside = self.new_sample_button if path == "seed" else None
            line = self.new_sample_button.sizeHint().height()
            caption.setFixedHeight(min(line, field.control.sizeHint().height()))  # level with its first line
            grid.addWidget(caption, row + 1, 0, 1, 2, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(field, row + 1, 2, 1, 4 if beside is None else 2)
            if beside is not None:
                grid.addWidget(beside, row + 1, 4, 1, 2, Qt.AlignmentFlag.AlignTop)
        else:
            grid.addWidget(caption, row, column, 1, span)
            grid.addWidget(field, row + 1, column, 1, span)
        return field

    def _set(self, path: str, value: object) -> None:
        """Change a setting; small changes that follow each other quickly are undone together."""
        if not self.fields[path].is_stepping:
            self._studio.set(path, value)
            return
        with self._studio.undo.near(path):
            self._studio.set(path, value)

    def _hold(self, path: str, is_held: bool) -> None:
        """A drag is undone as a whole."""
        if is_held:
            self._studio.undo.hold(path)
        else:
            self._studio.undo.let_go()

    def commit(self) -> bool:
        """Take over what is still being typed; whether every value could be taken."""
        for field in self.fields.values():
            field.commit()
        wrong = next((field for field in self.fields.values() if field.error.text()), None)
        if wrong is not None:
            self.ensureWidgetVisible(wrong.error)
            self.ensureWidgetVisible(wrong)
            wrong.control.setFocus()
        return wrong is None

    @Slot()
    def new_sample(self) -> None:
        """Draw a new seed, after what is still being typed was taken over."""
        if self.commit():
            self._studio.new_sample()

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the settings and what they come to."""
        if state.experiment is self._experiment and state.prepared is self._prepared:
            return
        self._experiment, self._prepared = state.experiment, state.prepared
        for path, field in self.fields.items():
            field.show_value(_value(state.experiment, path))
        self._show_fixed(state)
        self._show_derived(state)
        self._enable(state.experiment)
        seed = new_seed_for(state)
        self.new_sample_button.setText(seed.label)
        self.new_sample_button.setToolTip(tooltip(f"{seed.help} (N)"))
        self.data_summary.setText(data_summary(state))
        self.model_summary.setText(model_summary(state))
        self.training_summary.setText(training_summary(state))

    def _show_fixed(self, state: State) -> None:
        """Where the source fixes rows and classes, show those of the data rather than a setting without effect."""
        settings, fixed = SOURCES[state.experiment.data.source].settings, {}
        if state.prepared is not None and not state.loading:  # until they are there, the data are those before
            fixed = {"rows": state.prepared.dataset.rows, "classes": state.prepared.dataset.classes}
        for name in ("rows", "classes", "noise"):
            if name not in settings:
                self.fields[f"data.{name}"].show_fixed(fixed.get(name))

    def _show_derived(self, state: State) -> None:
        """Offer the derived inputs that mean something for these data, with the number that they make of wide ones."""
        control, prepared = self.fields["split.derived"].control, state.prepared
        if not isinstance(control, CheckList):
            return
        features = ("X1", "X2") if prepared is None else prepared.dataset.feature_names
        chosen = state.experiment.split.derived
        offered = [
            name for name, entry in DERIVATIONS.items() if len(features) <= 2 or not entry.planar or name in chosen
        ]
        for name, entry in DERIVATIONS.items():
            made = entry.count(len(features))
            is_brief = len(features) <= 2 or made > MOST_COUNTED or len(offered) > MOST_NUMBERED
            text = entry.label if is_brief else f"{entry.label} (+{made:,})"
            control.describe(
                name,
                text,
                f"{entry.title}. {entry.help} {made_from(features, name)}",
                is_offered=name in offered,
                why_not=why_not_derived(len(features), name, chosen),
            )

    def _enable(self, experiment: Experiment) -> None:
        source = SOURCES[experiment.data.source]
        self.fields["data.source"].explain(about=f"{source.label}: {source.help}")
        self.fields["model.backend"].explain(about=self._without)
        for name in ("rows", "noise", "classes"):
            self._set_enabled(f"data.{name}", name in source.settings, f"{source.label} has this fixed.")
        uses_momentum = experiment.train.optimizer in ("momentum", "nesterov")
        self._set_enabled("train.momentum", uses_momentum, "Only the momentum and Nesterov optimizers use this.")
        has_choice = experiment.model.backend == "torch" or experiment.train.device != "cpu"
        self._set_enabled("train.device", has_choice, "The NumPy backend computes on the CPU.")

    def _set_enabled(self, path: str, is_enabled: bool, why_not: str) -> None:
        self._captions[path].setEnabled(is_enabled)
        self.fields[path].explain("" if is_enabled else why_not)


def made_from(features: tuple[str, ...], name: str) -> str:
    """The inputs that a derivation makes of these features, the first of them by name."""
    made = DERIVATIONS[name].count(len(features))
    first = DERIVATIONS[name].names(features[:4])[:3]  # of wide data there are a hundred thousand
    shown = ", ".join(first) + (" …" if made > 3 else "")
    return f"{made:,} more input{'s' * (made != 1)}: {shown}." if made else ""


def why_not_derived(features: int, name: str, chosen: tuple[str, ...]) -> str:
    """Why these inputs cannot be had besides those that are chosen, in a sentence; "" where they can."""
    if not DERIVATIONS[name].count(features):
        return "It takes two features, and the data have one."
    inputs = input_count(features, {*chosen, name})
    return f"It would make {inputs:,} inputs, and {MOST_INPUTS:,} are the most." if inputs > MOST_INPUTS else ""


def data_summary(state: State) -> str:
    """Shape, classes and split in one line."""
    prepared = state.prepared
    if prepared is None:
        return ""
    data = prepared.dataset
    sizes = " / ".join(f"{len(part):,}" for part in prepared.parts.values())
    shape = f"{data.rows:,} rows × {data.features:,} feature{'s' * (data.features != 1)}"
    if prepared.derived:
        shape = f"{data.rows:,} rows × {prepared.input_count:,} inputs"
    if state.experiment.data.source not in GENERATORS:
        columns = f"{prepared.input_count:,} inputs" if prepared.derived else f"{data.features:,}"
        shape = f"{data.name}: {data.rows:,} × {columns}"
    return f"{shape} · {data.classes} classes\ntrain / validation / test: {sizes}"


def model_summary(state: State) -> str:
    """The layer shapes and the parameter count; why the backend cannot be had, where it cannot."""
    if state.prepared is None:
        return ""
    data, model = state.prepared.dataset, state.experiment.model
    sizes = layer_sizes(model, state.prepared.input_count, data.classes)
    shapes = " → ".join(str(size) for size in sizes)
    matrices = ", ".join(f"W{k} {fan_in}×{fan_out}" for k, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1))
    lines = [f"{shapes} · {parameter_count(sizes):,} parameters", matrices, why_not(model.backend)]
    return "\n".join(filter(None, lines))


def training_summary(state: State) -> str:
    """How many updates an epoch makes."""
    if state.prepared is None:
        return ""
    rows, size = len(state.prepared.train), state.experiment.train.batch_size
    if size == 0 or size >= rows:
        return f"1 update an epoch, from all {rows:,} rows"
    return f"{-(-rows // size):,} updates an epoch, of {size:,} rows each"
