"""Shows a run in Prefect while it goes on: a thread passes on what happens, in batches."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from symphony.errors import SurroundingsError
from symphony.model.event import Event, EventKind
from symphony.model.plan import Plan
from symphony_prefect.api import PrefectApi
from symphony_prefect.task_graph import TaskGraph
from symphony_prefect.task_runs import ENDS, TaskRuns

_LOG = logging.getLogger("symphony.prefect")
_BATCH = 200
_GATHER_S = 0.1
"""How long events are gathered before they are sent: one request for many."""
_LOOK_S = 2.0
"""How often Prefect is asked whether somebody there wants the run to end."""
PATIENCE_S = 30.0
"""For how long a server may not answer before the run is given up."""
_ENDS_OF_RUNS = {**ENDS, "interrupted": ("CRASHED", "Crashed")}


class Mirror:
    """One run of ours as one flow run.

    Args:
        url: of the API of the server; None: as the environment says.
        run: the id of the run.
        plan: its plan.
        flow_run: the flow run that this process runs in, if any; else one is made, named after the run.
        cancel: called once when somebody cancels the flow run in Prefect.

    Raises:
        SurroundingsError: the server does not answer.
    """

    def __init__(
        self, url: str | None, run: str, plan: Plan, flow_run: UUID | None, cancel: Callable[[], None]
    ) -> None:  # fmt: skip
        self._api, self._is_ours, self._cancel = PrefectApi(url), flow_run is None, cancel
        self._looked_at = time.monotonic()
        self._is_cancelled = False
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._state = "interrupted"
        tags = ("symphony", f"plan:{plan.hash.removeprefix('sha256:')[:12]}")
        try:
            self.flow_run = self._begun(flow_run, run, plan, tags)
        except Exception as error:
            self._api.close()
            raise SurroundingsError(f"the Prefect server at {self._api.url} did not take the run: {error}") from error
        self._runs = TaskRuns(self.flow_run, TaskGraph(plan))
        self._thread = threading.Thread(target=self._pass_on, name="prefect-mirror", daemon=True)
        self._thread.start()

    def _begun(self, flow_run: UUID | None, run: str, plan: Plan, tags: Sequence[str]) -> UUID:
        if flow_run is not None:
            self._api.name_flow_run(flow_run, run, tags)
        else:
            flow_run = self._api.flow_run(self._api.flow(plan.melody), run, tags)
            self._api.set_state(flow_run, {"type": "RUNNING", "name": "Running"})
        text = f"Run `{run}` of the melody `{plan.melody}`.\n\n`symphony show {run}` tells all of it, `symphony why {run} TASK`"
        self._api.note(flow_run, "symphony-run", f"{text} why a task ran or did not.\n")
        return flow_run

    def told(self, event: Event) -> None:
        """Something happened."""
        if event.kind is EventKind.RUN_ENDED:
            self._state = str((event.data or {}).get("state", self._state))
        self._events.put(event)

    def check(self) -> None:
        """Raise what keeps the mirror from going on."""
        if self._failure is not None:
            raise self._failure

    def close(self, *, recorded_s: float = 0.0) -> None:
        """Pass on the rest, and end the flow run.

        Args:
            recorded_s: the server records task runs a little later; how long to wait without a new one. 0: not at all.
        """
        self._events.put(None)
        self._thread.join()
        try:
            if self._is_ours and self._failure is None:
                type, name = _ENDS_OF_RUNS[self._state]
                self._api.set_state(self.flow_run, {"type": type, "name": name, "message": f"the run {self._state}"})
            if recorded_s and self._failure is None:
                self._await_records(recorded_s)
        except Exception as error:  # noqa: BLE001  the run itself has ended; it is only shown less well
            self._failure = self._failure or error
        finally:
            self._api.close()
        if self._failure is not None:
            _LOG.warning("Prefect does not show all of the run: %s", self._failure)

    def _await_records(self, patience_s: float) -> None:
        known, since = -1, time.monotonic()
        while known < self._runs.ended and time.monotonic() - since < patience_s:
            time.sleep(_GATHER_S)
            found = self._api.ended_task_runs(self.flow_run)
            if found > known:
                known, since = found, time.monotonic()

    # passing on --------------------------------------------------------------------------------------------------

    def _pass_on(self) -> None:
        try:
            with self._api.without_retries():
                more = True
                while more:
                    events, more = self._gathered()
                    self._look()
                    self._pass_on_all(events)
        except BaseException as error:  # noqa: BLE001  told to whoever asks for news
            self._failure = error

    def _pass_on_all(self, events: Sequence[Event]) -> None:
        documents = [document for event in events for document in self._runs.events_of(event)]
        lines = [self._runs.log_line(event) for event in events if event.kind is EventKind.LOG]
        for at in range(0, len(documents), _BATCH):
            self._sent(self._api.send_events, documents[at : at + _BATCH])
        for at in range(0, len(lines), _BATCH):
            self._sent(self._api.send_logs, lines[at : at + _BATCH])

    def _gathered(self) -> tuple[list[Event], bool]:
        """What happened since; whether more will come."""
        events: list[Event] = []
        try:
            first = self._events.get(timeout=_LOOK_S)
        except queue.Empty:
            return events, True
        time.sleep(0.0 if first is None else _GATHER_S)
        while first is not None:
            events.append(first)
            if self._events.empty():
                return events, True
            first = self._events.get()
        return events, False

    def _look(self) -> None:
        """See whether the flow run was cancelled in Prefect. A server that does not answer is met when events are sent."""
        if self._is_cancelled or time.monotonic() - self._looked_at < _LOOK_S:
            return
        self._looked_at = time.monotonic()
        with contextlib.suppress(Exception):
            self._is_cancelled = self._api.state_of(self.flow_run) in ("CANCELLING", "CANCELLED")
        if self._is_cancelled:
            self._cancel()

    def _sent(self, send: Callable[[Sequence[Any]], None], documents: list[Any]) -> None:
        """Send, again where the server does not answer for a while."""
        deadline, wait_s = time.monotonic() + PATIENCE_S, 0.1
        while True:
            try:
                send(documents)
                return
            except Exception as error:
                if time.monotonic() + wait_s > deadline:
                    message = f"the Prefect server at {self._api.url} does not answer any more: {error}"
                    raise SurroundingsError(message) from error
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)
