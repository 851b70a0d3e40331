"""The front door of the store: values by content, results by key, the journal of runs.

Everything given to a store can be read back at once from the same store, and by other processes after the next group
commit (a tenth of a second, a thousand entries, or `Store.flush`). Every method may be called from any thread.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from symphony.errors import CodecError, DamagedArtifactError, LostRunError, StoreError, SymphonyError, UsageError
from symphony.model.artifact import Artifact
from symphony.model.port_type import ANY, PortType
from symphony.store.address import Shared, StoreAddress
from symphony.store.anchors import Anchors
from symphony.store.batch import Batch, StatRow
from symphony.store.catalog import Catalog
from symphony.store.codecs import lists
from symphony.store.codecs.choice import decode_bytes, encode_value
from symphony.store.codecs.paths import Outside, source_path, still_there, unpack_reference
from symphony.store.codecs.plain import Reader
from symphony.store.commit import write_batch
from symphony.store.committer import Committer
from symphony.store.database import Database
from symphony.store.debts import Debts
from symphony.store.encoded import SMALL_BYTES, Encoded
from symphony.store.faults import file_fault
from symphony.store.files import Files
from symphony.store.journal import Journal
from symphony.store.objects import LocalObjects, MemoryObjects, Objects
from symphony.store.reading import VerifiedReader
from symphony.store.records import CallRecord, KeyEntry, Lease, RunRecord
from symphony.store.shared_keys import SharedKey
from symphony.store.shared_side import SharedSide
from symphony.store.slices import CallRow, call_row, pack_entry
from symphony.store.stat_cache import StatCache
from symphony.store.whole_table import WholeTable

DURABILITIES = ("process", "power")
Classes = Callable[[str], type | None]

_open_stores: weakref.WeakSet[Store] = weakref.WeakSet()


class Store:
    """Keeps values, keys and the journal in one folder, shared by any number of processes.

    Attributes:
        folder: where everything lies; nothing for a store in memory.
        anchors: what names of paths are relative to where a call names no anchors of its own.
        power: whether what is recorded survives a lost power supply.
        shared: the side that other machines see, or nothing.
    """

    def __init__(
        self, folder: Path | None, durability: str, anchors: Anchors | None, shared: Shared | None = None
    ) -> None:
        """Use `Store.open`."""
        power = self.power = durability == "power"
        self.folder = folder
        self.anchors = anchors or Anchors(folder.parent if folder is not None else Path.cwd())
        self.database = Database(folder / "symphony.db" if folder is not None else None, power=power)
        self.objects: Objects = LocalObjects(folder, power=power) if folder is not None else MemoryObjects()
        self.catalog = Catalog(self.database)
        self._sittings: dict[str, int] = {}
        self._committer = Committer(self._write)
        self.journal = Journal(self.database, self._committer, self._sittings)
        self._reading = VerifiedReader(folder, self.catalog, self.objects, self._committer)
        self.shared: SharedSide | None = None
        if shared is not None and not shared.is_off:
            self.shared = SharedSide(shared, Debts(folder), self._local_form)
            self._reading.shared, self._reading.adopt = self.shared, self._adopt
        self._stat_rows = WholeTable[bytes, tuple[Any, ...]](self.database, "stats", self._ask_stat, self._read_stats)
        self._stats = StatCache(self._load_stat, self._store_stat)
        self.files = Files(folder / "files" if folder is not None else None, self._stats.digest_file)
        self._outside = Outside(self._stats.digest_file, self._stats.digest_folder, self.files.folder)
        self._dangling: set[str] = set()
        self._lost: dict[str, LostRunError] = {}
        self._refusal: str | None = None
        _open_stores.add(self)

    # Opening and closing

    @classmethod
    def open(
        cls,
        folder: Path | None,
        *,
        durability: str = "process",
        anchors: Anchors | None = None,
        shared: Shared | None = None,
    ) -> Store:
        """Open the store of a folder, and make it where there is none.

        Args:
            folder: where it lies; nothing for a store in memory.
            durability: ``process`` survives a killed process, ``power`` a lost power supply too, at the price of
                waiting for the disk.
            anchors: what names of paths are relative to; by default the folder above is the project root.
            shared: where other machines find what is recorded here, and this one what they record. It is not asked
                before it is used; `SharedSide.greet` finds out whether it is there.

        Raises:
            StoreError: the folder cannot be written, the disk is full, or a newer Symphony wrote it. Names the path.
            UsageError: there is no such level of durability.
        """
        if durability not in DURABILITIES:
            raise UsageError(f"there is no durability {durability!r}; there are: {', '.join(DURABILITIES)}")
        if folder is not None:
            folder = Path(os.path.abspath(folder))
            _make_folder(folder)
        store = cls(folder, durability, anchors, shared)
        if isinstance(store.objects, LocalObjects):
            store.objects.sweep()
        return store

    @classmethod
    def open_at(cls, address: StoreAddress, *, durability: str = "process", anchors: Anchors | None = None) -> Store:
        """Open the store of an address, as a worker does that was sent one; see `open`."""
        return cls.open(address.folder, durability=durability, anchors=anchors, shared=address.shared)

    def greet(self) -> None:
        """Find out whether the shared side can be used, where there is one.

        Raises:
            StoreError: it is not there, does not answer, or refuses the credentials; names where those came from.
            MissingExtraError: what speaks to it is not installed; names the command that installs it.
        """
        self._check()
        if self.shared is not None:
            self.shared.place.greet()

    @property
    def address(self) -> StoreAddress:
        """Where this store lies. A worker on another machine opens it with a folder of its own."""
        return StoreAddress(self.folder, self.shared.shared if self.shared is not None else None)

    def close(self) -> None:
        """Write everything that waits, then let go of the files. A closed store refuses everything.

        Raises:
            StoreError: what waits cannot be written.
        """
        if self._refusal is not None:
            return
        try:
            self._committer.close()
        finally:
            self._refuse("this store is closed")
            if self.shared is not None:
                self.shared.close()
            self.database.close()
            self.files.close()

    def _refuse(self, reason: str) -> None:
        self._refusal = reason
        _open_stores.discard(self)

    def _check(self) -> None:
        if self._refusal is not None:
            raise StoreError(f"{self.folder or 'the store in memory'}: {self._refusal}")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # Values

    def encode(
        self,
        value: Any,
        *,
        type: PortType = ANY,
        codec: str | None = None,
        anchors: Anchors | None = None,
        by_name: bool = False,
    ) -> Encoded:
        """The form in which a value is kept. Writes nothing but rows of the stat cache.

        Args:
            value: any value that a codec takes.
            type: the port type it is given under.
            codec: the codec to use; ``pickle`` is only used where it is named here.
            anchors: what names of paths are relative to; paths in their work folder are kept with their bytes.
            by_name: paths count by their name alone.

        Raises:
            CodecError: the value could not come back equal; names codec, class and the place inside the value.
        """
        text = type.name if not type.args else str(type)
        return encode_value(value, text, codec, anchors or self.anchors, self._outside, by_name=by_name)

    def keep(self, encoded: Encoded) -> Artifact:
        """Keep an encoded value; it can be read at once. Small ones wait for the next group commit.

        Idempotent: equal bytes are kept once.

        Raises:
            StoreError: it cannot be written; names the path, and what is needed and free where the disk is full.
        """
        rows = self.place(encoded)
        if rows:

            def add(batch: Batch) -> None:
                batch.add_artifacts(rows)

            self._committer.add(add, size_bytes=sum([len(row.data or b"") for row in rows]))
        return encoded.artifact

    def place(self, encoded: Encoded) -> list[Encoded]:
        """Write what of a value is too large for a row; gives the rows, which `record` or `keep` commits.

        Raises:
            StoreError: an object cannot be written.
        """
        artifact = encoded.artifact
        rows = [row for inner in encoded.nested for row in self.place(inner)] if encoded.nested else []
        if artifact.codec == "source":
            return rows
        self._check()
        size = artifact.size_bytes
        if size > SMALL_BYTES:
            pieces = encoded.chunks() if encoded.chunks is not None else (encoded.data or b"",)
            self.objects.write(artifact.digest, pieces, size)
            # The row needs no bytes: they would stay in memory until the commit.
            encoded = Encoded(artifact, refers=encoded.refers)
        rows.append(encoded)
        return rows

    def put(
        self, value: Any, *, type: PortType = ANY, codec: str | None = None, anchors: Anchors | None = None
    ) -> Artifact:
        """Encode a value and keep it."""
        return self.keep(self.encode(value, type=type, codec=codec, anchors=anchors))

    def put_list(self, elements: Sequence[Artifact], *, type: PortType = ANY) -> Artifact:
        """Keep a list by the references of its elements."""
        data = lists.write(elements)
        artifact = Artifact(hashlib.sha256(data).hexdigest(), "list", str(type), len(data))
        return self.keep(Encoded(artifact, data, refers=True))

    def get(
        self,
        artifact: Artifact,
        *,
        anchors: Anchors | None = None,
        classes: Classes | None = None,
        plain: bool = False,
        as_they_are: bool = False,
    ) -> Any:
        """The value of an artifact, from verified bytes. Arrays cannot be written to.

        Args:
            artifact: the reference.
            anchors: what names of paths are relative to on this machine.
            classes: finds a class by ``module:qualname``; by default among the loaded modules. Nothing is imported.
            plain: give dicts instead of instances, for showing.
            as_they_are: give the paths of sources whose content has changed since, too.

        Raises:
            DamagedArtifactError: the bytes are gone, or not what the digest names, and then in quarantine now.
            CodecError: a class is not loaded, or the bytes are of another codec.
            StoreError: a source has changed, or cannot be found from these anchors.
        """
        codec = artifact.codec
        if codec == "list":
            rest: dict[str, Any] = {"anchors": anchors, "classes": classes, "plain": plain, "as_they_are": as_they_are}
            return [self.get(e, **rest) for e in self.elements(artifact)]
        if codec == "source":
            return source_path(artifact, anchors or self.anchors) if as_they_are else self._source(artifact, anchors)
        if codec in ("file", "folder"):
            return self.raw_path(artifact)
        if codec == "pickle":
            self._check_pickle(artifact)

        def path(data: bytes) -> Any:
            return self.get(unpack_reference(data), anchors=anchors, as_they_are=as_they_are)

        return decode_bytes(codec, self.read_bytes(artifact), Reader(path, classes, as_plain=plain))

    def _source(self, artifact: Artifact, anchors: Anchors | None) -> Path:
        used = anchors or self.anchors
        path = source_path(artifact, used)
        if artifact.meta.get("kind") != "absent" and not still_there(artifact, used, self._outside):
            raise StoreError(f"{path} has changed or is gone since it was recorded; run again what reads it")
        return path

    def _check_pickle(self, artifact: Artifact) -> None:
        waiting = self._committer.waiting(artifact)
        if waiting is None and not self.catalog.recorded(artifact.digest, "pickle"):
            raise CodecError(
                f"codec pickle reads only what this store wrote through it, and {artifact.digest[:12]} was not"
            )

    def elements(self, artifact: Artifact) -> tuple[Artifact, ...]:
        """The references of the elements of a list that `put_list` kept.

        Raises:
            CodecError: the artifact is no such list.
        """
        if artifact.codec != "list":
            raise CodecError(f"{artifact.digest[:12]} has the codec {artifact.codec}; only a list has elements")
        return lists.read(self.read_bytes(artifact))

    def contains(self, artifact: Artifact, *, anchors: Anchors | None = None) -> bool:
        """Whether an artifact can be read: its row or object is there, and so is everything it refers to.

        Cheap: bytes are not verified. A source is there as long as the file still has the digest.
        """
        self._check()
        if artifact.codec == "source":
            return still_there(artifact, anchors or self.anchors, self._outside)
        waiting = self._committer.waiting(artifact)
        refers = waiting.refers if waiting is not None else self.catalog.refers(artifact)
        if artifact.size_bytes > SMALL_BYTES:
            there = self.objects.has(artifact.digest, artifact.size_bytes)
        else:
            there = refers is not None
        if not there and self.shared is not None:
            there = self.shared.has(artifact)
        return there and (not refers or self._contains_inner(artifact, anchors))

    def _contains_inner(self, artifact: Artifact, anchors: Anchors | None) -> bool:
        try:
            return all(self.contains(inner, anchors=anchors) for inner in self.references(artifact))
        except (StoreError, CodecError):
            return False

    def references(self, artifact: Artifact) -> list[Artifact]:
        """The artifacts that a value refers to: elements of a list, paths inside plain data."""
        if artifact.codec not in ("list", "msgpack"):
            return []
        return self.references_in(artifact, self.read_bytes(artifact))

    @staticmethod
    def references_in(artifact: Artifact, data: bytes) -> list[Artifact]:
        """`references`, from the bytes of the artifact.

        Raises:
            CodecError: they are not of its codec.
        """
        if artifact.codec == "list":
            return list(lists.read(data))
        found: list[Artifact] = []
        if artifact.codec == "msgpack":
            Reader(lambda data: found.append(unpack_reference(data)), as_plain=True).read(data)
        return found

    def read_bytes(self, artifact: Artifact, *, anchors: Anchors | None = None) -> bytes:
        """The verified bytes of an artifact; those of the file for a source.

        Raises:
            DamagedArtifactError: they are not what the digest names, or are gone.
        """
        if artifact.codec == "source":
            with self.open_stream(artifact, anchors=anchors) as stream:
                return stream.read()
        self._check()
        return self._reading.read_bytes(artifact)

    def open_stream(self, artifact: Artifact, *, anchors: Anchors | None = None) -> BinaryIO:
        """The bytes of an artifact as a stream, verified before it is handed out, without holding them in memory.

        Raises:
            DamagedArtifactError: they are not what the digest names, or are gone.
            StoreError: a source has changed.
        """
        self._check()
        if artifact.codec != "source":
            return self._reading.open_stream(artifact)
        path = self._source(artifact, anchors)
        try:
            return open(path, "rb")
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror or error}") from error

    def open_local(self, artifact: Artifact) -> BinaryIO:
        """`open_stream` of what is no source, without asking the shared side.

        Raises:
            DamagedArtifactError: the bytes here are not what the digest names, or are gone.
        """
        self._check()
        return self._reading.open_local(artifact)

    def raw_path(self, artifact: Artifact, *, anchors: Anchors | None = None) -> Path:
        """A read-only file that holds the bytes; a folder for codec ``folder``; the path itself for a source.

        Raises:
            DamagedArtifactError: the bytes are not what the digest names, or are gone.
        """
        self._check()
        if artifact.codec == "source":
            return self._source(artifact, anchors)
        return self.files.path(artifact, self.open_stream)

    def find(self, digest_or_prefix: str) -> list[Artifact]:
        """Every artifact whose digest starts so.

        Raises:
            UsageError: the text is no hexadecimal number of at most 64 digits.
        """
        prefix = digest_or_prefix.lower()
        if not prefix or len(prefix) > 64 or prefix.strip("0123456789abcdef"):
            raise UsageError(f"{digest_or_prefix!r} is no digest; a digest has up to 64 of the digits 0-9 and a-f")
        self._check()
        waiting = [
            e.artifact
            for batch in (self._committer.pending, self._committer.writing)
            for (digest, _), e in list(batch.artifacts.items())
            if digest.startswith(prefix)
        ]
        found = {(a.digest, a.codec): a for a in (*waiting, *self.catalog.starting_with(prefix))}
        return [found[name] for name in sorted(found)]

    # The outside world

    def digest_file(self, path: Path) -> str:
        """The SHA-256 of a file's bytes, through the stat cache."""
        return self._stats.digest_file(path)

    def digest_folder(self, path: Path) -> str:
        """The digest of a folder without ``.git`` and ``.symphony``: names, executable bits, links, bytes of files."""
        return self._stats.digest_folder(path)

    def _load_stat(self, name: str) -> StatRow | None:
        for batch in (self._committer.pending, self._committer.writing):
            if name in batch.stats:
                return batch.stats[name]
        found = self._stat_rows.find(os.fsencode(name))
        return (name, *found) if found is not None else None

    def _ask_stat(self, path: bytes) -> tuple[Any, ...] | None:
        rows = self.database.read("SELECT size, mtime, ctime, inode, checked, digest FROM stats WHERE path=?", (path,))
        return rows[0] if rows else None

    def _read_stats(self) -> dict[bytes, tuple[Any, ...]]:
        rows = self.database.read("SELECT path, size, mtime, ctime, inode, checked, digest FROM stats")
        return {row[0]: row[1:] for row in rows}

    def _store_stat(self, row: StatRow) -> None:
        def add(batch: Batch) -> None:
            batch.stats[row[0]] = row

        self._check()
        self._committer.add(add)

    # Keys

    def lookup(self, key: str, *, anchors: Anchors | None = None) -> KeyEntry | None:
        """The result of a key, or nothing where there is none or one of its artifacts is gone.

        Args:
            key: 64 hexadecimal digits.
            anchors: what names of sources are relative to.
        """
        if self._refusal is not None:
            self._check()
        if not self._committer.waits(key) and self.catalog.lacks(key):
            return None  # as of most keys of a run that is new
        entry = self._committer.waiting_key(key) or self.catalog.entry(key)
        if entry is not None and all(self.contains(artifact, anchors=anchors) for artifact in entry.outputs.values()):
            return entry
        if entry is not None or key in self.catalog.damaged_keys:
            self._dangling.add(key)
        return self._lookup_shared(key, anchors) if self.shared is not None else None

    def _lookup_shared(self, key: str, anchors: Anchors | None) -> KeyEntry | None:
        """The result of a key on the shared side; from now on it is known here, too."""
        assert self.shared is not None
        found = self.shared.key(key)
        # What was pickled elsewhere is read by nobody here.
        if found is None or any(a.codec == "pickle" for a in found.entry.outputs.values()):
            return None
        self._adopt_outputs(found)
        if not all(self.contains(artifact, anchors=anchors) for artifact in found.entry.outputs.values()):
            self._dangling.add(key)
            return None
        packed, replace = pack_entry(found.entry), self._was_dangling(key)
        self.shared.adopt(key, packed)

        def add(batch: Batch) -> None:
            batch.add_key(key, packed, replace=replace)

        self._committer.add(add)
        return found.entry

    def _adopt_outputs(self, found: SharedKey) -> None:
        """Keep what came with a key here; what refers to other artifacts is fetched, so that those can be asked for."""
        assert self.shared is not None
        rows = [form for form in found.outputs.values() if form.data is not None]
        self.shared.note_there(row.artifact.digest for row in rows)
        if rows:
            self._committer.add(
                lambda batch: batch.add_artifacts(rows), size_bytes=sum(len(r.data or b"") for r in rows)
            )
        for form in found.outputs.values():
            if form.refers and form.data is None:
                with suppress(DamagedArtifactError):
                    self._reading.open_stream(form.artifact).close()

    def _adopt(self, artifact: Artifact, data: bytes | None) -> None:
        """Keep an artifact here that came from the shared side; large ones are an object already."""
        refers = artifact.codec == "list"
        if artifact.codec == "msgpack":
            refers = bool(self.references_in(artifact, data if data is not None else self.read_bytes(artifact)))
        row = Encoded(artifact, data, refers=refers)
        self._committer.add(lambda batch: batch.add_artifacts((row,)), size_bytes=len(data or b""))

    def _local_form(self, artifact: Artifact) -> Encoded:
        """An artifact as it is kept on the local side."""
        waiting = self._committer.waiting(artifact)
        refers = waiting.refers if waiting is not None else bool(self.catalog.refers(artifact))
        if artifact.size_bytes <= SMALL_BYTES:
            return Encoded(artifact, self._reading.local_bytes(artifact), refers=refers)
        return Encoded(artifact, chunks=lambda: _blocks(self.objects.open(artifact.digest)), refers=refers)

    def share(self, artifacts: Iterable[Artifact]) -> None:
        """Put artifacts, and all that they refer to, on the shared side, so that a worker elsewhere can read them.

        Does nothing for what is there already, and for sources.

        Raises:
            StoreError: there is no shared side that may be written, or it cannot take them.
            DamagedArtifactError: one cannot be read.
        """
        self._check()
        if self.shared is None or not self.shared.shared.write:
            raise StoreError("this store has no shared side that may be written; workers elsewhere cannot read from it")
        wanted: dict[str, Artifact] = {}
        waiting = list(artifacts)
        while waiting:
            artifact = waiting.pop()
            if (
                artifact.codec != "source"
                and artifact.digest not in wanted
                and not self.shared.is_known(artifact.digest)
            ):
                wanted[artifact.digest] = artifact
                waiting += self.references(artifact) if self._refers(artifact) else []
        self.shared.put([self._local_form(artifact) for artifact in wanted.values()], {})

    def _refers(self, artifact: Artifact) -> bool:
        waiting = self._committer.waiting(artifact)
        return waiting.refers if waiting is not None else self.catalog.refers(artifact) is not False

    def entry(self, key: str) -> KeyEntry | None:
        """The result of a key, whether or not its artifacts are still there."""
        self._check()
        return self._committer.waiting_key(key) or self.catalog.entry(key)

    def remember(self, key: str, entry: KeyEntry, *, replace: bool = False) -> None:
        """Record the result of a key. The first recorded one stays, unless `replace` or it cannot be read any more."""
        self._check()
        packed, replace = pack_entry(entry), replace or self._was_dangling(key)

        def add(batch: Batch) -> None:
            batch.add_key(key, packed, replace=replace, run=entry.run)

        self._committer.add(add)

    def latest_parts(self, player: str, task: str, melody: str) -> Mapping[str, Any] | None:
        """The parts of the key of the most recent call of a task that gave a result, to say what differs now.

        Args:
            player: the player it calls; calls of another player count only where there is no other.
            task: the task path, ``stats[3]`` for an element.
            melody: the name of the melody; its last 20 runs are looked at.
        """
        self._check()
        call = self.journal.latest_call(melody, task, player)
        if call is None or call.parts is not None:
            return call.parts if call is not None else None
        entry = self._committer.waiting_key(call.key or "") or self.catalog.entry(call.key or "")
        return entry.parts if entry is not None else None

    # Journal

    def begin_run(self, run: RunRecord, lease: Lease | None = None) -> None:
        """Record a new run, and who owns it; it is listed when this returns."""
        self._check()
        self.journal.begin(run, lease)
        self._renew_tables()

    def take_run(
        self, run_id: str, next_lease: Callable[[int, Lease | None], Lease], changes: Mapping[str, Any]
    ) -> RunRecord:
        """Open a new sitting of a run, in one transaction; see `Journal.take`."""
        self._check()
        self._committer.flush()  # what waits was given under the earlier sitting, and is written or refused as such
        self.journal.take(run_id, next_lease, changes)
        self._lost.pop(run_id, None)
        self._renew_tables()
        run = self.journal.run(run_id)
        assert run is not None
        return run

    def renew_lease(self, lease: Lease) -> None:
        """Renew the lease of a run.

        Raises:
            LostRunError: another process has taken the run.
        """
        self._check()
        self.journal.renew(lease)

    def lease(self, run_id: str) -> Lease | None:
        """The last lease of a run, or nothing once it has ended."""
        self._check()
        return self.journal.lease(run_id)

    def _renew_tables(self) -> None:
        self.catalog.renew()
        self._stat_rows.forget()

    def update_run(self, run_id: str, **changes: Any) -> RunRecord:
        """Change fields of a run, and write everything given before; recorded when this returns."""
        self._check()
        self._committer.flush()
        return self.journal.update(run_id, changes)

    def run(self, run_id: str) -> RunRecord | None:
        """The run of this id, or nothing."""
        self._check()
        return self.journal.run(run_id)

    def runs(
        self, *, state: str | None = None, since: float | None = None, tag: str | None = None, limit: int | None = None
    ) -> list[RunRecord]:
        """Runs without their plans, newest first; of one state, begun at `since` or later, with one tag, at most `limit`."""
        self._check()
        return self.journal.runs(state=state, since=since, tag=tag, limit=limit)

    def record(
        self,
        calls: Sequence[CallRecord],
        *,
        rows: Sequence[Encoded] = (),
        keys: Sequence[tuple[str, KeyEntry, bool]] = (),
    ) -> None:
        """Append to the journal, with what the calls gave. Cheap: all is written with the next group commit, together.

        Args:
            calls: the ends of calls.
            rows: what `place` gave for their values.
            keys: key, entry, and whether it replaces what is there; see `remember`.

        Raises:
            StoreError: an earlier group commit failed; nothing was taken.
            LostRunError: another process has taken the run.
        """
        packed = [(key, pack_entry(entry), replace) for key, entry, replace in keys]
        self.record_packed([call_row(call) for call in calls], rows, packed)

    def record_packed(
        self, calls: Sequence[CallRow], rows: Sequence[Encoded], keys: Sequence[tuple[str, bytes, bool]]
    ) -> None:
        """`record`, of what is packed already."""
        self._check()
        for run in {call[0] for call in calls}:
            if run in self._lost:
                raise self._lost[run]
            if run not in self._sittings:
                self.journal.sitting(run)
        run = calls[0][0] if calls else ""

        def add(batch: Batch) -> None:
            batch.calls += calls
            batch.add_artifacts(rows)
            known = batch.keys
            for key, entry, replace in keys:
                if key in self._dangling:
                    replace = self._was_dangling(key) or replace
                if replace or key not in known:  # as `add_key` does
                    known[key] = entry, replace, run

        self._committer.add(add, count=len(calls) or 1, size_bytes=sum([len(row.data or b"") for row in rows]))

    def _was_dangling(self, key: str) -> bool:
        if key not in self._dangling:
            return False
        self._dangling.discard(key)
        return True

    def calls(self, run_id: str) -> list[CallRecord]:
        """Where each call of a run stands, in the order in which they were first recorded; with what still waits."""
        self._check()
        return self.journal.calls(run_id)

    def running(self, run_id: str, snapshot: Any) -> None:
        """Replace the list of calls that run now; written with the next group commit."""

        def add(batch: Batch) -> None:
            batch.running[run_id] = snapshot

        self._check()
        self._committer.add(add)

    def running_now(self, run_id: str) -> Any:
        """The list that `running` was given last, or nothing."""
        self._check()
        return self.journal.running(run_id)

    def append_log(self, run_id: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append log lines: ``at``, ``task``, ``attempt``, ``level``, ``message``."""

        def add(batch: Batch) -> None:
            batch.logs += [(run_id, line) for line in lines]

        self._check()
        self._committer.add(add, count=len(lines), size_bytes=sum([len(line.get("message", "")) for line in lines]))

    def logs(self, run_id: str, task: str | None = None) -> list[dict[str, Any]]:
        """The log lines of a run, or of one task with its elements, in order."""
        self._check()
        return self.journal.logs(run_id, task)

    def logs_after(self, run_id: str, after: int) -> tuple[list[dict[str, Any]], int]:
        """The written log lines of a run behind a place, 0 for the beginning, and the place to go on from."""
        self._check()
        return self.journal.logs_after(run_id, after)

    # Group commit

    def flush(self) -> None:
        """Write everything given so far. At level ``power`` it is on the disk when this returns.

        Raises:
            StoreError: it cannot be written; it still waits, and the next flush tries again. Or the shared side cannot
                take it; then it is recorded here, and put there as soon as that answers.
        """
        self._check()
        self._committer.flush()
        if self.shared is not None and self.shared.owes:
            with self._committer.held():
                self.shared.pay_debts()

    @contextmanager
    def exclusively(self) -> Iterator[sqlite3.Connection]:
        """One write transaction during which neither this process nor another commits anything else."""
        self._check()
        with self._committer.held(), self.database.transaction() as connection:
            yield connection

    def check_database(self) -> str:
        """What is or was wrong with the database, which is in quarantine then; an empty string where it is whole.

        Raises:
            StoreError: it cannot be read.
        """
        self._check()
        with self._committer.held():
            damage = self.database.check() or self.database.set_aside
        if damage:
            self.catalog.drop_cache()
            self._stat_rows.forget()
        return damage

    @property
    def sequence(self) -> int:
        """The number of the last entry given to this store; grows with every entry."""
        return self._committer.sequence

    @property
    def durable_sequence(self) -> int:
        """The number of the last entry that is written."""
        return self._committer.durable

    def _write(self, batch: Batch) -> SymphonyError | None:
        # Before the commit, so that what is recorded can be read elsewhere; what a crash leaves there harms nobody.
        failure = None
        if self.shared is not None and (batch.artifacts or batch.keys):
            failure = self.shared.publish(list(batch.artifacts.values()), batch.keys)
        with self.database.transaction(needed_bytes=batch.size_bytes) as connection:
            written = write_batch(connection, batch, self._sittings)
        self.catalog.note(written)
        self._lost.update(written.lost)
        return failure


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while block := stream.read(1 << 20):
            yield block


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise file_fault(folder, error) from error


def _refuse_in_child() -> None:
    """A forked child shares locks and connections with its parent, which SQLite forbids."""
    for store in list(_open_stores):
        store._refuse("this store was opened before the process forked; open it again in the child")


os.register_at_fork(after_in_child=_refuse_in_child)
