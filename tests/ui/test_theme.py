"""Colours: can points be told from the ground they lie on?"""

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QWidget

from mlp_studio.app import make_application
from mlp_studio.core.palette import DARK, LIGHT, OKABE_ITO, class_colour, region_table
from mlp_studio.ui import theme
from mlp_studio.ui.panels.tables import contrast


@pytest.mark.parametrize("index", range(len(OKABE_ITO)))
def test_in_the_dark_every_point_stands_out_from_its_own_region_by_its_edge(index):
    classes = len(OKABE_ITO)
    table = region_table(classes, DARK)
    levels = len(table) // classes
    region = QColor(*table[(index + 1) * levels - 1].tolist())
    assert contrast(QColor(DARK.edge), region) >= 3


@pytest.mark.parametrize("tone", [LIGHT, DARK], ids=["light", "dark"])
def test_regions_run_from_the_ground_to_the_tint_of_their_class(tone):
    table = region_table(2, tone).astype(float)
    ground, full = QColor(tone.base), QColor(class_colour(1))
    wanted = [low + tone.tint * (high - low) for low, high in zip(ground.getRgb()[:3], full.getRgb()[:3], strict=True)]
    assert table[255] == pytest.approx(wanted, abs=0.51)
    assert abs(table[128] - ground.getRgb()[:3]).max() < 0.06 * 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_check_box_has_an_outline_that_can_be_seen(qapp, qtbot, scheme):
    make_application()
    theme.apply_scheme(scheme)
    page = QWidget()
    qtbot.addWidget(page)
    box = QCheckBox(page)
    picture = page.grab(box.geometry()).toImage()
    along = [picture.pixelColor(x, picture.height() // 2) for x in range(picture.width())]
    theme.apply_scheme("system")
    ground = QColor((DARK if scheme == "dark" else LIGHT).window)
    assert along[-1] == ground
    assert max(contrast(colour, ground) for colour in along) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_chosen_in_a_list_that_cannot_act_is_readable(qapp, scheme):
    make_application()
    theme.apply_scheme(scheme)
    palette, group, role = qapp.palette(), QPalette.ColorGroup.Disabled, QPalette.ColorRole
    found = contrast(palette.color(group, role.HighlightedText), palette.color(group, role.Highlight))
    theme.apply_scheme("system")
    assert found >= 3
