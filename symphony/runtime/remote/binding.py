"""Says of a call where its inputs come from, in forms that a worker can read, also before they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symphony.model.expression import Reference
from symphony.model.port_type import ANY
from symphony.model.template import expressions_in
from symphony.runtime import schedule as sc
from symphony.runtime.network import Frame, Network
from symphony.runtime.remote.forms import Packing
from symphony.runtime.remote.sheet import Form
from symphony.runtime.remote.sources import name_of
from symphony.runtime.steps import Program, Step, asked_states
from symphony.runtime.values import Held

_WELL = (sc.SUCCEEDED, sc.CACHED)


class NotYetError(Exception):
    """A source of a call is not known yet: it has to be handed over later."""


class Binding:
    """Binds the calls of one network.

    Args:
        net: the nodes and what flows between them.
        packing: makes forms of values that the engine holds.
        handed: by node, the id of the call that was handed over and whose values the executor has, or will have.
    """

    def __init__(self, net: Network, packing: Packing, handed: Mapping[int, str]) -> None:
        self._net, self._packing, self._handed = net, packing, handed

    def bind(self, node: int) -> tuple[dict[str, Form], list[str]]:
        """The sources of a call by name, and the calls that it needs, by id.

        Raises:
            NotYetError: a source is not known yet.
            CodecError: a value cannot travel.
        """
        net, step, frame = self._net, self._net.steps[node], self._net.frames[node]
        sources: dict[str, Form] = {}
        needed: dict[str, None] = {}
        for reference in _references(step):
            for name, form in self._source(reference, step, frame, node):
                if name not in sources:
                    sources[name] = form
                    needed.update(dict.fromkeys(_calls_in(form)))
        for function, task in _asked(step):
            if net.schedule.state[frame.nodes[task]] < sc.SUCCEEDED:
                raise NotYetError
            sources[f"{function}({task})"] = ("state", net.asked(frame, function, task))
        return sources, list(needed)

    def _source(self, reference: Reference, step: Step, frame: Frame, node: int) -> Iterator[tuple[str, Form]]:
        root, net = reference.root, self._net
        if root == "tasks":
            name, _ = name_of(reference, frame.program)
            try:
                yield name, self._output(frame.nodes[reference.name], name.rpartition(".")[2])
            except KeyError:
                yield name, ("absent",)
        elif root == "params" and frame is not net.root:
            name, _ = name_of(reference, frame.program)
            yield name, self._packing.form_of(frame.params[reference.name], frame.program.param_types[reference.name])
        elif root == "item":
            yield from self._items(node, reference)

    def _items(self, node: int, reference: Reference) -> Iterator[tuple[str, Form]]:
        rows, index = self._net.rows_of(node), self._net.indexes[node]
        for name, source in rows.sources.items():
            if name and reference.path and reference.path[0] != name:
                continue
            position = rows.position(name, index)
            if source.nodes is not None:
                form = self._output(source.nodes[position], source.port)
            else:
                form = self._packing.form_of(rows.element(name, index))
            yield (f"item.{name}" if name else "item"), form

    def _output(self, node: int, port: str) -> Form:
        """The form of an output of a node.

        Raises:
            KeyError: the node was left out.
        """
        net = self._net
        children = net.schedule.children.get(node)
        if children is not None and net.steps[node].task.each is not None and net.indexes[node] < 0:
            return self._listed(node, port)
        kept = net.calls.recorded and net.steps[node].is_effect and net.schedule.state[node] in _WELL
        if node in self._handed and not kept:  # else a lost worker would make an effect happen again
            return ("call", self._handed[node], port)
        if net.schedule.state[node] < sc.SUCCEEDED:
            raise NotYetError
        held = net.result(node, port)
        return self._packing.form_of(held, net.steps[node].types.outputs.get(port, ANY))

    def _listed(self, node: int, port: str) -> Form:
        net = self._net
        if net.schedule.state[node] not in _WELL and net.steps[node].filters:
            raise NotYetError  # which elements the list will hold is not known
        forms = [self._output(element, port) for element in net.elements(node)]
        document = None
        if net.schedule.state[node] in _WELL:
            held = net.result(node, port)
            document = held.artifact.to_document() if held.artifact is not None else None
        return ("list", forms, document)


def _references(step: Step) -> Iterator[Reference]:
    for value in step.task.inputs.values():
        for _, expression in expressions_in(value):
            yield from expression.references


def _asked(step: Step) -> Iterator[tuple[str, str]]:
    for value in step.task.inputs.values():
        for _, expression in expressions_in(value):
            if expression.bare is None:
                yield from asked_states(expression.node)


def _calls_in(form: Form) -> Iterator[str]:
    if form[0] == "call":
        yield form[1]
    elif form[0] == "list":
        for inner in form[1]:
            yield from _calls_in(inner)


def params_of(net: Network, program: Program, packing: Packing) -> dict[str, Form]:
    """The parameters of a run, as its workers are told them."""
    read: dict[str, Held] = dict(net.root.params)
    return {name: packing.form_of(held, program.param_types.get(name, ANY)) for name, held in read.items()}
