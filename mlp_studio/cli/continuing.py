"""A training that goes on from a project, or begins anew in it, and the project that is saved afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_studio.cli.running import Leg
from mlp_studio.core.compare import load_prepared
from mlp_studio.core.config import SECTIONS, DataConfig, Experiment, knobs, live_only
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.prepare import Prepared, prepare
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import with_labels
from mlp_studio.core.text_rows import listed
from mlp_studio.core.trainer import Training

if TYPE_CHECKING:  # a run without a project does without the libraries that read one
    from mlp_studio.core.project import Project


@dataclass(frozen=True, slots=True)
class Start:
    """A training that is about to begin or to go on; `kept` is the run that goes on, None for a new one.

    `earlier` runs are those that stay in the list. `said` is the sentence on what becomes of a project's run, or "".
    """

    training: Training
    kept: KeptRun | None = None
    earlier: tuple[KeptRun, ...] = ()
    view: dict[str, Any] = field(default_factory=dict)
    by_reference: bool = False
    begun: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    said: str = ""

    @property
    def seconds(self) -> float:
        """That it has trained already."""
        return self.kept.seconds if self.kept is not None else 0.0

    def saved(self, leg: Leg, others: Sequence[KeptRun] = ()) -> "Project":
        """The project afterwards; `others` are runs that were made beside this one."""
        from mlp_studio.core.project import Project

        training, run = self.training, self.kept
        earlier = (*self.earlier, *others)
        kept = KeptRun(
            run.number if run else next_number(earlier),
            training.experiment,
            training.prepared,
            leg.ending.outcome,
            leg.state,
            leg.ending.reason,
            self.seconds + leg.seconds,
            run.begun if run else self.begun,
            run.note if run else "",
            is_mixed=run is not None and run.is_mixed,
        )
        return Project(training.experiment, training.prepared, kept, earlier, self.view, self.by_reference)


def next_number(runs: Sequence[KeptRun]) -> int:
    """The number of the run that follows these."""
    return max((run.number for run in runs), default=0) + 1


def beside_main(numbered: int, training: Training, leg: Leg, title: str) -> KeptRun:
    """A run that a lesson compares with its main one, as it is kept."""
    return KeptRun(
        numbered,
        training.experiment,
        training.prepared,
        leg.ending.outcome,
        leg.state,
        leg.ending.reason,
        leg.seconds,
        note=title,
    )


def opened(path: Path) -> "Project":
    """The project, its settings with the path of their data file where that is beside the project as it was then."""
    from mlp_studio.core.project import open_project
    from mlp_studio.core.project_reading import find_beside

    project, find = open_project(path), lru_cache(find_beside(path, None))

    def located(experiment: Experiment, prepared: Prepared | None) -> Experiment:
        account = prepared.dataset.account if prepared is not None else None
        if experiment.data.source != "file" or account is None or not account.sha256:
            return experiment
        file = find(Path(experiment.data.path).name, account.sha256)
        return experiment if file is None else replace(experiment, data=replace(experiment.data, path=str(file)))

    def placed(run: KeptRun) -> KeptRun:
        return replace(run, experiment=located(run.experiment, run.prepared))

    return replace(
        project,
        experiment=located(project.experiment, project.prepared),
        run=None if project.run is None else placed(project.run),
        runs=tuple(map(placed, project.runs)),
    )


def start(project: "Project", experiment: Experiment) -> Start:
    """Go on with the project's run where nothing but live settings differ, else begin a new one."""
    run, view, by_reference = project.run, dict(project.view), project.data_by_reference
    if run is not None and live_only(run.experiment, experiment):
        training = Training.resumed(run.experiment, run.prepared, run.state)
        training.retune(experiment)
        return Start(training, run, project.runs, view, by_reference, said=_nothing_left(run, experiment))
    training = Training(experiment, _prepared(project, experiment))
    if run is None:
        return Start(training, None, project.runs, view, by_reference)
    differing = [path for path, is_live in _differing(run.experiment, experiment) if not is_live]
    verb = "differs" if len(differing) == 1 else "differ"
    said = f"A new run begins, as {listed(differing)} {verb} from run {run.number}, which stays in the project's list."
    return Start(training, None, (*project.runs, run), view, by_reference, said=said)


def _nothing_left(run: KeptRun, experiment: Experiment) -> str:
    if run.epoch < experiment.train.epochs or (run.state.course is not None and run.state.course.epoch is not None):
        return ""
    epochs = run.epoch + 1000
    return f"Run {run.number} has had its {run.epoch:,} epochs; --set train.epochs={epochs} goes on with it."


def _differing(old: Experiment, new: Experiment) -> Iterator[tuple[str, bool]]:
    """The paths of settings that differ, each with whether it is live."""
    if old.seed != new.seed:
        yield "seed", False
    for section in SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        for name, knob in knobs(before).items():
            if getattr(before, name) != getattr(after, name):
                yield f"{section}.{name}", knob.live


def _prepared(project: "Project", experiment: Experiment) -> Prepared:
    """The data of a new run: those of the project as far as they are what the experiment asks for."""
    prepared, old = project.prepared, project.experiment
    is_mixed = project.run is not None and project.run.is_mixed  # scaled as the run's first rows were
    if prepared is None or is_mixed:
        return load_prepared(experiment)
    if (experiment.seed, experiment.data, experiment.split) == (old.seed, old.data, old.split):
        return prepared
    shuffled = old.data.shuffle_labels  # the labels as they were are in the file alone
    if experiment.data.source != "file" or _file(experiment) != _file(old) or shuffled:
        return load_prepared(experiment)
    dataset = with_labels(experiment.data, prepared.dataset, generator(experiment.seed, Stream.DATA))
    return prepare(dataset, experiment.split, generator(experiment.seed, Stream.SPLIT))


def _file(experiment: Experiment) -> DataConfig:
    """What decides the rows of a file, before any label is shuffled."""
    return replace(experiment.data, shuffle_labels=False)
