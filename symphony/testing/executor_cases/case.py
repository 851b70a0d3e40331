"""A case of the suite: a small melody, what it needs of an executor, and how it is played and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from symphony.testing.executor_cases.stage import Stage, must_equal


class Road(StrEnum):
    """How a case is run. An engine may take another road through its own code for each; what comes of it is the same."""

    RECORDED = "recorded"
    STRICT = "strict"
    MEMORY = "in-memory"
    QUIET = "unheard"


ROAD_OPTIONS: Mapping[Road, Mapping[str, Any]] = {
    Road.RECORDED: {},
    Road.STRICT: {"strict": True},
    Road.MEMORY: {"record": False},
    Road.QUIET: {"record": False, "on_event": None},
}
"""What each road asks of `run`. Unheard: results in memory and nobody listens, which is when engines take short cuts."""
KEPT = (Road.RECORDED, Road.STRICT)
"""Roads on which results are kept."""
ONCE = (Road.RECORDED,)
"""For cases that take time, or that are about what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: what it claims, in words joined by ``-``.
        melody: what is run, and what the check of an environment must refuse where a trait is missing.
        play: runs it and judges; raises AssertionError.
        needs: traits by name, such as ``can_kill``, and resources as ``resource:cpus``.
        roads: how it is run.
    """

    name: str
    melody: Any
    play: Callable[[Stage], None]
    needs: tuple[str, ...] = ()
    roads: tuple[Road, ...] = tuple(Road)


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of one module, in the order in which they were added."""

    found: list[Case] = field(default_factory=list)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.found)

    def expect(
        self, name: str, melody: Any, /, *, params: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None,
        state: str = "succeeded", tasks: Mapping[str, str] | None = None, notes: Mapping[str, str] | None = None,
        calls: Mapping[str, int] | None = None, options: Mapping[str, Any] | None = None,
        needs: Sequence[str] = (), roads: Sequence[Road] = tuple(Road),
    ) -> None:  # fmt: skip
        """Add a case that is one run.

        Args:
            outputs: outputs by name; those that are not named are not looked at.
            state: how the run ends.
            tasks: how these tasks and elements end.
            notes: what is noted of these tasks, such as the cause of a skip.
            calls: how often bodies have left each mark; no other mark may be there.
            options: for `run`.
        """

        def play(stage: Stage) -> None:
            played = stage.run(melody, params, **(options or {}))
            played.must_be(state, tasks or {}, notes or {})
            for output, wanted in (outputs or {}).items():
                must_equal(f"the output {output!r}", played.result.outputs[output], wanted)
            if calls is not None:
                must_equal("the calls that bodies marked", stage.counted, dict(calls))

        self.found.append(Case(name=name, melody=melody, play=play, needs=tuple(needs), roads=tuple(roads)))

    def scenario(
        self, melody: Any, *, needs: Sequence[str] = (), roads: Sequence[Road] = ONCE
    ) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
        """Add a case that is a function of the stage; its name is the function's."""

        def add(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
            name = play.__name__.replace("_", "-")
            self.found.append(Case(name=name, melody=melody, play=play, needs=tuple(needs), roads=tuple(roads)))
            return play

        return add
