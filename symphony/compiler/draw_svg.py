"""A graph as one self-contained SVG picture, for light and dark surroundings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from symphony.compiler.draw_collapsed import caption, collapsed, subtitle_of, title_of
from symphony.compiler.draw_palette import KINDS, STATES, Tone, symbol_of
from symphony.compiler.graph import EdgeKind, Graph, GraphNode, Group, NodeKind
from symphony.compiler.layout import Box, Layout, Point, Route, layout_of
from symphony.compiler.text_width import pixels, shorten
from symphony.compiler.xml_text import xml_attribute, xml_text

MARGIN = 24.0
TASK_HEIGHT, END_HEIGHT = 46.0, 28.0
STACK = 4.0
LONGEST_TITLE, LONGEST_DETAIL, LONGEST_END, LONGEST_TYPE = 26, 30, 34, 20
TEXT, DETAIL = 13.0, 11.0
SPACE = 14.0
LEGEND_WIDTH, LEGEND_GAP, LEGEND_ROW = 420.0, 14.0, 21.0
ENDS = (NodeKind.PARAM, NodeKind.OUTPUT)


def draw_svg(graph: Graph, *, full: bool = False) -> str:
    """Draw a graph from top to bottom.

    Kinds have their colour and, in the legend, their name; an ``each`` task is a stack of boxes; order without data
    is a dashed line; a condition is a diamond on its line; a state colours the box and puts a symbol on its corner.

    Args:
        full: draw every node; otherwise a large graph is collapsed and says so.
    """
    shown = graph if full else collapsed(graph)
    layout = layout_of(shown, _size)
    return "\n".join(_Picture(shown, layout).lines()) + "\n"


def _size(node: GraphNode) -> tuple[float, float]:
    if node.kind in ENDS:
        return max(60.0, round(_end_width(node)) + 28.0), END_HEIGHT
    title = pixels(shorten(title_of(node), LONGEST_TITLE), TEXT, bold=True)
    detail = pixels(_shortened(subtitle_of(node)), DETAIL)
    stack = 2 * STACK if node.each else 0.0
    return max(96.0, round(max(title, detail)) + 34.0) + stack, TASK_HEIGHT + stack


def _shortened(detail: str) -> str:
    """A script is known by how it starts, a player also by how its name ends."""
    cut = detail.startswith("$ ") and len(detail) > LONGEST_DETAIL
    return detail[: LONGEST_DETAIL - 2] + " …" if cut else shorten(detail, LONGEST_DETAIL)


def _end_width(node: GraphNode) -> float:
    detail = pixels(shorten(node.detail, LONGEST_TYPE), DETAIL) + 8 if node.detail else 0.0
    return pixels(shorten(title_of(node), LONGEST_END), 12.0) + detail


class _Picture:
    def __init__(self, graph: Graph, layout: Layout) -> None:
        self.graph, self.layout = graph, layout
        self.kinds = [k for k in KINDS if any(n.kind is k for n in graph.nodes)]
        self.states = sorted({n.state for n in graph.nodes if n.state} | {e.state for e in graph.edges if e.state})
        shown = [s for s in STATES if s in self.states]
        self.legend = _Legend(graph, self.kinds, shown, max(layout.width, LEGEND_WIDTH))
        self.width = max(layout.width, self.legend.width) + 2 * MARGIN
        self.height = layout.height + 2 * MARGIN + self.legend.height
        self.dx = (self.width - layout.width) / 2

    def lines(self) -> Iterator[str]:
        width, height = _n(self.width), _n(self.height)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{xml_attribute(f"Graph of {self.graph.name}")}">'
        )
        yield f"<title>{xml_text(self.graph.name)}</title>"
        yield f"<style>\n{_style(self.kinds, self.states)}\n</style>"
        yield f'<rect class="page" width="{width}" height="{height}" rx="10"/>'
        yield f'<g transform="translate({_n(self.dx)} {_n(MARGIN)})">'
        for group in self.graph.groups:
            yield from _group(group, self.layout.groups[group.id])
        yield from _routes(self.layout.routes)
        for node in self.graph.nodes:
            yield from _node(node, self.layout.boxes[node.id])
        yield "</g>"
        yield from self.legend.lines(MARGIN, self.height - MARGIN - self.legend.height + LEGEND_GAP + LEGEND_ROW / 2)
        yield "</svg>"


def _group(group: Group, box: Box) -> Iterator[str]:
    if group.each:
        yield f'<rect class="group" {_rect(box.moved(5, 5))} rx="12"/>'
    yield f'<rect class="group" {_rect(box)} rx="12"/>'
    label = shorten(group.label, max(3, int(box.width / 8.5))) + (" · each" if group.each else "")
    yield _text("group-name", box.x + 13, box.y + 17, label, title=group.id)


def _node(node: GraphNode, box: Box) -> Iterator[str]:
    classes = f"node {node.kind}" + (f" s-{node.state}" if node.state in STATES else "")
    yield f'<g class="{classes}"><title>{xml_text(_tooltip(node))}</title>'
    if node.kind in ENDS:
        yield from _end(node, box)
        front = box
    else:
        stack = 2 * STACK if node.each else 0.0
        front = Box(box.x, box.y, box.width - stack, box.height - stack)
        for step in (2, 1) if node.each else ():
            yield f'<rect class="box" {_rect(front.moved(step * STACK, step * STACK))} rx="8"/>'
        yield from _task(node, front)
    if node.state:
        x, y = front.x + front.width - 3, front.y + 3
        yield f'<circle class="badge" cx="{_n(x)}" cy="{_n(y)}" r="9"/>'
        yield _text("symbol", x, y + 4.5, symbol_of(node.state))
    yield "</g>"


def _task(node: GraphNode, box: Box) -> Iterator[str]:
    title, detail = title_of(node), subtitle_of(node)
    yield f'<rect class="box" {_rect(box)} rx="8"/>'
    yield f'<rect class="bar" {_rect(Box(box.x + 7, box.y + 10, 4, box.height - 20))} rx="2"/>'
    x = box.x + 20
    yield _text("name", x, box.y + (19.5 if detail else 28), shorten(title, LONGEST_TITLE))
    if detail:
        yield _text("detail", x, box.y + 35, _shortened(detail))


def _end(node: GraphNode, box: Box) -> Iterator[str]:
    yield f'<rect class="box" {_rect(box)} rx="{_n(box.height / 2)}"/>'
    text = xml_text(shorten(title_of(node), LONGEST_END))
    if node.detail:
        text += f'<tspan class="detail" dx="7">{xml_text(shorten(node.detail, LONGEST_TYPE))}</tspan>'
    yield f'<text class="end" x="{_n(box.x + box.width / 2)}" y="{_n(box.y + 18)}">{text}</text>'


def _tooltip(node: GraphNode) -> str:
    facts = [subtitle_of(node), "once per element" if node.each else "", node.state or ""]
    name = node.id.partition(":")[2] if node.kind in ENDS else node.id.rstrip(".")
    more = f" and {node.count - 1:,} more" if node.count > 1 and node.kind is not NodeKind.MELODY else ""
    return f"{name}{more} ({', '.join([str(node.kind), *(f for f in facts if f)])})"


def _routes(routes: Iterable[Route]) -> Iterator[str]:
    drawn: set[tuple[str, Point, Point]] = set()
    for route in routes:
        edge = route.edges[0]
        classes = f"edge {edge.kind}" + (f" s-{edge.state}" if edge.state in STATES else "")
        points = route.points
        start = 0  # a trunk that another edge has drawn is not drawn again
        while start < len(points) - 2 and (classes, points[start], points[start + 1]) in drawn:
            start += 1
        drawn.update((classes, a, b) for a, b in pairwise(points))
        yield f'<g class="{classes}"><title>{xml_text(_edge_tooltip(route))}</title>'
        yield f'<path d="{_path(points, start)}"/>'
        yield from _arrow(points, condition=any(e.kind is EdgeKind.CONDITION for e in route.edges))
        yield "</g>"


def _edge_tooltip(route: Route) -> str:
    words = {EdgeKind.DATA: "data", EdgeKind.CONDITION: "condition", EdgeKind.ORDER: "order only"}
    ports = [f": {e.label}" if e.label and e.kind is EdgeKind.DATA else "" for e in route.edges]
    what = "; ".join(words[e.kind] + port for e, port in zip(route.edges, ports, strict=True))
    return f"{route.edges[0].source} → {route.edges[0].target} ({what})"


def _path(points: tuple[Point, ...], start: int) -> str:
    x, y = points[start]
    parts = [f"M{_n(x)} {_n(y)}"]
    last = len(points) - 1
    for i in range(start + 1, last + 1):
        x2, y2 = points[i]
        if i == last:
            y2 -= 5 if y2 > y else -5  # the line ends inside the arrow head
        if i % 2 == 0 or abs(x2 - x) < 0.05:
            parts.append(f"L{_n(x2)} {_n(y2)}")
        else:
            bend = (y2 - y) * 0.5
            parts.append(f"C{_n(x)} {_n(y + bend)} {_n(x2)} {_n(y2 - bend)} {_n(x2)} {_n(y2)}")
        x, y = x2, y2
    return "".join(parts)


def _arrow(points: tuple[Point, ...], *, condition: bool) -> Iterator[str]:
    (_, before), (x, y) = points[-2:]
    up = -1 if y > before else 1
    yield f'<path class="head" d="M{_n(x)} {_n(y)}l-4 {_n(up * 8)}h8z"/>'
    if condition:
        yield f'<path class="gate" d="M{_n(x)} {_n(y + up * 8)}l5 {_n(up * 5)}l-5 {_n(up * 5)}l-5 {_n(-up * 5)}z"/>'


class _Legend:
    """The lines under the picture: what the marks mean, and what was left out."""

    def __init__(self, graph: Graph, kinds: list[NodeKind], states: list[str], width: float) -> None:
        found = {e.kind for e in graph.edges}
        entries = [("kind", str(k), str(k)) for k in kinds if k not in ENDS]
        if EdgeKind.ORDER in found:
            entries.append(("line", "order", "order only"))
        if EdgeKind.CONDITION in found:
            entries.append(("gate", "condition", "condition"))
        if any(n.each for n in graph.nodes) or any(g.each for g in graph.groups):
            entries.append(("stack", "each", "once per element"))
        entries += [("state", s, s) for s in states]
        if caption(graph):
            entries.append(("note", "note", caption(graph)))
        self.rows: list[list[tuple[str, str, str]]] = []
        for entry in entries:
            if not self.rows or sum(map(_room, [*self.rows[-1], entry])) - SPACE > width:
                self.rows.append([])
            self.rows[-1].append(entry)
        self.width = max((sum(map(_room, row)) - SPACE for row in self.rows), default=0.0)
        self.height = LEGEND_GAP + LEGEND_ROW * len(self.rows) if self.rows else 0.0

    def lines(self, left: float, y: float) -> Iterator[str]:
        yield '<g class="legend">'
        for row in self.rows:
            x = left
            for what, name, text in row:
                yield from _legend_mark(what, name, x, y)
                yield _text("note" if what == "note" else "detail", x + (0 if what == "note" else 22), y + 4, text)
                x += _room((what, name, text))
            y += LEGEND_ROW
        yield "</g>"


def _room(entry: tuple[str, str, str]) -> float:
    """The width that an entry takes, the space after it included."""
    return (0 if entry[0] == "note" else 22) + pixels(entry[2], DETAIL) + SPACE


def _legend_mark(what: str, name: str, x: float, y: float) -> Iterator[str]:
    box = Box(x + 1, y - 5, 14, 10)
    if what == "kind":
        yield f'<g class="node {name}"><rect class="box" {_rect(box)} rx="3"/></g>'
    elif what == "line":
        yield f'<g class="edge order"><path d="M{_n(x)} {_n(y)}h16"/></g>'
    elif what == "gate":
        yield f'<g class="edge condition"><path class="gate" d="M{_n(x + 8)} {_n(y - 5)}l5 5l-5 5l-5 -5z"/></g>'
    elif what == "stack":
        yield f'<g class="node param"><rect class="box" {_rect(box.moved(2, 2))} rx="3"/>'
        yield f'<rect class="box" {_rect(box.moved(-1, -1))} rx="3"/></g>'
    elif what == "state":
        yield f'<g class="node s-{name}"><circle class="badge" cx="{_n(x + 8)}" cy="{_n(y)}" r="8"/>'
        yield f"{_text('symbol', x + 8, y + 4.5, symbol_of(name))}</g>"


def _style(kinds: Iterable[NodeKind], states: Iterable[str]) -> str:
    tones = [(f".{k}", KINDS[k]) for k in dict.fromkeys([*kinds, NodeKind.PARAM])]
    marks = [(f".s-{s}", STATES[s]) for s in states if s in STATES]
    light = "\n".join(_rules(tones, marks, dark=False))
    dark = "\n".join("  " + rule for rule in _rules(tones, marks, dark=True))
    return f"{_FIXED}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


_FIXED = """\
text { font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
.name { font-size: 13px; font-weight: 600; }
.end { font-size: 12px; text-anchor: middle; }
.detail, .note { font-size: 11px; font-weight: 400; }
.group-name { font-size: 11px; font-weight: 600; letter-spacing: .02em; }
.symbol { font-size: 13px; font-weight: 700; text-anchor: middle; }
.box { stroke-width: 1.25; }
.edge path { fill: none; stroke-width: 1.5; stroke-linecap: round; }
.edge .head, .edge .gate { stroke-width: 1; stroke-linejoin: round; }
.edge.order > path:not(.head) { stroke-dasharray: 5 5; }
.edge.s-removed > path:not(.head) { stroke-dasharray: 2 5; }
.group { stroke-width: 1; }
.s-skipped .box, .s-pending .box, .s-removed .box { stroke-dasharray: 5 4; }"""


def _rules(tones: list[tuple[str, Tone]], marks: list[tuple[str, Tone]], *, dark: bool) -> Iterator[str]:
    page, ink, soft, line, group = (
        ("#0f141b", "#e6ebf2", "#9aa7b8", "#5f6d80", "#161d27")
        if dark
        else ("#ffffff", "#1a2230", "#5b687b", "#9aa6b6", "#fafbfc")
    )
    yield f".page {{ fill: {page}; }}"
    yield f".name, .end {{ fill: {ink}; }}"
    yield f".detail, .note, .group-name {{ fill: {soft}; }}"
    yield f".edge path {{ stroke: {line}; }}"
    yield f".edge .head {{ fill: {line}; }}"
    yield f".edge .gate {{ fill: {page}; stroke: {soft}; }}"
    yield f".group {{ fill: {group}; stroke: {line}; stroke-opacity: .55; }}"
    yield f".symbol {{ fill: {page}; }}"
    for name, tone in tones:
        fill, stroke = (tone.dark_fill, tone.dark_line) if dark else (tone.fill, tone.line)
        yield f"{name} .box {{ fill: {fill}; stroke: {stroke}; }}"
        yield f"{name} .bar {{ fill: {stroke}; }}"
    for name, tone in marks:
        fill, stroke = (tone.dark_fill, tone.dark_line) if dark else (tone.fill, tone.line)
        yield f".node{name} .box {{ fill: {fill}; stroke: {stroke}; }}"
        yield f".node{name} .badge {{ fill: {stroke}; stroke: {page}; stroke-width: 1.5; }}"
        yield f".edge{name} path {{ stroke: {stroke}; }}"
        yield f".edge{name} .head {{ fill: {stroke}; }}"


def _rect(box: Box) -> str:
    return f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'


def _text(style: str, x: float, y: float, text: str, *, title: str = "") -> str:
    tip = f"<title>{xml_text(title)}</title>" if title and title != text else ""
    return f'<text class="{style}" x="{_n(x)}" y="{_n(y)}">{tip}{xml_text(text)}</text>'


def _n(number: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{number:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
