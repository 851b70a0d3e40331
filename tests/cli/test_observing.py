"""Commands that tell what a run does and where its time went."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

MELODY = """
import logging
import sys
import time

from symphony import each, melody, operator

tries = []


@operator
def numbers(n: int) -> list[int]:
    print("\\x1b[31mred\\x1b[0m", n)
    return list(range(n))


@operator
def naps(x: int) -> int:
    time.sleep(0.03)
    logging.getLogger("naps").warning("nap %s", x)
    return x


@operator(isolation="process")
def apart(x: int) -> int:
    print("apart", file=sys.stderr)
    return x


@operator(retry=2)
def unsteady(xs: list[int]) -> int:
    tries.append(1)
    if len(tries) < 2:
        raise OSError("not yet")
    return sum(xs)


@melody
def work(n: int = 4):
    xs = numbers(n)
    ys = naps(each(xs))
    aside = apart(n)
    whole = unsteady(ys)
    return {"whole": whole, "aside": aside}
"""
SLOW = """
import time
from pathlib import Path

from symphony import melody, operator


@operator
def ticks(gate: str) -> int:
    print("first")
    while not Path(gate).exists():
        time.sleep(0.01)
    print("second")
    raise ValueError("third")


@melody
def slow(gate: str):
    a = ticks(gate)
    return a
"""


@pytest.fixture
def ran(project: Path, symphony: Symphony) -> Symphony:
    """A project in which `work` has run."""
    (project / "melodies" / "work.py").write_text(MELODY)
    done = symphony("run", "work")
    assert done.code == 0, done.err
    return symphony


def test_lines_of_threads_and_processes_have_the_same_form(ran: Symphony) -> None:
    lines = ran("logs", "--json").document()["logs"]

    assert {frozenset(line) for line in lines} == {frozenset(("at", "task", "attempt", "level", "message", "origin"))}
    assert {(line["task"], line["origin"], line["message"]) for line in lines} >= {
        ("ys[3]", "log", "nap 3"), ("aside", "stderr", "apart"), ("xs", "stdout", "\x1b[31mred\x1b[0m 4"),
    }  # fmt: skip


def test_logs_are_filtered_by_level_and_task(ran: Symphony) -> None:
    assert len(ran("logs", "--level", "warning", "--json").document()["logs"]) == 4
    assert len(ran("logs", "last", "ys", "--json").document()["logs"]) == 4
    assert len(ran("logs", "last", "ys[2]", "--json").document()["logs"]) == 1
    assert "did you mean 'warning'" in ran("logs", "--level", "warnin").err


def test_a_document_per_line_and_control_characters_are_shown_escaped(ran: Symphony) -> None:
    lines = ran("logs", "--jsonl").out
    text = ran("logs", "last", "xs").out

    assert all(isinstance(json.loads(line), dict) for line in lines.splitlines())
    assert "\x1b" not in lines + text
    assert "\\x1b[31mred" in text


def test_json_and_follow_do_not_go_together(ran: Symphony) -> None:
    done = ran("logs", "--follow", "--json")

    assert (done.code, done.out) == (2, "")
    assert "--jsonl" in done.err


def test_a_run_of_another_process_is_followed_line_by_line_to_its_end(project: Path, symphony: Symphony) -> None:
    (project / "melodies" / "slow.py").write_text(SLOW)
    gate = project / "gate"
    program = [sys.executable, "-m", "symphony"]
    running = subprocess.Popen([*program, "run", "slow", "-p", f"gate={gate}"], cwd=project, stderr=subprocess.DEVNULL)
    while not symphony("runs", "--json").document()["runs"]:
        assert running.poll() is None
    following = subprocess.Popen(
        [*program, "logs", "--follow", "--jsonl"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None

    first = json.loads(following.stdout.readline())
    still_waiting = running.poll() is None
    gate.touch()
    second = json.loads(following.stdout.readline())
    shown_after_s = time.time() - second["at"]
    rest = following.stdout.read()

    assert (first["message"], second["message"]) == ("first", "second")
    assert still_waiting
    assert shown_after_s < 1.0  # 0.5 s where the machine is not busy
    assert '"level": "error"' in rest
    assert "ValueError: third" in rest
    assert (following.wait(30), running.wait(30)) == (0, 1)


def test_one_task_is_shown_in_full(ran: Symphony) -> None:
    done = ran("show", "last", "whole")
    document = ran("show", "last", "whole", "--json").document()

    assert [(a["attempt"], a["error"]["message"]) for a in document["tried"]] == [(1, "not yet")]
    assert document["parts"]["code"].startswith("melodies.work:unsteady")
    assert "OSError: not yet" in done.out
    assert re.search(r"attempts +2\n", done.out)


def test_elements_of_a_task_are_shown_with_it(ran: Symphony) -> None:
    document = ran("show", "last", "ys", "--json").document()

    assert [e["task"] for e in document["elements"]] == [f"ys[{i}]" for i in range(4)]
    assert document["measures"]["compute_s"] >= 4 * 0.03
    assert document["logs"][0]["message"].startswith("nap")


def test_an_unknown_task_is_named_with_the_nearest(ran: Symphony) -> None:
    done = ran("show", "last", "whol")

    assert done.code == 2
    assert "did you mean 'whole'" in done.err


def test_the_profile_tells_path_tasks_and_what_if(ran: Symphony) -> None:
    text, document = ran("profile").out, ran("profile", "--json").document()

    assert {"threads", "processes"} == document["workers"].keys()
    assert {c["name"] for c in document["what_if"]} >= {"1 worker"}
    assert document["critical_path_s"] <= document["seconds"]
    for words in ("critical path: ", "what if", "1 worker", "calls at a time", "█"):
        assert words in text


def test_the_timeline_is_one_page_that_loads_nothing(ran: Symphony, project: Path) -> None:
    done = ran("profile", "--html", "out/page.html")

    page = (project / "out" / "page.html").read_text()
    assert done.code == 0
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert page.count("<rect") >= 5
    assert "ys[0]: succeeded" in page
