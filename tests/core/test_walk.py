import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from mlp_studio.core.compare import load_prepared
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.network import Layer
from mlp_studio.core.prepare import Scaler
from mlp_studio.core.trainer import Training
from mlp_studio.core.verdict import MEASURES, Result
from mlp_studio.core.walk import walk

PLAIN = Scaler(np.array([1.0, 2.0]), np.array([2.0, 4.0]))


def numbers(line):
    """The numbers in the last brackets of a line."""
    inside = re.findall(r"\(([^()]*)\)", line)[-1]
    return [float(text.replace("−", "-")) for text in inside.split(", ") if text != "…"]


@pytest.fixture(scope="module")
def trained():
    lesson = LESSONS["inference"]
    experiment = lesson.experiment()
    training = Training(experiment, load_prepared(experiment))
    for _ in training.run():
        pass
    return lesson, Result.of(training)


def way(trained):
    lesson, result = trained
    prepared, x = result.prepared, np.array(lesson.probe)
    return walk(result.params, result.experiment.model.activation, prepared.scaler, x, prepared.dataset.class_names)


def test_the_way_leads_through_scaler_network_softmax_and_label(trained):
    assert [step.name for step in way(trained)] == ["Scaler", "Network", "Softmax", "Label"]


def test_every_number_is_that_of_scikit_learn_and_torch(trained):
    _, result = trained
    prepared = result.prepared
    scaler, network, softmax, _ = way(trained)
    reference = StandardScaler().fit(prepared.dataset.X[prepared.train.rows])
    x = reference.transform([[0.1, 0.1]])
    assert numbers(scaler.lines[1]) == pytest.approx(x[0], abs=6e-4)
    (W1, b1), (W2, b2) = [tuple(torch.tensor(part) for part in layer) for layer in result.params]
    z1 = torch.tensor(x, dtype=W1.dtype) @ W1 + b1
    a1 = torch.relu(z1)
    z2 = a1 @ W2 + b2
    assert numbers(network.lines[0]) == pytest.approx(z1[0, :2].tolist(), abs=6e-4)
    assert network.lines[1] == f"a₁ = f(z₁): {int((a1 > 0).sum())} of 100 units above 0"
    assert numbers(network.lines[2]) == pytest.approx(z2[0].tolist(), abs=6e-4)
    assert numbers(softmax.lines[0]) == pytest.approx(torch.softmax(z2[0], 0).tolist(), abs=6e-4)


def test_the_answer_is_the_sentence_with_the_probability_that_the_lesson_is_judged_by(trained):
    share = round(100 * MEASURES["p_c1"].figure(trained[1]))
    assert way(trained)[-1].lines == (f"The probability that (0.1, 0.1) is c1 is {share} %",)


def test_a_network_without_hidden_layer_and_one_with_several_have_a_line_for_each_layer():
    rng = np.random.default_rng(0)
    sizes = (2, 6, 5, 3)
    params = tuple(Layer(rng.normal(size=pair), rng.normal(size=pair[1])) for pair in pairwise(sizes))
    x = np.array([3.0, -2.0])
    lines = walk(params, "tanh", PLAIN, x, ("a", "b", "c"))[1].lines
    assert [line.split(" = ")[0] for line in lines] == ["z₁", "a₁", "z₂", "a₂", "z₃"]
    single = walk(params[:1], "relu", PLAIN, x, tuple("abcdef"))
    assert single[1].lines == ("z₁ = x′ W₁ + b₁ = " + single[1].lines[0].split(" = ")[-1],)
    assert single[0].lines == ("x = (3.000, −2.000)", "x′ = (x − μ) / σ = (1.000, −1.000)")
    assert single[1].lines[0].endswith(", …)")
