"""What a project file says beside its arrays, schema 1: plain structs, which msgspec checks field by field.

An array is named where it belongs. Data, shares and checkpoints that several runs have in common are there once, and
are pointed at by their place in a list. A field that a later version adds has a default, so that older files open.
"""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from mlp_studio.core.envelope import Digest

SCHEMA = 1  # of what is written here
MIN_READER = 1  # the oldest schema whose readers understand that
NEEDS = "0.1.0"  # the first version of the program with such a reader

Count: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 53)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e12)]
Array: TypeAlias = str  # its name
Setting: TypeAlias = str | int | float | bool | list[str | int]


class Settings(Struct, kw_only=True):
    """An experiment as flat settings; long texts, such as a drawing, are arrays of UTF-8."""

    values: dict[str, Setting]
    texts: dict[str, Array] = {}


class Gap(Struct, kw_only=True):
    """As `dataset.Gap`; rows (n,)."""

    columns: list[Count]
    rows: Array


class Dropped(Struct, kw_only=True):
    """As `account.Dropped`; lines (n,)."""

    reason: str
    lines: Array


class Filled(Struct, kw_only=True):
    """As `account.Filled`; lines (n,)."""

    column: str
    rule: str
    lines: Array


class Format(Struct, kw_only=True):
    """As `text_rows.TableFormat`."""

    encoding: str
    delimiter: str
    decimal: str
    header: bool


class Account(Struct, kw_only=True):
    """As `account.Account`."""

    kind: str
    format: Format
    read: Count
    used: Count
    dropped: list[Dropped] = []
    filled: list[Filled] = []
    duplicates: Count = 0
    encoded: list[tuple[str, list[str]]] = []
    features: list[tuple[str, Count]] = []
    label: tuple[str, Count] | None = None
    sha256: str = ""


class File(Struct, kw_only=True):
    """A file that the rows are read from, once more, at every opening: its name, its SHA-256, how it is read.

    `content` is the digest of the rows that this gives.
    """

    name: str
    sha256: Digest
    settings: Settings
    content: Digest


class Data(Struct, kw_only=True):
    """A data set; X and y are None where they are in a `file`, which then has all but the name."""

    name: str
    X: Array | None = None
    y: Array | None = None
    feature_names: list[str] = []
    class_names: list[str] = []
    notes: list[str] = []
    tickets: Array | None = None
    gaps: list[Gap] = []
    account: Account | None = None
    file: File | None = None


class Shares(Struct, kw_only=True):
    """A data set (by its place) split and scaled: row indices, what was fitted, and what is derived."""

    data: Count
    train: Array
    validation: Array
    test: Array
    mean: Array
    scale: Array
    class_weights: Array | None = None
    notes: list[str] = []
    derived: list[str] = []


class Checkpoint(Struct, kw_only=True):
    """As `protocol.Checkpoint`: vectors of one length."""

    weights: Array
    memory: list[Array]
    updates: Count


class Kept(Struct, kw_only=True):
    """As `training_state.Kept`; the checkpoint by its place."""

    epoch: Count
    checkpoint: Count


class Epoch(Struct, kw_only=True):
    """As `training_state.EpochState`; `sums`: Σ loss · weight and Σ weight, (2,) float64."""

    order: Array | None
    batch_size: Count
    done: Count
    correct: Count
    sums: Array


class Course(Struct, kw_only=True):
    """As `training_state.CourseState`; best_loss (1,)."""

    best: Kept | None
    best_loss: Array
    epoch: Epoch | None


class State(Struct, kw_only=True):
    """As `training_state.TrainingState`. Numbers that may be infinite or nan are arrays, as JSON has none of these."""

    checkpoints: list[Checkpoint]
    present: Count
    latest: Kept
    sound: Kept
    curves: Array
    weights_epoch: Count
    first_loss: Array
    order: Array
    dropout: Array
    album: Array
    album_epochs: list[Count]
    album_stride: Annotated[int, Meta(ge=1, le=1 << 53)]
    threads: Count
    course: Course | None = None
    waiting: Count | None = None
    is_retuned: bool = False


class Run(Struct, kw_only=True):
    """As `kept.KeptRun`; the shares by their place."""

    number: Count
    settings: Settings
    shares: Count
    status: str
    state: State
    message: str = ""
    seconds: Seconds = 0.0
    begun: str = ""
    note: str = ""
    is_mixed: bool = False


class Document(Struct, kw_only=True):
    """The whole project."""

    settings: Settings
    shares: Count | None
    data_sets: list[Data]
    all_shares: list[Shares]
    run: Run | None
    runs: list[Run]
    view: dict[str, Any]
    data_by_reference: bool = False
