"""The executor: calls are made by threads of this process, or by another executor, and shown in Prefect."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from symphony.errors import SurroundingsError, UsageError
from symphony.model.event import Event
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.runtime.contract import RemoteExecutor
from symphony.runtime.remote.done import Done
from symphony.runtime.remote.remote_call import News, RemoteCall
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.watching import ask_to_cancel
from symphony_prefect.api import url_of_profile
from symphony_prefect.attached import flow_run_here
from symphony_prefect.mirror import Mirror
from symphony_prefect.own_server import OwnServer
from symphony_prefect.surroundings import import_prefect
from symphony_prefect.thread_calls import ThreadCalls

_RECORDED_S = 20.0
"""For how long a server of our own may write no further task run before it is ended."""


class PrefectExecutor:
    """Shows a run as a flow run in Prefect, every call as a task run.

    Args:
        calls: the executor that makes the calls, such as ``dask``; nothing: threads of this process.
        options: keyword arguments of that executor.
        server: the URL of the API of a server; nothing: `PREFECT_API_URL`, else a server of the run's own.
    """

    name = "prefect"
    traits = replace(ThreadCalls.traits, follows=True)

    def __init__(
        self, *, calls: str | None = None, options: Mapping[str, Any] | None = None, server: str | None = None
    ) -> None:  # fmt: skip
        self._calls: RemoteExecutor = ThreadCalls() if calls is None else _executor(calls, options or {})
        self.traits = replace(self._calls.traits, follows=True)
        self._url = server
        self.workers = self.processes = 0
        self._attached: UUID | None = None
        self._server: OwnServer | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._mirror: Mirror | None = None
        self._early: list[Event] = []

    # the run in Prefect ------------------------------------------------------------------------------------------

    def start(self, *, workers: int | None, processes: int | None = None) -> None:
        """Settle how many calls are made at a time, and whether this is the process of a flow run already."""
        self._attached = flow_run_here()
        self._calls.start(workers=workers, processes=processes)
        self.workers, self.processes = self._calls.workers, self._calls.processes

    def open(self, sheet: RunSheet) -> None:
        """Reach Prefect, or start a server; begin the flow run; get ready to make calls."""
        url = self._reached(self._home(sheet))
        plan = Plan.from_text(sheet.plan, file=f"the plan of run {sheet.run}")
        self._mirror = Mirror(url, sheet.run, plan, self._attached, lambda: _cancel(sheet))
        for event in self._early:
            self._mirror.told(event)
        self._calls.open(sheet)

    def _reached(self, home: Path) -> str | None:
        """The URL of the server to use, started if need be; None: the one that the flow here uses."""
        if self._attached is not None:
            return None
        url = self._url or os.environ.get("PREFECT_API_URL") or None
        if url is None and not {"PREFECT_HOME", "PREFECT_PROFILE"}.isdisjoint(os.environ):
            import_prefect(home)
            url = url_of_profile()
        if url is None:
            self._server = OwnServer(home)
            import_prefect(self._server.home)  # takes a while, as does the server meanwhile
            return self._server.wait()
        import_prefect(home)
        return url

    def _home(self, sheet: RunSheet) -> Path:
        """What Prefect may write: the folder that is set, else one beside the store, else one that is removed."""
        if "PREFECT_HOME" in os.environ:
            return Path(os.environ["PREFECT_HOME"]).expanduser()
        if sheet.state_folder is not None:
            return sheet.state_folder / "prefect"
        self._temporary = tempfile.TemporaryDirectory(prefix="symphony-prefect-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def told(self, event: Event) -> None:
        """Something happened; it is passed on to Prefect soon."""
        if self._mirror is None:
            self._early.append(event)
        else:
            self._mirror.told(event)

    def stop(self, *, grace_s: float) -> bool:
        """End all work, then the flow run, then a server of our own."""
        all_ended = self._calls.stop(grace_s=grace_s)
        if self._mirror is not None:
            self._mirror.close(recorded_s=_RECORDED_S if self._server is not None else 0.0)
        if self._server is not None:
            self._server.stop()
        if self._temporary is not None:
            self._temporary.cleanup()
        return all_ended

    # calls -------------------------------------------------------------------------------------------------------

    def submit(self, calls: Sequence[RemoteCall]) -> None:
        """Take calls."""
        self._calls.submit(calls)

    def news(self, timeout_s: float) -> Sequence[News]:
        """What was told of calls since."""
        if self._mirror is not None:
            self._mirror.check()
        return self._calls.news(timeout_s)

    def fetch(self, call: str) -> Done:
        """The values of a call."""
        return self._calls.fetch(call)

    def release(self, calls: Sequence[str]) -> None:
        """Let values go."""
        self._calls.release(calls)

    def cancel(self, calls: Sequence[str]) -> None:
        """End calls."""
        self._calls.cancel(calls)


def _cancel(sheet: RunSheet) -> None:
    """Ask for the end of a run as ``symphony cancel`` does; one that is not recorded cannot be asked."""
    if sheet.state_folder is not None:
        ask_to_cancel(sheet.state_folder, sheet.run)


def _executor(name: str, options: Mapping[str, Any]) -> RemoteExecutor:
    found = {point.name: point for point in entry_points(group="symphony.executors")}
    if name not in found or name == PrefectExecutor.name:
        others = sorted(set(found) - {PrefectExecutor.name})
        raise UsageError(f"Prefect cannot have calls made by {name!r}: {did_you_mean(name, others, what='executors')}")
    try:
        made = found[name].load()(**options)
    except ImportError as error:
        raise SurroundingsError(f"the executor {name!r} cannot be loaded: {error}") from error
    if made.traits.in_process:
        raise UsageError(f"Prefect cannot have calls made by {name!r}: leave `calls` out for threads of this process")
    return cast(RemoteExecutor, made)
