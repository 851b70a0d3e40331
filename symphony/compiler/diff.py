"""What differs between two plans, by meaning: tasks, links, values, policies, types, code, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from symphony.compiler.diff_renames import find_renames, rename_in, renamed
from symphony.compiler.graph import TASK_KINDS, EdgeKind, Graph, graph_of
from symphony.model.expression import Expression
from symphony.model.plan import Plan, PlannedTask
from symphony.model.source import Path
from symphony.model.template import OPEN, parse_text, to_document


class Absent(Enum):
    """Marks the side of a change on which there is nothing, which is not the same as null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
POLICIES = frozenset({"retry", "timeout", "isolation", "resources", "tokens", "priority", "cache"})
TYPES = frozenset({"inputs", "outputs", "several"})


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs.

    Attributes:
        what: what it belongs to: ``task``, ``player``, ``param``, ``env``, ``output`` or ``melody``.
        subject: its name in the second plan.
        path: the way to the value inside the subject, ``with.rows``, ``retry.attempts``; empty for all of it.
        before, after: plain data, or ABSENT.
    """

    what: str
    subject: str
    path: str
    before: object = ABSENT
    after: object = ABSENT


@dataclass(frozen=True, slots=True)
class Rename:
    """A task with the same content and another id."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two plans."""

    name: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two plans. Tasks inside a sub-melody read ``child.x``.

    Attributes:
        added, removed: ids of tasks.
        renamed: tasks with equal content but another id; references that follow them are no changes.
        rewired: links whose source changed, ``needs`` and ``when`` included.
        inputs: values that changed without another source.
        policies: retries, timeouts, resources, isolation, caching; what a failure means (subject: the melody).
        retyped: port types of players, of shell outputs and of the plan's outputs.
        code: another player or script, or another version or identity of the same player (subject: the player).
        parameters: parameters and environment variables that a run may be given.
        outputs: outputs added, removed, or taken from elsewhere.
        labels: name, version, description; no part of the hash.
        downstream: tasks that are unchanged, but read something that changes.
        affected: outputs whose value may differ.
        reordered: the definitions stand in another order, and nothing else differs.
    """

    before: Side
    after: Side
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[Rename, ...] = ()
    rewired: tuple[Change, ...] = ()
    inputs: tuple[Change, ...] = ()
    policies: tuple[Change, ...] = ()
    retyped: tuple[Change, ...] = ()
    code: tuple[Change, ...] = ()
    parameters: tuple[Change, ...] = ()
    outputs: tuple[Change, ...] = ()
    labels: tuple[Change, ...] = ()
    downstream: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    reordered: bool = False

    @property
    def equal(self) -> bool:
        """Whether both plans have the same hash: they do the same work and share every result."""
        return self.before.hash == self.after.hash

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of tasks, players, parameters and outputs."""
        return self.rewired + self.inputs + self.policies + self.retyped + self.code + self.parameters + self.outputs


def compare(before: Plan, after: Plan) -> Difference:
    """Compare two plans by meaning.

    A task that disappears while one with the same content appears was renamed; where several have the same content,
    the one with the same readers is taken, else the first.
    """
    found = _Found()
    found.plans(before, after, "")
    labels = [
        Change("melody", "", name, getattr(before, attribute), getattr(after, attribute))
        for name, attribute in (("name", "melody"), ("version", "version"), ("description", "description"))
        if getattr(before, attribute) != getattr(after, attribute)
    ]
    downstream, affected = found.consequences(after)
    anything = found.added or found.removed or found.renamed or any(found.changes.values())
    return Difference(
        Side(before.melody, before.version, before.hash),
        Side(after.melody, after.version, after.hash),
        added=tuple(found.added),
        removed=tuple(found.removed),
        renamed=tuple(found.renamed),
        labels=tuple(labels),
        downstream=downstream,
        affected=affected,
        reordered=not anything and before.hash != after.hash,
        **{kind: tuple(changes) for kind, changes in found.changes.items()},
    )


