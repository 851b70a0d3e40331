"""Columns of a table: which there are, and a clear error for one that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symphony.model.names import did_you_mean

Rows = Sequence[Mapping[str, Any]]


def columns_of(rows: Rows) -> list[str]:
    """The columns of all rows, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row))


def check_columns(rows: Rows, wanted: Iterable[str]) -> None:
    """Check that every wanted column occurs in some row. Rows that are no rows at all have every column.

    Raises:
        LookupError: one does not; names those that do.
    """
    there = columns_of(rows)
    for name in wanted:
        if rows and name not in there:
            raise LookupError(f"there is no column {name!r}: {did_you_mean(name, there, what='columns')}")


def sort_key(value: Any) -> tuple[int, Any]:
    """Order any values: numbers, then text, then the rest by their text, then missing ones."""
    if value is None or value != value:
        return (3, "")
    if isinstance(value, (bool, int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (2, str(value))
