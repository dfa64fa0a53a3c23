"""An experiment as one line: what the parser of the command line makes of it, and what a real shell does with it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from mlp_studio import cli
from mlp_studio.cli.settings import experiments_of
from mlp_studio.core.command_line import PIECE, command_line
from mlp_studio.core.config import SECTIONS, DataConfig, Experiment, knobs, parse_setting, with_setting, with_settings
from mlp_studio.core.errors import ConfigError, ExportError
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.painting import MOST_POINTS, Canvas, tickets, to_text
from mlp_studio.core.sources import SOURCES, heeded
from mlp_studio.core.text_rows import DECIMALS, DELIMITERS, ENCODINGS

ROOT = Path(cli.__file__).parents[2]
ODD = [
    "a",
    "b, c",
    'say "x"',
    "it's",
    '\'"""',
    "line\nbreak",
    "-1",
    "=1+1",
    "שלום",
    "🙂",
    "<img>",
    "$HOME",
    "a`b`",
    "\\",
]


def parsed(line: str) -> Experiment:
    """What the command line's own parser makes of the line."""
    program, *words = shlex.split(line)
    assert program == "mlp-studio"
    (experiment,) = experiments_of(cli.parsed(words)).values()
    return experiment


def canvas(points: int, classes: tuple[str, ...] = ("c1", "c2")) -> Canvas:
    rng = np.random.default_rng(points)
    y = np.arange(points) % len(classes)
    return Canvas(rng.normal(size=(points, 2)), y, tickets(0, points), classes)


FREE: Mapping[str, Any] = {
    "data.path": lambda rng: str(rng.choice(["", "table.csv", "-odd.csv", "my data/it's.csv", "a b\tc.csv", "数.csv"])),
    "data.label": lambda rng: str(rng.choice(["", *ODD])),
    "data.encoding": lambda rng: str(rng.choice(["", *ENCODINGS])),
    "data.delimiter": lambda rng: str(rng.choice(["", *DELIMITERS])),
    "data.decimal": lambda rng: str(rng.choice(["", *DECIMALS])),
    "data.features": lambda rng: tuple(rng.permutation(ODD)[: rng.integers(0, len(ODD))].tolist()),
    "data.drawing": lambda rng: to_text(canvas(int(rng.integers(2, 3000)), tuple(ODD))),
}


def random_value(path: str, values: object, rng: Generator) -> Any:
    name = path.partition(".")[2] or path
    knob, present = knobs(values)[name], getattr(values, name)
    if path in FREE:
        return FREE[path](rng)
    if knob.choices is not None:
        names = list(knob.choices())
        some = tuple(name for name in names if rng.random() < 0.5)
        return some if isinstance(present, tuple) else names[rng.integers(len(names))]
    if isinstance(present, bool):
        return bool(rng.integers(2))
    if isinstance(present, tuple):
        return tuple(rng.integers(knob.low, knob.high + 1, rng.integers(1, 7)).tolist())
    if isinstance(present, int):
        return int(rng.integers(knob.low, knob.high + 1))
    return float(rng.uniform(knob.low, knob.high))


def random_experiment(rng: Generator) -> Experiment:
    """Each setting is its default or, half the time, anything that it may be."""
    experiment = Experiment()
    paths = [
        "seed",
        *(f"{section}.{item.name}" for section in SECTIONS for item in fields(getattr(experiment, section))),
    ]
    for path in paths:
        if rng.random() < 0.5:
            values = experiment if path == "seed" else getattr(experiment, path.partition(".")[0])
            value = random_value(path, values, rng)
            with_setting(experiment, path, value)  # it may be
            section, _, name = path.partition(".")
            new = {section: value} if not name else {section: replace(values, **{name: value})}
            experiment = replace(experiment, **new)
    return experiment


def test_the_line_gives_the_same_experiment_as_far_as_its_data_heed_it():
    sources = set()
    for seed in range(120):
        experiment = random_experiment(np.random.default_rng(seed))
        wanted = replace(experiment, data=heeded(experiment.data))
        sources.add(wanted.data.source)
        assert parsed(command_line(experiment)) == wanted
        assert parsed(command_line(wanted)) == wanted
    assert sources == set(SOURCES)


