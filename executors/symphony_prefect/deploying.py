"""Registers a melody as a deployment of Prefect: what ``symphony deploy`` does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from symphony.errors import SurroundingsError, UsageError
from symphony.runtime.deployment import Deployed, DeployOrder
from symphony_prefect.surroundings import import_prefect

ENTRYPOINT = "symphony_prefect.deployed.run_melody"
"""The flow that a worker of Prefect runs, as a module path: workers must have Symphony, and see the project's files."""


def deploy(order: DeployOrder) -> Deployed:
    """Register a melody on the server that `PREFECT_API_URL` names; see `symphony.runtime.deployment.Deployer`."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise SurroundingsError(
            "a deployment lives on a Prefect server: start one with 'prefect server start', and set PREFECT_API_URL to its "
            "API, such as http://127.0.0.1:4200/api"
        )
    import_prefect(Path(order.state) / "prefect")
    from symphony_prefect.api import PrefectApi

    api = PrefectApi(url)
    try:
        if order.work_pool is not None:
            _check_pool(api, order.work_pool)
        api.deployment(_document(order, str(api.flow(order.melody))))
    finally:
        api.close()
    return Deployed(f"{order.melody}/{order.name}", url, _next(order))


def _check_pool(api: Any, pool: str) -> None:
    pools = api.work_pools()
    if pool not in pools:
        known = f"there are {', '.join(pools)}" if pools else "there is none yet"
        raise UsageError(
            f"there is no work pool {pool!r} on the server ({known}); make it with: prefect work-pool create {pool} --type process"
        )


def _document(order: DeployOrder, flow: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "melody": order.target, "folder": order.folder, "params": dict(order.params), "texts": dict(order.texts),
    }  # fmt: skip
    if order.environment is not None:
        parameters["env"] = order.environment
    schedules = [] if order.schedule is None else [{"schedule": {"cron": order.schedule}, "active": True}]
    return {
        "name": order.name, "flow_id": flow, "entrypoint": ENTRYPOINT, "parameters": parameters,
        "schedules": schedules, "work_pool_name": order.work_pool, "tags": ["symphony"],
        "description": order.description, "version": order.plan_hash.removeprefix("sha256:")[:12],
        "parameter_openapi_schema": _SCHEMA, "enforce_parameter_schema": True,
    }  # fmt: skip


_SCHEMA = {
    "type": "object", "title": "Parameters", "required": ["melody", "folder"],
    "properties": {
        "melody": {"type": "string", "title": "The melody", "position": 0},
        "folder": {"type": "string", "title": "The folder it runs in", "position": 1},
        "params": {"type": "object", "title": "Its parameters, as values", "position": 2, "default": {}},
        "texts": {"type": "object", "title": "Its parameters, as text", "position": 3, "default": {}},
        "env": {"type": "string", "title": "The environment", "position": 4},
    },
}  # fmt: skip


def _next(order: DeployOrder) -> tuple[tuple[str, str], ...]:
    run = (f"prefect deployment run '{order.melody}/{order.name}'", "asks for a run")
    if order.work_pool is None:
        return run, ("symphony deploy … --work-pool POOL", "names the workers that make it: without, runs wait")
    return run, (f"prefect worker start --pool {order.work_pool}", "runs what is asked for and what is due")
