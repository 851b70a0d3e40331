"""A Dask cluster as an operator would start it: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
"""Where this Symphony lies: the workers are to have the same."""


class CommandLineCluster:
    """A scheduler and workers, each a process started as an operator would start it.

    Args:
        resources: what each worker declares.
        secret: the value of the secret `CANARY` on the workers.
        hidden: a folder that the workers do not see.
    """

    def __init__(
        self, folder: Path, workers: int = 2, *, cwd: Path | None = None, resources: str = "",
        secret: str = "nothing", hidden: Path | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.cwd, self._secret = folder, cwd or folder, secret
        self._hidden = hidden
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        more = ["--resources", resources] if resources else []
        self.workers = [
            self._started("worker", self.address, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
                          "--local-directory", str(folder), "--name", f"w{n}", *more)
            for n in range(workers)
        ]  # fmt: skip

    def _started(self, *arguments: str) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(str(p) for p in (ROOT, ROOT / "executors"))
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        program = [*(self._hiding() if arguments[0] == "worker" else []), sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(
            program, cwd=self.cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "SYMPHONY_SECRET_CANARY": self._secret},
        )  # fmt: skip

    def _hiding(self) -> list[str]:
        """What starts a program that finds nothing in the hidden folder."""
        if self._hidden is None:
            return []
        nothing = self.folder / "nothing"
        nothing.mkdir(exist_ok=True)
        script = f'mount --bind "{nothing}" "{self._hidden}" && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh"]

    def wait_for(self, workers: int) -> None:
        """Come back when so many workers are there."""
        from distributed import Client  # heavy: only what asks the cluster needs it

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers, self.scheduler):
            process.terminate()
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
