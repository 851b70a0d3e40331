"""Makes legal names of foreign ones: the same foreign name gives the same name, two never share one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from symphony.model.names import LONGEST, RESERVED

_ROOM = 20
"""Characters left for a number behind a long name."""


class NewNames:
    """The names given so far in one room: tasks, parameters, or the inputs of one task."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._given: dict[str, str] = {}

    def of(self, foreign: str, wish: str = "") -> str:
        """The name of a foreign name; a new one is made from `wish`, else from the foreign name itself."""
        if foreign not in self._given:
            self._given[foreign] = self._free(legal(wish or foreign))
        return self._given[foreign]

    def __contains__(self, foreign: str) -> bool:
        return foreign in self._given

    def _free(self, name: str) -> str:
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found


def legal(text: str) -> str:
    """The nearest legal name of a text: ``python-version`` -> ``python_version``."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text)[: LONGEST - _ROOM]
    if name.strip("_"):
        name = name.strip("_") if not text.startswith("_") else "_" + name.strip("_")
    if not name or name[0].isdigit() or name in RESERVED:
        name = f"_{name}"
    return name


def legal_melody(text: str) -> str:
    """The nearest legal name of a melody, which may hold ``-``."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[: LONGEST - _ROOM]
    return name if name and not name[0].isdigit() else f"_{name}"
