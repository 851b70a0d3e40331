"""Care of the shared side of a store: how much it holds, whether it is whole, what may go, what is missing.

All of it lists and reads over the wire, and none of it happens unless it is asked for.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from symphony.errors import CodecError, DamagedArtifactError, UsageError
from symphony.model.artifact import Artifact
from symphony.store.care import Damage, Usage
from symphony.store.encoded import Encoded
from symphony.store.shared_keys import NewerFormatError, SharedKey, unpack_key
from symphony.store.shared_place import Found, SharedPlace
from symphony.store.shared_side import SharedSide
from symphony.store.slices import pack_entry
from symphony.store.store import Store

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 16
_DAY_S = 86_400.0
_NAME = re.compile("[0-9a-f]{64}")
_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class SharedCollected:
    """What a collection on the shared side removed, or would remove."""

    keys: int = 0
    objects: int = 0
    size_bytes: int = 0


def shared_side(store: Store) -> SharedSide:
    """The shared side of a store.

    Raises:
        UsageError: it has none.
    """
    if store.shared is None:
        raise UsageError("there is no shared store here; name one: SYMPHONY_STORE=s3://bucket/prefix")
    return store.shared


def shared_usage(store: Store) -> dict[str, Usage]:
    """What the shared side holds: ``shared objects``, ``shared keys``, and what was set aside there."""
    place = shared_side(store).place
    kinds = {"shared objects": _listed(place, "objects"), "shared keys": _listed(place, "keys")}
    kinds["shared quarantine"] = place.shelf("quarantine")
    return {kind: Usage(len(found), sum(f.size_bytes for f in found)) for kind, found in kinds.items()}


def verify_shared(store: Store) -> list[Damage]:
    """Read every object and every key of the shared side; what is damaged is set aside where we may write."""
    side = shared_side(store)

    def checked(found: Found) -> Damage | None:
        reason = (
            _object_damage(side.place, found) if found.name.startswith("objects/") else _key_damage(side.place, found)
        )
        if reason and side.shared.write:
            side.place.set_aside(found.name)
        return Damage(_base(found), f"{side.shared.name.rstrip('/')}/{found.name}", reason) if reason else None

    everything = [*_listed(side.place, "objects"), *_listed(side.place, "keys")]
    return [damage for damage in _each(checked, everything) if damage is not None]


def _object_damage(place: SharedPlace, found: Found) -> str:
    hasher = hashlib.sha256()
    try:
        for part in place.parts(found.name, found.size_bytes):
            hasher.update(part)
    except FileNotFoundError:
        return ""  # somebody removed it meanwhile
    return "" if hasher.hexdigest() == _base(found) else "the bytes have another digest"


def _key_damage(place: SharedPlace, found: Found) -> str:
    data = place.read(found.name)
    try:
        if data is not None:
            unpack_key(_base(found), data)
    except NewerFormatError:
        return ""
    except CodecError as error:
        return str(error)
    return ""


def collect_shared(
    store: Store, *, dry_run: bool = False, older_than_s: float | None = None, spare_s: float = _DAY_S
) -> SharedCollected:
    """Remove keys that were put longer ago than an age, and objects that no key refers to any more.

    Other machines may use the shared side meanwhile: a key whose object has just gone counts as none, and its call is
    made again.

    Args:
        store: a store with a shared side that may be written.
        dry_run: only say what would go.
        older_than_s: the age at which a key goes, in seconds since it was put; by default none goes by its age.
        spare_s: objects younger than this stay, for whoever is about to put their key.

    Raises:
        UsageError: there is no shared side, or it may not be written.
    """
    side = shared_side(store)
    if not (side.shared.write or dry_run):
        raise UsageError(f"{side.shared.name} is used read-only here; nothing can be removed")
    now = time.time()
    keys = _listed(side.place, "keys")
    old = [f for f in keys if older_than_s is not None and f.changed_at and now - f.changed_at > older_than_s]
    gone = {f.name for f in old}
    used = _used(side, [f for f in keys if f.name not in gone])
    objects = [
        f for f in _listed(side.place, "objects")
        if _base(f) not in used and f.changed_at and now - f.changed_at > spare_s
    ]  # fmt: skip
    left = [f for f in side.place.shelf("tmp") if f.changed_at and now - f.changed_at > _DAY_S]
    if not dry_run:
        for found in (old, objects, left):  # keys first: a key never outlives its objects for long
            _each(lambda f: side.place.remove(f.name), found)
        side.forget_what_is_there()
    return SharedCollected(len(old), len(objects), sum(f.size_bytes for f in (*old, *objects)))


def _used(side: SharedSide, keys: Sequence[Found]) -> set[str]:
    """The digests that keys name, and all that those refer to."""

    def read(found: Found) -> SharedKey | None:
        data = side.place.read(found.name)
        try:
            return unpack_key(_base(found), data) if data is not None else None
        except NewerFormatError:
            raise UsageError(
                f"{side.shared.name} holds results of a newer Symphony, and what those refer to cannot be told here; "
                "collect with the newer one"
            ) from None
        except CodecError:
            return None

    used: set[str] = set()
    waiting: list[Encoded] = [form for key in _each(read, keys) if key is not None for form in key.outputs.values()]
    while waiting:
        form = waiting.pop()
        if form.artifact.digest not in used:
            used.add(form.artifact.digest)
            waiting += [Encoded(a, refers=a.codec == "list") for a in _references(side, form)]
    return used


def _references(side: SharedSide, form: Encoded) -> Iterable[Artifact]:
    if not form.refers:
        return ()
    try:
        data = form.data if form.data is not None else side.read_bytes(form.artifact)
        return Store.references_in(form.artifact, data) if data is not None else ()
    except (DamagedArtifactError, CodecError):
        return ()


def push(store: Store) -> int:
    """Put every result that is kept here on the shared side, where it is not there yet; gives how many keys were looked at.

    For results from before there was a shared side: what is recorded since is there already.

    Raises:
        UsageError: there is no shared side that may be written.
        StoreError: it cannot take them.
    """
    side = shared_side(store)
    if not side.shared.write:
        raise UsageError(f"{side.shared.name} is used read-only here; nothing can be put there")
    store.flush()
    entries = [(key, entry) for key, entry in store.catalog.entries() if entry is not None]
    for at in range(0, len(entries), _TOGETHER):
        part = [(k, e) for k, e in entries[at : at + _TOGETHER] if all(store.contains(a) for a in e.outputs.values())]
        store.share([a for _, entry in part for a in entry.outputs.values()])
        side.put((), {key: (pack_entry(entry), False, entry.run) for key, entry in part})
    return len(entries)


def _listed(place: SharedPlace, kind: str) -> list[Found]:
    """Every file of a kind whose name is a digest."""
    shelves = _each(lambda number: place.shelf(f"{kind}/{number:02x}"), range(256))
    return [found for shelf in shelves for found in shelf if _NAME.fullmatch(_base(found))]


def _base(found: Found) -> str:
    return found.name.rsplit("/", 1)[-1]


def _each(action: Callable[[T], R], items: Sequence[T]) -> list[R]:
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="symphony-shared-care") as pool:
        return list(pool.map(action, items))
