"""Names of paths are relative to the nearest folder that two checkouts share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symphony.errors import StoreError
from symphony.store.anchors import Anchors

ANCHORS = Anchors(Path("/p/root"), (("repo", Path("/other")), ("deep", Path("/other/deep"))), Path("/tmp/work-1"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/p/root/a/b.txt", ("", "a/b.txt")),
        ("/p/root", ("", ".")),
        ("/p/root/../root/a", ("", "a")),
        ("/other/x", ("repo", "x")),
        ("/other/deep/x", ("deep", "x")),
        ("/p/rootless/a", ("/", "/p/rootless/a")),
        ("/elsewhere", ("/", "/elsewhere")),
    ],
    ids=str,
)
def test_a_path_is_named_from_the_root_else_the_nearest_parameter(path: str, name: tuple[str, str]) -> None:
    """Semantics 4: relative to the project root, else to the path parameter that it lies under."""
    assert ANCHORS.name_of(Path(path)) == name
    assert ANCHORS.path_of(*name) == Path(os.path.normpath(path))


def test_the_root_wins_over_a_parameter_inside_it() -> None:
    anchors = Anchors(Path("/p"), (("repo", Path("/p/sub")),))

    assert anchors.name_of(Path("/p/sub/x")) == ("", "sub/x")


def test_a_link_to_the_root_names_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    assert Anchors(tmp_path / "real").name_of(tmp_path / "link" / "a") == ("", "a")


def test_an_unknown_parameter_names_the_known_ones() -> None:
    with pytest.raises(StoreError, match="the path parameters here are: repo, deep"):
        ANCHORS.path_of("other", "x")


@pytest.mark.parametrize(
    ("path", "inside"),
    [("/tmp/work-1/a", True), ("/tmp/work-1", True), ("/tmp/work-12/a", False), ("/tmp/work-1/../x", False)],
)
def test_the_work_folder_ends_at_its_name(path: str, inside: bool) -> None:
    assert ANCHORS.works_in(Path(path)) is inside
