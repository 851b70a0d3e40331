"""Group commit: entries wait a moment and are written together, by a thread of its own or by whoever cannot wait."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from symphony.errors import StoreError, SymphonyError
from symphony.model.artifact import Artifact
from symphony.store.batch import Batch
from symphony.store.encoded import Encoded
from symphony.store.records import KeyEntry
from symphony.store.slices import unpack_packed_entry

FULL_COUNT = 20_000
"""How many entries are written at the latest."""
FULL_BYTES = 4 << 20
WAIT_S = 0.15
"""How long an entry waits at the most before it is written."""
_ENTRIES_AT_MOST = 3 * FULL_COUNT


class Committer:
    """Collects entries in a batch and writes it when it is full or `WAIT_S` old.

    Attributes:
        pending: what waits. Change it within `adding` only.
        writing: what is being written at this moment; readers look into both.
        durable: the number of the last entry that is written.
    """

    def __init__(self, write: Callable[[Batch], SymphonyError | None]) -> None:
        """Write batches by `write`, which may give a failure beside: all is written then, but somebody must be told."""
        self.pending, self.writing = Batch(), Batch()
        self.durable = 0
        self._write = write
        self._sequence = 0
        self._lock, self._commit_lock = threading.RLock(), threading.RLock()  # what is collected meanwhile may log
        self._wake, self._full = threading.Event(), threading.Event()
        self._error: SymphonyError | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._pid = os.getpid()

    @property
    def sequence(self) -> int:
        """The number of the last entry that was given."""
        return self._sequence

    def add(self, change: Callable[[Batch], None], *, count: int = 1, size_bytes: int = 0) -> int:
        """Let `change` put entries into the batch; gives the number of the last one.

        Raises:
            StoreError: an earlier group commit failed. What it held still waits; `flush` tries again.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            batch = self.pending
            change(batch)
            self._sequence = batch.sequence = self._sequence + count
            first = batch.count == 0
            batch.count = waiting = batch.count + count
            batch.size_bytes += size_bytes
            full = not batch.full and (waiting >= FULL_COUNT or batch.size_bytes >= FULL_BYTES)
            if full:
                batch.full = True
            number = batch.sequence
        if first or full:
            self._nudge(full=full)
        if waiting >= _ENTRIES_AT_MOST:
            self.flush()
        return number

    def waiting(self, artifact: Artifact) -> Encoded | None:
        """An artifact that is not written yet, or nothing."""
        name = artifact.digest, artifact.codec
        return self.pending.artifacts.get(name) or self.writing.artifacts.get(name)

    def waiting_key(self, key: str) -> KeyEntry | None:
        """The entry of a key that is not written yet, or nothing."""
        found = self.pending.keys.get(key) or self.writing.keys.get(key)
        return unpack_packed_entry(found[0]) if found is not None else None

    def waits(self, key: str) -> bool:
        """Whether the entry of a key is not written yet."""
        return key in self.pending.keys or key in self.writing.keys

    def _nudge(self, *, full: bool) -> None:
        if self._thread is None:
            self._start()
        self._wake.set()
        if full:
            self._full.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="symphony-store", daemon=True)
                self._thread.start()
                # The thread does not keep the process alive, so what still waits at its end is written from here.
                atexit.register(self._flush_at_exit)

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._full.wait(WAIT_S)
            self._wake.clear()
            self._full.clear()
            try:
                self.flush()
            except SymphonyError as error:
                self._error = error  # raised to whoever comes next

    def _flush_at_exit(self) -> None:
        if os.getpid() != self._pid:
            return  # a forked child has a copy of what waits; only the parent may write it
        with suppress(SymphonyError):
            self.flush()

    def flush(self) -> None:
        """Write everything given so far.

        Raises:
            StoreError: it cannot be written; it still waits, and the next flush tries again. Or it is written, and
                could not be shared; that is told once.
        """
        with self._commit_lock:
            with self._lock:
                if not self.pending.count:
                    untold, self._error = self._error, None
                    if untold is not None:
                        raise untold
                    return
                batch, self.pending = self.pending, Batch()
                self.writing = batch
            try:
                failure = self._write(batch)
            except BaseException as error:
                self._take_back(batch, error)
                raise
            with self._lock:
                self._error = None
                self.durable = batch.sequence
                self.writing = Batch()
            if failure is not None:
                raise failure

    def _take_back(self, batch: Batch, error: BaseException) -> None:
        with self._lock:
            self.pending = batch.followed_by(self.pending)
            self.writing = Batch()
            if isinstance(error, SymphonyError):
                self._error = error
            elif isinstance(error, Exception):
                self._error = StoreError(f"a group commit failed: {error!r}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is written meanwhile, so that what waits and what is written can be read as one."""
        with self._commit_lock:
            yield

    def close(self) -> None:
        """Write what waits, and end the thread.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            self.flush()
        finally:
            self._closed = True
            self._wake.set()
            self._full.set()
            atexit.unregister(self._flush_at_exit)
            thread = self._thread
            if thread is not None and thread is not threading.current_thread():
                thread.join(timeout=35.0)
