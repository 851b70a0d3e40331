"""Says what a port of a player is for, and how well a literal value of a prompt suits it."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from symphony.conductor.literal_spans import Kind, Span
from symphony.conductor.vocabulary import meanings, words_of
from symphony.model.port_type import PortType
from symphony.model.signature import Port, Signature


class Role(StrEnum):
    """What a port is for."""

    DATA = "data"
    FILE = "file"
    FOLDER = "folder"
    REPOSITORY = "repository"
    URL = "url"
    FILE_NAME = "file name"
    GLOB = "glob"
    EXPRESSION = "expression"
    COLUMN = "column"
    COLUMNS = "columns"
    COMPARISON = "comparison"
    COMPARED = "compared"
    MEASURES = "measures"
    CHOICE = "choice"
    FLAG = "flag"
    COUNT = "count"
    THRESHOLD = "threshold"
    SECONDS = "seconds"
    SINCE = "since"
    REVISION = "revision"
    DIGEST = "digest"
    SEPARATOR = "separator"
    KEY_PATH = "key path"
    PATH_INSIDE = "path inside"
    REPLACED = "replaced"
    REPLACEMENT = "replacement"
    COMMAND = "command"
    TITLE = "title"
    OTHER = "other"


PLACES = frozenset({Role.FILE, Role.FOLDER, Role.REPOSITORY})
_SCALARS = frozenset({"string", "integer", "number", "boolean", "literal", "duration", "datetime", "date", "null"})
_BY_DOC = (
    (Role.EXPRESSION, r"regular expression"),
    (Role.GLOB, r"which files"),
    (Role.DIGEST, r"\bdigest (?:it|they|the \w+) must|known digest"),
    (Role.REVISION, r"\b(?:tag|branch|commit)\b"),
    (Role.SINCE, r"\bspan\b|\bdate\b"),
    (Role.SEPARATOR, r"\bbetween\b"),
    (Role.KEY_PATH, r"\[\*\]|\ba\.b\b"),
    (Role.PATH_INSIDE, r"^the file\b"),
    (Role.COLUMN, r"\bcolumn\b"),
    (Role.FILE_NAME, r"\bname of the (?:file|archive|copy|folder)\b"),
    (Role.TITLE, r"\bheading\b|\bwhat the (?:chart|table) (?:says|is)\b|\bwhat the table is\b"),
)
"""What the line of documentation of a text port tells of it."""
_BY_NAME = {"url": Role.URL, "old": Role.REPLACED, "new": Role.REPLACEMENT, "title": Role.TITLE, "column": Role.COLUMN,
            "separator": Role.SEPARATOR, "delimiter": Role.SEPARATOR, "glob": Role.GLOB, "regex": Role.EXPRESSION,
            "filename": Role.FILE_NAME, "revision": Role.REVISION, "branch": Role.REVISION, "caption": Role.TITLE}  # fmt: skip


@lru_cache(maxsize=8192)
def role_of(player: Signature, name: str) -> Role:
    """What an input of a player is for, from its type, name and line of documentation."""
    port = player.input(name)
    assert port is not None
    first = next((p.name for p in player.inputs if p.required), None)
    t = _without_null(port.type)
    if t.name == "path":
        return _place(port)
    if t.name == "list" and t.inner().name == "path":
        return Role.DATA
    if t.name == "literal":
        return Role.COMPARISON if name == "compare" else Role.CHOICE
    if t.name == "boolean":
        return Role.FLAG
    if name == "value" and player.input("compare") is not None:
        return Role.COMPARED
    if t.name in ("integer", "number"):
        return _number_role(port)
    if t.name == "list" and t.inner().name == "string":
        return _list_role(port, first)
    if t.name == "map" and t.value_type.name == "string":
        return Role.MEASURES if re.search(r"\bsum\b.*\bmean\b", port.doc) else Role.OTHER
    if t.name == "string":
        role = _BY_NAME.get(name) or next((r for r, words in _BY_DOC if re.search(words, port.doc)), None)
        return role or (Role.DATA if name == first or name in ("text", "data", "page") else Role.OTHER)
    return Role.OTHER if t.name in _SCALARS else Role.DATA


def _without_null(t: PortType) -> PortType:
    left = [m for m in t.members if m.name != "null"]
    return left[0] if len(left) == 1 else t


def _place(port: Port) -> Role:
    text = f"{port.name} {port.doc}".lower()
    if re.search(r"\brepo", text):
        return Role.REPOSITORY
    if re.search(r"\bfolder\b|\bdirectory\b|where to look", text) and "file or folder" not in text:
        return Role.FOLDER
    return Role.FILE


def _number_role(port: Port) -> Role:
    if re.search(r"\bseconds\b", f"{port.name} {port.doc}"):
        return Role.SECONDS
    if port.name in ("over", "least", "above", "threshold", "least_length") or re.search(r"\bup to this\b", port.doc):
        return Role.THRESHOLD
    if port.name.startswith("max_"):
        return Role.OTHER
    return Role.COUNT


def _list_role(port: Port, first: str | None) -> Role:
    if re.search(r"\bcolumns?\b", f"{port.name} {port.doc}"):
        return Role.COLUMNS
    return Role.COMMAND if "program" in port.doc else Role.DATA if port.name == first else Role.OTHER


_SUITS: dict[Role, dict[Kind, float]] = {
    Role.FILE: {Kind.FILE: 1.0, Kind.FOLDER: 0.3},
    Role.FOLDER: {Kind.FOLDER: 1.0, Kind.REPOSITORY: 0.6},
    Role.REPOSITORY: {Kind.REPOSITORY: 1.0, Kind.FOLDER: 0.8},
    Role.URL: {Kind.URL: 1.0},
    Role.FILE_NAME: {Kind.TARGET: 1.0},
    Role.GLOB: {Kind.GLOB: 1.0},
    Role.EXPRESSION: {Kind.EXPRESSION: 1.0, Kind.NEEDLE: 0.95, Kind.QUOTED: 0.8},
    Role.COLUMN: {Kind.COLUMN: 1.0, Kind.QUOTED: 0.4, Kind.MEASURE: 0.5},
    Role.COLUMNS: {Kind.COLUMN: 1.0, Kind.QUOTED: 0.4, Kind.MEASURE: 0.4},
    Role.COMPARISON: {Kind.CONDITION: 1.0},
    Role.COMPARED: {Kind.CONDITION: 1.0},
    Role.MEASURES: {Kind.MEASURE: 1.0},
    Role.SECONDS: {Kind.DURATION: 1.0},
    Role.SINCE: {Kind.AGO: 1.0, Kind.DATE: 1.0},
    Role.REVISION: {Kind.REVISION: 1.0},
    Role.DIGEST: {Kind.DIGEST: 1.0},
    Role.SEPARATOR: {Kind.SEPARATOR: 1.0, Kind.QUOTED: 0.5},
    Role.KEY_PATH: {Kind.KEY_PATH: 1.0, Kind.QUOTED: 0.6},
    Role.PATH_INSIDE: {Kind.FILE: 0.7},
    Role.REPLACED: {Kind.REPLACED: 1.0},
    Role.REPLACEMENT: {Kind.REPLACEMENT: 1.0},
    Role.COMMAND: {Kind.QUOTED: 0.9},
    Role.TITLE: {Kind.TITLE: 1.0},
    Role.DATA: {Kind.QUOTED: 0.6},
    Role.OTHER: {Kind.QUOTED: 0.3, Kind.URL: 0.1},
}
_FIRST = frozenset(
    "top first last largest biggest most best longest newest latest limit at oldest smallest lowest highest".split()
)
_MORE_THAN = frozenset("over than above exceeding exceeds least beyond".split())


def suits(player: Signature, name: str, span: Span) -> float:
    """How well a literal value suits an input, from 0 (not at all) to 1 (it can mean nothing else)."""
    role = role_of(player, name)
    port = player.input(name)
    assert port is not None
    if role in (Role.COUNT, Role.THRESHOLD):
        return _number_suits(role, port, span)
    if role is Role.COLUMN and span.kind is Kind.CONDITION:
        return 1.0 if player.input("compare") is not None else 0.0
    if role is Role.EXPRESSION and span.kind is Kind.QUOTED:
        return (
            0.9
            if {"containing", "contain", "contains", "matching", "match", "matches", "for", "mention", "word"}
            & set(span.before)
            else 0.7
        )
    return _SUITS.get(role, {}).get(span.kind, 0.0)


def _number_suits(role: Role, port: Port, span: Span) -> float:
    if span.kind is Kind.SIZE:
        return 1.0 if role is Role.THRESHOLD and "bytes" in port.doc else 0.0
    if span.kind is not Kind.NUMBER or not isinstance(span.value, int):
        return 0.0
    near = (*span.before[-2:], *span.after[:2])
    named = {m for w in near for m in meanings(w)} & {m for w, _, _ in words_of(f"{port.name}") for m in meanings(w)}
    more = bool(_MORE_THAN & set(span.before[-2:]))
    if role is Role.THRESHOLD:
        return (0.9 if "bytes" not in port.doc else 0.2) if more else 0.0
    if more:
        return 0.0
    if named and port.name not in ("top", "limit", "count"):
        return 1.0
    if port.name in ("bins", "indent", "start"):
        return 0.0
    return 0.9 if _FIRST & set(near) or port.name == "count" else 0.6


def columns_of(player: Signature, output: str) -> tuple[str, ...]:
    """The columns of the table that a player gives, as its documentation lists them; empty where it does not."""
    match = re.search(r"Returns:\n\s*Rows with (.*?)(?:\n\n|$)", player.doc, re.DOTALL)
    if match is None:
        return ()
    first = re.split(r"[.;](?:\s|$)", " ".join(match[1].split()))[0]
    return tuple(name for listed in re.findall(r"`([\w ]+)`", first) for name in listed.split())


@lru_cache(maxsize=4096)
def named_in(doc: str) -> tuple[str, ...]:
    """The players that a line of documentation names in backticks, such as ``what `git.history` gave``."""
    return tuple(re.findall(r"`([a-z_]\w*(?:[./:]\w+)+)`", doc))
