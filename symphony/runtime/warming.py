"""Tells the pool which players the plan needs next, so that they are warm by then."""

from __future__ import annotations

from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.steps import Program, Step, every_step


class Warming:
    """The players of a plan that are set up, in the order in which it needs them. Called under the engine's lock."""

    def __init__(self, program: Program, pool: PlayerPool) -> None:
        self._pool = pool
        self._ahead = [step for step in every_step(program) if step.kind is not None]
        for step in self._ahead:
            assert step.kind is not None
            step.kind = pool.add(step.kind)

    def begin(self) -> None:
        """Say what is needed first."""
        self._say()

    def ended(self, step: Step) -> None:
        """A task has ended: its player may not be needed any more."""
        if step.kind is not None and step in self._ahead:
            self._ahead.remove(step)
            self._say()

    def _say(self) -> None:
        self._pool.upcoming(step.kind for step in self._ahead if step.kind is not None)
