"""The surroundings of every test: no word of a CI system, and a real S3 server for whoever asks for one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_STARTED = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:(\d+))/?\]")

OF_CI_SYSTEMS = ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI")
"""Variables by which programs behave otherwise (`symphony test` writes no snapshot in CI); tests set them themselves."""

for _name in OF_CI_SYSTEMS:
    os.environ.pop(_name, None)  # here, so that processes that tests start do not inherit them either


class S3Server:
    """An S3 server on this machine that checks signatures; its buckets are folders below `root`.

    Attributes:
        endpoint: its URL; the same after a restart.
    """

    KEY, SECRET = "AKSYMPHONYTEST", "canary-secret-of-the-test-server"

    def __init__(self, program: Path, root: Path) -> None:
        self._program, self.root = program, root
        self._port, self._process = 0, None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        process = subprocess.Popen(
            [self._program, "serve", "s3", "--config", "",
             "--auth-key", f"{self.KEY},{self.SECRET}", "--addr", f"127.0.0.1:{self._port}", self.root],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if found := _STARTED.search(line):
                self.endpoint, self._port = found[1], int(found[2])
                break
        else:
            raise AssertionError(f"the S3 server did not start: {''.join(told)}")
        threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
        self._process = process

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def bucket(self, name: str) -> Path:
        """Make an empty bucket; gives its folder."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    @property
    def options(self) -> dict[str, str]:
        """What s3fs is told."""
        return {"endpoint_url": self.endpoint, "key": self.KEY, "secret": self.SECRET}

    @property
    def environment(self) -> dict[str, str]:
        """What a program is told by its environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": self.KEY, "AWS_SECRET_ACCESS_KEY": self.SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip


@pytest.fixture(scope="session")
def _s3_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    beside = Path(sys.executable).with_name("rclone")
    program = beside if beside.exists() else Path(shutil.which("rclone") or "")
    if not program.is_file() or find_spec("s3fs") is None:
        pytest.skip("needs s3fs and rclone: pip install 'symphony[test]'")
    server = S3Server(program, tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def s3(_s3_process: S3Server) -> Iterator[S3Server]:
    """The S3 server of this session; running again after a test that stopped it."""
    yield _s3_process
    _s3_process.stop()
    _s3_process.start()


SERVERS = ("prefect", "dask", "s3")
"""Tests with one of these words in the name of their file or folder share a server, which is started once."""


@pytest.hookimpl(optionalhook=True)  # only where pytest-xdist is installed
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give tests that share a server to one process, one after the other; any process takes any other test."""
    from xdist.scheduler import LoadScopeScheduling

    class ByServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            words = set(re.split(r"[/_.]", nodeid.partition("::")[0]))
            return next((server for server in SERVERS if server in words), nodeid)

    return ByServer(config, log)
