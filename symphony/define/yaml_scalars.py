"""Where in a file each character of a YAML scalar stands: escapes, folding and indentation taken back."""

from __future__ import annotations

import re

from yaml.nodes import ScalarNode

from symphony.define.yaml_nodes import Node

_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]*(?:\r\n?|\n)?[ \t]*)+")
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}
_WHITE_ESCAPES = frozenset("ntrfv \t\n\rNL_P")


def content_start(text: str, node: Node) -> int:
    """The position of a value itself, behind its anchor and tag."""
    start = int(node.start_mark.index)
    if text[start : start + 1] in ("&", "!"):
        match = _PROPERTIES.match(text, start, node.end_mark.index)
        return match.end() if match else start
    return start


def content_places(text: str, node: ScalarNode) -> list[int] | None:
    """The position in `text` of each character of the scalar's value; None where the two cannot be matched.

    Folding changes white space only, so the other characters of value and text match one to one, in order.
    """
    start, end = content_start(text, node), node.end_mark.index
    value = node.value
    if node.style in ("|", ">"):
        start = _line_end(text, start, end)
        black = [i for i in range(start, end) if not text[i].isspace()]
    elif node.style == '"':
        black = _double_quoted(text, start + 1, end - 1)
    elif node.style == "'":
        black = _single_quoted(text, start + 1, end - 1)
    else:
        black = [i for i in range(start, end) if not text[i].isspace()]
    return _matched(value, black, start)


def _matched(value: str, black: list[int], start: int) -> list[int] | None:
    places, seen, last = [], 0, start - 1
    for character in value:
        if character.isspace():
            last += 1
        elif seen < len(black):
            last = black[seen]
            seen += 1
        else:
            return None
        places.append(last)
    return places if seen == len(black) else None


def _line_end(text: str, start: int, end: int) -> int:
    position = text.find("\n", start, end)
    return end if position < 0 else position + 1


def _single_quoted(text: str, start: int, end: int) -> list[int]:
    black, i = [], start
    while i < end:
        if not text[i].isspace():
            black.append(i)
        i += 2 if text[i] == "'" else 1
    return black


def _double_quoted(text: str, start: int, end: int) -> list[int]:
    black, i = [], start
    while i < end:
        if text[i] != "\\":
            if not text[i].isspace():
                black.append(i)
            i += 1
            continue
        length = _ESCAPE_LENGTHS.get(text[i + 1], 2)
        escaped = text[i + 1]
        white = escaped in _WHITE_ESCAPES if length == 2 else chr(int(text[i + 2 : i + length], 16)).isspace()
        if not white:
            black.append(i)
        i += length
    return black