def test_a_text_is_cut_where_no_space_is_lost():
    drawing = to_text(canvas(2, ("a" + " " * PIECE + "b", "c")))
    experiment = Experiment(data=DataConfig(source="painted", drawing=drawing))
    assert parsed(command_line(experiment)) == experiment


def test_only_what_differs_from_the_default_is_in_the_line():
    assert command_line(Experiment()) == "mlp-studio train"
    changed = with_settings(Experiment(), {"model.hidden": "64,32", "split.stratify": False, "seed": 7})
    assert command_line(changed) == "mlp-studio train --set split.stratify=off --set model.hidden=64,32 --seed 7"
    moons = with_settings(Experiment(), {"data.source": "moons", "data.noise": 0.1})
    assert command_line(moons) == "mlp-studio train --generator moons --set data.noise=0.1"
    data = DataConfig(source="file", path="my table.csv", label="kind", features=("a", "b, c"), missing="median")
    assert command_line(Experiment(data=data)) == (
        """mlp-studio train --data 'my table.csv' --label kind --features 'a,"b, c"' --missing median"""
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_is_a_line(lesson):
    for experiment in LESSONS[lesson].experiments().values():
        assert parsed(command_line(experiment)) == experiment


def test_a_file_or_drawing_that_is_not_learned_from_stays_out_of_the_line():
    data = DataConfig(path="/home/somebody/secret.csv", drawing=to_text(canvas(5)))
    assert command_line(Experiment(data=data)) == "mlp-studio train"


def test_a_name_that_no_command_line_can_hold_is_one_sentence():
    data = DataConfig(source="file", path="a.csv", label="null\0")
    with pytest.raises(ExportError, match="A name that holds a null character cannot stand on a command line"):
        command_line(Experiment(data=data))


def test_a_text_can_be_given_in_parts_and_a_tab_is_one():
    experiment = parse_setting(parse_setting(Experiment(), "data.label=ki "), "data.label += nd")
    assert experiment.data.label == "ki nd"
    assert parse_setting(Experiment(), "data.delimiter=\t").data.delimiter == "\t"
    assert parse_setting(Experiment(), " data.rows = 30 ").data.rows == 30


@pytest.mark.parametrize("text", ["data.rows+=3", "data.source+=s", "split.derived+=square", "data.none+=1", "seed+=1"])
def test_only_a_text_can_be_added_to(text):
    path = text.partition("+")[0]
    with pytest.raises(ConfigError, match=f"“{path}” is not a text that could be added to; give its value after “=”."):
        parse_setting(Experiment(), text)


# --- a real shell -----------------------------------------------------------------------------------------


def in_a_shell(line: str, folder: Path) -> dict[str, Any]:
    """The report of the line, run by `sh` as it stands."""
    program, script = folder / "mlp-studio", folder / "line.sh"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mlp_studio "$@"\n')
    program.chmod(0o755)
    # from a file, which a shell reads as it reads what is pasted into it
    more = f" --set train.epochs=2 --quiet --report {shlex.quote(str(folder / 'r.json'))}\n"
    script.write_text(line + more, encoding="utf-8")
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", str(script)], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads((folder / "r.json").read_text(encoding="utf-8"))


def test_a_shell_runs_the_line_of_a_file_with_odd_names(tmp_path):
    path = tmp_path / "it's $HOME.csv"
    names = [name.replace("\n", " ") for name in ODD]
    header = "\t".join('"' + name.replace('"', '""') + '"' for name in [*names, "kind, of"])
    rows = ["\t".join([str((i * k) % 7) for k in range(1, len(names) + 1)] + ["xy"[i % 2]]) for i in range(60)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    data = DataConfig(source="file", path=str(path), label="kind, of", features=tuple(names), delimiter="\t")
    document = in_a_shell(command_line(Experiment(data=data)), tmp_path)

    assert document["data"]["features"] == names
    assert document["experiment"]["data"]["delimiter"] == "\t"


@pytest.mark.parametrize("points", [40, MOST_POINTS])
def test_a_shell_runs_the_line_of_a_painting_however_large(points, tmp_path):
    drawing = to_text(canvas(points, ("it's", 'a "b"')))
    document = in_a_shell(command_line(Experiment(data=DataConfig(source="painted", drawing=drawing))), tmp_path)

    assert document["data"]["rows"] == points
    assert document["data"]["classes"] == ["it's", 'a "b"']
    assert document["experiment"]["data"]["drawing"] == drawing
