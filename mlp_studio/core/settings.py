"""An experiment as flat settings, path → value, and back: what is remembered from one session to the next."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mlp_studio.core.config import SECTIONS, Experiment, SplitConfig, knobs, with_setting
from mlp_studio.core.errors import ConfigError


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
