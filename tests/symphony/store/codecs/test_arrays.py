"""Arrays come back equal, of the same element type and shape, and cannot be written to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import CodecError
from symphony.store.codecs import arrays
from symphony.store.codecs.plain import Reader, Writer

np = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6, dtype=">i2"),
        np.zeros((0, 3), dtype="float32"),
        np.array(5),
        np.array(["ab", "c"]),
        np.array([b"x"]),
        np.array(["2026-01-01"], dtype="datetime64[ns]"),
        np.array([(1, 2.0, [1, 2])], dtype=[("a", "i4"), ("b", "f8"), ("c", "i2", (2,))]),
        np.array([True, False]),
        np.arange(12).reshape(3, 4).T,
        np.arange(10)[::2],
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_an_array_comes_back(array: Any) -> None:
    found = arrays.read(arrays.write(array))

    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert type(found) is np.ndarray


@given(st.lists(st.floats(width=64), max_size=20))
@settings(max_examples=40, deadline=None)
def test_every_bit_of_a_number_comes_back(numbers: list[float]) -> None:
    array = np.array(numbers, dtype="f8")

    assert arrays.read(arrays.write(array)).tobytes() == array.tobytes()


def test_an_array_that_was_read_cannot_be_written_to() -> None:
    """Semantics 8: inputs are read-only, arrays are handed out unwritable."""
    found = arrays.read(arrays.write(np.arange(3)))

    with pytest.raises(ValueError, match="read-only"):
        found[0] = 9


def test_equal_arrays_in_another_memory_order_have_equal_bytes() -> None:
    assert arrays.write(np.arange(6).reshape(2, 3)) == arrays.write(np.asfortranarray(np.arange(6).reshape(2, 3)))


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(CodecError, match="Python objects"):
        arrays.write(np.array([object()]))


def test_bytes_that_name_an_object_array_are_never_read() -> None:
    data = arrays.write(np.array([1], dtype="i8")).replace(b"<i8", b"|O8")

    with pytest.raises((CodecError, ValueError, TypeError)):
        arrays.read(data)


def test_cut_bytes_are_refused() -> None:
    with pytest.raises(CodecError, match="should have 24 bytes of elements and has 23"):
        arrays.read(arrays.write(np.arange(3))[:-1])


@pytest.mark.parametrize("number", [np.float64(1.5), np.int32(3), np.bool_(True), np.str_("x")], ids=repr)
def test_single_numbers_inside_plain_data_keep_their_type(number: Any) -> None:
    """Semantics 38: encoding is type-exact."""
    found = Reader().read(Writer().write({"n": [number]}))["n"][0]

    assert found == number
    assert type(found) is type(number)


def test_arrays_inside_plain_data_come_back() -> None:
    found = Reader().read(Writer().write({"a": (np.arange(3), "x")}))

    assert found["a"][0].tolist() == [0, 1, 2]
    assert not found["a"][0].flags.writeable
