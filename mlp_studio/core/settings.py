"""An experiment as flat settings, path → value, and back: what is remembered from one session to the next."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mlp_studio.core.config import SECTIONS, Experiment, Knob, SplitConfig, knobs, with_setting
from mlp_studio.core.errors import ConfigError

NOTHING = "–"  # shown for a setting that is empty
LONGEST = 200  # letters of one that are shown


def settings_of(experiment: Experiment) -> dict[str, Any]:
    """Every setting of the experiment, "seed" or "section.field" → a value that JSON knows."""
    settings: dict[str, Any] = {"seed": experiment.seed}
    for section in SECTIONS:
        values = getattr(experiment, section)
        for name in knobs(values):
            value = getattr(values, name)
            settings[f"{section}.{name}"] = list(value) if isinstance(value, tuple) else value
    return settings


def experiment_of(settings: Mapping[str, Any], default: Experiment) -> Experiment:
    """The experiment with these settings, as far as they can be taken; the others are those of `default`.

    Settings that an older or a newer version wrote, or that somebody has edited, are so many exceptions, not errors.
    """
    experiment = default
    for path, value in settings.items():
        with suppress(ConfigError):
            experiment = with_setting(experiment, str(path), value)
    split = experiment.split
    if abs(split.train + split.validation + split.test - 1) > 1e-6:  # each was in range, but not all were taken
        shares = SplitConfig()
        split = replace(split, train=shares.train, validation=shares.validation, test=shares.test)
    return replace(experiment, split=split)


def knob_of(path: str) -> Knob:
    """What describes a setting, "seed" or "section.field"."""
    section, _, field = path.partition(".")
    return knobs(getattr(Experiment(), section))[field] if field else knobs(Experiment)[section]


def shown(path: str, value: Any) -> str:
    """A setting's value, as `settings_of` gives it, the way a person reads it; of a long text the beginning."""
    knob = knob_of(path)
    labels = knob.choices() if knob.choices is not None else {}
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(str(labels.get(one, one)) for one in value) or NOTHING
    if isinstance(value, str):
        text = labels.get(value, value)
        return (text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)") or NOTHING
    if value == 0 and knob.zero:
        return knob.zero
    figure = str(value) if path == "seed" else f"{value:,}"
    return f"{figure} {knob.unit}".rstrip()


def label_of(path: str) -> str:
    """The label of a setting, "seed" or "section.field"."""
    section, _, name = path.partition(".")
    if section not in SECTIONS:
        return knobs(Experiment)[path].label
    return knobs(getattr(Experiment(), section))[name].label
