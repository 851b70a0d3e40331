"""What the machine offers, read from a folder that stands for it."""

from __future__ import annotations

import os
from pathlib import Path

from symphony.runtime.arbitration import units_of
from symphony.runtime.machine import capacity_here, shared_part


def machine(folder: Path) -> tuple[Path, Path]:
    (folder / "proc").mkdir()
    (folder / "proc" / "meminfo").write_text("MemTotal:       1000 kB\nMemFree:  10 kB\n")
    (folder / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (folder / "dev" / name).touch()
    (folder / "group").mkdir()
    return folder, folder / "group"


def test_cores_memory_and_graphics_processors_are_counted(tmp_path: Path):
    system, group = machine(tmp_path)

    found = capacity_here(system=system, group=group)

    assert found == {"cpus": float(len(os.sched_getaffinity(0))), "memory": 1_024_000.0, "gpus": 2.0}


def test_the_control_group_may_allow_less(tmp_path: Path):
    system, group = machine(tmp_path)
    (group / "memory.max").write_text("4096\n")
    (group / "cpu.max").write_text("50000 100000\n")

    found = capacity_here(system=system, group=group)

    assert (found["cpus"], found["memory"]) == (0.5, 4096.0)


def test_a_control_group_without_a_limit_limits_nothing(tmp_path: Path):
    system, group = machine(tmp_path)
    (group / "memory.max").write_text("max\n")
    (group / "cpu.max").write_text("max 100000\n")

    assert capacity_here(system=system, group=group)["memory"] == 1_024_000.0


def test_configured_limits_win_and_add_tokens(tmp_path: Path):
    system, group = machine(tmp_path)

    found = capacity_here({"gpus": 0.0, "token:api": 4.0}, system=system, group=group)

    assert found["gpus"] == 0.0
    assert found["token:api"] == 4.0


def test_engines_share_memory_graphics_processors_and_tokens_but_no_cores():
    demand = units_of({"cpus": 1, "memory": 5, "gpus": 1, "token:api": 1})

    assert [name for name, _ in shared_part(demand)] == ["gpus", "memory", "token:api"]
