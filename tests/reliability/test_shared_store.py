"""Many processes on one store, garbage being collected all the while: nothing is lost, nothing is read by halves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from symphony_tests_reliability.sizes import sampled

from symphony.store.care import verify
from symphony.store.store import Store

PROCESSES = 16
KEYS = int(os.environ.get("SYMPHONY_SHARED_KEYS", sampled(120, 1_000)))
ROUNDS = int(os.environ.get("SYMPHONY_SHARED_ROUNDS", "3"))
"""How many keys all processes look up and make, and how often each process goes through them."""
LARGE_EACH = 10
"""Every tenth value is an object, the others are small."""

_COMMON = """
import hashlib, os, random, sys
from pathlib import Path
from symphony.model.frozen import FrozenMap
from symphony.store.care import collect
from symphony.store.records import KeyEntry
from symphony.store.store import Store

folder, count = Path(sys.argv[1]), int(sys.argv[2])
def key(n): return hashlib.sha256(b"key %d" % n).hexdigest()
def value(n): return b"%08d" % n * 10_000 if n % 10 == 0 else ["small", n, "x" * (37 * n % 2_000)]
"""

_FILL = """
store = Store.open(folder)
for n in range(0, count, 10):
    artifact = store.put(value(n))
    store.flush()
    store.catalog.forget(artifact.digest)
    os.utime(store.objects.path(artifact.digest), (1.0, 1.0))
"""
_WRITE = """
chance, store = random.Random(int(sys.argv[3])), Store.open(folder)
for _ in range(int(sys.argv[4])):
    numbers = list(range(count))
    chance.shuffle(numbers)
    for n in numbers:
        entry = store.lookup(key(n))
        artifact = store.put(value(n)) if entry is None else entry.outputs["out"]
        if entry is None:
            store.remember(key(n), KeyEntry(FrozenMap({"out": artifact}), "", "t%d" % n))
        assert store.get(artifact) == value(n), n
    store.flush()
    store.catalog.renew()
store.close()
"""
_COLLECT = """
store, rounds = Store.open(folder), 0
while not (folder / "enough").exists():
    collect(store)
    rounds += 1
print(rounds)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _COMMON + code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_sixteen_processes_share_a_store_while_garbage_is_collected(tmp_path: Path) -> None:
    """Semantics 37. Old objects that nothing refers to lie there from the start: they go, or are taken into use again."""
    folder = tmp_path / "store"
    assert start(_FILL, folder, KEYS).communicate(timeout=60) == ("", "")

    collector = start(_COLLECT, folder, KEYS)
    writers = [start(_WRITE, folder, KEYS, seed, ROUNDS) for seed in range(PROCESSES)]
    told = [writer.communicate(timeout=600) for writer in writers]
    (folder / "enough").touch()
    collections, complaints = collector.communicate(timeout=60)

    assert told == [("", "")] * PROCESSES, "no lock error, no lost object, no partial read"
    assert complaints == ""
    assert int(collections) >= 1
    with Store.open(folder) as store:
        assert verify(store) == []
        assert len(list(store.objects.names())) == KEYS // LARGE_EACH
        assert store.database.read("SELECT count(*), count(DISTINCT digest) FROM artifacts") == [(KEYS, KEYS)]
        assert store.database.read("SELECT count(*) FROM keys") == [(KEYS,)]
        assert list((folder / "tmp").iterdir()) == []
        assert not (folder / "quarantine").exists()
    print(
        f"{PROCESSES} processes, {KEYS} keys, {ROUNDS} rounds; garbage was collected {collections.strip()} times meanwhile"
    )
