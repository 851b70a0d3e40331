"""Players in processes of their own, and shell steps, through a whole run."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from symphony import bootstrap
from symphony.config.project import find_project
from symphony.runtime.processes import tree
from symphony.runtime.processes.pool import Processes

SLEEP = f"4711.{os.getpid()}"
"""How long the sleepers of this process of tests sleep: they are known by it."""
PLAYERS = """
import os, re, signal, subprocess, threading, time, pathlib
from typing import Annotated
import asyncio
from symphony import Context, operator

@operator(version="1.0.0", isolation="process")
def square(n: int, ctx: Context) -> int:
    print("printed", n)
    ctx.log.warning("logged %s", n)
    return n * n

@operator(version="1.0.0", isolation="process")
def where() -> int:
    return os.getpid()

@operator(version="1.0.0", isolation="process")
async def later(n: int) -> int:
    await asyncio.sleep(0.01)
    return n + 1

@operator(version="1.0.0", isolation="process")
def write(text: str, ctx: Context) -> pathlib.Path:
    path = ctx.workdir / "made.txt"
    path.write_text(text)
    return path

@operator(version="1.0.0")
def read(path: pathlib.Path) -> str:
    return path.read_text()

@operator(version="1.0.0", isolation="process")
def big(size: int) -> bytes:
    return b"x" * size

@operator(version="1.0.0", isolation="process")
def length(data: bytes) -> int:
    return len(data)

@operator(version="1.0.0", isolation="process", cache=False)
def poison() -> int:
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)

@operator(version="1.0.0", isolation="process", cache=False)
def flaky(folder: str) -> int:
    mark = pathlib.Path(folder) / "tried"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 7

@operator(version="1.0.0", isolation="process", cache=False)
def fail(n: int, ctx: Context) -> int:
    if ctx.attempt < 3:
        raise ValueError(f"attempt {ctx.attempt}")
    return n

@operator(version="1.0.0", isolation="process", cache=False)
def nasty(how: str) -> int:
    subprocess.Popen(["setsid", "sleep", "SLEEP"])
    if how == "regex":
        re.match(r"(a+)+$", "a" * 60 + "b")
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "thread":
        threading.Thread(target=time.sleep, args=(3600,)).start()
    time.sleep(3600)
    return 1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    name = f"outside_{abs(hash(tmp_path)) % 10**9}"
    (tmp_path / f"{name}.py").write_text(PLAYERS.replace("SLEEP", SLEEP))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(project: Path, tasks: str, **options: Any) -> Any:
    players = next(project.glob("outside_*.py")).stem
    (project / "m.yaml").write_text("melody: m\ntasks:\n" + re.sub(r"player: (\w+)", rf'player: "{players}:\1"', tasks))
    return bootstrap.run("m.yaml", processes=2, **options)


def survivors() -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if f"sleep\0{SLEEP}".encode() in Path(f"/proc/{entry}/cmdline").read_bytes():
                    found.append(int(entry))
            except OSError:
                continue
    return found


def test_a_player_in_a_process_gives_what_it_would_give_in_a_thread(project: Path) -> None:
    tasks = """
  squares: {player: square, each: [1, 2, 3], with: {n: "${{ item }}"}}
  later: {player: later, with: {n: 4}}
  file: {player: write, with: {text: hello}}
  text: {player: read, with: {path: "${{ tasks.file }}"}}
outputs: {squares: "${{ tasks.squares }}", later: "${{ tasks.later }}", text: "${{ tasks.text }}"}
"""
    first, again = run(project, tasks), run(project, tasks)

    assert dict(first.outputs) == {"squares": [1, 4, 9], "later": 5, "text": "hello"}, first.failures
    assert first.counts["succeeded"] == again.counts["cached"] == 4
    logs = bootstrap.open_project_store(find_project(project)).logs(first.run, "squares")
    assert {(line["task"], line["message"]) for line in logs} >= {
        ("squares[0]", "printed 1"),
        ("squares[2]", "logged 3"),
    }


def test_it_runs_in_another_process_and_results_can_stay_in_memory(project: Path) -> None:
    tasks = """
  there: {player: where}
  data: {player: big, with: {size: 3000000}}
  size: {player: length, with: {data: "${{ tasks.data }}"}}
outputs: {pid: "${{ tasks.there }}", size: "${{ tasks.size }}"}
"""
    result = run(project, tasks, record=False)

    assert result.outputs["size"] == 3000000, result.failures
    assert result.outputs["pid"] != os.getpid()


