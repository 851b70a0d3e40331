"""Checks single values of a YAML melody: kinds, names, durations, sizes, types, expressions. What is wrong is noted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from symphony.define.yaml_locate import YamlPlaces
from symphony.define.yaml_problems import Problems
from symphony.errors import ExpressionError
from symphony.model.frozen import EMPTY
from symphony.model.names import did_you_mean, nearest, problem_with_identifier
from symphony.model.port_type import SCALARS, parse_port_type
from symphony.model.quantities import parse_duration_s, parse_size_bytes
from symphony.model.source import Path
from symphony.model.template import OPEN, expressions_in, parse_text, parse_value

WRONG: Any = object()
"""What a check gives for a value that is wrong; the problem is noted."""
SOLE_EXPRESSION = re.compile(r"\s*\$\{\{[\s\S]*\}\}\s*")

_MERGE_KEY_HINT = "merge keys are no part of YAML 1.2: write the keys out, or let an alias stand for a whole value"


def describe(data: Any) -> str:
    """Name a value for a message: ``the text 'abc'``, ``the number 5``, ``a list``."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, Mapping):
        return "a map"
    if isinstance(data, (list, tuple)):
        return "a list"
    shown = repr(data)
    shown = shown if len(shown) <= 40 else f"{shown[:36]}...{shown[-1]}"
    return f"the text {shown}" if isinstance(data, str) else f"the number {shown}"


