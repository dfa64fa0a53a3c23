"""The activation explorer: every row of the registry, a line to drag, and figures that are torch's."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.ui import theme
from mlp_studio.ui.dialogs.activations import REACH, ActivationExplorer, Entry, Z, figure, said_of
from tests.core.test_activations import torch_function
from tests.ui.helpers import SECONDS, state_of


@pytest.fixture
def explorer(qtbot, window):
    window.commands["activations"].trigger()
    made = window.findChild(ActivationExplorer)
    qtbot.waitExposed(made)
    return made


def texts(explorer):
    """name → (f, f′), as they stand in the table."""
    table = explorer.table
    return {name: (table.item(row, 2).text(), table.item(row, 3).text()) for row, name in enumerate(explorer.entries)}


def torch_texts(z):
    found = {}
    for name in ACTIVATIONS:
        at = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        a = torch_function(name)(at)
        a.backward()
        found[name] = figure(float(a.detach())), figure(float(at.grad))
    return found


def pixel(explorer, z):
    """Where the input z lies in the plot, in pixels of its viewport."""
    plot = explorer.plot
    middle = sum(plot.view.viewRange()[1]) / 2
    return plot.widget.mapFromScene(plot.view.mapViewToScene(QPointF(z, middle)))


def send(explorer, kind, at: QPoint, button=Qt.MouseButton.LeftButton, buttons=Qt.MouseButton.LeftButton):
    viewport = explorer.plot.widget.viewport()
    place = QPointF(at)
    QApplication.sendEvent(
        viewport,
        QMouseEvent(kind, place, QPointF(viewport.mapToGlobal(at)), button, buttons, Qt.KeyboardModifier.NoModifier),
    )


def drag(explorer, *stops):
    """Press at the first input, move to the others, release at the last."""
    send(explorer, QEvent.Type.MouseButtonPress, pixel(explorer, stops[0]))
    for z in stops[1:]:
        send(explorer, QEvent.Type.MouseMove, pixel(explorer, z), Qt.MouseButton.NoButton)
        yield z
    send(explorer, QEvent.Type.MouseButtonRelease, pixel(explorer, stops[-1]), buttons=Qt.MouseButton.NoButton)


def click_row(qtbot, explorer, name):
    table = explorer.table
    place = table.visualRect(table.model().index(list(explorer.entries).index(name), 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_it_opens_beside_the_window_at_the_present_activation_and_only_once(window, explorer):
    assert explorer.isVisible()
    assert not explorer.isModal()
    assert explorer.chosen == state_of(window).experiment.model.activation == "relu"
    window.commands["activations"].trigger()
    assert window.findChildren(ActivationExplorer) == [explorer]


def test_every_entry_of_the_registry_is_in_the_table_and_is_drawn(qtbot, explorer):
    assert list(texts(explorer)) == list(ACTIVATIONS)
    for row, (name, entry) in enumerate(ACTIVATIONS.items()):
        assert explorer.table.item(row, 1).text() == entry.label
        click_row(qtbot, explorer, name)
        assert explorer.chosen == name
        assert (explorer.title.text(), explorer.formula.text()) == (entry.label, entry.formula)
        assert explorer.advice.text() == entry.advice
        z = torch.tensor(Z, requires_grad=True)
        a = torch_function(name)(z)
        a.sum().backward()
        for curve, expected in ((explorer.plot.value, a.detach()), (explorer.plot.slope, z.grad)):
            np.testing.assert_array_equal(curve.xData, Z)
            np.testing.assert_allclose(curve.yData, expected.numpy(), atol=1e-12)
        low, high = explorer.plot.view.viewRange()[1]
        assert low < explorer.plot.value.yData.min()
        assert high > explorer.plot.value.yData.max()


def test_a_new_row_appears_by_itself(qtbot, window, monkeypatch):
    new = replace(
        ACTIVATIONS["relu"],
        label="Square",
        formula="f(z) = z²",
        f=lambda z: z * z,
        derivative=lambda z, _a, _out: 2 * z,
        uses_z=True,
        advice="Never.",
    )
    monkeypatch.setitem(ACTIVATIONS, "square", new)
    window.commands["activations"].trigger()
    explorer = window.findChild(ActivationExplorer)
    click_row(qtbot, explorer, "square")
    explorer.input.setValue(3.0)
    assert texts(explorer)["square"] == ("9.0000", "6.0000")
    assert explorer.plot.view.viewRange()[1][1] > 25


def test_dragging_the_line_shows_torchs_values_and_derivatives(qtbot, explorer):
    click_row(qtbot, explorer, "gelu")
    seen = set()
    for wanted in drag(explorer, 1.0, -3.7, -0.75, 0.0, 2.4):
        z = explorer.z
        seen.add(z)
        assert z == pytest.approx(wanted, abs=0.05)  # about two pixels
        assert explorer.input.value() == pytest.approx(z)
        assert explorer.plot.line.value() == z
        assert texts(explorer) == torch_texts(z)
        assert (explorer.value.value.text(), explorer.slope.value.text()) == texts(explorer)["gelu"]
    assert len(seen) == 4


def test_a_click_moves_the_line_and_moving_without_a_button_does_not(qtbot, explorer):
    qtbot.mouseClick(explorer.plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=pixel(explorer, -2.0))
    at = explorer.z
    assert at == pytest.approx(-2.0, abs=0.05)
    send(explorer, QEvent.Type.MouseMove, pixel(explorer, 3.0), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    assert explorer.z == at


def test_the_line_stays_between_its_ends(explorer):
    for _ in drag(explorer, 0.0, 5.0):
        send(explorer, QEvent.Type.MouseMove, pixel(explorer, 5.0) + QPoint(400, 0), Qt.MouseButton.NoButton)
        assert explorer.z == REACH


def test_keys_move_the_input_and_choose_rows(qtbot, explorer):
    explorer.input.setFocus()
    qtbot.keyClick(explorer.input, Qt.Key.Key_Down)
    assert explorer.z == pytest.approx(0.9)
    qtbot.keyClick(explorer.table, Qt.Key.Key_Down)
    assert explorer.chosen == "leaky_relu"
    qtbot.keyClick(explorer.table, Qt.Key.Key_Escape)
    assert not explorer.isVisible()


def test_regions_are_shaded_and_labelled(qtbot, explorer):
    shown = {}
    for name in ACTIVATIONS:
        click_row(qtbot, explorer, name)
        shown[name] = [(label.toPlainText(), *shade.getRegion()) for _, shade, label in explorer.plot.shades]
        assert [tuple(shade[1:]) for shade in shown[name]] == [tuple(region[1:]) for region in Entry(name).regions]
        assert all(item.isVisible() for _, shade, label in explorer.plot.shades for item in (shade, label))
    assert shown["relu"] == [("dying", -5.0, 0.0)]
    assert [label for label, *_ in shown["sigmoid"]] == ["saturated", "saturated"]
    assert shown["linear"] == []
    items = explorer.plot.widget.plotItem.items
    assert sum(type(item).__name__ == "LinearRegionItem" for item in items) == len(explorer.plot.shades)


def test_a_sentence_says_what_happens_to_the_gradient(qtbot, explorer):
    explorer.input.setValue(-2.0)
    assert "dying" in explorer.status.text()
    explorer.input.setValue(2.0)
    assert explorer.status.text() == "At z = 2.00 the unit passes back all of the gradient."
    click_row(qtbot, explorer, "sigmoid")
    assert explorer.status.text() == "At z = 2.00 the unit passes back 10.5 % of the gradient."
    explorer.input.setValue(4.0)
    assert "saturated" in explorer.status.text()
    gelu = Entry("gelu")
    assert said_of(gelu.regions, -1.0, gelu.at(-1.0)[1]).endswith("8.33 % of the gradient, turned around.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_grounds_of_regions_follow_the_scheme(qtbot, window, explorer, scheme):
    window.set_scheme(scheme)
    ink = QColor(theme.colours().text)
    qtbot.waitUntil(lambda: explorer.plot.line.pen.color() == ink, timeout=SECONDS)
    picture = explorer.plot.widget.grab().toImage()
    # between the grid's lines, left and right of zero
    place = explorer.plot.widget.mapFromScene(explorer.plot.view.mapViewToScene(QPointF(-3.0, 3.2)))
    other = explorer.plot.widget.mapFromScene(explorer.plot.view.mapViewToScene(QPointF(3.0, 0.6)))
    assert picture.pixelColor(place).name() == theme.colours().error
    assert picture.pixelColor(other).name() == theme.colours().base
    assert theme.is_dark() == (scheme == "dark")


def test_figures_can_be_exported(explorer):
    header, rows = explorer._table()
    assert len(rows) == len(Z)
    assert header[:3] == ["z", "linear", "linear_derivative"]
    assert len(header) == len(rows[0]) == 1 + 2 * len(ACTIVATIONS)
    at = rows[0]
    assert at[header.index("relu")] == 0.0
    assert re.match(r"-4\.9|-5\.0", str(at[header.index("linear")]))
