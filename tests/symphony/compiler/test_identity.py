"""Code identity: edits that change meaning change it, edits that do not keep it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from symphony.compiler.identity import FixedSources, Identity, ModuleSource, identity_of

TASKS = '''"""Tasks of the report."""

from __future__ import annotations

import json
import math as m
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from symphony import operator

from shop import tidy
from shop.prices import base_price, Discount
from shop.rates import *

LIMIT = 10
FACTORS = {"eur": 1.0, "usd": 1.1}
if m.pi > 3:
    MODE = "round"
else:
    MODE = "flat"


def weight(row: dict[str, float], power: int = 2) -> float:
    """Weigh a row."""
    return float(row["w"]) ** power


@dataclass
class Line:
    """One line."""

    name: str
    total: float = 0.0

    def label(self) -> str:
        return f"{self.name}: {self.total:.2f}"


def world(inputs: object) -> str:
    return "v1"


@operator(version="1.0.0", retry=3, timeout="30s", env=("API",), fingerprint=world)
def price(rows: list[dict[str, float]], currency: str = "eur", *, top: int = LIMIT) -> list[Line]:
    """Price the rows.

    Args:
        rows: what is sold.
    """
    # the sum so far
    total = 0.0
    lines = []
    for row in rows[:top]:
        share = weight(row) * FACTORS[currency]
        if share > 1 and not row.get("free"):
            total += base_price(share)
            continue
        try:
            total -= Discount(share).amount() + vat()
        except (ValueError, KeyError) as error:
            raise RuntimeError(f"bad row {row!r:>10}") from error
    with Path("x") as handle:
        lines += [Line(tidy(name), total) for name in handle.parts if name]
    if MODE == "round":
        total = np.round(total, 2)
    return lines or [Line("none", -1)]


def unrelated() -> int:
    return 1


if __name__ == "__main__":
    print(price([]))
'''
PROJECT = {
    "tasks": TASKS,
    "shop/__init__": "from .names import tidy\n",
    "shop/names": "SEPARATOR = ' '\n\n\ndef tidy(name):\n    return name.strip().replace('_', SEPARATOR)\n",
    "shop/prices": (
        "class Base:\n    rate = 0.1\n\n    def amount(self):\n        return self.value * self.rate\n\n\n"
        "class Discount(Base):\n    def __init__(self, value):\n        self.value = value\n\n\n"
        "def base_price(share):\n    return share + 1\n"
    ),
    "shop/rates": "VAT = 0.19\n\n\ndef vat():\n    return VAT\n",
}


def sources(files: Mapping[str, str]) -> FixedSources:
    """A project from its files, named by path without ``.py``."""
    modules = []
    for path, text in files.items():
        name = path.removesuffix("/__init__").replace("/", ".")
        modules.append(ModuleSource(name, f"{path}.py", text, is_package=path.endswith("__init__")))
    return FixedSources(*modules)


def identity(files: Mapping[str, str] = PROJECT, qualname: str = "price", *, version: str = "1.0.0") -> Identity:
    found = identity_of("tasks", qualname, sources(files), version=version)
    assert found.digest is not None, found.reason
    return found


def edited(old: str, new: str, file: str = "tasks") -> dict[str, str]:
    assert old in PROJECT[file], f"{old!r} is not in {file}"
    return {**PROJECT, file: PROJECT[file].replace(old, new, 1)}


MEANING = {
    "constant in body": ("share > 1", "share > 2"),
    "integer becomes float": ("share > 1", "share > 1.0"),
    "integer becomes boolean": ("share > 1", "share > True"),
    "text becomes bytes": ('"free"', 'b"free"'),
    "sign of a constant": ('Line("none", -1)', 'Line("none", 1)'),
    "operator": ("total += base", "total -= base"),
    "comparison": ("share > 1", "share >= 1"),
    "boolean operator": ("share > 1 and not", "share > 1 or not"),
    "negation dropped": ("and not row", "and row"),
    "order of statements": ("total = 0.0\n    lines = []", "lines = []\n    total = 0.0"),
    "statement removed": ("            continue\n", ""),
    "statement moved out of the loop": ("            continue\n", "            break\n"),
    "argument dropped": ("np.round(total, 2)", "np.round(total)"),
    "attribute of an outside module": ("np.round", "np.floor"),
    "argument becomes keyword": ("np.round(total, 2)", "np.round(total, decimals=2)"),
    "slice bound": ("rows[:top]", "rows[top:]"),
    "default of a parameter": ('currency: str = "eur"', 'currency: str = "usd"'),
    "default through a constant": ("LIMIT = 10", "LIMIT = 11"),
    "parameter renamed": ("*, top: int = LIMIT) -> list[Line]:", "*, most: int = LIMIT, top: int = 1) -> list[Line]:"),
    "parameter keyword-only": ("*, top: int = LIMIT", "top: int = LIMIT"),
    "annotation of a parameter": ("*, top: int", "*, top: float"),
    "annotation of the result": ("-> list[Line]:", "-> tuple[Line, ...]:"),
    "global value": ('"usd": 1.1', '"usd": 1.2'),
    "condition around a global": ("if m.pi > 3", "if m.pi > 4"),
    "branch of a conditional global": ('MODE = "round"', 'MODE = "flat"'),
    "helper's body": ('row["w"]', 'row["weight"]'),
    "helper's default": ("power: int = 2", "power: int = 3"),
    "class field default": ("total: float = 0.0", "total: float = 1.0"),
    "class method": ("{self.total:.2f}", "{self.total:.3f}"),
    "class decorator": ("@dataclass\nclass", "@dataclass(order=True)\nclass"),
    "f-string conversion": ("{row!r:>10}", "{row!s:>10}"),
    "f-string text": ("bad row ", "bad line "),
    "exception caught": ("(ValueError, KeyError)", "ValueError"),
    "exception raised": ("raise RuntimeError", "raise ValueError"),
    "cause dropped": (" from error", ""),
    "filter of a comprehension": ("for name in handle.parts if name]", "for name in handle.parts]"),
    "environment variable": ('env=("API",)', 'env=("API", "KEY")'),
    "fingerprint dropped": (", fingerprint=world", ""),
    "fingerprint's body": ('return "v1"', 'return "v2"'),
    "outputs": ("retry=3,", "outputs=True,"),
    "codec": ("retry=3,", 'codec="json",'),
    "decorator added to a helper": ("def weight", "@np.vectorize\ndef weight"),
    "function becomes async": ("def price(", "async def price("),
    "local becomes global": ("    total = 0.0\n    lines", "    global total\n    total = 0.0\n    lines"),
    "one of two locals is used for the other": ("[Line(tidy(name), total)", "[Line(tidy(name), share)"),
    "import leads elsewhere": ("import numpy as np", "import cupy as np"),
    "names of an import swapped": (
        "from shop.prices import base_price, Discount",
        "from shop.prices import base_price as Discount, Discount as base_price",
    ),
    "text that is a local's name": ('row.get("free")', 'row.get("total")'),
    "helper defined twice": ("def unrelated", "def weight(row):\n    return 1.0\n\n\ndef unrelated"),
    "global changed at the top level": ("\n\ndef unrelated", '\n\nFACTORS["eur"] = 2\n\n\ndef unrelated'),
    "module changed at the top level": ("\n\ndef unrelated", '\n\nnp.seterr(all="raise")\n\n\ndef unrelated'),
}
ELSEWHERE = {
    "re-exported helper": ("shop/names", "strip()", "rstrip()"),
    "constant of a re-exported helper": ("shop/names", "' '", "'-'"),
    "re-export leads elsewhere": ("shop/__init__", "from .names import tidy", "from .prices import base_price as tidy"),
    "imported function": ("shop/prices", "share + 1", "share + 2"),
    "base class": ("shop/prices", "self.value * self.rate", "self.value - self.rate"),
    "attribute of a base class": ("shop/prices", "rate = 0.1", "rate = 0.2"),
    "imported class": ("shop/prices", "self.value = value", "self.value = -value"),
    "base class exchanged": ("shop/prices", "Discount(Base)", "Discount(object)"),
    "behind a star import": ("shop/rates", "return VAT", "return VAT * 2"),
    "constant behind a star import": ("shop/rates", "0.19", "0.07"),
}


@pytest.mark.parametrize(("old", "new"), MEANING.values(), ids=MEANING)
def test_edit_that_changes_meaning_changes_the_digest(old: str, new: str) -> None:
    """Semantics 31: the identity follows the syntax tree and everything of the project that it reaches."""
    assert identity(edited(old, new)).digest != identity().digest


@pytest.mark.parametrize(("file", "old", "new"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_edit_in_another_module_changes_the_digest(file: str, old: str, new: str) -> None:
    """Semantics 31: methods include their class and its bases; globals enter by value."""
    assert identity(edited(old, new, file)).digest != identity().digest


def test_every_edit_that_changes_meaning_gives_a_digest_of_its_own() -> None:
    edits = [edited(*e) for e in MEANING.values()] + [edited(o, n, f) for f, o, n in ELSEWHERE.values()]

    digests = {identity(files).digest for files in edits}

    assert len(digests) == len(edits) >= 30


COSMETIC = {
    "comment changed": ("# the sum so far", "# what was summed up to here"),
    "comment added": ("    lines = []\n", "    lines = []  # found so far\n"),
    "blank lines": ("    lines = []\n", "\n    lines = []\n\n"),
    "spacing": ("share > 1 and not", "share>1  and  not"),
    "parentheses": ("return lines or", "return (lines) or"),
    "trailing comma and line breaks": ("np.round(total, 2)", "np.round(\n        total,\n        2,\n    )"),
    "quotes": ('"free"', "'free'"),
    "text in two pieces": ('"none"', '"no" "ne"'),
    "f-string in two pieces": ('f"bad row {row!r:>10}"', 'f"bad " f"row {row!r:>10}"'),
    "prefix of a text": ('"free"', 'u"free"'),
    "number written otherwise": ("LIMIT = 10", "LIMIT = 0xA"),
    "docstring changed": ("Price the rows.", "Give each row a price."),
    "docstring removed": ('    """Weigh a row."""\n', ""),
    "docstring added": ("def tidy(name):\n", 'def tidy(name):\n    """Tidy up."""\n'),
    "class docstring": ("One line.", "A line."),
    "module docstring": ("Tasks of the report.", "The report's tasks."),
    "local renamed": ("total", "summed"),
    "loop variable renamed": ("row in rows", "row in rows"),
    "comprehension variable renamed": ("[Line(tidy(name), total) for name in handle.parts if name]",
                                       "[Line(tidy(part), total) for part in handle.parts if part]"),
    "exception variable renamed": (") as error:\n            raise RuntimeError(f\"bad row {row!r:>10}\") from error",
                                   ") as e:\n            raise RuntimeError(f\"bad row {row!r:>10}\") from e"),
    "with variable renamed": ('as handle:\n        lines += [Line(tidy(name), total) for name in handle',
                              'as h:\n        lines += [Line(tidy(name), total) for name in h'),
    "pass added": ("            continue\n", "            pass\n            continue\n"),
    "semicolon": ("total = 0.0\n    lines", "total = 0.0; lines"),
    "type comment": ("    lines = []\n", "    lines = []  # type: list[Line]\n"),
    "another function changed": ("def unrelated() -> int:\n    return 1", "def unrelated() -> int:\n    return 2"),
    "another function removed": ("def unrelated() -> int:\n    return 1\n", ""),
    "another global added": ("LIMIT = 10\n", "LIMIT = 10\nOTHER = 11\n"),
    "unused import added": ("import json\n", "import json\nimport os\n"),
    "unused import removed": ("import json\n", ""),
    "import written otherwise": ("from shop import tidy", "from shop.names import tidy"),
    "block that runs as a program": ("print(price([]))", "print(price([{}]))"),
    "retry": ("retry=3", "retry=5"),
    "timeout": (', timeout="30s"', ""),
    "all policies": ("retry=3,", 'cpus=2, memory="1GB", isolation="process", cache=False, tags=["a"],'),
    "order of options": ('env=("API",), fingerprint=world', 'fingerprint=world, env=("API",)'),
    "kind of player": ("import operator\n", "import instrument as operator\n"),
    "decorator through the package": ("from symphony import operator\n", "import symphony\n"),
}  # fmt: skip


def cosmetic(name: str) -> dict[str, str]:
    old, new = COSMETIC[name]
    if name == "local renamed":
        body = TASKS.index("def price")
        return {**PROJECT, "tasks": TASKS[:body] + TASKS[body:].replace(old, new)}
    if name == "loop variable renamed":
        body = TASKS.index("def price")
        text = TASKS[body:].replace("for row in", "for r in").replace("(row)", "(r)").replace("row.get", "r.get")
        return {**PROJECT, "tasks": TASKS[:body] + text.replace("{row!r", "{r!r")}
    files = edited(old, new, "shop/names" if old.startswith("def tidy") else "tasks")
    if name == "decorator through the package":
        files["tasks"] = files["tasks"].replace("@operator(", "@symphony.operator(")
    return files


@pytest.mark.parametrize("name", COSMETIC)
def test_cosmetic_edit_keeps_the_digest(name: str) -> None:
    """Semantics 31: layout, comments, docstrings and names of locals have no part in it."""
    files = cosmetic(name)

    assert files != PROJECT
    assert identity(files).digest == identity().digest


def test_there_are_enough_cosmetic_edits() -> None:
    assert len(COSMETIC) >= 15


def test_order_of_definitions_is_cosmetic() -> None:
    start, end = TASKS.index("def weight"), TASKS.index("@dataclass\n")
    moved = TASKS[:start] + TASKS[end:] + "\n\n" + TASKS[start:end]

    assert identity({**PROJECT, "tasks": moved}).digest == identity().digest


def test_declared_version_is_part_of_it() -> None:
    assert identity(version="1.0.1").digest != identity(version="1.0.0").digest


def test_player_called_by_a_player_is_reached_as_a_plain_function() -> None:
    files = {"tasks": "from symphony import operator\n@operator(retry=3)\ndef a(x):\n    return x + 1\n"
                      "@operator\ndef b(x):\n    return a(x)\n"}  # fmt: skip
    policy = {"tasks": files["tasks"].replace("retry=3", "retry=9")}
    body = {"tasks": files["tasks"].replace("x + 1", "x + 2")}

    assert identity(policy, "b").digest == identity(files, "b").digest
    assert identity(body, "b").digest != identity(files, "b").digest


def test_options_that_cannot_be_read_are_kept() -> None:
    text = (
        "from symphony import operator\nOPTIONS = {{'retry': {}}}\n@operator(**OPTIONS)\ndef price(x):\n    return x\n"
    )

    assert identity({"tasks": text.format(1)}).digest != identity({"tasks": text.format(2)}).digest


def test_digest_is_the_same_on_every_python_and_machine() -> None:
    """Semantics 31: our own serialisation.

    A new value here makes every kept result unreachable, so FORMAT must be raised with it.
    """
    assert identity().digest == "5339319b8deb9c5bc7184a546bf952e5681f50e369e19572ad1f69eee5331329"


@pytest.mark.parametrize("seed", ["0", "1", "42"])
def test_digest_does_not_depend_on_the_hash_seed(seed: str) -> None:
    program = (
        "import sys, json\n"
        "from symphony.compiler.identity import FixedSources, ModuleSource, identity_of\n"
        "modules = [ModuleSource(*m) for m in json.load(sys.stdin)]\n"
        "found = identity_of('tasks', 'price', FixedSources(*modules), version='1.0.0')\n"
        "print(found.digest, [r.label() for r in found.reached], found.imports)\n"
    )
    here = identity()

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=_as_json(), env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(p for p in sys.path if p)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == f"{here.digest} {[r.label() for r in here.reached]} {here.imports}"


def _as_json() -> str:
    tree = sources(PROJECT)
    found = [tree.module(p.removesuffix("/__init__").replace("/", ".")) for p in PROJECT]
    return json.dumps([[m.name, m.file, m.text, m.is_package] for m in found if m is not None])
