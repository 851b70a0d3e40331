"""A plan made ready to run: players loaded, ports bound, links known, so that nothing is looked up per call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from symphony.compiler.fit import Fit, fit
from symphony.compiler.types import TaskTypes
from symphony.define.player import Player
from symphony.model import port_type as pt
from symphony.model.expression import Call, Expression, Node, as_reference, children
from symphony.model.frozen import EMPTY
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.policy import NO_RETRY, Isolation, Retry
from symphony.model.port_type import PortType
from symphony.model.resources import demand_of
from symphony.model.signature import Signature
from symphony.model.template import expressions_in
from symphony.runtime.arbitration import MICRO, Units, units_of
from symphony.runtime.loading import load_player
from symphony.runtime.player_copy import PlayerKind
from symphony.runtime.run_environment import in_force
from symphony.runtime.schedule import DATA, ORDER, STREAM, TOLERANT, edges_of


@dataclass(slots=True, eq=False)
class Step:
    """A planned task with everything a call of it needs.

    Attributes:
        edges: what it waits for, by task id, with the kind of the edge.
        filters: whether `when` names `item` or `index` and so picks elements.
        streams: lists of `each` that are whole results of tasks, by name of the list.
        check: ports whose values must be checked when the task runs, because their source is `any`.
        code: what of the code enters keys: identity, or name and version; None: not cached.
        wants_context: whether the body takes a context, or a work folder.
        demands: the resources that a call holds while it runs.
        asked: the resources of a call that the executor accounts for; they are not among the demands.
        kind: what the pool knows of a player that is set up.
        outside: whether the body runs in a process of its own.
        cached: whether results may be served.
        is_effect: whether the task is there for its effect, or is never served: it waits until what it reads is recorded.
        is_usual: whether the task says nothing but its player and inputs, each a literal or the whole result of a task.
    """

    task: PlannedTask
    pin: PlayerPin | None
    player: Player[Any, Any] | None
    signature: Signature | None
    edges: dict[str, int]
    filters: bool
    types: TaskTypes
    ports: Mapping[str, PortType]
    retry: Retry
    code: str | None
    body: Program | None = None
    check: dict[str, PortType] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    wants_context: bool = False
    demands: Units = ()
    asked: dict[str, float] = field(default_factory=dict)
    kind: PlayerKind | None = None
    outside: bool = False
    cached: bool = False
    is_effect: bool = False
    is_usual: bool = False

    def __post_init__(self) -> None:
        pin, task = self.pin, self.task
        self.outside = task.run is not None or (task.isolation is Isolation.PROCESS and self.body is None)
        self.wants_context = self.player is None or self.player.context_parameter is not None
        self.cached = task.cache and self.code is not None and (pin is None or pin.cache)
        if task.resources is not None or task.tokens:
            self.demands = units_of(demand_of(task.resources, task.tokens))
        self.is_effect = not task.cache or (pin is not None and (pin.effect or not pin.cache))

    def leave_to(self, resources: frozenset[str]) -> None:
        """Let an executor account for these resources."""
        self.asked = {name: amount / MICRO for name, amount in self.demands if name in resources}
        self.demands = tuple((name, amount) for name, amount in self.demands if name not in resources)

    @property
    def id(self) -> str:
        """The id of the task."""
        return self.task.id

    def alike(self, task: PlannedTask, edges: dict[str, int], check: dict[str, PortType]) -> Step:
        """The step of another usual task of the same player: what is equal is not found out again."""
        step = _new_step(Step)
        step.task, step.edges, step.check, step.constants = task, edges, check, {}
        step.pin, step.player, step.signature, step.types = self.pin, self.player, self.signature, self.types
        step.ports, step.retry, step.code, step.kind = self.ports, self.retry, self.code, self.kind
        step.filters, step.body, step.demands = self.filters, self.body, self.demands
        step.wants_context, step.outside, step.cached = self.wants_context, self.outside, self.cached
        step.is_effect, step.is_usual, step.asked = self.is_effect, True, {}
        return step


_new_step: Callable[[type[Step]], Step] = object.__new__
_USUAL = {"id", "player", "inputs"}
_LITERALS = frozenset({str, int, float, bool, type(None)})


@dataclass(slots=True)
class Program:
    """A plan made ready to run."""

    plan: Plan
    steps: dict[str, Step]
    param_types: Mapping[str, PortType]
    outputs: Mapping[str, Any]


def every_step(program: Program) -> Iterator[Step]:
    """The steps of a program in plan order, each followed by those of its sub-melody."""
    for step in program.steps.values():
        yield step
        if step.body is not None:
            yield from every_step(step.body)


def build_program(
    plan: Plan, players: Mapping[str, PlayerPin] | None = None, *, stand_ins: Mapping[str, Player[..., Any]] = EMPTY
) -> Program:
    """Make a plan ready to run.

    Args:
        stand_ins: players to be called in place of pinned ones, by name: plain functions with the ports of those. They
            are called in this process, whatever their tasks say of isolation, and what they give is never served.

    Raises:
        PlayerDefinitionError: a pinned player cannot be loaded.
    """
    pins = players if players is not None else plan.players
    if stand_ins:
        pins = {name: _plain_pin(pin) if name in stand_ins else pin for name, pin in pins.items()}
    loaded = {n: stand_ins.get(n) or load_player(pin) for n, pin in pins.items()} if players is None else {}
    return _Builder(pins, loaded, frozenset(stand_ins)).program(plan)


def _plain_pin(pin: PlayerPin) -> PlayerPin:
    """The pin of a player that another one stands in for: a plain function, whose results are never served."""
    return pin.model_copy(update={"is_async": False, "fingerprint": False, "cache": False})


class _Builder:
    def __init__(
        self, pins: Mapping[str, PlayerPin], loaded: Mapping[str, Player[Any, Any]],
        stand_ins: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.pins, self.loaded, self.stand_ins = pins, loaded, stand_ins
        self._shapes: dict[tuple[str, bool], Any] = {}
        self._loose: dict[tuple[int, int], bool] = {}
        self._kinds: dict[str, PlayerKind] = {}
        self._usual: dict[str, Step] = {}
        self._environment = in_force()

    def program(self, plan: Plan) -> Program:
        types: dict[str, TaskTypes] = {}
        steps: dict[str, Step] = {}
        params = {n: p.port_type for n, p in plan.params.items()}
        filtering: set[str] = set()
        for planned in plan.tasks:
            task = self._environment.settled(planned, self.pins.get(planned.player or ""))
            step = self._usual_step(task, types) or self.step(task, types, params, filtering)
            steps[task.id] = step
            types[task.id] = step.types
            if step.filters:
                filtering.add(task.id)
        return Program(plan, steps, params, plan.outputs)

    def _usual_step(self, task: PlannedTask, types: dict[str, TaskTypes]) -> Step | None:
        """The step of a task as most are in a large plan, made like that of another one; nothing for any other task."""
        if task.player is None or task.model_fields_set != _USUAL:
            return None
        model = self._usual.get(task.player)
        if model is None:
            blank = PlannedTask(id=task.id, player=task.player)
            model = self._usual[task.player] = self.step(blank, types, {}, set())
        ports, loose = model.ports, self._loose
        edges: dict[str, int] = {}
        check: dict[str, PortType] = {}
        for name, value in task.inputs.items():
            if type(value) is Expression:
                bare = value.bare
                if bare is None or bare.root != "tasks" or bare.path or bare.optional:
                    return None
                edges[bare.name] = DATA
                wanted = ports.get(name)
                if wanted is not None:
                    known = loose.get((id(types.get(bare.name)), id(wanted)))
                    if known or (known is None and self._is_loose(value, wanted, types, {})):
                        check[name] = wanted
            elif type(value) not in _LITERALS:
                return None
        return model.alike(task, edges, check)

    def step(
        self, task: PlannedTask, types: dict[str, TaskTypes], params: Mapping[str, PortType], filtering: set[str]
    ) -> Step:
        pin, player, signature, own, ports = self._shape(task)
        filters = task.each is not None and _names_item(task.when)
        step = Step(
            task, pin, player, signature, _edges(task, types, filtering), filters, own, ports, task.retry or NO_RETRY, _code(task, pin)
        )  # fmt: skip
        if player is not None and player.state_parameter is not None:
            step.kind = self._kind(player, task)
        if task.player in self.stand_ins:
            step.outside = False
        if task.body is not None:
            step.body = self.program(task.body)
            step.ports = step.body.param_types
        for name, value in task.inputs.items():
            if isinstance(value, Expression):
                wanted = step.ports.get(name)
                if wanted is not None and self._is_loose(value, wanted, types, params):
                    step.check[name] = wanted
        return step

    def _kind(self, player: Player[Any, Any], task: PlannedTask) -> PlayerKind:
        """What the pool is to know of a player that is set up; the same for all its tasks."""
        known = self._kinds.get(player.name)
        if known is None:
            options, memory = player.options, task.resources.memory if task.resources is not None else None
            known = self._kinds[player.name] = PlayerKind(
                player.name, options["setup"], teardown=options.get("teardown"), warmup=options.get("warmup"),
                shared=bool(options.get("shared")), size_bytes=memory or 0,
            )  # fmt: skip
        return known

    def _shape(
        self, task: PlannedTask
    ) -> tuple[PlayerPin | None, Player[Any, Any] | None, Signature | None, TaskTypes, Mapping[str, PortType]]:
        """What is equal for all tasks of a player: made once."""
        if task.player is None:
            return None, None, None, _types(task, None), {}
        listed = task.each is not None
        known = self._shapes.get((task.player, listed))
        if known is None:
            player = self.loaded.get(task.player)
            signature = player.signature if player is not None else None
            ports = {p.name: p.type for p in signature.inputs} if signature is not None else {}
            known = self.pins.get(task.player), player, signature, _types(task, signature), ports
            self._shapes[task.player, listed] = known
        return known

    def _is_loose(
        self, value: Expression, wanted: PortType, types: Mapping[str, TaskTypes], params: Mapping[str, PortType]
    ) -> bool:
        """`_is_loose`, remembered for links from one player to another."""
        bare = value.bare
        if bare is None or bare.root != "tasks" or bare.path:
            return _is_loose(value, wanted, types, params)
        name = id(types.get(bare.name)), id(wanted)
        known = self._loose.get(name)
        if known is None:
            known = self._loose[name] = _is_loose(value, wanted, types, params)
        return known


def _is_loose(value: Any, wanted: PortType, types: Mapping[str, TaskTypes], params: Mapping[str, PortType]) -> bool:
    """Whether a link's type is known only when the task runs."""
    if not isinstance(value, Expression) or wanted == pt.ANY or wanted == pt.JSON:
        return False
    bare = value.bare
    if bare is None:
        return True
    if bare.root == "params" and not bare.path:
        return fit(params.get(bare.name, pt.ANY), wanted) is Fit.AT_RUN
    if bare.root == "tasks" and not bare.path and bare.name in types:
        whole = types[bare.name].whole()
        return whole is None or fit(whole, wanted) is Fit.AT_RUN
    return bare.root == "item" or (bare.root == "tasks" and bool(bare.path))


