"""The way from the fast road to the run loop: what was made is taken over, what is being made goes on, failures are told."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from symphony.runtime import schedule as sc
from symphony.runtime.fast_road import Before, Begun, Done, Failed

if TYPE_CHECKING:
    from symphony.runtime.engine import Engine


class Takeover:
    """Takes over a run that the fast road has begun. Each call is taken over exactly once.

    Args:
        engine: goes on with it.
        before: what the fast road has made, and what it is still making.
    """

    def __init__(self, engine: Engine, before: Before) -> None:
        self._engine, self._before = engine, before

    def taken_over(self, ready: list[int]) -> list[int]:
        """Take over what the fast road has made, then what it is making, then what failed there; returns what is ready."""
        before, left = self._before, list[int]()
        done, failed = before.done, before.failed
        waiting = deque(ready)
        while waiting:
            node = waiting.popleft()
            if node in done:
                waiting.extend(self._take_over(node, done[node]))
            else:
                left.append(node)
        for begun in before.begun.values():
            self._go_on_with(begun)
        for node in [n for n in left if n in failed]:
            left += self._take_failure(node, failed[node])
        return [n for n in left if self._engine.schedule.state[n] == sc.READY]

    def take_end_on_this_thread(self) -> None:
        """Take over how the call ended that this thread had begun on the fast road, if there is one."""
        engine, begun = self._engine, self._before.begun.pop(threading.get_ident(), None)
        if begun is None:
            return
        end = self._before.end_of(begun.node)
        with engine.lock:
            if engine.schedule.state[begun.node] != sc.RUNNING:
                return  # abandoned meanwhile
            if isinstance(end, Done):
                ready = self._take_over(begun.node, end)
            elif end is not None:
                ready = self._take_failure(begun.node, end)
            else:
                ready = self._put_back(begun.node)
        engine.queue.offer(ready)

    def _take_over(self, node: int, done: Done) -> list[int]:
        """Go on from what the fast road has made."""
        info = self._engine.info_of(node)
        info.key, info.told = done.key, done.told
        info.attempts, info.started_at = (1, done.started_at) if done.state == sc.SUCCEEDED else (0, None)
        info.worker, info.waited_s, info.measures, info.commit = done.worker, done.waited_s, done.measures, done.commit
        self._engine.net.put(node, done.values, done.artifacts)
        return self._engine.end(node, done.state, done.ended_at)

    def _take_failure(self, node: int, failed: Failed) -> list[int]:
        """Go on from what has failed on the fast road."""
        info = self._engine.info_of(node)
        info.attempts, info.key, info.started_at, info.worker = 1, failed.key, failed.started_at, failed.worker
        return self._engine.failed(node, failed.error)

    def _go_on_with(self, begun: Begun) -> None:
        """A call that the fast road has begun counts as started here; its thread tells how it ended."""
        info, now = self._engine.info_of(begun.node), self._engine.now()
        info.attempts, info.key, info.worker, info.told = 1, begun.key, begun.worker, begun.told
        info.started_at, info.first_started = begun.started_at or now + self._engine.clock_offset_s, now
        with self._engine.lock:
            self._engine.tracker.first_with(begun.key, begun.node)
            self._engine.tracker.start(begun.node, now)

    def _put_back(self, node: int) -> list[int]:
        """A call that counts as started was not made after all; returns the nodes that may be taken now. Under the lock."""
        engine, info = self._engine, self._engine.info_of(node)
        info.attempts, info.started_at, info.told, info.worker = 0, None, False, ""
        if engine.tracker.fail_fast:  # as everything else that had not started when the other call failed
            return engine.end(node, sc.CANCELLED)
        engine.tracker.put_back(node, engine.now())
        engine.tracker.no_longer_in_flight(info.key)
        engine.tell_changed()
        engine.queue.wake(1)
        return []
