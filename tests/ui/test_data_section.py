"""The Data section of the form in the real window: sliders, the list of sources, new samples, the export."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMessageBox, QStyle, QStyleOptionSlider

from mlp_studio.core.config import DataConfig, Experiment, knobs, with_settings
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.painting import sample_canvas, to_text
from mlp_studio.core.palette import class_colour
from mlp_studio.core.preview import read_preview
from mlp_studio.core.randomness import NEW_SEEDS, Stream, generator, new_seed
from mlp_studio.core.sources import SOURCES, load_dataset
from mlp_studio.core.table import read_table
from mlp_studio.ui import main_window, pace, theme
from mlp_studio.ui.slider import Scale
from mlp_studio.ui.source_list import MOST_POINTS, PICTURE, draw_points, look_of, picture_of_points, places
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing the keyboard)", extend=True)

SLIDERS = [name for name, knob in knobs(DataConfig).items() if knob.slide is not None]
DRAWN = [name for name, source in SOURCES.items() if source.is_drawn]


def slider_of(window, name):
    return window.experiment.fields[f"data.{name}"].slider


def handle(slider):
    """The middle of the handle, in pixels."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def at_rest(qtbot, slider):
    """Wait until what was slid has been handed on."""
    qtbot.waitUntil(lambda: not slider.pace.waits, timeout=SECONDS)


def drag(qtbot, slider, pixels, steps=20):
    """Drag the handle with the mouse."""
    start = handle(slider)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, steps + 1):
        qtbot.mouseMove(slider, start + QPoint(round(pixels * step / steps), 0))
        qtbot.wait(5)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=start + QPoint(pixels, 0))


# --- sliders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SLIDERS)
def test_every_position_of_a_slider_has_a_value_in_range_that_leads_back_to_it(name):
    knob = knobs(DataConfig)[name]
    scale = Scale(knob.low, knob.slide, whole=isinstance(getattr(DataConfig(), name), int))
    values = [scale.value(position) for position in range(scale.steps + 1)]
    assert (values[0], values[-1]) == (knob.low, knob.slide)
    assert all(low < high for low, high in pairwise(values))
    assert [scale.position(value) for value in values] == list(range(scale.steps + 1))
    assert scale.position(knob.high) == scale.steps
    for value in values:
        assert getattr(with_settings(Experiment(), {f"data.{name}": value}).data, name) == value


def test_dragging_the_noise_draws_the_points_anew_with_the_mouse_still_down(qtbot, window):
    slider, before = slider_of(window, "noise"), state_of(window).prepared.dataset.X
    start = handle(slider)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(slider, start + QPoint(15, 0))
    noise = state_of(window).experiment.data.noise
    assert noise > 0.25
    assert slider.isSliderDown()
    data = state_of(window).prepared.dataset
    assert not np.array_equal(data.X, before)
    assert np.array_equal(data.X, load_dataset(state_of(window).experiment.data, generator(1234, Stream.DATA)).X)
    drawn = window.boundary.plots[0]._clouds["train"].data[:, 0]
    assert np.isin(drawn, data.X[:, 0]).all()
    at_rest(qtbot, slider)
    qtbot.mouseMove(slider, start + QPoint(5, 0))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=start + QPoint(5, 0))
    at_rest(qtbot, slider)
    assert 0.2 < state_of(window).experiment.data.noise < noise
    assert window.experiment.fields["data.noise"].control.text() == f"{state_of(window).experiment.data.noise:g}"


@pytest.mark.parametrize("name", SLIDERS)
def test_after_a_drag_slider_number_and_points_agree(qtbot, window, name):
    slider, loads = slider_of(window, name), []
    window.studio.store.changed.connect(lambda state: loads.append(state.prepared))
    drag(qtbot, slider, 12)
    at_rest(qtbot, slider)
    state, field = state_of(window), window.experiment.fields[f"data.{name}"]
    value = getattr(state.experiment.data, name)
    assert value > getattr(DataConfig(), name)
    assert field.control.text() == f"{value:.10g}"
    assert slider.scale.position(value) == slider.value()
    again = load_dataset(state.experiment.data, generator(1234, Stream.DATA))
    assert np.array_equal(state.prepared.dataset.X, again.X)
    assert len({id(prepared) for prepared in loads}) > 2 or name == "classes"  # on the way, and not only at the end


