"""The graph of a plan or a melody as a value: what every drawing is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from symphony.model.expression import Reference
from symphony.model.melody import Melody
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.task import Each, Task
from symphony.model.template import expressions_in

K = TypeVar("K")
V = TypeVar("V")


class NodeKind(StrEnum):
    """What a node stands for."""

    OPERATOR = "operator"
    INSTRUMENT = "instrument"
    MOTIF = "motif"
    SHELL = "shell"
    MELODY = "melody"
    PARAM = "param"
    OUTPUT = "output"


class EdgeKind(StrEnum):
    """What an edge means: a value passed, an order without a value, or a condition that decides."""

    DATA = "data"
    ORDER = "order"
    CONDITION = "condition"


TASK_KINDS = frozenset(NodeKind) - {NodeKind.PARAM, NodeKind.OUTPUT}


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One task, parameter or output.

    Attributes:
        id: the task's id; ``param:NAME`` and ``output:NAME`` for the ends of the melody.
        label: the name without the group it stands in.
        player: the player's name; empty where none is called.
        detail: a second line for people: the player, a type, the start of a script.
        each: whether it is called once per element.
        group: the sub-melody it stands in, ``child`` or ``child.grandchild``; empty at the top.
        state: a state of a run or the mark of a comparison, or None.
        count: how many nodes it stands for; more than 1 only after collapsing.
    """

    id: str
    label: str
    kind: NodeKind
    player: str = ""
    detail: str = ""
    each: bool = False
    group: str = ""
    state: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """One link. `label` names the input ports it feeds; `state` marks it in a comparison."""

    source: str
    target: str
    kind: EdgeKind = EdgeKind.DATA
    label: str = ""
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A sub-melody whose tasks are drawn together; `each` when all of it is called once per element."""

    id: str
    each: bool = False

    @property
    def label(self) -> str:
        """The name without the groups around it."""
        return self.id.rpartition(".")[2]

    @property
    def parent(self) -> str:
        """The group around it; empty at the top."""
        return self.id.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes, edges and groups. Every edge joins two of the nodes; every node's group and its parents are listed.

    Attributes:
        name: the melody's name.
        drawn_for: how many nodes the graph had before it was collapsed; 0 when it was not.
    """

    name: str
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    groups: tuple[Group, ...] = ()
    drawn_for: int = 0

    def node(self, id: str) -> GraphNode | None:
        """Find a node by id; returns None when there is none."""
        return next((n for n in self.nodes if n.id == id), None)


def graph_of(definition: Plan | Melody, states: Mapping[str, str] | None = None) -> Graph:
    """Read the graph of a plan, or of a melody that is not compiled yet.

    A sub-melody run once per element is opened: its tasks become nodes of a group. References to names that do not
    exist make no edge, so that a broken melody can be drawn too.

    Args:
        definition: the plan or melody. A melody does not know the kinds of its players: they read ``operator``.
        states: the state of each task by its id; a task inside a group falls back to the state of the group.
    """
    reader = _Reader(states or {})
    scope = _Scope()
    for name, param in definition.params.items():
        reader.add(GraphNode(f"param:{name}", name, NodeKind.PARAM, detail=param.type))
        scope.params[name] = (f"param:{name}",)
    if isinstance(definition, Plan):
        reader.plan(definition, scope)
    else:
        reader.melody(definition, scope)
    types = definition.output_types if isinstance(definition, Plan) else {}
    for name, value in definition.outputs.items():
        reader.add(GraphNode(f"output:{name}", name, NodeKind.OUTPUT, detail=types.get(name, "")))
        for source in _sources_in(value, scope):
            reader.link(source, f"output:{name}", EdgeKind.DATA, "")
    return reader.graph(definition.melody)


@dataclass(slots=True)
class _Scope:
    """Which nodes the names of one melody lead to."""

    prefix: str = ""
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tasks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ends: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """For tasks that are groups: the nodes behind each output."""
    item: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def within(self, each: Each | None) -> _Scope:
        """The scope inside a task: ``item`` leads to what the lists are made from."""
        if each is None:
            return replace(self, item={})
        return replace(self, item={name: tuple(_sources_in(value, self)) for name, value in each.over.items()})

    def sources(self, reference: Reference) -> Iterable[str]:
        """The nodes that a reference reads; none when the name leads nowhere."""
        if reference.root == "params":
            return self.params.get(reference.name, ())
        if reference.root == "tasks":
            port = next((step for step in reference.path if isinstance(step, str)), None)
            ends = self.ends.get(reference.name, {})
            return ends[port] if port is not None and port in ends else self.tasks.get(reference.name, ())
        if reference.root == "item":
            name = reference.path[0] if reference.path and "" not in self.item else ""
            return self.item.get(str(name), ())
        return ()


def _sources_in(value: object, scope: _Scope) -> Iterator[str]:
    for _, expression in expressions_in(value):
        for reference in expression.references:
            yield from scope.sources(reference)


