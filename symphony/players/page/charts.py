"""Draws charts as SVG: bars, lines, points, shares. Colours follow the page, light or dark; values show on hovering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from symphony.players.page.axis import log_ticks, ticks
from symphony.players.page.wording import number, percent, short

PALETTE = 8
_STANDALONE = (
    "<style>svg{--ink:#1c2430;--soft:#5c6776;--line:#e2e7ee;--card:#fff;--c1:#3069de;--c2:#0d9488;--c3:#d97706;--c4:#e11d48;"
    "--c5:#7c3aed;--c6:#4d8f1f;--c7:#64748b;--c8:#b4532a;background:var(--card);font-family:system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{--ink:#e7ebf1;--soft:#9aa6b6;--line:#2b3442;--card:#171d26;--c1:#6d9eff;--c2:#2dd4bf;"
    "--c3:#fbbf24;--c4:#fb7185;--c5:#a78bfa;--c6:#9bd35a;--c7:#94a3b8;--c8:#f0946a}}</style>"
)


class Point(NamedTuple):
    """One mark of a scatter chart; `weight` from 0 to 1 sets its size."""

    x: float
    y: float
    label: str
    weight: float = 0.3
    colour: int = 1


def colour(index: int) -> str:
    """The colour of the n-th series, from 1; after the last the first comes again."""
    return f"var(--c{(index - 1) % PALETTE + 1})"


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    title: str,
    unit: str = "",
    width: int = 1060,
    height: int = 240,
    shown: Sequence[str] | None = None,
    hue: int = 1,
    gap: float = 0.2,
) -> str:
    """Upright bars, down from zero for negative values.

    `shown` holds the labels drawn below the axis (empty text: none); all labels show on hovering.
    """
    area = _Area(width, height)
    marks = ticks(min([*values, 0]), max(values, default=0) or (0 if min(values, default=0) < 0 else 1))
    parts = [area.grid(marks)]
    step, zero = area.across / max(1, len(values)), area.y(0, marks)
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        end = area.y(value, marks)
        x, wide = area.left + i * step + step * gap / 2, max(0.6, step * (1 - gap))
        if value:
            parts.append(
                f'<rect class="bar" x="{x:.1f}" y="{min(zero, end):.1f}" width="{wide:.1f}" '
                f'height="{abs(zero - end):.1f}" rx="{min(2, wide / 3):.1f}" '
                f'fill="{colour(hue)}"><title>{escape(f"{label}: {number(value)} {unit}".strip())}</title></rect>'
            )
    for i, text in enumerate(shown if shown is not None else thinned(labels, 14)):
        if text:
            parts.append(_text(area.left + (i + 0.5) * step, area.bottom + 18, text, "middle"))
    return _svg(width, height, title, parts)


def thinned(labels: Sequence[str], most: int) -> list[str]:
    """The labels with all but about `most` of them emptied, so that they do not overlap."""
    every = max(1, math.ceil(len(labels) / most))
    return [label if i % every == 0 else "" for i, label in enumerate(labels)]


def thinned_groups(labels: Sequence[str], most: int) -> list[str]:
    """Each run of equal labels shown once, at its start; only every second, third, … run where there are many."""
    starts = [i for i, label in enumerate(labels) if i == 0 or labels[i - 1] != label]
    every = max(1, math.ceil(len(starts) / most))
    kept = set(starts[::every])
    return [label if i in kept else "" for i, label in enumerate(labels)]


def rows(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    title: str,
    unit: str = "",
    width: int = 520,
    hues: Sequence[int] | None = None,
    notes: Sequence[str] | None = None,
) -> str:
    """Lying bars, one below the other, each with its label before and its value behind it."""
    tall, side, tail = 26, min(190, 14 + max((len(_cut(t, 26)) for t in labels), default=4) * 7), 118 if notes else 64
    most = max([*values, 1e-9])
    parts = []
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        y, wide = i * tall + 4, max(1.5 if value else 0, (width - side - tail) * value / most)
        note = notes[i] if notes else number(value)
        hover = escape(f"{label}: {number(value)} {unit}".strip())
        parts.append(
            f"<g><title>{hover}</title>{_text(side - 8, y + 13, _cut(label, 26), 'end', 'ink')}"
            f'<rect class="bar" x="{side}" y="{y}" width="{wide:.1f}" height="18" rx="3" '
            f'fill="{colour(hues[i] if hues else 1)}"/>'
            f"{_text(side + wide + 7, y + 13, note)}</g>"
        )
    return _svg(width, len(labels) * tall + 6, title, parts)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def shares(labels: Sequence[str], values: Sequence[float], *, title: str, width: int = 1060) -> str:
    """One bar cut into coloured shares, with a legend below."""
    total = sum(values) or 1.0
    parts, at = [], 0.0
    for i, (label, value) in enumerate(zip(labels, values, strict=True), 1):
        wide = width * value / total
        hover = escape(f"{label}: {number(value)} ({percent(value / total)})")
        parts.append(
            f'<rect class="bar" x="{at:.1f}" y="0" width="{max(0, wide - 1.5):.1f}" height="22" rx="3" '
            f'fill="{colour(i)}">'
            f"<title>{hover}</title></rect>"
        )
        at += wide
    x, y = 0.0, 48
    for i, (label, value) in enumerate(zip(labels, values, strict=True), 1):
        text = f"{_cut(label, 24)} {percent(value / total)}"
        long = len(text) * 7.1 + 34
        if x + long > width:
            x, y = 0.0, y + 22
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 10}" width="11" height="11" rx="3" fill="{colour(i)}"/>{_text(x + 17, y, text)}'
        )
        x += long
    return _svg(width, y + 10, title, parts)


def lines(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    title: str,
    width: int = 1060,
    height: int = 260,
    points: bool = False,
) -> str:
    """One line per series over the same labels, with a legend where there are several."""
    area = _Area(width, height, above=30 if len(series) > 1 else 14)
    everything = [v for _, values in series for v in values if v is not None] or [0.0]
    marks = ticks(min(0, *everything), max(everything))
    parts = [area.grid(marks)]
    step = area.across / max(1, len(labels) - 1)
    for index, (name, values) in enumerate(series, 1):
        places = [(area.left + i * step, area.y(v, marks)) for i, v in enumerate(values) if v is not None]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{colour(index)}" stroke-width="2" stroke-linejoin="round"/>'
            if places
            else ""
        )
        for (x, y), (label, value) in zip(
            places, [(t, v) for t, v in zip(labels, values, strict=True) if v is not None], strict=True
        ):
            hover = escape(f"{label}: {number(value)}" + (f" ({name})" if name else ""))
            parts.append(
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{3 if points else 5}" fill="{colour(index)}" '
                f'opacity="{1 if points else 0}"><title>{hover}</title></circle>'
            )
    parts += [
        _text(area.left + i * step, area.bottom + 18, t, "middle") for i, t in enumerate(thinned(labels, 12)) if t
    ]
    if len(series) > 1:
        parts.append(_legend([name for name, _ in series], area.left))
    return _svg(width, height, title, parts)


def _legend(names: Sequence[str], left: float) -> str:
    out, x = [], left
    for i, name in enumerate(names, 1):
        out.append(
            f'<rect x="{x:.0f}" y="4" width="11" height="11" rx="3" fill="{colour(i)}"/>'
            f"{_text(x + 16, 14, _cut(name, 24))}"
        )
        x += len(_cut(name, 24)) * 7.1 + 36
    return "".join(out)


def scatter(
    points: Sequence[Point],
    *,
    title: str,
    x_name: str,
    y_name: str,
    width: int = 1060,
    height: int = 400,
    named: int = 8,
    log: bool = True,
) -> str:
    """Points over two axes, logarithmic unless told otherwise; the first `named` carry their label."""
    area = _Area(width, height, below=46, before=64)
    x_marks, y_marks = _scale([p.x for p in points], log), _scale([p.y for p in points], log)
    parts = [area.grid(y_marks, log), area.columns(x_marks, log)]
    places = [(area.x(p.x, x_marks, log), area.y(p.y, y_marks, log), p) for p in points]
    for x, y, p in reversed(places):
        hover = escape(f"{p.label}: {x_name} {number(p.x)}, {y_name} {number(p.y)}")
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{4 + 12 * p.weight:.1f}" fill="{colour(p.colour)}" '
            f'fill-opacity=".55" stroke="{colour(p.colour)}"><title>{hover}</title></circle>'
        )
    parts.append(_names(places[:named], area))
    parts.append(_text(area.left + area.across / 2, height - 6, x_name, "middle"))
    parts.append(
        f'<g transform="translate(14 {area.top + area.down / 2:.0f}) rotate(-90)">{_text(0, 0, y_name, "middle")}</g>'
    )
    return _svg(width, height, title, parts)


def _scale(values: Sequence[float], log: bool) -> list[float]:
    return log_ticks(max([*values, 1])) if log else ticks(min([*values, 0]), max([*values, 1]))


def _names(places: Sequence[tuple[float, float, Point]], area: _Area) -> str:
    """Labels beside their points; one that would cover another is left out."""
    taken: list[tuple[float, float, float]] = []
    out = []
    for x, y, p in places:
        text, away = _cut(p.label.rpartition("/")[2], 28), 8 + 12 * p.weight
        long = len(text) * 6.8
        for start in (x + away, x - away - long):
            inside = area.left <= start and start + long <= area.left + area.across
            if inside and all(abs(y - ty) > 14 or start > tx + tl or tx > start + long for tx, ty, tl in taken):
                taken.append((start, y, long))
                out.append(_text(start, y + 4, text, tone="ink"))
                break
    return "".join(out)


class _Area:
    """The rectangle inside the axes, in the units of the picture."""

    def __init__(self, width: int, height: int, *, above: int = 14, below: int = 30, before: int = 46) -> None:
        self.left, self.top = before, above
        self.across, self.down = width - before - 12, height - above - below
        self.bottom = above + self.down

    def x(self, value: float, marks: Sequence[float], log: bool = False) -> float:
        return self.left + self.across * _part(value, marks, log)

    def y(self, value: float, marks: Sequence[float], log: bool = False) -> float:
        return self.bottom - self.down * _part(value, marks, log)

    def grid(self, marks: Sequence[float], log: bool = False) -> str:
        """Level lines with their numbers."""
        out = []
        for mark in marks:
            y = self.y(mark, marks, log)
            out.append(
                f'<line x1="{self.left}" x2="{self.left + self.across}" y1="{y:.1f}" y2="{y:.1f}" '
                'stroke="var(--line)"/>'
            )
            out.append(_text(self.left - 8, y + 4, short(mark), "end"))
        return "".join(out)

    def columns(self, marks: Sequence[float], log: bool) -> str:
        """Upright lines with their numbers."""
        out = []
        for mark in marks:
            x = self.x(mark, marks, log)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.bottom}" stroke="var(--line)"/>')
            out.append(_text(x, self.bottom + 18, short(mark), "middle"))
        return "".join(out)


def _part(value: float, marks: Sequence[float], log: bool) -> float:
    low, high = marks[0], marks[-1]
    if log:
        value, low, high = (math.log10(max(v, 1)) for v in (value, low, high))
    return (value - low) / (high - low) if high > low else 0.0


def _text(x: float, y: float, text: str, anchor: str = "start", tone: str = "soft") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="12" fill="var(--{tone})">{escape(text)}</text>'


def _svg(width: int, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def standalone(svg: str) -> str:
    """A chart with its own colours, as a file of its own."""
    at = svg.index(">") + 1
    return svg[:at] + _STANDALONE + svg[at:]
