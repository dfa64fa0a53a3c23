import sys

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.backends.protocol import Checkpoint
from mlp_studio.core.backends.registry import BACKENDS
from mlp_studio.core.config import Experiment, with_settings
from mlp_studio.core.errors import BackendError
from mlp_studio.core.initializers import INITIALIZERS
from mlp_studio.core.network import Layer, forward, init_params
from mlp_studio.core.optimizers import OPTIMIZERS
from mlp_studio.core.trainer import Training
from tests.core.textbook import loss_and_gradients

N, D, C = 40, 3, 4
HIDDEN = (7, 6, 5)
CLASS_WEIGHTS = np.array([0.1, 2.0, 0.5, 1.0])
EVERY_ACTIVATION = pytest.mark.parametrize("activation", ACTIVATIONS)
BOTH = pytest.mark.parametrize("backend", BACKENDS)


def experiment(**settings):
    """An Experiment in float64; keywords as section__field."""
    settings = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(Experiment(seed=3), {"train.precision": "float64", **settings})


def samples(seed=0, n=N):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, D)), rng.integers(0, C, n)


def first_weights(setting, seed=0):
    return init_params(setting.model, D, C, np.random.default_rng(seed))


def with_random_biases(params, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(Layer(W, rng.normal(size=b.shape)) for W, b in params)


def make(setting, prepared, params):
    return BACKENDS[setting.model.backend].make(setting, prepared, params)


def torch_leaves(params):
    return [(torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)) for W, b in params]


def torch_logits(leaves, activation, X):
    torch_name = ACTIVATIONS[activation].torch_name
    f = getattr(torch.nn.functional, torch_name) if torch_name else lambda z: z
    a = torch.tensor(X)
    for W, b in leaves[:-1]:
        a = f(a @ W + b)
    W, b = leaves[-1]
    return a @ W + b


def autograd(params, activation, X, y, class_weights=None, l1=0.0, l2=0.0):
    """Loss and gradients of a network that torch differentiates by itself."""
    leaves = torch_leaves(params)
    weight = None if class_weights is None else torch.tensor(class_weights)
    loss = cross_entropy(torch_logits(leaves, activation, X), torch.tensor(y), weight=weight)
    penalty = sum(l1 * W.abs().sum() + l2 / 2 * (W**2).sum() for W, _ in leaves)
    (loss + penalty).backward()
    return loss.item(), tuple(Layer(W.grad.numpy(), b.grad.numpy()) for W, b in leaves)


def assert_close(params, expected, atol):
    for layer, layer_expected in zip(params, expected, strict=True):
        for part, part_expected in zip(layer, layer_expected, strict=True):
            np.testing.assert_allclose(part, part_expected, rtol=0, atol=atol)


def assert_equal(params, expected):
    assert_close(params, expected, atol=0)


# --- gradients --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, CLASS_WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("initialization", INITIALIZERS)
@EVERY_ACTIVATION
def test_numpy_gradients_are_those_of_torch_autograd(as_prepared, activation, initialization, depth, weights):
    setting = experiment(
        model__activation=activation, model__initialization=initialization, model__hidden=HIDDEN[:depth]
    )
    X, y = samples()
    params = first_weights(setting)
    backend = make(setting, as_prepared(X, y, class_weights=weights, classes=C), params)
    scores = backend.backward(None)
    loss, gradients = autograd(params, activation, X, y, weights)
    assert scores.loss == pytest.approx(loss, abs=1e-12)
    assert_close(backend.gradients(), gradients, atol=1e-10)


