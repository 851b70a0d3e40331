"""Many processes share a store; killed ones and full disks leave it whole."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symphony.errors import StoreError
from symphony.model.artifact import Artifact
from symphony.store.care import verify
from symphony.store.store import Store

_START = """
import hashlib, os, resource, sys
from pathlib import Path
from symphony.model.frozen import FrozenMap
from symphony.model.states import TaskState
from symphony.store.records import CallRecord, KeyEntry, RunRecord
from symphony.store.store import Store
def key(n): return hashlib.sha256(b"%d" % n).hexdigest()
def value(n): return [n, "x" * (n % 50)] if n % 20 else b"%d" % n * 40_000
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _START + code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def key(n: int) -> str:
    return hashlib.sha256(b"%d" % n).hexdigest()


def test_a_commit_of_one_process_is_seen_by_another(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    child = start(
        """
store = Store.open(Path(sys.argv[1]))
a = store.put("from the child")
store.flush()
print(a.digest, a.size_bytes, flush=True)
sys.stdin.read()
""",
        tmp_path,
    )
    assert child.stdout is not None
    digest, size = child.stdout.readline().split()

    assert store.get(Artifact(digest, "text", "any", int(size))) == "from the child"
    child.communicate()


def test_four_writers_of_the_same_keys_agree(tmp_path: Path) -> None:
    """Semantics 37: between engines both may run, the first recorded is kept."""
    writers = [
        start(
            """
store = Store.open(Path(sys.argv[1]))
for n in range(400):
    a = store.put(value(n))
    store.remember(key(n), KeyEntry(FrozenMap({"out": a}), sys.argv[2], "t"))
    if n % 50 == 0: store.flush()
store.close()
""",
            tmp_path,
            name,
        )
        for name in "abcd"
    ]
    for writer in writers:
        assert writer.communicate(timeout=120) == ("", "")

    store = Store.open(tmp_path)
    entries = [store.lookup(key(n)) for n in range(400)]
    assert all(entries)
    assert verify(store) == []
    assert len(list(store.objects.names())) == 19
    assert store.database.read("SELECT count(*) FROM keys") == [(400,)]


@pytest.mark.parametrize("after", [5, 40, 150])
def test_a_killed_writer_leaves_whole_values_only(tmp_path: Path, after: int) -> None:
    writer = start(
        """
store = Store.open(Path(sys.argv[1]))
store.begin_run(RunRecord("r", "m"))
for n in range(10**9):
    a = store.put(value(n))
    outputs = FrozenMap({"out": a})
    store.remember(key(n), KeyEntry(outputs, "r", "t%d" % n))
    store.record([CallRecord("r", "t%d" % n, -1, TaskState.SUCCEEDED, outputs=outputs)])
    if n % 7 == 0: store.flush()
    print(n, flush=True)
""",
        tmp_path,
    )
    assert writer.stdout is not None
    for _ in range(after):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.communicate()

    store = Store.open(tmp_path)
    calls = store.calls("r")

    assert verify(store) == []
    assert len(calls) >= after - 7
    for call in calls:
        assert call.outputs is not None
        assert store.contains(call.outputs["out"])
    assert all(store.lookup(key(n)) for n in range(len(calls)))


_LIMITED = """
store = Store.open(Path(sys.argv[1]))
store.put("before")
store.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
from symphony.errors import StoreError
kept = []
try:
    if sys.argv[2] == "object":
        store.put(b"x" * 500_000)
    for n in range(100_000):
        kept.append(store.put(os.urandom(2_000)))
    print("no error")
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.flush()
print(len(kept) == sum(store.contains(a) for a in kept), all(len(store.get(a)) == 2_000 for a in kept))
"""


@pytest.mark.parametrize("kind", ["object", "database"])
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, kind: str) -> None:
    child = start(_LIMITED, tmp_path, kind)

    out, err = child.communicate(timeout=120)

    assert err == ""
    message, kept = out.strip().splitlines()
    assert f"cannot write to {tmp_path}" in message
    assert "the disk is full or a size limit is reached" in message
    assert "bytes are needed" in message
    assert "bytes are free" in message
    assert kept == "True True"
    store = Store.open(tmp_path)
    assert verify(store) == []
    assert list((tmp_path / "tmp").glob("*")) == []


def test_a_process_that_ends_without_closing_has_written_everything(tmp_path: Path) -> None:
    child = start("store = Store.open(Path(sys.argv[1])); print(store.put('last words').digest)", tmp_path)

    out, err = child.communicate(timeout=60)

    assert err == ""
    assert Store.open(tmp_path).get(Artifact(out.strip(), "text", "any", 10)) == "last words"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)

    with pytest.raises(StoreError, match=str(tmp_path)):
        Store.open(tmp_path / "s")
