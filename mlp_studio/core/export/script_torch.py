"""The sections of a script in PyTorch: a module, a plain loop, and how it is asked.

Not torch.nn.Linear and torch.optim, whose last digits are others: after some hundred epochs, other figures as well.
Layers are `addmm`, units first and samples last, as in `core.backends.torch_mlp`, and the update is written out.
"""

from mlp_studio.core.config import Experiment
from mlp_studio.core.export.formulas import ACTIVATION_CODE
from mlp_studio.core.export.pieces import Section, indented, joined
from mlp_studio.core.export.script_numpy import initialise
from mlp_studio.core.export.script_training import Dialect, report, training, update
from mlp_studio.core.network import layer_sizes
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.randomness import Stream

LAYERS = """\
# nn.Linear takes samples as rows. That could be written here, too, but the last digits of a sum depend on the order in
# which it is added up, and with columns they are MLP Studio's."""
FEW_LAYERS = 3  # whose parameters have room on one line

DIALECT = Dialect(
    xp="torch",
    net="model",
    params="list(model.parameters())",
    copies="[w.detach().clone() for w in params]",
    put_back="with torch.no_grad():\n    for w, kept in zip(params, {kept}):\n        w.copy_(kept)",
    batch="X_train[rows].T, y_train[rows]",
    all_rows="X_train, y_train",
    validation="X_validation, y_validation",
    head="@torch.no_grad()\n",
)


def torch_sections(experiment: Experiment, prepared: Prepared, *, diverges: bool) -> list[Section]:
    """Network, training and the answer for a sample; `model` is then the trained network."""
    sizes = layer_sizes(experiment.model, prepared.input_count, prepared.dataset.classes)
    network = Section(
        "network",
        "Network",
        "The first weights are drawn and put into a module. A pass goes forward: z = W a + b, a = f(z).",
        joined(initialise(experiment, sizes, columns=True), _module(experiment, sizes), gap=2),
        ("import torch", "from torch import nn", "from torch.nn import functional"),
    )
    loss = Section(
        "gradients",
        "Loss and gradients",
        "The loss is the mean cross-entropy, and autograd finds its gradients.",
        joined(_tensors(experiment, prepared), _loss(experiment, sizes), gap=2),
    )
    parts = [
        update(experiment, DIALECT),
        _score(experiment) if len(prepared.validation) else "",
        report(prepared),
        f"model = MLP(initialise(stream({Stream.INITIALIZATION:d}))){'.to(DEVICE)' if _device(experiment) else ''}",
        training(experiment, prepared, DIALECT, diverges=diverges),
    ]
    text = "Each step moves the weights against the gradient."
    return [network, loss, Section("training", "Training", text, joined(*parts, gap=2)), _answers(experiment)]


def _device(experiment: Experiment) -> str:
    return "" if experiment.train.device == "cpu" else ", device=DEVICE"


def _module(experiment: Experiment, sizes: tuple[int, ...]) -> str:
    code, dropout, last = ACTIVATION_CODE[experiment.model.activation], experiment.model.dropout, len(sizes) - 1
    names = [f"self.W{layer}, self.b{layer}" for layer in range(1, last + 1)]
    device = _device(experiment)
    start = ["super().__init__()"]
    if last <= FEW_LAYERS:
        start += [f"{', '.join(names)} = (nn.Parameter(torch.tensor(w)) for w in params)"]
    else:
        start += ["params = (nn.Parameter(torch.tensor(w)) for w in params)"]
        start += [f"{name} = next(params), next(params)" for name in names]
    fed, forward = "X", []
    for layer in range(1, last):
        forward += [f"z{layer} = torch.addmm(self.b{layer}, self.W{layer}, {fed})  # ({sizes[layer]}, n)"]
        forward += [f"a{layer} = {code.torch.format(z=f'z{layer}')}"]
        if dropout:
            forward += ["if self.training:  # dropout: what is left counts 1 / (1 − p), so that the mean stays"]
            forward += [f"    chance = torch.rand(a{layer}.shape, generator=self.rng, dtype=a{layer}.dtype{device})"]
            forward += [f"    a{layer} = a{layer} * (chance < 1 - DROPOUT) / (1 - DROPOUT)"]
        fed = f"a{layer}"
    forward += [f"return torch.addmm(self.b{last}, self.W{last}, {fed})  # the logits ({sizes[-1]}, n)"]
    if dropout:
        start += [
            f"seed = int(stream({Stream.DROPOUT:d}).integers(2**63))",
            f"self.rng = torch.Generator({device.removeprefix(', ')}).manual_seed(seed)",
        ]
    about = "z = W a + b, layer by layer. Samples are columns: X is (D, n), W (fan_out, fan_in) and b (fan_out, 1)."
    methods = joined(
        "def __init__(self, params):\n" + indented(start),
        "def forward(self, X):\n" + indented(forward),
    )
    body = indented([f'"""{about}"""', "", *methods.splitlines()])
    return f"{LAYERS}\n\n\nclass MLP(nn.Module):\n{body}"


