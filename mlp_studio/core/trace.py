"""One pass of the lesson with its numbers: initialise, forward, cross-entropy, gradients, update, repeat.

The numbers are those of `NumpyMLP`, which is watched while it takes one step; nothing is computed a second time.
Layers count from 1; layer 0 is the input.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.numpy_mlp import NumpyMLP
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.config import Experiment
from mlp_studio.core.gradcheck import Difference, engine, parameter_difference, signal_difference
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.network import Params, may_overflow, parameter_count
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import Part, Prepared
from mlp_studio.core.trainer import initial_params

Array: TypeAlias = NDArray[Any]

SAMPLES, NONE = -1, -2  # what an axis runs over, where it is not the units of a layer (0, 1, …)
WORK = 2e7  # weights times samples that a trace may take: a few hundredths of a second
MOST_VALUES = 4e6  # of all layers together


class StepInfo(NamedTuple):
    """What one of the six steps is called and does."""

    name: str
    title: str
    help: str


STEPS = (
    StepInfo(
        "Start",
        "Initialise",
        "Weights are drawn at random, so that the units of a layer differ; biases start at zero or close to it.",
    ),
    StepInfo(
        "Forward",
        "Forward pass: z = aW + b, a = f(z)",
        "Each layer adds up its inputs by weight, then bends the sum; softmax turns the logits into probabilities.",
    ),
    StepInfo(
        "Loss",
        "Cross-entropy: J = mean −log ŷ[y]",
        "The loss is the surprise at the true class: 0 where it was given all the probability, and without bound.",
    ),
    StepInfo(
        "Gradients",
        "Backward pass: δ, dW, db",
        "The chain rule carries δ = dJ/dz from the last layer to the first; beside each stands a measured slope.",
    ),
    StepInfo(
        "Update",
        "Update: W ← W + ΔW",
        "The optimizer moves every weight and bias a little in the direction in which the loss falls.",
    ),
    StepInfo(
        "Repeat",
        "Repeat",
        "The same samples once more, with the new weights; training goes round from here until the epochs are done.",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """One value of the pass, read-only. `rows` and `columns` say what its axes run over.

    An axis runs over the units of a layer (0: the features), over `SAMPLES`, or over `NONE` (there is only one).
    `gradient` names what a difference quotient can be taken by: "W", "b", "z", or "".
    """

    key: str
    symbol: str
    formula: str
    help: str
    layer: int
    values: Array
    rows: int
    columns: int
    gradient: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values, () for a number."""
        return self.values.shape

    @property
    def grid(self) -> Array:
        """The values as (rows, columns): a vector is one row."""
        return self.values.reshape(1, -1) if self.values.ndim < 2 else self.values


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The six steps of one pass over `batch`, with the weights `params`.

    `before` and `after` are the scores with these weights and with the updated ones. `notes` are sentences to show.
    `activity` [layer] (units,) is the mean input, activation or ŷ of each unit, for a picture of the network.
    """

    experiment: Experiment
    prepared: Prepared
    params: Params
    batch: Part
    steps: tuple[tuple[Quantity, ...], ...]
    before: Scores
    after: Scores
    updated: Params
    activity: tuple[Array, ...]
    notes: tuple[str, ...] = ()
    _differences: dict[tuple[str, tuple[int, ...]], Difference] = field(default_factory=dict, repr=False)

    def __getitem__(self, key: str) -> Quantity:
        """The quantity of this key, such as "dW1"."""
        return next(quantity for step in self.steps for quantity in step if quantity.key == key)

    def difference(self, quantity: Quantity, index: tuple[int, ...]) -> Difference:
        """An entry of a gradient beside its difference quotient; measured when it is first asked for."""
        known = self._differences.get((quantity.key, index))
        if known is None:
            known = self._differences[quantity.key, index] = self._measure(quantity, index)
        return known

    @may_overflow
    def _measure(self, quantity: Quantity, index: tuple[int, ...]) -> Difference:
        parts = (self.experiment, self.prepared, self.params, self.batch)
        if quantity.gradient == "z":
            sample, unit = index
            z = self[f"z{quantity.layer}"].values
            return signal_difference(*parts, z, (quantity.layer, sample, unit, float(quantity.values[index])))
        kind = "W" if quantity.gradient == "W" else "b"
        return parameter_difference(*parts, (quantity.layer, kind, index))  # type: ignore[arg-type]


def training_batch(prepared: Prepared, params: Params) -> Part:
    """The training rows, or the first of them where all would take too long to follow."""
    sizes = (params[0].W.shape[0], *(W.shape[1] for W, _ in params))
    most = max(1, int(min(WORK / parameter_count(sizes), MOST_VALUES / sum(sizes))))
    train = prepared.train
    return train if len(train) <= most else Part(train.rows[:most], train.X[:most], train.y[:most])


@may_overflow
def trace(
    experiment: Experiment,
    prepared: Prepared,
    params: Params,
    batch: Part | None = None,
    checkpoint: Checkpoint | None = None,
    precision: str = "float64",
) -> Trace:
    """Follow one step over `batch` (None: the training rows) from the weights `params`.

    `checkpoint` brings the optimizer's memory; without it the optimizer starts afresh.
    """
    batch = training_batch(prepared, params) if batch is None else batch
    network = engine(experiment, prepared, params, batch, precision)
    if checkpoint is not None:
        network.restore(Checkpoint(network.checkpoint().weights, checkpoint.memory, checkpoint.updates))
    before, seen = _watched(network)
    gradients, start = network.gradients(), network.params()
    network.step(None, experiment.train)
    updated = network.params()
    after, seen_after = _watched(network)

    drawn = initial_params(experiment, prepared)
    at_start = _same(drawn, params)
    y_hat_after = seen_after["y_hat", len(params)]
    record = _Record(
        experiment, prepared, drawn, at_start, start, updated, gradients, batch, seen, y_hat_after, before, after
    )
    steps = (record.start(), record.forward(), record.loss(), record.backward(), record.update(), record.repeat())
    last = len(params)
    signals = [batch.X, *(seen["a", layer] for layer in range(1, last)), seen["y_hat", last]]
    activity = tuple(signal.mean(axis=0) for signal in signals)
    notes = _notes(experiment, prepared, batch, remembers=at_start or checkpoint is not None)
    return Trace(experiment, prepared, start, batch, steps, before, after, updated, activity, notes)


def _watched(network: NumpyMLP) -> tuple[Scores, dict[tuple[str, int], Array]]:
    """Scores of a forward and backward pass, and what was seen on the way: (name, layer) → a copy."""
    seen: dict[tuple[str, int], Array] = {}

    def watch(name: str, layer: int, array: Array) -> None:
        seen[name, layer + 1] = array.copy()

    network.watch = watch
    scores = network.backward(None)
    network.watch = None
    return scores, seen


def _notes(experiment: Experiment, prepared: Prepared, batch: Part, *, remembers: bool) -> tuple[str, ...]:
    notes = []
    if experiment.model.backend != "numpy":
        notes.append("This run trains in PyTorch; the numbers here are those of the NumPy network with its weights.")
    if experiment.model.dropout:
        notes.append("Dropout is off here: every unit takes part.")
    if 1 < len(batch) < len(prepared.train):
        notes.append(f"The first {len(batch):,} of {len(prepared.train):,} training rows: all would take too long.")
    optimizer = OPTIMIZERS[experiment.train.optimizer]
    if optimizer.memory and not remembers:
        notes.append(
            f"{optimizer.label}'s memory is known of the last epoch alone, at rest: the update is its first one."
        )
    return tuple(notes)


def _same(first: Params, second: Params) -> bool:
    """Whether two networks of one shape have the same weights, in the precision of the second."""
    return all(
        np.array_equal(one.astype(other.dtype), other)
        for mine, theirs in zip(first, second, strict=True)
        for one, other in zip(mine, theirs, strict=True)
    )


def subscript(number: int) -> str:
    """A layer's number as it is written beneath a symbol."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


