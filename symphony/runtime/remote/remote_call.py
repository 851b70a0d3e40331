"""A call as it is handed to another process, and what is told of it: plain data both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

from symphony.runtime.remote.sheet import Form


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """One attempt of one call.

    Attributes:
        id: unlike every other of the run, attempts included.
        run: the run.
        path: the call, such as ``stats[3]``.
        task: its task, such as ``child[0].stats``.
        index: its element; -1 where it has none.
        attempt: from 1.
        step: where its task stands in the plan: ids, from the outside in.
        sources: by reference, where the values lead from which the inputs are made.
        after: the calls that must have ended before, by id; those whose values it takes among them.
        key: its key, where the engine has found no result under it; None: the worker makes it and looks.
        forced: whether a stored result is not to be served.
        priority: higher goes first.
        resources: what it needs of what the executor accounts for, by name.
        tags: words under which an executor shows it, its player first.
    """

    id: str
    run: str
    path: str
    task: str
    index: int
    attempt: int
    step: tuple[str, ...]
    sources: Mapping[str, Form] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    key: str | None = None
    forced: bool = False
    priority: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The call as msgpack; `from_bytes` reads it back."""
        data: bytes = msgpack.packb([getattr(self, name) for name in self.__slots__], use_bin_type=True)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> RemoteCall:
        """Read what `to_bytes` wrote."""
        return cls(*msgpack.unpackb(data, use_list=False, strict_map_key=False))


News = dict[str, Any]
"""What a worker tells of a call: plain data with ``call`` and ``what``.

``started``: ``at``, ``worker``. ``log``: ``line``. ``progress``: ``done``, ``total``. ``ended``: ``how``, one of `HOW`;
``started_at``, ``ended_at``, ``worker``; for a good end ``key``, ``parts``, ``outputs`` (artifacts by port), ``rows`` (small
values for the store) and ``values`` (small values where nothing is recorded), ``shared`` (whether all of
it is on the shared side of the store, and not here); for a bad one ``error``, ``error_types``;
``measures``.
"""

SUCCEEDED, CACHED, FAILED, BLOCKED, CANCELLED, LOST = "succeeded", "cached", "failed", "blocked", "cancelled", "lost"
HOW = (SUCCEEDED, CACHED, FAILED, BLOCKED, CANCELLED, LOST)
"""How a call ends on a worker. ``blocked``: a call that it waits for has not ended well, so it was not made. ``lost``: its
worker died, or nobody knows."""


def ended(call: str, how: str, **more: Any) -> News:
    """The news that a call has ended."""
    return {"call": call, "what": "ended", "how": how, **more}
