"""The regions of the boundary, 200 × 200, against the plain way: `forward()` on the whole float64 mesh at once."""

from tests.benchmarks.timing import Contestant, Effort, Measured, ratios, settle_threads, take_turns

settle_threads()

import numpy as np

from mlp_studio.core.boundary import bounds, column_plane, raster, restrict
from mlp_studio.core.network import Layer, forward
from tests.benchmarks.training import Ours, spiral, threads

SIZE = 200


def against_forward(effort: Effort) -> Measured:
    """All of the raster, with its colour indices, against the logits alone on a mesh that is there already."""
    experiment, prepared = spiral()
    ours = Ours(experiment, prepared)
    ours.train(effort.of(300))
    trained = ours.training.backend.params()
    plane, activation = column_plane(prepared, (0, 1)), experiment.model.activation
    box = bounds(plane, prepared.dataset.X)
    exact = tuple(Layer(W.astype(np.float64), b.astype(np.float64)) for W, b in trained)
    u, v = np.linspace(box.u_low, box.u_high, SIZE), np.linspace(box.v_low, box.v_high, SIZE)
    mesh = prepared.scaler(np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2))

    def blocks(times: int) -> None:
        for _ in range(times):
            raster(restrict(trained, prepared.scaler, plane), activation, box, SIZE)

    def whole_mesh(times: int) -> None:
        for _ in range(times):
            forward(exact, activation, mesh)

    rounds = take_turns({"raster": Contestant(blocks, 40), "forward": Contestant(whole_mesh, 15)}, effort)
    return Measured({"raster": ratios(rounds, "forward", "raster")}, threads())
