"""Runs the coroutines of async players on one event loop in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

MOST = 256
"""How many coroutines run at the same time."""
ABANDON_S = 2.0


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
    ) -> None:
        """Run a coroutine; `arrived(value, error)` is called on the loop's thread when it has ended."""
        loop = self._started()
        loop.call_soon_threadsafe(self._create, coroutine, timeout_s, arrived)

    def _create(
        self,
        coroutine: Coroutine[Any, Any, Any],
        timeout_s: float | None,
        arrived: Callable[[Any, BaseException | None], None],
    ) -> None:
        assert self._loop is not None
        task = self._loop.create_task(self._run(coroutine, timeout_s, arrived))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self,
        coroutine: Coroutine[Any, Any, Any],
        timeout_s: float | None,
        arrived: Callable[[Any, BaseException | None], None],
    ) -> None:
        import asyncio  # heavy: only async players need it

        try:
            async with self._slots:
                value = await (asyncio.wait_for(coroutine, timeout_s) if timeout_s is not None else coroutine)
        except TimeoutError as error:
            arrived(
                None, TimeoutError(f"the player ran longer than {timeout_s:g} s") if timeout_s is not None else error
            )
        except BaseException as error:  # noqa: BLE001  a body can raise anything
            arrived(None, error)
        else:
            arrived(value, None)

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
