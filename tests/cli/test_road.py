"""The whole road, as a person walks it: change code, run again, kill, resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

PLAYERS = """
from symphony import operator, Context
from factors import double, FACTOR

@operator
def numbers(n: int) -> list[int]:
    return list(range(n))

@operator
def scaled(x: int) -> int:
    return double(x)

@operator
def shifted(x: int) -> int:
    return x + 1

@operator
def total(xs: list[int]) -> int:
    return sum(xs)

@operator
def slow(x: int, log: str) -> int:
    import time
    with open(log, "a") as file:
        file.write(f"{x}\\n")
    time.sleep(0.05)
    return x * x
"""
FACTORS = "FACTOR = 2\n\n\ndef double(x: int) -> int:\n    return FACTOR * x\n"
MELODY = """
melody: road
params:
  n: {type: integer, default: 4}
tasks:
  xs: {player: "players:numbers", with: {n: "${{ params.n }}"}}
  scaled: {player: "players:scaled", each: "${{ tasks.xs }}", with: {x: "${{ item }}"}}
  shifted: {player: "players:shifted", each: "${{ tasks.xs }}", with: {x: "${{ item }}"}}
  a: {player: "players:total", with: {xs: "${{ tasks.scaled }}"}}
  b: {player: "players:total", with: {xs: "${{ tasks.shifted }}"}}
outputs: {a: "${{ tasks.a }}", b: "${{ tasks.b }}"}
"""
LONG = """
melody: long
params:
  log: {type: string}
tasks:
  xs: {player: "players:numbers", with: {n: 60}}
  ys: {player: "players:slow", each: "${{ tasks.xs }}", with: {x: "${{ item }}", log: "${{ params.log }}"}}
  sum: {player: "players:total", with: {xs: "${{ tasks.ys }}"}}
outputs: {sum: "${{ tasks.sum }}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "symphony.config.toml").touch()
    (tmp_path / "players.py").write_text(PLAYERS)
    (tmp_path / "factors.py").write_text(FACTORS)
    (tmp_path / "road.yaml").write_text(MELODY)
    (tmp_path / "long.yaml").write_text(LONG)
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "symphony", *words]


def symphony(project: Path, *words: str) -> Any:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command(*words, "--json"), cwd=project, capture_output=True, text=True, env=environment)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def states(project: Path) -> dict[str, str]:
    return {t["task"]: t["state"] for t in symphony(project, "show", "last")["tasks"] if "[" not in t["task"]}


def test_a_comment_in_a_player_re_runs_nothing(project: Path):
    symphony(project, "run", "road.yaml")
    text = (project / "players.py").read_text()
    (project / "players.py").write_text(text.replace("    return x + 1", "    # one more\n    return  x + 1"))

    assert symphony(project, "run", "road.yaml")["counts"]["cached"] == 5


def test_a_changed_constant_in_a_helper_re_runs_exactly_its_dependants(project: Path):
    first = symphony(project, "run", "road.yaml")
    (project / "factors.py").write_text(FACTORS.replace("FACTOR = 2", "FACTOR = 3"))

    decided = {d["task"]: d for d in symphony(project, "run", "road.yaml", "--dry-run")["tasks"]}
    assert decided["scaled"]["decision"] == "run"
    assert decided["scaled"]["reasons"][1]["field"] == "code"
    assert decided["b"]["decision"] == "hit"

    second = symphony(project, "run", "road.yaml")
    assert states(project) == {
        "xs": "cached",
        "scaled": "succeeded",
        "shifted": "cached",
        "a": "succeeded",
        "b": "cached",
    }
    assert (first["outputs"]["a"]["value"], second["outputs"]["a"]["value"]) == (12, 18)


def test_a_task_of_another_melody_is_served(project: Path):
    symphony(project, "run", "road.yaml")
    (project / "other.yaml").write_text(
        MELODY.replace("melody: road", "melody: other").replace("  xs:", "  list:").replace("tasks.xs", "tasks.list")
    )

    assert symphony(project, "run", "other.yaml")["counts"]["cached"] == 5


def test_two_checkouts_compile_to_the_same_bytes(project: Path, tmp_path_factory: pytest.TempPathFactory):
    other = tmp_path_factory.mktemp("other")
    for file in project.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    plans = []
    for place, seed in ((project, "1"), (other, "2")):
        subprocess.run(command("compile", "road.yaml", "-o", "plan.json"), cwd=place, check=True, capture_output=True,
                       env={**os.environ, "PYTHONHASHSEED": seed})  # fmt: skip
        plans.append((place / "plan.json").read_bytes())

    assert plans[0] == plans[1]


def test_a_killed_run_resumes_where_it_was(project: Path, tmp_path: Path):
    """Semantics 40: resume runs what is missing, nothing else."""
    log = tmp_path / "outside.log"
    process = subprocess.Popen(command("run", "long.yaml", "-p", f"log={log}", "--workers", "2"), cwd=project,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (not log.exists() or len(log.read_text().split()) < 20):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = log.read_text().split()

    listed = symphony(project, "runs")["runs"][0]
    assert listed["state"] == "interrupted"
    shown = symphony(project, "show", "last")["tasks"]
    assert not [t for t in shown if t["state"] == "running"]
    recorded = {t["task"] for t in shown if t["task"].startswith("ys[") and t["state"] == "succeeded"}
    assert recorded

    result = symphony(project, "resume")

    assert result["run"] == listed["run"]
    assert result["state"] == "succeeded"
    assert result["outputs"]["sum"]["value"] == sum(x * x for x in range(60))
    after = log.read_text().split()[len(before) :]
    assert not {f"ys[{x}]" for x in after} & recorded
    assert set(before) | set(after) == {str(x) for x in range(60)}


def test_a_succeeded_run_is_not_resumed(project: Path):
    symphony(project, "run", "road.yaml")
    done = subprocess.run(command("resume"), cwd=project, capture_output=True, text=True)

    assert done.returncode == 2
    assert "nothing to resume" in done.stderr


def test_changed_code_refuses_a_resume(project: Path, tmp_path: Path):
    """Semantics 40: changed code is exit 3, pointing to symphony run."""
    (project / "players.py").write_text(PLAYERS.replace("return sum(xs)", "return sum(xs) // 0"))
    symphony(project, "run", "road.yaml")
    (project / "players.py").write_text(PLAYERS)
    done = subprocess.run(command("resume"), cwd=project, capture_output=True, text=True)

    assert done.returncode == 3
    assert "symphony run" in done.stderr


def test_the_repository_report_and_its_twin_have_one_plan():
    root = Path(__file__).resolve().parents[2]
    hashes = set()
    for name in ("repo_report.yaml", "repo_report_py.py"):
        done = subprocess.run(command("check", str(root / "melodies" / name), "--format", "json"), capture_output=True,
                              text=True, check=True, cwd=root)  # fmt: skip
        hashes.add(json.loads(done.stdout)["plan_hash"])

    assert len(hashes) == 1
    assert None not in hashes


def test_a_live_run_shows_what_is_running(project: Path):
    (project / "wait.yaml").write_text("melody: wait\ntasks:\n  s: {run: sleep 3}\n")
    process = subprocess.Popen(
        command("run", "wait.yaml"), cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        state = ""
        while time.monotonic() < deadline and state != "running":
            time.sleep(0.2)
            listed = symphony(project, "runs")["runs"]
            state = symphony(project, "show", "last")["tasks"][0]["state"] if listed else ""
    finally:
        process.kill()
        process.wait()

    assert state == "running"