@pytest.mark.parametrize("weights", [None, CLASS_WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("hidden", [(7,), (3, 2), (40, 6, 5)])
@EVERY_ACTIVATION
def test_numpy_steps_are_those_of_the_textbook(as_prepared, activation, hidden, weights):
    """In full batches and in batches that leave a smaller rest, of features and classes few and many."""
    setting = experiment(
        model__activation=activation, model__hidden=hidden, train__optimizer="sgd", train__learning_rate=0.1
    )
    X, y = samples()
    params = with_random_biases(first_weights(setting))
    backend = make(setting, as_prepared(X, y, class_weights=weights, classes=C), params)
    for rows in (None, np.arange(16), np.arange(16, 32), np.arange(32, N), None, np.array([3])):
        J, gradients = loss_and_gradients(
            params, activation, *((X, y) if rows is None else (X[rows], y[rows])), weights
        )
        assert backend.step(rows, setting.train).loss == pytest.approx(J, abs=1e-12)
        params = tuple(Layer(W - 0.1 * dW, b - 0.1 * db) for (W, b), (dW, db) in zip(params, gradients, strict=True))
        assert_close(backend.params(), params, atol=1e-12)


@EVERY_ACTIVATION
def test_torch_backends_gradients_are_those_of_an_independent_network(as_prepared, activation):
    setting = experiment(model__backend="torch", model__activation=activation, model__hidden=HIDDEN)
    X, y = samples()
    params = with_random_biases(first_weights(setting))
    backend = make(setting, as_prepared(X, y, class_weights=CLASS_WEIGHTS), params)
    backend.backward(None)
    assert_close(backend.gradients(), autograd(params, activation, X, y, CLASS_WEIGHTS)[1], atol=1e-10)


@BOTH
@pytest.mark.parametrize(("l1", "l2"), [(0.03, 0.0), (0.0, 0.2), (0.03, 0.2)])
@pytest.mark.parametrize("initialization", ["torch_default", "zeros"])
def test_penalties_move_the_weights_as_autograd_says_and_leave_the_biases(as_prepared, backend, initialization, l1, l2):
    setting = experiment(
        model__backend=backend,
        model__activation="tanh",
        model__hidden=HIDDEN,
        model__initialization=initialization,
        train__optimizer="sgd",
        train__learning_rate=1.0,
        train__l1=l1,
        train__l2=l2,
    )
    X, y = samples()
    params = with_random_biases(first_weights(setting))
    running = make(setting, as_prepared(X, y), params)
    running.step(None, setting.train)
    _, gradients = autograd(params, "tanh", X, y, l1=l1, l2=l2)
    expected = tuple(Layer(W - dW, b - db) for (W, b), (dW, db) in zip(params, gradients, strict=True))
    assert_close(running.params(), expected, atol=1e-10)


def away_from_kinks(setting, X):
    """First weights for which no unit sits where a kinked activation has no derivative."""
    for seed in range(1000):
        params = with_random_biases(first_weights(setting, seed), seed)
        z = [forward(params[: layer + 1], setting.model.activation, X) for layer in range(len(params) - 1)]
        if min(np.abs(z_layer).min() for z_layer in z) >= 1e-4:
            return params
    raise AssertionError("no draw keeps away from the kinks")


@pytest.mark.parametrize("depth", [1, 2, 3])
@EVERY_ACTIVATION
def test_numpy_gradients_are_the_slopes_of_the_loss(as_prepared, activation, depth):
    setting = experiment(
        model__activation=activation,
        model__initialization="torch_default",
        model__hidden=HIDDEN[:depth],
        train__optimizer="sgd",
    )
    X, y = samples(n=12)
    backend = make(setting, as_prepared(X, y, class_weights=CLASS_WEIGHTS, classes=C), away_from_kinks(setting, X))
    backend.backward(None)
    gradients = backend.gradients()
    flat = np.concatenate([part.ravel() for layer in gradients for part in layer])
    start, h = backend.checkpoint().weights, 1e-6

    def loss_at(weights):
        backend.restore(Checkpoint(weights, (), 0))
        return backend.backward(None).loss

    directions = h * np.eye(len(start))
    slopes = [(loss_at(start + move) - loss_at(start - move)) / (2 * h) for move in directions]
    np.testing.assert_allclose(flat, slopes, rtol=1e-6, atol=2e-9)


@BOTH
def test_gradients_of_a_batch_are_those_of_its_rows_alone(as_prepared, backend):
    setting = experiment(model__backend=backend, model__activation="tanh", model__hidden=HIDDEN)
    X, y = samples()
    params = first_weights(setting)
    running = make(setting, as_prepared(X, y, class_weights=CLASS_WEIGHTS), params)
    for rows in (np.array([5]), np.arange(9, 40, 3), np.arange(N)[::-1].copy()):
        scores = running.backward(rows)
        loss, gradients = autograd(params, "tanh", X[rows], y[rows], CLASS_WEIGHTS)
        assert scores.loss == pytest.approx(loss, abs=1e-12)
        assert_close(running.gradients(), gradients, atol=1e-10)


# --- losses and counts ------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("weights", [None, CLASS_WEIGHTS], ids=["equal", "weighted"])
def test_losses_of_training_and_validation_are_torchs_cross_entropy(as_prepared, backend, weights):
    setting = experiment(model__backend=backend, model__initialization="torch_default")
    (X, y), (X_val, y_val) = samples(), samples(seed=1, n=17)
    params = first_weights(setting)
    running = make(setting, as_prepared(X, y, X_val, y_val, weights), params)
    for scores, X_part, y_part in (
        (running.backward(None), X, y),
        (running.validation_scores(), X_val, y_val),
    ):
        logits = torch_logits(torch_leaves(params), "relu", X_part).detach()
        weight = None if weights is None else torch.tensor(weights)
        expected = cross_entropy(logits, torch.tensor(y_part), weight=weight).item()
        assert scores.loss == pytest.approx(expected, abs=1e-12)
        assert scores.correct == (logits.argmax(dim=1).numpy() == y_part).sum()
        assert scores.weight == pytest.approx(len(y_part) if weights is None else weights[y_part].sum())


@BOTH
def test_without_validation_rows_the_loss_is_nan_and_weighs_nothing(as_prepared, backend):
    setting = experiment(model__backend=backend)
    scores = make(setting, as_prepared(*samples()), first_weights(setting)).validation_scores()
    assert np.isnan(scores.loss)
    assert (scores.correct, scores.weight) == (0, 0.0)


@BOTH
def test_a_tie_counts_as_the_first_class_only(as_prepared, backend):
    setting = experiment(model__backend=backend, model__initialization="zeros")
    X, y = samples()
    scores = make(setting, as_prepared(X, y, X, y), first_weights(setting)).backward(None)
    validation = make(setting, as_prepared(X, y, X, y), first_weights(setting)).validation_scores()
    assert scores.loss == pytest.approx(np.log(C))
    assert scores.correct == validation.correct == (y == 0).sum() < N


@BOTH
def test_right_answers_are_counted_as_argmax_has_it_where_some_are_tied(as_prepared, backend):
    setting = experiment(model__backend=backend, model__activation="linear", model__hidden=(3,))
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, (200, 3)).astype(float), rng.integers(0, 3, 200)  # the logits are X itself
    params = (Layer(np.eye(3), np.zeros(3)), Layer(np.eye(3), np.zeros(3)))
    running = make(setting, as_prepared(X, y, X, y, classes=3), params)
    right = (X.argmax(axis=1) == y).sum()
    assert 0 < right < (X[np.arange(200), y] == X.max(axis=1)).sum()
    assert running.validation_scores().correct == running.backward(None).correct == right


@BOTH
def test_huge_float32_logits_neither_overflow_nor_underflow_to_log_of_zero(as_prepared, backend):
    setting = experiment(
        model__backend=backend, model__activation="linear", model__hidden=(2,), train__precision="float32"
    )
    X, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 1])
    params = (
        Layer(np.eye(2), np.zeros(2)),
        Layer(np.array([[1e4, 0.0], [0.0, 2e4]]), np.zeros(2)),
    )  # logits (1e4, 0) and (0, 2e4): losses 1e4 and 0
    scores = make(setting, as_prepared(X, y), params).backward(None)
    assert scores.loss == pytest.approx(5e3)
    assert scores.correct == 1


