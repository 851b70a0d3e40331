"""Frames come out as they went in, however the stream is cut; what is no frame is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.ipc.framing import LIMIT_BYTES, Decoder, FramingError, frame

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLAIN, max_size=5), st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_messages_come_out_in_order_however_the_stream_is_cut(messages: list[Any], cuts: list[int]) -> None:
    stream, decoder, found, at, i = b"".join(map(frame, messages)), Decoder(), [], 0, 0

    while at < len(stream):
        size = cuts[i % len(cuts)]
        found += decoder.feed(stream[at : at + size])
        at, i = at + size, i + 1

    assert found == messages
    assert decoder.waiting_bytes == 0


def test_lone_surrogates_survive() -> None:
    assert Decoder().feed(frame(["caf\udce9", "\ud800"])) == [["caf\udce9", "\ud800"]]


def test_a_frame_that_claims_too_much_is_refused_before_its_body_comes() -> None:
    with pytest.raises(FramingError, match=f"claims 4294967295 bytes, the limit is {LIMIT_BYTES}"):
        Decoder().feed(b"\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "body",
    [b"\xc1", b"", b"\x01\x01", b"\xa5ab", b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000],
    ids=lambda b: repr(b[:6]),
)
def test_bytes_that_are_no_message_are_refused(body: bytes) -> None:
    with pytest.raises(FramingError, match="is no message"):
        Decoder().feed(len(body).to_bytes(4, "big") + body)


def test_nothing_is_read_after_garbage() -> None:
    decoder = Decoder()
    with pytest.raises(FramingError):
        decoder.feed(b"\x00\x00\x00\x01\xc1")

    with pytest.raises(FramingError, match="was broken before"):
        decoder.feed(frame("fine"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_messages_or_a_framing_error(data: bytes) -> None:
    decoder = Decoder(limit_bytes=1000)
    try:
        decoder.feed(data)
    except FramingError:
        assert decoder.waiting_bytes == 0


def test_what_is_no_plain_data_is_not_sent() -> None:
    with pytest.raises(FramingError, match="no plain data"):
        frame([object()])


def test_a_message_too_large_for_a_frame_is_not_sent() -> None:
    with pytest.raises(FramingError, match="send it as a file"):
        frame(bytes(LIMIT_BYTES))
