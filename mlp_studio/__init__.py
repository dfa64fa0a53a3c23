"""MLP Studio: a desktop laboratory for multilayer perceptrons."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlp_studio.core.estimator import StudioClassifier

__version__ = "0.1.0"


def load(path: "str | os.PathLike[str]") -> "StudioClassifier":
    """A trained network as a scikit-learn estimator, with `predict`, `predict_proba` and `classes_`.

    `path` leads to a project (.mlps) or to an exported model (.safetensors). Raises `core.errors.ProjectError`, whose
    text is a sentence that says what is wrong.
    """
    from mlp_studio.core.estimator import load as load_estimator  # here, as it imports scikit-learn

    return load_estimator(path)
