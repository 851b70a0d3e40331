"""Hands the calls of a run over to an executor that makes them elsewhere, and takes in what it tells of them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from symphony.errors import DamagedArtifactError, InternalError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.event import EventKind
from symphony.runtime import schedule as sc
from symphony.runtime.call import Commit, Prepared
from symphony.runtime.call_errors import OutcomeError, StoppedError, WorkerDiedError
from symphony.runtime.call_info import CallInfo
from symphony.runtime.contract import RemoteExecutor
from symphony.runtime.network import Frame
from symphony.runtime.remote import remote_call as rc
from symphony.runtime.remote.ahead import Ahead
from symphony.runtime.remote.binding import Binding, NotYetError
from symphony.runtime.remote.done import LOADERS
from symphony.runtime.remote.forms import Packing
from symphony.runtime.remote.parting import Parting
from symphony.runtime.remote.remote_call import News, RemoteCall
from symphony.runtime.remote.sheet import Form, RunSheet
from symphony.runtime.steps import Step
from symphony.runtime.values import Held
from symphony.store.encoded import Encoded
from symphony.store.records import KeyEntry

if TYPE_CHECKING:
    from symphony.runtime.engine import Engine

LISTEN_S = 0.25
"""How long the executor is asked for news at a time."""
_DIED = "WorkerDiedError"


class HandOver:
    """The calls of one engine on an executor that is not of its process. Thread-safe.

    What is ready is looked up, and handed over where nothing is stored; with it go the calls behind it whose shape is
    known, so that nobody waits for the engine between two of them. The engine follows by the news: a call counts as
    started, and ended, when that is told, in the order of the plan.

    Args:
        engine: whose calls they are.
        executor: makes them; opened with the first of them.
        sheet: gives what workers must know of the run.
        packing: makes forms of the values that the engine holds; closed with this.
    """

    def __init__(self, engine: Engine, executor: RemoteExecutor, sheet: RunSheet, packing: Packing) -> None:
        self._engine, self._executor, self._sheet = engine, executor, sheet
        self._handed: dict[int, str] = {}
        self._running_as: dict[int, str] = {}
        self._nodes: dict[str, int] = {}
        self._early: dict[int, list[News]] = {}
        self._attempts: dict[int, int] = {}
        self._forgotten: list[str] = []
        self._parting = Parting(engine)
        self._healed: set[int] = set()
        calls = engine.calls
        self._packing = packing
        self._binding = Binding(engine.net, packing, self._handed)
        self._ahead = Ahead(engine.net, self._handed, self._may_go_ahead)
        self._outbox: queue.SimpleQueue[RemoteCall | str | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._opened = self._closed = False
        engine.net.dropped = self._dropped
        LOADERS[sheet.run] = lambda artifact: calls.store.get(artifact, anchors=calls.anchors)

    # handing over ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the executor now, not with the first call: it shows also a run of which nothing is handed over.

        Raises:
            SurroundingsError: it cannot be reached.
        """
        self._executor.open(self._sheet)
        self._opened = True

    def knows(self, node: int) -> bool:
        """Whether a call was handed over and has not ended."""
        return node in self._running_as

    def catch_up(self, node: int) -> list[int]:
        """A call that went ahead is ready now: take in what was told of it meanwhile."""
        with self._engine.lock:
            told = self._early.pop(node, [])
        return [ready for news in told for ready in self._taken(node, news)]

    def hand_over(self, node: int, step: Step, prepared: Prepared, info: CallInfo) -> list[int]:
        """Hand a ready call over, and those behind it that can go ahead."""
        engine = self._engine
        with engine.lock:
            if engine.tracker.stopping or engine.schedule.state[node] not in (sc.READY, sc.RETRYING):
                return []
            if info.key is not None and not engine.tracker.first_with(info.key, node):
                return []
            if step.demands and not engine.tracker.admit(node, engine.now()):
                engine.tracker.no_longer_in_flight(info.key)
                return []
        try:
            self._send(node, prepared.key)
        except NotYetError as error:
            raise InternalError(f"{engine.net.path(node)} is ready, but a source of it is not known") from error
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  an argument may be such that it cannot travel
            return engine.failed(node, error)
        self._send_behind([node])
        return []

    def _send_behind(self, nodes: list[int]) -> None:
        while nodes:
            behind = list(self._ahead.behind(nodes.pop()))
            for node in sorted(behind, key=lambda node: -self._engine.net.steps[node].task.priority):
                try:
                    self._send(node, None)
                except Exception:  # noqa: BLE001  it is bound again when it is ready, and says then what is wrong
                    continue
                nodes.append(node)

    def _may_go_ahead(self, step: Step, node: int) -> bool:
        engine = self._engine
        if step.demands or engine.tracker.stopping:
            return False
        selected, net = engine.settings.selected, engine.net
        if selected is not None and net.frames[node] is net.root and step.id not in selected:
            return False
        return not engine.recorded or (net.task_path(node), net.indexes[node]) not in engine.recorded

    def _send(self, node: int, key: str | None) -> None:
        engine, net = self._engine, self._engine.net
        sources, needed = self._binding.bind(node)
        with engine.lock:
            if node in self._running_as:
                return
            number = self._attempts[node] = self._attempts.get(node, 0) + 1
            call = self._call(node, number, sources, needed, key)
            self._handed[node] = self._running_as[node] = call.id
            self._nodes[call.id] = node
        if net.steps[node].is_effect and engine.teller.writes:
            engine.calls.store.flush()  # an effect never precedes its cause
        self._have_threads()
        self._outbox.put(call)

    def _call(
        self, node: int, number: int, sources: dict[str, Form], needed: list[str], key: str | None
    ) -> RemoteCall:  # fmt: skip
        engine, net = self._engine, self._engine.net
        step, path = net.steps[node], net.path(node)
        after = dict.fromkeys(needed)
        if net.indexes[node] < 0:
            after |= dict.fromkeys(self._order_of(step, net.frames[node]))
        forced = step.id in engine.settings.forced
        return RemoteCall(
            f"{path}#{number}", engine.settings.run, path, net.task_path(node), net.indexes[node],
            engine.info_of(node).attempts + 1, (*_ids(net.frames[node]), step.id), sources, tuple(after),
            key, forced, step.task.priority, step.asked, (step.pin.name if step.pin is not None else "run",),
        )  # fmt: skip

    def _order_of(self, step: Step, frame: Frame) -> Iterable[str]:
        """The calls that a task waits for without reading what they give, as far as they are under way."""
        for id in step.edges:
            node = frame.nodes[id]
            if node in self._running_as:
                yield self._running_as[node]
            for child in self._engine.net.schedule.children.get(node, ()):
                if child in self._running_as:
                    yield self._running_as[child]

    # the executor ------------------------------------------------------------------------------------------------

    def _have_threads(self) -> None:
        with self._engine.lock:
            if self._threads or self._closed:
                return
            self._threads = [
                threading.Thread(target=body, name=f"symphony-{name}", daemon=True)
                for name, body in (("sender", self._sending), ("listener", self._listening))
            ]
            self._threads[0].start()

    def _sending(self) -> None:
        try:
            if not self._opened:
                self._executor.open(self._sheet)
            self._threads[1].start()
            while (first := self._outbox.get()) is not None:
                batch = [first]
                while not self._outbox.empty():
                    following = self._outbox.get()
                    if following is None:
                        return
                    batch.append(following)
                if calls := [call for call in batch if isinstance(call, RemoteCall)]:
                    self._executor.submit(calls)
                if unwanted := [call for call in batch if isinstance(call, str)]:
                    self._executor.cancel(unwanted)
                    self._parting.told(unwanted)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            self._engine.break_off(error)

    def _listening(self) -> None:
        try:
            while not self._closed:
                for news in self._executor.news(LISTEN_S):
                    self._heard(news)
        except BaseException as error:  # noqa: BLE001  handed to whoever waits for the run
            if not self._closed:
                self._engine.break_off(error)

    def cancel(self) -> None:
        """End everything that runs."""
        with self._engine.lock:
            calls = [*self._running_as.values(), *self._forgotten]
        if self._threads:
            self._executor.cancel(calls)
        self._parting.told(self._forgotten)

    def forget(self, node: int) -> None:
        """A call was cancelled here before it began: it must not begin there either."""
        call = self._running_as.pop(node, None)
        if call is not None:
            self._handed.pop(node, None)
            self._parting.forgotten(node, call, self._early.pop(node, []))
            if self._engine.stop.is_set():
                self._forgotten.append(call)  # `cancel` names it with all others
            else:
                self._outbox.put(call)  # behind the call itself, and not while the engine's lock is held

    def left_behind(self, grace_s: float) -> list[str]:
        """The calls that were cancelled here but had begun there, and do not end within the grace period, by path."""
        return self._parting.left_behind(grace_s)

    def settle(self, held: Iterable[Held | None]) -> None:
        """Take over values that only the executor has, before it ends."""
        for value in held:
            if value is not None and not value.secret and value.artifact is None:
                value.value  # noqa: B018  loading is what takes it over

    def close(self) -> None:
        """Nothing more is handed over."""
        self._closed = True
        self._outbox.put(None)
        if self._threads:
            self._threads[0].join(LISTEN_S * 4)
        LOADERS.pop(self._sheet.run, None)
        self._packing.close()

    def _dropped(self, node: int) -> None:
        """Nobody needs the values of a call any more."""
        call = self._handed.pop(node, None)
        if call is not None and node not in self._running_as:
            self._nodes.pop(call, None)
            self._executor.release([call])

    # news --------------------------------------------------------------------------------------------------------

    def _heard(self, news: News) -> None:
        engine = self._engine
        if news["what"] == "log":
            engine.teller.log(dict(news["line"]))
            return
        node = self._nodes.get(news["call"])
        with engine.lock:
            if node is None or self._running_as.get(node) != news["call"]:
                self._parting.heard(news)
                return  # of an attempt that is over
            if engine.schedule.state[node] == sc.PENDING and news.get("how") not in (rc.BLOCKED, rc.LOST):
                self._early.setdefault(node, []).append(news)
                return
            early = self._early.pop(node, [])
        for told in (*early, news):
            engine.queue.offer(self._taken(node, told))

    def _taken(self, node: int, news: News) -> list[int]:
        what = news["what"]
        if what == "started":
            self._started(node, news)
        elif what == "progress":
            data = {"done": news["done"], "total": news["total"]}
            self._engine.teller.event(EventKind.TASK_PROGRESS, self._engine.net.path(node), data)
        elif what == "ended":
            return self._ended(node, news)
        return []

    def _started(self, node: int, news: News) -> bool:
        """Take note that a call has started; False where it must not count any more."""
        engine, info = self._engine, self._engine.info_of(node)
        with engine.lock:
            if node in engine.tracker.running:
                return True
            waited = engine.tracker.start(node, engine.now())
            if waited is None:
                return False
        begun = news.get("at") or news.get("started_at") or time.time()
        info.attempts += 1
        info.waited_s, info.worker, info.started_at = waited, str(news.get("worker", "")), begun
        info.first_started = engine.now() if info.first_started is None else info.first_started
        data = {"attempt": info.attempts, "worker": info.worker}
        engine.teller.event(EventKind.TASK_STARTED, engine.net.path(node), data)
        return True

    def _ended(self, node: int, news: News) -> list[int]:
        engine, info, how = self._engine, self._engine.info_of(node), news["how"]
        with engine.lock:
            call = self._running_as.pop(node, None)
            if how not in (rc.SUCCEEDED, rc.CACHED):
                self._handed.pop(node, None)
                self._nodes.pop(news["call"], None)
        if call is None:
            return []
        if how == rc.BLOCKED:
            return [node] if engine.schedule.state[node] == sc.READY else []
        if how == rc.CACHED:
            self._take_key(info, news)
            engine.net.put(node, self._values(news), _artifacts(news))
            return engine.end(node, sc.CACHED)
        if not self._started(node, news):
            return []
        info.ended_at = news.get("ended_at")
        info.measures = dict(news.get("measures") or {}) or None
        if how == rc.SUCCEEDED:
            return self._succeeded(node, info, news)
        return self._failed(node, info, news)

    def _succeeded(self, node: int, info: CallInfo, news: News) -> list[int]:
        engine = self._engine
        self._take_key(info, news)
        # what is not recorded stays with the worker: the store here knows nothing of it
        artifacts = _artifacts(news) if engine.calls.recorded else {}
        if engine.calls.recorded:
            rows = [Encoded(Artifact.from_document(a), data, refers=refers) for a, data, refers in news["rows"]]
            if news.get("shared") and engine.calls.store.shared is not None:
                engine.calls.store.shared.note_there(row.artifact.digest for row in rows)
            forced = engine.net.steps[node].id in engine.settings.forced or engine.calls.no_cache
            entry = KeyEntry(artifacts, engine.settings.run, engine.net.path(node), info.parts)
            info.commit = Commit(rows, () if info.key is None else ((info.key, entry, forced),))
        engine.net.put(node, self._values(news), artifacts)
        if engine.calls.recorded and engine.net.steps[node].is_effect:  # what follows reads the store
            self._executor.release([news["call"]])  # else a lost worker would make the effect happen again
        return engine.end(node, sc.SUCCEEDED, info.ended_at)

    def _take_key(self, info: CallInfo, news: News) -> None:
        if info.key is None:
            info.key = news.get("key")
            info.parts = {name: (part[0], part[1]) for name, part in (news.get("parts") or {}).items()}

    def _values(self, news: News) -> dict[str, Any]:
        """Outputs that the store does not have: small ones were told, the others are fetched when asked for."""
        if self._engine.calls.recorded:
            return {}
        told, call = news.get("values") or {}, news["call"]
        ports = self._engine.net.steps[self._nodes[call]].types.outputs
        return {port: told[port] if port in told else self._fetched(call, port) for port in ports}

    def _fetched(self, call: str, port: str) -> Held:
        return Held(load=lambda: self._executor.fetch(call).held(port).value)

    def _failed(self, node: int, info: CallInfo, news: News) -> list[int]:
        engine, how = self._engine, news["how"]
        if how == rc.CANCELLED:
            return engine.failed(node, StoppedError("the run was cancelled"))
        document = dict(news.get("error") or {"type": _DIED, "message": "the worker was lost", "traceback": ""})
        if how == rc.LOST:
            return engine.failed(node, WorkerDiedError(document, (_DIED,)), retry=False)
        types = tuple(news.get("error_types") or ())
        if types[:1] == (DamagedArtifactError.__name__,):
            return self._damaged(node, info, OutcomeError(document, types))
        if news.get("surroundings"):
            raise StoreError(document.get("message", ""))
        return engine.failed(node, OutcomeError(document, types), retry=_DIED not in types)

    def _damaged(self, node: int, info: CallInfo, error: OutcomeError) -> list[int]:
        """A worker found an input damaged: load all here, which makes what is damaged once more, and try again."""
        engine = self._engine
        if node in self._healed:
            return engine.failed(node, error, retry=False)
        self._healed.add(node)
        try:
            for held in engine.net.inputs(node).values():
                held.value  # noqa: B018  loading is what heals
        except DamagedArtifactError as still:
            return engine.failed(node, still)
        info.attempts -= 1
        with engine.lock:
            engine.tracker.no_longer_in_flight(info.key)
            if not engine.tracker.stopping:
                engine.tracker.put_back(node, time.monotonic())
                engine.tell_changed()
                engine.queue.wake(1)
                return []
        return engine.failed(node, StoppedError("the run was cancelled"))


def _artifacts(news: News) -> dict[str, Artifact]:
    return {port: Artifact.from_document(document) for port, document in (news.get("outputs") or {}).items()}


def _ids(frame: Frame) -> tuple[str, ...]:
    """The ids of the tasks that lead to a frame: ``child[3].inner[0].`` gives ``child``, ``inner``."""
    return tuple(part.partition("[")[0] for part in frame.prefix.split(".") if part)