class Shapes:
    """Checks values and gives them back ready for the model, or `WRONG` after noting the problem."""

    def __init__(self, problems: Problems, places: YamlPlaces) -> None:
        self.problems, self.places = problems, places

    # kinds -------------------------------------------------------------------------------------------------------

    def wrong(self, what: str, wanted: str, data: Any, at: Path, hint: str = "") -> Any:
        """Note that `what` takes something else than what is there."""
        if isinstance(data, str) and OPEN in data:
            self.problems.add("SYM128", f"{what} takes no expression: it is fixed before anything runs", at,
                              hint=f"write {wanted}")  # fmt: skip
        else:
            self.problems.add("SYM106", f"{what} takes {wanted}, this is {describe(data)}", at, hint=hint)
        return WRONG

    def text(self, what: str, wanted: str, data: Any, at: Path, *, plain: bool = True) -> Any:
        """Text with something in it; when `plain`, without expressions."""
        if not isinstance(data, str):
            number = isinstance(data, (int, float))
            return self.wrong(what, wanted, data, at, f'write it in quotes: "{self.written(at)}"' if number else "")
        if not data.strip():
            self.problems.add("SYM106", f"{what} takes {wanted}, this is empty", at)
            return WRONG
        return self.wrong(what, wanted, data, at) if plain and OPEN in data else data

    def written(self, at: Path) -> str:
        """The characters that a value is written with."""
        found = self.places.walk(at)
        start, end = self.places.extent(found[-1][1])
        return self.places.text[start:end]

    def flag(self, what: str, data: Any, at: Path) -> Any:
        """True or false."""
        if isinstance(data, bool):
            return data
        words = ("yes", "no", "on", "off", "y", "n")
        hint = "in YAML 1.2 yes, no, on and off are text" if isinstance(data, str) and data.lower() in words else ""
        return self.wrong(what, "true or false", data, at, hint)

    def whole(self, what: str, data: Any, at: Path, *, least: int | None = None) -> Any:
        """A whole number, at least `least`."""
        if type(data) is not int:
            return self.wrong(what, "a whole number", data, at, _unquoted(data))
        return data if least is None else self.at_least(what, data, at, least)

    def number(self, what: str, data: Any, at: Path) -> Any:
        """A number that is finite."""
        if type(data) not in (int, float):
            return self.wrong(what, "a number", data, at, _unquoted(data))
        if not math.isfinite(data):
            self.problems.add("SYM118", f"{what} takes a finite number, this is {data}", at)
            return WRONG
        return data

    def at_least(self, what: str, data: Any, at: Path, least: float, *, more: bool = False) -> Any:
        """A number not below `least`, or above it when `more`."""
        if data > least or (data == least and not more):
            return data
        bound = f"more than {least}" if more else f"at least {least}"
        self.problems.add("SYM118", f"{what} must be {bound}, this is {self.written(at)}", at)
        return WRONG

    def one_of(self, what: str, data: Any, at: Path, allowed: Iterable[str], foreign: Mapping[str, str] = EMPTY) -> Any:
        """One of some words. `foreign` maps words of other tools."""
        allowed = [str(word) for word in allowed]
        if data in allowed:
            return data
        if not isinstance(data, str) or OPEN in data:
            return self.wrong(what, f"one of {', '.join(allowed)}", data, at)
        meant = foreign.get(data.lower()) or nearest(data, allowed)
        self.problems.add("SYM117", f"{what} is one of {', '.join(allowed)}, not {data!r}", at,
                          hint=f"did you mean {meant!r}?" if meant else "")  # fmt: skip
        return WRONG

    def texts(self, what: str, wanted: str, data: Any, at: Path) -> Any:
        """A list of texts, as a tuple."""
        if not isinstance(data, list):
            hint = f"write [{data}]" if isinstance(data, str) and OPEN not in data else ""
            return self.wrong(what, f"a list of {wanted}", data, at, hint)
        found = [self.text(f"each element of {what}", f"one of the {wanted}", d, (*at, i)) for i, d in enumerate(data)]
        return WRONG if any(f is WRONG for f in found) else tuple(found)

    def map(self, what: str, data: Any, at: Path, hint: str = "", *, may_be_empty: bool = False) -> Any:
        """A map; when it may be empty, a key with nothing behind it is one."""
        if isinstance(data, dict):
            return data
        if data is None and may_be_empty:
            return {}
        return self.wrong(what, "a map", data, at, hint or ("add an entry, or remove the key" if data is None else ""))

    # keys --------------------------------------------------------------------------------------------------------

    def only_keys(
        self, data: Mapping[str, Any], known: Iterable[str], at: Path, foreign: Mapping[str, str]
    ) -> list[str]:
        """Note every unknown key; gives the known ones that were meant. `foreign` maps words of other tools."""
        meant = []
        known = list(known)
        for key in data:
            if key in known:
                continue
            near = foreign.get(key) or nearest(key, known)
            hint = f"did you mean {near!r}?" if near else did_you_mean(key, known, what="keys", limit=20)
            self.problems.add("SYM102", f"the key {key!r} is unknown here", (*at, key), key=True,
                              hint=_MERGE_KEY_HINT if key == "<<" else hint)  # fmt: skip
            meant += [near] if near else []
        return meant

    def name(self, what: str, name: str, at: Path) -> bool:
        """Whether the key at `at` is a legal name; if not, that is noted."""
        problem = problem_with_identifier(name)
        if problem is None:
            return True
        better = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:200]
        better = f"_{better}" if better[:1].isdigit() else better
        hint = f"write {better}" if better != name and problem_with_identifier(better) is None else ""
        self.problems.add("SYM112", f"{what} cannot have this name: {problem}", at, key=True, hint=hint)
        return False

    # quantities --------------------------------------------------------------------------------------------------

    def duration(self, what: str, data: Any, at: Path, *, positive: bool = False) -> Any:
        """A duration: text such as ``30s``, or seconds."""
        wanted = "a duration such as 30s or 5m"
        if type(data) not in (str, int, float) or (isinstance(data, str) and OPEN in data):
            return self.wrong(what, wanted, data, at)
        seconds = self._parsed(parse_duration_s, "SYM114", what, data, at, _better_duration)
        if seconds is not WRONG and not math.isfinite(seconds):
            self.problems.add("SYM118", f"{what} is endless: {self.written(at)}", at, hint="leave it out")
            return WRONG
        return self.at_least(what, seconds, at, 0, more=True) if positive and seconds is not WRONG else seconds

    def size(self, what: str, data: Any, at: Path) -> Any:
        """A size: text such as ``512MB``, or bytes."""
        if type(data) not in (str, int) or (isinstance(data, str) and OPEN in data):
            return self.wrong(what, "a size such as 512MB or 1GiB", data, at)
        return self._parsed(parse_size_bytes, "SYM115", what, data, at, _better_size)

    def type(self, what: str, data: Any, at: Path) -> Any:
        """A port type, as its canonical text."""
        if self.text(what, "the name of a type", data, at) is WRONG:
            return WRONG
        try:
            return str(parse_port_type(data))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "it nests too deep"
            meant = nearest(data, (*SCALARS, "list[string]"))
            self.problems.add("SYM116", f"{what}: {reason}", at, hint=f"did you mean {meant!r}?" if meant else "")
            return WRONG

    def _parsed(
        self, parse: Callable[[Any], Any], code: str, what: str, data: Any, at: Path, better: Callable[[str], str]
    ) -> Any:
        try:
            return parse(data)
        except (ValueError, OverflowError) as error:
            self.problems.add(code, f"{what}: {error}", at, hint=better(str(data)))
            return WRONG

    # expressions -------------------------------------------------------------------------------------------------

    def value(self, data: Any, at: Path) -> Any:
        """Plain data whose text may hold expressions."""
        try:
            return parse_value(data)
        except ExpressionError:
            self._broken_expressions(data, at)
            return WRONG

    def constant(self, what: str, data: Any, at: Path) -> Any:
        """Plain data without references; text that itself holds ``${{`` may be written as ``${{ "…" }}``."""
        value = self.value(data, at)
        if value is WRONG:
            return WRONG
        for path, expression in expressions_in(value):
            return self.wrong(what, "plain data", str(expression), (*at, *path))
        return value

    def sole_expression(self, data: str, at: Path) -> Any:
        """One expression and nothing around it; None when `data` is something else."""
        return self.value(data, at) if SOLE_EXPRESSION.fullmatch(data) else None

    def _broken_expressions(self, data: Any, at: Path) -> None:
        if isinstance(data, Mapping):
            for key, inner in data.items():
                self._broken_expressions(inner, (*at, key))
        elif isinstance(data, list):
            for i, inner in enumerate(data):
                self._broken_expressions(inner, (*at, i))
        elif isinstance(data, str):
            try:
                parse_text(data)
            except ExpressionError as error:
                span = self.places.characters(at, error.offset, error.offset + error.length)
                self.problems.add(error.code, str(error), at, hint=self._comment_hint(at) or error.hint, span=span)

    def _comment_hint(self, at: Path) -> str:
        """A hint where a `` #`` inside an unquoted expression cut the text short."""
        found = self.places.walk(at)
        node = found[-1][1]
        rest = self.places.text[node.end_mark.index :].partition("\n")[0]
        if getattr(node, "style", None) or len(found) != len(at) + 1 or not rest.lstrip(" ").startswith("#"):
            return ""
        return "a ' #' begins a comment here: put the whole value in quotes"


def _better_duration(text: str) -> str:
    """A hint for a duration with its unit spelt out: ``5 minutes`` is ``5m``."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(milli|ms|s|m|h|d)[a-z]*\.?\s*", text.lower())
    return f"write {match[1]}{'ms' if match[2] == 'milli' else match[2]}" if match else ""


def _better_size(text: str) -> str:
    """A hint for a size in another spelling: ``2G`` is ``2GB``, ``512Mi`` is ``512MiB``."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt])(?:(i)b?|[a-z]*)\s*", text.lower())
    return f"write {match[1]}{match[2].upper()}{match[3] or ''}B" if match else ""


def _unquoted(data: Any) -> str:
    if isinstance(data, str) and re.fullmatch(r"[-+]?\d+(\.\d+)?", data):
        return "write it without quotes"
    return ""
