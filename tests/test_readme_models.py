"""The README's lines for a model that was taken along do what they say: whoever types them gets the studio's labels."""

import re
from pathlib import Path

import pytest

from mlp_studio.core.export.registry import EXPORTS
from mlp_studio.core.progress import to_nobody
from tests.core.trainings import as_the_app_says, points, run, save

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
BLOCKS = [
    block
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    if "model.safetensors" in block or "model.onnx" in block or "mlp_studio.load" in block
]


@pytest.mark.skipif(not BLOCKS, reason="the README says nothing of models yet")
def test_the_lines_give_the_studios_labels(tmp_path, monkeypatch):
    training = run(train__epochs=100)
    trained = training.trained("finished")
    EXPORTS["model"].write(trained, tmp_path / "model.safetensors", to_nobody)
    EXPORTS["onnx"].write(trained, tmp_path / "model.onnx", to_nobody)
    save(tmp_path / "spiral.mlps", training)
    monkeypatch.chdir(tmp_path)
    X = points(trained)
    _, expected = as_the_app_says(trained, X)
    for block in BLOCKS:
        names = {"X": X}
        exec(block, names)  # noqa: S102 - the README's own lines
        assert list(names["labels"]) == expected, block
