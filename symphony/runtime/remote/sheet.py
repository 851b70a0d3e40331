"""What a worker must know of a run before it makes a call of it: plain data, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack

Form = tuple[Any, ...]
"""How a value is told to a worker: see `symphony.runtime.remote.forms`."""


@dataclass(frozen=True, slots=True)
class RunSheet:
    """A run as its workers know it.

    Attributes:
        run: its id.
        plan: the plan as text.
        root: the project's root.
        folders: path parameters as pairs of name and folder: what names of paths are relative to.
        modules: the folders in which players are found.
        code: by folder, the Python files in it, for workers that may not have them; see `shipped_code`.
        params: the values of parameters.
        environment: the environment variables that the melody reads.
        started_at: seconds since the epoch.
        store: the address of the store; None where results are not kept, or the worker shares the engine's memory.
        recorded, no_cache, strict: as in `Order`.
        power: whether objects must survive a lost power supply.
        processes: how many bodies run in processes of their own at a time, on one worker.
        pool_bytes: how much memory players that are kept set up may take on a worker; None: as much as it has.
        forced: tasks that run although their result is stored.
        stops_on_failure: whether a failure cancels what has not begun, so that a beginning must be known at once.
        made_under: the environment of the run, see `RunEnvironment.to_document`; empty: none.
    """

    run: str
    plan: str
    root: str
    folders: tuple[tuple[str, str], ...] = ()
    modules: tuple[str, ...] = ()
    code: Mapping[str, bytes] = field(default_factory=dict)
    params: Mapping[str, Form] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    started_at: float = 0.0
    store: Mapping[str, Any] | None = None
    recorded: bool = True
    no_cache: bool = False
    strict: bool = False
    power: bool = False
    processes: int = 1
    pool_bytes: int | None = None
    forced: tuple[str, ...] = ()
    stops_on_failure: bool = False
    made_under: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state_folder(self) -> Path | None:
        """The folder of the store on the machine of the engine."""
        folder = self.store.get("folder") if self.store is not None else None
        return None if folder is None else Path(folder)

    def to_bytes(self) -> bytes:
        """The sheet as msgpack; `from_bytes` reads it back."""
        data: bytes = msgpack.packb({name: getattr(self, name) for name in self.__slots__}, use_bin_type=True)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> RunSheet:
        """Read what `to_bytes` wrote."""
        read = msgpack.unpackb(data, use_list=False, strict_map_key=False)
        return cls(**read)
