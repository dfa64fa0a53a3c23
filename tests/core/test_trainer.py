import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from mlp_studio.core import trainer
from mlp_studio.core.backends.protocol import Checkpoint, Scores
from mlp_studio.core.backends.registry import BACKENDS, BackendEntry
from mlp_studio.core.config import Experiment, SplitConfig, with_settings
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.events import EpochEnd, Finished, Tick
from mlp_studio.core.history import best_epoch
from mlp_studio.core.network import Layer, forward
from mlp_studio.core.prepare import prepare
from mlp_studio.core.report import document
from mlp_studio.core.trainer import DIVERGED_LOSS, Training, initial_params

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
SPLIT = SplitConfig()


def experiment(**settings):
    settings = {name.replace("__", "."): value for name, value in settings.items()}
    return with_settings(
        Experiment(seed=5),
        {"model.hidden": (12,), "train.learning_rate": 0.05, "train.epochs": 10, **settings},
    )


def run(training, until=None):
    return list(training.run(until))


def ends(events):
    return [event for event in events if isinstance(event, EpochEnd)]


def flat(params):
    return np.concatenate([part.ravel() for layer in params for part in layer])


def assert_same_run(one, other):
    """Bit for bit the same weights and figures."""
    np.testing.assert_array_equal(flat(one.backend.params()), flat(other.backend.params()))
    np.testing.assert_array_equal(one.history.curves, other.history.curves)


def loss_and_accuracy(params, part):
    logits = torch.tensor(forward(params, "relu", part.X.astype(params[0].W.dtype)))
    y = torch.tensor(part.y)
    loss = torch.nn.functional.cross_entropy(logits, y).item()
    return loss, (logits.argmax(dim=1) == y).double().mean().item()


class Scripted:
    """A backend whose losses are written down beforehand; its only weight counts the updates."""

    def __init__(self, train_losses, val_losses=None, weights=None):
        self.train_losses, self.val_losses = train_losses, val_losses
        self.weights = weights  # of the batches, in turn
        self.steps, self.state = [], 0

    def use_threads(self, threads):
        self.threads = threads

    def replace_data(self, prepared):
        self.prepared = prepared

    def step(self, rows, settings):
        self.steps.append((rows, settings))
        loss = self.train_losses[min(self.state, len(self.train_losses) - 1)]
        self.state += 1
        weight = 1.0 if self.weights is None else self.weights[(len(self.steps) - 1) % len(self.weights)]
        return Scores(loss, 1, weight)

    def validation_scores(self):
        if self.val_losses is None:
            return Scores(math.nan, 0, 0.0)
        return Scores(self.val_losses[min(self.state, len(self.val_losses)) - 1], 1, 1.0)

    def params(self):
        return (Layer(np.array([[float(self.state)]]), np.zeros(1)),)

    def checkpoint(self):
        return Checkpoint(np.array([float(self.state)]), (), self.state)

    def restore(self, checkpoint):
        self.state = checkpoint.updates


@pytest.fixture
def scripted(monkeypatch, small_spiral):
    """(losses …, settings …) → a Training on a scripted backend."""

    def build(*losses, weights=None, **settings):
        backend = Scripted(*losses, weights=weights)
        monkeypatch.setitem(BACKENDS, "numpy", BackendEntry("scripted", lambda *_: backend))
        return Training(experiment(**settings), small_spiral)

    return build


# --- epochs and figures -----------------------------------------------------------------------------------


@BOTH
def test_a_run_yields_every_epoch_once_and_then_finished(small_spiral, backend):
    training = Training(experiment(model__backend=backend), small_spiral)
    events = training.run()
    assert isinstance(events, Iterator)
    events = [event for event in events if not isinstance(event, Tick)]
    assert [event.epoch for event in events[:-1]] == list(range(1, 11))
    assert events[-1] == Finished("finished", 10)
    assert training.epoch == training.weights_epoch == 10
    expected = [[e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy] for e in events[:-1]]
    np.testing.assert_array_equal(training.history.curves, expected)


