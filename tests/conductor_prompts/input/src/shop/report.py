"""Sums by month."""

from collections import defaultdict
from collections.abc import Iterable


def by_month(sales: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Add up amounts by the month of their ISO date."""
    sums: defaultdict[str, float] = defaultdict(float)
    for date, amount in sales:
        sums[date[:7]] += amount
    return dict(sums)


def lines(sums: dict[str, float]) -> list[str]:
    """One line per month, oldest first."""
    # TODO: say the currency
    return [f"{month}: {sums[month]:.2f}" for month in sorted(sums)]
