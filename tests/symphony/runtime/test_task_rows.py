"""The list of tasks of a recorded run: its order, and what it says of lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symphony import each, melody, operator, run
from symphony.bootstrap import show
from symphony.store.store import Store


@operator
def numbers(count: int) -> list[int]:
    return list(range(count))


@operator
def double(x: int) -> int:
    return 2 * x


@operator
def total(xs: list[int]) -> int:
    return sum(xs)


@operator
def picky(x: int) -> int:
    if x == 1:
        raise ValueError("no ones")
    return x


@melody
def child(n: int):
    z_first = double(n)
    a_second = double(z_first)
    return {"r": a_second}


@melody
def family(count: int = 3):
    ns = numbers(count)
    region = child(n=each(ns))
    doubled = double(each(ns))
    unread = picky(each(ns))
    sum_of_all = total(doubled)
    return {"sum": sum_of_all, "r": region["r"], "unread": unread[0]}


def shown(store: Store, result: Any) -> dict[str, dict[str, Any]]:
    record = next(r for r in store.runs() if r.id == result.run)
    return {t["task"]: t for t in show(store, record)["tasks"]}


@pytest.mark.parametrize("workers", [1, 4])
def test_tasks_stand_in_the_plans_order_elements_by_index(workers: int, tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        rows = shown(store, run(family, {"count": 2}, store=store, workers=workers))

    assert list(rows) == [
        "ns",
        "region",
        "region[0]", "region[0].z_first", "region[0].a_second",
        "region[1]", "region[1].z_first", "region[1].a_second",
        "doubled", "doubled[0]", "doubled[1]",
        "unread", "unread[0]", "unread[1]",
        "sum_of_all",
    ]  # fmt: skip


def test_a_list_that_was_read_is_the_output_of_its_task(tmp_path: Path) -> None:
    """Semantics 39: the list is an artifact of its own, made of the digests of its elements."""
    with Store.open(tmp_path) as store:
        rows = shown(store, run(family, store=store))
        output = rows["doubled"]["output"]
        (artifact,) = store.find(output["artifact"])

        assert output["type"] == "list[integer]"
        assert store.get(artifact) == [0, 2, 4]
        assert [rows[f"doubled[{i}]"]["output"]["type"] for i in range(3)] == ["integer"] * 3
        assert rows["doubled"]["outputs"] == {"out": output}


def test_a_list_of_a_failed_task_is_no_output_and_its_elements_have_theirs(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        rows = shown(store, run(family, store=store))

    assert (rows["unread"]["state"], rows["unread"]["output"]) == ("failed", None)
    assert [rows[f"unread[{i}]"]["output"] is None for i in range(3)] == [False, True, False]