class _Reader:
    """Collects nodes and edges while it walks a definition."""

    def __init__(self, states: Mapping[str, str]) -> None:
        self.states = states
        self.nodes: dict[str, GraphNode] = {}
        self.labels: dict[tuple[str, str, EdgeKind], dict[str, None]] = {}
        self.groups: dict[str, Group] = {}
        self.pins: dict[str, PlayerPin] = {}

    def graph(self, name: str) -> Graph:
        edges = (GraphEdge(s, t, k, ", ".join(ports)) for (s, t, k), ports in self.labels.items())
        return Graph(name, tuple(self.nodes.values()), tuple(edges), tuple(self.groups.values()))

    def add(self, node: GraphNode) -> None:
        self.nodes[node.id] = node

    def link(self, source: str, target: str, kind: EdgeKind, port: str) -> None:
        ports = self.labels.setdefault((source, target, kind), {})
        if port:
            ports[port] = None

    def melody(self, melody: Melody, scope: _Scope) -> None:
        for id, task in melody.tasks.items():
            self.add(self.node(id, task, scope, NodeKind.OPERATOR))
            scope.tasks[id] = (id,)
        for id, task in melody.tasks.items():
            self.inputs(id, task, scope)

    def plan(self, plan: Plan, scope: _Scope) -> None:
        self.pins.update(plan.players)
        for task in plan.tasks:
            self.enclose(scope.prefix + task.id.rpartition(".")[0])
            if task.body is not None and task.body.tasks:
                self.region(task, task.body, scope)
                continue
            pin = self.pins.get(task.player or "")
            self.add(self.node(task.id, task, scope, NodeKind(pin.kind) if pin else NodeKind.OPERATOR))
            scope.tasks[task.id] = (scope.prefix + task.id,)
            self.inputs(task.id, task, scope)

    def enclose(self, group: str, *, each: bool = False) -> None:
        """List a group after the groups around it."""
        group = group.rstrip(".")
        if group and group not in self.groups:
            self.enclose(group.rpartition(".")[0])
            self.groups[group] = Group(group, each)

    def node(self, id: str, task: Task | PlannedTask, scope: _Scope, kind: NodeKind) -> GraphNode:
        path = scope.prefix + id
        group, _, label = path.rpartition(".")
        player = task.player or ""
        detail = player
        if task.run is not None:
            script = [line.strip() for line in task.run.splitlines() if line.strip()]
            kind, detail = NodeKind.SHELL, (f"$ {script[0]}" + (" …" if len(script) > 1 else "")) if script else "$"
        elif task.player is None:
            kind, detail = NodeKind.MELODY, task.melody or "" if isinstance(task, Task) else ""
        return GraphNode(path, label, kind, player, detail, task.each is not None, group, self.state_of(path))

    def state_of(self, path: str) -> str | None:
        while path and path not in self.states:
            path = path.rpartition(".")[0]
        return self.states.get(path)

    def inputs(self, id: str, task: Task | PlannedTask, scope: _Scope) -> None:
        """Add the edges that lead into a task."""
        target, inner = scope.prefix + id, scope.within(task.each)
        used: set[str] = set()
        for port, value in task.inputs.items():
            for source in _sources_in(value, inner):
                used.add(source)
                self.link(source, target, EdgeKind.DATA, port)
        for sources in inner.item.values():
            for source in sources:
                if source not in used:
                    self.link(source, target, EdgeKind.DATA, "each")
        self.gates(task, scope, inner, (target,))

    def gates(self, task: Task | PlannedTask, scope: _Scope, inner: _Scope, targets: tuple[str, ...]) -> None:
        """Add the edges that decide whether and after what a task starts."""
        for target in targets:
            for source in _sources_in(task.when, inner):
                self.link(source, target, EdgeKind.CONDITION, "when")
            for name in task.needs:
                for source in scope.tasks.get(name, ()):
                    self.link(source, target, EdgeKind.ORDER, "")

    def region(self, task: PlannedTask, body: Plan, scope: _Scope) -> None:
        """Open a sub-melody that is run once per element."""
        path, around = scope.prefix + task.id, scope.within(task.each)
        self.enclose(path, each=task.each is not None)
        inside = _Scope(prefix=path + ".")
        for name in body.params:
            inside.params[name] = tuple(_sources_in(task.inputs.get(name), around))
        nodes, edges = len(self.nodes), len(self.labels)
        self.plan(body, inside)
        members = _last(self.nodes, len(self.nodes) - nodes)
        links = _last(self.labels, len(self.labels) - edges)
        fed = {target for source, target, _ in links if source.startswith(inside.prefix)}
        read = {source for source, _, _ in links}
        first = tuple(m for m in members if m not in fed)
        self.gates(task, scope, around, first)
        for source in (s for sources in around.item.values() for s in sources if s not in read):
            for target in first:  # a list that no task inside reads still decides how often the region runs
                self.link(source, target, EdgeKind.DATA, "each")
        scope.tasks[task.id] = tuple(m for m in members if m not in read)
        scope.ends[task.id] = {name: tuple(_sources_in(value, inside)) for name, value in body.outputs.items()}


def _last(mapping: dict[K, V], count: int) -> list[K]:
    """The `count` keys added last, in order."""
    return list(islice(reversed(mapping), count))[::-1]
