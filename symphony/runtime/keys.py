"""The key of a call: a hash of what its result depends on, kept with its parts so that it can be explained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

KEY_HEAD = "symphony key 1"
"""What is hashed in front of the parts."""
SHOWN = 80
"""Values up to this many characters are kept in the parts as they are."""


def key_of(parts: Mapping[str, tuple[str, str]]) -> str:
    """The key, 64 hexadecimal digits, of named parts; each part is (identity, what to show)."""
    text = "".join([f"\0{name}\0{part[0]}" for name, part in parts.items()])
    return hashlib.sha256(f"{KEY_HEAD}{text}".encode("utf-8", "surrogatepass")).hexdigest()


def shown(value: Any) -> str:
    """A value as a person would want to see it in a reason; cut when long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """The parts that differ, as (field, before, after), in the order of the key; absent ones are None."""
    found: list[tuple[str, str | None, str | None]] = []
    for name in [*after, *(n for n in before if n not in after)]:
        old, new = before.get(name), after.get(name)
        if old is not None and new is not None and list(old)[:1] == list(new)[:1]:
            continue
        found.append((name, None if old is None else str(old[1]), None if new is None else str(new[1])))
    return found


def versions_of(modules: Iterable[str]) -> dict[str, str]:
    """The installed versions of the distributions that give third-party modules."""
    return {module: _version(module) for module in modules}


@lru_cache(maxsize=512)
def _version(module: str) -> str:
    from importlib import metadata  # heavy: only code that imports third-party modules needs it

    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        names = metadata.packages_distributions().get(module, [])
        return ",".join(f"{n}=={metadata.version(n)}" for n in sorted(set(names))) or "unknown"
