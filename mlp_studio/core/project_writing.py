"""From a project's values to its document and its arrays, of which each content is there once."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core import account, dataset, prepare, training_state
from mlp_studio.core import project_document as doc
from mlp_studio.core.backends import protocol
from mlp_studio.core.config import Experiment
from mlp_studio.core.files import sha256_of
from mlp_studio.core.kept import KeptRun
from mlp_studio.core.settings import settings_of

Array: TypeAlias = NDArray[Any]
Entry = TypeVar("Entry")

LONG_TEXT = 500  # characters, from which on a setting's text is an array


def digest(array: Array) -> str:
    """The SHA-256 of an array's numbers, kind and shape."""
    array = np.ascontiguousarray(array)
    found = sha256(f"{array.dtype.str} {array.shape} ".encode())
    found.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return found.hexdigest()


def content(data: dataset.Dataset) -> str:
    """The digest of a data set's rows and names."""
    names = "\0".join((*data.feature_names, "", *data.class_names)).encode("utf-8", "surrogatepass")
    return sha256(f"{digest(data.X)} {digest(data.y)} {sha256(names).hexdigest()}".encode()).hexdigest()


class Places(dict[int, tuple[int, Any]]):
    """The places of values in a list, by identity; the values are held, so that no other takes their identity."""

    def of(self, value: object) -> int | None:
        """The place of a value, None where it has none yet."""
        at = self.get(id(value))
        return None if at is None else at[0]

    def give(self, value: object) -> int:
        """The next place."""
        self[id(value)] = len(self), value
        return len(self) - 1


