"""Players that clean and count a text."""

from symphony import operator

MARKS = ",.;:!?"


@operator
def clean(text: str) -> str:
    """Take marks and outer spaces away."""
    return text.translate(str.maketrans("", "", MARKS)).strip().lower()


@operator
def count(text: str) -> int:
    """Count words."""
    return len(text.split())


@operator
def line(title: str, count: int) -> str:
    """Write one line."""
    return f"{title}: {count}"
