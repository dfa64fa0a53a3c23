"""What a project file keeps, that opening gives it back bit for bit, and what is refused."""

import json
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from msgspec.structs import fields as struct_fields

from mlp_studio import __version__
from mlp_studio.core import project_document, project_reading, trainer
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.envelope import fingerprint
from mlp_studio.core.errors import CancelledError, MissingDataError, ProjectError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import prepare
from mlp_studio.core.project import KEY, Project, open_project, save_project
from mlp_studio.core.project_writing import digest
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.tensor_file import read, serialised
from mlp_studio.core.trainer import Training
from tests.core.test_resuming import KINDS, paused, weighed
from tests.core.test_trainer import assert_same_run, experiment, run
from tests.projects.make_schema_1 import ODD, PROJECTS, TABLE

LONG = [(kind, optimizer) for kind in KINDS for optimizer in OPTIMIZERS]


def kept(training, status="paused", number=1, **more):
    return KeptRun(number, training.experiment, training.prepared, status, training.state(), **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work.mlps"


def saved(path, project, **how):
    save_project(path, project)
    return open_project(path, **how)


def trained(prepared, epochs=3, **settings):
    training = Training(experiment(**settings), prepared)
    run(training, epochs)
    return training


def assert_equal(one, other, where="project"):
    """The same value all the way down: numbers bit for bit."""
    assert type(one) is type(other), where
    if is_dataclass(one):
        for field in fields(one):
            assert_equal(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        assert one.shape == other.shape, where
        assert one.tobytes() == other.tobytes(), where
    elif isinstance(one, tuple | list):
        assert len(one) == len(other), where
        for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_equal(mine, theirs, f"{where}[{place}]")
    else:
        assert one == other or one is other or (one != one and other != other), where


# --- bit for bit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize(("kind", "optimizer"), LONG)
@pytest.mark.parametrize("ticks", [0, 2], ids=["between", "within"])
def test_a_run_goes_on_after_opening_as_if_it_had_never_been_saved(
    small_spiral, monkeypatch, path, backend, kind, optimizer, ticks
):
    precision = "float64" if optimizer in ("nesterov", "rmsprop") else "float32"
    settings = with_settings(
        experiment(model__backend=backend, train__optimizer=optimizer, train__precision=precision), KINDS[kind]
    )
    prepared = weighed(small_spiral, settings)
    straight = Training(settings, prepared)
    ending = run(straight)[-1]
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    first = Training(settings, prepared)
    events = paused(first, 4, ticks if settings.train.batch_size else min(ticks, 1))
    opened = saved(path, Project(settings, prepared, kept(first)))
    events.close()
    resumed = Training.resumed(opened.run.experiment, opened.run.prepared, opened.run.state)
    assert run(resumed)[-1] == ending
    assert_same_run(straight, resumed)


@pytest.mark.parametrize("name", PROJECTS)
def test_everything_comes_back_as_it_was_saved(path, monkeypatch, name):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    project = PROJECTS[name]()
    opened = saved(path, project, find=lambda *_: TABLE)
    if name == "without-data":  # of a path only the name is kept
        data = replace(project.experiment.data, path="gone.csv")
        project = replace(project, experiment=replace(project.experiment, data=data))
    assert_equal(opened, project)
    again = path.with_name("again.mlps")
    save_project(again, opened)
    if name != "referred":
        assert again.read_bytes() == path.read_bytes()


def test_that_settings_changed_while_a_run_trained_comes_back(small_spiral, path):
    training = trained(small_spiral)
    training.retune(with_settings(training.experiment, {"train.learning_rate": 0.5}))
    run = saved(path, Project(training.experiment, small_spiral, kept(training))).run
    assert run.state.is_retuned
    assert run.trained().is_retuned


def test_runs_share_what_they_have_in_common_in_the_file_and_after_opening(small_spiral, path):
    runs = tuple(kept(trained(small_spiral, train__learning_rate=0.01 * k), number=k) for k in range(1, 6))
    save_project(path, Project(experiment(), small_spiral, runs[-1], runs))
    one = path.with_name("one.mlps")
    save_project(one, Project(experiment(), small_spiral, runs[-1]))
    arrays, _ = read(path)
    assert sum(name.startswith("data.") for name in arrays) == 2
    assert len({digest(array) for array in arrays.values()}) == len(arrays)
    opened = open_project(path)
    assert all(run.prepared is opened.prepared for run in (opened.run, *opened.runs))


def test_a_project_of_a_diverged_run_with_infinite_figures_opens(small_spiral, path):
    training = Training(
        experiment(train__learning_rate=1e6, train__optimizer="sgd", model__activation="elu"), small_spiral
    )
    run(training, 50)
    state = replace(training.state(), first_loss=float("inf"))
    state.present.weights[:2] = np.nan, np.inf  # as within an epoch, before anyone has seen it
    project = Project(training.experiment, small_spiral, replace(kept(training, "diverged"), state=state))
    assert_equal(saved(path, project), project)


# --- names --------------------------------------------------------------------------------------------------------

NAMES = (*ODD, "a\0b", "\udcff half", "\n\r\t", "\\u0041", '"; DROP', "", "x" * 5000, "\U0001f600", "</script>", "'''")


@pytest.mark.parametrize("name", NAMES)
def test_any_name_survives(path, name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    data = Dataset(name, X, y, (name, f"{name}2"), (name, f"{name}’"), (name,))
    prepared = prepare(data, experiment().split, rng)
    settings = experiment(data__label=name or "x", data__features=["a", name or "b"], data__source="file")
    settings = replace(settings, data=replace(settings.data, features=("a", name.strip() or "b")))
    training = Training(settings, prepared)
    run(training, 1)
    project = Project(settings, prepared, kept(training, note=name, message=name), view={name: [name]})
    assert_equal(saved(path, project), project)


def test_a_drawing_of_many_points_is_stored_once(path, small_spiral):
    settings = experiment(data__source="painted", data__drawing="x" * 300_000)
    training = Training(settings, small_spiral)
    runs = tuple(kept(training, number=k) for k in range(30))
    project = Project(settings, small_spiral, None, runs)
    assert_equal(saved(path, project), project)
    assert path.stat().st_size < 600_000


def test_a_view_with_numbers_that_json_has_not_is_saved(path):
    project = Project(
        Experiment(), None, view={"range": [float("nan"), float("-inf"), 1.5], "deep": {"x": float("inf")}}
    )
    assert saved(path, project).view == {"range": [None, None, 1.5], "deep": {"x": None}}


def test_more_names_than_a_file_may_hold_are_refused_with_a_sentence(path):
    with pytest.raises(ProjectError, match="too long"):
        save_project(path, Project(Experiment(), None, view={"x": "y" * (5 << 20)}))
    assert list(path.parent.iterdir()) == []


# --- data in a file -----------------------------------------------------------------------------------------------


@pytest.fixture
def referred(tmp_path):
    """A project whose rows stay in a table, saved; the table lies in another folder."""
    table = tmp_path / "data" / "my table.csv"
    table.parent.mkdir()
    rng = np.random.default_rng(2)
    rows = [f"{x:.3f},{y if k % 7 else ''},{'ab'[int(x > 0)]}" for k, (x, y) in enumerate(rng.normal(size=(50, 2)))]
    table.write_text("\n".join(["x,y,label", *rows]) + "\n")
    settings = experiment(data__source="file", data__path=str(table), data__missing="median", data__shuffle_labels=True)
    data = load_dataset(settings.data, generator(settings.seed, Stream.DATA))
    prepared = prepare(data, settings.split, generator(settings.seed, Stream.SPLIT))
    return Project(settings, prepared, kept(trained_on(settings, prepared)), data_by_reference=True), table


def trained_on(settings, prepared):
    training = Training(settings, prepared)
    run(training, 3)
    return training


def test_data_by_reference_come_from_where_they_are_found(path, referred):
    project, table = referred
    asked = []

    def find(name, sha256):
        asked.append((name, sha256))
        return table

    opened = saved(path, project, find=find)
    assert_equal(opened, project)
    assert asked == [("my table.csv", project.prepared.dataset.account.sha256)]
    arrays, texts = read(path)
    assert not any(name.startswith("data.") for name in arrays)
    assert str(table.parent) not in texts[KEY]


def test_data_by_reference_are_found_beside_the_project(path, referred):
    project, table = referred
    save_project(path, project)
    table.rename(path.with_name(table.name))
    opened = open_project(path)
    assert opened.experiment.data.path == str(path.with_name(table.name))
    np.testing.assert_array_equal(opened.prepared.dataset.X, project.prepared.dataset.X)


def test_opening_can_be_cancelled_while_data_are_read_from_their_file(path, referred, monkeypatch):
    project, table = referred
    save_project(path, project)
    reads = project_reading.read_source

    def cancelled(config, rng, progress):
        reads(config, rng, progress)
        raise CancelledError("Cancelled.")

    monkeypatch.setattr(project_reading, "read_source", cancelled)
    with pytest.raises(CancelledError):
        open_project(path, lambda *_: table)


@pytest.mark.parametrize("change", ["other bytes", "gone"])
def test_data_that_are_not_as_they_were_are_asked_for_in_a_sentence(path, referred, change):
    project, table = referred
    save_project(path, project)
    known = project.prepared.dataset.account.sha256
    table.write_text("x,y,label\n1,2,a\n") if change == "other bytes" else table.unlink()
    with pytest.raises(MissingDataError, match=r"in the file “my table\.csv”, which is not found as it was") as caught:
        open_project(path, find=lambda *_: table)
    assert (caught.value.name, caught.value.sha256) == ("my table.csv", known)


@pytest.mark.parametrize("change", ["other bytes", "gone"])
def test_data_whose_file_is_not_as_it_was_when_saving_are_kept_in_the_project(path, referred, change):
    project, table = referred
    table.write_text("x,y,label\n1,2,a\n") if change == "other bytes" else table.unlink()
    opened = saved(path, project)
    assert_equal(opened.prepared, project.prepared)
    assert opened.data_by_reference
    assert opened.experiment.data.path == "my table.csv"


def test_data_in_the_project_remember_where_their_file_is_if_it_is_the_same(path, referred):
    project, table = referred
    project = replace(project, data_by_reference=False)
    assert saved(path, project, find=lambda *_: table).experiment.data.path == str(table)
    assert open_project(path).experiment.data.path == "my table.csv"
    table.write_text("x,y,label\n1,2,a\n")
    assert open_project(path, find=lambda *_: table).experiment.data.path == "my table.csv"


# --- what is refused ----------------------------------------------------------------------------------------------


def changed(path, change, **envelope):
    """Save the file anew with its document changed, and its checksum made right."""
    arrays, texts = read(path)
    content = json.loads(texts[KEY])
    change(content["document"], arrays)
    digests = {name: digest(array) for name, array in arrays.items()}
    content |= {"sha256": fingerprint(content["document"], digests), **envelope}
    path.write_bytes(serialised(arrays, {KEY: json.dumps(content)}))


@pytest.fixture
def simple(small_spiral, path):
    """A saved project."""
    training = trained(small_spiral, train__batch_size=16)
    save_project(path, Project(training.experiment, small_spiral, kept(training)))
    return path


def setting(name, value):
    def change(document, _arrays):
        document["settings"]["values"][name] = value

    return change


def state(name, value):
    def change(document, _arrays):
        document["run"]["state"][name] = value

    return change


def array(name, value):
    def change(_document, arrays):
        assert name in arrays
        arrays[name] = value

    return change


def lost(*where):
    def change(document, _arrays):
        for key in where[:-1]:
            document = document[key]
        del document[where[-1]]

    return change


N = 120
REFUSED = {
    "a learning rate": (setting("train.learning_rate", -1.0), "Learning rate goes from"),
    "an unknown optimizer": (setting("train.optimizer", "magic"), "Optimizer is one of"),
    "a text for a number": (setting("train.epochs", "ten"), "Epochs takes a number"),
    "a number for a text": (setting("data.label", 5), "“data.label” has a value of another kind"),
    "an unknown setting": (setting("train.magic", 5), "has no setting"),
    "another setting's list": (setting("model.hidden", ["x"]), "Hidden layers takes a number"),
    "shares of the rows": (setting("split.train", 0.9), "do not add up to 100 %"),
    "epochs to come": (state("weights_epoch", 9), "still to come"),
    "no checkpoint": (state("present", 77), "weights that are not there"),
    "an album": (state("album_epochs", [0, 2, 1, 3]), "pages that cannot be"),
    "negative": (state("threads", -1), "Expected `int` >= 0"),
    "half a number": (state("threads", 1.5), "Expected `int`, got `float`"),
    "a lost field": (lost("run", "state"), "missing required field `state`"),
    "infinite rows": (array("data.0.X", np.full((N, 2), np.inf)), "missing or infinite"),
    "fewer rows": (array("data.0.X", np.zeros((N - 1, 2))), "of another size"),
    "rows of float32": (array("data.0.X", np.zeros((N, 2), np.float32)), "of another kind"),
    "a class without a name": (array("data.0.y", np.full(N, 3)), "no class name"),
    "one class": (array("data.0.y", np.zeros(N, np.int64)), "fewer than two classes"),
    "a row in two shares": (array("shares.0.test", np.arange(18)), "in two shares"),
    "a row twice": (array("shares.0.test", np.zeros(18, np.int64)), "a row twice"),
    "a row that is not there": (array("shares.0.test", np.array([N])), "not there"),
    "no spread": (array("shares.0.scale", np.zeros(2)), "scaling is broken"),
    "a spread too small": (array("shares.0.scale", np.full(2, 5e-324)), "not finite"),
    "weights of another network": (array("run.checkpoint.0.weights", np.zeros(5, np.float32)), "another size"),
    "weights in another precision": (array("run.checkpoint.0.weights", np.zeros(75)), "another kind"),
    "half a random state": (array("run.dropout", np.zeros(5, np.uint8)), "another size"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_with_a_sentence(simple, what):
    change, sentence = REFUSED[what]
    changed(simple, change)
    with pytest.raises(ProjectError) as caught:
        open_project(simple)
    text = str(caught.value)
    assert sentence in text
    assert text.startswith("“work.mlps” cannot be opened: ")
    assert text.endswith(".")


def test_every_single_flipped_bit_is_seen(simple):
    content, rng = simple.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(len(content), size=60):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        simple.write_bytes(damaged)
        with pytest.raises(ProjectError):
            open_project(simple)


def test_other_files_are_no_projects(path, tmp_path):
    path.write_bytes(serialised({"weights": np.zeros(3)}, {"other": "{}"}))
    with pytest.raises(ProjectError, match="is no project of MLP Studio: projects are saved by File → Save"):
        open_project(path)
    for content in (b"", b"x,y\n1,2\n" * 50, b"PK\x03\x04" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(ProjectError, match="is no project of MLP Studio, or it is damaged"):
            open_project(path)
    with pytest.raises(ProjectError, match="There is no file"):
        open_project(tmp_path / "gone.mlps")
    with pytest.raises(ProjectError, match="not an ordinary file"):
        open_project(tmp_path)


# --- other versions -----------------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_naming_the_version_that_is_needed(simple):
    def change(document, _arrays):
        document.clear()  # whatever it may then look like
        document["everything"] = "else"

    changed(simple, change, schema=2, min_reader=2, needs="0.7.0", app="0.9.1")
    with pytest.raises(ProjectError) as caught:
        open_project(simple)
    assert str(caught.value) == (
        f"“work.mlps” was saved by MLP Studio 0.9.1: it needs version 0.7.0 or later, and this is {__version__}."
    )


def test_a_newer_file_that_this_version_may_read_opens_without_what_is_new(simple):
    def change(document, arrays):
        document["new"] = document["run"]["new"] = document["data_sets"][0]["new"] = {"x": [1]}
        document["settings"]["values"]["train.warmth"] = 5
        document["run"]["settings"]["values"]["new.section"] = "x"
        arrays["new"] = np.zeros(3)

    before = open_project(simple)
    changed(simple, change, schema=2, min_reader=1, needs="0.1.0", app="0.9.1")
    assert_equal(open_project(simple), before)


def test_a_setting_that_an_older_file_lacks_has_its_default(simple):
    def change(document, _arrays):
        del document["settings"]["values"]["train.momentum"]
        document["settings"]["values"]["train.l2"] = 0.5

    changed(simple, change)
    opened = open_project(simple).experiment
    assert (opened.train.momentum, opened.train.l2) == (Experiment().train.momentum, 0.5)


def test_fields_that_came_later_have_defaults():
    """Else files of the first schema would not open; what it began with is listed here."""
    first = {
        "Document": {"settings", "shares", "data_sets", "all_shares", "run", "runs", "view"},
        "Run": {"number", "settings", "shares", "status", "state"},
        "Data": {"name"},
        "Shares": {"data", "train", "validation", "test", "mean", "scale"},
    }
    for name, required in first.items():
        struct = getattr(project_document, name)
        assert {field.name for field in struct_fields(struct) if field.required} == required, name


def test_figures_after_opening_are_those_before(small_spiral, path):
    training = trained(small_spiral, epochs=10)
    opened = saved(path, Project(training.experiment, small_spiral, kept(training))).run.trained()
    before = evaluate(training.backend.params(), "relu", small_spiral)
    after = evaluate(opened.snapshot.params, "relu", opened.prepared)
    for name, scores in before.items():
        np.testing.assert_array_equal(scores.confusion, after[name].confusion)
