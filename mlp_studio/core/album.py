"""The weights of some epochs, for looking back: few enough to be held and kept, spread evenly over all of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_PAGES = 120
MOST_BYTES = 64 << 20


class Page(NamedTuple):
    """The weights (P,) after `epoch`, as one vector (`backends.flat`)."""

    epoch: int
    weights: NDArray[np.floating[Any]]


class Album:
    """Every `stride`-th epoch from 0 on, and the newest. When there are too many, every other one goes.

    Vectors are kept as they are given, not copied: nobody changes them.
    """

    def __init__(self, pages: Iterable[Page], stride: int = 1) -> None:
        *self._pages, self._newest = pages  # the newest is apart, as it may not be one of the stride
        if self._newest.epoch % stride == 0:
            self._pages.append(self._newest)
        self.stride = stride
        self._most = max(2, min(MOST_PAGES, MOST_BYTES // max(1, self._newest.weights.nbytes)))

    def add(self, epoch: int, weights: NDArray[np.floating[Any]]) -> None:
        """The weights of the next epoch."""
        self._newest = Page(epoch, weights)
        if epoch % self.stride == 0:
            self._pages.append(self._newest)
            while len(self._pages) >= self._most and len(self._pages) > 1:
                self.stride *= 2
                self._pages = [page for page in self._pages if page.epoch % self.stride == 0]

    def truncate(self, epoch: int, weights: NDArray[np.floating[Any]]) -> None:
        """Forget all epochs after `epoch`, whose weights these are."""
        self._pages = [page for page in self._pages if page.epoch < epoch]
        self.add(epoch, weights)

    @property
    def pages(self) -> tuple[Page, ...]:
        """All that there are, in the order of their epochs."""
        if self._pages and self._pages[-1].epoch == self._newest.epoch:
            return tuple(self._pages)
        return (*self._pages, self._newest)
