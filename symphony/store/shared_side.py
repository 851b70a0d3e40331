"""The shared side of a store: artifacts by digest and results by key, where other machines find them.

Bytes are verified when they come, as those of a disk are: what does not match its digest is set aside, never served.
Results are put after the artifacts they name, so a crash in between leaves an object that nobody asks for.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from symphony.errors import CodecError, DamagedArtifactError, SurroundingsError
from symphony.model.artifact import Artifact
from symphony.store.address import Shared
from symphony.store.debts import Debts, PackedKeys
from symphony.store.encoded import SMALL_BYTES, Encoded
from symphony.store.objects import Objects
from symphony.store.shared_keys import INLINE_BYTES, NewerFormatError, SharedKey, key_name, pack_key, unpack_key
from symphony.store.shared_place import SharedPlace
from symphony.store.slices import unpack_packed_entry

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 16
_LARGE_AT_ONCE = 3
"""How many large objects travel at once: each holds some parts in memory."""
_JUST_NOW_S = 60.0
_REMEMBERED = 200_000


def object_name(digest: str) -> str:
    """The name of the object of an artifact."""
    return f"objects/{digest[:2]}/{digest}"


class SharedSide:
    """Reads and writes the shared side of one store. Thread-safe; nothing is asked before it is used.

    Args:
        shared: where it is, and what may be done there.
        debts: takes what could not be put.
        local: gives an artifact of the local side as it is kept, bytes or pieces included.
        place: the files there; by default those of the URL.
    """

    def __init__(
        self, shared: Shared, debts: Debts, local: Callable[[Artifact], Encoded], place: SharedPlace | None = None
    ) -> None:
        self.shared, self.place = shared, place or SharedPlace(shared)
        self._debts, self._local = debts, local
        self._there: set[bytes] = set()
        self._absent: dict[str, float] = {}
        self._adopted: dict[str, bytes] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._large = threading.Semaphore(_LARGE_AT_ONCE)
        self._locks = tuple(threading.Lock() for _ in range(16))

    def close(self) -> None:
        """End the threads that put things."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    # Artifacts

    def has(self, artifact: Artifact) -> bool:
        """Whether the object of an artifact is there. Asked once per object; its bytes are not verified."""
        if self.is_known(artifact.digest):
            return True
        if self.place.size(object_name(artifact.digest)) != artifact.size_bytes:
            return False
        self._know(artifact.digest)
        return True

    def is_known(self, digest: str) -> bool:
        """Whether an object is known to be there, without asking."""
        return bytes.fromhex(digest) in self._there

    def note_there(self, digests: Iterable[str]) -> None:
        """Take note that objects are there, as their key says."""
        for digest in digests:
            self._know(digest)

    def _know(self, digest: str) -> None:
        if len(self._there) >= _REMEMBERED:
            self._there.clear()
        self._there.add(bytes.fromhex(digest))

    def read_bytes(self, artifact: Artifact) -> bytes | None:
        """The verified bytes of a small artifact, or nothing where it is not there.

        Raises:
            DamagedArtifactError: they are not what the digest names.
        """
        for _ in range(2):  # a damaged answer is not yet a damaged object
            data = self.place.read(object_name(artifact.digest)) if artifact.size_bytes else b""
            if data is None:
                self._there.discard(bytes.fromhex(artifact.digest))
                return None
            if hashlib.sha256(data).hexdigest() == artifact.digest:
                self._know(artifact.digest)
                return data
        raise self._damaged(artifact.digest, "the bytes have another digest")

    def download(self, artifact: Artifact, objects: Objects) -> bool:
        """Bring a large object to the local side, verified, in bounded memory; gives whether it is here now.

        Raises:
            DamagedArtifactError: the bytes are not what the digest names.
            StoreError: the local side cannot take it.
        """
        digest, size = artifact.digest, artifact.size_bytes
        with self._locks[int(digest[0], 16)]:
            if objects.has(digest, size):
                return True
            found = self.place.size(object_name(digest))
            if found is None:
                self._there.discard(bytes.fromhex(digest))
                return False
            if found != size:
                raise self._damaged(digest, f"it has {found} bytes instead of {size}")
            for last in (False, True):
                if self._brought(artifact, objects, last=last):
                    break
            self._know(digest)
            return True

    def _brought(self, artifact: Artifact, objects: Objects, *, last: bool) -> bool:
        try:
            objects.write(artifact.digest, self._verified(artifact), artifact.size_bytes)
        except _OtherBytesError:
            if last:
                raise self._damaged(artifact.digest, "the bytes have another digest") from None
            return False
        return True

    def _verified(self, artifact: Artifact) -> Iterator[bytes]:
        hasher = hashlib.sha256()
        try:
            for part in self.place.parts(object_name(artifact.digest), artifact.size_bytes):
                hasher.update(part)
                yield part
        except FileNotFoundError:
            raise self._damaged(artifact.digest, "it was removed while it was read") from None
        if hasher.hexdigest() != artifact.digest:
            raise _OtherBytesError

    def _damaged(self, digest: str, reason: str) -> DamagedArtifactError:
        """The error for a damaged object, which is taken out of service where we may."""
        self._there.discard(bytes.fromhex(digest))
        where = self.place.set_aside(object_name(digest)) if self.shared.write else ""
        moved = f"; it was moved to {where}" if where else ""
        return DamagedArtifactError(
            digest, f"the artifact {digest} is damaged in {self.shared.name}: {reason}{moved}. Run again what made it"
        )

    # Keys

    def key(self, key: str) -> SharedKey | None:
        """The result of a key, or nothing where there is none that can be read."""
        if not self.shared.read:
            return None
        data = self.place.read(key_name(key))
        if data is None:
            if len(self._absent) >= _REMEMBERED:
                self._absent.clear()
            self._absent[key] = time.monotonic()
            return None
        try:
            return unpack_key(key, data)
        except NewerFormatError:
            return None
        except CodecError:
            if self.shared.write:
                self.place.set_aside(key_name(key))
            return None

    def adopt(self, key: str, packed: bytes) -> None:
        """Take note that this very entry came from here, so that it is not put back."""
        self._adopted[key] = packed

    # Putting

    def publish(self, artifacts: Sequence[Encoded], keys: PackedKeys) -> SurroundingsError | None:
        """Put artifacts, then results; nothing that is there already. First what is owed from earlier failures.

        Returns:
            Why it could not be done; then it is written down as a debt, and may be recorded locally all the same.
        """
        if not self.shared.write:
            return None
        try:
            self.pay_debts()
            self._put_all(artifacts, keys)
        except SurroundingsError as error:
            self._debts.note([form.artifact for form in artifacts], keys)
            return error
        return None

    def put(self, forms: Sequence[Encoded], keys: PackedKeys) -> None:
        """Put artifacts, then results, now; nothing is written down as a debt.

        Raises:
            StoreError: they cannot be put.
        """
        self._put_all(forms, keys)

    def forget_what_is_there(self) -> None:
        """Ask again from now on, as after a collection of garbage."""
        self._there.clear()

    @property
    def owes(self) -> bool:
        """Whether something is to be put that could not be, and the place is not known to be gone."""
        return self.shared.write and self._debts.any and not self.place.patience.is_over

    def pay_debts(self) -> None:
        """Put what could not be put before.

        Raises:
            StoreError: it still cannot.
        """
        if not (self.shared.write and self._debts.any):
            return
        for name, artifacts, keys in self._debts.each():
            self._put_all([Encoded(artifact) for artifact in artifacts], keys)
            self._debts.paid(name)

    def _put_all(self, artifacts: Iterable[Encoded], keys: PackedKeys) -> None:
        wanted = [e for e in artifacts if e.artifact.codec != "source" and not self.is_known(e.artifact.digest)]
        put = self._each(self._put_artifact, wanted)
        gone = {form.artifact.digest for form, done in zip(wanted, put, strict=True) if not done}
        todo = [(key, *packed[:2]) for key, packed in keys.items() if self._adopted.pop(key, None) is not packed[0]]
        self._each(lambda item: self._put_key(*item, gone=gone), todo)

    def _each(self, action: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Do something with every item, several at once."""
        if len(items) < 2:
            return [action(item) for item in items]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="symphony-shared")
        return list(self._pool.map(action, items))

    def _put_artifact(self, given: Encoded) -> bool:
        """Put one artifact; gives whether its bytes are there now, which they are not where they have vanished here."""
        artifact = given.artifact
        name = object_name(artifact.digest)
        try:
            form = given if given.data is not None else self._local(artifact)
            if artifact.size_bytes <= SMALL_BYTES and form.data is not None:
                self.place.put(name, form.data)
            elif self.place.size(name) != artifact.size_bytes:
                with self._large:
                    self.place.put_pieces(name, lambda: _checked(form), artifact.size_bytes)
        except (DamagedArtifactError, FileNotFoundError):
            return False
        self._know(artifact.digest)
        return True

    def _put_key(self, key: str, packed: bytes, replace: bool, *, gone: set[str]) -> None:
        entry, name = unpack_packed_entry(packed), key_name(key)
        outputs = entry.outputs.values()
        if any(a.codec == "pickle" or a.digest in gone for a in outputs):
            return  # pickle is for this machine alone
        with suppress(DamagedArtifactError):
            if replace:
                self.place.put(name, pack_key(key, entry, self._tell))
            elif self._was_absent(key) or self.place.size(name) is None:
                self.place.put(name, pack_key(key, entry, self._tell), if_absent=True)

    def _was_absent(self, key: str) -> bool:
        """Whether we have looked for a key just now, and there was none."""
        seen = self._absent.pop(key, None)
        return seen is not None and time.monotonic() - seen < _JUST_NOW_S

    def _tell(self, artifact: Artifact) -> tuple[bool, bytes | None]:
        if artifact.codec == "source":
            return False, None
        form = self._local(artifact)
        return form.refers, form.data if artifact.size_bytes <= INLINE_BYTES else None


class _OtherBytesError(Exception):
    """What came is not what the digest names."""


def _checked(form: Encoded) -> Iterator[bytes]:
    """The pieces of a local object, which must be what its digest names when the last one is taken."""
    hasher = hashlib.sha256()
    assert form.data is not None or form.chunks is not None
    for piece in (form.data,) if form.data is not None else form.chunks() if form.chunks is not None else ():
        hasher.update(piece)
        yield piece
    if hasher.hexdigest() != form.artifact.digest:
        raise DamagedArtifactError(
            form.artifact.digest, f"the artifact {form.artifact.digest} is damaged here; run again what made it"
        )
