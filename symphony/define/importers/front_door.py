"""Imports a workflow of another tool; the format is told by its content where it is not named."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from symphony.define.importers.foreign_document import read_document
from symphony.define.importers.github import import_github
from symphony.define.importers.report import Imported
from symphony.define.importers.wfformat import import_wfformat
from symphony.define.yaml_nodes import collector_paused
from symphony.errors import UsageError
from symphony.model.names import did_you_mean

FORMATS = {"wfformat": import_wfformat, "github": import_github}
"""The formats by name: each takes the document, the report and a name for the melody."""


def import_text(content: str | bytes, file: str, format: str | None = None) -> Imported:
    """Make a melody of the text of a foreign workflow. Nothing of the text runs.

    Args:
        content: the text; bytes must be UTF-8.
        file: the path of the file as people know it; its stem names a melody without a name.
        format: a name of `FORMATS`; told by the content when None.

    Raises:
        UsageError: there is no such format.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(f"there is no format {format!r}: {did_you_mean(format, FORMATS, what='formats')}")
    with collector_paused():
        return _imported(content, file, format)


def _imported(content: str | bytes, file: str, format: str | None) -> Imported:
    data, report = read_document(content, file)
    if report.failed:
        return report.result(None)
    found = format or recognised(data)
    if found is None:
        report.error(
            "the format is none of those known: a WfFormat instance has workflow.specification, a GitHub Actions "
            "workflow has jobs; name it with --from"
        )
        return report.result(None)
    if not isinstance(data, dict):
        report.error(f"the file is no map, as a file of the format {found} is")
        return report.result(None)
    return FORMATS[found](data, report, PurePath(file).stem)


def recognised(data: Any) -> str | None:
    """The name of the format that a document is written in, or None."""
    if not isinstance(data, dict):
        return None
    if ("schemaVersion" in data and "workflow" in data) or isinstance(data.get("workflow"), dict):
        return "wfformat"
    return "github" if isinstance(data.get("jobs"), dict) else None
