"""Says what the code of players is, and keeps what it was."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from symphony.compiler.compile import CodeIdentity, Identities
from symphony.config.project import Project
from symphony.define.source_tree import ProjectSources
from symphony.model.plan import Plan
from symphony.model.signature import Signature

if TYPE_CHECKING:
    from symphony.compiler.identity import IdentityReader, Note
    from symphony.runtime.code_record import CodeRecord
    from symphony.store.store import Store


def identities_of(project: Project, folder: Path) -> Identities:
    """What gives the code identity of a player: its source for the project's own, name and version for shipped ones."""
    return identities_from(ProjectSources(project.root, (folder.resolve(),)))


def identities_from(sources: ProjectSources) -> Identities:
    """What gives the code identity of a player, read from these sources."""
    readers: list[IdentityReader] = []

    def identity(signature: Signature) -> CodeIdentity:
        if not signature.in_project:
            return _declared(signature.name, signature.version)
        if not readers:
            from symphony.compiler.identity import IdentityReader  # only players of the project need their source read

            readers.append(IdentityReader(sources))
        return readers[0].identity_of(signature.module, signature.qualname, version=signature.version)

    return identity


class _Declared(NamedTuple):
    """The identity of a shipped player: its name and version stand for its code."""

    digest: str
    imports: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@lru_cache(maxsize=1024)
def _declared(name: str, version: str) -> CodeIdentity:
    from symphony.model.canonical import digest_of

    return _Declared(digest_of(["declared", name, version]))


def keep_code_of(plan: Plan, home: Project, store: Store) -> None:
    """Keep the code of the project's players with the run, so that `why` can name the line that changed."""
    own = {p.identity for p in plan.players.values() if p.identity and not p.module.startswith("symphony.")}
    if not own:
        return
    from symphony.runtime.code_record import keep_code

    codes: dict[str, CodeRecord] = {}

    def code(identity: str) -> CodeRecord | None:
        if not codes:
            codes.update(codes_of(plan, home))
        return codes.get(identity)

    for identity in sorted(own):
        keep_code(store, identity, partial(code, identity))


def codes_of(plan: Plan, home: Project) -> Iterator[tuple[str, CodeRecord]]:
    """The code of the project's players, by identity."""
    from symphony.compiler.identity import IdentityReader
    from symphony.runtime.code_record import CodeRecord

    sources = ProjectSources(home.root, [Path(f) for f in plan.origin])
    reader = IdentityReader(sources)
    for pin in plan.players.values():
        if pin.identity and not pin.module.startswith("symphony."):
            found = reader.identity_of(pin.module, pin.qualname, version=pin.version)
            if found.digest == pin.identity and found.reached:
                yield pin.identity, CodeRecord(found.reached, sources)
