"""What a prompt says: its values, its clauses, and the form of what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.bootstrap import catalog_of
from symphony.conductor.intent import Form, parse_intent
from symphony.conductor.literal_spans import Kind, find_spans
from symphony.conductor.port_roles import Role, role_of
from symphony.conductor.tool_catalog import catalog_of as tools_of


@pytest.mark.parametrize(
    ("prompt", "kind", "value"),
    [('count the words in "a b c"', Kind.QUOTED, "a b c"), ("fetch https://example.org/x.json", Kind.URL, "https://example.org/x.json"),
     ("read data/sales.csv", Kind.FILE, "data/sales.csv"), ("list *.md in docs", Kind.GLOB, "*.md"),
     ("keep the rows where amount > 100", Kind.CONDITION, ("amount", ">", 100)), ("files over 5 MB", Kind.SIZE, 5_000_000),
     ("the health of this repository", Kind.REPOSITORY, "."), ("zip the notes into docs.zip", Kind.TARGET, "docs.zip")],
)  # fmt: skip
def test_values_are_found_with_their_kind(prompt: str, kind: Kind, value: Any) -> None:
    assert (kind, value) in [(span.kind, span.value) for span in find_spans(prompt)]


@given(st.text(max_size=200))
def test_any_prompt_can_be_read_and_its_spans_lie_apart(prompt: str) -> None:
    intent = parse_intent(prompt)

    assert all(a.end <= b.start for a, b in zip(intent.spans, intent.spans[1:], strict=False))
    assert all(0 <= span.start < span.end <= len(prompt) for span in intent.spans)
    assert all(prompt[word.start : word.end].lower() == word.text for word in intent.words)


@pytest.mark.parametrize(
    ("prompt", "form"),
    [("report the health of this repository as a web page", Form.PAGE), ("draw a bar chart of amount by region", Form.CHART),
     ("how many words are in notes.txt", Form.NUMBER), ("write it to a csv file", Form.CSV)],
)  # fmt: skip
def test_the_form_of_what_is_wanted_is_told(prompt: str, form: Form) -> None:
    assert parse_intent(prompt).forms[0][0] is form


def test_clauses_part_at_marks_and_connectives() -> None:
    prompt = "read a.csv, sort it and then draw a chart"

    assert [prompt[a:b].strip() for a, b in parse_intent(prompt).clauses] == ["read a.csv", "sort it", "draw a chart"]


def test_places_that_are_there_are_known_by_name() -> None:
    spans = find_spans("look at everything in kitchen", {"kitchen"})

    assert [(span.kind, span.value) for span in spans] == [(Kind.FOLDER, "kitchen")]


@pytest.mark.parametrize(
    ("player", "port", "role"),
    [("files.read_text", "file", Role.FILE), ("files.list", "folder", Role.FOLDER), ("files.list", "pattern", Role.GLOB),
     ("http.get", "url", Role.URL), ("csv.filter", "column", Role.COLUMN), ("csv.filter", "rows", Role.DATA),
     ("git.history", "repo", Role.REPOSITORY)],
)  # fmt: skip
def test_ports_of_players_have_roles(player: str, port: str, role: Role) -> None:
    signature = catalog_of(None).find(player)

    assert signature is not None
    assert role_of(signature, port) is role


def test_players_feed_one_another_where_types_fit() -> None:
    catalog = catalog_of(None)
    tools = tools_of(s for name in catalog.names() if (s := catalog.find(name)) is not None)
    at = tools.position

    assert tools.may_feed(at["csv.read"], at["csv.sort"])
    assert tools.may_feed(at["files.read_text"], at["text.count_words"])
    assert not tools.may_feed(at["text.count_words"], at["csv.sort"])
