"""How the benchmarks measure: contestants take turns, and every round gives one ratio.

Two things that are timed one after the other meet different moments of a shared machine. Here each round times all of
them in turn, a fraction of a second each, and the ratio is taken within the round; the rows show the median of the
rounds and their spread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from mlp_studio.__main__ import _set_up as settle_threads  # before NumPy, torch and Qt: as the program does it

__all__ = ["FULL", "QUICK", "Contestant", "Effort", "Measured", "per_epoch", "ratios", "settle_threads", "take_turns"]


@dataclass(frozen=True)
class Effort:
    """How long to measure: so many rounds, and the share of a full run's length."""

    rounds: int
    share: float

    def of(self, amount: int, least: int = 1) -> int:
        """That share of a whole number, but at least `least`."""
        return max(least, round(self.share * amount))


FULL, QUICK = Effort(7, 1.0), Effort(1, 0.03)


class Measured(NamedTuple):
    """What a measurement gives: the samples of each of its figures, and in a few words how it was measured."""

    samples: dict[str, list[float]]
    how: str


class Contestant(NamedTuple):
    """`work(n)` does n times what is measured; a round asks for `times` of them."""

    work: Callable[[int], object]
    times: int


def per_epoch(contestant: Contestant, times: int) -> float:
    """Seconds for each of `times` repetitions."""
    start = perf_counter()
    contestant.work(times)
    return (perf_counter() - start) / times


def take_turns(contestants: Mapping[str, Contestant], effort: Effort) -> list[dict[str, float]]:
    """Rounds of seconds by contestant, after one short turn each that is not counted."""
    for contestant in contestants.values():
        contestant.work(effort.of(contestant.times // 4))
    return [
        {name: per_epoch(one, effort.of(one.times)) for name, one in contestants.items()} for _ in range(effort.rounds)
    ]


def ratios(rounds: list[dict[str, float]], peer: str, ours: str) -> list[float]:
    """How many times as fast as `peer` is `ours`, in each round."""
    return [seconds[peer] / seconds[ours] for seconds in rounds]
