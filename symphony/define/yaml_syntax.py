"""Says in plain sentences what is wrong with text that is no YAML."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError

from symphony.define.yaml_problems import Problems
from symphony.define.yaml_text import Lines

_QUOTE_EXPRESSION = 'inside [ ] and { } an expression needs quotes: ["${{ tasks.a }}"]'
_QUOTE = "put the whole value in quotes"


def explain(error: MarkedYAMLError, text: str, problems: Problems) -> None:
    """Note the problem that the YAML parser stopped at."""
    mark = error.problem_mark or error.context_mark
    position = mark.index if mark is not None else 0
    problem = error.problem or ""
    if "another document" in problem:
        _note(problems, text, position, "SYM109", "a file holds one melody; here a second document begins",
              "move it to a file of its own", 3)  # fmt: skip
    elif "undefined alias" in problem:
        name = _word(text, position)
        _note(problems, text, position, "SYM110", f"the alias {name} names no anchor above it",
              f"write &{name[1:]} before the value that is meant, or quote the text", len(name))  # fmt: skip
    elif "second occurrence" in problem:
        name = _word(text, position)
        first = Lines(text).place(error.context_mark.index)[0] if error.context_mark else 0
        _note(problems, text, position, "SYM110", f"the anchor {name} is defined twice; the first is in line {first}",
              "YAML 1.2 allows that, a melody does not: give each anchor a name of its own", len(name))  # fmt: skip
    elif "undefined tag handle" in problem:
        tag = _word(text, position)
        _note(problems, text, position, "SYM108", f"the tag {tag} is not allowed: a melody holds plain data",
              "remove the tag", len(tag))  # fmt: skip
    else:
        message, hint = _sentence(error, text, position)
        _note(problems, text, position, "SYM100", message, hint)


def _note(problems: Problems, text: str, position: int, code: str, message: str, hint: str, length: int = 1) -> None:
    problems.add(code, message, hint=hint, span=Lines(text).span(position, position + length))


def _word(text: str, position: int) -> str:
    match = re.compile(r"\S+").match(text, position)
    return match[0] if match else text[position : position + 1]


def _sentence(error: MarkedYAMLError, text: str, position: int) -> tuple[str, str]:
    problem, context = error.problem or "", error.context or ""
    character = text[position : position + 1]
    opened = f" that begins in line {error.context_mark.line + 1}" if error.context_mark is not None else ""
    in_flow = "flow" in context
    if (in_flow and text[max(0, position - 1) : position + 2] == "${{") or (in_flow and "${{" in _line(text, position)):
        return "an expression cannot stand here without quotes", _QUOTE_EXPRESSION
    if in_flow and re.search(r"\b(list|map|set|tuple|file|literal)$", text[max(0, position - 8) : position]):
        return "a type with brackets cannot stand here without quotes", 'write {type: "list[string]"}'
    if "flow sequence" in context:
        return f"expected , or ] in the list{opened}", "close the list with ], and put a , between its elements"
    if "flow mapping" in context:
        return f"expected , or }} in the map{opened}", "close the map with }, and put a , between its entries"
    if "mapping values are not allowed" in problem:
        return "a ': ' cannot stand inside a value without quotes", f"{_QUOTE}, or check the indentation of this line"
    if "could not find expected ':'" in problem:
        return "expected a key with a ':' behind it", "write key: value, or check the indentation of this line"
    if character == "\t":
        return "a tab cannot indent a line", "indent with spaces"
    if "cannot start any token" in problem:
        return f"a value cannot begin with {character!r}", _QUOTE
    if "quoted scalar" in context:
        return _quoted(problem, opened)
    if "expected key" in problem or "expected '-' indicator" in problem:
        return f"this line does not fit the block{opened}", "indent it like its neighbours, with spaces"
    if "block sequence entries are not allowed" in problem:
        return "a list cannot begin here", "put the first '- ' on a line of its own, indented under the key"
    return f"the file is no YAML here: {' '.join(filter(None, (context, problem)))}", ""


def _quoted(problem: str, opened: str) -> tuple[str, str]:
    if "escape" in problem:
        return "there is no such escape in double quotes", "write \\\\ for a backslash, or use single quotes"
    return f"the quoted text{opened} is never closed", "add the closing quote"


def _line(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return text[start : end if end >= 0 else len(text)]
