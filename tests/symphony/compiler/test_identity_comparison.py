"""Code identity: the first difference, in words."""

from __future__ import annotations

import pytest

from symphony.compiler.identity import FixedSources, ModuleSource, compare, identity_of

TEXT = """\
from util import clean
LIMIT = 10


class Row:
    size = 1


def helper(x):
    # a remark
    if x:
        for y in x:
            clean(y)
            print(y)
    return x


def run(x, n=LIMIT):
    return helper(Row(x))
"""
UTIL = "def clean(y):\n    return y\n"


def tree(text: str, util: str = UTIL) -> FixedSources:
    return FixedSources(ModuleSource("tasks", "tasks.py", text), ModuleSource("util", "util.py", util))


def difference(before: FixedSources, after: FixedSources, *, with_texts: bool = True) -> str | None:
    old, new = (identity_of("tasks", "run", t).reached for t in (before, after))
    return compare(old, new, before_tree=before, after_tree=after) if with_texts else compare(old, new)


CHANGES = {
    "expression in a loop": ("clean(y)\n", "clean(-y)\n", "tasks.helper() line 13"),
    "statement added": ("print(y)\n", "print(y)\n            x = y\n", "tasks.helper() line 15"),
    "statement removed": ("            print(y)\n", "", "tasks.helper() line 13"),
    "condition": ("if x:", "if not x:", "tasks.helper() line 11"),
    "statement of another kind": ("for y in x", "while y in x", "tasks.helper() line 12"),
    "global": ("LIMIT = 10", "LIMIT = 11", "tasks.LIMIT line 2"),
    "class body": ("size = 1", "size = 2", "class tasks.Row line 6"),
    "parameter": ("run(x, n=LIMIT)", "run(x, m=LIMIT)", "tasks.run() line 18"),
    "lines moved down": ("LIMIT = 10\n", "# one\n# more\nLIMIT = 11\n", "tasks.LIMIT line 4"),
    "bound again": ("LIMIT = 10\n", "LIMIT = 10\nLIMIT = 11\n", "tasks.LIMIT line 3"),
    "first of two definitions": ("print(y)\n    return x", "print(x)\n    return -x", "tasks.helper() line 14"),
}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES.values(), ids=CHANGES)
def test_changed_definition_is_named_with_its_line(old: str, new: str, expected: str) -> None:
    """Semantics 34: a refusal names the first difference."""
    assert old in TEXT
    assert difference(tree(TEXT), tree(TEXT.replace(old, new, 1))) == expected


def test_change_in_another_module_is_named_there() -> None:
    assert difference(tree(TEXT), tree(TEXT, "def clean(y):\n\n    return -y\n")) == "util.clean() line 3"


def test_without_the_texts_the_definition_alone_is_named() -> None:
    assert difference(tree(TEXT), tree(TEXT.replace("if x:", "if not x:")), with_texts=False) == "tasks.helper()"


def test_equal_code_has_no_difference() -> None:
    assert difference(tree(TEXT), tree(TEXT.replace("# a remark", "# another remark"))) is None


def test_change_comes_before_what_it_brings_along() -> None:
    changed = TEXT.replace("print(y)", "extra(y)") + "\n\ndef extra(y): return y\n"

    assert difference(tree(TEXT), tree(changed)) == "tasks.helper() line 14"


def test_name_that_leads_elsewhere_is_a_change_of_its_user() -> None:
    before = tree(TEXT, "def clean(y): return y\ndef tidy(y): return y\n")
    after = tree(
        TEXT.replace("import clean", "import tidy as clean"), "def clean(y): return y\ndef tidy(y): return y\n"
    )

    assert difference(before, after) == "tasks.helper()"


def test_definitions_that_come_and_go_are_named() -> None:
    reached = identity_of("tasks", "run", tree(TEXT)).reached

    assert compare(reached[1:], reached) == "tasks.LIMIT is new"
    assert compare(reached, reached[:-1]) == "util.clean() is gone"
