"""The run that stands there before any training."""

import numpy as np

from mlp_studio.core.config import Experiment
from mlp_studio.core.network import Layer
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trained import Snapshot
from mlp_studio.core.trainer import initial_params
from mlp_studio.ui.store import Run


def fresh_run(experiment: Experiment, prepared: Prepared) -> Run:
    """A run that has not begun: the weights that training starts from, in its precision."""
    dtype = np.dtype(experiment.train.precision)
    weights = tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in initial_params(experiment, prepared))
    return Run(experiment, prepared, "ready", Snapshot(0, weights))
