"""Decisions of cache and schedule, and their reasons, as a document and as a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from symphony.cli.terminal import say, write_table

LONGEST = 48


def decisions_document(decisions: Iterable[Any]) -> dict[str, Any]:
    """The document of ``run --dry-run --json`` and ``why --json``."""
    return {"tasks": [d.to_document() for d in decisions]}


def write_decisions(decisions: Sequence[Any]) -> None:
    """Write one row per reason, and say how many tasks would run."""
    write_table(("task", "decision", "reason"), [row for d in decisions for row in _rows(d)])
    counts = Counter(str(d.decision) for d in decisions)
    say(", ".join(f"{n} {decision}" for decision, n in counts.items()) or "no tasks")


def _rows(decision: Any) -> list[tuple[str, str, str]]:
    reasons = [_reason(r) for r in decision.reasons] or [""]
    first = (decision.task, str(decision.decision), reasons[0])
    return [first, *(("", "", reason) for reason in reasons[1:])]


def _reason(reason: Any) -> str:
    if reason.before is None and reason.after is None:
        return str(reason.field)
    if reason.detail is not None:
        return f"{reason.field}: {reason.detail}"
    if reason.before is None:
        return f"{reason.field}: {_short(reason.after)}"
    return f"{reason.field}: {_short(reason.before)} -> {_short(reason.after)}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
