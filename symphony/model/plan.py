"""A plan: a compiled melody. Players resolved, types checked, order fixed, hash taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError

from symphony.errors import MelodyError
from symphony.model.canonical import canonical_json
from symphony.model.expression import Expression
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.param import Param
from symphony.model.policy import Duration, Isolation, OnFailure, Resources, Retry, ValueModel
from symphony.model.task import Each, ShellOutput
from symphony.model.template import Condition, Value, is_settled

FORMAT = 1


class PlayerPin(ValueModel):
    """A player as the plan fixes it.

    Attributes:
        identity: a hash of everything the player's code reaches; None where no source was found (caching is off).
        imports: top-level third-party modules that reached code imports; their versions enter keys, not plans.
        inputs, outputs: port types by name, as text.
    """

    name: str
    kind: str
    version: str = ""
    module: str
    qualname: str
    identity: str | None
    imports: tuple[str, ...] = ()
    inputs: FrozenMap[str, str] = EMPTY
    outputs: FrozenMap[str, str] = EMPTY
    several: bool = False
    effect: bool = False
    cache: bool = True
    fingerprint: bool = False
    env: tuple[str, ...] = ()
    codec: str | None = None
    is_async: bool = False
    takes_context: bool = False


class PlannedTask(ValueModel):
    """A task as the plan fixes it: policies settled, sub-melodies inlined, expressions in canonical text.

    References name tasks of the same plan by their id: ``tasks.stats``, or ``tasks["child.x"]`` for a task that came
    from a sub-melody. Exactly one of `player`, `run` and `body` says what is done; `body` is a sub-melody that is run
    once per element.
    """

    id: str
    player: str | None = None
    run: str | None = None
    body: Plan | None = None
    inputs: Annotated[FrozenMap[str, Value], Field(alias="with")] = EMPTY
    each: Each | None = None
    when: Condition | None = None
    needs: tuple[str, ...] = ()
    retry: Retry | None = None
    timeout: Duration | None = None
    isolation: Isolation = Isolation.THREAD
    resources: Resources | None = None
    tokens: FrozenMap[str, int] = EMPTY
    priority: int = 0
    cache: bool = True
    outputs: FrozenMap[str, ShellOutput] = EMPTY

    def document(self) -> dict[str, Any]:
        """The task as it stands in a plan file: what differs from the defaults, as plain data."""
        inputs = self.inputs
        if self.model_fields_set == _USUAL and self.player and inputs and all(map(is_settled, inputs.values())):
            # most tasks of a large plan: written by hand, in a third of the time
            written = {k: str(v) if type(v) is Expression else v for k, v in inputs.items()}
            return {"id": self.id, "player": self.player, "with": written}
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def written(self, colon: str, comma: str) -> str:
        """`document` as JSON, with these marks between its parts."""
        inputs = self.inputs
        if inputs and self.player and self.model_fields_set == _USUAL:
            found = []
            for name, value in inputs.items():
                kind = type(value)
                if kind is Expression:
                    text = _quoted("${{ " + value.text + " }}")
                elif kind is str and is_settled(value):
                    text = _quoted(value)
                elif kind is int:
                    text = int.__repr__(value)
                else:
                    break
                found.append(_quoted(name) + colon + text)
            else:  # most tasks of a large plan: written by hand, in a third of the time
                return (
                    f'{{"id"{colon}{_quoted(self.id)}{comma}"player"{colon}{_quoted(self.player)}{comma}'
                    f'"with"{colon}{{{comma.join(found)}}}}}'
                )
        return _WRITERS[colon](self.document())


_quoted: Callable[[str], str] = json.encoder.encode_basestring
_WRITERS = {
    colon: json.JSONEncoder(ensure_ascii=False, separators=(comma, colon), allow_nan=False).encode
    for colon, comma in ((":", ","), (": ", ", "))
}
_USUAL = {"id", "player", "inputs"}
_LABELS = {"melody", "version", "description"}
_AT_ONCE = 200
"""Tasks turned into plain data at a time: fewer than would set the garbage collector going."""


class Plan(ValueModel):
    """A plan. `tasks` stand in topological order, ties in the order of the definition.

    The hash covers params with defaults, tasks, links, policies, outputs and player pins; not name, version or
    description, nor anything of the environment.
    """

    symphony: Literal[1] = 1
    melody: str
    version: str = "0.0.0"
    description: str = ""
    params: FrozenMap[str, Param] = EMPTY
    env: tuple[str, ...] = ()
    on_failure: OnFailure = OnFailure.CONTINUE
    players: FrozenMap[str, PlayerPin] = EMPTY
    tasks: tuple[PlannedTask, ...] = ()
    outputs: FrozenMap[str, Value] = EMPTY
    output_types: FrozenMap[str, str] = EMPTY

    _origin: tuple[str, ...] = PrivateAttr(default=())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return all(getattr(self, f) == getattr(other, f) for f in type(self).model_fields)

    __hash__ = ValueModel.__hash__

    @property
    def origin(self) -> tuple[str, ...]:
        """The folders where its players were found, the project's root first; empty where that is not known.

        It belongs to this machine: it is no part of the file, the hash or comparison.
        """
        return self._origin

    def from_origin(self, folders: tuple[str, ...]) -> Plan:
        """The same plan, which knows where its players are found."""
        copy = self.model_copy()
        copy._origin = folders
        return copy

    @cached_property
    def hash(self) -> str:
        """The hash of the plan: 64 hexadecimal digits."""
        written = hashlib.sha256()
        for piece in self._content():
            written.update(piece)
        return written.hexdigest()

    @cached_property
    def by_id(self) -> dict[str, PlannedTask]:
        """The tasks by id."""
        return {t.id: t for t in self.tasks}

    def _content(self) -> Iterator[bytes]:
        """The canonical JSON of what the hash covers, in pieces: no large plan is ever a whole tree of plain data."""
        document = self._document()
        keys = sorted(document.keys() - _LABELS)
        for i, key in enumerate(keys):
            yield (b"," if i else b"{") + canonical_json(key) + b":"
            yield from self._content_of_tasks() if key == "tasks" else (canonical_json(document[key]),)
        yield b"}" if keys else b"{}"

    def _content_of_tasks(self) -> Iterator[bytes]:
        for start in range(0, len(self.tasks), _AT_ONCE):
            some = ",".join([task.written(":", ",") for task in self.tasks[start : start + _AT_ONCE]])
            yield (b"," if start else b"[") + some.encode()
        yield b"]"

    def _document(self) -> dict[str, Any]:
        """The plan as it stands in a file, the tasks still as values."""
        document = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"tasks"})
        if self.tasks:
            document["tasks"] = self.tasks
        return {name: document[name] for name in Plan.model_fields if name in document}

    def to_text(self) -> str:
        """The plan file: one JSON document, one line per task, ending in a newline; equal plans give equal bytes."""
        document = self._document()
        head = {"symphony": FORMAT, "hash": self.hash, **{k: v for k, v in document.items() if k != "symphony"}}
        lines = []
        for key, value in head.items():
            if key == "tasks":
                tasks = [task.written(": ", ", ") for task in self.tasks]
                lines.append(f"  {_json(key)}: {_listed(tasks)}")
            elif key == "players" and value:
                entries = (f"{_json(name)}: {_json(player)}" for name, player in value.items())
                lines.append(f"  {_json(key)}: {_listed(entries, '{', '}')}")
            else:
                lines.append(f"  {_json(key)}: {_json(value)}")
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_text(cls, text: str, *, file: str = "the plan") -> Plan:
        """Read a plan file.

        Raises:
            MelodyError: no plan, a newer format, or a hash that does not match the content.
        """
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise MelodyError(f"{file}:{error.lineno}:{error.colno}: not a plan: {error.msg}") from error
        if not isinstance(document, dict) or "symphony" not in document:
            raise MelodyError(f"{file}: not a plan: the key 'symphony' is missing. 'symphony compile' writes plans")
        if document["symphony"] != FORMAT:
            raise MelodyError(f"{file}: plan format {document['symphony']!r}; this Symphony reads format {FORMAT}")
        stated = document.pop("hash", None)
        try:
            plan = cls.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(p) for p in first["loc"])
            raise MelodyError(f"{file}: not a plan: {where}: {first['msg']}") from error
        if stated != plan.hash:
            raise MelodyError(
                f"{file}: the plan was changed by hand: it says {str(stated)[:12]}, its content gives {plan.hash[:12]}. "
                "Compile the melody again"
            )
        return plan


_json = _WRITERS[": "]


def _listed(entries: Iterable[str], start: str = "[", end: str = "]") -> str:
    return start + "\n    " + ",\n    ".join(entries) + "\n  " + end
