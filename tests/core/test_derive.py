"""Derived inputs: their formulas, their names, and everything that has to go the same way from a raw point."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.boundary import (
    Rasterizer,
    bounds,
    column_plane,
    confidence_levels,
    on_plane,
    principal_plane,
    raster,
    restrict,
)
from mlp_studio.core.compare import Race, load_prepared
from mlp_studio.core.config import Experiment, SplitConfig, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.derive import (
    BLOCK,
    DERIVATIONS,
    MOST_INPUTS,
    MOST_VALUES,
    check,
    derive,
    fill,
    input_count,
    input_names,
)
from mlp_studio.core.errors import DataError
from mlp_studio.core.evaluate import evaluate
from mlp_studio.core.gradcheck import gradient_check, point_sample, row_sample
from mlp_studio.core.importance import permutation_importance, permutations
from mlp_studio.core.lessons import LESSONS
from mlp_studio.core.network import Layer, forward, init_params, softmax
from mlp_studio.core.predict import parse_row, predict
from mlp_studio.core.prepare import prepare
from mlp_studio.core.report import report
from mlp_studio.core.settings import experiment_of, settings_of
from mlp_studio.core.threads import work_per_step
from mlp_studio.core.trace import trace
from mlp_studio.core.trainer import Training, initial_params
from mlp_studio.core.twin import SAME, TwinEpoch, twins
from mlp_studio.core.uncertainty import draw_masks, dropout_spread
from mlp_studio.core.verdict import Result, judge
from mlp_studio.core.walk import walk

EVERY = tuple(DERIVATIONS)
FORMULAS = {  # written out a second time, in words of NumPy alone
    "square": lambda X: X**2,
    "product": lambda X: (
        np.stack([X[:, i] * X[:, j] for i in range(X.shape[1]) for j in range(i + 1, X.shape[1])], 1)
        if X.shape[1] > 1
        else X[:, :0]
    ),
    "sine": np.sin,
    "cosine": np.cos,
    "absolute": np.abs,
    "radius": lambda X: np.linalg.norm(X, axis=1, keepdims=True),
}


def samples(rows=40, features=3, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, (rows, features))


def small(derived, source="circles", **settings):
    made = {"data.source": source, "data.rows": 200, "split.derived": derived, "model.hidden": (7, 5), **settings}
    return with_settings(Experiment(), made)


def table(features=4, rows=60, seed=1):
    X = samples(rows, features, seed)
    names = tuple(f"column {k}" for k in range(features))
    return Dataset("table", X, np.arange(rows) % 3, names, ("a", "b", "c"))


# --- the formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [1, 2, 3, 6])
@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_makes_what_its_formula_says(name, features):
    X = samples(features=features)
    made = derive(X, (name,))
    np.testing.assert_array_equal(made[:, :features], X)
    np.testing.assert_allclose(made[:, features:], FORMULAS[name](X), rtol=1e-14)
    assert made.shape[1] == input_count(features, (name,)) == features + DERIVATIONS[name].count(features)


@pytest.mark.parametrize("features", [1, 2, 5])
@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_names_as_many_inputs_as_it_makes_and_no_two_alike(name, features):
    names = input_names(tuple(f"X{k + 1}" for k in range(features)), (name,))
    assert len(names) == len(set(names)) == input_count(features, (name,))


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_says_what_it_is(name):
    entry = DERIVATIONS[name]
    assert entry.title
    assert entry.help.endswith(".")
    assert 0 < len(entry.label) <= 12


@pytest.mark.parametrize("features", [1, 2, 3, 8])
def test_squares_and_products_are_the_polynomial_features_of_degree_two(features):
    X = samples(features=features)
    theirs = PolynomialFeatures(2, include_bias=False)
    expected = theirs.fit_transform(X)
    names = tuple(f"X{k + 1}" for k in range(features))
    given = input_names(names, ("square", "product"))
    places = {
        name.replace("^2", "²").replace(" ", "·"): k for k, name in enumerate(theirs.get_feature_names_out(names))
    }
    assert set(given) == set(places)
    order = [places[name] for name in given]
    np.testing.assert_allclose(derive(X, ("square", "product")), expected[:, order], rtol=1e-14)


def test_names_are_formulas_in_which_longer_names_stand_in_brackets():
    assert input_names(("X1", "X2"), EVERY) == (
        *("X1", "X2", "X1²", "X2²", "X1·X2", "|X1|", "|X2|", "sin X1", "sin X2", "cos X1", "cos X2", "radius"),
    )
    assert input_names(("petal width (cm)", "n"), ("square", "product"))[2:] == (
        *("(petal width (cm))²", "n²", "(petal width (cm))·n"),
    )


def test_without_derivations_the_samples_are_handed_on_as_they_are():
    X = samples()
    assert derive(X, ()) is X


@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_are_filled_in_either_order_of_memory(order):
    X = samples(features=4)
    inputs = np.full((len(X), input_count(4, EVERY)), np.nan, order=order)
    inputs[:, :4] = X
    fill(inputs, 4, EVERY)
    np.testing.assert_allclose(inputs, derive(X, EVERY), rtol=1e-14)


def test_more_rows_than_are_filled_at_once_are_derived_alike():
    X = samples(rows=2 * BLOCK // 15 + 7, features=4)
    made = derive(X, ("square", "product", "radius"))
    for start in (0, BLOCK // 15 - 3, len(X) - 5):
        rows = slice(start, start + 5)
        np.testing.assert_array_equal(made[rows], derive(X[rows], ("square", "product", "radius")))
    assert derive(X[:0], EVERY).shape == (0, input_count(4, EVERY))


@pytest.mark.parametrize("name", DERIVATIONS)
def test_what_is_called_quadratic_has_no_third_differences_on_a_line_and_everything_else_has(name):
    line = np.linspace(-2, 3, 41)[:, None] * np.array([[0.7, -0.4]]) + np.array([[0.2, 0.1]])
    third = np.abs(np.diff(derive(line, (name,))[:, 2:], n=3, axis=0)).max()
    assert (third < 1e-12) == DERIVATIONS[name].is_quadratic


# --- what is too much -------------------------------------------------------------------------------------


def test_too_many_inputs_are_refused_with_what_to_leave_out():
    check(100, 61, ("square", "product"))  # 61 + 61 + 1,830
    with pytest.raises(DataError) as caught:
        check(100, 100, ("square", "product"))
    assert str(caught.value) == (
        "100 features would become 5,150 inputs, and 2,000 are the most. Leave out the products (4,950 inputs)."
    )
    check(100, MOST_INPUTS + 1, ())  # features alone are another matter


def test_more_numbers_than_there_is_memory_for_are_refused_before_they_are_made():
    with pytest.raises(DataError) as caught:
        check(1_000_000, 30, ("square", "product"))
    assert str(caught.value) == (
        "1,000,000 rows × 495 inputs are too many numbers: 200,000,000 are the most. "
        "Leave out the products (435 inputs)."
    )
    check(1_000_000, 10, ("square", "product"))
    assert MOST_VALUES >= 1_000_000 * 65


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("row", range(6))
def test_a_square_that_overflows_is_refused_by_its_name_in_whatever_share_its_row_is(row, standardize):
    X = np.random.default_rng(0).normal(size=(6, 2))
    X[row, 1] = 1e200
    split = SplitConfig(0.5, 0.25, 0.25, stratify=False, standardize=standardize, derived=("square",))
    dataset = Dataset("huge", X, np.arange(6) % 2, ("small", "huge"), ("a", "b"))
    with pytest.raises(DataError, match=r"^The numbers in “huge²?” are too large to scale"):
        prepare(dataset, split, np.random.default_rng(0))


# --- from the data to the network -------------------------------------------------------------------------


def test_the_scaler_is_fitted_to_features_and_derived_inputs_of_the_training_rows():
    dataset, split = table(), SplitConfig(derived=("square", "product"))
    prepared = prepare(dataset, split, np.random.default_rng(3))
    reference = StandardScaler().fit(derive(dataset.X[prepared.train.rows], split.derived))
    for part in prepared.parts.values():
        np.testing.assert_allclose(part.X, reference.transform(derive(dataset.X[part.rows], split.derived)), atol=1e-12)
    np.testing.assert_allclose(prepared.inputs(dataset.X[prepared.test.rows]), prepared.test.X, rtol=1e-14)
    assert prepared.input_count == len(prepared.input_names) == prepared.train.X.shape[1] == 4 + 4 + 6
    assert prepared.dataset is dataset  # rows that are typed, shown and pointed at stay as they are


def test_the_same_rows_are_dealt_to_the_same_shares_with_and_without():
    dataset = table()
    plain, rich = (prepare(dataset, SplitConfig(derived=d), np.random.default_rng(3)) for d in ((), EVERY))
    for name, part in plain.parts.items():
        np.testing.assert_array_equal(part.rows, rich.parts[name].rows)
        np.testing.assert_array_equal(part.X, rich.parts[name].X[:, :4])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("source", ["circles", "xor"])
def test_a_linear_model_solves_with_derived_inputs_what_it_cannot_without(source, backend):
    settings = {"model.activation": "linear", "model.hidden": (8,), "data.classes": 2, "data.rows": 400}
    settings |= {"train.epochs": 200, "data.noise": 0.1, "model.backend": backend}
    accuracy = {}
    for derived in ((), ("square", "product")):
        training = Training(small(derived, source, **settings), load_prepared(small(derived, source, **settings)))
        for _ in training.run():
            pass
        accuracy[derived] = evaluate(training.backend.params(), "linear", training.prepared)["test"].accuracy
    assert accuracy[()] < 0.75
    assert accuracy["square", "product"] > 0.95


def test_the_networks_first_layer_and_the_work_are_counted_by_inputs():
    experiment = small(EVERY)
    prepared = load_prepared(experiment)
    assert initial_params(experiment, prepared)[0].W.shape == (12, 7)
    assert work_per_step(experiment, prepared) / work_per_step(small(()), load_prepared(small(()))) == pytest.approx(
        (12 * 7 + 7 * 5 + 5 * 3) / (2 * 7 + 7 * 5 + 5 * 3)
    )


def test_settings_come_back_as_they_were_written():
    experiment = small(("square", "sine"))
    assert experiment_of(settings_of(experiment), Experiment()) == experiment
    unknown = settings_of(experiment) | {"split.derived": ["cube"]}
    assert experiment_of(unknown, Experiment()).split.derived == ()


# --- one point --------------------------------------------------------------------------------------------


def test_a_typed_row_names_the_features_alone_and_is_derived_and_scaled_like_the_rows():
    experiment = small(("square", "product"))
    prepared = load_prepared(experiment)
    params = initial_params(experiment, prepared)
    x = parse_row("X2 = 0.2, X1 = -0.4", prepared.dataset.feature_names)
    given = predict(params, "relu", prepared.inputs, x)
    inputs = np.array([[-0.4, 0.2, 0.16, 0.04, -0.08]])
    expected = softmax(forward(params, "relu", (inputs - prepared.scaler.mean) / prepared.scaler.scale))[0]
    np.testing.assert_allclose(given.probabilities, expected, rtol=1e-12)
    with pytest.raises(DataError, match="no feature “X1²”"):
        parse_row("X1² = 0.2", prepared.dataset.feature_names)


def test_the_way_of_a_point_shows_its_derived_inputs():
    experiment = small(("square", "product"))
    prepared = load_prepared(experiment)
    params, x = initial_params(experiment, prepared), np.array([-0.4, 0.2])
    steps = walk(params, "relu", prepared.scaler, x, prepared.dataset.class_names, prepared.derived)
    assert [step.name for step in steps] == ["Derived inputs", "Scaler", "Network", "Softmax", "Label"]
    assert steps[0].lines == ("x = (−0.400, 0.200)", "x² = (0.160, 0.040)", "x·y = (−0.080)")
    label = predict(params, "relu", prepared.inputs, x).label
    assert steps[-1].lines[0].startswith(f"The probability that (−0.4, 0.2) is {prepared.dataset.class_names[label]} ")


def test_batches_of_a_row_and_of_a_point_have_the_inputs_that_training_sees():
    prepared = load_prepared(small(EVERY))
    row = int(prepared.train.rows[3])
    np.testing.assert_allclose(row_sample(prepared, row).X[0], prepared.train.X[3], rtol=1e-13)
    point = point_sample(prepared, prepared.dataset.X[row])
    np.testing.assert_allclose(point.X[0], prepared.train.X[3], rtol=1e-13)
    assert point.y[0] == prepared.train.y[3]


# --- the boundary -----------------------------------------------------------------------------------------


def grid(box, size):
    """Every cell centre (size², 2), row by row from below."""
    steps = (np.arange(size) + 0.5) / size
    u, v = box.u_low + steps * (box.u_high - box.u_low), box.v_low + steps * (box.v_high - box.v_low)
    return np.column_stack([np.tile(u, size), np.repeat(v, size)])


def asked_point_by_point(params, activation, prepared, plane, box, size):
    X = np.array([plane.point(u, v) for u, v in grid(box, size)])
    return softmax(forward(params, activation, prepared.inputs(X).astype(params[0].W.dtype)))


def planes(prepared):
    yield column_plane(prepared, (0, 1))
    if prepared.dataset.features > 2:
        yield column_plane(prepared, (2, 0))
        yield principal_plane(prepared)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("derived", [("square",), ("product", "sine"), EVERY])
@pytest.mark.parametrize("features", [2, 5])
def test_the_raster_is_what_the_network_says_at_every_cell(features, derived, dtype):
    prepared = prepare(table(features), SplitConfig(derived=derived), np.random.default_rng(2))
    network = init_params(Experiment().model, prepared.input_count, 3, np.random.default_rng(4))
    params = tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in network)
    levels = confidence_levels(3)
    for plane in planes(prepared):
        box = bounds(plane, prepared.dataset.X)
        probabilities = asked_point_by_point(params, "relu", prepared, plane, box, 37)
        whole, lift = on_plane(params, prepared, plane)
        indices = raster(whole, "relu", box, 37, lift).ravel()
        sure = np.diff(np.sort(probabilities, axis=1)[:, -2:], axis=1)[:, 0] > 1e-4
        np.testing.assert_array_equal(indices[sure] // levels, probabilities.argmax(axis=1)[sure])
        confidence = levels * (probabilities.max(axis=1) - 1 / 3) / (2 / 3)
        assert np.abs(indices % levels - np.minimum(confidence, levels - 1))[sure].max() <= 1.001


def test_far_from_the_origin_float32_draws_the_same_picture():
    dataset = table(2)
    moved = Dataset("far", dataset.X + 1e4, dataset.y, dataset.feature_names, dataset.class_names)
    prepared = prepare(moved, SplitConfig(derived=("square", "product")), np.random.default_rng(2))
    network = init_params(Experiment().model, prepared.input_count, 3, np.random.default_rng(4))
    plane = column_plane(prepared, (0, 1))
    box = bounds(plane, moved.X)
    pictures = []
    for dtype in ("float32", "float64"):
        params, lift = on_plane(tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in network), prepared, plane)
        pictures.append(raster(params, "relu", box, 60, lift).astype(int) // confidence_levels(3))
    assert (pictures[0] != pictures[1]).mean() < 0.02


def test_a_rasterizer_draws_networks_with_and_without_derived_inputs_in_turn():
    rasterizer = Rasterizer()
    for _ in range(2):
        for derived in ((), ("square",), EVERY, ("product",)):
            prepared = load_prepared(small(derived))
            plane = column_plane(prepared, (0, 1))
            params, lift = on_plane(initial_params(small(derived), prepared), prepared, plane)
            box = bounds(plane, prepared.dataset.X)
            for size in (30, 200):  # one block, and several
                kept = rasterizer(params, "relu", box, size, lift)
                np.testing.assert_array_equal(kept, raster(params, "relu", box, size, lift))


def test_without_derived_inputs_the_plane_folds_into_the_first_layer_as_before():
    prepared = load_prepared(small(()))
    plane, params = column_plane(prepared, (0, 1)), initial_params(small(()), prepared)
    folded, lift = on_plane(params, prepared, plane)
    assert lift is None
    np.testing.assert_array_equal(folded[0].W, restrict(params, prepared.scaler, plane)[0].W)


def test_the_principal_plane_is_one_of_the_features_whatever_is_derived_from_them():
    prepared = prepare(table(5), SplitConfig(derived=EVERY), np.random.default_rng(2))
    X = prepared.dataset.X[prepared.train.rows]
    components = PCA(2).fit(StandardScaler().fit_transform(X)).components_
    plane = principal_plane(prepared)
    np.testing.assert_allclose(np.abs(plane.basis / X.std(axis=0)), np.abs(components), atol=1e-10)
    np.testing.assert_allclose(plane.origin, X.mean(axis=0), atol=1e-10)


def test_the_spread_of_dropout_passes_is_that_of_the_thinned_networks_point_by_point():
    experiment = small(("square", "product"))
    prepared = load_prepared(experiment)
    plane, params = column_plane(prepared, (0, 1)), initial_params(experiment, prepared)
    box = bounds(plane, prepared.dataset.X)
    network, lift = on_plane(params, prepared, plane)
    found = dropout_spread(network, "relu", 0.3, box, 60, 6, np.random.default_rng(8), lift)
    answers = []
    for masks in draw_masks(params, 0.3, 6, np.random.default_rng(8)):
        # dropping a unit takes its row out of the next layer's weights
        thinned = [params[0], *(Layer(W * mask[:, None], b) for (W, b), mask in zip(params[1:], masks, strict=True))]
        answers.append(asked_point_by_point(tuple(thinned), "relu", prepared, plane, box, 60))
    expected = np.std(answers, axis=0).mean(axis=1).reshape(60, 60)
    assert expected.max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_feature_is_permuted_before_others_are_made_from_it():
    experiment = small(("square", "product"))
    prepared = load_prepared(experiment)
    params, test = initial_params(experiment, prepared), prepared.test
    X = prepared.dataset.X[test.rows]
    orders = permutations(len(X), 4, np.random.default_rng(0))
    found = permutation_importance(params, "relu", X, test.y, orders, lambda _: True, prepared.inputs)
    right = [(forward(params, "relu", test.X).argmax(axis=1) == test.y).mean()] * 4
    assert found.accuracy_drop.shape == (2, 4)
    for feature in range(2):
        moved = []
        for order in orders:
            permuted = X.copy()
            permuted[:, feature] = X[order, feature]
            moved.append((forward(params, "relu", prepared.inputs(permuted)).argmax(axis=1) == test.y).mean())
        np.testing.assert_allclose(found.accuracy_drop[feature], np.subtract(right, moved), atol=1e-12)


# --- everything that watches a training -------------------------------------------------------------------


def test_gradients_of_a_network_with_derived_inputs_agree_with_finite_differences():
    experiment = small(EVERY, **{"model.activation": "tanh"})
    prepared = load_prepared(experiment)
    checked = gradient_check(experiment, prepared, initial_params(experiment, prepared))
    assert checked.checked == checked.parameters == 13 * 7 + 8 * 5 + 6 * 3
    assert checked.passed


def test_the_backends_stay_twins():
    experiment = small(EVERY, **{"train.epochs": 20})
    gaps = [event.difference for event in twins(experiment, load_prepared(experiment)) if isinstance(event, TwinEpoch)]
    assert len(gaps) == 20
    assert max(gaps) < SAME


def test_a_trace_has_the_inputs_as_its_first_signal():
    experiment = small(("square",))
    prepared = load_prepared(experiment)
    made = trace(experiment, prepared, initial_params(experiment, prepared), row_sample(prepared, 5))
    assert made["X"].values.shape == (1, 4)
    assert made["X"].formula == "scaled inputs"
    assert made["dW1"].values.shape == (4, 7)


def test_runs_with_derived_inputs_race_and_are_drawn():
    race = Race({"plain": small((), **{"train.epochs": 3}), "rich": small(("square",), **{"train.epochs": 3})})
    for _ in race.run():
        pass
    plain, rich = race.standings()
    assert plain.ending is not None
    assert rich.ending is not None
    assert plain.points.shape[1] == rich.points.shape[1] == 2
    assert (plain.indices != rich.indices).any()


def test_a_lesson_is_judged_with_derived_inputs_too():
    lesson = next(one for one in LESSONS.values() if "scaled_x1" in {wanted.measure for wanted in one.expect})
    experiment = lesson.experiments()[lesson.main]
    experiment = replace(experiment, split=replace(experiment.split, derived=("square",)))
    training = Training(replace(experiment, train=replace(experiment.train, epochs=2)), load_prepared(experiment))
    for _ in training.run():
        pass
    findings = judge(lesson, {name: Result.of(training) for name in lesson.runs})
    assert all(np.isfinite(finding.figure) for finding in findings)


def test_the_report_lists_features_and_inputs_and_counts_parameters_by_inputs():
    experiment = small(("square", "product"), **{"train.epochs": 2})
    training = Training(experiment, load_prepared(experiment))
    for _ in training.run():
        pass
    document = report(training, "finished", 1.0)
    assert document["data"]["features"] == ["X1", "X2"]
    assert document["data"]["inputs"] == ["X1", "X2", "X1²", "X2²", "X1·X2"]
    assert document["experiment"]["split"]["derived"] == ["square", "product"]
    assert document["parameters"] == sum(W.size + b.size for W, b in training.backend.params())
