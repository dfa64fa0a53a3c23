"""The lessons: a gallery, and a page for each with its text, its experiment, its verdict and what to try next."""

from functools import cached_property, partial
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import LESSONS, Lesson, lesson_text
from mlp_studio.core.verdict import Findings, is_met
from mlp_studio.core.walk import walk
from mlp_studio.ui import theme
from mlp_studio.ui.actions import COMMANDS
from mlp_studio.ui.form import plain_label, tooltip
from mlp_studio.ui.panels.lesson_text import LessonText, plain_markdown
from mlp_studio.ui.store import State
from mlp_studio.ui.studio import Studio

if TYPE_CHECKING:
    from mlp_studio.ui.panels.comparison import ComparisonView

HALF = theme.UNIT // 2
MET, NOT_MET = "✓", "✗"
NOT_RUN = "Not run yet"
LINES = "\n"
UNBROKEN = "\N{NO-BREAK SPACE}"
WALK_SECONDS = 0.2  # while training, from one look at the point's way to the next: figures that change faster are noise
SHUFFLE = "Shuffle the labels and train again"
RESTORE = "Restore the labels and train again"


class LessonRow(QAbstractButton):
    """A lesson in the gallery: number, title, one line, and a check mark where it was met."""

    def __init__(self, number: int, lesson: Lesson, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(lesson.title)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        count = plain_label(f"{number}", muted=True)
        count.setFixedWidth(2 * theme.UNIT)
        count.setFont(theme.number_font())
        title = plain_label(lesson.title)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self.mark = plain_label()
        summary = plain_label(lesson.summary, muted=True, wrap=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(title)
        words.addWidget(summary)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(HALF, HALF, HALF, HALF)
        layout.setSpacing(HALF)
        layout.addWidget(count, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        for label in (count, title, summary, self.mark):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """What the words take."""
        return self._layout().sizeHint()

    def hasHeightForWidth(self) -> bool:
        """The summary wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As high as the wrapped summary needs."""
        return self._layout().totalHeightForWidth(width)

    def _layout(self) -> QLayout:
        layout = self.layout()
        assert layout is not None  # noqa: S101 - it is set when the row is made
        return layout

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A veil under the cursor, a frame with the focus."""
        if not (self.underMouse() or self.hasFocus()):
            return
        ink = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink.setAlpha(90)
        painter.setPen(ink if self.hasFocus() else Qt.PenStyle.NoPen)
        ink.setAlpha(18)
        painter.setBrush(ink)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
        painter.end()


class LessonPanel(QWidget):
    """Shows the gallery, or the lesson that is open. `panel_wanted` names a dock to bring to
    the front, `tool_wanted` a command of the window."""

    panel_wanted = Signal(str)
    tool_wanted = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._key: object = None
        self._results: tuple[object, object] = (None, None)
        self._name: str | None = None
        self._findings: Findings | None = None
        self._was_growing = False
        self._awaited = False  # whether a training that the open page is about has begun since its last verdict
        self.rows: dict[str, LessonRow] = {}
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self._gallery())
        self.pages.addWidget(self._page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self._recolour()
        studio.store.changed.connect(self.render)
        self.render(studio.store.state)

    def sizeHint(self) -> QSize:
        """What a dock gives it."""
        return QSize(420, 330)

    # --- building ----------------------------------------------------------------------------------------------

    def _gallery(self) -> QScrollArea:
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(theme.UNIT, HALF, theme.UNIT, theme.UNIT)
        layout.setSpacing(0)
        level = ""
        for number, (name, lesson) in enumerate(LESSONS.items(), start=1):
            if lesson.level != level:
                level = lesson.level
                layout.addSpacing(HALF)
                layout.addWidget(plain_label(level, muted=True))
            row = LessonRow(number, lesson, content)
            row.setObjectName(name)
            row.clicked.connect(partial(self._read, name))
            self.rows[name] = row
            layout.addWidget(row)
        layout.addStretch(1)
        return _scrolling(content)

    def _page(self) -> QWidget:
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._header(page))
        self.body = QWidget(page)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(theme.UNIT, 0, theme.UNIT, theme.UNIT)
        column.setSpacing(theme.UNIT)
        self.title = plain_label(wrap=True)
        self._set_fonts()
        self.text = LessonText(self.body)
        self.walk = LessonText(self.body)
        self.walk.hide()
        self._walked: tuple[object, ...] = ()
        self._walked_at = 0.0
        self.verdict = QWidget(self.body)
        self._verdict_rows = _column(self.verdict)
        self.next = QWidget(self.body)
        self._next_rows = _column(self.next)
        self.try_buttons: list[QToolButton] = []
        for part in (self.title, self.text, self.walk, self.verdict, self.next):
            column.addWidget(part)
        column.addStretch(1)
        self._column = column
        self.scroll_area = _scrolling(self.body)
        layout.addWidget(self.scroll_area, 1)
        layout.addLayout(self._footer(page))
        return page

    @cached_property
    def comparison(self) -> "ComparisonView":
        """The runs of a lesson side by side, made for the first lesson that compares: the window is up sooner."""
        from mlp_studio.ui.panels.comparison import ComparisonView

        view = ComparisonView(self._studio, self.body)
        self._column.insertWidget(self._column.indexOf(self.verdict), view)
        return view

    def _header(self, page: QWidget) -> QHBoxLayout:
        self.back, self.following = QToolButton(page), QToolButton(page)
        for button, slot in ((self.back, self._go_back), (self.following, self._go_on)):
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(slot)
        self.back.setText("‹ All lessons")
        self.tool_button = QPushButton(page)
        self.tool_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tool_button.clicked.connect(self._want_tool)
        row = QHBoxLayout()
        row.setContentsMargins(HALF, HALF, HALF, HALF)
        row.addWidget(self.back)
        row.addStretch(1)
        row.addWidget(self.tool_button)
        row.addStretch(1)
        row.addWidget(self.following)
        return row

    def _footer(self, page: QWidget) -> QHBoxLayout:
        self.train_button, self.set_up_button = QPushButton(page), QPushButton("Set up", page)
        self.set_up_button.setToolTip(tooltip("Make the settings of this lesson, without training"))
        for button, slot in ((self.train_button, self._train), (self.set_up_button, self._set_up)):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(slot)
        self.headline = plain_label(muted=True)
        row = QHBoxLayout()
        row.setContentsMargins(theme.UNIT, HALF, theme.UNIT, HALF)
        row.setSpacing(theme.UNIT)
        row.addWidget(self.train_button)
        row.addWidget(self.set_up_button)
        row.addStretch(1)
        row.addWidget(self.headline)
        return row

    def _set_fonts(self) -> None:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)

    # --- state → panel -----------------------------------------------------------------------------------------

    @Slot(object)
    def render(self, state: State) -> None:
        """Show the gallery or the open lesson, and how its run came out."""
        self._show_walk(state)
        run = state.run
        key = (state.lesson, run.status if run else "", state.experiment.data.shuffle_labels)
        results = (state.verdicts, state.comparison)
        if key == self._key and all(new is old for new, old in zip(results, self._results, strict=True)):
            return
        self._key, self._results = key, results
        for name, row in self.rows.items():
            findings = state.verdicts.get(name)
            row.mark.setText(MET if findings and is_met(findings) else "")
        if state.lesson != self._name:
            self._name = state.lesson
            self._findings, self._awaited = None, False
            self._open(state.lesson)
        if state.lesson:
            self._show_outcome(state)

    def _open(self, name: str) -> None:
        self.pages.setCurrentIndex(1 if name else 0)
        if not name:
            return
        lesson = LESSONS[name]
        number = list(LESSONS).index(name) + 1
        self.title.setText(f"{number} · {lesson.title}")
        watch = "".join(f"- {line}\n" for line in lesson.watch)
        self.text.show_markdown(f"{lesson_text(name)}\n#### Watch\n\n{watch}")
        self._list_next(name)
        command = next((command for command in COMMANDS if command.name == lesson.tool), None)
        self.tool_button.setVisible(command is not None)
        if command is not None:
            self.tool_button.setText(command.text.replace("&", ""))
            self.tool_button.setToolTip(tooltip(command.help))
        self.following.setText("Next ›")
        is_last = number == len(LESSONS)
        self.following.setVisible(not is_last)
        self._clear_verdict()
        self.scroll_area.verticalScrollBar().setValue(0)

    def _list_next(self, name: str) -> None:
        _empty(self._next_rows)
        self._next_rows.addWidget(_heading("Try next"))
        self.try_buttons = []
        for index, proposal in enumerate(LESSONS[name].try_next):
            button = QToolButton(self.next)
            button.setText("Try")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(tooltip(f"Set it up and train: {as_words(proposal.settings)}"))
            button.setAccessibleName(proposal.text)
            button.clicked.connect(partial(self._try, name, index))
            self.try_buttons.append(button)
            self._next_rows.addWidget(_with_mark(button, proposal.text))
        self.shuffle_button = QPushButton(SHUFFLE, self.next)
        self.shuffle_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.shuffle_button.setToolTip(tooltip("On the data that are loaded now, whichever they are"))
        self.shuffle_button.clicked.connect(self._shuffle)
        self.shuffle_button.setVisible(LESSONS[name].offers_shuffling)
        self._next_rows.addWidget(self.shuffle_button, 0, Qt.AlignmentFlag.AlignLeft)

    def _show_walk(self, state: State) -> None:
        """Follow the point that was asked about through the network, where that is what the lesson is about."""
        state = state.as_seen()
        run, probe = state.run, state.probe
        wanted = bool(state.lesson and LESSONS[state.lesson].probe)
        if not wanted or run is None or probe is None:
            if self._walked:
                self.walk.hide()
                self._walked = ()
            return
        key = (run.snapshot, run.prepared, probe)
        is_known = len(self._walked) == len(key) and all(a is b for a, b in zip(key, self._walked, strict=True))
        if is_known or (run.active and monotonic() - self._walked_at < WALK_SECONDS):
            return
        self._walked, self._walked_at = key, monotonic()
        prepared, activation = run.prepared, run.experiment.model.activation
        classes, derived = prepared.dataset.class_names, prepared.derived
        steps = walk(run.snapshot.params, activation, prepared.scaler, probe, classes, derived)
        epoch = f"{run.snapshot.epoch:,} epoch{'' if run.snapshot.epoch == 1 else 's'}"
        *formulas, answer = steps
        parts = [f"#### After {epoch}"]
        for number, step in enumerate(formulas, start=1):
            parts += [f"**{number} · {step.name}**", LINES.join(f"    {line}" for line in step.lines)]
        parts.append(
            f"**{len(steps)} · {answer.name}**: {plain_markdown(answer.lines[0]).replace(' %', UNBROKEN + '%')}."
        )
        self.walk.show_markdown("\n\n".join(parts))
        self.walk.show()

    def _show_outcome(self, state: State) -> None:
        name = state.lesson
        lesson = LESSONS[name]
        comparison = state.comparison if state.comparison and state.comparison.lesson == name else None
        under_way = bool(comparison and comparison.running)
        if lesson.compares or "comparison" in vars(self):
            self.comparison.show_comparison(comparison if lesson.compares else None)
        self.train_button.setText(
            "Stop" if under_way else f"Train all {len(lesson.runs)}" if lesson.compares else "Set up and train"
        )
        self.set_up_button.setText(
            f"Set up {lesson.runs[lesson.main].title.split(':')[0]}" if lesson.main else "Set up"
        )
        self.shuffle_button.setText(RESTORE if state.experiment.data.shuffle_labels else SHUFFLE)
        run = state.run
        at_it = run is not None and run.status in ("starting", "running") and run.experiment == lesson.experiment()
        broken_off = bool(comparison and comparison.message)
        hidden = under_way or broken_off or (at_it and not lesson.compares)
        findings = None if hidden else state.verdicts.get(name)
        self._awaited |= under_way or at_it
        self.headline.setText(
            "Training …" if under_way or at_it else verdict_headline(findings) if findings else NOT_RUN
        )
        growing = under_way and bool(comparison and comparison.runs)
        if growing and not self._was_growing:
            QTimer.singleShot(0, self, self._scroll_to_outcome)
        self._was_growing = growing
        if findings is not self._findings:
            self._findings = findings
            self._show_verdict(findings)
            if findings is not None and self._awaited:  # one that is known already is not what a reader came for
                self._awaited = False
                QTimer.singleShot(0, self, self._scroll_to_outcome)

    def _clear_verdict(self) -> None:
        _empty(self._verdict_rows)
        self.verdict.hide()

    def _show_verdict(self, findings: Findings | None) -> None:
        self._clear_verdict()
        if not findings:
            return
        self._verdict_rows.addWidget(_heading(verdict_headline(findings)))
        for finding in findings:
            mark = plain_label(MET if finding.met else NOT_MET)
            self._verdict_rows.addWidget(_with_mark(mark, finding.sentence))
        self.verdict.show()

    @Slot()
    def _scroll_to_outcome(self) -> None:
        layout = self.body.layout()
        if layout is not None:
            layout.activate()
        parts = (self.walk, vars(self).get("comparison"), self.verdict)
        shown = next((part for part in parts if part is not None and part.isVisible()), None)
        if shown is not None:
            self.scroll_area.verticalScrollBar().setValue(shown.y() - theme.UNIT)

    # --- panel → intents ---------------------------------------------------------------------------------------

    def _read(self, name: str, _checked: bool = False) -> None:
        self._studio.lessons.read(name)

    @Slot()
    def _go_back(self) -> None:
        self._studio.lessons.read("")

    @Slot()
    def _go_on(self) -> None:
        names = list(LESSONS)
        self._studio.lessons.read(names[names.index(self._name or names[0]) + 1])

    @Slot()
    def _train(self) -> None:
        comparison = self._studio.store.state.comparison
        if comparison is not None and comparison.running and comparison.lesson == self._name:
            self._studio.lessons.comparer.cancel()
        elif self._name:
            self._studio.lessons.train(self._name)
            self._want_panel()

    @Slot()
    def _set_up(self) -> None:
        if self._name:
            self._studio.lessons.open(self._name)
            self._want_panel()

    @Slot()
    def _want_tool(self) -> None:
        if not self._name:
            return
        lesson = LESSONS[self._name]
        if lesson.tool_on_own and self._studio.store.state.experiment != lesson.experiment():
            self._studio.lessons.open(self._name)
        self.tool_wanted.emit(lesson.tool)

    def _want_panel(self) -> None:
        if self._name and LESSONS[self._name].panel:
            self.panel_wanted.emit(LESSONS[self._name].panel)

    def _try(self, name: str, index: int, _checked: bool = False) -> None:
        lesson = LESSONS[name]
        self._studio.train_anew(with_settings(lesson.experiment(), lesson.try_next[index].settings))

    @Slot()
    def _shuffle(self) -> None:
        self._studio.shuffle_labels(not self._studio.store.state.experiment.data.shuffle_labels)

    # --- looks -------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the primary button when light turns to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "train_button"):
            self._recolour()

    def _recolour(self) -> None:
        tone = theme.colours()
        self.train_button.setStyleSheet(
            f"QPushButton {{ background: {tone.accent}; color: {tone.on_accent}; border: none; border-radius: 4px;"
            f" padding: 5px 12px; font-weight: 600; }}"
            f"QPushButton:hover, QPushButton:focus {{ border: 2px solid {tone.text}; padding: 3px 10px; }}"
        )


def verdict_headline(findings: Findings) -> str:
    """Met or not, and how many of the expectations are."""
    met = sum(finding.met for finding in findings)
    return f"{MET} Met" if met == len(findings) else f"{NOT_MET} Not met: {met} of {len(findings)}"


def as_words(settings: object) -> str:
    """Settings as `--set` has them."""
    assert isinstance(settings, dict)  # noqa: S101 - the lessons write them as such
    return ", ".join(f"{path} = {value}" for path, value in settings.items())


def _heading(text: str) -> QWidget:
    label = plain_label(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _with_mark(mark: QWidget, text: str) -> QWidget:
    """A mark or button with a wrapped line beside it."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.UNIT)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(plain_label(text, wrap=True), 1)
    return holder


def _column(holder: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(HALF)
    return column


def _empty(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area
