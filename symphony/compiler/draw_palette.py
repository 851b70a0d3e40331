"""Colours and symbols of the drawings: one for each kind of node and each state, never colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symphony.compiler.graph import NodeKind


@dataclass(frozen=True, slots=True)
class Tone:
    """A fill and a line for light surroundings, the same for dark ones, and a symbol of one character."""

    fill: str
    line: str
    dark_fill: str
    dark_line: str
    symbol: str


KINDS: Mapping[NodeKind, Tone] = {
    NodeKind.OPERATOR: Tone("#eff5ff", "#3b73d9", "#16233c", "#6f9df0", "●"),
    NodeKind.INSTRUMENT: Tone("#f5f0ff", "#7c4ddb", "#261c3f", "#ae8df5", "◆"),
    NodeKind.MOTIF: Tone("#eafaf6", "#0f8a7b", "#10302c", "#45c4b0", "▲"),
    NodeKind.SHELL: Tone("#fff6e6", "#b0690b", "#35270f", "#e5ab52", "■"),
    NodeKind.MELODY: Tone("#fff0f5", "#c0306f", "#3b1728", "#f083b0", "▣"),
    NodeKind.PARAM: Tone("#f6f7f9", "#8190a5", "#1c222c", "#7d8a9e", "○"),
    NodeKind.OUTPUT: Tone("#f6f7f9", "#56657a", "#1c222c", "#a3b0c2", "◎"),
}

STATES: Mapping[str, Tone] = {
    "pending": Tone("#f6f7f9", "#8190a5", "#1c222c", "#7d8a9e", "·"),
    "ready": Tone("#f6f7f9", "#56657a", "#1c222c", "#a3b0c2", "○"),
    "running": Tone("#eaf2ff", "#1d62d8", "#14264a", "#63a0ff", "▸"),
    "retrying": Tone("#fff4e5", "#c2600c", "#3a2710", "#f2a54a", "↻"),
    "succeeded": Tone("#eafaef", "#1c8240", "#12301d", "#4fc878", "✓"),
    "cached": Tone("#e8f8fb", "#0e7f97", "#0f2f36", "#4cc3db", "="),
    "failed": Tone("#fdeeee", "#cf2a2a", "#3d1717", "#ff7b72", "×"),
    "skipped": Tone("#f6f7f9", "#8190a5", "#1c222c", "#7d8a9e", "–"),
    "cancelled": Tone("#f6f1ea", "#85705a", "#2b251d", "#b8a48c", "□"),
    "interrupted": Tone("#f6f1ea", "#85705a", "#2b251d", "#b8a48c", "□"),
    "added": Tone("#eafaef", "#1c8240", "#12301d", "#4fc878", "+"),
    "removed": Tone("#fdeeee", "#cf2a2a", "#3d1717", "#ff7b72", "−"),
    "changed": Tone("#fff6e0", "#b0780b", "#35290f", "#e5b552", "~"),
    "renamed": Tone("#eff5ff", "#3b73d9", "#16233c", "#6f9df0", "→"),
    "affected": Tone("#fffbee", "#c9a545", "#2b2718", "#c9ad63", "≈"),
}
"""States of tasks and runs, and the marks of a comparison."""

WORST_FIRST = (
    "failed", "removed", "added", "changed", "renamed", "affected", "running", "retrying", "cancelled", "interrupted",
    "ready", "pending", "skipped", "succeeded", "cached",
)  # fmt: skip
"""Which state stands for several nodes drawn as one."""


def tone_of(state: str | None) -> Tone | None:
    """The tone of a state; None when there is none or it is unknown."""
    return None if state is None else STATES.get(state)


def symbol_of(state: str | None) -> str:
    """The symbol of a state; ``?`` for an unknown one, empty for none."""
    if state is None:
        return ""
    return STATES[state].symbol if state in STATES else "?"