def _tensors(experiment: Experiment, prepared: Prepared) -> str:
    """The samples as tensors, those of mini-batches as rows, all others as columns."""
    device = _device(experiment)
    is_mini = 0 < experiment.train.batch_size < len(prepared.train)
    parts = [name for name in ("train", "validation") if len(prepared.parts[name])]
    lines = [f'DEVICE = "{experiment.train.device}"'] if device else []
    for part in parts:
        columns = "" if part == "train" and is_mini else ".T.contiguous()"
        comment = "  # samples are columns" if columns else "  # of which batches are taken"
        lines += [f"X_{part} = torch.tensor(inputs(X[{part}]){device}){columns}{comment}"]
    lines += [f"y_{part} = torch.tensor(y[{part}]{device})" for part in parts]
    if experiment.split.class_weights:
        lines += [f"class_weights = torch.tensor(class_weights{device})"]
    return "\n".join(lines)


def _criterion(experiment: Experiment) -> str:
    weights = ", weight=class_weights" if experiment.split.class_weights else ""
    return f"functional.cross_entropy(logits[None], y[None]{weights})"


def _loss(experiment: Experiment, sizes: tuple[int, ...]) -> str:
    train, weights = experiment.train, ", ".join(f"model.W{layer}" for layer in range(1, len(sizes)))
    lines = [
        '"""J of samples X (D, n) of classes y, how many are right, and the gradients of all parameters."""',
        *(["model.train()"] if experiment.model.dropout else []),
        "logits = model(X)",
        "# as for one picture of n pixels: there, too, the classes come first",
        f"J = {_criterion(experiment)}",
        "model.zero_grad()",
        "J.backward()",
    ]
    if train.l1 or train.l2:
        lines += ["with torch.no_grad():", f"    for W in ({weights}):"]
        lines += ["        W.grad.add_(W, alpha=L2)  # the penalty λ₂/2 ΣW²"] if train.l2 else []
        lines += ["        W.grad.add_(torch.sign(W), alpha=L1)  # the penalty λ₁ Σ|W|"] if train.l1 else []
    lines += [
        "right = (logits.argmax(dim=0) == y).sum()",
        "return J.item(), right.item(), [w.grad for w in model.parameters()]",
    ]
    return f"def loss_and_gradients(model, X, y):\n{indented(lines)}"


def _score(experiment: Experiment) -> str:
    lines = [
        '"""J and accuracy on samples that are not learned from."""',
        *(["model.eval()"] if experiment.model.dropout else []),
        "logits = model(X)",
        f"J = {_criterion(experiment)}",
        "return J.item(), (logits.argmax(dim=0) == y).sum().item() / len(y)",
    ]
    return f"@torch.no_grad()\ndef score(model, X, y):\n{indented(lines)}"


def _answers(experiment: Experiment) -> Section:
    cpu, exact = ".cpu()" if _device(experiment) else "", experiment.train.precision == "float64"
    x, logits = f"torch.tensor(inputs(X){_device(experiment)}).T", f"model(x){cpu}"
    if not exact:  # float32 is good for training, but the window predicts in float64
        x, logits = "torch.tensor(inputs(X, float)).T", f"deepcopy(model){cpu}.double()(x)"
    lines = [
        '"""The probability of each class (n, C) for samples X (n, D) in original units."""',
        *(["model.eval()"] if experiment.model.dropout else []),
        f"x = {x}  # samples are columns",
        f"return torch.softmax({logits}, dim=0).T.numpy()",
    ]
    code = f"@torch.no_grad()\ndef predict(X):\n{indented(lines)}"
    text = "A new sample takes the same way as the training rows, without dropout."
    return Section("answers", "Predict", text, code, () if exact else ("from copy import deepcopy",))
