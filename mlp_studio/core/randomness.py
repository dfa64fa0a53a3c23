"""All randomness of an experiment comes from its one seed, in streams that do not disturb one another."""

from enum import IntEnum

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

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


# PCG64, which default_rng gives: state and increment of 128 bits, and the half of a draw that may be left over
_STATE = (("state", 16), ("inc", 16), ("has_uint32", 1), ("uinteger", 4))
STATE_BYTES = sum(size for _, size in _STATE)


def state_of(rng: Generator) -> NDArray[np.uint8]:
    """Where a generator of `generator()` stands, (STATE_BYTES,): little-endian numbers, part of the file format."""
    state = rng.bit_generator.state
    numbers = state["state"] | {name: state[name] for name in ("has_uint32", "uinteger")}
    return np.frombuffer(b"".join(int(numbers[name]).to_bytes(size, "little") for name, size in _STATE), np.uint8)


def set_state(rng: Generator, state: NDArray[np.uint8]) -> None:
    """Have a generator of `generator()` go on from there. Raises ValueError where that is no state."""
    if state.shape != (STATE_BYTES,):
        raise ValueError("This is no state of a generator of NumPy.")
    rest, numbers = state.tobytes(), {}
    for name, size in _STATE:
        numbers[name], rest = int.from_bytes(rest[:size], "little"), rest[size:]
    both = {name: numbers[name] for name in ("state", "inc")}
    left = {"has_uint32": min(numbers["has_uint32"], 1), "uinteger": numbers["uinteger"]}
    rng.bit_generator.state = {"bit_generator": "PCG64", "state": both, **left}


def new_seed(old: int) -> int:
    """A seed that is not `old`, drawn by the system, of at most four digits, so that it can be remembered and typed."""
    seed = int(np.random.default_rng().integers(NEW_SEEDS - 1))
    return seed + (seed >= old)
