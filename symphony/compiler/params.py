"""Checks the parameters of a melody against themselves, and the values of a run against the parameters."""

from __future__ import annotations

import re
from typing import Any

from symphony.compiler.literals import describe, misfit
from symphony.compiler.problems import Problems
from symphony.model.expression import Expression
from symphony.model.melody import Melody
from symphony.model.param import Param


def check_params(melody: Melody, problems: Problems) -> None:
    """Check every parameter: the default fits, bounds make sense, secrets hold no literal."""
    for name, param in melody.params.items():
        at = ("params", name)
        if param.secret:
            if param.default is not None:
                problems.add(
                    "SYM187", f"the secret parameter {name!r} has a literal default", melody=melody, at=(*at, "default"),
                    hint="leave it out; a run or a task gives ${{ secrets.NAME }}",
                )  # fmt: skip
            continue
        _check_bounds(name, param, melody, problems)
        if param.has_default and param.default is not None:
            reason = problem_with_value(param, param.default)
            if reason:
                problems.add(
                    "SYM185", f"the default of {name!r}: {reason}", melody=melody, at=(*at, "default"),
                    hint=f"give a default of type {param.type}",
                )  # fmt: skip


def _check_bounds(name: str, param: Param, melody: Melody, problems: Problems) -> None:
    at = ("params", name)
    if param.minimum is not None and param.maximum is not None and param.minimum > param.maximum:
        problems.add("SYM186", f"{name!r} has a minimum above its maximum", melody=melody, at=(*at, "minimum"))
    if (param.minimum is not None or param.maximum is not None) and param.type not in ("integer", "number", "any"):
        problems.add(
            "SYM186", f"{name!r} is of type {param.type}: minimum and maximum are for numbers", melody=melody, at=at,
            hint="make it an integer or a number, or leave the bounds out",
        )  # fmt: skip
    if param.pattern is not None:
        try:
            re.compile(param.pattern)
        except re.error as error:
            problems.add("SYM186", f"the pattern of {name!r} is no regular expression: {error}", melody=melody,
                         at=(*at, "pattern"))  # fmt: skip
    for choice in param.choices or ():
        reason = misfit(choice, param.port_type)
        if reason:
            problems.add("SYM186", f"a choice of {name!r}: {reason}", melody=melody, at=(*at, "choices"))


def problem_with_value(param: Param, value: Any) -> str | None:
    """Say why a plain value cannot be given to a parameter, or return None when it can."""
    if isinstance(value, Expression):
        return "a default is plain data, not an expression"
    reason = misfit(value, param.port_type)
    if reason:
        return reason
    if param.choices is not None and value not in param.choices:
        return f"{describe(value)} is none of the choices {', '.join(map(repr, param.choices))}"
    if param.minimum is not None and value < param.minimum:
        return f"{value!r} is less than the minimum {param.minimum!r}"
    if param.maximum is not None and value > param.maximum:
        return f"{value!r} is more than the maximum {param.maximum!r}"
    if param.pattern is not None and isinstance(value, str) and re.fullmatch(param.pattern, value) is None:
        return f"{value!r} does not match the pattern {param.pattern!r}"
    return None
