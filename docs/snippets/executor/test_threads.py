from symphony.testing.executor_suite import ExecutorSuite


class TestThreads(ExecutorSuite):
    executor = "threads"  # the name of its entry point
