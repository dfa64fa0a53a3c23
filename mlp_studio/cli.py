"""The command line: the same engine without a window.

To add a sub-command: write its function (parsed options → exit code) and a row of `COMMANDS`.
"""

import argparse
import csv
import os
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event as Flag
from time import perf_counter
from typing import Any, NoReturn

import numpy as np

from mlp_studio import __version__
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import (
    SECTIONS,
    DataConfig,
    Experiment,
    checked,
    knobs,
    parse_setting,
    with_setting,
)
from mlp_studio.core.dataset import Floats
from mlp_studio.core.errors import ConfigError, StudioError
from mlp_studio.core.events import EpochEnd, Event, Finished, Outcome
from mlp_studio.core.lessons import LESSONS, Lesson
from mlp_studio.core.predict import Prediction, parse_row, predict
from mlp_studio.core.report import Document, report, write_report
from mlp_studio.core.sources import EVERY_SOURCE, SOURCES
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import Result, as_document, judge, run_document
from mlp_studio.core.walk import walk
from mlp_studio.summary import as_text
from mlp_studio.terminal import Bar, complain, ctrl_c, say, speak_any_name

OK, DIVERGED, REFUSED, INTERRUPTED = 0, 1, 2, 130
EXIT_CODES = (
    "exit codes: 0 the run finished, or Ctrl-C stopped it and its weights were kept; 1 it diverged; "
    "2 bad arguments or data, or a file that could not be written"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; the exit code. What goes wrong is one sentence on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    speak_any_name()
    try:
        if words and not words[0].startswith("-"):
            _known("command", words[0], COMMANDS)
        options, unknown = _parser().parse_known_args(words)
        if unknown:
            raise ConfigError(f"“{unknown[0]}” means nothing here; {_see_help(f'mlp-studio {options.command}')}.")
        return COMMANDS[options.command].run(options)
    except StudioError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("There is not enough memory for this: use fewer rows, fewer units or smaller batches.")
    except KeyboardInterrupt:
        complain("Interrupted.")
        return INTERRUPTED


def _refuse(sentence: str) -> int:
    complain(sentence)
    return REFUSED


# --- train --------------------------------------------------------------------------------------------------


def _add_train_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--lesson", metavar="ID", help=f"start from a lesson: {', '.join(LESSONS)}")
    add(
        "--data",
        metavar="FILE",
        help="learn from a table: CSV, or Excel or Parquet where openpyxl or pyarrow is installed",
    )
    add("--label", metavar="COLUMN", help="the column of FILE that holds the class; guessed if not given")
    add("--features", metavar="A,B", help="the columns of FILE that the network sees; default: all others of numbers")
    add("--missing", metavar="RULE", help="drop the rows of FILE that lack a value (default), or fill in the median")
    add("--generator", metavar="NAME", help=f"learn from built-in data: {', '.join(_built_in())}")
    add(
        "--set",
        metavar="SECTION.FIELD=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change one setting (the list is below); may be repeated",
    )
    add("--seed", metavar="N", help="the number that all randomness comes from")
    add(
        "--at",
        metavar="X1=0.1,X2=0.1",
        action="append",
        default=[],
        help="predict this row at the end; may be repeated",
    )
    add("--report", metavar="FILE.json", type=Path, help="write everything about the run to a JSON file")
    add(
        "--picture",
        metavar="FILE.png",
        type=Path,
        help="write a picture of the window with the finished run, asked about the first --at",
    )
    add("--quiet", action="store_true", help="show no progress bar")
    parser.epilog = f"{_settings_help()}\n\n{textwrap.fill(EXIT_CODES, 110)}"


def _settings_help() -> str:
    """Every setting with its default and what it takes, as the fields' knobs have it."""
    experiment, lines = Experiment(), ["settings for --set, with their defaults:"]
    for section in SECTIONS:
        values = getattr(experiment, section)
        for name, knob in knobs(values).items():
            if knob.form:
                value = getattr(values, name)
                takes = ", ".join(knob.choices()) if knob.choices else knob.span or "on, off"
                if knob.choices and isinstance(value, tuple):
                    takes = f"any of {takes}"
                setting = f"  {section}.{name}={_as_typed(value)}"
                lines.append(textwrap.fill(f"{setting:<34} {takes}", 110, subsequent_indent=" " * 35))
    return "\n".join(lines)


def _as_typed(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _train(options: argparse.Namespace) -> int:
    experiments = _experiments(options)
    lesson = LESSONS.get(options.lesson)
    main = lesson.main if lesson else ""
    experiment = experiments.pop(main)
    _check_outputs(options)
    _name_idle_settings(options, experiment)
    prepared = load_prepared(experiment)
    points = [parse_row(text, prepared.dataset.feature_names) for text in options.at]
    training = Training(experiment, prepared)
    others = {name: Training(other, load_prepared(other)) for name, other in experiments.items()}
    endings = {name: _run(other, quiet=options.quiet)[0] for name, other in others.items()}
    ending, seconds = _run(training, quiet=options.quiet)
    document = report(training, ending.outcome, seconds, _predictions(training, points))
    if lesson:
        document["lesson"] = _verdict(options.lesson, {**others, main: training}, {**endings, main: ending})
    say(as_text(document))
    if ending.reason:
        complain(ending.reason) if ending.outcome == "diverged" else say(ending.reason)
    if options.report:
        with _writing(options.report):
            write_report(options.report, document)
    if options.picture:
        with _writing(options.picture):
            _write_picture(options.picture, training, ending.outcome, points[0] if points else None)
    return DIVERGED if ending.outcome == "diverged" else OK


def _experiments(options: argparse.Namespace) -> dict[str, Experiment]:
    """What is to be trained, by the name of the run: the runs of a lesson, or one that is called ""."""
    if options.lesson is None:
        return {"": _experiment(options, Experiment())}
    _known("lesson", options.lesson, LESSONS)
    own = LESSONS[options.lesson].experiments()
    return {name: _experiment(options, experiment) for name, experiment in own.items()}


def _experiment(options: argparse.Namespace, experiment: Experiment) -> Experiment:
    """The settings in their order: default or lesson, data or generator, --set, --seed."""
    experiment = replace(experiment, data=_data_config(options, experiment.data))
    for text in options.settings:
        experiment = parse_setting(experiment, text)
    return experiment if options.seed is None else with_setting(experiment, "seed", options.seed)


def _data_config(options: argparse.Namespace, default: DataConfig) -> DataConfig:
    for option, what in (
        ("label", "names columns of"),
        ("features", "names columns of"),
        ("missing", "says how to read"),
    ):
        if options.data is None and getattr(options, option) is not None:
            raise ConfigError(f"--{option} {what} a file: give the file with --data too.")
    if options.data is not None and options.generator is not None:
        raise ConfigError("--data and --generator exclude each other: choose one of them.")
    if options.data is not None:
        names = _column_names(options.features or "")
        missing = checked(knobs(DataConfig)["missing"], options.missing or default.missing, str)
        return DataConfig(source="file", path=options.data, label=options.label or "", features=names, missing=missing)
    if options.generator is not None:
        _known("generator", options.generator, _built_in())
        return replace(default, source=options.generator)
    return default


def _name_idle_settings(options: argparse.Namespace, experiment: Experiment) -> None:
    """Say so where `--set data.…` changes nothing, as the noise of a sample table."""
    source, known = SOURCES[experiment.data.source], knobs(DataConfig)
    for text in options.settings:
        section, _, name = text.partition("=")[0].strip().partition(".")
        if (
            section == "data"
            and name != "source"
            and known[name].form
            and name not in (*source.settings, *EVERY_SOURCE)
        ):
            complain(f"{source.label} does not heed data.{name}: it was set in vain.")


def _column_names(text: str) -> tuple[str, ...]:
    """ "A,B" → ("A", "B"); as in a CSV file, a name that holds a comma stands in quotation marks."""
    names = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())


def _built_in() -> list[str]:
    return [name for name in SOURCES if name not in ("file", "painted")]


def _known(kind: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        *most, last = names
        raise ConfigError(f"There is no {kind} “{name}”; choose {', '.join(most)} or {last}.")


def _check_outputs(options: argparse.Namespace) -> None:
    """Refuse now what could not be written after the training, or would destroy something."""
    taken = [Path(options.data).resolve()] if options.data else []
    for path in filter(None, (options.report, options.picture)):
        _check_output(path)
        if path.resolve() in taken:
            raise ConfigError(f"“{path}” is named twice: the results would overwrite it.")
        taken.append(path.resolve())
    if options.picture and options.picture.suffix.lower() != ".png":
        raise ConfigError(f"The picture is a PNG file: “{options.picture}” should end in .png.")


def _check_output(path: Path) -> None:
    if path.is_dir():
        raise ConfigError(f"“{path}” is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        raise ConfigError(f"“{path}” is not an ordinary file, so it is left alone.")
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder “{path.parent}” to write “{path.name}” to.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"The folder “{path.parent}” may not be written to.")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f": {error.strerror}" if error.strerror else ""
        raise StudioError(f"“{path}” could not be written{reason}.") from error


def _verdict(name: str, trainings: Mapping[str, Training], endings: Mapping[str, Finished]) -> Document:
    """Whether the lesson came out as it should, and how each of its runs ended."""
    lesson = LESSONS[name]
    results = {run: Result.of(trainings[run]) for run in lesson.runs}
    with np.errstate(all="ignore"):
        verdict = as_document(name, judge(lesson, results))
    changed = any(trainings[run].experiment != own for run, own in lesson.experiments().items())
    runs = [
        run_document(lesson.runs[run].title, results[run], endings[run].outcome)
        for run in lesson.runs
        if lesson.compares
    ]
    way = _way(lesson, results[lesson.main])
    return {**verdict, "title": lesson.title, "changed": changed, "runs": runs, "way": way}


def _way(lesson: Lesson, result: Result) -> list[dict[str, Any]]:
    """How the lesson's point goes through the network, where the lesson has one and the data have its features."""
    dataset = result.prepared.dataset
    if len(lesson.probe) != dataset.features:
        return []
    activation, prepared, x = result.experiment.model.activation, result.prepared, np.array(lesson.probe)
    steps = walk(result.params, activation, prepared.scaler, x, dataset.class_names, prepared.derived)
    return [{"name": step.name, "lines": list(step.lines)} for step in steps]


def _predictions(training: Training, points: Iterable[Floats]) -> list[Prediction]:
    params, activation = training.backend.params(), training.experiment.model.activation
    with np.errstate(all="ignore"):  # of a point that is too far off the report says so
        return [predict(params, activation, training.prepared.inputs, x) for x in points]


def _write_picture(path: Path, training: Training, status: Outcome, probe: Floats | None) -> None:
    """Draw the real window with the finished run, asked about the probe (D,). Here alone the commands reach the ui."""
    try:
        from mlp_studio.app import write_picture
    except ImportError as error:
        raise StudioError(f"The picture needs the window's libraries, which do not load: {error}.") from error
    write_picture(path, training, status, probe)


def _run(training: Training, *, quiet: bool) -> tuple[Finished, float]:
    """Train to the end, or until Ctrl-C; how it ended and the seconds it took."""
    start = perf_counter()
    # the trainer finds out by itself when numbers overflow
    with (
        np.errstate(all="ignore"),
        ctrl_c() as stop,
        Bar(training.experiment.train.epochs, quiet=quiet) as bar,
    ):
        ending = _pull(training.run(), bar, stop)
    if ending is None:
        sentence = f"Stopped: the weights of epoch {training.epoch:,} are kept."
        ending = Finished("stopped", training.weights_epoch, sentence)
    return ending, perf_counter() - start


def _pull(events: Iterator[Event], bar: Bar, stop: Flag) -> Finished | None:
    for event in events:
        if isinstance(event, Finished):
            return event
        if isinstance(event, EpochEnd):
            bar.show(event)
        if stop.is_set():
            break
    return None


# --- lessons ------------------------------------------------------------------------------------------------


def _add_lessons_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none."""


def _lessons(_options: argparse.Namespace) -> int:
    width = max(map(len, LESSONS)) + 2
    for name, lesson in LESSONS.items():
        say(f"{name:<{width}}{lesson.title}\n{'':<{width}}{lesson.summary}")
    return OK


# --- all of them --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command: what `--help` says, its arguments, and what it does with them (the exit code)."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS: Mapping[str, Command] = {
    "train": Command("train a network and print what came of it", _add_train_arguments, _train),
    "lessons": Command("list the lessons", _add_lessons_arguments, _lessons),
}


class _Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is raised as one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]}; {_see_help(self.prog)}.")


def _see_help(program: str) -> str:
    return f"“{program} --help” shows what can be given"


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="mlp-studio",
        description="A laboratory for multilayer perceptrons; without a command, its window.",
        allow_abbrev=False,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"MLP Studio {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            allow_abbrev=False,
            formatter_class=layout,
        )
        command.add_arguments(sub)
    return parser
