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

__all__ = ["FULL", "QUICK", "Contestant", "Effort", "Measured", "ratios", "settle_threads", "take_turns"]


@dataclass(frozen=True)
class Effort:
    """How long to measure: so many rounds, and the share of a full run's length."""

    rounds: int
    share: float

    def of(self, amount: int, least: int = 1) -> int:
        """That share of a whole number, but at least `least`."""
        return max(least, round(self.share * amount))


TURNS = 4  # of each contestant in a round
FULL, QUICK = Effort(7, 1.0), Effort(1, 0.03)


class Measured(NamedTuple):
    """What a measurement gives: the samples of each of its figures, and in a few words how it was measured."""

    samples: dict[str, list[float]]
    how: str


class Contestant(NamedTuple):
    """`work(n)` does n times what is measured; a round asks for `times` of them."""

    work: Callable[[int], object]
    times: int


def take_turns(contestants: Mapping[str, Contestant], effort: Effort) -> list[dict[str, float]]:
    """Rounds of seconds a repetition by contestant, after one short turn each that is not counted.

    A round is made of several short turns of each, so that what else the machine does meets all of them alike.
    """
    for contestant in contestants.values():
        contestant.work(effort.of(contestant.times // 4))
    return [_round(contestants, effort) for _ in range(effort.rounds)]


def _round(contestants: Mapping[str, Contestant], effort: Effort) -> dict[str, float]:
    spent, done = dict.fromkeys(contestants, 0.0), dict.fromkeys(contestants, 0)
    for turn in range(TURNS):
        for name, contestant in contestants.items():
            times = effort.of(contestant.times)
            share = (turn + 1) * times // TURNS - turn * times // TURNS
            if share:
                start = perf_counter()
                contestant.work(share)
                spent[name] += perf_counter() - start
                done[name] += share
    return {name: spent[name] / done[name] for name in contestants}


def ratios(rounds: list[dict[str, float]], peer: str, ours: str) -> list[float]:
    """How many times as fast as `peer` is `ours`, in each round."""
    return [seconds[peer] / seconds[ours] for seconds in rounds]
