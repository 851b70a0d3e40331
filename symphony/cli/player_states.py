"""``symphony players --states RUN``: how a run kept players set up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symphony.cli.call_options import project_here, store_of
from symphony.cli.terminal import say, size_text, time_text, write, write_document, write_table


def write_states(reference: str, state: Path | None, *, json: bool) -> None:
    """Show the players that a run kept set up, and every step of their lives with time and cause."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    store = store_of(project_here(state))
    run = bootstrap.find_run(store, reference)
    report: Mapping[str, Any] = run.players or {"hit_rate": None, "players": [], "transitions": [], "problems": []}
    if json:
        write_document({"run": run.id, **report})
        return
    if not report["players"]:
        say(f"run {run.id} used no player that is set up; a player with setup= is")
        return
    rate = report["hit_rate"]
    write(
        f"{run.melody}, run {run.id}: "
        + ("no calls" if rate is None else f"{rate:.1%} of the calls found their player warm")
    )
    rows = [
        (p["player"], str(p["uses"]), str(p["hits"]), str(p["misses"]), size_text(p["bytes"]))
        for p in report["players"]
    ]
    write_table(("player", "calls", "warm", "waited", "kept"), rows)
    write("")
    steps = [
        (time_text(t["at"]), f"{t['player']} {t['copy']}", f"{t['before']} -> {t['after']}", t["cause"])
        for t in report["transitions"]
    ]
    write_table(("at", "player", "step", "cause"), steps)
    for problem in report["problems"]:
        say(problem)
