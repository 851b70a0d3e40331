"""Where a store lies, as a value that can be handed to another process or machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from symphony.errors import UsageError
from symphony.model.frozen import EMPTY, FrozenMap

PATIENCE_S = 60.0
"""How long a shared side that does not answer is waited for, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The shared side of a store: objects and keys on any URL that fsspec knows.

    Attributes:
        url: ``s3://bucket/prefix``, ``file:///mnt/share``, ``memory://name``; a plain path is a local folder.
        options: what the file system behind it is told, such as ``endpoint_url``. May hold secrets: never shown.
        read: whether results of others are looked up there.
        write: whether results are put there.
        patience_s: for how many seconds in all a server that does not answer is waited for.
    """

    url: str
    options: Mapping[str, Any] = field(default=EMPTY, repr=False, hash=False)
    read: bool = True
    write: bool = True
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        if not self.url:
            raise UsageError("a shared store needs a URL, such as s3://bucket/prefix or file:///mnt/share")
        if not self.patience_s >= 0:
            raise UsageError(f"the patience with a shared store is at least 0 seconds, not {self.patience_s}")
        object.__setattr__(self, "options", FrozenMap(self.options))

    @property
    def name(self) -> str:
        """The URL as it may be shown: without a password in it."""
        if "@" not in self.url:
            return self.url
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))

    @property
    def is_off(self) -> bool:
        """Whether nothing is read and nothing is written."""
        return not (self.read or self.write)

    def to_document(self) -> dict[str, Any]:
        """Plain data. It may hold secrets: it goes to workers, never into a plan, a log or a journal."""
        return {
            "url": self.url, "options": _plain(self.options), "read": self.read, "write": self.write,
            "patience_s": self.patience_s,
        }  # fmt: skip

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Shared:
        """Read what `to_document` wrote."""
        return cls(
            str(document["url"]), FrozenMap(document.get("options") or {}), bool(document.get("read", True)),
            bool(document.get("write", True)), float(document.get("patience_s", PATIENCE_S)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """All that another process needs to open the same store.

    Attributes:
        folder: the local folder; nothing for memory. A worker on another machine gets a scratch folder of its own.
        shared: the shared side, or nothing.
    """

    folder: Path | None = None
    shared: Shared | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain data. It may hold secrets, see `Shared.to_document`."""
        return {
            "folder": None if self.folder is None else str(self.folder),
            "shared": None if self.shared is None else self.shared.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> StoreAddress:
        """Read what `to_document` wrote."""
        folder, shared = document.get("folder"), document.get("shared")
        return cls(Path(folder) if folder else None, Shared.from_document(shared) if shared else None)


def _plain(value: Any) -> Any:
    """The same data in ordinary dicts and lists, for any encoder."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
