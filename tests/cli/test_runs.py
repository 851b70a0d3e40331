"""Commands that run melodies, and those that tell what ran."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

FIRST = "greetings:first"
SLOW = """
import time
from pathlib import Path

from symphony import melody, operator


@operator
def linger(mark: str) -> str:
    Path(mark).write_text("started")
    time.sleep(60)
    return mark


@operator
def repeat(text: str) -> str:
    return text


@melody
def slow(mark: str):
    first = linger(mark)
    second = repeat(first)
    return {"out": second}
"""


def test_run_tells_state_counts_and_outputs(symphony: Symphony) -> None:
    done = symphony("run", FIRST)

    assert done.code == 0
    assert done.out.startswith("first: succeeded in ")
    assert "(2 succeeded)" in done.out
    assert "  greeting: Hello, World!\n  letters: 13\n" in done.out
    assert done.err.startswith("run ")
    assert "\x1b" not in done.out + done.err


def test_run_json_is_the_only_thing_on_stdout(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "--json", "-p", "name=Ada")

    document = done.document()
    assert document["state"] == "succeeded"
    assert document["counts"] == {"succeeded": 2, "cached": 0, "failed": 0, "skipped": 0, "cancelled": 0}
    assert document["outputs"]["greeting"]["value"] == "Hello, Ada!"
    assert "first: succeeded" in done.err


def test_second_run_is_served_and_the_dry_run_knew(symphony: Symphony) -> None:
    assert [t["decision"] for t in symphony("run", FIRST, "--dry-run", "--json").document()["tasks"]] == [
        "run",
        "unknown",
    ]
    symphony("run", FIRST)

    predicted = symphony("run", FIRST, "--dry-run", "--json").document()
    again = symphony("run", FIRST, "--json").document()

    assert [(t["task"], t["decision"]) for t in predicted["tasks"]] == [("greeting", "hit"), ("letters", "hit")]
    assert again["counts"]["cached"] == 2


def test_dry_run_records_nothing_and_names_the_changed_field(symphony: Symphony) -> None:
    symphony("run", FIRST)

    done = symphony("run", FIRST, "--dry-run", "-p", "name=Ada")

    assert done.code == 0
    assert "greeting" in done.out
    assert "World" in done.out
    assert "Ada" in done.out
    assert len(symphony("runs", "--json").document()["runs"]) == 1


def test_outputs_are_written_where_they_are_wanted(symphony: Symphony, project: Path) -> None:
    done = symphony("run", FIRST, "-o", "greeting=site/a.txt", "-o", "letters=site/n.json")

    assert done.code == 0
    assert (project / "site" / "a.txt").read_text() == "Hello, World!"
    assert (project / "site" / "n.json").read_text() == "13\n"


def test_unknown_output_is_found_before_the_run(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "-o", "greting=a.txt")

    assert done.code == 2
    assert "did you mean 'greeting'" in done.err
    assert symphony("runs", "--json").document() == {"runs": []}


def test_broken_call_exits_with_2_and_records_no_run(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "-p", "nmae=Ada", "--json")

    assert (done.code, done.out) == (2, "")
    assert "nmae" in done.err
    assert symphony("runs", "--json").document() == {"runs": []}


def test_failed_task_exits_with_1_and_tells_the_error(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "-p", "name=nobody", "--json")

    document = done.document()
    assert done.code == 1
    assert document["state"] == "failed"
    assert document["counts"] == {"succeeded": 0, "cached": 0, "failed": 1, "skipped": 1, "cancelled": 0}
    assert document["failures"][0]["error"]["message"] == "nobody is there"
    assert "greeting failed: ValueError: nobody is there" in done.err


def test_an_error_is_told_once_when_it_happens_and_can_be_read_again(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "-p", "name=nobody")
    told = done.err + done.out
    run = symphony("runs", "--json").document()["runs"][0]["run"]

    logs = symphony("logs", "last", "greeting")
    why = symphony("why", "last", "greeting")

    assert told.count("nobody is there") == 2  # what was said, and the line of code that said it
    assert told.count('raise ValueError("nobody is there")') == 1
    assert f"  failed: greeting; read it again: symphony logs {run} greeting\n" in done.out
    assert "ValueError: nobody is there" in logs.out
    assert "in greet\n" in logs.out
    assert "it failed, so nothing was kept: ValueError: nobody is there" in why.out


def test_the_line_of_code_that_changed_is_named_before_the_run_and_after(symphony: Symphony, project: Path) -> None:
    players = project / "players.py"
    assert symphony("run", FIRST).code == 0
    players.write_text(players.read_text().replace('f"Hello, {name}!"', 'f"Good day, {name}!"'))
    line = 1 + players.read_text().splitlines().index('    return f"Good day, {name}!"')

    before = symphony("run", FIRST, "--dry-run")
    assert symphony("run", FIRST).code == 0
    players.write_text(players.read_text().replace("Good day", "Good night"))  # what is there now is not what ran
    after = symphony("why", "last", "greeting")
    document = symphony("why", "last", "greeting", "--json").document()

    assert f"code: players.greet() line {line}\n" in before.out
    assert f"code: players.greet() line {line}\n" in after.out
    (reason,) = document["tasks"][0]["reasons"]
    assert (reason["field"], reason["detail"]) == ("code", f"players.greet() line {line}")
    assert reason["before"] != reason["after"]


def test_an_unknown_executor_exits_with_2_and_names_the_nearest_installed_or_not(symphony: Symphony) -> None:
    done = symphony("run", FIRST, "--executor", "dsk")

    assert (done.code, done.err) == (2, "error: there is no executor 'dsk': did you mean 'dask'?\n")


def test_an_error_of_symphony_itself_shows_no_lines_of_its_own(symphony: Symphony, project: Path) -> None:
    (project / "slow.yaml").write_text("melody: slow\ntasks: {a: {run: sleep 60, timeout: 100ms}}\n")

    done = symphony("run", "slow.yaml")

    told = "a failed: TimeoutError: the script ran longer than 0.1 s; its process was ended, with everything it had started\n"
    assert told in done.err
    assert "runtime" not in done.err + symphony("logs", "last").out


def test_counts_of_one_are_in_the_singular(symphony: Symphony, project: Path) -> None:
    (project / "one.yaml").write_text("melody: one\ntasks: {a: {player: flow.numbers, with: {count: 1}}}\n")

    assert "ok, 1 task, plan" in symphony("check", "one.yaml").out


def test_what_ran_is_told_by_runs_show_logs_and_why(symphony: Symphony) -> None:
    run = symphony("run", FIRST, "--json", "--tag", "nightly").document()["run"]

    listed = symphony("runs", "--json", "--state", "succeeded", "--tag", "nightly", "--since", "1h").document()["runs"]
    shown = symphony("show", run[:10], "--json").document()
    why = symphony("why", "last", "letters", "--json").document()

    assert [r["run"] for r in listed] == [run]
    assert [(t["task"], t["state"]) for t in shown["tasks"]] == [("greeting", "succeeded"), ("letters", "succeeded")]
    assert why["tasks"][0]["decision"] == "run"
    assert symphony("logs", "last", "--json").document() == {"logs": []}
    assert symphony("runs", "--tag", "other", "--json").document() == {"runs": []}


@pytest.mark.parametrize("command", [("show", "nope"), ("logs", "nope"), ("why", "nope", "x"), ("resume", "nope")])
def test_unknown_run_exits_with_2_and_is_named(command: tuple[str, ...], symphony: Symphony) -> None:
    symphony("run", FIRST)

    done = symphony(*command)

    assert (done.code, done.out) == (2, "")
    assert "'nope'" in done.err


def test_artifacts_are_listed_printed_and_copied(symphony: Symphony, project: Path) -> None:
    symphony("run", FIRST)

    listed = symphony("artifacts", "--json").document()["artifacts"]
    assert {a["name"] for a in listed} == {"greeting", "letters"}
    assert symphony("artifacts", "cat", "greeting").out == "Hello, World!"
    assert symphony("artifacts", "cat", listed[0]["artifact"][:12]).code == 0
    assert symphony("artifacts", "get", "letters", "-o", "out/n").code == 0
    assert (project / "out" / "n").read_text() == "13\n"
    assert Path(symphony("open", "last", "greeting", "--path").out.strip()).read_text() == "Hello, World!"


def test_replay_makes_one_call_again(symphony: Symphony) -> None:
    symphony("run", FIRST)

    done = symphony("replay", "last", "greeting")

    assert (done.code, done.out) == (0, "'Hello, World!'\n")


def test_a_replayed_call_that_fails_shows_its_traceback_and_is_no_fault_of_symphony(symphony: Symphony) -> None:
    symphony("run", FIRST, "-p", "name=nobody")

    done = symphony("replay", "last", "greeting")

    assert (done.code, done.out) == (1, "")
    assert "players.py" in done.err
    assert "ValueError: nobody is there" in done.err
    assert "fault of Symphony" not in done.err


def test_an_async_player_is_replayed_to_its_end(symphony: Symphony, project: Path) -> None:
    (project / "melodies" / "waits.py").write_text(
        "from symphony import melody, operator\n\n\n@operator\nasync def later(x: int) -> int:\n    return x + 1\n\n\n"
        "@melody\ndef waits():\n    late = later(1)\n    return late\n"
    )
    symphony("run", "melodies/waits.py")

    assert symphony("replay", "last", "late").out == "2\n"


def test_unknown_executor_exits_with_2_and_one_not_installed_with_4(symphony: Symphony) -> None:
    assert symphony("run", FIRST, "--executor", "pti").code == 2
    done = symphony("run", FIRST, "--executor", "prefect")
    if done.code:  # installed where the extra is
        assert done.code == 4
        assert "pip install 'symphony[prefect]'" in done.err


def test_doctor_finds_a_sound_project_sound(symphony: Symphony) -> None:
    done = symphony("doctor", "--json")

    states = {f["name"]: f["state"] for f in done.document()["findings"]}
    assert done.code == 0
    assert (states["python"], states["state folder"], states["store"]) == ("ok", "ok", "ok")


def test_store_is_measured_cleaned_and_verified(symphony: Symphony) -> None:
    symphony("run", FIRST)

    assert symphony("store", "du", "--json").code == 0
    assert symphony("store", "gc", "--dry-run", "--json").document()["dry_run"] is True
    assert symphony("store", "verify", "--json").document() == {"ok": True, "damaged": []}


def test_interrupt_of_the_group_cancels_in_order(symphony: Symphony, project: Path) -> None:
    (project / "melodies" / "slow.py").write_text(SLOW)
    mark = project / "mark"
    command = [sys.executable, "-m", "symphony", "run", "slow", "-p", f"mark={mark}", "--json"]
    started = subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not mark.exists():
        assert started.poll() is None, started.communicate()

    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=30)

    assert started.returncode == 130, err
    assert '"state": "cancelled"' in out
    states = {t["task"]: t["state"] for t in symphony("show", "last", "--json").document()["tasks"]}
    assert states == {"first": "cancelled", "second": "cancelled"}


def test_new_project_runs_as_printed(tmp_path: Path) -> None:
    def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        command = command.replace("symphony ", f"{sys.executable} -m symphony ", 1).replace(
            "pytest", f"{sys.executable} -m pytest"
        )
        return subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)

    printed = shell("symphony init new", tmp_path).stdout.partition("Next:\n")[2]
    steps = [line.strip() for line in printed.splitlines() if line.strip()]

    assert steps[0] == "cd new"
    for step in steps[1:]:
        done = shell(step, tmp_path / "new")
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
