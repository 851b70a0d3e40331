"""The executor prefect passes what every executor must, against a real server that is started once."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec

import pytest

from symphony.testing.executor_suite import ExecutorSuite


@pytest.fixture(autouse=True, scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if find_spec("prefect") is None or not entry_points(group="symphony.executors", name="prefect"):
        pytest.skip("needs Prefect: pip install 'symphony[prefect]'")
    from symphony_prefect.own_server import OwnServer

    server = OwnServer(tmp_path_factory.mktemp("prefect") / "home")
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PREFECT_API_URL", server.wait())
            environment.setenv("PREFECT_HOME", str(server.home))
            yield
    finally:
        server.stop()


@pytest.mark.slow
class TestPrefect(ExecutorSuite):
    executor = "prefect"
