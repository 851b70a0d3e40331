"""Tables come back equal; equal tables have equal bytes."""

from __future__ import annotations

import pytest

from symphony.errors import CodecError
from symphony.store.codecs import tables

pa = pytest.importorskip("pyarrow")


def test_a_table_comes_back_with_its_schema() -> None:
    table = pa.table({"a": [1, None, 3], "b": ["x", "y", None]}).replace_schema_metadata({"unit": "m"})

    found = tables.read_table(tables.write_table(table))

    assert found.equals(table, check_metadata=True)


def test_chunks_do_not_change_the_bytes() -> None:
    whole = pa.table({"a": [1, 2, 3]})
    cut = pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2, 3]})])

    assert tables.write_table(cut) == tables.write_table(whole)


def test_a_data_frame_comes_back() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=["r", "s"])

    found = tables.read_frame(tables.write_frame(frame))

    pd.testing.assert_frame_equal(found, frame)


def test_a_data_frame_that_would_come_back_changed_is_refused() -> None:
    """Semantics 38: what cannot come back equal is an error."""
    pd = pytest.importorskip("pandas")

    with pytest.raises(CodecError, match="codec pandas cannot keep"):
        tables.write_frame(pd.DataFrame({"a": [1, "x"]}))
