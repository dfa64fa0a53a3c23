"""Axes of plots: round numbers, where ticks are and what they read, on the screen and in what is exported."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlp_studio.core.dataset import Floats

STEPS = (1.0, 2.0, 5.0, 10.0)
FINE_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; both above zero where the axis `is_log`. `scale` and `unit` are of what the ticks read."""

    low: float
    high: float
    is_log: bool = False
    scale: float = 1.0
    unit: str = ""

    def share(self, values: Floats) -> Floats:
        """How far along the axis values (n,) lie: 0 at its beginning, 1 at its end."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.is_log else (self.low, self.high)
        shares: Floats = ((np.log10(values) if self.is_log else values) - low) / (high - low)
        return shares

    def ticks(self, most: float) -> list[tuple[float, str]]:
        """About `most` ticks at round numbers: where along the axis, 0 to 1, and what they read."""
        if self.is_log:
            values = [10.0**tick for tick in log_ticks(math.log10(self.low), math.log10(self.high), most)]
            labels = [plain_number(value) for value in values]
        else:
            values, labels = self._even_ticks(most)
        return list(zip(self.share(np.array(values)).tolist(), labels, strict=True))

    def _even_ticks(self, most: float) -> tuple[list[float], list[str]]:
        spacing = step_up((self.high - self.low) / most)
        first, last = math.ceil(self.low / spacing - 1e-9), math.floor(self.high / spacing + 1e-9)
        values = [k * spacing for k in range(first, last + 1)]
        places = math.ceil(-math.log10(spacing * self.scale) - 1e-9)
        if places > 4 or spacing * self.scale >= 1e7:  # far from one: too long to be written out
            return values, [f"{value * self.scale:.4g}{self.unit}" for value in values]
        return values, [f"{value * self.scale:,.{max(0, places)}f}{self.unit}" for value in values]


def step_up(value: float, steps: Iterable[float] = STEPS) -> float:
    """The next number ≥ value > 0 along 1-2-5 decades (or other `steps`, from 1 to 10)."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next((step * decade for step in steps if step * decade >= value * (1 - 1e-9)), 10 * decade)


def log_ticks(low: float, high: float, most: float) -> list[float]:
    """Where (log10) the ticks of a logarithmic axis from 10^low to 10^high are, about `most` of them."""
    decades = high - low
    if decades < 1.0:  # closely zoomed: even steps of the value itself
        bottom, top = 10.0**low, 10.0**high
        spacing = step_up((top - bottom) / max(most, 1.0))
        first, last = math.ceil(bottom / spacing), math.floor(top / spacing)
        return [math.log10(k * spacing) for k in range(first, last + 1) if k > 0]
    mantissas = (1.0, 2.0, 5.0) if 3 * decades <= 1.5 * most else (1.0,)
    stride = max(1, math.ceil(decades / max(most, 1.0)))
    exponents = range(math.floor(low), math.ceil(high) + 1)
    ticks = [k + math.log10(m) for k in exponents if k % stride == 0 for m in mantissas]
    return [tick for tick in ticks if low <= tick <= high]


def plain_number(value: float) -> str:
    """A figure for an axis: 0.05, 2,000, 5·10⁻⁶."""
    if 0.9999e-4 < value < 1e6:
        return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    digits = f"{float(mantissa):g}"
    return f"10{power}" if digits == "1" else f"{digits}·10{power}"


def loss_axis(*series: Floats) -> Axis:
    """An axis for losses (epochs,): logarithmic where they go over more than a decade."""
    values = np.concatenate(series)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if low > 0 and high > 10 * low:
        return Axis(low / 1.15, high * 1.15, is_log=True)
    return Axis(0.0, step_up(high * 1.05, FINE_STEPS) if high > 0 else 1.0)
