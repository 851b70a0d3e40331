"""Writes the table of what executors can do into their page: the same that ``symphony executors`` prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symphony.cli.executors import known_executors
from symphony.cli.support_matrix import matrix
from symphony.define.generated_files import write_or_check

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "executors.md"
HEAD = "| what it can do |"


def table(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """The table in Markdown.

    Args:
        documents: traits as plain data by executor.
    """
    head, *lines = ("| " + " | ".join(row) + " |" for row in [("what it can do", *documents), *matrix(documents)])
    return "\n".join([head, "|---" * (1 + len(documents)) + "|", *lines])


def with_table(page: str, written: str) -> str:
    """A page whose table is this one."""
    before, head, rest = page.partition(HEAD)
    lines = (head + rest).split("\n")
    end = next(i for i, line in enumerate(lines) if not line.startswith("|"))
    return before + "\n".join([written, *lines[end:]])


def fresh_page() -> str:
    """The page as it should be, from the executors of Symphony that are installed here; the Pit comes first."""
    ours = {e["executor"]: e["traits"] for e in known_executors() if e["from"].startswith("symphony ") and e["traits"]}
    order = sorted(ours, key=lambda name: (name != "pit", name))
    return with_table(PAGE.read_text("utf-8"), table({name: ours[name] for name in order}))


def main(arguments: list[str]) -> int:
    """``python -m symphony.cli.executors_page [--check]``: write the table, or say whether it is fresh.

    Install all executors first: a column is written only for those that are there.
    """
    return write_or_check({PAGE: fresh_page()}, arguments, command="symphony.cli.executors_page")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
