"""The sections of a script in NumPy: the network, its training by hand, and how it is asked."""

from itertools import pairwise

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import Experiment
from mlp_studio.core.export.formulas import ACTIVATION_CODE, INITIALIZER_CODE
from mlp_studio.core.export.pieces import WIDTH, Section, indented, joined
from mlp_studio.core.export.script_training import Dialect, report, training, update
from mlp_studio.core.network import layer_sizes
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.products import SMALL, THIN
from mlp_studio.core.randomness import Stream

DIALECT = Dialect(
    xp="np",
    net="params",
    params="params",
    copies="[w.copy() for w in params]",
    put_back="for w, kept in zip(params, {kept}):\n    w[:] = kept",
    batch="X_train[rows], y_train[rows]",
    all_rows="X_train, y_train",
    validation="X_validation, y_validation",
)


def numpy_sections(experiment: Experiment, prepared: Prepared, *, diverges: bool) -> list[Section]:
    """Network, training and the answer for a sample; `params` are then the trained weights."""
    sizes = layer_sizes(experiment.model, prepared.input_count, prepared.dataset.classes)
    activation = ACTIVATION_CODE[experiment.model.activation]
    network = Section(
        "network",
        "Network",
        "The first weights are drawn. A pass goes forward through the layers: z = a W + b, a = f(z).",
        joined(initialise(experiment, sizes), PRODUCTS, _forward(experiment, sizes), gap=2),
        activation.imports,
    )
    gradients = Section(
        "gradients",
        "Loss and gradients",
        "The loss is the mean cross-entropy; its gradients come from the chain rule, layer by layer from the last.",
        joined(_weighing(experiment), _cross_entropy(), _backward(experiment, sizes), gap=2),
    )
    has_validation = len(prepared.validation) > 0
    samples = [
        f"X_{part}, y_{part} = with_ones(inputs(X[{part}]), by_row=True), y[{part}]"
        for part in ("train", "validation")[: 1 + has_validation]
    ]
    start = [f"params = initialise(stream({Stream.INITIALIZATION:d}))"]
    start += [f"dropout_rng = stream({Stream.DROPOUT:d})"] if experiment.model.dropout else []
    parts = [
        update(experiment, DIALECT),
        _score(experiment) if has_validation else "",
        report(prepared),
        joined(*samples, *start, gap=0),
        training(experiment, prepared, DIALECT, diverges=diverges),
    ]
    text = "Each step moves the weights against the gradient."
    return [
        network,
        gradients,
        Section("training", "Training", text, joined(*parts, gap=2)),
        _answers(experiment, sizes),
    ]


def initialise(experiment: Experiment, sizes: tuple[int, ...], *, columns: bool = False) -> str:
    """`initialise(rng)`: W1, b1, W2 … in a list. NumPy, for both backends."""
    code = INITIALIZER_CODE[experiment.model.initialization]
    gain = ACTIVATIONS[experiment.model.activation].gain
    loop_lines = [code.spread, f"W = {code.W}", f"b = {code.b}", "params += [W.astype(DTYPE), b.astype(DTYPE)]"]
    head = "for fan_in, fan_out in zip(LAYERS[:-1], LAYERS[1:]):"
    gains = []
    if code.has_gain and gain != 1:
        gains = [f"gain = {gain!r} if len(params) < {2 * len(sizes) - 4} else 1.0  # the last layer has no f after it"]
    elif code.has_gain:
        loop_lines[0] = code.spread.replace("gain * ", "")
    if not code.spread:
        loop_lines = loop_lines[1:]
    if columns:
        loop_lines[-1] = 'params += [W.T.astype(DTYPE, order="C"), b[:, None].astype(DTYPE)]'
    body = [f'"""The first weights: {code.about}."""', "params = []", head]
    body += [f"    {line}" for line in gains + loop_lines]
    return joined(
        f"LAYERS = {list(sizes)}  # units of each layer, from the inputs to the classes",
        f"def initialise(rng):\n{indented([*body, 'return params'])}",
        gap=2,
    )


