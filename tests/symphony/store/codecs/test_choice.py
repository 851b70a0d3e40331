"""Which codec a value takes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symphony.errors import CodecError
from symphony.model.port_type import INTEGER, list_of
from symphony.store.codecs.choice import encode_scalar
from symphony.store.store import Store


@pytest.fixture
def store() -> Store:
    return Store.open(None)


@pytest.mark.parametrize(
    ("value", "codec"),
    [(1, "msgpack"), ("ä", "text"), (b"x", "bytes"), ([1], "msgpack"), ((1, 2), "msgpack"), (None, "msgpack")],
    ids=repr,
)
def test_the_class_of_a_value_chooses_its_codec(store: Store, value: Any, codec: str) -> None:
    artifact = store.put(value)

    assert artifact.codec == codec
    assert store.get(artifact) == value


@given(st.none() | st.booleans() | st.floats() | st.integers() | st.integers(-(2**70), 2**70))
def test_a_number_is_kept_alike_on_the_short_way(value: Any) -> None:
    with Store.open(None) as store:
        assert encode_scalar(value, "integer") == store.encode(value, type=INTEGER)


def test_an_array_and_a_table_have_codecs_of_their_own(store: Store) -> None:
    np, pa = pytest.importorskip("numpy"), pytest.importorskip("pyarrow")

    array, table = store.put(np.arange(3)), store.put(pa.table({"a": [1]}))

    assert (array.codec, table.codec) == ("ndarray", "arrow")
    assert store.get(array).tolist() == [0, 1, 2]
    assert store.get(table).to_pydict() == {"a": [1]}


def test_text_is_kept_as_it_is(store: Store) -> None:
    artifact = store.put("päge")

    assert store.read_bytes(artifact) == "päge".encode()
    assert store.raw_path(artifact).read_text() == "päge"


def test_the_type_is_recorded_and_does_not_change_the_digest(store: Store) -> None:
    one, other = store.put([1], type=list_of(INTEGER)), store.put([1])

    assert one.type == "list[integer]"
    assert one.digest == other.digest


def test_an_unknown_codec_names_the_known_ones(store: Store) -> None:
    with pytest.raises(CodecError, match=r"no codec 'yaml'; there are: msgpack, text"):
        store.put(1, codec="yaml")


def test_a_codec_that_does_not_fit_is_refused(store: Store) -> None:
    with pytest.raises(CodecError, match=r"'text' does not fit this value, 'msgpack' does"):
        store.put(1, codec="text")


def test_plain_data_can_be_asked_for_by_name(store: Store) -> None:
    artifact = store.put("x", codec="msgpack")

    assert artifact.codec == "msgpack"
    assert store.get(artifact) == "x"


def test_a_pure_path_is_refused(store: Store) -> None:
    with pytest.raises(CodecError, match=r"give a pathlib\.Path"):
        store.put(PurePosixPath("a"))


class Odd:
    """A class that only pickle takes."""

    def __init__(self, x: int) -> None:
        self.x = x


def test_pickle_is_used_only_where_it_is_asked_for(store: Store) -> None:
    with pytest.raises(CodecError, match="Odd"):
        store.put(Odd(1))

    assert store.get(store.put(Odd(1), codec="pickle")).x == 1


def test_a_pickle_that_this_store_did_not_write_is_never_read(store: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as other:
        foreign = other.put(Odd(1), codec="pickle")
        planted = other.read_bytes(foreign)
    store.put(planted)

    with pytest.raises(CodecError, match="reads only what this store wrote"):
        store.get(foreign)
