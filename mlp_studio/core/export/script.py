"""A run as one Python file that does it all again, in NumPy or in PyTorch, as a person would write it.

Only what the experiment uses is written. On the machine that trained it gives the same figures, to the last digit, in
the backend that trained: products are added up in the same order, and random numbers come from the same streams.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.export.pieces import Section, joined
from mlp_studio.core.export.script_data import data_section, inputs_section, split_section
from mlp_studio.core.export.script_figures import figures_sections
from mlp_studio.core.export.script_numpy import numpy_sections
from mlp_studio.core.export.script_torch import torch_sections
from mlp_studio.core.export.script_training import constants
from mlp_studio.core.files import write_text
from mlp_studio.core.history import COLUMNS
from mlp_studio.core.progress import Progress
from mlp_studio.core.threads import threads_for
from mlp_studio.core.trained import Trained

SYMBOLS = {
    "numpy": (
        "X (n, D) are n samples, y (n,) their classes, ŷ (n, C) the probabilities of these;",
        "W (fan_in, fan_out) and b (fan_out,) belong to a layer: z = a W + b, a = f(z).",
    ),
    "torch": (
        "X (n, D) are n samples, y (n,) their classes. To the network they are columns, (D, n):",
        "W (fan_out, fan_in) and b (fan_out, 1) belong to a layer, z = W a + b, a = f(z).",
    ),
}
BACKENDS = {"numpy": ("NumPy", numpy_sections), "torch": ("PyTorch", torch_sections)}


def write_numpy(trained: Trained, path: Path, _progress: Progress) -> None:
    """Write the run in pure NumPy. Raises OSError."""
    write_text(path, script(trained, "numpy"))


def write_torch(trained: Trained, path: Path, _progress: Progress) -> None:
    """Write the run in PyTorch. Raises OSError."""
    write_text(path, script(trained, "torch"))


def script(trained: Trained, backend: str) -> str:
    """The whole file."""
    parts = sections(trained, backend)
    blocks = [f"# --- {part.title} {'-' * (100 - len(part.title))}\n{_gap(part.code)}{part.code}" for part in parts[1:]]
    head = f'"""{heading(trained, backend)}\n"""'
    return joined(joined(head, parts[0].code), *blocks, gap=2) + "\n"


def _gap(code: str) -> str:
    """The empty lines before a section's code: two before a definition."""
    return "\n\n" if code.startswith(("def ", "class ", "@")) else "\n"


def heading(trained: Trained, backend: str) -> str:
    """What the script is, and what it cannot give again."""
    label, _ = BACKENDS[backend]
    lines = [f"A multilayer perceptron in {label}: an experiment of MLP Studio, from its data to its figures.", ""]
    lines += doubts(trained, backend) or [
        "On the machine that trained it, with the same libraries, it gives the same weights to the last digit.",
    ]
    return "\n".join([*lines, "", *SYMBOLS[backend]])


def doubts(trained: Trained, backend: str) -> list[str]:
    """Sentences on why this does not give the very weights of the run; none where it does."""
    label, own = BACKENDS[backend][0], trained.experiment.model.backend
    found = []
    if trained.is_mixed or trained.is_retuned:
        found += ["The run changed while it trained. This begins with what it ended with: the figures are others."]
    elif _went_on(trained):
        found += [
            "The run stopped early and was trained on from its best epoch: this ends where that stopped at first."
        ]
    elif _is_within_an_epoch(trained):
        found += ["The run was stopped within an epoch. This trains whole epochs only: the weights are others."]
    elif _epochs(trained) != trained.experiment.train.epochs:
        found += [f"The run was stopped after {len(trained.curves):,} epochs, and so is this one."]
    if backend != own:
        how = "draws other units for dropout" if trained.experiment.model.dropout else "is equal but for rounding"
        found += [f"The run was in {BACKENDS[own][0]}; the same in {label} {how}."]
    return found


def _went_on(trained: Trained) -> bool:
    """Whether there are epochs after one at which patience was at an end."""
    patience, best, at = trained.experiment.train.early_stopping, math.inf, 0
    validation, training = (trained.curves[:, COLUMNS.index(name)] for name in ("val_loss", "train_loss"))
    losses = np.where(np.isnan(validation), training, validation).tolist()
    for epoch, loss in enumerate(losses if patience else (), 1):
        if loss < best:
            best, at = loss, epoch
        if epoch - at >= patience:
            return epoch < len(losses)
    return False


def _is_within_an_epoch(trained: Trained) -> bool:
    """Whether the weights have moved on from those that the last epoch ended with, which the album has."""
    last, now = trained.album[-1:], trained.snapshot
    return any(
        page.epoch == now.epoch and not np.array_equal(old.W, new.W, equal_nan=True)
        for page in last
        for old, new in zip(page.params, now.params, strict=True)
    )


def sections(trained: Trained, backend: str) -> list[Section]:
    """The steps; the first has the imports and settings."""
    model = replace(trained.experiment.model, backend=backend)
    experiment, prepared = replace(trained.experiment, model=model), trained.prepared
    make = BACKENDS[backend][1]
    steps = [
        data_section(experiment, prepared),
        split_section(experiment, prepared),
        inputs_section(experiment, prepared),
        *make(experiment, prepared, diverges=trained.status == "diverged"),
        *figures_sections(experiment, prepared),
    ]
    return [_settings(trained, experiment, steps), *steps]


def _epochs(trained: Trained) -> int:
    """Epochs to train: those of the experiment where the run ended by itself, else those that it did."""
    train, done = trained.experiment.train, len(trained.curves)
    ends_early = trained.status == "diverged" or (trained.status == "finished" and train.early_stopping)
    return train.epochs if ends_early or not done else done


def _settings(trained: Trained, experiment: Experiment, steps: Sequence[Section]) -> Section:
    train = experiment.train
    lines = [f"SEED = {experiment.seed}  # all randomness comes from it", *constants(experiment)]
    if 0 < train.batch_size < len(trained.prepared.train):
        lines.append(f"BATCH_SIZE = {train.batch_size}")
    lines.append(f"EPOCHS = {_epochs(trained)}")
    if train.early_stopping:
        lines.append(f"PATIENCE = {train.early_stopping}  # epochs without a better validation loss")
    lines.append(f"DTYPE = np.{train.precision}")
    stream = '''\
def stream(purpose):
    """Random numbers for one purpose, which those for another do not disturb."""
    return np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(purpose,)))'''
    threads = trained.threads or threads_for(experiment, trained.prepared)
    imports = _imports([line for step in steps for line in step.imports], threads)
    code = joined(imports, joined("\n".join(lines), stream, gap=2))
    return Section("settings", "Settings", "What the experiment is made of.", code)


def _imports(wanted: Sequence[str], threads: int) -> str:
    """All imports, those of Python's own modules first, with the number of threads before NumPy is there."""
    lines = sorted({"import os", "import numpy as np", *wanted}, key=lambda line: (line.startswith("from"), line))
    standard = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in standard]
    setting = f'os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "{threads}"'
    comment = (
        "# as in the studio: one thread is the fastest for a small network" if threads == 1 else "# as in the studio"
    )
    return joined("\n".join(standard), f"{comment}\n{setting}", "\n".join(others))
