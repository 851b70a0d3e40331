"""The schedule: which call may start now, and what an outcome means for the others. Pure; integers in arrays.

A node is one call, or a *group*: a task with `each` (its children are the elements), or one element of a sub-melody
under `each` (its children are that element's tasks). Nodes may be added while the schedule runs.

An edge from `u` to `v` says when `v` may start after `u` ended:

    kind       u succeeded   u skipped by `when`   u failed, or skipped because of a failure
    DATA       go on         skip v                skip v
    ORDER      go on         go on                 skip v
    TOLERANT   go on         go on                 go on
    STREAM     as DATA, but v also goes on as soon as u has its elements

A failure skips at once. A skip by `when` is passed on when everything else that `v` waits for has ended, so that the
cause of a skip, and with it what ORDER edges make of it, does not depend on who is faster: a failure counts before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from symphony.errors import InternalError

DATA, ORDER, TOLERANT, STREAM = range(4)


class State(IntEnum):
    """The state of a node; the numbers are what the array holds."""

    PENDING = 0
    READY = 1
    RUNNING = 2
    RETRYING = 3
    SUCCEEDED = 4
    CACHED = 5
    FAILED = 6
    SKIPPED = 7
    CANCELLED = 8


PENDING, READY, RUNNING, RETRYING, SUCCEEDED, CACHED, FAILED, SKIPPED, CANCELLED = (int(s) for s in State)
WHEN = -1
"""The cause of a node skipped by its own condition, or by that of a node it needs."""


class Schedule:
    """The state of a run's nodes.

    Attributes:
        state: by node.
        waiting: by node, how many dependencies (or children, for an open group) have not ended.
        followers: by node, who waits for it.
        cause: of skipped nodes: `WHEN`, or the node that failed.
        ended: how many nodes have ended.
        consequences: nodes that ended by the end of others, until somebody takes note: groups, skipped nodes.
    """

    def __init__(self) -> None:
        self.state = bytearray()
        self.waiting: list[int] = []
        self.followers: list[list[int]] = []
        self.kinds: dict[tuple[int, int], int] = {}
        self.cause: dict[int, int] = {}
        self.parent: dict[int, int] = {}
        self.children: dict[int, range | list[int]] = {}
        self.open_groups: set[int] = set()
        self._left_out: set[int] = set()
        self.ended = 0
        self.consequences: list[int] = []

    def __len__(self) -> int:
        return len(self.waiting)

    # building ----------------------------------------------------------------------------------------------------

    def add(self, count: int = 1, *, parent: int | None = None) -> int:
        """Add nodes without dependencies yet, all children of `parent`; returns the first."""
        first = len(self.waiting)
        self.state.extend(bytes(count))
        self.waiting.extend([0] * count)
        self.followers.extend([] for _ in range(count))
        if parent is not None:
            for node in range(first, first + count):
                self.parent[node] = parent
        return first

    def link(self, before: int, after: int, kind: int = DATA) -> None:
        """Make `after` wait for `before`. Links from a node that has ended count at once, when `release` is called."""
        self.followers[before].append(after)
        self.waiting[after] += 1
        if kind:
            self.kinds[before, after] = kind

    def release(self, nodes: Iterable[int]) -> list[int]:
        """Settle freshly linked nodes against dependencies that have ended already; returns those that may start."""
        ready = []
        for node in nodes:
            if self.state[node] == PENDING and self.waiting[node] == 0:
                self.state[node] = READY
                ready.append(node)
        return ready

    # outcomes ----------------------------------------------------------------------------------------------------

    def succeed(self, node: int, state: int = SUCCEEDED) -> list[int]:
        """End a node well; returns the nodes that may start now."""
        self._check_open(node)
        self.state[node] = state
        self.ended += 1
        ready: list[int] = []
        waiting, states = self.waiting, self.state
        for follower in self.followers[node]:
            waiting[follower] -= 1
            if waiting[follower] == 0 and states[follower] == PENDING:
                if follower in self._left_out:
                    ready += self._leave_out(follower)
                    continue
                states[follower] = READY
                ready.append(follower)
        if node in self.parent:
            self._child_ended(node, ready)
        return ready

    def fail(self, node: int) -> list[int]:
        """End a node badly; its dependants are skipped; returns the nodes that may start now."""
        self._check_open(node)
        return self._end(node, FAILED, node)

    def skip(self, node: int, cause: int = WHEN) -> list[int]:
        """Leave a node out; returns the nodes that may start now."""
        self._check_open(node)
        return self._end(node, SKIPPED, cause)

    def cancel(self, node: int) -> list[int]:
        """End a node as cancelled; its dependants end as cancelled when they are cancelled themselves."""
        self._check_open(node)
        self.state[node] = CANCELLED
        self.ended += 1
        ready: list[int] = []
        if node in self.parent:
            self._child_ended(node, ready)
        return ready

    def cancel_unstarted(self) -> list[int]:
        """Cancel every node that has not started, groups last; returns the nodes that were cancelled.

        What is skipped because a group fails for want of its last elements is among the consequences instead.
        """
        cancelled = []
        for node in [n for n, s in enumerate(self.state) if s in (PENDING, READY, RETRYING)]:
            if self.state[node] in (PENDING, READY, RETRYING):
                self.cancel(node)
                cancelled.append(node)
        return cancelled

    def _check_open(self, node: int) -> None:
        if self.state[node] >= SUCCEEDED:
            raise InternalError(f"node {node} has ended as {State(self.state[node]).name} and cannot end again")

    def _end(self, node: int, state: int, cause: int) -> list[int]:
        ready: list[int] = []
        first = node
        todo = [(node, state, cause)]
        while todo:
            node, state, cause = todo.pop()
            if self.state[node] >= SUCCEEDED:
                continue
            self.state[node] = state
            self.ended += 1
            if node != first:
                self.consequences.append(node)
            if state == SKIPPED:
                self.cause[node] = cause
            for follower in self.followers[node]:
                if self.state[follower] >= SUCCEEDED:
                    continue
                if not self._goes_on(node, follower, cause):
                    if cause != WHEN:
                        if self.state[follower] in (PENDING, READY):
                            todo.append((follower, SKIPPED, cause))
                        continue
                    self._left_out.add(follower)
                self.waiting[follower] -= 1
                if self.waiting[follower] == 0 and self.state[follower] == PENDING:
                    if follower in self._left_out:
                        todo.append((follower, SKIPPED, WHEN))
                        continue
                    self.state[follower] = READY
                    ready.append(follower)
            if node in self.parent:
                self._child_ended(node, ready)
        return [n for n in ready if self.state[n] == READY]

    def _leave_out(self, node: int) -> list[int]:
        """Everything that a node waits for has ended, some of it left out by `when`: so is the node."""
        self.consequences.append(node)
        return self._end(node, SKIPPED, WHEN)

    def _goes_on(self, node: int, follower: int, cause: int) -> bool:
        kind = self.kinds.get((node, follower), DATA)
        return kind == TOLERANT or (kind == ORDER and cause == WHEN and self.state[node] == SKIPPED)

    # groups ------------------------------------------------------------------------------------------------------

    def open_group(self, group: int, children: range | list[int]) -> list[int]:
        """Give a ready node its children: it ends when they have. Nodes that stream from it may start now.

        Call before the children are released. A group without children ends at once.
        """
        self.children[group] = children
        self.state[group] = RUNNING
        self.waiting[group] = len(children)
        self.open_groups.add(group)
        ready: list[int] = []
        kept = []
        for follower in self.followers[group]:
            if self.kinds.get((group, follower)) != STREAM:
                kept.append(follower)
                continue
            # from now on the follower's elements wait for elements: the edge between the groups has done its work
            self.waiting[follower] -= 1
            if self.waiting[follower] == 0 and self.state[follower] == PENDING:
                if follower in self._left_out:
                    ready += self._leave_out(follower)
                    continue
                self.state[follower] = READY
                ready.append(follower)
        self.followers[group] = kept
        if not children:
            ready += self._close_group(group)
        return ready

    def _child_ended(self, child: int, ready: list[int]) -> None:
        group = self.parent[child]
        self.waiting[group] -= 1
        if self.waiting[group] == 0 and group in self.open_groups:
            ready += self._close_group(group)

    def _close_group(self, group: int) -> list[int]:
        self.open_groups.discard(group)
        state, cause = self._verdict(group)
        if state in (SUCCEEDED, CACHED):
            self.consequences.append(group)
            return self.succeed(group, state)
        if state == CANCELLED:
            self.consequences.append(group)
            return self.cancel(group)
        self.consequences.append(group)
        return self._end(group, state, cause)

    def _verdict(self, group: int) -> tuple[int, int]:
        """What the children's ends make of the group: the worst counts; children left out by `when` do not."""
        seen = {FAILED: -1, CANCELLED: -1, SKIPPED: -1}
        run = cached = 0
        for child in self.children[group]:
            state = self.state[child]
            if state == SKIPPED and self.cause[child] == WHEN:
                continue
            if state in seen:
                seen[state] = child if seen[state] < 0 else seen[state]
            run += state == SUCCEEDED
            cached += state == CACHED
        if seen[FAILED] >= 0:
            return FAILED, group
        if seen[CANCELLED] >= 0:
            return CANCELLED, group
        if seen[SKIPPED] >= 0:
            return SKIPPED, self.cause[seen[SKIPPED]]
        return (CACHED if cached and not run else SUCCEEDED), group

    def settle(self, before: int, after: int) -> int:
        """What an ended `before` means for `after`, for links made late: 1 go on, 0 wait, -1 skip."""
        state = self.state[before]
        if state < SUCCEEDED:
            return 0
        if state in (SUCCEEDED, CACHED):
            return 1
        return 1 if self._goes_on(before, after, self.cause.get(before, before)) else -1


def edges_of(dependencies: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Merge several reasons to wait for the same node: DATA is stricter than TOLERANT, then ORDER.

    STREAM beside any other kind is DATA: whoever needs the end of a list, or the state of it, waits for the whole.
    """
    strictness = {DATA: 2, TOLERANT: 1, ORDER: 0}
    merged: dict[int, int] = {}
    for node, kind in dependencies:
        known = merged.setdefault(node, kind)
        if known != kind:
            merged[node] = DATA if STREAM in (known, kind) else max(known, kind, key=strictness.__getitem__)
    return merged
