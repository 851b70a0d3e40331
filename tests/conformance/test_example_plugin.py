"""The example of an executor of one's own passes the suite, found by its entry point as an installed distribution is."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from symphony.testing.executor_suite import ExecutorSuite

PLUGIN = Path(__file__).parents[2] / "examples" / "executor_plugin"


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What an installer writes of a distribution: its code where Python finds it, and its metadata beside."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    site = tmp_path_factory.mktemp("site")
    told = site / f"symphony_futures-{project['version']}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["symphony.executors"]
    lines = [f"{name} = {place}\n" for name, place in points.items()]
    (told / "entry_points.txt").write_text("[symphony.executors]\n" + "".join(lines))
    added = [str(site), str(PLUGIN)]
    sys.path[:0] = added
    yield
    for folder in added:
        sys.path.remove(folder)


class TestFutures(ExecutorSuite):
    executor = "futures"
