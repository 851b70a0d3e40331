"""A project in a folder, and the program as real processes inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symphony.runtime.processes import tree
from symphony_tests_reliability.outside_log import VARIABLE, OutsideLog

MARK = "SYMPHONY_TEST_MARK"
"""Every process that is started from here, and every one below it, carries this variable."""


@dataclass(frozen=True)
class Done:
    """What a command left: its code and its two streams."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


class Project:
    """Melodies and players in a folder; state and outside log lie in folders beside them."""

    def __init__(self, folder: Path, files: dict[str, str], *, state: Path | None = None) -> None:
        self.folder, self.state, self.token = folder, state or folder / ".symphony", uuid.uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"pyproject.toml": "[tool.symphony]\n", **files}.items():
            (folder / name).write_text(text)
        self.log = OutsideLog(folder / "outside.log")

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command: nothing of this session's settings, the mark, the outside log."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("SYMPHONY_", "PYTEST_"))}
        return plain | {
            MARK: self.token, VARIABLE: str(self.log.path), "SYMPHONY_STATE": str(self.state), "NO_COLOR": "1",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        } | more  # fmt: skip

    def start(self, *words: str, prefix: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
        """Start a command; its streams are kept."""
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "symphony", *words], cwd=self.folder, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(**environment),
        )  # fmt: skip

    def call(self, *words: str, timeout_s: float = 120.0, prefix: tuple[str, ...] = (), **environment: str) -> Done:
        """Run a command to its end."""
        process = self.start(*words, prefix=prefix, **environment)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"symphony {' '.join(words)} hangs; it said: {out[-500:]}{err[-2000:]}") from None
        return Done(process.returncode, out, err)

    def shown(self, run: str = "last") -> dict[str, Any] | None:
        """What `symphony show` tells of a run; nothing where there is none."""
        done = self.call("show", run, "--json")
        if done.code == 2:
            return None
        assert done.code == 0, done
        found: dict[str, Any] = done.document()
        return found

    def run_states(self) -> list[str]:
        """The states of all runs, newest first."""
        return [run["state"] for run in self.call("runs", "--json").document()["runs"]]

    def alive(self) -> tree.Members:
        """Every process of this project that lives, wherever it went."""
        return tree.marked(MARK, self.token)


def digests(document: dict[str, Any]) -> dict[str, str]:
    """The SHA-256 of each output of a run."""
    return {name: output["artifact"] for name, output in document["outputs"].items()}
