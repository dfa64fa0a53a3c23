"""From a project's document and arrays back to values; everything is held against everything else before it is built.

What does not fit raises `UnfitError` or another StudioError, with what is wrong in words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core import account, dataset, derive, prepare, training_state
from mlp_studio.core import project_document as doc
from mlp_studio.core.album import MOST_PAGES, Page
from mlp_studio.core.backends import protocol
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.errors import MissingDataError, StudioError
from mlp_studio.core.files import sha256_of
from mlp_studio.core.gaps import with_gaps_filled
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.network import parameter_count
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.progress import Progress
from mlp_studio.core.project_writing import content
from mlp_studio.core.randomness import STATE_BYTES, Stream, generator
from mlp_studio.core.settings import settings_of
from mlp_studio.core.sources import read_source, with_labels
from mlp_studio.core.text_rows import TableFormat, quoted
from mlp_studio.core.trained import sizes_of

Array: TypeAlias = NDArray[Any]
Find: TypeAlias = Callable[[str, str], Path | None]  # a file's name and its SHA-256 → where it may be

STATUSES = frozenset(("ready", "starting", "running", "paused", "stopped", "finished", "diverged", "failed"))
MOST_RANDOM_BYTES = 1 << 16  # of torch's generator: 5,056


class UnfitError(StudioError):
    """A part of the file does not fit the others."""


def require(holds: bool, otherwise: str) -> None:
    """Raise UnfitError with a sentence where something does not hold."""
    if not holds:
        raise UnfitError(otherwise)


class Reading:
    """The values of one file. `newer`: a later version wrote it, whose additions are passed over."""

    def __init__(self, arrays: Mapping[str, Array], find: Find, progress: Progress, *, newer: bool) -> None:
        self._arrays, self._find, self._progress, self._newer = arrays, lru_cache(find), progress, newer
        self._data: list[dataset.Dataset] = []
        self._shares: list[tuple[prepare.Prepared, doc.Shares]] = []

    def array(self, name: str, dtype: str, *shape: int | None) -> Array:
        """An array of this kind and shape, where None is any length."""
        array = self._arrays.get(name)
        if array is None or array.dtype != np.dtype(dtype) or array.ndim != len(shape):
            raise UnfitError(f"the array {quoted(name)} is missing or of another kind")
        if any(wanted not in (None, there) for wanted, there in zip(shape, array.shape, strict=True)):
            raise UnfitError(f"the array {quoted(name)} is of another size")
        return array

    def _number(self, name: str) -> float:
        return float(self.array(name, "f8", 1)[0])

    # --- settings -------------------------------------------------------------------------------------------------

    def experiment(self, settings: doc.Settings) -> Experiment:
        """The experiment; every setting is one that its knob takes. What an older file lacks has its default."""
        values = settings.values | {path: self._text(name) for path, name in settings.texts.items()}
        if self._newer:
            known = settings_of(Experiment())
            values = {path: value for path, value in values.items() if path in known}
        experiment = with_settings(Experiment(), values)
        taken = settings_of(experiment)
        for path, value in values.items():
            if taken[path] != value:
                raise UnfitError(f"the setting {quoted(path)} has a value of another kind")
        split = experiment.split
        require(abs(split.train + split.validation + split.test - 1) <= 1e-6, "the shares do not add up to 100 %")
        return experiment

    def experiment_on(self, settings: doc.Settings, place: int | None) -> Experiment:
        """The experiment on the data of those shares; where their file is found, it has its path again."""
        experiment = self.experiment(settings)
        if place is None or experiment.data.source != "file":
            return experiment
        data = self.prepared(place).dataset
        if data.account is None or not data.account.sha256 or data.name != experiment.data.path:
            return experiment
        path = self._find(data.name, data.account.sha256)
        return replace(experiment, data=replace(experiment.data, path=data.name if path is None else str(path)))

    def _text(self, name: str) -> str:
        try:
            return self.array(name, "u1", None).tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise UnfitError(f"the text {quoted(name)} cannot be read") from None

    # --- data -----------------------------------------------------------------------------------------------------

    def read_data(self, document: doc.Document) -> None:
        """Make all data sets, and all shares of them."""
        users: dict[int, doc.Shares] = {}
        for shares in document.all_shares:
            users.setdefault(shares.data, shares)
        for place, data in enumerate(document.data_sets):
            if place not in users:
                raise UnfitError("there are data that nothing uses")
            self._data.append(self._data_set(data) if data.file is None else self._from_file(data.file, users[place]))
        for shares in document.all_shares:
            self._shares.append((self._prepared(shares), shares))

    def _data_set(self, data: doc.Data) -> dataset.Dataset:
        require(data.X is not None and data.y is not None, "there are data without rows")
        X = self.array(data.X or "", "f8", None, len(data.feature_names))
        y = self.array(data.y or "", "i8", len(X))
        X.flags.writeable = y.flags.writeable = False  # so that the data set takes them as they are
        tickets = None if data.tickets is None else self.array(data.tickets, "f8", len(X))
        if tickets is not None:
            require(bool(((tickets >= 0) & (tickets < 1)).all()), "a ticket is out of range")
        return dataset.Dataset(
            data.name,
            X,
            y,
            tuple(data.feature_names),
            tuple(data.class_names),
            tuple(data.notes),
            tickets,
            tuple(self._gap(gap, X.shape) for gap in data.gaps),
            None if data.account is None else self._account(data.account),
        )

    def _gap(self, gap: doc.Gap, shape: tuple[int, ...]) -> dataset.Gap:
        require(len(gap.columns) > 0 and max(gap.columns) < shape[1], "a missing value is in no column")
        return dataset.Gap(tuple(gap.columns), self._rows(gap.rows, shape[0]))

    def _rows(self, name: str, rows: int) -> dataset.Ints:
        """Indices of rows, each once at most."""
        index = self.array(name, "i8", None)
        in_range = not len(index) or bool(0 <= index.min() <= index.max() < rows)
        require(in_range, f"{quoted(name)} points at rows that are not there")
        require(_are_different(index, rows), f"{quoted(name)} has a row twice")
        return index

    def _account(self, given: doc.Account) -> account.Account:
        fmt = given.format
        return account.Account(
            given.kind,
            TableFormat(fmt.encoding, fmt.delimiter, fmt.decimal, fmt.header),
            given.read,
            given.used,
            tuple(account.Dropped(one.reason, self.array(one.lines, "i8", None)) for one in given.dropped),
            tuple(account.Filled(one.column, one.rule, self.array(one.lines, "i8", None)) for one in given.filled),
            given.duplicates,
            tuple((column, tuple(texts)) for column, texts in given.encoded),
            tuple(account.Place(*place) for place in given.features),
            None if given.label is None else account.Place(*given.label),
            given.sha256,
        )

    def _from_file(self, file: doc.File, shares: doc.Shares) -> dataset.Dataset:
        """The rows of a file that is beside the project or where `find` knows it."""
        require(file.name == Path(file.name).name and "\0" not in file.name, "the data's file has no proper name")
        experiment = self.experiment(file.settings)
        path = self._find(file.name, file.sha256)
        if path is None:
            raise MissingDataError(
                f"The data of this project are in the file {quoted(file.name)}, which is not found as it was: put the "
                "file that it was saved with beside it.",
                file.name,
                file.sha256,
            )
        config = replace(experiment.data, source="file", path=str(path))
        rng = generator(experiment.seed, Stream.DATA)
        data = with_labels(config, read_source(config, rng, self._progress), rng)
        data = with_gaps_filled(data, self._rows(shares.train, data.rows))
        require(content(data) == file.content, f"the file {quoted(file.name)} gives other rows than it did then")
        return replace(data, name=file.name)  # it may be called otherwise by now

    def prepared(self, place: int) -> prepare.Prepared:
        """The split and scaled data at a place."""
        require(place < len(self._shares), "it points at data that are not there")
        return self._shares[place][0]

    def _prepared(self, shares: doc.Shares) -> prepare.Prepared:
        require(shares.data < len(self._data), "it points at data that are not there")
        data, derived = self._data[shares.data], tuple(shares.derived)
        require(all(name in derive.DERIVATIONS for name in derived), "its inputs are derived in an unknown way")
        derive.check(data.rows, data.features, derived)
        inputs = derive.input_count(data.features, derived)
        mean, scale = (self.array(name, "f8", inputs) for name in (shares.mean, shares.scale))
        require(bool(np.isfinite(mean).all() and np.isfinite(scale).all() and scale.all()), "its scaling is broken")
        rows = [self._rows(name, data.rows) for name in (shares.train, shares.validation, shares.test)]
        every = np.concatenate(rows)
        require(_are_different(every, data.rows), "a row is in two shares")
        require(len(rows[0]) >= 2, "there are fewer than two rows to train on")
        require(int(np.count_nonzero(data.class_counts())) >= 2, "there are fewer than two classes")
        scaler = prepare.Scaler(mean, scale)
        with np.errstate(over="ignore", invalid="ignore"):
            train, validation, test = (prepare.part_of(data, part, scaler, derived) for part in rows)
        finite = all(np.isfinite(part.X).all() for part in (train, validation, test))
        require(finite, "its scaled inputs are not finite")
        weights = None if shares.class_weights is None else self.array(shares.class_weights, "f8", data.classes)
        if weights is not None:
            require(bool((np.isfinite(weights) & (weights >= 0)).all()), "a class weight is out of range")
        return prepare.Prepared(data, train, validation, test, scaler, weights, tuple(shares.notes), derived)

    # --- runs -----------------------------------------------------------------------------------------------------

    def run(self, run: doc.Run) -> KeptRun:
        """A run."""
        require(run.status in STATUSES, "a run's status is unknown")
        if run.begun:
            try:
                datetime.fromisoformat(run.begun)
            except ValueError:
                raise UnfitError("a run's beginning is no date") from None
        experiment, prepared = self.experiment_on(run.settings, run.shares), self.prepared(run.shares)
        return KeptRun(
            run.number,
            experiment,
            prepared,
            run.status,
            self._state(run.state, experiment, prepared),
            run.message,
            run.seconds,
            run.begun,
            run.note,
            run.is_mixed,
        )

    def _state(
        self, state: doc.State, experiment: Experiment, prepared: prepare.Prepared
    ) -> training_state.TrainingState:
        length, precision = parameter_count(sizes_of(experiment, prepared)), experiment.train.precision
        memory = OPTIMIZERS[experiment.train.optimizer].memory
        curves = self.array(state.curves, "f8", None, len(COLUMNS))
        checkpoints = [self._checkpoint(one, length, precision, memory) for one in state.checkpoints]

        def at(place: int) -> protocol.Checkpoint:
            require(place < len(checkpoints), "it points at weights that are not there")
            return checkpoints[place]

        def kept(one: doc.Kept) -> training_state.Kept:
            require(one.epoch <= len(curves), "it has weights of an epoch that is still to come")
            return training_state.Kept(one.epoch, at(one.checkpoint))

        course = state.course
        require(state.weights_epoch <= len(curves), "it has weights of an epoch that is still to come")
        return training_state.TrainingState(
            at(state.present),
            curves,
            state.weights_epoch,
            kept(state.latest),
            kept(state.sound),
            self._number(state.first_loss),
            self.array(state.order, "u1", STATE_BYTES),
            self._dropout(state.dropout, experiment),
            self._album(state, length, precision, len(curves)),
            state.album_stride,
            state.threads,
            None
            if course is None
            else training_state.CourseState(
                None if course.best is None else kept(course.best),
                self._number(course.best_loss),
                None if course.epoch is None else self._epoch(course.epoch, len(prepared.train)),
            ),
            None if state.waiting is None else self._waiting(state.waiting, prepared),
            state.is_retuned,
        )

    def _waiting(self, place: int, prepared: prepare.Prepared) -> prepare.Prepared:
        """Rows that a run goes on with: they fit its network."""
        waiting = self.prepared(place)
        fits = (waiting.input_count, waiting.dataset.classes) == (prepared.input_count, prepared.dataset.classes)
        require(fits, "the rows that a run goes on with do not fit it")
        return waiting

    def _checkpoint(self, one: doc.Checkpoint, length: int, precision: str, memory: int) -> protocol.Checkpoint:
        require(len(one.memory) == memory, "an optimizer's memory is not of its kind")
        vectors = (self.array(name, precision, length) for name in (one.weights, *one.memory))
        weights, *rest = vectors
        return protocol.Checkpoint(weights, tuple(rest), one.updates)

    def _dropout(self, name: str, experiment: Experiment) -> NDArray[np.uint8]:
        state = self.array(name, "u1", STATE_BYTES if experiment.model.backend == "numpy" else None)
        require(len(state) <= MOST_RANDOM_BYTES, "a random state is too long")
        return state

    def _album(self, state: doc.State, length: int, precision: str, epochs: int) -> tuple[Page, ...]:
        numbers = state.album_epochs
        rising: Sequence[int] = sorted(set(numbers))
        sound = 0 < len(numbers) <= MOST_PAGES and numbers == rising and numbers[-1] <= epochs
        require(sound, "its album has pages that cannot be")
        weights = self.array(state.album, precision, len(numbers), length)
        return tuple(Page(number, page) for number, page in zip(numbers, weights, strict=True))

    def _epoch(self, epoch: doc.Epoch, rows: int) -> training_state.EpochState:
        loss, weight = (float(number) for number in self.array(epoch.sums, "f8", 2))
        order = None if epoch.order is None else self.array(epoch.order, "i8", rows)
        if order is not None:
            require(bool((np.sort(order) == np.arange(rows)).all()), "an epoch does not take every row once")
            require(epoch.batch_size > 0, "an epoch has batches without rows")
        require(epoch.done <= rows and epoch.correct <= rows, "an epoch has taken more rows than there are")
        return training_state.EpochState(order, epoch.batch_size, epoch.done, loss, epoch.correct, weight)


def _are_different(index: dataset.Ints, rows: int) -> bool:
    """Whether no row is there twice; np.unique would keep the interpreter to itself for as long as it sorts."""
    return not len(index) or int(np.bincount(index, minlength=rows).max()) == 1


def find_beside(project: Path, find: Find | None) -> Find:
    """Where a data file may be: where `find` knows it, else beside the project; only where its bytes are the same."""

    def look(name: str, sha256: str) -> Path | None:
        found = None if find is None else find(name, sha256)
        for path in (found, project.parent / name):
            try:
                if path is not None and path.is_file() and sha256_of(path) == sha256:
                    return path
            except (OSError, ValueError):
                continue
        return None

    return look
