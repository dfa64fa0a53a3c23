"""The sections of a script that both backends share: where the rows come from, the split, and what the network sees."""

import base64
import re
import zlib
from collections.abc import Iterator, Sequence
from textwrap import wrap

import numpy as np

from mlp_studio.core.account import Account, Place
from mlp_studio.core.config import Experiment
from mlp_studio.core.dataset import Dataset, Ints
from mlp_studio.core.export.formulas import DERIVATION_CODE, GENERATOR_CODE
from mlp_studio.core.export.pieces import Section, indented, joined, listing, literal
from mlp_studio.core.generators import GENERATORS, shares
from mlp_studio.core.prepare import Prepared, portions, strata
from mlp_studio.core.randomness import Stream, generator
from mlp_studio.core.sources import load_dataset
from mlp_studio.core.text_rows import MISSING

READABLE_ROWS = 300  # of so many points each has a line of its own; more are packed

SAMPLES = {  # a source → scikit-learn's function for it
    "iris": "load_iris",
    "wine": "load_wine",
    "breast_cancer": "load_breast_cancer",
    "digits": "load_digits",
}


def data_section(experiment: Experiment, prepared: Prepared) -> Section:
    """X (N, D) and y (N,), with CLASSES, the names of the classes as they are printed."""
    source, data = experiment.data.source, prepared.dataset
    if source in GENERATORS and _is_drawn(experiment, data):
        section = _generated(experiment, data)
    elif source in SAMPLES:
        section = _sample(source, data)
    elif is_read(prepared):
        section = _table(experiment, data)
    else:
        return _embedded(data)  # whose labels are those that are trained on, dealt out or not
    if not experiment.data.shuffle_labels:
        return section
    rng = "rng" if source in GENERATORS else f"stream({Stream.DATA:d})"
    shuffle = f"y = {rng}.permutation(y)  # labels dealt out by chance: there is nothing to learn"
    return Section(section.name, section.title, section.text, joined(section.code, shuffle, gap=0), section.imports)


def is_read(prepared: Prepared) -> bool:
    """Whether the rows come from a file of which enough is known to read it again."""
    account = prepared.dataset.account
    return account is not None and account.label is not None


# --- made-up data, sample tables, painted points ------------------------------------------------------------------


def _is_drawn(experiment: Experiment, data: Dataset) -> bool:
    """Whether the rows are those that the generator draws today: an old project may have others."""
    drawn = load_dataset(experiment.data, generator(experiment.seed, Stream.DATA))
    is_same = drawn.class_names == data.class_names and drawn.feature_names == data.feature_names
    return is_same and np.array_equal(drawn.X, data.X) and np.array_equal(drawn.y, data.y)


def _classes(names: Sequence[str]) -> str:
    return listing("CLASSES", [literal(name) for name in names])


def _generated(experiment: Experiment, data: Dataset) -> Section:
    config, classes = experiment.data, data.classes
    code = GENERATOR_CODE[config.source]
    fill = {"classes": str(classes), "step": "4.0" if classes == 3 else f"(2 * np.pi / {classes})"}
    settings = [
        _classes(data.class_names),
        f"COUNTS = {shares(config.rows, classes)}  # points of each class",
        f"NOISE = {config.noise!r}  # {code.noise}" if code.noise else "",
    ]
    lines = [f'"""{code.about.format(**fill)}"""', *(line.format(**fill) for line in code.lines)]
    draw = joined("def draw(rng):", indented(lines), gap=0)
    use = f"""\
rng = stream({Stream.DATA:d})
X = draw(rng)  # (N, 2)
y = np.repeat(np.arange({classes}), COUNTS)  # (N,)
order = rng.permutation(len(y))
X, y = X[order], y[order]"""
    text = "The points are drawn, class after class, then put in a random order."
    return Section("data", "Data", text, joined(joined(*settings, gap=0), draw, use, gap=2))


def _sample(source: str, data: Dataset) -> Section:
    loader = SAMPLES[source]
    code = f"table = {loader}()\nX, y = table.data, table.target  # (N, {data.features}), (N,)"
    text = "One of scikit-learn's sample tables."
    imports = (f"from sklearn.datasets import {loader}",)
    return Section("data", "Data", text, joined(_classes(data.class_names), code, gap=0), imports)


