"""How much memory a Dask worker may fill with players that it keeps set up."""

from __future__ import annotations

from pathlib import Path

import pytest
from symphony_tests_dask.cluster import CommandLineCluster
from symphony_tests_dask.project import lines_of, run, until

from symphony.runtime.machine import memory_here
from symphony_dask.memory import memory_of_this_worker


def asked(address: str) -> set[float]:
    """What each worker of a cluster may fill, asked as a call does."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        workers = list(client.scheduler_info(n_workers=-1)["workers"])
        return {client.submit(memory_of_this_worker, workers=[w], pure=False).result(30) for w in workers}


def test_workers_without_a_limit_share_their_machine(cluster: CommandLineCluster) -> None:
    assert asked(cluster.address) == {memory_here() / 2}


def test_the_limit_of_a_worker_is_dask_s_own() -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, processes=False, dashboard_address=None, memory_limit="500MB") as alone:
        assert asked(alone.scheduler_address) == {500e6}


@pytest.mark.parametrize("record", [True, False])
def test_players_are_torn_down_on_the_workers_when_the_run_ends(project: Path, record: bool) -> None:
    (project / "log").write_text("")
    tasks = f'  a: {{player: warm, each: [1, 2, 3], with: {{n: "${{{{ item }}}}", log: "{project}/log"}}}}\n'

    result = run(project, tasks, record=record)

    assert str(result.state) == "succeeded", result.failures
    pids = set(lines_of(project / "log"))
    assert pids
    until(lambda: {pid for pid in pids if (project / f"torn-down-{pid}").exists()} == pids, 5)
