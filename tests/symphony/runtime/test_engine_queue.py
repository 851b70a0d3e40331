"""Calls that one worker shares with the others are never lost."""

from __future__ import annotations

import threading

from symphony.runtime.engine import Engine, _Local


class _Raced(_Local):
    """The calls of a worker, some of which another takes while they are being shared."""

    def popleft(self) -> int:
        node = super().popleft()
        if node == 2:
            for _ in range(5):
                super().popleft()
        return node


class _Sharing:
    """As much of an engine as sharing needs."""

    def __init__(self) -> None:
        self._lock, self.offered = threading.RLock(), list[int]()

    def _offer(self, nodes: list[int]) -> None:
        self.offered += nodes


def test_what_a_worker_has_taken_out_to_share_is_offered_even_where_others_took_the_rest() -> None:
    """Eight calls wait; another worker takes five of them while they are shared. The other three must be somewhere."""
    sharing, local = _Sharing(), _Raced(range(8))

    Engine._share(sharing, local, 1)  # type: ignore[arg-type]

    assert sorted([*sharing.offered, *local]) == [0, 1, 2]
