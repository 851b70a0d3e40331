"""Lists of references come back in order and cost little."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.store.codecs import lists

_ARTIFACTS = st.builds(
    lambda n, codec, size, meta: Artifact(hashlib.sha256(b"%d" % n).hexdigest(), codec, "any", size, meta),
    st.integers(0, 5), st.sampled_from(["msgpack", "file"]), st.integers(0, 9),
    st.sampled_from([EMPTY, FrozenMap({"name": "a", "mode": 420})]),
)  # fmt: skip


@given(st.lists(_ARTIFACTS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_references_come_back_in_order(elements: list[Artifact]) -> None:
    """Semantics 39: a list made by `each` is kept as element digests."""
    assert lists.read(lists.write(elements)) == tuple(elements)


def test_an_element_costs_about_forty_bytes() -> None:
    elements = [Artifact(hashlib.sha256(b"%d" % n).hexdigest(), "msgpack", "integer", n) for n in range(1000)]

    assert len(lists.write(elements)) < 40_000


def test_other_bytes_are_refused() -> None:
    with pytest.raises(CodecError, match="codec list cannot read"):
        lists.read(b"\x05")
