"""A worker: reads calls, runs their bodies in its main thread, answers. It is ended by a signal, or by a closed channel.

Run as a program (``python -m symphony.runtime.processes.worker``) only where no worker can be forked.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from symphony.ipc.framing import Decoder, FramingError, frame
from symphony.runtime.error_document import error_document, error_types
from symphony.runtime.processes import tree
from symphony.runtime.processes.body import Bodies
from symphony.runtime.processes.capture import Capture
from symphony.runtime.processes.parcel import ParcelStore
from symphony.runtime.processes.preloading import import_quietly
from symphony.runtime.secrets import Secrets

_CHUNK = 256 * 1024
_LONG_S = 0.02
"""After a call that took longer it is looked whether those behind it were taken back: others may have made them."""


class Cancelled(BaseException):
    """Raised in a body that is to end now, because of a timeout or because the run is cancelled.

    Like ``KeyboardInterrupt`` it passes ``except Exception``; ``finally`` and context managers run.
    """


class Worker:
    """Serves one channel until it is closed or the process is asked to end."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._decoder = channel, Decoder()
        self._waiting: deque[Sequence[Any]] = deque()
        self._stop, self._lock = threading.Event(), threading.RLock()
        self._busy = self._in_body = self._sending = self._due = self._raised = False
        self._capture = Capture(self._log_line)
        self._bodies: Bodies | None = None

    # being asked to end -----------------------------------------------------------------------------------------------

    def on_end(self, number: int, _: Any) -> None:
        """The signal handler: ends the body, once, or an idle worker."""
        self._stop.set()
        if self._in_body:
            self._in_body, self._raised = False, True
            if self._sending:  # half a frame would break the channel
                self._due = True
            else:
                raise Cancelled
        elif not self._busy:
            os._exit(0)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        self._in_body = True
        try:
            if self._stop.is_set():
                raise Cancelled
            yield
        finally:
            self._in_body = False
        if self._raised:  # the body caught it and went on
            raise Cancelled

    # talking ----------------------------------------------------------------------------------------------------------

    def _send(self, message: Sequence[Any]) -> None:
        """Send a message; may be called from any thread of the body."""
        self._send_frame(frame(message))

    def _send_frame(self, data: bytes) -> None:
        own = threading.current_thread() is threading.main_thread()
        with self._lock:
            if own:
                self._sending = True
            try:
                self._channel.sendall(data)
            except OSError:
                os._exit(1)  # the engine is gone
            finally:
                if own:
                    self._sending = False
        if own and self._due:
            self._due = False
            raise Cancelled

    def _log_line(self, at: float, level: str, message: str, origin: str) -> None:
        redact = self._bodies.secrets.redact if self._bodies is not None else str
        self._send(["log", at, level, redact(message), origin])

    def _log(self, line: dict[str, Any]) -> None:
        self._log_line(line["at"], line["level"], line["message"], "log")

    def _progress(self, done: float, total: float | None) -> None:
        self._send(["progress", done, total])

    # the loop ---------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the channel is closed. Does not return."""
        signal.signal(signal.SIGTERM, self.on_end)
        while True:
            self._hear()
            self._busy = True
            while self._waiting:
                message, begun = self._waiting.popleft(), time.monotonic()
                if message[0] == "setup":
                    self._set_up(message[1])
                else:
                    self._answer(message[1], message[2:])
                if self._stop.is_set():
                    os._exit(0)
                if self._waiting and time.monotonic() - begun > _LONG_S:
                    self._hear(socket.MSG_DONTWAIT)
            self._busy = False
            if self._stop.is_set():
                os._exit(0)

    def _hear(self, flags: int = 0) -> None:
        """Read what was sent; a call that was taken back before it began is forgotten."""
        try:
            data = self._channel.recv(_CHUNK, flags)
        except BlockingIOError:
            return
        if not data:
            os._exit(0)
        for message in self._decoder.feed(data):
            if message[0] == "back":
                self._waiting = deque(waiting for waiting in self._waiting if waiting[1] not in message[1])
            else:
                self._waiting.append(message)

    def _set_up(self, setup: dict[str, Any]) -> None:
        import_quietly(setup["modules"])
        shared = Path(setup["shared"]) if setup["shared"] else None
        parcels = ParcelStore(Path(setup["spool"]), shared, power=setup["power"])
        self._bodies = Bodies(parcels, Path(setup["workdirs"]), self._stop, self._guarded, Secrets(setup["secrets"]))
        self._send(["ready", os.getpid()])

    def _answer(self, number: int, call: Sequence[Any]) -> None:
        assert self._bodies is not None
        began = time.time()
        try:
            outputs, cost = self._bodies.make(call, self._log, self._progress)
            answer = ["done", number, began, outputs, cost]
        except Cancelled:
            answer = ["stopped", number, began, self._bodies.cost()]
        except BaseException as error:  # noqa: BLE001  whatever a body raises is its outcome
            answer = self._stopped_or_failed(number, began, error)
        self._capture.end_lines()
        try:
            data = frame(answer)
        except FramingError as error:  # thousands of outputs, all of them just small enough to be sent
            data = frame(self._stopped_or_failed(number, began, error))
        self._send_frame(data)

    def _stopped_or_failed(self, number: int, began: float, error: BaseException) -> list[Any]:
        """An error that comes of being ended counts as being ended."""
        assert self._bodies is not None
        if self._stop.is_set():
            return ["stopped", number, began, self._bodies.cost()]
        document = {k: self._bodies.secrets.redact(v) for k, v in error_document(error).items()}
        return ["failed", number, began, document, list(error_types(error)), self._bodies.cost()]


def become_worker(channel: int, stdout: int, stderr: int, parent: int) -> None:
    """Make this process a worker. Does not return.

    Args:
        channel, stdout, stderr: descriptors: the socket to the engine, and the pipes for what is written past Python.
        parent: the pid of the nursery, with which the worker dies.
    """
    with contextlib.suppress(OSError):
        os.setsid()
    tree.die_with_parent(parent)
    tree.adopt_orphans()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (stdout, 1), (stderr, 2)):
        os.dup2(old, new)
        os.close(old)
    os.set_inheritable(channel, False)
    faulthandler.enable(file=2)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()  # a fork has the generator of its parent, and so of all its siblings
    Worker(socket.socket(fileno=channel)).serve()


if __name__ == "__main__":
    become_worker(*map(int, sys.argv[1:5]))
