"""Keys on a shared side: one small object per key, from which another machine learns all about the result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.store.codecs.choice import CODECS
from symphony.store.encoded import Encoded
from symphony.store.records import KeyEntry
from symphony.store.slices import pack_data, unpack_data

FORMAT = 1
INLINE_BYTES = 4096
"""Results up to this size lie in the object of their key too, so that a hit is one question."""
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The object of a key.

    Attributes:
        entry: the result of the key.
        outputs: the artifact of each output port; with its bytes where they are small.
    """

    entry: KeyEntry
    outputs: Mapping[str, Encoded]


class NewerFormatError(CodecError):
    """A newer Symphony wrote it: it is none of ours, and stays as it is."""


def key_name(key: str) -> str:
    """The name of the object of a key."""
    return f"keys/{key[:2]}/{key}"


def pack_key(key: str, entry: KeyEntry, known: Callable[[Artifact], tuple[bool, bytes | None]]) -> bytes:
    """The object of a key.

    Args:
        key: the key, 64 hexadecimal digits; a copy under another name is refused.
        entry: its result.
        known: tells of an artifact whether its bytes hold references, and the bytes where they are to lie in here.
    """
    outputs = []
    for port, artifact in entry.outputs.items():
        refers, data = known(artifact)
        meta = dict(artifact.meta) if artifact.meta else None
        outputs.append([port, artifact.digest, artifact.codec, artifact.type, artifact.size_bytes, meta, refers, data])
    return pack_data(
        {"symphony": "key", "format": FORMAT, "key": key, "outputs": outputs, "run": entry.run, "task": entry.task,
         "parts": entry.parts}
    )  # fmt: skip


def unpack_key(key: str, data: bytes) -> SharedKey:
    """Read the object of a key. It comes from elsewhere, so nothing of it is taken on trust.

    Raises:
        NewerFormatError: a newer Symphony wrote it.
        CodecError: the bytes are damaged, or are no object of this key.
    """
    try:
        document = unpack_data(data)
        if document["symphony"] != "key" or document["key"] != key:
            raise CodecError("it is not the object of this key")
        if document["format"] > FORMAT:
            raise NewerFormatError(f"it has the format {document['format']}; this Symphony reads {FORMAT}")
        outputs = {str(port): _output(rest) for port, *rest in document["outputs"]}
        run, task, parts = str(document["run"]), str(document["task"]), FrozenMap(document["parts"])
    except CodecError:
        raise
    # Bytes from elsewhere can be anything.
    except Exception as error:
        raise CodecError(f"it cannot be read: {error!r}") from error
    return SharedKey(KeyEntry(FrozenMap({p: e.artifact for p, e in outputs.items()}), run, task, parts), outputs)


def _output(stored: list[Any]) -> Encoded:
    digest, codec, type_text, size, meta, refers, data = stored
    if not _DIGEST.fullmatch(digest) or codec not in CODECS or type(size) is not int or size < 0:
        raise CodecError("a reference in it is none")
    if data is not None and (len(data) != size or hashlib.sha256(data).hexdigest() != digest):
        raise CodecError("bytes in it are not what their digest names")
    return Encoded(
        Artifact(digest, codec, str(type_text), size, FrozenMap(meta) if meta else EMPTY), data, refers=bool(refers)
    )
