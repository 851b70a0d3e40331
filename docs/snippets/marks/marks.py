"""A melody in Python with players of its own."""

from typing import NamedTuple

from symphony import Context, each, melody, operator


class Split(NamedTuple):
    """Two outputs of one player."""

    passed: list[str]
    failed: list[str]


@operator(version="1.0.0", retry=3)
def mark(ctx: Context, answer: str) -> int:
    """Mark one answer: a point per word."""
    ctx.log.info("marking %r, attempt %d", answer, ctx.attempt)
    return len(answer.split())


@operator(outputs=True)
def divide(answers: list[str], marks: list[int], *, least: int = 2) -> Split:
    """Divide answers by their marks."""
    pairs = list(zip(answers, marks, strict=True))
    return Split([a for a, m in pairs if m >= least], [a for a, m in pairs if m < least])


@melody(version="1.0.0")
def marks(answers: list[str] = ["to be", "maybe"], least: int = 2):
    """Mark answers and divide them."""
    points = mark(answer=each(answers))
    parts = divide(answers=answers, marks=points, least=least)
    return {"passed": parts.passed, "failed": parts.failed}
