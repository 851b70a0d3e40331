"""Care of a store: how much it holds, whether it is whole, and what may go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from symphony.errors import DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.store.catalog import Row
from symphony.store.encoded import SMALL_BYTES
from symphony.store.garbage import Collected, collect
from symphony.store.journal_check import forget_damaged_parts
from symphony.store.store import Store

__all__ = ["Collected", "Damage", "Usage", "collect", "disk_usage", "verify"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one kind takes: how many, and bytes on the disk."""

    count: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged or missing artifact, the damaged database, or a damaged record, part of the journal or log of a run in it.

    Attributes:
        digest: the SHA-256 that the bytes should have; empty for the database and for runs.
        where: where they lie, or should lie.
        why: what is wrong.
    """

    digest: str
    where: str
    why: str


def disk_usage(store: Store) -> dict[str, Usage]:
    """What the store holds, by kind.

    ``artifacts`` counts bytes of values, ``keys``, ``runs`` and ``calls`` have none of their own; the places on disk
    are ``objects``, ``database``, ``files``, ``quarantine`` and ``tmp``.
    """
    store.flush()
    rows = {
        kind: Usage(int(store.database.read(sql)[0][0] or 0))
        for kind, sql in (
            ("keys", "SELECT count(*) FROM keys"),
            ("runs", "SELECT count(*) FROM runs"),
            ("calls", "SELECT sum(count) FROM slices"),
        )
    }
    sizes = [store.catalog.artifact(row).size_bytes for row in store.catalog.rows()]
    objects = [size for _, size, _ in store.objects.names()]
    usage = {"artifacts": Usage(len(sizes), sum(sizes)), **rows, "objects": Usage(len(objects), sum(objects))}
    if store.folder is not None:
        usage["database"] = _usage(store.folder.glob("symphony.db*"))
        for name in ("files", "quarantine", "tmp"):
            usage[name] = _usage((store.folder / name).rglob("*"))
    return usage


def _usage(paths: Iterable[Path]) -> Usage:
    sizes = [path.lstat().st_size for path in paths if path.is_file() or path.is_symlink()]
    return Usage(len(sizes), sum(sizes))


def verify(store: Store) -> list[Damage]:
    """Read the database, every artifact and every object; damaged bytes go to quarantine, as on any other read.

    Artifacts that cannot be read are taken out of the catalog, so that what made them runs again; a second call finds
    nothing more.
    """
    store.flush()
    found: dict[str, Damage] = {}
    damage_inside = store.check_database()
    if damage_inside:
        found[""] = Damage("", "symphony.db", f"{damage_inside}; it was set aside, what it recorded is gone")
    for row in list(store.catalog.rows()):
        artifact = store.catalog.artifact(row)
        damage = _damage_of(store, artifact, row)
        if damage is not None:
            found[damage.digest] = damage
            store.catalog.forget(row.digest)
    known = {row.digest for row in store.catalog.rows()} | set(found)
    for digest, _, _ in list(store.objects.names()):
        if digest not in known and (damage := _object_damage(store, digest)) is not None:
            found[digest] = damage
    runs = [
        Damage("", f"symphony.db, run {run}", "its record is damaged; it was taken out")
        for run in store.journal.forget_damaged()
    ]
    parts = [Damage("", f"symphony.db, {where}", why) for where, why in forget_damaged_parts(store.database)]
    return [*(found[digest] for digest in sorted(found)), *runs, *parts]


def _damage_of(store: Store, artifact: Artifact, row: Row) -> Damage | None:
    where = f"symphony.db, pack {row.place[0]}"
    if artifact.size_bytes > SMALL_BYTES:
        where = f"objects/{row.digest[:2]}/{row.digest}"
    try:
        with store.open_local(artifact):
            return None
    except DamagedArtifactError as error:
        return Damage(row.digest, where, str(error))


def _object_damage(store: Store, digest: str) -> Damage | None:
    """What is wrong with an object that the catalog does not know, as after the loss of the database."""
    hasher = hashlib.sha256()
    try:
        with store.objects.open(digest) as stream:
            while block := stream.read(1 << 20):
                hasher.update(block)
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        if hasher.hexdigest() == digest:
            return None
        reason = "the bytes have another digest"
    store.objects.quarantine(digest)
    return Damage(digest, f"objects/{digest[:2]}/{digest}", reason)
