"""What tests of players and melodies need: runs with stubs, snapshots, a clock that jumps, a store, suites to inherit."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symphony.testing.clock import FakeClock as FakeClock
    from symphony.testing.melody_result import MelodyResult as MelodyResult
    from symphony.testing.melody_run import run_melody as run_melody
    from symphony.testing.player_suite import PlayerSuite as PlayerSuite
    from symphony.testing.running import run_player as run_player
    from symphony.testing.snapshots import Snapshots as Snapshots
    from symphony.testing.storing import open_store as open_store
    from symphony.testing.stubs import StubCall as StubCall
    from symphony.testing.stubs import in_turn as in_turn

_HOMES = {
    "FakeClock": "clock",
    "MelodyResult": "melody_result",
    "PlayerSuite": "player_suite",
    "Snapshots": "snapshots",
    "StubCall": "stubs",
    "in_turn": "stubs",
    "open_store": "storing",
    "run_melody": "melody_run",
    "run_player": "running",
}
"""The public names, by the module where they are found. Loaded on use: pytest's plugin lies in this package too."""
__all__ = [
    "FakeClock",
    "MelodyResult",
    "PlayerSuite",
    "Snapshots",
    "StubCall",
    "in_turn",
    "open_store",
    "run_melody",
    "run_player",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
