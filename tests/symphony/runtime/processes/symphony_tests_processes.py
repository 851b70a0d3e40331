"""A pool for tests: calls that wait for their outcome, and a look at the process table."""

from __future__ import annotations

import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from symphony.model.frozen import EMPTY
from symphony.runtime.processes import tree
from symphony.runtime.processes.orders import CallContext, Outcome, PlayerBody, ProcessCall, ShellBody
from symphony.runtime.processes.pool import Processes
from symphony.store.anchors import Anchors

HERE = Path(__file__).resolve().parent
MARK = "SYMPHONY_TEST_MARK"
_ids = itertools.count(1)


def until(condition: Callable[[], Any], within_s: float) -> bool:
    """Whether a condition comes true in time."""
    waiting, deadline = threading.Event(), time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        waiting.wait(0.005)
    return True


class Pending:
    """A call that was given to a pool."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.lines: list[Mapping[str, Any]] = []
        self.progress: list[Any] = []
        self.started: list[str] = []
        self.ended_at = 0.0
        self._done = threading.Event()
        self.call: Any = None

    def end(self, outcome: Outcome) -> None:
        self.ended_at = time.monotonic()
        self.outcomes.append(outcome)
        self._done.set()

    @property
    def outcome(self) -> Outcome:
        assert self._done.wait(20), "the call never ended"
        return self.outcomes[0]

    def said(self, text: str) -> bool:
        return any(text in line["message"] for line in self.lines)


class Bench:
    """A pool whose every process carries a mark."""

    def __init__(self, **options: Any) -> None:
        self.token = uuid.uuid4().hex
        self.pool = Processes(
            **{"folders": [HERE], "preload": ["nasty_players"], "slots": 2, "grace_s": 1.0, **options},
            environment={**os.environ, MARK: self.token, "SYMPHONY_SECRET_KEY": "opensesame"},
        )

    def give(
        self, name: str, *, module: str = "nasty_players", timeout_s: float | None = None, safe: bool = False,
        id: int | None = None, secrets: Mapping[str, str] = EMPTY, checked: tuple[str, ...] = (), strict: bool = False,
        **arguments: Any,
    ) -> Pending:  # fmt: skip
        parcels = {k: self.pool.parcels.pack(v) for k, v in arguments.items()}
        body = PlayerBody(module, name, f"{module}:{name}", parcels, Anchors(HERE), secrets, checked, strict)
        return self._start(body, name, timeout_s, safe, id)

    def run(self, script: str, folder: Path, *, timeout_s: float | None = None, **environment: str) -> Pending:
        argv = ["bash", "-euo", "pipefail", "-c", script]
        body = ShellBody(argv, folder, {**os.environ, MARK: self.token, **environment}, folder / "out", folder / "err")
        return self._start(body, "script", timeout_s, False, None)

    def _start(self, body: Any, name: str, timeout_s: float | None, safe: bool, id: int | None) -> Pending:
        pending = Pending()
        pending.call = ProcessCall(
            next(_ids) if id is None else id, body, CallContext("run", name, name), timeout_s, safe,
            started=lambda worker, at: pending.started.append(worker), logged=pending.lines.append,
            progressed=lambda done, total: pending.progress.append((done, total)), ended=pending.end,
        )  # fmt: skip
        self.pool.start(pending.call)
        return pending

    def value(self, pending: Pending) -> Any:
        outcome = pending.outcome
        assert outcome.how == "ok", outcome
        return self.pool.parcels.unpack(outcome.outputs["out"])

    def below(self) -> tree.Members:
        """Every process that carries the mark, wherever it went, but the nursery."""
        return {pid: s for pid, s in tree.marked(MARK, self.token).items() if pid != self.pool.nursery}