def _embedded(data: Dataset) -> Section:
    """The rows themselves: painted points, or those of a table whose file is not known."""
    columns = [data.X, data.y[:, None]]
    about = "the features and the class of each row"
    use = "X, y = POINTS[:, :-1], POINTS[:, -1].astype(int)"
    if data.tickets is not None:
        columns.append(data.tickets[:, None])
        about = "x and y of each point, its class, and the ticket that decides its share of the split"
        use = "X, y, tickets = POINTS[:, :-2], POINTS[:, -2].astype(int), POINTS[:, -1]"
    rows = np.column_stack(columns)
    use = f"{use}\nX = np.ascontiguousarray(X)"
    text = "The rows are part of this file."
    if data.rows <= READABLE_ROWS and rows.shape[1] <= 8:
        points = listing("POINTS", [_row(row) for row in rows.tolist()], about)
        code = joined(points, "POINTS = np.array(POINTS)", use, gap=0)
        return Section("data", "Data", text, joined(_classes(data.class_names), code, gap=0))
    packed = base64.b64encode(zlib.compress(rows.astype("<f8").tobytes(), 9)).decode()
    lines = "\n".join(wrap(packed, 116))
    code = f"""\
# {about}: float64, packed
POINTS = \"\"\"
{lines}
\"\"\"
POINTS = np.frombuffer(zlib.decompress(base64.b64decode(POINTS)), "<f8").reshape(-1, {rows.shape[1]})
{use}"""
    code = joined(_classes(data.class_names), code, gap=0)
    return Section("data", "Data", text, code, ("import base64", "import zlib"))


def _row(values: Sequence[float]) -> str:
    return f"({', '.join(str(int(v)) if v == int(v) and abs(v) < 1e15 else repr(v) for v in values)})"


# --- a table from a file ------------------------------------------------------------------------------------------


def _table(experiment: Experiment, data: Dataset) -> Section:
    """The file is read again, with what its rows need and no more."""
    account = data.account
    assert account is not None  # noqa: S101 - see `is_read`
    assert account.label is not None  # noqa: S101
    texts = dict(account.encoded)
    by_name = account.format.header and all(map(_is_as_written, (*account.features, account.label)))
    rows, imports = _rows(account)
    features = [literal(_key(one, by_name)) for one in account.features]
    settings = [
        f"PATH = {literal(experiment.data.path)}",
        listing("FEATURES", features, "" if by_name else "the columns' numbers, counted from 0"),
        f"LABEL = {literal(_key(account.label, by_name))}",
        _texts(account, by_name) if texts else "",
    ]
    has_gaps = any(one.reason == "missing values" for one in account.dropped) or bool(account.filled)
    parts = [
        joined(*settings, gap=0),
        rows,
        _one_hot(bool(texts), has_gaps),
        _number(account, has_gaps, len(texts) < len(account.features)),
        _read(account, by_name, bool(texts)),
    ]
    read = joined("X, labels = read(PATH)  # (N, D), (N,)", *_dropped(account, experiment.data.missing), gap=0)
    encode = """\
CLASSES = sorted(set(labels))
numbers = {label: k for k, label in enumerate(CLASSES)}
y = np.array([numbers[label] for label in labels])"""
    text = "The table is read row by row; the classes are numbered in the order of their names."
    return Section("data", "Data", text, joined(*parts, joined(read, encode, gap=0), gap=2), imports)


def _key(column: Place, by_name: bool) -> str | int:
    """What a script calls a column."""
    return column.name if by_name else column.before


def _is_as_written(column: Place) -> bool:
    """Whether a column's name is surely the one in the file, and not made up where that has none or the same twice."""
    return column.name != f"column {column.before + 1}" and not re.search(r" \(\d+\)$", column.name)


def _rows(account: Account) -> tuple[str, tuple[str, ...]]:
    """`table(path)`: the rows as cells of text, the first of them with the names of the columns where it has them."""
    if account.kind == "excel":
        body = '''\
    """The rows of the first sheet, as cells of text."""
    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows if any(cell.strip() for cell in row)]'''
        return f"def table(path):\n{body}", ("import openpyxl",)
    if account.kind == "parquet":
        body = '''\
    """The names of the columns, then the rows, as cells of text."""
    columns = parquet.read_table(path)
    cells = [["" if cell is None else str(cell) for cell in column.to_pylist()] for column in columns.columns]
    return [columns.column_names, *map(list, zip(*cells))]'''
        return f"def table(path):\n{body}", ("from pyarrow import parquet",)
    delimiter = "" if account.format.delimiter == "," else f", delimiter={literal(account.format.delimiter)}"
    body = f'''\
    """The rows that are not empty, as cells of text."""
    with open(path, encoding={literal(account.format.encoding)}, newline="") as file:
        return [row for row in csv.reader(file{delimiter}) if len(row) > 1]'''
    return f"def table(path):\n{body}", ("import csv",)


def _texts(account: Account, by_name: bool) -> str:
    """The columns of text with their values, each of which becomes an input."""
    places = {one.name: literal(_key(one, by_name)) for one in account.features}
    rows = [f"{places[name]}: [{', '.join(map(literal, values))}]" for name, values in account.encoded]
    return listing("TEXTS", rows, "each value becomes an input of its own", "{}")


