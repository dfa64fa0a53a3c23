"""All randomness of an experiment comes from its one seed, in streams that do not disturb one another."""

from enum import IntEnum

import numpy as np
from numpy.random import Generator

NEW_SEEDS = 10_000  # those that are drawn are smaller


class Stream(IntEnum):
    """What a stream of random numbers is for; the values are part of the file format and never change."""

    DATA = 0
    SPLIT = 1
    INITIALIZATION = 2
    ORDER = 3
    DROPOUT = 4
    IMPORTANCE = 5
    PAINT = 6


def generator(seed: int, stream: Stream) -> Generator:
    """The generator of one stream; equal seeds give equal streams, and no two streams overlap."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream),)))


def new_seed(old: int) -> int:
    """A seed that is not `old`, drawn by the system, of at most four digits, so that it can be remembered and typed."""
    seed = int(np.random.default_rng().integers(NEW_SEEDS - 1))
    return seed + (seed >= old)