def test_a_slider_hands_on_no_more_than_the_window_can_follow_and_the_last_value_always(qtbot, window):
    slider, handed_on = slider_of(window, "noise"), []
    slider.submitted.connect(lambda: handed_on.append(window.experiment.fields["data.noise"].control.text()))
    start = handle(slider)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    for pixels in range(1, 31):  # without a pause: the events of a fast hand
        qtbot.mouseMove(slider, start + QPoint(pixels, 0))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    last = window.experiment.fields["data.noise"].control.text()
    assert len(handed_on) < 15
    at_rest(qtbot, slider)
    assert handed_on[-1] == last
    assert state_of(window).experiment.data.noise == float(last)


def test_regions_are_drawn_when_the_hand_rests_and_not_for_each_sample_on_the_way(qtbot, window, monkeypatch):
    drawn, draw = [], window.studio.portrayer.draw
    monkeypatch.setattr(window.studio.portrayer, "draw", lambda: drawn.append(state_of(window).prepared) or draw())
    samples = []
    window.studio.store.changed.connect(lambda state: samples.append(state.prepared))
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 0)  # a busy machine must not make this a slow hand
    slider = slider_of(window, "noise")
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle(slider))
    for _ in range(6):
        qtbot.mouseMove(slider, handle(slider) + QPoint(3, 0))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=handle(slider))
    at_rest(qtbot, slider)
    qtbot.waitUntil(
        lambda: run_of(window).raster is not None and not window.studio.portrayer.is_waiting, timeout=SECONDS
    )
    assert drawn[-1] is state_of(window).prepared
    assert len({id(prepared) for prepared in drawn}) < len({id(prepared) for prepared in samples})


def test_a_press_beside_the_handle_brings_it_there(qtbot, window):
    slider = slider_of(window, "noise")
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, slider.height() // 2))
    at_rest(qtbot, slider)
    assert state_of(window).experiment.data.noise == pytest.approx(0.5, abs=0.03)


def test_the_arrow_keys_slide_and_space_still_trains(qtbot, window):
    slider = slider_of(window, "classes")
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=handle(slider))
    at_rest(qtbot, slider)
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    at_rest(qtbot, slider)
    assert state_of(window).experiment.data.classes == 4
    qtbot.keyClick(slider, Qt.Key.Key_Space)
    assert run_of(window).active


def test_steps_of_a_held_key_show_at_once_and_are_handed_on_at_a_pace(qtbot, window, monkeypatch):
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 1)
    control, handed_on = window.experiment.fields["data.noise"].control, []
    control.stepped.connect(handed_on.append)
    control.setFocus()
    for _ in range(8):
        qtbot.keyClick(control, Qt.Key.Key_Up)
    assert control.text() == "0.6"
    assert handed_on == ["0.25"]
    assert state_of(window).experiment.data.noise == 0.25
    qtbot.waitUntil(lambda: not control.pace.waits, timeout=SECONDS)
    assert handed_on == ["0.25", "0.6"]
    assert state_of(window).experiment.data.noise == 0.6


def test_train_takes_over_a_step_that_waits(qtbot, window, monkeypatch):
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 1)
    control = window.experiment.fields["data.noise"].control
    control.setFocus()
    for _ in range(2):
        qtbot.keyClick(control, Qt.Key.Key_Up)
    assert control.pace.waits
    window.commands["train"].trigger()
    assert state_of(window).experiment.data.noise == 0.3
    qtbot.waitUntil(lambda: not control.pace.waits, timeout=SECONDS)
    assert run_of(window).active or run_of(window).epoch > 0
    assert run_of(window).experiment.data.noise == 0.3


def test_tab_goes_through_the_data_section_from_left_to_right_and_downwards(qtbot, window):
    window.activateWindow()
    first = window.experiment.fields["data.source"].control
    first.setFocus()
    names = [first.objectName()]
    for _ in range(9):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        names.append(window.focusWidget().objectName())
    sliders = [name for key in ("rows", "noise", "classes") for name in (f"data.{key}.slider", f"data.{key}")]
    assert names == ["data.source", *sliders, "seed", "new_sample", "split.train"]


def test_a_typed_number_beyond_the_slider_stays(qtbot, window):
    window.studio.set("data.rows", 12_345)
    slider = slider_of(window, "rows")
    assert slider.value() == slider.maximum()
    assert window.experiment.fields["data.rows"].control.text() == "12345"
    assert state_of(window).prepared.dataset.rows == 12_345
    assert "type a larger number" in slider.toolTip()


def test_data_that_have_it_fixed_hold_their_sliders_still_and_say_why(qtbot, window):
    window.studio.set("data.source", "moons")
    assert not slider_of(window, "classes").isEnabled()
    assert "Moons has this fixed." in slider_of(window, "classes").toolTip()
    assert slider_of(window, "classes").value() == 0  # two classes
    assert slider_of(window, "noise").isEnabled()
    window.studio.set("data.source", "spiral")
    assert slider_of(window, "classes").value() == 1