def _one_hot(has_texts: bool, has_gaps: bool) -> str:
    if not has_texts:
        return ""
    body = "    return [float(text == value) for value in values]"
    gap = "    if not text:\n        return [np.nan] * len(values)\n" if has_gaps else ""
    return f'''\
def one_hot(cell, values):
    """1 for the value that is in a cell, 0 for the others."""
    text = " ".join(cell.split())
{gap}{body}'''


def _number(account: Account, has_gaps: bool, has_numbers: bool) -> str:
    """`number(cell)` where float(cell) alone does not do."""
    if not has_numbers or (account.format.decimal == "." and not has_gaps):
        return ""
    plain = 'cell.replace(",", ".")' if account.format.decimal == "," else "cell"
    if not has_gaps:
        return f'def number(cell):\n    """A number with a decimal comma."""\n    return float({plain})'
    missing = listing("MISSING", [literal(word) for word in sorted(MISSING)], brackets="{}")
    function = f'''\
def number(cell):
    """The number in a cell, nan where it is missing."""
    return np.nan if cell.strip().casefold() in MISSING else float({plain})'''
    return joined(missing, function, gap=2)


def _read(account: Account, by_name: bool, has_texts: bool) -> str:
    has_gaps = any(one.reason == "missing values" for one in account.dropped) or bool(account.filled)
    number = "float" if account.format.decimal == "." and not has_gaps else "number"
    lines = ['"""The features X (N, D) and the labels (N,) of a table."""']
    if by_name:
        lines += [
            "header, *rows = table(path)",
            'names = [" ".join(name.split()) for name in header]',
            "columns = [names.index(name) for name in FEATURES]",
            "label = names.index(LABEL)",
        ]
    else:
        lines += ["header, *rows = table(path)" if account.format.header else "rows = table(path)"]
        lines += ["columns, label = FEATURES, LABEL"]
    if not has_texts:
        lines += [f"X = [[{number}(row[column]) for column in columns] for row in rows]"]
    else:
        lines += [
            "X = []",
            "for row in rows:",
            "    X.append([])",
            "    for name, column in zip(FEATURES, columns):",
            "        is_text = name in TEXTS",
            f"        X[-1] += one_hot(row[column], TEXTS[name]) if is_text else [{number}(row[column])]",
        ]
    lines += ['return np.array(X), np.array([" ".join(row[label].split()) for row in rows], dtype=object)']
    return f"def read(path):\n{indented(lines)}"


def _dropped(account: Account, missing: str) -> Iterator[str]:
    """Leave out the rows that cannot be used, for the reasons that there are."""
    reasons = {
        "missing values": "np.isnan(X).any(axis=1)" if missing == "drop" else "np.isnan(X).all(axis=1)",
        "infinite values": "np.isinf(X).any(axis=1)",
        "an empty label": 'labels == ""',
    }
    for one in account.dropped:
        yield f"is_used = ~({reasons[one.reason]})  # rows that are dropped for {one.reason}"
        yield "X, labels = X[is_used], labels[is_used]"


# --- split --------------------------------------------------------------------------------------------------------


def split_section(experiment: Experiment, prepared: Prepared) -> Section:
    """train, validation and test: the rows of each, in their order."""
    data, names = prepared.dataset, ", ".join(prepared.parts)
    text = "Training rows are learned from, validation rows watched, and test rows kept for the final figures."
    if data.tickets is not None:
        bounds = np.cumsum(portions(experiment.split)[:2]).tolist()
        code = f"""\
BOUNDS = {bounds!r}  # tickets below the first are trained on, below the second watched

part = np.searchsorted(BOUNDS, tickets, side="right")
{names} = (np.flatnonzero(part == k) for k in range(3))"""
        return Section("split", "Split", text, code)
    sizes = _part_sizes(prepared, strata(data, experiment.split, []))
    use = f"{names} = split(y, stream({Stream.SPLIT:d}))"
    if len(sizes) == 1:
        code = f'''\
PARTS = {sizes[0]}  # rows of training, validation and test


def split(y, rng):
    """The rows of training, validation and test, dealt out by chance."""
    rows = rng.permutation(len(y))
    return [rng.permutation(part) for part in np.split(rows, np.cumsum(PARTS)[:-1])]'''
        return Section("split", "Split", text, joined(code, use, gap=2))
    parts = listing("PARTS", list(map(str, sizes)), "of each class: rows of training, validation, test")
    code = '''\
def split(y, rng):
    """The rows of training, validation and test: each class is dealt out by chance, in the same portions."""
    parts = [], [], []
    for k, sizes in enumerate(PARTS):
        rows = rng.permutation(np.flatnonzero(y == k))
        for part, piece in zip(parts, np.split(rows, np.cumsum(sizes)[:-1])):
            part.append(piece)
    return [rng.permutation(np.concatenate(part)) for part in parts]'''
    text += " Each class has the same share in all three."
    return Section("split", "Split", text, joined(parts, code, use, gap=2))


