"""Deployments: made by ``symphony deploy``, run by Prefect's own worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap
from symphony.errors import CompileError, ParameterError, SurroundingsError, UsageError

Deploy = Callable[..., Any]
PREFECT = (sys.executable, "-m", "prefect")


@pytest.fixture
def deploy(server: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.setenv("PREFECT_HOME", str(server.home))
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    (project / "count.yaml").write_text("""melody: count
version: 1.0.0
description: Counts.
params: {n: {type: integer, default: 2, maximum: 50}}
tasks:
  ns: {player: "prefect_players:numbers", with: {n: "${{ params.n }}"}}
  sum: {player: "prefect_players:total", with: {xs: "${{ tasks.ns }}"}}
outputs: {sum: "${{ tasks.sum }}"}
""")
    return lambda melody="count.yaml", **options: bootstrap.deploy(melody, **options)


def test_a_deployment_has_the_schedule_the_parameters_and_the_name(deploy: Deploy, server: Any, project: Path) -> None:
    made = deploy(name="nightly", schedule="0 6 * * *", raw_params={"n": "7"})

    found = server.ask("GET", "/deployments/name/count/nightly")
    assert (made.name, made.where) == ("count/nightly", server.url)
    assert found["entrypoint"] == "symphony_prefect.deployed.run_melody"
    assert found["parameters"] == {
        "melody": str(project / "count.yaml"), "folder": str(project), "params": {}, "texts": {"n": "7"}
    }  # fmt: skip
    assert [s["schedule"]["cron"] for s in found["schedules"]] == ["0 6 * * *"]
    assert found["description"] == "Counts."


def test_the_same_name_replaces_a_deployment(deploy: Deploy, server: Any) -> None:
    deploy(name="again", schedule="0 6 * * *", raw_params={"n": "7"})
    deploy(name="again", schedule="0 7 * * *", raw_params={"n": "8"})

    found = server.ask("GET", "/deployments/name/count/again")
    assert found["parameters"]["texts"] == {"n": "8"}
    assert [s["schedule"]["cron"] for s in found["schedules"]] == ["0 7 * * *"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"schedule": "every day"}, UsageError, 'does not take the deployment: Invalid cron string: "every day"'),
        ({"work_pool": "nowhere"}, UsageError, "there is no work pool 'nowhere' on the server"),
        ({"raw_params": {"n": "many"}}, ParameterError, "n"),
        ({"raw_params": {"n": "99"}}, ParameterError, "50"),
        ({"to": "perfect"}, UsageError, "nothing deploys to 'perfect': did you mean 'prefect'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_work_is_refused(deploy: Deploy, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        deploy(**options)


def test_a_broken_melody_is_not_deployed(deploy: Deploy, project: Path) -> None:
    (project / "broken.yaml").write_text(
        "melody: broken\nversion: 1.0.0\ntasks: {a: {player: 'prefect_players:nobody'}}\n"
    )

    with pytest.raises(CompileError):
        deploy("broken.yaml")


def test_without_a_server_nothing_can_be_deployed(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL")

    with pytest.raises(SurroundingsError, match="set PREFECT_API_URL"):
        deploy()


def test_a_worker_of_prefect_runs_a_deployment_as_one_flow_run(deploy: Deploy, server: Any, project: Path) -> None:
    """The run of the melody is the flow run that Prefect made; no second one appears."""
    server.ask("POST", "/work_pools/", {"name": "here", "type": "process"})
    deploy(name="pooled", work_pool="here", raw_params={"n": "9"})
    deployment = server.ask("GET", "/deployments/name/count/pooled")["id"]
    asked = server.ask("POST", f"/deployments/{deployment}/create_flow_run", {})

    worker = subprocess.run(
        [*PREFECT, "worker", "start", "--pool", "here", "--run-once"], capture_output=True, text=True, timeout=240,
        env=dict(os.environ),
    )  # fmt: skip

    flow_run = server.ask("GET", f"/flow_runs/{asked['id']}")
    run = flow_run["name"]
    tasks = server.task_runs(run, 2)
    store = bootstrap.open_project_store(bootstrap.project_of(str(project / "count.yaml")))
    assert flow_run["state_name"] == "Completed", worker.stdout + worker.stderr
    assert flow_run["state"]["message"] == f"run {run} succeeded"
    assert {n: t["state_name"] for n, t in tasks.items()} == {"ns": "Completed", "sum": "Completed"}
    assert bootstrap.find_run(store, run).state == "succeeded"


def test_a_secret_is_deployed_by_name_only(deploy: Deploy, server: Any, project: Path) -> None:
    """Semantics 50: a literal is refused; its name is all that the server learns."""
    (project / "secret.yaml").write_text("""melody: hush
version: 1.0.0
params: {token: {type: string, secret: true}}
tasks:
  a: {player: "prefect_players:use", with: {token: "${{ params.token }}", x: 1}}
""")

    deploy("secret.yaml", raw_params={"token": "secrets.TOKEN"})

    found = server.ask("GET", "/deployments/name/hush/default")
    assert found["parameters"]["texts"] == {"token": "secrets.TOKEN"}
    with pytest.raises(ParameterError):
        deploy("secret.yaml", raw_params={"token": "literal-canary"})
