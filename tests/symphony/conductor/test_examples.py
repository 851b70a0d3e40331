"""Catalogs and examples as other programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symphony.conductor.agreement import agreement
from symphony.conductor.examples import Example, Graph, ordered, read_examples, record_of
from symphony.conductor.tool_catalog import Tool, ToolCatalog, read_catalog
from symphony.errors import UsageError

NODES = [
    {"id": "get", "desc": "fetch it", "input-type": ["url"], "output-type": ["text"]},
    {"id": "count", "desc": "count it", "input-type": ["text"], "output-type": ["number"]},
]


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_types_tell_links_where_none_are_listed(tmp_path: Path) -> None:
    catalog = read_catalog(written(tmp_path, "tools.json", json.dumps({"nodes": NODES})))

    assert catalog.tools[0] == Tool("get", "fetch it", ("url",), ("text",))
    assert catalog.links == {(0, 1)}


def test_nothing_is_forbidden_where_nothing_is_known(tmp_path: Path) -> None:
    nodes = [{"id": "a"}, {"id": "b", "input-type": ["x"], "output-type": ["x"]}]

    assert read_catalog(written(tmp_path, "tools.json", json.dumps({"nodes": nodes}))).may_feed(1, 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [("[]", 'a list "nodes"'), ("{", "cannot be read"), ('{"nodes": [{"id": ""}]}', "nodes[0]"),
     ('{"nodes": [{"id": "a"}, {"id": "a"}]}', "'a' twice"),
     ('{"nodes": [{"id": "a"}], "links": [{"source": "a", "target": "c"}]}', "links[0] names 'c'")],
)  # fmt: skip
def test_a_wrong_catalog_is_refused_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_catalog(written(tmp_path, "tools.json", text))

    assert says in str(refused.value)


def test_examples_come_back_as_they_were_written(tmp_path: Path) -> None:
    catalog = ToolCatalog((Tool("get"), Tool("count")))
    one = Example("7", "count the words", Graph((0, 1), ((0, 1),)))
    line = json.dumps(record_of(one.id, one.request, one.graph, catalog) | {"more": 1})

    assert read_examples(written(tmp_path, "e.jsonl", line + "\n\n"), catalog) == [one]


def test_an_unknown_tool_is_told_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, "e.jsonl", '{"user_request": "x", "task_nodes": [{"task": "nix"}]}')

    with pytest.raises(UsageError, match=r"e\.jsonl:1 .*no tool 'nix'"):
        read_examples(file, ToolCatalog((Tool("get"),)))


def test_nodes_stand_after_those_that_feed_them() -> None:
    assert ordered([5, 6, 7], [(2, 0)]) == Graph((6, 7, 5), ((1, 2),))


def test_agreement_is_by_tools_and_by_links() -> None:
    wanted = Graph((1, 2, 3), ((0, 1), (1, 2)))

    told = agreement([wanted, Graph((1, 2), ((0, 1),)), Graph((9,))], [wanted, wanted, Graph((9,))])

    assert told.node_f1 == pytest.approx((1 + 0.8 + 1) / 3)
    assert told.link_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)  # 0 where there are no links, by TaskBench's rule
    assert (told.exact_nodes, told.exact_graph) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
