"""A Prefect server that all tests share, started once; a project with players; and questions to the server."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PLAYERS = """
import os, time
from pathlib import Path
from symphony import Context, operator

@operator
def numbers(n: int) -> list[int]:
    print("counting to", n)
    return list(range(n))

@operator
def double(x: int) -> int:
    return 2 * x

@operator
def total(xs: list[int]) -> int:
    return sum(xs)

@operator(retry=3)
def flaky(x: int, ctx: Context) -> int:
    if ctx.attempt < 3:
        raise RuntimeError(f"attempt {ctx.attempt} of {x}")
    return x

@operator
def bad(x: int) -> int:
    raise ValueError(f"{x} is no good")

@operator
def use(token: str, x: int) -> int:
    print("the token is", token)
    if x < 0:
        raise ValueError(f"{token} was not taken")
    return x

@operator(timeout="60s")
def hang(marker: str) -> int:
    Path(marker).write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)

@operator
def slow(folder: str, x: int) -> int:
    with open(os.path.join(folder, f"{x}.ran"), "a") as made:
        made.write("x")
    time.sleep(0.2)
    return x
"""


def _missing() -> str:
    if importlib.util.find_spec("prefect") is None:
        return "prefect is not installed"
    if "prefect" not in {point.name for point in entry_points(group="symphony.executors")}:
        return "the distribution is not installed with its entry points"
    return ""


class Server:
    """Questions to a Prefect server, in words of its API alone."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def flow_run(self, run: str) -> dict[str, Any]:
        [found] = self.ask("POST", "/flow_runs/filter", {"flow_runs": {"name": {"any_": [run]}}})
        return found

    def flow_name(self, flow_run: dict[str, Any]) -> str:
        return self.ask("GET", f"/flows/{flow_run['flow_id']}")["name"]

    def task_runs(self, run: str, count: int) -> dict[str, dict[str, Any]]:
        """The task runs of a run by name, once so many have ended: the server records them a little later."""
        over = {"flow_runs": {"id": {"any_": [self.flow_run(run)["id"]]}}}
        deadline = time.monotonic() + 60
        while True:
            found = self.ask("POST", "/task_runs/filter", over)
            ended = [t for t in found if t["state_type"] in ("COMPLETED", "FAILED", "CANCELLED")]
            if len(ended) >= count or time.monotonic() > deadline:
                return {t["name"]: t for t in found}
            threadless_wait()

    def history(self, task_run: dict[str, Any]) -> list[str]:
        states = self.ask("GET", f"/task_run_states/?task_run_id={task_run['id']}")
        return [s["name"] for s in sorted(states, key=lambda s: s["timestamp"])]

    def logs(self, flow_run: dict[str, Any]) -> list[dict[str, Any]]:
        return self.ask("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [flow_run["id"]]}}})


def threadless_wait() -> None:
    """Give the server, another process, the processor for a moment."""
    os.sched_yield()
    time.sleep(0.05)  # nothing tells when it has recorded


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if reason := _missing():
        pytest.skip(reason)
    from symphony_prefect.own_server import OwnServer

    own = OwnServer(tmp_path_factory.mktemp("prefect") / "home")
    try:
        yield Server(own.wait(), own.home)
    finally:
        own.stop()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with players, the current folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "symphony.config.toml").write_text("")
    (folder / "prefect_players.py").write_text(PLAYERS)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "executors"), *filter(None, sys.path)]))
    yield folder
    sys.modules.pop("prefect_players", None)


@pytest.fixture
def on_prefect(server: Server, project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a melody, written in YAML, on the executor prefect with the shared server."""
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.setenv("PREFECT_HOME", str(server.home))

    def run(tasks: str, *, name: str = "mixed", **options: Any) -> Any:
        import symphony

        file = project / f"{name}.yaml"
        file.write_text(f"melody: {name}\nversion: 1.0.0\n{tasks}")
        return symphony.run(str(file), **{"executor": "prefect", "workers": 2, **options})

    return run
