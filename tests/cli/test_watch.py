"""Noticing changes."""

from __future__ import annotations

import os
from pathlib import Path

from symphony.cli.watch import snapshot


def test_snapshot_changes_with_files_and_leaves_out_state_and_caches(tmp_path: Path) -> None:
    state = tmp_path / "kept"
    for folder in (state, tmp_path / ".git", tmp_path / "src"):
        folder.mkdir()
    (tmp_path / "src" / "a.py").write_text("1")
    before = snapshot(tmp_path, state)

    (state / "x").write_text("1")
    (tmp_path / ".git" / "x").write_text("1")
    assert snapshot(tmp_path, state) == before

    os.utime(tmp_path / "src" / "a.py", ns=(1, 1))
    assert snapshot(tmp_path, state) != before
