"""The Pit keeps what every executor promises."""

from __future__ import annotations

from symphony.testing.executor_suite import ExecutorSuite


class TestPit(ExecutorSuite):
    executor = "pit"