def test_dragging_while_the_network_trains_ends_with_the_last_points_and_nothing_running(qtbot, window):
    window.studio.set("train.epochs", 1_000_000)
    window.studio.train()
    wait_for_epoch(qtbot, window, 10)
    drag(qtbot, slider_of(window, "rows"), 15)
    at_rest(qtbot, slider_of(window, "rows"))
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    state = state_of(window)
    assert state.prepared.dataset.rows == state.experiment.data.rows > 1500
    assert (run_of(window).status, run_of(window).epoch) == ("ready", 0)


def test_until_a_table_is_there_the_form_shows_no_numbers_of_the_data_before(qtbot, window):
    fields = [window.experiment.fields[f"data.{name}"].control for name in ("rows", "noise", "classes")]
    window.studio.set("data.source", "wine")
    assert state_of(window).loading
    assert [control.text() for control in fields] == ["–", "–", "–"]
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=60_000)
    assert [control.text() for control in fields] == ["178", "–", "3"]
    window.studio.set("data.source", "spiral")
    assert [control.text() for control in fields] == ["1500", "0.2", "3"]


def test_what_is_wrong_with_a_share_has_the_whole_width_and_leaves_the_three_in_line(qtbot, window):
    fields = [window.experiment.fields[f"split.{name}"] for name in ("train", "validation", "test")]
    edit = fields[0].control.lineEdit()
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "2")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    error = fields[0].error
    qtbot.waitUntil(lambda: error.isVisible() and error.width() > 2 * fields[0].width(), timeout=SECONDS)
    assert error.text() == "Training goes from 0.05 to 0.95; 2.0 is outside."
    assert len({field.control.mapTo(window, QPoint(0, 0)).y() for field in fields}) == 1


# --- the list of sources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", GENERATORS)
def test_a_picture_has_the_points_of_the_data_within_its_frame(source):
    experiment = with_settings(Experiment(), {"data.source": source, "data.rows": 90, "data.noise": 0.1})
    X, y = draw_points(look_of(source, experiment, 1.0))
    data = load_dataset(experiment.data, generator(1234, Stream.DATA))
    assert np.array_equal(np.unique(X, axis=0), np.unique(data.X, axis=0))
    assert np.array_equal(np.bincount(y), data.class_counts())
    assert places(X).min() >= 0
    assert places(X).max() <= PICTURE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("source", GENERATORS)
def test_a_picture_shows_every_class_in_its_colour_on_the_ground_of_the_scheme(qapp, source, scheme):
    theme.apply_scheme(scheme)
    try:
        look = look_of(source, Experiment(), 2.0)
        assert look.rows == MOST_POINTS
        picture = picture_of_points(look).toImage()
        seen = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
        classes = GENERATORS[source].classes or 3
        wanted = {QColor(class_colour(index)).name() for index in range(classes)}
        assert wanted <= seen
        assert QColor(theme.colours().base).name() in seen
    finally:
        theme.apply_scheme("system")


def test_painted_points_are_their_own_picture():
    canvas = sample_canvas(np.random.default_rng(0))
    experiment = with_settings(Experiment(), {"data.source": "painted", "data.drawing": to_text(canvas)})
    X, y = draw_points(look_of("painted", experiment, 1.0))
    assert np.array_equal(X, canvas.X)
    assert np.array_equal(y, canvas.y)


def test_pictures_are_made_when_the_list_opens_and_kept_until_a_setting_changes(qtbot, window):
    box = window.experiment.fields["data.source"].control
    delegate = box.itemDelegate()
    assert delegate.pictures == {}
    box.showPopup()
    box.view().grab()
    made = dict(delegate.pictures)
    assert {look.source for look in made} == set(GENERATORS)
    assert box.view().width() >= box.view().sizeHintForColumn(0)
    box.hidePopup()
    box.showPopup()
    box.view().grab()
    box.hidePopup()
    assert all(delegate.pictures[look] is picture for look, picture in made.items())
    window.studio.set("data.noise", 0.7)
    box.showPopup()
    box.view().grab()
    box.hidePopup()
    assert {look.noise for look in delegate.pictures} == {0.7}
    assert len(delegate.pictures) == len(GENERATORS)


def test_a_source_is_chosen_from_the_list_with_the_keys(qtbot, window):
    box = window.experiment.fields["data.source"].control
    box.showPopup()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(box.view(), key)
    qtbot.waitUntil(lambda: state_of(window).experiment.data.source == "circles", timeout=SECONDS)
    assert state_of(window).prepared.dataset.name == "Circles"


# --- new samples ----------------------------------------------------------------------------------------------------


