"""Brings the words of prompts and of players to common forms, so that they can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zà-öø-ÿß]+|\d+")
"""A run of letters or digits; camelCase and underscores part words."""

_STOP = frozenset(
    """a about after again all also an and any are as at back be been before being below beneath both but by can could did do
    does done down each else every everything for from further get gets give gives given go had has have having he her here
    him his how i if in inside into is it its itself just keep let like make makes many may me might more my myself no not
    now of off on once only onto or our out over own please put result results same shall she should show shown so some
    such take tell that the their them then there these they this those through to together too under until up us use used
    using very want wanted was way we well were what when where which while who whom whose why will with within without
    would you your need needs needed thing things everything something it's i'd i'll let's thank thanks kindly finally
    first next afterwards later per found find look looking see them turn stand stands called call named name whether
    one ones other others another current project run away across around against along among between during
    ready whole entire different various kind type good nice simple bring like new old""".split()
)  # fmt: skip
"""Words that say nothing of what is to be done. Some of them (first, over, by) say something of values; see `intent`."""

_SYNONYMS = (
    "repository repo checkout codebase",
    "html webpage website web site browser",
    "page website webpage site",
    "csv spreadsheet excel",
    "table tabular spreadsheet tabl",
    "chart plot graph diagram curve visualise visualize visualisation visualization",
    "folder directory dir",
    "file document",
    "digest checksum hash fingerprint sha sha256 md5 sha512 sha1",
    "archive zipped package bundle pack compress tarball",
    "zip",
    "extract unpack unzip decompress unarchive untar inflate",
    "large big huge heavy",
    "size bytes weigh",
    "word words",
    "count number tally many",
    "author contributor committer people who developer person",
    "history log",
    "commit commits",
    "churn",
    "health healthy",
    "report summary overview dashboard",
    "download fetch retrieve",
    "web internet online",
    "sort order rank arrange",
    "filter keep retain restrict",
    "group aggregate summarise summarize bucket break",
    "join combine merge match",
    "select choose pick project",
    "upper uppercase capital capitals shout",
    "lower lowercase small",
    "trim strip",
    "replace substitute swap exchange change",
    "split cut divide separate",
    "long lengthy",
    "complex complicated complexity intricate",
    "hot hotspot hotspots",
    "marks todo todos fixme fixmes hack xxx",
    "profile describe statistic distribution quality",
    "frequency often occurrence occur frequent common",
    "copy duplicate",
    "pattern regex regexp regular",
    "search grep find match",
    "line lines",
    "release changelog",
    "describe information about info",
    "verify check confirm validate",
    "picture image photo png jpeg jpg svg",
    "total sum add altogether",
    "mean average",
    "text plain prose",
    "json",
    "markdown md",
    "tag tags",
    "language languages",
    "age old stale",
    "week weekly",
    "activity active",
    "head beginning top",
    "tail end ending last",
    "echo",
    "wait sleep pause",
    "program command executable",
    "shell bash",
    "parse read load open",
    "write save store export dump",
    "test tests",
    "gather collect",
    "escape",
    "render fill template",
    "entry content inside",
    "function method routine",
    "measure metric",
    "query path",
    "revision version",
    "changed modified differ touched diff",
    "column field",
    "row record",
    "histogram distribution",
)
"""Words that mean the same to a person who asks; a word may stand in several lines."""


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text in small letters, each with where it begins and ends."""
    for match in WORD.finditer(text):
        yield match[0].lower(), match.start(), match.end()


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The word without its English ending: ``files`` and ``file`` are the same, ``sorted`` and ``sort`` too."""
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "ches", "shes", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "est", "er"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and re.search("[aeiouy]", word[: -len(ending)]):
            if word in _WHOLE:
                break
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


_WHOLE = frozenset({"folder", "header", "number", "order", "paper", "user", "letter", "color", "after", "under", "string",
                    "thing", "need", "feed", "test", "request", "digest", "rest", "latest", "newer", "older", "chapter", "author",
                    "upper", "lower", "filter", "render", "gather", "member", "server", "customer", "computer", "answer",
                    "buffer", "power", "layer", "parameter", "character", "register", "counter", "container", "developer",
                    "per", "manifest", "interest", "bed", "embed", "seed", "speed", "spring", "bring", "over",
                    "offer", "query", "contributor", "committer", "cluster", "master", "newsletter"})  # fmt: skip


def _lines() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _SYNONYMS:
        stems = list(dict.fromkeys(stem(w) for w in line.split()))
        for word in stems:
            found.setdefault(word, []).append(stems[0])
    return {word: tuple(dict.fromkeys(heads)) for word, heads in found.items()}


_HEADS = _lines()


@lru_cache(maxsize=16384)
def meanings(word: str) -> tuple[str, ...]:
    """What a word may mean, the word itself first: stems that stand for a line of synonyms."""
    own = stem(word)
    return tuple(dict.fromkeys((own, *_HEADS.get(own, ()))))


def is_stop(word: str) -> bool:
    """Whether a word says nothing of what is to be done."""
    return word in _STOP or len(word) < 2


def known_words() -> frozenset[str]:
    """The stems of all words that have synonyms."""
    return frozenset(_HEADS)


def trigrams(word: str) -> frozenset[str]:
    """The groups of three characters in a word, its ends included."""
    padded = f"^{word}$"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def likeness(a: str, b: str) -> float:
    """How alike two words are written, from 0 to 1; letters that changed places count little against it."""
    if abs(len(a) - len(b)) > 2 or not a or not b:
        return 0.0
    changes = _edits(a, b)
    return max(0.0, 1.0 - changes / max(len(a), len(b)))


def _edits(a: str, b: str) -> int:
    """The least number of letters to add, drop, change, or swap with a neighbour."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]


def respelt(word: str, vocabulary: Iterable[str]) -> str | None:
    """The word of a vocabulary that was probably meant by a misspelt one; None where none is near enough."""
    if len(word) < 4:
        return None
    least = 0.74 if len(word) > 4 else 0.79
    grams = trigrams(word)
    near = [(likeness(word, known), known) for known in vocabulary if known[:1] == word[:1] and grams & trigrams(known)]
    best = max(near, default=(0.0, ""), key=lambda pair: (pair[0], pair[1]))
    return best[1] if best[0] >= least else None
