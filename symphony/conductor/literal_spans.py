"""Finds the literal values in a prompt: quoted text, paths, addresses, numbers, dates, columns, conditions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from symphony.conductor.vocabulary import is_stop, stem


class Kind(StrEnum):
    """What a literal value is."""

    QUOTED = "quoted"
    URL = "url"
    EMAIL = "email"
    FILE = "file"
    FOLDER = "folder"
    REPOSITORY = "repository"
    GLOB = "glob"
    NUMBER = "number"
    SIZE = "size"
    DURATION = "duration"
    AGO = "ago"
    DATE = "date"
    REVISION = "revision"
    DIGEST = "digest"
    COLUMN = "column"
    CONDITION = "condition"
    MEASURE = "measure"
    NEEDLE = "needle"
    EXPRESSION = "expression"
    KEY_PATH = "key path"
    REPLACED = "replaced"
    REPLACEMENT = "replacement"
    SEPARATOR = "separator"
    TITLE = "title"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Span:
    """A literal value.

    Attributes:
        kind: what it is.
        value: as a port would take it: text, number, or for a condition (column, comparison, value).
        start, end: where it stands in the prompt.
        before, after: the three words in front of it, and behind it, in small letters.
        soft: whether its words may mean something else, too: a column that is named as a player's subject is.
    """

    kind: Kind
    value: Any
    start: int
    end: int
    soft: bool = False
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())} | {
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "dozen": 12, "thousand": 1000,
}  # fmt: skip
ENDINGS = {
    "python": "py", "py": "py", "markdown": "md", "md": "md", "csv": "csv", "json": "json", "text": "txt", "txt": "txt",
    "yaml": "{yaml,yml}", "yml": "{yaml,yml}", "html": "html", "javascript": "js", "typescript": "ts", "rust": "rs", "go": "go",
    "java": "java", "image": "{png,jpg,jpeg,gif,webp,svg}", "log": "log", "toml": "toml", "xml": "xml", "pdf": "pdf",
    "png": "png", "svg": "svg", "jpeg": "{jpg,jpeg}", "css": "css", "sql": "sql", "tsv": "tsv", "zip": "zip",
}  # fmt: skip
"""What files are called, and how their names end."""
_KNOWN = (
    "csv tsv json jsonl txt md rst html htm xml yaml yml toml py js ts rs go java c h cpp log png jpg jpeg gif webp svg pdf zip tar "
    "gz tgz bz2 xz bin dat sql ini cfg conf sh css parquet lock ipynb"
).split()
_FILE = r"(?:[\w~.-]*/)*[\w-][\w.-]*\.(?:tar\.gz|" + "|".join(_KNOWN) + r")(?![\w/])"
_UNITS = {"b": 1, "byte": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30,
          "k": 10**3, "kilobyte": 10**3, "megabyte": 10**6, "gigabyte": 10**9, "meg": 10**6, "m": 10**6}  # fmt: skip
_TIMES = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
_SPANS = {"day": "d", "week": "w", "month": "m", "year": "y", "quarter": "q"}
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_COMPARE = (
    ("missing", r"(?:is|are)\s+(?:missing|empty|blank|null)"),
    ("present", r"(?:is|are)\s+(?:present|given|not\s+(?:missing|empty|blank|null))"),
    (">=", r"(?:>=|≥|(?:is\s+|are\s+)?at\s+least|(?:is\s+)?(?:greater|more|larger)\s+than\s+or\s+equal\s+to)"),
    ("<=", r"(?:<=|≤|(?:is\s+|are\s+)?at\s+most|(?:is\s+)?(?:less|smaller)\s+than\s+or\s+equal\s+to)"),
    (">", r"(?:>|(?:is\s+|are\s+)?(?:greater|more|larger|higher|bigger|older|later)\s+than"
          r"|(?:is\s+|are\s+)?(?:above|over|exceeds?|after))"),
    ("<", r"(?:<|(?:is\s+|are\s+)?(?:less|smaller|lower|fewer|younger|earlier)\s+than|(?:is\s+|are\s+)?(?:below|under|before))"),
    ("!=", r"(?:!=|≠|<>|is\s+not|isn't|are\s+not|differs\s+from|does\s+not\s+equal|other\s+than)"),
    ("contains", r"(?:contains?|includes?|containing|mentions?)"),
    ("starts", r"(?:starts?\s+with|begins?\s+with|starting\s+with|beginning\s+with)"),
    ("==", r"(?:==?|is|are|equals?|being|equal\s+to)"),
)  # fmt: skip
_QUOTED = r"\"[^\"\n]+\"|“[^”\n]+”|‘[^’\n]+’|«[^»\n]+»|`[^`\n]+`|(?<!\w)'[^'\n]+'(?!\w)"
_VALUE = rf"(?P<value>{_QUOTED}|-?\d[\d,]*(?:\.\d+)?|[\w.@+-]*\w)"
_NAME = r"[A-Za-z_À-ÿ][\w-]*"
_COLUMN = rf"(?P<column>{_QUOTED}|{_NAME})"
_HOW = {"sum": "sum", "total": "sum", "mean": "mean", "average": "mean", "avg": "mean", "median": "median", "minimum": "min",
        "min": "min", "lowest": "min", "smallest": "min", "maximum": "max", "max": "max", "highest": "max", "largest": "max",
        "distinct": "distinct", "number of distinct": "distinct", "unique": "distinct"}  # fmt: skip
_PATTERNS = {
    r"e-?mail(?:\s+address(?:es)?|s)": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    r"(?:urls?|links?|web\s+addresses)": r"https?://[^\s<>\"')\]]+",
    r"(?:dates?)": r"\d{4}-\d{2}-\d{2}",
    r"(?:numbers?)": r"-?\d+(?:\.\d+)?",
    r"hash\s?tags?": r"#\w+",
    r"(?:ip\s+addresses|ips)": r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
    r"(?:phone\s+numbers?)": r"\+?\d[\d ()/-]{6,}\d",
}
"""What people ask to be found in texts, and the expressions that find it."""


def find_spans(prompt: str, places: Collection[str] = ()) -> tuple[Span, ...]:
    """The literal values of a prompt, in order; none of the firm ones overlap."""
    taken: list[tuple[int, int]] = []
    found: list[Span] = []
    for find in (_quoted_with_a_role, _conditions, _urls, _emails, _digests, _quoted, _expressions, _globs, _ages, _quantities, _dates,
                 _files, _kinds_of_files, _places_here, lambda p: _named_places(p, places), _measures, _revisions,
                 _key_paths, _needles, _separators, _columns, _numbers):  # fmt: skip
        for span in find(prompt):
            if all(span.end <= a or span.start >= b for a, b in taken):
                found.append(span)
                taken.append((span.start, span.end))
    return tuple(_with_neighbours(span, prompt) for span in sorted(found, key=lambda s: s.start))


def _with_neighbours(span: Span, prompt: str) -> Span:
    after = tuple(re.findall(r"[a-zà-ÿ]+", prompt[span.end : span.end + 40].lower())[:3])
    return replace(span, before=_before(prompt, span.start), after=after)


def _matches(pattern: str, prompt: str) -> Iterator[re.Match[str]]:
    return re.finditer(pattern, prompt, re.IGNORECASE)


def _before(prompt: str, at: int) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-zà-ÿ]+", prompt[max(0, at - 40) : at].lower())[-3:])


def _span(kind: Kind, value: Any, match: re.Match[str], group: str | int = 0, *, soft: bool = False) -> Span:
    start, end = match.span(group)
    return Span(kind, value, start, end, soft)


def unquoted(text: str) -> str:
    """The text inside quotes; a text without quotes as it is."""
    return text[1:-1] if re.fullmatch(_QUOTED, text) else text


def _literal(text: str) -> Any:
    """A value as a table holds it: a number where it is written as one, else text."""
    if re.fullmatch(r"-?\d[\d,]*", text):
        return int(text.replace(",", ""))
    if re.fullmatch(r"-?\d[\d,]*\.\d+", text):
        return float(text.replace(",", ""))
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return unquoted(text)


# one function per kind, the surest first -----------------------------------------------------------------------------


def _quoted_with_a_role(prompt: str) -> Iterator[Span]:
    q = f"(?:{_QUOTED})"
    word = rf"(?:{q}|[^\s,;]*[^\s,;.])"
    for m in _matches(rf"\b(?:replac\w*|substitut\w*|chang\w*|swap\w*)\s+"
                      r"(?:every\s+|all\s+|the\s+(?:word|text)\s+|occurrences\s+of\s+|each\s+)*"
                      rf"(?P<old>{q}|\S+)\s+(?:with|by|to|into|for)\s+(?P<new>{word})", prompt):  # fmt: skip
        if re.fullmatch(q, m["old"]) or not _is_common(m["old"]):
            yield _span(Kind.REPLACED, unquoted(m["old"]), m, "old")
            yield _span(Kind.REPLACEMENT, unquoted(m["new"]), m, "new")
    for m in _matches(rf"\b(?:titled?|headed|heading|entitled)\s+(?:it\s+|of\s+|as\s+|is\s+)?(?P<t>{q})", prompt):
        yield _span(Kind.TITLE, unquoted(m["t"]), m, "t")
    for m in _matches(r"\b(?:save\w*|writ\w*|export\w*|stor\w*|put|output|call\w*|named?|zip|pack)\b[^.;]*?"
                      r"\b(?:as|to|into|in|called|named)\s+"
                      r"(?:an?\s+|the\s+)?(?:file\s+)?(?:called\s+|named\s+)?"
                      rf"(?P<f>{_FILE}|`[^`]+`|\"[^\" ]+\.\w+\")", prompt):  # fmt: skip
        yield _span(Kind.TARGET, unquoted(m["f"]), m, "f")
    for m in _matches(rf"\b(?:columns?|fields?)\s+(?P<c>{q}(?:\s*(?:,|and)\s*{q})*)", prompt):
        for inner in re.finditer(q, m["c"]):
            start = m.start("c") + inner.start()
            yield Span(Kind.COLUMN, unquoted(inner[0]), start, start + len(inner[0]))


def _is_common(word: str) -> bool:
    return is_stop(word.lower()) or word.lower() in ("file", "files", "text", "commas", "tabs", "it")


def _conditions(prompt: str) -> Iterator[Span]:
    leads = r"(?:where|whose|if|for\s+which|with|having|when|in\s+which)"
    for comparison, words in _COMPARE:
        value = "" if comparison in ("missing", "present") else rf"\s*{_VALUE}"
        for m in _matches(rf"\b{leads}\s+(?:the\s+|an?\s+)?(?:column\s+|value\s+of\s+)?{_COLUMN}\s*(?<![\w])(?:{words})(?![\w]){value}"
                          if comparison.isalpha() else
                          rf"\b{leads}\s+(?:the\s+|an?\s+)?(?:column\s+|value\s+of\s+)?{_COLUMN}\s*"
                          rf"(?:{words}){value}", prompt):  # fmt: skip
            column = unquoted(m["column"])
            if is_stop(column.lower()) or (
                value and m["value"].lower() in ("not", "missing", "empty", "the", "at", "greater", "less", "more")
            ):
                continue
            given = _literal(m["value"]) if value else None
            yield Span(Kind.CONDITION, (column, comparison, given), m.start("column"), m.end())


def _urls(prompt: str) -> Iterator[Span]:
    for m in _matches(r"https?://[^\s\"'<>`]*[^\s\"'<>`.,;:!?)\]]", prompt):
        yield _span(Kind.URL, m[0], m)


def _emails(prompt: str) -> Iterator[Span]:
    for m in _matches(r"[\w.+-]+@[\w-]+\.[\w.-]*\w", prompt):
        yield _span(Kind.EMAIL, m[0], m)


def _digests(prompt: str) -> Iterator[Span]:
    for m in _matches(
        r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})\b", prompt
    ):
        yield _span(Kind.DIGEST, m[0], m)


def _quoted(prompt: str) -> Iterator[Span]:
    for m in _matches(_QUOTED, prompt):
        inner = m[0][1:-1]
        if re.fullmatch(_FILE, inner):
            yield _span(Kind.FILE, inner, m)
        elif re.fullmatch(r"https?://\S+", inner):
            yield _span(Kind.URL, inner, m)
        elif re.fullmatch(r"[\w./-]*\*[\w./*{},-]*", inner):
            yield _span(Kind.GLOB, inner, m)
        elif re.fullmatch(r"(?:[\w~.-]+/)+[\w.-]*", inner):
            yield _span(Kind.FOLDER, inner.rstrip("/") or "/", m)
        else:
            yield _span(Kind.QUOTED, inner, m)


def _expressions(prompt: str) -> Iterator[Span]:
    for m in _matches(r"(?<!\S)/(?P<e>[^/\s]*[\\^$\[\](){}|+*?][^\s]*)/(?!\S)", prompt):
        yield _span(Kind.EXPRESSION, m["e"], m)
    leads = r"(?:extract|find|list|collect|get|pull|all|every|any|each|the)\s+(?:out\s+)?(?:all\s+|every\s+|the\s+|any\s+|of\s+)*"
    for words, expression in _PATTERNS.items():
        for m in _matches(rf"\b{leads}(?P<what>{words})\s+(?:from|in|out\s+of|that|inside|of)\b", prompt):
            yield _span(Kind.EXPRESSION, expression, m, "what", soft=True)


def _globs(prompt: str) -> Iterator[Span]:
    for m in _matches(r"(?<![\w*])[\w./-]*\*[\w./*{},-]*[\w*}]", prompt):
        yield _span(Kind.GLOB, m[0], m)
    for m in _matches(r"(?<![\w./-])\.(?P<e>[a-z]\w{0,4})(?=\s+files?\b)", prompt):
        yield _span(Kind.GLOB, f"*.{m['e'].lower()}", m)


def _ages(prompt: str) -> Iterator[Span]:
    units = "|".join(_SPANS)
    for m in _matches(
        rf"\b(?:(?:the\s+)?(?:last|past|previous|recent)\s+)(?:(?P<n>{_NUMBER})\s+)?(?P<unit>{units})s?\b", prompt
    ):
        yield _span(Kind.AGO, _ago(m), m)
    for m in _matches(rf"\b(?P<n>{_NUMBER})\s*(?P<unit>{units})s?(?:\s+ago)?\b", prompt):
        yield _span(Kind.AGO, _ago(m), m)
    for m in _matches(r"\b(?P<n>\d+)(?P<unit>[dwmy])\b", prompt):
        yield _span(Kind.AGO, m[0].lower(), m)


def _ago(match: re.Match[str]) -> str:
    count, unit = int(_number(match["n"] or "1")), _SPANS[match["unit"].lower()]
    return f"{count * 3}m" if unit == "q" else f"{count}{unit}"


def _number(text: str) -> float:
    lowered = text.lower().replace(",", "")
    return NUMBERS[lowered] if lowered in NUMBERS else float(lowered)


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _quantities(prompt: str) -> Iterator[Span]:
    for m in _matches(
        rf"\b(?P<n>{_NUMBER})\s*(?P<unit>(?:[kmgt]i?)?b|bytes?|kilobytes?|megabytes?|gigabytes?)\b", prompt
    ):
        unit = m["unit"].lower().removesuffix("s") if len(m["unit"]) > 3 else m["unit"].lower()
        yield _span(Kind.SIZE, _plain(_number(m["n"]) * _UNITS[unit]), m)
    for m in _matches(
        rf"\b(?P<n>{_NUMBER})\s*(?P<unit>ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hours?)\b", prompt
    ):
        unit = m["unit"].lower()
        yield _span(
            Kind.DURATION, _plain(_number(m["n"]) * _TIMES[unit if unit in _TIMES else unit.removesuffix("s")]), m
        )


def _dates(prompt: str) -> Iterator[Span]:
    for m in _matches(r"\b\d{4}-\d{2}-\d{2}\b", prompt):
        yield _span(Kind.DATE, m[0], m)


def _files(prompt: str) -> Iterator[Span]:
    for m in _matches(rf"(?<![\w./-]){_FILE}", prompt):
        yield _span(Kind.FILE, m[0], m)
    for m in _matches(r"(?<![\w./:-])(?:~|\.{1,2})?(?:/?[\w.-]+/)+(?:[\w-][\w.-]*)?", prompt):
        text = m[0].rstrip(".")
        if not re.fullmatch(r"\w+/\w+", text) or text.islower():
            yield Span(Kind.FOLDER, text.rstrip("/") or "/", m.start(), m.start() + len(text))
    for m in _matches(r"\b(?:README|LICENSE|CHANGELOG|Makefile|Dockerfile)\b", prompt):
        if m[0] in ("README", "LICENSE", "CHANGELOG", "Makefile", "Dockerfile"):
            yield _span(Kind.FILE, m[0], m)


def _kinds_of_files(prompt: str) -> Iterator[Span]:
    for m in _matches(
        rf"\b(?P<what>{'|'.join(ENDINGS)})(?:\s+(?:source|code|data))?\s+(?:files|documents|sources|pictures|scripts|modules)\b",
        prompt,
    ):
        yield _span(Kind.GLOB, f"*.{ENDINGS[m['what'].lower()]}", m, soft=True)
    for m in _matches(r"\b(?:images|pictures|photos)\b", prompt):
        yield _span(Kind.GLOB, f"*.{ENDINGS['image']}", m, soft=True)
    for m in _matches(r"\b(?P<what>csvs|jsons|yamls|pdfs|readmes)\b", prompt):
        what = m["what"].lower().removesuffix("s")
        yield _span(Kind.GLOB, "README*" if what == "readme" else f"*.{ENDINGS[what]}", m, soft=True)


def _places_here(prompt: str) -> Iterator[Span]:
    for m in _matches(
        r"\b(?:this|the|my|our|current|a)\s+(?:current\s+|git\s+|whole\s+)*(?:repo(?:sitory)?|codebase|checkout)\b",
        prompt,
    ):
        yield _span(Kind.REPOSITORY, ".", m, soft=True)
    for m in _matches(
        r"\b(?:this|the\s+current|the\s+working|current)\s+(?:folder|directory|dir|project)\b|(?<=\s)\.(?=\s|$)|\bhere\b",
        prompt,
    ):
        yield _span(Kind.FOLDER, ".", m, soft=True)


def _named_places(prompt: str, places: Collection[str]) -> Iterator[Span]:
    for m in _matches(
        r"\b(?:folder|directory|dir)\s+(?P<p>[\w.-]*\w)|\b(?P<q>[\w.-]*\w)\s+(?:folder|directory|dir)\b", prompt
    ):
        group = "p" if m["p"] else "q"
        name = m[group]
        if not is_stop(name.lower()) and stem(name.lower()) not in (
            "of",
            "large",
            "output",
            "work",
            "into",
            "onto",
            "hash",
            "digest",
            "size",
            "with",
        ):
            yield _span(Kind.FOLDER, name, m, group)
    known = {place: Kind.FILE if "." in place.strip(".") else Kind.FOLDER for place in places}
    for m in _matches(r"\b(?:in|under|below|from|inside|of|within|over|at)\s+(?:the\s+)?(?P<p>[\w.-]*\w)\b", prompt):
        if m["p"] in known:
            yield _span(known[m["p"]], m["p"], m, "p")
        elif m["p"] in (
            "src",
            "docs",
            "tests",
            "lib",
            "dist",
            "build",
            "data",
            "examples",
            "scripts",
            "assets",
            "logs",
            "downloads",
        ):
            yield _span(Kind.FOLDER, m["p"], m, "p")


def _measures(prompt: str) -> Iterator[Span]:
    how = "|".join(sorted(_HOW, key=len, reverse=True))
    for m in _matches(rf"\b(?P<how>{how})\s+(?:of\s+)?(?:the\s+)?(?:column\s+)?{_COLUMN}", prompt):
        column = unquoted(m["column"])
        if not is_stop(column.lower()) and stem(column.lower()) not in _NO_COLUMNS:
            yield Span(Kind.MEASURE, (_HOW[m["how"].lower()], column), m.start(), m.end(), True)


_NO_COLUMNS = frozenset(
    stem(w) for w in """file files folder repository commit author word words line function language table chart page row rows number
    numbers hour week weeks day row column columns value values file text count repo project code test tests complexity code
    ten five three twenty list type name names frequency frequencies occurrences character characters entry entries size date age
    alphabet descending ascending them it that this csv json markdown html kind tag tags week weekly""".split()
)  # fmt: skip


def _revisions(prompt: str) -> Iterator[Span]:
    for m in _matches(r"(?<![\w.])v\d+(?:\.\d+)*(?:-[\w.]+)?\b|\bHEAD(?:[~^]\d*)*|\borigin/[\w-]+", prompt):
        yield _span(Kind.REVISION, m[0], m)
    for m in _matches(r"\b(?:tag|branch|revision|commit)\s+(?P<r>(?:[\w-]+/)*[\w.-]*[\d\w])", prompt):
        if not is_stop(m["r"].lower()) and stem(m["r"].lower()) not in (
            "message",
            "per",
            "count",
            "history",
            "list",
            "left",
            "log",
            "date",
        ):
            yield _span(Kind.REVISION, m["r"], m, "r")
    for m in _matches(
        r"\b(?:from|since|between|against|to|with|on|and|branch)\s+(?P<r>main|master|develop|trunk)\b", prompt
    ):
        yield _span(Kind.REVISION, m["r"], m, "r")


def _key_paths(prompt: str) -> Iterator[Span]:
    for m in _matches(r"(?<![\w./-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[(?:-?\d+|\*)\])+(?![\w/])", prompt):
        yield _span(Kind.KEY_PATH, m[0], m)
    for m in _matches(r"\b(?:key|property|entry|value\s+of|field)\s+(?P<k>[A-Za-z_]\w*)\b", prompt):
        if not is_stop(m["k"].lower()):
            yield _span(Kind.KEY_PATH, m["k"], m, "k", soft=True)


def _needles(prompt: str) -> Iterator[Span]:
    leads = (
        r"(?:contain(?:s|ing)?|match(?:es|ing)?|mention(?:s|ing)?|that\s+say|saying|with\s+the\s+words?|including"
        r"|search\s+for|grep\s+for|look\s+for)"
    )
    for m in _matches(rf"\b{leads}\s+(?:the\s+)?(?:words?\s+|text\s+|string\s+|pattern\s+)?(?P<n>[\w-]*\w)", prompt):
        if not is_stop(m["n"].lower()):
            yield _span(Kind.NEEDLE, m["n"], m, "n")
    for m in _matches(r"\blines?\s+with\s+(?P<n>[A-Z][\w-]*\w)", prompt):
        yield _span(Kind.NEEDLE, m["n"], m, "n")


def _separators(prompt: str) -> Iterator[Span]:
    signs = {
        "semicolon": ";",
        "comma": ",",
        "tab": "\t",
        "bar": "|",
        "pipe": "|",
        "colon": ":",
        "space": " ",
        "blank": " ",
        "dash": "-",
        "newline": "\n",
    }
    for m in _matches(
        rf"\b(?P<s>{'|'.join(signs)})s?(?:[ -](?:separated|delimited|delimiters?|separators?))?\b", prompt
    ):
        if len(m[0].split("-")) > 1 or " " in m[0] or {"by", "at", "with", "on"} & set(_before(prompt, m.start())[-2:]):
            yield _span(Kind.SEPARATOR, signs[m["s"].lower()], m)


def _columns(prompt: str) -> Iterator[Span]:
    listed = rf"(?:{_QUOTED}|{_NAME})(?:\s*(?:,|and|,\s*and)\s*(?:{_QUOTED}|{_NAME}))*"
    for m in _matches(rf"\bcolumns?\s+(?P<c>{listed})", prompt):
        yield from _each_name(m, "c", soft=False)
    for m in _matches(rf"\b(?:the\s+)?(?P<c>{_NAME})\s+column\b", prompt):
        yield from _each_name(m, "c", soft=False)
    for m in _matches(rf"\b(?:by|per|on|for\s+each|grouped\s+by)\s+(?:the\s+|their\s+|its\s+)?(?P<c>{listed})", prompt):
        yield from _each_name(m, "c", soft=True)
    for m in _matches(rf"\b(?:of|plot|chart|show|draw|keep(?:\s+only)?|select|only)\s+(?:the\s+)?(?P<c>{listed})"
                      rf"(?=\s+(?:against|over|by|per|from|in|of)\b)", prompt):  # fmt: skip
        yield from _each_name(m, "c", soft=True)
    for m in _matches(rf"\b(?:against|versus|vs\.?|over)\s+(?:the\s+)?(?P<c>{_NAME})", prompt):
        yield from _each_name(m, "c", soft=True)


def _each_name(match: re.Match[str], group: str, *, soft: bool) -> Iterator[Span]:
    """Names in a list, as long as they can be columns; the list ends at the first that cannot."""
    for part in re.finditer(rf"{_QUOTED}|{_NAME}", match[group]):
        name = unquoted(part[0])
        if name.lower() == "and":
            continue
        if is_stop(name.lower()) or (soft and stem(name.lower()) in _NO_COLUMNS) or name.lower() in _VERBS:
            return
        start = match.start(group) + part.start()
        yield Span(Kind.COLUMN, name, start, start + len(part[0]), soft)


_VERBS = frozenset(
    """sort filter group join write save draw plot show make count keep select convert export put turn zip pack unpack send
    render list read profile describe chart drop merge take create produce store print upload limit""".split()
)


def _numbers(prompt: str) -> Iterator[Span]:
    for m in _matches(rf"(?<![\w.]){_NUMBER}(?![\w%]|\.\w)", prompt):
        yield _span(Kind.NUMBER, _plain(_number(m[0])), m)
