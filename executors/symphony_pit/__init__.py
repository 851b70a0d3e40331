"""The Pit: the local executor. It lends threads of this process to the runtime."""

from symphony_pit.pit import PitExecutor

__all__ = ["PitExecutor"]
