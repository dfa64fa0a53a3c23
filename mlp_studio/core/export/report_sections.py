"""What a report tells, section by section: each makes markup of what is told. `SECTIONS` are in their order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlp_studio import __version__
from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.axis import Axis, loss_axis
from mlp_studio.core.boundary import affordable_grid, on_plane, raster
from mlp_studio.core.command_line import command_line
from mlp_studio.core.config import Experiment
from mlp_studio.core.errors import ExportError
from mlp_studio.core.evaluate import PartScores
from mlp_studio.core.export.drawing import Line, Marks, chart, define, marker, regions
from mlp_studio.core.export.markup import Markup, element, joined, name
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.network import layer_sizes, parameter_count
from mlp_studio.core.report import PARTS, Document
from mlp_studio.core.scene import Scene, even_sample, first_slice, make_scene
from mlp_studio.core.settings import knob_of, settings_of, shown
from mlp_studio.core.text_rows import counted
from mlp_studio.core.trained import Trained

PART_NAMES = {"train": "Training", "validation": "Validation", "test": "Test"}
MOST_POINTS = 1000  # in a picture: more hide each other, and the file grows
MOST_CLASSES = 40  # in a confusion matrix, and in the legend: more cannot be read
MOST_FEATURES = 100
LONGEST_LINE = 20_000  # letters of a command; painted points take more
LONGEST_HEAD = 16  # letters of a name above a narrow column
CELLS = 240  # on each side of the regions
UNKNOWN = "–"
MIXED = "The rows changed while the network trained: the settings alone do not give this run again."
RETUNED = "Settings changed while the network trained: those below, its last, do not give this run again."
ACCURACY = Axis(-0.02, 1.02, scale=100.0, unit=" %")
KEYS = {"train": "Training", "validation": "Validation", "kept": "the epoch whose weights count"}
VERSIONS = {"app": "MLP Studio", "python": "Python", "numpy": "NumPy", "torch": "PyTorch"}


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The run, its scores (by the part's name), and the JSON report's document."""

    trained: Trained
    scores: Mapping[str, PartScores]
    document: Document

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called."""
        return self.trained.prepared.dataset.class_names

    @property
    def present(self) -> list[str]:
        """The parts that have rows, the one that counts most first."""
        return [part for part in ("test", "validation", "train") if self.scores[part].samples]

    def performance(self, part: str) -> Document:
        """The document's scores of a part."""
        found: Document = self.document["performance"][PARTS[part]]
        return found


# --- result -----------------------------------------------------------------------------------------------


def _heading(told: Told) -> Markup:
    cards = [
        (f"{PART_NAMES[part]} accuracy", _percent(told.performance(part)["overall"]["accuracy"]))
        for part in told.present
    ]
    cards.append(("Parameters", f"{told.document['parameters']:,}"))
    return joined(
        element("h1", name(told.trained.prepared.dataset.name)),
        element("p", _outcome(told.trained), class_="muted"),
        element("p", MIXED, class_="warning") if told.trained.is_mixed else None,
        element("p", RETUNED, class_="warning") if told.trained.is_retuned else None,
        element("dl", *map(_card, cards), class_="cards"),
    )


def _card(card: tuple[str, str]) -> Markup:
    return element("div", element("dt", card[0]), element("dd", card[1]))


def _outcome(trained: Trained) -> str:
    """How the run went, in words."""
    epochs, asked, kept = len(trained.curves), trained.experiment.train.epochs, trained.snapshot.epoch
    if not epochs:
        return "Not trained yet: the weights are those of the start."
    weights = "" if kept == epochs else f" The weights are those of epoch {kept:,}."
    return f"{trained.status.capitalize()} after {epochs:,} of {asked:,} epochs.{weights}"


# --- pictures ---------------------------------------------------------------------------------------------


