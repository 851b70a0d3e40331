"""Round numbers for the ticks of an axis."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Give at most about `most` round numbers whose first is at most `low` and whose last is at least `high`."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return [0.0, 1.0]
    slack = (high - low) * 1e-6  # rounding must not cost or add a mark
    wide = high
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-288):  # nothing between them that a number could tell
        wide = low + (abs(low) if abs(low) > 1e-9 else 1.0)
    raw = (wide - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw * 0.999)
    start, end = math.floor(low / step + 1e-9), math.ceil(wide / step - 1e-9)
    start -= _mark(start, step) > low + slack
    end += _mark(end, step) < high - slack
    return [_mark(i, step) for i in range(start, end + 1)]


def _mark(count: int, step: float) -> float:
    return float(f"{count * step:.15g}")


def log_ticks(high: float) -> list[float]:
    """1, 10, 100, … up to the first that is at least `high`, with 2 and 5 between where few are needed."""
    top = max(10.0, high)
    powers = math.ceil(math.log10(top) - 1e-9)
    steps = (1, 2, 5) if powers <= 2 else (1, 3) if powers == 3 else (1,)
    found = [float(s * 10**p) for p in range(powers + 1) for s in steps]
    end = next((t for t in found if t >= top), found[-1])
    return [t for t in found if t <= end]