PRODUCTS = f'''\
# The three products of a layer. z = a W + b could be written as a @ W + b, but the last digits of a sum depend on the
# order in which it is added up. Here it is MLP Studio's: [a 1] [W; b] in one product, units first and samples last.


def product(A, B):
    """A B: row by row where there are few rows, column by column where there are few columns."""
    if A.size <= {SMALL} and B.size <= {SMALL}:
        return np.dot(A, B)
    if len(A) <= {THIN}:
        return np.matmul(A[:, None, :], B)[:, 0, :]
    if B.shape[1] <= {THIN}:
        return np.matmul(A, B.T[:, :, None])[:, :, 0].T
    return np.matmul(A, B)


def affine(A, W, b):
    """z = a W + b (n, fan_out), where A = [a 1]."""
    return product(np.vstack([W, b]).T, A.T).T


def weight_gradients(A, delta):
    """dW = aᵀ δ and db = Σ δ, where A = [a 1]."""
    gradients = product(A.T, delta)
    return gradients[:-1], gradients[-1]


def back(delta, W):
    """δ Wᵀ (n, fan_in): δ on its way back through a layer."""
    return product(W, delta.T).T


def with_ones(a, by_row=False):
    """[a 1]: a with a column of ones, whose weight is b. It is kept unit by unit, or `by_row`."""
    if by_row:
        return np.append(a, np.ones((len(a), 1), DTYPE), axis=1)
    return np.append(a.T, np.ones((1, len(a)), DTYPE), axis=0).T'''


def params_line(sizes: tuple[int, ...]) -> str:
    """W1, b1, W2 …"""
    return ", ".join(f"W{layer}, b{layer}" for layer in range(1, len(sizes)))


def _forward(experiment: Experiment, sizes: tuple[int, ...]) -> str:
    """A pass with names of its own for each layer; what the backward pass needs is returned, too."""
    code, dropout = ACTIVATION_CODE[experiment.model.activation], experiment.model.dropout
    last, fed, kept, lines = len(sizes) - 1, "X", [], []
    for layer, (_, units) in enumerate(list(pairwise(sizes))[:-1], start=1):
        z, a = f"z{layer}", f"a{layer}"
        lines += [
            f"{z} = affine({fed}, W{layer}, b{layer})  # (n, {units})",
            f"{a} = {code.f.format(z=z)}",
        ]
        kept += [z] if "{z}" in code.slope else []
        kept += [a] if code.slope else []
        if dropout:
            lines += [
                f"mask{layer} = dropout({a}, rng) if rng else 1",
                f"A{layer} = with_ones({a} * mask{layer})",
            ]
            kept += [f"mask{layer}"]
        else:
            lines += [f"A{layer} = with_ones({a})"]
        kept += [f"A{layer}"]
        fed = f"A{layer}"
    lines += [f"z{last} = affine({fed}, W{last}, b{last})  # the logits (n, {sizes[-1]})"]
    lines += [f"return z{last}, ({', '.join(kept)}{',' if len(kept) == 1 else ''})"]
    about = "The logits of samples X, whose last column is 1, and what the way back needs."
    head = "def forward(params, X, rng=None):" if dropout else "def forward(params, X):"
    forward = f"{head}\n{indented([f'{chr(34) * 3}{about}{chr(34) * 3}', f'{params_line(sizes)} = params', *lines])}"
    return joined(_DROPOUT if dropout else "", forward, gap=2)


_DROPOUT = '''\
def dropout(a, rng):
    """What each activation is multiplied by: 0 with probability p, else 1 / (1 − p), so that its mean stays."""
    is_kept = rng.random(a.T.shape, dtype=DTYPE).T < 1 - DROPOUT
    return is_kept * DTYPE(1 / (1 - DROPOUT))'''


def _weighing(experiment: Experiment) -> str:
    if not experiment.split.class_weights:
        return ""
    return '''\
def weigh(y):
    """What each sample counts: its class's weight over that of all samples."""
    weights = class_weights[y]
    return weights / weights.sum()'''


def _cross_entropy() -> str:
    return '''\
def cross_entropy(logits, y, s):
    """J = Σ s · −log ŷ[y] with ŷ = softmax(z), dJ/dz, and how many are right; s: what each sample counts."""
    samples = np.arange(len(y))
    z = logits - logits.max(axis=1, keepdims=True)  # ŷ stays the same, and nothing overflows
    e_z = np.exp(z)
    total = np.dot(np.ones(e_z.shape[1], DTYPE), e_z.T)  # Σ e^z over the classes; ŷ = e^z / Σ e^z
    J = np.dot(np.log(total) - z[samples, y], s)  # −log ŷ[y] = log Σ e^z − z[y]
    delta = e_z * (s / total)[:, None]  # s ŷ
    delta[samples, y] -= s  # dJ/dz = s (ŷ − onehot(y))
    return float(J), delta, np.count_nonzero(z.argmax(axis=1) == y)'''


