"""The supervisor: one thread that gives calls to processes, listens to them, and ends them when it must."""

from __future__ import annotations

import contextlib
import selectors
import shutil
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symphony.ipc.framing import frame
from symphony.model.frozen import EMPTY
from symphony.runtime.processes import outcomes
from symphony.runtime.processes.batches import AHEAD_BELOW_S, Batches
from symphony.runtime.processes.channel import Channel
from symphony.runtime.processes.hands import Flight, Hand, Output, WorkerHand, tell
from symphony.runtime.processes.link import Link
from symphony.runtime.processes.orders import Ended, Outcome, ShellBody
from symphony.runtime.processes.starting import Terms, start_command, start_worker

_MOST_LOSSES = 5
_LAST_S = 5.0


class Supervisor:
    """Owns the nursery, the processes and the queue. Everything but `wake` belongs to the thread that runs `run`."""

    def __init__(self, terms: Terms) -> None:
        self._terms, self._modules = terms, terms.modules
        self._orders: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._awake = False
        self._queue: deque[Flight] = deque()
        self._hands: dict[int, Hand] = {}
        self._idle: list[WorkerHand] = []
        self._writing: set[Channel] = set()
        self._deaths: dict[int, int] = {}
        self._batches = Batches(terms.slots)
        self._numbers = self._losses = self._wanted = 0
        self._untold: list[tuple[Flight, Outcome]] = []
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake, selectors.EVENT_READ, self._hear_orders)
        self._link = self._new_link()

    @property
    def nursery(self) -> int:
        """The pid of the nursery."""
        return self._link.pid

    def order(self, action: Callable[..., None], *given: Any) -> None:
        """Have the supervising thread do something. May be called from any thread."""
        self._orders.append((action, given))
        if not self._awake:
            self._awake = True
            with contextlib.suppress(OSError):  # full: it wakes anyway; closed: nobody is there to wake
                self._woken.send(b"\0")

    def run(self) -> None:
        """Supervise until `close` was ordered and everything is gone."""
        try:
            self._supervise()
        finally:
            self._unlink(_LAST_S + self._terms.grace_s)  # the nursery kills what is left
            for hand in list(self._hands.values()):
                self._lose(hand)
            self._give_up()
            self._tell_ends()
            self._selector.close()
            for end in (self._wake, self._woken):
                end.close()

    def _supervise(self) -> None:
        last = float("inf")
        while not self._closing or self._hands or self._orders:
            for key, events in self._selector.select(self._wait_s()):
                if events & selectors.EVENT_WRITE:
                    key.fileobj.flush()  # type: ignore[union-attr]  # only channels wait to write
                if events & selectors.EVENT_READ and self._selector.get_map().get(key.fd) == key:
                    key.data()
            self._end_late_calls()
            self._take_back()
            self._dispatch()
            self._watch_writing()
            self._tell_ends()
            if self._closing:
                last = min(last, time.monotonic() + self._terms.grace_s + _LAST_S)
                if time.monotonic() > last:
                    return

    def _wait_s(self) -> float | None:
        if self._closing:
            return 0.05
        dues = [h.flights[0].deadline for h in self._hands.values() if h.flights and h.ending is None]
        dues += [hand.flights[0].began + AHEAD_BELOW_S for hand in self._held_up()]
        due = min((d for d in dues if d is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _hear_orders(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)
        self._awake = False
        while self._orders:
            action, given = self._orders.popleft()
            action(*given)

    def _watch_writing(self) -> None:
        """Have the selector wait for a channel to take more exactly as long as something waits for it."""
        for channel in (self._link.channel, *(h.channel for h in self._hands.values() if isinstance(h, WorkerHand))):
            if channel.wants_to_write is not (channel in self._writing) and not channel.closed:
                self._writing ^= {channel}
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if channel.wants_to_write else 0)
                self._selector.modify(channel, events, self._selector.get_key(channel).data)

    # orders -----------------------------------------------------------------------------------------------------------

    def warm(self, count: int) -> None:
        """Have at least so many workers, within the slots."""
        self._wanted = min(count, self._terms.slots)

    def take(self, flight: Flight) -> None:
        """Put a call at the end of the queue."""
        if self._closing:
            self._tell(flight, Outcome(Ended.CANCELLED))
        else:
            self._queue.append(flight)

    def cancel(self, id: int | None) -> None:
        """End one call, or all."""
        dropped = [f for f in self._queue if id is None or f.call.id == id]
        if dropped:
            self._queue = deque(f for f in self._queue if f not in dropped) if id is not None else deque()
        for flight in dropped:
            self._tell(flight, Outcome(Ended.CANCELLED))
        for hand in list(self._hands.values()):
            for flight in hand.flights:
                flight.unwanted = flight.unwanted or id is None or flight.call.id == id
            self._end_unwanted(hand)

    def close(self) -> None:
        """End everything; `run` returns then."""
        self._closing = True
        self.cancel(None)
        for hand in list(self._hands.values()):
            if hand.ending is None:
                self._end(hand, Ended.CANCELLED, 0.0)

    def _end_unwanted(self, hand: Hand) -> None:
        if hand.flights and hand.flights[0].unwanted and hand.ending is None:
            self._end(hand, Ended.CANCELLED, self._terms.grace_s)

    def _end_late_calls(self) -> None:
        now = time.monotonic()
        for hand in list(self._hands.values()):
            if hand.ending is None and hand.flights:
                due = hand.flights[0].deadline
                if due is not None and now >= due:
                    self._end(hand, Ended.TIMED_OUT, self._terms.grace_s)

    def _end(self, hand: Hand, why: Ended, grace_s: float) -> None:
        hand.ending, hand.target = why, hand.flights[0] if hand.flights else None
        if hand in self._idle:
            self._idle = [w for w in self._idle if w is not hand]
        if not hand.dead:
            self._link.say("end", hand.id, grace_s)

    # giving out calls -------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        if self._closing or not (self._queue or self._wanted):
            return
        taken = sum(1 for h in self._hands.values() if h.flights or h.ending is not None or h.dead)
        while self._queue and taken < self._terms.slots:
            body = self._queue[0].call.body
            if isinstance(body, ShellBody):
                self._spawn(self._queue.popleft(), body)
            elif self._idle:
                self._give(self._idle.pop())
            else:
                break
            taken += 1
        if self._queue and self._queue[0].ahead:
            for hand in self._hands.values():
                if (
                    isinstance(hand, WorkerHand)
                    and hand.ending is None
                    and self._batches.may_add(hand.flights, self._queue)
                ):
                    self._give(hand)
        if taken < self._terms.slots or self._wanted:
            self._grow(self._terms.slots - taken)

    def _held_up(self) -> list[WorkerHand]:
        """The workers with calls behind the one that runs, while others have nothing to do."""
        if not self._idle or self._queue:
            return []
        workers = [h for h in self._hands.values() if isinstance(h, WorkerHand)]
        return [w for w in workers if len(w.flights) > 1 and w.ending is None and not w.dead]

    def _take_back(self) -> None:
        """No call waits behind one that turns out to be long while another worker is free."""
        for worker in self._held_up():
            if time.monotonic() - worker.flights[0].began >= AHEAD_BELOW_S:
                self._hear_worker(worker)  # it may have ended by now
                behind = [flight.call.id for flight in list(worker.flights)[1:]]
                if behind and worker.ending is None:
                    worker.channel.send(frame(["back", behind]))
                    self._requeue(worker, keep=1)

    def _give(self, worker: WorkerHand) -> None:
        given = self._batches.cut(self._queue, len(worker.flights))
        first = not worker.flights
        worker.flights += given
        worker.channel.send(b"".join(f.frame for f in given))
        if first:
            given[0].begin(worker.name)

    def _grow(self, free: int) -> None:
        """Fork as many workers as the queue has use for, and as were asked for ahead of need."""
        workers = [h for h in self._hands.values() if isinstance(h, WorkerHand) and h.ending is None and not h.dead]
        free_ones = sum(1 for w in workers if not w.flights)
        useful = min(len(self._queue), free) - free_ones
        for _ in range(max(useful, self._wanted - len(workers))):
            self._fork()
        self._wanted = 0

    def _fork(self) -> None:
        hand = start_worker(self._link, self._terms, self._number())
        self._hands[hand.id] = hand
        self._selector.register(hand.channel, selectors.EVENT_READ, lambda: self._hear_worker(hand))
        for output in hand.outputs:
            self._selector.register(output, selectors.EVENT_READ, lambda: self._hear_output(hand))

    def _spawn(self, flight: Flight, body: ShellBody) -> None:
        hand = start_command(self._link, self._number(), body)
        hand.flights.append(flight)
        self._hands[hand.id] = hand

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    # listening to workers ---------------------------------------------------------------------------------------------

    def _hear_output(self, hand: WorkerHand) -> None:
        self._hear_worker(hand)  # answers that were sent before these lines come first
        hand.pass_output_on()
        for output in hand.outputs:
            if output.closed:
                self._unregister(output)

    def _hear_worker(self, hand: WorkerHand) -> None:
        for message in hand.channel.receive():
            kind = message[0]
            if kind == "log":
                if hand.flights:
                    hand.flights[0].log(*message[1:])
            elif kind == "progress":
                if hand.flights:
                    tell(hand.flights[0].call.progressed, message[1], message[2])
            elif kind == "ready":
                self._ready(hand)
            else:
                self._answered(hand, kind, message)
        if hand.channel.closed:
            self._unregister(hand.channel)
            if not hand.dead and hand.ending is None:
                self._link.say("end", hand.id, 0.0)  # it is dying, or has broken its channel: it is of no use any more

    def _ready(self, hand: WorkerHand) -> None:
        hand.ready, self._losses = True, 0
        if hand.ending is None:
            self._idle.append(hand)

    def _answered(self, hand: WorkerHand, kind: str, message: Sequence[Any]) -> None:
        if not hand.flights or hand.flights[0].call.id != message[1]:
            return
        if kind == "stopped":
            hand.stopped, hand.cost = True, message[3]
            return
        if len(hand.flights) == 1:
            hand.pass_output_on(last=True)
        flight = hand.flights.popleft()
        cost = message[-1]
        self._batches.learn(flight, cost["wall_s"])
        outcome = outcomes.done(message[3], cost) if kind == "done" else outcomes.failed(message[3], message[4], cost)
        if hand.ending is None and hand.flights:
            hand.flights[0].begin(hand.name)
            self._end_unwanted(hand)
        elif hand.ending is None:
            self._idle.append(hand)
        self._tell(flight, outcome)

    def _unregister(self, source: Channel | Output) -> None:
        self._writing.discard(source)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(source)

    # listening to the nursery -----------------------------------------------------------------------------------------

    def _new_link(self) -> Link:
        terms = self._terms
        link = Link(
            terms.environment, terms.path, self._modules, fork=terms.fork, folders=(terms.spool, terms.workdirs)
        )
        self._selector.register(link.channel, selectors.EVENT_READ, self._hear_nursery)
        return link

    def _unlink(self, wait_s: float) -> None:
        self._unregister(self._link.channel)
        self._link.close(wait_s)

    def _hear_nursery(self) -> None:
        for message in self._link.channel.receive():
            kind, *rest = message
            if kind == "threads":
                self._modules = ()  # what is imported ahead starts threads: from now on each worker imports for itself
            elif kind == "born":
                self._born(*rest)
            elif kind == "gone":
                self._gone(*rest)
            elif kind == "clear" and rest[0] in self._hands:
                self._cleared(self._hands[rest[0]])
        if self._link.channel.closed:
            self._nursery_lost()

    def _born(self, id: int, pid: int) -> None:
        hand = self._hands.get(id)
        if hand is not None:
            hand.pid = pid
            if not isinstance(hand, WorkerHand):  # a worker's calls begin when they are sent to it
                hand.flights[0].begin(hand.name)

    def _gone(self, id: int, status: int, peak: float, cpu: float) -> None:
        hand = self._hands.get(id)
        if hand is None:
            return
        hand.peak, hand.cpu = peak, cpu
        if isinstance(hand, WorkerHand):
            self._hear_worker(hand)
            hand.pass_output_on(last=True)
            self._idle = [w for w in self._idle if w is not hand]
        hand.dead = True
        if hand.flights and hand.flights[0] is not hand.target:
            self._root_died(hand, status)
        elif isinstance(hand, WorkerHand) and not hand.ready and hand.ending is None:
            self._stillborn(hand, status)

    def _root_died(self, hand: Hand, status: int) -> None:
        """A process has ended with a call that nobody had ended."""
        if not isinstance(hand, WorkerHand) and status >= 0:
            flight = hand.flights.popleft()
            self._tell(flight, outcomes.left(status, self._cost(hand, flight)))
        elif hand.ending is None:
            flight = hand.flights.popleft()
            self._died(hand, flight, -signal.SIGTERM if hand.stopped else status)
        self._requeue(hand)

    def _stillborn(self, hand: WorkerHand, status: int) -> None:
        """A worker died before it took calls. The call that it was for has to answer for it, or nobody would ever know."""
        flight = next((f for f in self._queue if not isinstance(f.call.body, ShellBody)), None)
        if flight is not None:
            self._queue.remove(flight)
            flight.began = time.monotonic()
            for line in hand.last_words:
                flight.log(time.time(), "error", line, "stderr")
            self._died(hand, flight, status)

    def _cleared(self, hand: Hand) -> None:
        """Nothing of a tree is left: its slot is free."""
        if hand.flights and hand.flights[0] is hand.target and hand.ending is not None:
            flight = hand.flights.popleft()
            self._tell(flight, outcomes.stopped(hand.ending, flight, self._cost(hand, flight)))
        self._requeue(hand)
        self._forget(hand)

    def _forget(self, hand: Hand) -> None:
        self._hands.pop(hand.id, None)
        if isinstance(hand, WorkerHand):
            self._unregister(hand.channel)
            for output in hand.outputs:
                self._unregister(output)
            hand.close()
            shutil.rmtree(self._terms.workdir(hand), ignore_errors=True)

    def _requeue(self, hand: Hand, *, keep: int = 0) -> None:
        """Calls that waited behind the one that ran go back to the front of the queue."""
        while len(hand.flights) > keep:
            flight = hand.flights.pop()
            if flight.unwanted or self._closing:
                self._tell(flight, Outcome(Ended.CANCELLED))
            else:
                self._queue.appendleft(flight)

    def _nursery_lost(self) -> None:
        """The nursery is dead, or asked to be started anew: so is everything below it. Start another one."""
        self._unlink(0.0 if self._hands else _LAST_S)
        self._losses += 1
        for hand in list(self._hands.values()):
            self._lose(hand)
        if self._losses >= _MOST_LOSSES:
            self._give_up()
        self._link = self._new_link()

    def _give_up(self) -> None:
        """Calls that wait can be run by nobody."""
        queue, self._queue = self._queue, deque()
        for flight in queue:
            flight.began = time.monotonic()
            self._died(Hand(0), flight, None)

    def _lose(self, hand: Hand) -> None:
        if isinstance(hand, WorkerHand):
            self._hear_worker(hand)
            hand.pass_output_on(last=True)
            self._idle = [w for w in self._idle if w is not hand]
        hand.dead = True
        if hand.flights and hand.ending is None:
            self._died(hand, hand.flights.popleft(), None)
        self._cleared(hand)

    # telling ----------------------------------------------------------------------------------------------------------

    def _died(self, hand: Hand, flight: Flight, status: int | None) -> None:
        id = flight.call.id
        self._deaths[id] = deaths = self._deaths.get(id, 0) + 1
        self._tell(flight, outcomes.died(hand, flight, status, deaths, self._cost(hand, flight)))

    def _cost(self, hand: Hand, flight: Flight) -> Mapping[str, float]:
        if hand.cost:
            return hand.cost
        cost = {"wall_s": time.monotonic() - flight.began}
        if hand.dead and hand.peak:
            cost["peak_memory_bytes"] = hand.peak
            if not isinstance(hand, WorkerHand):  # a worker's time is that of all its calls
                cost["cpu_s"] = hand.cpu
        return cost or EMPTY

    def _tell(self, flight: Flight, outcome: Outcome) -> None:
        if outcome.how is not Ended.DIED:
            self._deaths.pop(flight.call.id, None)
        self._untold.append((flight, outcome))

    def _tell_ends(self) -> None:
        """Tell how calls ended, last of all: whoever is woken by it must not get in the way of the next call."""
        untold, self._untold = self._untold, []
        for flight, outcome in untold:
            tell(flight.call.ended, outcome)