# --- trajectories -----------------------------------------------------------------------------------------


def trained(setting, prepared, epochs):
    training = Training(setting, prepared)
    for _ in training.run(epochs):
        pass
    return training


@pytest.mark.parametrize(
    ("optimizer", "rate", "batch"),
    [("sgd", 0.2, 0), ("sgd", 0.05, 16), ("adam", 0.01, 0), ("adam", 0.005, 16)],
    ids=["sgd-full", "sgd-batches", "adam-full", "adam-batches"],
)
@EVERY_ACTIVATION
def test_both_backends_follow_the_same_trajectory(small_spiral, activation, optimizer, rate, batch):
    histories, params = [], []
    for backend in ("numpy", "torch"):
        setting = experiment(
            model__backend=backend,
            model__activation=activation,
            model__hidden=(12, 8),
            train__optimizer=optimizer,
            train__learning_rate=rate,
            train__batch_size=batch,
            train__l2=1e-3,
        )
        training = trained(setting, small_spiral, epochs=30 if batch else 100)
        histories.append(training.history.curves)
        params.append(training.backend.params())
    assert_close(*params, atol=1e-10)
    np.testing.assert_allclose(*histories, rtol=0, atol=1e-10)
    assert histories[0][-1, 0] < histories[0][0, 0]  # something was learned on the way


