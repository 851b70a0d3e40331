"""The players of this melody: plain functions with types."""

from symphony import operator


@operator
def count_words(line: str) -> int:
    """Count the words of a line."""
    return len(line.split())


@operator
def total(counts: list[int]) -> int:
    """Add up the counts."""
    return sum(counts)