def test_a_new_seed_is_never_the_old_one():
    assert all(0 <= new_seed(old) < NEW_SEEDS for old in (0, 1, NEW_SEEDS - 1, NEW_SEEDS, 2**31 - 1))
    assert 7 not in {new_seed(7) for _ in range(3 * NEW_SEEDS)}


def test_a_new_sample_draws_other_points_and_the_old_seed_comes_back(qtbot, window):
    before = state_of(window).prepared.dataset.X
    assert not window.commands["previous_sample"].isEnabled()
    qtbot.mouseClick(window.experiment.new_sample_button, Qt.MouseButton.LeftButton)
    seed = state_of(window).experiment.seed
    assert seed != 1234
    assert window.experiment.fields["seed"].control.text() == str(seed)
    assert not np.array_equal(state_of(window).prepared.dataset.X, before)
    assert window.notice.text.text() == f"Seed 1234 → {seed}: new points, split and first weights."
    assert window.notice.button.text() == "Previous sample"
    qtbot.mouseClick(window.notice.button, Qt.MouseButton.LeftButton)
    assert state_of(window).experiment.seed == 1234
    assert np.array_equal(state_of(window).prepared.dataset.X, before)
    assert not window.commands["previous_sample"].isEnabled()


def test_n_draws_a_sample_and_shift_n_goes_back_step_by_step(qtbot, window):
    seeds = [1234]
    window.activateWindow()
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_N)
        seeds.append(state_of(window).experiment.seed)
    assert len(set(seeds)) == 4
    for seed in seeds[-2::-1]:
        qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
        assert state_of(window).experiment.seed == seed


def test_a_new_experiment_knows_no_earlier_samples(qtbot, window):
    window.commands["new_sample"].trigger()
    window.commands["new"].trigger()
    window.desk.question.button(QMessageBox.StandardButton.Discard).click()
    assert state_of(window).experiment.seed == 1234
    assert not window.commands["previous_sample"].isEnabled()


def test_for_a_table_a_new_seed_is_called_a_new_split_and_its_rows_stay(qtbot, window, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,kind\n" + "".join(f"{k},{k * k % 17},{'uv'[k % 2]}\n" for k in range(60)))
    window.studio.open_file(path, label="kind")
    qtbot.waitUntil(lambda: state_of(window).prepared.dataset.rows == 60, timeout=SECONDS)
    before = state_of(window).prepared
    button = window.experiment.new_sample_button
    assert button.text() == "New split"
    assert "rows stay the same" in button.toolTip()
    assert window.commands["new_sample"].text() == "&New split"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    after = state_of(window).prepared
    assert after.dataset is before.dataset
    assert not np.array_equal(after.train.rows, before.train.rows)
    assert window.notice.text.text().startswith("Seed 1234 → ")
    assert "the same rows, a new split and first weights" in window.notice.text.text()


def test_painted_points_keep_their_shares_and_a_new_seed_says_so(qtbot, window):
    drawing = to_text(sample_canvas(np.random.default_rng(0)))
    window.studio.set_experiment(with_settings(Experiment(), {"data.drawing": drawing, "data.source": "painted"}))
    before = state_of(window).prepared
    button = window.experiment.new_sample_button
    assert button.text() == "New weights"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert state_of(window).experiment.seed != 1234
    assert np.array_equal(state_of(window).prepared.train.rows, before.train.rows)
    assert "new first weights; the points keep their shares" in window.notice.text.text()


def test_a_wrong_number_is_put_right_before_a_new_sample_is_drawn(qtbot, window):
    control = window.experiment.fields["seed"].control
    control.lineEdit().setFocus()
    control.lineEdit().selectAll()
    qtbot.keyClicks(control.lineEdit(), "soon")
    qtbot.mouseClick(window.experiment.new_sample_button, Qt.MouseButton.LeftButton)
    assert state_of(window).experiment.seed == 1234
    assert window.experiment.fields["seed"].error.isVisible()


# --- export ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", DRAWN)
def test_exported_points_open_again_with_their_roles(qtbot, window, tmp_path, monkeypatch, source):
    path = tmp_path / "points.csv"
    monkeypatch.setattr(main_window, "ask_path", lambda *_: path)
    window.studio.set("data.source", source)
    window.docks["data"].raise_()
    qtbot.mouseClick(window.data.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: path.is_file() and not window.studio.is_busy, timeout=SECONDS)
    data, preview = state_of(window).prepared.dataset, read_preview(path)
    assert preview.names == ("X1", "X2", "label")
    assert preview.roles == ("feature", "feature", "label")
    again = read_table(path)
    assert np.array_equal(again.X, data.X)
    assert [again.class_names[label] for label in again.y] == [data.class_names[label] for label in data.y]
