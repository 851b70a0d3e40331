"""The formats in which diagnostics can be reported, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symphony.compiler.report_github import report_github
from symphony.compiler.report_json import report_json
from symphony.compiler.report_junit import report_junit
from symphony.compiler.report_sarif import report_sarif
from symphony.compiler.report_text import report_text
from symphony.errors import UsageError
from symphony.model.diagnostic import Diagnostic
from symphony.model.frozen import EMPTY
from symphony.model.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What some formats say besides the problems.

    Attributes:
        files: every file that was checked (junit).
        plan_hash: the hash of the plan (json).
        version: Symphony's version (sarif).
        titles: what each code means, in a few words (sarif).
        colour: whether people's text is coloured (text).
    """

    files: Sequence[str] = ()
    plan_hash: str | None = None
    version: str = ""
    titles: Mapping[str, str] = EMPTY
    colour: bool = False


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic], Surroundings], str]] = {
    "text": lambda found, about: report_text(found, colour=about.colour),
    "json": lambda found, about: report_json(found, plan_hash=about.plan_hash),
    "github": lambda found, _: report_github(found),
    "sarif": lambda found, about: report_sarif(found, version=about.version, titles=about.titles),
    "junit": lambda found, about: report_junit(found, files=about.files),
}


def report(format: str, diagnostics: Iterable[Diagnostic], about: Surroundings | None = None) -> str:
    """Report problems in the format of the given name.

    Raises:
        UsageError: there is no such format; names the nearest one.
    """
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}: {did_you_mean(format, FORMATS, what='formats')}")
    return FORMATS[format](list(diagnostics), about or Surroundings())
