"""The way back as values: what there was before each change, and what each change is called.

Data are shared with those that are shown, never copied. Past `MOST_BYTES` of data that nobody else holds, the steps
furthest away keep their settings alone: going back there reads or draws the data again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_studio.core.config import DataConfig, Experiment, knobs
from mlp_studio.core.dataset import arrays_in
from mlp_studio.core.settings import label_of, settings_of
from mlp_studio.ui.loading import Loaded, same_rows

if TYPE_CHECKING:
    from mlp_studio.ui.painter import Mark

MOST_STEPS = 200
MOST_BYTES = 500_000_000
SHOWN = 40  # characters of a name


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What a step leads to: the settings and the data that they had.

    `loaded` is None where the data were too many to be kept. `mark` is where Paint mode was, None where the data are
    not painted on. `run`: the number of the run that was shown, 0 where none had begun. `sizes`: the bytes of
    each array that it holds, by the array's identity.
    """

    experiment: Experiment
    loaded: Loaded | None
    mark: "Mark | None" = None
    earlier_seeds: tuple[int, ...] = ()
    run: int = 0
    sizes: Mapping[int, int] = field(default_factory=dict)

    def has_data_of(self, other: "Version") -> bool:
        """Whether the two have the same rows in the same shares. Only a file may have changed behind its settings."""
        new, old = self.experiment, other.experiment
        if self.loaded is None or other.loaded is None or not (same_rows(new, old) and new.split == old.split):
            return False
        if new.data.source != "file" or self.loaded.source is other.loaded.source:
            return True
        return self.loaded.prepared.dataset is other.loaded.prepared.dataset

    @property
    def canvas(self) -> object:
        """The painted points, None where nobody painted."""
        return None if self.mark is None else self.mark.canvas

    def equals(self, other: "Version") -> bool:
        """Whether nothing tells the two apart that a person could undo."""
        same = self.experiment == other.experiment and self.has_data_of(other)
        return same and (self.canvas is other.canvas or self.canvas is None or other.canvas is None)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A change: what it is called, and the version on its far side.

    `brings_run`: it is about the run that is shown, so that undoing it shows the other one again.
    """

    name: str
    version: Version
    brings_run: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The present version, the steps that led there (the oldest first) and those that were undone (the next first)."""

    present: Version
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()

    def done(self, name: str, version: Version, *, brings_run: bool = False) -> "Steps":
        """One step more; what was undone is forgotten."""
        past = (*self.past, Step(shortened(name), self.present, brings_run))[-MOST_STEPS:]
        return lightened(Steps(version, past))

    def merged(self, version: Version) -> "Steps":
        """The last step leads to this version instead; it is none where that is where it began."""
        if self.past and self.past[-1].version.equals(version):
            return Steps(version, self.past[:-1])
        return lightened(Steps(version, self.past))

    def undone(self) -> "Steps":
        """One step back, where there is one."""
        if not self.past:
            return self
        *rest, step = self.past
        return Steps(step.version, tuple(rest), (replace(step, version=self.present), *self.future))

    def redone(self) -> "Steps":
        """The step that was undone last once more, where there is one."""
        if not self.future:
            return self
        step, *rest = self.future
        return Steps(step.version, (*self.past, replace(step, version=self.present)), tuple(rest))

    @property
    def undo_name(self) -> str:
        """What Undo would take back, "" for nothing."""
        return self.past[-1].name if self.past else ""

    @property
    def redo_name(self) -> str:
        """What Redo would do once more, "" for nothing."""
        return self.future[0].name if self.future else ""


# --- memory -------------------------------------------------------------------------------------------------------


def lightened(steps: Steps, most: int | None = None) -> Steps:
    """The same steps; those whose data are beyond so many bytes, counted from the newest, keep their settings alone."""
    most = MOST_BYTES if most is None else most
    counted, last, total, past = dict(steps.present.sizes), steps.present.sizes, 0, []
    for step in reversed(steps.past):
        sizes = step.version.sizes
        new = {} if sizes is last else {key: size for key, size in sizes.items() if key not in counted}
        total += sum(new.values())
        if new and total > most:
            past.append(bare(step))
            continue
        counted, last = counted | new if new else counted, sizes
        past.append(step)
    return replace(steps, past=tuple(reversed(past)))


def bare(step: Step) -> Step:
    """The step without the data."""
    return replace(step, version=replace(step.version, loaded=None, mark=None, sizes={}))


def measured(version: Version, before: Version | None) -> Version:
    """The version with its sizes, those of the one before where nothing of weight is another."""
    if before is not None and version.loaded is before.loaded and version.canvas is before.canvas:
        return replace(version, sizes=before.sizes)
    return replace(version, sizes={id(array): array.nbytes for array in arrays_in((version.loaded, version.canvas))})


# --- names --------------------------------------------------------------------------------------------------------

IMPORT = {f"data.{name}" for name in knobs(DataConfig)} - {"data.shuffle_labels", "data.drawing"}
SHARES = {"split.train", "split.validation", "split.test"}


def name_of(old: Version, new: Version) -> str:
    """What to call the change from one version to the other."""
    before, after = settings_of(old.experiment), settings_of(new.experiment)
    changed = [path for path in after if after[path] != before[path]]
    data = new.experiment.data
    if data.source == "file" and not {*changed}.isdisjoint(IMPORT):
        is_new = old.experiment.data.path != data.path or old.experiment.data.source != "file"
        return f"{'Open' if is_new else 'Import of'} {Path(data.path).name}"
    if not changed:
        return f"Reload {Path(data.path).name}" if data.path else "Data"
    if set(changed) <= SHARES:
        return "Shares"
    labels = [label_of(path) for path in changed if path != "data.drawing"] or ["Points"]
    return labels[0] if len(labels) == 1 else f"{len(labels)} settings"


def shortened(name: str) -> str:
    """A name for a menu: one line, and of a long one beginning and end."""
    name = " ".join(name.split())
    return name if len(name) <= SHOWN else f"{name[: SHOWN // 2]}…{name[-SHOWN // 2 :]}"
