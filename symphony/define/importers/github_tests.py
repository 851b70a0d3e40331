"""The simple conditions of GitHub Actions, read as tests of single values: comparisons joined by `&&` or by `||`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from symphony.define.importers.shell_text import quoted

_TEXT = r"'(?:[^']|'')*'"
_PATH = r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\['[\w-]+'\])*"
_TERM = re.compile(
    rf"(?P<not>!?)\s*(?:(?P<call>startsWith|endsWith|contains)\(\s*(?P<of>{_PATH})\s*,\s*(?P<part>{_TEXT})\s*\)"
    rf"|(?P<path>{_PATH})(?:\s*(?P<sign>==|!=)\s*(?P<text>{_TEXT}|true|false))?)"
)
_JOINER = re.compile(rf"((?:[^'&|]|{_TEXT})*)(&&|\|\||$)")


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one value.

    Attributes:
        source: the path of the value, as it is written.
        sign: ``==``, ``!=``, ``startsWith``, ``endsWith``, ``contains``, or empty: whether the value is true.
        operand: what it is compared with: text, a truth value, or None.
        negated: whether a ``!`` stands in front.
    """

    source: str
    sign: str
    operand: str | bool | None
    negated: bool


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests that must all hold, or of which one must."""

    tests: tuple[Test, ...]
    joiner: str

    def in_shell(self, variable: Callable[[str], str]) -> str:
        """The condition in bash; `variable` gives the shell variable of a value."""
        return f" {self.joiner} ".join(_in_shell(test, variable(test.source)) for test in self.tests)

    def in_cel(self, kind: Callable[[str], str | None], value: Callable[[str], str]) -> str | None:
        """The condition in CEL; None where a value is not known before a run, or does not fit what it is compared with.

        Args:
            kind: gives ``string`` or ``boolean`` for a value that is known; asked for all values before the first `value`.
            value: gives the expression of a value.
        """
        kinds = [kind(test.source) for test in self.tests]
        if not all(_fits(test, found) for test, found in zip(self.tests, kinds, strict=True)):
            return None
        terms = [
            _truth(test, value(test.source)) if found == "boolean" else _in_cel(test, value(test.source))
            for test, found in zip(self.tests, kinds, strict=True)
        ]
        text = f" {self.joiner} ".join(terms)
        return f"({text})" if len(terms) > 1 and self.joiner == "||" else text


def read_tests(source: str) -> Tests | None:
    """Read a condition; None where it is not one of the simple ones."""
    parts = [(m[1].strip(), m[2]) for m in _JOINER.finditer(source) if m[0]]
    joiners = {joiner for _, joiner in parts if joiner}
    if len(joiners) > 1 or not parts or parts[-1][1]:
        return None
    joiner = joiners.pop() if joiners else "&&"
    terms = [text for text, _ in parts if not (joiner == "&&" and text == "success()")]
    found = [_TERM.fullmatch(text) for text in terms]
    tests = tuple(_test(match) for match in found if match is not None)
    return Tests(tests, joiner) if tests and len(tests) == len(found) else None


def _test(match: re.Match[str]) -> Test:
    text = match["part"] or match["text"]
    operand = text if text is None else text == "true" if text[0] != "'" else text[1:-1].replace("''", "'")
    return Test(match["of"] or match["path"], match["call"] or match["sign"] or "", operand, bool(match["not"]))


def _in_shell(test: Test, variable: str) -> str:
    value = f'"${{{variable}}}"'
    word = quoted(str(test.operand).lower() if isinstance(test.operand, bool) else test.operand or "")
    inner = {
        "": f"-n {value} && {value} != false",
        "==": f"{value} == {word}",
        "!=": f"{value} != {word}",
        "startsWith": f"{value} == {word}*",
        "endsWith": f"{value} == *{word}",
        "contains": f"{value} == *{word}*",
    }[test.sign]
    return f"! [[ {inner} ]]" if test.negated else f"[[ {inner} ]]"


def _fits(test: Test, kind: str | None) -> bool:
    if kind == "boolean":
        return test.sign in ("", "==", "!=") and not isinstance(test.operand, str)
    return kind == "string" and not isinstance(test.operand, bool)


def _truth(test: Test, value: str) -> str:
    wanted = (test.operand is not False) == (test.sign != "!=")
    return value if wanted != test.negated else f"!{value}"


def _in_cel(test: Test, value: str) -> str:
    text = json.dumps(test.operand or "", ensure_ascii=False)
    if test.sign in ("", "==", "!="):
        equal = (test.sign == "==") != test.negated
        return f"{value} {'==' if equal else '!='} {text}"
    return f"{'!' if test.negated else ''}{value}.{test.sign}({text})"