@BOTH
def test_float32_follows_float64_at_its_own_precision(small_spiral, backend):
    params = []
    for precision in ("float32", "float64"):
        setting = experiment(
            model__backend=backend,
            model__hidden=(12,),
            train__optimizer="sgd",
            train__learning_rate=0.2,
            train__precision=precision,
        )
        training = trained(setting, small_spiral, epochs=50)
        params.append(training.backend.params())
        assert {part.dtype for layer in params[-1] for part in layer} == {np.dtype(precision)}
    assert_close(*params, atol=1e-4)
    with pytest.raises(AssertionError):
        assert_close(*params, atol=1e-9)


@BOTH
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_restored_checkpoint_goes_on_bit_for_bit(small_spiral, backend, optimizer):
    setting = experiment(
        model__backend=backend,
        model__hidden=(12,),
        train__optimizer=optimizer,
        train__precision="float32",
        train__l2=1e-3,
    )
    params = init_params(setting.model, 2, 3, np.random.default_rng(0))
    running = make(setting, small_spiral, params)

    def steps(count):
        for _ in range(count):
            running.step(None, setting.train)
        return running.params()

    steps(5)
    checkpoint = running.checkpoint()
    onwards = steps(7)
    running.restore(checkpoint)
    assert_equal(steps(7), onwards)
    other = make(setting, small_spiral, params)
    other.restore(checkpoint)
    for _ in range(7):
        other.step(None, setting.train)
    assert_equal(other.params(), onwards)


@BOTH
def test_params_are_copies_and_start_as_given(as_prepared, backend):
    setting = experiment(model__backend=backend, model__initialization="torch_default")
    given = first_weights(setting)
    running = make(setting, as_prepared(*samples()), given)
    taken = running.params()
    assert_equal(taken, given)
    running.step(None, setting.train)
    assert_equal(taken, given)
    taken[0].W[:] = 99
    assert np.abs(running.params()[0].W).max() < 99


# --- dropout ----------------------------------------------------------------------------------------------


def averaging(as_prepared, backend, dropout, units=20_000):
    """A network whose first logit is the mean of `units` hidden activations, all 1; the other is 0."""
    setting = experiment(model__backend=backend, model__activation="linear", model__hidden=(1,), model__dropout=dropout)
    output = np.column_stack([np.full(units, 1 / units), np.zeros(units)])
    params = (Layer(np.ones((1, units)), np.zeros(units)), Layer(output, np.zeros(2)))
    X, y = np.ones((1, 1)), np.array([0])
    return make(setting, as_prepared(X, y, X, y, classes=2), params)


