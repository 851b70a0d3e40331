"""Results as plain data: the document of ``symphony run --json``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from symphony.model.artifact import Artifact
from symphony.runtime.result import RunResult
from symphony.store.anchors import Anchors
from symphony.store.store import Store

LARGEST_VALUE_BYTES = 64 * 1024
"""Larger values are told by the path of their bytes."""
_FILES = frozenset({"bytes", "file", "folder", "source"})


def run_document(result: RunResult, store: Store, root: Path) -> dict[str, Any]:
    """The document of a run: what `symphony run --json` prints."""
    return {
        "run": result.run,
        "melody": result.melody,
        "plan": result.plan,
        "executor": result.executor,
        "state": str(result.state),
        "seconds": result.seconds,
        "counts": dict(result.counts),
        "outputs": {name: output_document(result, name, store, root) for name in result.outputs},
        "failures": [dict(f) for f in result.failures],
        "abandoned": list(result.abandoned),
    }


def output_document(result: RunResult, name: str, store: Store, root: Path) -> dict[str, Any] | None:
    """One output: its artifact, and the value when it is small plain data, else the path of its bytes."""
    artifact = result.artifacts.get(name)
    declared = result.output_types.get(name, "any")
    if artifact is None:
        value = result.outputs[name]
        return None if value is None else {"artifact": None, "type": declared, "bytes": None, "value": jsonable(value)}
    document: dict[str, Any] = {"artifact": artifact.digest, "type": declared, "bytes": artifact.size_bytes}
    if artifact.codec not in _FILES and artifact.size_bytes <= LARGEST_VALUE_BYTES:
        try:
            return {**document, "value": jsonable(result.outputs[name])}
        except TypeError:
            pass
    return {**document, "path": path_of(artifact, store, root)}


def path_of(artifact: Artifact, store: Store, root: Path) -> str:
    """The file that holds an artifact's bytes: relative to the project where it lies inside."""
    found = store.raw_path(artifact, anchors=Anchors(root))
    try:
        return found.relative_to(root).as_posix()
    except ValueError:
        return os.fspath(found)


def jsonable(value: Any) -> Any:
    """A value as JSON data; records become maps, paths and times text.

    Raises:
        TypeError: the value has no JSON form, such as an array.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (PurePath, Decimal, UUID)):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if hasattr(value, "_asdict"):
        return jsonable(value._asdict())
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted((jsonable(v) for v in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]
    raise TypeError(f"a {type(value).__qualname__} has no JSON form")
