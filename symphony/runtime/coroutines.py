"""Runs the coroutines of async players on one event loop in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

MOST = 256
"""How many coroutines run at the same time."""
ABANDON_S = 2.0
"""How long a cancelled coroutine may take to end before it is left behind, in seconds."""


class Coroutines:
    """One event loop, started on first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        coroutine: Coroutine[Any, Any, Any],
        timeout_s: float | None,
        arrived: Callable[[Any, BaseException | None], None],
    ) -> Callable[[], None]:
        """Run a coroutine; `arrived(value, error)` is called on the loop's thread when it has ended.

        Returns:
            What cancels it, from any thread; nothing happens where it has ended.
        """
        loop = self._started()
        begun: list[asyncio.Task[None]] = []
        loop.call_soon_threadsafe(lambda: begun.append(self._create(coroutine, timeout_s, arrived)))
        return lambda: _soon(loop, lambda: begun[0].cancel())

    def _create(
        self,
        coroutine: Coroutine[Any, Any, Any],
        timeout_s: float | None,
        arrived: Callable[[Any, BaseException | None], None],
    ) -> asyncio.Task[None]:
        assert self._loop is not None
        task = self._loop.create_task(self._run(coroutine, timeout_s, arrived))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(
        self,
        coroutine: Coroutine[Any, Any, Any],
        timeout_s: float | None,
        arrived: Callable[[Any, BaseException | None], None],
    ) -> None:
        import asyncio  # heavy: only async players need it

        try:
            await self._slots.acquire()
        except asyncio.CancelledError:  # cancelled before its turn came
            coroutine.close()
            arrived(None, asyncio.CancelledError())
            return
        try:
            body = asyncio.ensure_future(coroutine)
            try:
                ended, _ = await asyncio.wait({body}, timeout=timeout_s)
            except asyncio.CancelledError:  # the run is being cancelled
                arrived(None, await _ended_or_abandoned(body, asyncio.CancelledError()))
                return
            if not ended:
                arrived(
                    None, await _ended_or_abandoned(body, TimeoutError(f"the player ran longer than {timeout_s:g} s"))
                )
            elif body.cancelled():
                arrived(None, asyncio.CancelledError())
            elif (error := body.exception()) is not None:
                arrived(None, error)
            else:
                arrived(body.result(), None)
        finally:
            self._slots.release()

    def _started(self) -> asyncio.AbstractEventLoop:
        import asyncio  # heavy: only async players need it

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._slots = asyncio.Semaphore(MOST)
                threading.Thread(target=self._loop.run_forever, name="symphony-async", daemon=True).start()
            return self._loop

    def cancel_all(self) -> None:
        """Cancel every coroutine that runs."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in list(self._tasks)])

    def close(self) -> None:
        """Stop the loop; what still runs is abandoned."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)


def _soon(loop: asyncio.AbstractEventLoop, action: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop is closed, and everything on it has ended
        loop.call_soon_threadsafe(action)


async def _ended_or_abandoned(body: asyncio.Future[Any], reason: BaseException) -> BaseException:
    """Cancel a body and give the error to report: `reason`, which says so when the body did not end."""
    import asyncio  # heavy: only async players need it

    body.cancel()
    ended, _ = await asyncio.wait({body}, timeout=ABANDON_S)
    if ended:
        return reason
    return type(reason)(
        f"{reason or 'it was cancelled'}; it did not end within {ABANDON_S:g} s of being cancelled and was abandoned"
    )
