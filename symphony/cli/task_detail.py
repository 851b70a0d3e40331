"""What ``symphony show RUN TASK`` writes: everything about one task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symphony.cli.terminal import seconds_text, size_text, time_text, write, write_table
from symphony.compiler.text_width import printable
from symphony.runtime.error_text import error_parts

MOST_ELEMENTS = 20
_TIMES = (
    ("load_s", "loading inputs"),
    ("compute_s", "the body"),
    ("save_s", "keeping the result"),
    ("cpu_s", "on a processor"),
)
_SIZES = (("bytes_in", "in"), ("bytes_out", "out"), ("peak_memory_bytes", "peak memory"))


def write_task(document: Mapping[str, Any]) -> None:
    """Write what is known of one task, from the document of ``show RUN TASK --json``."""
    write(f"{document['task']}: {document['state']}, run {document['run']}\n")
    write_table(("", ""), [row for row in _facts(document) if row[1]])
    _write_attempts(document)
    if document["error"]:
        said, frames = error_parts(document["error"])
        write("\nerror")
        for line in (*said, *frames):
            write(printable(f"  {line}"))
    _write_elements(document["elements"])
    if document["parts"]:
        write("\nkey")
        write_table(("  part", "value"), [(f"  {name}", _one_line(value)) for name, value in document["parts"].items()])
    _write_logs(document)


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    measures = document["measures"]
    yield "started", time_text(document["started_at"])
    waited, reason = document["waited_s"] or 0.0, measures.get("waited_for")
    yield "waited", (seconds_text(waited) + (f" for {reason}" if reason else "")) if waited >= 0.001 or reason else ""
    yield "took", seconds_text(document["duration_s"])
    for name, words in _TIMES:
        yield f"  {words}", seconds_text(measures.get(name))
    for name, words in _SIZES:
        yield words, size_text(measures.get(name))
    yield "worker", document["worker"] or ""
    yield "attempts", str(document["attempts"] or "")
    for port, output in document["outputs"].items():
        yield f"output {port}", f"{output['type']}, {size_text(output['bytes'])}, {output['artifact'][:12]}"
    yield "key", (document["key"] or "")[:12]
    yield "note", document["note"]


def _write_attempts(document: Mapping[str, Any]) -> None:
    if not document["tried"]:
        return
    rows = [
        (
            attempt["attempt"],
            time_text(attempt["started_at"]),
            _between(attempt),
            attempt["worker"],
            _first_line(attempt["error"]),
        )
        for attempt in document["tried"]
    ]
    write("")
    write_table(("attempt", "started", "took", "worker", "error"), rows)


def _between(attempt: Mapping[str, Any]) -> str:
    start, end = attempt["started_at"], attempt["ended_at"]
    return "" if start is None or end is None else seconds_text(max(0.0, end - start))


def _first_line(error: Mapping[str, Any] | None) -> str:
    if not error:
        return ""
    return f"{error.get('type', '')}: {error.get('message', '')}".partition("\n")[0]


def _write_elements(elements: list[Mapping[str, Any]]) -> None:
    """The elements that failed, then those that took longest."""
    if not elements:
        return
    chosen = sorted(elements, key=lambda e: (e["state"] != "failed", -(e["duration_s"] or 0.0)))[:MOST_ELEMENTS]
    write("")
    rows = [
        (e["task"], e["state"], e["attempts"] or "", seconds_text(e["duration_s"]), _first_line(e["error"]))
        for e in chosen
    ]
    write_table(("element", "state", "attempts", "took", "remark"), rows)
    if len(chosen) < len(elements):
        write(f"and {len(elements) - len(chosen):,} more")


def _write_logs(document: Mapping[str, Any]) -> None:
    if not document["logs"]:
        return
    command = f"symphony logs {document['run']} {document['task']}"
    write("\nlog" + (f", {document['more_logs']:,} more before: {command}" if document["more_logs"] else ""))
    for line in document["logs"]:
        write(printable(f"  {time_text(line['at'])[11:]} {line['level']} {line['message']}"))


def _one_line(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else f"{text[:99]}…"