@BOTH
def test_train_figures_are_those_before_the_update_and_validation_figures_those_after(small_spiral, backend):
    training = Training(experiment(model__backend=backend, train__precision="float64"), small_spiral)
    before = training.backend.params()
    for event in training.run():
        if isinstance(event, EpochEnd):
            after = training.backend.params()
            train, validation = (event.train_loss, event.train_accuracy), (event.val_loss, event.val_accuracy)
            assert train == pytest.approx(loss_and_accuracy(before, small_spiral.train), abs=1e-12)
            assert validation == pytest.approx(loss_and_accuracy(after, small_spiral.validation), abs=1e-12)
            before = after


@BOTH
def test_training_learns_the_spiral(small_spiral, backend):
    setting = experiment(model__backend=backend, model__hidden=(50,), train__epochs=300)
    training = Training(setting, small_spiral)
    run(training)
    first, last = training.history.curves[0], training.history.curves[-1]
    assert last[0] < 0.2 * first[0]
    assert last[1] > 0.95


def test_zero_epochs_finish_at_once_with_the_first_weights(small_spiral):
    training = Training(experiment(), small_spiral)
    assert run(training, 0) == [Finished("finished", 0)]
    start = initial_params(training.experiment, small_spiral)
    np.testing.assert_array_equal(flat(training.backend.params()), flat(start).astype(np.float32))


@BOTH
def test_without_validation_rows_the_validation_figures_are_nan_and_training_goes_on(as_prepared, backend):
    rng = np.random.default_rng(0)
    prepared = as_prepared(rng.normal(size=(30, 2)), np.arange(30) % 3)
    training = Training(experiment(model__backend=backend), prepared)
    assert run(training)[-1] == Finished("finished", 10)
    assert np.isnan(training.history.curves[:, 2:]).all()
    assert np.isfinite(training.history.curves[:, :2]).all()


@BOTH
def test_validation_rows_that_weigh_nothing_are_not_taken_for_a_divergence(as_prepared, backend):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    prepared = as_prepared(X, y, X[:3], np.full(3, 2), class_weights=np.array([1 / 15, 1 / 15, 0.0]))
    training = Training(experiment(model__backend=backend), prepared)
    assert run(training)[-1].outcome == "finished"
    assert np.isnan(training.history.curves[:, 2:]).all()


def test_first_weights_depend_on_the_seed_and_not_on_the_backend(small_spiral):
    start = {
        (seed, backend): flat(initial_params(replace(experiment(model__backend=backend), seed=seed), small_spiral))
        for seed in (1, 2)
        for backend in ("numpy", "torch")
    }
    np.testing.assert_array_equal(start[1, "numpy"], start[1, "torch"])
    assert (start[1, "numpy"] != start[2, "numpy"]).any()


@BOTH
def test_equal_experiments_give_bit_equal_runs_and_other_seeds_other_ones(small_spiral, backend):
    setting = experiment(model__backend=backend, model__dropout=0.3, train__batch_size=16)
    one, same, other = (
        Training(setting, small_spiral),
        Training(setting, small_spiral),
        Training(replace(setting, seed=6), small_spiral),
    )
    for training in (one, same, other):
        run(training)
    assert_same_run(one, same)
    assert (flat(one.backend.params()) != flat(other.backend.params())).any()


# --- mini-batches -----------------------------------------------------------------------------------------


def test_every_epoch_takes_every_row_once_in_a_new_order_and_the_last_batch_is_smaller(scripted):
    training = scripted([1.0], train__batch_size=32, train__epochs=3)
    run(training)
    batches = [rows for rows, _ in training.backend.steps]
    assert [len(rows) for rows in batches] == [32, 32, 20] * 3
    orders = [np.concatenate(batches[3 * epoch : 3 * epoch + 3]) for epoch in range(3)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(84))
    assert (orders[0] != orders[1]).any()
    assert (orders[1] != orders[2]).any()


