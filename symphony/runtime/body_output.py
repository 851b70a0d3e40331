"""What bodies in threads and coroutines print and log, as lines of their calls.

While a run goes on, ``sys.stdout``, ``sys.stderr`` and the loggers ask who is speaking: the body of a call, or somebody
else, whose output goes where it always went. A body that prints nothing pays for none of it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, TextIO

from symphony.model.event import Event
from symphony.runtime.log_lines import LONGEST, message_of
from symphony.runtime.run_log import RunLog

_DEBUGGERS = ("pdb", "cmd")
"""Modules whose writing is a talk with somebody at the keyboard."""
_AT_ONCE = 1 << 20
"""Characters of one write that are looked at together."""


class BodyOutput:
    """What the bodies of one run say. Thread-safe.

    Args:
        log: takes the lines.
        passes_on: also pass lines on to the streams that they were written to, because nobody else shows them.

    Attributes:
        names: gives the path and the attempt of a call.
        making: by thread, the call whose body runs there; for bodies that are called without `begin`.
    """

    def __init__(self, log: RunLog, *, passes_on: bool) -> None:
        self.log, self.passes_on = log, passes_on
        self.names: Callable[[int], tuple[str, int]] = lambda call: (str(call), 1)
        self.making: Mapping[int, int] = {}
        self._rest: dict[tuple[int, str], str] = {}
        self._lock = threading.RLock()  # the collector of garbage may print at any place

    # who speaks --------------------------------------------------------------------------------------------------

    def begin(self, call: int) -> Token[Any]:
        """What this thread prints from now on belongs to a call; give what this returns to `end`."""
        return _SPEAKER.set((self, call))

    def end(self, call: int, token: Token[Any]) -> None:
        """The body has ended: its last lines may have no end."""
        _SPEAKER.reset(token)
        if self._rest:
            for origin in ("stdout", "stderr"):
                if (call, origin) in self._rest:
                    self.printed(call, origin, "\n")

    async def spoken(self, call: int, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Await the body of a call; what it prints, also in tasks that it starts, belongs to the call."""
        token = self.begin(call)
        try:
            return await coroutine
        finally:
            self.end(call, token)

    # what is said ------------------------------------------------------------------------------------------------

    def printed(self, call: int, origin: str, text: str) -> None:
        """A body has written to a stream."""
        task, attempt = self.names(call)
        for start in range(0, len(text), _AT_ONCE):
            self._printed(call, task, attempt, origin, text[start : start + _AT_ONCE])

    def _printed(self, call: int, task: str, attempt: int, origin: str, text: str) -> None:
        if self.log.is_full(task):
            self.log.drop(task, text.count("\n"))
            return
        with self._lock:
            *lines, rest = (self._rest.pop((call, origin), "") + text).split("\n")
            if len(rest) > LONGEST:
                lines, rest = [*lines, rest], ""
            if rest:
                self._rest[call, origin] = rest
        for line in lines:
            self._line(task, attempt, origin, "info", line.removesuffix("\r"), time.time())

    def logged(self, call: int, record: logging.LogRecord) -> None:
        """A body has logged."""
        task, attempt = self.names(call)
        if self.log.is_full(task):
            self.log.drop(task, 1)
            return
        self._line(task, attempt, "log", record.levelname.lower(), message_of(record), record.created)

    def _line(self, task: str, attempt: int, origin: str, level: str, message: str, at: float) -> None:
        line = {"at": at, "task": task, "attempt": attempt, "level": level, "message": message, "origin": origin}
        with _aside():
            if self.log.write(line) and self.passes_on and origin != "log":
                _installation.write(origin, f"{line['message']}\n")

    def close(self) -> None:
        """The bodies have ended."""
        for call, origin in list(self._rest):
            self.printed(call, origin, "\n")
        self.log.close()


_SPEAKER: ContextVar[tuple[BodyOutput, int] | None] = ContextVar("speaker", default=None)


class _Aside(threading.local):
    on: bool = False


_ASIDE = _Aside()


@contextmanager
def _aside() -> Iterator[None]:
    """What this thread writes meanwhile belongs to nobody: it is Symphony that writes."""
    before, _ASIDE.on = _ASIDE.on, True
    try:
        yield
    finally:
        _ASIDE.on = before


def heard_aside(listener: Callable[[Event], None]) -> Callable[[Event], None]:
    """A listener that may print, though it is called on the thread of a body."""

    def told(event: Event) -> None:
        before, _ASIDE.on = _ASIDE.on, True
        try:
            listener(event)
        finally:
            _ASIDE.on = before

    return told


