"""Models whose weights do not all fit into memory: most calls find theirs loaded, and the budget is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from symphony_tests_reliability import models
from symphony_tests_reliability.project import Project

from symphony.runtime.player_states import IN_MEMORY


def test_most_calls_of_models_that_exceed_the_memory_find_theirs_loaded(tmp_path: Path) -> None:
    limits = f"[tool.symphony]\n[tool.symphony.limits]\nmemory = {models.ROOM * models.SIZE_BYTES}\n"
    project = Project(tmp_path / "p", {"ensemble.py": models.text(), "pyproject.toml": limits})
    models.write_weights(project.folder)

    done = project.call("run", "ensemble.py", "--json", "--workers", "2", OPENBLAS_NUM_THREADS="1")
    told = project.call("players", "--states", "last", "--json").document()

    assert done.code == 0, done.err
    assert done.document()["outputs"]["out"]["value"] == pytest.approx(1.0)
    assert sum(player["uses"] for player in told["players"]) == models.CALLS
    assert most_at_once(told["transitions"]) == models.ROOM
    assert told["problems"] == []
    print("\n".join(project.call("players", "--states", "last").out.splitlines()[: 2 + models.MODELS]))
    assert told["hit_rate"] > 0.8


def most_at_once(transitions: list[dict[str, str]]) -> int:
    """How many states were in memory at the same time at the most; a set-up begins behind the tear-downs that make room."""
    held, most = set[tuple[str, str]](), 0
    for step in transitions:
        copy = step["player"], step["copy"]
        held = held | {copy} if step["after"] in IN_MEMORY else held - {copy}
        most = max(most, len(held))
    return most
