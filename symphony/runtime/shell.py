"""Runs the script of a shell step: bash in a work folder, inputs as environment variables, files as outputs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event as Flag
from typing import Any

from symphony.errors import PlayerResultError, SymphonyError
from symphony.model.plan import PlannedTask

_POLL_S = 0.02
_GRACE_S = 2.0


class ShellStepError(SymphonyError):
    """A script ended with another status than 0. The message ends with the last lines of its standard error."""


class StoppedError(SymphonyError):
    """The run was cancelled while the script was running."""


def run_script(task: PlannedTask, inputs: Mapping[str, Any], workdir: Path, stop: Flag) -> dict[str, Any]:
    """Run the script; returns its outputs by name.

    Raises:
        ShellStepError: the script failed.
        TimeoutError: it ran longer than the task's timeout; it and its process group were ended.
        PlayerResultError: a declared output file is missing.
    """
    assert task.run is not None
    out, err = workdir / ".stdout", workdir / ".stderr"
    environment = {**os.environ, **{name: as_text(value) for name, value in inputs.items()}}
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", task.run], cwd=workdir, env=environment,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True,
        )  # fmt: skip
        _wait(process, task, stop)
    text_out, text_err = (p.read_bytes().decode(errors="replace") for p in (out, err))
    out.unlink()
    err.unlink()
    if process.returncode != 0:
        tail = "\n".join(text_err.splitlines()[-20:])
        raise ShellStepError(f"the script ended with status {process.returncode}" + (f":\n{tail}" if tail else ""))
    files = {name: _file(task, name, workdir) for name in task.outputs}
    return {**files, "stdout": text_out, "stderr": text_err}


def _wait(process: subprocess.Popen[bytes], task: PlannedTask, stop: Flag) -> None:
    deadline = None if task.timeout is None else time.monotonic() + task.timeout
    while True:
        try:
            process.wait(_POLL_S)
            return
        except subprocess.TimeoutExpired:
            if stop.is_set():
                end_group(process)
                raise StoppedError("the run was cancelled") from None
            if deadline is not None and time.monotonic() >= deadline:
                end_group(process)
                raise TimeoutError(f"the script ran longer than {task.timeout:g} s") from None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process group: asked first, killed after the grace period."""
    for sign, wait_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def as_text(value: Any) -> str:
    """An input as the text of an environment variable; lists, maps and records as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, (int, float, Path)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=_jsonable)


def _jsonable(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return value._asdict()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return str(value)


def _file(task: PlannedTask, name: str, workdir: Path) -> Path:
    path = workdir / task.outputs[name].path
    if not path.exists():
        left = ", ".join(sorted(p.name for p in workdir.iterdir() if not p.name.startswith("."))) or "nothing"
        raise PlayerResultError(
            f"the script left no {task.outputs[name].path!r} for the output {name!r}; it left {left}"
        )
    return path