def _speaker() -> tuple[BodyOutput, int] | None:
    if _ASIDE.on or os.getpid() != _installation.owner:  # a child that a body forked has no log of its own
        return None
    found = _SPEAKER.get()
    if found is not None:
        return found
    thread = threading.get_ident()
    for output in _installation.outputs:
        call = output.making.get(thread)
        if call is not None:
            return output, call
    return None


class _Stream:
    """Stands for a stream of the process: what a body writes is a line of its call, everything else goes on.

    What goes past it (``buffer``, the descriptor, child processes) goes on too.
    """

    def __init__(self, origin: str, stream: TextIO) -> None:
        self.origin, self.stream = origin, stream

    def write(self, text: str) -> int:
        speaker = _speaker()
        if speaker is None or not isinstance(text, str) or sys._getframe(1).f_globals.get("__name__") in _DEBUGGERS:
            return self.stream.write(text)
        speaker[0].printed(speaker[1], self.origin, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        return _speaker() is None and self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Installation:
    """The streams and the loggers of the process, put over while any run goes on.

    Attributes:
        outputs: of the runs that go on.
        owner: the process that it is for.
    """

    def __init__(self) -> None:
        self.outputs: tuple[BodyOutput, ...] = ()
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._streams: dict[str, _Stream] = {}
        self._call_handlers: Callable[[logging.Logger, logging.LogRecord], None] = logging.Logger.callHandlers
        self._least = logging.NOTSET

    def add(self, output: BodyOutput) -> None:
        with self._lock:
            if not self.outputs:
                self._install()
            self.outputs = (*self.outputs, output)

    def remove(self, output: BodyOutput) -> None:
        with self._lock:
            self.outputs = tuple(o for o in self.outputs if o is not output)
            if not self.outputs:
                self._uninstall()

    def _install(self) -> None:
        self.owner = os.getpid()
        for origin in ("stdout", "stderr"):
            stream = getattr(sys, origin)
            if stream is not None:
                self._streams[origin] = _Stream(origin, stream)
                setattr(sys, origin, self._streams[origin])
        self._call_handlers = logging.Logger.callHandlers
        logging.Logger.callHandlers = _call_handlers  # type: ignore[assignment, method-assign]
        root = logging.getLogger()
        self._least = logging.NOTSET
        if root.level == logging.WARNING:  # nobody has said otherwise
            self._least = logging.WARNING
            root.setLevel(logging.INFO)

    def _uninstall(self) -> None:
        for origin, stream in self._streams.items():
            if getattr(sys, origin) is stream:  # else somebody has put in another one meanwhile
                setattr(sys, origin, stream.stream)
        self._streams = {}
        if logging.Logger.callHandlers is _call_handlers:
            logging.Logger.callHandlers = self._call_handlers  # type: ignore[assignment, method-assign]
        root = logging.getLogger()
        if self._least and root.level == logging.INFO:
            root.setLevel(self._least)

    def write(self, origin: str, text: str) -> None:
        """Write to a stream of the process as it was before."""
        stream = self._streams.get(origin)
        (stream.stream if stream is not None else getattr(sys, origin)).write(text)

    def handle_as_before(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Hand a record to its handlers, unless it is only made because of the lower level of the root."""
        if record.levelno >= self._least or _has_own_level(logger):
            self._call_handlers(logger, record)

    def is_stream(self, handler: logging.Handler) -> bool:
        """Whether a handler prints to the process's own streams, or to what stood for them."""
        if not isinstance(handler, logging.StreamHandler):
            return False
        stream: Any = handler.stream
        own = [sys.__stdout__, sys.__stderr__, *(s for o in self._streams.values() for s in (o, o.stream))]
        return any(stream is known for known in own)


_installation = _Installation()


def _has_own_level(logger: logging.Logger) -> bool:
    """Whether the level of a logger is said by itself or by one above it, the root excepted."""
    found: logging.Logger | None = logger
    while found is not None and found.parent is not None:
        if found.level:
            return True
        found = found.parent
    return False


def _call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Stands for ``Logger.callHandlers``. What a body logs is not printed as well where somebody shows its lines."""
    speaker = _speaker()
    if speaker is None:
        _installation.handle_as_before(logger, record)
        return
    output, call = speaker
    output.logged(call, record)
    with _aside():
        if output.passes_on:
            _installation.handle_as_before(logger, record)
            return
        for handler in _handlers(logger):
            if record.levelno >= handler.level and not _installation.is_stream(handler):
                handler.handle(record)


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    found: logging.Logger | None = logger
    while found is not None:
        yield from found.handlers
        found = found.parent if found.propagate else None


@contextmanager
def heard(output: BodyOutput | None) -> Iterator[None]:
    """Hear the bodies of a run within the block; nothing is heard of None."""
    if output is None:
        yield
        return
    _installation.add(output)
    try:
        yield
    finally:
        _installation.remove(output)
        output.close()
