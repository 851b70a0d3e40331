"""A disk that is full: exit code 4, path and bytes are named, nothing is lost, and with space the run goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from symphony_tests_reliability import concert, small_disk
from symphony_tests_reliability.project import Project, digests

WORDY = """
melody: wordy
version: 1.0.0
tasks:
  numbers: {player: "wordy:numbers", with: {count: 300}}
  pages: {player: "wordy:page", each: "${{ tasks.numbers }}", with: {n: "${{ item }}"}}
  length: {player: "wordy:length", with: {pages: "${{ tasks.pages }}"}}
outputs: {length: "${{ tasks.length }}", pages: "${{ tasks.pages }}"}
"""
WORDY_PLAYERS = '''
import hashlib
import time

from players import say
from symphony import Context, operator


@operator(version="1.0.0")
def numbers(count: int) -> list[int]:
    return list(range(count))


@operator(version="1.0.0")
def page(n: int, ctx: Context) -> str:
    """Four thousand letters that do not compress."""
    say("begin", ctx.task_id)
    time.sleep(0.02)
    text = "".join(hashlib.sha256(b"%d %d" % (n, line)).hexdigest() for line in range(64))
    say("end", ctx.task_id)
    return text


@operator(version="1.0.0")
def length(pages: list[str]) -> int:
    return sum(map(len, pages))


@operator(version="1.0.0", isolation="process")
def size_apart(parts: list[bytes]) -> int:
    return sum(map(len, parts))
'''
APART = """
melody: apart
version: 1.0.0
tasks:
  few: {player: "players:numbers", with: {count: 10}}
  bulk: {player: "players:bulky", each: "${{ tasks.few }}", with: {n: "${{ item }}"}}
  size: {player: "wordy:size_apart", with: {parts: "${{ tasks.bulk }}"}}
outputs: {size: "${{ tasks.size }}"}
"""
FILES = {**concert.FILES, "wordy.py": WORDY_PLAYERS, "wordy.yaml": WORDY, "apart.yaml": APART}

pytestmark = pytest.mark.skipif(bool(small_disk.why_not()), reason=small_disk.why_not())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[small_disk.SmallDisk]:
    with small_disk.small_disk(tmp_path / "small") as made:
        yield made


def undisturbed(folder: Path, melody: str) -> dict[str, str]:
    """The outputs of the melody on a disk with space."""
    done = Project(folder, FILES).call("run", melody, "--json")
    assert done.code == 0, done.err
    return digests(done.document())


@pytest.mark.parametrize("melody", ["concert.yaml", "wordy.yaml"], ids=["objects", "journal"])
def test_a_full_disk_under_the_state_ends_the_run_and_loses_nothing(
    tmp_path: Path, disk: small_disk.SmallDisk, melody: str
) -> None:
    project = Project(tmp_path / "p", FILES, state=disk.folder / "state")
    prefix = disk.prefix(project.folder)

    full = project.call("run", melody, "--json", prefix=prefix)
    shown = project.call("show", "--json", prefix=prefix).document()
    done = {t["task"] for t in shown["tasks"] if t["state"] == "succeeded"}
    verified = project.call("store", "verify", prefix=prefix)
    disk.grow()
    before = len(project.log.lines())
    resumed = project.call("resume", "--json", prefix=prefix)

    assert full.code == 4, full
    assert re.search(
        rf"cannot write to {disk.folder}/state/\S+: the disk is full .*\(\d+ bytes are needed, \d+ bytes", full.err
    )
    assert shown["state"] == "interrupted"
    assert done
    assert verified.code == 0, verified
    assert resumed.code == 0, resumed.err
    assert not done & set(project.log.begun(before)), "what was recorded ran again"
    assert digests(resumed.document()) == undisturbed(tmp_path / "undisturbed", melody)
    assert project.call("store", "verify", prefix=prefix).code == 0


def test_a_disk_that_is_full_from_the_start_is_named(tmp_path: Path, disk: small_disk.SmallDisk) -> None:
    project = Project(tmp_path / "p", FILES, state=disk.folder / "state")
    fill = f'cat /dev/zero > {disk.folder}/filling 2>/dev/null; "$@"'

    done = project.call("run", "wordy.yaml", prefix=(*disk.prefix(project.folder), "sh", "-c", fill, "sh"))

    assert done.code == 4, done
    assert f"cannot write to {disk.folder}/state" in done.err
    assert "(0 bytes are free)" in done.err


def test_a_full_folder_for_temporary_files_ends_the_run_and_it_goes_on_with_space(
    tmp_path: Path, disk: small_disk.SmallDisk
) -> None:
    """Large values travel to processes by files in the folder for temporary files."""
    project = Project(tmp_path / "p", FILES)
    prefix = disk.prefix(project.folder)

    full = project.call("run", "apart.yaml", "--json", prefix=prefix, TMPDIR=str(disk.folder))
    shown = project.call("show", "--json").document()
    disk.grow()
    before = len(project.log.lines())
    resumed = project.call("resume", "--json", prefix=prefix, TMPDIR=str(disk.folder))

    assert full.code == 4, full
    assert re.search(
        rf"cannot write to {disk.folder}/\S+: the disk is full .*\(\d+ bytes are needed, \d+ bytes", full.err
    )
    assert {t["task"]: t["state"] for t in shown["tasks"]}["size"] == "pending"
    assert resumed.code == 0, resumed.err
    done = {t["task"] for t in shown["tasks"] if t["state"] == "succeeded"}
    assert not done & set(project.log.begun(before))
    assert digests(resumed.document()) == undisturbed(tmp_path / "undisturbed", "apart.yaml")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_takes_nothing_leaves_the_run_whole(tmp_path: Path, stream: str) -> None:
    """What is told to nobody is lost, not the run; a document that stdout does not take is told by exit code 4."""
    project = Project(tmp_path / "p", FILES)
    into = {"stdout": ">", "stderr": "2>"}[stream]

    done = project.call("run", "wordy.yaml", "--json", prefix=("sh", "-c", f'exec "$@" {into}/dev/full', "sh"))

    assert done.code == {"stdout": 4, "stderr": 0}[stream], done
    assert stream == "stderr" or "/dev/full" in done.err
    assert project.run_states() == ["succeeded"]
    shown = project.shown()
    assert shown is not None
    assert {t["state"] for t in shown["tasks"]} == {"succeeded"}
