"""The experiment as frozen values; each field's metadata describes its one control everywhere.

From a field's `Knob` come the form control, its validation sentence, the tooltip, the flag
`--set section.field=value`, the saved JSON and the documentation. Registry entries are stored by name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.derive import DERIVATIONS
from mlp_studio.core.devices import DEVICES, found
from mlp_studio.core.errors import ConfigError
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.optimizers import OPTIMIZERS


@dataclass(frozen=True, slots=True)
class Knob:
    """What a person may set: its label, what it does, its range or choices, its unit.

    `choices` is called when needed and gives name → label; `offered` gives those of them that a form offers here,
    where that is not all; `why_not(name)` says in a sentence why one of them cannot be had here, "" where it can.
    `live` settings act on a running training at once; `rare` ones sit behind "More" in the form. `slide` is where the
    slider beside the number ends, which begins at `low`; None: there is no slider.
    """

    label: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: Callable[[], Mapping[str, str]] | None = None
    offered: Callable[[], Iterable[str]] | None = None
    why_not: Callable[[str], str] | None = None
    unit: str = ""
    zero: str = ""
    live: bool = False
    rare: bool = False
    form: bool = True
    slide: float | None = None

    @property
    def span(self) -> str:
        """The range in words, "" where there is none."""
        if self.low is None or self.high is None:
            return ""
        zero = f"; 0: {self.zero}" if self.zero else ""
        return f"{_number(self.low)} to {_number(self.high)}{zero}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def knob(default: Any, label: str, help: str, **more: Any) -> Any:  # noqa: A002 - the field's own word
    """A dataclass field with its `Knob`."""
    return field(default=default, metadata={"knob": Knob(label, help, **more)})


def knobs(section: type | object) -> dict[str, Knob]:
    """Field name → `Knob` of a config class or value, in the order of the form."""
    return {item.name: item.metadata["knob"] for item in fields(section) if "knob" in item.metadata}  # type: ignore[arg-type]


def _labels(registry: Mapping[str, Any]) -> Callable[[], Mapping[str, str]]:
    return lambda: {name: entry.label for name, entry in registry.items()}


def _sources() -> Mapping[str, str]:
    from mlp_studio.core.sources import SOURCES  # here, because a source reads a DataConfig

    return {name: source.label for name, source in SOURCES.items()}


def _backends() -> Mapping[str, str]:
    from mlp_studio.core.backends.registry import BACKENDS  # here, because a backend reads a ModelConfig

    return {name: entry.label for name, entry in BACKENDS.items()}


def _why_no_backend(name: str) -> str:
    from mlp_studio.core.backends.registry import why_not  # likewise

    return why_not(name)


MISSING_VALUES = {"drop": "Drop the row", "median": "Fill with the median"}
PRECISIONS = {"float32": "float32 (fast)", "float64": "float64 (exact)"}


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Where the data come from."""

    source: str = knob("spiral", "Source", "Where the points come from.", choices=_sources)
    rows: int = knob(
        1500,
        "Rows",
        "How many points to draw, shared evenly among the classes.",
        low=20,
        high=1_000_000,
        slide=5000,
    )
    classes: int = knob(
        3, "Classes", "How many classes: the arms of the spiral, the number of blobs.", low=2, high=8, slide=8
    )
    noise: float = knob(
        0.2,
        "Noise",
        "How far points stray: the spread of the angle (radians) on the spiral, of the position elsewhere.",
        low=0.0,
        high=2.0,
        slide=1.0,
    )
    shuffle_labels: bool = knob(
        False,
        "Shuffle the labels",
        "Deal the labels out anew by chance: nothing is left to learn, so what the network gets right is memory.",
        rare=True,
    )
    path: str = knob(
        "", "File", "The file that is read: CSV, or Excel or Parquet where their readers are installed.", form=False
    )
    label: str = knob("", "Label", "The column that holds the class.", form=False)
    encoding: str = knob("", "Encoding", "How the file's text is encoded; empty: as it looks.", form=False)
    delimiter: str = knob("", "Delimiter", "What parts the file's columns; empty: as it looks.", form=False)
    decimal: str = knob("", "Decimal sign", "What the file writes fractions with; empty: as it looks.", form=False)
    header: str = knob(
        "",
        "Header",
        "Whether the file's first row names the columns.",
        choices=lambda: {"": "As it looks", "yes": "Yes", "no": "No"},
        form=False,
    )
    drawing: str = knob("", "Drawing", "The painted points, as JSON; empty: none.", form=False)
    features: tuple[str, ...] = knob(
        (), "Features", "The columns the network sees, also such of text; empty: all others of numbers.", form=False
    )
    missing: str = knob(
        "drop",
        "Missing values",
        "What becomes of a row that lacks a value: it is dropped, or filled with the median of the column.",
        choices=lambda: MISSING_VALUES,
        form=False,
    )


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """How the rows are shared out and prepared."""

    train: float = knob(0.70, "Training", "Share of the rows that the network learns from.", low=0.05, high=0.95)
    validation: float = knob(
        0.15,
        "Validation",
        "Share of the rows that are watched while training, to choose settings and stop early.",
        low=0.0,
        high=0.95,
    )
    test: float = knob(0.15, "Test", "Share of the rows that are kept back for the final figures.", low=0.0, high=0.95)
    stratify: bool = knob(
        True, "Stratify", "Keep each class's share the same in training, validation and test.", rare=True
    )
    standardize: bool = knob(
        True,
        "Standardise",
        "Scale each feature to mean 0 and spread 1, as measured on the training rows only.",
    )
    class_weights: bool = knob(
        False,
        "Class weights",
        "Weigh each sample by 1 / (training rows of its class): rare classes count as much as common ones.",
    )
    derived: tuple[str, ...] = knob(
        (),
        "Derived inputs",
        "What the network sees besides the features: inputs made from them, row by row, before scaling.",
        choices=_labels(DERIVATIONS),
    )


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The network."""

    backend: str = knob(
        "numpy",
        "Backend",
        "What computes the training: readable NumPy, or PyTorch with autograd.",
        choices=_backends,
        why_not=_why_no_backend,
    )
    hidden: tuple[int, ...] = knob(
        (100,), "Hidden layers", "Units of each of the 1 to 6 hidden layers, separated by commas.", low=1, high=512
    )
    activation: str = knob(
        "relu",
        "Activation",
        "The non-linear function after each hidden layer; linear makes the whole network a linear model.",
        choices=_labels(ACTIVATIONS),
    )
    initialization: str = knob(
        "he_normal", "Initialisation", "How the first weights are drawn.", choices=_labels(INITIALIZERS)
    )
    dropout: float = knob(
        0.0,
        "Dropout",
        "Share of hidden units switched off at random in each training step; never when predicting.",
        low=0.0,
        high=0.9,
    )


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How the network is trained."""

    optimizer: str = knob(
        "adam", "Optimizer", "The rule that turns gradients into weight changes.", choices=_labels(OPTIMIZERS)
    )
    learning_rate: float = knob(
        0.01,
        "Learning rate",
        "The size of each weight change. Too high diverges, too low crawls.",
        low=1e-7,
        high=1e6,
        live=True,
    )
    momentum: float = knob(
        0.9,
        "Momentum",
        "How much of the last step the momentum and Nesterov optimizers keep.",
        low=0.0,
        high=0.999,
        rare=True,
    )
    batch_size: int = knob(
        0,
        "Batch size",
        "Samples in each weight update; an epoch goes through all of them.",
        low=0,
        high=1_000_000,
        zero="full batch",
        live=True,
    )
    epochs: int = knob(
        1000,
        "Epochs",
        "How often training goes through all training rows.",
        low=1,
        high=10_000_000,
        live=True,
    )
    l1: float = knob(
        0.0,
        "L1",
        "Weight of the penalty λ₁·Σ|W|: pushes weights to exactly zero.",
        low=0.0,
        high=100.0,
        live=True,
        rare=True,
    )
    l2: float = knob(0.0, "L2", "Weight of the penalty λ₂/2·ΣW²: keeps weights small.", low=0.0, high=100.0, live=True)
    early_stopping: int = knob(
        0,
        "Early stopping",
        "Stop when the validation loss has not improved for so many epochs, and go back to the best weights.",
        low=0,
        high=1_000_000,
        unit="epochs",
        zero="never",
        live=True,
    )
    precision: str = knob(
        "float32", "Precision", "The number format of the training.", choices=lambda: PRECISIONS, rare=True
    )
    device: str = knob(
        "cpu",
        "Device",
        "What computes the training in PyTorch; small networks train fastest on the CPU.",
        choices=_labels(DEVICES),
        offered=found,
        rare=True,
    )
    threads: int = knob(
        0,
        "Threads",
        "How many processor cores compute the training, at most as many as there are.",
        low=0,
        high=1024,
        zero="chosen from the size",
        rare=True,
    )


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything that decides a run: the same experiment on the same machine gives the same weights."""

    seed: int = knob(
        1234,
        "Seed",
        "The one number that all randomness of the experiment comes from.",
        low=0,
        high=2**31 - 1,
    )
    data: DataConfig = field(default_factory=DataConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


SECTIONS = ("data", "split", "model", "train")
MAX_LAYERS = 6


def with_setting(experiment: Experiment, path: str, value: Any) -> Experiment:
    """The experiment with one setting replaced; `path` is "seed" or "section.field". The value is checked.

    Raises ConfigError with the sentence to show beside the control.
    """
    if path == "seed":
        return replace(experiment, seed=checked(knobs(Experiment)["seed"], value, int))
    section, _, name = path.partition(".")
    if section not in SECTIONS:
        raise ConfigError(f"There is no section “{section}”; choose {_either(SECTIONS)}.")
    values = getattr(experiment, section)
    if name not in knobs(values):
        raise ConfigError(f"“{section}” has no setting “{name}”; choose {_either(knobs(values))}.")
    new = checked(knobs(values)[name], value, type(getattr(values, name)))
    return replace(experiment, **{section: replace(values, **{name: new})})


def with_settings(experiment: Experiment, settings: Mapping[str, Any]) -> Experiment:
    """The experiment with several settings replaced, path → value."""
    for path, value in settings.items():
        experiment = with_setting(experiment, path, value)
    return experiment


def with_share(split: SplitConfig, name: str, value: float) -> SplitConfig:
    """The split with one share replaced; test takes the rest, and validation gives way where test cannot.

    When the test share itself is set, training takes the rest. Raises ConfigError for a share out of range.
    """
    new = replace(split, **{name: checked(knobs(SplitConfig)[name], value, float)})
    given, last = ("test", "train") if name == "test" else ("train", "test")
    validation = min(new.validation, round(1 - getattr(new, given), 10))
    rest = round(1 - getattr(new, given) - validation, 10)
    new = replace(new, validation=validation, **{last: rest})
    checked(knobs(SplitConfig)["train"], new.train, float)
    return new


def live_only(old: Experiment, new: Experiment) -> bool:
    """Whether the two differ in nothing but settings that a running training can take over."""
    kept = {name: getattr(new.train, name) for name, knob in knobs(TrainConfig).items() if knob.live}
    return replace(old, train=replace(old.train, **kept)) == new


def parse_setting(experiment: Experiment, text: str) -> Experiment:
    """The experiment with one setting replaced, given as "section.field=value" (from a command line).

    Of a text that is too long for one argument, the rest is given as "section.field+=more".
    """
    path, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"“{text}” is not of the form section.field=value, such as model.hidden=64,32.")
    path, adds = path.strip().removesuffix("+").rstrip(), path.rstrip().endswith("+")
    if not adds:
        return with_setting(experiment, path, value.strip(" "))  # a tab may be meant
    return with_setting(experiment, path, _free_text(experiment, path) + value)


def _free_text(experiment: Experiment, path: str) -> str:
    """The present value of a setting that may be any text. Raises ConfigError for another."""
    section, _, name = path.partition(".")
    values = getattr(experiment, section) if section in SECTIONS else experiment
    knob = knobs(values).get(name)
    if knob is None or knob.choices is not None or not isinstance(getattr(values, name), str):
        raise ConfigError(f"“{path}” is not a text that could be added to; give its value after “=”.")
    return str(getattr(values, name))


def checked(knob: Knob, value: Any, kind: type) -> Any:
    """`value` as the `kind` of the knob's field. Raises ConfigError naming the knob and what it takes."""
    if knob.choices is not None and kind is tuple:
        return _chosen(knob, value, knob.choices())
    if knob.choices is not None:
        names = knob.choices()
        if not isinstance(value, str) or value not in names:
            raise ConfigError(f"{knob.label} is one of {', '.join(names)}; “{value}” is not.")
        return value
    if kind is bool:
        return _flag(knob, value)
    if kind is tuple:
        return _hidden(knob, value) if knob.low is not None else _names(value)
    if kind is str:
        return str(value)
    return _within(knob, _parsed(knob, value, kind))


