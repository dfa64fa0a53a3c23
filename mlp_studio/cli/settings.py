"""The experiment that the options of a command line give."""

import argparse
import csv
import textwrap
from dataclasses import replace

from mlp_studio.cli.command import known
from mlp_studio.core.command_line import as_typed
from mlp_studio.core.config import SECTIONS, DataConfig, Experiment, checked, knobs, parse_setting, with_setting
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import ConfigError
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.preview import LABEL_NAMES
from mlp_studio.core.sources import EVERY_SOURCE, SOURCES
from mlp_studio.core.text_rows import as_number, quoted
from mlp_studio.terminal import complain


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The options that give an experiment."""
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


def settings_help() -> str:
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
                setting = f"  {section}.{name}={as_typed(value)}"
                lines.append(textwrap.fill(f"{setting:<34} {takes}", 110, subsequent_indent=" " * 35))
    return "\n".join(lines)


def experiments_of(options: argparse.Namespace, default: Experiment | None = None) -> dict[str, Experiment]:
    """What is to be trained, by the name of the run: the runs of a lesson, or one that is called "".

    `default` is what a project has, with which there is no lesson.
    """
    if options.lesson is None:
        return {"": experiment_of(options, default or Experiment())}
    if default is not None:
        raise ConfigError("A lesson has settings of its own: give either a project or --lesson.")
    known("lesson", options.lesson, LESSONS)
    own = LESSONS[options.lesson].experiments()
    return {name: experiment_of(options, experiment) for name, experiment in own.items()}


def experiment_of(options: argparse.Namespace, experiment: Experiment) -> Experiment:
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
        known("generator", options.generator, _built_in())
        return replace(default, source=options.generator)
    return default


def name_idle_settings(options: argparse.Namespace, experiment: Experiment) -> None:
    """Say so where `--set data.…` changes nothing, as the noise of a sample table."""
    source, own = SOURCES[experiment.data.source], knobs(DataConfig)
    for text in options.settings:
        section, _, name = text.partition("=")[0].strip(" +").partition(".")
        if section == "data" and name != "source" and own[name].form and name not in (*source.settings, *EVERY_SOURCE):
            complain(f"{source.label} does not heed data.{name}: it was set in vain.")


def name_guessed_label(experiment: Experiment, dataset: Dataset) -> None:
    """Say so where numbers were taken for classes unasked: another column may hold the class."""
    label = dataset.account.label if dataset.account else None
    if experiment.data.source != "file" or experiment.data.label or label is None:
        return
    is_named_so = label.name.casefold() in LABEL_NAMES
    if not is_named_so and all(as_number(name, ".") is not None for name in dataset.class_names):
        complain(
            f"{quoted(label.name)} holds few different numbers and was taken as the label; "
            "if another column holds the class, name it with --label."
        )


def _column_names(text: str) -> tuple[str, ...]:
    """ "A,B" → ("A", "B"); as in a CSV file, a name that holds a comma stands in quotation marks."""
    try:
        names = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        raise ConfigError("--features holds a line break outside of quotation marks.") from None
    return tuple(name.strip() for name in names if name.strip())


def _built_in() -> list[str]:
    return [name for name in SOURCES if name not in ("file", "painted")]
