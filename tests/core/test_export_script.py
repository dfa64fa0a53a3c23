"""Exported scripts in an interpreter that knows nothing of the program: the same rows, weights, figures and answers."""

import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import nbformat
import numpy as np
import pytest
import torch
from torch.nn import functional

from mlp_studio.core import trainer
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.events import Finished, Tick
from mlp_studio.core.export import formulas
from mlp_studio.core.export.notebook import notebook
from mlp_studio.core.export.pieces import literal
from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.export.script import script, sections
from mlp_studio.core.export.script_data import READABLE_ROWS, SAMPLES
from mlp_studio.core.generators import GENERATORS
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.painting import Canvas, add, to_text
from mlp_studio.core.progress import to_nobody
from mlp_studio.core.report import report
from mlp_studio.core.sources import SOURCES
from mlp_studio.core.trained import Snapshot, Trained
from mlp_studio.core.trainer import Training
from mlp_studio.summary import as_text
from tests.core.trainings import CLOSE, ODD, as_the_app_says, points

# runs scripts one after the other, each with names of its own, and keeps what came of them; a stand-in for matplotlib
# draws nothing, but its axes want numbers of one length
HARNESS = """
import runpy, sys
from pathlib import Path
import numpy as np

sys.path.insert(0, sys.argv[1])
for folder in map(Path, sys.argv[2:]):
    print("###", folder.name)
    found = runpy.run_path(str(folder / "script.py"))
    params = found["params"] if "params" in found else [w.detach().numpy().T for w in found["model"].parameters()]
    np.savez(
        folder / "found.npz",
        *params,
        **{name: found[name] for name in ("X", "y", "train", "validation", "test")},
        history=np.array(found["history"]),
        answers=found["predict"](np.load(folder / "points.npy")),
    )
assert "mlp_studio" not in sys.modules
"""
PYPLOT = """
rcParams = {}

class Axis:
    def __init__(self): self.lines = 0
    def plot(self, x, y, *how, **more): assert len(x) == len(y); self.lines += 1
    def contourf(self, x, y, z, levels, colors, alpha):
        assert x.shape == y.shape == z.shape and 0 <= z.min() <= z.max() < len(colors) == len(levels) - 1
        self.lines += 1
    def scatter(self, x, y, s, color, label): assert len(x) == len(y) and isinstance(label, str)
    def set(self, **names): assert names["title"]
    def legend(self): assert self.lines

def subplots(rows=1, columns=1, **how):
    return None, Axis() if columns == 1 else [Axis() for _ in range(columns)]

def show(): print("drawn")
"""

SMALL = {"train.epochs": 12, "data.rows": 200, "model.hidden": (9,)}


def with_paths(settings):
    """The small experiment with other settings, paths with "__" for the dot."""
    return with_settings(Experiment(), SMALL | {path.replace("__", "."): value for path, value in settings.items()})


def train(until=None, **settings):
    """A run to its end, and its training."""
    return train_experiment(with_paths(settings), until)


def train_experiment(experiment, until=None):
    """A run to its end, and its training."""
    training, status = Training(experiment, load_prepared(experiment)), "finished"
    with np.errstate(all="ignore"):
        for event in training.run(until):
            if isinstance(event, Finished):
                status = event.outcome
    snapshot = Snapshot(training.weights_epoch, training.backend.params())
    curves = training.history.curves
    return Trained(experiment, training.prepared, snapshot, curves, status, 1.0, training.threads), training


