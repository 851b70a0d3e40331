"""Fills Jinja2 templates inside a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_LONGEST_FACTOR = 10_000_000


class _Sandbox(ImmutableSandboxedEnvironment):
    """Besides Jinja2's own fences, refuses products and powers that would fill the memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(right) > 64 or abs(left) > _LONGEST_FACTOR):
            raise SecurityError(f"{left} ** {right} is too large")
        for some, times in ((left, right), (right, left)):
            if (
                operator == "*"
                and isinstance(times, int)
                and hasattr(some, "__len__")
                and len(some) * times > _LONGEST_FACTOR
            ):
                raise SecurityError(f"a text or list repeated {times} times is too long")
        return super().call_binop(context, operator, left, right)


def render_template(template: str, values: Mapping[str, Any], *, escape: bool, longest: int) -> str:
    """Fill `template`; the result has at most `longest` characters.

    Raises:
        ValueError: the template is wrong, unsafe or too long; says the line where it can.
    """
    environment = _Sandbox(
        undefined=StrictUndefined, autoescape=escape, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    try:
        pieces: list[str] = []
        length = 0
        for piece in environment.from_string(template).generate(dict(values)):
            length += len(piece)
            if length > longest:
                raise ValueError(f"the rendered text is longer than {longest} characters")
            pieces.append(piece)
        return "".join(pieces)
    except TemplateSyntaxError as error:
        raise ValueError(f"the template cannot be read, line {error.lineno}: {error.message}") from error
    except (TemplateError, TypeError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"the template cannot be filled{_line(error)}: {error}") from error


def _line(error: Exception) -> str:
    """Where in the template it happened: Jinja2 names the template's frames ``<template>``."""
    found = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return f", line {found}" if found else ""
