"""The pytest plugin: fixtures for tests of melodies, and YAML test cases as tests. Loads nothing before a test asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from symphony.config.project import CASE_SUFFIXES

if TYPE_CHECKING:
    from symphony.testing.snapshots import Snapshots

UPDATE = "melody_update"
_HOLDS_CASES = re.compile(rb"^(?:melody|cases)\s*:", re.MULTILINE)
"""Other tools have files of these names, too."""
_OTHERS = ("syrupy", "pytest_snapshot", "snapshottest")
"""Plugins that have an option ``--snapshot-update`` of their own."""
_HEAD_BYTES = 65_536


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes snapshots anew; its short name only where nobody else has it."""
    taken = any(find_spec(name) is not None for name in _OTHERS)
    names = ("--melody-update",) if taken else ("--melody-update", "--snapshot-update")
    parser.getgroup("symphony").addoption(
        *names, action="store_true", default=False, dest=UPDATE, help="write the snapshots of melodies anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixture `snapshot` where no other plugin has one of this name."""
    manager = config.pluginmanager
    if not any(getattr(plugin, "snapshot", None) is not None for plugin in manager.get_plugins()):
        manager.register(_ShortName(), "symphony-snapshot")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of YAML test cases."""
    if not file_path.name.endswith(CASE_SUFFIXES):
        return None
    with file_path.open("rb") as stream:
        if _HOLDS_CASES.search(stream.read(_HEAD_BYTES)) is None:
            return None
    from symphony.testing.pytest_cases import CaseFileCollector  # only where there are such files

    return CaseFileCollector.from_parent(parent, path=file_path)


@pytest.fixture
def run_melody(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run a melody as `symphony.testing.run_melody` does; names and paths of melodies start beside the test."""
    from functools import partial  # only tests that use the fixture pay

    from symphony.testing.melody_run import run_melody

    return partial(run_melody, near=request.path)


@pytest.fixture
def melody_snapshot(request: pytest.FixtureRequest) -> Snapshots:
    """The snapshots of this test: ``melody_snapshot(result.outputs["page"])``."""
    from symphony.testing.snapshots import Snapshots  # only tests that use the fixture pay

    return Snapshots(request.path, request.node.name, update=bool(request.config.getoption(UPDATE)))


class _ShortName:
    """Offers `melody_snapshot` under a shorter name."""

    @pytest.fixture
    def snapshot(self, melody_snapshot: Snapshots) -> Snapshots:
        """The snapshots of this test: ``snapshot(result.outputs["page"])``."""
        return melody_snapshot
