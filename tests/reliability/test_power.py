"""Level ``power``: what is said to be recorded was forced onto the disk before; a whole group at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from symphony_tests_reliability import small, syscalls
from symphony_tests_reliability.project import Project
from symphony_tests_reliability.syncs import CALLS, Syncs, syncs

pytestmark = pytest.mark.skipif(bool(syscalls.why_not()), reason=syscalls.why_not())


def run(folder: Path, durability: str) -> Syncs:
    """Run the small melody under a trace."""
    project = Project(folder / "p", small.FILES)
    prefix = syscalls.traced(CALLS, folder / "trace")
    done = project.call("run", "small.yaml", "--json", "--durability", durability, prefix=prefix)
    assert done.code == 0, done.err
    return syncs(folder / "trace", project.state)


def test_nothing_that_the_word_stands_for_is_only_in_memory(tmp_path: Path) -> None:
    """The document of a run is the word: before it is written, every object, folder and page is on the disk."""
    found = run(tmp_path, "power")

    assert found.renamed_dirty == []
    assert found.at_words
    objects = {path for path in found.at_words[0] if "/objects" in path}
    database = {path for path in found.at_words[0] if "symphony.db" in path}
    assert (objects, database) == (set(), set())


def test_the_level_process_waits_for_no_disk(tmp_path: Path) -> None:
    """The other level, which also shows that the look at the trace can see the difference."""
    found = run(tmp_path, "process")

    assert found.renamed_dirty
    assert any("symphony.db-wal" in path for path in found.at_words[0])


_GROUP = """
import sys
from pathlib import Path
from symphony.model.frozen import FrozenMap
from symphony.model.states import TaskState
from symphony.store.records import CallRecord, RunRecord
from symphony.store.store import Store
store = Store.open(Path(sys.argv[1]), durability="power")
store.begin_run(RunRecord("r", "m"))
for n in range(1_000):
    store.record([CallRecord("r", f"t{n}", -1, TaskState.SUCCEEDED, outputs=FrozenMap({"out": store.put(n)}))])
store.flush()
print("recorded", flush=True)
store.close()
"""


def test_a_group_commit_forces_a_thousand_records_onto_the_disk_at_once(tmp_path: Path) -> None:
    trace, state = tmp_path / "trace", tmp_path / "state"
    done = subprocess.run(
        [*syscalls.traced(CALLS, trace), sys.executable, "-c", _GROUP, str(state)], text=True, check=True,
        capture_output=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip

    found = syncs(trace, state)
    assert done.stdout == "recorded\n"
    assert not any("symphony.db" in path for path in found.at_words[0])
    assert found.count < 40
    print(f"1,000 records: forced onto the disk {found.count} times, creating the store included")