@dataclass(frozen=True, slots=True)
class _Record:
    """What was seen of the pass; each method makes the quantities of one step."""

    experiment: Experiment
    prepared: Prepared
    drawn: Params
    at_start: bool  # whether the weights are still those that were drawn
    params: Params
    updated: Params
    gradients: Params
    batch: Part
    seen: dict[tuple[str, int], Array]
    y_hat_after: Array
    before: Scores
    after: Scores

    @property
    def last(self) -> int:
        return len(self.params)

    def _input(self, layer: int) -> str:
        return "X" if layer == 1 else f"a{subscript(layer - 1)}"

    def start(self) -> tuple[Quantity, ...]:
        initializer = INITIALIZERS[self.experiment.model.initialization]
        quantities = []
        for layer, ((W0, b0), (W, b)) in enumerate(zip(self.drawn, self.params, strict=True), start=1):
            n = subscript(layer)
            b_formula = f"b{n} = 0" if not b0.any() else f"b{n}: {initializer.label}"
            at_start = " at the start"
            quantities += [
                _weights(f"W{layer}.start", f"W{n}", f"{initializer.label}{at_start}", initializer.help, layer, W0),
                _biases(f"b{layer}.start", f"b{n}", b_formula + at_start, "What the seed gives the biases.", layer, b0),
            ]
            if not self.at_start:
                help_W = f"The weights into layer {layer} now: a column for each of its units, a row for each input."
                help_b = f"The biases of layer {layer} now: what each unit adds to its sum."
                quantities += [
                    _weights(f"W{layer}", f"W{n}", "now", help_W, layer, W),
                    _biases(f"b{layer}", f"b{n}", "now", help_b, layer, b),
                ]
        return tuple(quantities)

    def forward(self) -> tuple[Quantity, ...]:
        entry = ACTIVATIONS[self.experiment.model.activation]
        X = self.batch.X
        quantities = [
            Quantity(
                "X",
                "X",
                "scaled inputs" if self.prepared.derived else "scaled features",
                "The samples, standardised as training sees them.",
                0,
                _frozen(X),
                SAMPLES,
                0,
            )
        ]
        for layer in range(1, self.last + 1):
            n, source = subscript(layer), self._input(layer)
            logits = layer == self.last
            help_z = f"What each unit of layer {layer} adds up: its inputs by weight, and its bias."
            if logits:
                help_z = "The logits: one score for each class, before softmax."
            formula = f"z{n} = {source} W{n} + b{n}" + ("   logits" if logits else "")
            quantities.append(_signal(f"z{layer}", f"z{n}", formula, help_z, layer, self.seen["z", layer]))
            if not logits:
                formula = f"a{n} = f(z{n}),   {entry.formula}"
                help_a = f"What layer {layer} hands on: {entry.label} of each sum."
                quantities.append(_signal(f"a{layer}", f"a{n}", formula, help_a, layer, self.seen["a", layer]))
        n = subscript(self.last)
        help_y = "The probability of each class: each row adds up to 1."
        formula = f"ŷ = softmax(z{n}) = e^z / Σ e^z"
        return (*quantities, _signal("y_hat", "ŷ", formula, help_y, self.last, self.seen["y_hat", self.last]))

    def loss(self) -> tuple[Quantity, ...]:
        y, y_hat = self.batch.y, self.seen["y_hat", self.last]
        losses = self.seen["losses", self.last]
        weights = self.prepared.class_weights
        quantities = [
            _signal("y_hat.3", "ŷ", "from step 2", "The probability of each class.", self.last, y_hat),
            _samples("y", "y", "true class, from 0", "The class that each sample truly has.", self.last, y),
            _samples(
                "p",
                "ŷ[y]",
                "probability of the true class",
                "What the network gives the true class.",
                self.last,
                y_hat[np.arange(len(y)), y],
            ),
            _samples("losses", "ℓ", "ℓ = −log ŷ[y]", "The surprise at the true class, in nats.", self.last, losses),
        ]
        formula = "J = Σ ℓ / n"
        if weights is not None:
            help_s = "What a sample counts: 1 / training rows of its class."
            quantities.append(_samples("s", "s", "s = class weight of y", help_s, self.last, weights[y]))
            formula = "J = Σ s ℓ / Σ s"
        help_J = "The loss of these samples: what training makes small."
        return (*quantities, _number("J", "J", formula, help_J, self.before.loss))

    def backward(self) -> tuple[Quantity, ...]:
        quantities: list[Quantity] = []
        weighted = self.prepared.class_weights is not None
        for layer in range(self.last, 0, -1):
            n, source, (dW, db) = subscript(layer), self._input(layer), self.gradients[layer - 1]
            if layer == self.last:
                formula = f"δ{n} = s (ŷ − onehot(y)) / Σ s" if weighted else f"δ{n} = (ŷ − onehot(y)) / n"
                help_d = "dJ/dz of the logits: ŷ − 1 for the true class and ŷ for the others, shared among the samples."
            else:
                after = subscript(layer + 1)
                formula = f"δ{n} = (δ{after} W{after}ᵀ) ⊙ f′(z{n})"
                help_d = f"dJ/dz of layer {layer}: what its units are blamed for, times the slope of f at each."
            help_W = f"How the loss changes with each weight into layer {layer}."
            help_b = f"How the loss changes with each bias of layer {layer}."
            delta = self.seen["delta", layer]
            quantities += [
                _signal(f"delta{layer}", f"δ{n}", formula, help_d, layer, delta, "z"),
                _weights(f"dW{layer}", f"dW{n}", f"dW{n} = {source}ᵀ δ{n}", help_W, layer, dW, "W"),
                _biases(f"db{layer}", f"db{n}", f"db{n} = Σ δ{n} over samples", help_b, layer, db, "b"),
            ]
        return tuple(quantities)

    def update(self) -> tuple[Quantity, ...]:
        quantities: list[Quantity] = []
        parts = zip(self.params, self.updated, strict=True)
        for layer, ((W, b), (W_new, b_new)) in enumerate(parts, start=1):
            n = subscript(layer)
            help_W = f"How far the optimizer moves each weight into layer {layer}: {self._rule()}"
            help_b = f"How far the optimizer moves each bias of layer {layer}."
            change_W, change_b = self._change("W", n), self._change("b", n)
            quantities += [
                _weights(f"change_W{layer}", f"ΔW{n}", change_W, help_W, layer, W_new - W),
                _weights(f"new_W{layer}", f"W{n}", f"W{n} ← W{n} + ΔW{n}", "The weights after it.", layer, W_new),
                _biases(f"change_b{layer}", f"Δb{n}", change_b, help_b, layer, b_new - b),
                _biases(f"new_b{layer}", f"b{n}", f"b{n} ← b{n} + Δb{n}", "The biases after it.", layer, b_new),
            ]
        return tuple(quantities)

    def _change(self, kind: str, n: str) -> str:
        settings = self.experiment.train
        penalty = ""
        if kind == "W":
            penalty = (f" + {settings.l2:g} W{n}" if settings.l2 else "") + (
                f" + {settings.l1:g} sign W{n}" if settings.l1 else ""
            )
        gradient = f"d{kind}{n}{penalty}"
        if settings.optimizer == "sgd":
            inside = f"({gradient})" if penalty else gradient
            return f"Δ{kind}{n} = −α {inside},   α = {settings.learning_rate:g}"
        label = OPTIMIZERS[settings.optimizer].label
        return f"Δ{kind}{n}: {label},   g = {gradient},   α = {settings.learning_rate:g}"

    def _rule(self) -> str:
        return f"{OPTIMIZERS[self.experiment.train.optimizer].formula}."

    def repeat(self) -> tuple[Quantity, ...]:
        before, after, n = self.before, self.after, len(self.batch)
        right = np.array([before.correct / n, after.correct / n])
        return (
            _number("J.before", "J", "before the update", "The loss with the weights of step 2.", before.loss),
            _number("J.after", "J′", "after the update", "The loss of the same samples afterwards.", after.loss),
            _number(
                "J.change",
                "ΔJ",
                "ΔJ = J′ − J",
                "What the update brought: below zero, the loss fell.",
                after.loss - before.loss,
            ),
            _signal("y_hat.after", "ŷ′", "ŷ after the update", "The probabilities now.", self.last, self.y_hat_after),
            Quantity(
                "right",
                "right",
                "share of samples right: before, after",
                "The share of these samples whose most probable class is the true one, before and after the update.",
                self.last,
                _frozen(right),
                NONE,
                NONE,
            ),
        )


def _frozen(values: Any) -> Array:
    array = np.array(values)
    array.flags.writeable = False
    return array


def _weights(key: str, symbol: str, formula: str, words: str, layer: int, W: Array, gradient: str = "") -> Quantity:
    return Quantity(key, symbol, formula, words, layer, _frozen(W), layer - 1, layer, gradient)


def _biases(key: str, symbol: str, formula: str, words: str, layer: int, b: Array, gradient: str = "") -> Quantity:
    return Quantity(key, symbol, formula, words, layer, _frozen(b), NONE, layer, gradient)


def _signal(key: str, symbol: str, formula: str, words: str, layer: int, a: Array, gradient: str = "") -> Quantity:
    return Quantity(key, symbol, formula, words, layer, _frozen(a), SAMPLES, layer, gradient)


def _samples(key: str, symbol: str, formula: str, words: str, layer: int, values: Array) -> Quantity:
    return Quantity(key, symbol, formula, words, layer, _frozen(values), NONE, SAMPLES)


def _number(key: str, symbol: str, formula: str, words: str, value: float) -> Quantity:
    return Quantity(key, symbol, formula, words, 0, _frozen(value), NONE, NONE)
