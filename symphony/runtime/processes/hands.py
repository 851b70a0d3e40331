"""What the supervisor knows of each process that it had started: the calls it has, what it said, how it is ending."""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from symphony.model.frozen import EMPTY
from symphony.runtime.processes.channel import Channel
from symphony.runtime.processes.orders import Ended, PlayerBody, ProcessCall

LAST_LINES = 50
"""How many lines of a call are remembered for the case that it dies."""
_CHUNK = 64 * 1024


def tell(listener: Callable[..., None], *facts: Any) -> None:
    """Call a listener. Its fault is reported as that of a thread, and must not stop the supervisor."""
    try:
        listener(*facts)
    except Exception as error:  # noqa: BLE001  a listener is not ours
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))


class Flight:
    """A call from the moment it was given.

    Attributes:
        frame: the call as the worker is told of it; nothing for a command.
        ahead: whether it may be sent before the call ahead of it has ended.
        batched: whether it may be sent behind any number of calls.
        player: what is called, as a name for its durations.
        unwanted: whether it was cancelled while it waited behind another call of its worker.
    """

    __slots__ = ("ahead", "batched", "began", "call", "deadline", "frame", "lines", "player", "unwanted")

    def __init__(self, call: ProcessCall, frame: bytes) -> None:
        self.call, self.frame = call, frame
        body = call.body
        self.player = f"{body.module}:{body.qualname}" if isinstance(body, PlayerBody) else ""
        self.ahead = call.safe and bool(self.player)
        self.batched = self.ahead and call.timeout_s is None
        self.began = 0.0
        self.deadline: float | None = None
        self.unwanted = False
        self.lines: deque[dict[str, Any]] | None = None

    def begin(self, name: str) -> None:
        """Note that it runs now."""
        self.began = time.monotonic()
        self.deadline = None if self.call.timeout_s is None else self.began + self.call.timeout_s
        tell(self.call.started, name, time.time())

    def log(self, at: float, level: str, message: str, origin: str) -> None:
        """Pass a line on, and remember it."""
        context = self.call.context
        line = {"at": at, "task": context.task_id, "attempt": context.attempt, "level": level, "message": message,
                "origin": origin}  # fmt: skip
        if self.lines is None:
            self.lines = deque(maxlen=LAST_LINES)
        self.lines.append(line)
        tell(self.call.logged, line)


class Output:
    """A pipe with what a process writes past Python, line by line."""

    def __init__(self, descriptor: int, origin: str) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor, self.origin, self.closed = descriptor, origin, False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self._descriptor

    def lines(self, *, last: bool = False) -> list[str]:
        """The lines that have come; with `last` also what has no end yet."""
        text = self._rest
        try:
            while data := os.read(self._descriptor, _CHUNK):
                text += self._decode(data)
                if len(data) < _CHUNK:
                    break
            else:
                self.closed = True
        except BlockingIOError:
            pass
        *lines, self._rest = text.split("\n")
        if self._rest and (last or len(self._rest) > _CHUNK):
            lines, self._rest = [*lines, self._rest], ""
        return [line.rstrip("\r") for line in lines]

    def close(self) -> None:
        """Let go of the pipe."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


class Hand:
    """A process of the nursery: a command or a worker.

    Attributes:
        flights: the calls it has; the first one runs.
        ending: why it was told to end, if it was.
        target: the call because of which it was.
        cost: what its last call had cost when it was stopped.
        dead: whether its root is dead; what is left of its tree may live.
        peak, cpu: memory in bytes and processor seconds of its whole life, once it is dead.
    """

    def __init__(self, id: int) -> None:
        self.id, self.name, self.pid = id, f"process-{id}", 0
        self.flights: deque[Flight] = deque()
        self.ending: Ended | None = None
        self.target: Flight | None = None
        self.cost: Mapping[str, float] = EMPTY
        self.stopped = self.dead = False
        self.peak = self.cpu = 0.0


class WorkerHand(Hand):
    """A worker, with its channel and its pipes.

    Attributes:
        ready: whether it has said that it takes calls.
    """

    def __init__(self, id: int, channel: Channel, outputs: tuple[Output, ...]) -> None:
        super().__init__(id)
        self.channel, self.outputs, self.ready = channel, outputs, False
        self.last_words: deque[str] = deque(maxlen=LAST_LINES)

    def say(self, frame: bytes) -> None:
        """Send frames."""
        self.channel.send(frame)

    def pass_output_on(self, *, last: bool = False) -> None:
        """Read the pipes; what came belongs to the call that runs."""
        now = time.time()
        for output in self.outputs:
            for line in output.lines(last=last):
                if self.flights:
                    self.flights[0].log(now, "info", line, output.origin)
                elif not self.ready:
                    self.last_words.append(line)

    def close(self) -> None:
        """Let go of everything; an idle worker ends then."""
        self.channel.close()
        for output in self.outputs:
            output.close()
