"""The training loop of a script, which is the same in both backends but for a few words: their `Dialect`."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlp_studio.core.config import Experiment
from mlp_studio.core.export.formulas import OPTIMIZER_CODE
from mlp_studio.core.export.pieces import indented, joined
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream
from mlp_studio.core.trainer import DIVERGED_LOSS, RUINED


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a backend says it: the library `xp`, what is trained (`net`), a copy of its `params`, and the way back.

    `batch` gives the samples `rows` of training, `all_rows` all of them, `validation` those that are watched.
    `head` stands before the function that updates.
    """

    xp: str
    net: str
    params: str
    copies: str
    put_back: str
    batch: str
    all_rows: str
    validation: str
    head: str = ""


def constants(experiment: Experiment) -> list[str]:
    """The settings of the training that this experiment uses, a line each."""
    train, model = experiment.train, experiment.model
    has_momentum = any("MOMENTUM" in line for line in OPTIMIZER_CODE[train.optimizer].update)
    return [
        f"LEARNING_RATE = {train.learning_rate!r}",
        *([f"MOMENTUM = {train.momentum!r}"] if has_momentum else []),
        *OPTIMIZER_CODE[train.optimizer].constants,
        *([f"L1 = {train.l1!r}"] if train.l1 else []),
        *([f"L2 = {train.l2!r}"] if train.l2 else []),
        *([f"DROPOUT = {model.dropout!r}  # share of hidden units left out in a step"] if model.dropout else []),
    ]


def update(experiment: Experiment, dialect: Dialect) -> str:
    """`update(params, gradients, …)`: one step of the optimizer."""
    train = experiment.train
    code, label = OPTIMIZER_CODE[train.optimizer], OPTIMIZERS[train.optimizer].label
    about = f"{label}: {code.formula}{'; t counts the updates' if code.once else ''}."
    names = ["w", "g", *code.memory]
    sources = ["params", "gradients", *(["*memory"] if code.memory else [])]
    lines = [
        f'"""{about}"""',
        *([f"# torch.optim's {code.torch} takes the same steps, but for the last digits"] if dialect.head else []),
        *code.once,
        f"for {', '.join(names)} in zip({', '.join(sources)}):",
        *(f"    {line.format(xp=dialect.xp)}" for line in code.update),
    ]
    return f"{dialect.head}def update({_arguments(experiment)}):\n{indented(lines)}"


def _arguments(experiment: Experiment, t: str = "t") -> str:
    code = OPTIMIZER_CODE[experiment.train.optimizer]
    return ", ".join(["params", "gradients", *(["memory"] if code.memory else []), *([t] if code.once else [])])


def training(experiment: Experiment, prepared: Prepared, dialect: Dialect, *, diverges: bool) -> str:
    """`learn(net)`, which returns the history, and its call."""
    lines = [
        '"""Train for EPOCHS; the loss and accuracy of each, those of the validation rows measured at its end."""',
        *_before(experiment, prepared, dialect, diverges=diverges),
        "for epoch in range(1, EPOCHS + 1):",
        *(f"    {line}" if line else "" for line in _epoch(experiment, prepared, dialect, diverges=diverges)),
        "return history",
    ]
    call = f"history = learn({dialect.net})"
    if diverges and dialect.xp == "np":
        call = f'with np.errstate(all="ignore"):  # the weights grow out of all bounds\n    {call}'
    return joined(f"def learn({dialect.net}):\n{indented(lines)}", call, gap=2)


def _is_mini(experiment: Experiment, prepared: Prepared) -> bool:
    return 0 < experiment.train.batch_size < len(prepared.train)


def _before(experiment: Experiment, prepared: Prepared, dialect: Dialect, *, diverges: bool) -> Iterator[str]:
    code = OPTIMIZER_CODE[experiment.train.optimizer]
    if dialect.params != dialect.net:
        yield f"params = {dialect.params}"
    yield "history = []"
    if len(code.memory) == 1:
        yield f"memory = [[{dialect.xp}.zeros_like(w) for w in params]]  # {code.memory[0]}"
    elif code.memory:
        about = f"{' and '.join(code.memory)}: zero at first"
        yield f"memory = [[{dialect.xp}.zeros_like(w) for w in params] for _ in range({len(code.memory)})]  # {about}"
    if _is_mini(experiment, prepared):
        yield f"rng{', t' if code.once else ''} = stream({Stream.ORDER:d}){', 0' if code.once else ''}"
    if experiment.train.early_stopping:
        yield f"best_loss, best_epoch, best = np.inf, 0, {dialect.copies}"
    if diverges:
        yield f"latest = sound = 0, {dialect.copies}  # an epoch and its weights"


