"""A small project whose melody reads a page, and is tested without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

PAGES = """\
melody: pages
params:
  url: {type: string, default: "http://nowhere"}
tasks:
  page:
    player: http.get_text
    with: {url: "${{ params.url }}"}
    retry: {attempts: 3, delay: 7d, max_delay: 30d, jitter: false, backoff: fixed}
  lines:
    player: text.lines
    with: {text: "${{ tasks.page }}"}
  loud:
    player: text.upper
    when: ${{ size(tasks.lines) > 1 }}
    with: {text: "${{ tasks.page }}"}
outputs:
  page: ${{ tasks.page }}
  lines: ${{ tasks.lines }}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of the project; the melody ``pages`` lies in ``melodies/``."""
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / "melodies").mkdir()
    (tmp_path / "melodies" / "pages.yaml").write_text(PAGES)
    return tmp_path
