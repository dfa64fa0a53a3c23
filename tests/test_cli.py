"""The command line, through `cli.main` and, where the process matters, through `python -m mlp_studio`."""

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlp_studio import __main__, __version__, cli
from mlp_studio.cli import train
from mlp_studio.core.config import SECTIONS, Experiment, knobs
from mlp_studio.core.dataset import Floats
from mlp_studio.core.events import EpochEnd, Event
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.trainer import Training
from tests.traps import NOTED, REFUSED

ROOT = Path(cli.__file__).parents[2]
SHORT = ("--set", "train.epochs=3", "--quiet")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that a refused command leaves on stderr; nothing is on stdout."""
    assert cli.main(["train", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.strip()


def reported(folder: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run that went well."""
    path = folder / "report.json"
    assert cli.main(["train", *arguments, "--quiet", "--report", str(path)]) == 0
    return json.loads(path.read_text(encoding="utf-8"))


def started(*arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment |= {"PYTHONIOENCODING": "utf-8", "DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "mlp_studio", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def ran(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the program in a process of its own."""
    process = started(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file of 40 rows with two classes, and a name with a comma in its header."""
    path = tmp_path / "table.csv"
    rows = [f"{i % 7},{i % 5 + 10 * (i % 2)},{i % 3},{'even' if i % 2 == 0 else 'odd'}" for i in range(40)]
    path.write_text("\n".join(['a,"b, c",d,kind', *rows]) + "\n")
    return path


# --- the result -------------------------------------------------------------------------------------------


def test_the_result_is_printed_in_aligned_blocks(capsys):
    assert cli.main(["train", *SHORT, "--at", "X1=0.1,X2=0.1"]) == 0
    said = capsys.readouterr()
    split = "train 1,050, val 225, test 225"
    head, losses, scores, prediction = said.out.strip().split("\n\n")

    assert said.err == ""
    assert head.splitlines()[:3] == [
        f"data        spiral: 1,500 rows ({split}); features X1, X2; classes c1, c2, c3",
        "network     2 → 100 → 3, 603 parameters; relu, he_normal",
        "training    numpy, float32, adam at 0.01, full batch; seed 1234",
    ]
    assert head.splitlines()[3].startswith("result      finished after 3 of 3 epochs, ")
    assert [line.split()[0] for line in losses.splitlines()] == ["epoch", "train", "val"]
    assert [line[:12].strip() for line in scores.splitlines()] == [
        "evaluation",
        "train",
        "val",
        "test",
        "test c1",
        "test c2",
        "test c3",
    ]
    assert len({len(line) for line in scores.splitlines()}) == 1
    assert prediction.startswith("X1 = 0.1, X2 = 0.1: c")
    assert prediction.count("P(c") == 3


def test_the_report_has_the_schema_of_the_issue(tmp_path):
    document = reported(tmp_path, "--set", "train.epochs=3", "--at", "0.1, 0.1", "--at", "X2=0.5,X1=-0.5")

    assert set(document) == {
        "experiment",
        "changed_on_the_way",
        "versions",
        "data",
        "parameters",
        "history",
        "performance",
        "predictions",
        "timing",
        "status",
    }
    assert document["data"]["split"] == {"train": 1050, "val": 225, "test": 225}
    assert document["parameters"] == 603
    assert set(document["history"]) == {"epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    assert all(len(column) == 3 for column in document["history"].values())
    assert set(document["performance"]) == {"train", "val", "test"}
    assert [told["input"] for told in document["predictions"]] == [
        {"X1": 0.1, "X2": 0.1},
        {"X1": -0.5, "X2": 0.5},
    ]
    assert document["status"] == "finished"
    assert document["timing"]["seconds"] > 0


@pytest.mark.parametrize(
    ("lesson", "loss", "accuracy"),
    [
        ("linear", (0.7, 0.85), (0.5, 0.6)),
        ("numpy-mlp", (0.02, 0.05), (0.99, 1)),
        ("pytorch-mlp", (0.06, 0.13), (0.97, 1)),
    ],
)
def test_each_lesson_comes_out_as_the_lesson_says(lesson, loss, accuracy, tmp_path):
    document = reported(tmp_path, "--lesson", lesson)
    history = document["history"]

    assert len(history["epoch"]) == LESSONS[lesson].experiment().train.epochs
    assert loss[0] < history["train_loss"][-1] < loss[1]
    assert accuracy[0] < history["train_accuracy"][-1] <= accuracy[1]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_same_command_gives_the_same_figures(lesson, tmp_path):
    first, second = (reported(tmp_path, "--lesson", lesson, "--set", "train.epochs=20") for _ in range(2))
    other = reported(tmp_path, "--lesson", lesson, "--set", "train.epochs=20", "--seed", "5")

    for section in ("experiment", "data", "history", "performance"):
        assert first[section] == second[section]
    assert other["history"] != first["history"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_says_whether_its_expectation_was_met(lesson, tmp_path, capsys):
    path = tmp_path / "report.json"
    code = cli.main(["train", "--quiet", "--lesson", lesson, "--report", str(path)])
    said, verdict = capsys.readouterr().out, json.loads(path.read_text())["lesson"]

    assert code == 0
    assert f"lesson {lesson}: expectation met\n" in said
    assert (verdict["id"], verdict["met"]) == (lesson, True)
    assert len(verdict["findings"]) == len(LESSONS[lesson].expect)
    for finding in verdict["findings"]:
        assert finding["low"] <= finding["figure"] <= finding["high"]
        assert f"✓ {finding['sentence']}" in said
    assert [run["title"] for run in verdict["runs"]] == [
        run.title for run in LESSONS[lesson].runs.values() if run.title
    ]
    for run in verdict["runs"]:
        assert f"{run['title']:<20} finished after {run['epochs']:,} epochs: loss " in said


def test_a_lesson_whose_settings_are_changed_is_judged_and_says_so(tmp_path, capsys):
    assert cli.main(["train", "--quiet", "--lesson", "fit", "--set", "train.epochs=2"]) == 0
    said = capsys.readouterr().out

    assert "lesson fit: expectation not met (with settings changed)\n" in said
    assert "  ✗ " in said


def test_labels_can_be_shuffled_from_the_command_line(tmp_path, capsys):
    document = reported(tmp_path, "--set", "data.shuffle_labels=on", "--set", "train.epochs=3")

    assert document["experiment"]["data"]["shuffle_labels"] is True
    assert any("shuffled" in note for note in document["data"]["notes"])
    assert "in vain" not in capsys.readouterr().err


# --- settings ---------------------------------------------------------------------------------------------


def test_settings_come_after_the_lesson_and_the_seed_last(tmp_path):
    experiment = reported(
        tmp_path,
        *("--lesson", "numpy-mlp", "--generator", "moons", "--seed", "7"),
        *(
            "--set",
            "model.hidden=64,32",
            "--set",
            "train.epochs=2",
            "--set",
            "data.rows=200",
            "--set",
            "seed=1",
        ),
    )["experiment"]

    assert experiment["model"]["hidden"] == [64, 32]
    assert experiment["model"]["initialization"] == "small_normal"
    assert experiment["train"]["learning_rate"] == 1.0
    assert experiment["data"]["source"] == "moons"
    assert experiment["data"]["rows"] == 200
    assert experiment["seed"] == 7


@pytest.mark.parametrize("name", [*GENERATORS, "iris", "wine", "breast_cancer", "digits"])
def test_every_built_in_source_trains(name, tmp_path):
    document = reported(tmp_path, "--generator", name, "--set", "train.epochs=2")
    assert document["experiment"]["data"]["source"] == name
    assert len(document["history"]["epoch"]) == 2


def test_a_setting_that_the_data_do_not_heed_is_named(capsys):
    assert cli.main(["train", "--generator", "iris", "--set", "data.rows=30", *SHORT]) == 0
    assert capsys.readouterr().err == "Iris does not heed data.rows: it was set in vain.\n"


def test_a_file_with_chosen_columns_and_a_name_that_holds_a_comma(table, tmp_path, capsys):
    document = reported(
        tmp_path, "--data", str(table), "--label", "kind", "--features", 'a,"b, c"', "--set", "train.epochs=2"
    )

    assert document["data"]["features"] == ["a", "b, c"]
    assert document["data"]["classes"] == ["even", "odd"]
    assert document["data"]["notes"]
    for note in document["data"]["notes"]:
        assert note in capsys.readouterr().out


def test_derived_inputs_are_chosen_by_name_counted_and_reported(tmp_path, capsys):
    chosen = ("--generator", "xor", "--set", "split.derived=product,square", "--set", "model.activation=linear")
    document = reported(
        tmp_path, *chosen, "--set", "train.epochs=300", "--at", "X1=0.5,X2=0.5", "--at", "X1=0.5,X2=-0.5"
    )
    assert document["data"]["inputs"] == ["X1", "X2", "X1²", "X2²", "X1·X2"]
    assert document["experiment"]["split"]["derived"] == ["square", "product"]
    assert document["performance"]["test"]["overall"]["accuracy"] > 0.9
    assert [prediction["class"] for prediction in document["predictions"]] == ["c1", "c2"]
    assert [prediction["input"] for prediction in document["predictions"]] == [
        {"X1": 0.5, "X2": 0.5},
        {"X1": 0.5, "X2": -0.5},
    ]
    assert "5 → 100 → 2" in capsys.readouterr().out


def test_derived_inputs_that_there_are_none_of_or_too_many_are_refused(capsys):
    assert refusal(capsys, "--set", "split.derived=cube") == (
        "Derived inputs are any of square, product, absolute, sine, cosine, radius; “cube” is not."
    )
    assert refusal(capsys, "--generator", "digits", "--set", "split.derived=product") == (
        "64 features would become 2,080 inputs, and 2,000 are the most. Leave out the products (2,016 inputs)."
    )


def test_the_help_names_every_setting_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as leave:
        cli.main(["train", "--help"])
    help_text = capsys.readouterr().out

    assert leave.value.code == 0
    assert "1 it diverged" in help_text
    for section in SECTIONS:
        for name, knob in knobs(getattr(Experiment(), section)).items():
            assert (f"{section}.{name}=" in help_text) == knob.form


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--lesson", "foo"], "There is no lesson “foo”; choose data, linear, "),
        (
            ["--generator", "file"],
            "There is no generator “file”; choose spiral, moons, circles, blobs, xor, random, iris, ",
        ),
        (["--set", "foo"], "“foo” is not of the form section.field=value, such as model.hidden=64,32."),
        (["--set", "foo.x=1"], "There is no section “foo”; choose data, split, model or train."),
        (["--set", "split.foo=1"], "“split” has no setting “foo”; choose "),
        (
            ["--set", "train.learning_rate=abc"],
            "Learning rate takes a number from 1e-07 to 1,000,000; “abc” is none.",
        ),
        (["--set", "train.epochs=nan"], "Epochs takes a whole number from 1 to 10,000,000; “nan” is none."),
        (
            ["--set", "split.train=0.5"],
            "The shares of training, validation and test add up to 80 %; make them 100 %.",
        ),
        (["--seed", "-3"], "Seed goes from 0 to 2,147,483,647; -3 is outside."),
        (["--seed", "x"], "Seed takes a number from 0 to 2,147,483,647; “x” is none."),
        (["--label", "x"], "--label names columns of a file: give the file with --data too."),
        (["--features", "x"], "--features names columns of a file: give the file with --data too."),
        (["--missing", "median"], "--missing says how to read a file: give the file with --data too."),
        (
            ["--data", "a.csv", "--missing", "mean"],
            "Missing values is one of drop, median; “mean” is not.",
        ),
        (
            ["--data", "a.csv", "--generator", "moons"],
            "--data and --generator exclude each other: choose one of them.",
        ),
        (["--at", "X1=1"], "Give a value for X2 too."),
        (["--at", "X9=1,X2=1"], "There is no feature “X9”; the features are X1, X2."),
        (["--at", "X1=q,X2=1"], "“q” is not a number for X1."),
        (["--bogus"], "“--bogus” means nothing here; “mlp-studio train --help” shows what can be given."),
        (
            ["--les", "linear"],
            "“--les” means nothing here; “mlp-studio train --help” shows what can be given.",
        ),
        (
            ["--lesson"],
            "Argument --lesson: expected one argument; “mlp-studio train --help” shows what can be given.",
        ),
        (["--report", "/nowhere/r.json"], "There is no folder “/nowhere” to write “r.json” to."),
        (["--picture", "picture.gif"], "The picture is a PNG file: “picture.gif” should end in .png."),
    ],
)
def test_a_bad_argument_is_one_sentence(arguments, sentence, capsys):
    assert refusal(capsys, *arguments).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "There is no file “"),
        ("", "“bad.csv” is empty."),
        (
            "a,b,y\n1,2,p\nx,3,q\n3,4,p\n",
            "Column “a” holds text in 1 row, first “x” on line 3; a feature must be ",
        ),
        ("a,b,y\n1,2,p\n4,3,p\n3,4,p\n", "Column “y” holds one class only, “p”; at least two are needed."),
        ("a,b,z\n1,2,p\n4,3,q\n3,4,p\n", "There is no column “y”; the columns are “a”, “b” and “z”."),
    ],
)
def test_bad_data_are_one_sentence(text, sentence, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    if text is not None:
        path.write_text(text)
    assert refusal(capsys, "--data", str(path), "--label", "y", "--features", "a,b").startswith(sentence)


@pytest.mark.parametrize("trap", REFUSED.values(), ids=REFUSED)
def test_each_trap_leaves_its_sentence_on_stderr(trap, tmp_path, capsys):
    assert refusal(capsys, "--data", str(trap.write(tmp_path))) == trap.sentence


@pytest.mark.parametrize("trap", NOTED.values(), ids=NOTED)
def test_what_was_decided_about_a_file_is_printed_and_reported(trap, tmp_path, capsys):
    document = reported(tmp_path, "--data", str(trap.write(tmp_path)), "--set", "train.epochs=1")
    assert trap.sentence in document["data"]["notes"]
    assert trap.sentence in capsys.readouterr().out


def test_the_report_accounts_for_every_row(tmp_path, capsys):
    rows = [f"{i},{['red', 'green'][i % 2]},{'ab'[i % 2]}" for i in range(1500)]
    rows[5], rows[6], rows[7], rows[8] = "inf,red,a", ",red,a", "NA,,b", "9,green,"
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["x;colour;kind", *rows, "1,green,b", "1,green,b"]).replace(",", ";") + "\n")
    arguments = ("--data", str(path), "--features", "x,colour", "--missing", "median", "--set", "train.epochs=1")
    document = reported(tmp_path, *arguments)
    account = document["data"]["import"]
    sentence = (
        "1,502 rows read, 1,499 used, 1 dropped for missing values (line 9), 1 dropped for infinite values (line 7), "
        "1 dropped for an empty label (line 10), 1 missing value filled with the column's median (line 8), "
        "2 duplicates kept."
    )
    assert account == {
        "sentence": sentence,
        "read": 1502,
        "used": 1499,
        "dropped": [
            {"reason": "missing values", "rows": 1, "lines": [9]},
            {"reason": "infinite values", "rows": 1, "lines": [7]},
            {"reason": "an empty label", "rows": 1, "lines": [10]},
        ],
        "filled": [{"column": "x", "with": "median", "values": 1, "lines": [8]}],
        "duplicates": 2,
        "encoded": {"colour": ["green", "red"]},
        "format": {"kind": "text", "encoding": "utf-8-sig", "delimiter": ";", "decimal": ".", "header": True},
    }
    assert document["data"]["notes"][0] == sentence
    assert sentence in " ".join(capsys.readouterr().out.split())
    assert document["data"]["features"] == ["x", "colour=green", "colour=red"]
    settings = ("--data", str(path), "--set", "data.features=x,colour", "--set", "data.missing=median")
    assert reported(tmp_path, *settings, "--set", "train.epochs=1")["data"] == document["data"]


def test_a_report_lists_the_first_thousand_lines_of_a_reason(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,y,kind\n" + "".join(f"{i},{i if i < 100 else ''},{'ab'[i % 2]}\n" for i in range(1300)))
    (dropped,) = reported(tmp_path, "--data", str(path), "--set", "train.epochs=1")["data"]["import"]["dropped"]
    assert (dropped["rows"], dropped["lines"]) == (1200, list(range(102, 1102)))


def test_built_in_data_have_no_import_in_their_report(tmp_path):
    assert "import" not in reported(tmp_path, "--set", "train.epochs=1")["data"]


def test_a_command_that_does_not_exist_is_one_sentence(capsys):
    assert cli.main(["trian"]) == 2
    assert (
        capsys.readouterr().err == "There is no command “trian”; choose train, evaluate, predict, export or lessons.\n"
    )


def test_where_to_write_is_checked_before_the_training(tmp_path, table, capsys, monkeypatch):
    monkeypatch.setattr(train, "Training", None)  # would fail if it came to that
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert refusal(capsys, "--report", str(tmp_path)) == f"“{tmp_path}” is a folder; name a file in it."
    assert refusal(capsys, "--report", str(pipe)) == f"“{pipe}” is not an ordinary file, so it is left alone."
    assert refusal(capsys, "--data", str(table), "--report", str(table)) == (
        f"“{table}” is named twice: the results would overwrite it."
    )
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert refusal(capsys, "--report", str(tmp_path / "r.json")) == f"The folder “{tmp_path}” may not be written to."


def test_a_report_that_cannot_be_written_is_told_after_the_result(tmp_path, capsys, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "r.json"
    assert cli.main(["train", *SHORT, "--report", str(path)]) == 2
    said = capsys.readouterr()

    assert "evaluation" in said.out
    assert said.err == f"“{path}” could not be written: No space left on device.\n"
    assert not path.exists()


def test_too_little_memory_is_one_sentence(capsys, monkeypatch):
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(train, "load_prepared", exhausted)
    assert refusal(capsys) == ("There is not enough memory for this: use fewer rows, fewer units or smaller batches.")


def test_a_diverging_run_is_told_and_keeps_its_report(tmp_path, capsys):
    path = tmp_path / "r.json"
    diverging = ("model.activation=linear", "train.optimizer=sgd", "train.learning_rate=1e6")
    code = cli.main(["train", *SHORT, "--report", str(path), *(word for text in diverging for word in ("--set", text))])
    said = capsys.readouterr()

    assert code == 1
    assert said.err.startswith("Training diverged at epoch ")
    assert said.err.count("\n") == 1
    assert "diverged after" in said.out
    assert json.loads(path.read_text())["status"] == "diverged"


def test_a_point_too_far_off_gets_no_answer_instead_of_a_wrong_one(tmp_path, capsys):
    document = reported(tmp_path, "--set", "train.epochs=2", "--at", "X1=1.7e308,X2=0")

    assert document["predictions"][0]["class"] is None
    assert "X1 = 1.7e+308, X2 = 0: no answer, the point is too far from the data" in capsys.readouterr().out


# --- progress and Ctrl-C ----------------------------------------------------------------------------------


def test_the_bar_goes_to_stderr_with_loss_and_accuracy(capsys):
    assert cli.main(["train", "--set", "train.epochs=3"]) == 0
    said = capsys.readouterr()

    assert "3/3" in said.err
    assert "loss " in said.err
    assert "accuracy " in said.err
    assert "3/3" not in said.out


def test_the_bar_is_redrawn_at_most_ten_times_a_second(capsys):
    assert cli.main(["train", "--set", "train.epochs=500"]) == 0
    drawn = capsys.readouterr().err.count("\r")
    assert drawn < 60  # an epoch takes far less than 0.1 s, and 500 of them less than 5 s


def test_no_bar_where_there_is_no_stderr(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["train", "--set", "train.epochs=3"]) == 0
    assert "finished after 3" in capsys.readouterr().out


def test_early_stopping_is_told(capsys):
    assert cli.main(["train", "--quiet", "--generator", "random", "--set", "train.early_stopping=5"]) == 0
    assert "Stopped early: the validation loss has not improved for 5 epochs" in capsys.readouterr().out


def test_ctrl_c_stops_between_two_steps_and_keeps_the_weights(tmp_path, capsys, monkeypatch):
    class Interrupted(Training):
        def run(self, until: int | None = None) -> Iterator[Event]:
            for event in super().run(until):
                if isinstance(event, EpochEnd) and event.epoch == 4:
                    signal.raise_signal(signal.SIGINT)
                yield event

    monkeypatch.setattr(train, "Training", Interrupted)
    before = signal.getsignal(signal.SIGINT)
    document = reported(tmp_path, "--set", "train.epochs=1000")

    assert document["status"] == "stopped"
    assert document["history"]["epoch"] == [1, 2, 3, 4]
    assert "Stopped: the weights of epoch 4 are kept." in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_interrupts_at_once(capsys, monkeypatch):
    class Stuck(Training):
        def run(self, until: int | None = None) -> Iterator[Event]:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            return super().run(until)

    monkeypatch.setattr(train, "Training", Stuck)
    assert cli.main(["train", *SHORT]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_real_ctrl_c_ends_a_long_run_well(tmp_path):
    path = tmp_path / "r.json"
    process = started("train", "--set", "train.epochs=10000000", "--report", str(path))
    seen = ""
    while "loss" not in seen:
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "stopped after" in out
    assert json.loads(path.read_text())["status"] == "stopped"


# --- the process ------------------------------------------------------------------------------------------


def test_training_in_a_process_of_its_own_imports_no_qt(tmp_path):
    command = f"""if True:
        import sys
        from mlp_studio.__main__ import main
        code = main(["train", "--set", "train.epochs=2", "--quiet", "--report", {str(tmp_path / "r.json")!r}])
        print("loaded:", sorted({{"PySide6", "pyqtgraph", "torch", "pandas", "sklearn"}} & set(sys.modules)))
        sys.exit(code)"""
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60)

    assert done.returncode == 0
    assert done.stderr == ""
    assert "loaded: []" in done.stdout


def test_the_module_trains_with_a_bar_and_prints_the_result():
    code, out, err = ran("train", "--set", "train.epochs=5")
    assert code == 0
    assert "result      finished after 5 of 5 epochs" in out
    assert "5/5" in err


def test_quiet_leaves_stderr_empty():
    code, out, err = ran("train", *SHORT)
    assert (code, err) == (0, "")
    assert "finished after 3" in out


def test_a_refusal_of_the_module_is_one_line_and_code_2():
    assert ran("train", "--lesson", "foo") == (
        2,
        "",
        f"There is no lesson “foo”; choose {', '.join(list(LESSONS)[:-1])} or fit.\n",
    )


def test_a_reader_that_leaves_does_not_cost_the_report(tmp_path):
    path = tmp_path / "r.json"
    process = started("train", *SHORT, "--report", str(path))
    with process:
        process.stdout.close()
        err = process.stderr.read()

    assert process.returncode == 0
    assert err == ""
    assert json.loads(path.read_text())["status"] == "finished"


def test_lessons_lists_identifier_title_and_summary(capsys):
    assert cli.main(["lessons"]) == 0
    said = capsys.readouterr().out
    for name, lesson in LESSONS.items():
        assert f"\n{name} " in f"\n{said}"
        assert lesson.title in said
        assert lesson.summary in said


def test_version(capsys):
    with pytest.raises(SystemExit) as leave:
        __main__.main(["--version"])
    assert leave.value.code == 0
    assert capsys.readouterr().out == f"MLP Studio {__version__}\n"


# --- the window -------------------------------------------------------------------------------------------


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A stand-in for the application; `opened` and `drawn` are what it was asked to do."""
    stand_in = types.ModuleType("mlp_studio.app")
    asked = types.SimpleNamespace(opened=[], drawn=[], missing="")

    def write_picture(path: Path, training: Training, status: str, probe: Floats | None) -> None:
        asked.drawn.append((path, training.epoch, status, None if probe is None else probe.tolist()))

    stand_in.main = lambda paths: asked.opened.append(paths) or 0
    stand_in.write_picture = write_picture
    display = types.ModuleType("mlp_studio.display")
    display.missing = lambda: asked.missing
    monkeypatch.setitem(sys.modules, "mlp_studio.app", stand_in)
    monkeypatch.setitem(sys.modules, "mlp_studio.display", display)
    return asked


def test_the_picture_is_drawn_by_the_window_after_the_run(window, tmp_path):
    path = tmp_path / "picture.png"
    assert cli.main(["train", *SHORT, "--picture", str(path)]) == 0
    assert window.drawn == [(path, 3, "finished", None)]


def test_the_picture_shows_the_first_row_asked_about(window, tmp_path):
    path = tmp_path / "picture.png"
    rows = ["--at", "X1=0.1,X2=-0.2", "--at", "X1=0,X2=0"]
    assert cli.main(["train", *SHORT, *rows, "--picture", str(path)]) == 0
    assert window.drawn == [(path, 3, "finished", [0.1, -0.2])]


def test_a_picture_that_cannot_be_drawn_is_one_sentence(window, tmp_path, capsys, monkeypatch):
    path = tmp_path / "picture.png"

    def fail(*_: object) -> None:
        raise OSError(f"{path} could not be written")

    monkeypatch.setattr(sys.modules["mlp_studio.app"], "write_picture", fail)
    assert cli.main(["train", *SHORT, "--picture", str(path)]) == 2
    assert capsys.readouterr().err == f"“{path}” could not be written.\n"


def test_a_picture_without_the_window_s_libraries_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlp_studio.app", None)
    assert cli.main(["train", *SHORT, "--picture", str(tmp_path / "picture.png")]) == 2
    assert capsys.readouterr().err.startswith("The picture needs the window's libraries, which do not load: ")


@pytest.mark.parametrize("words", [[], ["points.csv"], ["./train"], ["C:\\data\\points"]])
def test_no_command_or_a_file_opens_the_window(window, words):
    assert __main__.main(words) == 0
    assert window.opened == [words]


def test_without_a_display_the_window_says_what_is_missing(window, capsys):
    window.missing = "There is no display."
    assert __main__.main([]) == 2
    assert capsys.readouterr().err == "There is no display.\n"
    assert window.opened == []


def test_commands_never_ask_for_a_display(window, capsys):
    window.missing = "There is no display."
    assert __main__.main(["lessons"]) == 0
    assert window.opened == []


def test_a_real_picture_of_the_window(tmp_path):
    path = tmp_path / "picture.png"
    code, _, err = ran("train", *SHORT, "--picture", str(path))

    assert (code, err) == (0, "")
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(header[16:20], "big") >= 1000


@pytest.mark.parametrize(
    ("header", "options", "is_told"),
    [
        ("survived,age,sib", [], True),
        ("survived,age,sib", ["--label", "survived"], False),
        ("survived,age,class", [], False),
    ],
)
def test_numbers_that_are_taken_for_classes_unasked_are_named(tmp_path, capsys, header, options, is_told):
    path = tmp_path / "t.csv"
    rows = "\n".join(f"{row % 2},{20.5 + row},{row % 3}" for row in range(60))
    path.write_text(f"{header}\n{rows}\n", encoding="utf-8")
    assert cli.main(["train", "--data", str(path), *options, *SHORT]) == 0
    said = capsys.readouterr().err
    assert ("“sib” holds few different numbers and was taken as the label" in said) == is_told
    assert ("--label" in said) == is_told
