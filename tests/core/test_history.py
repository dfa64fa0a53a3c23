import numpy as np
import pytest

from mlp_studio.core.events import EpochEnd
from mlp_studio.core.history import COLUMNS, History, best_epoch


def event(epoch):
    return EpochEnd(epoch, epoch + 0.1, epoch + 0.2, epoch + 0.3, epoch + 0.4)


def row(epoch):
    return [epoch + 0.1, epoch + 0.2, epoch + 0.3, epoch + 0.4]


def filled(epochs):
    history = History()
    for epoch in range(1, epochs + 1):
        history.append(event(epoch))
    return history


def test_rows_are_the_epochs_in_order_with_the_columns_as_named():
    history = filled(3)
    assert len(history) == 3
    np.testing.assert_array_equal(history.curves, [row(1), row(2), row(3)])
    assert COLUMNS == ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


def test_curves_handed_out_stay_true_while_thousands_are_appended():
    history, handed_out = History(), []
    for epoch in range(1, 5001):
        history.append(event(epoch))
        if epoch in (1, 2, 1023, 1024, 1025, 2048, 2049, 4096, 5000):
            handed_out.append((epoch, history.curves))
    for length, curves in handed_out:
        np.testing.assert_allclose(curves, [row(epoch) for epoch in range(1, length + 1)])


def test_curves_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        filled(3).curves[0, 0] = 9


def test_truncated_epochs_are_forgotten_and_curves_handed_out_keep_them():
    history = filled(5)
    before = history.curves
    history.truncate(2)
    np.testing.assert_array_equal(history.curves, [row(1), row(2)])
    history.append(event(33))
    np.testing.assert_array_equal(history.curves, [row(1), row(2), row(33)])
    np.testing.assert_array_equal(before, [row(epoch) for epoch in range(1, 6)])


def test_a_history_truncated_to_nothing_goes_on():
    history = filled(2)
    history.truncate(0)
    assert len(history) == len(history.curves) == 0
    history.append(event(1))
    np.testing.assert_array_equal(history.curves, [row(1)])


def test_a_saved_history_goes_on_where_it_ended_without_touching_the_saved_array():
    saved = filled(2).curves.copy()
    history = History(saved)
    history.append(event(3))
    np.testing.assert_array_equal(history.curves, [row(1), row(2), row(3)])
    np.testing.assert_array_equal(saved, [row(1), row(2)])


def curves(train_loss, val_loss):
    table = np.full((len(train_loss), 4), 0.5)
    table[:, 0], table[:, 2] = train_loss, val_loss
    return table


def test_the_best_epoch_has_the_lowest_validation_loss_the_first_of_equals():
    assert best_epoch(curves([3, 2, 1, 0], [5, 1, 1, 4])) == 2


def test_without_validation_the_training_loss_decides():
    assert best_epoch(curves([3, 1, 2], [np.nan] * 3)) == 2


def test_before_the_first_epoch_there_is_no_best():
    assert best_epoch(History().curves) == 0
