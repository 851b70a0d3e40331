"""Expressions: canonical text, references, substitution, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import ExpressionError
from symphony.model.expression import Call, Expression, Index, ListOf, Literal, Name, Node, Select, rewrite, to_text
from symphony.model.expression_parser import parse_expression
from symphony.model.template import parse_text, parse_value, to_document


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("size(tasks.a)>0 &&!failed(tasks.b)", "size(tasks.a) > 0 && !failed(tasks.b)"),
        ("((params.top))+1*(2-3)", "params.top + 1 * (2 - 3)"),
        ("1 - (2 - 3)", "1 - (2 - 3)"),
        ("(1 - 2) - 3", "1 - 2 - 3"),
        ("a ? b : (c ? d : e)", "a ? b : c ? d : e"),
        ("(a ? b : c) ? d : e", "(a ? b : c) ? d : e"),
        ("'it\\'s'", '"it\'s"'),
        ("r'\\d+'", '"\\\\d+"'),
        ("{'a':1}.a", '{"a": 1}.a'),
        ("x.map( v,v.y )", "x.map(v, v.y)"),
        ("tasks.?a.orValue( 0 )", "tasks.?a.orValue(0)"),
        ("tasks['child.x'].y", 'tasks["child.x"].y'),
        ("1.50", "1.5"),
        ("0x10", "16"),
        ("b'\\xff'", 'b"\\xff"'),
        ("- 1", "-1"),
    ],
)
def test_however_it_is_written_the_canonical_text_is_one(written: str, canonical: str):
    assert parse_expression(written).text == canonical
    assert parse_expression(canonical).text == canonical


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "an expression is missing"),
        ("1 +", 3, "expected a value, found the end"),
        ("a b", 2, "expected an operator or the end, found 'b'"),
        ("'open", 0, "this text is never closed"),
        ("a = b", 2, "'=' means nothing here"),
        ("a and b", 2, "found 'and'"),
        ("f(1, 2", 6, "expected ')'"),
        ("Foo{a: 1}", 0, "values of type 'Foo' cannot be built here"),
        ("True", 0, "'True' is Python"),
        ("99999999999999999999", 0, "64 bits"),
        ("x.map(1, 2)", 2, "map needs a variable name first"),
        ("'\\q'", 0, "is no escape"),
        ("(" * 40 + "1" + ")" * 40, 30, "at most 30 levels deep"),
        ("xs.map(a, xs.map(b, xs.map(c, c)))", 23, "nest at most 2 deep"),
        ("1" * 10_001, 0, "at most 10,000 characters"),
    ],
)
def test_what_does_not_parse_says_where_and_why(text: str, offset: int, message: str):
    with pytest.raises(ExpressionError, match=None) as caught:
        parse_expression(text)

    assert message in str(caught.value)
    assert caught.value.offset == offset


def test_references_leave_out_what_macros_bind():
    found = parse_expression("tasks.a.map(item, item + params.x).size() + size(item)").references

    assert [r.text for r in found] == ["tasks.a", "params.x", "item"]


def test_a_bare_reference_is_known_as_one():
    assert parse_expression("tasks.a[0].field").bare is not None
    assert parse_expression("tasks.?a").bare is None
    assert parse_expression("tasks.a + 1").bare is None


def test_text_with_a_part_in_braces_is_joined():
    assert to_document(parse_text("report-${{ params.name }}.html")) == (
        '${{ "report-" + string(params.name) + ".html" }}'
    )


def test_a_constant_in_braces_is_that_constant():
    assert parse_text("${{ 5 }}") == 5
    assert parse_text("${{ {'a': {'b': 1}} }}").text == '{"a": {"b": 1}}'


def test_text_that_looks_like_an_expression_survives():
    literal = to_document(parse_text("${{ '${{ raw }}' }}"))
    assert parse_value(literal) == "${{ raw }}"


names = st.sampled_from(["tasks", "params", "item", "x"])
leaves = st.one_of(
    st.builds(Name, names),
    st.builds(Literal, st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=5))),
    st.builds(Literal, st.floats(allow_nan=False, allow_infinity=False, min_value=0)),
    st.builds(Literal, st.binary(max_size=4)),
)


def _grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    operators = st.sampled_from(["_+_", "_-_", "_*_", "_&&_", "_||_", "_==_", "_<_", "@in"])
    return st.one_of(
        st.builds(lambda o, f: Select(o, f), st.one_of(st.builds(Name, names)), st.sampled_from(["a", "b"])),
        st.builds(lambda o, a, b: Call(o, None, (a, b)), operators, inner, inner),
        st.builds(lambda a: Call("!_", None, (a,)), inner),
        st.builds(lambda a, b, c: Call("_?_:_", None, (a, b, c)), inner, inner, inner),
        st.builds(lambda a: Call("size", None, (a,)), inner),
        st.builds(lambda a: ListOf(tuple(a)), st.lists(inner, max_size=2)),
        st.builds(lambda a: Index(Name("x"), a), inner),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(leaves, _grow, max_leaves=12))
def test_the_canonical_text_of_any_tree_reads_back_as_that_tree(node: Node):
    text = to_text(node)

    assert parse_expression(text).text == text
    assert rewrite(node, lambda _: None) == node


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_no_text_does_more_than_parse_or_be_refused(text: str):
    offset = 0
    try:
        parsed = parse_expression(text)
    except ExpressionError as error:
        offset = error.offset
    else:
        assert isinstance(parsed, Expression)
    assert 0 <= offset <= len(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="${}\"' ab+.\\", max_size=40))
def test_no_text_breaks_the_reader_of_values(text: str):
    try:
        value = parse_text(text)
    except ExpressionError:
        return
    assert parse_value(to_document(value)) == value