class Writing:
    """Collects arrays under names, and data sets and shares under places."""

    def __init__(self, *, data_by_reference: bool) -> None:
        self.arrays: dict[str, Array] = {}
        self.digests: dict[str, str] = {}  # by the array's name
        self.data_sets: list[doc.Data] = []
        self.all_shares: list[doc.Shares] = []
        self._data_by_reference = data_by_reference
        self._names: dict[str, str] = {}  # by the array's digest
        self._data_places, self._shares_places = Places(), Places()

    def array(self, name: str, array: Array) -> str:
        """The name of an array: this one, or that of one with the same content."""
        array = np.ascontiguousarray(array)
        of = digest(array)
        if of not in self._names:
            self._names[of] = name
            self.arrays[name], self.digests[name] = array, of
        return self._names[of]

    # --- settings and data ----------------------------------------------------------------------------------------

    def settings(self, name: str, experiment: Experiment) -> doc.Settings:
        """An experiment; of a file only its name, as folders are nobody else's business."""
        values = settings_of(experiment)
        values["data.path"] = Path(experiment.data.path).name
        texts = {path: value for path, value in values.items() if isinstance(value, str) and len(value) > LONG_TEXT}
        kept = {path: value for path, value in values.items() if path not in texts}
        return doc.Settings(
            values=kept, texts={path: self._text(f"{name}.{path}", text) for path, text in texts.items()}
        )

    def _text(self, name: str, text: str) -> str:
        return self.array(name, np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8))

    def shares(self, experiment: Experiment, prepared: prepare.Prepared) -> int:
        """The place of split and scaled data, which the experiment asks for."""
        if (place := self._shares_places.of(prepared)) is not None:
            return place
        data, place = self._data(experiment, prepared.dataset), self._shares_places.give(prepared)
        weights = prepared.class_weights
        self.all_shares.append(
            doc.Shares(
                data=data,
                **{part: self.array(f"shares.{place}.{part}", rows.rows) for part, rows in prepared.parts.items()},
                mean=self.array(f"shares.{place}.mean", prepared.scaler.mean),
                scale=self.array(f"shares.{place}.scale", prepared.scaler.scale),
                class_weights=None if weights is None else self.array(f"shares.{place}.class_weights", weights),
                notes=list(prepared.notes),
                derived=list(prepared.derived),
            )
        )
        return place

    def _data(self, experiment: Experiment, data: dataset.Dataset) -> int:
        if (place := self._data_places.of(data)) is not None:
            return place
        place = self._data_places.give(data)
        file = self._file(f"data.{place}", experiment, data) if self._data_by_reference else None
        if file is not None:
            self.data_sets.append(doc.Data(name=data.name, file=file))
            return place
        name = f"data.{place}"
        self.data_sets.append(
            doc.Data(
                name=data.name,
                X=self.array(f"{name}.X", data.X),
                y=self.array(f"{name}.y", data.y),
                feature_names=list(data.feature_names),
                class_names=list(data.class_names),
                notes=list(data.notes),
                tickets=None if data.tickets is None else self.array(f"{name}.tickets", data.tickets),
                gaps=[
                    doc.Gap(columns=list(gap.columns), rows=self.array(f"{name}.gaps.{k}", gap.rows))
                    for k, gap in enumerate(data.gaps)
                ],
                account=None if data.account is None else self._account(f"{name}.account", data.account),
            )
        )
        return place

    def _file(self, name: str, experiment: Experiment, data: dataset.Dataset) -> doc.File | None:
        """The file that the data can be read from again; None where it is not there any more as it was."""
        path, known = Path(experiment.data.path), data.account.sha256 if data.account else ""
        if experiment.data.source != "file" or not known:
            return None
        try:
            if sha256_of(path) != known:
                return None
        except OSError:
            return None
        settings = self.settings(name, experiment)
        return doc.File(name=path.name, sha256=known, settings=settings, content=content(data))

    def _account(self, name: str, given: account.Account) -> doc.Account:
        fmt = given.format
        return doc.Account(
            kind=given.kind,
            format=doc.Format(encoding=fmt.encoding, delimiter=fmt.delimiter, decimal=fmt.decimal, header=fmt.header),
            read=given.read,
            used=given.used,
            dropped=[
                doc.Dropped(reason=one.reason, lines=self._lines(f"{name}.dropped.{k}", one.lines))
                for k, one in enumerate(given.dropped)
            ],
            filled=[
                doc.Filled(column=one.column, rule=one.rule, lines=self._lines(f"{name}.filled.{k}", one.lines))
                for k, one in enumerate(given.filled)
            ],
            duplicates=given.duplicates,
            encoded=[(column, list(texts)) for column, texts in given.encoded],
            features=[(place.name, place.before) for place in given.features],
            label=None if given.label is None else (given.label.name, given.label.before),
            sha256=given.sha256,
        )

    def _lines(self, name: str, lines: Iterable[int]) -> str:
        return self.array(name, np.asarray(lines, dtype=np.int64))

    # --- runs -----------------------------------------------------------------------------------------------------

    def run(self, name: str, run: KeptRun) -> doc.Run:
        """A run with all that it needs to go on."""
        return doc.Run(
            number=run.number,
            settings=self.settings(name, run.experiment),
            shares=self.shares(run.experiment, run.prepared),
            status=run.status,
            state=self._state(name, run),
            message=run.message,
            seconds=run.seconds,
            begun=run.begun,
            note=run.note,
            is_mixed=run.is_mixed,
        )

    def _state(self, name: str, run: KeptRun) -> doc.State:
        state, places = run.state, Places()
        checkpoints: list[doc.Checkpoint] = []

        def checkpoint(value: protocol.Checkpoint) -> int:
            place = places.of(value)
            if place is None:
                place = places.give(value)
                checkpoints.append(self._checkpoint(f"{name}.checkpoint.{place}", value))
            return place

        def kept(value: training_state.Kept) -> doc.Kept:
            return doc.Kept(epoch=value.epoch, checkpoint=checkpoint(value.checkpoint))

        course = state.course
        return doc.State(
            present=checkpoint(state.present),
            latest=kept(state.latest),
            sound=kept(state.sound),
            curves=self.array(f"{name}.curves", state.curves),
            weights_epoch=state.weights_epoch,
            first_loss=self.array(f"{name}.first_loss", np.array([state.first_loss])),
            order=self.array(f"{name}.order", state.order),
            dropout=self.array(f"{name}.dropout", state.dropout),
            album=self.array(f"{name}.album", np.stack([page.weights for page in state.album])),
            album_epochs=[page.epoch for page in state.album],
            album_stride=state.album_stride,
            threads=state.threads,
            course=None
            if course is None
            else doc.Course(
                best=None if course.best is None else kept(course.best),
                best_loss=self.array(f"{name}.best_loss", np.array([course.best_loss])),
                epoch=None if course.epoch is None else self._epoch(f"{name}.epoch", course.epoch),
            ),
            waiting=None if state.waiting is None else self.shares(run.experiment, state.waiting),
            is_retuned=state.is_retuned,
            checkpoints=checkpoints,
        )

    def _checkpoint(self, name: str, value: protocol.Checkpoint) -> doc.Checkpoint:
        return doc.Checkpoint(
            weights=self.array(f"{name}.weights", value.weights),
            memory=[self.array(f"{name}.memory.{k}", vector) for k, vector in enumerate(value.memory)],
            updates=value.updates,
        )

    def _epoch(self, name: str, epoch: training_state.EpochState) -> doc.Epoch:
        return doc.Epoch(
            order=None if epoch.order is None else self.array(f"{name}.order", epoch.order),
            batch_size=epoch.batch_size,
            done=epoch.done,
            correct=epoch.correct,
            sums=self.array(f"{name}.sums", np.array([epoch.loss, epoch.weight])),
        )
