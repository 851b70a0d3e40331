"""Reads a prompt: its clauses, the literal values in it with their kinds, and the form of what is wanted."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from symphony.conductor.literal_spans import Span, find_spans
from symphony.conductor.vocabulary import is_stop, words_of


class Form(StrEnum):
    """The form of what is wanted."""

    PAGE = "page"
    CHART = "chart"
    CSV = "csv"
    JSON = "json"
    ARCHIVE = "archive"
    NUMBER = "number"
    TABLE = "table"
    TEXT = "text"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the prompt that says something of what is to be done.

    Attributes:
        text: in small letters.
        start, end: where it stands in the prompt.
        clause: the number of its clause.
    """

    text: str
    start: int
    end: int
    clause: int


@dataclass(frozen=True, slots=True)
class Intent:
    """What a prompt says.

    Attributes:
        prompt: the prompt as it was given.
        words: the words that count, in order; none of them lies inside a literal value.
        spans: the literal values, in order.
        forms: the forms of what is wanted, the one that was named last first.
        clauses: where each clause begins and ends.
    """

    prompt: str
    words: tuple[Word, ...]
    spans: tuple[Span, ...]
    forms: tuple[tuple[Form, int, int], ...]
    clauses: tuple[tuple[int, int], ...]

    def says(self, *words: str) -> bool:
        """Whether any of these words stands in the prompt, literal values included."""
        lowered = self.prompt.lower()
        return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lowered) for word in words)


_PARTS = re.compile(
    r"[.;:!?\n](?=\s|$)|,|\b(?:and|then|after that|afterwards|next|finally|before|after)\b", re.IGNORECASE
)
_FORMS: tuple[tuple[Form, str], ...] = (
    (Form.PAGE, r"(?:web\s?-?pages?|html(?: pages?| report| file)?|pages?|website|dashboard|report|in (?:the|my) browser)"),
    (Form.CHART, r"(?:(?:bar|line|scatter)[ -]?(?:charts?|plots?|graphs?)|charts?|plots?|histograms?|diagrams?|graphs?|svg)"),
    (Form.CSV, r"(?:csv(?: (?:files?|texts?|format))?|spreadsheets?)"),
    (Form.JSON, r"json(?: (?:files?|documents?|text|format))?"),
    (Form.ARCHIVE, r"(?:zip|tar(?:ball)?|archives?)(?: (?:files?|archives?))?"),
    (Form.TABLE, r"tables?"),
    (Form.TEXT, r"(?:text(?: files?)?|markdown|plain text)"),
    (Form.LIST, r"list"),
)  # fmt: skip
_LEADS = (
    r"(?:as|into|to|in|make|draw|plot|show|write|produce|create|build|render|export|give|want|get|save|need|with|and)"
)
_FORM = [
    (form, re.compile(rf"\b{_LEADS}\s+(?:me\s+|it\s+|them\s+|that\s+|this\s+|the\s+\w+\s+as\s+)?(?:an?\s+|the\s+|one\s+)?"
                      rf"(?:\w+\s+)?(?P<form>{words})\b", re.IGNORECASE))
    for form, words in _FORMS
]  # fmt: skip
_ASKED = re.compile(r"\bhow (?:many|much|big|large|long)\b|\bcount the\b|\bthe number of\b", re.IGNORECASE)


def parse_intent(prompt: str, places: Collection[str] = ()) -> Intent:
    """Read a prompt.

    Args:
        prompt: what a person asks for, in English.
        places: names of files and folders that are there, so that they are recognised without a dot or a slash.
    """
    spans = find_spans(prompt, places)
    masked = _masked(prompt, spans)
    clauses = _clauses(masked)
    words = tuple(_words(masked, clauses))
    return Intent(prompt, words, spans, _forms(masked), clauses)


def _masked(prompt: str, spans: tuple[Span, ...]) -> str:
    """The prompt with literal values blanked out, so that what follows sees words only; places stay."""
    letters = list(prompt)
    for span in spans:
        if not span.soft:
            letters[span.start : span.end] = "\x00" * (span.end - span.start)
    return "".join(letters)


def _clauses(masked: str) -> tuple[tuple[int, int], ...]:
    found, at = [], 0
    for match in _PARTS.finditer(masked):
        if masked[at : match.start()].strip():
            found.append((at, match.start()))
        at = match.end()
    if masked[at:].strip() or not found:
        found.append((at, len(masked)))
    return tuple(found)


def _words(masked: str, clauses: tuple[tuple[int, int], ...]) -> list[Word]:
    found = []
    for text, start, end in words_of(masked):
        if is_stop(text) or text.isdigit():
            continue
        clause = next((i for i, (a, b) in enumerate(clauses) if a <= start < b), len(clauses) - 1)
        found.append(Word(text, start, end, clause))
    return found


def _forms(masked: str) -> tuple[tuple[Form, int, int], ...]:
    """Forms that are named as an end: after a verb or a preposition. `how many` asks for a number."""
    found = {}
    for form, pattern in _FORM:
        for match in pattern.finditer(masked):
            found[match.start("form")] = (form, match.start("form"), match.end("form"))
    asked = _ASKED.search(masked)
    if asked and not found:
        found[asked.start()] = (Form.NUMBER, asked.start(), asked.end())
    return tuple(found[at] for at in sorted(found, reverse=True))
