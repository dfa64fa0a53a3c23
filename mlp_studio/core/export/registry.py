"""What can be taken along of a trained network: one row a format. The window, the command line and the tests walk it.

To add one: a file in this package and a row here. A format's module is imported when it is first written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mlp_studio.core.progress import Progress
from mlp_studio.core.trained import Trained

# raises StudioError with the sentence to show, OSError where the file cannot be written, and what Progress raises
Write: TypeAlias = Callable[[Trained, Path, Progress], None]


@dataclass(frozen=True, slots=True)
class Export:
    """One format; `suffixes` are the endings of its files, the usual one first. The file is there whole or not at all.

    One that is `slow` takes more than a moment: progress is shown, and it can be cancelled.
    """

    label: str
    help: str
    suffixes: tuple[str, ...]
    write: Write
    slow: bool = False


def _model(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.model import write_model

    write_model(trained, path, progress)


def _onnx(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.onnx import write_onnx

    write_onnx(trained, path, progress)


def _report(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.report_html import write_html

    write_html(trained, path, progress)


def _report_json(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.report_html import write_json

    write_json(trained, path, progress)


def _predictions(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.predictions import write_predictions

    write_predictions(trained, path, progress)


def _animation(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.animation import write_animation

    write_animation(trained, path, progress)


def _script_numpy(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.script import write_numpy

    write_numpy(trained, path, progress)


def _script_torch(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.script import write_torch

    write_torch(trained, path, progress)


def _notebook(trained: Trained, path: Path, progress: Progress) -> None:
    from mlp_studio.core.export.notebook import write_notebook

    write_notebook(trained, path, progress)


EXPORTS: Mapping[str, Export] = {
    "script-numpy": Export(
        "Script (NumPy)",
        "One Python file that does the whole run again, from the data to the figures, in NumPy alone.",
        (".py",),
        _script_numpy,
    ),
    "script-torch": Export(
        "Script (PyTorch)",
        "One Python file that does the whole run again, from the data to the figures, in plain PyTorch.",
        (".py",),
        _script_torch,
    ),
    "notebook": Export(
        "Notebook (Jupyter)",
        "The same as cells with a few sentences each, in the backend that trained.",
        (".ipynb",),
        _notebook,
    ),
    "model": Export(
        "Model (safetensors)",
        "Weights, scaler and names in one file: two lines of NumPy or PyTorch read it.",
        (".safetensors",),
        _model,
    ),
    "onnx": Export(
        "Model (ONNX)",
        "The network with its scaler, derived inputs and class names, for onnxruntime and other runtimes.",
        (".onnx",),
        _onnx,
    ),
    "report": Export(
        "Report (HTML)",
        "One page for every browser and for paper: settings, data, curves, boundaries, scores and versions.",
        (".html", ".htm"),
        _report,
        slow=True,
    ),
    "report-json": Export(
        "Report (JSON)",
        "The same for programs: every setting, every epoch, every score.",
        (".json",),
        _report_json,
        slow=True,
    ),
    "predictions": Export(
        "Predictions (CSV)",
        "Every row of the data with its share, its class, the predicted one and the probability of each.",
        (".csv",),
        _predictions,
        slow=True,
    ),
    "animation": Export(
        "Animation (GIF or WebP)",
        "The regions as they form beside the loss as it falls, as a moving picture for slides and pages.",
        (".gif", ".webp"),
        _animation,
        slow=True,
    ),
}
