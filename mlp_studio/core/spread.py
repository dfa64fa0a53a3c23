"""How far signals and gradients spread in each layer before anything is learned."""

from dataclasses import dataclass, replace

import numpy as np

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.numpy_mlp import NumpyMLP
from mlp_studio.core.config import Experiment
from mlp_studio.core.network import may_overflow
from mlp_studio.core.prepare import Prepared
from mlp_studio.core.trainer import initial_params


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations in one layer: of its activations (of the logits in the last), and of dJ/dW."""

    activation: float
    gradient: float


@may_overflow
def start_spreads(experiment: Experiment, prepared: Prepared) -> tuple[Spread, ...]:
    """The spreads of every layer over the training rows, with the first weights; dropout off, in float64."""
    params = initial_params(experiment, prepared)
    plain = replace(
        experiment, model=replace(experiment.model, dropout=0.0), train=replace(experiment.train, precision="float64")
    )
    network = NumpyMLP(plain, prepared, params)
    network.backward(None)
    f = ACTIVATIONS[experiment.model.activation].f
    a, spreads = prepared.train.X, []
    for layer, ((W, b), (dW, _)) in enumerate(zip(params, network.gradients(), strict=True), start=1):
        z = a @ W + b
        a = f(z) if layer < len(params) else z
        spreads.append(Spread(float(np.std(a)), float(np.std(dW))))
    return tuple(spreads)