def mean_activation(loss):
    """m, where loss = −log(e^m / (e^m + 1))."""
    return -np.log(np.expm1(loss))


def dropout_mask(running):
    """What each hidden activation of 1 was multiplied by: dW = a δ, db = δ."""
    dW, db = running.gradients()[-1]
    return dW[:, 0] / db[0]


@BOTH
@pytest.mark.parametrize("dropout", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_scales_what_it_keeps(as_prepared, backend, dropout):
    running = averaging(as_prepared, backend, dropout)
    loss = running.backward(None).loss
    mask, deviation = dropout_mask(running), np.sqrt(dropout / (1 - dropout) / 20_000)
    assert mean_activation(loss) == pytest.approx(1, abs=5 * deviation)
    assert mean_activation(loss) == pytest.approx(mask.mean(), abs=1e-9)
    kept = np.isclose(mask, 1 / (1 - dropout))
    assert (kept | (mask == 0)).all()
    assert kept.mean() == pytest.approx(1 - dropout, abs=5 * np.sqrt(dropout * (1 - dropout) / 20_000))


@BOTH
def test_dropout_is_off_when_validating(as_prepared, backend):
    running = averaging(as_prepared, backend, 0.5, units=51)  # odd: half of them is no whole number
    assert mean_activation(running.backward(None).loss) != pytest.approx(1, abs=1e-6)
    assert mean_activation(running.validation_scores().loss) == pytest.approx(1, abs=1e-9)


@BOTH
def test_every_pass_draws_its_own_mask_and_every_seed_its_own_masks(as_prepared, backend):
    running, twin = (averaging(as_prepared, backend, 0.5, units=200) for _ in range(2))
    masks = []
    for _ in range(2):
        running.backward(None)
        twin.backward(None)
        masks.append(dropout_mask(running))
        np.testing.assert_array_equal(masks[-1], dropout_mask(twin))
    assert (masks[0] != masks[1]).any()


@BOTH
def test_gradients_with_dropout_are_those_of_autograd_with_the_same_mask(as_prepared, backend):
    setting = experiment(model__backend=backend, model__activation="sigmoid", model__hidden=(30,), model__dropout=0.4)
    X, y = samples(n=1)
    params = with_random_biases(first_weights(setting))
    running = make(setting, as_prepared(X, y, classes=C), params)
    loss = running.backward(None).loss
    (W1, b1), (W2, b2) = leaves = torch_leaves(params)
    a = torch.sigmoid(torch.tensor(X) @ W1 + b1)
    mask = torch.tensor(dropout_mask(running)) / a.detach()[0]
    expected = cross_entropy((a * mask) @ W2 + b2, torch.tensor(y))
    expected.backward()
    assert 0 < (mask == 0).sum() < 30
    assert loss == pytest.approx(expected.item(), abs=1e-9)
    assert_close(running.gradients(), [(W.grad.numpy(), b.grad.numpy()) for W, b in leaves], atol=1e-9)


# --- the registry -----------------------------------------------------------------------------------------


def test_a_missing_torch_is_one_sentence_with_a_way_out(as_prepared, monkeypatch):
    setting = experiment(model__backend="torch")
    monkeypatch.setitem(sys.modules, "mlp_studio.core.backends.torch_mlp", None)
    with pytest.raises(BackendError, match=r"^PyTorch does not load here: .+\.$"):
        make(setting, as_prepared(*samples()), first_weights(setting))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendError, match=r"^PyTorch is not installed: run “pip install torch”, or choose"):
        make(setting, as_prepared(*samples()), first_weights(setting))


def test_every_backend_has_a_label():
    assert all(entry.label for entry in BACKENDS.values())
