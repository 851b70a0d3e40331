"""The difference of two plans as one HTML page: both graphs side by side, the changes as a table. It loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from symphony.compiler.diff import ABSENT, Change, Difference
from symphony.compiler.diff_forecast import Forecast
from symphony.compiler.draw_diff import side_graphs
from symphony.compiler.draw_svg import draw_svg
from symphony.compiler.report_diff import consequences, forecast_sentences, value_text
from symphony.compiler.text_width import printable
from symphony.model.plan import Plan

_KINDS = ("rewired", "inputs", "policies", "retyped", "code", "parameters", "outputs", "labels")
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1d2330; --faint: #667; --line: #d9dde6; --old: #ffebe9; --new: #e6ffec; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171f; --text: #e6e9f0; --faint: #9aa3b5; --line: #333a48; --old: #4a2020; --new: #17361f; } }
body { margin: 2rem auto; max-width: 1500px; padding: 0 1.5rem; background: var(--back); color: var(--text);
  font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p, li { margin: .2rem 0; } .faint { color: var(--faint); }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: start; }
.side { border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow: auto; max-height: 80vh;
  background: #fff; color: #1d2330; }
.side h3 { margin: 0 0 .5rem; font-size: .95rem; } .side svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--faint); font-weight: 500; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.old { background: var(--old); } td.new { background: var(--new); }
code { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 900px) { .sides { grid-template-columns: 1fr; } }
"""


def report_diff_html(
    before: Plan, after: Plan, difference: Difference, foreseen: Forecast | None = None, *, full: bool = False
) -> str:  # fmt: skip
    """Write the difference as a page.

    Args:
        foreseen: what the change is likely to cost, where that is known.
        full: draw every node of large plans.
    """
    old, new = difference.before, difference.after
    title = old.name if old.name == new.name else f"{old.name} and {new.name}"
    left, right = (draw_svg(graph, full=full) for graph in side_graphs(before, after, difference))
    sentences = [*consequences(difference), *(forecast_sentences(foreseen) if foreseen is not None else ())]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Difference of {_text(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(title)}</h1>",
            f'<p class="faint">plan {old.hash[:12]} &rarr; {new.hash[:12]}</p>',
            "<ul>", *(f"<li>{_text(sentence)}</li>" for sentence in sentences), "</ul>",
            '<h2>Graphs</h2><div class="sides">',
            f'<div class="side"><h3>before: {_text(old.name)} {_text(old.version)}</h3>{left}</div>',
            f'<div class="side"><h3>after: {_text(new.name)} {_text(new.version)}</h3>{right}</div></div>',
            *_table(difference), "</body></html>\n",
        ]
    )  # fmt: skip


def _table(difference: Difference) -> Iterator[str]:
    rows = [*_tasks(difference), *_changes(difference)]
    if rows:
        yield "<h2>Changes</h2><table><tr><th>change</th><th>where</th><th>before</th><th>after</th></tr>"
        yield from rows
        yield "</table>"


def _tasks(difference: Difference) -> Iterator[str]:
    for task in difference.added:
        yield _row("added", f"task {task}", None, task)
    for task in difference.removed:
        yield _row("removed", f"task {task}", task, None)
    for rename in difference.renamed:
        yield _row("renamed", f"task {rename.after}", rename.before, rename.after)


def _changes(difference: Difference) -> Iterator[str]:
    for kind in _KINDS:
        for change in getattr(difference, kind):
            where = f"{change.what} {change.subject}".rstrip() + (f": {change.path}" if change.path else "")
            yield _row(kind, where, _side(change, change.before), _side(change, change.after))


def _side(change: Change, value: object) -> str | None:
    return None if value is ABSENT else value_text(change, value)


def _row(kind: str, where: str, old: str | None, new: str | None) -> str:
    before = "<td></td>" if old is None else f'<td class="old"><code>{_text(old)}</code></td>'
    after = "<td></td>" if new is None else f'<td class="new"><code>{_text(new)}</code></td>'
    return f"<tr><td>{kind}</td><td>{_text(where)}</td>{before}{after}</tr>"


def _text(text: str) -> str:
    return escape(printable(text))
