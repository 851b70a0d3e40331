"""What a run says when it has ended: state, counts, slow tasks, outputs, failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from symphony.cli.terminal import painted, say, seconds_text, size_text

SLOWEST = 3
LONGEST_VALUE = 80


def say_summary(document: Mapping[str, Any], tasks: Mapping[str, Any]) -> None:
    """Tell people how a run ended.

    Args:
        document: the document of ``run --json``.
        tasks: by name, each with `state`, `duration_s`.
    """
    for line in _lines(document, tasks):
        say(line)


def _lines(document: Mapping[str, Any], tasks: Mapping[str, Any]) -> Iterator[str]:
    for failure in document["failures"]:
        yield from _failure(failure)
    counts = ", ".join(f"{n} {state}" for state, n in document["counts"].items() if n)
    state = painted(str(document["state"]), str(document["state"]), sys.stderr)
    yield f"{document['melody']}: {state} in {seconds_text(document['seconds'])} ({counts or 'no tasks'})"
    slow = _slowest(tasks)
    if slow:
        yield f"  slowest: {slow}"
    for name, output in document["outputs"].items():
        yield f"  {name}: {_output(output)}"
    yield f"  run {document['run']}; look at it with: symphony show {document['run']}"
    if document["state"] in ("failed", "cancelled", "interrupted"):
        yield f"  go on where it stopped: symphony resume {document['run']}"


def _failure(failure: Mapping[str, Any]) -> Iterator[str]:
    error = failure.get("error") or {}
    yield f"{failure['task']}: {error.get('type', 'error')}: {error.get('message', '')}"
    trace = str(error.get("traceback") or "").rstrip()
    for line in trace.splitlines():
        yield f"    {line}"


def _slowest(tasks: Mapping[str, Any]) -> str:
    timed = [
        (t.duration_s, name)
        for name, t in tasks.items()
        if t.duration_s and t.duration_s >= 0.1 and str(t.state) != "cached"
    ]
    timed.sort(reverse=True)
    return ", ".join(f"{name} {seconds_text(d)}" for d, name in timed[:SLOWEST])


def _output(output: Any) -> str:
    if not isinstance(output, Mapping):
        return "null"
    if output.get("path"):
        return f"{output['path']} ({output.get('type')}, {size_text(output.get('bytes'))})"
    if "value" in output:
        text = repr(output["value"]) if not isinstance(output["value"], str) else output["value"]
        text = " ".join(text.split())
        return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
    return f"{output.get('type')}, {size_text(output.get('bytes'))}"
