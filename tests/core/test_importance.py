"""Permutation importance, held against scikit-learn's on the same network and the same permutations."""

import numpy as np
import pytest

from mlp_studio.core.activations import ACTIVATIONS
from mlp_studio.core.config import ModelConfig
from mlp_studio.core.importance import BLOCK_NUMBERS, permutation_importance, permutations
from mlp_studio.core.network import forward, init_params, log_softmax

D, C, REPEATS = 6, 4, 5


def going_on(_share):
    return True


def a_network(hidden, activation="relu", features=D, scale=3.0):
    params = init_params(
        ModelConfig(hidden=hidden, activation=activation, initialization="xavier_uniform"),
        features,
        C,
        np.random.default_rng(1),
    )
    return tuple(layer._replace(W=scale * layer.W) for layer in params)


def some_rows(rows=300, features=D):
    rng = np.random.default_rng(2)
    return rng.normal(size=(rows, features)), rng.integers(0, C, rows)


class Wrapped:
    """The network as scikit-learn wants an estimator."""

    def __init__(self, params, activation):
        self.params, self.activation = params, activation

    def fit(self, X, y):
        return self

    def predict(self, X):
        return forward(self.params, self.activation, X).argmax(axis=1)


def sklearns_orders(rows, seed):
    """The permutations that scikit-learn draws: of one seed for every column, each repeat permuting the last again."""
    random = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    shuffled, order, orders = np.arange(rows), np.arange(rows), []
    for _ in range(REPEATS):
        random.shuffle(shuffled)
        order = order[shuffled]
        orders.append(order)
    return np.stack(orders)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("hidden", [(), (16,), (9, 7)])
def test_accuracy_drop_is_scikit_learns(hidden, activation):
    from sklearn.inspection import permutation_importance as of_sklearn

    params, (X, y) = a_network(hidden, activation), some_rows()
    theirs = of_sklearn(
        Wrapped(params, activation),
        X,
        y,
        scoring=lambda model, X, y: float((model.predict(X) == y).mean()),
        n_repeats=REPEATS,
        random_state=7,
    )
    ours = permutation_importance(params, activation, X, y, sklearns_orders(len(X), 7), going_on)
    np.testing.assert_allclose(ours.accuracy_drop, theirs.importances, atol=1e-12)
    np.testing.assert_allclose(ours.accuracy_drop.mean(axis=1), theirs.importances_mean, atol=1e-12)
    np.testing.assert_allclose(ours.accuracy_drop.std(axis=1), theirs.importances_std, atol=1e-12)


def test_loss_rise_is_that_of_the_whole_permuted_matrix():
    params, (X, y) = a_network((16,)), some_rows()
    orders = permutations(len(X), REPEATS, np.random.default_rng(3))
    found = permutation_importance(params, "relu", X, y, orders, going_on)

    def loss(X):
        return -log_softmax(forward(params, "relu", X))[np.arange(len(y)), y].mean()

    for feature in range(D):
        for repeat, order in enumerate(orders):
            permuted = X.copy()
            permuted[:, feature] = X[order, feature]
            assert found.loss_rise[feature, repeat] == pytest.approx(loss(permuted) - loss(X), abs=1e-12)
    assert found.loss == pytest.approx(loss(X))


def test_many_rows_in_blocks_give_what_all_at_once_give():
    params, (X, y) = a_network((64,)), some_rows(rows=20_000)
    orders = permutations(len(X), 3, np.random.default_rng(3))
    assert len(X) * 3 * 64 > 2 * BLOCK_NUMBERS
    found = permutation_importance(params, "relu", X, y, orders, going_on)
    permuted = X.copy()
    permuted[:, 2] = X[orders[1], 2]
    right = (forward(params, "relu", permuted).argmax(axis=1) == y).mean()
    assert found.accuracy_drop[2, 1] == pytest.approx(found.accuracy - right, abs=1e-12)


def test_a_feature_that_the_network_does_not_read_and_a_constant_one_are_of_no_importance():
    params, (X, y) = a_network((16,)), some_rows()
    params[0].W[3] = 0.0
    X[:, 1] = 2.5
    found = permutation_importance(
        params, "relu", X, y, permutations(len(X), REPEATS, np.random.default_rng(0)), going_on
    )
    assert not found.accuracy_drop[[1, 3]].any()
    assert not found.loss_rise[[1, 3]].any()
    assert found.loss_rise[[0, 2, 4, 5]].any(axis=1).all()


def test_the_share_that_is_done_rises_to_one_and_a_no_ends_it():
    params, (X, y) = a_network((16,)), some_rows()
    orders, shares = permutations(len(X), REPEATS, np.random.default_rng(0)), []
    assert permutation_importance(params, "relu", X, y, orders, lambda share: shares.append(share) is None) is not None
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    heard = []
    assert permutation_importance(params, "relu", X, y, orders, lambda share: heard.append(share) is not None) is None
    assert len(heard) == 1


def test_every_permutation_holds_every_row_once_and_the_same_generator_draws_the_same():
    orders = permutations(50, 4, np.random.default_rng(5))
    assert (np.sort(orders, axis=1) == np.arange(50)).all()
    assert (orders == permutations(50, 4, np.random.default_rng(5))).all()
