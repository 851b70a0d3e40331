"""References to stored values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from symphony.model.artifact import Artifact, plain_artifact


def test_a_plain_artifact_is_like_any_other() -> None:
    quickly, slowly = plain_artifact("a" * 64, "text", "string", 3), Artifact("a" * 64, "text", "string", 3)

    assert quickly == slowly
    assert hash(quickly) == hash(slowly)
    assert quickly.to_document() == slowly.to_document()
    with pytest.raises(FrozenInstanceError):
        quickly.digest = "b"  # type: ignore[misc]
