"""Reports links whose output does not fit the input they lead to."""

from __future__ import annotations

from symphony.compiler.fit import Fit, fit
from symphony.compiler.problems import Problems
from symphony.model import port_type as pt
from symphony.model.diagnostic import Severity
from symphony.model.expression import Expression, Reference
from symphony.model.melody import Melody
from symphony.model.port_type import PortType


def report_fit(
    problems: Problems,
    given: PortType,
    wanted: PortType,
    value: Expression,
    melody: Melody,
    at: tuple[str | int, ...],
    task: str | None,
) -> None:
    """Report a link whose output does not fit its input, or is known only when the task runs."""
    result = fit(given, wanted)
    if result is Fit.YES:
        return
    reference = value.bare or Reference("", "", (), False, (0, len(value.source)))
    if result is Fit.NO:
        problems.at_reference(
            "SYM154", f"{value.text} is {given}, the input {str(at[-1])!r} takes {wanted}", reference,
            melody=melody, at=at, task=task, hint=_conversion(given, wanted),
        )  # fmt: skip
    else:
        problems.at_reference(
            "SYM195", f"{value.text} is {given}: whether it fits {wanted} is checked when the task runs", reference,
            melody=melody, at=at, task=task, severity=Severity.NOTE,
        )  # fmt: skip


def _conversion(given: PortType, wanted: PortType) -> str:
    if wanted == pt.STRING and given in (pt.INTEGER, pt.NUMBER, pt.BOOLEAN):
        return "write ${{ string(…) }}"
    if given.name == "list" and fit(given.inner(), wanted) is Fit.YES:
        return "the task takes one element: use each: to call it once per element"
    if wanted.name == "list" and fit(given, wanted.inner()) is Fit.YES:
        return "the task takes a list: write [${{ … }}]"
    return "connect an output of that type"
