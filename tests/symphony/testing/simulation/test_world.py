"""The invented clock and the invented chance."""

from __future__ import annotations

import ast
from pathlib import Path

import symphony.testing.simulation as simulation
from symphony.testing.simulation.world import World, mixed


def test_things_happen_in_the_order_of_their_time_and_then_of_asking():
    world, happened = World(0), list[str]()
    world.after(2.0, lambda: happened.append("late"))
    world.after(1.0, lambda: happened.append("first"))
    world.after(1.0, lambda: happened.append("second"))

    assert world.run(9.0)
    assert happened == ["first", "second", "late"]
    assert world.now == 2.0


def test_a_world_that_goes_on_for_ever_is_left():
    world = World(0)

    def again() -> None:
        world.after(1.0, again)

    again()
    assert not world.run(5.0)
    assert world.events == 5


def test_mixing_depends_on_the_parts_alone():
    assert mixed(1, (2, None)) == mixed(1, (2, None))
    assert mixed(1, (2, None)) != mixed(2, (2, None))
    assert mixed(3, (25,)) == 1_714_647_227  # on every machine


def test_nothing_in_the_simulator_knows_a_real_clock_thread_file_or_chance():
    forbidden = {"time", "datetime", "threading", "asyncio", "socket", "subprocess", "secrets", "uuid"}
    forbidden |= {"os", "io", "pathlib", "tempfile"}
    folder = Path(next(iter(simulation.__path__)))

    for path in sorted(folder.glob("*.py")):
        if path.name == "__main__.py":
            continue  # it measures how fast the worlds were
        tree = ast.parse(path.read_text("utf-8"))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name.partition(".")[0] for name in imported} & forbidden, path.name
        taken = {
            n.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "random"
            for n in node.names
        }
        assert taken <= {"Random"}, path.name
