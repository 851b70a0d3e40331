"""Arbitration between the engines of separate processes that use the same state folder.

Every engine has one record in the folder ``engines`` and writes nothing but that, under one lock that everybody takes
for the moment of a decision. A decision is that of `Arbiter` over the requests of all living engines; each engine takes
what falls to itself and nudges those to whom something else falls. The kernel holds a lock on the record for as long as
the engine lives, so what a dead one held is free at once, and there is nothing to unlock.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import select
import time
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType

from symphony.errors import InternalError, SurroundingsError
from symphony.model.resources import amount_there_is
from symphony.runtime.arbitration import Arbiter, Request, Standing, Units, Waiting, never_enough
from symphony.runtime.engine_record import WAKE, OwnRecord, Peer, nudge, read_peer, remove

_PUBLISHED = 16
"""How many waiting requests of one kind others get to see: the first in order; the rest could not start before."""
_LOCK_PATIENCE_S, _LOCK_PAUSE_S = 10.0, 0.0002
_FIRST_POLL_S, _LONGEST_POLL_S = 0.01, 0.1
"""Waiting engines are nudged; they look by themselves only in case the holder died."""


@dataclass(slots=True)
class _Mine:
    """A waiting request of this engine."""

    request: Request
    rank: tuple[float, float, int]
    first_since: float | None = None
    kept_since: float | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """What all living engines hold and want; `owners` tells by id whose the requests of other engines are."""

    arbiter: Arbiter
    owners: Mapping[str, str]


class SharedLedger:
    """This engine's side of the ledger. Thread-safe.

    Args:
        folder: a folder on a local disk that the engines share, such as ``.symphony/arbitration``.
        capacity: amounts by resource; a token that is not in it counts 1. Every engine decides by its own.
        ageing_s, patience_s: as for `Arbiter`.
        clock: seconds that all engines of the machine agree on.
    """

    def __init__(
        self,
        folder: Path,
        capacity: Mapping[str, float],
        *,
        ageing_s: float = 10.0,
        patience_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._capacity, self._clock = folder, dict(capacity), clock
        self._engines = folder / "engines"
        self._ageing_s, self._patience_s = ageing_s, patience_s
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._held: dict[str, Request] = {}
        self._waiting: dict[str, _Mine] = {}
        self._groups: dict[tuple[str, Units], list[tuple[tuple[float, float, int], str]]] = {}
        self._served: dict[str, float] = {}
        self._granted: list[str] = []
        self._count = 0
        self._inside = Lock()
        self._lock = -1
        self._record: OwnRecord | None = None
        self.unknown = 0

    def __enter__(self) -> SharedLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # what the engine does ----------------------------------------------------------------------------------------

    def ask(self, request: Request) -> bool:
        """Ask to start; returns whether it may. If not it waits, and `poll` or `wait` names its id later.

        Raises:
            SurroundingsError: it demands more than there is in all, or the folder cannot be written.
            InternalError: the id holds something or waits already.
        """
        for name, amount in request.demand:
            if amount > round(amount_there_is(self._capacity, name) * 1e6):
                raise SurroundingsError(never_enough(request.label, name, amount / 1e6, self._capacity))
        with self._deciding() as record:
            if request.id in self._held or request.id in self._waiting:
                raise InternalError(f"{request.id!r} asks a second time")
            self._enqueue(request._replace(asked_at=self._clock()))
            self._settle(record)
            if request.id in self._held:
                self._granted.remove(request.id)
                return True
            return False

    def give_back(self, request_id: str) -> list[str]:
        """Give back what a request holds; returns the ids of this engine that may start now. Unknown ids are counted."""
        with self._deciding() as record:
            if self._held.pop(request_id, None) is None:
                self.unknown += 1
            self._settle(record)
            return self._taken()

    def withdraw(self, request_id: str) -> list[str]:
        """Stop waiting; returns the ids of this engine that may start now."""
        with self._deciding() as record:
            if request_id in self._waiting:
                self._dequeue(request_id)
            else:
                self.unknown += 1
            self._settle(record)
            return self._taken()

    def holds(self, request_id: str) -> bool:
        """Whether a request of this engine holds what it asked for."""
        return request_id in self._held

    def release(self, request_id: str) -> list[str]:
        """Give back or stop waiting, whichever applies; returns the ids of this engine that may start now."""
        return self.give_back(request_id) if self.holds(request_id) else self.withdraw(request_id)

    def poll(self) -> list[str]:
        """Look whether waiting requests may start; returns their ids."""
        with self._deciding() as record:
            record.drain()
            if self._waiting:
                self._settle(record)
            return self._taken()

    def wait(self, timeout_s: float) -> list[str]:
        """Wait until requests of this engine may start, at most `timeout_s` seconds; returns their ids."""
        deadline, pause = self._clock() + timeout_s, _FIRST_POLL_S
        while True:
            if granted := self.poll():
                return granted
            left = deadline - self._clock()
            if left <= 0:
                return []
            changed = select.poll()  # select() itself takes no descriptor from 1024 on
            changed.register(self.fileno(), select.POLLIN)
            changed.poll(1000 * min(pause, left))
            pause = min(2 * pause, _LONGEST_POLL_S)

    def fileno(self) -> int:
        """A descriptor that becomes readable when it is time to `poll`."""
        with self._deciding() as record:
            return record.pipe

    def waits_for(self, request_id: str) -> list[str]:
        """What a waiting request lacks and who holds it, a sentence per resource."""
        with self._deciding():
            view = self._view()
        return ["the record of another engine is damaged; it mends it with its next step"] if view is None else (
            view.arbiter.waits_for(request_id))  # fmt: skip

    def close(self) -> None:
        """Give back everything and leave."""
        with self._inside:
            if self._record is None:
                return
        with self._deciding() as record:
            self._held.clear()
            self._waiting.clear()
            self._groups.clear()
            self._settle(record)
            record.close()
            self._record = None
        os.close(self._lock)
        self._lock = -1

    # deciding ----------------------------------------------------------------------------------------------------

    def _settle(self, record: OwnRecord) -> None:
        """Take what falls to this engine, write it down, nudge those to whom something else falls."""
        others: set[str] = set()
        while (view := self._view()) is not None:
            granted = view.arbiter.settle(self._clock())
            self._note(view.arbiter.standing().waiting)
            mine = [name for name in granted if name in self._waiting]
            for name in mine:
                self._take(name)
            others.update(view.owners[name] for name in granted if name in view.owners)
            if not mine or not self._waiting:
                break
        self._write(record)
        for name in others:
            nudge(self._engines / name)

    def _view(self) -> _View | None:
        """The requests of all living engines; None while a record is damaged, for then nobody knows what is free."""
        held, waiting = list(self._held.values()), list(self._published())
        served, owners = dict(self._served), dict[str, str]()
        for peer in self._peers():
            if peer.standing is None:
                nudge(self._engines / peer.name)
                return None
            held += [_foreign(r, peer.name) for r in peer.standing.held]
            theirs = [w._replace(request=_foreign(w.request, peer.name)) for w in peer.standing.waiting]
            waiting += theirs
            owners.update((w.request.id, peer.name) for w in theirs)
            for tenant, at in peer.standing.served.items():
                served[tenant] = max(at, served.get(tenant, at))
        standing = Standing(tuple(held), tuple(waiting), dict(sorted(served.items(), key=lambda item: item[1])))
        arbiter = Arbiter(self._capacity, ageing_s=self._ageing_s, patience_s=self._patience_s, standing=standing)
        return _View(arbiter, owners)

    def _peers(self) -> Iterator[Peer]:
        for name in sorted(os.listdir(self._engines)):
            if name == self._name or name.endswith(WAKE):
                continue
            peer = read_peer(self._engines / name)
            if peer is None:
                remove(self._engines / name)
            else:
                yield peer

    def _note(self, waiting: Iterable[Waiting]) -> None:
        for entry in waiting:
            mine = self._waiting.get(entry.request.id)
            if mine is not None:
                mine.first_since, mine.kept_since = entry.first_since, entry.kept_since

    def _take(self, request_id: str) -> None:
        request = self._dequeue(request_id)
        self._held[request_id] = request
        self._served.pop(request.tenant, None)
        self._served[request.tenant] = self._clock()
        self._granted.append(request_id)

    # waiting requests of this engine -----------------------------------------------------------------------------

    def _enqueue(self, request: Request) -> None:
        self._count += 1
        rank = (request.asked_at / self._ageing_s - request.priority, request.asked_at, self._count)
        self._waiting[request.id] = _Mine(request, rank)
        insort(self._groups.setdefault((request.tenant, request.demand), []), (rank, request.id))

    def _dequeue(self, request_id: str) -> Request:
        mine = self._waiting.pop(request_id)
        key = mine.request.tenant, mine.request.demand
        self._groups[key].remove((mine.rank, request_id))
        if not self._groups[key]:
            del self._groups[key]
        return mine.request

    def _published(self) -> Iterator[Waiting]:
        for group in self._groups.values():
            for _, name in group[:_PUBLISHED]:
                mine = self._waiting[name]
                yield Waiting(mine.request, mine.first_since, mine.kept_since)

    def _taken(self) -> list[str]:
        granted, self._granted = self._granted, []
        return granted

    # the folder --------------------------------------------------------------------------------------------------

    @contextmanager
    def _deciding(self) -> Iterator[OwnRecord]:
        """Hold the lock of the folder; gives this engine's record, made on first use and mended where it was changed."""
        with self._inside:
            self._take_lock()
            try:
                yield self._whole_record()
            except OSError as error:
                raise SurroundingsError(
                    f"the ledger in {self._folder} cannot be used: {error.strerror or error}. Make room or check its rights"
                ) from error
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _take_lock(self) -> None:
        deadline = self._clock() + _LOCK_PATIENCE_S
        while True:
            if self._lock < 0:
                self._open_lock()
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock() > deadline:
                    raise SurroundingsError(
                        f"another process has held {self._folder / 'lock'} for {_LOCK_PATIENCE_S:g} s. Is it stopped?"
                    ) from None
                time.sleep(_LOCK_PAUSE_S)
                continue
            if os.fstat(self._lock).st_nlink:
                return
            os.close(self._lock)  # somebody removed the folder: this lock excludes nobody any more
            self._lock = -1

    def _open_lock(self) -> None:
        try:
            self._engines.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise SurroundingsError(f"the ledger in {self._folder} cannot be made: {error.strerror}") from error

    def _whole_record(self) -> OwnRecord:
        record = self._record
        if record is not None and record.is_gone():
            record.close()
            record = None
        if record is None:
            self._engines.mkdir(parents=True, exist_ok=True)
            self._record = record = OwnRecord(self._engines, self._name)
            self._write(record)
        elif record.is_damaged():
            record.rewrite()
        return record

    def _write(self, record: OwnRecord) -> None:
        record.write(Standing(tuple(self._held.values()), tuple(self._published()), self._served))


def _foreign(request: Request, engine: str) -> Request:
    """The request of another engine, under an id that no request of this one has."""
    return request._replace(id=f"{engine}/{request.id}", task=request.task or request.id)
