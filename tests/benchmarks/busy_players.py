"""Players that wait, and players that compute."""

import time

from symphony import each, melody, operator


@operator(version="1.0.0")
def nap(n: int) -> int:
    """Sleep for a millisecond."""
    time.sleep(0.001)
    return n


def compute(n: int) -> int:
    """Compute for about ten milliseconds."""
    total = n
    for i in range(150_000):
        total += i * i % 7
    return total


def compute_in_a_loop(calls: int) -> tuple[float, float]:
    """When a loop of so many calls began and ended."""
    begun = time.monotonic()
    for n in range(calls):
        compute(n)
    return begun, time.monotonic()


@operator(version="1.0.0", isolation="process")
def computed(n: int) -> int:
    """Compute for about ten milliseconds, in a process."""
    return compute(n)


@melody(version="1.0.0")
def naps() -> list[int]:
    """1,000 naps as elements."""
    return nap(n=each(list(range(1_000))))  # type: ignore[arg-type, return-value]


@melody(version="1.0.0")
def single_naps() -> int:
    """1,000 naps as tasks."""
    last = 0
    for n in range(1_000):
        last = nap(n=n)
    return last


@melody(version="1.0.0")
def computing() -> list[int]:
    """200 calls that compute."""
    return computed(n=each(list(range(200))))  # type: ignore[arg-type, return-value]