def table(folder, text, encoding="utf-8", name="a table.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return {"data__source": "file", "data__path": str(path)}


def rows(count, delimiter=",", decimal=".", seed=0):
    """Lines of three numbers and one of three classes."""
    numbers = np.random.default_rng(seed).normal(size=(count, 3)).tolist()
    texts = [[repr(value).replace(".", decimal) for value in line] for line in numbers]
    return [delimiter.join([*line, "cab"[k % 3]]) for k, line in enumerate(texts)]


def painted(count, names, features=("X1", "X2")):
    canvas = Canvas(np.empty((0, 2)), np.empty(0, np.int64), np.empty(0), tuple(names), features)
    rng = np.random.default_rng(0)
    for k in range(len(names)):
        canvas = add(canvas, np.round(rng.normal(size=(count, 2)), 4) + k, k)
    return {"data__source": "painted", "data__drawing": to_text(canvas)}


MATRIX = {
    "deep, float32": {"model__hidden": (64, 64, 64), "train__epochs": 20},
    **{f"activation {name}": {"model__activation": name, "model__hidden": (8, 5)} for name in ACTIVATIONS},
    **{
        f"initialisation {name}": {"model__initialization": name, "model__activation": "tanh", "train__epochs": 3}
        for name in INITIALIZERS
    },
    **{f"optimizer {name}": {"train__optimizer": name, "train__precision": "float64"} for name in OPTIMIZERS},
    **{
        f"{name}, all options": {
            "train__optimizer": name,
            "train__batch_size": 16,
            "train__l1": 0.001,
            "train__l2": 0.01,
            "model__dropout": 0.2,
            "split__class_weights": True,
            "train__epochs": 6,
        }
        for name in OPTIMIZERS
    },
    "one unit, a batch of one": {"model__hidden": (1, 1), "train__batch_size": 139, "train__epochs": 6},
    "six layers": {"model__hidden": (7, 6, 5, 4, 3, 2), "model__dropout": 0.1, "train__batch_size": 33},
    "large products": {"model__hidden": (120,), "data__rows": 900, "train__epochs": 8},
    "large products, more classes": {"model__hidden": (90, 40), "data__rows": 900, "data__classes": 5},
    "wide": {"data__source": "digits", "train__batch_size": 200, "train__epochs": 3},
    "all derived": {"data__source": "wine", "split__derived": tuple(DERIVATIONS), "train__precision": "float64"},
    "nothing watched, nothing tested": {"split__train": 0.95, "split__validation": 0.0, "split__test": 0.05},
    "no test": {"split__validation": 0.3, "split__test": 0.0},
    "neither strata nor scaler": {"split__stratify": False, "split__standardize": False},
    "shuffled": {"data__source": "iris", "data__shuffle_labels": True, "train__epochs": 30},
    "stopped early": {"train__early_stopping": 3, "train__epochs": 400, "train__learning_rate": 0.2},
    "stopped early by the training loss": {
        "train__early_stopping": 2,
        "train__epochs": 100,
        "train__learning_rate": 0.3,
        "train__batch_size": 20,
        "split__validation": 0.0,
        "split__test": 0.3,
    },
    "diverged": {"train__optimizer": "sgd", "train__learning_rate": 100.0, "train__epochs": 60},
    "diverged late": {
        "train__optimizer": "momentum",
        "train__learning_rate": 1.0,
        "train__epochs": 80,
        "model__activation": "elu",
        "model__initialization": "small_normal",
        "model__hidden": (20, 20),
        "train__batch_size": 40,
    },
    "odd names": painted(12, ODD, ("X\n1", '\'"""')),
}


def in_fresh_interpreter(tmp_path, scripts):
    """What came of the scripts, by their names: arrays, and the text that each printed."""
    fake = tmp_path / "fake" / "matplotlib"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "pyplot.py").write_text(PYPLOT)
    folders = []
    for number, (name, (text, where)) in enumerate(scripts.items()):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        (folder / "script.py").write_text(text, encoding="utf-8")
        np.save(folder / "points.npy", where)
        folders.append((name, folder))
    command = [sys.executable, "-I", "-W", "error", "-c", HARNESS, str(fake.parent), *(str(at) for _, at in folders)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    printed = [text.partition("\n")[2] for text in done.stdout.split("### ")[1:]]
    return {name: (np.load(folder / "found.npz"), text) for (name, folder), text in zip(folders, printed, strict=True)}


def answers(trained, X):
    """The probabilities (n, C) that a click shows for each point."""
    with np.errstate(all="ignore"):
        return as_the_app_says(trained, X)[0]


def assert_same(trained, found, X):
    prepared = trained.prepared
    for name, expected in [("X", prepared.dataset.X), ("y", prepared.dataset.y)]:
        np.testing.assert_array_equal(found[name], expected)
    for name, part in prepared.parts.items():
        np.testing.assert_array_equal(found[name], part.rows)
    params = [array for layer in trained.snapshot.params for array in layer]
    for number, expected in enumerate(params):
        # not near: equal, so that no number of epochs makes them differ
        np.testing.assert_array_equal(np.squeeze(found[f"arr_{number}"]), np.squeeze(expected))
    columns = 4 if len(prepared.validation) else 2
    history = np.reshape(found["history"], (-1, columns))
    np.testing.assert_allclose(history, trained.curves[:, :columns], rtol=1e-12)
    np.testing.assert_allclose(found["answers"], answers(trained, X), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_scripts_do_the_whole_run_again(tmp_path, backend):
    runs = {name: train(model__backend=backend, **settings)[0] for name, settings in MATRIX.items()}
    assert runs["stopped early"].snapshot.epoch < len(runs["stopped early"].curves) < 400
    assert runs["diverged"].status == runs["diverged late"].status == "diverged"
    assert len(runs["diverged late"].curves) > 0
    where = {name: points(trained) for name, trained in runs.items()}
    found = in_fresh_interpreter(tmp_path, {name: (script(runs[name], backend), where[name]) for name in runs})
    for name, trained in runs.items():
        arrays, printed = found[name]
        try:
            assert_same(trained, arrays, where[name])
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        assert "drawn" in printed


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_script_prints_the_programs_figures(tmp_path, backend):
    trained, training = train(model__backend=backend, data__source="wine")
    EXPORTS[f"script-{backend}"].write(trained, tmp_path / "run.py", to_nobody)
    command = [sys.executable, "-I", "run.py"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=100)
    assert not done.stderr
    printed, expected = (words(text) for text in (done.stdout, as_text(report(training, "finished", 1.0))))
    assert printed["evaluation"] == expected["evaluation"]
    for line in ("train", "val", "test", "test class_0", "test class_1", "test class_2"):
        assert printed[line] == expected[line], line
    *_, (loss, accuracy, val_loss, val_accuracy) = trained.curves
    last = f"epoch     12: loss {loss:.4f}, accuracy {accuracy:.4f}; validation loss {val_loss:.4f}, accuracy"
    assert f"{last} {val_accuracy:.4f}" in done.stdout


def words(text):
    """The rows of the table of scores: name → figures."""
    lines = text[text.index("evaluation ") :].splitlines()
    split = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return {name: figures for name, *figures in split}


# The rows


def tables(tmp_path):
    """Files of many kinds, each with its settings."""
    lacking = rows(80)
    for line, column, cell in [(3, 1, ""), (10, 1, "NA"), (11, 0, "?"), (20, 0, "inf"), (30, 3, " ")]:
        cells = lacking[line].split(",")
        cells[column] = cell
        lacking[line] = ",".join(cells)
    texts = [",".join([line, ["red", "dark  blue", "it's", ""][min(k % 7, 3)]]) for k, line in enumerate(rows(90))]
    head, chosen = "x,y,z,label\n", {"data__label": "label", "data__features": ("x", "colour")}
    odd = "".join(f'{k % 7}.5,"{ODD[k % 8].replace(chr(34), chr(34) * 2)}"\n' for k in range(80))
    made = {
        "plain": (head + "\n".join(rows(60)), "utf-8", {}),
        "decimal comma": ("x;y;z;label\n" + "\n".join(rows(60, ";", ",")), "cp1252", {}),
        "utf-16, tabs": ("x\ty\tz\tlabel\n" + "\n".join(rows(60, "\t")), "utf-16", {}),
        "no header": ("\n".join(rows(60)), "utf-8", {}),
        "blank lines, spaces": ("x , y,z, label\n\n" + " \n\n".join(rows(60)) + "\n\n", "utf-8", {}),
        "names twice, names missing": ("x,x,,label\n" + "\n".join(rows(60)), "utf-8", {}),
        "columns chosen": (head + "\n".join(rows(60)), "utf-8", {"data__features": ("z", "x")}),
        "a single feature": ("x,label\n" + "\n".join(f"{k % 7}.25,{'ab'[k % 2]}" for k in range(50)), "utf-8", {}),
        "a constant column": ("k,x,y,z,label\n" + "\n".join(f"0.1,{line}" for line in rows(60)), "utf-8", {}),
        "a class of one row": (head + "\n".join([*rows(90), "1,2,3,z"]), "utf-8", {"split__class_weights": True}),
        "missing": (head + "\n".join(lacking), "utf-8", {}),
        "missing, median": (head + "\n".join(lacking), "utf-8", {"data__missing": "median"}),
        "text": ("x,y,z,label,colour\n" + "\n".join(texts), "utf-8", chosen),
        "text, most frequent": (
            "x,y,z,label,colour\n" + "\n".join(texts),
            "utf-8",
            {**chosen, "data__missing": "median"},
        ),
        "odd names": (f'"a\n\'b\'","{ODD[3].replace(chr(34), chr(34) * 2)}"\n{odd}', "utf-8", {}),
        "shuffled": (head + "\n".join(rows(60)), "utf-8", {"data__shuffle_labels": True}),
    }
    for name, (text, encoding, settings) in made.items():
        yield name, {**table(tmp_path, text, encoding, f"{name}.csv"), **settings}


def rows_of(trained):
    """The names that the first steps of a script leave behind: rows, split and inputs."""
    space: dict = {}
    with redirect_stdout(StringIO()):
        for step in sections(trained, "numpy")[:4]:
            exec(compile(step.code, step.name, "exec"), space)  # noqa: S102 - that is what it is for
    return space


def prepared_alone(**settings):
    """A run that has not begun."""
    return train(until=0, **settings)[0]


def assert_rows(trained):
    space, prepared = rows_of(trained), trained.prepared
    np.testing.assert_array_equal(space["X"], prepared.dataset.X)
    np.testing.assert_array_equal(space["y"], prepared.dataset.y)
    for name, part in prepared.parts.items():
        np.testing.assert_array_equal(space[name], part.rows)
        expected = part.X.astype(trained.experiment.train.precision)
        np.testing.assert_array_equal(space["inputs"](space["X"][part.rows]), expected)
    if prepared.class_weights is not None:
        np.testing.assert_array_equal(space["class_weights"], prepared.class_weights.astype(np.float32))
    return space


def test_files_are_read_row_for_row_as_the_program_reads_them(tmp_path):
    for name, settings in tables(tmp_path):
        trained = prepared_alone(**settings)
        space = assert_rows(trained)
        assert tuple(space["CLASSES"]) == trained.prepared.dataset.class_names, name


def test_workbooks_and_parquet_files_are_read_too(tmp_path):
    openpyxl, pyarrow = pytest.importorskip("openpyxl"), pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rng, book = np.random.default_rng(0), openpyxl.Workbook()
    book.active.append(["x", "y", "label"])
    for k in range(60):
        book.active.append([float(rng.normal()), int(rng.integers(5)), ["a", 1, 2.5][k % 3]])
    book.save(tmp_path / "a.xlsx")
    columns = {"x": rng.normal(size=60), "n": [None if k == 7 else k % 9 for k in range(60)], "label": ["a", "b"] * 30}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    for name in ("a.xlsx", "a.parquet"):
        assert_rows(prepared_alone(data__source="file", data__path=str(tmp_path / name)))


@pytest.mark.parametrize("source", [*GENERATORS, *SAMPLES])
def test_every_source_gives_the_same_rows(source):
    assert_rows(prepared_alone(data__source=source, data__classes=4, data__noise=0.3))


def test_every_source_has_its_code():
    assert {*GENERATORS, *SAMPLES, "file", "painted"} == set(SOURCES)


@pytest.mark.parametrize("derived", DERIVATIONS)
def test_every_derivation_gives_the_same_inputs(derived):
    assert_rows(prepared_alone(split__derived=(derived,), data__source="wine"))
    assert_rows(prepared_alone(split__derived=(derived,), split__standardize=False))


def test_painted_points_are_part_of_the_script_with_the_share_of_each():
    few, many = (prepared_alone(**painted(count, ["a", "b"])) for count in (20, READABLE_ROWS))
    assert_rows(few)
    assert_rows(many)
    assert "base64" not in script(few, "numpy")
    assert "base64" in script(many, "numpy")
    assert_rows(prepared_alone(**painted(20, ["a", "b"]), data__shuffle_labels=True))


def test_rows_that_today_are_drawn_otherwise_and_a_file_of_which_little_is_known_are_part_of_the_script(tmp_path):
    trained = prepared_alone()
    other = replace(trained.prepared.dataset, X=trained.prepared.dataset.X + 1e-9)
    old = replace(trained, prepared=replace(trained.prepared, dataset=other))
    assert "POINTS" in script(old, "numpy")
    trained = prepared_alone(**table(tmp_path, "x,y,z,label\n" + "\n".join(rows(60))))
    unknown = replace(trained.prepared, dataset=replace(trained.prepared.dataset, account=None))
    assert_rows(replace(trained, prepared=unknown))


# The code


def test_every_entry_of_the_registries_has_its_code():
    assert formulas.ACTIVATION_CODE.keys() == ACTIVATIONS.keys()
    assert formulas.INITIALIZER_CODE.keys() == INITIALIZERS.keys()
    assert formulas.OPTIMIZER_CODE.keys() == OPTIMIZERS.keys()
    assert formulas.GENERATOR_CODE.keys() == GENERATORS.keys()
    assert formulas.DERIVATION_CODE.keys() == DERIVATIONS.keys()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activations_code_is_what_its_entry_computes(name, dtype):
    code, z = formulas.ACTIVATION_CODE[name], np.random.default_rng(0).normal(0, 3, (7, 50)).astype(dtype)
    space = {"np": np, "DTYPE": dtype, "torch": torch, "functional": functional, "z": z}
    for line in code.imports:
        exec(line, space)  # noqa: S102
    a, slope = ACTIVATIONS[name].curve(z)
    space["a"] = a
    np.testing.assert_array_equal(eval(code.f.format(z="z"), space), a)  # noqa: S307
    np.testing.assert_array_equal(eval(code.slope.format(z="z", a="a") or "1.0 + 0 * z", space), slope)  # noqa: S307
    space["t"] = torch.tensor(z)
    found = eval(code.torch.format(z="t"), space).numpy()  # noqa: S307
    np.testing.assert_allclose(found, a, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)


def test_only_what_is_used_is_written():
    plain = script(prepared_alone(train__optimizer="sgd"), "numpy")
    for word in ("DROPOUT", "L1", "L2", "BATCH_SIZE", "memory", "best", "sound", "class_weights", "torch", "csv"):
        assert word not in plain, word
    assert "erived" not in plain


def test_what_is_written_is_clean(tmp_path):
    """No name is unused or unknown, no line too long, and nothing is left to put straight."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name, settings in {**MATRIX, **dict(tables(tmp_path))}.items():
        trained = prepared_alone(**settings)
        trained = replace(trained, status="diverged") if "diverged" in name else trained
        for backend in ("numpy", "torch"):
            (folder / f"{name} {backend}.py").write_text(script(trained, backend), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = [
        "--isolated",
        "--no-cache",
        "--target-version",
        "py311",
        "--line-length",
        "120",
        str(tmp_path / "scripts"),
    ]
    for command in (["check", "--select", "E4,E5,E7,E9,F,I001" if False else "E4,E5,E7,E9,F"], ["format", "--diff"]):
        done = subprocess.run([*ruff, *command, *options], capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{done.stdout[:3000]}\n{done.stderr[-500:]}"


@pytest.mark.parametrize("text", [*ODD, "plain", '"', "'", "\\", "\\'\"", "a\\'b", "\u2066bidi\u2069", "\x1b[31m"])
def test_a_literal_is_the_text_and_nothing_that_turns_or_hides(text):
    written = literal(text)
    assert eval(written) == text  # noqa: S307
    assert written.isprintable()
    written.encode()


def test_names_are_nowhere_but_in_literals(tmp_path):
    trained = prepared_alone(**MATRIX["odd names"])
    for step in sections(trained, "numpy"):
        for name in (*ODD, "X\n1"):
            for piece in (step.title, step.text):
                assert len(name.strip()) < 3 or name not in piece


# What a script cannot give again


def test_a_run_that_was_stopped_is_trained_as_far_as_it_got():
    trained, _ = train(until=5)
    trained = replace(trained, status="stopped")
    text = script(trained, "numpy")
    assert "The run was stopped after 5 epochs, and so is this one." in text
    assert "\nEPOCHS = 5\n" in text


def test_a_run_that_was_stopped_within_an_epoch_is_told_from_one_that_was_stopped_after_it(monkeypatch):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    experiment = with_paths({"train__batch_size": 16})
    training, heads = Training(experiment, load_prepared(experiment)), []
    for event in training.run():
        if training.epoch == 2:
            heads.append(script(training.trained("stopped"), "numpy"))
            if isinstance(event, Tick):
                break
    assert "The run was stopped after 2 epochs, and so is this one." in heads[0]
    assert "The run was stopped within an epoch." in heads[-1]


def test_a_run_that_went_on_after_it_had_stopped_early_says_so():
    experiment = with_paths({"train__early_stopping": 2, "train__learning_rate": 0.5, "train__epochs": 200})
    training = Training(experiment, load_prepared(experiment))
    with np.errstate(all="ignore"):
        *_, ending = training.run()
        assert "Stopped early" in ending.reason
        assert "to the last digit" in script(training.trained("finished"), "numpy")
        *_, ending = training.run()
    assert "The run stopped early and was trained on" in script(training.trained("finished"), "numpy")


def test_a_script_of_a_run_as_it_was_set_up_promises_its_weights():
    assert "it gives the same weights to the last digit." in script(train()[0], "numpy")


@pytest.mark.parametrize("change", ["is_mixed", "is_retuned"])
def test_a_run_that_changed_on_the_way_says_so(change):
    trained = replace(train(until=2)[0], **{change: True})
    assert "The run changed while it trained" in notebook(trained)
    assert "The run changed while it trained" in script(trained, "torch")
    assert "same weights to the last digit" not in script(trained, "torch")


def test_the_other_backend_is_as_near_as_rounding_lets_it(tmp_path):
    runs = {own: train(model__backend=own, train__precision="float64")[0] for own in ("numpy", "torch")}
    others = {"numpy": "torch", "torch": "numpy"}
    scripts = {own: (script(runs[own], others[own]), points(runs[own])) for own in runs}
    found = in_fresh_interpreter(tmp_path, scripts)
    for own, trained in runs.items():
        assert "is equal but for rounding" in scripts[own][0]
        np.testing.assert_allclose(found[own][0]["arr_0"], trained.snapshot.params[0].W, rtol=0, atol=1e-10)
    dropout = train(until=1, model__dropout=0.5)[0]
    assert "draws other units for dropout" in script(dropout, "torch")


# The notebook


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_notebook_is_valid_and_its_cells_do_the_run_again_in_their_order(tmp_path, backend):
    trained, _ = train(model__backend=backend, model__dropout=0.3, train__batch_size=32)
    EXPORTS["notebook"].write(trained, tmp_path / "run.ipynb", to_nobody)
    text = (tmp_path / "run.ipynb").read_text(encoding="utf-8")
    assert text == notebook(trained)
    book = nbformat.read(tmp_path / "run.ipynb", as_version=4)
    nbformat.validate(book)
    assert json.loads(text)["nbformat"] == 4
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    where = points(trained)
    found, _ = in_fresh_interpreter(tmp_path, {"notebook": (code, where)})["notebook"]
    assert_same(trained, found, where)
    kinds = [cell.cell_type for cell in book.cells]
    assert kinds == ["markdown", *["markdown", "code"] * (len(kinds) // 2)]
