"""What of an artifact enters a key: short text, equal exactly where the value is."""

from __future__ import annotations

from symphony.model.artifact import Artifact


def key_part(artifact: Artifact) -> str:
    """The identity of a value inside keys: codec and digest; for paths also their name.

    Two artifacts have the same text exactly when a player could not tell their values apart. The type that a value was
    given under is left out.
    """
    if artifact.codec in ("file", "folder"):
        meta = artifact.meta
        return f"{artifact.codec}:{artifact.digest}:{meta.get('mode', 0):o}:{meta.get('name', '')}"
    if artifact.codec == "source":
        meta = artifact.meta
        return f"source:{artifact.digest}:{meta.get('kind')}:{meta.get('anchor')}:{meta.get('name')}"
    return f"{artifact.codec}:{artifact.digest}"
