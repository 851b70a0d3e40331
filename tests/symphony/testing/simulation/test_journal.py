"""The invented journal: group commits that fail, that are lost, and that come too late."""

from __future__ import annotations

import pytest

from symphony.errors import LostRunError, StoreError
from symphony.runtime import schedule as sc
from symphony.store.records import Lease
from symphony.testing.simulation.journal import Book, Call, Journal

CALL = Call("r", "a", sc.SUCCEEDED, 7, "key", True)


class Disk:
    """Refuses while it is full."""

    def __init__(self) -> None:
        self.is_full = False

    def refuses(self) -> bool:
        return self.is_full


def lease(sitting: int, before: Lease | None) -> Lease:
    return Lease("r", sitting, "m", sitting, 9.0)


def taken(journal: Journal, disk: Disk | None = None) -> Book:
    row = journal.take("r", lease)
    return Book(journal, "r", row.sitting, (disk or Disk()).refuses, lambda: None)


def test_what_waits_is_served_and_not_written():
    journal = Journal(lambda *_: None)
    book = taken(journal)

    book.record(CALL)

    assert book.look_up("key") == (7,)
    assert not book.is_written("a")
    book.flush()
    assert book.is_written("a")


def test_a_failed_commit_is_told_to_whoever_comes_next_and_made_up_for_later():
    journal, disk = Journal(lambda *_: None), Disk()
    book = taken(journal, disk)
    book.record(CALL)
    disk.is_full = True
    with pytest.raises(StoreError, match="the disk is full"):
        book.flush()

    with pytest.raises(StoreError):
        book.record(CALL._replace(path="b"))

    disk.is_full = False
    book.flush()
    assert set(journal.rows["r"].recorded) == {"a"}


def test_an_owner_that_lost_its_run_writes_nothing():
    journal = Journal(lambda *_: None)
    first = taken(journal)
    first.record(CALL)
    taken(journal)

    with pytest.raises(LostRunError, match="taken over by process 2 on m"):
        first.flush()

    assert journal.rows["r"].recorded == {}
    assert journal.keys == {}
    with pytest.raises(LostRunError):
        first.record(CALL)
