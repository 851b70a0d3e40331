"""Taxes."""

from decimal import ROUND_HALF_UP, Decimal

RATE = Decimal("0.19")


def tax_of(amount: Decimal) -> Decimal:
    """The tax in an amount, rounded to cents."""
    # FIXME: other countries have other rates
    return (amount * RATE).quantize(Decimal("0.01"), ROUND_HALF_UP)