def _boundary(told: Told) -> Markup:
    prepared, activation = told.trained.prepared, told.trained.experiment.model.activation
    scene = make_scene(prepared, first_slice(prepared.dataset))
    params, lift = on_plane(told.trained.snapshot.params, prepared, scene.plane)
    indices = raster(params, activation, scene.home, affordable_grid(params, CELLS), lift)
    figures = [_picture(scene, part, told.scores[part]) for part in ("train", "test")]
    return _section(
        "Decision boundary",
        element("p", f"Seen on {scene.plane.description}.", class_="muted") if scene.plane.description else None,
        define(prepared.dataset.classes, indices, "regions"),
        element("div", *figures, class_="pair"),
        _legend(told.class_names),
    )


def _picture(scene: Scene, part: str, scores: PartScores) -> Markup:
    points = scene.points[part]
    chosen = even_sample(len(points.y), MOST_POINTS)
    y = points.y[chosen]
    wrong = scores.predicted[points.rows[chosen]] != y
    drawn = regions(scene.home, scene.plane.labels, "regions", Marks(points.places[chosen], y, wrong))
    share = f", {len(chosen):,} of them drawn" if len(chosen) < points.total else ""
    caption = f"{PART_NAMES[part]}: {counted(points.total, 'point')}{share}. Wrong ones are outlined."
    return element("figure", drawn, element("figcaption", caption))


def _legend(names: Sequence[str]) -> Markup:
    entries = [element("li", _sample(index), name(text)) for index, text in enumerate(names[:MOST_CLASSES])]
    if len(names) > MOST_CLASSES:
        entries.append(element("li", f"… and {len(names) - MOST_CLASSES:,} more"))
    return element("ul", *entries, class_="legend")


def _sample(index: int) -> Markup:
    return element("svg", marker(index, 11.0), viewBox="-6 -6 12 12", aria_hidden="true")


def _curves(told: Told) -> Markup:
    curves, epochs = told.trained.curves, len(told.trained.curves)
    if not epochs:
        return _section("Curves", element("p", "There are none before the first epoch."))
    kept = told.trained.snapshot.epoch if told.trained.snapshot.epoch != epochs else 0
    x = Axis(1.0, float(max(epochs, 2)))
    series = {column: curves[:, place] for place, column in enumerate(COLUMNS)}
    figures = []
    for figure, y in (("loss", loss_axis(series["train_loss"], series["val_loss"])), ("accuracy", ACCURACY)):
        lines = [Line("train", series[f"train_{figure}"]), Line("validation", series[f"val_{figure}"])]
        last = f"Last epoch: training {_last(lines[0])}, validation {_last(lines[1])}."
        drawn = chart(lines, x, y, f"{figure} (logarithmic)" if y.is_log else figure, kept)
        figures.append(element("figure", drawn, element("figcaption", last)))
    keys = [element("li", _key(style), label) for style, label in KEYS.items() if style != "kept" or kept]
    return _section("Curves", element("div", *figures, class_="pair"), element("ul", *keys, class_="legend"))


def _last(line: Line) -> str:
    return _number(float(line.values[-1]))


def _key(style: str) -> Markup:
    stroke = element("line", class_=style, x1=0, x2=26, y1=6.5, y2=6.5)
    return element("svg", stroke, viewBox="0 0 26 13", class_="key", aria_hidden="true")


# --- figures ----------------------------------------------------------------------------------------------


def _scores(told: Told) -> Markup:
    tables = [_score_table(part, told.performance(part), told.class_names) for part in told.present]
    return _section("Scores", element("div", *tables, class_="pair"))


def _score_table(part: str, performance: Document, names: Sequence[str]) -> Markup:
    overall, columns = performance["overall"], ("precision", "recall", "f1")
    means = (("Weighted mean", ""), ("Macro mean", "macro_"))
    rows = [
        (title, [overall[prefix + column] for column in columns], overall["num_samples"]) for title, prefix in means
    ]
    lines = [_row(title, [*map(_number, values), f"{count:,}"], "mean") for title, values, count in rows]
    for text in names:
        scores = performance["class"][text]
        lines.append(_row(name(text), [*(_number(scores[column]) for column in columns), f"{scores['support']:,}"]))
    title = f"{PART_NAMES[part]}: accuracy {_percent(overall['accuracy'])}"
    return _table(("Class", "Precision", "Recall", "F1", "Rows"), lines, title)


