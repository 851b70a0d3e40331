"""A player that does almost nothing."""

from symphony import operator


@operator(version="1.0.0")
def join(a: int = 0, b: int = 0, c: int = 0) -> int:
    """Add up to three numbers and one."""
    return a + b + c + 1
