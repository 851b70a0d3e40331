"""A value in the form in which it is kept: its reference beside its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symphony.model.artifact import Artifact

SMALL_BYTES = 64 * 1024
"""Values up to this size lie in rows of the database, larger ones are objects."""


@dataclass(slots=True)
class Encoded:
    """What `Store.encode` gives and `Store.keep` takes.

    Attributes:
        artifact: the reference that the value will have.
        data: the bytes, where they are in memory; nothing for sources and for large files.
        chunks: gives the bytes piece by piece, for what does not fit in memory; nothing for sources.
        nested: files and folders inside the value, kept before it.
        refers: whether the bytes hold references to other artifacts or to sources.
    """

    artifact: Artifact
    data: bytes | None = None
    chunks: Callable[[], Iterable[bytes]] | None = None
    nested: tuple[Encoded, ...] = ()
    refers: bool = False


def read_in_blocks(path: str, block_bytes: int = 1 << 20) -> Iterable[bytes]:
    """The bytes of a file, block by block."""
    with open(path, "rb") as stream:
        while block := stream.read(block_bytes):
            yield block
