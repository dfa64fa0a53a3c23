"""The entries of the registries as code that a person would write: one row each, under the entry's own name.

What a row computes is what its registry's entry computes, in the same order, so that an exported script has the
program's figures to the last digit; the tests compare each row with its entry, and fail where an entry has none.
`X`, `W1`, `a1` … are the names that the scripts use; a text in braces is filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """f(z) in NumPy and in PyTorch, of `{z}`, and f'(z) in NumPy, of `{z}` and `{a}` = f(z).

    Without a `slope` f' is 1 everywhere. `imports` are the lines that the NumPy code needs beside NumPy's.
    """

    f: str
    slope: str
    torch: str
    imports: tuple[str, ...] = ()


ACTIVATION_CODE: Mapping[str, ActivationCode] = {
    "linear": ActivationCode("{z}", "", "{z}"),
    "sigmoid": ActivationCode("0.5 * (np.tanh(0.5 * {z}) + 1)", "((1 - {a}) * {a})", "torch.sigmoid({z})"),
    "tanh": ActivationCode("np.tanh({z})", "(1 - {a} * {a})", "torch.tanh({z})"),
    "relu": ActivationCode("np.maximum({z}, 0)", "({a} > 0)", "torch.relu({z})"),
    "leaky_relu": ActivationCode(
        "np.maximum({z}, 0.01 * {z})",
        "np.where({a} > 0, DTYPE(1), DTYPE(0.01))",
        "functional.leaky_relu({z}, 0.01)",
    ),
    "elu": ActivationCode(
        "np.maximum({z}, 0) + np.expm1(np.minimum({z}, 0))",
        "(np.minimum({a}, 0) + 1)",
        # in place, autograd finds the slope from f(z), not from z: the last digits are others
        "functional.elu({z}, inplace=True)",
    ),
    "gelu": ActivationCode(
        "{z} * ndtr({z})",
        "(np.exp(-0.5 * ({z} * {z})) * {z} * (1 / math.sqrt(2 * math.pi)) + ndtr({z}))",
        "functional.gelu({z})",
        ("import math", "from scipy.special import ndtr  # Φ, the normal distribution's cumulative function"),
    ),
}


@dataclass(frozen=True, slots=True)
class InitializerCode:
    """How W (fan_in, fan_out) is drawn, and b (fan_out,), from `rng`; `spread` is a line before both, or "".

    `has_gain`: the line needs the `gain` of the activation that follows the layer.
    """

    about: str
    W: str
    b: str = "np.zeros(fan_out)"
    spread: str = ""
    has_gain: bool = False


_UNIFORM, _NORMAL = "rng.uniform(-limit, limit, (fan_in, fan_out))", "rng.normal(0, spread, (fan_in, fan_out))"

INITIALIZER_CODE: Mapping[str, InitializerCode] = {
    "small_normal": InitializerCode("small random numbers", "rng.normal(0, 0.01, (fan_in, fan_out))"),
    "large_normal": InitializerCode(
        "random numbers of spread 1, however many inputs a unit has", "rng.normal(0, 1, (fan_in, fan_out))"
    ),
    "xavier_normal": InitializerCode(
        "Xavier (Glorot & Bengio 2010), normal",
        _NORMAL,
        spread="spread = gain * np.sqrt(2 / (fan_in + fan_out))",
        has_gain=True,
    ),
    "xavier_uniform": InitializerCode(
        "Xavier (Glorot & Bengio 2010), uniform",
        _UNIFORM,
        spread="limit = gain * np.sqrt(6 / (fan_in + fan_out))",
        has_gain=True,
    ),
    "he_normal": InitializerCode("He et al. 2015, normal", _NORMAL, spread="spread = np.sqrt(2 / fan_in)"),
    "he_uniform": InitializerCode("He et al. 2015, uniform", _UNIFORM, spread="limit = np.sqrt(6 / fan_in)"),
    "torch_default": InitializerCode(
        "as torch.nn.Linear has them",
        _UNIFORM,
        b="rng.uniform(-limit, limit, fan_out)",
        spread="limit = 1 / np.sqrt(fan_in)",
    ),
    "zeros": InitializerCode("all zero, so that the units of a layer stay the same", "np.zeros((fan_in, fan_out))"),
}


@dataclass(frozen=True, slots=True)
class OptimizerCode:
    """An update of `w` by its gradient `g`, in place, with `memory`, arrays like w that are zero at the start.

    `{xp}` is np or torch; `torch` says what torch.optim calls it. `once` are lines that come before the updates of all
    the parameters, where `t` counts them.
    """

    formula: str
    torch: str
    update: tuple[str, ...]
    memory: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


OPTIMIZER_CODE: Mapping[str, OptimizerCode] = {
    "sgd": OptimizerCode("w ← w − α g", "SGD", ("w -= LEARNING_RATE * g",)),
    "momentum": OptimizerCode(
        "v ← μ v + g,  w ← w − α v",
        "SGD with momentum",
        ("v *= MOMENTUM", "v += g", "w -= LEARNING_RATE * v"),
        memory=("v",),
    ),
    "nesterov": OptimizerCode(
        "v ← μ v + g,  w ← w − α (g + μ v)",
        "SGD with nesterov=True",
        ("v *= MOMENTUM", "v += g", "w -= LEARNING_RATE * (MOMENTUM * v + g)"),
        memory=("v",),
    ),
    "rmsprop": OptimizerCode(
        "s ← ρ s + (1 − ρ) g²,  w ← w − α g / (√s + ε)",
        "RMSprop",
        (
            "s *= RHO",
            "s += (1 - RHO) * g * g",
            "w -= LEARNING_RATE * (g / ({xp}.sqrt(s) + EPSILON))",
        ),
        memory=("s",),
        constants=("RHO, EPSILON = 0.99, 1e-8",),
    ),
    "adam": OptimizerCode(
        "m ← β₁ m + (1 − β₁) g,  s ← β₂ s + (1 − β₂) g²,  w ← w − α m̂ / (√ŝ + ε)",
        "Adam",
        (
            "m *= BETA_1",
            "m += (1 - BETA_1) * g",
            "s *= BETA_2",
            "s += (1 - BETA_2) * g * g",
            "w -= step * (m / ({xp}.sqrt(s) + EPSILON * unbias))",
        ),
        memory=("m", "s"),
        constants=("BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8",),
        once=(
            "# m and s start at zero: m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) take that bias out",
            "unbias = (1 - BETA_2**t) ** 0.5",
            "step = LEARNING_RATE * unbias / (1 - BETA_1**t)",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class GeneratorCode:
    """The lines of `draw(rng)`, which returns X (n, 2), class after class, of COUNTS points each.

    `{classes}` and, of the spiral, `{step}` are filled in. `noise` says what NOISE is, "" where it has no effect.
    """

    about: str
    noise: str
    lines: tuple[str, ...]


_JOINED = "X = np.concatenate(parts)"

GENERATOR_CODE: Mapping[str, GeneratorCode] = {
    "spiral": GeneratorCode(
        "Arms that wind around one another: radius 0 → 1, turning through 4 rad, with a noisy angle.",
        "spread of the angle, rad",
        (
            "parts = []",
            "for arm, count in enumerate(COUNTS):",
            "    radius = np.linspace(0, 1, count)",
            "    angle = arm * {step} + np.linspace(0, 4, count) + rng.normal(0, NOISE, count)",
            "    parts.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))",
            "return np.concatenate(parts)",
        ),
    ),
    "moons": GeneratorCode(
        "Two half circles of radius 1, the second turned round and moved by (1, 0.5).",
        "spread of the points",
        (
            "upper, lower = (np.linspace(0, np.pi, count) for count in COUNTS)",
            "first = np.column_stack([np.cos(upper), np.sin(upper)])",
            "second = np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])",
            "X = np.concatenate([first, second])",
            "return X + rng.normal(0, NOISE, X.shape)",
        ),
    ),
    "circles": GeneratorCode(
        "Rings of radius 1/{classes}, 2/{classes} … 1 about the origin.",
        "spread of the points, in radii of the smallest ring",
        (
            "parts = []",
            "for ring, count in enumerate(COUNTS, start=1):",
            "    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)",
            "    parts.append(ring / {classes} * np.column_stack([np.cos(angle), np.sin(angle)]))",
            _JOINED,
            "return X + rng.normal(0, NOISE / {classes}, X.shape)",
        ),
    ),
    "blobs": GeneratorCode(
        "Round heaps of points about centres that are spread evenly on the unit circle.",
        "spread of the points",
        (
            "angle = 2 * np.pi * np.arange({classes}) / {classes}",
            "centres = np.column_stack([np.sin(angle), np.cos(angle)])",
            "X = np.repeat(centres, COUNTS, axis=0)",
            "return X + rng.normal(0, NOISE, X.shape)",
        ),
    ),
    "xor": GeneratorCode(
        "Points in the square ±1: the second class is where x and y differ in sign.",
        "twice the spread of the points",
        (
            "parts = []",
            "for sign, count in zip([1, -1], COUNTS):",
            "    X = rng.uniform(0, 1, (count, 2)) * rng.choice([-1.0, 1.0], (count, 1))",
            "    parts.append(X * [1, sign])",
            _JOINED,
            "return X + rng.normal(0, NOISE / 2, X.shape)",
        ),
    ),
    "random": GeneratorCode(
        "Points anywhere in the unit square, whatever their class: there is nothing to learn.",
        "",
        ("return np.concatenate([rng.uniform(0, 1, (count, 2)) for count in COUNTS])",),
    ),
}

# Columns made of X (n, D), in the order of `core.derive`
DERIVATION_CODE: Mapping[str, str] = {
    "square": "X**2",
    "product": "np.column_stack([X[:, i] * X[:, j] for i, j in combinations(range({features}), 2)])",
    "absolute": "np.abs(X)",
    "sine": "np.sin(X)",
    "cosine": "np.cos(X)",
    "radius": "np.sqrt(sum(x**2 for x in X.T))",
}
