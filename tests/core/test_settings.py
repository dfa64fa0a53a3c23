"""Experiments as flat settings and back."""

import json

import pytest

from mlp_studio.core.config import DataConfig, Experiment, SplitConfig, with_settings
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.settings import experiment_of, settings_of


@pytest.mark.parametrize(
    "experiment",
    [experiment for lesson in LESSONS.values() for experiment in lesson.experiments().values()],
)
def test_every_lesson_comes_back_as_it_was(experiment):
    text = json.dumps(settings_of(experiment))
    assert experiment_of(json.loads(text), Experiment()) == experiment


def test_files_with_strange_names_and_every_share_come_back():
    data = DataConfig(
        source="file", path="/a b/ü, =.csv", label="x = y", features=("a, b", "c"), header="no", delimiter="\t"
    )
    experiment = Experiment(data=data, split=SplitConfig(0.5, 0.0, 0.5, stratify=False))
    assert experiment_of(json.loads(json.dumps(settings_of(experiment))), Experiment()) == experiment


def test_what_cannot_be_taken_is_left_as_it_is():
    default = with_settings(Experiment(), {"train.epochs": 9})
    odd = {"seed": "x", "train.epochs": -1, "model.hidden": [0], "model.backend": "abacus", "a.b": 1, "": 2}
    assert experiment_of(odd | {"train.l1": 0.5}, default) == with_settings(default, {"train.l1": 0.5})


def test_shares_that_do_not_add_up_are_left_out_together():
    assert experiment_of({"split.train": 0.9, "split.stratify": False}, Experiment()).split == SplitConfig(
        stratify=False
    )
