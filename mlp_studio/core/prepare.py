"""From a data set to what a network trains on: split, derived inputs, scaler fitted on training, class weights."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset, Floats, Ints
from mlp_studio.core.derive import check, derive, input_names
from mlp_studio.core.errors import DataError
from mlp_studio.core.gaps import with_gaps_filled


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """x_scaled = (x − mean) / scale, column by column; mean and scale (K,), in original units."""

    mean: Floats
    scale: Floats

    def __call__(self, X: Floats) -> Floats:
        """Scale X (N, K)."""
        scaled = X - self.mean
        scaled /= self.scale
        return scaled

    def in_place(self, X: Floats) -> Floats:
        """Scale X (N, K), float64, itself: of a large table there is one copy less at a time."""
        X -= self.mean
        X /= self.scale
        return X


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One share of the rows. rows (n,) index the data set; X (n, K) are its scaled inputs; y (n,) are class indices."""

    rows: Ints
    X: Floats
    y: Ints

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A data set, split and scaled; `class_weights` (C,) or None; `notes` say what was done differently.

    The network sees K inputs: the D features of the data, then those that `derived` makes from them. The data set
    has the features alone, and so have the rows that a person types or points at: `inputs` is the way from there.
    """

    dataset: Dataset
    train: Part
    validation: Part
    test: Part
    scaler: Scaler
    class_weights: Floats | None
    notes: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    def inputs(self, X: Floats) -> Floats:
        """What the network sees (N, K) of samples X (N, D) in original units: features and derived inputs, scaled."""
        return self.scaler(derive(X, self.derived))

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the K inputs are called, the features first."""
        return input_names(self.dataset.feature_names, self.derived)

    @property
    def input_count(self) -> int:
        """K."""
        return len(self.scaler.mean)

    @property
    def parts(self) -> dict[str, Part]:
        """The three shares by name, in the order in which they are shown."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def prepare(dataset: Dataset, split: SplitConfig, rng: Generator, scaler: Scaler | None = None) -> Prepared:
    """Split and scale, by a scaler that is there already or one fitted on the training rows.

    Raises DataError when the rows cannot be shared out as asked.
    """
    _check(dataset, split)
    notes: list[str] = []
    if dataset.tickets is not None:
        rows = by_ticket(dataset.tickets, portions(split))
    else:
        rows = _split(strata(dataset, split, notes), portions(split), rng)
    if len(rows[0]) < 2:
        raise DataError(f"{dataset.rows:,} rows leave fewer than two to train on; give more rows or a larger share.")
    if dataset.gaps:
        dataset = with_gaps_filled(dataset, rows[0])
        notes.append("Missing values are filled from the training rows alone, so that test figures stay honest.")
    X, names = dataset.X, input_names(dataset.feature_names, split.derived)
    if scaler is None:
        scaler = fit_scaler(derive(X[rows[0]], split.derived)) if split.standardize else unscaled(len(names))
    _check_finite(scaler.scale, names)
    train, validation, test = (part_of(dataset, part, scaler, split.derived) for part in rows)
    if split.derived:  # features are finite, but their squares need not be
        for part in (train, validation, test):
            _check_finite(part.X, names)
    _note_small(dataset, train, notes)
    weights = class_weights(train.y, dataset.classes) if split.class_weights else None
    return Prepared(dataset, train, validation, test, scaler, weights, tuple(notes), split.derived)


def part_of(dataset: Dataset, rows: Ints, scaler: Scaler, derived: tuple[str, ...]) -> Part:
    """One share of the data: the rows (n,), derived and scaled."""
    return Part(rows, scaler.in_place(derive(dataset.X[rows], derived)), dataset.y[rows])


def portions(split: SplitConfig) -> tuple[float, float, float]:
    """The shares of training, validation and test, which add up to 1."""
    total = split.train + split.validation + split.test  # 1, but for rounding
    return split.train / total, split.validation / total, split.test / total


def by_ticket(tickets: Floats, shares: tuple[float, float, float]) -> list[Ints]:
    """Rows of training, validation and test where each row's ticket in [0, 1) decides."""
    part = np.searchsorted(np.cumsum(shares[:2]), tickets, side="right")
    return [np.flatnonzero(part == k) for k in range(3)]


def _check(dataset: Dataset, split: SplitConfig) -> None:
    total = split.train + split.validation + split.test
    if abs(total - 1) > 1e-6:
        raise DataError(f"The shares of training, validation and test add up to {100 * total:.6g} %; make them 100 %.")
    if np.count_nonzero(dataset.class_counts()) < 2:
        raise DataError("The label has only one class; a classifier needs at least two.")
    check(dataset.rows, dataset.features, split.derived)


