"""The album keeps few enough epochs, spread evenly, and always the first and the newest."""

import numpy as np
import pytest

from mlp_studio.core import album
from mlp_studio.core.album import MOST_PAGES, Album, Page


def filled(epochs, size=10):
    book = Album([Page(0, np.zeros(size))])
    for epoch in range(1, epochs + 1):
        book.add(epoch, np.full(size, float(epoch)))
    return book


@pytest.mark.parametrize("epochs", [0, 1, 2, 50, 118, 119, 120, 121, 500, 1000, 10_007])
def test_epochs_are_spread_evenly_from_the_first_to_the_newest(epochs):
    pages = filled(epochs).pages
    numbers = [page.epoch for page in pages]
    assert len(numbers) <= MOST_PAGES
    assert len(numbers) >= min(epochs + 1, MOST_PAGES // 2)
    assert numbers[0] == 0
    assert numbers[-1] == epochs
    assert len(set(np.diff(numbers[:-1]))) <= 1
    assert all((page.weights == page.epoch).all() for page in pages)


@pytest.mark.parametrize("room", [1, 2, 3, 7])
def test_large_networks_keep_fewer_epochs_but_always_the_first_and_the_newest(monkeypatch, room):
    monkeypatch.setattr(album, "MOST_BYTES", room * 80)
    for epochs in range(40):
        numbers = [page.epoch for page in filled(epochs).pages]
        assert len(numbers) <= max(2, room)
        assert (numbers[0], numbers[-1]) == (0, epochs)


@pytest.mark.parametrize("epoch", [0, 3, 64, 65, 199])
def test_epochs_that_are_forgotten_leave_the_album(epoch):
    book = filled(200)
    book.truncate(epoch, np.full(10, float(epoch)))
    numbers = [page.epoch for page in book.pages]
    assert numbers[-1] == epoch
    assert numbers == sorted(set(numbers))
    for later in range(epoch + 1, 260):
        book.add(later, np.full(10, float(later)))
    numbers = [page.epoch for page in book.pages]
    assert (numbers[0], numbers[-1]) == (0, 259)
    assert all((page.weights == page.epoch).all() for page in book.pages)


@pytest.mark.parametrize("epochs", [0, 1, 119, 130, 777])
def test_an_album_that_is_opened_again_goes_on_as_the_one_it_was(epochs):
    one = filled(epochs)
    other = Album(one.pages, one.stride)
    for epoch in range(epochs + 1, epochs + 300):
        for book in (one, other):
            book.add(epoch, np.full(10, float(epoch)))
    assert [page.epoch for page in one.pages] == [page.epoch for page in other.pages]