def _part_sizes(prepared: Prepared, groups: Sequence[Ints]) -> list[tuple[int, ...]]:
    """How many rows of each group are in each part."""
    part_of = np.zeros(prepared.dataset.rows, np.int64)
    for number, part in enumerate(prepared.parts.values()):
        part_of[part.rows] = number
    return [tuple(np.bincount(part_of[group], minlength=3).tolist()) for group in groups]


# --- what the network sees ----------------------------------------------------------------------------------------


def inputs_section(experiment: Experiment, prepared: Prepared) -> Section:
    """`inputs(X)`: what the network sees of samples in original units."""
    split = experiment.split
    imports = ("from itertools import combinations",) if "product" in split.derived else ()
    value = "derive(X)" if split.derived else "X"
    value = f"(({value} - mean) / scale)" if split.standardize else value
    inputs = f'''\
def inputs(X, dtype=DTYPE):
    """What the network sees of samples X (n, {prepared.dataset.features}): (n, {prepared.input_count})."""
    return {value}.astype(dtype)'''
    parts = [
        _filled(prepared),
        _derived(prepared),
        _scaler(prepared) if split.standardize else "",
        inputs,
        _class_weights(prepared) if split.class_weights else "",
    ]
    title = "Standardise" if split.standardize else "Inputs"
    return Section("inputs", title, _told(experiment), joined(*parts, gap=2), imports)


def _told(experiment: Experiment) -> str:
    split, sentences = experiment.split, []
    if split.derived:
        sentences.append("Inputs that are made from the features help a network to bend its boundary.")
    if split.standardize:
        sentences.append("Each input gets mean 0 and spread 1, as measured on the training rows alone.")
    if split.class_weights:
        sentences.append("A rare class counts as much as a common one: each sample weighs 1 / rows of its class.")
    return " ".join(sentences) or "The network is fed the features as they are."


def _filled(prepared: Prepared) -> str:
    """Missing values are filled from the training rows: the median, of text the most frequent value."""
    gaps = prepared.dataset.gaps if is_read(prepared) else ()  # embedded rows are filled
    numbers = [gap.columns[0] for gap in gaps if len(gap.columns) == 1]
    texts = [list(gap.columns) for gap in gaps if len(gap.columns) > 1]
    lines = []
    if numbers:
        lines += [
            "# missing numbers: the median of the training rows",
            f"for column in {numbers}:",
            "    X[np.isnan(X[:, column]), column] = np.nanmedian(X[train, column])",
        ]
    if texts:
        lines += [
            "# missing texts: the one that is most frequent in the training rows",
            f"for columns in {texts}:",
            "    frequent = np.nansum(X[np.ix_(train, columns)], axis=0).argmax()",
            "    missing = np.flatnonzero(np.isnan(X[:, columns[0]]))",
            "    X[np.ix_(missing, columns)] = np.eye(len(columns))[frequent]",
        ]
    return "\n".join(lines)


def _derived(prepared: Prepared) -> str:
    if not prepared.derived:
        return ""
    columns = [DERIVATION_CODE[name].format(features=prepared.dataset.features) for name in prepared.derived]
    made = listing("    inputs", ["X", *columns]).replace("\n    ", "\n        ").replace("\n]", "\n    ]")
    return f'''\
def derive(X):
    """The inputs (n, {prepared.input_count}) of samples X (n, {prepared.dataset.features})."""
{made}
    return np.ascontiguousarray(np.column_stack(inputs))'''


def _scaler(prepared: Prepared) -> str:
    X = "derive(X[train])" if prepared.derived else "X[train]"
    lines = [
        f"known = {X}",
        "shifted = known - known[0]  # from the first row on: less is lost to rounding",
        "mean, scale = known[0] + shifted.mean(axis=0), shifted.std(axis=0)",
    ]
    if (prepared.scaler.scale == 1).any():
        lines.append("scale[scale <= 10 * np.finfo(float).eps * np.abs(mean)] = 1  # a column of one value")
    return "\n".join(lines)


def _class_weights(prepared: Prepared) -> str:
    counts = f"np.bincount(y[train], minlength={prepared.dataset.classes})"
    if prepared.class_weights is not None and (prepared.class_weights == 0).any():
        return f"counts = {counts}\nclass_weights = np.where(counts > 0, 1 / np.maximum(counts, 1), 0).astype(DTYPE)"
    return f"class_weights = (1 / {counts}).astype(DTYPE)"
