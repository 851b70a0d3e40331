"""A run played through again on other workers stays within what is known of such schedules."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.runtime.what_if import Job, critical_path, scaled, simulate, work_s

CLOSE = 1e-9


@st.composite
def graphs(draw: st.DrawFn) -> list[Job]:
    """Jobs with whole numbers of seconds, so that sums are exact; some take no time."""
    jobs: list[Job] = []
    for i in range(draw(st.integers(0, 25))):
        after = draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else []
        jobs.append(Job(f"t{i}", float(draw(st.integers(0, 9))), tuple(after)))
    return jobs


@given(graphs(), st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_it_is_never_faster_than_the_critical_path_or_the_work_allows(jobs: list[Job], workers: int):
    seconds = simulate(jobs, {"threads": workers}).seconds

    assert seconds >= critical_path(jobs)[1] - CLOSE
    assert seconds >= work_s(jobs) / workers - CLOSE


@given(graphs(), st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_it_is_never_slower_than_grahams_bound(jobs: list[Job], workers: int):
    seconds = simulate(jobs, {"threads": workers}).seconds

    assert seconds <= work_s(jobs) / workers + (1 - 1 / workers) * critical_path(jobs)[1] + CLOSE


@given(graphs(), st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_more_workers_never_cost_more_than_grahams_anomalies(jobs: list[Job], workers: int):
    few, more = simulate(jobs, {"threads": workers}).seconds, simulate(jobs, {"threads": workers + 1}).seconds

    assert more <= (2 - 1 / (workers + 1)) * few + CLOSE


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_one_worker_takes_all_the_work_and_many_take_the_critical_path(jobs: list[Job]):
    assert simulate(jobs, {"threads": 1}).seconds == work_s(jobs)
    assert simulate(jobs, {"threads": len(jobs) + 1}).seconds == critical_path(jobs)[1]


@given(graphs(), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_nothing_starts_early_and_no_worker_does_two_things(jobs: list[Job], workers: int):
    starts = simulate(jobs, {"threads": workers}).starts

    ends = [start + job.seconds for start, job in zip(starts, jobs, strict=True)]
    assert all(starts[i] >= ends[before] for i, job in enumerate(jobs) for before in job.after)
    for i, job in enumerate(jobs):
        at_once = [k for k, other in enumerate(jobs) if other.seconds > 0 and starts[k] <= starts[i] < ends[k]]
        assert job.seconds == 0 or len(at_once) <= workers


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_the_critical_path_is_a_chain_as_long_as_it_says(jobs: list[Job]):
    path, seconds = critical_path(jobs)

    assert sum(jobs[i].seconds for i in path) == seconds
    assert all(a in jobs[b].after for a, b in pairwise(path))


def test_pools_do_not_wait_for_each_other():
    jobs = [Job("a", 4.0), Job("b", 3.0, pool="processes"), Job("c", 1.0, (1,), "processes")]

    assert simulate(jobs, {"threads": 1, "processes": 1}).seconds == 4.0


def test_a_task_twice_as_fast_shortens_what_is_on_the_critical_path_only():
    jobs = [Job("a", 4.0), Job("b", 1.0), Job("c", 2.0, (0, 1))]

    def seconds(task: str) -> float:
        return simulate(scaled(jobs, lambda job: job.name == task, 0.5), {"threads": 2}).seconds

    assert (seconds("a"), seconds("b"), seconds("c")) == (4.0, 6.0, 5.0)


def test_a_pool_without_workers_and_a_job_that_waits_for_a_later_one_are_refused():
    with pytest.raises(ValueError, match="'gpu', which has none"):
        simulate([Job("a", 1.0, pool="gpu")], {"threads": 1})
    with pytest.raises(ValueError, match="a waits for a job that does not stand before it"):
        simulate([Job("a", 1.0, (0,))], {"threads": 1})
