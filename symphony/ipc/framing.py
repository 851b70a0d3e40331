"""Messages as frames on a stream of bytes: four bytes of length, most significant first, then msgpack. Pure."""

from __future__ import annotations

from typing import Any

import msgpack

from symphony.errors import InternalError

LIMIT_BYTES = 64 * 1024 * 1024
"""The longest body of a frame. What is larger travels as a file."""
_HEADER = 4
_SHOWN = 16


class FramingError(InternalError):
    """The bytes on a channel are no frames, or a message is too large for one. The channel must be closed."""


def frame(message: Any) -> bytes:
    """The frame of a message of plain data.

    Raises:
        FramingError: the message is not plain data, or its body is longer than `LIMIT_BYTES`.
    """
    try:
        body = msgpack.packb(message, unicode_errors="surrogatepass")
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FramingError(f"a message holds what is no plain data: {error}") from error
    if len(body) > LIMIT_BYTES:
        raise FramingError(f"a message has {len(body)} bytes, a frame holds {LIMIT_BYTES}; send it as a file")
    return len(body).to_bytes(_HEADER, "big") + bytes(body)


class Decoder:
    """Cuts a stream of bytes into messages, however the stream was cut before.

    After an error every further byte is refused: the place in the stream is lost.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit, self._buffer, self._broken = limit_bytes, bytearray(), False

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of a message that is not complete are held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Any]:
        """Take more of the stream; gives the messages that are complete now, in order.

        Raises:
            FramingError: a frame is longer than the limit, or its body is no message.
        """
        if self._broken:
            raise FramingError("the stream was broken before; nothing after that can be read")
        self._buffer += data
        try:
            return self._cut()
        except FramingError:
            self._broken = True
            self._buffer.clear()
            raise

    def _cut(self) -> list[Any]:
        messages: list[Any] = []
        buffer, at, end = self._buffer, 0, len(self._buffer)
        while end - at >= _HEADER:
            size = int.from_bytes(buffer[at : at + _HEADER], "big")
            if size > self._limit:
                raise FramingError(f"a frame claims {size} bytes, the limit is {self._limit}")
            if end - at - _HEADER < size:
                break
            messages.append(_message(bytes(buffer[at + _HEADER : at + _HEADER + size])))
            at += _HEADER + size
        if at:
            del buffer[:at]
        return messages


def _message(body: bytes) -> Any:
    try:
        return msgpack.unpackb(body, strict_map_key=False, unicode_errors="surrogatepass")
    # What strange bytes raise depends on where they go wrong; msgpack's errors share no root.
    except Exception as error:
        raise FramingError(f"a frame of {len(body)} bytes, {body[:_SHOWN]!r}…, is no message: {error}") from error
