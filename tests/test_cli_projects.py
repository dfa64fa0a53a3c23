"""Projects at the command line: train --save, train PROJECT, evaluate, predict and export."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest

from mlp_studio import cli
from mlp_studio.cli import train
from mlp_studio.core import trainer
from mlp_studio.core.errors import CancelledError, StudioError
from mlp_studio.core.evaluation import judge
from mlp_studio.core.events import EpochEnd, Event, Tick
from mlp_studio.core.export.registry import EXPORTS, Export
from mlp_studio.core.model import Model
from mlp_studio.core.painting import Canvas, tickets, to_text
from mlp_studio.core.predict import predict
from mlp_studio.core.predictions import predict_table
from mlp_studio.core.project import Project, open_project, save_project
from mlp_studio.core.trainer import Training
from tests.fuzz_tables import mutated
from tests.traps import NOTED, REFUSED

ROOT = Path(cli.__file__).parents[2]


def ran(*arguments: object) -> int:
    return cli.main([str(word) for word in arguments])


def settings(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--set", text)]


def saved(path: Path, *arguments: object) -> Project:
    """The project that `train … --save path` leaves."""
    assert ran("train", *arguments, "--quiet", "--save", path) == 0
    return open_project(path)


def report_of(folder: Path, *arguments: object) -> dict[str, Any]:
    path = folder / "report.json"
    assert ran(*arguments, "--report", path, "--quiet") == 0
    return json.loads(path.read_text(encoding="utf-8"))


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence on stderr of a command that is refused; nothing is on stdout."""
    assert ran(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.strip()


def assert_same_run(one: Project, other: Project) -> None:
    a, b = one.run.state, other.run.state
    np.testing.assert_array_equal(a.present.weights, b.present.weights)
    for mine, theirs in zip(a.present.memory, b.present.memory, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(a.curves, b.curves)
    np.testing.assert_array_equal(a.order, b.order)
    np.testing.assert_array_equal(a.dropout, b.dropout)
    assert (a.weights_epoch, one.run.status) == (b.weights_epoch, other.run.status)


def rows_of(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.reader(handle, delimiter=delimiter))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """90 rows: two numbers, a text, and a class; some names are odd."""
    path, rng = tmp_path / "table.csv", np.random.default_rng(1)
    rows = [
        [f"{rng.normal(3 * (i % 2)):.3f}", f"{rng.normal():.3f}", ["red", "dark blue"][i % 2], ["it's", "=1+1"][i % 2]]
        for i in range(90)
    ]
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([["a", "b, c", "colour", "<img>"], *rows])
    return path


@pytest.fixture
def project(tmp_path: Path, table: Path) -> Path:
    """A project that learned from the table."""
    path = tmp_path / "p.mlps"
    columns = ("--data", table, "--label", "<img>", "--features", 'a,"b, c",colour')
    saved(path, *columns, *settings("train.epochs=8", "model.hidden=12"))
    return path


@pytest.fixture(scope="module")
def x_and_y(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that learned from the columns that most traps have."""
    folder = tmp_path_factory.mktemp("traps")
    rows = [f"{i % 7},{i % 5},{'ab'[i % 2]}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["x,y,label", *rows]) + "\n")
    saved(folder / "p.mlps", "--data", folder / "t.csv", *settings("train.epochs=2"))
    return folder / "p.mlps"


# --- train ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize(
    "chosen",
    [
        (),
        ("train.batch_size=64", "model.dropout=0.3", "train.optimizer=nesterov"),
        ("train.precision=float64", "split.class_weights=on", "split.derived=square"),
    ],
)
def test_a_saved_run_goes_on_as_if_it_had_never_ended(backend, chosen, tmp_path):
    common = settings("data.rows=300", f"model.backend={backend}", *chosen)
    saved(tmp_path / "half.mlps", *common, *settings("train.epochs=7"))
    whole = saved(tmp_path / "whole.mlps", *common, *settings("train.epochs=16"))
    rest = saved(tmp_path / "rest.mlps", tmp_path / "half.mlps", *settings("train.epochs=16"))

    assert_same_run(rest, whole)
    assert rest.run.experiment == whole.run.experiment
    assert (rest.run.number, rest.runs) == (1, ())
    assert rest.run.seconds > open_project(tmp_path / "half.mlps").run.seconds


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("at", [Tick, EpochEnd])
def test_ctrl_c_saves_what_goes_on_as_if_it_had_never_come(backend, at, tmp_path, monkeypatch, capsys):
    class Interrupted(Training):
        def run(self, until: int | None = None) -> Iterator[Event]:
            for number, event in enumerate(super().run(until)):
                if number >= 20 and isinstance(event, at):
                    signal.raise_signal(signal.SIGINT)
                yield event

    monkeypatch.setattr(trainer, "TICK_SECONDS", -1.0)  # a tick after every batch
    common = settings("data.rows=300", "train.batch_size=30", f"model.backend={backend}", "train.epochs=9")
    whole = saved(tmp_path / "whole.mlps", *common)
    with monkeypatch.context() as patched:
        patched.setattr(train, "Training", Interrupted)
        cut = saved(tmp_path / "cut.mlps", *common)
    assert cut.run.status == "stopped"
    assert cut.run.message.startswith("Stopped: the weights of epoch ")
    assert (cut.run.state.course.epoch is not None) == (at is Tick)
    capsys.readouterr()

    assert_same_run(saved(tmp_path / "rest.mlps", tmp_path / "cut.mlps"), whole)


def test_a_real_ctrl_c_leaves_a_project(tmp_path):
    path = tmp_path / "p.mlps"
    command = [sys.executable, "-m", "mlp_studio", "train", "--set", "train.epochs=10000000", "--save", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    seen = ""
    while "loss" not in seen:
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "stopped after" in out
    run = open_project(path).run
    assert run.status == "stopped"
    assert run.epoch > 0


def test_live_settings_reach_the_run_and_others_begin_a_new_one(tmp_path, capsys):
    path = tmp_path / "p.mlps"
    saved(path, *settings("data.rows=200", "train.epochs=5"))
    capsys.readouterr()
    live = saved(path, path, *settings("train.learning_rate=0.001", "train.epochs=9"))
    assert capsys.readouterr().err == ""
    assert (live.run.number, live.run.epoch, live.run.experiment.train.learning_rate) == (1, 9, 0.001)

    new = saved(path, path, *settings("model.hidden=7", "train.epochs=4"), "--seed", "3")
    assert capsys.readouterr().err == (
        "A new run begins, as “seed” and “model.hidden” differ from run 1, which stays in the project's list.\n"
    )
    assert (new.run.number, new.run.epoch, new.run.experiment.model.hidden) == (2, 4, (7,))
    assert [(run.number, run.epoch) for run in new.runs] == [(1, 9)]
    assert new.experiment == new.run.experiment
    np.testing.assert_array_equal(new.runs[0].state.present.weights, live.run.state.present.weights)
    chosen = settings("data.rows=200", "model.hidden=7", "train.epochs=4", "train.learning_rate=0.001")
    alone = saved(tmp_path / "alone.mlps", *chosen, "--seed", "3")
    assert_same_run(alone, Project(new.experiment, new.prepared, new.run))


def test_a_run_that_has_had_its_epochs_says_how_it_goes_on(tmp_path, capsys):
    path = tmp_path / "p.mlps"
    before = saved(path, *settings("data.rows=200", "train.epochs=5"))
    capsys.readouterr()
    after = saved(path, path)

    assert capsys.readouterr().err == "Run 1 has had its 5 epochs; --set train.epochs=1005 goes on with it.\n"
    assert_same_run(before, after)


@pytest.mark.parametrize("words", ["{p} {e} {q}", "{e} {p} {q}", "{q} {e} {p}"])
def test_the_project_may_stand_anywhere_and_the_report_is_of_the_whole_run(words, tmp_path):
    path = tmp_path / "p.mlps"
    before = saved(path, *settings("data.rows=200", "train.epochs=5"))
    arguments = words.format(p=path, e="--set train.epochs=9", q="--at 0.1,0.1").split()
    document = report_of(tmp_path, "train", *arguments)

    assert document["history"]["epoch"] == list(range(1, 10))
    assert document["timing"]["seconds"] > before.run.seconds
    assert document["predictions"][0]["input"] == {"X1": 0.1, "X2": 0.1}
    assert len(open_project(path).run.state.curves) == 5  # without --save nothing is written


def test_a_project_without_a_run_gets_its_first(tmp_path):
    path = tmp_path / "p.mlps"
    one = saved(path, *settings("data.rows=200", "train.epochs=5"))
    save_project(path, replace(one, run=None))

    assert_same_run(saved(path, path), one)


def test_view_and_reference_of_a_project_stay(tmp_path, table):
    path = tmp_path / "p.mlps"
    first = saved(path, "--data", table, "--label", "<img>", *settings("train.epochs=3"))
    save_project(path, replace(first, view={"part": "test"}, data_by_reference=True))
    size = path.stat().st_size
    again = saved(path, path, *settings("train.epochs=4"))

    assert again.view == {"part": "test"}
    assert again.data_by_reference
    assert path.stat().st_size < size + 20_000
    table.unlink()
    assert cli.main(["evaluate", str(path)]) == 2  # the rows are in the file alone


def test_a_new_run_takes_the_rows_of_the_project_where_their_file_is_gone(project, table, tmp_path, capsys):
    table.rename(tmp_path / "elsewhere.csv")
    shares = settings("split.train=0.5", "split.test=0.35")
    other = saved(tmp_path / "q.mlps", project, *shares, "--seed", "5")
    columns = ("--data", tmp_path / "elsewhere.csv", "--label", "<img>", "--features", 'a,"b, c",colour')
    alone = saved(tmp_path / "r.mlps", *columns, *shares, "--seed", "5", *settings("train.epochs=8", "model.hidden=12"))
    assert_same_run(other, alone)

    capsys.readouterr()
    again = ("train", project, *settings("data.missing=median"), "--quiet")
    assert refusal(capsys, *again) == "There is no file “table.csv”."
    (tmp_path / "elsewhere.csv").rename(table)
    assert ran(*again) == 0  # beside the project it is found


def test_a_painting_goes_along(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    drawing = to_text(Canvas(X + 2 * y[:, None], y, tickets(0, 60), ("a", "b")))
    painted = settings("data.source=painted", f"data.drawing={drawing}")
    saved(tmp_path / "p.mlps", *painted, *settings("train.epochs=4"))
    rest = saved(tmp_path / "q.mlps", tmp_path / "p.mlps", *settings("train.epochs=9"))
    assert_same_run(rest, saved(tmp_path / "r.mlps", *painted, *settings("train.epochs=9")))


def test_the_runs_that_a_lesson_compares_are_in_the_list(tmp_path):
    project = saved(tmp_path / "p.mlps", "--lesson", "initialization", *settings("train.epochs=3"))

    assert project.run.number == len(project.runs) + 1 > 1
    assert all(run.note and run.epoch == 3 for run in project.runs)
    assert {run.experiment.model.initialization for run in (*project.runs, project.run)} >= {"zeros"}


def test_a_diverged_run_is_saved_as_what_it_is(tmp_path):
    path = tmp_path / "p.mlps"
    diverging = settings("model.activation=linear", "train.optimizer=sgd", "train.learning_rate=1e6", "train.epochs=5")
    assert ran("train", *diverging, "--quiet", "--save", path) == 1
    assert open_project(path).run.status == "diverged"


def test_a_project_takes_other_data_for_a_new_run(tmp_path, table):
    path = tmp_path / "p.mlps"
    saved(path, *settings("data.rows=200", "train.epochs=3", "model.hidden=6"))
    moons = saved(path, path, "--generator", "moons")
    own = saved(path, path, "--data", table, "--label", "<img>")

    assert (moons.run.number, moons.run.experiment.data.source, moons.run.experiment.data.rows) == (2, "moons", 200)
    assert (own.run.number, own.prepared.dataset.class_names) == (3, ("=1+1", "it's"))
    assert own.run.experiment.model.hidden == (6,)
    assert [run.number for run in own.runs] == [1, 2]


def test_of_a_file_a_project_keeps_the_hash_alone_where_that_is_wished(table, tmp_path, capsys):
    chosen = ("--data", table, "--label", "<img>", *settings("train.epochs=3"))
    whole, slim = tmp_path / "whole.mlps", tmp_path / "slim.mlps"
    saved(whole, *chosen)
    assert saved(slim, *chosen, "--by-reference").data_by_reference

    assert slim.stat().st_size < whole.stat().st_size
    capsys.readouterr()
    assert ran("evaluate", slim) == 0
    mine = capsys.readouterr().out
    assert ran("evaluate", whole) == 0
    assert capsys.readouterr().out == mine
    table.write_bytes(table.read_bytes() + b"\n")
    assert "table.csv" in refusal(capsys, "evaluate", slim)
    assert refusal(capsys, "train", "--by-reference") == "--by-reference says how to save: give --save too."


# --- evaluate ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_evaluate_says_what_the_report_said(backend, tmp_path, capsys):
    path = tmp_path / "p.mlps"
    chosen = settings("train.epochs=6", f"model.backend={backend}", "data.rows=300")
    trained = report_of(tmp_path, "train", *chosen, "--save", path)
    printed = capsys.readouterr().out
    document = report_of(tmp_path, "evaluate", path)
    said = capsys.readouterr().out

    assert set(document) == {
        "experiment", "versions", "data", "parameters", "status", "epoch", "performance",
    }  # fmt: skip
    for part, scores in document["performance"].items():
        assert scores["overall"].pop("loss") > 0
        assert scores == trained["performance"][part]
    assert document["epoch"] == 6
    rows = [line.split() for line in printed.splitlines() if line.startswith(("train  ", "val  ", "test  "))][-3:]
    for part, *figures, count in rows:
        (line,) = [line for line in said.splitlines() if line.startswith(f"{part}  ")]
        assert line.split()[1:5] == figures
        assert line.split()[-1] == count


def test_evaluate_judges_the_rows_of_a_table(project, table, tmp_path, capsys):
    header, *rows = rows_of(table)
    rows[0][3], rows[1][0] = "else", ""
    other = tmp_path / "new.csv"
    with other.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, delimiter=";").writerows(row[::-1] for row in (header, *rows))
    capsys.readouterr()
    document = report_of(tmp_path, "evaluate", project, "--data", other)
    said = " ".join(capsys.readouterr().out.split())

    assert document["table"]["label"] == "<img>"
    assert document["performance"]["data"]["overall"]["num_samples"] == 88
    assert "90 rows read, 88 judged, 1 left out for a class that the network has not learned (line 2), 1 left" in said
    assert "Not learned: “else”." in said
    assert "data it's" in said
    whole = report_of(tmp_path, "evaluate", project, "--data", table)["performance"]["data"]
    own = report_of(tmp_path, "evaluate", project)["performance"]
    hits = sum(part["overall"]["accuracy"] * part["overall"]["num_samples"] for part in own.values())
    assert whole["overall"]["accuracy"] == pytest.approx(hits / 90)


def test_any_run_of_the_list_can_be_chosen(tmp_path, capsys):
    path = tmp_path / "p.mlps"
    saved(path, *settings("data.rows=200", "train.epochs=5"))
    saved(path, path, *settings("train.epochs=2", "model.hidden=3"))

    assert report_of(tmp_path, "evaluate", path)["experiment"]["model"]["hidden"] == [3]
    assert report_of(tmp_path, "evaluate", path, "--run", "1")["experiment"]["model"]["hidden"] == [100]
    capsys.readouterr()
    for number in ("3", "x", "-1", "²"):
        assert refusal(capsys, "predict", path, f"--run={number}", "--at", "0,0") == (
            f"“p.mlps” has no run “{number}”; its runs are 1, 2."
        )
    save_project(path, replace(open_project(path), run=None))
    assert refusal(capsys, "evaluate", path) == "“p.mlps” has no present run; choose one of its list with --run: 1."
    save_project(path, replace(open_project(path), runs=()))
    assert refusal(capsys, "evaluate", path) == (
        "“p.mlps” holds no trained network; train it: mlp-studio train PROJECT --save PROJECT."
    )


# --- predict ----------------------------------------------------------------------------------------------


def test_a_typed_row_gets_the_class_and_its_probabilities(project, capsys):
    capsys.readouterr()
    assert ran("predict", project, "--at", "colour=dark blue, a=1.5, b, c=-0.5", "--at", "1.5,-0.5,dark blue") == 0
    first, second = capsys.readouterr().out.strip().splitlines()
    trained = open_project(project).run.trained()
    data = trained.prepared.dataset
    x = np.array([1.5, -0.5, 1, 0])  # the texts of a column are in their order
    one = predict(trained.snapshot.params, "relu", trained.prepared.inputs, x)

    assert data.feature_names == ("a", "b, c", "colour=dark blue", "colour=red")
    assert first == second
    assert f"colour=red = 0: {data.class_names[one.label]}   P(" in first
    for name, chance in zip(data.class_names, one.probabilities, strict=True):
        assert f"P({name}) {chance:.4f}" in first


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a=1", "Give a value for “b, c” and “colour” too."),
        ("a=1, b, c=2, colour=pink", "Column “colour” holds “dark blue” or “red”; “pink” is none of them."),
        ("a=x, b, c=2, colour=red", "“x” is not a number for a."),
        ("1,2", "Give 3 values, or each with its name; this has 2."),
        ("z=1", "There is no feature “z”; the features are a, b, c, colour, colour=dark blue, colour=red."),
    ],
)
def test_a_typed_row_that_does_not_serve_is_one_sentence(text, sentence, project, capsys):
    capsys.readouterr()
    assert refusal(capsys, "predict", project, "--at", text) == sentence


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("source", ["digits", "breast_cancer"])
def test_a_wide_table_is_predicted_as_the_network_does(source, backend, tmp_path, capsys):
    path, out = tmp_path / "p.mlps", tmp_path / "out.csv"
    derived = "square" if source == "digits" else "product,square"
    chosen = settings("train.epochs=2", "model.hidden=8", f"model.backend={backend}", f"split.derived={derived}")
    trained = saved(path, "--generator", source, *chosen).run.trained()
    capsys.readouterr()
    assert ran("export", path, "--format", "predictions", "--out", tmp_path / "all.csv") == 0
    assert ran("predict", path, "--data", tmp_path / "all.csv", "--out", out) == 0
    data, (header, *rows) = trained.prepared.dataset, rows_of(out)

    assert capsys.readouterr().out.endswith(f"{data.rows:,} rows read, {data.rows:,} predicted.\n")
    assert header[: data.features] == list(data.feature_names)
    chances = np.array([row[-data.classes :] for row in rows], dtype=np.float64)
    np.testing.assert_allclose(chances, Model.of(trained).probabilities(data.X), atol=1e-5)
    assert [row[-data.classes - 1] for row in rows] == [data.class_names[k] for k in chances.argmax(axis=1)]


def test_rows_and_odd_names_of_a_table_survive(project, table, tmp_path, capsys):
    out = tmp_path / "out.csv"
    header, *rows = rows_of(table)
    rows[3][1] = ""
    with table.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *rows])
    capsys.readouterr()
    assert ran("predict", project, "--data", table, "--out", out) == 0

    assert capsys.readouterr().out == "90 rows read, 89 predicted, 1 left empty for missing values (line 5).\n"
    said, *written = rows_of(out)
    assert said == [*header, "predicted class", "P(=1+1)", "P(it's)"]
    assert [row[:3] for row in written] == [row[:3] for row in rows]
    assert {row[3] for row in written} == {"it's", "'=1+1"}
    assert written[3][4:] == ["", "", ""]
    assert {row[4] for row in written} == {"it's", "'=1+1", ""}


def test_a_real_ctrl_c_while_a_table_is_predicted_leaves_no_half_file(x_and_y, tmp_path):
    path, out = tmp_path / "long.csv", tmp_path / "out.csv"
    path.write_text("x,y\n" + "1.5,-2.5\n" * 400_000)
    command = [sys.executable, "-m", "mlp_studio", "predict", str(x_and_y), "--data", str(path), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    while not any(one.name.endswith(".tmp") for one in tmp_path.iterdir()):
        assert process.poll() is None
        sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, err = process.communicate(timeout=60)

    assert (process.returncode, said) == (130, "")
    assert err.endswith("Interrupted: nothing was written.\n")
    assert [one.name for one in tmp_path.iterdir()] == ["long.csv"]


def test_damaged_tables_are_predicted_and_judged_or_refused_with_a_sentence(x_and_y, tmp_path):
    trained, path, done = open_project(x_and_y).run.trained(), tmp_path / "t.csv", 0
    plain = (x_and_y.parent / "t.csv").read_bytes()[:200]
    sentences = []
    for seed in range(200):
        path.write_bytes(mutated(np.random.default_rng(seed), [plain, plain.replace(b",", b";")]))
        for work in (lambda: predict_table(trained, path, tmp_path / "out.csv"), lambda: judge(trained, path)):
            try:
                work()
                done += 1
            except StudioError as refused:
                sentences.append(str(refused))
    assert min(done, len(sentences)) > 20
    assert all(sentence and "\n" not in sentence for sentence in sentences)


@pytest.mark.parametrize("trap", [*REFUSED.values(), *NOTED.values()], ids=[*REFUSED, *NOTED])
def test_no_trap_of_a_table_is_more_than_a_sentence(trap, x_and_y, tmp_path, capsys):
    path, out = trap.write(tmp_path), tmp_path / "out.csv"
    code = ran("predict", x_and_y, "--data", path, "--out", out, "--quiet")
    said = capsys.readouterr()

    assert (code, said.err.count("\n")) in ((0, 0), (2, 1))
    assert out.exists() == (code == 0)
    assert ran("evaluate", x_and_y, "--data", path) in (0, 2)
    assert capsys.readouterr().err.count("\n") <= 1


# --- export -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_is_written_and_announced(name, project, tmp_path, capsys):
    out = tmp_path / f"out{EXPORTS[name].suffixes[0]}"
    capsys.readouterr()
    assert ran("export", project, "--format", name, "--out", out, "--quiet") == 0
    assert capsys.readouterr() == (f"{EXPORTS[name].label}: {out}\n", "")
    assert out.stat().st_size > 100


@pytest.mark.parametrize("name", [name for name, export in EXPORTS.items() if export.slow])
def test_every_slow_format_can_be_cancelled(name, project, tmp_path):
    def cancelled(_share: float) -> None:
        raise CancelledError("Cancelled.")

    out = tmp_path / f"out{EXPORTS[name].suffixes[0]}"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CancelledError):
        EXPORTS[name].write(open_project(project).run.trained(), out, cancelled)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", EXPORTS)
def test_no_format_harms_the_file_that_was_there_when_the_disk_is_full(name, project, tmp_path, capsys, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / f"out{EXPORTS[name].suffixes[0]}"
    out.write_text("before")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    capsys.readouterr()
    said = refusal(capsys, "export", project, "--format", name, "--out", out, "--quiet")
    assert said == f"“{out}” could not be written: No space left on device."
    assert out.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A format that takes its time and asks for progress; the files that it has begun."""
    begun: list[Path] = []

    def write(_trained: object, path: Path, progress: Any) -> None:
        begun.append(path)
        signal.raise_signal(signal.SIGINT)
        progress(0.5)
        path.write_text("half")

    monkeypatch.setitem(EXPORTS, "slow", Export("Slow", "Slow.", (".txt",), write, slow=True))
    return begun


def test_ctrl_c_cancels_an_export_and_leaves_no_file(slow, project, tmp_path, capsys):
    capsys.readouterr()
    before = signal.getsignal(signal.SIGINT)
    assert ran("export", project, "--format", "slow", "--out", tmp_path / "out.txt") == 130
    assert capsys.readouterr().err == "Interrupted: nothing was written.\n"
    assert slow == [tmp_path / "out.txt"]
    assert not (tmp_path / "out.txt").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_slow_export_shows_how_far_it_is(project, tmp_path, capsys, monkeypatch):
    def write(_trained: object, path: Path, progress: Any) -> None:
        for step in range(8):
            progress(step / 8)
            sleep(0.1)
        path.write_text("done")

    monkeypatch.setitem(EXPORTS, "slow", Export("Slow", "Slow.", (".txt",), write, slow=True))
    capsys.readouterr()
    assert ran("export", project, "--format", "slow", "--out", tmp_path / "out.txt") == 0
    assert re.search(r"exporting: +\d+%", capsys.readouterr().err)


# --- refusals ---------------------------------------------------------------------------------------------

COMMANDS = [
    ("train",),
    ("evaluate",),
    ("predict", "--at", "0,0"),
    ("export", "--format", "predictions", "--out", "{folder}/out.csv"),
]


@pytest.fixture
def broken(tmp_path: Path, project: Path) -> dict[str, Path]:
    content = project.read_bytes()
    files = {name: tmp_path / f"{name}.mlps" for name in ("vanished", "folder", "empty", "half", "newer", "changed")}
    files["folder"].mkdir()
    files["empty"].write_bytes(b"")
    files["half"].write_bytes(content[: len(content) // 2])
    files["newer"].write_bytes(content.replace(b'\\"min_reader\\": 1', b'\\"min_reader\\": 9', 1))
    files["changed"].write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    return files


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("vanished", "There is no file “"),
        ("folder", "“folder.mlps” is no project of MLP Studio, or it is damaged: it is not an ordinary file."),
        ("empty", "“empty.mlps” is no project of MLP Studio, or it is damaged: "),
        ("half", "“half.mlps” is no project of MLP Studio, or it is damaged: "),
        ("newer", "“newer.mlps” was saved by MLP Studio "),
        ("changed", "“changed.mlps” cannot be opened: it is damaged: its content is not what was saved."),
    ],
)
def test_a_project_that_cannot_be_opened_is_one_sentence(words, name, sentence, broken, tmp_path, capsys):
    capsys.readouterr()
    command, *rest = (word.format(folder=tmp_path) for word in words)
    assert refusal(capsys, command, broken[name], *rest).startswith(sentence)
    assert not (tmp_path / "out.csv").exists()


def test_a_table_is_no_project(table, capsys):
    assert refusal(capsys, "evaluate", table).startswith("“table.csv” is no project of MLP Studio")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["train", "{p}", "--lesson", "linear"],
            "A lesson has settings of its own: give either a project or ",
        ),
        (["train", "--save", "out.csv"], "A project is a file that ends in .mlps; “out.csv” does not."),
        (["train", "{p}", "--report", "{p}"], "“{p}” is named twice: the results would overwrite it."),
        (["train", "--save", "/nowhere/p.mlps"], "There is no folder “/nowhere” to write “p.mlps” to."),
        (["evaluate", "{p}", "--label", "x"], "--label names a column of a file: give the file with --data too."),
        (["evaluate", "{p}", "--report", "{p}"], "“{p}” is named twice: the results would overwrite it."),
        (["evaluate", "{p}", "--data", "/nowhere.csv"], "There is no file “/nowhere.csv”."),
        (["predict", "{p}"], "Say what to predict: a row with --at, or a table with --data and --out."),
        (
            ["predict", "{p}", "--data", "a.csv"],
            "A table is predicted with --data IN.csv and --out OUT.csv: give ",
        ),
        (["predict", "{p}", "--data", "{t}", "--out", "{t}"], "“{t}” is named twice: the results would overwrite it."),
        (["export", "{p}", "--format", "x", "--out", "x"], "There is no format “x”; choose "),
        (
            ["export", "{p}", "--format", "onnx", "--out", "x.csv"],
            "Model (ONNX) is a file that ends in .onnx; “",
        ),
        (["export", "{p}", "--format", "predictions", "--out", "/nowhere/x.csv"], "There is no folder “/nowhere”"),
        (["export", "{p}", "--out", "x.csv"], "The following arguments are required: --format; “mlp-studio export "),
        (["evaluate"], "The following arguments are required: PROJECT; “mlp-studio evaluate --help” shows"),
    ],
)
def test_a_bad_argument_is_one_sentence(arguments, sentence, project, table, capsys):
    capsys.readouterr()
    words = [word.format(p=project, t=table) for word in arguments]
    assert refusal(capsys, *words).startswith(sentence.format(p=project, t=table))


