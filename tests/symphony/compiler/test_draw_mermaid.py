"""Mermaid pictures."""

from __future__ import annotations

import re

import pytest

from symphony.compiler.draw_mermaid import MOST_EDGES, draw_mermaid
from symphony.compiler.graph import EdgeKind, Graph, GraphEdge, GraphNode, Group, NodeKind

LINE = re.compile(
    r"flowchart TB|%% [^\n]*|end"
    r'|n\d+(\["[^"]*"\]|\[\["[^"]*"\]\]|\{\{"[^"]*"\}\}|\("[^"]*"\)|\(\["[^"]*"\]\)|>"[^"]*"\])'
    r'|subgraph g\d+\["[^"]*"\]|n\d+ (-->|-\.->)(\|"[^"|]+"\|)? n\d+'
    r"|classDef \w+ fill:#\w{6},stroke:#\w{6}(,stroke-width:2px)?,color:#\w{6}|class n\d+(,n\d+)* \w+"
    r"|linkStyle \d+(,\d+)* stroke:#\w{6},stroke-width:2px"
)


def node(id: str, kind: NodeKind = NodeKind.OPERATOR, **facts: object) -> GraphNode:
    return GraphNode(id, id, kind, **facts)  # type: ignore[arg-type]


def test_a_small_graph_reads_like_this() -> None:
    graph = Graph(
        "demo",
        (node("repo", NodeKind.PARAM, detail="path"), node("files", detail="git.list_files"),
         node("stats", each=True, group="child", state="failed"), node("page", NodeKind.MOTIF)),
        (GraphEdge("repo", "files", label="repo"), GraphEdge("files", "stats"),
         GraphEdge("stats", "page", EdgeKind.ORDER),
         GraphEdge("files", "page", EdgeKind.CONDITION, "when", state="added")),
        (Group("child", each=True),),
    )  # fmt: skip

    assert (
        draw_mermaid(graph)
        == """\
flowchart TB
  n0(["repo<br/>path"])
  n1["files<br/>git.list_files"]
  n3("page")
  subgraph g0["child · each"]
    n2[["× stats"]]
  end
  n0 -->|"repo"| n1
  n1 --> n2
  n2 -.-> n3
  n1 -.->|"when"| n3
  classDef operator fill:#eff5ff,stroke:#3b73d9,color:#1a2230
  class n1 operator
  classDef motif fill:#eafaf6,stroke:#0f8a7b,color:#1a2230
  class n3 motif
  classDef param fill:#f6f7f9,stroke:#8190a5,color:#1a2230
  class n0 param
  classDef failed fill:#fdeeee,stroke:#cf2a2a,stroke-width:2px,color:#1a2230
  class n2 failed
  linkStyle 3 stroke:#1c8240,stroke-width:2px
"""
    )


NASTY = ["end", '"quoted"', "a`b", "<script>", "x #quot; y", "$$x$$", "semi;colon", "back\\slash", "日本語", "%% c",
         "line\nbreak", "]]", "x --> y", "|p|", "**bold**", "_em_", "", "graph"]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("kind", list(NodeKind))
def test_no_name_can_break_the_syntax(name: str, kind: NodeKind) -> None:
    nodes = (node("a", kind, detail=name), GraphNode(name, name, kind, each=True, group=name or "g"))
    graph = Graph(name, nodes, (GraphEdge("a", name, label=name),), (Group(name or "g"),))

    for line in draw_mermaid(graph).splitlines():
        assert LINE.fullmatch(line.strip()), line
        for inside in re.findall(r'"([^"]*)"', line):
            assert not set(inside.replace("<br/>", "")) & set("<>`*$|\\"), line


def test_more_edges_than_mermaid_draws_are_folded_away() -> None:
    nodes = tuple(node(f"t{r}_{i}") for r in range(3) for i in range(60))
    edges = tuple(
        GraphEdge(f"t{r}_{i}", f"t{r + 1}_{(i + j) % 60}")
        for r in range(2)
        for i in range(60)
        for j in range(1 + i % 20)
    )

    assert len(edges) > MOST_EDGES
    assert draw_mermaid(Graph("demo", nodes, edges)).count(" --> ") <= MOST_EDGES
    assert draw_mermaid(Graph("demo", nodes, edges), full=True).count(" --> ") == len(edges)


def test_a_folded_picture_says_so() -> None:
    nodes = tuple(node(f"n{i}") for i in range(300))

    assert draw_mermaid(Graph("demo", nodes)).startswith(
        "%% 300 nodes drawn as 1 box; all of them with --full\nflowchart"
    )