def test_an_epochs_train_loss_is_the_mean_over_its_batches_by_their_weight(scripted):
    training = scripted([1.0, 2.0, 4.0], weights=[32.0, 32.0, 20.0], train__batch_size=32, train__epochs=1)
    (event,) = ends(run(training))
    assert event.train_loss == pytest.approx((32 * 1 + 32 * 2 + 20 * 4) / 84)
    assert event.train_accuracy == pytest.approx(3 / 84)


@pytest.mark.parametrize("size", [84, 85, 1_000_000])
@BOTH
def test_a_batch_of_all_rows_or_more_is_the_full_batch(small_spiral, backend, size):
    full, sized = (
        Training(experiment(model__backend=backend, train__batch_size=batch), small_spiral) for batch in (0, size)
    )
    run(full)
    run(sized)
    assert_same_run(full, sized)


def test_batches_of_one_row_work(small_spiral):
    training = Training(experiment(train__batch_size=1, train__epochs=2, train__learning_rate=0.001), small_spiral)
    assert run(training)[-1] == Finished("finished", 2)


# --- pause, step, stop, go on -----------------------------------------------------------------------------

BUSY = {"model__dropout": 0.3, "train__batch_size": 16, "train__optimizer": "adam", "train__epochs": 12}


@BOTH
def test_a_paused_and_watched_run_is_the_uninterrupted_one_bit_for_bit(small_spiral, backend, monkeypatch):
    straight = Training(experiment(model__backend=backend, **BUSY), small_spiral)
    run(straight)
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    watched = Training(experiment(model__backend=backend, **BUSY), small_spiral)
    other = Training(experiment(model__backend=backend, **BUSY), small_spiral)
    for event in watched.run():
        watched.backend.validation_scores()
        watched.backend.params()
        watched.backend.checkpoint()
        if isinstance(event, EpochEnd) and event.epoch % 4 == 0:
            run(other, event.epoch)  # another run in between
    assert_same_run(straight, watched)


@BOTH
def test_a_run_in_single_steps_is_the_uninterrupted_one_bit_for_bit(small_spiral, backend):
    straight, stepped = (Training(experiment(model__backend=backend, **BUSY), small_spiral) for _ in range(2))
    run(straight)
    for epoch in range(1, 13):
        assert run(stepped, epoch)[-1] == Finished("finished", epoch)
        assert stepped.epoch == epoch
    assert_same_run(straight, stepped)


def test_a_run_goes_on_after_its_last_epoch_when_more_are_asked_for(small_spiral):
    training, longer = (
        Training(experiment(), small_spiral),
        Training(experiment(train__epochs=15), small_spiral),
    )
    run(training)
    assert [event.epoch for event in ends(run(training, 15))] == [11, 12, 13, 14, 15]
    run(longer)
    assert_same_run(training, longer)
    assert run(training, 15) == [Finished("finished", 15)]


@BOTH
def test_stopping_within_an_epoch_keeps_the_weights_and_the_epochs_done(small_spiral, backend, monkeypatch):
    monkeypatch.setattr(trainer, "TICK_SECONDS", 0.0)
    training = Training(experiment(model__backend=backend, train__batch_size=16), small_spiral)
    events = training.run()
    while not (isinstance(next(events), Tick) and training.epoch == 3):
        pass
    weights = flat(training.backend.params())
    events.close()
    np.testing.assert_array_equal(flat(training.backend.params()), weights)
    assert training.epoch == len(training.history.curves) == 3
    assert [event.epoch for event in ends(run(training))] == list(range(4, 11))
    assert (flat(training.backend.params()) != weights).any()


def test_a_long_epoch_yields_ticks_often_enough_to_stop_promptly(small_spiral, monkeypatch):
    clock = iter(np.arange(0, 1000, 0.002))  # each look at the clock costs 2 ms
    monkeypatch.setattr(trainer, "perf_counter", lambda: next(clock))
    training = Training(experiment(train__batch_size=1, train__epochs=1), small_spiral)
    ticks = sum(isinstance(event, Tick) for event in training.run())
    assert 84 // 5 <= ticks < 84


# --- settings that change on the way ----------------------------------------------------------------------


