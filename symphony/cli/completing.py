"""Finds what a shell may put where the cursor stands: commands, options, or values. Loads no command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Node = Mapping[str, Any]
Candidate = tuple[str, str]
"""A text and what it means, in a few words; the second may be empty."""
TABLE = Path(__file__).with_name("completion_table.json")
_HELP: Node = {"names": ["--help"], "value": None, "repeat": False, "help": "Show what the command does"}


@dataclass(slots=True)
class Asked:
    """What stands before the cursor, as far as it matters for what may follow.

    Attributes:
        node: the command, an entry of the table.
        values: the last value given for each kind, such as the run.
        taken: the options given.
        state: the state folder given.
        at: how many arguments are given.
        pending: the option whose value comes next.
        ended: whether ``--`` was given: what follows are arguments.
    """

    node: Node
    values: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    state: str | None = None
    at: int = 0
    pending: Node | None = None
    ended: bool = False


Names = Callable[[str, Asked], Iterator[Candidate]]
"""Gives what there is of a kind: ``run``, ``melody``, ``task``, ``executor``, ``environment``, ``player``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What may stand at the cursor.

    Attributes:
        paths: which paths are possible too: ``files``, ``folders`` or ``none``.
        candidates: whole words.
    """

    paths: str
    candidates: tuple[Candidate, ...]


def read_table() -> Node:
    """The table of commands."""
    found: Node = json.loads(TABLE.read_text("utf-8"))
    return found


def complete(words: Sequence[str], table: Node, names: Names) -> Reply:
    """Complete the last word.

    Args:
        words: the words behind the program's name, the last one up to the cursor; it may be empty.
        table: the table of commands.
        names: where names of runs, melodies and the like come from.
    """
    *before, current = words or [""]
    asked = _read(before, table)
    option, sign, start = current.partition("=")
    if asked.pending is not None:
        return _values(asked.pending["value"], current, asked, names)
    if sign and not asked.ended and current.startswith("--"):
        found = _option(asked.node, option)
        reply = _values(found["value"] if found else "", start, asked, names)
        return Reply(reply.paths, tuple((f"{option}={value}", text) for value, text in reply.candidates))
    if current.startswith("-") and not asked.ended:
        return Reply("none", tuple(_options(asked, current)))
    if asked.node.get("commands") and not asked.at:
        commands = asked.node["commands"]
        return Reply("none", tuple((name, c["help"]) for name, c in commands.items() if name.startswith(current)))
    return _values(_argument(asked.node, asked.at), current, asked, names)


def _read(before: Sequence[str], table: Node) -> Asked:
    """Go through the words before the cursor."""
    asked = Asked(table)
    for word in before:
        if asked.pending is not None:
            _note(asked, asked.pending["value"], word, asked.pending)
            asked.pending = None
        elif word.startswith("-") and len(word) > 1 and not asked.ended:
            _read_option(asked, word)
        elif not asked.at and word in asked.node.get("commands", {}):
            asked.node = asked.node["commands"][word]
        else:
            _note(asked, _argument(asked.node, asked.at), word)
            asked.at += 1
    return asked


def _read_option(asked: Asked, word: str) -> None:
    name, sign, value = word.partition("=")
    asked.ended = word == "--"
    found = _option(asked.node, name)
    if found is None:
        return
    asked.taken.add(found["names"][0])
    if found["value"] is not None and not sign:
        asked.pending = found
    elif sign:
        _note(asked, found["value"], value, found)


def _note(asked: Asked, kind: str, value: str, option: Node | None = None) -> None:
    asked.values[kind] = value
    if option is not None and kind == "folder" and "--state-dir" in option["names"]:
        asked.state = value


def _option(node: Node, name: str) -> Node | None:
    return next((o for o in (*node["options"], _HELP) if name in o["names"]), None)


def _argument(node: Node, at: int) -> str:
    """The kind of an argument; where the last one repeats, of all that follow."""
    kinds = node["arguments"]
    if at < len(kinds):
        return str(kinds[at])
    return str(kinds[-1]) if kinds and node["rest"] else ""


def _options(asked: Asked, start: str) -> Iterator[Candidate]:
    for option in (*asked.node["options"], _HELP):
        if option["repeat"] or option["names"][0] not in asked.taken:
            for name in option["names"]:
                if name.startswith(start) and (name.startswith("--") or start == "-"):
                    yield name, option["help"]


def _values(kind: str, start: str, asked: Asked, names: Names) -> Reply:
    if kind in ("file", "folder"):
        return Reply(f"{kind}s", ())
    found = ((word, "") for word in kind.split("|")) if "|" in kind else names(kind, asked) if kind else iter(())
    fitting = tuple(dict.fromkeys(c for c in found if c[0].startswith(start)))
    return Reply("files" if kind == "melody" else "none", fitting)
