"""A Prefect server of a run's own: a process that lives as long as whoever started it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import symphony.errors
from symphony.errors import SurroundingsError
from symphony_prefect.surroundings import server_environment

START_S = 180.0
"""How long a server may take to start; the first time it makes its database."""
STOP_S = 10.0
"""How long a server may take to write what it has and end."""
_LOG = "symphony-server.log"
_SERVE = "from symphony_prefect.own_server import serve; serve()"


class OwnServer:
    """Starts a server on a free port of this machine, and ends it.

    Its database and its log lie in a folder: `PREFECT_HOME=FOLDER prefect server start` shows earlier runs. While one
    server uses a folder, another takes the one beside it: two on one database would get in each other's way.

    Args:
        folder: where it keeps what it has; made if need be.

    Attributes:
        home: the folder that it got.
        url: of its API; known when it has started.
    """

    def __init__(self, folder: Path) -> None:
        self.home, self._lock = _taken(folder)
        self.url = ""
        with (self.home / _LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, env=_with_path(server_environment(self.home)), start_new_session=True,
            )  # fmt: skip

    def wait(self) -> str:
        """Wait until it answers; returns the URL of its API.

        Raises:
            SurroundingsError: it ended instead, or took too long.
        """
        too_long = threading.Timer(START_S, self._process.kill)
        too_long.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline().decode()
        finally:
            too_long.cancel()
        if not line.startswith("http"):
            self.stop()
            raise SurroundingsError(f"the Prefect server of the run did not start; see {self.home / _LOG}")
        self.url = line.strip()
        return self.url

    def stop(self) -> None:
        """Let it write what it has, and end it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._lock.close()


def _taken(folder: Path) -> tuple[Path, IO[str]]:
    """The first folder of a row that no other server uses; taken until the file is closed."""
    number = 1
    while True:
        home = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            home.mkdir(parents=True, exist_ok=True)
            lock = (home / "symphony-server.lock").open("a")
        except OSError as error:
            raise SurroundingsError(f"the folder of the Prefect server cannot be made: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            number += 1
            continue
        return home, lock


def _with_path(environment: dict[str, str]) -> dict[str, str]:
    """The process finds Symphony where this one did, installed or not, and nothing of the project."""
    folders = dict.fromkeys((str(Path(symphony.errors.__file__).parents[1]), str(Path(__file__).parents[1])))
    return {**environment, "PYTHONPATH": os.pathsep.join(folders)}


def serve() -> None:
    """What the process of the server does: it serves until its standard input ends, as it does when its starter dies."""
    import uvicorn  # these load much, and only the process of the server needs them
    from prefect.server.api.server import create_app

    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
    told = os.dup(1)
    os.dup2(2, 1)  # nothing of Prefect gets between us and who reads

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                os.write(told, f"{url}\n".encode())

    server = Server(uvicorn.Config(create_app(final=True), log_level="warning", timeout_graceful_shutdown=3))

    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run(sockets=[listening])
