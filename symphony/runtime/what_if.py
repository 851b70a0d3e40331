"""Plays the calls of a run through again on other workers: how long it would have taken.

A simulation by list scheduling: whenever a worker is free it takes the call that has been ready longest. Recorded
durations are taken as they are. What it gives is never below the critical path nor below the work divided by the
workers, and never above both together (Graham's bound).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a run.

    Attributes:
        name: the call, such as ``stats[3]``.
        seconds: how long it keeps a worker busy; 0 for what takes no worker, such as a result that was served.
        after: positions of the jobs that it waits for, all smaller than its own.
        pool: which workers can take it.
    """

    name: str
    seconds: float
    after: tuple[int, ...] = ()
    pool: str = "threads"


@dataclass(frozen=True, slots=True)
class Simulated:
    """How it would have gone.

    Attributes:
        starts: when each job starts, by position, in seconds from the beginning.
        seconds: when the last one ends.
    """

    starts: tuple[float, ...]
    seconds: float


def simulate(jobs: Sequence[Job], slots: Mapping[str, int]) -> Simulated:
    """Play jobs through.

    Args:
        slots: how many workers each pool has, at least 1.

    Raises:
        ValueError: a pool has no worker, or a job waits for one that does not stand before it.
    """
    _check(jobs, slots)
    return _Simulation(jobs, slots).run()


def _check(jobs: Sequence[Job], slots: Mapping[str, int]) -> None:
    for i, job in enumerate(jobs):
        if job.seconds > 0 and slots.get(job.pool, 0) < 1:
            raise ValueError(f"{job.name} needs a worker of the pool {job.pool!r}, which has none")
        if any(not 0 <= before < i for before in job.after):
            raise ValueError(f"{job.name} waits for a job that does not stand before it")


class _Simulation:
    def __init__(self, jobs: Sequence[Job], slots: Mapping[str, int]) -> None:
        self.jobs, self.free = jobs, dict(slots)
        self.waiting = [len(set(job.after)) for job in jobs]
        self.followers: list[list[int]] = [[] for _ in jobs]
        for i, job in enumerate(jobs):
            for before in set(job.after):
                self.followers[before].append(i)
        self.starts = [0.0] * len(jobs)
        self.ready: dict[str, list[tuple[float, int]]] = {}
        self.running: list[tuple[float, int]] = []
        self.now = 0.0

    def run(self) -> Simulated:
        self._release([i for i, count in enumerate(self.waiting) if not count])
        self._start()
        while self.running:
            self.now = self.running[0][0]
            ended: list[int] = []
            while self.running and self.running[0][0] == self.now:
                job = heapq.heappop(self.running)[1]
                self.free[self.jobs[job].pool] += 1
                ended.append(job)
            self._end(ended)
            self._start()
        return Simulated(tuple(self.starts), self.now)

    def _release(self, found: Iterable[int]) -> None:
        """Jobs have become ready; those that take no time end at once."""
        stack = list(found)
        while stack:
            job = stack.pop()
            self.starts[job] = self.now
            if self.jobs[job].seconds > 0:
                heapq.heappush(self.ready.setdefault(self.jobs[job].pool, []), (self.now, job))
            else:
                stack += self._followed(job)

    def _followed(self, job: int) -> list[int]:
        """The jobs that waited for this one only."""
        found = []
        for follower in self.followers[job]:
            self.waiting[follower] -= 1
            if not self.waiting[follower]:
                found.append(follower)
        return found

    def _end(self, ended: Iterable[int]) -> None:
        for job in ended:
            self._release(self._followed(job))

    def _start(self) -> None:
        for pool, ready in self.ready.items():
            while ready and self.free[pool]:
                job = heapq.heappop(ready)[1]
                self.free[pool] -= 1
                self.starts[job] = self.now
                heapq.heappush(self.running, (self.now + self.jobs[job].seconds, job))


def critical_path(jobs: Sequence[Job]) -> tuple[list[int], float]:
    """The longest chain of jobs that wait for each other, by position, and its length in seconds.

    No number of workers makes the run faster than that.
    """
    length = [0.0] * len(jobs)
    before = [-1] * len(jobs)
    for i, job in enumerate(jobs):
        for b in job.after:
            if before[i] < 0 or length[b] > length[before[i]]:
                before[i] = b
        length[i] = job.seconds + (length[before[i]] if before[i] >= 0 else 0.0)
    if not jobs:
        return [], 0.0
    at = max(range(len(jobs)), key=length.__getitem__)
    whole, path = length[at], []
    while at >= 0:
        path.append(at)
        at = before[at]
    return path[::-1], whole


def work_s(jobs: Iterable[Job]) -> float:
    """How long all jobs take one after the other, in seconds."""
    return sum(job.seconds for job in jobs)


def scaled(jobs: Sequence[Job], is_meant: Callable[[Job], bool], factor: float) -> list[Job]:
    """The same jobs, with some of them taking `factor` times as long."""
    return [replace(job, seconds=job.seconds * factor) if is_meant(job) else job for job in jobs]
