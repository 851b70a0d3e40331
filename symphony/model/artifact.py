"""Artifacts: stored values, named by the SHA-256 of their bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from symphony.model.frozen import EMPTY, FrozenMap


@dataclass(frozen=True, slots=True)
class Artifact:
    """A reference to a stored value. Two artifacts with the same digest and codec hold the same value.

    Attributes:
        digest: the SHA-256 of the stored bytes, 64 hexadecimal digits.
        codec: how the bytes become a value: ``msgpack``, ``text``, ``bytes``, ``file``, ``folder``, ...
        type: the port type it was given under, as text.
        size_bytes: how many bytes are stored.
        meta: what the codec needs besides the bytes, such as a file's ``name`` and ``mode``.
    """

    digest: str
    codec: str
    type: str = "any"
    size_bytes: int = 0
    meta: FrozenMap[str, object] = field(default=EMPTY)

    def to_document(self) -> dict[str, object]:
        """The reference as plain data; `from_document` reads it back."""
        document: dict[str, object] = {
            "artifact": self.digest, "codec": self.codec, "type": self.type, "bytes": self.size_bytes
        }  # fmt: skip
        if self.meta:
            document["meta"] = dict(self.meta)
        return document

    @classmethod
    def from_document(cls, document: dict[str, object]) -> Artifact:
        """Read a reference written by `to_document`."""
        return cls(
            str(document["artifact"]),
            str(document["codec"]),
            str(document["type"]),
            int(document["bytes"]),  # type: ignore[call-overload]
            FrozenMap(document.get("meta") or {}),  # type: ignore[call-overload]
        )


def plain_artifact(digest: str, codec: str, type_text: str, size_bytes: int) -> Artifact:
    """An artifact without `meta`, made in half the time: a frozen class asks on the way to each field."""
    artifact = _new(Artifact)
    _set_digest(artifact, digest)
    _set_codec(artifact, codec)
    _set_type(artifact, type_text)
    _set_size(artifact, size_bytes)
    _set_meta(artifact, EMPTY)
    return artifact


_new: Callable[[type[Artifact]], Artifact] = object.__new__
_set_digest, _set_codec, _set_type, _set_size, _set_meta = (
    vars(Artifact)[name].__set__ for name in ("digest", "codec", "type", "size_bytes", "meta")
)
