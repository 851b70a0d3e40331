"""A call that has ended, as it stays on its worker and travels to others: its values, for the calls behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.runtime.processes.parcel import ABSOLUTE
from symphony.runtime.values import Held
from symphony.store.codecs.choice import decode_bytes, encode_value
from symphony.store.codecs.paths import Outside, source_path, unpack_reference
from symphony.store.codecs.plain import Reader
from symphony.store.stat_cache import StatCache

LOADERS: dict[str, Callable[[Artifact], Any]] = {}
"""By run, what loads a value of the store in this process."""

_PLAIN = (type(None), bool, int, float, str)
"""Types whose values travel as they are."""


class Done:
    """The end of a call.

    A value is told to another process by its reference, where it is in the store, else by its bytes in the codec of its
    type: nothing is pickled that a player made.

    Args:
        run, call: whose end it is.
        well: whether it has given its outputs.
        outputs: by port.
        small: by port, the bytes of values that the store may not have yet.
    """

    __slots__ = ("_outputs", "_small", "call", "run", "well")

    def __init__(
        self, run: str, call: str, *, well: bool, outputs: Mapping[str, Held] | None = None, small: Mapping[str, bytes] | None = None
    ) -> None:  # fmt: skip
        self.run, self.call, self.well = run, call, well
        self._outputs, self._small = dict(outputs or {}), dict(small or {})

    def held(self, port: str) -> Held:
        """One output."""
        return self._outputs[port]

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return tuple(self._outputs)

    def __sizeof__(self) -> int:
        return 200 + sum(_size_of(held) for held in self._outputs.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.run, self.call, self.well, {p: self._told(p, h) for p, h in self._outputs.items()})

    def _told(self, port: str, held: Held) -> tuple[Any, ...]:
        if held.artifact is not None and port not in self._small:
            return (_document(held.artifact), None)
        if held.artifact is not None:
            return (_document(held.artifact), self._small[port])
        if type(held.value) in _PLAIN:
            return (None, held.value)
        stats = StatCache(lambda name: None, lambda row: None)
        outside = Outside(stats.digest_file, stats.digest_folder, None)
        encoded = encode_value(held.value, "any", None, ABSOLUTE, outside, by_name=True)
        if encoded.data is None and encoded.artifact.codec != "source":
            if encoded.chunks is None:
                raise CodecError(f"the result of {self.call} cannot travel to another worker")
            return (_document(encoded.artifact), b"".join(encoded.chunks()), True)
        return (_document(encoded.artifact), encoded.data, True)


def _document(artifact: Artifact) -> tuple[Any, ...]:
    return artifact.digest, artifact.codec, artifact.type, artifact.size_bytes, dict(artifact.meta)


def _restored(run: str, call: str, well: bool, told: Mapping[str, tuple[Any, ...]]) -> Done:
    outputs: dict[str, Held] = {}
    small: dict[str, bytes] = {}
    for port, (document, data, *unkept) in told.items():
        if document is None:
            outputs[port] = Held(data)
            continue
        digest, codec, type_text, size_bytes, meta = document
        artifact = Artifact(digest, codec, type_text, size_bytes, FrozenMap(meta))
        kept = None if unkept else artifact
        if artifact.codec == "source" and unkept:
            outputs[port] = Held(source_path(artifact, ABSOLUTE))
        elif data is None:
            outputs[port] = Held(artifact=artifact, load=_load_by(run, artifact))
        else:
            outputs[port] = Held(artifact=kept, load=decoding(artifact, data))
            if kept is not None:
                small[port] = data
    return Done(run, call, well=well, outputs=outputs, small=small)


def _load_by(run: str, artifact: Artifact) -> Callable[[], Any]:
    return lambda: LOADERS[run](artifact)


def decoding(artifact: Artifact, data: bytes) -> Callable[[], Any]:
    """What loads a value from bytes that the store may not have yet."""
    reader = Reader(lambda d: source_path(unpack_reference(d), ABSOLUTE))
    return lambda: decode_bytes(artifact.codec, data, reader)


def _size_of(held: Held) -> int:
    """How much memory a value takes, about."""
    if not held.in_memory:
        return 100
    value = held.value
    return int(getattr(value, "nbytes", 0)) or (held.artifact.size_bytes if held.artifact is not None else 1000)
