"""Makes the players of a plan known to the pool, and tells it which are needed next, so that they are warm by then."""

from __future__ import annotations

from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.steps import Program, Step, every_step


def known_to(pool: PlayerPool, program: Program) -> list[Step]:
    """Let the pool know the players of a plan that are set up, which it then counts and tears down; gives their steps."""
    steps = [step for step in every_step(program) if step.kind is not None]
    for step in steps:
        assert step.kind is not None
        step.kind = pool.add(step.kind)
    return steps


class Warming:
    """The players of a plan that are set up, in the order in which it needs them. Called under the engine's lock."""

    def __init__(self, program: Program, pool: PlayerPool) -> None:
        self._pool = pool
        self._ahead = known_to(pool, program)

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