def _flag(knob: Knob, value: Any) -> bool:
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    word = str(value).lower()
    if word not in words:
        raise ConfigError(f"{knob.label} is on or off; “{value}” is neither.")
    return words[word]


def _names(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(part for part in (str(part).strip() for part in parts) if part)


def _chosen(knob: Knob, value: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """Any number of the names, in their own order, so that the same choice is the same value."""
    chosen = _names(value)
    for name in chosen:
        if name not in names:
            raise ConfigError(f"{knob.label} are any of {', '.join(names)}; “{name}” is not.")
    return tuple(name for name in names if name in chosen)


def _hidden(knob: Knob, value: Any) -> tuple[int, ...]:
    layers = tuple(_within(knob, _parsed(knob, part, int)) for part in _names(value))
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ConfigError(f"{knob.label}: give 1 to {MAX_LAYERS} layers, such as 100 or 64,32; not {len(layers)}.")
    return layers


def _parsed(knob: Knob, value: Any, kind: type) -> Any:
    try:
        number = float(str(value).replace("_", ""))
    except ValueError:
        raise ConfigError(f"{knob.label} takes a number from {knob.span}; “{value}” is none.") from None
    if kind is int:
        if number != number or abs(number) == float("inf") or number != int(number):
            raise ConfigError(f"{knob.label} takes a whole number from {knob.span}; “{value}” is none.")
        return int(number)
    return number


def _within(knob: Knob, number: Any) -> Any:
    assert knob.low is not None  # noqa: S101 - every numeric knob states its range; a test walks them all
    assert knob.high is not None  # noqa: S101
    if not knob.low <= number <= knob.high:  # also true of nan
        raise ConfigError(f"{knob.label} goes from {knob.span}; {number:,} is outside.")
    return number


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"
