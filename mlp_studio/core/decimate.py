"""Thinning of long series for the screen: the lowest and the highest value of every pixel column stay."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

BLOCK = 32  # rows; the extremes of each such block are kept, so that no frame looks at every row


class Thinner:
    """One growing series, ready to be drawn at any zoom. Row i stands at x = i + 1.

    Values that are not finite, or not above `above`, are gaps: nan in what `visible` returns.
    """

    def __init__(self, above: float = -math.inf) -> None:
        self._above = above
        self._values: Floats = np.empty(0)
        self._blocks = 0  # how many blocks are complete
        self._low, self._high = np.empty(64), np.empty(64)  # their extremes; longer than `_blocks`
        self.lowest, self.highest = math.inf, -math.inf  # of all values; inf, -inf where every value is a gap
        self.gapless = True

    def __len__(self) -> int:
        return len(self._values)

    @property
    def is_empty(self) -> bool:
        """Whether there is no value at all to draw."""
        return self.lowest > self.highest

    def extend(self, values: Floats) -> None:
        """Take over the series as it is now: the values known so far with more after them."""
        new = values[len(self._values) :]
        self._values = values
        usable = self._usable(new)
        if usable.all():
            drawn = new
        else:
            self.gapless, drawn = False, new[usable]
        if drawn.size:
            self.lowest = min(self.lowest, float(drawn.min()))
            self.highest = max(self.highest, float(drawn.max()))
        self._complete_blocks()

    def visible(self, first: float, last: float, columns: int) -> tuple[Floats, Floats]:
        """What to draw of first ≤ x ≤ last on so many pixel columns: x and y, one value beyond each edge too.

        Where there is room, these are the values themselves. Else they are the two extremes of each run of a
        power of two rows, upright in its middle. A run is at most a column wide: no column stays without its line,
        and no value stands further than half a column from its place. Runs are always cut at the same rows: when
        the series grows, what is drawn of its beginning stays as it was.
        """
        begin = max(0, math.ceil(first) - 2)
        end = min(len(self), math.floor(last) + 1)
        if begin >= end:
            return np.empty(0), np.empty(0)
        size = 1 << max(0, math.floor(math.log2(max(1.0, (last - first) / max(1, columns)))))
        if size < 4:  # two values for two extremes: no gain
            return np.arange(begin + 1.0, end + 1.0), self._cleaned(begin, end)
        return self._thinned(begin - begin % size, min(len(self), -(-end // size) * size), size)

    def _thinned(self, begin: int, end: int, size: int) -> tuple[Floats, Floats]:
        """The extremes of each `size` rows from `begin`, a multiple, on; the last run may be shorter."""
        low, high = self._extremes(begin, end - end % size, size)
        if end % size:
            tail = self._cleaned(end - end % size, end)
            low = np.append(low, np.fmin.reduce(tail))
            high = np.append(high, np.fmax.reduce(tail))
        starts = np.arange(begin, end, size)
        stops = np.minimum(starts + size, end)
        rising = self._values[starts] <= self._values[stops - 1]  # draw a falling run from its top
        x, y = np.repeat((starts + 1 + stops) / 2, 2), np.empty(2 * len(starts))
        y[0::2], y[1::2] = np.where(rising, low, high), np.where(rising, high, low)
        return x, y

    def _extremes(self, begin: int, end: int, size: int) -> tuple[Floats, Floats]:
        """The lowest and the highest value of each `size` rows; `begin` and `end` are multiples of it."""
        if size >= BLOCK:
            blocks, per = slice(begin // BLOCK, end // BLOCK), size // BLOCK
            low, high = self._low[blocks].reshape(-1, per), self._high[blocks].reshape(-1, per)
        else:
            low = high = self._cleaned(begin, end).reshape(-1, size)
        return np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)

    def _complete_blocks(self) -> None:
        done, full = self._blocks, len(self._values) // BLOCK
        if full == done:
            return
        if full > len(self._low):
            more = np.empty(max(full, 2 * len(self._low)) - len(self._low))
            self._low, self._high = np.append(self._low, more), np.append(self._high, more)
        rows = self._cleaned(done * BLOCK, full * BLOCK).reshape(-1, BLOCK)
        self._low[done:full] = np.fmin.reduce(rows, axis=1)
        self._high[done:full] = np.fmax.reduce(rows, axis=1)
        self._blocks = full

    def _cleaned(self, begin: int, end: int) -> Floats:
        """The values of these rows in a new array, nan for gaps."""
        values = self._values[begin:end]
        return values.copy() if self.gapless else np.where(self._usable(values), values, np.nan)

    def _usable(self, values: Floats) -> NDArray[np.bool_]:
        usable = np.isfinite(values)
        return usable & (values > self._above) if self._above > -math.inf else usable
