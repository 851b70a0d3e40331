"""The difference of two plans as text for a terminal, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TypeAlias

from symphony.compiler.diff import ABSENT, Change, Difference, Side
from symphony.compiler.diff_forecast import Forecast
from symphony.compiler.text_width import printable, shorten

LONGEST = 120
_KINDS = ("rewired", "inputs", "policies", "retyped", "code", "parameters", "outputs", "labels")
_Paint: TypeAlias = Callable[[str, str], str]
_RED, _GREEN, _YELLOW, _BLUE, _BOLD = "31", "32", "33", "34", "1"


def report_diff_text(difference: Difference, foreseen: Forecast | None = None, *, colour: bool = False) -> str:
    """Write the difference as git would: ``-`` and ``+`` lines under what they belong to, then the consequences.

    Args:
        colour: use ANSI codes; they carry nothing that the signs do not say.
    """
    paint: _Paint = _painted if colour else _plain
    lines = [paint(_head(difference), _BOLD)]
    lines += [paint(f"- task {task}", _RED) for task in difference.removed]
    lines += [paint(f"+ task {task}", _GREEN) for task in difference.added]
    lines += [paint(f"> task {r.before} -> {r.after}", _BLUE) for r in difference.renamed]
    for title, changes in _by_subject(difference):
        lines.append(paint(f"~ {title}", _YELLOW))
        for change in changes:
            lines += _signed(change, paint)
    return "\n".join([*lines, *_sentences(difference, foreseen)]) + "\n"


def report_diff_json(difference: Difference, foreseen: Forecast | None = None) -> str:
    """Write the difference as one JSON document; a side on which there is nothing has no key."""
    document = {
        "equal": difference.equal,
        "before": _side(difference.before),
        "after": _side(difference.after),
        "added": list(difference.added),
        "removed": list(difference.removed),
        "renamed": [{"before": r.before, "after": r.after} for r in difference.renamed],
        **{kind: [_document(c) for c in getattr(difference, kind)] for kind in _KINDS},
        "reordered": difference.reordered,
        "downstream": list(difference.downstream),
        "affected_outputs": list(difference.affected),
        "forecast": None if foreseen is None else asdict(foreseen),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def report_diff_markdown(difference: Difference, foreseen: Forecast | None = None, *, mermaid: str = "") -> str:
    """Write the difference for a pull request: one line, a table of changes, and a folded picture.

    Args:
        mermaid: the text of a Mermaid picture of both plans, or empty for none.
    """
    lines = [f"### {_escaped(_head(difference))}", "", *_listed(_sentences(difference, foreseen))]
    rows = [("added", f"task {_code(task)}", "", "") for task in difference.added]
    rows += [("removed", f"task {_code(task)}", "", "") for task in difference.removed]
    rows += [("renamed", f"task {_code(r.after)}", _code(r.before), _code(r.after)) for r in difference.renamed]
    rows += [
        (kind, _where(change), _cell(change, change.before), _cell(change, change.after))
        for kind in _KINDS
        for change in getattr(difference, kind)
    ]
    if rows:
        lines += ["", "| change | where | before | after |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    if mermaid:
        lines += ["", "<details><summary>Graph</summary>", "", "```mermaid", mermaid.rstrip(), "```", "", "</details>"]
    return "\n".join(lines) + "\n"


def consequences(difference: Difference) -> list[str]:
    """Say in sentences what the difference amounts to."""
    if difference.equal:
        return ["The plans are equal: same work, same results."]
    if difference.reordered:
        return ["The definitions stand in another order; nothing else differs."]
    counts = [
        (len(difference.added), "added"),
        (len(difference.removed), "removed"),
        (len(difference.renamed), "renamed"),
        (len({(c.what, c.subject) for c in difference.changes}), "changed"),
    ]
    lines = [", ".join(f"{number} {word}" for number, word in counts if number) + "."]
    if difference.downstream:
        lines.append(f"Unchanged, but reads what changes: {_some(difference.downstream)}.")
    if difference.affected:
        lines.append(f"Outputs that may differ: {_some(difference.affected)}.")
    elif not difference.outputs:
        lines.append("No output is affected.")
    return lines


def _sentences(difference: Difference, foreseen: Forecast | None) -> list[str]:
    return consequences(difference) + (forecast_sentences(foreseen) if foreseen is not None else [])


def forecast_sentences(foreseen: Forecast) -> list[str]:
    """Say what a change is likely to cost."""
    made, served = len(foreseen.made), len(foreseen.served)
    if not made:
        return [f"A next run is served all {served} tasks, where the results are kept."] if served else []
    took = f", in about {_seconds(foreseen.made_s)}" if foreseen.made_s is not None else ""
    lines = [f"A next run makes {made} of {made + served} tasks{took}; {served} are served where the results are kept."]
    if foreseen.before_s and foreseen.after_s:
        change = foreseen.after_s / foreseen.before_s - 1
        spent = f"{_seconds(foreseen.before_s)} -> {_seconds(foreseen.after_s)} ({change:+.0%})"
        lines.append(f"The longest way through the plan, nothing served: {spent}.")
    if foreseen.unknown and foreseen.before_s:
        lines.append(f"Not known how long it takes: {_some(foreseen.unknown)}.")
    return lines


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _some(names: tuple[str, ...], most: int = 12) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _head(difference: Difference) -> str:
    old, new = difference.before, difference.after
    names = old.name if old.name == new.name else f"{old.name} -> {new.name}"
    if difference.equal:
        return f"{names}  {old.hash[:12]}"
    return f"{names}  {old.hash[:12]} -> {new.hash[:12]}"


def _by_subject(difference: Difference) -> Iterator[tuple[str, list[Change]]]:
    blocks: dict[str, list[Change]] = {}
    for change in (*difference.changes, *difference.labels):
        blocks.setdefault(f"{change.what} {change.subject}".rstrip(), []).append(change)
    yield from blocks.items()


def _signed(change: Change, paint: _Paint) -> Iterator[str]:
    path = f"{change.path}: " if change.path else ""
    for sign, value, tone in (("-", change.before, _RED), ("+", change.after, _GREEN)):
        if value is not ABSENT:
            yield paint(f"    {sign} {path}{shorten(value_text(change, value), LONGEST)}", tone)


def value_text(change: Change, value: object) -> str:
    """A value of a change as people read it; hashes shortened."""
    if isinstance(value, str) and change.path in ("identity", "body"):
        return value[:12]
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _plain(text: str, _: str) -> str:
    return printable(text)


def _painted(text: str, code: str) -> str:
    return f"\x1b[{code}m{printable(text)}\x1b[0m"


def _side(side: Side) -> dict[str, str]:
    return {"melody": side.name, "version": side.version, "plan": side.hash}


def _document(change: Change) -> dict[str, object]:
    sides = {"before": change.before, "after": change.after}
    return {"what": change.what, "subject": change.subject, "path": change.path} | {
        name: value for name, value in sides.items() if value is not ABSENT
    }


def _where(change: Change) -> str:
    subject = f"{change.what} {_code(change.subject)}" if change.subject else change.what
    return f"{subject} {_code(change.path)}" if change.path else subject


def _cell(change: Change, value: object) -> str:
    return "" if value is ABSENT else _code(shorten(value_text(change, value), LONGEST))


def _code(text: str) -> str:
    """Text as code inside a cell of a table: fenced by more backticks than it holds, a bar escaped."""
    text = printable(text).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _listed(sentences: list[str]) -> list[str]:
    return [f"- {_escaped(sentence)}" for sentence in sentences]


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", printable(text))