def _backward(experiment: Experiment, sizes: tuple[int, ...]) -> str:
    code, train, last = ACTIVATION_CODE[experiment.model.activation], experiment.train, len(sizes) - 1
    dropout = bool(experiment.model.dropout)
    kept = _kept(code.slope, last, dropout)
    lines = [
        f"{params_line(sizes)} = params",
        *_unpacked(f"z{last}", kept, f"forward(params, X{', dropout_rng' if dropout else ''})"),
        "s = weigh(y)" if experiment.split.class_weights else "s = np.full(len(y), 1 / len(y), DTYPE)",
        f"J, delta{last}, right = cross_entropy(z{last}, y, s)",
    ]
    for layer in range(last, 0, -1):
        fed = f"A{layer - 1}" if layer > 1 else "X"
        lines += [f"dW{layer}, db{layer} = weight_gradients({fed}, delta{layer})"]
        if layer > 1:
            before, slope = layer - 1, code.slope.format(z=f"z{layer - 1}", a=f"a{layer - 1}")
            factors = [f"back(delta{layer}, W{layer})"]
            factors += [f"mask{before}"] if dropout else []
            factors += [slope] if slope else []
            lines += [f"delta{before} = {' * '.join(factors)}"]
    weights = range(1, last + 1)
    if train.l2:
        lines += ["# the penalty λ₂/2 ΣW² adds λ₂ W"] + [f"dW{layer} += L2 * W{layer}" for layer in weights]
    if train.l1:
        lines += ["# the penalty λ₁ Σ|W| adds λ₁ sign(W)"] + [
            f"dW{layer} += L1 * np.sign(W{layer})" for layer in weights
        ]
    gradients = ", ".join(f"dW{layer}, db{layer}" for layer in weights)
    lines += [f"return J, right, [{gradients}]"]
    about = '"""J of samples X of classes y, how many are right, and the gradients of all parameters."""'
    return f"def loss_and_gradients(params, X, y):\n{indented([about, *lines])}"


def _unpacked(z: str, kept: str, call: str) -> list[str]:
    line = f"{z}, {kept} = {call}"
    return [line] if len(line) <= WIDTH - 4 else [f"{z}, kept = {call}", f"{kept[1:-1]} = kept"]


def _kept(slope: str, last: int, dropout: bool) -> str:
    names = []
    for layer in range(1, last):
        names += [f"z{layer}"] if "{z}" in slope else []
        names += [f"a{layer}"] if slope else []
        names += [f"mask{layer}"] if dropout else []
        names += [f"A{layer}"]
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _score(experiment: Experiment) -> str:
    s = "weigh(y)" if experiment.split.class_weights else "np.full(len(y), 1 / len(y), DTYPE)"
    return f'''\
def score(params, X, y):
    """J and accuracy on samples that are not learned from."""
    z, _ = forward(params, X)
    J, _, right = cross_entropy(z, y, {s})
    return J, right / len(y)'''


def _answers(experiment: Experiment, sizes: tuple[int, ...]) -> Section:
    code, last, a, lines = ACTIVATION_CODE[experiment.model.activation], len(sizes) - 1, "inputs(X, float)", []
    for layer in range(1, last):
        lines += [f"z{layer} = {a} @ W{layer} + b{layer}", f"a{layer} = {code.f.format(z=f'z{layer}')}"]
        a = f"a{layer}"
    exact = experiment.train.precision == "float64"
    params = "params" if exact else "(w.astype(float) for w in params)"
    lines = [
        '"""The probability of each class (n, C) for samples X (n, D) in original units."""',
        f"{params_line(sizes)} = {params}",
        *lines,
        f"z{last} = {a} @ W{last} + b{last}",
        f"e_z = np.exp(z{last} - z{last}.max(axis=1, keepdims=True))",
        "return e_z / e_z.sum(axis=1, keepdims=True)  # softmax",
    ]
    text = "A new sample takes the same way as the training rows, without dropout."
    return Section("answers", "Predict", text, f"def predict(X):\n{indented(lines)}")
