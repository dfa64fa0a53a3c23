"""The legend: how many classes it has room for, and the list of all of them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from mlp_studio.ui.panels.legend import ClassList, Legend


@pytest.fixture
def legend(qtbot, qapp):
    made = Legend()
    qtbot.addWidget(made)
    made.resize(360, 40)
    made.show()
    return made


def open_list():
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, ClassList) and w.isVisible()), None)


def test_a_few_classes_are_all_shown_and_there_is_nothing_to_list(qtbot, legend):
    legend.show_classes(("cat", "dog", "cow"), "note")
    assert legend.left_out == 0
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)
    assert open_list() is None


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen knows no popups
@pytest.mark.parametrize("classes", [20, 100, 1000])
def test_a_click_lists_all_of_many_classes_within_the_screen(qtbot, legend, classes):
    names = tuple(f"<b>class {index}</b>" for index in range(classes))
    legend.show_classes(names, "note")
    assert 0 < legend.left_out < classes
    assert "&lt;b&gt;" in legend.toolTip()
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)
    shown = open_list()
    assert shown.names == names
    assert shown.width() <= 1024
    assert shown.height() <= 500
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert open_list() is None
    legend.setFocus()
    qtbot.keyClick(legend, Qt.Key.Key_Return)
    open_list().close()


def test_more_room_shows_more(qtbot, legend):
    legend.show_classes(tuple(f"class {index}" for index in range(20)), "")
    few = legend.left_out
    legend.resize(900, 40)
    assert legend.left_out < few
    legend.resize(4000, 40)
    assert legend.left_out == 0
