"""Keeps what the code of players was when it ran, so that later it can be said which line changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from functools import cache

from symphony.compiler.identity.values import DefinitionKind, Reached
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.module_source import FixedSources, ModuleSource, SourceTree
from symphony.store.records import KeyEntry
from symphony.store.store import Store

_ABOUT = "about:"
"""The output that holds everything but the text of the modules; no module has a colon in its name."""


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """The code behind one identity: the definitions that it includes, and the modules they stand in."""

    reached: tuple[Reached, ...]
    sources: SourceTree


def keep_code(store: Store, identity: str, code: Callable[[], CodeRecord | None]) -> None:
    """Keep the code behind an identity, once.

    Args:
        identity: the digest of the identity.
        code: gives the code; asked only when it is not kept yet.
    """
    key = _key(identity)
    if store.lookup(key) is not None or (found := code()) is None:
        return
    modules = [m for name in dict.fromkeys(r.module for r in found.reached) if (m := found.sources.module(name))]
    kept: dict[str, Artifact] = {m.name: store.put(m.text) for m in modules}
    about = {
        "reached": [
            [str(part) if isinstance(part, DefinitionKind) else part for part in astuple(r)] for r in found.reached
        ],
        "modules": {m.name: [m.file, m.is_package] for m in modules},
    }
    kept[_ABOUT] = store.put(about)
    store.remember(key, KeyEntry(FrozenMap(kept)))


def load_code(store: Store, identity: str) -> CodeRecord | None:
    """The code behind an identity, or nothing where it was not kept, or is gone."""
    entry = store.lookup(_key(identity))
    if entry is None:
        return None
    about = store.get(entry.outputs[_ABOUT])
    reached = [Reached(m, q, DefinitionKind(kind), *rest) for m, q, kind, *rest in about["reached"]]
    modules = [
        ModuleSource(name, file, store.get(entry.outputs[name]), is_package)
        for name, (file, is_package) in about["modules"].items()
    ]
    return CodeRecord(tuple(reached), FixedSources(*modules))


def code_changes(store: Store, now: Callable[[], Mapping[str, CodeRecord]] = dict) -> Callable[[str, str], str | None]:
    """Give a function that says what changed between two identities: ``tasks.clean() line 14``; None: it cannot be told.

    Args:
        now: gives the code that is there but has not run, by identity; asked when something has changed.
    """
    unrecorded = cache(now)

    @cache
    def changed(before: str, after: str) -> str | None:
        from symphony.compiler.identity.comparison import compare  # only where code has changed

        new = load_code(store, after) or unrecorded().get(after)
        old = load_code(store, before)
        if old is None or new is None:
            return None
        return compare(old.reached, new.reached, before_tree=old.sources, after_tree=new.sources)

    return changed


def _key(identity: str) -> str:
    return hashlib.sha256(f"symphony code record 1 {identity}".encode()).hexdigest()
