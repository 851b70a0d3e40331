"""Players that take text apart and put it together."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from symphony.define.player import operator

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_LONGEST_RENDERED = 50_000_000  # characters; a slip such as {{ "x" * 10**10 }} must not take the machine


@operator(version="1.0.0", tags=("text", "split"))
def split(text: str, separator: str = "", limit: int = 0) -> list[str]:
    """Split text into parts.

    Args:
        text: what to split.
        separator: what stands between parts; empty: any run of blanks and line ends.
        limit: the most parts; 0: no limit. The last part keeps the rest.

    Example:
        ```yaml
        words:
          player: text.split
          with: {text: "one two three"}
        ```
    """
    return text.split(separator or None, limit - 1 if limit > 0 else -1)


@operator(version="1.0.0", tags=("text", "join"))
def join(parts: list[str], separator: str = "\n") -> str:
    """Join parts into one text.

    Args:
        parts: the parts, in order.
        separator: what to put between them.

    Example:
        ```yaml
        sentence:
          player: text.join
          with: {parts: [one, two], separator: " "}
        ```
    """
    return separator.join(parts)


@operator(version="1.0.0", tags=("text", "replace", "regex"))
def replace(text: str, old: str, new: str, regex: bool = False) -> str:
    """Replace every occurrence of a text or of a regular expression.

    Args:
        text: where to replace.
        old: what to look for.
        new: what to put there; with `regex` it may say `\\1` for a group.
        regex: whether `old` is a regular expression.

    Raises:
        ValueError: the regular expression cannot be read.

    Example:
        ```yaml
        tidy:
          player: text.replace
          with: {text: "a  b", old: " +", new: " ", regex: true}
        ```
    """
    if not regex:
        return text.replace(old, new)
    try:
        return re.sub(old, new, text)
    except re.error as error:
        raise _unreadable(old, error) from error


@operator(version="1.0.0", tags=("text", "split", "lines"))
def lines(text: str, keep_blank: bool = True) -> list[str]:
    """Split text into lines, without their line ends.

    Args:
        text: what to split.
        keep_blank: whether blank lines stay.

    Example:
        ```yaml
        rows:
          player: text.lines
          with: {text: "one\\ntwo"}
        ```
    """
    return [line for line in text.splitlines() if keep_blank or line.strip()]


@operator(version="1.0.0", tags=("text", "count", "words"))
def count_words(text: str) -> int:
    """Count the words of a text.

    Args:
        text: where to count.

    Example:
        ```yaml
        size:
          player: text.count_words
          with: {text: "one two three"}
        ```
    """
    return sum(1 for _ in _WORD.finditer(text))


@operator(version="1.0.0", tags=("text", "count", "words", "map"))
def word_frequencies(text: str, lower: bool = True, least_length: int = 1) -> dict[str, int]:
    """Count how often each word occurs.

    Args:
        text: where to count.
        lower: whether `The` and `the` are the same word.
        least_length: shorter words do not count.

    Returns:
        Count by word, the most frequent first, then in the order of the alphabet.

    Example:
        ```yaml
        counts:
          player: text.word_frequencies
          with: {text: "to be or not to be"}
        ```
    """
    words = _WORD.findall(text.lower() if lower else text)
    return _sorted(Counter(w for w in words if len(w) >= least_length))


@operator(version="1.0.0", tags=("text", "count", "words", "reduce"))
def merge_counts(counts: list[dict[str, int]], top: int = 0) -> dict[str, int]:
    """Add up counts of the same words from several texts.

    Args:
        counts: count by word, one per text.
        top: keep that many of the most frequent; 0: all.

    Example:
        ```yaml
        total:
          player: text.merge_counts
          with:
            counts: ${{ tasks.counts }}
            top: 20
        ```
    """
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    merged = _sorted(total)
    return dict(list(merged.items())[:top]) if top > 0 else merged


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


@operator(version="1.0.0", tags=("text", "case"))
def upper(text: str) -> str:
    """Write text in capital letters.

    Args:
        text: the text.

    Example:
        ```yaml
        loud:
          player: text.upper
          with: {text: hello}
        ```
    """
    return text.upper()


@operator(version="1.0.0", tags=("text", "case"))
def lower(text: str) -> str:
    """Write text in small letters.

    Args:
        text: the text.

    Example:
        ```yaml
        quiet:
          player: text.lower
          with: {text: HELLO}
        ```
    """
    return text.lower()


@operator(version="1.0.0", tags=("text", "trim"))
def trim(text: str) -> str:
    """Take blanks and line ends off both ends of a text.

    Args:
        text: the text.

    Example:
        ```yaml
        bare:
          player: text.trim
          with: {text: "  hello  "}
        ```
    """
    return text.strip()


@operator(version="1.0.0", tags=("text", "search", "regex", "lines"))
def grep(text: str, pattern: str, invert: bool = False, ignore_case: bool = False, limit: int = 0) -> list[str]:
    """Find the lines that match a regular expression.

    Args:
        text: where to look.
        pattern: a regular expression; it may match anywhere in a line.
        invert: give the lines that do not match.
        ignore_case: whether capital and small letters are the same.
        limit: the most lines; 0: all.

    Raises:
        ValueError: the regular expression cannot be read.

    Example:
        ```yaml
        errors:
          player: text.grep
          with:
            text: ${{ tasks.log }}
            pattern: "error|failed"
        ```
    """
    regex = _compiled(pattern, ignore_case)
    found = [line for line in text.splitlines() if (regex.search(line) is None) is invert]
    return found[:limit] if limit > 0 else found


@operator(version="1.0.0", tags=("text", "search", "regex", "extract"))
def extract(text: str, pattern: str, ignore_case: bool = False) -> list[str]:
    """Find every match of a regular expression: the whole match, or its first group where it has one.

    Args:
        text: where to look.
        pattern: a regular expression.
        ignore_case: whether capital and small letters are the same.

    Raises:
        ValueError: the regular expression cannot be read.

    Example:
        ```yaml
        issues:
          player: text.extract
          with: {text: "closes #12, see #7", pattern: "#(\\\\d+)"}
        ```
    """
    regex = _compiled(pattern, ignore_case)
    group = 1 if regex.groups else 0
    return [m[group] or "" for m in regex.finditer(text)]


@operator(version="1.0.0", tags=("text", "lines", "head"))
def head(text: str, count: int = 10) -> str:
    """Keep the first lines of a text.

    Args:
        text: the text.
        count: how many lines.

    Example:
        ```yaml
        start:
          player: text.head
          with: {text: "a\\nb\\nc", count: 2}
        ```
    """
    return "".join(text.splitlines(keepends=True)[: max(0, count)])


@operator(version="1.0.0", tags=("text", "lines", "tail"))
def tail(text: str, count: int = 10) -> str:
    """Keep the last lines of a text.

    Args:
        text: the text.
        count: how many lines.

    Example:
        ```yaml
        end:
          player: text.tail
          with: {text: "a\\nb\\nc", count: 2}
        ```
    """
    return "".join(text.splitlines(keepends=True)[-count:]) if count > 0 else ""


@operator(version="1.0.0", tags=("text", "template", "render"))
def render(template: str, values: dict[str, Any], escape: bool = False) -> str:
    """Fill a Jinja2 template with values.

    The template runs in a sandbox: it reads the values it is given and nothing else, cannot include files, and a name
    that has no value is an error, not an empty text.

    Args:
        template: the template: `{{ name }}`, `{% for row in rows %}` and the rest of the Jinja2 language.
        values: what the template may name.
        escape: whether values are escaped for HTML; say true where the result is a page.

    Raises:
        ValueError: the template cannot be read, names something that has no value, or asks for something unsafe; says
            the line.

    Example:
        ```yaml
        letter:
          player: text.render
          with:
            template: "Dear {{ name }}, you have {{ count }} messages."
            values: {name: Ada, count: 3}
        ```
    """
    from symphony.players.page.template import render_template  # heavy: loads Jinja2

    return render_template(template, values, escape=escape, longest=_LONGEST_RENDERED)


def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.I if ignore_case else 0)
    except re.error as error:
        raise _unreadable(pattern, error) from error


def _unreadable(pattern: str, error: re.error) -> ValueError:
    return ValueError(f"the regular expression {pattern!r} cannot be read: {error}")
