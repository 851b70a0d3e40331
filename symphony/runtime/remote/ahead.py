"""Which calls can be handed over before what they need is there, so that the executor's own scheduler orders them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from symphony.runtime import schedule as sc
from symphony.runtime.network import Network
from symphony.runtime.steps import Step

_WELL = (sc.SUCCEEDED, sc.CACHED)


class Ahead:
    """Looks for such calls among those behind a call that was just handed over.

    A call can go ahead when nothing about it is still to be decided here: it has no condition, asks the engine for no
    resources, has no effect that must come after its causes are recorded, and everything it waits for has ended well or
    was handed over itself.

    Args:
        net: the nodes of the run.
        handed: the calls that were handed over and have not ended badly, by node.
        may: whether a call of this step and node may go ahead as far as the engine is concerned.
    """

    def __init__(self, net: Network, handed: Mapping[int, str], may: Callable[[Step, int], bool]) -> None:
        self._net, self._handed, self._may = net, handed, may

    def behind(self, node: int) -> Iterator[int]:
        """The calls that wait for this one, or for the task that it is an element of, and can go ahead."""
        schedule = self._net.schedule
        yield from self._fit(schedule.followers[node])
        group = schedule.parent.get(node)
        if group is not None and self._net.indexes[node] >= 0 and self._is_known(group):
            yield from self._fit(schedule.followers[group])

    def _fit(self, nodes: list[int]) -> Iterator[int]:
        net = self._net
        for node in nodes:
            if net.schedule.state[node] != sc.PENDING or node in self._handed:
                continue
            step = net.steps[node]
            if (step.task.each is None) != (net.indexes[node] < 0) or step.body is not None:
                continue  # a group
            if step.task.when is not None or step.is_effect or not self._may(step, node):
                continue
            if all(map(self._is_known, self._before(node, step))):
                yield node

    def _before(self, node: int, step: Step) -> Iterator[int]:
        net = self._net
        if net.indexes[node] < 0:
            nodes = net.frames[node].nodes
            yield from (nodes[id] for id in step.edges)
            return
        for source in net.rows_of(node).sources.values():  # the rest its task has waited for
            if source.nodes is not None and source.streams:
                yield source.nodes[net.indexes[node]]

    def _is_known(self, node: int) -> bool:
        """Whether the end of a node is settled as far as this can be: it has ended well, or was handed over."""
        net = self._net
        state = net.schedule.state[node]
        if state in _WELL:
            return True
        if node in self._handed:
            return not net.steps[node].is_effect  # what follows an effect is bound to what the store has of it
        if state >= sc.SUCCEEDED or node not in net.schedule.open_groups or net.steps[node].body is not None:
            return False
        return not net.steps[node].filters and all(map(self._is_known, net.elements(node)))
