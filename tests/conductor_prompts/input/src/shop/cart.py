"""What a customer wants to buy."""

from collections import Counter


class Cart:
    """Products by how many are wanted."""

    def __init__(self) -> None:
        self.wanted: Counter[str] = Counter()

    def add(self, product: str, count: int = 1) -> None:
        """Put something in."""
        # TODO: look whether it is in stock
        self.wanted[product] += count

    def size(self) -> int:
        """How many things are in it."""
        return sum(self.wanted.values())


def shipping(weight_kg: float, country: str, express: bool, gift: bool) -> float:
    """What it costs to send a parcel."""
    # HACK: the table of the carrier, typed in by hand
    if weight_kg < 0:
        raise ValueError("a parcel cannot weigh less than nothing")
    if weight_kg == 0:
        return 0.0
    if country == "DE":
        if weight_kg < 2:
            price = 4.0
        elif weight_kg < 5:
            price = 6.0
        elif weight_kg < 10:
            price = 9.0
        else:
            price = 17.0
    elif country in ("FR", "ES", "IT"):
        if weight_kg < 2:
            price = 9.0
        elif weight_kg < 10:
            price = 18.0
        else:
            price = 30.0
    elif country == "GB" and weight_kg < 20:
        price = 25.0
    elif country == "GB":
        price = 40.0
    else:
        price = 60.0
    if express:
        price *= 2
    if gift and not express:
        price += 3
    elif gift:
        price += 5
    return price
