"""The text of a value inside a key is equal exactly where the value is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.store.identity import key_part

FILE = Artifact("ab" * 32, "file", "path", 3, FrozenMap({"name": "a", "mode": 0o644}))
SOURCE = Artifact("ab" * 32, "source", "path", 3, FrozenMap({"kind": "file", "anchor": "", "name": "a:b"}))


@pytest.mark.parametrize(
    "other",
    [
        replace(FILE, digest="cd" * 32),
        replace(FILE, codec="folder"),
        replace(FILE, meta=FrozenMap({"name": "b", "mode": 0o644})),
        replace(FILE, meta=FrozenMap({"name": "a", "mode": 0o755})),
        replace(FILE, codec="bytes", meta=FrozenMap()),
        SOURCE,
    ],
    ids=lambda a: key_part(a)[65:],
)
def test_codec_digest_name_and_mode_count(other: Artifact) -> None:
    """Semantics 36: codec and digest of each input."""
    assert key_part(other) != key_part(FILE)


def test_an_anchor_is_never_taken_for_a_name() -> None:
    moved = replace(SOURCE, meta=FrozenMap({"kind": "file", "anchor": "a", "name": "b"}))

    assert key_part(moved) != key_part(SOURCE)


def test_the_type_it_was_given_under_does_not_count() -> None:
    assert key_part(replace(FILE, type="file[text/csv]", size_bytes=4)) == key_part(FILE)
