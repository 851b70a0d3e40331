"""Runs the script of a shell step: bash in a work folder, inputs as environment variables, files as outputs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symphony.errors import PlayerResultError, SymphonyError
from symphony.model.plan import PlannedTask


class ShellStepError(SymphonyError):
    """A script ended with another status than 0. The message ends with the last lines of its standard error."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script ready to be run.

    Attributes:
        argv: the command.
        environment: all variables.
        stdout, stderr: the files that take what it prints, in the work folder.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    workdir: Path
    stdout: Path
    stderr: Path


IDEMPOTENCY_KEY = "SYMPHONY_IDEMPOTENCY_KEY"
"""The environment variable that is to a script what ``ctx.idempotency_key`` is to a body in Python."""


def prepare_script(task: PlannedTask, inputs: Mapping[str, Any], workdir: Path, key: str) -> Script:
    """Make a shell step ready: inputs become environment variables, and so does the idempotency key of the call."""
    assert task.run is not None
    environment = {**os.environ, IDEMPOTENCY_KEY: key, **{name: as_text(value) for name, value in inputs.items()}}
    argv = ("bash", "-euo", "pipefail", "-c", task.run)
    return Script(argv, environment, workdir, workdir / ".stdout", workdir / ".stderr")


def outputs_of(task: PlannedTask, script: Script, status: int) -> dict[str, Any]:
    """What a script that has ended gave, by name.

    Raises:
        ShellStepError: it failed.
        PlayerResultError: a declared output file is missing.
    """
    out, err = (p.read_bytes().decode(errors="replace") for p in (script.stdout, script.stderr))
    script.stdout.unlink()
    script.stderr.unlink()
    if status != 0:
        tail = "\n".join(err.splitlines()[-20:])
        raise ShellStepError(f"the script ended with status {status}" + (f":\n{tail}" if tail else ""))
    files = {name: _file(task, name, script.workdir) for name in task.outputs}
    return {**files, "stdout": out, "stderr": err}


def run_script(task: PlannedTask, inputs: Mapping[str, Any], workdir: Path, key: str) -> dict[str, Any]:
    """Run a script in the foreground, as a replay does; returns its outputs by name.

    Raises:
        ShellStepError: it failed.
        PlayerResultError: a declared output file is missing.
    """
    script = prepare_script(task, inputs, workdir, key)
    with script.stdout.open("wb") as stdout, script.stderr.open("wb") as stderr:
        done = subprocess.run(
            script.argv, cwd=workdir, env=script.environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, check=False
        )  # fmt: skip
    return outputs_of(task, script, done.returncode)


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
