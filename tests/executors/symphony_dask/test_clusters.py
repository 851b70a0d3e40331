"""Which cluster a run uses: its own, one by address, or one of a class that is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from symphony_tests_dask.project import new_project, run_with

from symphony.errors import SurroundingsError, UsageError
from symphony_dask.clusters import Cluster

TASKS = '  a: {player: square, each: [1, 2, 3], with: {n: "${{ item }}"}}\noutputs: {out: "${{ tasks.a }}"}\n'


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose runs start a cluster of their own."""
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    return new_project(tmp_path / "alone", monkeypatch)


def test_a_class_of_clusters_is_started_scaled_and_ended(alone: Path) -> None:
    options = {"n_workers": 0, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    cluster = {"cluster": "distributed:LocalCluster", "options": options}

    assert run_with(alone, TASKS, cluster, workers=2).outputs["out"] == [1, 4, 9]


def test_what_a_cluster_is_told_comes_from_its_options(alone: Path) -> None:
    cluster = {"options": {"resources": {"gpus": 2}, "processes": False}, "resources": ["gpus"]}
    tasks = TASKS.replace("player: square,", "player: square, resources: {gpus: 2},")

    assert run_with(alone, tasks, cluster, workers=1).outputs["out"] == [1, 4, 9]


def test_a_class_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"there is no cluster class 'nothing:Here'.*write it as module:Class"):
        Cluster(None, "nothing:Here", {}, 1, 1)


def test_options_that_a_class_does_not_take_are_named() -> None:
    with pytest.raises(UsageError, match=r"LocalCluster does not take these options \(.*colour"):
        Cluster(None, None, {"colour": "red", "processes": False}, 1, 1)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symphony_dask.clusters.CONNECT_S", 0.5)

    with pytest.raises(SurroundingsError, match=r"the Dask scheduler tcp://127.0.0.1:9 does not answer"):
        Cluster("tcp://127.0.0.1:9", None, {}, 1, 1)
