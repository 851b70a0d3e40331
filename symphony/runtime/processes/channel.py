"""A socket that never blocks: messages wait until they can be sent, and come as they are complete."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any

from symphony.ipc.framing import Decoder, FramingError

_CHUNK = 256 * 1024


class Channel:
    """One end of a socket pair, for one thread.

    Attributes:
        closed: whether the other side is gone. What is sent then is dropped.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end, self._decoder, self.closed = end, Decoder(), False
        self._waiting: deque[tuple[bytes, Sequence[int]]] = deque()

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self._end.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the other side has read."""
        return bool(self._waiting) and not self.closed

    def send(self, frames: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send whole frames, with descriptors, which are closed here then."""
        self._waiting.append((frames, descriptors))
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as that goes without blocking."""
        try:
            while self._waiting and not self.closed:
                data, descriptors = self._waiting[0]
                sent = socket.send_fds(self._end, [data], descriptors) if descriptors else self._end.send(data)
                _close_all(descriptors)
                if sent == len(data):
                    self._waiting.popleft()
                else:
                    self._waiting[0] = data[sent:], ()
        except BlockingIOError:
            return
        except OSError:
            self.closed = True

    def receive(self) -> list[Any]:
        """The messages that have come. Sets `closed` at the end of the stream, or where it is broken."""
        messages: list[Any] = []
        try:
            while not self.closed:
                data = self._end.recv(_CHUNK)
                if not data:
                    self.closed = True
                messages += self._decoder.feed(data)
                if len(data) < _CHUNK:
                    break
        except BlockingIOError:
            pass
        except (OSError, FramingError):
            self.closed = True
        return messages

    def close(self) -> None:
        """Let go of the socket and of descriptors that were not sent."""
        self.closed = True
        for _, descriptors in self._waiting:
            _close_all(descriptors)
        self._waiting.clear()
        self._end.close()


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
