"""Tells where the time of a run went: critical path, parallelism, tasks by cost, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symphony.errors import UsageError
from symphony.model.plan import Plan
from symphony.model.quantities import counted
from symphony.model.states import RunState
from symphony.runtime.history import state_of
from symphony.runtime.run_jobs import COROUTINES, PROCESSES, THREADS, busy_s, jobs_of
from symphony.runtime.task_rows import plan_text_of
from symphony.runtime.what_if import Job, critical_path, scaled, simulate, work_s
from symphony.store.records import CallRecord, RunRecord
from symphony.store.store import Store

SPEEDUP = 2.0
MOST_SPED_UP = 3
_COROUTINES_AT_ONCE = 256
_WORTH_TELLING = 0.005
"""A change of less than half a percent is none."""


def profile_document(store: Store, run: RunRecord) -> dict[str, Any]:
    """The document of ``symphony profile``. Times are seconds; points in time are seconds since the epoch.

    Raises:
        UsageError: the run has not ended, or made no call.
    """
    state = state_of(store, run)
    if state is RunState.RUNNING:
        raise UsageError(f"the run {run.id} has not ended: watch it with symphony logs --follow or symphony show")
    plan = Plan.from_text(plan_text_of(store, run), file=f"the plan of run {run.id}")
    calls = {(call.task, call.index): call for call in store.calls(run.id)}
    return {"run": run.id, "melody": run.melody, "state": str(state), **_Profile(run, plan, calls).document()}


class _Profile:
    def __init__(self, run: RunRecord, plan: Plan, calls: Mapping[tuple[str, int], CallRecord]) -> None:
        self.run, self.calls = run, calls
        self.jobs = jobs_of(plan, calls)
        self.made = {
            _path(call): call for call in calls.values() if busy_s(call) > 0 and call.note != "recorded earlier"
        }
        self.path, self.path_s = critical_path(self.jobs)
        self.slots = self._slots()
        self.wall_s = self._wall_s()
        self.simulated_s = simulate(self.jobs, self.slots).seconds

    def _slots(self) -> dict[str, int]:
        """How many workers of each kind there were; where that was not recorded, as many as were seen."""
        seen: dict[str, set[str]] = {}
        for job in self.jobs:
            if job.seconds > 0 and job.name in self.made:
                seen.setdefault(job.pool, set()).add(self.made[job.name].worker or "")
        named = {THREADS: "workers", PROCESSES: "processes"}
        counts = {pool: int(self.run.measures.get(named.get(pool, "")) or len(names)) for pool, names in seen.items()}
        return {**counts, COROUTINES: _COROUTINES_AT_ONCE} if COROUTINES in counts else counts

    def _wall_s(self) -> float:
        seconds = self.run.measures.get("seconds")
        if seconds:
            return float(seconds)
        ends = [call.ended_at for call in self.made.values() if call.ended_at is not None]
        end = self.run.ended_at or max(ends, default=self.run.started_at)
        return max(0.0, end - self.run.started_at)

    def document(self) -> dict[str, Any]:
        busy, cpu = (
            work_s(self.jobs),
            [c.measures["cpu_s"] for c in self.made.values() if c.measures and "cpu_s" in c.measures],
        )
        workers = sum(count for pool, count in self.slots.items() if pool != COROUTINES)
        on_workers = work_s(job for job in self.jobs if job.pool != COROUTINES)
        return {
            "seconds": self.wall_s, "workers": dict(self.slots), "busy_s": busy, "cpu_s": sum(cpu) if cpu else None,
            "parallelism": busy / self.wall_s if self.wall_s else 0.0,
            "utilisation": min(1.0, on_workers / (self.wall_s * workers)) if self.wall_s and workers else None,
            "critical_path_s": self.path_s, "simulated_s": self.simulated_s,
            "critical_path": [
                {"task": job.name, "seconds": job.seconds} for i in self.path if (job := self.jobs[i]).seconds > 0
            ],
            "tasks": self._tasks(), "what_if": list(self._what_if()), "calls": self._calls(),
        }  # fmt: skip

    def _tasks(self) -> list[dict[str, Any]]:
        """By task of the melody, what its calls cost together and the longest that one waited; the dearest first."""
        found: dict[str, dict[str, Any]] = {}
        on_path = {self.jobs[i].name for i in self.path}
        for job in self.jobs:
            call = self.made.get(job.name)
            if call is None:
                continue
            row = found.setdefault(
                task_of(job.name),
                {"task": task_of(job.name), "calls": 0, "seconds": 0.0, "critical_s": 0.0, "waited_s": 0.0, "load_s": 0.0,
                 "save_s": 0.0, "cpu_s": 0.0, "bytes_in": 0, "bytes_out": 0, "peak_memory_bytes": 0},
            )  # fmt: skip
            row["calls"] += 1
            row["seconds"] += job.seconds
            row["critical_s"] += job.seconds if job.name in on_path else 0.0
            row["waited_s"] = max(row["waited_s"], call.waited_s or 0.0)
            measures = call.measures or {}
            for name in ("load_s", "save_s", "cpu_s", "bytes_in", "bytes_out"):
                row[name] += measures.get(name, 0)
            row["peak_memory_bytes"] = max(row["peak_memory_bytes"], measures.get("peak_memory_bytes", 0))
        return sorted(found.values(), key=lambda row: -row["seconds"])

    def _what_if(self) -> Iterator[dict[str, Any]]:
        if not self.slots or not self.wall_s:
            return
        fixed = {pool: count for pool, count in self.slots.items() if pool == COROUTINES}
        pools = [pool for pool in self.slots if pool != COROUTINES]
        for count in _counts(max((self.slots[p] for p in pools), default=0)):
            slots = {**dict.fromkeys(pools, count), **fixed}
            yield {"name": counted(count, "worker"), "workers": count, **self._changed(self.jobs, slots)}
        for task in self._worth_speeding_up():
            faster = scaled(self.jobs, lambda job, task=task: task_of(job.name) == task, 1 / SPEEDUP)  # type: ignore[misc]
            change = self._changed(faster, self.slots)
            if abs(change["change"]) >= _WORTH_TELLING:
                yield {"name": f"{task} twice as fast", "task": task, "speedup": SPEEDUP, **change}

    def _changed(self, jobs: Sequence[Job], slots: Mapping[str, int]) -> dict[str, Any]:
        """How long the run would take, the time that is spent outside of calls included as it was."""
        seconds = max(0.0, self.wall_s - self.simulated_s) + simulate(jobs, slots).seconds
        return {"seconds": seconds, "change": seconds / max(self.wall_s, self.simulated_s) - 1}

    def _worth_speeding_up(self) -> list[str]:
        rows = sorted(self._tasks(), key=lambda row: (-row["critical_s"], -row["seconds"]))
        return [row["task"] for row in rows[:MOST_SPED_UP]]

    def _calls(self) -> list[dict[str, Any]]:
        """Every attempt that kept a worker busy."""
        on_path, found = {self.jobs[i].name for i in self.path}, []
        for job in self.jobs:
            call = self.made.get(job.name)
            if call is None:
                continue
            last = {"attempt": call.attempt, "state": str(call.state), "started_at": call.started_at, "ended_at": call.ended_at,
                    "waited_s": call.waited_s, "worker": call.worker}  # fmt: skip
            for attempt in (*(call.measures or {}).get("tried", ()), last):
                found.append(
                    {"task": job.name, "pool": job.pool, "attempt": attempt["attempt"], "worker": attempt["worker"] or "",
                     "state": attempt.get("state", "failed"), "started_at": attempt["started_at"], "ended_at": attempt["ended_at"],
                     "waited_s": attempt["waited_s"], "critical": job.name in on_path}
                )  # fmt: skip
        return found


def _counts(now: int) -> list[int]:
    """Other numbers of workers to try."""
    return sorted({1, max(1, now // 2), 2 * now, 4 * now} - {now, 0}) if now else []


def task_of(path: str) -> str:
    """The task that a call belongs to: without the numbers of elements."""
    return "".join(part.partition("]")[2] if i else part for i, part in enumerate(path.split("[")))


def _path(call: CallRecord) -> str:
    return call.task if call.index < 0 else f"{call.task}[{call.index}]"
