"""Lists of artifacts: the references of the elements, by columns, about forty bytes an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap


def write(elements: Sequence[Artifact]) -> bytes:
    """The bytes of a list of references, order kept."""
    digests = bytes.fromhex("".join(e.digest for e in elements))
    metas = [dict(sorted(e.meta.items())) if e.meta else None for e in elements]
    columns = [
        digests,
        _column([e.codec for e in elements]),
        _column([e.type for e in elements]),
        _column([e.size_bytes for e in elements]),
        _column(metas),
    ]
    return bytes(msgpack.packb(columns))


def _column(values: list[Any]) -> list[Any]:
    """One value where all are equal."""
    return values[:1] if len(values) > 1 and all(v == values[0] for v in values) else values


def read(data: bytes) -> tuple[Artifact, ...]:
    """The references of the elements.

    Raises:
        CodecError: the bytes are no list of references.
    """
    try:
        digests, *columns = msgpack.unpackb(data)
        count = len(digests) // 32
        codecs, types, sizes, metas = (c * count if len(c) == 1 else c for c in columns)
        return tuple(
            Artifact(digests[32 * i : 32 * i + 32].hex(), codecs[i], types[i], sizes[i], FrozenMap(m) if m else EMPTY)
            for i, m in enumerate(metas)
        )
    except (ValueError, TypeError, IndexError) as error:
        raise CodecError(f"codec list cannot read these bytes: {error}") from error