def _check_finite(values: Floats, names: tuple[str, ...]) -> None:
    """Refuse what overflowed in a column, or in its scale: values (K,) or (N, K)."""
    sound = np.isfinite(values)
    if not sound.all():
        column = names[int(np.argmin(np.atleast_2d(sound).all(axis=0)))]
        raise DataError(f"The numbers in “{column}” are too large to scale; divide that column by a power of ten.")


def strata(dataset: Dataset, split: SplitConfig, notes: list[str]) -> list[Ints]:
    """Row indices of each group that is shared out on its own: one per class, or all rows together.

    Where they cannot be one per class, although that is asked for, a sentence is added to `notes`.
    """
    if not split.stratify:
        return [np.arange(dataset.rows)]
    smallest_share = min(share for share in (split.train, split.validation, split.test) if share > 0)
    if round(smallest_share * dataset.rows) < dataset.classes:
        notes.append("A share is smaller than the number of classes, so the rows were split without stratifying.")
        return [np.arange(dataset.rows)]
    return [np.flatnonzero(dataset.y == k) for k in range(dataset.classes)]


def _split(strata: list[Ints], portions: tuple[float, float, float], rng: Generator) -> list[Ints]:
    """Rows of training, validation and test, each shuffled: every stratum is dealt out in these portions."""
    parts: list[list[Ints]] = [[], [], []]
    for stratum, sizes in zip(strata, _part_sizes([len(s) for s in strata], portions), strict=True):
        shuffled = rng.permutation(stratum)
        for part, piece in zip(parts, np.split(shuffled, np.cumsum(sizes)[:-1]), strict=True):
            part.append(piece)
    return [rng.permutation(np.concatenate(part)) for part in parts]


def _part_sizes(counts: list[int], portions: tuple[float, float, float]) -> list[tuple[int, int, int]]:
    """How many rows of each stratum go to each part.

    What rounding leaves over in a stratum is dealt to the part that is furthest below its portion of the rows
    so far, so that many small classes do not all round the same way. A stratum of one row goes to training.
    """
    owed = np.zeros(3)
    sizes = []
    for count in counts:
        exact = np.array([portion * count for portion in portions])
        owed += exact
        whole = np.floor(exact + 1e-9).astype(int)
        if count == 1:
            whole[:] = (1, 0, 0)
        while whole.sum() < count:
            open_parts = [k for k in range(3) if portions[k] > 0 and whole[k] < exact[k]]
            behind = max(open_parts, key=lambda k: owed[k] - whole[k])
            whole[behind] += 1
        owed -= whole
        sizes.append((int(whole[0]), int(whole[1]), int(whole[2])))
    return sizes


def _note_small(dataset: Dataset, train: Part, notes: list[str]) -> None:
    counts = dataset.class_counts()
    single = [dataset.class_names[k] for k in np.flatnonzero(counts == 1)]
    if single:
        notes.append(f"Only one row each, kept in training: {', '.join(single[:5])}{' …' if len(single) > 5 else ''}.")
    missing = np.flatnonzero((counts > 0) & (np.bincount(train.y, minlength=dataset.classes) == 0))
    if len(missing):
        notes.append(f"No training row has the class {dataset.class_names[missing[0]]}; the network cannot learn it.")


def fit_scaler(X: Floats) -> Scaler:
    """Mean and standard deviation (over N, not N − 1) of each column; a constant column keeps scale 1.

    The scale of a column whose squares overflow is not finite; `prepare` refuses it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # from the first row on: the sums of a constant column are then 0, not a thousand rounding errors
        shifted = X - X[0]
        shift = shifted.mean(axis=0)
        mean = X[0] + shift
        # shifted.std(axis=0), bit by bit, without a copy of a large table
        shifted -= shift
        np.multiply(shifted, shifted, out=shifted)
        scale = np.sqrt(np.add.reduce(shifted, axis=0) / len(X))
    # a spread of rounding errors is none: 10 ε · |mean| is about what the subtraction leaves
    constant = scale <= 10 * np.finfo(np.float64).eps * np.maximum(np.abs(mean), np.finfo(np.float64).tiny)
    return Scaler(mean, np.where(constant, 1.0, scale))


def unscaled(features: int) -> Scaler:
    """The scaler that changes nothing."""
    return Scaler(np.zeros(features), np.ones(features))


def class_weights(y: Ints, classes: int) -> Floats:
    """1 / count of each class in y, (C,); 0 for a class without rows."""
    counts = np.bincount(y, minlength=classes)
    return np.divide(1.0, counts, out=np.zeros(classes), where=counts > 0)
