"""Reading survives anything: whatever the bytes, the answer is a draft with placed diagnostics, never an exception.

A few seconds by default; a minute with SYMPHONY_LONG=1.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.define.yaml_reader import Draft, read_yaml
from symphony.define.yaml_writer import edit_yaml, save
from symphony.errors import ExpressionError, MelodyError
from symphony.model.template import OPEN, parse_text

HERE = Path(__file__).parent
SEEDS = [f.read_bytes() for f in sorted([*(HERE / "broken").glob("*.yaml"), *(HERE / "good").glob("*.yaml")])]
SECONDS = 60.0 if os.environ.get("SYMPHONY_LONG") else 3.0
PIECES = [
    b"${{", b"}}", b": ", b"- ", b"\n", b"\r\n", b"\t", b"'", b'"', b"[", b"]", b"{", b"}", b"&a ", b"*a", b"!t ",
    b"!!int ",
    b"|\n", b">-\n", b"? ", b"# ", b"%YAML 1.2\n", b"---\n", b"...\n", b"\xef\xbb\xbf", b"\x00", b"\xff",
    b"\xe2\x80\xa8",
    b"\xc2\x85", b"each: ", b"with:\n", b"<<: ", b"null", b".nan", b"0x", b"9" * 30, b"\\", b"\\u12", b"tasks.a",
    b"product",
]  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS)[:4_000])
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            data[at:at] = chance.choice(PIECES)
        elif kind == 1:
            del data[at : at + chance.randint(1, 12)]
        elif kind == 2 and data:
            data[at % len(data)] = chance.randrange(256)
        else:
            other = chance.choice(SEEDS)
            start = chance.randrange(len(other) + 1)
            data[at : at + chance.randint(0, 20)] = other[start : start + chance.randint(1, 60)]
    return bytes(data)


def check(draft: Draft) -> None:
    assert draft.melody is not None or draft.diagnostics
    assert all(d.span is not None and d.code.startswith("SYM1") and d.message for d in draft.diagnostics)
    if draft.melody is not None:
        assert not draft.broken & set(draft.melody.tasks)
        for name, task in draft.melody.tasks.items():
            assert draft.melody.source.locate(("tasks", name)) is not None
            for port in task.inputs:
                assert draft.melody.source.expression_at(("tasks", name, "with", port), 0, 3) or True


def test_mutated_files_give_drafts_and_nothing_else() -> None:
    chance = random.Random(20_240_607)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        data = mutated(chance)
        try:
            check(read_yaml(data, "m.yaml"))
        except Exception as error:
            raise AssertionError(f"reading {data!r} raised") from error


def test_mutated_files_can_be_edited_and_saved_or_are_refused() -> None:
    chance = random.Random(7)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        data = mutated(chance)
        draft = read_yaml(data, "m.yaml")
        if draft.melody is None:
            continue
        text = data.decode()
        try:
            assert save(draft.melody, text) == text
            edited = edit_yaml(text, ("version",), "9.9.9")
            again = read_yaml(edited, "m.yaml").melody
            assert again is not None
            assert again.version == "9.9.9"
        except MelodyError:
            pass
        except Exception as error:
            raise AssertionError(f"changing {data!r} raised") from error


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_and_any_text_give_a_draft(data: bytes | str) -> None:
    check(read_yaml(data, "m.yaml"))


CEL = st.text(st.sampled_from("abc_0129.?[](){}:,+-*/%!<>=&|\"'\\ \n\teExXuUrRb$@#é"), max_size=60)


@given(CEL)
@settings(max_examples=400, deadline=None)
def test_any_text_parses_or_is_refused_with_its_place(text: str) -> None:
    for whole in (text, f"{OPEN}{text}}}}}", f"a {OPEN}{text}}}}} b {OPEN} x }}}}"):
        offset = 0
        try:
            parse_text(whole)
        except ExpressionError as error:
            offset = error.offset
        assert 0 <= offset <= len(whole)


@pytest.mark.parametrize(
    "text",
    ["a" + ".b" * 4_000, "1" + "+1" * 4_000, "!" * 5_000 + "a", "-" * 5_000 + "1", "(" * 5_000, "[" * 5_000,
     "a" + "[0]" * 3_000,
     "a?" * 3_000, "x.map(a," * 500, "9" * 9_000, "0x" + "f" * 9_000, '"' + "\\" * 9_000, "a" * 20_000, "{" * 5_000],
    ids=lambda t: t[:6],
)  # fmt: skip
def test_a_hostile_expression_is_refused(text: str) -> None:
    for whole in (f"{OPEN}{text}}}}}", f"a {OPEN}{text}}}}}"):
        with pytest.raises(ExpressionError):
            parse_text(whole)


def test_text_with_very_many_expressions_is_refused() -> None:
    with pytest.raises(ExpressionError, match="at most 100 expressions"):
        parse_text("${{ item }}, " * 500)
