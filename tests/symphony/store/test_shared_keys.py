"""The object of a key tells another machine all, and damages nothing when it is damaged."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.store.encoded import Encoded
from symphony.store.records import KeyEntry
from symphony.store.shared_keys import NewerFormatError, key_name, pack_key, unpack_key
from symphony.store.slices import pack_data, unpack_data

KEY = "ab" * 32
names = st.text(string.ascii_letters, min_size=1, max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=10) | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def outputs(draw: st.DrawFn) -> Encoded:
    data = draw(st.binary(max_size=40))
    meta = FrozenMap(draw(st.dictionaries(names, st.integers() | st.text(max_size=5), max_size=2)))
    codec = draw(st.sampled_from(["msgpack", "text", "bytes", "file", "list", "source"]))
    artifact = Artifact(hashlib.sha256(data).hexdigest(), codec, draw(names), len(data), meta)
    return Encoded(artifact, data if draw(st.booleans()) else None, refers=draw(st.booleans()))


def packed(entry: KeyEntry, forms: dict[str, Encoded]) -> bytes:
    by_artifact = {form.artifact: form for form in forms.values()}
    return pack_key(KEY, entry, lambda a: (by_artifact[a].refers, by_artifact[a].data))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, outputs(), max_size=3), names, st.dictionaries(names, plain, max_size=3))
def test_a_key_comes_back(forms: dict[str, Encoded], run: str, parts: dict[str, object]) -> None:
    """Semantics 45: each key is also a small object."""
    by_artifact = {form.artifact: form for form in forms.values()}
    entry = KeyEntry(FrozenMap({port: form.artifact for port, form in forms.items()}), run, "t[3]", FrozenMap(parts))

    found = unpack_key(KEY, packed(entry, forms))

    assert found.entry == entry
    assert {p: (e.data, e.refers) for p, e in found.outputs.items()} == {
        p: (by_artifact[e.artifact].data, by_artifact[e.artifact].refers) for p, e in forms.items()
    }


def one() -> bytes:
    artifact = Artifact(hashlib.sha256(b"x").hexdigest(), "bytes", "bytes", 1)
    return packed(KeyEntry(FrozenMap({"out": artifact})), {"out": Encoded(artifact, b"x")})


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    whole = bytearray(one())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(CodecError):
        unpack_key(KEY, bytes(whole))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | plain.map(pack_data))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        unpack_key(KEY, data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (1, "../../etc/passwd"), (1, "00" * 32), (2, "exec"), (4, -1), (4, 2), (7, b"y"),
    ],
    ids=["digest is a path", "digest of other bytes", "unknown codec", "negative size", "other size", "other bytes"],
)  # fmt: skip
def test_a_forged_reference_is_refused(field: int, value: object) -> None:
    document = unpack_data(one())
    document["outputs"][0][field] = value

    with pytest.raises(CodecError):
        unpack_key(KEY, pack_data(document))


def test_the_object_of_another_key_is_refused() -> None:
    with pytest.raises(CodecError, match="not the object of this key"):
        unpack_key("cd" * 32, one())


def test_a_newer_format_is_told_apart() -> None:
    document = unpack_data(one())
    document["format"] = 2

    with pytest.raises(NewerFormatError, match="format 2; this Symphony reads 1"):
        unpack_key(KEY, pack_data(document))


def test_keys_lie_on_shelves() -> None:
    """Semantics 45: `keys/ab/...`."""
    assert key_name(KEY) == f"keys/ab/{KEY}"
