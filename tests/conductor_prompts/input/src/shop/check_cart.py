"""Checks of the cart."""

from shop.cart import Cart


def check_size() -> None:
    """Two kinds are added up."""
    cart = Cart()
    cart.add("Lamp")
    cart.add("Rug", 2)
    assert cart.size() == 3
