"""Lessons as a person meets them: the gallery, a page, its run, the verdict."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from mlp_studio.app import make_window
from mlp_studio.core import lessons
from mlp_studio.core.config import with_settings
from mlp_studio.core.lessons import LESSONS, Lesson
from mlp_studio.ui import theme
from mlp_studio.ui.panels.lesson import MET, NOT_MET, RESTORE, SHUFFLE
from mlp_studio.ui.panels.status import status_text
from tests.ui.helpers import SECONDS, run_of, state_of, wait_for_epoch, wait_for_status

LONGEST = 100  # epochs that a test of the window waits for, but for those that are run in full
IN_FULL = ("data", "linear", "numpy-mlp", "pytorch-mlp", "inference", "activations", "initialization")


def click(qtbot, widget):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def words(widget):
    return [label.text() for label in widget.findChildren(QLabel) if label.text() and not label.isHidden()]


def wait_for_verdict(qtbot, window, name):
    panel = window.lesson
    qtbot.waitUntil(lambda: name in state_of(window).verdicts, timeout=60_000)
    qtbot.waitUntil(lambda: not window.studio.is_busy and panel.headline.text()[0] in MET + NOT_MET, timeout=SECONDS)
    qtbot.wait(10)


def test_the_first_start_shows_the_gallery_in_front(qtbot, window):
    panel = window.lesson
    assert panel.isVisible()
    assert panel.pages.currentIndex() == 0
    assert list(panel.rows) == list(LESSONS)
    assert panel.rows["data"].isVisible()
    assert state_of(window).experiment == LESSONS["numpy-mlp"].experiment()


def test_a_later_start_keeps_the_layout(qtbot, window, settings):
    window.docks["evaluation"].raise_()
    qtbot.waitUntil(lambda: window.evaluation.visibleRegion().isEmpty() is False, timeout=SECONDS)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=SECONDS)
    again = make_window(settings)
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: not again.evaluation.visibleRegion().isEmpty(), timeout=SECONDS)
    assert again.lesson.visibleRegion().isEmpty()
    assert again.studio.shut_down(20_000)


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_is_opened_run_and_judged_by_clicks(qtbot, window, name, monkeypatch):
    lesson = LESSONS[name]
    if name not in IN_FULL:
        original = Lesson.experiments

        def shortened(self, data=None):
            return {
                run: with_settings(one, {"train.epochs": min(one.train.epochs, LONGEST)})
                for run, one in original(self, data).items()
            }

        monkeypatch.setattr(Lesson, "experiments", shortened)
    panel = window.lesson
    before = state_of(window).experiment
    panel.rows[name].setFocus()
    click(qtbot, panel.rows[name])
    assert panel.pages.currentIndex() == 1
    assert panel.title.text().endswith(lesson.title)
    assert state_of(window).experiment == before  # reading changes nothing
    shown = panel.text.toPlainText()
    assert all(line in shown for line in lesson.watch)
    assert panel.text.height() >= panel.text.document().size().height()

    click(qtbot, panel.train_button)
    wait_for_verdict(qtbot, window, name)
    findings = state_of(window).verdicts[name]
    met = all(finding.met for finding in findings)
    if name in IN_FULL:
        assert met, [finding.sentence for finding in findings if not finding.met]
    assert panel.headline.text().startswith(MET if met else NOT_MET)
    shown = words(panel.verdict)
    assert all(finding.sentence in shown for finding in findings)
    click(qtbot, panel.back)
    assert panel.rows[name].mark.text() == (MET if met else "")
    assert panel.pages.currentIndex() == 0


def test_the_lesson_on_data_is_judged_when_it_is_set_up_and_brings_the_data_to_the_front(qtbot, window):
    click(qtbot, window.lesson.rows["data"])
    click(qtbot, window.lesson.set_up_button)
    assert run_of(window).epoch == 0
    assert window.lesson.headline.text() == f"{MET} Met"
    qtbot.waitUntil(lambda: not window.data.visibleRegion().isEmpty(), timeout=SECONDS)


def test_a_page_opens_at_its_beginning_and_goes_to_the_verdict_when_a_training_has_ended(qtbot, window):
    panel = window.lesson
    window._raise_dock("lesson")
    window.open_lesson("data")
    wait_for_verdict(qtbot, window, "data")
    qtbot.wait(50)
    bar = panel.scroll_area.verticalScrollBar()
    assert panel.verdict.isVisible()
    assert bar.maximum() > 0 == bar.value()
    window.open_lesson("linear")
    click(qtbot, panel.train_button)
    wait_for_verdict(qtbot, window, "linear")
    window._raise_dock("lesson")
    qtbot.waitUntil(lambda: bar.value() > 0, timeout=SECONDS)


def test_the_linear_lesson_shows_training_and_test_side_by_side(qtbot, window):
    click(qtbot, window.lesson.rows["linear"])
    click(qtbot, window.lesson.set_up_button)
    assert state_of(window).shown.side_by_side
    assert state_of(window).experiment == LESSONS["linear"].experiment()


def test_the_lesson_on_inference_asks_about_its_point(qtbot, window):
    click(qtbot, window.lesson.rows["inference"])
    click(qtbot, window.lesson.set_up_button)
    assert state_of(window).probe.tolist() == [0.1, 0.1]


@pytest.mark.parametrize("name", LESSONS)
def test_every_proposal_is_one_click(qtbot, window, name):
    panel = window.lesson
    click(qtbot, panel.rows[name])
    for button, proposal in zip(panel.try_buttons, LESSONS[name].try_next, strict=True):
        button.click()
        assert state_of(window).experiment == with_settings(LESSONS[name].experiment(), proposal.settings)
        assert run_of(window).experiment == state_of(window).experiment
        assert run_of(window).active
    window.studio.stop()
    wait_for_status(qtbot, window, "stopped", "finished", "diverged")
    assert name not in state_of(window).verdicts or name == "data"


def test_a_verdict_is_that_of_the_lesson_s_own_settings(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["linear"])
    window.studio.train_anew(with_settings(LESSONS["linear"].experiment(), {"train.epochs": 5}))
    wait_for_status(qtbot, window, "finished")
    assert state_of(window).verdicts == {}
    assert panel.verdict.isHidden()
    click(qtbot, panel.train_button)
    wait_for_verdict(qtbot, window, "linear")
    assert not panel.verdict.isHidden()


def test_a_run_whose_settings_changed_on_the_way_is_not_judged_as_the_lesson_s(qtbot, window):
    name = "numpy-mlp"
    experiment = LESSONS[name].experiment()
    window.studio.lessons.train(name)
    wait_for_epoch(qtbot, window, 2)
    window.studio.toggle()
    wait_for_status(qtbot, window, "paused")
    window.studio.set("train.learning_rate", 0.5)
    assert run_of(window).is_retuned
    window.studio.set("train.learning_rate", experiment.train.learning_rate)
    assert not run_of(window).is_retuned  # no step was made with it
    window.studio.set("train.learning_rate", 0.5)
    window.studio.step()
    wait_for_status(qtbot, window, "paused")
    window.studio.set_experiment(experiment)
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).experiment == experiment
    assert run_of(window).is_retuned
    assert "settings changed on the way" in status_text(state_of(window))
    assert name not in state_of(window).verdicts
    window.studio.lessons.train(name)
    wait_for_verdict(qtbot, window, name)
    assert not run_of(window).is_retuned


def test_a_finished_run_is_judged_when_its_lesson_is_opened_afterwards(qtbot, window):
    window.studio.set_experiment(LESSONS["linear"].experiment())
    window.studio.train()
    wait_for_status(qtbot, window, "finished")
    assert not state_of(window).verdicts
    click(qtbot, window.lesson.rows["linear"])
    assert "linear" in state_of(window).verdicts


def test_training_a_lesson_again_starts_from_its_first_weights(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["linear"])
    curves = []
    for _ in range(2):
        click(qtbot, panel.train_button)
        wait_for_status(qtbot, window, "finished")
        curves.append(run_of(window).curves)
    assert len(curves[0]) == 10
    assert np.array_equal(*curves)


def test_a_comparison_shows_curves_pictures_and_spreads_and_a_click_trains_that_run(qtbot, window):
    panel, view = window.lesson, window.lesson.comparison
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    click(qtbot, panel.rows["initialization"])
    assert panel.train_button.text() == "Train all 5"
    click(qtbot, panel.train_button)
    assert panel.train_button.text() == "Stop"
    assert not view.progress.isHidden()
    wait_for_verdict(qtbot, window, "initialization")
    assert len(view.curves) == 10
    for run in state_of(window).comparison.runs:
        for part, column in (("train", 0), ("val", 2)):
            x, y = view.curves[run.name, part].getData()
            assert x.tolist() == list(range(1, 301))
            assert np.allclose(10**y, run.result.curves[:, column])
    assert [button.text() for button in view.pictures] == ["Zeros", "Small", "Large", "Xavier", "He"]
    spreads = words(view.spreads)
    assert spreads.count("hidden 1") == 2
    assert spreads.count("0") == 8
    zeros, _, large, *_ = (button.icon().pixmap(button.iconSize()).toImage() for button in view.pictures)
    assert len({zeros.pixel(x, 2) for x in range(zeros.width())}) == 1
    assert len({large.pixel(x, 2) for x in range(large.width())}) > 10
    click(qtbot, view.pictures[3])
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).experiment == LESSONS["initialization"].experiments()["xavier_normal"]


def test_the_curves_of_a_comparison_grow_while_it_trains_on_axes_that_hold_still(qtbot, window):
    panel, view = window.lesson, window.lesson.comparison
    click(qtbot, panel.rows["initialization"])
    click(qtbot, panel.train_button)
    lengths, widths, tops = [], set(), []

    def look():
        if view.curves and not view.isHidden() and state_of(window).comparison.running:
            x, _ = view.curves["he_normal", "train"].getData()
            lengths.append(0 if x is None else len(x))
            (low, high), (_, top) = view.plot.viewRange()
            widths.add((round(low, 3), round(high, 3)))
            tops.extend([top] if lengths[-1] else [])  # before the first epoch there is no range to hold
        return "initialization" in state_of(window).verdicts

    qtbot.waitUntil(look, timeout=60_000)
    seen = sorted(set(lengths))
    assert len([length for length in seen if 0 < length < 300]) >= 3
    assert lengths == sorted(lengths)
    assert widths == {(0, 306)}
    assert tops == sorted(tops)
    assert not view.spreads.isHidden()


def test_the_main_run_of_a_comparison_is_in_the_window_when_it_has_ended(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["dropout"])
    click(qtbot, panel.train_button)
    assert state_of(window).experiment == LESSONS["dropout"].experiment()
    wait_for_verdict(qtbot, window, "dropout")
    run = run_of(window)
    assert (run.status, run.epoch) == ("finished", 500)
    compared = next(run for run in state_of(window).comparison.runs if run.name == "with")
    assert np.array_equal(run.curves, compared.result.curves)
    assert window.commands["uncertainty"].isEnabled()
    window.studio.train()  # and it can be gone on with
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 1000


def test_a_run_begun_during_a_comparison_is_left_alone(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["dropout"])
    click(qtbot, panel.train_button)
    window.studio.set("model.hidden", (7,))
    wait_for_verdict(qtbot, window, "dropout")
    assert state_of(window).experiment.model.hidden == (7,)
    assert run_of(window).epoch == 0


def test_a_comparison_stopped_keeps_its_curves_and_shows_no_verdict(qtbot, window):
    panel, view = window.lesson, window.lesson.comparison
    click(qtbot, panel.rows["initialization"])
    click(qtbot, panel.train_button)
    qtbot.waitUntil(lambda: bool(state_of(window).comparison.runs), timeout=SECONDS)
    click(qtbot, panel.train_button)
    assert view.note.text() == "Stopped before all runs had ended."
    assert not view.note.isHidden()
    assert len(view.pictures) == 5
    assert panel.headline.text() == "Not run yet"
    qtbot.waitUntil(lambda: not window.studio.is_busy, timeout=SECONDS)
    assert run_of(window).status == "ready"


def test_the_way_of_the_point_is_written_out_with_the_numbers_of_the_network(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["linear"])
    assert panel.walk.isHidden()
    window.studio.lessons.read("inference")
    click(qtbot, panel.train_button)
    wait_for_verdict(qtbot, window, "inference")
    shares = [text for text in words(window.prediction) if text.endswith("%")]
    text = panel.walk.toPlainText().replace("\N{NO-BREAK SPACE}", " ")
    assert not panel.walk.isHidden()
    assert text.startswith("After 100 epochs")
    share = round(100 * window.prediction.prediction.probabilities[0])
    assert f"The probability that (0.1, 0.1) is c1 is {share} %" in text
    assert shares[0].startswith("c1")
    window.studio.ask_text("-0.5, 0.5")
    assert "(−0.5, 0.5) is c3" in panel.walk.toPlainText()
    assert panel.walk.height() >= panel.walk.document().size().height()
    assert panel.walk.document().idealWidth() <= panel.walk.viewport().width()


def test_a_class_s_name_in_the_way_of_a_point_is_shown_as_it_is(qtbot, window, tmp_path):
    name = "<b>*c_1*</b> & `x` #"
    table = tmp_path / "points.csv"
    table.write_text("X1,X2,y\n" + "".join(f"{k % 7},{k % 5},{name if k % 2 else 'b'}\n" for k in range(60)))
    window.studio.open_file(table, label="y", header="yes")
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    window.studio.lessons.read("inference")
    window.studio.ask_text("1, 1")
    answers = {f"The probability that (1, 1) is {one} is" in window.lesson.walk.toPlainText() for one in (name, "b")}
    assert answers == {True, False}


def test_a_lesson_finds_nothing_that_another_left_behind(qtbot, window):
    window.open_lesson("linear")
    assert state_of(window).shown.side_by_side
    window.open_lesson("inference")
    assert not state_of(window).shown.side_by_side
    assert state_of(window).probe is not None
    window.open_lesson("numpy-mlp")
    assert state_of(window).probe is None


@pytest.mark.parametrize("width", [330, 420, 700])
@pytest.mark.parametrize("name", LESSONS)
def test_a_page_fits_the_width_of_its_dock(qtbot, window, name, width):
    panel = window.lesson
    window.studio.lessons.read(name)
    panel.setParent(None)
    panel.resize(width, 500)
    panel.show()
    qtbot.wait(10)
    viewport = panel.scroll_area.viewport().width()
    assert panel.body.width() <= viewport
    for button in (panel.back, panel.tool_button, panel.train_button, panel.set_up_button, panel.following):
        if not button.isHidden():
            assert button.width() >= button.sizeHint().width(), button.text()
    formulas = [line.strip() for line in lessons.lesson_text(name).splitlines() if line.startswith("    ")]
    block, lines = panel.text.document().begin(), {}
    while block.isValid():
        lines[block.text().strip()] = block.layout().lineCount()
        block = block.next()
    assert {lines[formula] for formula in formulas} == {1}  # none is broken in two
    window.docks["lesson"].setWidget(panel)


def test_a_comparison_can_be_stopped_and_closing_the_window_ends_it(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["initialization"])
    click(qtbot, panel.train_button)
    click(qtbot, panel.train_button)
    assert not state_of(window).comparison.running
    assert panel.train_button.text() == "Train all 5"
    assert "initialization" not in state_of(window).verdicts
    click(qtbot, panel.train_button)  # again, while the stopped one is still ending
    qtbot.waitUntil(lambda: state_of(window).comparison.share > 0, timeout=SECONDS)
    # the fixture closes the window now


def test_labels_can_be_shuffled_and_restored_on_any_data(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["overfitting"])
    assert panel.shuffle_button.text() == SHUFFLE
    window.studio.set("train.epochs", 20)
    before = run_of(window).prepared.dataset
    click(qtbot, panel.shuffle_button)
    wait_for_status(qtbot, window, "finished")
    shuffled = run_of(window).prepared.dataset
    assert np.array_equal(shuffled.X, before.X)
    assert not np.array_equal(shuffled.y, before.y)
    assert np.array_equal(shuffled.class_counts(), before.class_counts())
    assert window.commands["shuffle_labels"].isChecked()
    assert panel.shuffle_button.text() == RESTORE
    window.commands["shuffle_labels"].trigger()
    wait_for_status(qtbot, window, "finished")
    assert np.array_equal(run_of(window).prepared.dataset.y, before.y)


def test_data_that_load_slowly_are_shuffled_and_trained_on_when_they_are_there(qtbot, window):
    window.studio.set_experiment(with_settings(state_of(window).experiment, {"train.epochs": 20}))
    window.studio.set("data.source", "iris")
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    window.studio.shuffle_labels()
    qtbot.waitUntil(lambda: not state_of(window).loading, timeout=SECONDS)
    wait_for_status(qtbot, window, "finished")
    assert run_of(window).epoch == 20
    assert "shuffled" in run_of(window).prepared.dataset.notes[-1]


def test_the_menu_sets_a_lesson_up_and_the_gallery_is_a_command(qtbot, window):
    window.docks["evaluation"].raise_()
    action = next(a for a in window.menus["&Lessons"].actions() if a.text() == LESSONS["linear"].title)
    action.trigger()
    qtbot.waitUntil(lambda: not window.lesson.visibleRegion().isEmpty(), timeout=SECONDS)
    assert state_of(window).lesson == "linear"
    window.commands["gallery"].trigger()
    assert state_of(window).lesson == ""
    assert window.lesson.pages.currentIndex() == 0


def test_next_leads_through_all_lessons(qtbot, window):
    panel = window.lesson
    click(qtbot, panel.rows["data"])
    for name in list(LESSONS)[1:]:
        click(qtbot, panel.following)
        assert state_of(window).lesson == name
    assert panel.following.isHidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(qtbot, window, scheme):
    click(qtbot, window.lesson.rows["numpy-mlp"])
    window.set_scheme("dark" if scheme == "light" else "light")
    window.set_scheme(scheme)
    qtbot.wait(50)
    image = window.lesson.text.grab().toImage()
    light = [image.pixelColor(x, y).lightness() for x in range(0, image.width(), 2) for y in range(300)]
    assert max(light) - min(light) > 150
    ground = window.palette().window().color().lightness()
    assert abs(image.pixelColor(image.width() - 2, 2).lightness() - ground) < 12
    assert theme.is_dark() == (scheme == "dark")


def test_nothing_is_drawn_anew_while_a_frame_changes_nothing_here(qtbot, window, monkeypatch):
    panel = window.lesson
    click(qtbot, panel.rows["linear"])
    calls = []
    monkeypatch.setattr(panel, "_show_outcome", calls.append)
    window.studio.store.update(run=replace(run_of(window), rate=3.0))
    assert calls == []


def test_the_rows_of_the_gallery_leave_their_words_room(qtbot, window):
    for row in window.lesson.rows.values():
        assert row.height() >= row.heightForWidth(row.width())
    assert set(lessons.LESSONS) == set(window.lesson.rows)


@pytest.mark.parametrize(
    ("lesson", "command"), [("activations", "activations"), ("pytorch-mlp", "twin"), ("numpy-mlp", "math")]
)
def test_a_lesson_opens_the_window_that_belongs_to_it(qtbot, window, lesson, command):
    window.open_lesson(lesson)
    asked = []
    window.commands[command].triggered.disconnect()
    window.commands[command].triggered.connect(lambda: asked.append(command))
    qtbot.mouseClick(window.lesson.tool_button, Qt.MouseButton.LeftButton)
    assert asked == [command]


def test_the_math_view_comes_to_the_front_with_the_lesson_s_network(qtbot, window):
    window.open_lesson("numpy-mlp")
    click(qtbot, window.lesson.tool_button)
    qtbot.waitUntil(lambda: hasattr(window, "math") and window.math.trace is not None, timeout=SECONDS)
    assert window.math.trace.experiment == LESSONS["numpy-mlp"].experiment()


@pytest.mark.parametrize("name", [name for name, lesson in LESSONS.items() if lesson.tool])
def test_every_lesson_s_tool_can_act_when_its_page_was_only_opened(qtbot, window, name, monkeypatch):
    panel = window.lesson
    click(qtbot, panel.rows[name])
    asked = []
    command = window.commands[LESSONS[name].tool]
    command.triggered.disconnect()
    command.triggered.connect(lambda *_: asked.append(command.isEnabled()))
    click(qtbot, panel.tool_button)
    assert asked == [True]
    if LESSONS[name].tool_on_own:
        assert state_of(window).experiment == LESSONS[name].experiment()


def test_the_dropout_lesson_shows_the_uncertainty(qtbot, window):
    window.open_lesson("dropout")
    qtbot.mouseClick(window.lesson.tool_button, Qt.MouseButton.LeftButton)
    assert window.studio.store.state.shown.uncertainty == (window.studio.store.state.experiment.model.dropout > 0)
    assert window.studio.store.state.shown.uncertainty
