"""Canonical JSON and digests: the same value gives the same bytes on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(data: Any) -> bytes:
    """Write plain data as UTF-8 JSON without spaces. Keys keep their order: sort them first where order means nothing.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest_of(data: Any) -> str:
    """The SHA-256 of the canonical JSON of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(data)).hexdigest()
