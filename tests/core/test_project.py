"""What a project file keeps, and that opening gives it back bit for bit."""

import pytest

from mlp_studio.core import trainer
from mlp_studio.core.config import with_settings
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.project import Project, open_project, save_project
from mlp_studio.core.trainer import Training
from tests.core.test_resuming import KINDS, paused, weighed
from tests.core.test_trainer import assert_same_run, experiment, run


def kept(training, status="paused", **more):
    return KeptRun(1, training.experiment, training.prepared, status, training.state(), **more)


def saved(tmp_path, project):
    path = tmp_path / "work.mlps"
    save_project(path, project)
    return open_project(path)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ticks", [0, 2], ids=["between", "within"])
def test_a_run_goes_on_after_opening_as_if_it_had_never_been_saved(
    small_spiral, monkeypatch, tmp_path, backend, kind, ticks
):
    settings = with_settings(experiment(model__backend=backend, train__optimizer="adam"), KINDS[kind])
    prepared = weighed(small_spiral, settings)
    straight = Training(settings, prepared)
    run(straight)
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    first = Training(settings, prepared)
    events = paused(first, 4, ticks if settings.train.batch_size else min(ticks, 1))
    opened = saved(tmp_path, Project(settings, prepared, kept(first)))
    events.close()
    resumed = Training.resumed(opened.run.experiment, opened.run.prepared, opened.run.state)
    run(resumed)
    assert_same_run(straight, resumed)
