"""Players that compute."""

from symphony import operator


@operator
def times(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@operator
def add(numbers: list[int]) -> int:
    """Add up a list."""
    return sum(numbers)