def test_a_full_disk_leaves_project_and_table_as_they_were(project, table, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("before")
    content = project.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    capsys.readouterr()
    assert ran("train", project, *settings("train.epochs=10"), "--quiet", "--save", project) == 2
    assert capsys.readouterr().err == (
        "“p.mlps” could not be saved: No space left on device. The file is as it was before.\n"
    )
    assert refusal(capsys, "predict", project, "--data", table, "--out", out) == (
        f"“{out}” could not be written: No space left on device."
    )
    assert refusal(capsys, "export", project, "--format", "predictions", "--out", out).startswith(f"“{out}” could not")
    assert project.read_bytes() == content
    assert out.read_text() == "before"


# --- help -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if name != "lessons"])
def test_the_help_of_a_command_tells_its_exit_codes(name, capsys):
    with pytest.raises(SystemExit) as leave:
        cli.main([name, "--help"])
    said = capsys.readouterr().out
    assert leave.value.code == 0
    assert "exit codes: 0 " in said
    if name == "export":
        assert all(f"\n  {name} " in said for name in EXPORTS)


def test_the_readme_shows_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in cli.COMMANDS:
        assert re.search(rf"^    mlp-studio {name}\b", text, re.MULTILINE), f"{name} is not in the README"


def test_the_commands_of_the_readme_work_one_after_another(tmp_path, monkeypatch, capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Without a window\n\n((?:    .*\n)+)", text)[1].replace("\\\n", " ")
    monkeypatch.chdir(tmp_path)
    assert ran("train", "--generator", "iris", *settings("train.epochs=1"), "--quiet", "--save", "iris.mlps") == 0
    for name in ("flowers", "more-flowers", "unknown"):
        assert ran("export", "iris.mlps", "--format", "predictions", "--out", "iris.csv") == 0
        kept = [[*row[:4], row[5]] for row in rows_of(Path("iris.csv"))]
        with Path(f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([[*kept[0][:4], "species"], *kept[1:]])
    stub = type(sys)("mlp_studio.app")
    stub.write_picture = lambda path, *_: path.write_bytes(b"png")
    monkeypatch.setitem(sys.modules, "mlp_studio.app", stub)
    for line in block.strip().splitlines():
        program, *words = shlex.split(line, comments=True) or [""]
        if program == "mlp-studio" and words:
            assert cli.main(words) == 0, (line, capsys.readouterr().err)
    assert open_project(Path("flowers.mlps")).run.epoch == 600
    assert len(rows_of(Path("predicted.csv"))) == 151


def test_help_imports_no_library_and_a_command_none_that_it_has_no_use_for():
    def loaded(*words: str) -> str:
        some = [
            "PySide6",
            "torch",
            "pandas",
            "sklearn",
            "scipy",
            "onnx",
            "nbformat",
            "PIL",
            "numpy",
            "msgspec",
            "safetensors",
        ]
        code = f"""if True:
            import sys
            from mlp_studio.__main__ import main
            try:
                main({list(words)!r})
            except SystemExit:
                print("loaded:", *(name for name in {some!r} if name in sys.modules))"""
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60)
        return done.stdout.splitlines()[-1]

    assert loaded("--help") == "loaded:"
    assert loaded("train", "--help") == "loaded: numpy"
    assert loaded("export", "--help") == "loaded: numpy msgspec"
