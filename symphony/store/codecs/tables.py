"""Tables: Arrow tables and data frames of pandas, as one Arrow stream."""

from __future__ import annotations

import sys
from typing import Any

from symphony.errors import CodecError, MissingExtraError


def is_table(value: Any) -> bool:
    """Whether `value` is an Arrow table. One exists only where pyarrow is loaded, so nothing is imported."""
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and type(value) is pyarrow.Table


def is_frame(value: Any) -> bool:
    """Whether `value` is a data frame of pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) is pandas.DataFrame


def write_table(table: Any) -> bytes:
    """The bytes of an Arrow table; equal tables give equal bytes, however they are cut into chunks."""
    arrow = _pyarrow()
    sink = arrow.BufferOutputStream()
    whole = table.combine_chunks()
    with arrow.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return bytes(sink.getvalue().to_pybytes())


def read_table(data: bytes) -> Any:
    """The Arrow table of these bytes; Arrow tables cannot be written to."""
    arrow = _pyarrow()
    with arrow.ipc.open_stream(data) as reader:
        return reader.read_all()


def write_frame(frame: Any) -> bytes:
    """The bytes of a data frame.

    Raises:
        CodecError: it would not come back equal, for example because a column mixes classes.
    """
    arrow = _pyarrow()
    try:
        data = write_table(arrow.Table.from_pandas(frame))
        back = read_frame(data)
    except (arrow.ArrowException, TypeError, ValueError) as error:
        raise CodecError(f"codec pandas cannot keep the data frame: {error}") from error
    if not frame.equals(back) or list(frame.dtypes) != list(back.dtypes) or not frame.index.equals(back.index):
        raise CodecError("codec pandas cannot keep the data frame: a column or the index would come back changed")
    return data


def read_frame(data: bytes) -> Any:
    """The data frame of these bytes."""
    return read_table(data).to_pandas()


def _pyarrow() -> Any:
    try:
        import pyarrow  # heavy and optional
        import pyarrow.ipc
    except ImportError as error:
        raise MissingExtraError("pyarrow, which tables need,", "arrays") from error
    return pyarrow
