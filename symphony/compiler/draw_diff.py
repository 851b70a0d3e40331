"""Both plans of a comparison as one graph, every node and edge marked by what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symphony.compiler.diff import Difference, calls_of
from symphony.compiler.draw_mermaid import draw_mermaid
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, graph_of
from symphony.model.plan import Plan


def difference_graph(before: Plan, after: Plan, difference: Difference) -> Graph:
    """The second plan's graph with what was removed put back; `state` is the mark of each node and edge.

    Marks are ``added``, ``removed``, ``changed``, ``renamed`` and ``affected`` (unchanged, but reads what changes);
    an unchanged node or edge has none.
    """
    old, new = graph_of(before), graph_of(after)
    renames = _new_names(old, difference)
    marks = _marks(after, new, difference)
    known = {renames.get(n.id, n.id) for n in old.nodes}
    nodes = [replace(n, state=marks.get(n.id) if n.id in known else "added") for n in new.nodes]
    present = {n.id for n in new.nodes}
    nodes += [replace(n, state="removed") for n in old.nodes if renames.get(n.id, n.id) not in present]
    groups = {g.id: g for g in old.groups if any(n.group == g.id or n.group.startswith(f"{g.id}.") for n in nodes)}
    groups |= {g.id: g for g in new.groups}
    return Graph(new.name, tuple(nodes), _edges(old, new, renames), tuple(groups[g] for g in sorted(groups)))


def side_graphs(before: Plan, after: Plan, difference: Difference) -> tuple[Graph, Graph]:
    """Both plans' graphs, marked: on the first what is removed, changed or renamed, on the second what became of it."""
    old, new = graph_of(before), graph_of(after)
    renames, marks = _new_names(old, difference), _marks(after, new, difference)
    present, known = {n.id for n in new.nodes}, {renames.get(n.id, n.id) for n in old.nodes}

    def mark(node: GraphNode) -> str | None:
        name = renames.get(node.id, node.id)
        found = marks.get(name) if name in present else "removed"
        return None if found == "affected" else found

    left = tuple(replace(n, state=mark(n)) for n in old.nodes)
    right = tuple(replace(n, state=marks.get(n.id) if n.id in known else "added") for n in new.nodes)
    return replace(old, nodes=left), replace(new, nodes=right)


def draw_diff_mermaid(before: Plan, after: Plan, difference: Difference, *, full: bool = False) -> str:
    """Draw both plans in one Mermaid picture: added green, removed red, changed amber."""
    return draw_mermaid(difference_graph(before, after, difference), full=full)


def _new_names(old: Graph, difference: Difference) -> dict[str, str]:
    """The new id of every node that was renamed, alone or with the sub-melody around it."""
    names = {r.before: r.after for r in difference.renamed}
    for node in old.nodes:
        group = node.group
        while group and node.id not in names:
            if group in names:
                names[node.id] = names[group] + node.id[len(group) :]
            group = group.rpartition(".")[0]
    return names


def _marks(after: Plan, new: Graph, difference: Difference) -> dict[str, str]:
    """The mark of each node of the second plan, the strongest last."""
    marks = dict.fromkeys(difference.downstream, "affected")
    marks |= dict.fromkeys((f"output:{name}" for name in difference.affected), "affected")
    marks |= {r.after: "renamed" for r in difference.renamed}
    players = {c.subject for c in difference.changes if c.what == "player"}
    marks |= {task: "changed" for task, player in calls_of(after) if player in players}
    prefixes = {"task": "", "param": "param:", "output": "output:"}
    marks |= {prefixes[c.what] + c.subject: "changed" for c in difference.changes if c.what in prefixes}
    return {n.id: mark for n in new.nodes if (mark := _nearest(n, marks))}


def _nearest(node: GraphNode, marks: Mapping[str, str]) -> str | None:
    """A node's own mark, else that of a sub-melody around it."""
    group = node.group
    while node.id not in marks and group:
        if group in marks:
            return marks[group]
        group = group.rpartition(".")[0]
    return marks.get(node.id)


def _edges(old: Graph, new: Graph, renames: Mapping[str, str]) -> tuple[GraphEdge, ...]:
    def key(edge: GraphEdge) -> tuple[str, str, EdgeKind]:
        return renames.get(edge.source, edge.source), renames.get(edge.target, edge.target), edge.kind

    before = {key(e): e for e in old.edges}
    after = {(e.source, e.target, e.kind) for e in new.edges}
    drawn = [e if (e.source, e.target, e.kind) in before else replace(e, state="added") for e in new.edges]
    for (source, target, kind), edge in before.items():
        if (source, target, kind) not in after:
            drawn.append(replace(edge, source=source, target=target, state="removed"))
    return tuple(drawn)