def _epoch(experiment: Experiment, prepared: Prepared, dialect: Dialect, *, diverges: bool) -> Iterator[str]:
    """One epoch: its steps, its figures, and whether it is the last."""
    yield from (_mini_batches if _is_mini(experiment, prepared) else _full_batch)(experiment, dialect)
    has_validation = len(prepared.validation) > 0
    figures = "loss, right / len(y_train)"
    if has_validation:
        yield f"val_loss, val_accuracy = score({dialect.net}, {dialect.validation})"
        figures += ", val_loss, val_accuracy"
    if diverges:
        yield from _divergence(has_validation, dialect)
    yield f"history.append([{figures}])"
    yield "if epoch % max(1, EPOCHS // 10) == 0 or epoch == EPOCHS:"
    yield "    report(epoch, *history[-1])"
    if experiment.train.early_stopping:
        yield from _early_stopping("val_loss" if has_validation else "loss", dialect)


def _full_batch(experiment: Experiment, dialect: Dialect) -> Iterator[str]:
    yield f"loss, right, gradients = loss_and_gradients({dialect.net}, {dialect.all_rows})"
    yield f"update({_arguments(experiment, 'epoch')})"


def _mini_batches(experiment: Experiment, dialect: Dialect) -> Iterator[str]:
    is_weighted = experiment.split.class_weights
    yield "order = rng.permutation(len(y_train))"
    yield "loss, right, weight = 0.0, 0, 0.0" if is_weighted else "loss, right = 0.0, 0"
    yield "for start in range(0, len(order), BATCH_SIZE):"
    yield "    rows = order[start : start + BATCH_SIZE]"
    yield f"    J, hits, gradients = loss_and_gradients({dialect.net}, {dialect.batch})"
    if OPTIMIZER_CODE[experiment.train.optimizer].once:
        yield "    t += 1"
    yield f"    update({_arguments(experiment)})"
    if is_weighted:
        yield "    s = float(class_weights[y_train[rows]].sum())"
        yield "    loss, right, weight = loss + J * s, right + hits, weight + s"
        yield "loss /= weight"
    else:
        yield "    loss, right = loss + J * len(rows), right + hits"
        yield "loss /= len(order)"


def _early_stopping(loss: str, dialect: Dialect) -> Iterator[str]:
    yield f"if {loss} < best_loss:"
    yield f"    best_loss, best_epoch, best = {loss}, epoch, {dialect.copies}"
    yield "if epoch - best_epoch >= PATIENCE:"
    yield '    print(f"Stopped early at epoch {epoch:,}: the weights of epoch {best_epoch:,} are back.")'
    yield from (f"    {line}" for line in dialect.put_back.format(kept="best").splitlines())
    yield "    break"


def _divergence(has_validation: bool, dialect: Dialect) -> Iterator[str]:
    yield "if epoch == 1:"
    yield "    first_loss = loss"
    bounds = f"loss < {DIVERGED_LOSS:g}" + (f" and val_loss < {DIVERGED_LOSS:g}" if has_validation else "")
    yield f"is_sound = loss <= {RUINED:g} * max(first_loss, 1) and loss < {DIVERGED_LOSS:g}  # of the weights before"
    yield f"if not ({bounds}):  # also where it is nan"
    yield "    epoch, weights = latest if is_sound else sound"
    yield '    print(f"Training diverged: the weights of epoch {epoch:,} are back.")'
    yield from (f"    {line}" for line in dialect.put_back.format(kept="weights").splitlines())
    yield "    return history[:epoch]"
    yield "sound = latest if is_sound else sound"
    yield f"latest = epoch, {dialect.copies}"


def report(prepared: Prepared) -> str:
    """`report(epoch, figures)`: a line on how far training has got."""
    if not len(prepared.validation):
        return '''\
def report(epoch, loss, accuracy):
    """How far training has got."""
    print(f"epoch {epoch:>6,}: loss {loss:.4f}, accuracy {accuracy:.4f}")'''
    return '''\
def report(epoch, loss, accuracy, val_loss, val_accuracy):
    """How far training has got."""
    validation = f"validation loss {val_loss:.4f}, accuracy {val_accuracy:.4f}"
    print(f"epoch {epoch:>6,}: loss {loss:.4f}, accuracy {accuracy:.4f}; {validation}")'''