@BOTH
def test_a_learning_rate_set_on_the_way_counts_from_the_next_epoch(small_spiral, backend):
    training = Training(experiment(model__backend=backend, train__optimizer="sgd"), small_spiral)
    still = replace(training.experiment, train=replace(training.experiment.train, learning_rate=0.0))
    weights = {}
    for event in training.run():
        if isinstance(event, EpochEnd):
            weights[event.epoch] = flat(training.backend.params())
            if event.epoch == 3:
                training.retune(still)
    assert (weights[2] != weights[3]).any()
    for epoch in range(4, 11):
        np.testing.assert_array_equal(weights[epoch], weights[3])


def test_more_epochs_and_other_batches_may_be_asked_for_on_the_way(scripted):
    training = scripted([1.0], train__epochs=2)
    for event in training.run():
        if isinstance(event, EpochEnd) and event.epoch == 1:
            training.retune(with_settings(training.experiment, {"train.epochs": 3, "train.batch_size": 50}))
    assert training.epoch == 3
    sizes = [None if rows is None else len(rows) for rows, _ in training.backend.steps]
    assert sizes == [None, 50, 34, 50, 34]


def retuned(training, epoch, settings, *, back=None):
    """Train on to that epoch, then change settings, and back where `back` is given."""
    for event in training.run():
        if isinstance(event, EpochEnd) and event.epoch == epoch:
            before = training.experiment
            training.retune(with_settings(before, settings))
            if back is not None:
                training.retune(before)


@pytest.mark.parametrize(
    "settings",
    [{"train.learning_rate": 0.02}, {"train.batch_size": 30}, {"train.l2": 0.1}, {"train.early_stopping": 9}],
)
def test_a_run_remembers_that_its_settings_changed_whatever_they_are_afterwards(small_spiral, settings):
    training = Training(experiment(), small_spiral)
    before = training.experiment
    retuned(training, 3, settings)
    assert training.is_retuned
    training.retune(before)
    assert training.is_retuned
    assert training.state().is_retuned
    assert Training.resumed(before, small_spiral, training.state()).is_retuned
    assert training.trained("finished").is_retuned
    assert document(training.trained("finished"))["changed_on_the_way"] == {"rows": False, "settings": True}


def test_settings_that_no_step_was_made_with_and_more_epochs_change_nothing(small_spiral):
    training = Training(experiment(), small_spiral)
    training.retune(with_settings(training.experiment, {"train.learning_rate": 0.03}))  # before it begins
    retuned(training, 3, {"train.learning_rate": 0.02}, back=True)
    retuned(training, 3, {"train.epochs": 13})
    assert not training.is_retuned
    assert not training.state().is_retuned
    assert document(training.trained("finished"))["changed_on_the_way"] == {"rows": False, "settings": False}


def test_settings_that_changed_while_a_run_is_halted_are_not_those_that_it_was_trained_with(small_spiral):
    training = Training(experiment(), small_spiral)
    list(training.run(until=3))
    resumed = Training.resumed(training.experiment, small_spiral, training.state())
    for one in (training, resumed):
        assert not one.is_retuned
        one.retune(with_settings(one.experiment, {"train.learning_rate": 0.02}))
        assert one.is_retuned
        list(one.run(until=4))
        assert one.is_retuned


# --- early stopping ---------------------------------------------------------------------------------------


def test_early_stopping_goes_back_to_the_best_epoch(scripted):
    training = scripted([1.0], [5, 4, 3, 4, 3, 3.5, 9], train__early_stopping=3, train__epochs=100)
    finished = run(training)[-1]
    assert finished == Finished(
        "finished",
        3,
        "Stopped early: the validation loss has not improved for 3 epochs; the weights of epoch 3 are back.",
    )
    assert training.backend.state == training.weights_epoch == 3
    assert training.epoch == 6


def test_an_improvement_in_time_starts_the_patience_anew(scripted):
    training = scripted([1.0], [5, 6, 4, 5, 3, 4, 2, 1], train__early_stopping=2, train__epochs=8)
    assert run(training)[-1] == Finished("finished", 8)


def test_without_patience_training_goes_on_whatever_the_validation_loss(scripted):
    assert run(scripted([1.0], [1, 2, 3, 4, 5], train__epochs=5))[-1] == Finished("finished", 5)


