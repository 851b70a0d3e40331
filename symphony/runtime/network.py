"""The nodes of a run and what flows between them: frames, elements, inputs, results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from symphony.compiler.types import split_port
from symphony.errors import DamagedArtifactError, SurroundingsError
from symphony.model import port_type as pt
from symphony.model.artifact import Artifact
from symphony.model.expression import Expression, Reference
from symphony.model.template import expressions_in
from symphony.runtime import schedule as sc
from symphony.runtime.call import TaskCalls
from symphony.runtime.coerce import coerce
from symphony.runtime.inputs import held_value, input_of, inputs_of
from symphony.runtime.lists import ListSource, Rows, from_value
from symphony.runtime.schedule import Schedule
from symphony.runtime.scopes import scope_of
from symphony.runtime.steps import Program, Step
from symphony.runtime.values import MISSING, Held, follow


class Frame:
    """One instance of a program: the whole plan, or one element of a sub-melody under `each`.

    Attributes:
        nodes: by task id.
        params: by name.
        prefix: what stands in front of task ids in paths: ``child[3].``.
    """

    __slots__ = ("nodes", "params", "prefix", "program")

    def __init__(self, program: Program, params: Mapping[str, Held], prefix: str) -> None:
        self.program, self.params, self.prefix = program, params, prefix
        self.nodes: dict[str, int] = {}


class Network:
    """Nodes, and the values on their way between them."""

    def __init__(
        self,
        program: Program,
        params: Mapping[str, Held],
        calls: TaskCalls,
        run: str,
        environment: Mapping[str, str],
        secret_of: Callable[[str], str] | None,
    ) -> None:
        self.program, self.calls, self.run = program, calls, run
        self.schedule = Schedule()
        self.root = Frame(program, params, "")
        self.steps: list[Step] = []
        self.frames: list[Frame] = []
        self.indexes: list[int] = []
        self.started_at = time.time()
        self._environment, self._secret_of = environment, secret_of
        self._values: list[dict[str, Any] | None] = []
        self._artifacts: list[dict[str, Artifact] | None] = []
        self._rows: dict[int, Rows] = {}
        self._inner: dict[int, Frame] = {}
        self._lists: dict[tuple[int, str], Held] = {}
        self._evaluator: Any = None
        self._uses: list[int] = []
        self._only_user: dict[int, int] = {}
        self.remake: Callable[[int, str, Artifact, DamagedArtifactError], Any] | None = None
        self.dropped: Callable[[int], None] | None = None

    # layout ------------------------------------------------------------------------------------------------------

    def lay_out(self) -> list[int]:
        """Make the nodes of the plan; returns those that may start."""
        ready = self._lay_out(self.root, None)
        self._count_uses()
        return ready

    def _count_uses(self) -> None:
        """By task, how many others and outputs of the melody read it."""
        nodes = self.root.nodes
        users: dict[int, set[int]] = {}
        self._uses = [0] * len(nodes)
        for id, step in self.program.steps.items():
            for before in step.edges:
                self._uses[nodes[before]] += 1
                users.setdefault(nodes[before], set()).add(nodes[id])
        for reference in (r for _, e in expressions_in(dict(self.program.outputs)) for r in e.references):
            if reference.root == "tasks":
                self._uses[nodes[reference.name]] += 1
                users[nodes[reference.name]] = set()
        self._only_user = {before: next(iter(found)) for before, found in users.items() if len(found) == 1}

    def _lay_out(self, frame: Frame, parent: int | None) -> list[int]:
        steps = frame.program.steps
        first = self.schedule.add(len(steps), parent=parent)
        for i, (id, step) in enumerate(steps.items()):
            frame.nodes[id] = first + i
            self.steps.append(step)
        self.frames.extend([frame] * len(steps))
        self.indexes.extend([-1] * len(steps))
        self._values.extend([None] * len(steps))
        self._artifacts.extend([None] * len(steps))
        link, nodes = self.schedule.link, frame.nodes
        for id, step in steps.items():
            for before, kind in step.edges.items():
                link(nodes[before], nodes[id], kind)
        if parent is not None:
            return list(range(first, first + len(steps)))
        return self.schedule.release(range(first, first + len(steps)))

    def expand(self, node: int) -> list[int]:
        """Give a task with `each` its elements; returns the nodes that may start.

        Raises:
            ElementError: the lists cannot be run over.
        """
        step, frame = self.steps[node], self.frames[node]
        assert step.task.each is not None
        rows = Rows(
            {n: self._source(v, frame, node, step) for n, v in step.task.each.over.items()}, step.task.each.product
        )
        count = rows.count(self.path(node))
        self._rows[node] = rows
        first = self.schedule.add(count, parent=node)
        self.steps.extend([step] * count)
        self.frames.extend([frame] * count)
        self.indexes.extend(range(count))
        self._values.extend([None] * count)
        self._artifacts.extend([None] * count)
        children = range(first, first + count)
        left_out = self._link_elements(children, rows)
        ready = self.schedule.open_group(node, children)
        ready += self.schedule.release(children)
        for child, cause in left_out:
            if self.schedule.state[child] < sc.SUCCEEDED:
                self.schedule.consequences.append(child)
                ready += self.schedule.skip(child, cause)
        return ready

    def _link_elements(self, children: range, rows: Rows) -> list[tuple[int, int]]:
        """Make elements wait for the elements they are made of; returns those whose source failed."""
        left_out: list[tuple[int, int]] = []
        for source in rows.sources.values():
            if source.nodes is None or not source.streams:
                continue
            for child, before in zip(children, source.nodes, strict=True):
                settled = self.schedule.settle(before, child)
                if settled == 0:
                    self.schedule.link(before, child)
                elif settled < 0:
                    left_out.append((child, self.schedule.cause.get(before, before)))
        return left_out

    def open_element(self, node: int) -> list[int]:
        """Give one element of a sub-melody its tasks; returns the nodes that may start."""
        step = self.steps[node]
        assert step.body is not None
        params = {name: self._binding(node, step, name) for name in step.body.plan.params}
        frame = self._inner[node] = Frame(step.body, params, f"{self.path(node)}.")
        children = self._lay_out(frame, node)
        ready = self.schedule.open_group(node, children)
        return ready + self.schedule.release(children)

    def _binding(self, node: int, step: Step, name: str) -> Held:
        assert step.body is not None
        spec = step.body.plan.params[name]
        if name in step.task.inputs:
            return input_of(
                step, name, step.task.inputs[name], _Place(self, self.frames[node], node), self.calls.anchors
            )
        return Held(coerce(spec.default, spec.port_type, self.calls.anchors.root))

    def rows_of(self, node: int) -> Rows:
        """The lists that the elements of the task of an element are made of."""
        return self._rows[self.schedule.parent[node]]

    def count(self, node: int) -> int:
        """How many elements a task with `each` has."""
        return len(self.schedule.children.get(node, ()))

    # names -------------------------------------------------------------------------------------------------------

    def task_path(self, node: int) -> str:
        """The task of a node, ``child[3].x``."""
        return self.frames[node].prefix + self.steps[node].id

    def path(self, node: int) -> str:
        """The call of a node, ``stats[3]``."""
        index = self.indexes[node]
        return self.task_path(node) + (f"[{index}]" if index >= 0 else "")

    # inputs ------------------------------------------------------------------------------------------------------

    def inputs(self, node: int) -> dict[str, Held]:
        """The inputs of a call; expressions are evaluated when their value is asked for."""
        step = self.steps[node]
        return inputs_of(step, _Place(self, self.frames[node], node), self.calls.anchors)

    def held(self, value: Any, frame: Frame, node: int | None) -> Held:
        """The value that a definition's value stands for in a frame.

        Raises:
            KeyError: it refers to a task that was left out.
        """
        return held_value(value, _Place(self, frame, node))

    def referred(self, reference: Reference, frame: Frame, node: int | None) -> Held:
        """What a reference stands for in a frame, for a node. Raises KeyError where it names a task that was left out."""
        root, name, path = reference.root, reference.name, reference.path
        if root == "tasks":
            before = frame.nodes[name]
            port, path = split_port(self.steps[before].types, path)
            held = self.result(before, port or next(iter(self.steps[before].types.outputs)))
        elif root == "params":
            held = frame.params[name]
        elif root == "item":
            held, path = self._item(frame, node, path)
        elif root == "index":
            return Held(self.indexes[node] if node is not None else -1)
        elif root == "secrets":
            return Held(load=lambda: self._secret(name), secret=name)
        elif root == "env":
            held = Held(self._env(name))
        else:
            held = Held({"id": self.run, "started_at": self.started_at}[name])
        if not path:
            return held
        return Held(load=lambda: follow(held.value, path))

    def _item(self, frame: Frame, node: int | None, path: tuple[str | int, ...]) -> tuple[Held, tuple[str | int, ...]]:
        assert node is not None
        rows, index = self._rows[self.schedule.parent[node]], self.indexes[node]
        if "" in rows.sources:
            return rows.element("", index), path
        if path:
            return rows.element(str(path[0]), index), path[1:]
        return Held(load=lambda: {n: rows.element(n, index).value for n in rows.sources}), ()

    def _secret(self, name: str) -> str:
        if self._secret_of is None:
            raise SurroundingsError(f"there is no provider for the secret {name!r}")
        return self._secret_of(name)

    def _env(self, name: str) -> str:
        if name not in self._environment:
            raise SurroundingsError(f"the environment variable {name} is not set; the melody reads env.{name}")
        return self._environment[name]

    def _source(self, value: Any, frame: Frame, node: int, step: Step) -> ListSource:
        bare = value.bare if isinstance(value, Expression) else None
        if bare is not None and bare.root == "tasks":
            before = frame.nodes[bare.name]
            port, rest = split_port(self.steps[before].types, bare.path)
            if self.steps[before].types.listed and not rest and before in self._rows:
                name = port or next(iter(self.steps[before].types.outputs))
                nodes = self.elements(before)
                crossed = step.task.each is not None and step.task.each.product  # then a row is no element of its own
                return ListSource(len(nodes), lambda i: self.result(nodes[i], name), nodes, name, streams=not crossed)
        held = self.held(value, frame, node)
        if held.artifact is not None and held.artifact.codec == "list":
            parts = [self._loaded(a) for a in self.calls.store.elements(held.artifact)]
            return from_value(None, held, step.id, parts)
        return from_value(held.value, held, step.id)

    # results -----------------------------------------------------------------------------------------------------

    def put(self, node: int, values: dict[str, Any], artifacts: dict[str, Artifact]) -> None:
        """Take the outputs of a call."""
        self._values[node], self._artifacts[node] = values, artifacts

    def release(self, node: int) -> None:
        """A node has ended and was told of: values whose last reader it was leave memory.

        Outputs of the melody stay, and so do tasks inside an element of a sub-melody until that is released. What is in
        the store can be loaded again.
        """
        step = self.steps[node]
        if self.indexes[node] >= 0:
            self._release_elements(node)
        elif self.frames[node] is self.root:
            for id in step.edges:
                before = self.root.nodes[id]
                self._uses[before] -= 1
                if self._uses[before] == 0:
                    self._drop(before)
            if self._uses[node] == 0:
                self._drop(node)

    def _release_elements(self, node: int) -> None:
        """The elements that only this element has read."""
        group = self.schedule.parent[node]
        rows = self._rows.get(group)
        if rows is None or self.frames[node] is not self.root:
            return
        for source in rows.sources.values():
            if source.nodes is not None and source.streams and self.indexes[node] < len(source.nodes):
                before = source.nodes[self.indexes[node]]
                made_by = self.schedule.parent[before]
                edge = self.steps[node].edges.get(self.steps[made_by].id)
                if edge == sc.STREAM and self._only_user.get(made_by) == group:  # else the whole list is read, too
                    self._drop(before)

    def _drop(self, node: int) -> None:
        self._values[node] = None
        if self.dropped is not None:
            self.dropped(node)
        for key in [key for key in self._lists if key[0] == node]:
            del self._lists[key]
        for child in self.schedule.children.get(node, ()):
            self._drop(child)

    def artifacts(self, node: int) -> dict[str, Artifact] | None:
        """The references of a call's outputs; None for groups."""
        return self._artifacts[node]

    def elements(self, node: int) -> list[int]:
        """The elements of a task with `each` that its list holds: those that `when` left out are not in it."""
        state, cause = self.schedule.state, self.schedule.cause
        return [c for c in self.schedule.children[node] if not (state[c] == sc.SKIPPED and cause.get(c) == sc.WHEN)]

    def result(self, node: int, port: str) -> Held:
        """One output of a node.

        Raises:
            KeyError: the node was left out or failed.
        """
        if self.schedule.state[node] in (sc.SKIPPED, sc.FAILED, sc.CANCELLED):
            raise KeyError(f"the task {self.path(node)} has no result")
        if node in self._rows:
            return self._list(node, port)
        if node in self._inner:
            frame = self._inner[node]
            return self.held(frame.program.outputs[port], frame, None)
        values, artifacts = self._values[node] or {}, self._artifacts[node] or {}
        value, artifact = values.get(port, MISSING), artifacts.get(port)
        if artifact is None:
            return value if isinstance(value, Held) else Held(value)
        return Held(value, artifact, lambda: self._load_or_remake(node, port, artifact))

    def _load_or_remake(self, node: int, port: str, artifact: Artifact) -> Any:
        try:
            return self._load(artifact)
        except DamagedArtifactError as error:
            if self.remake is None:
                raise
            return self.remake(node, port, artifact, error)

    def _list(self, node: int, port: str) -> Held:
        known = self._lists.get((node, port))
        if known is None:
            parts = [self.result(n, port) for n in self.elements(node)]
            artifacts = [p.artifact for p in parts]
            artifact = None
            if self.calls.recorded and all(a is not None for a in artifacts):
                inner = self.steps[node].types.outputs.get(port, pt.ANY)
                artifact = self.calls.store.put_list([a for a in artifacts if a is not None], type=inner)
            known = self._lists[node, port] = Held(MISSING, artifact, lambda: [p.value for p in parts])
        return known

    def _loaded(self, artifact: Artifact) -> Held:
        return Held(MISSING, artifact, lambda: self._load(artifact))

    def _load(self, artifact: Artifact) -> Any:
        return self.calls.store.get(artifact, anchors=self.calls.anchors)

    # expressions -------------------------------------------------------------------------------------------------

    def condition(self, node: int) -> bool:
        """Whether the node's `when` holds."""
        when = self.steps[node].task.when
        if isinstance(when, bool):
            return when
        result = self.held(when, self.frames[node], node).value
        if not isinstance(result, bool):
            raise TypeError(f"{self.path(node)}: when gave {result!r}, which is neither true nor false")
        return result

    def evaluated(self, expression: Expression, frame: Frame, node: int | None) -> Any:
        """The value of an expression in a frame, for a node."""
        if self._evaluator is None:
            from symphony.compiler.cel import Evaluator  # heavy: only melodies that compute need it

            self._evaluator = Evaluator()
        scope = scope_of(frame.program, self.steps[node] if node is not None else None, expression, self._environment)
        return self._evaluator.evaluate(
            expression,
            type_of=lambda r: scope.type_of(r, lambda *_: None),
            value_of=lambda r: self.referred(r, frame, node).value,
            state_of=lambda function, task: self.asked(frame, function, task),
            scope=f"{frame.prefix}{self.steps[node].id}"
            if node is not None and "item" in expression.text
            else frame.prefix,
        )

    def asked(self, frame: Frame, function: str, task: str) -> bool:
        """What ``failed`` or ``succeeded`` says of a task that has ended."""
        node = frame.nodes[task]
        state = self.schedule.state[node]
        if function == "succeeded":
            return state in (sc.SUCCEEDED, sc.CACHED)
        return state == sc.FAILED or (state == sc.SKIPPED and self.schedule.cause.get(node, sc.WHEN) != sc.WHEN)


class _Place:
    """One node of a network, as the sources of its inputs."""

    __slots__ = ("_frame", "_net", "_node")

    def __init__(self, net: Network, frame: Frame, node: int | None) -> None:
        self._net, self._frame, self._node = net, frame, node

    def referred(self, reference: Reference) -> Held:
        return self._net.referred(reference, self._frame, self._node)

    def evaluated(self, expression: Expression) -> Any:
        return self._net.evaluated(expression, self._frame, self._node)
