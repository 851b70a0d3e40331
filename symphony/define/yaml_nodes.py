"""Parses YAML 1.2 into nodes with places: core schema, one document, limits against hostile files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from symphony.model.diagnostic import Diagnostic
from symphony.model.source import Span

LARGEST_BYTES = 64 * 1024 * 1024
DEEPEST = 64
MOST_EXPANDED = 100_000


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The C parser without YAML 1.1's guesses: scalars are resolved here, by the core schema of YAML 1.2."""

    yaml_implicit_resolvers: Any = {}


_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class YamlProblem(Exception):
    """The text cannot be read any further; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


@dataclass(slots=True)
class Document:
    """A parsed file.

    Attributes:
        root: the node of the whole document; None for an empty file.
        text: the text, byte order mark left out.
        repeated: duplicate keys found, as diagnostics.
    """

    root: Any
    text: str
    repeated: list[Diagnostic] = field(default_factory=list)


def parse(data: str | bytes, file: str) -> Document:
    """Parse a file.

    Raises:
        YamlProblem: it is no YAML, or goes beyond what is accepted.
    """
    text = _decoded(data, file)
    found = _CONTROL.search(text)
    if found is not None:
        raise _at_offset("SYM100", f"the control character U+{ord(found[0]):04X} is not allowed", text, found.start(), file)
    try:
        loader = _Loader(text)
        try:
            _check_depth(text, file)
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise YamlProblem(_syntax_problem(error, file)) from error
    except RecursionError as error:
        raise YamlProblem(Diagnostic("SYM107", f"the file nests deeper than {DEEPEST} levels", file=file)) from error
    except yaml.YAMLError as error:
        raise YamlProblem(Diagnostic("SYM100", f"the file is no YAML: {error}", file=file)) from error
    document = Document(root, text)
    if root is not None:
        _Limits(file, document).check(root)
    return document


def _decoded(data: str | bytes, file: str) -> str:
    size = len(data)
    if size > LARGEST_BYTES:
        raise YamlProblem(Diagnostic("SYM108", f"the file has {size:,} bytes; at most {LARGEST_BYTES:,} are read", file=file))
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x}"
        raise YamlProblem(
            Diagnostic("SYM101", message, file=file, span=Span(line, column, line, column + 1), hint="save it as UTF-8")
        ) from error


def _check_depth(text: str, file: str) -> None:
    """Refuse deep nesting before the parser recurses into it. Exact only where a rough count is high."""
    if _rough_depth(text) <= DEEPEST:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                mark = event.start_mark
                raise YamlProblem(
                    Diagnostic("SYM107", f"the file nests deeper than {DEEPEST} levels", file=file, span=_point(mark))
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


_BRACKETS = re.compile(r"[\[\]{}]")
_INDENT = re.compile(r"^[ ]*(?:[-?:][ ]+)*", re.M)


def _rough_depth(text: str) -> int:
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest + max((len(m[0]) for m in _INDENT.finditer(text)), default=0)


def _point(mark: Any) -> Span:
    return Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def _at_offset(code: str, message: str, text: str, offset: int, file: str) -> YamlProblem:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return YamlProblem(Diagnostic(code, message, file=file, span=Span(line, column, line, column + 1)))


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    problem = (error.problem or "it does not parse").replace("\n", " ")
    code, hint = "SYM100", ""
    if "single document" in str(error) or "but found another document" in str(error):
        code, problem, hint = "SYM105", "the file holds several documents", "one file holds one melody: remove the ---"
    elif "undefined alias" in problem:
        code, problem = "SYM106", f"the alias is not defined: {problem.rpartition(' ')[2]}"
    elif "cannot start any token" in problem or "mapping values are not allowed" in problem:
        hint = "put text with special characters in quotes"
    elif "\t" in problem or "tab" in problem:
        hint = "indent with spaces"
    context = f"{error.context}: " if error.context and code == "SYM100" else ""
    return Diagnostic(code, f"{context}{problem}" if code == "SYM100" else problem, file=file,
                      span=_point(mark) if mark is not None else None, hint=hint)  # fmt: skip


def span_of(node: Any) -> Span:
    """The span of a node."""
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class _Limits:
    """Checks tags, keys, aliases: what expands beyond bounds is refused, what repeats is reported."""

    def __init__(self, file: str, document: Document) -> None:
        self.file, self.document = file, document
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def check(self, node: Any) -> int:
        """The number of nodes below `node` once every alias is expanded."""
        known = self._sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in self._open:
            raise YamlProblem(Diagnostic("SYM106", "an alias contains itself", file=self.file, span=span_of(node)))
        kind = type(node)
        tag = node.tag
        if not tag.startswith("tag:yaml.org,2002:") or tag[18:] not in ("str", "map", "seq"):
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            raise YamlProblem(Diagnostic("SYM104", f"the tag {shown} is not allowed", file=self.file, span=span_of(node),
                                         hint="write the plain value"))  # fmt: skip
        if kind is yaml.ScalarNode:
            return 1
        self._open.add(id(node))
        size = 1
        if kind is yaml.SequenceNode:
            for child in node.value:
                size += self.check(child)
        else:
            seen: dict[str, Any] = {}
            for key, value in node.value:
                self._key(key, seen)
                size += 1 + self.check(value)
        self._open.discard(id(node))
        if size > MOST_EXPANDED and len(self.document.text) < 10 * size:
            self._refuse_bomb(node, size)
        self._sizes[id(node)] = size
        return size

    def _refuse_bomb(self, node: Any, size: int) -> None:
        """A file that is as large as its nodes are many holds no bomb; one that expands far beyond its text does."""
        if size > 20 * max(1, len(self._sizes)) or size > 50_000_000:
            raise YamlProblem(Diagnostic("SYM106", f"the aliases expand to more than {MOST_EXPANDED:,} nodes", file=self.file,
                                         span=span_of(node), hint="write the values out"))  # fmt: skip

    def _key(self, key: Any, seen: dict[str, Any]) -> None:
        if type(key) is not yaml.ScalarNode:
            raise YamlProblem(Diagnostic("SYM103", "a key must be text", file=self.file, span=span_of(key)))
        self.check(key)
        name = key.value
        if name in seen:
            first = seen[name].start_mark.line + 1
            self.document.repeated.append(
                Diagnostic("SYM109", f"the key {name!r} stands here a second time; the first is in line {first}",
                           file=self.file, span=span_of(key), hint="remove one of them")  # fmt: skip
            )
        else:
            seen[name] = key


def scalar(node: Any) -> Any:
    """The value of a scalar by the core schema of YAML 1.2: `no`, `on` and `1:30` are text, `012` is twelve."""
    text = node.value
    if node.style:  # quoted or a block: text, whatever it looks like
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if first not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 4000 else text
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _SPECIAL.get(text.lower(), text)
