"""Players that run other programs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.errors import SurroundingsError

_POLL_S = 0.1
_GRACE_S = 2.0
_SHOWN = 2000  # characters of standard error that an error message carries


class Finished(NamedTuple):
    """What a program left behind. Text is read as UTF-8; other bytes become U+FFFD."""

    stdout: str
    stderr: str
    exit_code: int


@operator(version="1.0.0", tags=("shell", "command", "program", "process"), cache=False, outputs=True)
def run(
    command: list[str],
    ctx: Context,
    stdin: str = "",
    environment: dict[str, str] | None = None,
    check: bool = True,
    timeout_s: float = 0,
    folder: str = "",
) -> Finished:
    """Run a program with arguments, without a shell: nothing in an argument is interpreted.

    It runs in an empty work folder and always anew, since its result depends on more than its inputs. On a time-out or
    when the run is cancelled it is ended with all that it started. For a script, use a `run:` task.

    Args:
        command: the program and its arguments.
        stdin: text for its standard input.
        environment: variables to set besides those of this process.
        check: whether an exit code other than 0 is a failure.
        timeout_s: seconds after which it is ended; 0: never.
        folder: where it runs; empty: an empty work folder.

    Raises:
        ValueError: the command is empty.
        SurroundingsError: there is no such program.
        RuntimeError: it ended with an exit code other than 0, and `check` is on; shows the end of its standard error.
        TimeoutError: it took longer than `timeout_s`.

    Example:
        ```yaml
        version:
          player: shell.run
          with: {command: [git, --version]}
        ```
    """
    if not command:
        raise ValueError("the command is empty: give a program and its arguments, such as [git, --version]")
    process = _start(command, Path(folder) if folder else ctx.workdir, environment)
    watch = _Watch(process, ctx, timeout_s)
    try:
        out, err = process.communicate(stdin.encode())
    finally:
        watch.end()
    if watch.reason:
        raise TimeoutError(f"{command[0]} {watch.reason}, and was ended with all that it started")
    finished = Finished(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), process.returncode)
    if check and finished.exit_code != 0:
        said = finished.stderr.strip()[-_SHOWN:] or finished.stdout.strip()[-_SHOWN:]
        raise RuntimeError(
            f"{' '.join(command)} ended with exit code {finished.exit_code}" + (f":\n{said}" if said else "")
        )
    return finished


def _start(command: list[str], folder: Path, environment: dict[str, str] | None) -> subprocess.Popen[bytes]:
    if not folder.is_dir():
        raise SurroundingsError(f"there is no folder {folder} to run {command[0]} in")
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise SurroundingsError(
            f"there is no program {command[0]!r} that can be run, on PATH or at that path: {error.strerror}"
        ) from error


class _Watch:
    """Ends a program, and the group of processes it leads, when time is over or the run is cancelled."""

    def __init__(self, process: subprocess.Popen[bytes], ctx: Context, timeout_s: float) -> None:
        self.reason = ""
        self._process, self._ctx, self._left_s = process, ctx, timeout_s or float("inf")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="symphony-shell-watch")
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(min(_POLL_S, max(0.0, self._left_s))):
            self._left_s -= _POLL_S
            if self._left_s <= 0 or self._ctx.cancelled:
                self.reason = "was cancelled" if self._ctx.cancelled else "took longer than timeout_s"
                self._signal(signal.SIGTERM)
                self._ended.wait(_GRACE_S)
                self._signal(signal.SIGKILL)
                return

    def _signal(self, which: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, which)
