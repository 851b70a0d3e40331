"""Group commit: nothing waits for ever, nothing is lost, a failure is told to the next caller."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from symphony.errors import StoreError
from symphony.store.batch import Batch
from symphony.store.committer import FULL_BYTES, FULL_COUNT, Committer


class Disk:
    """Takes batches, refuses them while it is full."""

    def __init__(self) -> None:
        self.written: list[object] = []
        self.full = False
        self.wrote = threading.Event()

    def write(self, batch: Batch) -> None:
        try:
            if self.full:
                raise StoreError("the disk is full")
            self.written += list(batch.running)
        finally:
            self.wrote.set()


def entry(name: str) -> Callable[[Batch], None]:
    def add(batch: Batch) -> None:
        batch.running[name] = name

    return add


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_what_waits_is_written_by_itself(disk: Disk) -> None:
    committer = Committer(disk.write)

    committer.add(entry("a"))

    assert disk.wrote.wait(5)
    committer.close()
    assert disk.written == ["a"]


@pytest.mark.parametrize("full", [{"count": FULL_COUNT}, {"size_bytes": FULL_BYTES}], ids=["count", "bytes"])
def test_a_full_batch_is_written_at_once(disk: Disk, full: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symphony.store.committer.WAIT_S", 60.0)
    committer = Committer(disk.write)

    committer.add(entry("a"))
    committer.add(entry("b"), **full)

    assert disk.wrote.wait(5)
    assert disk.written == ["a", "b"]


def test_a_flush_has_written_everything_given_before(disk: Disk) -> None:
    committer = Committer(disk.write)

    number = committer.add(entry("a"), count=3)
    assert (committer.sequence, number) == (3, 3)
    committer.flush()

    assert disk.written == ["a"]
    assert committer.durable == 3


def test_a_failure_is_raised_to_the_next_caller_and_nothing_is_lost(disk: Disk) -> None:
    committer = Committer(disk.write)
    disk.full = True
    committer.add(entry("a"))
    with pytest.raises(StoreError, match="full"):
        committer.flush()

    with pytest.raises(StoreError, match="full"):
        committer.add(entry("b"))
    assert committer.pending.running == {"a": "a"}
    assert committer.durable == 0

    disk.full = False
    committer.flush()
    committer.add(entry("b"))
    committer.close()

    assert disk.written == ["a", "b"]


def test_a_failure_in_the_background_is_raised_to_the_next_caller(disk: Disk) -> None:
    committer = Committer(disk.write)
    disk.full = True
    committer.add(entry("a"))
    assert disk.wrote.wait(5)

    with pytest.raises(StoreError, match="full"):
        committer.flush()
    with pytest.raises(StoreError, match="full"):
        committer.add(entry("b"))


def test_the_thread_does_not_keep_the_process_alive(disk: Disk) -> None:
    committer = Committer(disk.write)
    committer.add(entry("a"))

    thread = committer._thread
    assert thread is not None
    assert thread.daemon
    committer.close()
    assert not thread.is_alive()


def test_closing_twice_is_allowed(disk: Disk) -> None:
    committer = Committer(disk.write)
    committer.close()
    committer.close()


def test_entries_of_many_threads_all_arrive(disk: Disk) -> None:
    committer = Committer(disk.write)

    def work(name: str) -> None:
        for n in range(500):
            committer.add(entry(f"{name}{n}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committer.close()

    assert sorted(map(str, disk.written)) == sorted(f"{name}{n}" for name in "abcd" for n in range(500))
    assert committer.durable == committer.sequence == 2_000


def test_what_was_written_but_not_shared_is_told_once_and_not_written_again(disk: Disk) -> None:
    def write(batch: Batch) -> StoreError | None:
        disk.write(batch)
        return StoreError("the shared side does not answer") if batch.running.get("a") else None

    committer = Committer(write)
    committer.add(entry("a"))

    with pytest.raises(StoreError, match="does not answer"):
        committer.flush()

    committer.flush()
    committer.add(entry("b"))
    committer.close()
    assert disk.written == ["a", "b"]
