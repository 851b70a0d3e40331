"""An engine that is killed at any moment: its run goes on, unattended, from what was recorded."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from symphony_tests_reliability import concert
from symphony_tests_reliability.project import Project, digests
from symphony_tests_reliability.saga import Saga, play
from symphony_tests_reliability.sizes import sampled

KILLS = sampled(8, 200)
KILLS_OF_ONE_RUN = 8
RUN_S = 1.4
"""About how long an undisturbed process takes; kills fall anywhere inside it."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The outputs of a run that nothing disturbs."""
    done = Project(tmp_path_factory.mktemp("undisturbed"), concert.FILES).call("run", "concert.yaml", "--json")
    assert done.code == 0, done.err
    return digests(done.document())


def test_a_run_goes_on_after_any_number_of_kills(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """Semantics 40, 44: nothing recorded runs again, nothing is left behind, no output differs."""
    chance, kills = random.Random(20_261), 0
    while kills < KILLS:
        project = Project(tmp_path / f"after-{kills}", concert.FILES)
        saga = play(project, "concert.yaml", chance, kills_at_most=min(KILLS_OF_ONE_RUN, KILLS - kills), within_s=RUN_S)

        _check(saga, project, undisturbed)
        kills += saga.kills
    print(f"{kills} kills: every run went on to its end")


def _check(saga: Saga, project: Project, undisturbed: dict[str, str]) -> None:
    assert saga.document["state"] == "succeeded"
    assert digests(saga.document) == undisturbed
    assert saga.again == []
    assert saga.forgotten == []
    assert saga.orphans == []
    assert set(saga.states) <= {"", "interrupted", "succeeded"}
    assert project.run_states()[0] == "succeeded"
    assert "running" not in project.run_states()
    assert project.call("store", "verify").code == 0
    assert set(project.log.begun()) >= {"numbers", "words[3]", "apart[9]", "child[9].d", "line", "total"}
