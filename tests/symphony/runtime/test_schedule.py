"""The schedule: order, skips, groups, and that every run ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import InternalError
from symphony.model.states import FINAL, RunState, TaskState, check_run_transition, check_task_transition
from symphony.runtime import schedule as sc
from symphony.runtime.schedule import DATA, ORDER, STREAM, TOLERANT, WHEN, Schedule, State, edges_of


def chain(*kinds: int) -> tuple[Schedule, list[int]]:
    schedule = Schedule()
    first = schedule.add(len(kinds) + 1)
    for i, kind in enumerate(kinds):
        schedule.link(first + i, first + i + 1, kind)
    return schedule, schedule.release(range(first, first + len(kinds) + 1))


def test_a_node_starts_when_all_it_waits_for_has_ended():
    schedule = Schedule()
    schedule.add(3)
    schedule.link(0, 2)
    schedule.link(1, 2)

    assert schedule.release(range(3)) == [0, 1]
    assert schedule.succeed(0) == []
    assert schedule.succeed(1) == [2]


def test_a_failure_skips_dependants_with_the_failed_node_as_cause():
    schedule, _ = chain(DATA, DATA)

    assert schedule.fail(0) == []
    assert list(schedule.state) == [sc.FAILED, sc.SKIPPED, sc.SKIPPED]
    assert schedule.cause == {1: 0, 2: 0}


@pytest.mark.parametrize(
    ("kind", "after_skip", "after_failure"),
    [(DATA, sc.SKIPPED, sc.SKIPPED), (ORDER, sc.READY, sc.SKIPPED), (TOLERANT, sc.READY, sc.READY)],
    ids=["data", "order", "tolerant"],
)
def test_what_an_edge_means(kind: int, after_skip: int, after_failure: int):
    """Semantics 25: needs on a when-skipped task is met, on a failed one not."""
    schedule, _ = chain(kind)
    schedule.skip(0)
    assert schedule.state[1] == after_skip

    schedule, _ = chain(kind)
    schedule.fail(0)
    assert schedule.state[1] == after_failure


@pytest.mark.parametrize("failure_first", [True, False], ids=["failure first", "skip first"])
def test_a_failure_counts_before_a_condition_whoever_is_faster(failure_first: bool):
    """Semantics 25: what follows by order alone must not depend on which of two tasks ended first."""
    schedule = Schedule()
    schedule.add(4)  # 2 needs the results of 0 and 1; 3 comes after 2 by order alone
    schedule.link(0, 2)
    schedule.link(1, 2)
    schedule.link(2, 3, ORDER)
    schedule.release(range(4))

    if failure_first:
        schedule.fail(1)
        schedule.skip(0)
    else:
        schedule.skip(0)
        assert schedule.state[2] == sc.PENDING
        schedule.fail(1)

    assert list(schedule.state) == [sc.SKIPPED, sc.FAILED, sc.SKIPPED, sc.SKIPPED]
    assert schedule.cause[2] == schedule.cause[3] == 1


def test_a_skip_is_passed_on_when_everything_else_has_ended():
    schedule = Schedule()
    schedule.add(4)
    schedule.link(0, 2)
    schedule.link(1, 2)
    schedule.link(2, 3, ORDER)
    schedule.release(range(4))

    assert schedule.skip(0) == []
    assert schedule.succeed(1) == [3]
    assert schedule.cause[2] == WHEN
    assert schedule.consequences == [2]


@pytest.mark.parametrize(
    ("kinds", "merged"),
    [
        ((ORDER, TOLERANT), TOLERANT), ((TOLERANT, DATA), DATA), ((STREAM, STREAM), STREAM),
        ((STREAM, ORDER), DATA), ((TOLERANT, STREAM), DATA), ((DATA, STREAM), DATA),
    ],
)  # fmt: skip
def test_several_reasons_to_wait_are_one(kinds: tuple[int, int], merged: int):
    """Who asks for the end or the state of a list must not start with its first element."""
    assert edges_of([(7, kind) for kind in kinds]) == {7: merged}


def test_an_end_is_final():
    schedule, _ = chain()
    schedule.succeed(0)

    with pytest.raises(InternalError, match="has ended as SUCCEEDED"):
        schedule.fail(0)
    assert schedule.state[0] == sc.SUCCEEDED


def grouped(count: int) -> tuple[Schedule, range]:
    schedule, _ = chain(DATA)
    first = schedule.add(count, parent=0)
    children = range(first, first + count)
    schedule.open_group(0, children)
    assert schedule.release(children) == list(children)
    return schedule, children


def test_a_group_ends_when_its_children_have():
    schedule, children = grouped(2)

    assert schedule.succeed(children[0]) == []
    assert schedule.succeed(children[1]) == [1]
    assert schedule.state[0] == sc.SUCCEEDED


def test_a_group_is_cached_only_if_every_child_was():
    """Semantics 26: a task is cached only if every element was."""
    schedule, children = grouped(2)
    schedule.succeed(children[0], sc.CACHED)
    schedule.succeed(children[1], sc.CACHED)
    assert schedule.state[0] == sc.CACHED

    schedule, children = grouped(2)
    schedule.succeed(children[0], sc.CACHED)
    schedule.succeed(children[1])
    assert schedule.state[0] == sc.SUCCEEDED


def test_one_failed_child_fails_the_group_and_skips_its_consumers():
    """Semantics 23: one failed element fails the task; its siblings go on; consumers of the whole list are skipped."""
    schedule, children = grouped(3)
    schedule.fail(children[1])
    assert schedule.state[children[2]] == sc.READY
    schedule.succeed(children[0])
    schedule.succeed(children[2])

    assert schedule.state[0] == sc.FAILED
    assert schedule.state[1] == sc.SKIPPED
    assert schedule.cause[1] == 0


def test_children_left_out_by_when_do_not_count():
    schedule, children = grouped(2)
    schedule.skip(children[0])
    assert schedule.succeed(children[1]) == [1]


def test_an_empty_group_succeeds_at_once():
    """Semantics 22: an empty list gives succeeded and []."""
    schedule, _ = chain(DATA)
    assert schedule.open_group(0, range(0)) == [1]
    assert schedule.state[0] == sc.SUCCEEDED


def test_a_stream_goes_on_as_soon_as_the_group_has_its_elements():
    """Semantics 23: each over an each task runs element i when its source element is done."""
    schedule, _ = chain(STREAM)
    first = schedule.add(2, parent=0)
    assert schedule.open_group(0, range(first, first + 2)) == [1]
    assert schedule.state[0] == sc.RUNNING


def test_cancelling_ends_everything_that_has_not_started():
    schedule, _ = chain(DATA, DATA)
    schedule.state[0] = sc.RUNNING

    assert schedule.cancel_unstarted() == [1, 2]
    schedule.cancel(0)
    assert schedule.ended == 3


def test_what_is_skipped_while_cancelling_is_not_cancelled_too():
    """Or its end would be told, and recorded, twice."""
    schedule = Schedule()
    schedule.add(1)
    schedule.release(range(1))
    children = range(schedule.add(2, parent=0), 3)
    schedule.open_group(0, children)
    schedule.release(children)
    follower = schedule.add(1)
    schedule.link(0, follower)
    schedule.fail(children[0])

    assert schedule.cancel_unstarted() == [children[1]]
    assert schedule.consequences == [0, follower]
    assert schedule.state[follower] == sc.SKIPPED


@st.composite
def graphs(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    size = draw(st.integers(1, 12))
    edges = []
    for node in range(size):
        count = draw(st.integers(0, min(3, node)))
        befores = draw(st.lists(st.integers(0, node - 1), min_size=count, max_size=count, unique=True)) if node else []
        edges.append([(b, draw(st.sampled_from([DATA, ORDER, TOLERANT]))) for b in befores])
    return edges


@settings(max_examples=300, deadline=None)
@given(graphs(), st.data())
def test_every_run_ends_and_nothing_starts_twice_or_too_early(edges: list[list[tuple[int, int]]], data: st.DataObject):
    schedule = Schedule()
    schedule.add(len(edges))
    for node, befores in enumerate(edges):
        for before, kind in befores:
            schedule.link(before, node, kind)
    ready = schedule.release(range(len(edges)))
    started: set[int] = set()
    while ready:
        node = ready.pop(data.draw(st.integers(0, len(ready) - 1)))
        assert node not in started
        started.add(node)
        assert all(schedule.state[b] >= sc.SUCCEEDED for b, _ in edges[node])
        outcome = data.draw(st.sampled_from(["succeed", "fail", "skip"]))
        ready += schedule.succeed(node) if outcome == "succeed" else getattr(schedule, outcome)(node)

    assert schedule.ended == len(edges)
    for node, befores in enumerate(edges):
        if schedule.state[node] == sc.SKIPPED and node not in started:
            bad = [b for b, k in befores if k != TOLERANT and schedule.state[b] in (sc.FAILED, sc.SKIPPED)]
            assert bad
            assert schedule.cause[node] == WHEN or schedule.state[schedule.cause[node]] == sc.FAILED


class Watched:
    """Drives a schedule and checks every change of a node against the table of transitions."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.before = bytes(schedule.state)

    def check(self) -> None:
        now = bytes(self.schedule.state)
        for old, new in zip(self.before.ljust(len(now), b"\0"), now, strict=True):
            if old != new:
                check_task_transition(TaskState[State(old).name], TaskState[State(new).name])
        self.before = now


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_every_change_is_one_that_the_table_allows(edges: list[list[tuple[int, int]]], data: st.DataObject):
    schedule = Schedule()
    schedule.add(len(edges))
    for node, befores in enumerate(edges):
        for before, kind in befores:
            schedule.link(before, node, kind)
    watched = Watched(schedule)
    ready = schedule.release(range(len(edges)))
    watched.check()
    opened: set[int] = set()
    while ready:
        node = ready.pop(data.draw(st.integers(0, len(ready) - 1)))
        if schedule.state[node] != sc.READY:
            continue
        step = data.draw(st.sampled_from(["succeed", "fail", "skip", "open", "cancel all"]))
        if step == "open" and node < len(edges) and node not in opened:
            opened.add(node)
            first = schedule.add(data.draw(st.integers(1, 3)), parent=node)
            children = range(first, len(schedule))
            ready += schedule.open_group(node, children)
            watched.check()
            ready += schedule.release(children)
            if data.draw(st.booleans()):  # an element whose source failed
                ready += schedule.skip(children[0], node)
        elif step == "cancel all":
            schedule.cancel_unstarted()
        else:
            if step in ("succeed", "fail"):
                schedule.state[node] = sc.RUNNING
                watched.check()
            ready += (
                schedule.skip(node)
                if step == "skip"
                else getattr(schedule, "fail" if step == "fail" else "succeed")(node)
            )
        watched.check()


def test_a_final_state_has_no_way_out():
    for state in FINAL:
        for other in TaskState:
            with pytest.raises(InternalError):
                check_task_transition(state, other)


def test_for_a_run_only_succeeded_is_final():
    """Semantics 40: a resume opens a new sitting of the same run: only succeeded is final."""
    for state in (RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED):
        check_run_transition(state, RunState.RUNNING)
    with pytest.raises(InternalError, match="cannot go from succeeded to running"):
        check_run_transition(RunState.SUCCEEDED, RunState.RUNNING)
