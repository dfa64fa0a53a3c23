"""The regions of the boundary, 200 × 200, against the plain way: `forward()` on the whole float64 mesh at once."""

from collections.abc import Callable

from tests.benchmarks.timing import Contestant, Effort, Measured, ratios, settle_threads, take_turns

settle_threads()

import numpy as np

from mlp_studio.core.boundary import Rasterizer, bounds, column_plane, on_plane, principal_plane, raster, restrict
from mlp_studio.core.config import ModelConfig, SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.network import Layer, Params, forward, init_params
from mlp_studio.core.prepare import Prepared, prepare
from tests.benchmarks.training import Ours, spiral, threads

SIZE = 200
LIVE = 100  # cells each way of a raster while training
FEATURES, ROWS = 30, 500


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


def derived_inputs(effort: Effort) -> Measured:
    """A raster of a network that sees squares and products of 30 features, 495 inputs, against one that sees the 30."""
    rng = np.random.default_rng(0)
    names = tuple(f"X{column + 1}" for column in range(FEATURES))
    dataset = Dataset("table", rng.normal(size=(ROWS, FEATURES)), np.arange(ROWS) % 3, names, ("a", "b", "c"))

    def contestant(*derived: str) -> Contestant:
        prepared = prepare(dataset, SplitConfig(derived=derived), np.random.default_rng(1))
        network = init_params(ModelConfig(), prepared.input_count, 3, np.random.default_rng(2))
        params = tuple(Layer(W.astype(np.float32), b.astype(np.float32)) for W, b in network)
        return Contestant(_drawing(params, prepared), 40)

    rounds = take_turns({"derived": contestant("square", "product"), "plain": contestant()}, effort)
    return Measured({"squares and products": ratios(rounds, "derived", "plain")}, threads())


def _drawing(params: Params, prepared: Prepared) -> Callable[[int], None]:
    plane, rasterizer = principal_plane(prepared), Rasterizer()
    box = bounds(plane, prepared.dataset.X)

    def draw(times: int) -> None:
        for _ in range(times):
            network, lift = on_plane(params, prepared, plane)
            rasterizer(network, "relu", box, LIVE, lift)

    return draw
