"""Lets one invented world happen from a seed, and says how it went."""

from __future__ import annotations

from dataclasses import dataclass

from symphony.errors import InternalError
from symphony.model.states import RunState
from symphony.testing.simulation.desk import Machine
from symphony.testing.simulation.journal import Call, Journal
from symphony.testing.simulation.process import Process
from symphony.testing.simulation.properties import Watcher
from symphony.testing.simulation.score import Piece, Style, draw_score, draw_works
from symphony.testing.simulation.suspects import Suspects
from symphony.testing.simulation.weather import Weather, draw_weather
from symphony.testing.simulation.world import SimulationError, World

AGEING_S, PATIENCE_S = 2.0, 4.0
LONGEST_S = 1_500.0
"""A world that has not come to an end by then never will."""
_CAPACITY = {"cpus": 2.0, "token:api": 1.0, "memory": 4.0}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one world.

    Attributes:
        seconds: how much time passed in it.
        events: how many things happened; of them `sittings` of runs, and `writes` of ends of calls.
        failure: the property that does not hold, or None.
        trace: a line for everything that happened, where it was asked for.
    """

    seed: int
    seconds: float
    events: int
    sittings: int
    writes: int
    failure: SimulationError | None = None
    trace: tuple[str, ...] = ()


def simulate(
    seed: int, *, suspects: Suspects | None = None, weather: Weather | None = None, trace: bool = False
) -> Outcome:
    """Let a world happen. The same arguments give the same outcome and the same trace, in every process.

    Args:
        seed: everything of chance follows from it.
        suspects: the parts under test; those of Symphony unless others are given.
        weather: the disturbances; drawn from the seed unless given.
        trace: whether to write down what happens.
    """
    world = World(seed, trace=trace)
    simulation = _Simulation(world, weather or draw_weather(world.chance), suspects or Suspects())
    failure = simulation.failure()
    return Outcome(
        seed, world.now, world.events, simulation.sittings, simulation.writes, failure, tuple(world.trace or ())
    )


class _Simulation:
    """Some runs, their processes and machines, and those who start, disturb and resume them."""

    def __init__(self, world: World, weather: Weather, suspects: Suspects) -> None:
        chance = world.chance
        self._world, self._weather, self._suspects = world, weather, suspects
        self._watcher = Watcher(_CAPACITY, ageing_s=AGEING_S, patience_s=PATIENCE_S)
        self._journal = Journal(self._wrote, refuse=suspects.refuse_lost, lost=suspects.lost_runs)
        self._machines = [self._machine(f"m{i}", chance.uniform(-1.0, 1.0)) for i in range(chance.choice((1, 1, 2)))]
        self._processes: list[Process] = []
        self.sittings = self.writes = 0
        capacity = _CAPACITY if chance.random() < 0.6 else {}
        style = Style(
            chance.choice((3, 6, 9)), draw_works(chance, capacity), each=chance.choice((0.0, 0.3, 0.6)),
            when=chance.choice((0.0, 0.3)), body=chance.choice((0.0, 0.4)), edges=chance.choice((0.5, 0.9)),
            merge=suspects.edges_of,
        )  # fmt: skip
        for number in range(chance.choice((1, 1, 2, 3))):
            self._look_after(Piece(
                f"run{number}", draw_score(chance, style), chance.randint(0, 2), chance.choice((1, 2, 4)),
                fail_fast=world.happens(weather.fail_fast),
                limit_s=chance.uniform(0.5, 20.0) if world.happens(weather.limits) else None,
            ))  # fmt: skip
        self._disturb()

    def _machine(self, name: str, skew_s: float) -> Machine:
        arbiter = self._suspects.arbiter(_CAPACITY, ageing_s=AGEING_S, patience_s=PATIENCE_S)
        return Machine(name, skew_s, arbiter, self._watcher)

    def _wrote(self, run: str, sitting: int, call: Call | None) -> None:
        self.writes += call is not None
        self._watcher.wrote(run, sitting, call)

    # runs --------------------------------------------------------------------------------------------------------

    def _look_after(self, piece: Piece) -> None:
        """Somebody starts a run, and resumes it until it has ended for good."""
        self._world.after(self._world.chance.random(), lambda: self._launch(piece))

    def _launch(self, piece: Piece) -> None:
        row = self._journal.rows.get(piece.run)
        if row is not None:
            if row.state is RunState.SUCCEEDED or row.state is RunState.FAILED:
                return
            piece = piece._replace(limit_s=None)  # whoever resumes a run gives it the time it needs
        process = Process(
            self._world, self._weather, self._watcher, self._suspects, self._journal,
            self._world.chance.choice(self._machines), piece, len(self._processes), self._processes.__getitem__,
            lambda: self._gone(piece),
        )  # fmt: skip
        self._processes.append(process)
        if process.start():
            self.sittings += 1
        else:
            self._gone(piece)

    def _gone(self, piece: Piece) -> None:
        if all(p.is_gone for p in self._processes if p.piece.run == piece.run):
            self._world.after(self._world.chance.uniform(0.1, 2.0), lambda: self._launch(piece))

    # disturbances ------------------------------------------------------------------------------------------------

    def _disturb(self) -> None:
        world, weather = self._world, self._weather
        for count, what in (
            (weather.kills, self._kill), (weather.stops, self._stop),
            (weather.intruders, self._intrude), (weather.cancels, self._cancel),
        ):  # fmt: skip
            for _ in range(count):
                world.after(world.chance.expovariate(0.3), what)

    def _somebody(self) -> Process | None:
        living = [p for p in self._processes if not p.is_gone and not p.is_stopped]
        return self._world.chance.choice(living) if living else None

    def _kill(self) -> None:
        process = self._somebody()
        if process is not None:
            process.kill()

    def _stop(self) -> None:
        process = self._somebody()
        if process is not None:
            process.stop()
            self._world.after(self._world.chance.uniform(0.1, 12.0), process.wake)

    def _cancel(self) -> None:
        process = self._somebody()
        if process is not None:
            process.asked_to_cancel = True

    def _intrude(self) -> None:
        """Somebody resumes a run that may have a living owner."""
        living = [p for p in self._processes if not p.is_gone]
        if living:
            process = self._world.chance.choice(living)
            if self._journal.rows[process.piece.run].state is not RunState.SUCCEEDED:
                self._launch(process.piece)

    # the end -----------------------------------------------------------------------------------------------------

    def failure(self) -> SimulationError | None:
        """Let everything happen; returns what went wrong."""
        try:
            if not self._world.run(LONGEST_S):
                raise SimulationError("ends", self._what_goes_on())
            self._check_runs()
            self._watcher.check_end()
            self._check_machines()
        except SimulationError as error:
            return error
        except (InternalError, AssertionError, LookupError) as error:
            found = SimulationError("no-crash", f"{type(error).__name__}: {error}")
            found.__cause__ = error
            return found
        return None

    def _what_goes_on(self) -> str:
        engines = [p.engine for p in self._processes if not p.is_gone and p.engine is not None]
        return "; ".join(engine.calls.describe() for engine in engines) or "there is no end, and nobody works"

    def _check_runs(self) -> None:
        for run, row in self._journal.rows.items():
            if row.state not in (RunState.SUCCEEDED, RunState.FAILED):
                raise SimulationError("ends", f"{run} reads {row.state} for ever")

    def _check_machines(self) -> None:
        for machine in self._machines:
            if machine.arbiter.held:
                raise SimulationError(
                    "capacity", f"{next(iter(machine.arbiter.held))} holds on to what it had on {machine.name}"
                )
            if machine.arbiter.unknown:
                raise SimulationError(
                    "books", f"{machine.name}: {machine.arbiter.unknown} requests were given back that nobody had"
                )