def test_without_validation_rows_the_train_loss_decides_on_stopping(scripted):
    training = scripted([3.0, 2.0, 2.5, 2.5, 2.5], train__early_stopping=2, train__epochs=100)
    assert run(training)[-1].epoch == 2


@BOTH
def test_weights_after_early_stopping_are_those_of_the_best_epoch(small_spiral, backend):
    setting = experiment(
        model__backend=backend,
        model__hidden=(100,),
        train__epochs=500,
        train__early_stopping=20,
        train__precision="float64",
    )
    training = Training(setting, small_spiral)
    finished = run(training)[-1]
    assert finished.reason.startswith("Stopped early")
    assert finished.epoch == training.epoch - 20 == best_epoch(training.history.curves)
    loss, _ = loss_and_accuracy(training.backend.params(), small_spiral.validation)
    assert loss == pytest.approx(training.history.curves[:, 2].min(), abs=1e-12)


def test_a_run_goes_on_from_the_best_weights_after_early_stopping(scripted):
    training = scripted([1.0], [2, 1, 2, 2, 2, 2, 2], train__early_stopping=2, train__epochs=100)
    assert run(training)[-1].epoch == 2
    assert [event.epoch for event in ends(run(training, 6))] == [5, 6]
    assert training.backend.state == 4  # two epochs on from the second


# --- divergence -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [1e5, math.inf, math.nan])
@pytest.mark.parametrize(
    ("train", "val", "epoch", "back_to"),
    [
        (["bad"], None, 1, 0),
        ([1.0, "bad"], None, 2, 0),  # the second epoch's loss is that of the first epoch's weights
        ([1.0, 1.0, 1.0, "bad"], None, 4, 2),
        ([1.0, 1.0, 1.0, "bad"], [1.0] * 4, 4, 2),
        ([1.0] * 4, [1.0, 1.0, "bad"], 3, 2),  # the validation loss is that of the epoch's own weights
        ([1.0] * 4, ["bad"], 1, 0),
    ],
)
def test_a_diverged_run_goes_back_to_the_last_sound_epoch(scripted, bad, train, val, epoch, back_to):
    script = [losses and [bad if loss == "bad" else loss for loss in losses] for losses in (train, val)]
    training = scripted(*script)
    finished = run(training)[-1]
    assert finished == Finished(
        "diverged",
        back_to,
        f"Training diverged at epoch {epoch}: the loss grew out of all bounds. The weights of epoch "
        f"{back_to} are back; lower the learning rate (0.05) and reset.",
    )
    assert training.backend.state == training.weights_epoch == training.epoch == back_to
    assert len(training.history.curves) == back_to


@BOTH
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("stepwise", [False, True], ids=["straight", "stepwise"])
@pytest.mark.parametrize("watched", [False, True], ids=["alone", "validated"])
def test_a_learning_rate_far_too_high_ends_with_sound_weights_and_without_a_warning(
    small_spiral, as_prepared, backend, precision, stepwise, watched
):
    train = small_spiral.train
    prepared = small_spiral if watched else as_prepared(train.X, train.y)
    setting = experiment(
        model__backend=backend,
        model__hidden=(20, 20),
        model__activation="elu",
        train__optimizer="sgd",
        train__learning_rate=500.0,
        train__precision=precision,
        train__epochs=50,
    )
    training = Training(setting, prepared)
    for epoch in range(1, 51) if stepwise else [50]:
        finished = run(training, epoch)[-1]
        if finished.outcome == "diverged":
            break
    assert finished.outcome == "diverged"
    assert finished.epoch == training.epoch == training.weights_epoch
    assert (training.history.curves[:, 0] < DIVERGED_LOSS).all()
    logits = forward(training.backend.params(), "elu", train.X.astype(precision))
    assert torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(train.y)) < DIVERGED_LOSS


