"""Rules of the semantics that belong to no single module, each through the public road."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony import bootstrap
from symphony.runtime.network import Network

PLAYERS = """
import os, pathlib
from typing import Any
from symphony import Context, operator

@operator(version="1.0.0", env=["SEMANTICS_SEEN"])
def seen() -> str:
    return os.environ.get("SEMANTICS_SEEN", "") + os.environ.get("SEMANTICS_UNSEEN", "")

@operator(version="1.0.0")
def spread(*parts: str) -> str:
    return "".join(parts)

@operator(version="1.0.0", retry=4, timeout="1m")
async def patient(n: int) -> int:
    return n

@operator(version="1.0.0", cache=False)
def who(ctx: Context) -> str:
    return ctx.idempotency_key

@operator(version="1.0.0", cache=False)
def looks(n: int, ctx: Context) -> str:
    from symphony.store.store import Store

    with Store.open(pathlib.Path(".symphony")) as other:
        return " ".join(sorted(f"{c.task} {c.state}" for c in other.calls(ctx.run_id)))

@operator(version="1.0.0")
def one(n: int) -> int:
    return n + 1
"""
count = 0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    global count
    count += 1
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / f"semantics_{count}.py").write_text(PLAYERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def melody(project: Path, tasks: str, name: str = "m.yaml", outputs: str = "{}") -> str:
    text = tasks.replace("PLAYERS", f"semantics_{count}")
    (project / name).write_text(f"melody: m\ntasks: {text}\noutputs: {outputs}\n")
    return name


def codes(project: Path, tasks: str) -> list[str]:
    return [d.code for d in bootstrap.check(melody(project, tasks)).diagnostics]


def test_only_declared_environment_variables_enter_a_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Semantics 7"""
    name = melody(project, "{a: {player: 'PLAYERS:seen'}}")
    monkeypatch.setenv("SEMANTICS_SEEN", "1")
    assert bootstrap.run(name).counts["succeeded"] == 1

    monkeypatch.setenv("SEMANTICS_UNSEEN", "2")
    assert bootstrap.run(name).counts["cached"] == 1
    monkeypatch.setenv("SEMANTICS_SEEN", "3")
    assert bootstrap.run(name).counts["succeeded"] == 1


def test_star_arguments_are_a_compile_error(project: Path) -> None:
    """Semantics 10"""
    assert codes(project, "{a: {player: 'PLAYERS:spread'}}")


def test_a_task_goes_before_its_player(project: Path) -> None:
    """Semantics 13"""
    name = melody(
        project,
        "{a: {player: 'PLAYERS:patient', with: {n: 1}, timeout: 5s}, b: {player: 'PLAYERS:patient', with: {n: 1}}}",
    )

    own, theirs = bootstrap.compile(name).tasks

    assert (own.timeout, theirs.timeout) == (5.0, 60.0)
    assert own.retry is not None
    assert own.retry.attempts == 4


def test_integers_beyond_64_bits_are_a_located_error(project: Path) -> None:
    """Semantics 15"""
    name = melody(project, "{a: {player: 'PLAYERS:one', with: {n: '${{ 99999999999999999999 + 1 }}'}}}")

    (problem, *_) = bootstrap.check(name).diagnostics

    assert problem.span is not None


@pytest.mark.parametrize(("text", "fine"), [("size('abc')", True), ("json('3')", True), ("system('ls')", False)])
def test_expressions_have_these_functions_and_no_others(project: Path, text: str, fine: bool) -> None:
    """Semantics 16"""
    name = melody(project, f"{{a: {{player: 'PLAYERS:one', with: {{n: \"${{{{ {text} }}}}\"}}}}}}")

    assert bootstrap.check(name).ok is fine


def test_an_expression_of_an_input_fails_the_task_that_reads_it(project: Path) -> None:
    """Semantics 17"""
    name = melody(
        project,
        "{a: {player: 'PLAYERS:one', with: {n: 0}}, b: {player: 'PLAYERS:one', with: {n: '${{ 10 / (tasks.a - 1) }}'}}, "
        "c: {player: 'PLAYERS:one', with: {n: 5}}}",
    )

    result = bootstrap.run(name)

    assert {n: str(t.state) for n, t in result.tasks.items()} == {"a": "succeeded", "b": "failed", "c": "succeeded"}


@pytest.mark.parametrize("name", ["PATH", "HOME", "LD_PRELOAD", "BASH_ENV", "PYTHONPATH"])
def test_a_script_cannot_be_given_what_steers_programs(project: Path, name: str) -> None:
    """Semantics 18"""
    assert codes(project, f"{{a: {{run: 'true', with: {{{name}: x}}}}}}")


def test_a_name_finds_the_projects_melody_before_a_shipped_one(project: Path) -> None:
    """Semantics 20"""
    (project / "melodies").mkdir()
    melody(project, "{mine: {player: 'PLAYERS:one', with: {n: 1}}}", "melodies/hello.yaml")

    assert [t.id for t in bootstrap.compile("hello").tasks] == ["mine"]


@pytest.mark.parametrize("key", ["container", "environment"])
def test_reserved_keys_say_that_they_are(project: Path, key: str) -> None:
    """Semantics 21"""
    (found, *_) = bootstrap.check(
        melody(project, f"{{a: {{player: 'PLAYERS:one', with: {{n: 1}}, {key}: x}}}}")
    ).diagnostics

    assert key in found.message
    assert found.span is not None


def test_the_idempotency_key_differs_by_element_and_by_run(project: Path) -> None:
    """Semantics 41"""
    name = melody(project, "{a: {player: 'PLAYERS:who', each: [1, 2]}}", outputs="{a: '${{ tasks.a }}'}")

    first, second = bootstrap.run(name).outputs["a"], bootstrap.run(name).outputs["a"]

    assert len({*first, *second}) == 4


def test_an_effect_starts_after_its_cause_is_recorded(project: Path) -> None:
    """Semantics 42"""
    name = melody(
        project, "{a: {player: 'PLAYERS:one', with: {n: 1}}, b: {player: 'PLAYERS:looks', with: {n: '${{ tasks.a }}'}}}",
        outputs="{seen: '${{ tasks.b }}'}",
    )  # fmt: skip

    assert bootstrap.run(name).outputs["seen"] == "a succeeded"


def test_a_result_leaves_memory_after_its_last_reader(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Semantics 43"""
    held: list[int] = []
    release = Network.release

    def released(self: Network, node: int) -> None:
        release(self, node)
        held.append(sum(1 for values in self._values if values))

    monkeypatch.setattr(Network, "release", released)
    chain = "".join(
        f", t{i}: {{player: 'PLAYERS:one', with: {{n: '${{{{ tasks.t{i - 1} }}}}'}}}}" for i in range(1, 30)
    )
    name = melody(
        project, "{t0: {player: 'PLAYERS:one', with: {n: 0}}" + chain + "}", outputs="{last: '${{ tasks.t29 }}'}"
    )

    result = bootstrap.run(name, store="memory", strict=True)  # strict: the run loop

    assert result.outputs["last"] == 30
    assert len(held) == 30
    assert max(held) <= 2