def _matrices(told: Told) -> Markup:
    names = told.class_names
    if len(names) > MOST_CLASSES:
        large = f"With {len(names):,} classes they are too large for a page: the JSON report has them."
        return _section("Confusion matrices", element("p", large))
    matrices = [_matrix(part, told.performance(part)["confusion"], names) for part in told.present]
    what = element("p", "A row for each true class, a column for each predicted one.", class_="muted")
    return _section("Confusion matrices", what, element("div", *matrices, class_="pair"))


def _matrix(part: str, counts: Sequence[Sequence[int]], names: Sequence[str]) -> Markup:
    """A cell's ground tells its share of the rows of its true class."""
    heads = [element("th", "true ↓  predicted →", class_="corner")]
    heads += [element("th", name(_brief(text)), scope="col", title=text) for text in names]
    rows = []
    for text, row in zip(names, counts, strict=True):
        total = max(1, sum(row))
        cells = [element("td", f"{count:,}", style=_ground(count / total)) for count in row]
        rows.append(element("tr", element("th", name(text), scope="row"), *cells))
    head = element("thead", element("tr", *heads))
    table = element("table", element("caption", PART_NAMES[part]), head, element("tbody", *rows), class_="matrix")
    return element("div", table, class_="scroll")


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST_HEAD else f"{text[: LONGEST_HEAD - 1]}…"


def _ground(share: float) -> str:
    return f"background: color-mix(in srgb, var(--train) {50 * share:.0f}%, transparent)"


# --- what it was made of ----------------------------------------------------------------------------------


def _experiment(told: Told) -> Markup:
    settings, first = settings_of(told.trained.experiment), settings_of(Experiment())
    changed = [
        _row(knob_of(path).label, [name(shown(path, value)), shown(path, first[path])])
        for path, value in settings.items()
        if value != first[path]
    ]
    every = [_row(knob_of(path).label, [name(shown(path, value)), path]) for path, value in settings.items()]
    table = _table(("What differs", "here", "at first"), changed, is_text=True)
    whole = _table(("Setting", "value", "for --set"), every, is_text=True)
    return _section(
        "Experiment",
        table if changed else element("p", "Every setting is as it is at first."),
        element("details", element("summary", "All settings"), whole),
        *_command(told),
    )


def _command(told: Told) -> list[Markup]:
    """The line that trains it again, where there is one and it says enough."""
    try:
        line = command_line(told.trained.experiment)
    except ExportError as error:
        return [element("p", str(error))]
    if len(line) > LONGEST_LINE:
        return [element("p", f"The command that trains it again has {len(line):,} letters: the window copies it.")]
    is_another = told.trained.is_mixed or told.trained.is_retuned
    words = "This command trains with the same settings:" if is_another else "This command trains it again:"
    return [element("p", words), element("pre", line)]


def _data(told: Told) -> Markup:
    prepared = told.trained.prepared
    data, parts = prepared.dataset, prepared.parts
    counts = np.stack([np.bincount(part.y, minlength=data.classes) for part in parts.values()], axis=1)
    rows = [_row("All", _counts([*(len(part) for part in parts.values()), data.rows]), "mean")]
    rows += [
        _row(name(text), _counts([*row, sum(row)])) for text, row in zip(told.class_names, counts.tolist(), strict=True)
    ]
    account = told.document["data"].get("import", {}).get("sentence", "")
    notes = [note for note in dict.fromkeys((account, *told.document["data"]["notes"])) if note]
    return _section(
        "Data",
        element("p", f"{counted(data.rows, 'row')}, {counted(data.features, 'feature')}, {data.classes:,} classes."),
        element("ul", *(element("li", name(note)) for note in notes)) if notes else None,
        _table(("Class", *PART_NAMES.values(), "All"), rows),
        *_features(told),
    )


