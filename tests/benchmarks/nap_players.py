"""A player that takes ten milliseconds and no processor, for benchmarks of executors elsewhere."""

from __future__ import annotations

import time
from typing import Any

from symphony import operator

NAP_S = 0.01


def plain_nap(*parents: Any) -> int:
    """The function itself."""
    time.sleep(NAP_S)
    return len(parents)


@operator(version="1.0.0")
def nap(parents: list[int]) -> int:
    """The same as a player."""
    return plain_nap(*parents)
