"""Reads the text of a foreign workflow, YAML or JSON, as plain data whose parts have places."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from symphony.define.importers.report import Report
from symphony.define.yaml_locate import YamlPlaces
from symphony.define.yaml_nodes import compose
from symphony.define.yaml_plain import PlainData, Refused
from symphony.define.yaml_problems import Problems
from symphony.define.yaml_text import decode

_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def read_document(content: str | bytes, file: str) -> tuple[Any, Report]:
    """Read a text; the data is None, and the report holds the errors, where it is no YAML or JSON."""
    problems = Problems(file)
    text = decode(content, problems)
    report = Report(file)
    data = None
    if text is not None:
        text = _without_pairs(text)
        root = compose(text, problems)
        if root is not None:
            report.places = YamlPlaces(text, root)
            with suppress(Refused):  # the problem is noted
                data = PlainData(text, problems).of(root)
    for problem in problems.sorted():
        report.diagnosed(problem)
    if data is None and not report.failed:
        report.error("the file is empty")
    return (None if report.failed else data), report


def _without_pairs(text: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes, YAML as one."""
    if "\\u" not in text or not text.lstrip().startswith("{"):
        return text
    return _PAIR.sub(lambda m: f"{m[1]}\\U{_joined(int(m[2], 16), int(m[3], 16)):08x}", text)


def _joined(high: int, low: int) -> int:
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
