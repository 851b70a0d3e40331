"""Draws a run as one HTML page: a lane per worker, a box per call, the critical path marked. It loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import floor, log10
from typing import Any

from symphony.cli.terminal import seconds_text
from symphony.compiler.text_width import pixels, printable, shorten
from symphony.runtime.run_profile import task_of

WIDTH, LABEL, LANE, GAP = 1120.0, 110.0, 22.0, 4.0
_LEAST = 0.6
"""A box that would be narrower than this many pixels is drawn with its neighbours as one."""
_SLIVER = 0.005
"""Calls of one worker that overlap by less than this part of the run do so because their ends are told late."""
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1d2330; --faint: #667; --line: #d9dde6; --critical: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171f; --text: #e6e9f0; --faint: #9aa3b5; --line: #333a48; --critical: #ff6b6b; } }
body { margin: 2rem auto; max-width: 1160px; padding: 0 1rem; background: var(--back); color: var(--text);
  font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { color: var(--faint); margin: .2rem 0; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg text.faint { fill: var(--faint); font-size: 11px; } svg line { stroke: var(--line); }
svg rect { stroke: none; } svg rect.critical { stroke: var(--critical); stroke-width: 2; }
svg rect.failed { stroke: var(--critical); stroke-dasharray: 3 2; stroke-width: 2; } svg rect.many { opacity: .55; }
svg text.on { fill: #fff; font-size: 11px; pointer-events: none; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--faint); font-weight: 500; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); } td.n, th.n { text-align: right; }
i { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em; }
"""


def timeline_page(document: Mapping[str, Any]) -> str:
    """The page, from the document of ``symphony profile``."""
    colours = {row["task"]: _colour(i) for i, row in enumerate(document["tasks"])}
    title = f"{document['melody']}: {document['state']} in {seconds_text(document['seconds'])}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(title)}</h1><p>run {_text(document['run'])}</p>",
            *_facts(document),
            "<h2>Timeline</h2>", _drawing(document["calls"], colours),
            "<p>A lane per worker. A red edge: on the critical path. A dashed one: an attempt that failed. "
            "Point at a call to read it.</p>",
            "<h2>Tasks</h2>", _tasks(document["tasks"], colours), *_changes(document["what_if"]), "</body></html>\n",
        ]
    )  # fmt: skip


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    workers = ", ".join(f"{n} {pool}" for pool, n in document["workers"].items() if pool != "coroutines")
    parts = [
        f"{document['parallelism']:.1f} calls at a time",
        f"critical path {seconds_text(document['critical_path_s'])}",
    ]
    if document["utilisation"] is not None:
        parts.insert(1, f"{document['utilisation']:.0%} of the time of {workers}")
    yield f"<p>{_text('; '.join(parts))}</p>"


# the drawing ---------------------------------------------------------------------------------------------------------


