"""What a run kept: its results by the names that people use for them, and their values."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from symphony.errors import UsageError
from symphony.model.artifact import Artifact
from symphony.model.names import did_you_mean

SHORTEST_DIGEST = 6
_SUFFIXES = {"json": ".json", "any": ".json", "bytes": ".bin", "string": ".txt", "text/markdown": ".md"}


def kept_by_name(store: Any, record: Any) -> dict[str, Artifact]:
    """Everything a run kept: ``stats``, ``stats[3]``, ``child.x``, ``split.PORT``; then the melody's outputs.

    An output that bears the name of a task wins: it is what the melody gives under that name.
    """
    found: dict[str, Artifact] = {}
    for call in store.calls(record.id):
        task = call.task if call.index < 0 else f"{call.task}[{call.index}]"
        for port, artifact in (call.outputs or {}).items():
            found[task if port == "out" else f"{task}.{port}"] = artifact
    found |= {name: Artifact.from_document(dict(document)) for name, document in record.outputs.items()}
    return found


def one_kept(kept: dict[str, Artifact], wanted: str, run: str) -> tuple[str, Artifact]:
    """Find one by name or by the start of its digest.

    Raises:
        UsageError: there is none, or the start fits several.
    """
    if wanted in kept:
        return wanted, kept[wanted]
    digests = {a.digest: (name, a) for name, a in kept.items() if a.digest.startswith(wanted)}
    if len(wanted) >= SHORTEST_DIGEST and len(digests) == 1:
        return next(iter(digests.values()))
    if len(digests) > 1 and len(wanted) >= SHORTEST_DIGEST:
        raise UsageError(f"{wanted!r} is the start of {len(digests)} artifacts: {', '.join(sorted(digests))}")
    raise UsageError(f"run {run} kept nothing named {wanted!r}: {did_you_mean(wanted, kept, what='names')}")


def kept_value(store: Any, record: Any, artifact: Artifact) -> Any:
    """The value of an artifact: plain data without the classes of the project, a path for files and folders."""
    from symphony.store.anchors import Anchors  # only when a value is read

    root = record.options.get("root")
    return store.get(artifact, anchors=Anchors(Path(root)) if root else None, plain=True)


def file_name(name: str, artifact: Artifact) -> str:
    """A name that a desktop knows what to do with: the file's own, else one by type."""
    own = artifact.meta.get("name")
    if isinstance(own, str) and own:
        return Path(own).name
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name) + _suffix(artifact.type)


def _suffix(type: str) -> str:
    media = mimetypes.guess_extension(type) if "/" in type else None
    return _SUFFIXES.get(type) or media or ".json"
