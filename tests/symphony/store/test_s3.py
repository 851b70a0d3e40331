"""The shared side on a real S3 server, over the wire."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from symphony.errors import DamagedArtifactError, StoreError
from symphony.model.frozen import FrozenMap
from symphony.store.address import Shared
from symphony.store.records import KeyEntry
from symphony.store.shared_care import collect_shared, shared_usage, verify_shared
from symphony.store.shared_place import PART_BYTES, SharedPlace
from symphony.store.store import Store

if TYPE_CHECKING:
    from tests.conftest import S3Server

KEY = "ab" * 32
LARGE = bytes(range(256)) * 1000


@pytest.fixture
def shared(s3: S3Server) -> Shared:
    s3.bucket("shared")
    return Shared("s3://shared/team/ci", s3.options, patience_s=30)


def remember(store: Store, **outputs: Any) -> None:
    store.remember(KEY, KeyEntry(FrozenMap({port: store.put(value) for port, value in outputs.items()}), "run1", "t"))
    store.flush()


def test_a_result_is_served_to_another_machine(shared: Shared, s3: S3Server, tmp_path: Path) -> None:
    """Semantics 45: on a shared store each key is also a small object."""
    with Store.open(tmp_path / "one", shared=shared) as one, Store.open(tmp_path / "two", shared=shared) as two:
        assert two.lookup(KEY) is None
        remember(one, small={"a": (1, 2)}, large=LARGE)

        entry = two.lookup(KEY)

        assert entry is not None
        assert two.get(entry.outputs["small"]) == {"a": (1, 2)}
        assert two.get(entry.outputs["large"]) == LARGE
    assert (s3.root / "shared" / "team" / "ci" / "keys" / "ab" / KEY).is_file()


def test_damage_on_the_server_is_never_served(shared: Shared, s3: S3Server, tmp_path: Path) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    with Store.open(tmp_path / "one", shared=shared) as one:
        remember(one, out=LARGE)
    lies = s3.root / "shared" / "team" / "ci" / "objects" / digest[:2] / digest
    lies.write_bytes(LARGE[:-1] + b"!")

    with Store.open(tmp_path / "two", shared=shared) as two:
        entry = two.lookup(KEY)
        assert entry is not None
        with pytest.raises(DamagedArtifactError, match="moved to s3://shared/team/ci/quarantine/"):
            two.get(entry.outputs["out"])
        assert not lies.exists()
        assert two.lookup(KEY) is None
        remember(two, out=LARGE)
        assert lies.read_bytes() == LARGE


def test_care_works_over_the_wire(shared: Shared, s3: S3Server) -> None:
    with Store.open(None, shared=shared) as store:
        remember(store, out=LARGE)
        store.put("nobody refers to it")
        store.flush()
        assert shared_usage(store)["shared objects"].count == 2
        assert verify_shared(store) == []
        assert collect_shared(store, spare_s=-5).objects == 1
        (s3.root / "shared" / "team" / "ci" / "keys" / "ab" / KEY).write_bytes(b"nonsense")
        assert [d.digest for d in verify_shared(store)] == [KEY]


def test_an_upload_that_breaks_leaves_nothing(shared: Shared) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * PART_BYTES
        yield b"x" * PART_BYTES
        raise RuntimeError("the disk is gone")

    place = SharedPlace(shared)
    with pytest.raises(StoreError, match="the disk is gone"):
        place.put_pieces("objects/ab/x", pieces, 10 * PART_BYTES)

    assert place.size("objects/ab/x") is None


@pytest.mark.parametrize("wrong", [{"secret": "wrong-canary"}, {"key": "NOBODY"}], ids=["secret", "key"])
def test_wrong_credentials_are_told_at_once_by_their_source(shared: Shared, s3: S3Server, wrong: dict[str, str]) -> None:
    with (
        Store.open(None, shared=Shared(shared.url, {**s3.options, **wrong}, patience_s=600)) as store,
        pytest.raises(StoreError, match="does not accept the credentials from the option key of the store") as told,
    ):
        store.greet()
    assert "canary" not in str(told.value)
    assert "NOBODY" not in str(told.value)


def test_credentials_of_the_environment_are_named(
    shared: Shared, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**s3.environment, "AWS_SECRET_ACCESS_KEY": "wrong-canary"}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(StoreError, match="from the environment variable AWS_ACCESS_KEY_ID") as told:
        Store.open(None, shared=Shared(shared.url)).greet()
    assert "canary" not in str(told.value)


def test_an_absent_bucket_is_told_at_once(s3: S3Server) -> None:
    with pytest.raises(StoreError, match=r"s3://absent/x: there is no such bucket or folder"):
        Store.open(None, shared=Shared("s3://absent/x", s3.options, patience_s=600)).greet()


def test_a_server_that_is_restarted_is_waited_for(shared: Shared, s3: S3Server, tmp_path: Path) -> None:
    store = Store.open(tmp_path, shared=shared)
    store.greet()
    s3.stop()
    artifact = store.put(LARGE)

    restarting = threading.Timer(0.7, s3.start)
    restarting.start()
    with pytest.warns(RuntimeWarning, match="does not answer"):
        store.flush()
    restarting.join()

    assert Store.open(None, shared=shared).get(artifact) == LARGE


@pytest.mark.filterwarnings("ignore:the store s3")
def test_a_server_that_stays_away_loses_nothing(shared: Shared, s3: S3Server, tmp_path: Path) -> None:
    hasty = Shared(shared.url, s3.options, patience_s=0.2)
    store = Store.open(tmp_path, shared=hasty)
    store.greet()
    s3.stop()
    with pytest.raises(StoreError, match=r"was waited for up to 0\.2 s"):
        remember(store, out=LARGE)
    store.close()
    s3.start()

    with Store.open(tmp_path, shared=hasty) as again:
        again.flush()

    assert Store.open(None, shared=shared).lookup(KEY) is not None


_MEMORY = """
import resource, sys
from pathlib import Path
from symphony.store.address import Shared
from symphony.store.anchors import Anchors
from symphony.store.store import Store

folder, url, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = Store.open(folder / ("a" + sys.argv[4]), shared=Shared(url))
store.greet()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[4] == "put":
    artifact = store.put(folder / "work" / "big", anchors=Anchors(folder, (), folder / "work"))
    store.flush()
    print(artifact.digest)
else:
    from symphony.model.artifact import Artifact
    path = store.raw_path(Artifact(sys.argv[5], "file", "file", size))
    assert path.stat().st_size == size
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_large_files_travel_in_bounded_memory(shared: Shared, s3: S3Server, tmp_path: Path) -> None:
    size = 200 << 20
    (tmp_path / "work").mkdir()
    with open(tmp_path / "work" / "big", "wb") as big:
        for number in range(200):
            big.write(number.to_bytes(1, "big") * (1 << 20))

    def child(*words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _MEMORY, str(tmp_path), shared.url, str(size), *words],
            env={**os.environ, **s3.environment}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    digest, put_mb = child("put")
    (got_mb,) = child("get", digest)

    assert int(put_mb) < 100
    assert int(got_mb) < 100
