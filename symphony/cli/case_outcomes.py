"""What became of test cases, as text for people, as a JSON document and as JUnit XML."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from symphony.cli.terminal import painted, seconds_text
from symphony.compiler.text_width import printable
from symphony.compiler.xml_text import xml_attribute, xml_text
from symphony.model.quantities import counted

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
_TONES = {PASSED: "succeeded", FAILED: "failed", SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case.

    Attributes:
        file: the file of the test, as people know it.
        line: where the case begins, from 1; 0: not known.
        state: passed, failed or skipped.
        message: what is not as expected, or why it was skipped.
    """

    file: str
    name: str
    state: str
    seconds: float
    message: str = ""
    line: int = 0


def line_of(outcome: Outcome) -> str:
    """A case in one line."""
    took = f"  ({seconds_text(outcome.seconds)})" if outcome.seconds >= 0.1 else ""
    return f"  {painted(outcome.state, _TONES[outcome.state], sys.stdout)}  {printable(outcome.name)}{took}"


def failures_text(outcomes: Sequence[Outcome]) -> str:
    """What is not as expected, case by case; empty where all is."""
    failed = [o for o in outcomes if o.state == FAILED]
    return "\n\n".join(f"{o.file}: {printable(o.name)}\n{_indented(o.message)}" for o in failed)


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}".rstrip() for line in text.splitlines())


def summary_of(outcomes: Sequence[Outcome], seconds: float) -> str:
    """How many cases ended how, in one line."""
    counts = {state: sum(o.state == state for o in outcomes) for state in (PASSED, FAILED, SKIPPED)}
    told = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
    return f"{counted(len(outcomes), 'test')}: {told or 'none'} in {seconds_text(seconds)}"


def document_of(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The document of ``symphony test --json``."""
    counts = {state: sum(o.state == state for o in outcomes) for state in (PASSED, FAILED, SKIPPED)}
    tests = [
        {
            "file": o.file,
            "line": o.line or None,
            "name": o.name,
            "state": o.state,
            "seconds": o.seconds,
            "message": o.message,
        }
        for o in outcomes
    ]
    return {"ok": not counts[FAILED], "seconds": seconds, "counts": counts, "tests": tests}


def junit_of(outcomes: Sequence[Outcome]) -> str:
    """The cases as JUnit XML: a suite per file."""
    suites = [_suite(file, list(cases)) for file, cases in groupby(outcomes, key=lambda o: o.file)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"]) + "\n"


def _suite(file: str, outcomes: Sequence[Outcome]) -> str:
    failed, skipped = (sum(o.state == state for o in outcomes) for state in (FAILED, SKIPPED))
    seconds = sum(o.seconds for o in outcomes)
    head = (
        f'  <testsuite name="{xml_attribute(file)}" tests="{len(outcomes)}" failures="{failed}" skipped="{skipped}" '
        f'errors="0" time="{seconds:.3f}">'
    )
    return "\n".join([head, *(_case(o) for o in outcomes), "  </testsuite>"])


def _case(outcome: Outcome) -> str:
    file, name = xml_attribute(outcome.file), xml_attribute(outcome.name)
    line = f' line="{outcome.line}"' if outcome.line else ""
    head = f'    <testcase classname="{file}" name="{name}" file="{file}"{line} time="{outcome.seconds:.3f}"'
    first = xml_attribute(outcome.message.partition("\n")[0])
    if outcome.state == FAILED:
        return f'{head}>\n      <failure message="{first}">{xml_text(outcome.message)}</failure>\n    </testcase>'
    return f'{head}>\n      <skipped message="{first}"/>\n    </testcase>' if outcome.state == SKIPPED else f"{head}/>"
