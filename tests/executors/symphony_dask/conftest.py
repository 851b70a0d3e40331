"""One Dask cluster for all these tests, started by its command line, and a project of players that runs there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")
sys.path.append(str(Path(__file__).resolve().parent))

from symphony_tests_dask.cluster import CommandLineCluster
from symphony_tests_dask.project import new_project


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLineCluster]:
    """A scheduler with two workers of one thread each; the workers have one of `gpus` each."""
    made = CommandLineCluster(tmp_path_factory.mktemp("dask"), resources="gpus=1", secret="kanarienvogel-4711")
    try:
        made.wait_for(2)
        yield made
    finally:
        made.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: CommandLineCluster) -> Path:
    """An empty project with the players of `dask_players`, whose runs go to the cluster."""
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)
    return new_project(tmp_path / "project", monkeypatch)