def test_many_calls_that_are_tried_again_at_once_each_come_to_their_end(project: Path) -> None:
    """The next attempt may begin before the one that failed is put away."""
    numbers = ", ".join(map(str, range(40)))
    policy = "retry: {attempts: 3, delay: 1ms, jitter: false}"
    tasks = f'  a: {{player: fail, each: [{numbers}], with: {{n: "${{{{ item }}}}"}}, {policy}}}\n'
    tasks += (
        "  s: {run: 'kill -9 $$', each: [1, 2, 3, 4], with: {n: '${{ item }}'}, retry: {attempts: 5, delay: 1ms}}\n"
    )

    result = run(project, tasks + 'outputs: {a: "${{ tasks.a }}"}\n', workers=4)

    assert result.outputs["a"] == list(range(40)), result.failures
    assert [result.tasks[f"s[{n}]"].attempts for n in range(4)] == [5] * 4


def test_retries_count_attempts(project: Path) -> None:
    result = run(
        project, '  a: {player: fail, with: {n: 5}, retry: {attempts: 3, delay: 1ms}}\noutputs: {a: "${{ tasks.a }}"}\n'
    )

    assert result.outputs["a"] == 5, result.failures
    assert result.tasks["a"].attempts == 3


def test_a_lost_process_is_made_good_and_is_no_attempt(project: Path) -> None:
    result = run(
        project, f'  a: {{player: flaky, with: {{folder: "{project}"}}}}\noutputs: {{a: "${{{{ tasks.a }}}}"}}\n'
    )

    assert result.outputs["a"] == 7, result.failures
    assert result.tasks["a"].attempts == 1


def test_a_call_that_kills_its_process_fails_after_three_deaths_and_others_go_on(project: Path) -> None:
    result = run(project, "  a: {player: poison, retry: 5}\n  b: {player: square, with: {n: 3}}\n")

    assert {n: str(t.state) for n, t in result.tasks.items()} == {"a": "failed", "b": "succeeded"}
    message = result.failures[0]["error"]["message"]
    assert "died 3 times, the last time from SIGKILL" in message
    assert "MB of memory" in message
    assert "last words" in message


@pytest.mark.skipif(not tree.LINUX, reason="trees of processes are followed on Linux")
@pytest.mark.parametrize("how", ["sleep", "regex", "deaf", "thread"])
def test_a_timeout_ends_everything(project: Path, how: str) -> None:
    began = time.monotonic()

    result = run(project, f"  a: {{player: nasty, with: {{how: {how}}}, timeout: 1s}}\n")

    assert result.failures[0]["error"]["type"] == "TimeoutError"
    assert "ran longer than 1 s" in result.failures[0]["error"]["message"]
    assert result.failures[0]["error"]["traceback"] == ""
    assert survivors() == []
    assert time.monotonic() - began < 6  # a second, the grace period, starting and loading


def test_a_timeout_on_a_plain_function_implies_a_process(project: Path) -> None:
    tasks = "  a: {player: read, with: {path: m.yaml}, timeout: 5s}\n"

    run(project, tasks)

    (task,) = bootstrap.check("m.yaml").plan.tasks  # type: ignore[union-attr]
    assert task.isolation == "process"


def test_the_run_ends_what_runs_when_its_time_is_over(project: Path) -> None:
    result = run(project, "  a: {player: nasty, with: {how: deaf}}\n", limit_s=0.8)

    assert str(result.state) == "failed"
    assert str(result.tasks["a"].state) == "cancelled"
    assert result.abandoned == ()
    assert survivors() == []


def test_a_shell_step_and_its_children_are_ended_by_a_timeout(project: Path) -> None:
    result = run(project, f'  a: {{run: "setsid sleep {SLEEP} & sleep {SLEEP}", timeout: 500ms}}\n')

    assert result.failures[0]["error"]["type"] == "TimeoutError"
    assert survivors() == []


def test_what_a_script_leaves_running_ends_with_it(project: Path) -> None:
    result = run(
        project, f'  a: {{run: "setsid sleep {SLEEP} & echo done"}}\noutputs: {{o: "${{{{ tasks.a.stdout }}}}"}}\n'
    )

    assert result.outputs["o"] == "done\n", result.failures
    deadline = time.monotonic() + 3
    while survivors() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert survivors() == []


def test_calls_that_wait_for_room_are_served_and_made_however_they_are_mixed(project: Path) -> None:
    """Of forty elements that share one process most are served: a served one makes room for the next all the same."""
    tasks = """
  a: {player: square, each: "${{ params.numbers }}", with: {n: "${{ item }}"}}
outputs: {a: "${{ tasks.a }}"}
params: {numbers: {type: "list[integer]"}}
"""
    first = run(project, tasks, params={"numbers": list(range(20, 40))})
    assert first.counts["succeeded"] == 1

    result = run(project, tasks, params={"numbers": list(range(40))}, limit_s=30)

    assert str(result.state) == "succeeded", result.failures
    assert result.outputs["a"] == [n * n for n in range(40)]
    assert sum(str(t.state) == "cached" for n, t in result.tasks.items() if "[" in n) == 20


def test_a_run_that_makes_nothing_starts_no_process(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "  a: {player: square, with: {n: 3}}\n"
    run(project, tasks)
    monkeypatch.delattr(Processes, "__init__")

    assert run(project, tasks).counts["cached"] == 1
