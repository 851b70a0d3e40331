"""Names of tasks, params, ports and melodies: which are legal, and which legal one was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MELODY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")
LONGEST = 200
RESERVED = frozenset({"in", "true", "false", "null"})


def problem_with_identifier(name: object) -> str | None:
    """Say why `name` cannot name a task, param or port, or return None when it can."""
    if not isinstance(name, str):
        return f"a name must be text, not {type(name).__name__}"
    if name in RESERVED:
        return f"{name!r} is a word of the expression language"
    if len(name) > LONGEST:
        return f"a name has at most {LONGEST} characters, this one has {len(name)}"
    if IDENTIFIER.fullmatch(name) is None:
        return f"{name!r} is no name: a letter or _, then letters, digits or _" + (
            " (a - would be a minus in expressions)" if "-" in name else ""
        )
    return None


def problem_with_melody_name(name: str) -> str | None:
    """Say why `name` cannot name a melody, or return None when it can."""
    if len(name) > LONGEST:
        return f"a name has at most {LONGEST} characters, this one has {len(name)}"
    if MELODY_NAME.fullmatch(name) is None:
        return f"{name!r} is no melody name: a letter or _, then letters, digits, _ or -"
    return None


def problem_with_version(version: str) -> str | None:
    """Say why `version` is no version, or return None when it is one."""
    if VERSION.fullmatch(version) is None:
        return f"{version!r} is no version: write MAJOR.MINOR.PATCH, such as 1.0.0 or 2.1.0-rc.1"
    return None


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Find the candidate that was probably meant by `name`, or None when none is near.

    Case and the difference between ``-`` and ``_`` count for nothing. Ties go to the first in sorted order.
    """
    pool = sorted(set(candidates))
    folded = {_fold(c): c for c in reversed(pool)}
    if _fold(name) in folded:
        return folded[_fold(name)]
    near = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def did_you_mean(name: str, candidates: Iterable[str], *, what: str = "", limit: int = 8) -> str:
    """Build a hint: the nearest valid name, else the list of valid ones (at most `limit`), else an empty text."""
    pool = list(dict.fromkeys(candidates))
    meant = nearest(name, pool)
    if meant is not None:
        return f"did you mean {meant!r}?"
    if not pool:
        return ""
    shown = ", ".join(pool[:limit]) + (f" and {len(pool) - limit} more" if len(pool) > limit else "")
    return f"valid {what or 'names'}: {shown}"


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")
