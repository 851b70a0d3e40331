"""Reads a file of test cases; every problem has its place in the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from symphony.bootstrap.placing import finished, forget_texts
from symphony.define.yaml_locate import YamlPlaces
from symphony.define.yaml_nodes import compose
from symphony.define.yaml_plain import PlainData, Refused
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_text import decode
from symphony.errors import CompileError, UsageError
from symphony.model.names import did_you_mean
from symphony.model.source import Path as Place
from symphony.testing.case_models import Answer, Case, CaseFile, Expect, Form, Matcher, Raised

_OF_KEY: dict[str, type[Form]] = {"cases": Case, "expect": Expect, "stubs": Answer, "in_turn": Answer, "raises": Raised}
_FOREIGN = {"tests": "cases", "inputs": "params", "with": "params", "parameters": "params", "mocks": "stubs", "expected": "expect",
            "return": "returns", "raise": "raises", "workflow": "melody", "title": "name"}  # fmt: skip

_KINDS = {
    "dict_type": "a map", "model_type": "a map", "list_type": "a list", "string_type": "text", "int_type": "a whole number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadCases:
    """A file of test cases.

    Attributes:
        file: where it lies.
        places: where each part of it stands.
    """

    file: Path
    document: CaseFile
    places: YamlPlaces

    def line(self, place: Place) -> int:
        """The line of a part, or of the nearest one around it."""
        span = self.places.key_of(place) or self.places.locate(place)
        return span.line if span is not None else 1

    def at(self, place: Place) -> str:
        """A part as ``file:line``."""
        return f"{shown_path(self.file)}:{self.line(place)}"


def shown_path(file: Path) -> str:
    """A file as people know it: from the current folder, where it lies below."""
    return os.path.relpath(file) if file.resolve().is_relative_to(Path.cwd()) else str(file)


def read_cases(file: Path) -> ReadCases:
    """Read a file of test cases.

    Raises:
        CompileError: something is wrong with it; carries every problem with its place.
        UsageError: the file cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    forget_texts()
    problems = Problems(str(file))
    text = decode(content, problems)
    root = None if text is None else compose(text, problems)
    if text is None or root is None:
        if not len(problems):
            problems.add("SYM111", "the file is empty", hint="a test file holds melody: NAME, and cases:")
        raise CompileError(finished(problems.sorted()))
    problems.places = places = YamlPlaces(text, root)
    try:
        data = PlainData(text, problems).of(root)
    except Refused:
        raise CompileError(finished(problems.sorted())) from None
    document = _validated(data, problems)
    if document is None or len(problems):
        raise CompileError(finished(problems.sorted()))
    return ReadCases(file, document, places)


def _validated(data: Any, problems: Problems) -> CaseFile | None:
    try:
        return CaseFile.model_validate(data)
    except ValidationError as error:
        for found in error.errors():
            _note(found, data, problems)
        return None


def _note(found: Mapping[str, Any], data: Any, problems: Problems) -> None:
    """Note what the models refuse, in the words of the other problems of YAML files."""
    place = _place_of(found["loc"], data)
    kind, name = str(found["type"]), str(found["loc"][-1]) if found["loc"] else ""
    if kind == "extra_forbidden":
        keys = list(_form_at(found["loc"]).model_fields)
        hint = (
            f"did you mean {_FOREIGN[name]!r}?" if _FOREIGN.get(name) in keys else did_you_mean(name, keys, what="keys")
        )
        problems.add("SYM102", f"the key {name!r} is unknown", place, hint=hint, key=True)
    elif kind == "missing":
        problems.add("SYM103", f"the key {name!r} is missing", place, hint=f"write {name}: …")
    else:
        problems.add("SYM106", _sentence(found), place)


def _sentence(found: Mapping[str, Any]) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    if str(found["type"]) == "value_error":
        return message
    where = str(found["loc"][-1]) if found["loc"] else "a test file"
    kind = _KINDS.get(str(found["type"]))
    return f"{where} takes {kind}" if kind is not None else f"{where}: {message[:1].lower()}{message[1:]}"


def _place_of(loc: Sequence[Any], data: Any) -> Place:
    """The steps of a place that lead through the document: those of the models' own are left out."""
    place: list[str | int] = []
    for step in loc:
        inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if inside:
            data = data[step]
            place.append(step)
    return tuple(place)


def _form_at(loc: Sequence[Any]) -> type[BaseModel]:
    """The model whose key is unknown at a place."""
    found: type[BaseModel] = CaseFile
    for step in loc[:-1]:
        if step in ("outputs", "errors"):
            found = Matcher
        elif step in _OF_KEY:
            found = _OF_KEY[step]
    return found
