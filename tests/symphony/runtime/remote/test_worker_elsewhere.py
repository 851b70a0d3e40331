"""A worker on another machine: it sees the shared side of the store, and not the engine's folder."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap, melody, operator
from symphony.errors import SurroundingsError
from symphony.model.artifact import Artifact
from symphony.runtime.remote.remote_call import RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.worker import CallWorker
from symphony.store.address import Shared, StoreAddress
from symphony.store.store import Store


@operator
def doubled(data: bytes) -> bytes:
    return data + data


@operator
def size(data: bytes) -> int:
    return len(data)


@melody
def m(data: bytes):
    twice = doubled(data)
    return size(twice)


LARGE = b"0123456789" * 20_000


def sheet_of(tmp_path: Path, shared: Shared | None) -> RunSheet:
    address = StoreAddress(tmp_path / "another" / "machine", shared)
    return RunSheet(run="r", plan=bootstrap.compile(m).to_text(), root=str(tmp_path), store=address.to_document())


def test_what_it_makes_is_on_the_shared_side_before_it_is_told(tmp_path: Path) -> None:
    shared = Shared(f"file://{tmp_path}/shared")
    told: list[dict[str, Any]] = []
    with Store.open(tmp_path / "engine", shared=shared) as store:
        given = store.put(LARGE)
        store.flush()
        worker = CallWorker(sheet_of(tmp_path, shared), told.append)
        try:
            sources = {"params.data": ("kept", given.to_document(), None)}
            first = worker.perform(RemoteCall("twice#1", "r", "twice", "twice", -1, 1, ("twice",), sources), {})
            sources = {"tasks.twice.out": ("call", "twice#1", "out")}
            worker.perform(
                RemoteCall("size#1", "r", "size", "size", -1, 1, ("size",), sources, after=("twice#1",)), {"twice#1": first}
            )  # fmt: skip
        finally:
            worker.close()

        ends = {news["call"]: news for news in told if news["what"] == "ended"}
        assert [end["how"] for end in ends.values()] == ["succeeded", "succeeded"]
        assert all(end["shared"] for end in ends.values())
        artifact = Artifact.from_document(ends["twice#1"]["outputs"]["out"])
        assert store.get(artifact) == LARGE + LARGE


def test_without_a_shared_side_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError, match=r"does not see the folder of the store.*s3://bucket"):
        CallWorker(sheet_of(tmp_path, None), print, name="far")


@operator(isolation="process")
def told(n: int) -> int:
    return n + 1


@melody
def through_processes():
    first = told(n=1)
    return told(n=first)


def test_a_process_takes_a_small_result_that_the_engine_has_not_written_yet(tmp_path: Path) -> None:
    news: list[dict[str, Any]] = []
    with Store.open(tmp_path / "state") as store:
        plan = bootstrap.compile(through_processes)
        sheet = RunSheet(run="r", plan=plan.to_text(), root=str(tmp_path), store=store.address.to_document())
        first, second = (task.id for task in plan.tasks)
        worker = CallWorker(sheet, news.append)
        try:
            done = worker.perform(RemoteCall("a#1", "r", first, first, -1, 1, (first,)), {})
            sources = {f"tasks.{first}.out": ("call", "a#1", "out")}
            call = RemoteCall("b#1", "r", second, second, -1, 1, (second,), sources, after=("a#1",))
            worker.perform(call, {"a#1": pickle.loads(pickle.dumps(done))})  # noqa: S301  as it comes to another worker
        finally:
            worker.close()

    ends = [(e["how"], e.get("error")) for e in news if e["what"] == "ended"]
    assert ends == [("succeeded", None), ("succeeded", None)]