def _features(told: Told) -> list[Markup]:
    data = told.trained.prepared.dataset
    names, X = data.feature_names[:MOST_FEATURES], data.X[:, :MOST_FEATURES]
    figures = np.stack([X.min(axis=0), X.mean(axis=0), X.std(axis=0), X.max(axis=0)], axis=1).tolist()
    rows = [_row(name(text), [f"{value:.4g}" for value in row]) for text, row in zip(names, figures, strict=True)]
    table = _table(("Feature", "lowest", "mean", "deviation", "highest"), rows)
    hidden = data.features - len(names)
    return [table, element("p", f"… and {counted(hidden, 'feature')} more.", class_="muted")] if hidden else [table]


def _network(told: Told) -> Markup:
    model, prepared = told.trained.experiment.model, told.trained.prepared
    sizes = layer_sizes(model, prepared.input_count, prepared.dataset.classes)
    rows = []
    for place, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        is_last = place == len(sizes) - 1
        layer, function = ("Output", "softmax") if is_last else (f"Hidden {place}", ACTIVATIONS[model.activation].label)
        rows.append(_row(layer, [f"{fan_in:,}", f"{fan_out:,}", function, f"{parameter_count((fan_in, fan_out)):,}"]))
    derived = prepared.input_names[prepared.dataset.features :]
    more = f"{', '.join(derived[:MOST_FEATURES])}{', …' if len(derived) > MOST_FEATURES else ''}"
    return _section(
        "Network",
        _table(("Layer", "inputs", "units", "activation", "parameters"), rows),
        element("p", "Inputs derived from the features: ", name(more)) if derived else None,
    )


def _environment(told: Told) -> Markup:
    timing = told.document["timing"]
    figures = [
        ("Training", timing["seconds"], ",.2f", " s"),
        ("Speed", timing["epochs_per_second"], ",.1f", " epochs/s"),
        ("Threads", timing["threads"], ",", ""),
    ]
    rows = [_row(title, [f"{value:{form}}{unit}"]) for title, value, form, unit in figures if value is not None]
    versions = told.document["versions"]
    rows += [_row(VERSIONS.get(key, key), [version or "not installed"]) for key, version in versions.items()]
    return _section("Environment", _table((), rows, is_text=True))


def _foot(_told: Told) -> Markup:
    return element("footer", f"Made by MLP Studio {__version__}.")


SECTIONS: tuple[Callable[[Told], Markup], ...] = (
    _heading,
    _boundary,
    _curves,
    _scores,
    _matrices,
    _experiment,
    _data,
    _network,
    _environment,
    _foot,
)


# --- pieces -----------------------------------------------------------------------------------------------


def _section(title: str, *content: object) -> Markup:
    return element("section", element("h2", title), *content)


def _table(titles: Sequence[str], rows: Iterable[Markup], caption: str = "", *, is_text: bool = False) -> Markup:
    """A table whose first column names the rows; the others are of figures, or of texts."""
    heads = [
        element("th", title, scope="col", class_="number" if place else None) for place, title in enumerate(titles)
    ]
    table = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", *heads)) if heads else None,
        element("tbody", *rows),
        class_="texts" if is_text else None,
    )
    return element("div", table, class_="scroll")


def _row(title: Markup | str, cells: Iterable[Markup | str], style: str | None = None) -> Markup:
    figures = [element("td", cell, class_="number") for cell in cells]
    return element("tr", element("th", title, scope="row"), *figures, class_=style)


def _counts(counts: Iterable[int]) -> list[str]:
    return [f"{count:,}" for count in counts]


def _number(value: float | None) -> str:
    if value is None or value != value:
        return UNKNOWN
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.2g}"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f} %"