def test_a_diverged_run_goes_on_with_a_lower_learning_rate(small_spiral):
    setting = experiment(model__activation="elu", train__optimizer="sgd", train__learning_rate=500.0)
    training = Training(setting, small_spiral)
    assert run(training)[-1].outcome == "diverged"
    at = training.epoch
    training.retune(with_settings(setting, {"train.learning_rate": 0.01}))
    events = run(training)
    assert [event.epoch for event in ends(events)] == list(range(at + 1, 11))
    assert events[-1] == Finished("finished", 10)


# --- other rows while training ------------------------------------------------------------------------------


def with_rows(prepared, X, y, split=SPLIT):
    """These rows as painted points, in the scaling of `prepared`."""
    names = prepared.dataset.class_names
    tickets = np.arange(len(y)) / len(y)
    return prepare(Dataset("painted", X, y, ("X1", "X2"), names, (), tickets), split, None, prepared.scaler)


@BOTH
@pytest.mark.parametrize("batch_size", [0, 16])
def test_the_same_rows_once_more_change_nothing(small_spiral, backend, batch_size):
    settings = {"model__backend": backend, "train__batch_size": batch_size, "model__dropout": 0.2}
    straight, other = (Training(experiment(**settings), small_spiral) for _ in range(2))
    run(straight, 8)
    run(other, 4)
    other.replace_data(replace(small_spiral))
    run(other, 8)
    assert other.prepared is not small_spiral
    assert_same_run(straight, other)


@BOTH
@pytest.mark.parametrize("batch_size", [0, 16])
@pytest.mark.parametrize("class_weights", [False, True])
def test_training_goes_on_with_other_rows_from_the_next_epoch_on(small_spiral, backend, batch_size, class_weights):
    training = Training(experiment(model__backend=backend, train__batch_size=batch_size), small_spiral)
    events = training.run()
    while training.epoch < 5:
        next(events)
    before = training.backend.params()
    split = replace(SPLIT, class_weights=class_weights)
    changed = with_rows(small_spiral, small_spiral.dataset.X[:70] + 0.1, small_spiral.dataset.y[:70], split)
    training.replace_data(changed)
    next(event for event in events if isinstance(event, EpochEnd))
    assert training.epoch == 6
    assert training.prepared is changed
    # the figures of the sixth epoch are those of the new rows; the first update starts from the weights that were there
    weight = None if changed.class_weights is None else torch.tensor(changed.class_weights, dtype=torch.float32)
    if batch_size == 0:
        logits = torch.tensor(forward(before, "relu", changed.train.X.astype(np.float32)))
        y = torch.tensor(changed.train.y)
        loss = torch.nn.functional.cross_entropy(logits, y, weight=weight).item()
        assert training.history.curves[5, 0] == pytest.approx(loss, rel=1e-5)
        assert training.history.curves[5, 1] == (logits.argmax(dim=1) == y).double().mean().item()
    logits = torch.tensor(forward(training.backend.params(), "relu", changed.validation.X.astype(np.float32)))
    y = torch.tensor(changed.validation.y)
    loss = torch.nn.functional.cross_entropy(logits, y, weight=weight).item()
    assert training.history.curves[5, 2] == pytest.approx(loss, rel=1e-5)
    assert run(training)[-1] == Finished("finished", 10)


def test_both_backends_go_on_alike_with_other_rows(small_spiral):
    found = []
    for backend in ("numpy", "torch"):
        training = Training(experiment(model__backend=backend, train__precision="float64"), small_spiral)
        run(training, 4)
        training.replace_data(with_rows(small_spiral, small_spiral.dataset.X[::2] * 1.1, small_spiral.dataset.y[::2]))
        run(training)
        found.append(flat(training.backend.params()))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-10)


def test_early_stopping_does_not_go_back_beyond_a_change_of_rows(scripted, small_spiral):
    training = scripted([1.0], [0.1, 0.9, 0.8, 0.7, 0.75, 0.75, 0.75], train__early_stopping=2)
    run(training, 1)
    events = training.run()
    next(event for event in events if isinstance(event, EpochEnd))
    training.replace_data(replace(small_spiral))
    rest = list(events)
    assert rest[-1].outcome == "finished"
    assert training.weights_epoch == 4
