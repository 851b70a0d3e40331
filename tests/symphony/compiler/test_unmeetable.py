"""Semantics 30: checks against an environment accompany a plan and are never in it."""

from __future__ import annotations

from pathlib import Path

from symphony.bootstrap import check
from symphony.compiler.unmeetable import unmeetable

TEXT = """melody: big
tasks:
  train:
    run: "true"
    resources: {cpus: 64, memory: 2GB, gpus: 1}
  call:
    run: "true"
    tokens: {api: 3}
  small:
    run: "true"
    resources: {cpus: 1}
    tokens: {database: 1}
"""


def test_every_demand_beyond_the_capacity_is_reported_at_its_place(tmp_path: Path):
    (tmp_path / "big.yaml").write_text(TEXT)
    checked = check(tmp_path / "big.yaml")
    assert checked.plan is not None
    before = checked.plan.hash

    found = unmeetable(checked.plan, {"cpus": 8.0, "memory": 1e9}, melody=checked.melody)

    assert [(d.code, d.task, d.message, d.span and d.span.line) for d in found] == [
        ("SYM193", "train", "the task 'train' asks for 64 of cpus, there is 8 in all", 5),
        ("SYM193", "train", "the task 'train' asks for 2GB of memory, there is 1GB in all", 5),
        ("SYM193", "train", "the task 'train' asks for 1 of gpus, there is 0 in all", 5),
        ("SYM193", "call", "the task 'call' asks for 3 of token api, there is 1 in all", 8),
    ]
    assert found[0].hint == "ask for at most 8, or raise the limit: cpus under [tool.symphony.limits]"
    assert (
        found[3].hint
        == "a token that is not configured counts 1; configure it: tokens.api under [tool.symphony.limits]"
    )
    assert checked.plan.hash == before


def test_a_plan_without_its_melody_is_checked_too(tmp_path: Path):
    (tmp_path / "big.yaml").write_text(TEXT)
    plan = check(tmp_path / "big.yaml").plan
    assert plan is not None

    found = unmeetable(plan, {"cpus": 64.0, "memory": 4e9, "gpus": 1.0, "token:api": 2.0})

    assert [d.message for d in found] == ["the task 'call' asks for 3 of token api, there is 2 in all"]


def test_tasks_of_a_region_are_checked(tmp_path: Path):
    (tmp_path / "child.yaml").write_text(
        'melody: child\nparams: {x: integer}\ntasks:\n  t: {run: "true", resources: {cpus: 64}}\n'
    )
    (tmp_path / "big.yaml").write_text(
        "melody: big\ntasks:\n  c:\n    melody: ./child.yaml\n    each: [1, 2]\n    with: {x: '${{ item }}'}\n"
    )
    checked = check(tmp_path / "big.yaml")
    assert checked.plan is not None, checked.diagnostics

    found = unmeetable(checked.plan, {"cpus": 8.0}, melody=checked.melody)

    assert [(d.task, d.span and d.span.line) for d in found] == [("c.t", 4)]