def _drawing(calls: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    timed = [c for c in calls if c["started_at"] is not None and c["ended_at"] is not None]
    if not timed:
        return "<p>No call took a worker.</p>"
    begin = min(c["started_at"] for c in timed)
    seconds = max(1e-6, max(c["ended_at"] for c in timed) - begin)
    scale = (WIDTH - LABEL) / seconds
    lanes = list(_lanes(timed, _SLIVER * seconds))
    height = len(lanes) * (LANE + GAP) + 24
    parts = [f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="timeline of the run">']
    parts += _axis(seconds, scale, height)
    for i, (worker, found) in enumerate(lanes):
        top = 20 + i * (LANE + GAP)
        parts.append(f'<text x="0" y="{top + 15:.0f}">{_text(shorten(worker, 15))}</text>')
        parts += _boxes(found, begin=begin, scale=scale, top=top, colours=colours)
    return "\n".join([*parts, "</svg>"])


def _lanes(calls: Sequence[Mapping[str, Any]], sliver_s: float) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Calls by worker; coroutines, which overlap, share as many lanes as they need."""
    by_worker: dict[str, list[Mapping[str, Any]]] = {}
    for call in calls:
        by_worker.setdefault("coroutines" if call["pool"] == "coroutines" else call["worker"], []).append(call)
    for worker in sorted(by_worker, key=_by_number):
        rows: list[list[Mapping[str, Any]]] = []
        for call in sorted(by_worker[worker], key=lambda c: c["started_at"]):
            row = next((r for r in rows if r[-1]["ended_at"] <= call["started_at"] + sliver_s), None)
            if row is None:
                rows.append(row := [])
            row.append(call)
        yield from ((worker if not i else "", row) for i, row in enumerate(rows))


def _by_number(worker: str) -> tuple[str, int, str]:
    head, _, number = worker.rpartition("-")
    return (head, int(number), "") if number.isdecimal() else (worker, 0, "")


def _boxes(
    calls: Sequence[Mapping[str, Any]], *, begin: float, scale: float, top: float, colours: Mapping[str, str]
) -> Iterator[str]:  # fmt: skip
    waiting: list[Mapping[str, Any]] = []
    for call in calls:
        x, width = LABEL + (call["started_at"] - begin) * scale, (call["ended_at"] - call["started_at"]) * scale
        if width < _LEAST and not call["critical"]:
            if waiting and (call["started_at"] - waiting[0]["started_at"]) * scale > 2:
                yield _many(waiting, begin, scale, top)
                waiting = []
            waiting.append(call)
            continue
        if waiting:
            yield _many(waiting, begin, scale, top)
            waiting = []
        yield _box(call, x, width, top, colours[task_of(call["task"])])
    if waiting:
        yield _many(waiting, begin, scale, top)


def _box(call: Mapping[str, Any], x: float, width: float, top: float, colour: str) -> str:
    seconds = call["ended_at"] - call["started_at"]
    waited = f", waited {seconds_text(call['waited_s'])}" if (call["waited_s"] or 0) >= 0.01 else ""
    where = ", on the critical path" if call["critical"] else ""
    attempt = f", attempt {call['attempt']}" if call["attempt"] > 1 or call["state"] == "failed" else ""
    title = f"{call['task']}: {call['state']}{attempt}, {seconds_text(seconds)}{waited}{where}"
    kind = "failed" if call["state"] == "failed" else "critical" if call["critical"] else ""
    label = ""
    if pixels(call["task"], 11) + 8 < width:
        label = f'<text class="on" x="{x + 4:.1f}" y="{top + 15:.0f}">{_text(call["task"])}</text>'
    return (
        f'<rect class="{kind}" x="{x:.2f}" y="{top:.0f}" width="{max(1.0, width):.2f}" height="{LANE:.0f}" rx="2" '
        f'fill="{colour}"><title>{_text(title)}</title></rect>{label}'
    )


def _many(calls: Sequence[Mapping[str, Any]], begin: float, scale: float, top: float) -> str:
    x = LABEL + (calls[0]["started_at"] - begin) * scale
    width = max(1.0, (calls[-1]["ended_at"] - calls[0]["started_at"]) * scale)
    title = (
        calls[0]["task"]
        if len(calls) == 1
        else f"{len(calls):,} short calls, {calls[0]['task']} to {calls[-1]['task']}"
    )
    return (
        f'<rect class="many" x="{x:.2f}" y="{top:.0f}" width="{width:.2f}" height="{LANE:.0f}" fill="#8892a6">'
        f"<title>{_text(title)}</title></rect>"
    )


def _axis(seconds: float, scale: float, height: float) -> Iterator[str]:
    step = _step(seconds / 8)
    for i in range(int(seconds / step) + 1):
        x = LABEL + i * step * scale
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="{height:.0f}"/>'
        label = seconds_text(i * step) if i else "0"
        if x + pixels(label, 11) < WIDTH:
            yield f'<text class="faint" x="{x + 2:.1f}" y="11">{_text(label)}</text>'


def _step(least: float) -> float:
    """The next round number of seconds: 1, 2 or 5 times a power of ten."""
    power: float = 10.0 ** floor(log10(least))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= least)


# the tables ----------------------------------------------------------------------------------------------------------


def _tasks(tasks: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    rows = [
        f'<tr><td><i style="background:{colours[t["task"]]}"></i>{_text(t["task"])}</td><td class="n">{t["calls"]:,}</td>'
        f'<td class="n">{seconds_text(t["seconds"])}</td><td class="n">{seconds_text(t["critical_s"]) if t["critical_s"] else ""}</td>'
        f'<td class="n">{seconds_text(t["waited_s"])}</td><td class="n">{seconds_text(t["cpu_s"]) if t["cpu_s"] else ""}</td></tr>'
        for t in tasks
    ]
    heads = "".join(f'<th class="n">{h}</th>' for h in ("calls", "busy", "on the critical path", "waited", "processor"))
    return f"<table><tr><th>task</th>{heads}</tr>{''.join(rows)}</table>"


def _changes(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not changes:
        return
    rows = []
    for change in changes:
        rows.append(
            f'<tr><td>with {_text(change["name"])}</td><td class="n">{seconds_text(change["seconds"])}</td>'
            f'<td class="n">{change["change"]:+.0%}</td></tr>'
        )
    yield f"<h2>What if</h2><table>{''.join(rows)}</table>"


def _colour(i: int) -> str:
    return f"hsl({(210 + i * 137.5) % 360:.0f} 50% 42%)"


def _text(text: str) -> str:
    return escape(printable(text))
