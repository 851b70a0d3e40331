"""What a run says when it has ended: state, counts, slow tasks, outputs, failures."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Mapping
from shlex import quote
from typing import Any, TextIO

from symphony.cli.failure_text import failure_text
from symphony.cli.stdout import named_stdout
from symphony.cli.terminal import painted, seconds_text, size_text, words_may_be_lost
from symphony.compiler.text_width import printable

SLOWEST = 3
MOST_NAMED = 5
WORTH_TELLING_S = 0.1
LONGEST_VALUE = 80


def say_summary(
    document: Mapping[str, Any], tasks: Mapping[str, Any], *, told: Container[str] = (), stream: TextIO
) -> None:
    """Tell people how a run ended.

    Args:
        document: the document of ``run --json``.
        tasks: by name, each with `state`, `duration_s`.
        told: calls whose failure was told when it happened; they are only named.
    """
    untold = [f for f in document["failures"] if f["task"] not in told]
    with named_stdout() if stream is sys.stdout else words_may_be_lost():
        for line in [*(failure_text(f["task"], f.get("error")) for f in untold), *_lines(document, tasks, stream)]:
            stream.write(f"{line}\n")


def _lines(document: Mapping[str, Any], tasks: Mapping[str, Any], stream: TextIO) -> Iterator[str]:
    counts = ", ".join(f"{n} {state}" for state, n in document["counts"].items() if n)
    state = painted(str(document["state"]), str(document["state"]), stream)
    yield f"{document['melody']}: {state} in {seconds_text(document['seconds'])} ({counts or 'no tasks'})"
    slow = _slowest(tasks)
    if slow:
        yield f"  slowest: {slow}"
    for name, output in document["outputs"].items():
        yield f"  {name}: {printable(_output(output))}"
    failed = [str(f["task"]) for f in document["failures"]]
    if failed:
        rest = f" and {len(failed) - MOST_NAMED:,} more" if len(failed) > MOST_NAMED else ""
        yield f"  failed: {', '.join(failed[:MOST_NAMED])}{rest}; read it again: symphony logs {document['run']} {quote(failed[0])}"
    yield f"  run {document['run']}; look at it with: symphony show {document['run']}"
    if document["state"] in ("failed", "cancelled", "interrupted"):
        yield f"  go on where it stopped: symphony resume {document['run']}"


def _slowest(tasks: Mapping[str, Any]) -> str:
    whole = {name: t for name, t in tasks.items() if "[" not in name and str(t.state) != "cached"}
    timed = [(t.duration_s, name) for name, t in whole.items() if t.duration_s and t.duration_s >= WORTH_TELLING_S]
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
