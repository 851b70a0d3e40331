"""Code identity over generated functions: layout and names of locals never count, structure always does."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.compiler.identity import FixedSources, ModuleSource, identity_of

LOCALS = ("alpha", "beta", "gamma")
NAMES = (*LOCALS, "given", "GLOBAL")
CONSTANTS = (0, 1, 1.0, True, None, ..., "", "a", b"a", 1j, "é\n", 10**30)


def _expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(NAMES) | st.sampled_from(CONSTANTS).map(repr)

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        two = st.tuples(inner, inner)
        return st.one_of(
            two.map(lambda p: f"({p[0]} + {p[1]})"),
            two.map(lambda p: f"({p[0]} if {p[1]} else {p[0]})"),
            two.map(lambda p: f"call({p[0]}, key={p[1]})"),
            two.map(lambda p: f"[{p[0]} for item in {p[1]} if item]"),
            two.map(lambda p: f"{{{p[0]}: {p[1]}, **{p[1]}}}"),
            two.map(lambda p: f"(lambda x, y={p[0]}: {p[1]})"),
            st.tuples(st.sampled_from(NAMES), st.sampled_from(("", "!r", ":>3"))).map(
                lambda p: f'f"<{{{p[0]}{p[1]}}}>" "end"'
            ),
            inner.map(lambda e: f"(not {e})"),
            inner.map(lambda e: f"{e if e.isidentifier() else f'({e})'}.field[1:]"),
        )

    return st.recursive(leaves, grow, max_leaves=6)


def _statements() -> st.SearchStrategy[list[str]]:
    expressions, names = _expressions(), st.sampled_from(LOCALS)
    simple = st.one_of(
        st.tuples(names, expressions).map(lambda p: [f"{p[0]} = {p[1]}"]),
        st.tuples(names, expressions).map(lambda p: [f"{p[0]} += {p[1]}"]),
        expressions.map(lambda e: [f"return {e}"]),
        expressions.map(lambda e: [f"use({e})"]),
        st.just(["pass"]),
    )

    def nest(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
        block = st.lists(inner, min_size=1, max_size=2).map(lambda parts: ["    " + line for p in parts for line in p])
        return st.one_of(
            st.tuples(expressions, block, block).map(lambda p: [f"if {p[0]}:", *p[1], "else:", *p[2]]),
            st.tuples(names, expressions, block).map(lambda p: [f"for {p[0]} in {p[1]}:", *p[2]]),
            st.tuples(names, block, block).map(lambda p: ["try:", *p[1], f"except ValueError as {p[0]}:", *p[2]]),
            st.tuples(names, block).map(lambda p: ["def inner(given):", *p[1], f"    return {p[0]}"]),
        )

    return st.recursive(simple, nest, max_leaves=4)


def functions() -> st.SearchStrategy[str]:
    """A function whose three locals are all bound and used."""
    bodies = st.lists(_statements(), min_size=1, max_size=4)
    start = [f"{name} = {i}" for i, name in enumerate(LOCALS)]
    return bodies.map(
        lambda parts: "\n    ".join(
            ["def run(given, other=1):", *start, *(line for p in parts for line in p), f"return {', '.join(LOCALS)}"]
        )
    )


def digest(text: str) -> str:
    found = identity_of("tasks", "run", FixedSources(ModuleSource("tasks", "tasks.py", text)))
    assert found.digest is not None, found.reason
    return found.digest


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.name = self.names.get(node.name or "", node.name)
        return node


def renamed(text: str, *names: str) -> str:
    return ast.unparse(_Renamed(dict(zip(LOCALS, names, strict=True))).visit(ast.parse(text)))


@settings(max_examples=60, deadline=None)
@given(functions())
def test_writing_the_text_anew_keeps_the_digest(text: str) -> None:
    assert digest(ast.unparse(ast.parse(text))) == digest(text)


@settings(max_examples=60, deadline=None)
@given(functions(), st.permutations(("one", "two", "three", "beta", "alpha")))
def test_renaming_locals_keeps_the_digest(text: str, names: list[str]) -> None:
    assert digest(renamed(text, *names[:3])) == digest(text)


@settings(max_examples=60, deadline=None)
@given(functions())
def test_making_two_locals_one_changes_the_digest(text: str) -> None:
    assert digest(renamed(text, "alpha", "alpha", "gamma")) != digest(text)


@settings(max_examples=60, deadline=None)
@given(functions(), functions())
def test_equal_digests_mean_equal_trees(one: str, other: str) -> None:
    """Both name their locals alike, so but for ``pass`` their trees must agree."""
    if digest(one) == digest(other):
        assert _tree(one) == _tree(other)


class _WithoutPass(ast.NodeTransformer):
    def visit_Pass(self, _: ast.Pass) -> None:
        return None


def _tree(text: str) -> str:
    return ast.dump(_WithoutPass().visit(ast.parse(text)))


@settings(max_examples=80, deadline=None)
@given(functions(), st.data())
def test_any_constant_counts(text: str, data: st.DataObject) -> None:
    tree = ast.parse(text)
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    node = data.draw(st.sampled_from(constants))
    node.value = f"{node.value}!" if isinstance(node.value, str) else "another"

    assert digest(ast.unparse(tree)) != digest(text)
