"""An experiment as the one line of a POSIX shell that runs it again."""

import csv
import io
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mlp_studio.core.config import SECTIONS, DataConfig, Experiment, knobs
from mlp_studio.core.errors import ExportError
from mlp_studio.core.sources import heeded

# Linux takes no argument above 128 KiB; a character takes 4 bytes at most. A painted drawing may be 850 KB.
PIECE = 30_000


def command_line(experiment: Experiment) -> str:
    """`mlp-studio train …` with what differs from the defaults; settings that the data do not heed are left out.

    Raises ExportError where a name cannot stand on a command line.
    """
    words = ("mlp-studio", "train", *_words(experiment))
    if any("\0" in word for word in words):
        raise ExportError("A name that holds a null character cannot stand on a command line; rename it first.")
    return shlex.join(words)


def as_typed(value: Any) -> str:
    """A setting's value as it is typed after its name and "="."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def as_list(names: Sequence[str]) -> str:
    """Names as one text, as in a row of CSV: one that holds a comma or a quotation mark stands in such marks."""
    stream = io.StringIO()
    csv.writer(stream).writerow(names)
    return stream.getvalue().removesuffix("\r\n")


def _words(experiment: Experiment) -> Iterator[str]:
    data, default = heeded(experiment.data), Experiment()
    options, given = _source(data, default.data)
    yield from options
    experiment, default = replace(experiment, data=data), replace(default, data=given)
    for section in SECTIONS:
        values, defaults = getattr(experiment, section), getattr(default, section)
        for name in knobs(values):
            if (value := getattr(values, name)) != getattr(defaults, name):
                yield from _setting(f"{section}.{name}", as_typed(value))
    if experiment.seed != default.seed:
        yield from ("--seed", str(experiment.seed))


def _source(data: DataConfig, default: DataConfig) -> tuple[list[str], DataConfig]:
    """The options that say where the data come from, and the settings that they give."""
    if data.source == "file":
        options = _option("--data", data.path)
        options += _option("--label", data.label) if data.label else []
        options += _option("--features", as_list(data.features)) if data.features else []
        options += _option("--missing", data.missing) if data.missing != default.missing else []
        given = {name: getattr(data, name) for name in ("source", "path", "label", "features", "missing")}
        return options, replace(default, **given)
    if data.source in ("painted", default.source):
        return [], default
    return ["--generator", data.source], replace(default, source=data.source)


def _option(name: str, value: str) -> list[str]:
    """An option with its value; one that begins with a dash would be taken for another option."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def _setting(path: str, value: str) -> Iterator[str]:
    """`--set path=value`, and as often `--set path+=more` as the value is too long for one argument."""
    first = value if len(value) <= PIECE else value[:PIECE].rstrip()  # spaces after “=” would go
    yield from ("--set", f"{path}={first}")
    for start in range(len(first), len(value), PIECE):
        yield from ("--set", f"{path}+={value[start : start + PIECE]}")