def calls_of(plan: Plan, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (task, player) for every task that calls a player, those of sub-melodies included."""
    for task in plan.tasks:
        if task.player is not None:
            yield prefix + task.id, task.player
        if task.body is not None:
            yield from calls_of(task.body, f"{prefix}{task.id}.")


_KINDS = ("rewired", "inputs", "policies", "retyped", "code", "parameters", "outputs")


@dataclass(slots=True)
class _Found:
    """Collects differences while two plans are walked side by side."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[Rename] = field(default_factory=list)
    changes: dict[str, list[Change]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})

    def plans(self, before: Plan, after: Plan, prefix: str) -> None:
        renames = find_renames(before, after)
        same = renames | {t.id: t.id for t in before.tasks if t.id in after.by_id}
        partner = {new: old for old, new in same.items()}
        self.removed += [prefix + t.id for t in before.tasks if t.id not in same]
        self.added += [prefix + t.id for t in after.tasks if t.id not in partner]
        self.renamed += [Rename(prefix + old, prefix + new) for old, new in renames.items()]
        for task in after.tasks:
            if task.id in partner:
                self.tasks(renamed(before.by_id[partner[task.id]], renames), task, prefix)
        self.players(before, after, prefix)
        self.ends(before, after, renames, prefix)

    def tasks(self, before: PlannedTask, after: PlannedTask, prefix: str) -> None:
        subject = prefix + after.id
        if before.body is not None and after.body is not None and before.body != after.body:
            self.plans(before.body, after.body, subject + ".")
        for path, old, new in _leaves(_document(before), _document(after)):
            self.add(_kind_of(path, old, new), "task", subject, path, old, new)
        if (before.body is None) != (after.body is None):
            hashes = [ABSENT if task.body is None else task.body.hash for task in (before, after)]
            self.add("code", "task", subject, ("body",), *hashes)

    def players(self, before: Plan, after: Plan, prefix: str) -> None:
        for name, pin in after.players.items():
            if name in before.players and before.players[name] != pin:
                old_pin, new_pin = (p.model_dump(mode="json") for p in (before.players[name], pin))
                for path, old, new in _leaves(old_pin, new_pin):
                    kind = "retyped" if path[0] in TYPES else "code"
                    if Change("player", name, _text(path), old, new) not in self.changes[kind]:
                        self.add(kind, "player", name, path, old, new)

    def ends(self, before: Plan, after: Plan, renames: Mapping[str, str], prefix: str) -> None:
        """Compare what goes in and what comes out."""
        for path, old, new in _leaves(_params(before), _params(after)):
            self.add("parameters", "param", prefix + str(path[0]), path[1:], old, new)
        if before.on_failure is not after.on_failure:
            self.add("policies", "melody", "", ("on_failure",), str(before.on_failure), str(after.on_failure))
        for name in dict.fromkeys([*before.env, *after.env]):
            if (name in before.env) != (name in after.env):
                old, new = (name if name in plan.env else ABSENT for plan in (before, after))
                self.add("parameters", "env", prefix + name, (), old, new)
        for path, old, new in _leaves(_plain(rename_in(before.outputs, renames)), _plain(after.outputs)):
            self.add("outputs", "output", prefix + str(path[0]), path[1:], old, new)
        for path, old, new in _leaves(dict(before.output_types), dict(after.output_types)):
            if path[0] in before.outputs and path[0] in after.outputs:
                self.add("retyped", "output", prefix + str(path[0]), ("type",), old, new)

    def add(self, kind: str, what: str, subject: str, path: Path, old: object, new: object) -> None:
        self.changes[kind].append(Change(what, subject, _text(path), old, new))

    def consequences(self, after: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Follow the links down from all that gives other results: the tasks reached, and the outputs."""
        graph = graph_of(after)
        changed = self.sources_of_change(after, graph)
        reached = _downstream(graph, changed)
        tasks = tuple(n.id for n in graph.nodes if n.id in reached - changed and n.kind in TASK_KINDS)
        direct = {c.subject for c in self.changes["outputs"]}
        names = [name for name in after.outputs if f"output:{name}" in reached or name in direct]
        return tasks, tuple(names)

    def sources_of_change(self, after: Plan, graph: Graph) -> set[str]:
        tasks = set(self.added)
        tasks |= {c.subject for c in self.changes["rewired"] if c.path.partition("[")[0] != "needs"}
        rest = [c for kind in ("inputs", "code", "retyped") for c in self.changes[kind]]
        tasks |= {c.subject for c in rest if c.what == "task"}
        players = {c.subject for c in rest if c.what == "player"}
        tasks |= {task for task, player in calls_of(after) if player in players}
        params = {f"param:{c.subject}" for c in self.changes["parameters"] if _gives_other_values(c)}
        nodes = {n.id for n in graph.nodes}
        regions = tuple(f"{task}." for task in tasks - nodes)
        inside = {n.id for n in graph.nodes if n.group and n.id.startswith(regions)}
        return (tasks | params) & nodes | inside


def _gives_other_values(change: Change) -> bool:
    """A bound or a description decides what may be given, not what a given value means."""
    return change.path.split(".")[0].split("[")[0] in ("", "default", "type")


def _downstream(graph: Graph, start: Iterable[str]) -> set[str]:
    after: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind is not EdgeKind.ORDER:
            after.setdefault(edge.source, []).append(edge.target)
    reached, waiting = set(start), list(start)
    while waiting:
        for target in after.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _document(task: PlannedTask) -> dict[str, Any]:
    """A task as plain data, without its id and without the sub-melody inside it."""
    document = task.model_copy(update={"body": None}).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document.pop("id")
    return document


def _params(plan: Plan) -> dict[str, Any]:
    return {name: param.model_dump(mode="json", exclude_defaults=True) for name, param in plan.params.items()}


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: to_document(value) for name, value in values.items()}


def _leaves(before: object, after: object, path: Path = ()) -> Iterator[tuple[Path, object, object]]:
    """Yield the innermost parts that differ; a list of another length is one part. Types count: 1 is not true."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _leaves(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _leaves(old, new, (*path, i))
    elif before is ABSENT or after is ABSENT:
        if before is not after:
            yield path, before, after
    elif json.dumps(before) != json.dumps(after):
        yield path, before, after


def _kind_of(path: Path, before: object, after: object) -> str:
    head = path[0]
    if head in POLICIES:
        return "policies"
    if head == "outputs":
        return "retyped"
    if head in ("player", "run"):
        return "code"
    return "rewired" if head == "needs" or _sources(before) != _sources(after) else "inputs"


def _sources(data: object) -> set[tuple[str, str]]:
    """The tasks and parameters that a part of a document reads."""
    if isinstance(data, Mapping):
        return set().union(*map(_sources, data.values()))
    if isinstance(data, list):
        return set().union(*map(_sources, data))
    value = parse_text(data) if isinstance(data, str) and OPEN in data else None
    references = value.references if isinstance(value, Expression) else ()
    return {(r.root, r.name) for r in references if r.root in ("tasks", "params", "env", "secrets", "item")}


def _text(path: Path) -> str:
    """A path as people write it: ``with.rows[0]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
