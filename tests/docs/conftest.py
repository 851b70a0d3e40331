"""The fenced blocks of pages, for tests that run or compare them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.M | re.S)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        title: what stands in ``title="…"``, else empty.
        text: without the indent of the fence.
    """

    language: str
    title: str
    text: str


def _blocks_of(page: Path) -> list[Block]:
    found = []
    for indent, language, rest, text in _FENCE.findall(page.read_text("utf-8")):
        title = _TITLE.search(rest)
        lines = [line.removeprefix(indent) for line in text.splitlines(keepends=True)]
        found.append(Block(language, title[1] if title else "", "".join(lines)))
    return found


@pytest.fixture
def blocks_of() -> Callable[[Path], list[Block]]:
    """Gives the fenced blocks of a page, in order."""
    return _blocks_of
