"""Finds out what this machine, or the part of it that this process may use, offers: cores, memory, graphics processors."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from symphony.model.resources import TOKEN
from symphony.runtime.arbitration import Units

_GPU = re.compile(r"nvidia\d+")
_CGROUP = Path("/sys/fs/cgroup")
SHARED = ("memory", "gpus")
"""Resources besides tokens that engines of one state folder share. Cores are left to the system's own scheduler."""


def capacity_here(
    limits: Mapping[str, float] | None = None, *, system: Path = Path("/"), group: Path = _CGROUP
) -> dict[str, float]:
    """What there is: cores that the process may run on, memory in bytes, graphics processors; `limits` win.

    Args:
        limits: configured amounts by resource, tokens as ``token:NAME``.
        system: the root folder under which ``proc`` and ``dev`` lie.
        group: the folder of the control group.
    """
    found = {
        "cpus": _cores(group),
        "memory": _memory_bytes(system, group),
        "gpus": float(_gpus(system / "dev")),
    }
    return found | dict(limits or {})


def memory_here() -> float:
    """The memory of the machine, or what its control group allows, in bytes; infinite where that is not known."""
    return _memory_bytes(Path("/"), _CGROUP)


def shared_part(demand: Units, names: Iterable[str] = SHARED) -> Units:
    """The part of a demand that goes through the ledger of the state folder."""
    names = frozenset(names)
    return tuple((name, amount) for name, amount in demand if name in names or name.startswith(TOKEN))


def _cores(group: Path) -> float:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = float(len(affinity(0)) if affinity is not None else os.cpu_count() or 1)
    quota, _, period = _text(group / "cpu.max").partition(" ")
    return min(cores, int(quota) / int(period)) if quota.isdigit() and period.strip().isdigit() else cores


def _memory_bytes(system: Path, group: Path) -> float:
    total = re.search(r"^MemTotal:\s*(\d+) kB", _text(system / "proc" / "meminfo"), re.M)
    known = [float(total[1]) * 1024] if total else []
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _text(group / name).strip()
        if text.isdigit():
            known.append(float(text))
    return min(known, default=_physical_bytes())


def _physical_bytes() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError):
        return float("inf")  # not known: then it limits nothing


def _gpus(devices: Path) -> int:
    try:
        return sum(bool(_GPU.fullmatch(name)) for name in os.listdir(devices))
    except OSError:
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