def _code(task: PlannedTask, pin: PlayerPin | None) -> str | None:
    if pin is not None:
        return pin.identity
    if task.run is not None:
        outputs = {n: o.model_dump(mode="json") for n, o in task.outputs.items()}
        return hashlib.sha256(
            repr(("shell 1", task.run, sorted(outputs.items(), key=lambda e: e[0]))).encode()
        ).hexdigest()
    return None


def _types(task: PlannedTask, signature: Signature | None) -> TaskTypes:
    listed = task.each is not None
    if signature is not None:
        return TaskTypes({p.name: p.type for p in signature.outputs}, signature.several, listed)
    if task.body is not None:
        return TaskTypes({n: pt.parse_port_type(t) for n, t in task.body.output_types.items()}, True, listed)
    files = {n: _file_type(o.type) for n, o in task.outputs.items()}
    return TaskTypes({**files, "stdout": pt.STRING, "stderr": pt.STRING}, True, listed)


def _file_type(declared: str | None) -> PortType:
    if declared is None:
        return pt.PATH
    t = pt.parse_port_type(declared)
    return PortType("file", (t,)) if t.is_media else t


def _names_item(value: Any) -> bool:
    return any(r.root in ("item", "index") for _, e in expressions_in(value) for r in e.references)


def _edges(task: PlannedTask, types: Mapping[str, TaskTypes], filtering: set[str]) -> dict[str, int]:
    """What a task waits for: by data, by order only, tolerantly, or element by element."""
    if task.each is None and task.when is None and not task.needs:
        plain = _plain_edges(task)
        if plain is not None:
            return plain
    always = isinstance(task.when, Expression) and _calls(task.when.node, "always")
    names: list[str] = []
    kinds: list[tuple[str, int]] = []

    def data(value: Any, kind: int = DATA) -> None:
        for _, expression in expressions_in(value):
            for r in expression.references:
                if r.root == "tasks":
                    kinds.append((r.name, TOLERANT if r.optional else kind))

    for value in task.inputs.values():
        data(value)
    if task.each is not None:
        for value in task.each.over.values():
            bare = value.bare if isinstance(value, Expression) else None
            streams = (
                bare is not None and bare.root == "tasks" and bare.name in types and types[bare.name].listed
                and not task.each.product and bare.name not in filtering and _is_whole(bare.path, types[bare.name])
            )  # fmt: skip
            data(value, STREAM if streams else DATA)
    if isinstance(task.when, Expression):
        asked = {name for _, name in asked_states(task.when.node)}
        for r in task.when.references:
            if r.root == "tasks":
                kinds.append((r.name, TOLERANT if r.optional or always or r.name in asked else DATA))
        kinds += [(name, TOLERANT) for name in asked]
    kinds += [(name, TOLERANT if always else ORDER) for name in task.needs]
    position = {n: i for i, n in enumerate(dict.fromkeys(n for n, _ in kinds))}
    names = list(position)
    return {names[i]: kind for i, kind in edges_of([(position[n], k) for n, k in kinds]).items()}


def _plain_edges(task: PlannedTask) -> dict[str, int] | None:
    """The edges of a task whose inputs are literals and bare references only; None where there are others."""
    edges: dict[str, int] = {}
    for value in task.inputs.values():
        if isinstance(value, Expression):
            bare = value.bare
            if bare is None or bare.optional:
                return None
            if bare.root == "tasks":
                edges[bare.name] = DATA
        elif type(value) not in (str, int, float, bool, type(None)):
            return None
    return edges


def _is_whole(path: tuple[str | int, ...], types: TaskTypes) -> bool:
    return len(path) == (1 if types.several else 0)


def _calls(node: Node, function: str) -> bool:
    return (isinstance(node, Call) and node.function == function) or any(_calls(c, function) for c in children(node))


def asked_states(node: Node) -> list[tuple[str, str]]:
    """The tasks whose failing or succeeding an expression asks for, each with ``failed`` or ``succeeded``."""
    if isinstance(node, Call) and node.function in ("failed", "succeeded") and node.args:
        reference = as_reference(node.args[0])
        return [(node.function, reference.name)] if reference is not None and reference.root == "tasks" else []
    return [found for child in children(node) for found in asked_states(child)]
