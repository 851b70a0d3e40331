"""A table read row by row, until asking has cost as much as reading it whole; then it is kept in memory.

The rule of the rented skis: whatever comes, it costs at most twice as much as knowing beforehand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from symphony.store.database import Database

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_ROWS_PER_QUESTION = 20
"""How many rows are read whole in the time of one question (measured: 0.4 µs a row, 8 µs a question)."""
_FIRST_TRY = 32
_MOST_ROWS = 500_000


class WholeTable(Generic[K, V]):
    """The rows of one table by key. What others write after it was read whole is not seen until `forget`.

    Args:
        database: where the table lies.
        table: its name.
        ask: reads one row.
        read: reads them all.
    """

    def __init__(
        self, database: Database, table: str, ask: Callable[[K], V | None], read: Callable[[], dict[K, V]]
    ) -> None:
        self._database, self._table, self._ask, self._read = database, table, ask, read
        self._lock = threading.Lock()
        self._rows: dict[K, V] | None = None
        self._asked, self._next_try = 0, _FIRST_TRY

    def find(self, key: K) -> V | None:
        """The row of a key, or nothing."""
        rows = self._rows
        if rows is None:
            self._asked += 1
            if self._asked < self._next_try or not self._read_whole():
                return self._ask(key)
            rows = self._rows
        return rows.get(key) if rows is not None else self._ask(key)

    def lacks(self, key: K) -> bool:
        """Whether it is known without asking that there is no such row."""
        rows = self._rows
        return rows is not None and key not in rows

    def _read_whole(self) -> bool:
        with self._lock:
            if self._rows is None and self._asked >= self._next_try:
                self._next_try *= 2
                bound = min(_MOST_ROWS, self._asked * _ROWS_PER_QUESTION)
                ((count,),) = self._database.read(
                    f"SELECT count(*) FROM (SELECT 1 FROM {self._table} LIMIT {bound + 1})"
                )
                if count <= bound:
                    self._rows = self._read()
            return self._rows is not None

    def add(self, rows: dict[K, V], *, replace: bool = False) -> None:
        """Take note of rows that were written from here; older ones stay, unless they are replaced."""
        known = self._rows
        if known is not None:
            known.update(rows if replace else {key: row for key, row in rows.items() if key not in known})

    def forget(self) -> None:
        """Ask the table again from now on."""
        with self._lock:
            self._rows, self._asked, self._next_try = None, 0, _FIRST_TRY
