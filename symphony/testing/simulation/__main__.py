"""The command ``python -m symphony.testing.simulation``: many worlds, a table, and the trace of those that fail.

The only clock here is the one that says how fast it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from symphony.testing.simulation.properties import PROPERTIES
from symphony.testing.simulation.simulate import Outcome, simulate

_SHOWN_SEEDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Let worlds happen; returns 0 where every property holds in every one, else 1."""
    asked = _parser().parse_args(arguments)
    if asked.properties:
        _say(*(f"{name:<20} {reason}" for name, reason in PROPERTIES.items()))
        return 0
    first, count = (asked.first, asked.seeds) if asked.seed is None else (asked.seed, 1)
    begun = time.perf_counter()
    outcomes = [simulate(seed, trace=asked.trace) for seed in range(first, first + count)]
    real_s = time.perf_counter() - begun
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    if asked.trace:
        for outcome in outcomes if asked.seed is not None else failed[:1]:
            _say(*outcome.trace)
    _say(table(outcomes, real_s))
    for outcome in failed[:_SHOWN_SEEDS]:
        _say(f"\nseed {outcome.seed}: {outcome.failure}")
    if failed and not asked.trace:
        _say(f"\nreplay it: python -m symphony.testing.simulation --seed {failed[0].seed} --trace")
    return 1 if failed else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m symphony.testing.simulation",
        description="Drive the parts of the engine that decide through invented worlds, and check what must hold in every one.",
    )
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many worlds (default 1000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, metavar="N", help="this world only")
    parser.add_argument(
        "--trace", action="store_true", help="print what happens: of --seed, or of the first that fails"
    )
    parser.add_argument("--properties", action="store_true", help="print what is checked, and why")
    return parser


def table(outcomes: Sequence[Outcome], real_s: float) -> str:
    """What happened in all worlds together."""
    events, seconds = sum(o.events for o in outcomes), sum(o.seconds for o in outcomes)
    real_s = max(real_s, 1e-9)
    rows = [
        ("seeds", f"{len(outcomes):,}"),
        ("failed", f"{sum(o.failure is not None for o in outcomes):,}"),
        ("events", f"{events:,}"),
        ("events per second", f"{events / real_s:,.0f}"),
        ("sittings of runs", f"{sum(o.sittings for o in outcomes):,}"),
        ("calls recorded", f"{sum(o.writes for o in outcomes):,}"),
        ("invented seconds", f"{seconds:,.0f}"),
        ("real seconds", f"{real_s:,.2f}"),
        ("faster than real time", f"{seconds / real_s:,.0f} times"),
    ]
    return "\n".join(f"{name:<22} {value:>14}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
