"""The import dialog: guesses shown, changed by hand, and judged at once."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel

from mlp_studio.core.config import DataConfig
from mlp_studio.core.look import look
from mlp_studio.core.preview import read_preview
from mlp_studio.core.readers import READERS
from mlp_studio.core.table import read_table
from mlp_studio.core.text_rows import TableFormat
from mlp_studio.ui.dialogs import import_table
from mlp_studio.ui.dialogs.import_table import ImportChoice, ImportDialog
from mlp_studio.ui.jobs import Jobs
from tests.ui.helpers import SECONDS

# what the offscreen platform says of every dialog that opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")

PLAIN = "x,y,town,kind\n" + "".join(f"{i}.5,{i * i}.25,t{i},k{i % 3}\n" for i in range(60))


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    assert made.close(20_000)


@pytest.fixture
def opened(qtbot, tmp_path, jobs):
    """Text → the dialog, open on a file that holds it."""

    def open_dialog(
        text: str | bytes, encoding: str = "utf-8", name: str = "data.csv", present: DataConfig | None = None
    ) -> ImportDialog:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return show(path, present)

    def show(path: Path, present: DataConfig | None = None) -> ImportDialog:
        dialog = ImportDialog(look(path, rows=import_table.SHOWN_ROWS), jobs, None, present)
        qtbot.addWidget(dialog)
        dialog.open()
        qtbot.waitUntil(dialog.isVisible)
        return dialog

    open_dialog.show = show
    return open_dialog


def shown_roles(dialog: ImportDialog) -> list[str]:
    return [dialog.table.roles.box(column).currentText() for column in range(columns(dialog))]


def columns(dialog: ImportDialog) -> int:
    return dialog.table.model().columnCount()


def cell(dialog: ImportDialog, row: int, column: int) -> str:
    return dialog.table.model().index(row, column).data()


def names(dialog: ImportDialog) -> list[str]:
    return [dialog.table.model().headerData(c, Qt.Orientation.Horizontal) for c in range(columns(dialog))]


def wait_for_look(qtbot, dialog: ImportDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.is_looking, timeout=SECONDS)


def press(qtbot, box: QComboBox, key: Qt.Key, times: int = 1) -> None:
    for _ in range(times):
        qtbot.keyClick(box, key)
    wait_for_look(qtbot, box.window())


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def tick(qtbot, box) -> None:
    """Click on the tick itself: the widget is wider than what reacts."""
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    wait_for_look(qtbot, box.window())


def test_the_guesses_are_shown_and_can_be_taken_at_once(qtbot, opened, tmp_path):
    dialog = opened(PLAIN)
    assert dialog.encoding.currentText() == "Unicode (UTF-8)"
    assert dialog.delimiter.currentText() == "Comma ,"
    assert dialog.decimal.currentText() == "Point 1.5"
    assert dialog.header.isChecked()
    assert shown_roles(dialog) == ["Feature", "Feature", "Ignore", "Label"]
    assert dialog.sentence.text() == "Ready: 2 features, label “kind”."
    with qtbot.waitSignal(dialog.accepted):
        click(qtbot, dialog.ok)
    choice = dialog.choice()
    assert choice == ImportChoice(tmp_path / "data.csv", "kind", (), TableFormat())
    assert read_table(choice.path, choice.label, choice.features, choice.format).X.shape == (60, 2)


def test_the_first_rows_and_their_lines_are_shown(opened):
    dialog = opened(PLAIN)
    model = dialog.table.model()
    assert names(dialog) == ["x", "y", "town", "kind"]
    assert model.rowCount() == 50
    assert [cell(dialog, 2, column) for column in range(4)] == ["2.5", "4.25", "t2", "k2"]
    assert model.headerData(2, Qt.Orientation.Vertical) == "4"


def test_cancel_takes_nothing(qtbot, opened):
    dialog = opened(PLAIN)
    with qtbot.waitSignal(dialog.rejected):
        click(qtbot, dialog.buttons.button(dialog.buttons.StandardButton.Cancel))


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("a;b;kind\n1,5;2;u\n2,5;3;v\n", "utf-8", TableFormat("utf-8-sig", ";", ",", True)),
        ("1\t2\tu\n3\t4\tv\n5\t6\tu\n", "utf-16", TableFormat("utf-16", "\t", ".", False)),
        ("ä|b|kind\n1|2|u\n2|3|v\n", "cp1252", TableFormat("cp1252", "|", ".", True)),
    ],
)
def test_the_format_of_other_dialects_is_guessed(opened, text, encoding, expected):
    dialog = opened(text, encoding)
    assert dialog.choice().format == expected
    assert dialog.ok.isEnabled()
    assert dialog.notes.text() == " ".join(read_preview(dialog.choice().path).notes)


def test_a_role_is_chosen_above_its_column(qtbot, opened):
    dialog = opened(PLAIN)
    press(qtbot, dialog.table.roles.box(0), Qt.Key.Key_End)  # Ignore
    assert dialog.choice().features == ("y",)
    assert dialog.sentence.text() == "Ready: 1 feature, label “kind”."
    assert dialog.table.model().index(0, 0).data(Qt.ItemDataRole.ForegroundRole) is not None
    assert dialog.table.model().index(0, 1).data(Qt.ItemDataRole.ForegroundRole) is None


def test_a_new_label_leaves_the_former_one_out(qtbot, opened):
    dialog = opened("x,grade,kind\n1,1,u\n2,1,v\n3,2,u\n4,2,v\n")
    press(qtbot, dialog.table.roles.box(1), Qt.Key.Key_Down)  # Label
    assert shown_roles(dialog) == ["Feature", "Label", "Ignore"]
    assert (dialog.choice().label, dialog.choice().features) == ("grade", ("x",))


def test_what_is_wrong_is_said_at_once_and_import_says_why_it_waits(qtbot, opened):
    dialog = opened(PLAIN)
    press(qtbot, dialog.table.roles.box(2), Qt.Key.Key_Home)  # Feature
    sentence = "Column “town” holds more than 20 different texts, too many to become a feature each; ignore it."
    assert dialog.sentence.text() == sentence
    assert not dialog.ok.isEnabled()
    assert dialog.ok.toolTip() == f"<qt>{sentence}</qt>"
    press(qtbot, dialog.table.roles.box(2), Qt.Key.Key_End)
    assert dialog.ok.isEnabled()


def test_a_missing_label_and_a_number_as_label_are_refused(qtbot, opened):
    dialog = opened(PLAIN)
    press(qtbot, dialog.table.roles.box(3), Qt.Key.Key_End)
    assert dialog.sentence.text() == "Choose the column that holds the class as the label."
    press(qtbot, dialog.table.roles.box(0), Qt.Key.Key_Down)
    assert dialog.sentence.text() == "Column “x”: This looks like a number to predict; MLP Studio classifies."
    assert not dialog.ok.isEnabled()


def test_all_or_none_of_the_columns_become_features_by_one_click(qtbot, opened):
    dialog = opened(PLAIN)
    click(qtbot, dialog.use_none)
    assert dialog.sentence.text() == "Choose at least one column as a feature."
    assert shown_roles(dialog) == ["Ignore", "Ignore", "Ignore", "Label"]
    click(qtbot, dialog.use_all)
    assert shown_roles(dialog) == ["Feature", "Feature", "Ignore", "Label"]


def test_another_delimiter_changes_the_preview_live(qtbot, opened):
    dialog = opened(PLAIN)
    press(qtbot, dialog.delimiter, Qt.Key.Key_Down)
    assert names(dialog) == ["x,y,town,kind"]
    assert dialog.sentence.text() == ("Only one column was found; choose the delimiter that separates the columns.")
    assert not dialog.ok.isEnabled()
    press(qtbot, dialog.delimiter, Qt.Key.Key_Up)
    assert shown_roles(dialog) == ["Feature", "Feature", "Ignore", "Label"]
    assert dialog.ok.isEnabled()


def test_without_header_the_first_row_is_data(qtbot, opened):
    dialog = opened("1,2,u\n3,4,v\n5,6,u\n")
    assert names(dialog) == ["x1", "x2", "x3"]
    tick(qtbot, dialog.header)
    assert names(dialog) == ["1", "2", "u"]
    assert cell(dialog, 0, 2) == "v"


def test_chosen_roles_survive_a_change_of_format_that_keeps_the_columns(qtbot, opened):
    dialog = opened("a;b;kind\n1,5;2;u\n2,5;3;v\n")
    press(qtbot, dialog.table.roles.box(1), Qt.Key.Key_End)
    press(qtbot, dialog.decimal, Qt.Key.Key_Up)
    assert shown_roles(dialog) == ["Feature", "Ignore", "Label"]
    assert dialog.sentence.text().endswith("Is the comma a decimal sign?")


def test_a_file_without_a_byte_order_mark_opens_once_its_encoding_is_chosen(qtbot, opened):
    dialog = opened("x,kind\n1,u\n2,v\n".encode("utf-16-le"))
    assert dialog.sentence.text() == "“data.csv” is not a text file."
    assert not dialog.use_all.isEnabled()
    press(qtbot, dialog.encoding, Qt.Key.Key_Down, 2)
    assert names(dialog) == ["x", "kind"]
    assert dialog.ok.isEnabled()
    assert dialog.choice().format.encoding == "utf-16-le"


def test_a_wrong_encoding_empties_the_preview_and_can_be_taken_back(qtbot, opened):
    dialog = opened("größe,kind\n1,u\n2,v\n", "cp1252")
    press(qtbot, dialog.encoding, Qt.Key.Key_Home)
    assert dialog.sentence.text() == "“data.csv” is not text in this encoding; choose another."
    assert columns(dialog) == 0
    assert not dialog.ok.isEnabled()
    press(qtbot, dialog.encoding, Qt.Key.Key_Down, 3)
    assert names(dialog) == ["größe", "kind"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "“data.csv” is empty."),
        ("x,kind\n", "“data.csv” holds the names of columns but no rows."),
        ("x,y,kind\n1,2,u\n3\n", "Line 3 has 1 field, expected 3."),
        ('x,y,kind\n1,2,u\n"3,4,v\n', "Line 3 opens a quote that is never closed."),
        ("x,kind\n1,u\n2,u\n", "Column “kind” holds one class only, “u”; at least two are needed."),
        (
            "x,kind\n1,u\n2,u\n,v\n",
            (
                "Column “kind” holds one class only, “u”; at least two are needed. "
                "3 rows read, 2 used, 1 dropped for missing values (line 4)."
            ),
        ),
        (
            "x,kind\n,u\n1,\ninf,v\n",
            (
                "No row can be used: 3 rows read, 0 used, 1 dropped for missing values (line 2), "
                "1 dropped for infinite values (line 4), 1 dropped for an empty label (line 3)."
            ),
        ),
        (b"PK\x03\x04", "“data.csv” is a damaged Excel workbook or zip archive."),
    ],
)
def test_a_bad_file_opens_with_its_sentence(opened, text, sentence):
    dialog = opened(text)
    assert dialog.sentence.text() == sentence
    assert not dialog.ok.isEnabled()


def test_a_missing_file_opens_with_its_sentence(opened, tmp_path):
    dialog = opened.show(tmp_path / "none.csv")
    assert dialog.sentence.text() == f"There is no file “{tmp_path / 'none.csv'}”."
    assert dialog.choice().label == ""


def test_a_file_that_vanishes_while_the_dialog_is_open_is_told(qtbot, opened):
    dialog = opened(PLAIN)
    dialog.choice().path.unlink()
    press(qtbot, dialog.delimiter, Qt.Key.Key_Down)
    assert dialog.sentence.text().startswith("There is no file")


def test_what_comes_from_the_file_is_never_markup(opened):
    evil = "<img src=x><b>bold</b>"
    dialog = opened(f"x,{evil}\n1,{evil}\n2,{evil}\n", name="<i>.csv")
    assert evil in dialog.sentence.text()
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText for label in dialog.findChildren(QLabel) if "<" in label.text()
    )
    assert "<b>" not in dialog.ok.toolTip()
    tip = dialog.table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip


def test_long_and_many_lined_cells_stay_on_one_short_line(opened):
    dialog = opened(f'x,note,kind\n1,"two\nlines",u\n2,{"a" * 5000},v\n')
    assert cell(dialog, 0, 1) == "two lines"
    assert len(cell(dialog, 1, 1)) == 200


def test_long_names_do_not_widen_the_dialog(opened):
    dialog = opened(f"x,{'n' * 3000}\n1,u\n2,v\n", name="f" * 200 + ".csv")
    assert dialog.width() <= 1024
    assert dialog.minimumSizeHint().width() <= 1024


def test_of_a_wide_table_only_the_boxes_in_view_are_made(qtbot, opened):
    header = ",".join(f"f{i}" for i in range(800))
    dialog = opened(f"{header},kind\n" + f"{'1,' * 800}u\n{'2,' * 800}v\n")
    boxes = dialog.table.roles.findChildren(QComboBox)
    assert 3 <= len(boxes) <= 12
    dialog.table.horizontalScrollBar().setValue(dialog.table.horizontalScrollBar().maximum())
    last = dialog.table.roles.box(800)
    qtbot.waitUntil(last.isVisible)
    assert not dialog.table.roles.box(0).isVisible()
    assert last.currentText() == "Label"
    left = dialog.table.roles.sectionViewportPosition(800)
    assert left <= last.x() <= left + dialog.table.roles.sectionSize(800)


def test_each_box_lies_below_the_name_of_its_column(opened):
    dialog = opened(PLAIN)
    header = dialog.table.roles
    for column in range(4):
        box = header.box(column)
        assert box.isVisible()
        assert header.sectionViewportPosition(column) <= box.x()
        assert box.geometry().right() <= header.sectionViewportPosition(column) + header.sectionSize(column)
        assert box.y() >= dialog.fontMetrics().height()


def test_the_wheel_does_not_change_a_role(opened):
    dialog = opened(PLAIN)
    box = dialog.table.roles.box(0)
    centre = QPointF(box.rect().center())
    wheel = QWheelEvent(
        centre,
        box.mapToGlobal(centre),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, wheel)
    assert box.currentText() == "Feature"


def test_many_notes_are_counted(opened):
    dialog = opened("a,a,a,a,kind\n1,2,3,4,u\n5,6,7,9,v\n")
    assert dialog.notes.text() == (
        "Column 2 repeats the name “a” and is called “a (2)”. "
        "Column 3 repeats the name “a” and is called “a (3)”. (1 more such note.)"
    )


def test_only_the_start_of_the_file_is_read(opened, monkeypatch):
    monkeypatch.setattr(import_table, "SHOWN_ROWS", 7)
    dialog = opened("x,kind\n" + "1,u\n2,v\n" * 20_000 + "1,2,3\n")
    assert dialog.table.model().rowCount() == 7
    assert dialog.ok.isEnabled()


def test_every_control_explains_itself(opened):
    dialog = opened(PLAIN)
    controls = (
        dialog.encoding,
        dialog.delimiter,
        dialog.decimal,
        dialog.header,
        dialog.use_all,
        dialog.use_texts,
        dialog.use_none,
        dialog.missing,
        dialog.find_box,
    )
    assert all(control.toolTip() for control in (*controls, dialog.ok, dialog.table.roles.box(0)))
    assert dialog.table.roles.box(0).accessibleName() == "Role of x"


def test_what_is_doubtful_is_said(opened):
    dialog = opened("x,town,kind\n1,t1,0\n2,t1,1\n,t2,0\n4,t2,1\n")
    assert dialog.ok.isEnabled()
    assert dialog.notes.text() == (
        "“kind” holds few different numbers and is taken as the label; check that it is the class. "
        "“town” holds text and is left out unless chosen. (1 more such note.)"
    )


def test_the_choices_made_before_are_there_again(opened):
    present = DataConfig(source="file", label="y", features=("x",), missing="drop")
    dialog = opened("x,y,z,kind\n1,1,5,u\n2,1,6,v\n3,2,7,u\n4,2,8,v\n", present=present)
    assert shown_roles(dialog) == ["Feature", "Label", "Ignore", "Ignore"]
    assert dialog.choice().settings() == {
        "label": "y",
        "features": ("x",),
        "encoding": "utf-8-sig",
        "delimiter": ",",
        "decimal": ".",
        "header": "yes",
        "missing": "drop",
    }


@pytest.mark.parametrize(
    ("present", "roles"),
    [
        (DataConfig(label="kind"), ["Feature", "Feature", "Label"]),
        (DataConfig(label="y"), ["Feature", "Label", "Ignore"]),
        (DataConfig(label="gone", features=("x", "old")), ["Feature", "Ignore", "Label"]),
    ],
    ids=["as guessed", "another label", "columns that are gone"],
)
def test_choices_made_before_count_as_far_as_their_columns_are_there(opened, present, roles):
    assert shown_roles(opened("x,y,kind\n1,1,u\n2,1,v\n3,2,u\n4,2,v\n", present=present)) == roles


def test_closing_while_the_file_is_looked_at_is_safe(qtbot, opened, jobs):
    dialog = opened("x,kind\n" + "1,u\n2,v\n" * 20_000)
    qtbot.keyClick(dialog.encoding, Qt.Key.Key_Down)
    assert dialog.is_looking
    assert not dialog.ok.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: not jobs.active, timeout=SECONDS)
    assert not dialog.ok.isEnabled()  # what came is for nobody


COLOURS = "x,colour,kind\n" + "".join(f"{i},{('red', 'green', 'blue')[i % 3]},{'uv'[i % 2]}\n" for i in range(12))


def test_a_column_of_text_can_be_a_feature_and_says_what_it_becomes(qtbot, opened):
    dialog = opened(COLOURS)
    box = dialog.table.roles.box(1)
    assert box.currentText() == "Ignore"
    press(qtbot, box, Qt.Key.Key_Home)
    assert box.currentText() == "Feature (one-hot, 3)"
    assert "1 in the rows that hold the value, 0 in the others" in box.toolTip()
    assert dialog.sentence.text() == "Ready: 4 features from 2 columns, label “kind”."
    choice = dialog.choice()
    assert choice.features == ("x", "colour")
    assert read_table(choice.path, choice.label, choice.features, choice.format).features == 4


def test_columns_of_text_become_features_by_one_click_where_that_is_possible(qtbot, opened):
    dialog = opened(COLOURS)
    click(qtbot, dialog.use_texts)
    assert shown_roles(dialog) == ["Feature", "Feature (one-hot, 3)", "Label"]
    click(qtbot, dialog.use_all)
    assert shown_roles(dialog) == ["Feature", "Ignore", "Label"]
    dialog = opened(PLAIN)  # 60 towns are too many
    assert not dialog.use_texts.isEnabled()
    assert "There is no such column here." in dialog.use_texts.toolTip()


def test_of_a_long_file_the_number_of_values_is_a_lower_bound(opened):
    dialog = opened("x,colour,kind\n" + "1,red,u\n2,green,v\n" * 1000)
    assert dialog.table.roles.box(1).itemText(0) == "Feature (one-hot, 2+)"


def test_missing_values_are_dropped_or_filled_as_chosen(qtbot, opened):
    dialog = opened("x,y,kind\n1,,u\n,2,v\n")
    assert dialog.missing.currentText() == "Drop the row"
    assert dialog.notes.text() == "2 rows have no value in “x” or “y”: drop or fill such rows."
    assert dialog.sentence.text().startswith("No row can be used")
    assert not dialog.ok.isEnabled()
    press(qtbot, dialog.missing, Qt.Key.Key_Down)
    assert dialog.missing.currentText() == "Fill with the median"
    assert dialog.sentence.text() == "Ready: 2 features, label “kind”."
    assert dialog.ok.isEnabled()
    choice = dialog.choice()
    assert choice.settings()["missing"] == "median"
    assert read_table(choice.path, choice.label, choice.features, choice.format, choice.missing).rows == 2


def test_the_choice_for_missing_values_is_there_again(opened):
    present = DataConfig(source="file", label="kind", features=("colour",), missing="median")
    dialog = opened(COLOURS, present=present)
    assert dialog.missing.currentText() == "Fill with the median"
    assert shown_roles(dialog) == ["Ignore", "Feature (one-hot, 3)", "Label"]


def test_every_note_is_in_the_tooltip(opened):
    dialog = opened("a,a,a,a,kind\n1,2,3,4,u\n5,6,7,9,v\n")
    assert "is called “a (4)”" in dialog.notes.toolTip()


@pytest.mark.parametrize(("kind", "has_names"), [("excel", False), ("parquet", True)])
def test_what_a_file_settles_itself_cannot_be_chosen(qtbot, tmp_path, jobs, kind, has_names):
    path = tmp_path / "data"
    path.write_text(PLAIN)
    seen = look(path)
    dialog = ImportDialog(replace(seen, kind=kind), jobs)
    qtbot.addWidget(dialog)
    for control in (dialog.encoding, dialog.delimiter, dialog.decimal):
        assert not control.isEnabled()
        assert control.toolTip() == f"This is {READERS[kind].label}, which needs no such choice."
    assert dialog.header.isEnabled() != has_names


def test_a_column_is_found_by_a_part_of_its_name(qtbot, opened):
    header = ",".join(f"gene {i}" for i in range(500))
    dialog = opened(f"{header},kind\n" + f"{'1,' * 500}u\n{'2,' * 500}v\n")
    roles, model = dialog.table.roles, dialog.table.model()

    def in_view(column):
        left = roles.sectionViewportPosition(column)
        bold = model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.FontRole)
        return 0 <= left <= roles.viewport().width() - 104 and bold is not None

    qtbot.keyClicks(dialog.find_box, "GENE 49")
    assert in_view(49)
    qtbot.keyClick(dialog.find_box, Qt.Key.Key_Return)
    assert in_view(490)
    assert not in_view(49)
    assert dialog.isVisible()  # Return is no Import
    qtbot.keyClicks(dialog.find_box, "x")
    assert dialog.not_found.text() == "no such column"
    dialog.find_box.clear()
    assert dialog.not_found.text() == ""
    qtbot.keyClicks(dialog.find_box, "kind")
    assert in_view(500)


def test_every_control_is_reached_with_tab(qtbot, opened):
    dialog = opened(COLOURS)
    dialog.find_box.setFocus()
    seen = []
    for _ in range(16):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        seen.append(dialog.focusWidget())
    controls = (dialog.encoding, dialog.delimiter, dialog.decimal, dialog.header, dialog.use_all, dialog.use_texts)
    for control in (*controls, dialog.use_none, dialog.missing, dialog.ok, dialog.table.roles.box(1)):
        assert control in seen


def test_return_imports_what_is_guessed(qtbot, opened):
    dialog = opened(PLAIN)
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)


def test_where_nothing_can_be_imported_the_first_choice_has_the_focus(opened):
    dialog = opened("größe,kind\n1,u\n2,u\n", "cp1252")
    assert dialog.focusWidget() is dialog.encoding


def test_a_look_that_takes_long_is_announced(qtbot, opened, jobs):
    dialog, going_on = opened(PLAIN), Event()
    jobs.start("import dialog", lambda: going_on.wait(SECONDS / 1000), lambda _: None, lambda _: None)
    qtbot.keyClick(dialog.decimal, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: dialog.sentence.text() == "Looking at the first rows …", timeout=SECONDS)
    assert not dialog.ok.isEnabled()
    going_on.set()
    wait_for_look(qtbot, dialog)
    assert dialog.sentence.text() != "Looking at the first rows …"
