"""Turns what the command library says of a wrong call into the one form of Symphony's messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from symphony.errors import UsageError
from symphony.model.names import did_you_mean

_BETTER = (
    (r".*valid integer.*", "takes a whole number"),
    (r".*valid number.*|.*valid float.*", "takes a number"),
    (r".*greater than or equal to (\S+?)\.?", r"must be at least \1"),
    (r".*in the range x>=(\S+?)\.?", r"must be at least \1"),
)
"""What versions of the library say, and what is told instead."""


def usage_error(error: Any, words: Sequence[str]) -> UsageError | None:
    """The error in our words; None for what is no error of the call. The library's classes differ by its version.

    Args:
        error: what was raised.
        words: the call.
    """
    if not hasattr(error, "format_message"):
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else " ".join(["symphony", *words[:1]])
    text = _words(error, context)
    return UsageError(f"{text if text.endswith('?') else f'{text}.'} See: {path} --help")


def _words(error: Any, context: Any) -> str:
    option, parameter = getattr(error, "option_name", None), getattr(error, "param", None)
    if option is not None and hasattr(error, "possibilities"):
        known = [name for p in context.command.params for name in p.opts if name.startswith("--")] if context else []
        return f"unknown option {option!r}: {did_you_mean(option, [*known, '--help'], what='options', limit=30)}"
    if option is not None:
        return f"{option} takes a value, and none is given"
    if parameter is None:
        return _begun_small(str(error.format_message()))
    name = parameter.opts[-1] if parameter.opts[0].startswith("-") else parameter.metavar
    if type(error).__name__ == "MissingParameter":
        return f"{name} is missing"
    return f"{name} {_better(str(error.message))}"


def _better(text: str) -> str:
    for pattern, better in _BETTER:
        if re.fullmatch(pattern, text, re.DOTALL):
            return re.sub(pattern, better, text, count=1, flags=re.DOTALL)
    return f"is wrong: {_begun_small(text)}"


def _begun_small(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
