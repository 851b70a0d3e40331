"""Code identity: what is reached, what is not, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pytest

from symphony.compiler.identity import FixedSources, Identity, IdentityReader, ModuleSource, identity_of


def sources(files: Mapping[str, str]) -> FixedSources:
    """A project from its files, named by path without ``.py``; a bare text is the module ``tasks``."""
    modules = []
    for path, text in files.items():
        name = path.removesuffix("/__init__").replace("/", ".")
        modules.append(ModuleSource(name, f"{path}.py", dedent(text), is_package=path.endswith("__init__")))
    return FixedSources(*modules)


def identity(text: str, qualname: str = "run", **others: str) -> Identity:
    files = {"tasks": text, **{name.replace("__", "/", 1): other for name, other in others.items()}}
    return identity_of("tasks", qualname, sources(files))


def reached(found: Identity) -> list[str]:
    assert found.digest is not None, found.reason
    return [r.label() for r in found.reached]


REACHES = {
    "function of the same module": ("def run(): return f()\ndef f(): return 1", ["tasks.f()", "tasks.run()"]),
    "through two functions": (
        "def run(): return f()\ndef f(): return g()\ndef g(): return 1",
        ["tasks.f()", "tasks.g()", "tasks.run()"],
    ),
    "function passed on as a value": ("def run(x): return map(f, x)\ndef f(x): return x", ["tasks.f()", "tasks.run()"]),
    "recursion": (
        "def run(n): return run(n - 1) if n else even(n)\ndef even(n): return run(n)",
        ["tasks.even()", "tasks.run()"],
    ),
    "default argument": ("def run(x=f()): return x\ndef f(): return 1", ["tasks.f()", "tasks.run()"]),
    "decorator": ("def twice(f): return f\n@twice\ndef run(): return 1", ["tasks.run()", "tasks.twice()"]),
    "text as annotation": ('def run(x: "list[Row]"): return x\nclass Row: pass', ["class tasks.Row", "tasks.run()"]),
    "global through a global": ("A = 1\nB = A + 1\ndef run(): return B", ["tasks.A", "tasks.B", "tasks.run()"]),
    "class as a global's value": (
        "class C: pass\nX = C()\ndef run(): return X",
        ["class tasks.C", "tasks.X", "tasks.run()"],
    ),
    "base and decorator of a class": (
        "def deco(c): return c\nclass B: pass\n@deco\nclass C(B): pass\ndef run(): return C()",
        ["class tasks.B", "class tasks.C", "tasks.deco()", "tasks.run()"],
    ),
    "body of a lambda": ("run = lambda x: f(x)\ndef f(x): return x", ["tasks.f()", "tasks.run"]),
    "iterable of a comprehension": ("def run(): return [x for x in X]\nX = [1]", ["tasks.X", "tasks.run()"]),
    "name that a class body reads before binding it": (
        "limit = 1\nclass C:\n    limit = limit\ndef run(): return C",
        ["class tasks.C", "tasks.limit", "tasks.run()"],
    ),
    "nested function": (
        "def run():\n    def inner(): return f()\n    return inner()\ndef f(): return 1",
        ["tasks.f()", "tasks.run()"],
    ),
    "global declared in a function": (
        "def load():\n    global MODEL\n    MODEL = 1\ndef run(): return MODEL",
        ["tasks.MODEL", "tasks.run()"],
    ),
    "augmented global": ("X = 1\nX += Y\nY = 2\ndef run(): return X", ["tasks.X", "tasks.Y", "tasks.run()"]),
    "unpacked global": (
        "A, *B = f()\ndef f(): return 1, 2\ndef run(): return B",
        ["tasks.B", "tasks.f()", "tasks.run()"],
    ),
    "bound by a loop": ("T = {}\nfor i in range(3): T[i] = f(i)\ndef f(i): return i\ndef run(): return T",
                        ["tasks.T", "tasks.f()", "tasks.i", "tasks.run()"]),
    "walrus": (
        "if (X := f()) > 1: pass\ndef f(): return 1\ndef run(): return X",
        ["tasks.X", "tasks.f()", "tasks.run()"],
    ),
    "registered by a decorator": (
        "from functools import singledispatch\n@singledispatch\ndef show(x): return 1\n"
        "@show.register(int)\ndef _(x): return two\ntwo = 2\ndef run(x): return show(x)",
        ["tasks.run()", "tasks.show()", "tasks.two"],
    ),
    "parameter hides a global": ("x = 1\ndef run(x): return x", ["tasks.run()"]),
    "local hides a global": ("x = 1\ndef run():\n    x = 2\n    return x", ["tasks.run()"]),
    "comprehension hides a global": ("x = 1\ndef run(y): return [x for x in y]", ["tasks.run()"]),
    "attribute of the same name": ("size = 1\ndef run(y): return y.size", ["tasks.run()"]),
    "class body does not hide from methods": (
        "rate = 1\nclass C:\n    rate = 2\n    def m(self): return rate\ndef run(): return C",
        ["class tasks.C", "tasks.rate", "tasks.run()"],
    ),
    "builtins": ("def run(x): return sorted(len(y) for y in x)", ["tasks.run()"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REACHES.values(), ids=REACHES)
def test_definitions_reached_in_one_module(text: str, expected: list[str]) -> None:
    assert reached(identity(text)) == sorted(expected, key=lambda label: label.replace("class ", ""))


HELPER = "LIMIT = 1\ndef clean(x): return x + LIMIT\ndef other(x): return x\n"
CLEAN = ["tasks.run()", "util.LIMIT", "util.clean()"]
IMPORTS = {
    "module": ("import util\ndef run(x): return util.clean(x)", {"util": HELPER}),
    "module under another name": ("import util as u\ndef run(x): return u.clean(x)", {"util": HELPER}),
    "name": ("from util import clean\ndef run(x): return clean(x)", {"util": HELPER}),
    "name under another name": ("from util import clean as c\ndef run(x): return c(x)", {"util": HELPER}),
    "inside the function": ("def run(x):\n    from util import clean\n    return clean(x)", {"util": HELPER}),
    "module inside the function": ("def run(x):\n    import util as u\n    return u.clean(x)", {"util": HELPER}),
    "star": ("from util import *\ndef run(x): return clean(x)", {"util": HELPER}),
    "star after star": (
        "from hub import *\ndef run(x): return clean(x)",
        {"hub": "from util import *", "util": HELPER},
    ),
    "re-export": (
        "from hub import clean\ndef run(x): return clean(x)",
        {"hub": "from util import clean", "util": HELPER},
    ),
    "re-export of the module": (
        "import hub\ndef run(x): return hub.util.clean(x)",
        {"hub": "import util", "util": HELPER},
    ),
    "re-export under another name": (
        "from hub import tidy\ndef run(x): return tidy(x)",
        {"hub": "from util import clean as tidy", "util": HELPER},
    ),
    "only for types": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from util import clean\n"
        "def run(x: 'clean'): return x",
        {"util": HELPER},
    ),
}


@pytest.mark.parametrize(("text", "others"), IMPORTS.values(), ids=IMPORTS)
def test_imports_are_followed_to_the_definition(text: str, others: dict[str, str]) -> None:
    assert reached(identity(text, **others)) == CLEAN


PACKAGES = {
    "submodule": "import pkg.util\ndef run(x): return pkg.util.clean(x)",
    "submodule under another name": "import pkg.util as u\ndef run(x): return u.clean(x)",
    "submodule from its package": "from pkg import util\ndef run(x): return util.clean(x)",
    "name from a submodule": "from pkg.util import clean\ndef run(x): return clean(x)",
    "through the package": "from pkg import clean\ndef run(x): return clean(x)",
    "attribute of the package": "import pkg\ndef run(x): return pkg.clean(x)",
}


@pytest.mark.parametrize("text", PACKAGES.values(), ids=PACKAGES)
def test_packages_and_relative_imports_are_followed(text: str) -> None:
    found = identity_of(
        "tasks", "run", sources({"tasks": text, "pkg/__init__": "from .util import clean", "pkg/util": HELPER})
    )

    assert reached(found) == ["pkg.util.LIMIT", "pkg.util.clean()", "tasks.run()"]


@pytest.mark.parametrize("line", ["from . import util", "from .util import clean", "from ..pkg.util import clean"])
def test_relative_imports_start_at_the_package(line: str) -> None:
    call = "util.clean" if line.endswith("util") else "clean"
    files = {"top/pkg/tasks": f"{line}\ndef run(x): return {call}(x)", "top/pkg/util": HELPER, "top/pkg/__init__": ""}

    found = identity_of("top.pkg.tasks", "run", sources(files))

    assert reached(found) == ["top.pkg.tasks.run()", "top.pkg.util.LIMIT", "top.pkg.util.clean()"]


def test_folders_without_init_are_followed() -> None:
    files = {"tasks": "import a.b.util\ndef run(x): return a.b.util.clean(x)", "a/b/util": HELPER}

    assert reached(identity_of("tasks", "run", sources(files))) == ["a.b.util.LIMIT", "a.b.util.clean()", "tasks.run()"]


def test_import_cycles_end() -> None:
    found = identity(
        "from other import g\ndef run(x): return g(x)\ndef f(x): return x",
        other="from tasks import f, run\ndef g(x): return f(x) or run(x)",
    )

    assert reached(found) == ["other.g()", "tasks.f()", "tasks.run()"]


def test_names_imported_from_each_other_end() -> None:
    found = identity("from other import g\ndef run(x): return g(x)", other="from tasks import g")

    assert reached(found) == ["module other", "tasks.run()"]


def test_both_ways_of_a_fallback_import_are_reached() -> None:
    found = identity(
        "try:\n    from fast import parse\nexcept ImportError:\n    from slow import parse\n"
        "def run(x): return parse(x)",
        fast="def parse(x): return 1",
        slow="def parse(x): return 2",
    )

    assert reached(found) == ["fast.parse()", "slow.parse()", "tasks.parse", "tasks.run()"]


def test_method_includes_its_class_and_the_bases_of_the_project() -> None:
    """Semantics 31."""
    text = "from base import B\nclass C(B):\n    rate = 1\n    def run(self): return self.rate\n"

    found = identity(text, "C.run", base="class B:\n    def help(self): return 1")

    assert reached(found) == ["class base.B", "class tasks.C"]


def test_two_methods_of_a_class_have_different_identities() -> None:
    text = "class C:\n    def a(self): return 1\n    def b(self): return 2\n"

    assert identity(text, "C.a").digest != identity(text, "C.b").digest


def test_name_that_leads_to_a_module_as_a_value_includes_all_of_it() -> None:
    text = "import util\ndef run(name, x): return getattr(util, name)(x)"

    found = identity(text, util=HELPER)

    assert reached(found) == ["tasks.run()", "module util", "util.LIMIT"]
    assert [(n.kind, n.module, n.line, n.name) for n in found.notes] == [("dynamic-module", "tasks", 2, "util")]
    assert identity(text, util=HELPER.replace("other(x): return x", "other(x): return -x")).digest != found.digest


def test_attribute_that_a_module_makes_at_run_time_includes_all_of_it() -> None:
    found = identity(
        "import util\ndef run(): return util.made", util="def __getattr__(name): return f\ndef f(): return 1"
    )

    assert "module util" in reached(found)


@pytest.mark.parametrize("call", ["eval(text)", "globals()[text]()", "sys.modules[__name__].f"])
def test_dynamic_code_includes_the_whole_module_and_is_noted(call: str) -> None:
    text = f"import sys\ndef run(text): return {call}\ndef f(): return "

    found = identity(text + "1")

    assert reached(found) == ["module tasks", "tasks.run()"]
    assert found.digest != identity(text + "2").digest
    assert [n.kind for n in found.notes] == ["dynamic-code"]


def test_method_named_like_a_builtin_is_no_dynamic_code() -> None:
    """``model.eval()`` is no ``eval``."""
    found = identity("def run(model): return model.eval()\ndef f(): return 1")

    assert reached(found) == ["tasks.run()"]
    assert found.notes == ()


def test_relative_import_without_a_package_names_nothing_installed() -> None:
    assert identity("from .util import f\ndef run(): return f()").imports == ()


def test_import_by_a_constant_name_is_followed_and_by_a_computed_one_noted() -> None:
    found = identity("import importlib\ndef run(x): return importlib.import_module('util').clean(x)", util=HELPER)
    computed = identity("import importlib\ndef run(x): return importlib.import_module(x)", util=HELPER)

    assert "module util" in reached(found)
    assert [n.kind for n in computed.notes] == ["dynamic-import"]


def test_import_for_its_effect_inside_a_function_includes_the_module() -> None:
    assert "module plugin" in reached(identity("def run():\n    import plugin\n    return 1", plugin="print(1)"))


def test_imports_are_the_installed_modules_that_reached_code_uses() -> None:
    """Semantics 32: their versions enter the key; the standard library and Symphony have none of their own."""
    found = identity(
        """
        import json, os.path, torch
        import numpy as np
        from sklearn.linear_model import Ridge
        from symphony import operator
        from util import load

        @operator
        def run(x):
            import yaml.nodes
            return json, os.path, np.mean(x), Ridge, load(x), yaml.nodes
        """,
        util="import pandas as pd, requests\ndef load(x): return pd.read_csv(x)",
    )

    assert found.imports == ("numpy", "pandas", "sklearn", "yaml")


def test_star_import_of_an_installed_module_counts_for_unknown_names() -> None:
    found = identity("from numpy import *\ndef run(x): return mean(x)")

    assert found.imports == ("numpy",)
    assert [(n.kind, n.name) for n in found.notes] == [("star-import", "mean")]


def test_changed_global_is_noted_where_it_is_bound() -> None:
    found = identity(
        "SEEN = {}\nNAMES = []\ndef run(x):\n    SEEN[x] = 1\n    return NAMES\ndef f():\n    NAMES.append(1)"
    )

    assert [(n.kind, n.name, n.line) for n in found.notes] == [
        ("mutable-global", "SEEN", 1),
        ("mutable-global", "NAMES", 2),
    ]
    assert found.notes[0].message.startswith("SEEN is changed at line 4")


@pytest.mark.parametrize(
    "text",
    [
        "SEEN = {}\ndef run(x): return SEEN.get(x)",
        "SEEN = []\ndef run(x):\n    SEEN = []\n    SEEN.append(x)\n    return SEEN",
        "SEEN = ()\ndef run(x): return SEEN",
    ],
    ids=["only read", "a local of the same name", "cannot change"],
)
def test_global_that_nobody_changes_is_not_noted(text: str) -> None:
    assert identity(text).notes == ()


def test_rebound_global_is_noted() -> None:
    found = identity("count = 0\ndef run():\n    global count\n    count += 1\n    return count")

    assert [(n.kind, n.name) for n in found.notes] == [("mutable-global", "count")]


def test_function_inside_another_has_no_identity() -> None:
    found = identity("def run():\n    def inner(): return 1\n    return inner", "run.<locals>.inner")

    assert found.digest is None
    assert found.reason == "tasks:run.<locals>.inner lies inside another function, so it cannot be loaded by name"


def test_missing_source_turns_caching_off_and_says_so() -> None:
    """Semantics 33."""
    found = identity_of("_json", "scan", FixedSources())

    assert found == Identity(None, "no source found for _json:scan; declare a version to turn caching on")


def test_name_that_is_not_in_the_text_has_no_source() -> None:
    found = identity("exec('def run(): return 1')")

    assert found.digest is None
    assert found.reason == "no source found for run in tasks.py; declare a version to turn caching on"


def test_declared_version_stands_for_missing_source() -> None:
    """Semantics 32, 33: outside the project, identity is name and declared version."""
    one = identity_of("_json", "scan", FixedSources(), version="1.0.0")

    assert one.digest is not None
    assert one.reason == "no source found for _json:scan; its version 1.0.0 stands for its code"
    assert one.digest == identity_of("_json", "scan", FixedSources(), version="1.0.0").digest
    assert len({one.digest, *(identity_of(*a, FixedSources(), version=v).digest for a, v in [
        (("_json", "scan"), "1.0.1"), (("_json", "load"), "1.0.0"), (("json", "scan"), "1.0.0")])}) == 4  # fmt: skip


@pytest.mark.parametrize("name", ["tasks", "util"])
def test_module_that_cannot_be_parsed_is_named_with_its_place(name: str) -> None:
    files = {"tasks": "from util import f\ndef run(): return f()", "util": "def f(): return 1\n"}
    files[name] = "\n" + files[name] + "\ndef broken(:\n"

    found = identity_of("tasks", "run", sources(files))

    assert found.digest is None
    assert found.reason.startswith(f"{name}.py:4: not valid Python: ")


def test_deep_nesting_does_not_crash() -> None:
    deep = identity("def run(x): return " + " + ".join(["x"] * 500))
    deeper = identity("def run(x): return " + "(" * 500 + "x" + ")" * 500)

    assert deep.digest is not None
    assert deeper.reason.startswith("tasks.py:1: not valid Python")


KEEPS_NAMES = {
    "locals()": "return '{total}'.format(**locals())",
    "vars()": "return vars()",
    "eval": "return eval(code)",
    "frames": "return inspect.currentframe().f_locals",
    "text that names it": "return frame.query('price > @total')",
}


@pytest.mark.parametrize("line", KEEPS_NAMES.values(), ids=KEEPS_NAMES)
def test_locals_keep_their_names_where_code_may_look_at_them(line: str) -> None:
    text = "def run(frame, code):\n    {} = 1\n    " + line.replace("{", "{{").replace("}", "}}")

    assert identity(text.format("total")).digest != identity(text.format("summed")).digest


@pytest.mark.parametrize(
    "text",
    [
        "def run(rows):\n    {} = rows['total']\n    return {{'total': {}}}",
        "def run(rows):\n    {} = 1\n    print(f'total {{rows}}', {})",
        "def run(rows):\n    {} = 1\n    raise ValueError('total', {})",
        "def run(rows):\n    {} = rows.get('total')\n    return {} == 'total'",
    ],
    ids=["keys", "printed", "raised", "compared"],
)
def test_texts_that_are_only_texts_do_not_hold_names_fast(text: str) -> None:
    assert identity(text.format("total", "total")).digest == identity(text.format("summed", "summed")).digest


def test_nested_scopes_are_told_apart() -> None:
    one = "def run(x):\n    a = x\n    def f():\n        b = 1\n        return a\n    return f"
    other = "def run(x):\n    a = x\n    def f():\n        b = 1\n        return b\n    return f"
    renamed = "def run(x):\n    s = x\n    def f():\n        t = 1\n        return s\n    return f"

    assert identity(one).digest != identity(other).digest
    assert identity(one).digest == identity(renamed).digest


def test_local_that_hides_an_outer_one_is_another_name() -> None:
    inner = "def run(x):\n    a = x\n    def f():\n        {} = 1\n        return a\n    return f, a"

    assert identity(inner.format("a")).digest != identity(inner.format("b")).digest


@pytest.mark.parametrize("reads", ["f.__doc__", "inspect.getdoc(f)", "getattr(f, '__doc__')", "help(f)"])
def test_docstrings_count_where_code_may_read_them(reads: str) -> None:
    text = 'import inspect\ndef run(): return {}\ndef f():\n    """{}"""\n'

    assert identity(text.format(reads, "A")).digest != identity(text.format(reads, "B")).digest


def test_docstring_of_the_module_counts_where_it_is_read() -> None:
    text = '"""{}"""\ndef run(): return __doc__'

    assert identity(text.format("A")).digest != identity(text.format("B")).digest


@pytest.mark.parametrize(
    "text",
    [
        'import dspy\nclass S(dspy.Signature):\n    """{}"""\ndef run(): return S',
        'import dspy\nclass P(dspy.Signature): x = 1\nclass S(P):\n    """{}"""\ndef run(): return S',
        'from agents import tool\n@tool\ndef f():\n    """{}"""\ndef run(): return f',
    ],
    ids=["base", "base of a base", "decorator"],
)
def test_docstrings_that_installed_code_is_handed_count(text: str) -> None:
    """A docstring may be a prompt or a schema there."""
    assert identity(text.format("Be short.")).digest != identity(text.format("Be long.")).digest


ORDERS = {
    "rebinding": ("Y = 1\nX = Y\nY = 2\ndef run(): return X", "Y = 1\nY = 2\nX = Y\ndef run(): return X"),
    "changing": (
        "Y = [1]\nX = len(Y)\nY.append(2)\ndef run(): return X",
        "Y = [1]\nY.append(2)\nX = len(Y)\ndef run(): return X",
    ),
    "two bindings": ("X = 1\nX = 2\ndef run(): return X", "X = 2\nX = 1\ndef run(): return X"),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ORDERS.values(), ids=ORDERS)
def test_order_counts_where_several_statements_make_a_name(one: str, other: str) -> None:
    assert identity(one).digest != identity(other).digest


SWAPS = {
    "names of one module": ("from util import a, b", "from util import a as b, b as a"),
    "outside names": ("from math import floor as a, ceil as b", "from math import floor as b, ceil as a"),
    "modules": ("import m1 as a, m2 as b", "import m2 as a, m1 as b"),
}


@pytest.mark.parametrize(("one", "other"), SWAPS.values(), ids=SWAPS)
def test_where_each_name_leads_is_part_of_it(one: str, other: str) -> None:
    modules = {"util": "def a(): return 1\ndef b(): return 2", "m1": "def f(): return 1", "m2": "def f(): return 1"}
    body = (
        "\ndef run(x): return a(x) - b(x)"
        if "as b" not in one or "math" in one
        else "\ndef run(): return a.f() - b.f()"
    )

    assert identity(one + body, **modules).digest != identity(other + body, **modules).digest


def test_re_exports_swapped_in_the_package_count() -> None:
    tasks = "import hub\ndef run(): return hub.a() - hub.b()"
    util = "def a(): return 1\ndef b(): return 2"

    one = identity(tasks, hub="from util import a, b", util=util)
    other = identity(tasks, hub="from util import a as b, b as a", util=util)

    assert one.digest != other.digest


class CountingSources(FixedSources):
    """Notes which modules are asked for."""

    def __init__(self, *modules: ModuleSource) -> None:
        super().__init__(*modules)
        self.asked: list[str] = []

    def module(self, name: str) -> ModuleSource | None:
        self.asked.append(name)
        return super().module(name)


def test_reader_asks_for_a_module_once_for_all_its_players() -> None:
    text = "import json\nfrom symphony import operator\n" + "".join(
        f"@operator\ndef p{i}(x): return json, {i}\n" for i in range(50)
    )
    tree = CountingSources(ModuleSource("tasks", "tasks.py", text))
    reader = IdentityReader(tree)

    digests = {reader.identity_of("tasks", f"p{i}").digest for i in range(50)}

    assert len(digests) == 50
    assert tree.asked.count("tasks") == 1
    assert "symphony" not in tree.asked


def test_place_of_the_project_has_no_part_in_it() -> None:
    text = "def run(): return 1"

    here = identity_of("tasks", "run", FixedSources(ModuleSource("tasks", "tasks.py", text)))
    there = identity_of("tasks", "run", FixedSources(ModuleSource("tasks", "src/tasks.py", text)))

    assert here.digest == there.digest


def test_reached_says_where_it_stands() -> None:
    found = identity("import a\n\n@a.b(\n    1)\ndef run():\n    return 1\n").reached[0]

    assert (found.kind, found.module, found.qualname, found.file) == ("function", "tasks", "run", "tasks.py")
    assert (found.line, found.end_line) == (3, 6)
    assert len(found.digest) == 64
