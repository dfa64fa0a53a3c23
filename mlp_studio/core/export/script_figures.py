"""The last sections of a script: precision, recall and F1 as the studio prints them, and pictures."""

from mlp_studio.core.config import Experiment
from mlp_studio.core.export.pieces import Section, indented, joined, literal
from mlp_studio.core.prepare import Prepared

LONGEST_NAME = 24  # characters of a class's name that are printed
_PRINTED = {"validation": "val"}  # as in the studio's report
LEGEND = 20  # classes that it has room for


def figures_sections(experiment: Experiment, prepared: Prepared) -> list[Section]:
    """What the trained network is worth. It is asked by `predict`."""
    del experiment
    return [_evaluation(prepared), _pictures(prepared)]


def _is_plain(name: str) -> bool:
    """Whether a name is printed as it is, wherever that is."""
    return name.isascii() and name.isprintable() and len(name) <= LONGEST_NAME


SHOWN = f'''\
def shown(name):
    """A name on one line, without what does not print."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(name.split()))[:{LONGEST_NAME}]'''

SCORES = '''\
def scores(y, predicted):
    """Precision, recall, F1 and the true rows of each class (C,): 0 where a denominator is 0."""
    C = len(CLASSES)
    confusion = np.bincount(C * y + predicted, minlength=C * C).reshape(C, C)  # rows: truth, columns: prediction
    hits, support, claimed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = hits / np.maximum(claimed, 1)  # TP / (TP + FP)
    recall = hits / np.maximum(support, 1)  # TP / (TP + FN)
    f1 = 2 * hits / np.maximum(support + claimed, 1)  # 2 P R / (P + R)
    return precision, recall, f1, support'''


def _evaluation(prepared: Prepared) -> Section:
    names = prepared.dataset.class_names
    are_plain = all(map(_is_plain, names))
    name = "{name}" if are_plain else "{shown(name)}"
    longest = max(map(len, names)) if are_plain else LONGEST_NAME
    stdout = "" if are_plain else 'sys.stdout.reconfigure(errors="replace")  # not every terminal knows every letter'
    parts = {part: _PRINTED.get(part, part) for part, rows in prepared.parts.items() if len(rows)}
    last, label = list(parts.items())[-1]
    row = f'''\
def row(name, *cells):
    """A line of the table."""
    print(f"{{name:<{max(12, longest + 5)}}}" + "".join(f"{{cell:>11}}" for cell in cells))'''
    code = f'''\
predicted = predict(X).argmax(axis=1)
print()
row("evaluation", "precision", "recall", "f1", "accuracy", "rows")
for part, rows in {{{", ".join(f'"{label}": {part}' for part, label in parts.items())}}}.items():
    *figures, support = scores(y[rows], predicted[rows])
    overall = [f"{{values @ support / len(rows):.4f}}" for values in figures]  # weighted by the classes' rows
    row(part, *overall, f"{{np.mean(y[rows] == predicted[rows]):.4f}}", f"{{len(rows):,}}")
for name, *figures, support in zip(CLASSES, *scores(y[{last}], predicted[{last}])):
    row(f"{label} {name}", *(f"{{value:.4f}}" for value in figures), "", f"{{support:,}}")'''
    text = "Precision, recall and F1: of each part weighted by its classes' rows, then of each class of the last part."
    imports = () if are_plain else ("import sys",)
    helpers = joined(SCORES, "" if are_plain else SHOWN, row, gap=2)
    return Section("evaluation", "Evaluation", text, joined(helpers, joined(stdout, code, gap=0), gap=2), imports)


def _pictures(prepared: Prepared) -> Section:
    """The curves, and in the plane of the first two features the boundary; in one dimension the curves alone."""
    data = prepared.dataset
    has_dollar = any("$" in name for name in (*data.class_names, *data.feature_names[:2]))
    lines = [
        "import matplotlib.pyplot as plt",
        "",
        *(['plt.rcParams["text.parse_math"] = False  # a $ in a name is a $'] if has_dollar else []),
        *_curves(prepared),
    ]
    if data.features > 1:
        lines += _boundary(prepared)
    text = "The curves, and the decision boundary with the rows of training and test."
    code = f"""\
def plot():
    \"\"\"The loss of every epoch{", and the decision boundary" if data.features > 1 else ""}.\"\"\"
{indented([*lines, "plt.show()"])}


if find_spec("matplotlib"):
    plot()
else:
    print("The pictures need matplotlib: pip install matplotlib")"""
    return Section("pictures", "Pictures", text, code, ("from importlib.util import find_spec",))


def _curves(prepared: Prepared) -> list[str]:
    columns = 3 if prepared.dataset.features > 1 and len(prepared.test) else 2
    first = "axes[0]"
    if prepared.dataset.features > 1:
        lines = [f'_, axes = plt.subplots(1, {columns}, figsize=({5 * columns}, 5), layout="constrained")']
    else:
        lines, first = ["_, axis = plt.subplots()"], "axis"
    lines += [
        f"curves = np.reshape(history, (-1, {4 if len(prepared.validation) else 2}))",
        "epochs = np.arange(1, len(curves) + 1)",
        f'{first}.plot(epochs, curves[:, 0], label="training")',
        *([f'{first}.plot(epochs, curves[:, 2], "--", label="validation")'] if len(prepared.validation) else []),
        f'{first}.set(title="Loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")',
        f"{first}.legend()",
    ]
    return lines


def _boundary(prepared: Prepared) -> list[str]:
    data = prepared.dataset
    parts = {"Training": "train"} | ({"Test": "test"} if len(prepared.test) else {})
    label = "name" if all(map(_is_plain, data.class_names)) else "shown(name)"
    x, y = (literal(name) for name in data.feature_names[:2])
    held = ["points = np.tile(X[train].mean(axis=0), (u.size, 1))  # the other features at their mean"]
    place = ["points[:, 0], points[:, 1] = u.ravel(), v.ravel()"]
    return [
        "low, high = X[:, :2].min(axis=0), X[:, :2].max(axis=0)",
        "room = 0.05 * (high - low)",
        "u, v = np.meshgrid(*np.linspace(low - room, high + room, 200).T)",
        *(held + place if data.features > 2 else ["points = np.column_stack([u.ravel(), v.ravel()])"]),
        "winner = predict(points).argmax(axis=1).reshape(u.shape)",
        'colours = [f"C{k}" for k in range(len(CLASSES))]',
        f"for axis, title, rows in zip(axes[1:], {literal(list(parts))}, [{', '.join(parts.values())}]):",
        "    axis.contourf(u, v, winner, levels=np.arange(len(CLASSES) + 1) - 0.5, colors=colours, alpha=0.3)",
        "    for k, name in enumerate(CLASSES):",
        "        own = rows[y[rows] == k]",
        f"        axis.scatter(X[own, 0], X[own, 1], s=12, color=colours[k], label={label})",
        f"    axis.set(title=title, xlabel={x}, ylabel={y})",
        *(["axes[1].legend()"] if data.classes <= LEGEND else []),
    ]
