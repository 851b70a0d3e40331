"""What tests of players and melodies need: a store, a clock moved by hand, calls with a context, a suite to inherit."""

from symphony.testing.clock import FakeClock
from symphony.testing.player_suite import PlayerSuite
from symphony.testing.running import run_player
from symphony.testing.storing import open_store

__all__ = ["FakeClock", "PlayerSuite", "open_store", "run_player"]
