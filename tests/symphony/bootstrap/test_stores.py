"""A store that a run opened is closed when nobody can need it any more."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from symphony import melody, operator, run
from symphony.bootstrap import resume
from symphony.bootstrap.stores import ChosenStore
from symphony.config.project import Project
from symphony.errors import StoreError, SymphonyError
from symphony.store.store import Store


@operator(version="1.0.0")
def letters(n: int) -> str:
    return "x" * n


@melody
def long_text(n: int = 1) -> Any:
    return letters(n=n)


def held() -> tuple[int, int]:
    """How many descriptors are open, and how many threads of stores go on."""
    return len(os.listdir("/proc/self/fd")), sum(t.name == "symphony-store" for t in threading.enumerate())


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")


@needs_proc
def test_runs_leave_nothing_open_but_what_the_last_result_needs(tmp_path: Path):
    result = run(long_text, {"n": 1}, store=tmp_path / "state")
    after_one = held()

    for n in range(2, 12):
        result = run(long_text, {"n": n}, store=tmp_path / "state")
    assert len(result.outputs["out"]) == 11
    fds, threads = held()
    assert fds <= after_one[0] + 3  # a database that is opened again has its log open at once
    assert threads <= after_one[1] + 1

    del result
    gc.collect()
    assert held()[0] < after_one[0]


@needs_proc
def test_a_run_that_fails_to_begin_and_a_resume_leave_nothing_open(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / "m.yaml").write_text(
        'melody: m\ntasks:\n  s:\n    run: cat "$file"\n    with: {file: %s}\noutputs: {out: "${{ tasks.s.stdout }}"}\n'
        % (tmp_path / "text.txt")
    )
    project, file = Project(tmp_path, tmp_path / "state"), tmp_path / "text.txt"
    broken = run(tmp_path / "m.yaml", project=project, run_id="r")
    assert broken.state == "failed"
    del broken
    gc.collect()
    before = held()

    file.write_text("here")
    resumed = resume("r", project=project)
    assert resumed.outputs["out"] == "here"
    with pytest.raises(SymphonyError):
        resume("r", project=project)
    with pytest.raises(SymphonyError):
        resume("another", project=project)
    del resumed
    gc.collect()

    fds, threads = held()
    assert fds <= before[0]
    assert threads <= before[1]


def test_outputs_load_as_long_as_somebody_has_them(tmp_path: Path):
    made = run(long_text, {"n": 200_000}, store=tmp_path / "state")
    outputs = run(long_text, {"n": 200_000}, store=tmp_path / "state").outputs  # served: loaded when it is asked for
    del made
    gc.collect()

    assert outputs["out"] == "x" * 200_000


def test_a_store_that_was_handed_in_stays_open(tmp_path: Path):
    with Store.open(tmp_path / "state") as store:
        run(long_text, store=store)
        gc.collect()

        assert store.runs()


def test_a_store_is_closed_after_the_block_that_it_was_opened_for(tmp_path: Path):
    with ChosenStore(tmp_path / "state", Project(tmp_path, tmp_path / "unused"), "process", True) as store:
        store.put(1)

    with pytest.raises(StoreError, match="closed"):
        store.put(2)
